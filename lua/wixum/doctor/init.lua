--- The doctor: is everything as it must be before people are invited? It reads, and changes nothing anywhere.
--
--   init ─ settings            where each setting comes from; the key and its file
--        ─ ledger              the file, whose it is, who uses it
--        ─ connection          TLS, certificates, proxy
--        ─ service ─ trials    account, rights, sites, clock: what the service says
--        ─ versions
--        ─ report              what was found, and the door that every text passes
--
-- Owns the order, and what is looked at: one client, one reading of the config file. What is wrong with the world is a line and never
-- raised; Ctrl-C is.

local client = require "wixum.client"
local errors = require "wixum.errors"
local given_checks = require "wixum.ledger.given"
local report = require "wixum.doctor.report"
local settings = require "wixum.settings"

local doctor = {}

local OPTIONS = { "client", "ledger", "on_line", "said_by", "time" }

-- Options of the calls: a doctor does not keep people waiting, and says what it sees the first time.
local IMPATIENT = { timeout = 15, connect_timeout = 10, deadline = 20, retries = 0, max_wait = 1, dry_run = false }

---@class wixum.Examined
---@field add function adds a line to the report
---@field config table<string, string> what the config file says; empty where it cannot be used
---@field about { path: string?, absent: boolean?, lines: table<string, integer> } where the config file is
---@field config_problem string?
---@field client wixum.Client? whose calls are not waited for long; nil where none can be made
---@field state table? the private part of the client that was given or made
---@field client_problem string? why there is none
---@field key_problem string? why its key cannot be used
---@field key_from string? where the key comes from, in words
---@field said_by string where options of the client are said
---@field ledger string? path that the program or the command line says
---@field time fun(): number seconds since the epoch
---@field moments { local_time: number, date: integer, seconds: number }[] of answers, for the clock

local function check(options)
  options = given_checks.options(options, OPTIONS, "wixum.doctor")
  local function must(name, ok, wanted)
    if options[name] ~= nil and not ok then errors.mistake(("wixum.doctor: %s must be %s"):format(name, wanted)) end
  end
  must("client", client.is(options.client), "a client")
  must("ledger", type(options.ledger) == "string", "a path")
  must("on_line", type(options.on_line) == "function", "a function")
  must("said_by", type(options.said_by) == "string", "a string")
  must("time", type(options.time) == "function", "a function")
  return options
end

-- The client that is asked with. It notes when answers came and what time the service had then.
local function impatient(examined, wix)
  local theirs = examined.state.settings.on_event
  local own = { on_event = function(event)
    if event.event == "answer" and event.date then
      table.insert(examined.moments, { local_time = examined.time(), date = event.date, seconds = event.seconds or 0 })
    end
    if theirs then theirs(event) end
  end }
  for name, value in pairs(IMPATIENT) do
    own[name] = type(value) == "number" and math.min(value, examined.state.settings[name]) or value
  end
  return wix:with(own)
end

--- Looks at settings, ledger, connection, account, rights, sites, clock and versions. Only reads, here and there; nobody is mailed.
---@param options { client: wixum.Client?, ledger: string?, on_line: fun(line: wixum.DoctorLine)?, said_by: string?, time: function? }?
--- client: else one is made from the settings; ledger: a path, else as the command takes it; on_line: is told each line as it is
--- found; said_by: where the options of the client are said, in words; time: seconds since the epoch, for specs
---@return wixum.DoctorReport
function doctor.doctor(options)
  options = check(options)
  local found, add = report.new(options.on_line)
  local config, config_problem, about = settings.config()
  local examined = { add = add, config = config or {}, about = about, config_problem = config_problem, moments = {},
    said_by = options.said_by or "the program", ledger = options.ledger }
  local wix, own = options.client, nil
  if not wix and config then
    own, examined.client_problem = client.new()
    wix = own
  end
  local _ <close> = own -- what was made here is closed, whatever is raised
  if wix then
    examined.state = client.state(wix)
    examined.time = options.time or examined.state.root.clock.time
    examined.client = impatient(examined, wix)
    -- first of all: what has taken the key can mask it wherever it shows up
    local ready, problem = true, nil
    if not examined.state.settings.transport then ready, problem = examined.state.root.ready() end
    examined.key_problem = not ready and problem or nil
  end
  for _, part in ipairs{ "settings", "ledger", "connection", "service", "versions" } do
    require("wixum.doctor." .. part).look(examined)
  end
  return found
end

return doctor
