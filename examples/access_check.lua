-- Who can reach what, beside a list of who should. --live only looks, --live --apply acts; on the sandbox it always does.
local wixum = require "wixum"
local said, file = { ["--live"] = false, ["--apply"] = false }, "examples/access.csv"
for _, word in ipairs(arg) do if said[word] ~= nil then said[word] = true else file = word end end
local server = not said["--live"] and assert(require("wixum.sandbox").start(dofile "examples/agency.lua"))
local wix <close> = server and server:client() or wixum.client()
local apply, url, loopback = server or said["--apply"], wix:endpoint()
print((loopback and "SANDBOX " or "LIVE ") .. url .. (apply and "" or ": only looks (with --apply it gives, takes away and removes)"))
local function act(operation, arguments) if apply then assert(operation(arguments)) end end

local roles = assert(wix.users.get_roles_info{ locale = "en" })
local owner = assert(wixum.roles.find(wix, "Owner", { roles = roles })).id
local site_called, wanted, members = {}, {}, {} -- wanted[email][role id .. where] = { role, sites or everywhere }
for site in wix.sites.each_site() do site_called[site.display_name] = site end
for row, line in assert(wixum.csv.rows(file)) do
  assert(row.email and row.role and row.site, ("%s:%d: email, role and site are needed"):format(file, line))
  local site = row.site ~= "everywhere" and assert(site_called[row.site], ("%s:%d: no site %s"):format(file, line, row.site)) or nil
  local role, email = assert(wixum.roles.find(wix, row.role, { level = site and "site" or "account", roles = roles })), row.email:lower()
  wanted[email] = wanted[email] or {}
  wanted[email][role.id .. (site and site.id or "")] = { role = role, sites = site and { site }, everywhere = not site or nil }
end
assert(next(wanted), file .. " names nobody: everybody would be a leaver")
for member in wix.users.each_member() do table.insert(members, member) end -- collected first: removing shifts the pages
for _, member in ipairs(members) do
  local email, extra, new, owns, missing = ((member.user or member.invite).email or "?"):lower(), {}, {}, false
  missing, wanted[email] = wanted[email], nil
  for _, has in ipairs(member.user and member.user.assignments or {}) do
    local limits = has.restrictions and next(has.restrictions) and (has.restrictions.site or { id = " by something else" })
    local key = has.policy_id .. (limits and limits.id or "")
    owns = owns or has.policy_id == owner
    if missing and missing[key] then missing[key] = nil else table.insert(extra, has.assignment_id) end
  end
  for _, one in pairs(member.user and missing or {}) do table.insert(new, wixum.assignments.of(one)[1]) end
  local what = member.invite and "invite" or owns and "owner" or not missing and "leaver" or #new + #extra > 0 and "change" or "fine"
  print(what, email, member.invite and member.invite.status or ("%d to give, %d to take away"):format(#new, #extra))
  local change = { user_id = member.user and member.user.id, new_assignments = new, assignment_ids_to_remove = extra }
  if what == "leaver" then act(wix.users.remove_member, { user_id = change.user_id })
  elseif what == "change" then act(wix.users.update_team_member_assignments, change) end
end
for email in pairs(wanted) do print("absent", email, "listed, and not in the team") end
