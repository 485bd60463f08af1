--- Roles with what they are given on, in a line: the nested shapes of account invites and of members' assignments.
--
-- Owns those shapes. The whole account is meant only where `everywhere = true` says so: a list of sites that came out
-- empty goes into the shape as it is, and the call refuses it (kind `invalid`, nothing sent).

local errors = require "wixum.errors"
local names = require "wixum.names"
local redaction = require "wixum.redaction"

local assignments = {}

local function fields_of(what, given, known)
  if type(given) ~= "table" then errors.mistake(("%s: write %s{ … }"):format(what, what)) end
  for name in pairs(given) do
    local found = false
    for _, field in ipairs(known) do found = found or field == name end
    if not found then
      errors.mistake(("%s: unknown field %s%s"):format(what, redaction.text(tostring(name), 64) or '""', names.suggestion(name, known)))
    end
  end
end

-- An id, or a table that has one: a role, a site.
local function id_of(what, name, value)
  if type(value) == "table" then value = value.id end
  if type(value) ~= "string" then errors.mistake(("%s: %s must be an id (a string) or a table with one"):format(what, name)) end
  return value
end

local function list_of(what, name, value)
  if type(value) ~= "table" or value.id ~= nil then errors.mistake(("%s: %s must be a list: write { … }"):format(what, name)) end
  local count = 0
  for key in pairs(value) do
    if math.type(key) ~= "integer" then errors.mistake(("%s: %s must be a list"):format(what, name)) end
    count = count + 1
  end
  if count ~= #value then errors.mistake(("%s: %s must be a list without holes"):format(what, name)) end
  return value
end

-- The sites that are meant; nil where it is the whole account.
local function sites_of(what, given)
  if given.everywhere ~= nil and given.everywhere ~= true then errors.mistake(what .. ": everywhere can only be true") end
  if (given.sites ~= nil) == (given.everywhere == true) then
    errors.mistake(what .. ": say either sites = { … } or everywhere = true, which is the whole account")
  end
  if given.everywhere then return nil end
  return list_of(what, "sites", given.sites) -- also where it is false: that is a mistake, and never the whole account
end

--- An invitee for `account_invites.create_invite`: a role on chosen sites, or on the whole account.
---
---     wixum.assignments.invitee{ email = "ann@example.com", role = role, sites = { site } }
---
---@param given { email: string, role: string|table, sites: (string|table)[]?, everywhere: true? } role and sites as ids
--- or as tables with one
---@return table # an item of `subjects_assignments`
function assignments.invitee(given)
  local what = "assignments.invitee"
  fields_of(what, given, { "email", "role", "sites", "everywhere" })
  if type(given.email) ~= "string" then errors.mistake(what .. ": email must be a string, not a " .. type(given.email)) end
  local assignment = { policy_id = id_of(what, "role", given.role) }
  local sites = sites_of(what, given)
  if sites then
    assignment.assignments = {}
    for i, site in ipairs(sites) do
      assignment.assignments[i] = { full_name_resource = { site_context = { metasite_id = id_of(what, ("sites[%d]"):format(i), site) } } }
    end
  end
  return { subject_email = given.email, assignments = { assignment } }
end

--- A role for `users.update_team_member_assignments`: one assignment a site, or one on the whole account.
---
---     new_assignments = wixum.assignments.of{ role = role, sites = { site, other } }
---
---@param given { role: string|table, sites: (string|table)[]?, everywhere: true? }
---@return table[] # for `new_assignments`
function assignments.of(given)
  local what = "assignments.of"
  fields_of(what, given, { "role", "sites", "everywhere" })
  local role, sites = id_of(what, "role", given.role), sites_of(what, given)
  if not sites then return { { policy_id = role } } end
  if #sites == 0 then return { { policy_id = role, restrictions = {} } } end -- which the call refuses
  local list = {}
  for i, site in ipairs(sites) do
    list[i] = { policy_id = role, restrictions = { site = { id = id_of(what, ("sites[%d]"):format(i), site) } } }
  end
  return list
end

return names.strict(assignments, "assignments", errors.mistake)
