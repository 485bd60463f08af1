--- What is decided about rows without a call: by date, or by a person.
--
-- Owns which state follows from which decision: `expire`, `retry`, `settle`.

local selector = require "wixum.ledger.selector"

local decide = {}

--- Invites whose time is over.
---@param db table
---@param now string
---@return integer
function decide.expire(db, now)
  -- looked for first: who only reads must not wait for who writes
  local any = db:one("SELECT 1 AS found FROM invites WHERE state = 'pending' AND expires_at < ? LIMIT 1", now)
  if not any then return 0 end
  -- the change is of the day when it expired, whenever somebody looks: of two copies of a row the later change counts
  return db:run([[UPDATE invites SET state = 'expired', changed_at = max(changed_at, expires_at)
    WHERE state = 'pending' AND expires_at < ?]], now)
end

-- As `= value`, so that a limit counts only rows with which it can be done.
local function chosen(condition, eligible, limit)
  return ("id IN (SELECT id FROM invites WHERE (%s) AND (%s) ORDER BY id LIMIT %d)"):format(condition, eligible, limit or -1)
end

--- Rows that were selected, and with which it cannot be done, by state.
---@param db table
---@param condition string
---@param eligible string
---@return table<string, integer>
function decide.left_out(db, condition, eligible)
  local states = {}
  for row in db:rows(("SELECT state, count(*) AS number FROM invites WHERE (%s) AND NOT (%s) GROUP BY state"):format(condition,
    eligible)) do
    states[row.state] = row.number
  end
  return states
end

---@class wixum.Decision
---@field changed integer rows
---@field skipped table<string, integer> selected rows with which it cannot be done, by state

local AGAIN = "step IS NULL AND state IN ('failed', 'expired', 'revoked')"
-- Of whom it is unclear whether they have joined, nobody is mailed anew who is not named.
local CLEARLY_AGAIN = AGAIN .. " AND coalesce(evidence, '') <> 'unclear'"
-- What was known of the old invite says nothing of the new one.
local PLANNED_ANEW = "state = 'planned', reason = NULL, invite_id = NULL, accept_link = NULL, expires_at = NULL, unknown_step = NULL, "
  .. "earlier_mail_at = NULL, evidence = NULL, account_id = NULL, candidates = NULL, joined_after = NULL, joined_by = NULL, "
  .. "accepted_from = NULL, earlier_invites = earlier_invites + (mails > 0 AND state <> 'failed')"

--- Rows wait to be sent again: a new invite.
---@param state table of the ledger
---@param given table selector
---@return wixum.Decision
function decide.retry(state, given)
  local condition, limit = selector.condition(given, "ledger:retry", state.time())
  local db, now = state.db, state.now()
  local again = given.email and AGAIN or CLEARLY_AGAIN
  return db:transaction(function()
    local skipped = decide.left_out(db, condition, again)
    return { skipped = skipped, changed = db:run(("UPDATE invites SET %s, changed_at = ? WHERE %s"):format(PLANNED_ANEW,
      chosen(condition, again, limit)), now) }
  end)
end

-- What nobody knows. What was settled as sent, and so has no id, can be settled otherwise only where it is named by its state: else
-- "the rest was not sent" would mail those again.
local OPEN = "step IS NULL AND state = 'unknown'"
local REOPENED = "step IS NULL AND (state = 'unknown' OR state = 'pending' AND invite_id IS NULL)"

local function names_pending(given)
  for _, name in ipairs(type(given.state) == "table" and given.state or { given.state }) do
    if name == "pending" then return true end
  end
  return false
end

local SETTLED = {
  -- when an invite expires that was mailed after the day that is known, nobody knows
  sent = [[state = CASE unknown_step WHEN 'revoke' THEN 'revoked' ELSE 'pending' END,
    expires_at = CASE WHEN unknown_step = 'resend' OR expires_at <= last_mail_at THEN NULL ELSE expires_at END]],
  not_sent = [[state = CASE WHEN coalesce(unknown_step, 'invite') = 'invite' THEN 'planned' ELSE 'pending' END,
    mails = CASE unknown_step WHEN 'revoke' THEN mails ELSE max(0, mails - 1) END,
    last_mail_at = CASE unknown_step WHEN 'revoke' THEN last_mail_at WHEN 'resend' THEN coalesce(earlier_mail_at, first_mail_at)
      ELSE earlier_mail_at END,
    first_mail_at = CASE WHEN coalesce(unknown_step, 'invite') = 'invite' AND earlier_mail_at IS NULL THEN NULL ELSE first_mail_at END]],
}

local REASON = { sent = "a person has settled it: it was sent", not_sent = "a person has settled it: it was not sent" }

--- Does a row's reason say that a person has settled it?
---@param reason string
---@return boolean
function decide.is_settled(reason) return reason == REASON.sent or reason == REASON.not_sent end

--- A person says what became of rows that are unknown.
---@param state table of the ledger
---@param given table selector
---@param verdict "sent"|"not_sent"
---@return wixum.Decision
function decide.settle(state, given, verdict)
  local condition, limit = selector.condition(given, "ledger:settle", state.time())
  local db, now, open = state.db, state.now(), names_pending(given) and REOPENED or OPEN
  return db:transaction(function()
    local skipped = decide.left_out(db, condition, open)
    -- a batch that was interrupted has not done with these after all
    if verdict == "not_sent" then
      db:run(("DELETE FROM batch_rows WHERE row_id IN (SELECT id FROM invites WHERE %s)"):format(chosen(condition, open, limit)))
    end
    return { skipped = skipped, changed = db:run(("UPDATE invites SET %s, reason = ?, changed_at = ? WHERE %s"):format(SETTLED[verdict],
      chosen(condition, open, limit)), REASON[verdict], now) }
  end)
end

decide.VERDICTS = { "sent", "not_sent" }

return decide
