--- `wixum leaver EMAIL`: what somebody who leaves can still reach, and taking it away.
--
-- Owns what is asked and printed; the work is the ledger's.

local core = require "wixum.core"
local desks = require "wixum.cli.desk"
local every_site = require "wixum.every_site"
local join = require "wixum.cli.join"
local printable = require("wixum.csv.problem").printable
local progress = require "wixum.cli.progress"
local running = require "wixum.cli.running"
local status = require "wixum.cli.status"

local leaver = {}

local SHOWN = 5

local function counted(number, one, many) return ("%d %s"):format(number, number == 1 and one or many) end

local function question(plan)
  local names = {}
  for i = 1, math.min(SHOWN, #plan.changes) do names[i] = plan.changes[i].words end
  if #plan.changes > SHOWN then names[#names + 1] = ("and %d more"):format(#plan.changes - SHOWN) end
  return ("This makes %s and revokes %s of %s, live%s."):format(counted(plan.removals, "removal", "removals"),
    counted(plan.revocations, "invite", "invites"), plan.email, #names > 0 and ": it " .. table.concat(names, "; ") or "")
end

local function least_seconds(wix, calls)
  return require("wixum.ledger.plan").least_seconds(calls, require("wixum.client").state(wix).settings.rate)
end

-- How long it takes at least: sites a hundred a call, their count, so that none is missed, and what else is read.
local function tell_cost(desk, wix)
  local told = wix.sites.count_sites{ query = { filter = every_site } }
  local sites = told and math.type(told.count) == "integer" and told.count or nil
  if not sites then return end
  local calls = (sites + 99) // 100 + 2
  desk.talk:note("Looking at %s and the team in at least %s; at least %s.", counted(sites, "site", "sites"),
    counted(calls, "call", "calls"), progress.duration(least_seconds(wix, calls)))
end

-- The exit status of what is known to be left. What the service has forbidden is told in its own words.
local function code_of(talk, found, applies)
  local forbidden = found.done and found.done.forbidden or (found.left or found).forbidden
  if forbidden then
    talk:failed(forbidden)
    return status.REFUSED
  end
  local good = found.is_known
  if applies then good = found.is_clean end
  return good and status.DONE or status.SOME_FAILED
end

--- `wixum leaver`.
---@param desk table
---@return integer code
function leaver.run(desk)
  local given, talk = desk.given, desk.talk
  local is_address, reason = core.check_email(given.email) -- before anything is looked at
  if not is_address then
    desks.fail(("EMAIL '%s': %s; the whole address must be said"):format(printable(given.email, 100), reason))
  end
  local wix = desk:client()
  local ledger, refused = desk:ledger(), nil
  desk:name_ledger()
  tell_cost(desk, wix)
  local found, err, interrupted = running.run(ledger, talk, "Removing", { "done", "failed", "unknown" }, function(on_progress)
    return ledger:leaver(wix, given.email, { apply = given.apply, trust = join.trust(desk), concurrency = given.concurrency,
      on_progress = on_progress, on_cost = function(calls)
        if calls > 0 then
          talk:note("Asking sites who is on them, and whose accounts those are: %s; at least %s.", counted(calls, "call", "calls"),
            progress.duration(least_seconds(wix, calls)))
        end
      end, ask = function(plan)
        if desk.loopback then return true end
        local may
        may, refused = talk:may(question(plan), "Nothing was taken away.")
        return may
      end })
  end)
  local function tell_again() if given.apply then talk:note("Say it again: what was done needs nothing then.") end end
  if not found then
    if not interrupted then error(err, 0) end
    tell_again()
    return status.INTERRUPTED
  end
  if found.interrupted_at then
    talk:note("What was begun at %s was not carried out to its end: it was looked anew.", found.interrupted_at)
  end
  talk:result(tostring(found), running.plain(found))
  if refused then return refused end
  local code = running.status(talk, found, interrupted)
  if code ~= status.DONE then tell_again() else code = code_of(talk, found, given.apply) end
  if talk.quiet and not talk.json and code ~= status.DONE then talk:wrong("%s", tostring(found)) end
  if not given.apply and #found.changes + #found.take_back > 0 then talk:note("Nothing was taken away: --apply does it.") end
  return code
end

return leaver
