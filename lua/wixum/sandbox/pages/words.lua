--- What the model's things are called on the pages: roles, places, states.
--
-- Owns these words, so that every page uses the same. Reads the model and changes nothing in it.

local html = require "wixum.sandbox.pages.html"

local words = {}

words.most_items = 10 -- of a list within a row

-- Where Wix's word is not the one that everybody would use.
local meanings = { Used = "accepted", Deleted = "revoked" }

local state_template = html.template '<span class="state {name}">{name}</span>{meaning}'
local meaning_template = html.template ' <span class="soft">{meaning}</span>'

--- An invite's state, in Wix's word and, if need be, in ours.
---@param status string
---@return table fragment
function words.state(status)
  local meaning = meanings[status]
  return state_template{ name = status, meaning = meaning and meaning_template{ meaning = meaning } or "" }
end

--- A role by its title; by its id where nobody knows a title.
---@return table fragment
function words.role(model, id)
  local role = model.role and model:role(id)
  return html.name(role and role.title or id)
end

--- The first of a list, each by `describe`, and how many more there are.
---@param list any[]
---@param describe fun(item: any): table # to a fragment
---@return table[] fragments
---@return integer rest
function words.some(list, describe, most)
  local shown = {}
  for i = 1, math.min(#list, most or words.most_items) do shown[i] = describe(list[i]) end
  return shown, #list - #shown
end

--- Fragments behind one another, with commas.
---@param shown table[]
---@param rest integer? how many more there are
---@return table[] # for a template
function words.joined(shown, rest)
  local parts = {}
  for i, item in ipairs(shown) do
    if i > 1 then parts[#parts + 1] = ", " end
    parts[#parts + 1] = item
  end
  if rest and rest > 0 then parts[#parts + 1] = (" and %s more"):format(html.count(rest)) end
  return parts
end

--- Roles with commas.
---@param ids string[]
function words.roles(model, ids)
  return words.joined(words.some(ids or {}, function(id) return words.role(model, id) end))
end

--- A site by its name.
---@param id string
---@return table fragment
function words.site(model, id)
  local site = model.sites[id] or model.sites[id:lower()]
  return html.name(site and site.name or id)
end

-- What a resource of an invite to the account names: a site or the whole account.
local function resource_place(model, resource)
  local named = resource.full_name_resource or {}
  if named.site_context then return words.site(model, named.site_context.metasite_id) end
  return html.raw "the whole account"
end

local on_template = html.template "{role} on {places}"

local function restriction_place(model, restrictions)
  if restrictions.site then return words.site(model, restrictions.site.id) end
  if restrictions.resource then return words.site(model, restrictions.resource.id or restrictions.resource.value or "?") end
  return words.joined(words.some(restrictions.conditions and restrictions.conditions.conditions or {}, function(condition)
    return html.name(("sites in folder %s"):format(condition.value or condition.id or "?"))
  end))
end

--- What an account invite brings: roles, and what they are given on.
---@return table[] fragments
---@return integer rest
function words.invited_assignments(model, invite)
  return words.some(invite.assignments or {}, function(assignment)
    local places, restrictions = html.raw "the whole account", assignment.restrictions
    if restrictions and next(restrictions) then places = restriction_place(model, restrictions)
    elseif assignment.assignments and #assignment.assignments > 0 then
      places = words.joined(words.some(assignment.assignments, function(resource) return resource_place(model, resource) end))
    end
    return on_template{ role = words.role(model, assignment.policy_id), places = places }
  end)
end

--- What a member of the team has: roles, and what they are given on.
---@return table[] fragments
---@return integer rest
function words.member_assignments(model, member)
  return words.some(member.assignments or {}, function(assignment)
    local restrictions = assignment.restrictions
    return on_template{
      role = words.role(model, assignment.policy_id),
      places = restrictions and next(restrictions) and restriction_place(model, restrictions) or html.raw "the whole account",
    }
  end)
end

--- A member's name, where there is one.
---@return string
function words.full_name(member)
  local name = member.name or {}
  return ((name.first_name or "") .. " " .. (name.last_name or "")):match("^%s*(.-)%s*$")
end

return words
