--- Whose a site is, as part of the model: the account's, until it is transferred.
--
-- Owns `site.owner_account_id` and `site.left`. No public call transfers a site: people do it in the dashboard. How a transferred site
-- shows afterwards is not documented; here it stays in the account's list where the account goes on as a contributor, else it has left.

local ownership = {}

local CO_OWNER = "6732588207941061632"

--- The account that owns a site.
---@param site table
---@return string account_id
function ownership.owner_of(model, site) return site.owner_account_id or model.account_id end

--- Gives a site to somebody.
---@param site table
---@param person table
---@param leaves boolean the former owner keeps no access; where that is the account, the site leaves its list
function ownership.transfer_site(model, site, person, leaves)
  local former = ownership.owner_of(model, site)
  if person.account_id == former then return end
  local contributor = model:contributor(site, person.account_id)
  if contributor then model:remove_contributor(site, contributor) end
  contributor = model:contributor(site, former)
  if contributor then model:remove_contributor(site, contributor) end
  site.owner_account_id = person.account_id
  if model.options.owner_contributes then model:add_contributor(site, person, { model.owner_role_id }) end
  if leaves then
    site.left = former == model.account_id or site.left
  else
    for _, other in pairs(model.people) do
      if other.account_id == former then model:add_contributor(site, other, { CO_OWNER }) end
    end
  end
  if person.account_id == model.account_id then site.left = nil end
  model.sites_version = model.sites_version + 1
end

return ownership
