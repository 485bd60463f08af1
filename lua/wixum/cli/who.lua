--- `wixum who TEXT`: somebody, everywhere.
--
-- Owns what is asked of the service for it, and how it is printed; what is known is the ledger's.

local running = require "wixum.cli.running"
local status = require "wixum.cli.status"

local who = {}

-- The client where there can be one: what the ledger knows is told without it too.
local function client_if_any(desk)
  if desk.given.offline then return nil end
  local ok, wix = pcall(desk.client, desk)
  if ok then return wix end
  if not require("wixum.cli.desk").is_failure(wix) then error(wix, 0) end
  desk.talk:note("The team was not asked: %s", wix.text)
end

--- `wixum who`.
---@param desk table
---@return integer code
function who.run(desk)
  local ledger, given, talk = desk:ledger(false), desk.given, desk.talk
  if given.for_support then
    desk:ledger_alone()
    local block = assert(ledger:for_support(given.text))
    talk:result(block, { text = block })
    return status.DONE
  end
  local wix = client_if_any(desk)
  if not wix then desk:ledger_alone() end
  local found = assert(ledger:who(given.text, { client = wix }))
  talk:result(tostring(found), running.plain(found))
  local problem = found.team_error
  if problem then talk:wrong("the team could not be asked: %s", tostring(problem)) end
  if problem and (problem.kind == "unauthenticated" or problem.kind == "forbidden") then return status.REFUSED end
  return #found.people > 0 and status.DONE or status.SOME_FAILED
end

return who
