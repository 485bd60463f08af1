--- What the doctor found: lines by topic, counted, and as people read them.
--
-- Owns the door that every text passes on its way in: whatever it came from, no key and no password gets through it, and nothing
-- that a terminal would act on. Must not look at anything.

local core = require "wixum.core"
local printable = require("wixum.csv.problem").printable
local redaction = require "wixum.redaction"

local report = {}

---@alias wixum.DoctorState
---| "ok"
---| "warning" # worth a look; nothing fails by it now
---| "wrong"
---| "unproven" # it was not tried, or only a mail would prove it
---| "note"

---@class wixum.DoctorLine
---@field topic string settings, ledger, connection, account, rights, sites, clock, versions
---@field name string
---@field state wixum.DoctorState
---@field text string
---@field advice string? what to do; every line that is wrong has one
---@field cause "settings"|"refused"|"other"|nil of a line that is wrong: settings or input, the key or its rights, all else
---@field value string? of a setting; never the key
---@field source string? of a setting: where it is said

---@class wixum.DoctorReport `tostring` tells it
---@field lines wixum.DoctorLine[]
---@field wrong integer lines that are
---@field warnings integer
---@field unproven integer

local COUNTED = { wrong = "wrong", warning = "warnings", unproven = "unproven" }
local LONGEST = 1500 -- characters of a text

-- A key in the environment that no client has taken: the core does not know it, and cannot mask it.
local function without_key(text)
  local key = os.getenv("WIX_API_KEY")
  key = key and key:match("^%s*(.-)%s*$")
  if not key or #key < 6 then return text end
  local parts, at = {}, 1
  while true do
    local first, last = text:find(key, at, true)
    parts[#parts + 1] = text:sub(at, (first or 0) - 1)
    if not first then return table.concat(parts, redaction.MASK) end
    at = last + 1
  end
end

--- A text from elsewhere, made fit to be shown.
---@param text any
---@param longest integer? characters
---@return string
function report.shown(text, longest)
  local safe = core.redact(without_key(tostring(text)))
  return printable(safe, longest or LONGEST)
end

-- ---- for people ------------------------------------------------------------------------------------------------------

local TITLES = { settings = "Settings", ledger = "Ledger", connection = "Connection", account = "Account", rights = "Rights",
  sites = "Sites", clock = "Clock", versions = "Versions" }
local STATE_WIDTH, NAME_WIDTH = 10, 21

local function padded(text, width) return text .. (" "):rep(math.max(2, width - (utf8.len(text) or #text))) end

--- A line as people read it, under the title of its topic where that is another than of the line before.
---@param line wixum.DoctorLine
---@param before string? topic of the line before
---@return string
function report.text_of(line, before)
  local state = line.state == "wrong" and "WRONG" or line.state
  local text = ("  %s%s%s\n"):format(padded(state, STATE_WIDTH), padded(line.name, NAME_WIDTH), line.text)
  if line.advice then text = text .. (" "):rep(STATE_WIDTH + 2) .. "do this: " .. line.advice .. "\n" end
  if line.topic ~= before then text = (before and "\n" or "") .. (TITLES[line.topic] or line.topic) .. "\n" .. text end
  return text
end

local function counted(number, one, many) return ("%d %s"):format(number, number == 1 and one or many) end

--- The last line: what it all comes to.
---@param found wixum.DoctorReport
---@return string
function report.conclusion(found)
  local parts = { found.wrong == 0 and "Nothing is wrong" or counted(found.wrong, "thing is wrong", "things are wrong") }
  if found.warnings > 0 then parts[#parts + 1] = counted(found.warnings, "warning", "warnings") end
  if found.unproven > 0 then parts[#parts + 1] = found.unproven .. " unproven" end
  return table.concat(parts, ", ") .. "."
end

local metatable = { __name = "wixum.DoctorReport" }

function metatable.__tostring(found)
  local parts, topic = {}, nil
  for _, line in ipairs(found.lines) do
    parts[#parts + 1] = report.text_of(line, topic)
    topic = line.topic
  end
  return table.concat(parts) .. "\n" .. report.conclusion(found)
end

-- ---- filling it ------------------------------------------------------------------------------------------------------

--- An empty one, and the function that adds a line to it.
---@param on_line fun(line: wixum.DoctorLine)? is told each line as it is found
---@return wixum.DoctorReport
---@return fun(topic: string, name: string, state: wixum.DoctorState, text: string, more: table?) add # more: advice, cause, value, source
function report.new(on_line)
  local found = setmetatable({ lines = {}, wrong = 0, warnings = 0, unproven = 0 }, metatable)
  local function add(topic, name, state, text, more)
    more = more or {}
    local line = { topic = topic, name = report.shown(name, 60), state = state, text = report.shown(text),
      advice = more.advice and report.shown(more.advice), cause = state == "wrong" and (more.cause or "other") or nil,
      value = more.value and report.shown(more.value), source = more.source and report.shown(more.source) }
    found.lines[#found.lines + 1] = line
    if COUNTED[state] then found[COUNTED[state]] = found[COUNTED[state]] + 1 end
    if on_line then on_line(line) end
  end
  return found, add
end

return report
