--- What somebody who leaves can still reach: everything that is known of it, put together.
--
-- Owns what is a step, what a person has to decide first, and what no call can do. An account is taken for theirs where that is known, and
-- on the site whose invite it used: nowhere else, since links are passed on. What cannot be seen is told, not left out. Changes nothing.

local absent = require "wixum.ledger.absent"
local access_plan = require "wixum.access.plan"
local changes = require "wixum.ledger.changes"
local check = require "wixum.ledger.check"
local client = require "wixum.client"
local evidence = require "wixum.ledger.evidence"
local folding = require "wixum.folding"
local gather = require "wixum.access.gather"
local looks = require "wixum.ledger.looks"
local owners = require "wixum.ledger.owners"
local printable = require("wixum.csv.problem").printable
local removed = require "wixum.ledger.removed"
local team = require "wixum.ledger.team"
local titles = require "wixum.access.titles"

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

-- A site's owner is in no list of those who can reach it.
local REACHED = [[SELECT p.site_id AS site_id, p.account_id AS account_id, s.name AS name, s.unlisted_at AS unlisted_at,
  s.owner_account_id AS owner_account_id FROM presences p JOIN sites s ON s.site_id = p.site_id
  WHERE p.account_id = ? AND p.gone_at IS NULL
  UNION SELECT site_id, owner_account_id, name, unlisted_at, owner_account_id FROM sites WHERE owner_account_id = ? AND ?]]

-- Where an account is, or owns the site. What the key's own account owns is everything, and nobody's in particular. What a site has said
-- itself counts for more than what was seen of it once.
local function reached_by(db, plan, account)
  local list, said, may_own = {}, {}, account ~= plan.own_account
  for _, site in ipairs(plan.silent) do
    local there, owns = plan.there[site.id], may_own and site.owner == account
    said[site.id] = there ~= nil or owns
    if owns or there and there[account] then
      list[#list + 1] = { site_id = site.id, account_id = account, name = site.name, owner_account_id = site.owner }
    end
  end
  for _, row in ipairs(db:all(REACHED, account, account, may_own)) do if not said[row.site_id] then list[#list + 1] = row end end
  table.sort(list, function(one, other) return one.site_id < other.site_id end)
  return list
end

-- The account by which somebody came, where the site is its own by now.
local OWNER = [[SELECT owner_account_id AS account_id FROM sites s WHERE site_id = ? AND (owner_account_id = ? OR EXISTS (SELECT 1
  FROM presences p WHERE p.site_id = s.site_id AND p.row_id = ? AND p.account_id = s.owner_account_id))]]

local function place(row) return row.name or row.site_id end

-- ---- looking ---------------------------------------------------------------------------------------------------------

-- Users that they are, or were: who has been taken out of the team is still the owner of their accounts.
local function users_of(db, person, people)
  local list, known = {}, {}
  local function add(id)
    id = id and folding.ascii(id)
    if id and id ~= "" and not known[id] then list[#list + 1], known[id] = id, true end
  end
  for _, one in ipairs(people) do add(one.user_id) end
  for row in db:rows("SELECT user_id FROM team_invites WHERE person = ? AND user_id IS NOT NULL", person) do add(row.user_id) end
  for row in db:rows("SELECT DISTINCT user_id, email FROM changes WHERE user_id IS NOT NULL ORDER BY user_id") do
    if folding.person(row.email) == person then add(row.user_id) end
  end
  return list
end

-- Marks who is the account's owner among people of the team, if that can be read: their roles tell.
local function mark_owner(wix, plan, people)
  local is_member = false
  for _, one in ipairs(people) do is_member = is_member or one.member end
  if not is_member then return true end
  local known, err = titles.read(wix)
  plan.calls = plan.calls + 1
  if not known then return err.kind == "forbidden", err end -- the service itself knows, and refuses
  for _, one in ipairs(people) do one.is_owner = access_plan.is_owner(one, known) end
  return true
end

-- Sites whose owner nobody knows: the service says whose an account is only of those who can reach a site otherwise.
local FOREIGN = [[SELECT count(*) AS number FROM sites s WHERE owner_account_id <> ? AND unlisted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM account_owners o WHERE o.account_id = s.owner_account_id AND o.user_id <> '')
  AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.account_id = s.owner_account_id)
  AND NOT EXISTS (SELECT 1 FROM invites i WHERE i.account_id = s.owner_account_id)]]

-- Is there an account that may be somebody's, whose sites are to be known?
local ANY_ACCOUNT = [[SELECT 1 AS found FROM accounts WHERE person = ? UNION SELECT 1 FROM invites WHERE person = ?
  AND account_id IS NOT NULL LIMIT 1]]

-- Asks the sites of which the list does not say who can reach them, and those that tell whose the accounts are.
local function ask_sites(owner, wix, person, users, plan, options)
  local db = owner.db
  local list = users[1] and owners.to_ask(owner, users) or {}
  if users[1] or db:one(ANY_ACCOUNT, person, person) then
    for _, site in ipairs(plan.silent) do list[#list + 1] = site.id end
  end
  if not users[1] and not list[1] then return true end
  if options.on_cost then options.on_cost(#list) end
  local asked, err, unasked, there = owners.learn(owner, wix, list, options.is_over)
  plan.calls = plan.calls + asked
  if err then return nil, err end
  if options.is_over() then return nil end
  for _, site in ipairs(plan.silent) do plan.there[site.id] = there[site.id] end
  for _, site in ipairs(unasked) do
    local is_forbidden = site.problem.kind == "forbidden"
    plan.forbidden = plan.forbidden or is_forbidden and site.problem or nil
    plan.unseen[#plan.unseen + 1] = ("%s: whose accounts can reach it could not be asked: %s%s; look at its Roles & Permissions page")
      :format(site.name or site.id, site.problem.message, is_forbidden and " (it takes the permission Manage Contributors)" or "")
  end
  return true
end

local function add_hint(plan, number, text)
  if number > 0 then plan.hints[#plan.hints + 1] = text:format(number) .. ": `wixum access` lists them" end
end

-- Says what is missing where the list of sites is not whole: how many there are is counted beside it.
local function look_for_missing(plan, number, problem)
  if not number then
    plan.unseen[#plan.unseen + 1] = ("whether there are more sites than these: %s; compare `wixum sites` with the dashboard"):format(
      problem.message)
  elseif plan.sites < number then
    plan.unseen[#plan.unseen + 1] = ("sites that are counted, and not in the account's list: %d of %d; `wixum sites` lists the others, "
      .. "look at the Roles & Permissions pages of those that it lacks"):format(number - plan.sites, number)
  end
end

-- Looks at everything. Answers the team's people of this address, and their users; or nil and the error, or nil where it was to end.
local function look(owner, wix, person, plan, options)
  local db, now = owner.db, owner.now
  local number, uncounted = gather.count(wix)
  local sites, err, calls = looks.everywhere(db, wix, now, function() return options.is_over() end)
  plan.calls = calls + 1
  if not sites then return nil, err end
  plan.sites = #sites
  look_for_missing(plan, number, uncounted)
  for _, site in ipairs(sites) do if not site.told then plan.silent[#plan.silent + 1] = site end end
  local account = client.state(wix).settings.account_id
  plan.own_account = account and folding.ascii(account)
  db:transaction(function()
    for _, row in ipairs(db:all("SELECT DISTINCT site_id FROM invites WHERE person = ? AND mails > 0", person)) do
      check.evaluate(db, row.site_id, plan.own_account, options.trust, now())
    end
  end)
  -- all of it: how the service searches is not documented
  local everybody
  everybody, err, calls = team.read(wix)
  plan.calls = plan.calls + calls
  if not everybody then return nil, err end
  local people = {}
  for _, one in ipairs(everybody) do if one.person == person then people[#people + 1] = one end end
  local ok
  ok, err = mark_owner(wix, plan, people)
  if not ok then return nil, err end
  local users = users_of(db, person, people)
  ok, err = ask_sites(owner, wix, person, users, plan, options)
  if not ok then return nil, err end
  if users[1] then add_hint(plan, owners.silent(db), "of %d accounts the service does not say whose they are") end
  if plan.own_account then
    add_hint(plan, db:one(FOREIGN, plan.own_account).number, "sites that belong to accounts of which nobody knows whose they are: %d")
  end
  return people, users
end

-- Accounts that are theirs for certain, with the evidence; and when that was so last, where nobody could be asked since.
local function certain_accounts(owner, person, users)
  local db, list, known, old = owner.db, {}, {}, {}
  local function add(account, why, old_at)
    if not known[account] then
      known[account], old[account] = why, old_at
      list[#list + 1] = account
    end
  end
  for row in db:rows("SELECT account_id FROM accounts WHERE person = ? ORDER BY account_id", person) do
    add(row.account_id, evidence.OPERATOR)
  end
  for _, user in ipairs(users) do
    for _, account in ipairs(owners.accounts(owner, user)) do
      if not removed.somebody_elses(db, account.account_id, person) then add(account.account_id, evidence.TEAM, account.old_at) end
    end
  end
  return list, known, old
end

local JOINED = "SELECT account_id, site_id, evidence FROM invites WHERE person = ? AND state = 'accepted' AND account_id IS NOT NULL"

-- Where accounts that are theirs were seen, and the list lacks them: those that are there, with the evidence. Nil and the error; or nil
-- where it was to end.
local function look_for_absent(owner, wix, person, plan, accounts, known, options)
  local wanted, why = {}, {}
  local function add(account, site_id, evidence_of)
    if account == plan.own_account then return end
    wanted[#wanted + 1] = { account_id = account, site_id = site_id }
    why[account .. (site_id or "")] = evidence_of
  end
  for _, account in ipairs(accounts) do add(account, nil, known[account]) end
  for row in owner.db:rows(JOINED, person) do
    if not removed.somebody_elses(owner.db, row.account_id, person) then add(row.account_id, row.site_id, row.evidence) end
  end
  local list, calls, err = absent.find(owner, wix, wanted, options.is_over)
  plan.calls = plan.calls + calls
  if err or options.is_over() then return nil, err end
  local there = {}
  for _, row in ipairs(list) do
    row.evidence = why[row.account_id] or why[row.account_id .. row.site_id]
    if row.is_there then there[#there + 1] = row
    elseif row.problem then
      plan.forbidden = plan.forbidden or row.problem.kind == "forbidden" and row.problem or nil
      plan.unseen[#plan.unseen + 1] = ("%s: account %s was there, the list lacks it, and the site could not be asked: %s; look at its "
        .. "Roles & Permissions page"):format(row.name or row.site_id, row.account_id, row.problem.message)
    end
  end
  return there
end

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

local function add_accepted(db, plan, person, row, known, elsewhere)
  local accounts = came_by(db, plan, row)
  for _, account in ipairs(accounts) do
    local other = removed.somebody_elses(db, account, person)
    if other then
      plan.decide[#plan.decide + 1] = { text = ("%s: account %s used their invite, and is %s's, as a person has said"):format(place(row),
        account, other) }
    else
      for _, reached in ipairs(reached_by(db, plan, account)) do
        if reached.site_id == row.site_id then add_removal(plan, reached, row.email, row.evidence)
        elseif not known[account] then elsewhere[#elsewhere + 1] = { row = row, reached = reached } end
      end
    end
  end
  -- the invite itself may be open, where it is not sure that it is the one that was used
  if row.invite_id and accounts[1] and removed.may_be_open(row) then
    plan.changes[#plan.changes + 1] = revocation(row, ("revokes the invite to %s, should it be open"):format(place(row)))
  end
end

-- Invites that were accepted, or may have been.
local function add_joined(db, plan, person, row, known, elsewhere)
  if row.state == "accepted" and row.account_id then add_accepted(db, plan, person, row, known, elsewhere)
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
    silent = {}, there = {}, sites = 0, calls = 0 }
  local people, users = look(owner, wix, person, plan, options)
  if not people then return nil, users end
  local invited = add_team(db, plan, person, people)
  local accounts, known, old = certain_accounts(owner, person, users)
  for _, account in ipairs(accounts) do
    for _, row in ipairs(reached_by(db, plan, account)) do add_removal(plan, row, email, known[account], old[account]) end
  end
  local there, err = look_for_absent(owner, wix, person, plan, accounts, known, options)
  if not there then return nil, err end
  for _, row in ipairs(there) do add_removal(plan, row, email, row.evidence) end
  local elsewhere, rows = {}, db:all(ROWS, person)
  for _, row in ipairs(rows) do
    add_open(plan, row)
    add_joined(db, plan, person, row, known, elsewhere)
  end
  add_elsewhere(plan, elsewhere)
  plan.removals, plan.revocations = 0, 0
  for _, change in ipairs(plan.changes) do
    if change.kind == "revoke_invite" then plan.revocations = plan.revocations + 1 else plan.removals = plan.removals + 1 end
  end
  plan.is_empty = #plan.changes + #plan.take_back + #plan.decide + #plan.dashboard + #plan.unseen == 0 and not plan.team_planned
  plan.is_known = #people > 0 or #users > 0 or #accounts > 0 or #rows > 0 or invited
  plan.planned, plan.silent, plan.there = nil, nil, nil
  return plan
end

return leaver_plan
