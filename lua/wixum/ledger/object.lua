--- A ledger as a value: what is behind it, and how what the database refuses becomes `nil, err`.
--
-- Owns the private part of every ledger. Nobody can take its lock from it, since its metatable is not to be had.

local binding = require "wixum.ledger.binding"
local changes = require "wixum.ledger.changes"
local database = require "wixum.ledger.database"
local decide = require "wixum.ledger.decide"
local errors = require "wixum.errors"
local filesystem = require "wixum.ledger.filesystem"
local redaction = require "wixum.redaction"
local run = require "wixum.ledger.run"
local team_invites = require "wixum.ledger.team_invites"

local object = {}

---@class wixum.LedgerState what is behind a ledger
---@field db table? nil once it is closed
---@field path string as it was named
---@field file string its full path, free of links
---@field time fun(): number seconds since the epoch
---@field now fun(): string the same as the ledger writes it
---@field shown string? the method that has told last what it would be done with, and may be called for that
---@field uses_shown boolean? a run goes by that now
---@field stop_run function? ends what is under way, while something is

local private = setmetatable({}, { __mode = "k" })

--- Puts a state behind a value.
---@param value table
---@param state wixum.LedgerState
function object.keep(value, state) private[value] = state end

--- What is behind it, closed or not; nil where it is no ledger.
---@param value any
---@return wixum.LedgerState?
function object.behind(value) return private[value] end

--- What is behind a ledger that a method was called on; a mistake raises at the caller's line.
---@param value any
---@param name string of the method
---@return wixum.LedgerState
function object.state_of(value, name)
  local state = private[value]
  if not state then errors.mistake(("write a colon: ledger:%s(…)"):format(name)) end
  if not state.db then errors.mistake("the ledger is closed") end
  return state
end

--- Runs a function; what the database refuses comes back as `nil, err`.
---@param name string of the method, for the error
---@param path string
---@param fn function
---@return any ...
function object.guarded(name, path, fn, ...)
  local results = table.pack(pcall(fn, ...))
  if results[1] then return table.unpack(results, 2, results.n) end
  local problem = results[2]
  if not database.is_failure(problem) then error(problem, 0) end
  local closed = problem.text == database.READ_ONLY and filesystem.unwritable(path)
  if closed then
    problem.text = table.concat(closed, ", ") .. " may not be written"
    problem.advice = "Where that is yours: chmod u+w " .. table.concat(closed, " ")
  end
  return nil, errors.new({ kind = "ledger", outcome = problem.outcome or "not_sent", operation = name, where = errors.where(),
    in_use = problem.in_use,
    message = (problem.names_file and "" or ("the ledger %s: "):format(redaction.text(path, 200) or ""))
      .. (redaction.text(problem.text) or "") },
    { advice = problem.advice })
end

-- What a process that died has left under way: mails, changes of who is in, invites to the team.
local function recover(db, now)
  local rows = run.recover(db, now)
  changes.recover(db, now)
  team_invites.recover(db, now)
  return rows
end

--- What has come to pass since somebody looked last: invites have expired, and what a process that died has left is unknown. Where
--- somebody sends now, the steps that are under way are that process's.
---@param state wixum.LedgerState
---@return integer recovered rows
function object.refresh(state)
  local recovered = binding.where_nobody_sends(state, recover, state.db, state.now())
  decide.expire(state.db, state.now())
  return recovered or 0
end

--- The same in what runs alone, whose own lock keeps it from finding out that nobody else sends.
---@param state wixum.LedgerState
function object.refresh_alone(state)
  recover(state.db, state.now())
  decide.expire(state.db, state.now())
end

return object
