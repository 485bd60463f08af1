--- What Wix's Contributors do, on the model's state: people who can reach one site.
--
-- One function for each declared operation: `(model, call)` to an answer under Lua names, or nil and a failure.
-- `call.site` is the site. Each acts wholly or not at all.

local failures = require "wixum.sandbox.failures"

local contributors = {}

local function contributor_of(model, call)
  local contributor = model:contributor(call.site, call.arguments.account_id)
  if not contributor then return nil, failures.application(404, "NOT_FOUND", "The site has no such contributor") end
  if contributor.owner then
    return nil, failures.application(403, "PERMISSION_DENIED", "What the site's owner may do cannot be changed")
  end
  return contributor
end

local function has_role(contributor, wanted)
  for _, role in ipairs(contributor.roles) do
    if wanted[role.role_id] then return true end
  end
  return false
end

function contributors.query_site_contributors(_, call)
  local ids = call.arguments.filter and call.arguments.filter.policy_ids or {}
  local wanted, list = {}, {}
  for _, id in ipairs(ids) do wanted[id] = true end
  for _, contributor in ipairs(call.site.contributors) do
    if #ids == 0 or has_role(contributor, wanted) then list[#list + 1] = contributor end
  end
  return { contributors = list }
end

function contributors.change_role(model, call)
  local contributor, failure = contributor_of(model, call)
  if not contributor then return nil, failure end
  local ids = {}
  for i, role in ipairs(call.arguments.new_roles) do ids[i] = role.role_id end
  local violations = model:role_violations(ids, "site", "newRoles[%d].roleId")
  if #violations > 0 then return nil, failures.validation(violations) end
  model:change_roles(contributor, ids)
  return { new_assigned_roles = contributor.roles }
end

function contributors.remove_contributor(model, call)
  local contributor, failure = contributor_of(model, call)
  if not contributor then return nil, failure end
  model:remove_contributor(call.site, contributor)
  return {}
end

function contributors.change_contributor_location(model, call)
  local contributor, failure = contributor_of(model, call)
  if not contributor then return nil, failure end
  local known, violations, ids, given = {}, {}, {}, {}
  for _, location in ipairs(call.site.locations) do known[location.id] = true end
  for i, id in ipairs(call.arguments.new_locations) do
    id = id:lower()
    if not known[id] then
      violations[#violations + 1] = {
        field = ("newLocations[%d]"):format(i - 1), description = "is not a location of the site", violatedRule = "INVALID_ARGUMENT",
      }
    elseif not given[id] then
      given[id] = true
      ids[#ids + 1] = id
    end
  end
  if #violations > 0 then return nil, failures.validation(violations) end
  contributor.location_ids = ids
  -- One entry, for all roles: what a public third-party client shows, and no more is known.
  local assignment_ids = {}
  for i, role in ipairs(contributor.roles) do assignment_ids[i] = role.assignment_id end
  return { new_assigned_locations = { { location_ids = ids, assignment_ids = assignment_ids } } }
end

return contributors
