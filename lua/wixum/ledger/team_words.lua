--- What is said of an invite to the team: where it stands, and what comes next.
--
-- Owns these words. What becomes of such an invite is `team_invites`' business.

local evidence = require "wixum.ledger.evidence"
local printable = require("wixum.csv.problem").printable

local team_words = {}

local SITES = 3 -- that a command names

local NEXT = {
  planned = "INVITE, to say it anew: it was not mailed",
  sending = "wait: it is being mailed now; or, where that run was killed, wixum team list",
  pending = "wixum team list looks what became of it; it can be mailed again, or deleted, in the account's Roles & Permissions alone",
  unknown = "wixum team list, five minutes after it was tried: looks whether the team has the invite, and settles it",
  failed = "INVITE, to say it anew, once the reason is put right",
  accepted = "wixum leaver EMAIL, to take all access away",
  expired = "INVITE, to invite anew", declined = "INVITE, to invite anew", revoked = "INVITE, to invite anew",
  removed = "INVITE, to invite anew",
}

-- The command by which it was invited; where there are many sites, they come from a file.
local function invite(row)
  local sites, count = {}, 0
  for id in row.site_ids:gmatch("%S+") do
    count = count + 1
    sites[count] = "--site " .. id
  end
  local where = row.site_ids == "*" and "--everywhere" or count > SITES and "--sites FILE" or table.concat(sites, " ")
  return ("wixum team invite %s --role %s %s"):format(evidence.shell(row.email), evidence.shell(row.role), where)
end

--- What comes next for an invite.
---@param row table of `team_invites`
---@return string?
function team_words.next_step(row)
  local said = { INVITE = invite(row), EMAIL = evidence.shell(row.email) }
  return NEXT[row.state] and (NEXT[row.state]:gsub("%u%u+", said))
end

--- When it was mailed; of one that may not have been, that it was tried; of one that failed, nothing: none went out.
---@param row table of `team_invites`
---@return string? "mailed 2025-11-24T16:00:00Z"
function team_words.mailed(row)
  if not row.mailed_at or row.state == "failed" then return nil end
  return (row.state == "unknown" and "tried " or "mailed ") .. row.mailed_at
end

--- An invite that needs somebody, in a line.
---@param row table of `team_invites`
---@return string
function team_words.line(row)
  local facts = { team_words.mailed(row) }
  if row.reason then facts[#facts + 1] = printable(row.reason, 200) end
  return ("the invite of %s to the team is %s%s. Next: %s"):format(printable(row.email, 100), row.state,
    #facts > 0 and (" (%s)"):format(table.concat(facts, "; ")) or "", team_words.next_step(row))
end

return team_words
