--- Arrivals on a site: accounts that a look did not see there, and the next one did, as `attribution` wants them.
--
-- Owns the reading of `presences` for it, and by what else than an invite to the site an account may have come: the ledger's own invites
-- to the team. Whether members of the team are among those who can reach a site is not documented. Decides nothing.

local arrivals = {}

local SLACK = 3600 -- seconds in which what ended may still show: when an invite expires is of the service's clock

local ARRIVALS = [[SELECT id, account_id, absent_at, seen_at, doubtful, removed FROM presences
  WHERE site_id = ? AND row_id IS NULL AND (absent_at IS NOT NULL OR doubtful = 1) ORDER BY id]]

local function seconds(text) return text and require("wixum").time(text) or nil end

-- ---- invites to the team ---------------------------------------------------------------------------------------------

-- Those that cover the site, and were accepted or may be. What the team has shown to be over was not.
local TEAM = [[SELECT state, planned_at, seen_at, expires_at, changed_at FROM team_invites WHERE (mails > 0 OR step IS NOT NULL)
  AND state IN ('sending', 'pending', 'unknown', 'accepted', 'removed')
  AND (site_ids = '*' OR instr(' ' || site_ids || ' ', ' ' || ? || ' ') > 0)]]

-- From when to when each of them can have been accepted.
local function team_windows(db, site_id)
  local list = {}
  for row in db:rows(TEAM, site_id) do
    local opened, closed = seconds(row.planned_at), seconds(row.expires_at)
    -- it was open still when the team was looked at last
    if row.state == "pending" and row.seen_at then opened = math.max(opened, seconds(row.seen_at)) end
    if row.state == "accepted" or row.state == "removed" then closed = seconds(row.changed_at) end
    list[#list + 1] = { opened = opened, closed = closed and closed + SLACK or math.huge }
  end
  return list
end

local function is_within(windows, arrival)
  for _, window in ipairs(windows) do
    if window.opened <= arrival.seen and window.closed >= (arrival.absent or -math.huge) then return true end
  end
  return false
end

-- ---- all of them -----------------------------------------------------------------------------------------------------

--- Has somebody arrived on a site of whom nobody knows by which invite?
---@param db table
---@param site_id string
---@return boolean
function arrivals.any(db, site_id) return db:one(ARRIVALS, site_id) ~= nil end

--- Those of whom nobody knows by which invite they came.
---@param db table
---@param site_id string
---@return wixum.Arrival[]
function arrivals.of(db, site_id)
  local list, windows = {}, nil
  for row in db:rows(ARRIVALS, site_id) do
    list[#list + 1] = { id = row.id, account = row.account_id, absent = seconds(row.absent_at), seen = seconds(row.seen_at),
      doubtful = row.doubtful == 1, removed = row.removed == 1, absent_at = row.absent_at, seen_at = row.seen_at }
  end
  for _, arrival in ipairs(list) do
    windows = windows or team_windows(db, site_id)
    arrival.by_team = is_within(windows, arrival)
  end
  return list
end

return arrivals
