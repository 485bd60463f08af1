--- `wixum withdraw EMAIL --site S`: the wrong person, whether he has accepted or not.
--
-- Owns what is asked and said; the order of things is the ledger's.

local evidence = require "wixum.ledger.evidence"
local join = require "wixum.cli.join"
local printable = require("wixum.csv.problem").printable
local running = require "wixum.cli.running"
local selection = require "wixum.cli.selection"
local status = require "wixum.cli.status"

local withdraw = {}

local function place(found) return found.name and printable(found.name, 60) or found.site_id end

-- Who would lose access, and how it is known that it is him.
local function words_of(candidate)
  local when = candidate.joined_by
    and (", between %s and %s"):format(candidate.joined_after or "nobody knows when", candidate.joined_by) or ""
  local others = candidate.team_email and printable(candidate.team_email, 100)
  local by_team = others and (" But the team says that the account is %s's: the link may have been passed on."):format(others) or ""
  return ("Account %s joined %s%s. That it is %s: %s.%s"):format(candidate.account_id, place(candidate), when, candidate.email,
    evidence.WORDS[candidate.evidence] or candidate.evidence, by_team)
end

local OUTCOMES = {
  taken_back = "Taken back: the planned invite of %s to %s will not be mailed.",
  revoked = "The invite of %s to %s is revoked; nobody can accept it any more.",
  over = "The invite of %s to %s was not open any more, and nobody is known to have joined by it.",
  removed = "%s is gone from %s: it was looked at again.",
  unseen = "%s was taken off %s.",
  none = "Nothing to withdraw: the invite of %s to %s is not open, and nobody is known to have joined by it.",
  asked = "Nothing was removed: %s keeps %s.",
}

-- What is said where it is unclear who has joined: no more than what is known of the invite.
local function unclear_words(done)
  if not done.candidate then return "%s accepted the invite to %s, and nobody knows by which account." end
  if done.taken_back then
    return "The planned invite of %s to %s is taken back: somebody may have joined by one before it, and nobody knows who."
  end
  if done.is_over then return "The invite of %s to %s is not open any more: somebody may have used it, and nobody knows who." end
  if done.unrevoked then return "The invite of %s to %s may be open still, and nobody knows whether it has been used." end
  return "Nothing was removed: nobody knows whether %s has %s."
end

-- What is said where it could not be done: of the access where somebody is known to have it, else of the invite.
local function open_words(done)
  if not done.candidate then return "The invite of %s to %s may be open still." end
  if done.seen == "as_wanted" then return "%s is gone from %s, and the invite may be open still." end
  if done.seen == "unseen" then return "Whether %s still has %s could not be seen." end
  return "%s still has %s."
end

local function words_for(done)
  if done.outcome == "unclear" then return unclear_words(done) end
  return OUTCOMES[done.outcome] or open_words(done)
end

local GOOD = { revoked = true, over = true, removed = true, taken_back = true, none = true }

--- `wixum withdraw`.
---@param desk table
---@return integer code
function withdraw.run(desk)
  local ledger, given, talk = desk:ledger(false), desk.given, desk.talk
  selection.check_people(ledger, { given.email })
  local site = selection.sites(ledger, { given.site })[1]
  local wix, refused = desk:client(), nil
  desk:name_ledger()
  local function ask(candidate)
    talk:note("%s", words_of(candidate))
    if desk.loopback then return true end
    local may
    may, refused = talk:may(("This takes %s (account %s) off %s, live."):format(candidate.email, candidate.account_id, place(candidate)),
      "Nobody was removed.")
    return may
  end
  local question = ("This revokes the invite of %s to %s, live, if it is still open."):format(printable(given.email, 100),
    selection.place(ledger, site))
  if not desk.loopback then
    local may, code = talk:may(question, "Nothing was done.")
    if not may then return code end
  end
  local done, err, interrupted = running.run(ledger, talk, "Withdrawing", {}, function()
    return ledger:withdraw(wix, { email = given.email, site_id = site, account_id = given.account, ask = ask, trust = join.trust(desk) })
  end)
  if not done then
    if not interrupted then error(err, 0) end
    return status.INTERRUPTED
  end
  local candidate = done.candidate
  local name = candidate and place(candidate) or selection.place(ledger, site)
  talk:result(words_for(done):format(done.email, name), running.plain(done))
  if done.outcome == "revoked" and candidate then
    talk:wrong("somebody joined by this invite or by another: %s. Should it have been this one, say "
      .. "`wixum withdraw %s --site %s --account ID`", candidate.account_id or table.concat(candidate.others, " or "), done.email, site)
  elseif done.outcome == "unclear" and not candidate then
    talk:wrong("no account can be seen there that it may be: look at the site's Roles & Permissions page")
  elseif done.outcome == "unclear" then
    talk:wrong("it may have been account %s: say which with --account ID, or `wixum confirm` first", table.concat(candidate.others, " or "))
  elseif done.outcome == "open" and done.reason ~= done.unrevoked then
    talk:wrong("it could not be done: %s", done.reason or "the service gave no reason")
  end
  if done.unrevoked then talk:wrong("the invite could not be revoked: %s", done.unrevoked) end
  if done.seen == "unseen" then talk:wrong("whether they are gone could not be seen: look at the site's Roles & Permissions page") end
  if refused then return refused end
  local code = running.status(talk, done, interrupted)
  if code ~= status.DONE then return code end
  local good = GOOD[done.outcome]
  if candidate and candidate.account_id and done.outcome == "removed" and #candidate.others > 0 then
    talk:wrong("another account came by invites of the same person: %s. Say it with --account", table.concat(candidate.others, ", "))
    return status.SOME_FAILED
  end
  if good then return status.DONE end
  return (done.revoked and done.revoked.forbidden or done.removed and done.removed.forbidden) and status.REFUSED or status.SOME_FAILED
end

return withdraw
