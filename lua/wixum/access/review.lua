--- A review of access: who can reach what, read anew, with what it takes told before.
--
-- Owns the order of things: count, tell, sites, roles, team, tell, people's roles, rows, what has changed. Changes nothing at the service.

local binding = require "wixum.ledger.binding"
local client = require "wixum.client"
local folding = require "wixum.folding"
local gather = require "wixum.access.gather"
local looks = require "wixum.ledger.looks"
local owners = require "wixum.ledger.owners"
local plans = require "wixum.ledger.plan"
local redaction = require "wixum.redaction"
local rows = require "wixum.access.rows"
local since = require "wixum.access.since"
local ties = require "wixum.access.ties"
local titles = require "wixum.access.titles"
local words = require "wixum.access.words"

local review = {}

---@class wixum.AccessCost
---@field stage "sites"|"roles"
---@field sites integer at "sites" all of them; at "roles" those that somebody can reach
---@field calls integer at least
---@field seconds number at least, by the client's pace

---@class wixum.AccessReview
---@field rows wixum.AccessRow[]
---@field account_id string?
---@field service string
---@field loopback boolean a rehearsal?
---@field read_at string
---@field sites integer
---@field people integer
---@field unknown integer accounts of which nobody knows whose they are
---@field invited integer open invites; one to the team may be several rows
---@field calls integer
---@field compared { new: integer, gone: integer, roles: integer }?
---@field uncompared integer? rows whose roles could not be compared with the earlier review's
---@field in_table integer? rows of the Lua table, where one was written
---@field empty { site_id: string, site: string }[] sites that were asked for and that nobody reaches but their owner
---@field incomplete string[] what could not be read, in words
---@field err wixum.Error? the first error behind that

--- The account that a ledger, or a client, is of.
---@param owner table
---@param wix table
---@return string?
function review.account(owner, wix)
  local account = client.state(wix).settings.account_id or binding.setting(owner.db, "account_id")
  return account and folding.ascii(account) or nil
end

-- The sites whose roles are to be asked for, with who is on them.
local function jobs_of(reading)
  local jobs = {}
  for _, site in ipairs(reading.sites) do
    local ignored = { [site.owner or ""] = true }
    if not site.told then jobs[#jobs + 1] = { site_id = site.id, ignored = ignored }
    else
      local accounts = {}
      for _, presence in ipairs(reading.present[site.id] or {}) do
        if presence.account_id ~= site.owner then accounts[#accounts + 1] = presence.account_id end
      end
      if #accounts > 0 then jobs[#jobs + 1] = { site_id = site.id, accounts = accounts, ignored = ignored } end
    end
  end
  return jobs
end

local function cost_of(stage, sites, calls, wix)
  return { stage = stage, sites = sites, calls = calls, seconds = plans.least_seconds(calls, client.state(wix).settings.rate) }
end

local function told(err) return redaction.text(err.message, 200) or err.kind end

-- The team; a key that may not read it is no reason to tell nothing.
local function read_team(wix, reading, found)
  local team, err, calls = gather.team(wix)
  found.calls = found.calls + calls
  if team then
    reading.team = team
    return true
  end
  if err.kind ~= "forbidden" then return nil, err end
  table.insert(found.incomplete, ("the team could not be read, its members and invites are missing here: %s"):format(told(err)))
  found.err = found.err or err
  return true
end

local function read_roles(owner, wix, reading, found, options)
  local jobs = jobs_of(reading)
  reading.invited = gather.invited_roles(owner.db)
  if options.known_roles then
    reading.found = {}
    local silent = 0
    for _, job in ipairs(jobs) do if not job.accounts then silent = silent + 1 end end
    if silent > 0 then
      table.insert(found.incomplete, ("the service does not say who can reach %s, and without its roles that is not asked: leave "
        .. "--roles known out"):format(words.count(silent, "site", "sites")))
    end
    return true
  end
  local calls = 0
  for _, job in ipairs(jobs) do calls = calls + (job.accounts and 2 or 1) end
  if options.on_cost then options.on_cost(cost_of("roles", #jobs, calls, wix)) end
  local state, err = gather.roles(wix, jobs, reading.titles.ids, owner.db, options)
  if not state then return nil, err end
  reading.unread = state.unread
  reading.found, found.calls = state.found, found.calls + state.calls
  reading.ties:add_team(nil, state.owners)
  owners.remember(owner, state.owners)
  local unread, first = 0, nil
  for _, problem in pairs(state.unread) do
    unread, first = unread + 1, first or problem
  end
  if unread > 0 then
    table.insert(found.incomplete, ("the roles on %s could not be read, they are called unknown here: %s"):format(
      words.count(unread, "site", "sites"), told(first)))
    found.err = found.err or first
  end
  return true
end

-- What a reader wants to know first.
local function count(found)
  local people, unknown, invites = {}, {}, {}
  for _, row in ipairs(found.rows) do
    local of = row.email ~= "" and people or unknown
    local person = rows.person(row)
    if row.who == "invited" and not row.gone then
      if not (row.team_invite and invites[row.team_invite]) then found.invited = found.invited + 1 end
      invites[row.team_invite or ""] = true
    elseif not row.gone and not of[person] then
      of[person] = true
      local name = of == people and "people" or "unknown"
      found[name] = found[name] + 1
    end
  end
end

-- Was a row of the earlier review looked for this time?
local function in_scope(reading)
  return function(row)
    if row.who == "member" and not reading.team then return false end
    return not reading.asked or reading.asked[folding.ascii(row.site_id)] == true or row.site_id == ""
  end
end

-- Sites that were asked for, and that nobody reaches of whom something could be decided: as far as all of that was read.
local function empty_sites(reading, found)
  local list, taken = {}, {}
  if not reading.asked or not reading.team or reading.known_roles then return list end
  for _, row in ipairs(found.rows) do
    if not row.gone and (rows.is_decidable(row, reading.own) or row.who == "member") then taken[row.site_id] = true end
  end
  for _, site in ipairs(reading.sites) do
    local read = site.told and not reading.unread[site.id] or reading.found[site.id]
    if read and not taken[site.id] then list[#list + 1] = { site_id = site.id, site = rows.site_name(site) } end
  end
  return list
end

--- Reads a review.
---@param owner table of the ledger: `db`, `now`
---@param wix table
---@param options { site_id: string[]?, locale: string?, known_roles: boolean?, old: wixum.SheetRow[]?, concurrency: integer?,
--- on_cost: (fun(cost: wixum.AccessCost))?, on_progress: (fun(done: integer, total: integer))?, alone: fun(fn: function): any }
--- alone: runs a function while nobody else writes what is seen of sites
---@return wixum.AccessReview?
---@return wixum.Error? err
function review.run(owner, wix, options)
  local ids, db = options.site_id, owner.db
  local service, loopback = wix:endpoint()
  local found = setmetatable({ account_id = review.account(owner, wix), service = service, loopback = loopback, read_at = owner.now(),
    people = 0, unknown = 0, invited = 0, calls = 0, incomplete = {} }, words.review)
  local number = ids and #ids
  if not number then
    local counted, problem = gather.count(wix)
    if not counted then return nil, problem end
    number, found.calls = counted, 1
  end
  if options.on_cost then options.on_cost(cost_of("sites", number, looks.calls(number) + 2, wix)) end
  local sites, err, calls = options.alone(function() return gather.sites(owner, wix, ids) end)
  if not sites then return nil, err end
  local reading = { db = db, own = found.account_id, known_roles = options.known_roles, sites = sites }
  reading.titles, err = titles.read(wix, options.locale)
  if not reading.titles then return nil, err end
  found.calls, found.sites = found.calls + calls + 1, #reading.sites
  reading.by_id, reading.asked = {}, ids and {} or nil
  for _, site in ipairs(reading.sites) do reading.by_id[site.id] = site end
  if not ids and found.sites < number then
    table.insert(found.incomplete, ("the account's list has %d of %s that are counted, the others are missing here: `wixum doctor` says "
      .. "what to do"):format(found.sites, words.count(number, "site", "sites")))
  end
  for _, id in ipairs(ids or {}) do
    reading.asked[id] = true
    if not reading.by_id[id] then table.insert(found.incomplete, ("the account's list has no site %s"):format(id)) end
  end
  reading.ties, reading.present = ties.read(db), gather.present(db)
  local ok
  ok, err = read_team(wix, reading, found)
  if not ok then return nil, err end
  reading.ties:add_team(reading.team and reading.team.people, {})
  ok, err = read_roles(owner, wix, reading, found, options)
  if not ok then return nil, err end
  found.rows = rows.make(reading)
  if options.old then found.compared, found.uncompared = since.compare(found.rows, options.old, in_scope(reading)) end
  found.empty = empty_sites(reading, found)
  found.titles = reading.titles
  count(found)
  return found
end

return review
