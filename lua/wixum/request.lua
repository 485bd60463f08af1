--- From checked arguments to a request: path, context header, further headers, body.
--
-- Owns what goes on the wire besides the key, which the core adds itself. Must not send.

local core = require "wixum.core"
local redaction = require "wixum.redaction"

local request_of = {}

-- Every byte but letters, digits and - _ ~ is escaped; a dot too, so that no id can climb in the path.
local function escaped(id)
  return (id:gsub("[^%w%-_~]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

local function path_of(operation, arguments)
  local path = operation.path
  for _, name in ipairs(operation.path_fields) do
    path = path:gsub("{" .. name .. "}", (escaped(rawget(arguments, name)):gsub("%%", "%%%%")))
  end
  return path
end

-- The last id of each kind that was found to be a GUID, and its header: most calls name the same as the one before.
local known_id, known_header = {}, {}

-- "wix-site-id: …" or "wix-account-id: …", as the operation needs; or nil, what is missing and what to do.
local function context_header(context, settings)
  local id = settings[context.option]
  if id and id == known_id[context] then return known_header[context] end
  if not id then
    return nil, ("this call needs a %s, and none is known"):format(context.option),
      ("Give %s to wixum.client{ … } or wix:with{ … }, or set %s"):format(context.option, context.variable)
  end
  if not core.is_guid(id) then
    return nil, ("%s is not a GUID (8-4-4-4-12 hex digits)"):format(context.option),
      ("Correct %s, from the option or from %s: the dashboard's address shows a site's"):format(context.option, context.variable)
  end
  known_id[context], known_header[context] = id, context.header .. ": " .. id
  return known_header[context]
end

local function new_headers(settings, root, context)
  local consistent = root.consistent
  local list = { context, "Content-Type: application/json", "User-Agent: " .. (settings.user_agent or root.user_agent) }
  -- libcurl would ask leave before a large body, and wait for it
  list[4] = "Expect:"
  if consistent then list[5] = "X-Wix-Consistent: " .. consistent end
  if settings.headers then
    local sorted = {}
    for name, value in pairs(settings.headers) do sorted[#sorted + 1] = name .. ": " .. value end
    table.sort(sorted)
    table.move(sorted, 1, #sorted, #list + 1, list)
  end
  return list
end

-- The headers of a client's calls, made anew where something in them has changed. `cache` is nil where a call has options
-- of its own.
local function headers_of(settings, root, context, cache)
  if not cache then return new_headers(settings, root, context) end
  if cache.context ~= context or cache.consistent ~= root.consistent then
    cache.context, cache.consistent, cache.list = context, root.consistent, new_headers(settings, root, context)
  end
  return cache.list
end

--- The request as people and a `transport` see it: headers by name, the key masked.
---@param root table what a client shares with all made from it
---@param request table
---@return { method: string, url: string, headers: table<string, string>, body: string }
function request_of.visible(root, request)
  local headers = { Authorization = "[masked]" }
  for _, line in ipairs(request.headers) do
    local name, value = line:match("^([^:]+): (.+)$")
    if name then
      local shown = core.redact(value) -- what the service had us say back may be anything
      headers[name] = shown == value:gsub("\t", " ") and value or shown
    end
  end
  return { method = request.method, url = root.base_url .. request.path, headers = headers, body = request.body }
end

--- Makes the request of a call.
---@param operation table compiled
---@param settings table options as they apply to the call
---@param root table what a client shares with all made from it
---@param arguments table? checked
---@param wire table the same under the wire's names
---@param cache table? where a client keeps what is the same from call to call
---@return table? request
---@return string? problem
---@return string? advice
function request_of.make(operation, settings, root, arguments, wire, cache)
  local context, problem, advice = context_header(operation.context, settings)
  if not context then return nil, problem, advice end
  local body, unwritable = core.encode(wire)
  if not body then return nil, "the arguments cannot be written as JSON: " .. (redaction.text(unwritable) or "") end
  return {
    method = operation.method, path = path_of(operation, arguments), body = body,
    headers = headers_of(settings, root, context, cache), connect_timeout = 0, timeout = 0, -- seconds, set for each attempt
  }
end

return request_of
