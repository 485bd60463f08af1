-- Who can reach what, beside a list of who should. --live only looks, --live --apply acts; on the sandbox it always does.
local wixum = require "wixum"
local live, apply, file = false, true, "examples/access.csv"
for _, word in ipairs(arg) do
  if word == "--live" then live, apply = true, false elseif word == "--apply" then apply = true else file = word end
end
local server = not live and assert(require("wixum.sandbox").start(dofile "examples/agency.lua"))
local wix <close> = live and wixum.client() or server:client()
print((live and "LIVE " or "SANDBOX ") .. wix:endpoint())
local function act(operation, arguments) if apply then assert(operation(arguments)) end end

local roles = assert(wix.users.get_roles_info{ locale = "en" })
local owner = assert(wixum.roles.find(wix, "Owner", { roles = roles })).id
local site_called, wanted, members = {}, {}, {} -- wanted[email][role id .. site id] = { role, sites or everywhere }
for site in wix.sites.each_site() do site_called[site.display_name] = site end
for row, line in assert(wixum.csv.rows(file)) do
  local site = row.site ~= "everywhere" and assert(site_called[row.site], "line " .. line .. ": no such site") or nil
  local role = assert(wixum.roles.find(wix, row.role, { level = site and "site" or "account", roles = roles }))
  wanted[row.email] = wanted[row.email] or {}
  wanted[row.email][role.id .. (site and site.id or "")] = { role = role, sites = site and { site }, everywhere = not site or nil }
end
for member in wix.users.each_member() do -- collected first: removing shifts the pages
  if member.invite then print("invite", member.invite.status, member.invite.email, member.invite.expiration_date)
  else table.insert(members, member.user) end
end
for _, user in ipairs(members) do
  local missing, extra, new, owns = wanted[user.email] or {}, {}, {}, false
  for _, has in ipairs(user.assignments) do
    local key = has.policy_id .. (has.restrictions and has.restrictions.site and has.restrictions.site.id or "")
    owns = owns or has.policy_id == owner
    if missing[key] then missing[key] = nil else table.insert(extra, has.assignment_id) end
  end
  for _, one in pairs(missing) do table.move(wixum.assignments.of(one), 1, 1, #new + 1, new) end
  local what = owns and "owner" or not wanted[user.email] and "leaver" or #new + #extra > 0 and "change" or "fine"
  print(what, user.email, what == "change" and ("%d to give, %d to take away"):format(#new, #extra) or "")
  local change = { user_id = user.id, new_assignments = new, assignment_ids_to_remove = extra }
  if what == "leaver" then act(wix.users.remove_member, { user_id = user.id })
  elseif what == "change" then act(wix.users.update_team_member_assignments, change) end
end
