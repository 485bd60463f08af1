--- What may go wrong, on request: the words of `server:fault`, and which request meets which fault.
--
-- Owns the vocabulary, its checks, and the faults that wait. What a fault makes of an answer is in
-- `wixum.sandbox.mishap`.
--
-- Which requests: `path` (as sent, or as declared with `{invite_id}`), `operation` ("site_invites.bulk_invite"),
-- `method`; any API call where none is said. `after` lets that many pass by first, `times` (1; math.huge or "always")
-- is how many are hit. Faults are asked in the order of their making; a request meets at most one of them.
--
-- Before the request is read (nothing else can be said with these; the model never acts):
--   reset = "connect"     RST when the connection is accepted (not by request: only `times` and `after`)
--   reset = "before"      RST when the head was read
--   reset = "body"        RST after `at` bytes of the body (0: as "before")
-- After it was read; the model acts first, unless `acts` is false:
--   reset = "after", close = "after"       RST or an orderly end, without a byte
--   reset_answer_at, close_answer_at       the answer's bytes up to there (head and all), then RST or an orderly end
--   raw                   these bytes in place of an HTTP answer, then an orderly end (or `ending = "reset"`)
--   hold                  seconds between the last byte of any of these and the end
-- An answer of its own, or a change of the model's:
--   status                of 300 and more: the model does not act unless `acts` is true
--   body (text), json (a table), content_type, headers ({ name = text, list of texts, or false for none })
--   location, headers_count (so many more), size (bytes: the body, then filler), chunked, gzip (with size: a bomb)
--   connection_close      says so; close_idle closes after the answer without saying
-- When: delay (seconds before the first byte), drip (seconds between chunks) with chunk (bytes, 1)

local json = require "wixum.sandbox.json"
local names = require "wixum.names"

local faults = {}
faults.__index = faults

local function text(value)
  return type(value) == "string", "a string"
end

local function line(value)
  return type(value) == "string" and not value:find("[\r\n%z]"), "a string of one line"
end

local function flag(value)
  return type(value) == "boolean", "true or false"
end

local function seconds(value)
  return type(value) == "number" and value >= 0 and value < 1e8, "a number of seconds"
end

local function integer(least, most)
  return function(value)
    local whole = type(value) == "number" and math.tointeger(value)
    return whole and whole >= least and whole <= most, ("an integer from %d to %d"):format(least, most)
  end
end

local function one_of(...)
  local words = { ... }
  return function(value)
    for _, word in ipairs(words) do
      if value == word then return true end
    end
    return false, '"' .. table.concat(words, '" or "') .. '"'
  end
end

local function header_map(value)
  local wanted = "a table: name to a text of one line, to a list of them, or to false"
  if type(value) ~= "table" then return false, wanted end
  for name, texts in pairs(value) do
    if type(name) ~= "string" or not name:find("^[%w!#$%%&'*+.^_`|~-]+$") then return false, wanted end
    for _, item in ipairs(type(texts) == "table" and texts or { texts or "" }) do
      if not line(item) then return false, wanted end
    end
  end
  return true
end

local function times(value)
  return value == "always" or value == math.huge or integer(1, 1 << 53)(value), 'an integer from 1, or "always"'
end

local known = {
  path = text, operation = text, method = text, after = integer(0, 1 << 53), times = times,
  acts = flag, delay = seconds, drip = seconds, chunk = integer(1, 1 << 30), hold = seconds,
  status = integer(200, 999), body = text, json = function() return true end, content_type = line,
  headers = header_map, location = line, headers_count = integer(0, 1000000), size = integer(0, 1 << 53),
  chunked = flag, gzip = flag, connection_close = flag, close_idle = flag,
  reset = one_of("connect", "before", "body", "after"), close = one_of("after"), at = integer(0, 1 << 53),
  reset_answer_at = integer(0, 1 << 53), close_answer_at = integer(0, 1 << 53),
  raw = text, ending = one_of("close", "reset"),
}

local known_names = {}
for name in pairs(known) do known_names[#known_names + 1] = name end

-- What goes with any fault, and so does not make one that acts before the request is read impossible.
local matching = { path = true, operation = true, method = true, after = true, times = true }

local function check_words(given)
  if type(given) ~= "table" then return "a fault must be a table" end
  for name, value in pairs(given) do
    local check = known[name]
    if not check then
      return ("unknown field %q of a fault%s"):format(tostring(name), names.suggestion(name, known_names))
    end
    local good, wanted = check(value)
    if not good then return ("%s must be %s"):format(name, wanted) end
  end
end

local function check_early(given)
  for name in pairs(given) do
    if not matching[name] and name ~= "reset" and not (name == "at" and given.reset == "body") then
      return ('reset = "%s" comes before the request is read: %s cannot be said with it'):format(given.reset, name)
    end
  end
  if given.reset == "body" and not given.at then return 'reset = "body" needs at, the bytes of the body to read' end
end

-- Ways to end without a whole answer, of which a fault can have one.
local endings = { "reset", "close", "reset_answer_at", "close_answer_at", "raw" }

local function check_sense(given)
  local ending
  for _, name in ipairs(endings) do
    if given[name] ~= nil then
      if ending then return ("%s and %s cannot both be"):format(ending, name) end
      ending = name
    end
  end
  if given.at and given.reset ~= "body" then return 'at goes with reset = "body"' end
  if given.ending and not given.raw then return "ending goes with raw" end
  if given.hold and not ending then return "hold goes with an answer that is cut, raw or absent" end
  if given.body and given.json ~= nil then return "body and json cannot both be" end
  if given.reset and given.reset ~= "after" then return check_early(given) end
  local answers = given.status or given.body or given.json ~= nil or given.size or given.raw
    or given.reset == "after" or given.close
  if given.acts == false and not answers then return "acts = false leaves nothing to answer: say status, body or json" end
  for name in pairs(given) do
    if not matching[name] then return nil end
  end
  return "a fault needs something to go wrong"
end

--- Checks a fault's words. What it answers passes again, so that both sides can ask.
---@param given table
---@return table? fault # plain data, fit for JSON
---@return string? message
function faults.check(given)
  local message = check_words(given) or check_sense(given)
  if message then return nil, message end
  local fault = {}
  for name, value in pairs(given) do fault[name] = value end
  if given.times == math.huge then fault.times = "always" end
  if given.json ~= nil then
    local done, encoded = pcall(json.encode, given.json)
    if not done then return nil, "json: " .. tostring(encoded) end
    fault.body, fault.json = encoded, nil
  end
  return fault
end

--- No faults yet.
function faults.new()
  return setmetatable({ list = {}, made = 0 }, faults)
end

--- Adds a checked fault.
---@return integer number
function faults:add(fault)
  self.made = self.made + 1
  fault.number, fault.hits = self.made, 0
  fault.times, fault.after = fault.times or 1, fault.after or 0
  if fault.acts == nil then fault.acts = not (fault.status and fault.status >= 300) end
  self.list[#self.list + 1] = fault
  return self.made
end

function faults:clear()
  self.list = {}
end

local function meets(fault, request)
  if (fault.reset == "connect") ~= (request.connecting == true) then return false end
  if request.connecting then return true end
  local operation = request.operation
  if fault.method and fault.method ~= request.method then return false end
  if fault.operation and not (operation and operation.full_name == fault.operation) then return false end
  return not fault.path or fault.path == request.path or operation ~= nil and operation.path == fault.path
end

--- The fault that this request meets, counted.
---@param request table path, method, operation, or connecting
---@return table? fault
function faults:take(request)
  for at, fault in ipairs(self.list) do
    if meets(fault, request) then
      if fault.after > 0 then
        fault.after = fault.after - 1
      else
        fault.hits = fault.hits + 1
        if fault.times ~= "always" and fault.hits >= fault.times then table.remove(self.list, at) end
        return fault
      end
    end
  end
end

--- After how many bytes of the body the connection is to be reset; nil where the request is to be read.
function faults.reset_at(fault)
  if fault.reset == "before" then return 0 end
  if fault.reset == "body" then return fault.at end
end

return faults
