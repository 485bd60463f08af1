--- JSON for the sandbox: structure by us, strings and parsing by lua-cjson.
--
-- Owns the private lua-cjson instance of its Lua state, and how Lua values become JSON text. lua-cjson alone will not
-- do: Debian's cannot write an empty list, and writes large integers as floats.
-- Must work with both lineages of lua-cjson (Debian's 2.1.0, OpenResty's 2.1.0.x) and must not touch the shared instance.

local cjson = require("cjson").new()
cjson.decode_invalid_numbers(false)
cjson.decode_max_depth(100)

local json = {}

--- What `decode` gives for null.
json.null = require("cjson").null

local array_mt = { __name = "wixum.sandbox.array" }

--- Marks a list, so that it is written as one also when it is empty.
---@generic T
---@param list T[]
---@return T[] # the same table
function json.array(list)
  return setmetatable(list, array_mt)
end

--- A string as JSON; its bytes are taken as they are.
---@param text string
---@return string
function json.string(text)
  if not text:find('[%c"\\\127]') then return '"' .. text .. '"' end
  return cjson.encode(text)
end

local function number(value)
  if math.type(value) == "integer" then return ("%d"):format(value) end
  if value ~= value or value == math.huge or value == -math.huge then error("JSON has no " .. value, 0) end
  local whole = math.tointeger(value)
  if whole then return ("%d"):format(whole) end
  -- The shortest that reads back the same; a locale may write a comma.
  for digits = 14, 17 do
    local text = ("%." .. digits .. "g"):format(value):gsub(",", ".")
    if digits == 17 or tonumber(text) == value then return text end
  end
end

local encode

local function encode_list(list, depth)
  local parts = {}
  for i = 1, #list do parts[i] = encode(list[i], depth) end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function encode_object(object, depth)
  local keys, parts = {}, {}
  for key in pairs(object) do
    if type(key) ~= "string" then error("JSON has no " .. type(key) .. " keys", 0) end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  for i, key in ipairs(keys) do parts[i] = json.string(key) .. ":" .. encode(object[key], depth) end
  return "{" .. table.concat(parts, ",") .. "}"
end

function encode(value, depth)
  local kind = type(value)
  if kind == "string" then return json.string(value) end
  if kind == "number" then return number(value) end
  if kind == "boolean" then return tostring(value) end
  if value == nil or value == json.null then return "null" end
  if kind ~= "table" then error("JSON has no " .. kind, 0) end
  if depth > 100 then error("nested too deeply for JSON", 0) end
  if getmetatable(value) == array_mt or #value > 0 then return encode_list(value, depth + 1) end
  return encode_object(value, depth + 1)
end

--- Any plain value as JSON: a table is a list if it is marked or not empty as one, else an object with sorted keys.
---@param value any
---@return string # raises where the value has no JSON
function json.encode(value)
  return encode(value, 0)
end

--- Parses; `json.null` stands for null, numbers are as lua-cjson gives them.
---@param text string
---@return any value # nil where the text is no JSON
---@return string? message
function json.decode(text)
  local done, value = pcall(cjson.decode, text)
  if done then return value end
  if value == "not enough memory" then error(value, 0) end -- that is not the text's fault
  return nil, tostring(value)
end

--- Makes a decoded value plain: null is nil, whole numbers are integers.
---@param value any
---@return any
function json.plain(value)
  if value == json.null then return nil end
  if type(value) == "number" then return math.tointeger(value) or value end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, item in pairs(value) do copy[key] = json.plain(item) end
  return copy
end

return json
