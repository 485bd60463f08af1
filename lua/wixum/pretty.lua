--- Answers as people read them in a REPL: fields in the order of the declaration, secrets masked.
--
-- Owns the layout alone. What it prints is for eyes: data is taken from the tables themselves.

local redaction = require "wixum.redaction"

local pretty = {}

local WIDTH, ITEMS, DEPTH, LONGEST = 100, 20, 8, 2000

local function quoted(text)
  return '"' .. redaction.value(text, LONGEST):gsub('[\\"]', "\\%0") .. '"'
end

local render

-- Names of a table's fields: declared ones first, in their order, then the others by name.
local function keys_of(value, shape)
  local keys, seen = {}, {}
  for _, field in ipairs(shape and shape.fields or {}) do
    if value[field.name] ~= nil then keys[#keys + 1], seen[field.name] = field.name, true end
  end
  local others = {}
  for key in pairs(value) do
    if not seen[key] and not (math.type(key) == "integer" and key >= 1 and key <= #value) then others[#others + 1] = key end
  end
  table.sort(others, function(a, b) return tostring(a) < tostring(b) end)
  return table.move(others, 1, #others, #keys + 1, keys)
end

local function name_of(key)
  if type(key) == "string" and key:find("^[%a_][%w_]*$") and redaction.text(key) == key then return key end
  return "[" .. (type(key) == "string" and quoted(key) or tostring(key)) .. "]"
end

local function parts_of(value, shape, depth)
  local parts = {}
  for i, item in ipairs(value) do
    if i > ITEMS then
      parts[#parts + 1] = ("… %d more"):format(#value - ITEMS)
      break
    end
    parts[#parts + 1] = render(item, shape, depth)
  end
  for _, key in ipairs(keys_of(value, #value == 0 and shape or nil)) do
    local field = shape and shape.by_name[key]
    local secret = field and field.secret or redaction.is_secret_name(key)
    local inner = field and type(field.type) == "table" and field.type or nil
    parts[#parts + 1] = name_of(key) .. " = " .. (secret and '"' .. redaction.MASK .. '"' or render(value[key], inner, depth))
  end
  return parts
end

function render(value, shape, depth)
  if type(value) == "string" then return quoted(value) end
  if type(value) ~= "table" then return tostring(value) end
  if depth > DEPTH then return "{ … }" end
  local parts = parts_of(value, shape, depth + 1)
  if #parts == 0 then return "{}" end
  local line = "{ " .. table.concat(parts, ", ") .. " }"
  if #line + 2 * depth <= WIDTH and not line:find("\n") then return line end
  local indent = ("  "):rep(depth + 1)
  return "{\n" .. indent .. table.concat(parts, ",\n" .. indent) .. "\n" .. ("  "):rep(depth) .. "}"
end

--- Text of an answer or of a part of one.
---@param value table
---@param shape table? its declaration
---@return string
function pretty.text(value, shape)
  return render(value, shape, 0)
end

return pretty
