--- What happens during a call, told to `on_event` and, as WIXUM_LOG says, to stderr.
--
-- Owns the shape of an event and of a log line. Bodies, keys and links never come here.

local core = require "wixum.core"
local errors = require "wixum.errors"

local events = {}

local LEVELS = { info = 1, debug = 2 }
-- info: how calls ended, and what made them wait; debug: all.
local LEVEL_OF = { ["end"] = 1, retry = 1, wait = 1, start = 2, answer = 2 }

local wanted = os.getenv("WIXUM_LOG") or ""
local level = LEVELS[wanted] or 0
if wanted ~= "" and level == 0 then io.stderr:write("wixum: WIXUM_LOG can be info or debug; nothing is logged\n") end

local function log_line(event)
  local parts = { "wixum: " .. event.event, event.operation }
  if event.attempt then parts[#parts + 1] = "attempt " .. event.attempt end
  if event.status then parts[#parts + 1] = "status " .. event.status end
  if event.outcome then parts[#parts + 1] = event.outcome end
  if event.seconds then parts[#parts + 1] = ("%.3f s"):format(event.seconds) end
  if event.request_id then parts[#parts + 1] = "request id " .. event.request_id end
  return table.concat(parts, ", ")
end

-- Functions whose error was told: once is enough.
local told = setmetatable({}, { __mode = "k" })

--- Does anybody want to know? Events are not even made otherwise.
---@param on_event function?
---@return boolean
function events.wanted(on_event)
  return on_event ~= nil or level > 0
end

--- Tells an event. An error in `on_event` is told once on stderr and goes no further: watching must not change a call.
---@param on_event function?
---@param event table
---@return boolean? interrupted # Ctrl-C came while `on_event` ran: not its error, and not to be swallowed
function events.tell(on_event, event)
  if level >= LEVEL_OF[event.event] then io.stderr:write(log_line(event), "\n") end
  if not on_event then return end
  local ok, problem = pcall(on_event, event)
  if ok then return end
  if errors.is_interrupt(problem) then return true end
  if not told[on_event] then
    told[on_event] = true
    io.stderr:write("wixum: on_event raised: ", core.redact(errors.text_of(problem)), "\n")
  end
end

return events
