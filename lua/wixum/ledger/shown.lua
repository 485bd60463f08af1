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

--- Remembers the rows that fulfil a condition, in place of those before; but not while a run goes by those.
---@param state table of the ledger, in a transaction, so that what is told beside them is of the same moment
---@param condition string
---@param limit integer?
function shown.keep(state, condition, limit)
  if state.uses_shown then return end
  local db = state.db
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

--- Calls a function that goes by what was shown, where it does: until it has ended nothing else takes its place.
---@param state table of the ledger
---@param as_shown boolean?
---@param fn function
---@return any ... what it returns
function shown.using(state, as_shown, fn, ...)
  if not as_shown then return fn(...) end
  state.uses_shown = true
  local results = table.pack(pcall(fn, ...))
  state.uses_shown = nil
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

return shown
