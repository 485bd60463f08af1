--- What is so now of what is to be changed: the sites in question alone, who of those in question is on them, and with which roles.
--
-- Owns which reads that takes. Decides nothing.

local client = require "wixum.client"
local gather = require "wixum.access.gather"
local map = require "wixum.map"
local owners = require "wixum.ledger.owners"
local reach = require "wixum.ledger.reach"

local now = {}

---@class wixum.AccessNow
---@field sites table<string, wixum.SeenSite> those that the account's list has
---@field present table<string, table<string, boolean>> accounts by site
---@field since table<string, table<string, table>> presences by site and account, of those whom the account's list names
---@field owners table<string, string> user ids by account, as far as it was asked
---@field unasked table<string, wixum.Error> sites that would not say who is on them, or in which roles: of these nothing is decided
---@field roles table<string, table<string, table<string, true>>> roles by account and site, of those that were asked for
---@field team { members: table<string, wixum.TeamPerson> }? where it was read

-- Who is on sites, as sets; and their present stretches of time.
local function sets_of(found, by_site)
  for id in pairs(found.sites) do
    found.present[id], found.since[id] = {}, {}
    for _, presence in ipairs(found.sites[id].told and by_site[id] or {}) do
      found.present[id][presence.account_id], found.since[id][presence.account_id] = true, presence
    end
  end
end

-- Where is it to be asked who is on a site? Where the list does not say, and where it lacks somebody: that it is complete is inferred.
local function sites_to_ask(found, asked)
  local list = {}
  for id, site in pairs(found.sites) do
    local lacks = asked.all or not site.told
    for account in pairs(asked.accounts and asked.accounts[id] or {}) do
      lacks = lacks or not found.present[id][account] and account ~= site.owner
    end
    if lacks then list[#list + 1] = id end
  end
  table.sort(list)
  return list
end

-- A site that is closed to the key, or gone, says nothing of the others.
local OF_ONE_SITE = { forbidden = true, not_found = true, precondition = true, rejected = true }

-- Whoever is answered is there, whatever the list says; and whoever the list names.
local function ask(found, wix, ids, concurrency)
  local problem
  local _, raised = map.each(ids, function(id)
    if problem then return true end
    local accounts, err, users = reach.accounts_of(wix, id)
    if not accounts then
      found.unasked[id] = err
      if not OF_ONE_SITE[err.kind] then problem = problem or err end
      return true
    end
    for _, account in ipairs(accounts) do found.present[id][account] = true end
    for account, user in pairs(users) do found.owners[account] = user end
    return true
  end, { concurrency = concurrency })
  if raised ~= nil then error(raised, 0) end
  return problem
end

-- Why no site at all says what it was asked: that is about the key. One that does not is left alone, and keeps no other from its turn.
local function no_site(found)
  for id in pairs(found.sites) do if not found.unasked[id] then return nil end end
  local _, problem = next(found.unasked)
  return problem
end

local function sorted(set)
  local list = {}
  for item in pairs(set) do list[#list + 1] = item end
  table.sort(list)
  return list
end

--- Looks who is on sites: at the account's list, and at the sites themselves where that is not enough.
---@param owner table of the ledger: `db`, `now`
---@param wix table
---@param asked { sites: string[], accounts: table<string, table<string, true>>?, all: boolean? } accounts: by site those who matter; all:
--- ask each site, a call each
---@param options { concurrency: integer? }
---@return wixum.AccessNow?
---@return wixum.Error? err
function now.look(owner, wix, asked, options)
  local found = { sites = {}, present = {}, since = {}, roles = {}, owners = {}, unasked = {} }
  local sites, err = gather.sites(owner, wix, asked.sites)
  if not sites then return nil, err end
  for _, site in ipairs(sites) do found.sites[site.id] = site end
  sets_of(found, gather.present(owner.db))
  err = ask(found, wix, sites_to_ask(found, asked), options.concurrency or client.state(wix).settings.concurrency)
  err = err or asked.all and no_site(found)
  if err then return nil, err end
  owners.remember(owner, found.owners)
  return found
end

--- Reads the roles of those who matter and are there.
---@param owner table of the ledger
---@param wix table
---@param found wixum.AccessNow to which they are added
---@param asked { roles: table<string, table<string, true>>, likely: table<string, string[][]>, role_ids: string[] } roles: by site the
--- accounts whose roles matter; likely: by site what each of them probably has
---@param options { concurrency: integer?, on_progress: function? }
---@return boolean? ok
---@return wixum.Error? err
function now.add_roles(owner, wix, found, asked, options)
  local jobs = {}
  for _, id in ipairs(sorted(asked.roles)) do
    local accounts = {}
    for _, account in ipairs(sorted(asked.roles[id])) do
      local is_there = found.present[id] and found.present[id][account]
      if is_there and not found.unasked[id] then accounts[#accounts + 1] = account end
    end
    if #accounts > 0 then jobs[#jobs + 1] = { site_id = id, accounts = accounts, likely = asked.likely[id] } end
  end
  local state, err = gather.roles(wix, jobs, asked.role_ids, owner.db, options)
  if not state then return nil, err end
  for id, problem in pairs(state.unread) do
    if not OF_ONE_SITE[problem.kind] then return nil, problem end
    found.unasked[id] = problem
  end
  err = jobs[1] and no_site(found)
  if err then return nil, err end
  found.roles = state.found
  return true
end

return now
