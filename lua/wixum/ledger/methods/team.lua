--- What a ledger does about the account's team: inviting employees, and telling who is in it.
--
-- Owns what these methods take, and the order of things around an invite. The work is in `team_invites` and `team`.

local binding = require "wixum.ledger.binding"
local core = require "wixum.core"
local errors = require "wixum.errors"
local folding = require "wixum.folding"
local given_checks = require "wixum.ledger.given"
local lookups = require "wixum.ledger.lookup"
local objects = require "wixum.ledger.object"
local roles = require "wixum.roles"
local summaries = require "wixum.ledger.summaries"
local team = require "wixum.ledger.team"
local team_invites = require "wixum.ledger.team_invites"
local guarded, state_of = objects.guarded, objects.state_of

---@class wixum.Ledger
local methods = {}

local function invalid(name, reason, advice)
  return errors.new({ kind = "invalid", outcome = "not_sent", operation = name, where = errors.where(), message = reason },
    { advice = advice or "Nobody was invited" })
end

local function texts(value, what, name)
  local list = type(value) == "table" and value or { value }
  for _, text in ipairs(list) do
    if type(text) ~= "string" or text == "" then errors.mistake(("%s: %s must be a text, or a list of them"):format(name, what)) end
  end
  if #list == 0 then errors.mistake(("%s: %s is empty"):format(name, what)) end
  return list
end

-- The role and the sites that are meant, by the names that the account has for them.
local function meant(wix, given, sites)
  if not sites then
    local role, err = roles.find(wix, given.role, { level = "account", locale = given.locale })
    return role and { id = role.id, title = type(role.title) == "string" and role.title or role.id }, nil, err
  end
  local lookup, err = lookups.new(wix, given.locale)
  if not lookup then return nil, nil, err end
  local role, reason = lookup:role(given.role)
  if not role then return nil, nil, reason end
  local ids, seen = {}, {}
  for _, text in ipairs(sites) do
    local site
    site, reason = lookup:site(text)
    if not site then return nil, nil, ("%s: %s"):format(text, reason) end
    if not seen[site.id] then ids[#ids + 1], seen[site.id] = site.id, true end
  end
  return role, ids
end

---@class wixum.TeamInvited
---@field total integer invites that were to be sent
---@field pending integer
---@field failed integer
---@field unknown integer
---@field planned_again integer
---@field calls integer
---@field refused { email: string, reason: string }[] who was not invited, since they are in the team or invited already
---@field role { id: string, title: string }
---@field sites string[]? ids; nil: the whole account
---@field failed_rows { email: string, reason: string }[]? those that the service refused
---@field stopped wixum.Error?

--- Invites employees to the account's team, with a role on chosen sites. Who is a member, or invited, already is not mailed.
---@param wix wixum.Client
---@param given { email: string|string[], role: string, sites: string|string[]|nil, everywhere: true?, language: string?, locale: string?,
--- dry_run: boolean?, found: wixum.TeamInvited?, on_progress: function? } found: what a dry run answered, so that names are not looked up
--- again; role: its title or id; sites: ids, names or addresses; everywhere: the whole account
---@return wixum.TeamInvited? invited
---@return wixum.Error? err
function methods.team_invite(object, wix, given)
  local state, name = state_of(object, "team_invite"), "ledger:team_invite"
  given_checks.client(wix, name)
  given = given_checks.options(given, { "dry_run", "email", "everywhere", "found", "language", "locale", "on_progress",
    "role", "sites" }, name)
  local emails = texts(given.email, "email", name)
  if type(given.role) ~= "string" then errors.mistake(name .. ": role must be a title or an id") end
  if given.everywhere ~= nil and given.everywhere ~= true then errors.mistake(name .. ": everywhere can only be true") end
  if (given.sites ~= nil) == (given.everywhere == true) then
    errors.mistake(name .. ": say either sites, or everywhere = true, which is the whole account")
  end
  if given.found ~= nil and type(given.found) ~= "table" then errors.mistake(name .. ": found is what a dry run answered") end
  local sites = given.sites ~= nil and texts(given.sites, "sites", name) or nil
  for _, email in ipairs(emails) do
    local ok, reason = core.check_email(email)
    if not ok then return nil, invalid(name, ("%s: %s"):format(email, reason)) end
  end
  local function work()
    local db, now = state.db, state.now
    if not given.dry_run then team_invites.recover(db, now()) end
    local role, ids, err
    if given.found then role, ids = given.found.role, given.found.sites else role, ids, err = meant(wix, given, sites) end
    if not role then return nil, errors.is(err) and err or invalid(name, err) end
    local present
    present, err = team_invites.present(wix, emails)
    if not present then return nil, err end
    local refused, wanted, said = {}, {}, {}
    for _, email in ipairs(emails) do
      local person = present[folding.person(email)]
      if said[folding.person(email)] then goto continue end
      said[folding.person(email)] = true
      if person then
        refused[#refused + 1] = { email = email, reason = person.member and "is in the team already" or "is invited already" }
      else wanted[#wanted + 1] = email end
      ::continue::
    end
    local summary = { total = #wanted, pending = 0, failed = 0, unknown = 0, planned_again = 0, calls = 0, refused = refused, role = role,
      sites = ids }
    if given.dry_run or #wanted == 0 then return summary end
    local planned, further = team_invites.plan(db, { emails = wanted, role = role, sites = ids, language = given.language }, now())
    table.move(further, 1, #further, #refused + 1, refused)
    local sent = team_invites.send(state, wix, planned, { on_progress = given.on_progress })
    for key, value in pairs(sent) do summary[key] = value end
    return summary
  end
  if not given.dry_run then
    return summaries.telling("team_invite", guarded(name, state.path, binding.alone, state, binding.while_used, state, wix, work))
  end
  return summaries.telling("team_invite", guarded(name, state.path, function()
    binding.to_client(state, wix, true)
    return work()
  end))
end

---@class wixum.Team
---@field people wixum.TeamPerson[] members and open invites
---@field changed integer invites of the ledger of which something new is known
---@field invites table[] those of the ledger

--- The account's team, with what has become of the ledger's invites to it; what was unknown of them is settled.
---@param wix wixum.Client
---@return wixum.Team? team
---@return wixum.Error? err
function methods.team(object, wix)
  local state, name = state_of(object, "team"), "ledger:team"
  given_checks.client(wix, name)
  return summaries.telling("team", guarded(name, state.path, binding.alone, state, binding.while_used, state, wix, function()
    team_invites.recover(state.db, state.now())
    local people, err = team.read(wix)
    if not people then return nil, err end
    local time = state.time()
    local changed = team_invites.compare(state.db, people, state.now(), function(date)
      return time - (require("wixum").time(date) or time)
    end)
    return { people = people, changed = changed, invites = team_invites.rows(state.db) }
  end))
end

return methods
