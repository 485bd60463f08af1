--- An account of the sandbox's on a clock that stands, and requests to its operations byte by byte.
--
-- Owns how a declared operation becomes a request, without the client of wixum that is under test elsewhere.

local cjson = require "cjson"
local declaration = require "wixum.declaration"
local raw = require "spec.support.raw_client"
local sandbox = require "wixum.sandbox"

local account = {
  ID = "00000000-0000-4000-8000-0000000000cc", SITE = "00000000-0000-4000-8000-00000000000a",
  OTHER_SITE = "00000000-0000-4000-8000-00000000000b", NOBODY = "00000000-0000-4000-8000-0000000000ff",
  NORTH = "00000000-0000-4000-8000-000000000101", SOUTH = "00000000-0000-4000-8000-000000000102",
  -- Roles by what they may be given on.
  OWNER = "6601492336091027458", ON_ACCOUNT = "6642345101181663232", ON_SITE = "6732588207941061632", ANYWHERE = "6600412800113080101",
}

local server

--- Starts a sandbox with two sites, the first of which has two locations.
---@param given table? options besides
function account.start(given)
  local complete = {
    seed = 1, account_id = account.ID, start_time = 1734427301,
    sites = { {
      id = account.SITE, name = "Bakery", locations = { { id = account.NORTH, name = "North" }, { id = account.SOUTH, name = "South" } },
    }, { id = account.OTHER_SITE, name = "Florist" } },
  }
  for name, value in pairs(given or {}) do complete[name] = value end
  account.stop()
  server = assert(sandbox.start(complete))
  return server
end

--- The one that runs.
function account.server()
  return server
end

--- After each.
function account.stop()
  if server then server:stop() end
  server = nil
end

--- The declared operation of that name.
---@param name string "users.search_team"
function account.operation(name)
  local namespace, own = name:match("^(.-)%.(.*)$")
  return declaration.namespace(namespace).by_name[own]
end

local function escaped(text)
  return (tostring(text):gsub("[^%w._-]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

local function query_of(fields, prefix, parts)
  for name, value in pairs(fields) do
    if type(value) == "table" and #value == 0 then
      query_of(value, prefix .. name .. ".", parts)
    else
      for _, item in ipairs(type(value) == "table" and value or { value }) do
        parts[#parts + 1] = escaped(prefix .. name) .. "=" .. escaped(item)
      end
    end
  end
  return parts
end

--- Calls an operation with names of the wire.
---@param name string
---@param fields table? as the body has them, or as the query; one named in the path is taken from here too
---@param options { body: string?, method: string?, headers: table? }? body: these bytes in place of the fields
---@return table answer # status, headers, body (decoded where it is JSON), text
function account.call(name, fields, options)
  local operation = account.operation(name)
  options = options or {}
  fields = fields or {}
  local path = operation.path:gsub("{([%w_]+)}", function(field)
    return escaped(fields[operation.arguments.by_name[field].wire] or "")
  end)
  local headers = { ["wix-site-id"] = operation.context == "site" and account.SITE or false,
                    ["wix-account-id"] = operation.context == "account" and account.ID or false }
  for header, value in pairs(options.headers or {}) do headers[header] = value end
  local method, body = options.method or operation.method, options.body
  if operation.method == "GET" then
    local parts = query_of(fields, "", {})
    if #parts > 0 then path = path .. "?" .. table.concat(parts, "&") end
  elseif not body then
    body = next(fields) ~= nil and cjson.encode(fields) or "{}"
  end
  local answer, how = raw.call(server, path, body, { method = method, headers = headers })
  assert(answer, how)
  local done, decoded = pcall(cjson.decode, answer.body)
  return { status = answer.status, headers = answer.headers, text = answer.body, body = done and decoded or nil }
end

--- What a call answers that goes well.
function account.good(name, fields, options)
  local answer = account.call(name, fields, options)
  assert(answer.status == 200, answer.text)
  return answer.body
end

--- Everything that the sandbox knows, as text: the same again where nothing happened.
function account.state()
  return assert(raw.call(server, "/_sandbox/save", nil, { method = "GET" })).body
end

--- Invites an address to the first site, and (with roles for the account) to the account.
function account.invite(email, role)
  return account.good("site_invites.bulk_invite", { policyIds = { role or account.ON_SITE }, emails = { email } }).invites[1]
end

function account.invite_to_team(email, assignments)
  return account.good("account_invites.create_invite", {
    subjectsAssignments = { { subjectEmail = email, assignments = assignments or { { policyId = account.ON_ACCOUNT } } } },
  }).successfulInvites[1]
end

--- An assignment of a role on one site, as account invites have it.
function account.on_site(role, site)
  return { policyId = role, assignments = { { fullNameResource = { siteContext = { metasiteId = site or account.SITE } } } } }
end

return account
