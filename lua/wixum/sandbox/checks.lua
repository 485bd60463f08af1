--- From what was sent to an operation's arguments, or to what is wrong with it.
--
-- Owns the checks of bodies and queries against a declaration's shapes. Field names in violations are those of the
-- wire, lists counted from zero, as Wix writes them.
-- Wix documents the rules OUT_OF_RANGE and INVALID_ARGUMENT; which of them it uses where is not documented.

local formats = require "wixum.sandbox.formats"
local json = require "wixum.sandbox.json"

local checks = {}

local function violate(context, field, description, rule, data)
  local list = context.violations
  list[#list + 1] = { field = field, description = description, violatedRule = rule or "INVALID_ARGUMENT", data = data }
end

local function is_list(value)
  if type(value) ~= "table" then return false end
  local first = next(value)
  return first == nil or type(first) == "number" -- lua-cjson gives objects string keys, always
end

local kinds = {
  string = "string", id = "string", guid = "string", email = "string", date = "string", enum = "string",
  integer = "number", number = "number", boolean = "boolean",
}

local read_object

local scalar = {
  guid = function(value) return formats.guid(value), "must be a GUID" end,
  date = function(value) return formats.date(value), "must be an RFC 3339 date" end,
  integer = function(value) return math.tointeger(value) ~= nil, "must be an integer" end,
}

-- An optional object of which nothing is given is as if it were left out: Wix writes "no restriction" so.
local function check_one_of(context, field, value, name)
  local count, given = 0, {}
  for _, part in ipairs(field.type.fields) do
    given[#given + 1] = part.wire
    if value[part.wire] ~= nil and value[part.wire] ~= json.null then count = count + 1 end
  end
  if count > 1 or count == 0 and field.required then
    violate(context, name, "must have one of " .. table.concat(given, ", "))
  end
end

-- One value, not a list of them. The value as the model wants it, or nil after a violation.
local function read_value(context, field, value, name)
  local kind = field.type
  if kind == "any" then return value end
  if type(kind) == "table" then
    if type(value) ~= "table" or is_list(value) and next(value) ~= nil then
      return violate(context, name, "must be an object")
    end
    if kind.one_of then check_one_of(context, field, value, name) end
    return read_object(context, kind, value, name .. ".")
  end
  if type(value) ~= kinds[kind] then return violate(context, name, "must be a " .. kinds[kind]) end
  if kind == "email" and not context.lenient_emails and not formats.email(value) then
    return violate(context, name, "must be an e-mail address")
  end
  if scalar[kind] then
    local good, description = scalar[kind](value)
    if not good then return violate(context, name, description) end
  end
  if kind == "enum" then
    local known = false
    for _, word in ipairs(field.values) do known = known or word == value end
    if not known then return violate(context, name, "must be one of " .. table.concat(field.values, ", ")) end
  end
  if field.min and value < field.min or field.max and value > field.max then
    return violate(context, name, ("must be from %s to %s"):format(field.min or "whatever", field.max or "whatever"), "OUT_OF_RANGE",
      { threshold = field.min and value < field.min and field.min or field.max })
  end
  if field.max_length and type(value) == "string" and #value > field.max_length then
    return violate(context, name, "is too long", "OUT_OF_RANGE", { threshold = field.max_length })
  end
  return kind == "integer" and math.tointeger(value) or value
end

local function read_list(context, field, value, name)
  if not is_list(value) then return violate(context, name, "must be a list") end
  if field.max_items and #value > field.max_items then
    return violate(context, name, "holds too many", "OUT_OF_RANGE", { threshold = field.max_items })
  end
  local list = {}
  for i, item in ipairs(value) do
    local where = ("%s[%d]"):format(name, i - 1)
    if item == json.null then violate(context, where, "must not be null")
    else list[#list + 1] = read_value(context, field, item, where) end
  end
  return list
end

local function read_field(context, field, value, name)
  if value == nil or value == json.null then
    if field.required then violate(context, name, "is required") end
    return nil
  end
  if not field.list then return read_value(context, field, value, name) end
  local list = read_list(context, field, value, name)
  -- Whether Wix refuses an empty list is not documented; here it does where the declaration needs something in it.
  if list and field.required and field.not_empty and #value == 0 then violate(context, name, "must not be empty") end
  return list
end

-- Fields that are not declared are passed over, as Wix does with what it does not know.
function read_object(context, shape, object, prefix)
  local values = {}
  for _, field in ipairs(shape.fields) do
    if not field.read_only and not (prefix == "" and field.in_path) then
      values[field.name] = read_field(context, field, object[field.wire], prefix .. field.wire)
    end
  end
  return values
end

local function place(object, shape, names, at, value)
  local field = shape.by_wire[names[at]]
  if not field then return end
  if at < #names then
    if type(field.type) ~= "table" then return end
    if type(object[field.wire]) ~= "table" then object[field.wire] = {} end
    return place(object[field.wire], field.type, names, at + 1, value)
  end
  if field.type == "integer" or field.type == "number" then value = tonumber(value) or value end
  if field.type == "boolean" and (value == "true" or value == "false") then value = value == "true" end
  if not field.list then
    object[field.wire] = value
  else
    local list = object[field.wire] or {}
    list[#list + 1] = value
    object[field.wire] = list
  end
end

--- A query's pairs as the object that a body would have been: dotted names are nested, repeated ones are lists.
---@param shape table
---@param pairs_list { [1]: string, [2]: string }[]
---@return table
function checks.query_object(shape, pairs_list)
  local object = {}
  for _, pair in ipairs(pairs_list) do
    local names = {}
    for name in pair[1]:gmatch("[^.]+") do names[#names + 1] = name end
    if #names > 0 then place(object, shape, names, 1, pair[2]) end
  end
  return object
end

--- The arguments of an operation under their Lua names.
---@param operation table its declaration
---@param object table what was sent, decoded
---@param captures table<string, string> what stood in the path, by field name
---@param options { lenient_emails: boolean? } lenient: malformed addresses are the model's business
---@return table? arguments # nil where something is wrong
---@return table[] violations
function checks.arguments(operation, object, captures, options)
  local context = { violations = {}, lenient_emails = options.lenient_emails }
  local values = read_object(context, operation.arguments, object, "")
  for _, field in ipairs(operation.arguments.fields) do
    if field.in_path then
      values[field.name] = read_value(context, field, captures[field.name] or "", field.wire)
    end
  end
  if #context.violations > 0 then return nil, context.violations end
  return values, context.violations
end

return checks
