--- What somebody who leaves can still reach: everything that is known of it, put together.
--
-- Owns what is a step, what a person has to decide first, and what no call can do. An account is taken for theirs where that is known, and
-- on the site whose invite it used: nowhere else, since links are passed on. What cannot be seen is told, not left out. Changes
-- nothing at the service.

local changes = require "wixum.ledger.changes"
local check = require "wixum.ledger.check"
local evidence = require "wixum.ledger.evidence"
local folding = require "wixum.folding"
local leaver_look = require "wixum.ledger.leaver_look"
local printable = require("wixum.csv.problem").printable
local removed = require "wixum.ledger.removed"

local leaver_plan = {}

---@class wixum.LeaverPlan
---@field email string
---@field member wixum.TeamPerson? of the team
---@field changes wixum.Change[] what is to be done
---@field removals integer of these, how many take access away
---@field revocations integer of these, how many revoke an invite
---@field take_back table[] invites that were not mailed yet
---@field team_planned integer? the row of an invite to the team that was not mailed yet
---@field decide { text: string, command: string? }[] what a person has to decide first
---@field dashboard string[] what they can still reach, or may, and no call can take away
---@field unseen string[] what could not be seen of it, and why
---@field hints string[] what nobody knows of anybody: it may be theirs
---@field forbidden wixum.Error? why something could not be seen, where the key lacks the right
---@field sites integer of the account that were looked at
---@field calls integer reads
---@field is_known boolean does the ledger or the team know this address?
---@field is_empty boolean nothing that is known is left to do, to decide, or to look at

local ROWS = [[SELECT i.id, i.email, i.person, i.site_id, s.name, s.unlisted_at, i.state, i.step, i.mails, i.invite_id, i.evidence,
  i.account_id, i.candidates, i.earlier_invites, i.reason
  FROM invites i LEFT JOIN sites s ON s.site_id = i.site_id WHERE i.person = ? ORDER BY i.id]]

-- The account by which somebody came, where the site is its own by now.
local OWNER = [[SELECT owner_account_id AS account_id FROM sites s WHERE site_id = ? AND (owner_account_id = ? OR EXISTS (SELECT 1
  FROM presences p WHERE p.site_id = s.site_id AND p.row_id = ? AND p.account_id = s.owner_account_id))]]

-- An invite that was revoked, or of which the service has said that it is not open.
local OVER = [[SELECT 1 AS found FROM changes WHERE kind = 'revoke_invite' AND state = 'done'
  AND json_extract(detail, '$.invite_id') = ? LIMIT 1]]

local function place(row) return row.name or row.site_id end

-- ---- putting together ------------------------------------------------------------------------------------------------

local function is_owner(reached) return reached.owner_account_id == reached.account_id end

local function add_removal(plan, reached, email, why, old_at)
  local key = reached.site_id .. reached.account_id
  if plan.planned[key] then return end
  plan.planned[key] = true
  local function in_dashboard(text, ...) plan.dashboard[#plan.dashboard + 1] = text:format(...) end
  if reached.unlisted_at then
    return in_dashboard("%s: account %s was there, and the account's list does not have the site any more, or not who can reach it: "
      .. "look at its Roles & Permissions page", place(reached), reached.account_id)
  elseif reached.account_id == plan.own_account then
    return in_dashboard("%s is reached by the account of the key itself, %s, which is left alone", place(reached), reached.account_id)
  elseif is_owner(reached) then
    return in_dashboard("%s belongs to their account %s: transfer the site, or leave it to them", place(reached), reached.account_id)
  elseif old_at then
    plan.decide[#plan.decide + 1] = { text = ("%s: account %s was theirs at %s, and now the service did not say whose it is: look at its "
      .. "Roles & Permissions page"):format(place(reached), reached.account_id, old_at) }
    return
  end
  plan.changes[#plan.changes + 1] = { kind = "remove_contributor", site_id = reached.site_id, account_id = reached.account_id,
    email = email, evidence = why,
    words = ("takes account %s off %s (%s)"):format(reached.account_id, place(reached), evidence.WORDS[why] or why) }
end

local function revocation(row, words)
  return { kind = "revoke_invite", site_id = row.site_id, email = row.email, detail = { invite_id = row.invite_id, row_id = row.id },
    words = words }
end

local function add_open(plan, row)
  if row.state == "planned" then
    plan.take_back[#plan.take_back + 1] = row
  elseif row.reason == changes.NOT_OPEN then return -- the service has said so since it was mailed last
  elseif row.state == "pending" or row.state == "expired" or row.state == "unknown" then
    if row.invite_id then
      plan.changes[#plan.changes + 1] = revocation(row, ("revokes the invite to %s (%s)"):format(place(row), row.state))
    elseif row.state ~= "expired" then
      plan.dashboard[#plan.dashboard + 1] = ("%s: an invite of theirs may be open whose id is not known: delete it on the site's "
        .. "Roles & Permissions page"):format(place(row))
    end
  end
end

-- Accounts that came by the invites of a row, and are there; be it that the site is theirs by now.
local function came_by(db, plan, row)
  local list, owner = removed.accounts_of(db, row), db:one(OWNER, row.site_id, row.account_id, row.id)
  local function add(more)
    for _, account in ipairs(list) do if account == more then return end end
    list[#list + 1] = more
  end
  if owner then add(owner.account_id) end
  if (plan.there[row.site_id] or {})[row.account_id] then add(row.account_id) end
  return list
end

local function add_accepted(db, plan, person, row, elsewhere)
  local accounts = came_by(db, plan, row)
  for _, account in ipairs(accounts) do
    local other, how = leaver_look.somebody_elses(db, plan, account, person)
    if other then
      plan.decide[#plan.decide + 1] = { text = ("%s: account %s used their invite, and is %s's, %s"):format(place(row), account, other,
        how) }
    else
      for _, reached in ipairs(leaver_look.reached_by(db, plan, account)) do
        if reached.site_id == row.site_id then add_removal(plan, reached, row.email, row.evidence or evidence.KNOWN_ACCOUNT)
        else elsewhere[#elsewhere + 1] = { row = row, reached = reached } end
      end
    end
  end
  -- The invite itself may be open, where it is not sure that it is the one that was used: also where the account has left by itself.
  if row.state == "accepted" and row.invite_id and removed.may_be_open(row) and not db:one(OVER, row.invite_id) then
    plan.changes[#plan.changes + 1] = revocation(row, ("revokes the invite to %s, should it be open"):format(place(row)))
  end
end

-- Invites that were accepted, or may have been. Who used one, and was taken off, may have been let in again.
local function add_joined(db, plan, person, row, elsewhere)
  if row.account_id then add_accepted(db, plan, person, row, elsewhere)
  elseif row.state == "accepted" then
    plan.decide[#plan.decide + 1] = { text = ("%s: they accepted, and it is not known by which account: look at the site's Roles & "
      .. "Permissions page"):format(place(row)) }
  elseif row.evidence == evidence.UNCLEAR then
    row.taken = check.taken(db, row)
    plan.decide[#plan.decide + 1] = { text = ("%s: they may be account %s there"):format(place(row), evidence.candidates(row)),
      command = (evidence.decision(row)) }
  elseif row.unlisted_at and (row.state == "pending" or row.state == "expired" or row.state == "unknown") then
    plan.unseen[#plan.unseen + 1] = ("%s: whether their invite was used: the account's list does not have the site, or not who can reach "
      .. "it; look at its Roles & Permissions page"):format(place(row))
  end
end

local JOIN = "delete it in the account's Roles & Permissions, or they can still join"

-- An invite that is not known to be over.
local function open_words(invite)
  if invite.status == "Pending" then
    return ("an invite to the team is open until %s, which no call can revoke: %s"):format(invite.expires_at or "it expires", JOIN)
  end
  return ("an invite to the team may be open (the service %s), which no call can revoke: %s"):format(
    invite.status and "calls its state " .. printable(invite.status, 40) or "does not say its state", JOIN)
end

local function add_team(db, plan, person, people)
  local is_open = false
  local function in_dashboard(text, ...) plan.dashboard[#plan.dashboard + 1] = text:format(...) end
  for _, one in ipairs(people) do
    if one.member then plan.member = one end
    if one.is_owner then
      in_dashboard("%s is the account's owner, who cannot be removed: transfer the account first", one.email)
    elseif one.user_id then
      table.insert(plan.changes, 1, { kind = "remove_member", user_id = one.user_id, email = one.email,
        words = ("removes %s from the team (%d %s)"):format(one.email, #one.assignments, #one.assignments == 1 and "role" or "roles") })
    elseif one.member then
      in_dashboard("%s is in the team, and the service gives no id by which a call could remove them (%s): remove them in the account's "
        .. "Roles & Permissions", one.email, one.unusable_id or "none")
    elseif one.is_open then
      is_open = true
      in_dashboard("%s", open_words(one))
    end
  end
  local row = db:one("SELECT id, state FROM team_invites WHERE person = ?", person)
  if row and row.state == "planned" then plan.team_planned = row.id
  elseif row and not is_open and not plan.member and (row.state == "unknown" or row.state == "pending") then
    in_dashboard("an invite to the team may be open (%s in the ledger, and not in the team's list): %s", row.state, JOIN)
  end
  return row ~= nil
end

-- An account that used their invite on one site, and is on another without: it may be theirs, or whoever had the link.
local function add_elsewhere(plan, elsewhere)
  for _, found in ipairs(elsewhere) do
    local key = found.reached.site_id .. found.reached.account_id
    if not plan.planned[key] then
      plan.planned[key] = true
      local text = ("%s: account %s, which used their invite to %s, %s"):format(place(found.reached), found.reached.account_id,
        place(found.row), is_owner(found.reached) and "owns it" or "is there too")
      plan.decide[#plan.decide + 1] = { text = text, command = ("wixum confirm %s --site %s --account %s"):format(
        evidence.shell(found.row.email), found.row.site_id, found.reached.account_id) }
    end
  end
end

--- Puts together what is so.
---@param owner table of the ledger: `db`, `now`
---@param wix table
---@param email string
---@param options { is_over: (fun(): boolean), trust: table, on_cost: (fun(calls: integer))? }
---@return wixum.LeaverPlan? # nil where it could not be seen, or was to end
---@return wixum.Error? err
function leaver_plan.make(owner, wix, email, options)
  local db, person = owner.db, folding.person(email)
  local plan = { email = email, changes = {}, take_back = {}, decide = {}, dashboard = {}, unseen = {}, hints = {}, planned = {},
    silent = {}, there = {}, others = {}, sites = 0, calls = 0 }
  local people, users = leaver_look.all(owner, wix, person, plan, options)
  if not people then return nil, users end
  local invited = add_team(db, plan, person, people)
  local accounts, known, old = leaver_look.accounts(owner, person, users)
  for _, account in ipairs(accounts) do
    for _, row in ipairs(leaver_look.reached_by(db, plan, account)) do add_removal(plan, row, email, known[account], old[account]) end
  end
  local there, err = leaver_look.absent(owner, wix, person, plan, accounts, known, options)
  if not there then return nil, err end
  for _, row in ipairs(there) do add_removal(plan, row, email, row.evidence) end
  local elsewhere, rows = {}, db:all(ROWS, person)
  for _, row in ipairs(rows) do
    add_open(plan, row)
    add_joined(db, plan, person, row, elsewhere)
  end
  add_elsewhere(plan, elsewhere)
  plan.removals, plan.revocations = 0, 0
  for _, change in ipairs(plan.changes) do
    if change.kind == "revoke_invite" then plan.revocations = plan.revocations + 1 else plan.removals = plan.removals + 1 end
  end
  plan.is_empty = #plan.changes + #plan.take_back + #plan.decide + #plan.dashboard + #plan.unseen == 0 and not plan.team_planned
  plan.is_known = #people > 0 or #users > 0 or #accounts > 0 or #rows > 0 or #plan.decide > 0 or invited
  plan.planned, plan.silent, plan.there, plan.others = nil, nil, nil, nil
  return plan
end

return leaver_plan
