--- From checked arguments to a request: path, context header, further headers, body.
--
-- Owns what goes on the wire besides the key, which the core adds itself. Must not send.

local core = require "wixum.core"
local pretty = require "wixum.pretty"
local redaction = require "wixum.redaction"

local request_of, encode = {}, core.encode

-- Bytes of path and query. How much the service takes is not documented; the core takes a little more.
local LONGEST_PATH = 60000

-- Every byte but letters, digits and - _ ~ is escaped; a dot too, so that no id can climb in the path.
local function escaped(id)
  return (id:gsub("[^%w%-_~]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

local function path_of(operation, arguments)
  local path = operation.path
  for _, name in ipairs(operation.path_fields or {}) do
    path = path:gsub("{" .. name .. "}", (escaped(rawget(arguments, name)):gsub("%%", "%%%%")))
  end
  return path
end

-- "wix-site-id: …" or "wix-account-id: …", as the operation needs; or nil, what is missing and what to do.
local function context_header(context, settings)
  local id = settings[context.option]
  if not id then
    return nil, ("this call needs %s %s, and none is known"):format(context.option == "site_id" and "a" or "an", context.option),
      ("Give %s to wixum.client{ … } or wix:with{ … }, or set %s, or %s in the config file"):format(
        context.option, context.variable, context.option)
  end
  if not core.is_guid(id) then
    return nil, ("%s is not a GUID (8-4-4-4-12 hex digits)"):format(context.option),
      ("Correct %s, from the option or from %s: the dashboard's address shows a site's"):format(context.option, context.variable)
  end
  return context.header .. ": " .. id
end

local function new_headers(settings, root, context, has_body)
  local consistent = root.consistent
  local list = { context, "User-Agent: " .. (settings.user_agent or root.user_agent) }
  if has_body then table.insert(list, 2, "Content-Type: application/json") end
  if consistent then list[#list + 1] = "X-Wix-Consistent: " .. consistent end
  if settings.headers then
    local sorted = {}
    for name, value in pairs(settings.headers) do sorted[#sorted + 1] = name .. ": " .. value end
    table.sort(sorted)
    table.move(sorted, 1, #sorted, #list + 1, list)
  end
  return list
end

-- The headers of a client's calls, made anew where something in them has changed. `cache` is nil where a call has options
-- of its own. Answers nil, the problem and advice where they cannot be made.
local function headers_of(context, has_body, settings, root, cache)
  if cache and cache.context == context and cache.has_body == has_body and cache.consistent == root.consistent then
    return cache.list
  end
  local line, problem, advice = context_header(context, settings)
  if not line then return nil, problem, advice end
  local list = new_headers(settings, root, line, has_body)
  if cache then cache.context, cache.has_body, cache.consistent, cache.list = context, has_body, root.consistent, list end
  return list
end

-- ---- queries ---------------------------------------------------------------------------------------------------------

--- A value as it stands in a query.
---@param value string|number|boolean
---@return string
function request_of.in_query(value)
  if math.type(value) == "float" then value = tostring(value):gsub(",", ".") end -- the locale may have a comma there
  return (tostring(value):gsub("[^%w%-_.~]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

-- "a=1&b.c=x&b.c=y": nested names are dotted, lists repeated, as the official client writes them; declared order.
local function add_pairs(list, shape, wire, prefix)
  for _, field in ipairs(shape.fields) do
    local value, name = wire[field.wire], prefix .. field.wire
    if type(field.type) == "table" and value ~= nil then add_pairs(list, field.type, value, name .. ".")
    elseif field.list then
      for _, item in ipairs(value or {}) do list[#list + 1] = name .. "=" .. request_of.in_query(item) end
    elseif value ~= nil and not field.in_path then list[#list + 1] = name .. "=" .. request_of.in_query(value) end
  end
  return list
end

-- Lists that a call needs and that may be empty go out as such, as the official client sends them. lua-cjson cannot: an
-- empty table is an object to it.
local function with_empty_lists(body, operation, wire)
  for _, name in ipairs(operation.needed_lists) do
    if wire[name] == nil then body = body:sub(1, -2) .. (body == "{}" and "" or ",") .. ('"%s":[]}'):format(name) end
  end
  return body
end

local function with_query(path, operation, wire)
  local list = add_pairs({}, operation.arguments, wire, "")
  return #list > 0 and path .. "?" .. table.concat(list, "&") or path
end

-- For eyes: what dry_run answers, in a REPL.
local printable = { __name = "wixum.Request", __tostring = function(request) return pretty.text(request) end }

--- The request as people and a `transport` see it: headers by name, the key masked.
---@param root table what a client shares with all made from it
---@param method string
---@param path string
---@param header_lines string[] "Name: value", without the key
---@param body string?
---@return { method: string, url: string, headers: table<string, string>, body: string? }
function request_of.visible(root, method, path, header_lines, body)
  local headers = { Authorization = "[masked]" }
  for _, line in ipairs(header_lines) do
    local name, value = line:match("^([^:]+): (.+)$")
    if name then
      local shown = core.redact(value) -- what the service had us say back may be anything
      headers[name] = shown == value:gsub("\t", " ") and value or shown
    end
  end
  return setmetatable({ method = method, url = root.base_url .. path, headers = headers, body = body }, printable)
end

--- What the request of a call consists of, besides its method.
---@param operation table compiled
---@param settings table options as they apply to the call
---@param root table what a client shares with all made from it
---@param arguments table? checked
---@param wire table the same under the wire's names
---@param cache table? where a client keeps what is the same from call to call
---@return string? path begins with "/"; nil where the request cannot be made
---@return string[]|string header_lines "Name: value", without the key; or the problem
---@return string? body nil for a GET, whose arguments are in the path; or advice
function request_of.parts(operation, settings, root, arguments, wire, cache)
  local has_body = operation.has_body
  local headers, problem, advice = headers_of(operation.context, has_body, settings, root, cache)
  if not headers then return nil, problem, advice end
  if not has_body then
    local path = operation.free and operation.path or with_query(path_of(operation, arguments), operation, wire)
    if #path > LONGEST_PATH then return nil, ("its address would be longer than %d bytes"):format(LONGEST_PATH), "Ask for less at once" end
    return path, headers
  end
  if operation.free and arguments.body == nil then return operation.path, headers, "" end
  local body, unwritable = encode(not operation.free and wire or wire.body)
  if not body then return nil, "the arguments cannot be written as JSON: " .. (redaction.text(unwritable) or "") end
  if operation.needed_lists then body = with_empty_lists(body, operation, wire) end
  return operation.path_fields and path_of(operation, arguments) or operation.path, headers, body
end

return request_of
