--- What is said of somebody who was looked up: for the operator, with the command that comes next; and for support, to be pasted.
--
-- Owns these words. What they say is put together by `who`.

local evidence = require "wixum.ledger.evidence"
local printable = require("wixum.csv.problem").printable
local settling = require "wixum.ledger.settling"
local team_words = require "wixum.ledger.team_words"

local words = {}

local SHOWN = 40 -- characters of a name

local shell = evidence.shell

local function place(row) return row.name and printable(row.name, SHOWN) or row.site_id end

-- What may have come from a file or an answer as it is: on one line, and not long.
local function plain(value) return printable(tostring(value), 80) end

-- ---- what comes next -------------------------------------------------------------------------------------------------

local NEXT = {
  planned = "wixum resume",
  failed = "wixum retry SELECTOR, then wixum resume",
  revoked = "wixum retry SELECTOR, then wixum resume, to invite anew",
  expired = "wixum resend SELECTOR; where that is refused, wixum retry SELECTOR, then wixum resume",
  unknown = "QUESTION Then wixum settle sent SELECTOR, else wixum settle not_sent SELECTOR",
  pending = "wixum resend SELECTOR, if the mail got lost; wixum revoke SELECTOR, if it went to the wrong person",
  accepted = "wixum withdraw EMAIL --site SITE, to take the access away",
  gone = "if they are to come back, wixum withdraw EMAIL --site SITE, then wixum retry SELECTOR, then wixum resume", -- it ends this invite
}

local DECIDES = { decides = ", once it is sure whose account that is", settles = ", which came by their own invite",
  ["takes back"] = ", should that be wrong" }

--- The command that would come next for an invite.
---@param row wixum.PersonRow
---@return string?
function words.next_step(row)
  if row.step then return "wait: it is being mailed or revoked now" end
  local site, email = row.site_id, shell(row.email)
  if row.evidence == evidence.UNCLEAR and row.state ~= "accepted" then
    local command, what = evidence.decision(row)
    return command .. DECIDES[what]
  end
  local said = { SELECTOR = ("--email %s --site %s"):format(email, site), EMAIL = email, SITE = site,
    QUESTION = settling.question(row.unknown_step) }
  local step = NEXT[row.gone_at and row.state == "accepted" and "gone" or row.state]
  return step and (step:gsub("%u%u+", said))
end

--- The command that would come next for somebody of the team. Of the ledger's own invite to it that is told with the invite.
---@param person wixum.Person
---@return string?
function words.next_for_member(person)
  local inner = person.team and not person.team_invite and (person.team.user or person.team.invite)
  return inner and ("wixum leaver %s shows all that they can reach"):format(shell(inner.email)) or nil
end

local NAMED = 3 -- sites in a command

--- The command that would come next where an account reaches sites without an invite that would explain it.
---@param person wixum.Person
---@return string?
function words.next_for_sites(person)
  local sites, seen = {}, {}
  for _, site in ipairs(person.sites) do
    if not site.unclear and not site.gone_at and not seen[site.site_id] then
      sites[#sites + 1], seen[site.site_id] = " --site " .. site.site_id, true
    end
  end
  if #sites == 0 then return nil end
  return ("wixum access%s, to decide about that in a review"):format(#sites <= NAMED and table.concat(sites) or "")
end

-- ---- for the operator ------------------------------------------------------------------------------------------------

-- What went out, and of one that may not have: that it was tried.
local function dates(row)
  local sent, tried = table.move(row.sent, 1, #row.sent, 1, {}), nil
  if row.state == "unknown" and row.unknown_step ~= "revoke" then tried = table.remove(sent) end
  local parts = {}
  if #sent > 0 then
    parts[1] = (#row.sent < row.mails and ("mailed %d times, %s"):format(row.mails - (tried and 1 or 0), table.concat(sent, " to "))
      or "mailed " .. table.concat(sent, ", "))
  end
  if tried then parts[#parts + 1] = "tried " .. tried end
  if #parts > 0 then return table.concat(parts, ", ") end
  return row.mails > 0 and "mailed, or tried: when is not known" or "never mailed"
end

local function evidence_of(row)
  if row.state == "accepted" then
    local when = row.joined_by and (" between %s and %s"):format(row.joined_after or "nobody knows", row.joined_by) or ""
    return ("joined%s%s: %s%s"):format(when, row.account_id and " by account " .. plain(row.account_id) or "",
      evidence.WORDS[row.evidence] or plain(row.evidence), row.gone_at and "; gone since a look at " .. row.gone_at or "")
  elseif row.evidence == evidence.UNCLEAR then
    return ("%s; it may have been account %s"):format(evidence.WORDS.unclear, evidence.candidates(row))
  end
end

local function role_lines(lines, row)
  local function add(text, ...) lines[#lines + 1] = "    " .. text:format(...) end
  lines[#lines + 1] = ("  %s: %s%s, %s"):format(place(row), row.state, row.evidence == evidence.UNCLEAR and " (unclear)" or "",
    printable(row.roles ~= "" and row.roles or row.policy_ids, 100))
  add("site %s%s", row.site_id, row.invite_id and ", invite " .. plain(row.invite_id) or "")
  add("%s%s", dates(row), row.expires_at and row.state == "pending" and ", expires " .. row.expires_at or "")
  local said = evidence_of(row)
  if said then add("%s", said) end
  if row.could_before then add("this person could reach the site before: whether the invite is accepted cannot be seen") end
  if row.reason then add("%s", printable(row.reason, 200)) end
  local step = words.next_step(row)
  if step then add("next: %s", step) end
end

-- Which role somebody has: by its title where that was asked for.
local function role_of(assignment)
  if type(assignment.role) == "string" then return printable(assignment.role, SHOWN) end
  local id = assignment.policy_id
  return type(id) == "string" and id ~= "" and "role " .. printable(id, SHOWN) or "a role that the service does not name"
end

-- On what somebody has it: the answer of the service as it came, whatever stands in it.
local function site_of(assignment)
  local on = assignment.restrictions
  if on == nil then return "the whole account" end
  local site = type(on) == "table" and type(on.site) == "table" and on.site or {}
  local name = type(site.value) == "string" and site.value or site.id
  return type(name) == "string" and plain(name) or "some sites"
end

local function team_lines(lines, person)
  local team = person.team
  local inner = team.user or team.invite
  local where = {}
  for i, assignment in ipairs(inner.assignments or {}) do
    if i > 5 then
      where[i] = ("and %d more"):format(#inner.assignments - 5)
      break
    end
    where[i] = ("%s (%s)"):format(site_of(assignment), role_of(assignment))
  end
  local name = type(inner.name) == "table" and ("%s %s"):format(inner.name.first_name or "", inner.name.last_name or "") or ""
  name = name:match("^%s*(.-)%s*$")
  local state = type(inner.status) == "string" and printable(inner.status, SHOWN) or "in a state that the service does not say"
  lines[#lines + 1] = ("  the team: %s%s, with roles on %s"):format(team.user and "member" or "invited, " .. state,
    name ~= "" and " (" .. printable(name, SHOWN) .. ")" or "", #where > 0 and table.concat(where, ", ") or "nothing")
  local step = words.next_for_member(person)
  if step then lines[#lines + 1] = "    next: " .. step end
end

local function team_invite_lines(lines, row)
  local sites = select(2, row.site_ids:gsub("%S+", ""))
  local places = row.site_ids == "*" and "the whole account" or ("%d %s"):format(sites, sites == 1 and "site" or "sites")
  local mailed = team_words.mailed(row)
  lines[#lines + 1] = ("  invited to the team as %s on %s: %s%s%s"):format(printable(row.role, SHOWN), places, row.state,
    mailed and ", " .. mailed or "", row.reason and "; " .. printable(row.reason, 200) or "")
  lines[#lines + 1] = "    next: " .. team_words.next_step(row)
end

-- Accounts that no invite names.
local function account_lines(lines, person)
  for _, account in ipairs(person.email and person.accounts or {}) do
    local told = false
    for _, row in ipairs(person.rows) do told = told or row.account_id == account.account_id end
    if not told then
      lines[#lines + 1] = ("  account %s: %s"):format(account.account_id, evidence.WORDS[account.evidence] or account.evidence)
    end
  end
end

local CAME = { planned = "not done yet", sending = "under way", done = "done", failed = "refused",
  unknown = "nobody knows whether it was done" }
local SEEN = { as_wanted = ", and seen to be so", otherwise = ", and seen not to be so" }

local function change_lines(lines, person)
  for _, change in ipairs(person.changes) do
    lines[#lines + 1] = ("  %s %s: %s%s%s"):format(change.changed_at, printable(change.words, 300), CAME[change.state] or change.state,
      SEEN[change.seen] or "", change.reason and "; " .. printable(change.reason, 200) or "")
  end
end

local function person_lines(lines, person)
  lines[#lines + 1] = person.email and printable(person.email, 100) or ("account %s, which is nobody's as far as known"):format(
    person.accounts[1].account_id)
  if person.team then team_lines(lines, person) end
  if person.team_invite then team_invite_lines(lines, person.team_invite) end
  account_lines(lines, person)
  for _, row in ipairs(person.rows) do role_lines(lines, row) end
  for _, site in ipairs(person.sites) do
    lines[#lines + 1] = ("  %s: reached by account %s, %s, %s%s"):format(place(site), site.account_id,
      site.unclear and "by whose invite is unclear" or "without an invite of this ledger",
      site.absent_at and "since between " .. site.absent_at .. " and " .. site.seen_at or "before " .. site.seen_at,
      site.gone_at and "; gone since a look at " .. site.gone_at or "")
  end
  local step = words.next_for_sites(person)
  if step then lines[#lines + 1] = "    next: " .. step end
  change_lines(lines, person)
end

--- The whole, for people.
---@param found wixum.Who
---@return string
function words.text(found)
  local lines = {}
  for _, person in ipairs(found.people) do person_lines(lines, person) end
  if found.more > 0 then lines[#lines + 1] = ("and %d more: say more of the address"):format(found.more) end
  if found.team_has_more then lines[#lines + 1] = "There may be more in the team: say more of the name or the address." end
  if #found.people == 0 then
    lines[1] = ("Nobody is known by %s%s."):format(printable(found.text, SHOWN), found.team_asked and ", here or in the team" or "")
  end
  return table.concat(lines, "\n")
end

-- ---- for support -----------------------------------------------------------------------------------------------------

--- A block to paste: what was called when, and what came back. Neither key nor accept link is in it.
---@param found wixum.Who
---@param calls table[] of `who.calls`
---@param version string
---@param now string
---@return string
function words.support(found, calls, version, now)
  local lines = {
    ("wixum %s; times in UTC; made %s"):format(version, now),
    ("service %s; account %s"):format(found.base_url or "not used yet", found.account_id or "of the key"),
  }
  for _, person in ipairs(found.people) do
    for _, row in ipairs(person.rows) do
      lines[#lines + 1] = ("invite %s: site %s, %s, roles %s, %s%s%s"):format(plain(row.invite_id or "without an id"), row.site_id,
        printable(row.email, 100), plain(row.policy_ids), row.state, row.expires_at and ", expires " .. row.expires_at or "",
        row.account_id and ", account " .. row.account_id or "")
    end
  end
  for _, person in ipairs(found.people) do
    local row = person.team_invite
    if row then
      lines[#lines + 1] = ("invite to the team %s: %s, role %s, %s"):format(plain(row.invite_id or "without an id"),
        printable(row.email, 100), plain(row.policy_id), row.state)
    end
  end
  lines[#lines + 1] = #calls > 0 and "calls:" or "no call about them is kept"
  for _, call in ipairs(calls) do
    lines[#lines + 1] = ("%s %s, site %s: %s, status %s, request id %s%s"):format(call.began_at, call.operation, call.site_id or "none",
      call.outcome or "under way", call.status or "none", plain(call.request_id or "none"),
      call.reason and "; " .. printable(call.reason, 300) or "")
  end
  return table.concat(lines, "\n")
end

return words
