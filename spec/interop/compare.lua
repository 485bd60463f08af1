--- What two requests, two answers and two errors have in common, in a form that can be compared: what must be the same is
--- there, what may differ is not.
--
-- Owns what counts. Pure functions on what the sandbox noted (`server:requests`), what wixum answered, and what a package
-- resolved or rejected with. Accept links are shortened, so that no failed comparison prints one.

local cjson = require "cjson"

local compare = {}

-- ---- requests --------------------------------------------------------------------------------------------------------

--- Headers that differ on purpose, and why; every other header is the same on both sides. `of` says who sends it.
compare.HEADERS = {
  ["accept-language"]  = { of = "theirs", why = "a browser's: Node's fetch adds it" },
  ["sec-fetch-mode"]   = { of = "theirs", why = "a browser's: Node's fetch adds it" },
  ["x-wix-bi-gateway"] = { of = "theirs", why = "the SDK's statistics: names the SDK, which wixum is not" },
  ["connection"]       = { of = "theirs", why = "HTTP/1.1 keeps connections without being told" },
  ["user-agent"]       = { of = "both", why = "each names itself" },
  ["accept-encoding"]  = { of = "both", why = "each what it can read" },
  ["host"]             = { of = "both", why = "each speaks to a sandbox of its own" },
}

local function unescape(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- Pairs of a query: names in alphabetical order, the values of one name in theirs.
local function query_of(query)
  local list = {}
  for pair in (query or ""):gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    list[#list + 1] = { unescape(name), unescape(value), #list }
  end
  table.sort(list, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[3] < b[3]
  end)
  for i, pair in ipairs(list) do list[i] = { pair[1], pair[2] } end
  return list
end

-- Empty lists are left out: what wixum does with them is one of the differences. lua-cjson reads [] and {} as the same,
-- so they get a word into them first. (No text in the calls that are compared holds "[]".)
local EMPTY = "(an empty list)"

local function without_empty_lists(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, item in pairs(value) do
    if type(item) ~= "table" or item[1] ~= EMPTY then copy[key] = without_empty_lists(item) end
  end
  return copy
end

local function body_of(body)
  if body == nil or body == "" then return nil end
  return without_empty_lists(cjson.decode((body:gsub("%[%s*%]", '["' .. EMPTY .. '"]'))))
end

--- A request as it must be on both sides.
---@param entry table from `server:requests()`
---@return table
function compare.request(entry)
  local headers = {}
  for name, value in pairs(entry.headers) do
    if not compare.HEADERS[name] and name ~= "content-length" then headers[name] = value end -- the body itself is here
  end
  return {
    method = entry.method, path = entry.path, query = query_of(entry.query), body = body_of(entry.body), headers = headers,
    operation = entry.operation,
  }
end

-- ---- answers ---------------------------------------------------------------------------------------------------------

-- The SDK puts an underscore before three names.
local RENAMED = { _id = "id", _createdDate = "created_date", _updatedDate = "updated_date" }

local function snake(name)
  return RENAMED[name] or (name:gsub("%u", function(letter) return "_" .. letter:lower() end))
end

-- Links, whose first four digits are enough to tell them apart here, without the address of the one sandbox or the other.
local function shortened(text)
  return (text:gsub("^http://127%.0%.0%.1:%d+/", "/"):gsub("token=(%w%w%w%w)%w+", "token=%1..."))
end

-- A copy with keys renamed. Empty tables are left out: absent and empty lists are told apart by "differences".
local function copy(value, rename)
  if type(value) == "string" then return shortened(value) end
  if type(value) ~= "table" then return value end
  local result = {}
  for key, item in pairs(value) do
    local copied = copy(item, rename)
    if type(copied) ~= "table" or next(copied) ~= nil then
      result[type(key) == "string" and rename(key) or key] = copied
    end
  end
  return result
end

local function same_name(name) return name end

--- What a package resolved with, as wixum would have answered it. `nil`, where nothing is promised, is an empty table.
function compare.theirs(value) return copy(value or {}, snake) end

--- What wixum answered, or the sandbox says of itself.
function compare.ours(value) return copy(value, same_name) end

-- ---- errors ----------------------------------------------------------------------------------------------------------

-- A field as wixum names it: `options.newAssignments[0].policyId`, where the package says in which of its own arguments
-- it is, is `new_assignments[1].policy_id`.
local function field_of(violation)
  local field = violation.field:gsub("^options%.", ""):gsub("%[(%d+)%]", function(index) return ("[%d]"):format(index + 1) end)
  return snake(field)
end

local function violations_of(violations, field_name)
  local list = {}
  for i, violation in ipairs(violations or {}) do
    list[i] = {
      field = field_name(violation), description = violation.description, rule = violation.violatedRule or violation.rule,
    }
  end
  return list
end

local function error_of(err, field_name)
  return {
    status = err.status, code = err.code, data = copy(err.data or {}, same_name), request_id = err.request_id,
    -- words of the service's own for the whole call; beside violations each side has others
    description = err.code and err.description, violations = violations_of(err.violations, field_name),
  }
end

--- What a package rejected with.
function compare.their_error(err) return error_of(err, field_of) end

--- A wixum.Error, of which what the service said counts.
function compare.our_error(err)
  return error_of(err, function(violation)
    return violation.field .. (violation.index and ("[%d]"):format(violation.index) or "")
  end)
end

return compare
