--- `wix:call{ … }`: an endpoint that is not declared, with the same key, pace, attempts and errors.
--
-- Owns what such a call is made of, and its checks. The call itself is `wixum.call`'s business.

local compiled = require "wixum.compiled"
local core = require "wixum.core"
local errors = require "wixum.errors"
local names = require "wixum.names"
local redaction = require "wixum.redaction"
local in_query = require("wixum.request").in_query
local run_call = require("wixum.call").run

local free_call = {}

local FIELDS = { "method", "path", "query", "body", "effect", "context" }
local EFFECTS = { read = true, repeatable = true, adds = true }
-- Whether a request of that method has a body even where none is given.
local METHODS = { GET = false, DELETE = false, POST = true, PUT = true, PATCH = true }

local arguments_shape = { fields = { { name = "body", wire = "body", type = "any" } }, by_name = {}, by_wire = {} }
local shape -- of the arguments, compiled at the first call

local function mistake(text) errors.mistake("call: " .. text) end

local function check_names(arguments)
  if type(arguments) ~= "table" then mistake("arguments must be a table, not a " .. type(arguments)) end
  for name in pairs(arguments) do
    local known = false
    for _, field in ipairs(FIELDS) do known = known or field == name end
    if not known then
      mistake(("unknown field %s%s"):format(redaction.text(tostring(name), 64) or '""', names.suggestion(name, FIELDS)))
    end
  end
end

local function method_of(arguments)
  local method = rawget(arguments, "method")
  if METHODS[method] == nil then mistake('method must be "GET", "POST", "PUT", "PATCH" or "DELETE"') end
  return method
end

-- A path as it goes out: what does not belong in one has to be percent-encoded by whoever knows which part is which.
local function path_of(arguments)
  local path = rawget(arguments, "path")
  if type(path) ~= "string" or path:sub(1, 1) ~= "/" then mistake('path must be a string that begins with "/"') end
  if #path > 8000 then mistake("path is longer than 8000 bytes") end
  if path:find("[^\x21-\x7E]") or path:find("[#\\?\"<>^`{|}]") then
    mistake("path holds a character that belongs percent-encoded (a query belongs in query)")
  end
  for segment in path:gmatch("[^/]+") do
    local plain = segment:gsub("%%2[eE]", ".")
    if plain == "." or plain == ".." then mistake("path must not hold a segment . or ..") end
  end
  return path
end

local function scalar(name, value)
  local kind = math.type(value) or type(value)
  if kind == "string" and core.is_utf8(value) or kind == "integer" or kind == "boolean" then return in_query(value) end
  mistake(("query.%s must be text (valid UTF-8), a whole number, true or false, or a list of these"):format(name))
end

-- Names in alphabetical order; a list is its name repeated, as the service wants it.
local function query_of(arguments)
  local query, list, sorted = rawget(arguments, "query"), {}, {}
  if query == nil then return "" end
  if type(query) ~= "table" then mistake("query must be a table of names and values") end
  for name in next, query do
    if type(name) ~= "string" or name == "" or not core.is_utf8(name) then mistake("query must have names as keys") end
    sorted[#sorted + 1] = name
  end
  table.sort(sorted)
  for _, name in ipairs(sorted) do
    local value, shown = rawget(query, name), redaction.text(name, 64)
    if type(value) ~= "table" then value = { value } end
    local length = 0
    for key in next, value do
      length = length + 1
      if math.type(key) ~= "integer" then mistake(("query.%s must be a list without names: write dotted names"):format(shown)) end
    end
    if length == 0 then mistake(("query.%s is an empty list, which would be no condition at all"):format(shown)) end
    for i = 1, length do
      if rawget(value, i) == nil then mistake(("query.%s must be a list without holes"):format(shown)) end
      list[#list + 1] = in_query(name) .. "=" .. scalar(shown, rawget(value, i))
    end
  end
  return #list > 0 and "?" .. table.concat(list, "&") or ""
end

-- Which id header goes along: the one there is, unless that leaves a choice.
local function context_of(arguments, ids)
  local context = rawget(arguments, "context")
  if context == nil and ids.site_id and ids.account_id then
    mistake('context must be said, "site" or "account": this client knows the ids of both')
  end
  context = context or ids.account_id and "account" or "site"
  local known = type(context) == "string" and compiled.context(context)
  if not known then mistake('context must be "site" or "account"') end
  return known
end

--- Makes the call.
---@param client table the client's private part
---@param arguments { method: string, path: string, query: table?, body: any, effect: string?, context: string? }
---@param given table? options of this call
---@return any? answer # as the service's JSON has it, nulls left out, its own names
---@return table info # or nil and a wixum.Error
function free_call.run(client, arguments, given)
  check_names(arguments)
  local method, effect, body = method_of(arguments), rawget(arguments, "effect"), rawget(arguments, "body")
  if effect ~= nil and not EFFECTS[effect] then mistake('effect must be "read", "repeatable" or "adds"') end
  if body ~= nil and method == "GET" then mistake("a GET has no body: what it asks for goes into query") end
  local own = type(given) == "table" and given or {} -- anything else is refused where options are checked
  local ids = { site_id = rawget(own, "site_id") or client.settings.site_id,
    account_id = rawget(own, "account_id") or client.settings.account_id }
  shape = shape or core.shape(arguments_shape)
  return run_call(client, {
    full_name = "call", effect = effect or "adds", method = method, path = path_of(arguments) .. query_of(arguments),
    context = context_of(arguments, ids), arguments = arguments_shape, argument_shape = shape, has_body = METHODS[method] or body ~= nil,
    free = true,
  }, { body = body }, given)
end

return free_call
