--- Somebody was taken off a site, or will not be invited to it: what that means for the ledger's rows.
--
-- Owns what is written down of it, and what has to be known before; whether somebody is gone is seen by `aftermath`.

local changes = require "wixum.ledger.changes"
local evidence = require "wixum.ledger.evidence"

local removed = {}

--- Why a row is revoked whose person was in.
removed.REASON = "had accepted, and was removed"

local ROWS = [[UPDATE invites SET state = 'revoked', reason = ?, candidates = NULL,
  evidence = CASE evidence WHEN 'unclear' THEN ? ELSE evidence END, account_id = coalesce(account_id, ?), changed_at = ? WHERE id = ?]]

--- Writes down that an account was taken off a site.
---@param db table
---@param site_id string
---@param account_id string
---@param now string
---@param row_id integer? the invite that it is known, or was said, to have come by; nil: those that name the account
function removed.account(db, site_id, account_id, now, row_id)
  db:run("UPDATE presences SET removed = 1 WHERE site_id = ? AND account_id = ?", site_id, account_id)
  local rows = {}
  if row_id then
    rows[1] = row_id
    local row = db:one("SELECT evidence FROM invites WHERE id = ?", row_id)
    -- a person has said which account it was
    if row.evidence == evidence.UNCLEAR then
      db:run("UPDATE presences SET row_id = ? WHERE site_id = ? AND account_id = ? AND row_id IS NULL", row_id, site_id, account_id)
    end
  else
    for row in db:rows("SELECT id FROM invites WHERE site_id = ? AND account_id = ? AND state = 'accepted'", site_id, account_id) do
      rows[#rows + 1] = row.id
    end
  end
  for _, id in ipairs(rows) do db:run(ROWS, removed.REASON, evidence.OPERATOR, account_id, now, id) end
end

local TAKEN_BACK = [[UPDATE invites SET state = 'revoked', reason = CASE WHEN mails > 0 THEN 'taken back before it was mailed anew'
  ELSE 'taken back before it was mailed' END, changed_at = ? WHERE id = ?]]

--- Writes down that an invite will not be mailed that was planned. Of those before it this says nothing.
---@param db table
---@param row_id integer
---@param now string
function removed.planned(db, row_id, now) db:run(TAKEN_BACK, now, row_id) end

local OPEN = " AND state IN ('pending', 'expired', 'unknown')"

-- What was revoked, or is not there any more: what somebody had used before is seen by the next look.
local REVOKED = [[UPDATE invites SET state = 'revoked', unknown_step = NULL, reason = NULL, accept_link = NULL,
  changed_at = ? WHERE id = ?]] .. OPEN

-- What was not open to be revoked may have been used: it is what it was, or somebody would be mailed anew by `retry`.
local NOT_OPEN = "UPDATE invites SET reason = ?, changed_at = ? WHERE id = ?" .. OPEN

--- Writes down what came of revoking an invite that cannot be used any more.
---@param db table
---@param row_id integer
---@param change { reason: string? } the row of the change that was done
---@param now string
function removed.invite(db, row_id, change, now)
  if change.reason == changes.NOT_OPEN then db:run(NOT_OPEN, change.reason, now, row_id) else db:run(REVOKED, now, row_id) end
end

--- Is it not sure that it was this very invite by which somebody joined? Then it may be open still.
---@param row { evidence: string?, earlier_invites: integer }
---@return boolean
function removed.may_be_open(row)
  return row.evidence == evidence.KNOWN_ACCOUNT or row.evidence == evidence.OPERATOR or row.earlier_invites > 0
end

--- Has a person said that an account is somebody else's?
---@param db table
---@param account_id string
---@param person string
---@return string? email whose
function removed.somebody_elses(db, account_id, person)
  local said = db:one("SELECT person, email FROM accounts WHERE account_id = ?", account_id)
  return said and said.person ~= person and said.email or nil
end

--- The accounts that came by the invites of a row, and are there.
---@param db table
---@param row { id: integer, site_id: string, account_id: string? }
---@return string[]
function removed.accounts_of(db, row)
  local list, seen = {}, {}
  for found in db:rows([[SELECT account_id FROM presences WHERE site_id = ? AND gone_at IS NULL AND (row_id = ? OR account_id = ?)
    ORDER BY id]], row.site_id, row.id, row.account_id or "") do
    if not seen[found.account_id] then list[#list + 1], seen[found.account_id] = found.account_id, true end
  end
  return list
end

return removed
