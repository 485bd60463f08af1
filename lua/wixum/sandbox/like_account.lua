--- Reads an account into options of a sandbox that is like it: sites, roles, the team, open invites to it, who can reach the sites.
--
--     local options, found = require("wixum.sandbox.like_account")(wix, { locale = "de" })
--     local server = require("wixum.sandbox").start(options)
--
-- Owns which reads these are, and what of their answers a sandbox can take in. What comes from an account may be anything: what no
-- option can say is left out, or put so that it grants less. Must say nothing but reads to the service, and carry neither its key nor
-- a link by which an invite is accepted. Addresses of contributors and their roles are told by no call, and are not made up.

local client = require "wixum.client"
local checks = require "wixum.sandbox.option_checks"
local clock = require "wixum.sandbox.clock"
local errors = require "wixum.errors"
local every_site = require "wixum.every_site"

local OWNER_ROLE = require("wixum.sandbox.model.roles").owner_role_id
local SITES_A_CALL, PEOPLE_A_CALL = 100, 50 -- as the iterators ask for them
local AS_SAID = { dry_run = false } -- whatever the client's options say: here it must be read

-- A value, if an option can say it.
local function usable(check, value)
  local good
  if value ~= nil then good = check(value) end
  return good
end

-- As the sandbox writes dates, in UTC; nil where it is none.
local function date(value)
  local good = usable(checks.date, value)
  if good or type(value) ~= "string" then return good end
  local seconds = require("wixum").time(value)
  return seconds and seconds >= 0 and clock.date(math.floor(seconds * 1000000)) or nil
end

-- For people whose address is not told: nobody's, and plainly so.
local function no_address(what, id) return ("%s-%s@rehearsal.invalid"):format(what, id:sub(1, 8)) end

-- ---- sites -----------------------------------------------------------------------------------------------------------

local app_ids = checks.list(checks.text, "")

local function contributors_of(site)
  local list, seen = {}, {}
  for _, id in ipairs(site.contributor_account_ids or {}) do
    id = usable(checks.guid, id)
    if id and not seen[id] then list[#list + 1] = { account_id = id } end
    seen[id or ""] = true
  end
  return list
end

-- nil where it has no id.
local function site_of(site, now)
  local id = usable(checks.guid, site.id)
  local name, shown = usable(checks.words, site.name), usable(checks.words, site.display_name)
  local trashed = site.trashed_date ~= nil and site.trashed_date ~= ""
  return id and {
    id = id, name = name or shown, display_name = name and (shown or name) or nil,
    published = usable(checks.boolean, site.published), blocked = usable(checks.boolean, site.blocked),
    premium = usable(checks.boolean, site.premium), app_ids = usable(app_ids, site.appIds), -- two that are not declared
    namespace = usable(checks.text, site.namespace), folder_id = usable(checks.text, site.folder_id),
    view_url = usable(checks.text, site.view_url) or false, editor_type = usable(checks.text, site.editor_type) or false,
    trashed = trashed and (date(site.trashed_date) or now) or nil, owner_account_id = usable(checks.guid, site.owner_account_id),
    contributors = contributors_of(site),
  } or nil
end

local function read_sites(wix, query, account, found)
  local list, seen, accounts, now = {}, {}, { [account] = true }, clock.date(os.time() * 1000000)
  for site in wix.sites.each_site({ query = query }, AS_SAID) do
    local own = site_of(site, now)
    if not own then found.left_out = found.left_out + 1
    elseif not seen[own.id] then -- a page may come again where sites change meanwhile
      seen[own.id], list[#list + 1] = true, own
      for _, contributor in ipairs(own.contributors) do
        if not accounts[contributor.account_id] then found.contributors = found.contributors + 1 end
        accounts[contributor.account_id] = true
      end
    end
  end
  found.sites = #list
  return list
end

-- ---- roles -----------------------------------------------------------------------------------------------------------

local level = checks.one_of("NoRestriction", "Site", "Account")

-- Roles with English titles, and those of `translated` beside them.
local function roles_of(roles, translated, language, seen, found)
  local titles, list = {}, {}
  for _, role in ipairs(translated or {}) do
    if role.id ~= nil then titles[role.id] = usable(checks.words, role.title) end
  end
  for _, role in ipairs(roles) do
    local id = usable(checks.role_id, role.id)
    if not id then found.left_out = found.left_out + 1
    elseif not seen[id] then
      seen[id] = true
      list[#list + 1] = {
        id = id, title = usable(checks.words, role.title) or id, description = usable(checks.words, role.description),
        restrict_from_level = usable(level, role.restrict_from_level), titles = titles[id] and { [language] = titles[id] } or nil,
      }
    end
  end
  found.roles = found.roles + #list
  return list
end

-- The first part of a language tag, by which a sandbox keeps titles; nil for English.
local function language_of(locale)
  local language = locale and locale:lower():match("^%a+")
  return language ~= "en" and language or nil
end

-- ---- the team --------------------------------------------------------------------------------------------------------

local condition_type = checks.one_of("FOLDER", "UNKNOWN_CONDITION_TYPE")
-- A restriction of a kind that is not known. To drop it would make the role one on everything.
local UNKNOWN = { conditions = { conditions = { { condition_type = "UNKNOWN_CONDITION_TYPE", id = "unknown" } } } }

local function conditions_of(given)
  local list = {}
  for i, condition in ipairs(given.conditions or {}) do
    list[i] = { condition_type = usable(condition_type, condition.condition_type) or "UNKNOWN_CONDITION_TYPE",
      id = usable(checks.words, condition.id) or "unknown", value = usable(checks.words, condition.value) }
  end
  return #list > 0 and { conditions = { conditions = list } } or UNKNOWN
end

-- What a role is given on; nil for everything, which the service says by saying nothing.
local function restrictions_of(given)
  if given == nil or next(given) == nil then return nil end
  local site, resource = given.site, given.resource
  if site and usable(checks.guid, site.id) then return { site = { id = site.id, value = usable(checks.words, site.value) } } end
  if given.conditions then return conditions_of(given.conditions) end
  if resource and usable(checks.words, resource.id) then
    return { resource = { id = resource.id, value = usable(checks.words, resource.value),
      resource_type = resource.resource_type == "SITE" and "SITE" or "UNKNOWN_RESOURCE_TYPE" } }
  end
  return UNKNOWN
end

local function assignments_of(given)
  local list = {}
  for _, assignment in ipairs(given or {}) do
    local role = usable(checks.words, assignment.policy_id)
    if role then
      list[#list + 1] = { policy_id = role, assignment_id = usable(checks.words, assignment.assignment_id),
        restrictions = restrictions_of(assignment.restrictions) }
    end
  end
  return list
end

local function member_of(user)
  local id, name = usable(checks.guid, user.id), user.name or {}
  local email = usable(checks.email, user.email) or id and no_address("user", id)
  return email and {
    user_id = id, email = email, profile_image = usable(checks.words, user.profile_image), joined_team_at = date(user.joined_team_at),
    name = { first_name = usable(checks.words, name.first_name), last_name = usable(checks.words, name.last_name) },
    assignments = assignments_of(user.assignments),
  } or nil
end

local OPEN = { Pending = true, Expired = true, Declined = true } -- who accepted is a member; what was revoked is gone

local function invite_of(invite)
  local id = usable(checks.guid, invite.id)
  local email = usable(checks.email, invite.email) or id and no_address("invite", id)
  return email and {
    id = id, email = email, status = invite.status, assignments = assignments_of(invite.assignments),
    date_created = date(invite.date_created), date_updated = date(invite.date_updated), expiration_date = date(invite.expiration_date),
  } or nil
end

local function is_owner(member)
  for _, assignment in ipairs(member.assignments) do
    if assignment.policy_id == OWNER_ROLE and not assignment.restrictions then return true end
  end
  return false
end

-- Members, open invites, and who of the members is the account's owner.
local function read_team(wix, found)
  local members, invites, owner, seen = {}, {}, nil, {}
  for entry in wix.users.each_member({}, AS_SAID) do
    local user, invite = entry.user, entry.invite
    local own = user and member_of(user) or invite and OPEN[invite.status] and invite_of(invite) or nil
    local id = own and (own.user_id or own.id)
    if own and not (id and seen[id]) then
      if id then seen[id] = true end
      if not user then invites[#invites + 1] = own
      elseif not owner and is_owner(own) then owner = own
      else members[#members + 1] = own end
    elseif user and not own then found.left_out = found.left_out + 1 end
  end
  found.members, found.invites = #members + (owner and 1 or 0), #invites
  return members, invites, owner
end

local function is_refusal(err)
  return errors.is(err) and (err.kind == "unauthenticated" or err.kind == "forbidden")
end

-- How many members and invites there are; nil and the error where the key may not know.
local function count_team(wix)
  local answer, err = wix.users.search_team({ facets = { "Users", "InviteStatus" }, paging = { limit = 1 } }, AS_SAID)
  if not answer then return nil, err end
  local count = 0
  for _, facet in ipairs(answer.facets) do
    for _, value in ipairs(facet.values) do count = count + (math.type(value.count) == "integer" and value.count or 0) end
  end
  return math.max(count, #answer.team_members)
end

-- ---- all of it -------------------------------------------------------------------------------------------------------

-- How much there is to read, and how long that takes at least; the two calls that count are over by then.
local function outline(wix, filter, with_locale, found)
  local counted = assert(wix.sites.count_sites({ query = { filter = filter } }, AS_SAID)).count
  local team, refused = count_team(wix)
  if not team and not is_refusal(refused) then error(refused, 0) end
  found.team_refused = refused
  local sites = math.type(counted) == "integer" and counted or 0
  local calls = math.max(math.ceil(sites / SITES_A_CALL), 1) + (with_locale and 2 or 1)
    + (team and math.ceil(team / PEOPLE_A_CALL) + 1 or 0) -- only a page with nobody on it is the end
  local rate = client.state(wix).settings.rate
  return { sites = sites, team = team, calls = calls, seconds = rate and (calls + 1) // rate.calls * rate.per or 0 }
end

local function read(wix, given)
  local found = { sites = 0, contributors = 0, roles = 0, members = 0, invites = 0, left_out = 0 }
  local filter, language = every_site, language_of(given.locale)
  local counted = outline(wix, filter, language ~= nil, found)
  if given.before then given.before(counted) end
  local roles = assert(wix.users.get_roles_info({ locale = "en" }, AS_SAID))
  local translated = language and assert(wix.users.get_roles_info({ locale = given.locale }, AS_SAID)) or {}
  local account = client.state(wix).settings.account_id:lower() -- a GUID, or no call would have been made
  local sites = read_sites(wix, { filter = filter }, account, found)
  if #sites == 0 then
    error(errors.new({ kind = "invalid", outcome = "refused", message = "the account has no site that could be copied",
      operation = "like_account" }, { advice = "Leave --like-account out: a sandbox of its own making has a site" }), 0)
  end
  local members, invites, owner
  if not found.team_refused then
    local ok, raised = pcall(function() members, invites, owner = read_team(wix, found) end)
    if not ok then
      if not is_refusal(raised) then error(raised, 0) end
      members, invites, found.team_refused, found.members, found.invites = nil, nil, raised, 0, 0
    end
  end
  local seen = {}
  found.owner = owner ~= nil
  return {
    account_id = account, strict_sites = true, -- another site's id is as wrong here as there
    -- Other ids than those of the account, also where it is itself one of a sandbox.
    seed = given.seed or ("like %s at %d"):format(account, os.time()),
    sites = sites, members = members, account_invites = invites,
    owner = owner or { email = no_address("account", account), name = {} },
    predefined_roles = roles_of(roles.predefined_roles, translated.predefined_roles, language, seen, found),
    roles = roles_of(roles.custom_roles, translated.custom_roles, language, seen, found),
  }, found
end

---@class wixum.LikeAccount
---@field sites integer
---@field contributors integer other accounts that can reach some site
---@field roles integer
---@field members integer
---@field invites integer to the team, open or expired or declined
---@field owner boolean is the account's owner known? else there is somebody in that place who is none of the team
---@field left_out integer things that a sandbox cannot take in: no usable id
---@field team_refused wixum.Error? the key may not read the team, which was left out

--- Reads the account of a client. A call that fails ends it, but for a key that may not read the team: then that is left out.
-- Ctrl-C raises as in any call.
---@param wix wixum.Client with an account id
---@param given { locale: string?, seed: any, before: fun(outline: { sites: integer, team: integer?, calls: integer, seconds: number })? }?
--- locale: a language in which titles of roles are found too; before: told how much will be read, before it is
---@return table? options of `wixum.sandbox`.start
---@return wixum.LikeAccount|wixum.Error found or why it could not be read
return function(wix, given)
  if not client.is(wix) then errors.mistake("like_account takes a client, not a " .. type(wix)) end
  local ok, options, found = pcall(read, wix, given or {})
  if ok then return options, found end
  if errors.is(options) and not errors.is_interrupt(options) and options.kind ~= "cancelled" then return nil, options end
  error(options, 0)
end
