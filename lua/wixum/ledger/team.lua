--- The team, as the service tells it: members and open invites, with what they may do on what.
--
-- Owns the reading of it: whatever stands in an answer, fields here are of their kinds, and ids such as a call could use. Stores nothing;
-- links by which an invite is accepted are left behind at once.

local client = require "wixum.client"
local core = require "wixum.core"
local errors = require "wixum.errors"
local folding = require "wixum.folding"
local printable = require("wixum.csv.problem").printable

local team = {}

---@class wixum.TeamPerson
---@field user_id string? of a member; nil: the service gives none that a call could use
---@field unusable_id string? what it gives in place of one, masked
---@field invite_id string? of an invite
---@field status string? of an invite, as the service calls it
---@field is_open boolean an invite that may still be accepted
---@field member boolean is it one, and no invite?
---@field email string "" where the service says none
---@field person string the address in small letters
---@field name string?
---@field joined_at string?
---@field created_at string? of an invite
---@field expires_at string?
---@field assignments wixum.TeamAssignment[]

---@class wixum.TeamAssignment without a site or conditions it is the whole account
---@field policy_id string? nil: the service gives none that is one
---@field unreadable string? what it gives in place of one, masked; "unknown" where that is nothing
---@field assignment_id string?
---@field site_id string? masked where it is no id
---@field site_name string?
---@field conditions boolean?

local UNKNOWN = "unknown" -- in place of a role that the service does not name
local SHOWN = 60 -- characters of what is no id

-- Other states than these are not known to be the end of an invite: it may be open.
local CLOSED = { Used = true, Deleted = true, Declined = true, Expired = true }

local function text(value) return type(value) == "string" and value or nil end

-- An id that a call could use, and that no file or terminal stumbles over.
local function id_of(value) return type(value) == "string" and value:find "^[^%c%s%[%];\x80-\xFF]+$" and value or nil end

local function guid_of(value) return type(value) == "string" and core.is_guid(value) and value or nil end

-- A restriction of a kind that is not known is one all the same, and never the whole account.
-- Nor is an assignment left out whose role cannot be read: it is access all the same.
local function assignment_of(given)
  local on = type(given.restrictions) == "table" and next(given.restrictions) ~= nil and given.restrictions or nil
  local site = on and (on.site or on.resource)
  local id = type(site) == "table" and site.id ~= "" and text(site.id) or nil
  local policy = id_of(given.policy_id)
  local said = not policy and text(given.policy_id) or ""
  return { policy_id = policy, unreadable = not policy and (said ~= "" and printable(said, SHOWN) or UNKNOWN) or nil,
    assignment_id = id_of(given.assignment_id), site_id = id and folding.ascii(guid_of(id) or printable(id, SHOWN)),
    site_name = id and text(site.value), conditions = on and not id and true or nil }
end

local function person_of(item)
  local inner = item.user or item.invite
  if type(inner) ~= "table" then return nil end
  local email = text(inner.email) or ""
  local named = type(inner.name) == "table" and inner.name or {}
  local name = ("%s %s"):format(text(named.first_name) or "", text(named.last_name) or ""):match("^%s*(.-)%s*$")
  local person = { member = item.user ~= nil, email = email, person = folding.person(email), name = name ~= "" and name or nil,
    assignments = {}, is_open = false }
  if item.user then
    person.user_id, person.joined_at = guid_of(inner.id), text(inner.joined_team_at)
    person.unusable_id = not person.user_id and text(inner.id) and printable(inner.id, SHOWN) or nil
  else
    person.invite_id, person.status = id_of(inner.id), text(inner.status)
    person.is_open = not CLOSED[person.status or ""]
    person.created_at, person.expires_at = text(inner.date_created), text(inner.expiration_date)
  end
  for i, assignment in ipairs(type(inner.assignments) == "table" and inner.assignments or {}) do
    person.assignments[i] = assignment_of(assignment)
  end
  return person
end

--- Reads the team, page by page.
---@param wix table
---@return wixum.TeamPerson[]? people
---@return wixum.Error? err
---@return integer calls
function team.read(wix)
  local list, calls = {}, 0
  local told = client.state(wix).settings.on_event
  local function count(event)
    if event.event == "end" then calls = calls + 1 end
    if told then told(event) end
  end
  local ok, raised = pcall(function()
    for item in wix.users.each_member({}, { on_event = count }) do
      local person = person_of(item)
      if person then list[#list + 1] = person end
    end
  end)
  -- an account has an owner: an answer without anybody must not pass for a team that all have left
  local somebody = false
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
