--- Good values made from declarations: arguments that a call takes, and answers as the service would write them.
--
-- Owns one good value for each declared type. A new operation gets its samples without a line here.

local samples = {}

samples.GUID = "5f3c9c5e-8d0a-4a57-9f5e-0d6f6b1c2a11"

local TEXTS = {
  string = "text", id = "6732588207941061632", guid = samples.GUID, email = "ann@example.com", date = "2030-12-31T08:00:00Z",
}

local function within(field, number)
  return math.min(math.max(number, field.min or number), field.max or number)
end

-- One value, not a list; `of_shape` makes those of shapes.
local function value(field, of_shape)
  local kind = field.type
  if type(kind) == "table" then return of_shape(kind) end
  if kind == "enum" then return field.values[1] end
  if kind == "integer" then return within(field, 3) end
  if kind == "number" then return within(field, 0.5) end
  if kind == "boolean" then return true end
  if kind == "any" then return { anyKey = "any value" } end
  return (TEXTS[kind]:sub(1, field.max_length))
end

local function value_or_list(field, of_shape)
  local one = value(field, of_shape)
  if field.list then return { one } end
  return one
end

--- Arguments, or an object in them, under the names of Lua.
---@param shape table declared
---@param everything boolean? every field, and not those alone that are required
---@return table
function samples.arguments(shape, everything)
  local object = {}
  for _, field in ipairs(shape.fields) do
    local wanted = everything or field.required or shape.one_of
    if wanted and not field.read_only and not (shape.one_of and next(object)) then
      object[field.name] = value_or_list(field, function(inner) return samples.arguments(inner, everything) end)
    end
  end
  return object
end

--- What `arguments` are on the wire: the same under the wire's names.
---@param shape table declared
---@param arguments table under the names of Lua
---@return table
function samples.on_wire(shape, arguments)
  local object = {}
  for name, given in pairs(arguments) do
    local field = shape.by_name[name]
    if type(field.type) ~= "table" then object[field.wire] = given
    elseif not field.list then object[field.wire] = samples.on_wire(field.type, given)
    else
      local list = {}
      for i, item in ipairs(given) do list[i] = samples.on_wire(field.type, item) end
      object[field.wire] = list
    end
  end
  return object
end

--- An answer, or an object in it, with every declared field, as the service writes it.
---@param shape table declared
---@return table
function samples.answer(shape)
  local object = {}
  for _, field in ipairs(shape.fields) do object[field.wire] = value_or_list(field, samples.answer) end
  return object
end

return samples
