-- Who can reach a site; changes one contributor's role and removes another. On a sandbox unless told --live.
--   lua5.4 examples/contributors.lua [--live] [--change ACCOUNT_ID ROLE_TITLE] [--remove ACCOUNT_ID]
local wixum = require "wixum"
local options, live = {}, false
for i, word in ipairs(arg) do
  if word == "--live" then live = true
  elseif word == "--change" then options.change, options.role = arg[i + 1], arg[i + 2]
  elseif word == "--remove" then options.remove = arg[i + 1]
  elseif word:find("^%-%-") then error("unknown option " .. word, 0) end
end

local server = not live and assert(require("wixum.sandbox").start(dofile "examples/agency.lua"))
local wix <close> = live and wixum.client() or server:client()
local url, loopback = wix:endpoint()
print((loopback and "SANDBOX " or "LIVE ") .. url)

if server then -- two customers accept; what is asked for is then done to them
  local sent = assert(wix.site_invites.bulk_invite{
    policy_ids = { assert(wixum.roles.find(wix, "website designer")).id }, emails = { "ann@example.com", "bob@example.com" } })
  for i, invite in ipairs(sent.invites) do sent[i] = assert(server:accept(invite)).accepted_by_account_id end
  options = { change = sent[1], role = "Website Manager", remove = sent[2] }
end

local function list(when)
  local answer = assert(wix.contributors.query_site_contributors())
  print(("%d contributors %s"):format(#answer.contributors, when))
  for _, contributor in ipairs(answer.contributors) do print("  " .. contributor.account_id) end
end

list("before")
if options.change then
  local role = assert(wixum.roles.find(wix, options.role, { level = "site" }))
  assert(wix.contributors.change_role{ account_id = options.change, new_roles = { { role_id = role.id } } })
  print(options.change .. " is now " .. role.title .. ", and nothing else")
end
if options.remove then
  assert(wix.contributors.remove_contributor{ account_id = options.remove })
  print(options.remove .. " is removed")
end
list("after")
