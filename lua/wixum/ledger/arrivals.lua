--- Arrivals on a site: accounts that a look did not see there, and the next one did, as `attribution` wants them.
--
-- Owns the reading of `presences` for it, and whether an account may have come by the team and not by an invite to the site. Decides
-- nothing.

local team_windows = require "wixum.ledger.team_windows"

local arrivals = {}

local ARRIVALS = [[SELECT id, account_id, absent_at, seen_at, doubtful, removed FROM presences
  WHERE site_id = ? AND row_id IS NULL AND (absent_at IS NOT NULL OR doubtful = 1) ORDER BY id]]

local function seconds(text) return text and require("wixum").time(text) or nil end

-- ---- by the team ------------------------------------------------------------------------------------------------------

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
    windows = windows or team_windows.of(db, site_id)
    arrival.by_team = is_within(windows, arrival)
  end
  return list
end

return arrivals
