--- Which user an account is, so that members of the team are known among those who can reach sites.
--
-- Owns the table `account_owners`. The service names it for those who can reach one site, a site a call, so each account is asked for
-- once and remembered. An account may get another owner: of whom something is to be decided is asked for anew, unless it was the same day;
-- and everybody once a month. That the owner of an account is the user of the same id in the team is inferred.

local database = require "wixum.ledger.database"
local errors = require "wixum.errors"
local folding = require "wixum.folding"
local map = require "wixum.map"
local selector = require "wixum.ledger.selector"
local quoted = database.quoted

local owners = {}

local FRESH, KNOWN_FOR = 12 * 3600, 30 * 86400 -- seconds for which an answer counts: of whom it is about; of others

local PRESENT = [[SELECT p.site_id, p.account_id FROM presences p JOIN sites s ON s.site_id = p.site_id
  LEFT JOIN account_owners o ON o.account_id = p.account_id
  WHERE p.gone_at IS NULL AND s.unlisted_at IS NULL AND (%s) ORDER BY p.site_id]]

-- Those that nobody has asked about; those of these users, or of nobody, as was said too long ago, or by a clock that was put back since;
-- and those of others, as was said very long ago.
local OF_USERS = "o.account_id IS NULL OR NOT o.seen_at BETWEEN %s AND %s AND (o.user_id = '' OR o.user_id IN (%s) OR o.seen_at < %s)"
local THEMSELVES = "p.account_id IN (%s) AND (o.account_id IS NULL OR NOT o.seen_at BETWEEN %s AND %s)"

-- Between which moments an answer counts.
local function fresh(owner) return selector.date(math.floor(owner.time()) - FRESH), owner.now() end

local function listed(ids)
  local texts = {}
  for i, id in ipairs(ids) do texts[i] = quoted(folding.ascii(id)) end
  return table.concat(texts, ",")
end

-- Which accounts are to be asked about.
local function condition_of(owner, users, accounts)
  local from, to = fresh(owner)
  local parts = {}
  if users[1] then
    parts[1] = OF_USERS:format(quoted(from), quoted(to), listed(users), quoted(selector.date(math.floor(owner.time()) - KNOWN_FOR)))
  end
  if accounts and accounts[1] then parts[#parts + 1] = THEMSELVES:format(listed(accounts), quoted(from), quoted(to)) end
  return parts[1] and table.concat(parts, " OR ")
end

-- Sites that name every account which is to be asked about, the fewest that a simple choice finds.
local function sites_to_ask(owner, condition)
  local db, on, order = owner.db, {}, {}
  for row in db:rows(PRESENT:format(condition)) do
    if not on[row.site_id] then
      on[row.site_id] = {}
      order[#order + 1] = row.site_id
    end
    table.insert(on[row.site_id], row.account_id)
  end
  table.sort(order, function(one, other)
    if #on[one] ~= #on[other] then return #on[one] > #on[other] end
    return one < other
  end)
  local asked, list = {}, {}
  for _, site_id in ipairs(order) do
    local new = false
    for _, account in ipairs(on[site_id]) do
      new = new or not asked[account]
      asked[account] = true
    end
    if new then list[#list + 1] = site_id end
  end
  return list
end

--- The sites that are to be asked, a call each, so that all of them are known, and whose these users' are is no old story.
---@param owner table of the ledger: `db`, `now`, `time`
---@param users string[] ids; without any it is asked about these accounts alone
---@param accounts string[]? ids
---@return string[] site_ids
function owners.to_ask(owner, users, accounts)
  local condition = condition_of(owner, users, accounts)
  return condition and sites_to_ask(owner, condition) or {}
end

--- Accounts that are of other people's users, as far as it was said.
---@param db table
---@param whose table<string, string> addresses of these people, by user id
---@return table<string, string> # the addresses, by account
function owners.of_others(db, whose)
  local found = {}
  for row in db:rows("SELECT account_id, user_id FROM account_owners WHERE user_id <> ''") do found[row.account_id] = whose[row.user_id] end
  return found
end

local KNOWN = [[INSERT INTO account_owners (account_id, user_id, seen_at) VALUES (?, ?, ?)
  ON CONFLICT (account_id) DO UPDATE SET user_id = excluded.user_id, seen_at = excluded.seen_at]]

--- Remembers who owns which account, as it was answered.
---@param owner table of the ledger: `db`, `now`
---@param users table<string, string> user ids by account, in small letters
function owners.remember(owner, users)
  local now = owner.now()
  owner.db:transaction(function()
    for account, user in pairs(users) do owner.db:run(KNOWN, account, user, now) end
  end)
end

-- A site that is closed to the key, or gone, says nothing of the others.
local OF_ONE_SITE = { forbidden = true, not_found = true, precondition = true, rejected = true }

--- Asks sites whose accounts those on them are, many at once.
---@param owner table of the ledger: `db`, `now`
---@param wix table
---@param list string[] site ids
---@param is_over fun(): boolean
---@return integer calls
---@return wixum.Error? err where nothing more could be asked; what was answered is kept
---@return { id: string, name: string?, problem: wixum.Error }[] unasked sites that would not say
---@return table<string, table<string, string>> there by site the accounts that it names, with their users, "" where it says none
function owners.learn(owner, wix, list, is_over)
  local db, calls, stop, unasked, there = owner.db, 0, nil, {}, {}
  local position = 0
  local _, raised = map.each(function()
    if stop or is_over() then return nil end
    position = position + 1
    return list[position]
  end, function(site_id)
    local own <close> = wix:with{ site_id = site_id }
    local answer, problem = own.contributors.query_site_contributors{}
    calls = calls + 1
    if not answer then
      if OF_ONE_SITE[problem.kind] then
        local site = db:one("SELECT name FROM sites WHERE site_id = ?", site_id)
        unasked[#unasked + 1] = { id = site_id, name = site and site.name, problem = problem }
      else stop = stop or problem end
      return true
    end
    local users = {}
    for _, contributor in ipairs(answer.contributors) do
      if type(contributor.account_id) == "string" then
        local user = contributor.account_owner_id
        users[folding.ascii(contributor.account_id)] = type(user) == "string" and folding.ascii(user) or ""
      end
    end
    owners.remember(owner, users)
    there[site_id] = users
    return true
  end)
  if raised ~= nil then error(raised, 0) end -- the database's, or a mistake of ours
  -- where every site says no, it is the key
  if #unasked == #list and #list > 1 then
    return calls, errors.new{ kind = "forbidden", outcome = "refused", operation = "contributors.query_site_contributors",
      where = errors.where(), message = "no site says who can reach it: has the key the permission Manage Contributors?" }, unasked, there
  end
  return calls, stop, unasked, there
end

--- Of how many accounts that are there the service did not say whose they are.
---@param db table
---@return integer
function owners.silent(db)
  return db:one([[SELECT count(DISTINCT p.account_id) AS number FROM presences p JOIN account_owners o ON o.account_id = p.account_id
    WHERE p.gone_at IS NULL AND o.user_id = '']]).number
end

--- The accounts of a user.
---@param owner table of the ledger: `db`, `now`, `time`
---@param user_id string
---@return { account_id: string, old_at: string? }[] accounts old_at: when that was said, where it is too long ago
function owners.accounts(owner, user_id)
  local list, from, to = {}, fresh(owner)
  for row in owner.db:rows("SELECT account_id, seen_at FROM account_owners WHERE user_id = ? ORDER BY account_id",
    folding.ascii(user_id)) do
    local is_fresh = row.seen_at >= from and row.seen_at <= to
    list[#list + 1] = { account_id = row.account_id, old_at = not is_fresh and row.seen_at or nil }
  end
  return list
end

return owners
