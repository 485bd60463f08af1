--- What site invites and account invites share, as part of the model: ids and links, expiry, acceptance.
--
-- Owns an invite's life. What acceptance brings is the business of `contributions` (a site) and `team` (the account);
-- what an operation refuses is that of `site_invites` and `account_invites`.

local clock = require "wixum.sandbox.clock"
local random = require "wixum.sandbox.random"

local invitations = {}

--- Gives an invite a new id, or the one that is said, and a new link; what was known under the old ones is unknown from here on.
---@param id string?
function invitations.name_invite(model, invite, id)
  if invite.id then
    model.invites[invite.id], model.by_token[invite.token] = nil, nil
  end
  invite.id = id or model:new_id("invite")
  invite.token = random.token(model:stream("token"))
  invite.accept_link = ("%s/_sandbox/accept?token=%s"):format(model.base_url, invite.token)
  model.invites[invite.id], model.by_token[invite.token] = invite, invite
end

-- All invites live equally long, so a queue in order of mailing is also one in order of expiry.
function invitations.expire_later(model, invite)
  local queue = model.expiries
  queue.last = queue.last + 1
  queue[queue.last] = { invite = invite, at = invite.expires }
end

--- Makes the queue anew, of all that are pending: for invites that were not mailed one behind the other.
function invitations.order_expiries(model)
  local pending = {}
  for _, invite in pairs(model.invites) do
    if invite.status == "Pending" then pending[#pending + 1] = invite end
  end
  table.sort(pending, function(a, b) return a.expires < b.expires end)
  model.expiries = { first = 1, last = 0 }
  for _, invite in ipairs(pending) do model:expire_later(invite) end
end

--- Lets an invite's time run from now on.
function invitations.restart_expiry(model, invite)
  invite.expires = model:now() + math.floor(model.options.lifetime * 1000000)
  invite.expiration_date = clock.date(invite.expires)
  model:expire_later(invite)
end

--- Makes a pending invite of what is given, and puts it at the end of its list.
---@param invite table email, policy_ids, and site_id or account_id
---@param list table[] model.invite_list or model.account_invite_list
---@return table invite
function invitations.new_invite(model, invite, list)
  invite.inviter_account_id, invite.date_created = model.account_id, clock.date(model:now())
  invite.caller_capabilities = model.options.caller_capabilities
  model.made = model.made + 1
  invite.made = model.made
  model:name_invite(invite)
  model:restart_expiry(invite)
  model:set_status(invite, "Pending")
  list[#list + 1] = invite
  return invite
end

--- Puts an invite to the account among those that are there, as if it had been made before; nobody is mailed.
---@param given table as an item of the option `account_invites`
---@param expires integer microseconds; `order_expiries` is to be called behind the last
function invitations.take_in_invite(model, given, expires)
  local list, policy_ids, seen = model.account_invite_list, {}, {}
  for _, assignment in ipairs(given.assignments or {}) do
    if not seen[assignment.policy_id] then policy_ids[#policy_ids + 1] = assignment.policy_id end
    seen[assignment.policy_id] = true
  end
  model.made = model.made + 1
  local invite = {
    account_id = model.account_id, email = given.email, policy_ids = policy_ids, assignments = given.assignments or {},
    inviter_account_id = model.account_id, made = model.made, date_created = given.date_created or clock.date(model:now()),
    expires = expires, expiration_date = given.expiration_date or clock.date(expires),
  }
  model:name_invite(invite, given.id)
  model:set_status(invite, given.status or "Pending")
  invite.date_updated = given.date_updated
  list[#list + 1] = invite
  model.account_by_address[invite.email:lower()] = invite
end

--- Turns what has run out by now into `Expired`. Every way into the model calls it first.
function invitations.settle(model)
  local queue, now = model.expiries, model:now()
  while queue.first <= queue.last and queue[queue.first].at <= now do
    local entry = queue[queue.first]
    queue[queue.first] = nil
    queue.first = queue.first + 1
    if entry.invite.status == "Pending" and entry.invite.expires == entry.at then
      model:set_status(entry.invite, "Expired")
    end
  end
end

--- The one place where an invite's status changes, so that seats are always counted and what was searched is up to date.
function invitations.set_status(model, invite, status)
  local before = invite.status
  invite.status = status
  if invite.site_id then
    local site = model.sites[invite.site_id]
    if before == "Pending" then site.pending = site.pending - 1 end
    if status == "Pending" then site.pending = site.pending + 1 end
  else
    invite.date_updated = clock.date(model:now())
    model:team_changed()
  end
end

--- An invite of either kind by its id, its token, or its accept link.
---@param text string
---@return table? invite # one with `site_id` is to a site, one with `account_id` to the account
function invitations.find_invite(model, text)
  model:settle()
  return model.invites[text:lower()] or model.by_token[text:match("[?&]token=(%w+)") or text]
end

local function answered(model, text, status)
  local invite = model:find_invite(text)
  if not invite then return nil, "no such invite", "NOT_FOUND" end
  if invite.status ~= "Pending" then
    return nil, ("the invite is %s, not Pending"):format(invite.status), "NOT_PENDING"
  end
  model:set_status(invite, status)
  return invite
end

--- The invitee follows the link and joins: the roles of the invite are given, a user is made where there was none. Whoever has the
--- link can do that: it may be somebody else.
---@param text string id, token or accept link
---@param email string? of whoever follows it, where that is not the invitee
---@return table? invite
---@return string? message
---@return string? code # NOT_FOUND or NOT_PENDING
function invitations.accept(model, text, email)
  local invite, message, code = answered(model, text, "Used")
  if not invite then return nil, message, code end
  local person = model:person(email or invite.email)
  invite.accepted_by_account_id = person.account_id
  if invite.site_id then
    model:add_contributor(model.sites[invite.site_id], person, invite.policy_ids, invite.location_ids)
  else
    model:join_team(person, model:granted(invite))
  end
  return invite
end

--- The invitee says no.
---@param text string id, token or accept link
function invitations.decline(model, text)
  return answered(model, text, "Declined")
end

return invitations
