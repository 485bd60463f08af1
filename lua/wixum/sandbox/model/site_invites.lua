--- What Wix's Site Invites do, on the model's state.
--
-- One function for each declared operation: `(model, call)` to an answer under Lua names, or nil and a failure.
-- `call`: `arguments` (checked), `site`, `account_id`. Each acts wholly or not at all.
-- What Wix leaves unknown is decided by an option; `wixum.sandbox.options` says which, and why the default is what it is.

local failures = require "wixum.sandbox.failures"
local formats = require "wixum.sandbox.formats"
local limits = require "wixum.sandbox.model.limits"

local site_invites = {}

local function address_key(site_id, email)
  return site_id .. " " .. email:lower()
end

local function create(model, site, email, policy_ids)
  local invite = model:new_invite({ site_id = site.id, email = email, policy_ids = policy_ids }, model.invite_list)
  model.by_address[address_key(site.id, email)] = invite
  return invite
end

local function mail(model, site, invite, kind, arguments)
  model:send_mail{
    kind = kind, to = invite.email, site_id = site.id, site_name = site.name, invite_id = invite.id,
    accept_link = invite.accept_link, purpose = invite.purpose,
    language = arguments.default_email_language or site.language,
  }
end

-- Pending invites hold a seat as contributors do; nil where seats are not counted.
local function free_seats(model, site)
  local seats = site.seats or model.options.seats
  return seats and seats - site.pending - site.used
end

-- Not documented: neither the status nor the code, nor whether the whole call fails.
local function no_seat(model, site)
  return failures.application(428, "CONTRIBUTOR_LIMIT_REACHED", "The site has no seat left",
    { limit = site.seats or model.options.seats })
end

-- ---- Bulk Invite -----------------------------------------------------------------------------------------------------

-- Sorts the addresses into those to invite and those that fail. nil and a failure where one spoils the whole call.
local function sort_addresses(model, site, emails)
  local options, invited, failed, seen = model.options, {}, {}, {}
  local free = free_seats(model, site)
  for i, email in ipairs(emails) do
    local key = address_key(site.id, email)
    local earlier = model.by_address[key]
    local open = seen[key] or earlier and earlier.status == "Pending" or model:is_contributor(site, email)
    seen[key] = true
    if not formats.email(email) then
      failed[#failed + 1] = email -- only where `malformed` lets it come this far
    elseif open and options.duplicates == "error" then
      return nil, failures.application(409, "ALREADY_EXISTS", ("emails[%d] was invited before"):format(i - 1))
    elseif open and options.duplicates == "failed" then
      failed[#failed + 1] = email
    elseif free and #invited >= free then
      if options.seats_full == "error" then return nil, no_seat(model, site) end
      failed[#failed + 1] = email
    else
      invited[#invited + 1] = email
    end
  end
  return invited, failed
end

function site_invites.bulk_invite(model, call)
  local arguments, site, options = call.arguments, call.site, model.options
  if #arguments.emails > options.max_emails then
    return nil, failures.validation{ {
      field = "emails", violatedRule = "OUT_OF_RANGE", data = { threshold = options.max_emails },
      description = ("must not hold more than %d"):format(options.max_emails),
    } }
  end
  local violations = model:role_violations(arguments.policy_ids, "site", "policyIds[%d]")
  violations[#violations + 1] = limits.purpose(model, arguments.invite_purpose)
  violations[#violations + 1] = limits.language(model, arguments.default_email_language)
  if #violations > 0 then return nil, failures.validation(violations) end
  local invited, failed = sort_addresses(model, site, arguments.emails)
  if not invited then return nil, failed end
  local invites = {}
  for i, email in ipairs(invited) do
    local invite = create(model, site, email, arguments.policy_ids)
    invite.purpose = arguments.invite_purpose
    mail(model, site, invite, "invite", arguments)
    invites[i] = invite
  end
  return { invites = invites, failed_emails = failed }
end

-- ---- Resend and Revoke -----------------------------------------------------------------------------------------------

local function invite_of(model, call)
  local invite = model.invites[call.arguments.invite_id:lower()]
  if invite and invite.site_id == call.site.id then return invite end
  return nil, failures.application(404, "NOT_FOUND", "The site has no such invite")
end

-- Not documented: the status might as well be 409.
local function settled(invite)
  return failures.application(428, "INVITE_NOT_PENDING", ("The invite is %s"):format(invite.status),
    { status = invite.status })
end

function site_invites.resend_invite(model, call)
  local options = model.options
  local invite, failure = invite_of(model, call)
  if not invite then return nil, failure end
  local violation = limits.language(model, call.arguments.default_email_language)
  if violation then return nil, failures.validation{ violation } end
  local expired = invite.status == "Expired"
  if invite.status ~= "Pending" and not (expired and options.resend_expired) then return nil, settled(invite) end
  if expired and (free_seats(model, call.site) or 1) < 1 then return nil, no_seat(model, call.site) end
  if not options.resend_keeps then model:name_invite(invite) end
  if expired or options.resend_restarts then model:restart_expiry(invite) end
  if expired then model:set_status(invite, "Pending") end
  mail(model, call.site, invite, "resend", call.arguments)
  return { invite = invite }
end

function site_invites.revoke_invite(model, call)
  local invite, failure = invite_of(model, call)
  if not invite then return nil, failure end
  if invite.status == "Pending" then
    model:set_status(invite, "Deleted")
  elseif model.options.revoke_settled == "error" then
    return nil, settled(invite)
  end
  return {}
end

return site_invites
