--- What became of a call, as it is written down: the row of `calls`, and those of the people it was about.
--
-- Owns how answers and errors about invites are put into the journal, and the table `calls`. Sends nothing, decides nothing about what
-- comes next but a row's state.

local core = require "wixum.core"
local database = require "wixum.ledger.database"
local filled, quoted = database.filled, database.quoted
local folding = require "wixum.folding"
local redaction = require "wixum.redaction"

local calls = {}

local LONGEST_REASON = 500 -- bytes

--- Why, as it is written down; nil where nothing is said.
---@param found { message: string? }?
---@return string?
function calls.reason(found)
  return found and redaction.text(found.message, LONGEST_REASON) or nil
end

local reason_of = calls.reason

local function ids(rows)
  local list = {}
  for i, row in ipairs(rows) do list[i] = quoted(row.id) end
  return table.concat(list, ",")
end

local function people(rows)
  if not rows[2] then return rows[1].email end
  local list = {}
  for i, row in ipairs(rows) do list[i] = row.email end
  return table.concat(list, " ")
end

-- ---- the row of `calls` ----------------------------------------------------------------------------------------------

local NOTED = { "INSERT INTO calls (began_at, operation, site_id, people, outcome, status, request_id, reason) VALUES " }

-- Of a call about one person that went well all else stands in that person's row, once that has been written: it spares the database
-- the reading of a statement eight times as long.
local NOTED_ONE = [[INSERT INTO calls (began_at, operation, site_id, people, outcome, status, request_id)
  SELECT %s, %s, site_id, email, 'done', %s, request_id FROM invites WHERE id IN (]]

local OPERATIONS = { invite = "site_invites.bulk_invite", resend = "site_invites.resend_invite", revoke = "site_invites.revoke_invite" }

local function noted_one(operation)
  return function(began, status)
    return NOTED_ONE:format(quoted(began), quoted(operation), quoted(status)), ")"
  end
end
local NOTED_OF = {}
for _, operation in pairs(OPERATIONS) do NOTED_OF[operation] = noted_one(operation) end

--- Writes a call down for support, whatever it was about.
---@param journal table
---@param operation string
---@param rows table[] it was about
---@param outcome "done"|"refused"|"not_sent"|"unknown"
---@param found { status: integer?, request_id: string?, message: string? } info of an answer, or an error
---@param began string
function calls.note(journal, operation, rows, outcome, found, began)
  journal:gather(NOTED, ("(%s,%s,%s,%s,%s,%s,%s,%s)"):format(quoted(began), quoted(operation), quoted(rows[1].group.site_id),
    quoted(people(rows)), quoted(outcome), quoted(found.status), quoted(found.request_id), quoted(reason_of(found))))
end

-- The same of a call about invites; after what became of its rows.
local function note_invites(journal, operation, rows, outcome, found, began)
  if outcome == "done" and not rows[2] then
    return journal:gather(journal:form(operation, began, found.status, NOTED_OF[operation], true), rows[1].id)
  end
  calls.note(journal, operation, rows, outcome, found, began)
end

-- ---- before it is sent, and where it was not -------------------------------------------------------------------------

-- A row's state while it is being sent: an invite that is there stays what it is.
local UNDER_WAY = { invite = "state = 'sending', ", resend = "", revoke = "" }

local function sending_form(now, step)
  local opened = step == "invite" and ("opened_at = coalesce(opened_at, %s), "):format(quoted(now)) or ""
  return ("UPDATE invites SET %s%sstep = %s, changed_at = %s WHERE id IN ("):format(UNDER_WAY[step], opened, quoted(step), quoted(now)), ")"
end

-- Rows are about to be sent.
local function sending(journal, step, rows, now)
  local form = journal:form("sending", now, step, sending_form)
  for _, row in ipairs(rows) do journal:gather(form, row.id, row) end
end

local PUT_BACK = { invite = "state = 'planned', ", resend = "", revoke = "" }

-- Rows were not sent, and are as they were.
local function put_back(journal, step, rows, now, found)
  -- what is unknown stays so, and why
  journal:put(([[UPDATE invites SET %sstep = NULL, reason = CASE WHEN state = 'unknown' THEN reason ELSE %s END,
    request_id = coalesce(%s, request_id), changed_at = %s WHERE id IN (%s)]]):format(PUT_BACK[step], quoted(reason_of(found)),
    quoted(found and found.request_id), quoted(now), ids(rows)), rows)
end

-- ---- what failed -----------------------------------------------------------------------------------------------------

-- One that may have been mailed counts as mailed, and when the mail before it was is kept: see `settle`.
local MAYBE = "state = 'unknown', unknown_step = %s, earlier_mail_at = last_mail_at, mails = mails + 1, "
  .. "first_mail_at = coalesce(first_mail_at, %s), last_mail_at = %s"
local MAYBE_REVOKED = "state = 'unknown', unknown_step = 'revoke'"

--- The assignments for rows of which nobody knows what became of the step.
---@param step "invite"|"resend"|"revoke"
---@param when string the moment, or a column, as it stands in a statement
---@return string
function calls.unknown_words(step, when)
  if step == "revoke" then return MAYBE_REVOKED end
  return MAYBE:format(quoted(step), when, when)
end

local function settled(journal, words, rows, reason, request_id, now)
  journal:put(("UPDATE invites SET %sstep = NULL, reason = %s, request_id = %s, changed_at = %s WHERE id IN (%s)"):format(words,
    quoted(reason), quoted(request_id), quoted(now), ids(rows)), rows)
end

-- Rows whose call failed: refused, or nobody knows.
local function refused_or_unknown(journal, step, rows, found, now)
  local words = ""
  if found.outcome == "unknown" then words = calls.unknown_words(step, quoted(now)) .. ", "
  elseif step == "invite" then words = "state = 'failed', " end -- else the invite is what it was
  settled(journal, words, rows, reason_of(found), found.request_id, now)
end

--- How a step of invites is written down.
---@param step "invite"|"resend"|"revoke"
---@return wixum.LedgerBook
function calls.book(step)
  return {
    sending = function(journal, rows, now) sending(journal, step, rows, now) end,
    put_back = function(journal, rows, now, found) put_back(journal, step, rows, now, found) end,
    failed = function(journal, rows, found, now) refused_or_unknown(journal, step, rows, found, now) end,
    note = function(journal, rows, outcome, found, began) note_invites(journal, OPERATIONS[step], rows, outcome, found, began) end,
  }
end

-- ---- what was answered -----------------------------------------------------------------------------------------------

-- A moment in the service's words as the ledger writes it, in whole seconds; nil where it is none.
local function date(value)
  local found = type(value) == "string" and value:match("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d")
  return found and found .. "Z" or nil
end

local function text(value)
  return type(value) == "string" and value ~= "" and not value:find("\0", 1, true) and value or nil
end

-- Of a column that an answer may be silent about: what was there stays.
local INVITED = { invite_id = "%s", accept_link = "%s", expires_at = "%s" }
local RESENT = { invite_id = "coalesce(%s, invite_id)", accept_link = "coalesce(%s, accept_link)",
  -- one that has passed says nothing of an invite that was mailed after it
  expires_at = "coalesce(%s, CASE WHEN expires_at > column3 THEN expires_at END)" }

local CAME_BACK = [[UPDATE invites SET state = 'pending', step = NULL, reason = NULL, invite_id = %s, mails = mails + 1,
  first_mail_at = coalesce(first_mail_at, column3), last_mail_at = column3, expires_at = %s, request_id = column5, changed_at = %s%s
  FROM (VALUES ]]

local function came_back(words)
  return function(now, keeps_links)
    return CAME_BACK:format(words.invite_id:format("column2"), words.expires_at:format("column4"), quoted(now),
      keeps_links and ", accept_link = " .. words.accept_link:format("column6") or ""), ") AS v WHERE invites.id = v.column1"
  end
end
INVITED.make, RESENT.make = came_back(INVITED), came_back(RESENT)

-- An item of a statement on an invite that came back.
local function gather_invite(journal, name, words, row, invite, sent, info, now, keeps_links)
  local form = journal:form(name, now, keeps_links, words.make)
  journal:gather(form, database.item(row.id, text(invite.id), sent, date(invite.expiration_date), info.request_id,
    keeps_links and "," .. quoted(text(invite.accept_link)) .. ")" or ")"), row)
end

local function person_of(invite) return type(invite.email) == "string" and folding.person(invite.email) or nil end

local function invites_by_person(list)
  local invites = {}
  for _, invite in ipairs(list) do
    local person = person_of(invite)
    if person then invites[person] = invite end
  end
  return invites
end

local NOBODY = setmetatable({}, { __newindex = error })

local function set_of(emails)
  if emails[1] == nil then return NOBODY end
  local set = {}
  for _, email in ipairs(emails) do
    if type(email) == "string" then set[folding.person(email)] = true end
  end
  return set
end

-- The one invite of an answer that is nobody's of these rows; nil where there are several, or where a refusal is nobody's either. Such
-- an invite is a row's that was not named, since nobody else was asked for.
local function left_over(rows, answer)
  local own, found = {}, nil
  for _, row in ipairs(rows) do own[folding.person(row.email)] = true end
  for person in pairs(set_of(answer.failed_emails)) do
    if not own[person] then return nil end
  end
  for _, invite in ipairs(answer.invites) do
    if not own[person_of(invite) or false] then
      if found then return nil end
      found = invite
    end
  end
  return found and text(found.id) and found or nil
end

-- May one of two addresses be the other as a service writes it, its letters composed otherwise?
local function may_be_same(one, other) return other ~= nil and folding.bare(one) == folding.bare(other) end

-- A row that an answer does not name, and the one invite in it that is nobody's. Its id is kept whatever the row is: without it nobody
-- could mail it again or revoke it.
local function written_otherwise(journal, row, invite, info, now, keeps_links, counts)
  local email = text(invite.email)
  local words = email and "the service writes the address as " .. (redaction.text(email, 120) or "") or "the service named no address"
  if may_be_same(row.email, email) then
    counts.pending = counts.pending + 1
    gather_invite(journal, "invited", INVITED, row, invite, date(invite.date_created) or now, info, now, keeps_links)
    return journal:put(filled("UPDATE invites SET reason = ? WHERE id = ?", words, row.id), { row })
  end
  counts.unknown = counts.unknown + 1
  settled(journal, ("%s, invite_id = %s, expires_at = %s, "):format(calls.unknown_words("invite", quoted(now)), quoted(text(invite.id)),
    quoted(date(invite.expiration_date))), { row }, words .. ": whose invite it is nobody knows", info.request_id, now)
end

--- Rows whose call was answered: who is invited, who is not, and who is in neither list.
---@param journal table
---@param rows table[]
---@param answer table of bulk_invite
---@param info table
---@param now string
---@param keeps_links boolean
---@param counts { pending: integer, failed: integer, unknown: integer } to which these are added
function calls.invited(journal, rows, answer, info, now, keeps_links, counts)
  local list, refused = answer.invites, set_of(answer.failed_emails)
  local by_person, failed, neither
  for i, row in ipairs(rows) do
    local person = folding.person(row.email)
    local invite = list[i] -- most often they come as they were asked for
    if not invite or person_of(invite) ~= person then
      by_person = by_person or invites_by_person(list)
      invite = by_person[person]
    end
    if invite and text(invite.id) then
      counts.pending = counts.pending + 1
      gather_invite(journal, "invited", INVITED, row, invite, date(invite.date_created) or now, info, now, keeps_links)
    elseif refused[person] and not invite then
      failed = failed or {}
      failed[#failed + 1] = row
    else
      neither = neither or {}
      neither[#neither + 1] = row
    end
  end
  if failed then
    settled(journal, "state = 'failed', ", failed, "the service names the address as failed, and no reason", info.request_id, now)
  end
  local other = neither and not neither[2] and left_over(rows, answer)
  if other then
    written_otherwise(journal, neither[1], other, info, now, keeps_links, counts)
    neither = nil
  end
  if neither then
    settled(journal, calls.unknown_words("invite", quoted(now)) .. ", ", neither, "the service answered and did not name the address",
      info.request_id, now)
  end
  counts.failed, counts.unknown = counts.failed + (failed and #failed or 0), counts.unknown + (neither and #neither or 0)
end

--- A row whose invite was mailed once more; the answer may tell that it has been accepted.
---@param journal table
---@param row table
---@param answer table of resend_invite
---@param info table
---@param now string
---@param keeps_links boolean
function calls.resent(journal, row, answer, info, now, keeps_links)
  local invite = type(answer.invite) == "table" and answer.invite or {}
  gather_invite(journal, "resent", RESENT, row, invite, now, info, now, keeps_links)
  local account = text(invite.accepted_by_account_id)
  if invite.status == "Used" or account then
    account = account and core.is_guid(account) and folding.ascii(account) or nil
    journal:put(filled("UPDATE invites SET state = 'accepted', evidence = 'told', account_id = ? WHERE id = ?", account, row.id), { row })
  end
end

--- A row whose invite was revoked.
function calls.revoked(journal, row, info, now)
  settled(journal, "state = 'revoked', unknown_step = NULL, accept_link = NULL, ", { row }, nil, info.request_id, now)
end

return calls
