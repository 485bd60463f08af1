--- From the model's answers to JSON, by the shapes of the declarations.
-- Owns nothing but the walk: names, order and lists are what the declaration says.

local json = require "wixum.sandbox.json"

local render = {}

-- Texts of these types are the model's own make: nothing in them needs escaping.
local safe = { guid = true, date = true, enum = true }

local function value_of(field, value)
  local kind = field.type
  if type(kind) == "table" then return render.object(kind, value) end
  if safe[kind] then return '"' .. value .. '"' end
  return json.encode(value)
end

local function list_of(field, list)
  local parts = {}
  for i, item in ipairs(list) do parts[i] = value_of(field, item) end
  return "[" .. table.concat(parts, ",") .. "]"
end

--- A declared shape's values as JSON. Absent fields are left out; a list that the model gave is a list, also empty.
---@param shape table
---@param values table by Lua names
---@return string
function render.object(shape, values)
  local parts, count = {}, 0
  for _, field in ipairs(shape.fields) do
    local value = values[field.name]
    if value ~= nil then
      count = count + 1
      parts[count] = '"' .. field.wire .. '":' .. (field.list and list_of or value_of)(field, value)
    end
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

return render
