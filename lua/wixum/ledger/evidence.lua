--- Evidence of acceptance: its names, and what is said of it to people.
--
-- Owns these words. What follows from what is `attribution`'s business.

local printable = require("wixum.csv.problem").printable

local evidence = {}

evidence.ONLY_CANDIDATE, evidence.ROLE, evidence.TOLD, evidence.OPERATOR, evidence.KNOWN_ACCOUNT, evidence.TEAM, evidence.UNCLEAR =
  "only_candidate", "role", "told", "operator", "known_account", "team", "unclear"

--- What each means.
evidence.WORDS = {
  only_candidate = "the only invite by which the new account can have come",
  role = "the only such invite whose roles the new account has now",
  told = "an answer of the service says it",
  operator = "a person has said it",
  known_account = "the account is theirs, as is known from elsewhere",
  team = "the service names the same user for the account and for the member of the team (inferred: it does not say what it means)",
  unclear = "somebody joined, and it may have been by this invite or by another",
}

--- What no look can tell.
evidence.LIMITS = "Who has declined looks like who has not answered; and of somebody who could reach a site before, accepting changes "
  .. "nothing that can be seen."

--- A word of a command as a shell takes it, whatever is in it.
---@param text string
---@return string
function evidence.shell(text)
  if text:find("^[%w@%%+=:,./_-]+$") then return text end
  return "'" .. printable(text, 200):gsub("'", "'\\''") .. "'"
end

-- ---- whom it may have been -------------------------------------------------------------------------------------------

---@class wixum.UnclearRow of which it cannot be told who has joined by it
---@field email string
---@field site_id string
---@field candidates string account ids, a blank between
---@field taken table<string, wixum.Taken>? of these, those that are somebody else's, as a person has said: whose, by account

---@class wixum.Taken
---@field email string whose account it is
---@field is_invited boolean to this site too, and not known to have joined: it may have come by their own invite

local function taken_of(row, account) return row.taken and row.taken[account] end

--- Which accounts it may have been.
---@param row wixum.UnclearRow
---@return string
function evidence.candidates(row)
  local parts = {}
  for account in (row.candidates or ""):gmatch("%S+") do
    local whose = taken_of(row, account)
    parts[#parts + 1] = whose and ("%s (%s's, as a person has said)"):format(account, printable(whose.email, 100)) or account
  end
  return table.concat(parts, " or ")
end

--- The command by which a person decides, and what it does. It names no candidate: that there is one alone proves nothing. Where each of
--- them is somebody else's, as has been said, what is left to say is that these came by their own invite; or that it is not so.
---@param row wixum.UnclearRow
---@return string command
---@return "decides"|"settles"|"takes back" what
function evidence.decision(row)
  local free, account, whose = false, nil, nil
  for id in (row.candidates or ""):gmatch("%S+") do
    local taken = taken_of(row, id)
    if not taken then free = true
    elseif not whose or taken.is_invited and not whose.is_invited then account, whose = id, taken end
  end
  if free or not whose then
    return ("wixum confirm %s --site %s --account ID"):format(evidence.shell(row.email), row.site_id), "decides"
  end
  local command = ("wixum confirm %s --site %s --account %s"):format(evidence.shell(whose.email), row.site_id, account)
  if whose.is_invited then return command, "settles" end
  return command .. " --undo", "takes back"
end

local DECIDES = { decides = "decides it", settles = "says that they came by their own invite",
  ["takes back"] = "takes that back, should it be wrong" }

-- ---- a check, for people ---------------------------------------------------------------------------------------------

local SHOWN = 10
local REVOKED_LATE = ". The invite was revoked too late: `wixum withdraw` takes the access away"

local function count(number, one, many) return ("%d %s"):format(number, number == 1 and one or many) end

local function place(row) return row.name and printable(row.name, 60) or row.site_id end

local summary = { __name = "wixum.ledger.check" }
evidence.summary = summary

function summary.__tostring(self)
  local lines = { ("%s looked at in %s: %d accepted since the last look, %d unclear, %d waiting."):format(
    count(self.sites, "site", "sites"), count(self.calls, "call", "calls"), self.accepted, self.unclear, self.waiting) }
  local function add(text, ...) lines[#lines + 1] = "  " .. text:format(...) end
  for i, row in ipairs(self.accepted_rows) do
    if i > SHOWN then
      add("and %d more that accepted", self.accepted - SHOWN)
      break
    end
    add("%s accepted on %s, %s and %s: %s%s", row.email, place(row), row.joined_after and "between " .. row.joined_after or "before",
      row.joined_by, evidence.WORDS[row.evidence], row.was == "revoked" and REVOKED_LATE or "")
  end
  for i, row in ipairs(self.unclear_rows) do
    if i > SHOWN then
      add("and %d more that are unclear", self.unclear - SHOWN)
      break
    end
    local command, what = evidence.decision(row)
    add("%s on %s is unclear: it may be %s. `%s` %s", row.email, place(row), evidence.candidates(row), command, DECIDES[what])
  end
  if self.by_team > 0 then
    add("%s may have come by the team as well (an invite to it, or a role that the ledger gave): say `wixum team list`, which sees "
      .. "whether such an invite is open still, then `wixum check`", count(self.by_team, "account", "accounts"))
  end
  if self.strangers > 0 then
    add("%s joined by no invite of this ledger: `wixum access` names them", count(self.strangers, "account", "accounts"))
  end
  if self.late > 0 then
    add("%s looked at for the first time after the first mail: who can reach %s now may have accepted, or have been there before",
      count(self.late, "site was", "sites were"), self.late == 1 and "it" or "them")
  end
  if self.unlisted > 0 then
    add("%s not in the account's list any more, or without who can reach %s: transferred, deleted, or closed to this key",
      count(self.unlisted, "site is", "sites are"), self.unlisted == 1 and "it" or "them")
  end
  return table.concat(lines, "\n")
end

return evidence
