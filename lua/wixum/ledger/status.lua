--- How things stand: counts by state and site, what is oldest, what expires soonest, and what waits for a person.
--
-- Owns what is counted and how it is told. Reads the ledger only.

local interrupted = require "wixum.ledger.interrupted"
local printable = require("wixum.csv.problem").printable
local selector = require "wixum.ledger.selector"
local settling = require "wixum.ledger.settling"
local team_words = require "wixum.ledger.team_words"

local status = {}

local UNKNOWN = 20 -- rows that are named
local SITES = 20 -- that are printed

---@class wixum.LedgerStatus
---@field rows integer
---@field states table<string, integer> rows by state
---@field mails integer that were sent, or may have been
---@field unclear integer rows of which it cannot be told who has joined
---@field looked_at string? when it was last looked who has joined
---@field sites { site_id: string, name: string?, rows: integer, states: table<string, integer> }[] those with most to do first
---@field oldest_pending table? the row that has waited longest since its last mail
---@field soonest_to_expire table? the row
---@field unknown table[] the first of the rows that wait for a person, with `look_at`: what to look at
---@field team table[] the first of the invites to the team that need somebody, with `next`; empty where some rows were selected
---@field batches wixum.InterruptedBatch[]
---@field plans wixum.InterruptedPlan[]
---@field recovered integer rows of a run that was killed, which are unknown since this look
---@field base_url string?
---@field account_id string?
local metatable = { __name = "wixum.ledger.status" }

local ROW = "email, site_id, roles, state, unknown_step, invite_id, last_mail_at, expires_at, reason, request_id, mails"

-- A revocation may be said twice.
local function look_at(row)
  return ("%s Then settle it as sent, else as not_sent%s"):format(settling.question(row.unknown_step),
    row.unknown_step == "revoke" and "; or revoke it again" or "")
end

-- Those under way are of a process that sends now, or was killed.
local TEAM = [[SELECT email, role, site_ids, state, mailed_at, reason, request_id FROM team_invites
  WHERE %s AND state IN ('sending', 'unknown', 'failed') ORDER BY id LIMIT %d]]

local function by_site(db, condition)
  local sites, of = {}, {}
  for row in db:rows(([[SELECT i.site_id AS site_id, s.name AS name, i.state AS state, i.number AS number
    FROM (SELECT site_id, state, count(*) AS number FROM invites WHERE (%s) GROUP BY site_id, state) i
    LEFT JOIN sites s ON s.site_id = i.site_id]]):format(condition)) do
    local site = of[row.site_id]
    if not site then
      site = { site_id = row.site_id, name = row.name, rows = 0, states = {}, open = 0 }
      of[row.site_id] = site
      sites[#sites + 1] = site
    end
    site.rows, site.states[row.state] = site.rows + row.number, row.number
    if row.state ~= "accepted" and row.state ~= "revoked" then site.open = site.open + row.number end
  end
  table.sort(sites, function(one, other)
    if one.open ~= other.open then return one.open > other.open end
    return one.site_id < other.site_id
  end)
  for _, site in ipairs(sites) do site.open = nil end
  return sites
end

--- Counts.
---@param state table of the ledger
---@param given table? selector
---@return wixum.LedgerStatus
function status.of(state, given)
  local db = state.db
  local condition = selector.condition(given, "ledger:status", state.time(), true)
  local found = { rows = 0, states = {}, mails = 0, unclear = 0, unknown = {}, team = {} }
  for row in db:rows(("SELECT state, count(*) AS number, sum(mails) AS mails FROM invites WHERE (%s) GROUP BY state"):format(condition)) do
    found.states[row.state] = row.number
    found.rows, found.mails = found.rows + row.number, found.mails + row.mails
  end
  found.unclear = db:one(("SELECT count(*) AS number FROM invites WHERE (%s) AND evidence = 'unclear' AND state <> 'accepted'"):format(
    condition)).number
  found.looked_at = db:one(("SELECT max(checked_at) AS latest FROM sites WHERE site_id IN (SELECT site_id FROM invites WHERE %s)"):format(
    condition)).latest
  found.sites = by_site(db, condition)
  found.oldest_pending = db:one(([[SELECT %s FROM invites WHERE (%s) AND state = 'pending'
    ORDER BY last_mail_at LIMIT 1]]):format(ROW, condition))
  found.soonest_to_expire = db:one(([[SELECT %s FROM invites WHERE (%s) AND state = 'pending' AND expires_at IS NOT NULL
    ORDER BY expires_at LIMIT 1]]):format(ROW, condition))
  for row in db:rows(("SELECT %s FROM invites WHERE (%s) AND state = 'unknown' ORDER BY id LIMIT %d"):format(ROW, condition, UNKNOWN)) do
    row.look_at = look_at(row)
    found.unknown[#found.unknown + 1] = row
  end
  for row in db:rows(TEAM:format(condition == "1 = 1" and "1" or "0", UNKNOWN)) do
    row.next = team_words.next_step(row)
    found.team[#found.team + 1] = row
  end
  found.batches, found.plans = interrupted.of(db)
  for row in db:rows("SELECT name, value FROM settings WHERE name IN ('base_url', 'account_id')") do found[row.name] = row.value end
  return setmetatable(found, metatable)
end

-- ---- for people ------------------------------------------------------------------------------------------------------

-- "3 pending, 1 unknown", in the order of an invite's life.
---@param states table<string, integer>
---@return string
function status.counts(states)
  local parts = {}
  for _, name in ipairs(selector.STATES) do
    if states[name] then parts[#parts + 1] = ("%d %s"):format(states[name], name) end
  end
  return #parts > 0 and table.concat(parts, ", ") or "none"
end

local function row_words(row) return ("%s on %s"):format(row.email, row.site_id) end

function metatable.__tostring(self)
  local lines = { ("%d %s: %s; %d %s"):format(self.rows, self.rows == 1 and "row" or "rows", status.counts(self.states), self.mails,
    self.mails == 1 and "mail" or "mails") }
  for i, site in ipairs(self.sites) do
    if i > SITES then
      lines[#lines + 1] = ("  and %d more sites"):format(#self.sites - SITES)
      break
    end
    local name = site.name and (" (%s)"):format(printable(site.name, 60)) or ""
    lines[#lines + 1] = ("  %s%s: %s"):format(site.site_id, name, status.counts(site.states))
  end
  if self.unclear > 0 then
    lines[#lines + 1] = ("Unclear who has joined: %d; `wixum check` names the candidates, `wixum confirm` decides"):format(self.unclear)
  end
  if self.states.pending and self.looked_at then
    lines[#lines + 1] = ("Last looked who has joined: %s; `wixum check` looks anew"):format(self.looked_at)
  end
  if self.oldest_pending then
    lines[#lines + 1] = ("Waiting longest: %s, last mail %s"):format(row_words(self.oldest_pending), self.oldest_pending.last_mail_at)
  end
  if self.soonest_to_expire then
    lines[#lines + 1] = ("Next to expire: %s, at %s"):format(row_words(self.soonest_to_expire), self.soonest_to_expire.expires_at)
  end
  for _, row in ipairs(self.unknown) do
    lines[#lines + 1] = ("Unknown: %s (%s, %s%s). %s."):format(row_words(row), row.last_mail_at or "never mailed",
      row.reason or "no reason", row.request_id and ", request id " .. row.request_id or "", row.look_at)
  end
  local more = (self.states.unknown or 0) - #self.unknown
  if more > 0 then lines[#lines + 1] = ("and %d more that are unknown"):format(more) end
  for _, row in ipairs(self.team) do lines[#lines + 1] = ("Team: %s"):format(team_words.line(row)) end
  table.move(interrupted.lines(self.batches, self.plans), 1, #self.batches + #self.plans, #lines + 1, lines)
  return table.concat(lines, "\n")
end

return status
