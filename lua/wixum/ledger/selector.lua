--- Which rows are meant: by address, site, state, age of the last mail or of the first, and how many at most.
--
-- Owns what a program may say, and the condition that it becomes. Ages are "10d", "12h", or a date.

local core = require "wixum.core"
local errors = require "wixum.errors"
local folding = require "wixum.folding"
local names = require "wixum.names"
local quoted = require("wixum.ledger.database").quoted
local redaction = require "wixum.redaction"

local selector = {}

selector.STATES = { "planned", "sending", "pending", "failed", "unknown", "accepted", "expired", "revoked" }
local WORDS = { "all", "email", "invited_before", "last_mail_before", "limit", "site_id", "state" }

local UNITS = { m = 60, h = 3600, d = 86400, w = 604800 }

--- A moment as the ledger writes it: UTC, in seconds.
---@param seconds number since the epoch
---@return string
function selector.date(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(seconds)) --[[@as string]]
end

--- A clock that tells moments as the ledger writes them.
---@param time fun(): number seconds since the epoch
---@return fun(): string
function selector.clock(time)
  local second, text
  return function()
    local now = math.floor(time())
    if now ~= second then second, text = now, selector.date(now) end
    return text
  end
end

--- Seconds that a text such as "10d" says.
---@param text any
---@return integer?
function selector.seconds(text)
  local number, unit = tostring(text):match("^(%d+)%s*([mhdw])$")
  return number and #number < 7 and math.tointeger(tonumber(number)) * UNITS[unit] or nil
end

--- Before which moment: an age, or a date.
---@param value any
---@param now number seconds since the epoch
---@return string?
function selector.moment(value, now)
  local age = selector.seconds(value)
  if age then return selector.date(now - age) end
  if type(value) ~= "string" then return nil end
  if value:find("^%d%d%d%d%-%d%d%-%d%d$") then value = value .. "T00:00:00Z" end
  local seconds = require("wixum").time(value)
  return seconds and selector.date(seconds)
end

local function one_or_many(value) return type(value) == "table" and value or { value } end

local function listed(column, values)
  local texts = {}
  for i, value in ipairs(values) do texts[i] = quoted(value) end
  return #texts == 1 and ("%s = %s"):format(column, texts[1]) or ("%s IN (%s)"):format(column, table.concat(texts, ", "))
end

local check = {}

function check.email(value)
  local people = {}
  for _, email in ipairs(one_or_many(value)) do
    if type(email) ~= "string" then return nil, "email must be an address, or a list of them" end
    local person, as_written = folding.person(email), folding.ascii(email)
    people[#people + 1] = person
    -- two rows of an earlier version that are one person by now are found by their own spelling
    if as_written ~= person and as_written:find("xn--", 1, true) then people[#people + 1] = as_written end
  end
  return #people > 0 and listed("person", people), "email must be an address, or a list of them"
end

function check.site_id(value)
  local ids = {}
  for i, id in ipairs(one_or_many(value)) do
    if type(id) ~= "string" or not core.is_guid(id) then return nil, "site_id must be a site's id, or a list of them" end
    ids[i] = folding.ascii(id)
  end
  return #ids > 0 and listed("site_id", ids), "site_id must be a site's id, or a list of them"
end

function check.state(value)
  local states = one_or_many(value)
  for _, state in ipairs(states) do
    local known = false
    for _, name in ipairs(selector.STATES) do known = known or name == state end
    if not known then
      return nil, ("there is no state %s%s"):format(redaction.text(tostring(state), 64) or '""', names.suggestion(state, selector.STATES))
    end
  end
  return #states > 0 and listed("state", states), "state must be a state, or a list of them"
end

function check.last_mail_before(value, now)
  local text = selector.moment(value, now)
  return text and "last_mail_at < " .. quoted(text), 'last_mail_before must be an age such as "10d", or a date'
end

function check.invited_before(value, now)
  local text = selector.moment(value, now)
  return text and "first_mail_at < " .. quoted(text), 'invited_before must be an age such as "10d", or a date'
end

--- The condition of a selector; raises at the caller's line what is wrong with it. What would mean everybody has to say so.
---@param given table
---@param name string of the function that was called
---@param now number seconds since the epoch
---@param may_be_empty boolean? for what only looks
---@return string condition
---@return integer? limit
function selector.condition(given, name, now, may_be_empty)
  if given == nil and may_be_empty then given = {} end
  if type(given) ~= "table" then errors.mistake(("%s takes a selector: a table such as { state = \"pending\" }"):format(name)) end
  local parts = {}
  for _, word in ipairs(WORDS) do
    local value = rawget(given, word)
    if value ~= nil and check[word] then
      local part, reason = check[word](value, now)
      if not part then errors.mistake(("%s: %s"):format(name, reason)) end
      parts[#parts + 1] = part
    end
  end
  for key in next, given do
    local known = false
    for _, word in ipairs(WORDS) do known = known or word == key end
    if not known then
      errors.mistake(("%s: a selector has no %s%s"):format(name, redaction.text(tostring(key), 64) or '""', names.suggestion(key, WORDS)))
    end
  end
  local limit = given.limit
  if limit ~= nil and (math.type(limit) ~= "integer" or limit < 1) then
    errors.mistake(name .. ": limit must be a whole number of at least 1")
  end
  if #parts == 0 and given.all ~= true and not may_be_empty then
    errors.mistake(name .. ": the selector is empty; say all = true where every row is meant")
  end
  return #parts > 0 and table.concat(parts, " AND ") or "1 = 1", limit
end

-- A value of a selector, the same however it was written down.
local function plain(value)
  if type(value) ~= "table" then return folding.person(tostring(value)) end
  local parts = {}
  for i, item in ipairs(value) do parts[i] = folding.person(tostring(item)) end
  table.sort(parts)
  return table.concat(parts, ",")
end

--- A selector as text: two that mean the same have the same.
---@param given table one that `condition` has taken
---@return string
function selector.text(given)
  local parts = {}
  for _, word in ipairs(WORDS) do
    local value = rawget(given, word)
    if value ~= nil then parts[#parts + 1] = ("%s=%s"):format(word, plain(value)) end
  end
  return table.concat(parts, " ")
end

return selector
