--- A ledger to one file, and back.
--
-- Owns what these methods take. The work is in `restore`.

local binding = require "wixum.ledger.binding"
local given_checks = require "wixum.ledger.given"
local objects = require "wixum.ledger.object"
local plans = require "wixum.ledger.plan"
local restore = require "wixum.ledger.restore"

local guarded, state_of = objects.guarded, objects.state_of

---@class wixum.Ledger
local methods = {}

--- Writes all of it to one file, while it is in use.
---@param path string of a file that is not there yet
---@return integer? rows
---@return wixum.Error? err
function methods.backup(object, path)
  local state = state_of(object, "backup")
  given_checks.path(path, "ledger:backup")
  return guarded("ledger:backup", state.path, restore.backup, state, path)
end

--- Reads a backup or an export in. Of a row that is in both, the one that was mailed later counts, then the one that changed later;
-- rows that are planned in the file become unknown, since they may have been sent after it was made.
---@param path string
---@return wixum.Imported? imported
---@return wixum.PlanProblem[]|wixum.Error? problems of rows of an export; nothing was read in
function methods.import(object, path)
  local state = state_of(object, "import")
  given_checks.path(path, "ledger:import")
  return guarded("ledger:import", state.path, binding.alone, state, function()
    local list, add = plans.collector()
    local done = restore.import(state, path, setmetatable({ add = add }, { __index = list }))
    if not done then return nil, list end
    return done
  end)
end

return methods
