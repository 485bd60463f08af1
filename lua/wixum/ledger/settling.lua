--- What a person has to find out about a row that is unknown, so as to settle it: by what the step was.
--
-- Owns these words, which are the same wherever they are told. Pure.

local settling = {}

--- What can be found out: yes is "sent", no is "not_sent".
---@type table<string, string>
settling.QUESTIONS = {
  invite = "Is the person among the site's people, or the invite on its Roles & Permissions page?",
  resend = "Did the last mail come? Only who was to get it can say: no page shows it.",
  revoke = "Is the invite gone from the site's Roles & Permissions page?",
}

--- What a person has to find out.
---@param step string? of which nobody knows what became of it
---@return string
function settling.question(step) return settling.QUESTIONS[step] or settling.QUESTIONS.invite end

return settling
