--- What answers of a ledger say of themselves when they are printed, at the prompt and in scripts.
--
-- Owns the words of those that have no file of words of their own. They are told in a line or a few; everything else is in the fields.

local printable = require("wixum.csv.problem").printable

local summaries = {}

local SHOWN = 20 -- people of a team

local function count(number, one, many) return ("%d %s"):format(number, number == 1 and one or many) end

-- "2 failed, 1 unknown": what there is of these, and why it ended early.
local function with_rest(summary, text, names)
  local parts = { text }
  for _, name in ipairs(names) do
    if (summary[name] or 0) > 0 then parts[#parts + 1] = ("%d %s"):format(summary[name], (name:gsub("_", " "))) end
  end
  return table.concat(parts, ", ") .. (summary.stopped and "; it ended early: " .. tostring(summary.stopped) or ".")
end

local function least(seconds) return ("at least %.0f s"):format(math.ceil(seconds)) end

-- Of a dry run: with whom it would be done.
local function would_be(summary)
  local lines = { ("It would be done with %s."):format(count(summary.total, "row", "rows")) }
  for _, row in ipairs(summary.first) do lines[#lines + 1] = "  " .. printable(row.email, 100) end
  if summary.total > #summary.first then lines[#lines + 1] = ("  and %d more"):format(summary.total - #summary.first) end
  return table.concat(lines, "\n")
end

local texts = {}

function texts.send(summary)
  return with_rest(summary, ("%d of %s sent and pending"):format(summary.pending, count(summary.total, "row", "rows")),
    { "joined", "failed", "unknown", "planned_again", "recovered" })
end

function texts.act(summary)
  if summary.first then return would_be(summary) end
  local words = with_rest(summary, ("%d of %s done"):format(summary.done, count(summary.total, "row", "rows")),
    { "failed", "unknown", "put_back", "unseen", "left_alone", "recovered" })
  return summary.checked and words .. "\n" .. tostring(summary.checked) or words
end

function texts.waiting(summary)
  return ("%s planned: %s on %s, in %s; %s."):format(count(summary.planned, "mail", "mails"), count(summary.people, "person", "people"),
    count(summary.sites, "site", "sites"), count(summary.calls, "call", "calls"), least(summary.seconds))
end

function texts.cost(summary)
  return ("%s in %s; %s."):format(count(summary.sites, "site", "sites"), count(summary.calls, "call", "calls"), least(summary.seconds))
end

function texts.decision(summary)
  local parts, states = { count(summary.changed, "row", "rows") .. " changed" }, {}
  for state in pairs(summary.skipped) do states[#states + 1] = state end
  table.sort(states)
  for _, state in ipairs(states) do parts[#parts + 1] = ("%d left alone that %s %s"):format(summary.skipped[state],
    summary.skipped[state] == 1 and "is" or "are", state) end
  return table.concat(parts, ", ") .. "."
end

function texts.team(summary)
  local members, invites, lines = 0, 0, {}
  for i, person in ipairs(summary.people) do
    if person.member then members = members + 1 elseif person.is_open then invites = invites + 1 end
    if i <= SHOWN then
      lines[i + 1] = ("  %s: %s"):format(printable(person.email, 100), person.member and "member" or "invited, " .. printable(
        person.status or "in a state that the service does not say", 40))
    end
  end
  lines[1] = ("%s, %s; of the ledger's own invites %s."):format(count(members, "member", "members"),
    count(invites, "open invite", "open invites"), summary.changed == 1 and "1 is known better now"
    or ("%d are known better now"):format(summary.changed))
  if #summary.people > SHOWN then lines[#lines + 1] = ("  and %d more"):format(#summary.people - SHOWN) end
  return table.concat(lines, "\n")
end

function texts.team_invite(summary)
  local sent = summary.pending + summary.failed + summary.unknown > 0 and ("%d pending"):format(summary.pending) or "not sent"
  local words = ("%s to the team, %s, as %s on %s"):format(count(summary.total, "invite", "invites"), sent,
    printable(summary.role.title, 80), summary.sites and count(#summary.sites, "site", "sites") or "the whole account")
  local lines = { with_rest(summary, words, { "failed", "unknown", "planned_again" }) }
  for _, list in ipairs{ summary.refused, summary.failed_rows or {} } do
    for _, one in ipairs(list) do
      lines[#lines + 1] = ("  %s: %s"):format(printable(one.email, 100), printable(one.reason or "the service gave no reason", 200))
    end
  end
  return table.concat(lines, "\n")
end

local OUTCOMES = { taken_back = "taken back, before it was mailed", revoked = "revoked", over = "not open any more",
  removed = "gone from the site", unseen = "taken off the site, and whether they are gone could not be seen", none = "nothing to withdraw",
  asked = "nothing was removed", unclear = "nobody knows by which account it was accepted", open = "it may be open still" }

function texts.withdraw(summary)
  local candidate = summary.candidate
  return with_rest(summary, ("%s on %s: %s%s%s"):format(printable(summary.email, 100),
    candidate and candidate.name and printable(candidate.name, 60) or summary.site_id, OUTCOMES[summary.outcome] or summary.outcome,
    candidate and candidate.account_id and (" (account %s)"):format(candidate.account_id) or "",
    summary.reason and ": " .. printable(summary.reason, 200) or ""), {})
end

local metatables = {}
for name, text in pairs(texts) do
  metatables[name] = { __name = "wixum.ledger." .. name, __tostring = text }
end

--- Makes an answer tell itself; what is none, `nil, err`, goes through as it is.
---@param name "send"|"act"|"waiting"|"cost"|"decision"|"team"|"team_invite"|"withdraw"
---@param answer table?
---@param err any
---@return table? answer
---@return any err
function summaries.telling(name, answer, err)
  if answer == nil then return nil, err end
  return setmetatable(answer, metatables[name])
end

return summaries
