--- The roles that can be given, as part of the model: look-up, translation, and where each may be given.
--
-- Owns the reading of `restrict_from_level`, which Wix does not explain: "Site" must not be given on a site, "Account" not
-- on the whole account. The option `role_levels` lets that reading be switched off, `unknown_roles` what ids that are no
-- role become.

local predefined = require "wixum.sandbox.predefined_roles"
local random = require "wixum.sandbox.random"

local roles = {}

--- The owner's: a public id, the same in every account.
roles.owner_role_id = "6601492336091027458"

local function add_role(model, role, custom)
  local own = {
    id = role.id, title = role.title, description = role.description or "", custom = custom,
    restrict_from_level = role.restrict_from_level or "NoRestriction", owner = role.id == roles.owner_role_id or nil,
    titles = role.titles or {}, editor_types = role.editor_types,
  }
  model.roles[#model.roles + 1] = own
  model.roles_by_id[own.id] = own
end

--- The service's own roles, and those of the account.
---@param custom table[]? as the option `roles` has them
---@param known table[]? in place of the service's own of every sandbox, as the option `predefined_roles` has them
function roles.add_roles(model, custom, known)
  for _, role in ipairs(known or predefined) do add_role(model, role, false) end
  for _, role in ipairs(custom or {}) do
    local own = {}
    for name, value in pairs(role) do own[name] = value end
    -- 19 digits, as the ids of the service's own
    own.id = own.id or ("7" .. random.digits(model:stream "role"))
    add_role(model, own, true)
  end
end

--- The role of that id.
---@param id string
---@return table? role # { id, title, description, restrict_from_level, custom }
function roles.role(model, id)
  return model.roles_by_id[id]
end

--- The role of that id or of that English title.
---@param text string
---@return table? role
function roles.role_named(model, text)
  if model.roles_by_id[text] then return model.roles_by_id[text] end
  for _, role in ipairs(model.roles) do
    if role.title == text then return role end
  end
end

local function is_for_editors(role, wanted)
  if not role.editor_types then return true end
  for _, word in ipairs(wanted) do
    if word == "UNINITIALIZED" then return true end
    for _, own in ipairs(role.editor_types) do
      if own == word then return true end
    end
  end
  return #wanted == 0
end

-- Which level is asked for, and the restriction of those that cannot be given there.
local excluded = { SITE_LEVEL = "Site", ACCOUNT_LEVEL = "Account" }

--- Roles in the order of the catalogue, titles in a language.
---@param locale string? of a language tag its first part counts
---@param filter { role_level: string?, editor_types: string[]? }
---@param custom boolean
---@return table[]
function roles.roles_listed(model, locale, filter, custom)
  local language = (locale or "en"):lower():match("^%a+") or "en"
  local list = {}
  for _, role in ipairs(model.roles) do
    if role.custom == custom and role.restrict_from_level ~= excluded[filter.role_level]
      and is_for_editors(role, filter.editor_types or {}) then
      list[#list + 1] = {
        id = role.id, title = role.titles[language] or role.title, description = role.description,
        restrict_from_level = role.restrict_from_level,
      }
    end
  end
  return list
end

local forbidden = { site = "Site", account = "Account" }

--- Whether a role may be given there.
---@param id string
---@param level "site"|"account" on a site, or on the whole account
---@return string? problem # nil where it may
function roles.role_problem(model, id, level)
  local role = model.roles_by_id[id]
  if not role then
    return model.options.unknown_roles == "refuse" and "is not a role of the account" or nil
  end
  if model.options.role_levels == "ignore" then return nil end
  if role.owner then return "is the owner's role, which cannot be given" end
  if role.restrict_from_level ~= forbidden[level] then return nil end
  return level == "site" and "is a role that cannot be given on a site" or "is a role that cannot be given on the whole account"
end

--- The role ids of a list that may not be given there, as violations.
---@param ids string[]
---@param level "site"|"account"
---@param field string its name on the wire, with `%d` where the index stands, from zero
---@return table[] violations
function roles.role_violations(model, ids, level, field)
  local list = {}
  for i, id in ipairs(ids) do
    local problem = model:role_problem(id, level)
    if problem then
      list[#list + 1] = { field = field:format(i - 1), description = problem, violatedRule = "INVALID_ARGUMENT" }
    end
  end
  return list
end

return roles
