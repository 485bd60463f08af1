--- What somebody was told before they said yes: the rows of a dry run, or those that wait to be sent.
--
-- Owns the remembering of them, in a table of this connection's own. Between a question and its answer others may use the same ledger:
-- a yes is for the rows that were shown, as they were.

local errors = require "wixum.errors"

local shown = {}

local TABLE = "CREATE TEMP TABLE IF NOT EXISTS shown (id INTEGER PRIMARY KEY, changed_at TEXT NOT NULL, mails INTEGER NOT NULL)"

--- The condition on invites that they are among these, and have not changed since.
shown.CONDITION = "EXISTS (SELECT 1 FROM temp.shown s "
  .. "WHERE s.id = invites.id AND s.changed_at = invites.changed_at AND s.mails = invites.mails)"

--- Remembers the rows that fulfil a condition, in place of those before.
---@param db table in a transaction, so that what is told beside them is of the same moment
---@param condition string
---@param limit integer?
function shown.keep(db, condition, limit)
  db:run(TABLE)
  db:run("DELETE FROM temp.shown")
  db:run(("INSERT INTO temp.shown SELECT id, changed_at, mails FROM invites WHERE (%s) ORDER BY id LIMIT %d"):format(condition,
    limit or -1))
end

--- Is it the caller who was told last? Anything else is a program's mistake.
---@param state table of the ledger: `shown` names the method that told
---@param name string
function shown.check(state, name)
  if state.shown ~= name then errors.mistake(("ledger:%s: as_shown means what was told before, and nothing was"):format(name)) end
end

return shown
