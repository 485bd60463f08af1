--- The sandbox's pages as a browser asks for them: without key and site, forms as from our own page.
--
-- Owns one server at a time, and the calls by which something gets onto the pages.

local assert = require "luassert"
local cjson = require "cjson"
local raw = require "spec.support.raw_client"
local sandbox = require "wixum.sandbox"

local pages = {}

pages.SITE, pages.SECOND_SITE = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
pages.ACCOUNT = "00000000-0000-4000-8000-0000000000cc"
pages.ADMIN, pages.ACCOUNT_ADMIN = "6732588207941061632", "6642345101181663232" -- roles: on a site, on the account

local server

--- Starts a sandbox with one site, Bakery, whose clock stands; one from before is stopped.
function pages.start(given)
  local complete = {
    seed = 1, sites = { { id = pages.SITE, name = "Bakery" } }, account_id = pages.ACCOUNT, start_time = 1734427301,
  }
  for name, value in pairs(given or {}) do complete[name] = value end
  if server then server:stop() end
  server = assert(sandbox.start(complete))
  return server
end

--- After each: nothing stumbled.
function pages.stop()
  if not server then return end
  assert.equal("", server:last_error())
  server:stop()
  server = nil
end

--- As a browser asks.
function pages.ask(path, options)
  options = options or {}
  local headers = { authorization = false, ["wix-site-id"] = false, ["content-type"] = false }
  for name, value in pairs(options.headers or {}) do headers[name] = value end
  return assert(raw.call(server, path, options.body, { method = options.method or "GET", headers = headers }))
end

--- The text of a page that is there.
function pages.page(path)
  local answer = pages.ask(path or "/")
  assert.equal(200, answer.status, answer.body)
  return answer.body
end

--- What is seen of a page: its text without markup.
function pages.words(text)
  return (text:gsub("<style.-</style>", ""):gsub("<script.-</script>", ""):gsub("<[^>]*>", " "):gsub("%s+", " "))
end

--- One section of the overview, without its markup.
function pages.section(name, text)
  return pages.words(assert((text or pages.page()):match('<section id="' .. name .. '".-</section>'), name))
end

--- A form that is sent from our own page.
function pages.post(verb, token, headers, body)
  local all = {
    origin = server.base_url, ["sec-fetch-site"] = "same-origin", ["content-type"] = "application/x-www-form-urlencoded",
  }
  for name, value in pairs(headers or {}) do all[name] = value end
  return pages.ask("/_sandbox/" .. verb, { method = "POST", body = body or "token=" .. token, headers = all })
end

-- A call of the service's for the account, or for a site.
local function call(method, path, body, context)
  local headers = { ["wix-site-id"] = context or false, ["wix-account-id"] = not context and pages.ACCOUNT or nil }
  local answer = assert(raw.call(server, path, body, { method = method, headers = headers }))
  assert.equal(200, answer.status, answer.body)
  return answer.body
end

--- Invites somebody to a site; `more` goes into the body.
---@return table invite # names of the wire
function pages.invite(email, more, site)
  local body = { policyIds = { pages.ADMIN }, emails = { email or "ann@example.com" } }
  for name, value in pairs(more or {}) do body[name] = value end
  local answer = call("POST", "/invites/site-invite/bulk", cjson.encode(body), site or pages.SITE)
  return assert(cjson.decode(answer).invites[1], answer)
end

--- Invites somebody to the team: a role on a site, or on the whole account.
---@return table invite # names of the wire
function pages.invite_to_team(email, role, site)
  local assignment = { policyId = role, assignments = site and { { fullNameResource = { siteContext = { metasiteId = site } } } } }
  local body = cjson.encode{ subjectsAssignments = { { subjectEmail = email, assignments = { assignment } } } }
  local answer = call("POST", "/invites/account-invite/create", body)
  return assert(cjson.decode(answer).successfulInvites[1], answer)
end

--- Gives a member of the team a role on the sites of a folder, both of that name.
function pages.restrict_to_folder(member, name)
  local found = call("POST", "/roles-management/v3/team/search", cjson.encode{ query = member })
  local body = cjson.encode{ userId = found:match('"user":{"id":"([%x-]+)"'), newAssignments = { {
    policyId = name, restrictions = { conditions = { conditions = { { conditionType = "FOLDER", id = "folder", value = name } } } },
  } } }
  body = body:gsub("}$", ',"assignmentIdsToRemove":[]}') -- lua-cjson cannot write an empty list
  call("PATCH", "/roles-management/v2/team/assignments", body)
end

--- Resends or revokes.
function pages.change(verb, one)
  call("POST", ("/invites/site-invite/%s/%s"):format(one.id, verb), nil, one.siteId)
end

function pages.token_of(one)
  return one.acceptLink:match("token=(%w+)$")
end

--- How an invite stands.
function pages.status_of(one)
  return server:invites{ id = one.id }[1].status
end

return pages
