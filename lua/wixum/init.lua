--- wixum: invite and manage people on Wix, from Lua.
--
-- Owns the module table: clients, the default client with its namespaces, and the small helpers. What they do lives in
-- the files they are named after.

local client = require "wixum.client"
local core = require "wixum.core"
local declaration = require "wixum.declaration"
local errors = require "wixum.errors"
local names = require "wixum.names"
local redaction = require "wixum.redaction"

---@class wixum
---@field interrupted wixum.Error? the last call, or map, that Ctrl-C ended
---@field map fun(items: table|function, fn: function, options: { concurrency: integer? }?): table<integer, any>, table<integer, any>
---@field each fun(items: table|function, fn: function, options: { concurrency: integer? }?): table, any
---@field spawn fun(fn: function, ...: any): wixum.TaskHandle
---@field sleep fun(seconds: number)
---@field loop wixum.Loop
---@field doctor fun(options: table?): wixum.DoctorReport
---@field ledger { open: fun(path: string, options: table?): wixum.Ledger?, wixum.Error? }
local wixum = { version = require "wixum.version" }

local default

--- Makes a client; what is left out comes from the settings (environment, then config file).
-- An unknown or unusable option raises. A key or id that is missing is told by the call that needs it.
---@param options wixum.ClientOptions? see wixum.help("options")
---@return wixum.Client
function wixum.client(options)
  local made, problem = client.new(options)
  if not made then errors.mistake(problem) end
  return made
end

--- Makes a client the default one: what `wixum.site_invites` and the like use from now on.
---@param wix wixum.Client
function wixum.use(wix)
  if not client.is(wix) then errors.mistake("wixum.use takes a client, not a " .. type(wix)) end
  default = wix
end

--- Is this an address that mail can go to, as far as its text shows?
---@param text string
---@return true? ok
---@return string? reason in words
function wixum.check_email(text)
  if type(text) ~= "string" then return nil, ("it is not text but a %s"):format(type(text)) end
  return core.check_email(text)
end

--- Explains: nothing for an overview, a namespace, a method, or a word ("options", "site_invites.bulk_invite").
---@param about any
---@return string
function wixum.help(about)
  return require("wixum.help").text(about)
end

-- Days from 1970-01-01 to a date of the Gregorian calendar.
local function days(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = year // 400
  local year_of_era = year - era * 400
  local day_of_year = (153 * (month + (month > 2 and -3 or 9)) + 2) // 5 + day - 1
  return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468
end

--- Seconds since the epoch of a date as the service writes it (RFC 3339).
---@param date string
---@return number? seconds # an integer where the date has no fraction
---@return string? reason
function wixum.time(date)
  if type(date) ~= "string" then return nil, ("it is not a date but a %s"):format(type(date)) end
  local year, month, day, hour, minute, second, fraction, zone =
    date:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)(%.?%d*)([Zz+-].*)$")
  local sign, zone_hour, zone_minute = "+", "0", "0"
  if zone and not zone:find("^[Zz]$") then sign, zone_hour, zone_minute = zone:match("^([+-])(%d%d):(%d%d)$") end
  if not year or not sign or (fraction ~= "" and not fraction:find("^%.%d+$")) then return nil, "it is not a date as RFC 3339 writes it" end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second)
  local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  local length = { 31, leap and 29 or 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
  if month < 1 or month > 12 or day < 1 or day > length[month] or hour > 23 or minute > 59 or second > 60
    or tonumber(zone_hour) > 23 or tonumber(zone_minute) > 59 then return nil, "there is no such date" end
  local shift = (tonumber(zone_hour) * 60 + tonumber(zone_minute)) * 60 * (sign == "-" and -1 or 1)
  local seconds = days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - shift
  return fraction == "" and seconds or seconds + tonumber("0" .. fraction)
end

-- The private part of the default client, made at first use; where the settings cannot be used, an error of the call.
local function find_default(operation)
  if not default then
    local made, problem = client.new(nil)
    if not made then
      return nil, errors.new({ kind = "invalid", outcome = "not_sent", message = problem,
        operation = operation.full_name, where = errors.where() })
    end
    default = made
  end
  return client.state(default)
end

local LAZY = { csv = "wixum.csv", roles = "wixum.roles", assignments = "wixum.assignments", split = "wixum.split", loop = "wixum.loop",
  ledger = "wixum.ledger", people = "wixum.people" }

-- Functions of a module, loaded by the first that is used.
local OF_MODULE = { spawn = "wixum.tasks", sleep = "wixum.tasks", map = "wixum.map", each = "wixum.map", doctor = "wixum.doctor" }

return setmetatable(wixum, {
  __name = "wixum",
  __index = function(_, name)
    if name == "interrupted" then return require("wixum.call").interrupted end
    local made = LAZY[name] and require(LAZY[name]) or OF_MODULE[name] and require(OF_MODULE[name])[name]
      or type(name) == "string" and client.namespace(name, find_default)
    if made then
      rawset(wixum, name, made)
      return made
    end
    local known = { "client", "use", "help", "csv", "roles", "assignments", "split", "map", "each", "spawn", "sleep", "loop", "ledger",
      "people", "doctor", "check_email", "time", "version", "interrupted" }
    table.move(declaration.namespace_names(), 1, #declaration.namespace_names(), #known + 1, known)
    errors.mistake(("wixum has no field %s%s"):format(redaction.text(tostring(name), 64) or '""', names.suggestion(name, known)))
  end,
  __tostring = function() return ("wixum %s: wixum.help() explains"):format(wixum.version) end,
})
