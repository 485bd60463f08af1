--- Reads the declarations: the one way from `wixum.operations.*` to everything that needs them.
--
-- Owns the vocabulary of a declaration and its completion (wire names, the flat list, look-up by name).
-- Must not know HTTP, clients or the sandbox. Pure Lua, so that the sandbox reads the same words.
--
-- A namespace:  name, doc, operations, iterators
-- An iterator:  name, over (the operation whose pages it walks), items (field of its answer), kind (`offset` | `cursor`), doc, example
-- An operation: name, doc, method, path (`{field}` is replaced), effect (`read` | `repeatable` | `adds`),
--               context (`site` | `account`: which id header it needs), permission, arguments, answer, example
--               (the arguments of a GET go out as its query, nested ones under dotted names, lists by repetition)
-- A shape:      class, doc, fields, one_of (as an argument exactly one of its fields is given)
-- A field:      name, doc, wire (camelCase of the name unless said), list, and
--   type        `string` | `id` (opaque string) | `guid` | `email` | `date` | `integer` | `number` | `boolean` | `any` | `enum`
--               (with `values`) or a shape
--   for arguments: required, not_empty (a list that is given has items), unique (no item twice, case ignored), unique_by
--                  (no two items with the same value, case ignored, in that field of theirs), max_items, max_length
--                  (bytes), min, max (of numbers), limit_option (the client's option that says how many items, where
--                  the service's own limit is not known; for arguments themselves, not inside them),
--                  in_path (part of the path, also repeated in the body as the official client does)
--   read_only   given back as an argument it is dropped
--   secret      masked when printed

local names = require "wixum.names"

local declaration = {}

local function complete_shape(shape)
  if shape.by_name then return shape end
  shape.by_name, shape.by_wire = {}, {}
  for _, field in ipairs(shape.fields) do
    field.wire = field.wire or names.wire(field.name)
    shape.by_name[field.name], shape.by_wire[field.wire] = field, field
    if type(field.type) == "table" then complete_shape(field.type) end
  end
  return shape
end

local function complete_namespace(namespace)
  if namespace.by_name then return namespace end
  namespace.by_name = {}
  for _, operation in ipairs(namespace.operations) do
    operation.namespace = namespace.name
    operation.full_name = namespace.name .. "." .. operation.name
    complete_shape(operation.arguments)
    complete_shape(operation.answer)
    namespace.by_name[operation.name] = operation
  end
  namespace.iterator_by_name = {}
  for _, iterator in ipairs(namespace.iterators or {}) do
    iterator.full_name = namespace.name .. "." .. iterator.name
    namespace.iterator_by_name[iterator.name] = iterator
  end
  return namespace
end

--- The declared namespace of that name.
---@param name string
---@return table? # nil where none is declared
function declaration.namespace(name)
  for _, known in ipairs(declaration.namespace_names()) do
    if known == name then return complete_namespace(require("wixum.operations." .. name)) end
  end
end

--- Names of the declared namespaces, in the order of the documentation.
---@return string[]
function declaration.namespace_names()
  return require "wixum.operations"
end

--- Every operation, in the order of the documentation.
---@return table[]
function declaration.operations()
  local all = {}
  for _, name in ipairs(declaration.namespace_names()) do
    for _, operation in ipairs(declaration.namespace(name).operations) do all[#all + 1] = operation end
  end
  return all
end

--- Names of a shape's fields, for messages.
---@param shape table
---@return string[]
function declaration.field_names(shape)
  local list = {}
  for _, field in ipairs(shape.fields) do list[#list + 1] = field.name end
  return list
end

return declaration
