--- The team, as the service tells it: members and open invites, with what they may do on what.
--
-- Owns the reading of it. Stores nothing; links by which an invite is accepted are left behind at once.

local client = require "wixum.client"
local errors = require "wixum.errors"
local folding = require "wixum.folding"

local team = {}

---@class wixum.TeamPerson
---@field user_id string? of a member
---@field invite_id string? of an invite
---@field status string? of an invite
---@field member boolean is it one, and no invite?
---@field email string "" where the service says none
---@field person string the address in small letters
---@field name string?
---@field joined_at string?
---@field created_at string? of an invite
---@field expires_at string?
---@field assignments { policy_id: string, assignment_id: string?, site_id: string?, site_name: string?, conditions: boolean? }[] without
--- a site or conditions it is the whole account

-- A restriction of a kind that is not known is one all the same, and never the whole account.
local function assignment_of(given)
  local on = type(given.restrictions) == "table" and next(given.restrictions) ~= nil and given.restrictions or nil
  local site = on and (on.site or on.resource)
  local id = type(site) == "table" and type(site.id) == "string" and folding.ascii(site.id) or nil
  return { policy_id = given.policy_id, assignment_id = given.assignment_id, site_id = id,
    site_name = id and type(site.value) == "string" and site.value or nil, conditions = on and not id and true or nil }
end

local function person_of(item)
  local inner = item.user or item.invite
  if type(inner) ~= "table" then return nil end
  local email = type(inner.email) == "string" and inner.email or ""
  local named = type(inner.name) == "table" and inner.name or {}
  local name = ("%s %s"):format(named.first_name or "", named.last_name or ""):match("^%s*(.-)%s*$")
  local person = { member = item.user ~= nil, email = email, person = folding.person(email), name = name ~= "" and name or nil,
    assignments = {} }
  if item.user then person.user_id, person.joined_at = inner.id, inner.joined_team_at
  else
    person.invite_id, person.status = inner.id, inner.status
    person.created_at, person.expires_at = inner.date_created, inner.expiration_date
  end
  for _, assignment in ipairs(type(inner.assignments) == "table" and inner.assignments or {}) do
    if type(assignment) == "table" and type(assignment.policy_id) == "string" then
      person.assignments[#person.assignments + 1] = assignment_of(assignment)
    end
  end
  return person
end

--- Reads the team, page by page.
---@param wix table
---@param email string? of this person alone: exactly, though the service searches loosely
---@return wixum.TeamPerson[]? people
---@return wixum.Error? err
---@return integer calls
function team.read(wix, email)
  local wanted, list, calls = email and folding.person(email), {}, 0
  local told = client.state(wix).settings.on_event
  local function count(event)
    if event.event == "end" then calls = calls + 1 end
    if told then told(event) end
  end
  local ok, raised = pcall(function()
    for item in wix.users.each_member({ query = email }, { on_event = count }) do
      local person = person_of(item)
      if person and (not wanted or person.person == wanted) then list[#list + 1] = person end
    end
  end)
  -- an account has an owner: an answer without anybody must not pass for a team that all have left
  local somebody = wanted ~= nil
  for _, person in ipairs(list) do somebody = somebody or person.member end
  if ok and somebody then return list, nil, calls end
  if ok then
    return nil, errors.new{ kind = "protocol", outcome = "unknown", operation = "users.search_team", where = errors.where(), attempts = 1,
      message = "the answer has nobody in the team, not even the account's owner" }, calls
  end
  if errors.is(raised) and raised.kind ~= "interrupted" and raised.kind ~= "cancelled" then return nil, raised, calls end
  error(raised, 0)
end

return team
