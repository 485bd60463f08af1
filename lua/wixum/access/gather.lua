--- Reads who can reach what: sites, who is on them with which roles, and the team; in as few calls as the service allows.
--
-- Owns the asking and the guesses at roles, which spare calls: two a site with anybody on it where they are right. What is seen of sites
-- is stored by `looks`; nothing is changed at the service.

local client = require "wixum.client"
local errors = require "wixum.errors"
local every_site = require "wixum.every_site"
local folding = require "wixum.folding"
local looks = require "wixum.ledger.looks"
local map = require "wixum.map"
local reach = require "wixum.ledger.reach"
local team = require "wixum.ledger.team"

local gather = {}

local ALONE = 3 -- sites at most that are read one by one, until there is something to guess by
local IN_A_ROW = 3 -- sites that could not be read one after the other: no other would fare better

---@class wixum.AccessJob a site whose roles are asked for
---@field site_id string
---@field accounts string[]? nil: that is to be asked first
---@field ignored table<string, true>? accounts whose roles nobody asks for: the owner's
---@field likely string[][]? what somebody there probably has, the likeliest first; nil: what people were invited with, or have elsewhere

-- ---- sites -----------------------------------------------------------------------------------------------------------

--- How many sites the account has.
---@param wix table
---@return integer?
---@return wixum.Error? err
function gather.count(wix)
  local answer, err = wix.sites.count_sites{ query = { filter = every_site } } -- the same that are listed
  if not answer then return nil, err end
  local number = math.tointeger(answer.count)
  if number then return number end
  return nil, errors.new{ kind = "protocol", outcome = "unknown", operation = "sites.count_sites", where = errors.where(),
    message = "the answer has no count" }
end

--- Looks at all sites, or at some, and stores what is seen.
---@param owner table of the ledger: `db`, `now`
---@param wix table
---@param ids string[]? these alone
---@return wixum.SeenSite[]? sites
---@return wixum.Error? err
---@return integer calls
function gather.sites(owner, wix, ids)
  local db = owner.db
  if not ids then return looks.everywhere(db, wix, owner.now, function() return false end) end
  local list, calls = {}, 0
  for first = 1, #ids, looks.A_CALL do
    local page = table.move(ids, first, math.min(first + looks.A_CALL - 1, #ids), 1, {})
    for _, id in ipairs(page) do db:run("INSERT INTO sites (site_id) VALUES (?) ON CONFLICT DO NOTHING", id) end
    local seen, err, sites = looks.at(db, wix, page, owner.now)
    calls = calls + 1
    if not seen then return nil, err, calls end
    table.move(sites, 1, #sites, #list + 1, list)
  end
  return list, nil, calls
end

local PRESENT = "SELECT site_id, account_id, absent_at, seen_at FROM presences WHERE gone_at IS NULL ORDER BY id"

--- Who is on the sites, as they looked last.
---@param db table
---@return table<string, { account_id: string, absent_at: string?, seen_at: string }[]> by site
function gather.present(db)
  local by_site = {}
  for row in db:rows(PRESENT) do
    local list = by_site[row.site_id]
    if not list then
      list = {}
      by_site[row.site_id] = list
    end
    list[#list + 1] = row
  end
  return by_site
end

-- ---- roles -----------------------------------------------------------------------------------------------------------

local ACCEPTED = "SELECT site_id, account_id, policy_ids FROM invites WHERE account_id IS NOT NULL AND state = 'accepted'"
local COMMON = "SELECT policy_ids FROM invites GROUP BY policy_ids ORDER BY count(*) DESC, policy_ids LIMIT 1"

local function ids_of(text)
  local list = {}
  for id in text:gmatch("%S+") do list[#list + 1] = id end
  return list
end

--- The roles that accounts were invited with, by "site account"; and those that most were.
---@param db table
---@return table<string, string[]> invited
---@return string[]? common
function gather.invited_roles(db)
  local invited = {}
  for row in db:rows(ACCEPTED) do
    local key = row.site_id .. " " .. row.account_id
    local list = invited[key] or {}
    table.move(ids_of(row.policy_ids), 1, #ids_of(row.policy_ids), #list + 1, list)
    invited[key] = list
  end
  local common = db:one(COMMON)
  return invited, common and ids_of(common.policy_ids) or nil
end

-- Counts a list of roles: the same ones in another order are the same.
local function count_roles(tally, ids)
  local own, seen = {}, {}
  for _, id in ipairs(ids) do
    if not seen[id] then own[#own + 1], seen[id] = id, true end
  end
  if not own[1] then return end
  table.sort(own)
  local key = table.concat(own, " ")
  tally[key] = tally[key] or { ids = own, key = key, number = 0 }
  tally[key].number = tally[key].number + 1
end

-- What was counted, most often first.
local function by_number(tally)
  local list = {}
  for _, one in pairs(tally) do list[#list + 1] = one end
  table.sort(list, function(one, other)
    if one.number ~= other.number then return one.number > other.number end
    return one.key < other.key
  end)
  return list
end

-- What somebody on a site probably has: what is said, or its people were invited with; then what others have elsewhere, or were invited
-- with.
local function guesses(state, job)
  local own, list, there = {}, {}, {}
  for _, ids in ipairs(job.likely or {}) do count_roles(own, ids) end
  for _, account in ipairs(not job.likely and job.accounts or {}) do
    local ids = state.invited[job.site_id .. " " .. account]
    if ids then count_roles(own, ids) end
  end
  for _, tally in ipairs{ own, next(state.tally) and state.tally or state.common } do
    for _, one in ipairs(by_number(tally)) do
      if not there[one.key] then list[#list + 1], there[one.key] = one.ids, true end
    end
  end
  return list
end

-- What was found makes the next guesses better.
local function learn(state, found)
  for _, roles in pairs(found) do
    local ids = {}
    for id in pairs(roles) do ids[#ids + 1] = id end
    count_roles(state.tally, ids)
  end
end

local function read_site(state, job)
  local wix, accounts = state.wix, job.accounts
  local function add_owners(owners) for account, user in pairs(owners) do state.owners[account] = user end end
  if not accounts then
    state.calls = state.calls + 1
    local answered, problem, owners = reach.accounts_of(wix, job.site_id)
    if not answered then return nil, problem end
    accounts = {}
    for _, account in ipairs(answered) do
      if not (job.ignored and job.ignored[account]) then accounts[#accounts + 1] = account end
    end
    add_owners(owners)
    if #accounts == 0 then
      state.found[job.site_id] = {}
      return true
    end
  end
  local found, err, calls, owners = reach.roles_of(wix, job.site_id, accounts, state.role_ids, guesses(state, job), job.ignored)
  state.calls = state.calls + calls
  add_owners(owners)
  if not found then return nil, err end
  learn(state, found)
  state.found[job.site_id] = found
  return true
end

--- Which roles people have on sites, many sites at once. A site that cannot be read is left out, and told of.
---@param wix table
---@param jobs wixum.AccessJob[]
---@param role_ids string[]
---@param db table of the ledger, for the guess
---@param options { concurrency: integer?, on_progress: fun(done: integer, total: integer)? }
---@return table? state `found` (sets of roles by site and account), `owners` (user ids by account), `unread` (an error by site), `calls`
---@return wixum.Error? err where no site could be read any more
function gather.roles(wix, jobs, role_ids, db, options)
  local state = { wix = wix, role_ids = role_ids, found = {}, owners = {}, unread = {}, calls = 0, tally = {}, common = {}, done = 0,
    in_a_row = 0 }
  local common
  state.invited, common = gather.invited_roles(db)
  if common then count_roles(state.common, common) end
  local position = 0
  local function work(job)
    local ok, err = read_site(state, job)
    state.in_a_row = ok and 0 or state.in_a_row + 1
    if not ok then
      state.unread[job.site_id] = err
      if state.in_a_row >= IN_A_ROW or err.kind == "unauthenticated" or err.kind == "cancelled" or err.kind == "interrupted" then
        state.stop = state.stop or err
      end
    end
    state.done = state.done + 1
    if options.on_progress then options.on_progress(state.done, #jobs) end
    return true
  end
  local function next_job()
    position = position + 1
    return not state.stop and jobs[position] or nil
  end
  -- the first alone, where there is nothing to guess by: all would search for the same
  while position < math.min(ALONE, #jobs - 1) and not state.stop and #guesses(state, jobs[position + 1]) == 0 do work(next_job()) end
  local _, raised = map.each(next_job, work, { concurrency = options.concurrency or client.state(wix).settings.concurrency })
  if raised ~= nil then error(raised, 0) end
  if state.stop then return nil, state.stop end
  return state
end

-- ---- the team --------------------------------------------------------------------------------------------------------

--- The team's members by their user ids, those of whom the service says none, and its open invites.
---@param wix table
---@return { people: wixum.TeamPerson[], members: table<string, wixum.TeamPerson>, others: wixum.TeamPerson[],
--- invites: wixum.TeamPerson[] }?
---@return wixum.Error? err
---@return integer calls
function gather.team(wix)
  local people, err, calls = team.read(wix)
  if not people then return nil, err, calls end
  local found = { people = people, members = {}, others = {}, invites = {} }
  for _, person in ipairs(people) do
    if person.user_id then found.members[folding.ascii(person.user_id)] = person
    elseif person.member then table.insert(found.others, person)
    elseif person.is_open then table.insert(found.invites, person) end
  end
  return found, nil, calls
end

return gather
