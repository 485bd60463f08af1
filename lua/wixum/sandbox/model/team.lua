--- The account's team, as part of the model: members, and what they may do on what.
--
-- Owns `model.members` (the account's owner is the first) and every assignment of theirs. What is searched, and how, is in
-- `wixum.sandbox.model.team_search`.

local clock = require "wixum.sandbox.clock"

local team = {}

--- To be called by whatever changes members or invites to the account: searches made before are no longer right.
function team.team_changed(model)
  model.team_version = model.team_version + 1
end

--- A person as a member of the team, without any role yet where they are new.
---@param person table
---@param joined string? date
---@param image string? address of a picture
---@return table member
function team.member_for(model, person, joined, image)
  local member = model.members_by_id[person.user_id]
  if member then return member end
  member = {
    id = person.user_id, account_id = person.account_id, email = person.email, name = person.name,
    joined_team_at = joined or clock.date(model:now()), profile_image = image, assignments = {},
  }
  model.members[#model.members + 1] = member
  model.members_by_id[member.id] = member
  model:team_changed()
  return member
end

--- The member of that user id.
---@param id string
---@return table? member
function team.member(model, id)
  return model.members_by_id[id:lower()]
end

--- Whether whoever reads mail at that address is in the team.
---@param email string
---@return boolean
function team.is_member(model, email)
  local person = model.people[email:lower()]
  return person ~= nil and model.members_by_id[person.user_id] ~= nil
end

--- The restriction of a role to one site.
---@param site table
---@return table restrictions
function team.on_site(_, site)
  return { site = { id = site.id, value = site.name } }
end

--- Gives a member roles.
---@param member table
---@param granted { policy_id: string, restrictions: table?, assignment_id: string? }[] an id of its own unless it has one
---@return table[] assignments # the new ones
function team.assign(model, member, granted)
  local made = {}
  for i, grant in ipairs(granted) do
    made[i] = {
      policy_id = grant.policy_id, assignment_id = grant.assignment_id or model:new_id("assignment"), restrictions = grant.restrictions,
      subject = { id = member.id, subject_type = "USER" },
    }
    member.assignments[#member.assignments + 1] = made[i]
  end
  model:team_changed()
  return made
end

--- Makes a person a member, or gives a member more.
function team.join_team(model, person, granted)
  local member = model:member_for(person)
  model:assign(member, granted)
  return member
end

--- Takes roles away from a member.
---@param member table
---@param ids table<string, boolean> assignment ids
function team.unassign(model, member, ids)
  local kept = {}
  for _, assignment in ipairs(member.assignments) do
    if not ids[assignment.assignment_id] then kept[#kept + 1] = assignment end
  end
  member.assignments = kept
  model:team_changed()
end

--- Removes a member with all roles.
function team.remove_member(model, member)
  model.members_by_id[member.id] = nil
  for i, other in ipairs(model.members) do
    if other == member then table.remove(model.members, i) break end
  end
  model:team_changed()
end

--- What an account invite grants, a role on a thing each: the form that assignments of members have.
---@param invite table
---@return { policy_id: string, restrictions: table? }[]
function team.granted(model, invite)
  local list = {}
  for _, assignment in ipairs(invite.assignments) do
    if assignment.restrictions then list[#list + 1] = { policy_id = assignment.policy_id, restrictions = assignment.restrictions } end
    for _, resource in ipairs(assignment.assignments or {}) do
      local context = resource.full_name_resource.site_context
      list[#list + 1] = {
        policy_id = assignment.policy_id,
        restrictions = context and model:on_site(model:site(context.metasite_id)) or nil,
      }
    end
    if not assignment.restrictions and #(assignment.assignments or {}) == 0 then list[#list + 1] = { policy_id = assignment.policy_id } end
  end
  return list
end

return team
