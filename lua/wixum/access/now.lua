--- What is so now of what is to be changed: the sites in question alone, who of those in question is on them, and with which roles.
--
-- Owns which reads that takes. Decides nothing.

local gather = require "wixum.access.gather"

local now = {}

---@class wixum.AccessNow
---@field sites table<string, wixum.SeenSite> those that the account's list has
---@field present table<string, table<string, boolean>> accounts by site
---@field roles table<string, table<string, table<string, true>>> roles by account and site, of those that were asked for
---@field team { members: table<string, wixum.TeamPerson> }? where it was read

-- Who is on a site, as a set.
local function sets_of(by_site, sites)
  local sets = {}
  for id in pairs(sites) do
    sets[id] = {}
    for _, presence in ipairs(by_site[id] or {}) do sets[id][presence.account_id] = true end
  end
  return sets
end

-- A site that does not say who is on it is asked.
local function ask_silent(wix, sites, present)
  local reach = require "wixum.ledger.reach"
  for id, site in pairs(sites) do
    if not site.told then
      local accounts, err = reach.accounts_of(wix, id)
      if not accounts then return nil, err end
      present[id] = {}
      for _, account in ipairs(accounts) do present[id][account] = true end
    end
  end
  return true
end

local function sorted(set)
  local list = {}
  for item in pairs(set) do list[#list + 1] = item end
  table.sort(list)
  return list
end

--- Reads what is so now.
---@param owner table of the ledger: `db`, `now`
---@param wix table
---@param asked { sites: string[], roles: table<string, table<string, true>>, likely: table<string, table<string, true>>, team: boolean,
--- role_ids: string[] } roles: by site the accounts whose roles matter; likely: by site the roles that they probably have
---@param options { concurrency: integer?, on_progress: function? }
---@return wixum.AccessNow?
---@return wixum.Error? err
function now.read(owner, wix, asked, options)
  local found = { sites = {}, present = {}, roles = {} }
  local sites, err = gather.sites(owner, wix, asked.sites)
  if not sites then return nil, err end
  for _, site in ipairs(sites) do found.sites[site.id] = site end
  found.present = sets_of(gather.present(owner.db), found.sites)
  local ok
  ok, err = ask_silent(wix, found.sites, found.present)
  if not ok then return nil, err end
  if asked.team then
    found.team, err = gather.team(wix)
    if not found.team then return nil, err end
  end
  local jobs = {}
  for _, id in ipairs(asked.sites) do
    local accounts = {}
    for _, account in ipairs(sorted(asked.roles[id] or {})) do
      if found.present[id] and found.present[id][account] then accounts[#accounts + 1] = account end
    end
    if #accounts > 0 then jobs[#jobs + 1] = { site_id = id, accounts = accounts, likely = sorted(asked.likely[id] or {}) } end
  end
  local state
  state, err = gather.roles(wix, jobs, asked.role_ids, owner.db, options)
  if not state then return nil, err end
  local _, problem = next(state.unread)
  if problem then return nil, problem end -- nothing is decided on what could not be seen
  found.roles = state.found
  return found
end

return now
