--- Who can reach a site, as part of the model: contributors, their roles there, their locations, the seats they hold.
--
-- Owns `site.contributors`. The site's owner is among them only where an option says so, holds no seat, and cannot be changed.

local clock = require "wixum.sandbox.clock"

local contributions = {}

local function roles_from(model, contributor, policy_ids)
  local before, roles, given = {}, {}, {}
  for _, role in ipairs(contributor.roles) do before[role.role_id] = role end
  for _, id in ipairs(policy_ids) do
    if not given[id] then
      given[id] = true
      roles[#roles + 1] = before[id] or { role_id = id, assignment_id = model:new_id("assignment") }
    end
  end
  return roles
end

--- The contributor of that account.
---@param site table
---@param account_id string
---@return table? contributor
function contributions.contributor(_, site, account_id)
  local wanted = account_id:lower()
  for _, contributor in ipairs(site.contributors) do
    if contributor.account_id == wanted then return contributor end
  end
end

--- Whether whoever reads mail at that address can reach the site already.
function contributions.is_contributor(model, site, email)
  local person = model.people[email:lower()]
  return person ~= nil and site.reached_by[person.account_id] == true
end

--- Lets a person reach a site. Who could already keeps the roles they had and gets these besides.
---@param site table
---@param person table
---@param policy_ids string[]
---@param location_ids string[]?
---@return table contributor
function contributions.add_contributor(model, site, person, policy_ids, location_ids)
  local contributor = site.reached_by[person.account_id] and model:contributor(site, person.account_id)
  if contributor then
    local all = {}
    for i, role in ipairs(contributor.roles) do all[i] = role.role_id end
    contributor.roles = roles_from(model, contributor, table.move(policy_ids, 1, #policy_ids, #all + 1, all))
    return contributor
  end
  contributor = {
    account_id = person.account_id, account_owner_id = person.user_id, email = person.email, roles = {},
    location_ids = location_ids or {}, joined_at = clock.date(model:now()), owner = person.account_id == model:owner_of(site) or nil,
  }
  contributor.roles = roles_from(model, contributor, policy_ids)
  site.contributors[#site.contributors + 1] = contributor
  site.reached_by[contributor.account_id] = true
  if not contributor.owner then site.used = site.used + 1 end
  model.sites_version = model.sites_version + 1
  return contributor
end

--- Replaces all of a contributor's roles; one that stays keeps its assignment.
---@param contributor table
---@param policy_ids string[]
function contributions.change_roles(model, contributor, policy_ids)
  contributor.roles = roles_from(model, contributor, policy_ids)
end

--- Takes a contributor's access away, and frees the seat.
function contributions.remove_contributor(model, site, contributor)
  for i, other in ipairs(site.contributors) do
    if other == contributor then table.remove(site.contributors, i) break end
  end
  site.reached_by[contributor.account_id] = nil
  if not contributor.owner then site.used = site.used - 1 end
  model.sites_version = model.sites_version + 1
end

return contributions
