--- `wixum who TEXT`: somebody, everywhere.
--
-- Owns what is asked of the service for it, and how it is printed; what is known is the ledger's.

local printable = require("wixum.csv.problem").printable
local running = require "wixum.cli.running"
local status = require "wixum.cli.status"
local suggested = require "wixum.cli.suggested"
local team_words = require "wixum.ledger.team_words"
local words = require "wixum.ledger.who_words"

local who = {}

-- The client where there can be one: what the ledger knows is told without it too.
local function client_if_any(desk)
  if desk.given.offline then return nil end
  local ok, wix = pcall(desk.client, desk)
  if ok then return wix end
  if not require("wixum.cli.desk").is_failure(wix) then error(wix, 0) end
  desk.talk:note("The team was not asked: %s", wix.text)
end

-- The command that comes next, for programs too: of each invite, and of a person what is about the team or about accounts.
local function add_next(people, options)
  local function typed(step) return step and suggested.text(step, options) end
  for _, person in ipairs(people) do
    for _, row in ipairs(person.rows) do row.next = typed(words.next_step(row)) end
    if person.team_invite then person.team_invite.next = typed(team_words.next_step(person.team_invite)) end
    person.next = typed(words.next_for_member(person) or words.next_for_sites(person))
  end
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
    local known = #assert(ledger:who(given.text)).people > 0
    if not known then talk:wrong("the ledger knows nobody by %s: say more, or less, of the address", printable(given.text, 40)) end
    return known and status.DONE or status.SOME_FAILED
  end
  local wix = client_if_any(desk)
  if not wix then desk:ledger_alone() end
  local found = assert(ledger:who(given.text, { client = wix, locale = wix and desk.config.locale }))
  if talk.json then add_next(found.people, talk.options) end
  talk:result(tostring(found), running.plain(found))
  local problem = found.team_error
  if problem then talk:wrong("the team could not be asked: %s", tostring(problem)) end
  if problem and (problem.kind == "unauthenticated" or problem.kind == "forbidden") then return status.REFUSED end
  return #found.people > 0 and status.DONE or status.SOME_FAILED
end

return who
