--- What became of a call, as statements: the row of `calls`, and those of the people it was about.
--
-- Owns how answers and errors are written down. Sends nothing, decides nothing about what comes next but a row's state.

local database = require "wixum.ledger.database"
local filled, quoted = database.filled, database.quoted
local folding = require "wixum.folding"
local redaction = require "wixum.redaction"

local calls = {}

local LONGEST_REASON = 500 -- bytes

-- Why, as it is written down; nil where nothing is said.
local function reason_of(found)
  return found and found.message and redaction.cut(found.message, LONGEST_REASON) or nil
end

local function ids(rows)
  local list = {}
  for i, row in ipairs(rows) do list[i] = quoted(row.id) end
  return table.concat(list, ",")
end

local function people(rows)
  local list = {}
  for i, row in ipairs(rows) do list[i] = row.email end
  return table.concat(list, " ")
end

local NOTED = [[INSERT INTO calls (began_at, operation, site_id, people, outcome, status, request_id, reason)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)]]

--- The row of `calls`.
---@param operation string
---@param rows table[] it was about
---@param outcome "done"|"refused"|"not_sent"|"unknown"
---@param found { status: integer?, request_id: string?, message: string? } info of an answer, or an error
---@param began string
---@return string statement
function calls.noted(operation, rows, outcome, found, began)
  return filled(NOTED, began, operation, rows[1].site_id, people(rows), outcome, found.status, found.request_id, reason_of(found))
end

--- Rows are about to be sent.
---@param rows table[]
---@param now string
---@return string statement
function calls.sending(rows, now)
  return ("UPDATE invites SET state = 'sending', step = 'invite', changed_at = %s WHERE id IN (%s)"):format(quoted(now), ids(rows))
end

--- Rows were not sent, and wait again.
---@param rows table[]
---@param now string
---@param found table? the error that tells why
---@return string statement
function calls.planned_again(rows, now, found)
  return ("UPDATE invites SET state = 'planned', step = NULL, reason = %s, request_id = coalesce(%s, request_id), changed_at = %s "
    .. "WHERE id IN (%s)"):format(quoted(reason_of(found)), quoted(found and found.request_id), quoted(now), ids(rows))
end

-- Rows that no invite is there for: certainly, or perhaps.
local function without_invite(rows, state, reason, request_id, now)
  local mailed = state == "unknown" and (", mails = mails + 1, first_mail_at = coalesce(first_mail_at, %s), last_mail_at = %s"):format(
    quoted(now), quoted(now)) or ""
  return ("UPDATE invites SET state = %s, step = NULL, reason = %s, request_id = %s, changed_at = %s%s WHERE id IN (%s)"):format(
    quoted(state), quoted(reason), quoted(request_id), quoted(now), mailed, ids(rows))
end

--- Rows whose call failed: refused, or nobody knows.
---@param rows table[]
---@param found wixum.Error
---@param now string
---@return string statement
function calls.failed(rows, found, now)
  return without_invite(rows, found.outcome == "unknown" and "unknown" or "failed", reason_of(found), found.request_id, now)
end

local function date(value)
  return type(value) == "string" and value:match("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d") and value:sub(1, 19) .. "Z" or nil
end

--- Rows whose call was answered: who is invited, who is not, and who is in neither list.
---@param rows table[]
---@param answer table of bulk_invite
---@param info table
---@param now string
---@param keeps_links boolean
---@return string[] statements
---@return { pending: integer, failed: integer, unknown: integer } counts
function calls.answered(rows, answer, info, now, keeps_links)
  local invites, refused, statements = {}, {}, {}
  for _, invite in ipairs(answer.invites) do
    if type(invite.email) == "string" then invites[folding.ascii(invite.email)] = invite end
  end
  for _, email in ipairs(answer.failed_emails) do
    if type(email) == "string" then refused[folding.ascii(email)] = true end
  end
  local failed, neither, pending = {}, {}, 0
  for _, row in ipairs(rows) do
    local invite = invites[row.person]
    if invite and type(invite.id) == "string" then
      pending = pending + 1
      local sent = date(invite.date_created) or now
      statements[#statements + 1] = ("UPDATE invites SET state = 'pending', step = NULL, reason = NULL, invite_id = %s, accept_link = %s, "
        .. "mails = mails + 1, first_mail_at = coalesce(first_mail_at, %s), last_mail_at = %s, expires_at = %s, request_id = %s, "
        .. "changed_at = %s WHERE id = %d"):format(quoted(invite.id), quoted(keeps_links and invite.accept_link or nil), quoted(sent),
        quoted(sent), quoted(date(invite.expiration_date)), quoted(info.request_id), quoted(now), row.id)
    elseif refused[row.person] and not invite then failed[#failed + 1] = row
    else neither[#neither + 1] = row end
  end
  if #failed > 0 then
    statements[#statements + 1] = without_invite(failed, "failed", "the service names the address as failed, and no reason",
      info.request_id, now)
  end
  if #neither > 0 then
    statements[#statements + 1] = without_invite(neither, "unknown", "the service answered and did not name the address",
      info.request_id, now)
  end
  return statements, { pending = pending, failed = #failed, unknown = #neither }
end

return calls
