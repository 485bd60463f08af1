--- What is seen of somebody who leaves: all sites, the team, and sites themselves where the account's list does not say enough.
--
-- Owns the asking for it, in which order and how often; and what of it counts as seen. What could not be seen is put among the plan's
-- `unseen` and `hints`. What follows from what is seen is said by `leaver_plan`. Changes nothing at the service.

local absent = require "wixum.ledger.absent"
local access_plan = require "wixum.access.plan"
local check = require "wixum.ledger.check"
local client = require "wixum.client"
local evidence = require "wixum.ledger.evidence"
local folding = require "wixum.folding"
local gather = require "wixum.access.gather"
local looks = require "wixum.ledger.looks"
local owners = require "wixum.ledger.owners"
local removed = require "wixum.ledger.removed"
local team = require "wixum.ledger.team"
local titles = require "wixum.access.titles"

local leaver_look = {}

-- A site's owner is in no list of those who can reach it.
local REACHED = [[SELECT p.site_id AS site_id, p.account_id AS account_id, s.name AS name, s.unlisted_at AS unlisted_at,
  s.owner_account_id AS owner_account_id FROM presences p JOIN sites s ON s.site_id = p.site_id
  WHERE p.account_id = ? AND p.gone_at IS NULL
  UNION SELECT site_id, owner_account_id, name, unlisted_at, owner_account_id FROM sites WHERE owner_account_id = ? AND ?]]

--- Where an account is, or owns the site. What the key's own account owns is everything, and nobody's in particular. What a site has said
--- itself counts for more than what was seen of it once.
---@param db table
---@param plan table of which everything has been looked at
---@param account string
---@return table[] list `site_id`, `account_id`, `name`, `unlisted_at`, `owner_account_id`
function leaver_look.reached_by(db, plan, account)
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

local INVITED = [[SELECT user_id FROM team_invites WHERE person = ? AND user_id IS NOT NULL
  UNION SELECT user_id FROM past_team_invites WHERE person = ? AND user_id IS NOT NULL ORDER BY user_id]]

-- Users that they are, or were: who has been taken out of the team is still the owner of their accounts. But whoever is in the team under
-- another address by now is not said to leave.
local function users_of(db, person, people, others, plan)
  local list, known = {}, {}
  local function add(id)
    id = id and folding.ascii(id)
    if not id or id == "" or known[id] then return end
    known[id] = true
    if others[id] then
      plan.decide[#plan.decide + 1] = { text = ("the user %s, who was %s in the team, is %s there now"):format(id, plan.email, others[id]),
        command = "wixum leaver " .. evidence.shell(others[id]) }
    else list[#list + 1] = id end
  end
  for _, one in ipairs(people) do add(one.user_id) end
  for row in db:rows(INVITED, person, person) do add(row.user_id) end
  for row in db:rows("SELECT DISTINCT user_id, email FROM changes WHERE user_id IS NOT NULL ORDER BY user_id") do
    if folding.person(row.email) == person then add(row.user_id) end
  end
  return list
end

-- Who else is in the team: addresses by user.
local function others_of(everybody, person)
  local others = {}
  for _, one in ipairs(everybody) do
    if one.member and one.user_id and one.person ~= person and one.email ~= "" then others[folding.ascii(one.user_id)] = one.email end
  end
  return others
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
local FOREIGN = [[SELECT count(*) AS number FROM sites s WHERE owner_account_id NOT IN ('', ?) AND unlisted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM account_owners o WHERE o.account_id = s.owner_account_id AND o.user_id <> '')
  AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.account_id = s.owner_account_id)
  AND NOT EXISTS (SELECT 1 FROM invites i WHERE i.account_id = s.owner_account_id)]]

-- Is there an account that may be somebody's, whose sites are to be known?
local ANY_ACCOUNT = [[SELECT 1 AS found FROM accounts WHERE person = ? UNION SELECT 1 FROM invites WHERE person = ?
  AND account_id IS NOT NULL LIMIT 1]]

local USED = "SELECT DISTINCT account_id FROM invites WHERE person = ? AND account_id IS NOT NULL ORDER BY account_id"

-- Asks the sites of which the list does not say who can reach them, and those that tell whose the accounts are: also those which used
-- their invites, since a link is passed on, to somebody who stays perhaps.
local function ask_sites(owner, wix, person, users, plan, options)
  local db, used = owner.db, {}
  for row in db:rows(USED, person) do used[#used + 1] = row.account_id end
  local list = owners.to_ask(owner, users, used)
  local must = users[1] ~= nil
  if users[1] or db:one(ANY_ACCOUNT, person, person) then
    for _, site in ipairs(plan.silent) do list[#list + 1], must = site.id, true end
  end
  if not users[1] and not list[1] then return true end
  if options.on_cost then options.on_cost(#list) end
  local asked, err, unasked, there = owners.learn(owner, wix, list, options.is_over)
  plan.calls = plan.calls + asked
  if options.is_over() then return nil end
  if not must and (unasked[1] or err and err.kind == "forbidden") then -- what is known of them stands without it
    plan.hints[#plan.hints + 1] = ("whether an account that used their invites is somebody else's in the team: %s"):format(
      (err or unasked[1].problem).message)
    return true
  end
  if err then return nil, err end
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
    plan.unseen[#plan.unseen + 1] = ("sites that are counted, and not in the account's list: %d of %d; compare `wixum sites` "
      .. "with the dashboard, and look at the Roles & Permissions pages of those that it lacks"):format(number - plan.sites, number)
  end
end

--- Looks at everything.
---@param owner table of the ledger: `db`, `now`, `time`
---@param wix table
---@param person string
---@param plan table to which is added what was seen
---@param options { is_over: (fun(): boolean), trust: table, on_cost: (fun(calls: integer))? }
---@return wixum.TeamPerson[]? people of the team, of this address; nil where it could not be seen, or was to end
---@return string[]|wixum.Error? users theirs; or the error
function leaver_look.all(owner, wix, person, plan, options)
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
  local people, others = {}, others_of(everybody, person)
  for _, one in ipairs(everybody) do if one.person == person then people[#people + 1] = one end end
  local ok
  ok, err = mark_owner(wix, plan, people)
  if not ok then return nil, err end
  local users = users_of(db, person, people, others, plan)
  ok, err = ask_sites(owner, wix, person, users, plan, options)
  if not ok then return nil, err end
  plan.others = owners.of_others(db, others)
  if users[1] then add_hint(plan, owners.silent(db), "of %d accounts the service does not say whose they are") end
  if plan.own_account then
    add_hint(plan, db:one(FOREIGN, plan.own_account).number, "sites that belong to accounts of which nobody knows whose they are: %d")
  end
  return people, users
end

--- Accounts that are theirs for certain.
---@param owner table of the ledger
---@param person string
---@param users string[]
---@return string[] accounts
---@return table<string, string> known the evidence, by account
---@return table<string, string> old when that was so last, by account, where nobody could be asked since
function leaver_look.accounts(owner, person, users)
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

-- Also of those who were taken off since: they may have been let in again.
local JOINED = "SELECT account_id, site_id, evidence FROM invites WHERE person = ? AND account_id IS NOT NULL"

--- Whose an account is that used somebody's invite, where it is somebody else's.
---@param db table
---@param plan table of which everything has been looked at
---@param account string
---@param person string
---@return string? email
---@return string? words how that is known
function leaver_look.somebody_elses(db, plan, account, person)
  local said = db:one("SELECT person, email FROM accounts WHERE account_id = ?", account)
  if said then
    if said.person ~= person then return said.email, "as a person has said" end
    return nil
  end
  return plan.others[account], "as the team says"
end

--- Where accounts that are theirs were seen, and the list lacks them: the sites are asked.
---@param owner table of the ledger
---@param wix table
---@param person string
---@param plan table
---@param accounts string[] as `leaver_look.accounts` answers
---@param known table<string, string>
---@param options { is_over: (fun(): boolean), on_cost: (fun(calls: integer))? }
---@return wixum.Lacked[]? there those that are there, with the evidence; nil where it was to end, or could not be seen
---@return wixum.Error? err
function leaver_look.absent(owner, wix, person, plan, accounts, known, options)
  local wanted, why = {}, {}
  local function add(account, site_id, evidence_of)
    if account == plan.own_account then return end
    wanted[#wanted + 1] = { account_id = account, site_id = site_id }
    why[account .. (site_id or "")] = evidence_of
  end
  for _, account in ipairs(accounts) do add(account, nil, known[account]) end
  for row in owner.db:rows(JOINED, person) do
    if not leaver_look.somebody_elses(owner.db, plan, row.account_id, person) then add(row.account_id, row.site_id, row.evidence) end
  end
  local list, calls, err = absent.find(owner, wix, wanted, options.is_over, options.on_cost)
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

return leaver_look
