--- A declared field in words: what it is, and what the checks hold it to.
--
-- Owns these words, for the help and for the type file alike. Must not lay anything out, and knows no field by name.

local described = {}

local IN_LUA = { id = "string", guid = "string", email = "string", date = "string", any = "any value" }
local FORMATS = { id = "id", guid = "GUID", email = "address", date = "date" }

--- What a field's value is in Lua: `string`, `list of User`, `"ASC" | "DESC"`.
---@param field table
---@return string
function described.type(field)
  local kind = field.type
  local name = type(kind) == "table" and kind.class or IN_LUA[kind] or kind
  if field.values then name = '"' .. table.concat(field.values, '" | "') .. '"' end
  if not field.list then return name end
  return "list of " .. (kind == "any" and "anything" or name)
end

-- A number as it is written: 1 for 1.0.
local function number(value)
  return tostring(math.tointeger(value) or value)
end

local function range(field)
  if field.min and field.max then return ("%s to %s"):format(number(field.min), number(field.max)) end
  return field.min and "at least " .. number(field.min) or field.max and "at most " .. number(field.max) or nil
end

--- What there is to say of a value besides its type: what its text is, what an argument is held to, what is kept secret.
---@param field table
---@param given boolean? it is an argument; of an answer no limits are told, since the service keeps to its own
---@return string[]
function described.words(field, given)
  local words = {}
  local function say(condition, text)
    if condition then words[#words + 1] = text end
  end
  say(FORMATS[field.type], FORMATS[field.type])
  if given then
    say(field.required, "required")
    say(field.not_empty, "not empty")
    say(field.unique, "no item twice")
    say(field.unique_by, ("no %s twice"):format(field.unique_by))
    say(field.max_items, ("at most %s"):format(field.max_items))
    say(field.max_length, ("at most %s bytes"):format(field.max_length))
    say(range(field), range(field))
    say(field.read_only, "dropped when given back")
  end
  say(field.secret, "secret")
  return words
end

return described
