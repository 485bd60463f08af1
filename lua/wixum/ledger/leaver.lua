--- A leaver: what somebody can still reach, all of it; and taking it away.
--
-- Owns what is put together, and in which order it is taken away. An account is taken for hers where that is known, and on the site
-- whose invite it used: nowhere else, since links are passed on. What no call can do is told, not left out.

local act = require "wixum.ledger.act"
local aftermath = require "wixum.ledger.aftermath"
local changes = require "wixum.ledger.changes"
local check = require "wixum.ledger.check"
local client = require "wixum.client"
local decide = require "wixum.ledger.decide"
local evidence = require "wixum.ledger.evidence"
local folding = require "wixum.folding"
local looks = require "wixum.ledger.looks"
local owners = require "wixum.ledger.owners"
local removed = require "wixum.ledger.removed"
local run = require "wixum.ledger.run"
local team = require "wixum.ledger.team"
local team_invites = require "wixum.ledger.team_invites"

local leaver = {}

---@class wixum.LeaverPlan
---@field email string
---@field member wixum.TeamPerson? of the team
---@field changes wixum.Change[] removals
---@field revoke table[] invites that are open: email, site_id, name, state
---@field take_back table[] that were not mailed yet
---@field decide { text: string, command: string? }[] what a person has to decide first
---@field dashboard string[] what no call can do
---@field sites integer of the account that were looked at
---@field calls integer reads
---@field is_empty boolean nothing to do, and nothing to decide

---@class wixum.Leaver: wixum.LeaverPlan
---@field applied boolean
---@field done wixum.ChangeSummary?
---@field revoked wixum.ActSummary?
---@field taken_back integer?
---@field seen wixum.Aftermath?
---@field left wixum.LeaverPlan? what is still so afterwards
---@field stopped wixum.Error?
---@field interrupted_at string? when an earlier run of the same began that was not carried out to its end

-- ---- what is so ------------------------------------------------------------------------------------------------------

local ROWS = [[SELECT i.id, i.email, i.site_id, s.name, i.state, i.step, i.mails, i.invite_id, i.evidence, i.account_id, i.candidates,
  i.earlier_invites FROM invites i LEFT JOIN sites s ON s.site_id = i.site_id WHERE i.person = ? ORDER BY i.id]]

local REACHED = [[SELECT p.site_id, p.account_id, s.name, s.owner_account_id FROM presences p JOIN sites s ON s.site_id = p.site_id
  WHERE p.account_id = ? AND p.gone_at IS NULL AND s.unlisted_at IS NULL ORDER BY p.site_id]]

local function place(row) return row.name or row.site_id end

-- Looks at everything. Answers the team's people of this address; or nil and the error, or nil where it was to end.
local function look(owner, wix, person, email, plan, options)
  local db, now = owner.db, owner.now
  local function is_over() return options.is_over() end
  local sites, err, calls = looks.everywhere(db, wix, now, is_over)
  plan.calls = calls
  if not sites then return nil, err end
  plan.sites = #sites
  local account = client.state(wix).settings.account_id
  plan.own_account = account and folding.ascii(account)
  db:transaction(function()
    for _, row in ipairs(db:all("SELECT DISTINCT site_id FROM invites WHERE person = ? AND mails > 0", person)) do
      check.evaluate(db, row.site_id, plan.own_account, options.trust, now())
    end
  end)
  local people
  people, err, calls = team.read(wix, email)
  plan.calls = plan.calls + calls
  if not people then return nil, err end
  for _, one in ipairs(people) do
    if one.user_id then
      local asked
      asked, err = owners.learn(owner, wix, is_over)
      plan.calls = plan.calls + asked
      if err then return nil, err end
      if is_over() then return nil end
    end
  end
  return people
end

-- Accounts that are hers for certain, with the evidence.
local function certain_accounts(db, person, people)
  local list, known = {}, {}
  local function add(account, why)
    if not known[account] then
      known[account] = why
      list[#list + 1] = account
    end
  end
  for row in db:rows("SELECT account_id FROM accounts WHERE person = ? ORDER BY account_id", person) do
    add(row.account_id, evidence.OPERATOR)
  end
  for _, one in ipairs(people) do
    for _, account in ipairs(one.user_id and owners.accounts(db, one.user_id) or {}) do
      -- a person has said whose it is
      local said = db:one("SELECT person FROM accounts WHERE account_id = ?", account)
      if not said or said.person == person then add(account, evidence.TEAM) end
    end
  end
  return list, known
end

-- ---- the plan --------------------------------------------------------------------------------------------------------

local function add_removal(plan, reached, email, why)
  if plan.planned[reached.site_id .. reached.account_id] then return end
  plan.planned[reached.site_id .. reached.account_id] = true
  if reached.account_id == plan.own_account then
    plan.dashboard[#plan.dashboard + 1] = ("%s is reached by the account of the key itself, %s, which is left alone"):format(place(reached),
      reached.account_id)
    return
  end
  if reached.owner_account_id == reached.account_id then
    plan.dashboard[#plan.dashboard + 1] = ("%s belongs to her account %s: transfer the site, or leave it to her"):format(place(reached),
      reached.account_id)
    return
  end
  plan.changes[#plan.changes + 1] = { kind = "remove_contributor", site_id = reached.site_id, account_id = reached.account_id,
    email = email, evidence = why,
    words = ("takes account %s off %s (%s)"):format(reached.account_id, place(reached), evidence.WORDS[why] or why) }
end

local function add_accounts(db, plan, email, accounts, known)
  for _, account in ipairs(accounts) do
    for row in db:rows(REACHED, account) do add_removal(plan, row, email, known[account]) end
  end
end

local function add_open(plan, row)
  if row.state == "planned" then
    plan.take_back[#plan.take_back + 1] = row
  elseif row.state == "pending" or row.state == "expired" or row.state == "unknown" then
    if row.invite_id then plan.revoke[#plan.revoke + 1] = row
    elseif row.state ~= "expired" then
      plan.dashboard[#plan.dashboard + 1] = ("%s: an invite of hers may be open whose id is not known: delete it on the site's "
        .. "Roles & Permissions page"):format(place(row))
    end
  end
end

-- Invites that were accepted, or may have been.
local function add_joined(db, plan, row, known, elsewhere)
  if row.state == "accepted" and row.account_id then
    local accounts = removed.accounts_of(db, row)
    for _, account in ipairs(accounts) do
      for reached in db:rows(REACHED, account) do
        if reached.site_id == row.site_id then add_removal(plan, reached, row.email, row.evidence)
        elseif not known[account] then elsewhere[#elsewhere + 1] = { row = row, reached = reached } end
      end
    end
    -- the invite itself may be open, where it is not sure that it is the one that was used
    if row.invite_id and accounts[1] and (row.evidence == evidence.KNOWN_ACCOUNT or row.evidence == evidence.OPERATOR
      or row.earlier_invites > 0) then
      plan.changes[#plan.changes + 1] = { kind = "revoke_invite", site_id = row.site_id, email = row.email,
        detail = { invite_id = row.invite_id }, words = ("revokes the invite to %s, should it be open"):format(place(row)) }
    end
  elseif row.state == "accepted" then
    plan.decide[#plan.decide + 1] = { text = ("%s: she accepted, and it is not known by which account: look at the site's Roles & "
      .. "Permissions page"):format(place(row)) }
  elseif row.evidence == evidence.UNCLEAR then
    plan.decide[#plan.decide + 1] = { text = ("%s: she may be account %s there"):format(place(row), (row.candidates:gsub(" ", " or "))),
      command = ("wixum confirm %s --site %s --account ID"):format(row.email, row.site_id) }
  end
end

local function add_team(plan, people, invites)
  for _, one in ipairs(people) do
    if one.user_id then
      plan.member = one
      table.insert(plan.changes, 1, { kind = "remove_member", user_id = one.user_id, email = one.email,
        words = ("removes %s from the team (%d roles)"):format(one.email, #one.assignments) })
    elseif one.status == "Pending" then
      plan.dashboard[#plan.dashboard + 1] = ("an invite to the team is open until %s, which no call can revoke: delete it in the "
        .. "account's Roles & Permissions, or she can still join"):format(one.expires_at or "it expires")
    end
  end
  for _, row in ipairs(invites) do
    if row.state == "planned" then plan.team_planned = row.id end
  end
end

-- An account that used her invite on one site, and is on another without: it may be hers, or whoever had the link.
local function add_elsewhere(plan, elsewhere)
  for _, found in ipairs(elsewhere) do
    local key = found.reached.site_id .. found.reached.account_id
    if not plan.planned[key] then
      plan.planned[key] = true
      plan.decide[#plan.decide + 1] = { text = ("%s: account %s, which used her invite to %s, is there too"):format(place(found.reached),
        found.reached.account_id, place(found.row)), command = ("wixum confirm %s --site %s --account %s"):format(found.row.email,
        found.row.site_id, found.reached.account_id) }
    end
  end
end

-- Puts together what is so. Answers nil and the error where it could not be seen; nil alone where it was to end.
local function make(owner, wix, email, options)
  local db, person = owner.db, folding.person(email)
  local plan = { email = email, changes = {}, revoke = {}, take_back = {}, decide = {}, dashboard = {}, planned = {}, sites = 0, calls = 0 }
  local people, err = look(owner, wix, person, email, plan, options)
  if not people then return nil, err end
  add_team(plan, people, db:all("SELECT id, state FROM team_invites WHERE person = ?", person))
  local accounts, known = certain_accounts(db, person, people)
  add_accounts(db, plan, email, accounts, known)
  local elsewhere = {}
  for _, row in ipairs(db:all(ROWS, person)) do
    add_open(plan, row)
    add_joined(db, plan, row, known, elsewhere)
  end
  add_elsewhere(plan, elsewhere)
  plan.is_empty = #plan.changes + #plan.revoke + #plan.take_back + #plan.decide + #plan.dashboard == 0 and not plan.team_planned
  plan.is_known = #people > 0 or #accounts > 0 or db:one("SELECT id FROM invites WHERE person = ? LIMIT 1", person) ~= nil
  plan.planned = nil
  return plan
end

-- ---- taking it away --------------------------------------------------------------------------------------------------

local TAKEN_BACK = "UPDATE invites SET state = 'revoked', reason = 'taken back before it was mailed', changed_at = ? WHERE id = ?"

local function take_back(db, plan, now)
  db:transaction(function()
    for _, row in ipairs(plan.take_back) do db:run(TAKEN_BACK, now, row.id) end
    if plan.team_planned then
      db:run("UPDATE team_invites SET state = 'revoked', reason = 'taken back before it was mailed', changed_at = ? WHERE id = ?", now,
        plan.team_planned)
    end
  end)
  return #plan.take_back + (plan.team_planned and 1 or 0)
end

local function apply(owner, wix, plan, options)
  local db, now, person = owner.db, owner.now, folding.person(plan.email)
  plan.applied = true
  plan.taken_back = take_back(db, plan, now())
  if #plan.revoke > 0 then
    plan.revoked = act.run(owner, wix, "revoke", { email = plan.email }, { anew = true, concurrency = options.concurrency })
    plan.stopped = plan.revoked.stopped
  end
  if plan.stopped then return end
  local id = changes.plan(db, "leaver", person, plan.changes, now())
  plan.done = changes.carry_out(owner, wix, id, options)
  plan.stopped = plan.done.stopped
  if plan.stopped then return end
  local rows = changes.rows(db, id)
  local err
  plan.seen, err = aftermath.look(owner, wix, rows)
  for _, row in ipairs(rows) do
    if row.kind == "remove_contributor" and row.seen == "as_wanted" then removed.account(db, row.site_id, row.account_id, now()) end
  end
  if err then
    plan.stopped = err
    return
  end
  changes.finish(db, id, now())
  plan.left, plan.stopped = make(owner, wix, plan.email, options)
end

--- Tells what somebody can still reach; takes it away where that is asked for and `ask` says yes.
---@param owner table of the ledger: `db`, `now`; while it lasts, `stop_run` ends it
---@param wix table
---@param given { email: string, apply: boolean?, ask: (fun(plan: wixum.LeaverPlan): boolean)?, trust: table }
---@param options { concurrency: integer?, on_progress: function? }
---@return wixum.Leaver?
---@return wixum.Error?
function leaver.run(owner, wix, given, options)
  local db, now, stopped = owner.db, owner.now, nil
  run.recover(db, now())
  changes.recover(db, now())
  team_invites.recover(db, now())
  decide.expire(db, now())
  owner.stop_run = function() stopped = run.asked_to_stop "sites.query_sites" end
  local own = { concurrency = options.concurrency, on_progress = options.on_progress, trust = given.trust,
    is_over = function() return stopped ~= nil end }
  local ok, plan, err = pcall(make, owner, wix, given.email, own)
  owner.stop_run = nil
  if not ok then error(plan, 0) end
  if not plan then return nil, err or stopped end
  plan.applied = false
  if not given.apply then return plan end
  if #plan.changes + #plan.revoke + #plan.take_back > 0 or plan.team_planned then
    if given.ask and not given.ask(plan) then return plan end
    plan.interrupted_at = changes.supersede(db, "leaver", folding.person(plan.email), now())
    apply(owner, wix, plan, own)
  end
  return plan
end

return leaver
