--- What a report calls things: states, what they mean, what to do next.
--
-- Owns these words. A text between backquotes is a command to type; no word of a file or of the service is in one. Pure.

local questions = require("wixum.ledger.settling").QUESTIONS

local words = {}

local SETTLE = ("Where it was the first mail: %s Where it was a further mail: %s Where it was a revocation: %s Then `wixum settle sent "
  .. "--email ADDRESS`, else `wixum settle not_sent --email ADDRESS`."):format(questions.invite, questions.resend, questions.revoke)

---@class wixum.ReportState
---@field name string as figures have it
---@field title string
---@field meaning string
---@field advice string? what to do next
---@field needs_somebody boolean? it does not come right by itself

--- Where an invitation stands, in the order in which they are told: every row is in one of them.
---@type wixum.ReportState[]
words.STATES = {
  { name = "accepted", title = "Accepted", meaning = "They have joined the site." },
  { name = "waiting", title = "Waiting", meaning = "They were mailed, and have not accepted as far as is known.",
    advice = "`wixum check` looks who has joined since; `wixum remind` mails those once more who were mailed a week ago or longer." },
  { name = "unclear", title = "Unclear", needs_somebody = true,
    meaning = "Somebody has joined the site, and it cannot be told who of those that were invited.",
    advice = "`wixum check` names the accounts that it may be, `wixum confirm ADDRESS --site SITE --account ID` decides it." },
  { name = "expired", title = "Expired", needs_somebody = true, meaning = "The invitation ran out before it was used.",
    advice = "`wixum retry --state expired` plans new ones, `wixum resume` mails them." },
  { name = "failed", title = "Failed", needs_somebody = true, meaning = "The service refused the invitation: this mail did not go out.",
    advice = "Put right what the reasons below say, then `wixum retry --state failed`, and `wixum resume`." },
  { name = "unknown", title = "Unknown", needs_somebody = true,
    meaning = "They may have been mailed, or not: no answer came back. They are never mailed again by themselves.",
    advice = SETTLE },
  { name = "planned", title = "Planned", meaning = "They have not been mailed yet.", advice = "`wixum resume` mails them." },
  { name = "sending", title = "Sending", meaning = "Their mail was under way when this was made.",
    advice = "`wixum status` tells what became of it." },
  { name = "revoked", title = "Revoked", meaning = "The invitation was taken back." },
}

--- The same by name.
---@type table<string, wixum.ReportState>
words.STATE = {}
for i, state in ipairs(words.STATES) do
  words.STATE[state.name] = state
  state.place = i
end

--- What a reason is about.
---@type table<string, { title: string, advice: string }>
words.KINDS = {
  failed = { title = "Not mailed", advice = "Put it right, then `wixum retry --state failed`, and `wixum resume`; or one at a time with "
    .. "`wixum retry --email ADDRESS`." },
  unknown = { title = "Mailed, or not", advice = SETTLE },
  refused = { title = "A later mail, or a revocation, was refused", advice = "The invitation is as it was, and may have been "
    .. "accepted: `wixum check` looks. If it has run out: `wixum retry --state expired`, and `wixum resume`." },
  held = { title = "Not sent yet", advice = "They are planned still. Once that is put right: `wixum resume`." },
}

--- What is not known of a row that is unknown.
---@type table<string, string>
words.STEPS = { invite = "the first mail", resend = "a further mail", revoke = "the revocation" }

words.NO_REASON = "no reason is known"
words.OTHER_REASONS = "other reasons"

return words
