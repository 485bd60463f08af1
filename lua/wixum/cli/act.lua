--- `wixum resend`, `remind`, `revoke`, `retry`, `settle`: what is done with rows that are there.
--
-- Owns what is asked before and said after; the work is the ledger's.

local join = require "wixum.cli.join"
local moment = require("wixum.ledger.selector").date
local said = require "wixum.cli.plan"
local counted = said.counted
local progress = require "wixum.cli.progress"
local running = require "wixum.cli.running"
local selection = require "wixum.cli.selection"
local status = require "wixum.cli.status"
local counts = require("wixum.ledger.status").counts

local act = {}

local NAMED = 3
-- What is asked, what the progress is called, what is said afterwards; and what is counted.
local VERBS = {
  resend = { "This sends %s once more, live", "Mailing", "%s sent once more", "mail", "mails" },
  remind = { "This sends %s, live", "Reminding", "%s sent", "reminder", "reminders" },
  revoke = { "This revokes %s, live", "Revoking", "%s revoked", "invite", "invites" },
}

local function things(name, number) return counted(number, VERBS[name][4], VERBS[name][5]) end

local function least_seconds(desk, calls)
  return require("wixum.ledger.plan").least_seconds(calls, require("wixum.client").state(desk:client()).settings.rate)
end

local function names_of(summary)
  local names = {}
  for i = 1, math.min(NAMED, #summary.first) do names[i] = summary.first[i].email end
  local more = summary.total - #names
  return table.concat(names, ", ") .. (more > 0 and (" and %d more"):format(more) or "")
end

local function tell_skipped(talk, summary)
  if next(summary.skipped) then talk:note("Left out, since it cannot be done with them: %s.", counts(summary.skipped)) end
end

local function tell(desk, name, summary)
  local talk = desk.talk
  local parts = { VERBS[name][3]:format(things(name, summary.done)) }
  if summary.failed > 0 then parts[#parts + 1] = ("%d refused"):format(summary.failed) end
  if summary.unknown > 0 then parts[#parts + 1] = ("%d unknown"):format(summary.unknown) end
  if summary.put_back > 0 then parts[#parts + 1] = ("%d not sent"):format(summary.put_back) end
  talk:result(table.concat(parts, ", ") .. ".", running.plain(summary))
  tell_skipped(talk, summary)
  if summary.left_alone > 0 then
    talk:wrong("%d more came to it, or changed, since this was shown, and %s left alone: the same command again asks about %s",
      summary.left_alone, summary.left_alone == 1 and "was" or "were", summary.left_alone == 1 and "it" or "them")
  end
  if (summary.unseen or 0) > 0 then
    talk:wrong("%s due on sites that are not in the account's list any more, and %s not mailed: nobody can see who has joined there",
      summary.unseen == 1 and "1 person is" or summary.unseen .. " people are", summary.unseen == 1 and "was" or "were")
  end
  if summary.failed > 0 then talk:wrong("%d were refused by the service: `wixum export` says why, in the column reason", summary.failed) end
  if summary.expired > 0 then
    talk:wrong("%d of them have expired, and the service does not mail them again: `wixum retry --state expired` plans new invites",
      summary.expired)
  end
  if summary.recovered > 0 then said.tell_recovered(talk, summary.recovered)
  elseif summary.unknown > 0 then said.tell_unknown(talk) end
end

-- Looks, asks, does. `call` is the ledger's method with its options; why_nobody: answers what is said where nobody is meant.
local function run(desk, name, call, why_nobody)
  local talk, given = desk.talk, desk.given
  local looked = assert(call{ dry_run = true, anew = given.anew })
  local since = looked.continued and (" (going on with what was begun at %s: %d were attempted then)"):format(looked.continued,
    looked.attempted) or ""
  if looked.total == 0 then
    -- a batch that is through is over then, and what a killed run has left is unknown
    local recovered = given.dry_run and 0 or call{ most = 0 }.recovered
    talk:result(("%s%s."):format(why_nobody and why_nobody() or "Nobody to do this with", since), { total = 0, recovered = recovered,
      skipped = looked.skipped })
    tell_skipped(talk, looked)
    if recovered == 0 then return status.DONE end
    said.tell_recovered(talk, recovered)
    return status.SOME_FAILED
  end
  local what = ("%s: %s%s; at least %s."):format(VERBS[name][1]:format(things(name, looked.total)), names_of(looked), since,
    progress.duration(least_seconds(desk, looked.total)))
  if given.dry_run then
    talk:result(what:gsub("^This", "It"):gsub(", live", "", 1) .. " Nothing was done.", running.plain(looked))
    tell_skipped(talk, looked)
    return status.DONE
  end
  if not desk.loopback then
    local may, code = talk:may(what, "Nothing was done.")
    if not may then return code end
  end
  if looked.continued then talk:note("Going on with what was begun at %s.", looked.continued) end
  local ledger = desk:ledger()
  local summary, err, interrupted = running.run(ledger, talk, VERBS[name][2], { "done", "failed", "unknown" }, function(on_progress)
    return call{ concurrency = given.concurrency, keep_links = given.keep_links, anew = given.anew, as_shown = true,
      on_progress = on_progress }
  end)
  if not summary then
    if not interrupted then error(err, 0) end
    return status.INTERRUPTED
  end
  tell(desk, name, summary)
  local code = running.status(talk, summary, interrupted)
  if code == status.DONE and summary.total == 0 then
    talk:wrong("what was shown has changed since: nothing was done. Look at it, and say it again")
    code = status.USAGE
  end
  if interrupted then talk:note("The same command again goes on with it.") end
  return code
end

local function on_selected(name)
  return function(desk)
    local ledger = desk:ledger(false)
    local selector = selection.of(ledger, desk.given)
    local wix = desk:client()
    return run(desk, name, function(options) return assert(ledger[name](ledger, wix, selector, options)) end)
  end
end

act.resend, act.revoke = on_selected "resend", on_selected "revoke"

-- How long what was just seen counts while somebody thinks about the question.
local FRESH = 120 -- seconds

--- `wixum remind`: looks who has joined, and mails who has not.
---@param desk table
---@return integer status
function act.remind(desk)
  local ledger, given, talk = desk:ledger(false), desk.given, desk.talk
  local sites = selection.sites(ledger, given.site)
  selection.check_people(ledger, given.email)
  local wix = desk:client()
  local clock = desk:clock()
  local looked_at, since = clock(), nil
  if not given.dry_run then
    since = moment(looked_at)
    local found, interrupted = join.look(desk, ledger, sites)
    if not found then return interrupted end
    talk:note("%s", tostring(found))
  end
  local people = given.email and #given.email > 0 and given.email or nil
  local function why_nobody()
    local waiting = assert(ledger:status{ site_id = sites, email = people }).states.pending or 0
    if waiting == 0 then return "Nobody is waiting" end
    return ("Nobody is due: %s waiting, mailed less than %s ago, reminded %s already, or with an invite of which it is unclear who used it")
      :format(counted(waiting, "person is", "people are"), given.after or "7d",
        given.at_most and counted(given.at_most, "time", "times") or "twice")
  end
  return run(desk, "remind", function(options)
    options.after, options.every, options.at_most, options.limit = given.after, given.every, given.at_most, given.limit
    options.site_id, options.email = sites, people
    options.anew, options.trust = nil, join.trust(desk)
    options.checked_since = clock() - looked_at < FRESH and since or nil
    return assert(ledger:remind(wix, options))
  end, why_nobody)
end

local function decided(desk, decision, words)
  local talk = desk.talk
  talk:result(words:format(decision.changed, decision.changed == 1 and "row" or "rows"), running.plain(decision))
  tell_skipped(talk, decision)
  return status.DONE
end

--- `wixum retry`.
---@param desk table
---@return integer status
function act.retry(desk)
  local ledger = desk:ledger_alone()
  local decision = assert(ledger:retry(selection.of(ledger, desk.given)))
  local code = decided(desk, decision, "%d %s planned anew.")
  if decision.changed > 0 then desk.talk:note("Nobody was mailed yet: `wixum resume` mails who is planned.") end
  return code
end

--- `wixum settle`.
---@param desk table
---@return integer status
function act.settle(desk)
  local ledger = desk:ledger_alone()
  local verdict = desk.given.verdict
  return decided(desk, assert(ledger:settle(selection.of(ledger, desk.given), verdict)),
    "%d %s settled as " .. verdict .. ".")
end

return act
