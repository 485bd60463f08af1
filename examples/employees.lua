-- Invites employees to the account, each with a role on chosen sites. On a sandbox unless told --live, then it mails.
local wixum = require "wixum"
local live, file = false, "examples/employees.csv"
for _, word in ipairs(arg) do if word == "--live" then live = true else file = word end end

local server = not live and assert(require("wixum.sandbox").start(dofile "examples/agency.lua"))
local wix <close> = live and wixum.client() or server:client()
local url, loopback = wix:endpoint()
print((loopback and "SANDBOX " or "LIVE ") .. url .. (loopback and ": nobody is mailed" or ""))

local site_called = {}
for site in wix.sites.each_site() do site_called[site.display_name] = site end
local roles = assert(wix.users.get_roles_info{ locale = "en" }) -- once for all rows

local function invitee(row)
  local everywhere = row.sites == "everywhere" or nil -- an empty cell is never the whole account
  local sites = not everywhere and {} or nil
  for name in (not everywhere and row.sites or ""):gmatch("%s*([^;]+)") do
    local site = site_called[name:match("^(.-)%s*$")]
    if not site then return nil, "there is no site called " .. name end
    table.insert(sites, site)
  end
  if sites and #sites == 0 then return nil, "no site is named" end
  local role, err = wixum.roles.find(wix, row.role, { level = everywhere and "account" or "site", roles = roles })
  if not role then return nil, err.message end
  return wixum.assignments.invitee{ email = row.email, role = role, sites = sites, everywhere = everywhere }
end

local invitees = {}
for row, line in assert(wixum.csv.rows(file)) do
  local one, reason = wixum.check_email(row.email)
  if one then one, reason = invitee(row) end
  if one then table.insert(invitees, one) else print(("line %d: %s: not invited, %s"):format(line, row.email, reason)) end
end

local sent, failed = wixum.split.create_invite(wix, { subjects_assignments = invitees })
if not sent then error(failed) end
for _, invite in ipairs(sent.successful_invites) do print(invite.id, invite.email, invite.status) end
for _, one in ipairs(sent.failed_invites) do print("not invited", one.subject_email, one.error_message) end
for _, part in ipairs(failed or {}) do print(table.concat(part.emails, ", ") .. ": " .. part.error) end
