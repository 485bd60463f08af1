--- What Wix's Users do, on the model's state: the account's team and its roles.
--
-- One function for each declared operation: `(model, call)` to an answer under Lua names, or nil and a failure.
-- Each acts wholly or not at all. What Wix leaves unknown is decided by an option (`wixum.sandbox.options`) or, where no
-- client could depend on it, said here: removing an assignment that is not there is 404; a role that somebody has
-- already is given once more; somebody may be left without any role.

local failures = require "wixum.sandbox.failures"
local formats = require "wixum.sandbox.formats"
local team_search = require "wixum.sandbox.model.team_search"

local users = {}

function users.search_team(model, call)
  return team_search.run(model, call.arguments)
end

-- ---- Roles -----------------------------------------------------------------------------------------------------------

function users.get_roles_info(model, call)
  local arguments = call.arguments
  local filter = arguments.filter or {}
  if call.site and model.options.roles_by_site == "site_level" then
    filter = { role_level = "SITE_LEVEL", editor_types = filter.editor_types }
  end
  return {
    predefined_roles = model:roles_listed(arguments.locale, filter, false),
    custom_roles = model:roles_listed(arguments.locale, filter, true),
  }
end

-- ---- Members ---------------------------------------------------------------------------------------------------------

local function member_of(model, call)
  local member = model:member(call.arguments.user_id)
  if member then return member end
  return nil, failures.application(404, "NOT_FOUND", "The team has no such member")
end

local function owner_stays(words)
  return failures.application(403, "PERMISSION_DENIED", words)
end

function users.remove_member(model, call)
  local member, failure = member_of(model, call)
  if not member then return nil, failure end
  if member == model.members[1] then return nil, owner_stays "The account's owner cannot be removed" end
  model:remove_member(member)
  return {}
end

local function violation(field, description)
  return { field = field, description = description, violatedRule = "INVALID_ARGUMENT" }
end

-- What an assignment is restricted to: the id of a site, or conditions, or nothing; or what is wrong with it.
local function read_restrictions(model, given, field)
  local id
  if given.resource then -- deprecated: a site under another name
    if given.resource.resource_type ~= "SITE" then
      return nil, nil, violation(field .. ".resource.resourceType", "must be SITE")
    end
    id, field = given.resource.id or "", field .. ".resource.id"
  elseif given.site then
    id, field = given.site.id, field .. ".site.id"
  end
  if not id then return nil, given.conditions end
  if not formats.guid(id) or model.options.strict_sites and not model.sites[id:lower()] then
    return nil, nil, violation(field, "is not a site of the account")
  end
  return id
end

-- The assignments as they will be kept, or every violation in them.
local function read_assignments(model, assignments)
  local read, violations = {}, {}
  for i, assignment in ipairs(assignments) do
    local field = ("newAssignments[%d]"):format(i - 1)
    local site_id, conditions, wrong = read_restrictions(model, assignment.restrictions or {}, field .. ".restrictions")
    local problem = model:role_problem(assignment.policy_id, (site_id or conditions) and "site" or "account")
    if not wrong and problem then wrong = violation(field .. ".policyId", problem) end
    violations[#violations + 1] = wrong
    read[i] = { site_id = site_id, conditions = conditions }
  end
  if #violations > 0 then return nil, failures.validation(violations) end
  local granted = {}
  for i, assignment in ipairs(assignments) do -- an unknown site becomes one of the account only now that all is well
    local site_id, conditions = read[i].site_id, read[i].conditions
    granted[i] = {
      policy_id = assignment.policy_id,
      restrictions = site_id and model:on_site(model:site(site_id)) or conditions and { conditions = conditions } or nil,
    }
  end
  return granted
end

function users.update_team_member_assignments(model, call)
  local arguments = call.arguments
  local member, failure = member_of(model, call)
  if not member then return nil, failure end
  local own, removed = {}, {}
  for _, assignment in ipairs(member.assignments) do own[assignment.assignment_id] = assignment end
  for _, id in ipairs(arguments.assignment_ids_to_remove) do
    if not own[id] then
      return nil, failures.application(404, "NOT_FOUND", "The member has no such assignment", { assignmentId = id })
    end
    if own[id].policy_id == model.owner_role_id and member == model.members[1] then
      return nil, owner_stays "The owner's role cannot be taken away"
    end
    removed[id] = true
  end
  local granted
  granted, failure = read_assignments(model, arguments.new_assignments)
  if not granted then return nil, failure end
  model:unassign(member, removed)
  return { assignments = model:assign(member, granted) }
end

return users
