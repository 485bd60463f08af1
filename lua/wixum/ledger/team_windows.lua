--- When somebody may have come to a site by the team: by an invite of the ledger to it, or by a role there that the ledger gave a member.
--
-- Owns these times, and the table `past_team_invites`, which keeps those of invites whose row says another by now. Whether members of the
-- team are among those who can reach a site is not documented: what may have let somebody in makes unclear by what they came. Decides
-- nothing.

local team_windows = {}

local SLACK = 3600 -- seconds in which what ended may still show: when an invite expires is of the service's clock

--- Why an invite is over of which the team knows nothing any more: somebody may have used it, and have left since, before anybody looked.
team_windows.GONE = "the team knows no such invite any more"
team_windows.NEVER = "the team knows no such invite: it was not sent, or is over"

local LOST = ("'%s', '%s'"):format(team_windows.GONE, team_windows.NEVER)

local function seconds(text) return text and require("wixum").time(text) or nil end

-- ---- invites ---------------------------------------------------------------------------------------------------------

local COVERS = "(site_ids = '*' OR instr(' ' || site_ids || ' ', ' ' || ? || ' ') > 0)"

-- Those that were accepted, or may be. One that the team has shown to be over unused was not.
local INVITES = ([[SELECT state, planned_at, seen_at, expires_at, changed_at FROM team_invites WHERE (mails > 0 OR step IS NOT NULL)
  AND (state IN ('sending', 'pending', 'unknown', 'accepted', 'removed') OR reason IN (%s)) AND %s]]):format(LOST, COVERS)
local PAST = "SELECT opened_at, closed_at FROM past_team_invites WHERE " .. COVERS

local OPEN = { sending = true, pending = true, unknown = true }

-- From when to when each can have been accepted.
local function invite_windows(db, site_id, list)
  for row in db:rows(INVITES, site_id) do
    local opened, closed = seconds(row.planned_at), seconds(OPEN[row.state] and row.expires_at or row.changed_at)
    -- it was open still when the team was looked at last
    if row.state == "pending" and row.seen_at then opened = math.max(opened, seconds(row.seen_at)) end
    if OPEN[row.state] and not row.expires_at then closed = nil end
    list[#list + 1] = { opened = opened, closed = closed and closed + SLACK or math.huge }
  end
  for row in db:rows(PAST, site_id) do
    list[#list + 1] = { opened = seconds(row.opened_at), closed = seconds(row.closed_at) + SLACK }
  end
end

local KEEP = ([[INSERT INTO past_team_invites (person, user_id, site_ids, opened_at, closed_at)
  SELECT person, user_id, site_ids, planned_at, CASE WHEN state IN ('sending', 'pending', 'unknown') THEN coalesce(expires_at, ?) ELSE
    changed_at END FROM %%s WHERE person = ? AND mails > 0
  AND (state IN ('sending', 'pending', 'unknown', 'accepted', 'removed') OR reason IN (%s))
  EXCEPT SELECT person, user_id, site_ids, opened_at, closed_at FROM past_team_invites]]):format(LOST)

--- Keeps what a row says of its invite, before it says another.
---@param db table
---@param person string
---@param now string
---@param source string? another table of the same columns
function team_windows.keep(db, person, now, source) db:run(KEEP:format(source or "team_invites"), now, person) end

-- ---- roles -----------------------------------------------------------------------------------------------------------

local ROLES = [[SELECT planned_at, changed_at FROM changes c WHERE kind = 'change_assignments' AND state IN ('sending', 'done', 'unknown')
  AND EXISTS (SELECT 1 FROM json_each(c.detail, '$.add') a WHERE json_extract(a.value, '$.restrictions') IS NULL
    OR lower(json_extract(a.value, '$.restrictions.site.id')) = ?)]]

local function role_windows(db, site_id, list)
  for row in db:rows(ROLES, site_id) do
    list[#list + 1] = { opened = seconds(row.planned_at), closed = seconds(row.changed_at) + SLACK }
  end
end

-- ---- all of them -----------------------------------------------------------------------------------------------------

--- From when to when somebody may have come to a site by the team, in seconds.
---@param db table
---@param site_id string
---@return { opened: number, closed: number }[]
function team_windows.of(db, site_id)
  local list = {}
  invite_windows(db, site_id, list)
  role_windows(db, site_id, list)
  return list
end

return team_windows
