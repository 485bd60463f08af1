-- Hands over finished sites: one call invites all people of a site. Plays on a sandbox unless told --live, then it mails.
local wixum = require "wixum"
local live, file = false, "examples/customers.csv"
for _, word in ipairs(arg) do if word == "--live" then live = true else file = word end end

local server = not live and assert(require("wixum.sandbox").start{ seed = 1 })
local wix <close> = live and wixum.client() or server:client()
local url, loopback = wix:endpoint()
print((loopback and "SANDBOX " or "LIVE ") .. url .. (loopback and ": nobody is mailed" or ""))
local calls, call_of, first_line = {}, {}, {} -- one call a site, in the order of the file
for row, line in assert(wixum.csv.rows(file)) do
  local ok, reason = wixum.check_email(row.email)
  local person = ok and row.site_id and row.site_id .. " " .. row.email:lower()
  if not person then print(("line %d: %s: not invited, %s"):format(line, row.email, reason or "its row names no site_id"))
  elseif first_line[person] then print(("line %d: %s: the same as line %d"):format(line, row.email, first_line[person]))
  else
    first_line[person] = line
    local call = call_of[row.site_id] or { site = row.site, emails = {} }
    if not call_of[row.site_id] then call_of[row.site_id], calls[#calls + 1] = call, call end
    call.wix, call.role, call.why, call.language = wix:with{ site_id = row.site_id }, row.policy_id, row.invite_purpose, row.language
    table.insert(call.emails, row.email)
  end
end

local sent = {} -- keep the ids: no call lists a site's invites
for _, call in ipairs(calls) do
  local answer, err = call.wix.site_invites.bulk_invite{
    policy_ids = { call.role }, emails = call.emails, invite_purpose = call.why, default_email_language = call.language }
  local trouble = not answer and (err.outcome == "unknown" and ", perhaps invited: " or ", not invited: ") .. err
  print(("%s: %d people%s"):format(call.site, #call.emails, trouble or ""))
  for _, invite in ipairs(answer and answer.invites or {}) do
    print("  " .. invite.id, invite.email)
    table.insert(sent, { wix = call.wix, id = invite.id, email = invite.email })
  end
  for _, email in ipairs(answer and answer.failed_emails or {}) do print("  not invited (the service gives no reason)", email) end
end
if #sent < 2 then os.exit(#sent > 0, true) end
local function tell(what, answer, result) print(what .. ": " .. (answer and "done" or tostring(result))) end
tell("mail lost, resent to " .. sent[1].email, sent[1].wix.site_invites.resend_invite{ invite_id = sent[1].id })
tell("wrong person, revoked " .. sent[2].email, sent[2].wix.site_invites.revoke_invite{ invite_id = sent[2].id })
