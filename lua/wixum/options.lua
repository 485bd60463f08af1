--- Options of a client, of `with` and of a call: which there are, what they may be, where each may differ.
--
-- Owns the table below; `wixum.help("options")` prints it. Must not read the environment (`wixum.settings`).
-- An option of the wrong type is a mistake in the program and raises; no message repeats a value that may be a secret.

local errors = require "wixum.errors"
local names = require "wixum.names"
local redaction = require "wixum.redaction"

local options = {}

local function is_number(value) return type(value) == "number" and value == value and value ~= math.huge and value ~= -math.huge end
local function seconds(value) return is_number(value) and value > 0 or nil, "a number of seconds above 0" end
local function text(value) return type(value) == "string" and value ~= "" and not value:find("%z") or nil, "a string" end
local function func(value) return type(value) == "function" or nil, "a function" end
local function flag(value) return type(value) == "boolean" or nil, "true or false" end
local function whole(least)
  return function(value) return math.type(value) == "integer" and value >= least or nil, ("a whole number of at least %d"):format(least) end
end
local function one_line(value)
  return text(value) and not value:find("[\r\n]") or nil, "a string without line breaks"
end

-- What arrives as it was given: libcurl drops blanks around a value, and a header without one.
local function header_value(value)
  return type(value) == "string" and value:find("^[\x21-\x7E]") ~= nil and value:find("[\x21-\x7E]$") ~= nil
    and not value:find("[^\t\x20-\x7E]") or nil, "a line of ASCII without blanks around it"
end

local function key(value)
  return type(value) == "string" or type(value) == "function" or nil, "a string or a function that returns one"
end

local function rate(value)
  if value == false then return true end
  return type(value) == "table" and math.type(value.calls) == "integer" and value.calls > 0 and value.calls <= 1000000
    and is_number(value.per) and value.per >= 0.001 and value.per <= 86400 or nil,
    "false or { calls = a whole number, per = seconds }"
end

local function version(value) return value == "1.1" or value == "2" or nil, '"1.1" or "2"' end

-- Names that the client speaks for itself: two of them on one request would be two opinions.
local function is_own_header(name)
  local lower = name:lower()
  return lower == "authorization" or lower == "host" or lower == "user-agent" or lower == "transfer-encoding" or lower == "expect"
    or lower == "connection" or lower == "cookie" or lower:find("^wix%-") or lower:find("^x%-wix%-") or lower:find("^content%-")
    or lower == "accept-encoding" or lower:find("^proxy%-")
end

local function headers(value)
  local wanted = "a table of header names and values (never Authorization, wix-*, Content-*), each one line of ASCII"
  if type(value) ~= "table" then return nil, wanted end
  local count = 0
  for name, content in pairs(value) do
    count = count + 1
    if type(name) ~= "string" or not name:find("^[%w!#$%%&'*+%-.^_`|~]+$") or is_own_header(name)
      or not header_value(content) or count > 32 then return nil, wanted end
  end
  return true
end

local function clock(value)
  return type(value) == "table" and type(value.now) == "function" and type(value.sleep) == "function"
    and type(value.random) == "function" and type(value.time) == "function" or nil, "a table of functions now, sleep, random, time"
end

-- where: "client" (set once), "with" (may differ by `with` and by call), "call" (of one call alone)
options.list = {
  { name = "api_key", where = "client", check = key, doc = "account-level API key, or a function that returns it at first use" },
  { name = "base_url", where = "client", check = text, default = "https://www.wixapis.com", doc = "where the service is" },
  { name = "site_id", where = "with", check = text, doc = "GUID of the site that site calls act on" },
  { name = "account_id", where = "with", check = text, doc = "GUID of the account that account calls act on" },
  { name = "connect_timeout", where = "with", check = seconds, default = 10, doc = "seconds to connect" },
  { name = "timeout", where = "with", check = seconds, default = 60, doc = "seconds for one attempt" },
  { name = "deadline", where = "with", check = seconds, default = 600, doc = "seconds for the whole call: attempts, waits, pacing" },
  { name = "retries", where = "with", check = whole(0), default = 4, doc = "further attempts, where saying it again does no harm" },
  { name = "max_wait", where = "with", check = seconds, default = 120,
    doc = "longest single wait in seconds; a longer one is returned as an error" },
  { name = "max_emails", where = "with", check = whole(1), default = 50,
    doc = "most addresses in one bulk_invite; the service's own limit is not documented" },
  { name = "rate", where = "client", check = rate, default = { calls = 200, per = 60 },
    doc = "pace over a client and all made from it; false is none" },
  { name = "concurrency", where = "client", check = whole(1), default = 16, doc = "most calls in flight" },
  { name = "proxy", where = "client", check = one_line, doc = "proxy URL, for https alone; loopback never goes through one" },
  { name = "ca_file", where = "client", check = text, doc = "file of trusted certificates (PEM)" },
  { name = "ca_path", where = "client", check = text, doc = "folder of trusted certificates, hashed" },
  { name = "http_version", where = "client", check = version, default = "1.1",
    doc = '"1.1"; or "2", one request at a time on a connection' },
  { name = "max_answer", where = "client", check = whole(1), default = 16 * 1024 * 1024, doc = "largest answer in bytes, unpacked" },
  { name = "headers", where = "with", check = headers, doc = "further headers by name (never Authorization, wix-*, Content-*)" },
  { name = "user_agent", where = "with", check = header_value, doc = "in place of wixum/VERSION libcurl/VERSION" },
  { name = "on_event", where = "with", check = func, doc = "function(event): start, answer, retry, wait, end" },
  { name = "dry_run", where = "with", check = flag, default = false, doc = "answer the request that would go out, and send nothing" },
  { name = "transport", where = "client", check = func, doc = "function(request) -> response in place of the network" },
  { name = "clock", where = "client", check = clock, doc = "{ now, sleep, random, time } in place of the real ones, for tests" },
  { name = "before_send", where = "call", check = func,
    doc = "function(info), before each attempt's first byte; raising there sends nothing" },
}

local by_name, known = {}, { client = {}, with = {}, call = {} }
for _, option in ipairs(options.list) do
  by_name[option.name] = option
  if option.where ~= "call" then table.insert(known.client, option.name) end
  if option.where == "with" then table.insert(known.with, option.name) end
  if option.where ~= "client" then table.insert(known.call, option.name) end
end

-- What becomes of the caller's table later is not ours.
local function copied(value)
  local copy = {}
  for name, item in pairs(value) do copy[name] = item end
  return copy
end

local function allowed(option, where)
  return option.where == where or option.where == "with"
end

--- Checks a table of options; raises at the caller's line where one is unknown, misplaced or unusable.
---@param given table?
---@param where "client"|"with"|"call"
---@return table # a copy, fresh
function options.check(given, where)
  local checked = {}
  if given == nil then return checked end
  if type(given) ~= "table" then errors.mistake(("options must be a table, not a %s"):format(type(given))) end
  for name, value in pairs(given) do
    local option = by_name[name]
    if not option then
      errors.mistake(("unknown option %s%s"):format(redaction.text(tostring(name), 64) or '""', names.suggestion(name, known[where])))
    end
    if not allowed(option, where) then
      errors.mistake(option.where == "client" and ("option %s is set once, in wixum.client{ … }"):format(name)
        or ("option %s belongs to a call, not to a client"):format(name))
    end
    local ok, expected = option.check(value)
    if not ok then errors.mistake(("option %s must be %s"):format(name, expected)) end
    checked[name] = type(value) == "table" and copied(value) or value
  end
  return checked
end

--- What an option is when nobody says so.
---@return table
function options.defaults()
  local defaults = {}
  for _, option in ipairs(options.list) do defaults[option.name] = option.default end
  return defaults
end

return options
