--- One request for Wix's API: from what came in to what Wix would answer.
--
-- Owns the order in which Wix's doors are passed: host, path, method, key, context, permission, rate, body, operation. The documentation
-- does not give that order; what each door says is in Wix's words where they are known (wix-api.md, 1, 7 and 9).
-- Must not know sockets or faults. What an operation does is in the model.

local declaration = require "wixum.declaration"

local checks = require "wixum.sandbox.checks"
local failures = require "wixum.sandbox.failures"
local formats = require "wixum.sandbox.formats"
local json = require "wixum.sandbox.json"
local render = require "wixum.sandbox.render"
local router = require "wixum.sandbox.router"

local api = {}

local loopback = { ["127.0.0.1"] = true, ["localhost"] = true, ["[::1]"] = true }

--- The host of a Host header or an origin, without its port, in lower case.
local function host_of(text)
  return (text:lower():gsub("^%a+://", ""):gsub(":%d*$", ""))
end

--- Whether a request may speak to us: a page elsewhere that has its name point to 127.0.0.1 may not.
---@param headers table<string, string>
---@param further string[] hosts besides those of loopback
---@return boolean
function api.is_for_us(headers, further)
  local host = headers.host and host_of(headers.host)
  if not host or loopback[host] then return true end -- HTTP/1.0 may leave it out; browsers never do
  for _, name in ipairs(further) do
    if host == name then return true end
  end
  return false
end

--- Whether a page of another origin sent it.
---@param headers table<string, string>
---@return boolean
function api.is_foreign(headers)
  return headers.origin ~= nil and not loopback[host_of(headers.origin)]
end

local function authenticate(headers)
  if headers.authorization == "matches" then return nil end
  return failures.application(401, "UNAUTHENTICATED",
    headers.authorization and "The API key is not valid" or "The Authorization header is missing")
end

local function find_site(server, headers)
  local id = headers["wix-site-id"]
  if not id or id == "" then
    return nil, failures.application(428, "MISSING_METASITE_ID", "Could not extract the metasiteId from the request")
  end
  if not formats.guid(id) then
    return nil, failures.application(400, "INVALID_ARGUMENT", "wix-site-id is not a GUID")
  end
  local site = server.model:site(id)
  -- Not documented for invites; elsewhere a key of another account is told 403.
  if not site then return nil, failures.application(403, "PERMISSION_DENIED", "The key's account has no such site") end
  return site
end

local function check_account(server, headers)
  local id = headers["wix-account-id"]
  if not id or id == "" then -- not documented either
    return failures.application(428, "MISSING_ACCOUNT_ID", "Could not extract the accountId from the request")
  end
  if not formats.guid(id) then return failures.application(400, "INVALID_ARGUMENT", "wix-account-id is not a GUID") end
  if id:lower() ~= server.model.account_id then
    return failures.application(403, "PERMISSION_DENIED", "The key belongs to another account")
  end
end

-- Whether an operation on the account may be called for a site.
local function is_for_sites_too(server, operation)
  return operation.full_name == "users.get_roles_info" and server.options.roles_by_site ~= "refuse"
end

-- The site or account that the call is about, or a failure. One of the two headers is right, says the documentation; what
-- both together are is the option `both_ids`.
local function read_context(server, operation, headers)
  local both = server.options.both_ids
  if headers["wix-site-id"] and headers["wix-account-id"] and both == "refuse" then
    return nil, failures.application(400, "INVALID_ARGUMENT", "Send either wix-site-id or wix-account-id, not both")
  end
  local call = { account_id = server.model.account_id }
  local by_site = headers["wix-site-id"] and not headers["wix-account-id"]
  local failure
  if operation.context == "site" or by_site and is_for_sites_too(server, operation) then
    call.site, failure = find_site(server, headers)
    if call.site and operation.context == "site" and (both == "require" or headers["wix-account-id"]) then
      failure = check_account(server, headers)
    end
  else
    failure = check_account(server, headers)
  end
  return not failure and call, failure
end

-- Permissions that every key has: the documentation lists none for the one, and calls the other basic.
local always = { ["none is listed"] = true, ["Read Site Data"] = true }

local function check_permission(server, operation)
  local permissions, wanted = server.options.permissions, operation.permission
  if not permissions or always[wanted] then return nil end
  for _, permission in ipairs(permissions) do
    if permission == wanted then return nil end
  end
  return failures.application(403, "PERMISSION_DENIED", "The API key lacks a permission: " .. wanted)
end

-- A pace that Wix publishes (200 a minute) without saying what is counted, and how the refusal looks.
local function check_rate(server, call)
  local options = server.options
  if not options.rate_limit then return nil end
  server.rate = server.rate or {}
  local label = options.rate_counts == "key" and "key" or call.site and call.site.id or "account"
  local now, window = server.model:now(), math.floor(options.rate_window * 1000000)
  local calls = server.rate[label] or { first = 1, last = 0 }
  server.rate[label] = calls
  while calls.first <= calls.last and calls[calls.first] <= now - window do
    calls[calls.first] = nil
    calls.first = calls.first + 1
  end
  if calls.last - calls.first + 1 < options.rate_limit then
    calls.last = calls.last + 1
    calls[calls.last] = now
    return nil
  end
  local failure = failures.application(429, "RESOURCE_EXHAUSTED", "Too many requests")
  if options.rate_retry_after then
    local wait = math.ceil((calls[calls.first] + window - now) / 1000000)
    failure.headers = { { "Retry-After", ("%d"):format(math.max(wait, 1)) } }
  end
  return failure
end

local function bad_body(words)
  return nil, failures.application(400, "INVALID_ARGUMENT", words)
end

-- What was sent, as an object with names of the wire.
local function read_object(request, operation, body)
  if operation.method == "GET" then
    return checks.query_object(operation.arguments, router.pairs(request.query))
  end
  if body == "" then return {} end -- as Revoke Invite's example has it; fields that are required will be missed
  local kind = (request.headers["content-type"] or ""):lower():match("^%s*([^;%s]*)")
  if kind ~= "application/json" then
    return nil, failures.application(415, "UNSUPPORTED_MEDIA_TYPE", "The body must be application/json") -- not documented
  end
  if not utf8.len(body) then return bad_body "The body is not UTF-8" end
  if not body:find("^%s*{") then return bad_body "The body is not a JSON object" end
  local object, message = json.decode(body)
  if object == nil then return bad_body("The body is not JSON: " .. message) end
  return object
end

--- What the operations do, by namespace. Loaded at once: the owner may change its directory later.
---@return table<string, table<string, function>>
function api.load_handlers()
  local handlers = {}
  for _, namespace in ipairs(declaration.namespace_names()) do
    local name = "wixum.sandbox.model." .. namespace
    handlers[namespace] = package.searchpath(name, package.path) and require(name) or {}
  end
  return handlers
end

local function run(server, operation, call)
  local handler = server.handlers[operation.namespace][operation.name]
  if not handler then return nil, failures.system(501) end
  server.model:settle()
  return handler(server.model, call)
end

local function no_such_path(request)
  if not request.methods then return failures.application(404, "NOT_FOUND", "No such path") end
  local allowed = {}
  for method in pairs(request.methods) do allowed[#allowed + 1] = method end
  table.sort(allowed)
  local failure = failures.application(405, "METHOD_NOT_ALLOWED", "The path has no " .. request.method)
  failure.headers = { { "Allow", table.concat(allowed, ", ") } }
  return failure
end

local function answer_or_failure(server, request, body)
  local operation, headers = request.operation, request.headers
  if not api.is_for_us(headers, server.options.hosts) then
    return nil, failures.application(421, "MISDIRECTED", "The Host header names another host")
  end
  if not operation then return nil, no_such_path(request) end
  local failure = authenticate(headers)
  if failure then return nil, failure end
  local call, object, violations, answer
  call, failure = read_context(server, operation, headers)
  if not call then return nil, failure end
  failure = check_permission(server, operation) or check_rate(server, call)
  if failure then return nil, failure end
  object, failure = read_object(request, operation, body)
  if not object then return nil, failure end
  call.arguments, violations = checks.arguments(operation, object, router.captures(operation, request.segments),
    { lenient_emails = server.options.malformed == "failed" })
  if not call.arguments then return nil, failures.validation(violations) end
  answer, failure = run(server, operation, call)
  if not answer then return nil, failure end
  return { status = 200, body = render.object(operation.answer, answer) }
end

--- Answers a request whose body is there.
---@param server table options, model, handlers
---@param request table method, headers (`authorization` is "matches" or "differs"), query, methods, segments, operation
---@param body string
---@return table answer # status, body, headers (a list of pairs, or nil)
---@return boolean acted # whether the model did what was asked
function api.answer(server, request, body)
  local answer, failure = answer_or_failure(server, request, body)
  return answer or failure, answer ~= nil
end

return api
