--- What Wix's Account Invites do, on the model's state: employees are invited to the account's team.
--
-- One function for each declared operation: `(model, call)` to an answer under Lua names, or nil and a failure.
-- Each acts wholly or not at all. What an invitee fails with, in words of ours, is in `error_message`; Wix's own words
-- are not documented.

local failures = require "wixum.sandbox.failures"
local formats = require "wixum.sandbox.formats"
local limits = require "wixum.sandbox.model.limits"

local account_invites = {}

local MAX_INVITEES = 50

-- One role of one invitee, checked; what is wrong with it goes to `violations`. The first thing that is not merely wrong
-- but somebody else's comes back as a failure.
local function check_assignment(model, assignment, field, violations)
  local function violate(where, description)
    violations[#violations + 1] = { field = field .. where, description = description, violatedRule = "INVALID_ARGUMENT" }
  end
  local resources = assignment.assignments or {}
  local on_account = #resources == 0 -- as where they are left out: an empty list says no less to a service that reads JSON so
  local on_site = false
  for i, resource in ipairs(resources) do
    local full = resource.full_name_resource
    local where = (".assignments[%d].fullNameResource"):format(i - 1)
    if full.account_context then
      on_account = true
      if full.account_context.account_id:lower() ~= model.account_id then
        return failures.application(403, "PERMISSION_DENIED", "The key belongs to another account")
      end
    else
      on_site = true
      if model.options.strict_sites and not model.sites[full.site_context.metasite_id:lower()] then
        violate(where .. ".siteContext.metasiteId", "is not a site of the account")
      end
    end
  end
  local problem = on_account and model:role_problem(assignment.policy_id, "account")
    or on_site and model:role_problem(assignment.policy_id, "site")
  if problem then violate(".policyId", problem) end
end

local function check(model, subjects, language)
  local violations = { limits.language(model, language) }
  if #subjects > MAX_INVITEES then
    violations[#violations + 1] = {
      field = "subjectsAssignments", violatedRule = "OUT_OF_RANGE", data = { threshold = MAX_INVITEES },
      description = ("must not hold more than %d"):format(MAX_INVITEES),
    }
  end
  for i, subject in ipairs(subjects) do
    for j, assignment in ipairs(subject.assignments) do
      local field = ("subjectsAssignments[%d].assignments[%d]"):format(i - 1, j - 1)
      local failure = check_assignment(model, assignment, field, violations)
      if failure then return failure end
    end
  end
  if #violations > 0 then return failures.validation(violations) end
end

-- Why an address is not invited; nil where it is.
local function objection(model, email, seen)
  if not formats.email(email) then return "The address is malformed" end -- only where `malformed` lets it come this far
  if model.options.duplicates == "fresh" then return nil end
  local key = email:lower()
  if model:is_member(email) then return "Already a member of the team", true end
  local earlier = model.account_by_address[key]
  if seen[key] or earlier and earlier.status == "Pending" then return "Already invited", true end
end

local function policy_ids_of(assignments)
  local list, seen = {}, {}
  for _, assignment in ipairs(assignments) do
    if not seen[assignment.policy_id] then list[#list + 1] = assignment.policy_id end
    seen[assignment.policy_id] = true
  end
  return list
end

local function invite(model, subject, language)
  local made = model:new_invite({
    account_id = model.account_id, email = subject.subject_email, policy_ids = policy_ids_of(subject.assignments),
    assignments = subject.assignments,
  }, model.account_invite_list)
  model.account_by_address[made.email:lower()] = made
  model:send_mail{
    kind = "invite", to = made.email, account_id = model.account_id, invite_id = made.id, accept_link = made.accept_link,
    language = language or model.options.owner_language,
  }
  return made
end

function account_invites.create_invite(model, call)
  local subjects = call.arguments.subjects_assignments
  local failure = check(model, subjects, call.arguments.default_email_language)
  if failure then return nil, failure end
  local invited, failed, seen = {}, {}, {}
  for i, subject in ipairs(subjects) do
    local email = subject.subject_email
    local message, duplicate = objection(model, email, seen)
    if duplicate and model.options.duplicates == "error" then
      return nil, failures.application(409, "ALREADY_EXISTS", ("subjectsAssignments[%d]: %s"):format(i - 1, message))
    end
    if message then failed[#failed + 1] = { subject_email = email, error_message = message }
    else invited[#invited + 1] = subject end
    seen[email:lower()] = true
  end
  local made = {}
  for i, subject in ipairs(invited) do made[i] = invite(model, subject, call.arguments.default_email_language) end
  return { successful_invites = made, failed_invites = failed }
end

return account_invites
