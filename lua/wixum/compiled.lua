--- Declarations made ready for calls: shapes handed to the core once, paths split, context headers named.
--
-- Owns what `wixum.call` reads of an operation. Compiles at the first call of each operation, so that loading wixum costs
-- nothing for those that are never called.

local core = require "wixum.core"
local pretty = require "wixum.pretty"

local compiled = {}

-- One core shape for a declared shape, however often it is used.
local shapes = setmetatable({}, { __mode = "k" })

local function shape_of(declared)
  local shape = shapes[declared]
  if shape then return shape end
  local fields = {}
  for i, field in ipairs(declared.fields) do
    local copy = {}
    for name, value in pairs(field) do copy[name] = value end
    if type(field.type) == "table" then copy.type = shape_of(field.type) end
    fields[i] = copy
  end
  local class = declared.class or "arguments"
  shape = core.shape{
    fields = fields, one_of = declared.one_of,
    metatable = { __name = "wixum." .. class, __tostring = function(value) return pretty.text(value, declared) end },
    list_metatable = { __name = "wixum." .. class .. ".list", __tostring = function(value) return pretty.text(value, declared) end },
  }
  shapes[declared] = shape
  return shape
end

local CONTEXT = {
  site = { option = "site_id", header = "wix-site-id", variable = "WIX_SITE_ID" },
  account = { option = "account_id", header = "wix-account-id", variable = "WIX_ACCOUNT_ID" },
}

--- What a call needs to know of the id that goes along.
---@param name string "site" or "account"
---@return { option: string, header: string, variable: string }? # nil for any other word
function compiled.context(name) return CONTEXT[name] end

local ready = setmetatable({}, { __mode = "k" })

--- What a call needs to know of an operation.
---@param operation table declared and completed
---@return table
function compiled.operation(operation)
  local known = ready[operation]
  if known then return known end
  local path_fields = {}
  for name in operation.path:gmatch("{([%w_]+)}") do path_fields[#path_fields + 1] = name end
  local needed_lists = {}
  for _, field in ipairs(operation.arguments.fields) do
    if field.list and field.required and not field.not_empty then needed_lists[#needed_lists + 1] = field.wire end
  end
  local limited = {}
  for _, field in ipairs(operation.arguments.fields) do
    if field.limit_option then limited[#limited + 1] = field end
  end
  known = {
    full_name = operation.full_name, name = operation.name, effect = operation.effect, method = operation.method, path = operation.path,
    path_fields = #path_fields > 0 and path_fields or nil, context = CONTEXT[operation.context],
    arguments = operation.arguments, argument_shape = shape_of(operation.arguments),
    answer_shape = shape_of(operation.answer), answers_nothing = #operation.answer.fields == 0,
    limited = #limited > 0 and limited or nil, has_body = operation.method ~= "GET",
    needed_lists = #needed_lists > 0 and needed_lists or nil,
  }
  ready[operation] = known
  return known
end

--- The same for an answer as the service sends it, under its own names: what did not come is nil, also a list.
---@param operation table declared and completed
---@return table
function compiled.as_sent(operation)
  local copy = {}
  for name, value in pairs(compiled.operation(operation)) do copy[name] = value end
  copy.answer_shape, copy.as_sent = nil, true
  return copy
end

return compiled
