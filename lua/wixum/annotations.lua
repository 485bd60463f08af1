--- What is written from the declarations: `wixum/types.lua`, which editors read (LuaLS), and the README's table.
--
-- Owns both texts; `make docs` writes them, and a spec fails where a file differs. Every fact in them is declared elsewhere:
-- in the declarations and in the option table. Loaded by nothing else of wixum.

local declaration = require "wixum.declaration"
local described = require "wixum.described"
local names = require "wixum.names"
local options = require "wixum.options"

local annotations = {}

-- ---- types -----------------------------------------------------------------------------------------------------------

local IN_LUA = {
  string = "string", id = "string", guid = "string", email = "string", date = "string", integer = "integer", number = "number",
  boolean = "boolean", any = "any",
}

-- "bulk_invite" is BulkInvite in the names of classes.
local function in_class(name)
  return (names.wire("_" .. name))
end

-- Lines of a file that come in the order in which they are asked for, each class once.
local function new_file()
  return { lines = {}, given = {}, answered = {}, shape_of = {} }
end

local function add(file, line, ...)
  file.lines[#file.lines + 1] = select("#", ...) > 0 and line:format(...) or line
end

local function add_comment(file, text)
  for line in text:gmatch("[^\n]+") do add(file, "--- " .. line) end
end

-- A list of words that an editor offers. The service may answer with others, which pass through.
local function add_enum(file, name, field, given)
  add(file, "")
  add(file, "---@alias %s", name)
  for _, value in ipairs(field.values) do add(file, '---| "%s"', value) end
  if not given then add(file, "---| string # the service may add words") end
end

local add_class

-- The type of a field of a class; what it needs is written before.
local function type_of(file, class, field, given)
  local name = IN_LUA[field.type]
  if type(field.type) == "table" then name = add_class(file, field.type, given) end
  if field.type == "enum" then
    name = class .. "." .. field.name
    add_enum(file, name, field, given)
  end
  return assert(name, field.type) .. (field.list and "[]" or "")
end

-- Writes the class of a shape, and before it those of its inner shapes. A shape has two where it is both given and answered:
-- an argument has fields that are needed, an answer may lack all but its lists.
function add_class(file, shape, given, own_name)
  local name = own_name or "wixum." .. (given and "arguments." or "") .. shape.class
  local written = given and file.given or file.answered
  if written[shape] then return written[shape] end
  assert(not file.shape_of[name], "two shapes are called " .. name)
  written[shape], file.shape_of[name] = name, shape
  local types = {}
  for i, field in ipairs(shape.fields) do types[i] = type_of(file, name, field, given) end
  add(file, "")
  if shape.doc then add_comment(file, shape.doc .. (given and shape.one_of and " Exactly one of its fields is given." or "")) end
  add(file, "---@class %s%s", given and own_name and "(exact) " or "", name)
  for i, field in ipairs(shape.fields) do
    local words = described.words(field, given)
    add_comment(file, field.doc .. (#words > 0 and " [" .. table.concat(words, ", ") .. "]" or ""))
    local is_there
    if given then is_there = field.required else is_there = field.list end
    add(file, "---@field %s%s %s", field.name, is_there and "" or "?", types[i])
  end
  return name
end

local function needs_arguments(operation)
  for _, field in ipairs(operation.arguments.fields) do
    if field.required then return true end
  end
  return false
end

local function add_function(file, namespace, declared, arguments, returns)
  add_comment(file, declared.doc)
  add(file, "---")
  add(file, "--- ```lua")
  add_comment(file, declared.example)
  add(file, "--- ```")
  add(file, "---@param arguments%s %s", needs_arguments(arguments) and "" or "?", "wixum." .. in_class(arguments.name) .. "Arguments")
  add(file, "---@param options? wixum.CallOptions")
  for _, line in ipairs(returns) do add(file, "---@return " .. line) end
  add(file, "function %s.%s(arguments, options) end", namespace.name, declared.name)
  add(file, "")
end

local function add_namespace(file, namespace)
  for _, operation in ipairs(namespace.operations) do
    add_class(file, operation.arguments, true, "wixum." .. in_class(operation.name) .. "Arguments")
    add_class(file, operation.answer, false)
  end
  add(file, "")
  add_comment(file, namespace.doc)
  add(file, "---@class wixum.%s", namespace.name)
  add(file, "local %s = {}", namespace.name)
  add(file, "")
  for _, operation in ipairs(namespace.operations) do
    add_function(file, namespace, operation, operation,
      { "wixum." .. operation.answer.class .. "? answer", "wixum.CallInfo|wixum.Error info" })
  end
  for _, iterator in ipairs(namespace.iterators or {}) do
    local over = namespace.by_name[iterator.over]
    local item = over.answer.by_name[iterator.items].type
    add_function(file, namespace, iterator, over, { ("fun(): wixum.%s?"):format(item.class) })
  end
  file.lines[#file.lines] = nil
end

-- ---- options ---------------------------------------------------------------------------------------------------------

local function nothing() end

-- What an option may be is known to its check alone: each kind of value is tried on it. A value is not tried where a type
-- named before it, in `within`, was taken.
local KINDS = {
  { "string", "x" },
  { '"1.1"', "1.1", within = "string" }, { '"2"', "2", within = "string" },
  { "number", 0.5 }, { "integer", 1, within = "number" },
  { "boolean", true }, { "false", false, within = "boolean" },
  { "function", nothing },
  { "table<string, string>", { ["X-Name"] = "value" } },
  { "{ calls: integer, per: number }", { calls = 1, per = 1 } },
  { "{ now: function, sleep: function, random: function, time: function }",
    { now = nothing, sleep = nothing, random = nothing, time = nothing } },
}

local function type_of_option(option)
  local taken, list = {}, {}
  for _, kind in ipairs(KINDS) do
    if not taken[kind.within or ""] and option.check(kind[2]) then
      taken[kind[1]], list[#list + 1] = true, kind[1]
    end
  end
  return assert(#list > 0 and table.concat(list, "|"), option.name)
end

local function add_options(file, title, class, where)
  add(file, "")
  add_comment(file, title)
  add(file, "---@class (exact) %s", class)
  for _, option in ipairs(options.list) do
    if option.where == where then
      local default = type(option.default) ~= "table" and option.default or nil
      add_comment(file, option.doc .. (default ~= nil and "; default " .. tostring(default) or ""))
      add(file, "---@field %s? %s", option.name, type_of_option(option))
    end
  end
end

local HEADER = {
  "-- Types of everything that is called and answered, for editors: LuaLS finds them where the folder that holds wixum/ is in",
  "-- its setting workspace.library. Made by `make docs` from the declarations (wixum/operations) and the option table: what is",
  "-- written here by hand is lost. No program loads it.",
  "-- luacheck: ignore",
}

--- The text of `wixum/types.lua`.
---@return string
function annotations.types()
  local file = new_file()
  add(file, "---@meta")
  for _, line in ipairs(HEADER) do add(file, line) end
  add_options(file, "Options of wixum.client, of `with` and of a call.", "wixum.WithOptions", "with")
  add_options(file, "Options of wixum.client.", "wixum.ClientOptions: wixum.WithOptions", "client")
  add_options(file, "Options of one call, its second argument.", "wixum.CallOptions: wixum.WithOptions", "call")
  add(file, "")
  add_comment(file, "What a call tells besides its answer.")
  add(file, "---@class wixum.CallInfo")
  for _, field in ipairs{ "status? integer of the HTTP answer", "request_id? string what Wix support asks for",
    "attempts integer requests that were made", "seconds number from the call to its end",
    "date? integer when the service says that it answered (its Date header), seconds since the epoch" } do
    add(file, "---@field " .. field)
  end
  for _, name in ipairs(declaration.namespace_names()) do add_namespace(file, declaration.namespace(name)) end
  for _, class in ipairs{ "wixum", "wixum.Client" } do
    add(file, "")
    add(file, "---@class " .. class)
    for _, name in ipairs(declaration.namespace_names()) do add(file, "---@field %s wixum.%s", name, name) end
  end
  return table.concat(file.lines, "\n") .. "\n"
end

-- ---- the README's table ----------------------------------------------------------------------------------------------

local FIRST, LAST = "<!-- operations: written by `make docs` -->\n\n", "\n<!-- end of operations -->\n"

local function field_list(shape)
  local list = {}
  for i, field in ipairs(shape.fields) do
    list[i] = ("`%s`%s"):format(field.name, field.required and (field.not_empty and "+" or "*") or "")
  end
  return #list > 0 and table.concat(list, ", ") or "(empty)"
end

--- The table of all operations.
---@return string
function annotations.table()
  local lines = { "| operation | effect | arguments (* required, + and not empty) | answer |", "| --- | --- | --- | --- |" }
  for _, operation in ipairs(declaration.operations()) do
    lines[#lines + 1] = ("| `%s` | %s | %s | %s |"):format(operation.full_name, operation.effect,
      field_list(operation.arguments), field_list(operation.answer))
  end
  return table.concat(lines, "\n") .. "\n"
end

--- A README with its table as it has to be.
---@param text string
---@return string? # nil where the lines that mark the table's place are not there
function annotations.readme(text)
  local _, before = text:find(FIRST, 1, true)
  local after = before and text:find(LAST, before + 1, true)
  return after and text:sub(1, before) .. annotations.table() .. text:sub(after) or nil
end

-- ---- files -----------------------------------------------------------------------------------------------------------

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

-- A file that is right already is not touched.
local function write(path, text)
  local old <close> = io.open(path, "rb")
  if old and old:read("a") == text then return end
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

--- Writes both files of a checkout.
---@param folder string
function annotations.write(folder)
  write(folder .. "/lua/wixum/types.lua", annotations.types())
  local path = folder .. "/README.md"
  write(path, assert(annotations.readme(read(path)), "README.md: the lines around the table of operations are missing"))
end

return annotations
