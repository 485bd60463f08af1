--- Invites to the account's team: planned, sent, and compared with the team as the service tells it.
--
-- Owns the table `team_invites`. Unlike a site's, the account's invites can be listed: so what nobody knows is settled by looking, and
-- who accepted, declined or let it expire is seen. What no call can do: resend or revoke one.

local assignments = require "wixum.assignments"
local calls = require "wixum.ledger.calls"
local database = require "wixum.ledger.database"
local folding = require "wixum.folding"
local quoted = database.quoted
local run = require "wixum.ledger.run"
local team = require "wixum.ledger.team"
local team_windows = require "wixum.ledger.team_windows"

local team_invites = {}

local A_CALL = 50 -- invitees: more the service does not take
local EVERYWHERE = "*"
local PATIENCE = 300 -- seconds in which an invite whose answer was lost may still appear in the team

-- ---- how it is written down ------------------------------------------------------------------------------------------

local function ids(rows)
  local list = {}
  for i, row in ipairs(rows) do list[i] = quoted(row.id) end
  return table.concat(list, ",")
end

local MAYBE = "mails = mails + 1, mailed_at = %s, "

local SET = "UPDATE team_invites SET %sstate = %s, step = %s, reason = %s, request_id = coalesce(%s, request_id), changed_at = %s "
  .. "WHERE id IN (%s)"

local function set(journal, rows, state, step, reason, request_id, now, more)
  journal:put(SET:format(more or "", quoted(state), quoted(step), quoted(reason), quoted(request_id), quoted(now), ids(rows)), rows)
end

local OPERATION = "account_invites.create_invite"

local book = {
  sending = function(journal, rows, now) set(journal, rows, "sending", "invite", nil, nil, now) end,
  put_back = function(journal, rows, now, found)
    set(journal, rows, "planned", nil, calls.reason(found), found and found.request_id, now)
  end,
  failed = function(journal, rows, found, now)
    if found.outcome == "unknown" then
      set(journal, rows, "unknown", nil, calls.reason(found), found.request_id, now, MAYBE:format(quoted(now)))
    else set(journal, rows, "failed", nil, calls.reason(found), found.request_id, now) end
  end,
  note = function(journal, rows, outcome, found, began) calls.note(journal, OPERATION, rows, outcome, found, began) end,
}

local DIED = "the process that sent it ended before the answer was written down"

--- Invites that a process which died has left: they may have been sent.
---@param db table
---@param now string
---@return integer
function team_invites.recover(db, now)
  return db:transaction(function()
    db:run([[INSERT INTO calls (began_at, operation, people, outcome, reason) SELECT changed_at, ?, email, 'unknown', ? FROM team_invites
      WHERE step IS NOT NULL]], OPERATION, DIED)
    return db:run([[UPDATE team_invites SET state = 'unknown', step = NULL, reason = ?, mails = mails + 1, mailed_at = changed_at,
      changed_at = ? WHERE step IS NOT NULL]], DIED, now)
  end)
end

-- ---- planning --------------------------------------------------------------------------------------------------------

local PLANNED = [[INSERT INTO team_invites (email, person, policy_id, role, site_ids, language, state, planned_at, changed_at)
  VALUES (?, ?, ?, ?, ?, ?, 'planned', ?, ?) ON CONFLICT (person) DO UPDATE SET email = excluded.email, policy_id = excluded.policy_id,
  role = excluded.role, site_ids = excluded.site_ids, language = excluded.language, state = 'planned', step = NULL, invite_id = NULL,
  user_id = NULL, reason = NULL, expires_at = NULL, planned_at = excluded.planned_at, changed_at = excluded.changed_at]]

--- Plans invites. One that is open, or of a member, is told and changes nothing.
---@param db table
---@param given { emails: string[], role: { id: string, title: string }, sites: string[]|nil, language: string? } without sites it is the
--- whole account
---@param now string
---@return integer[] ids of rows that are planned now
---@return { email: string, reason: string }[] refused
function team_invites.plan(db, given, now)
  local sites = EVERYWHERE
  if given.sites then
    local list = {}
    for i, id in ipairs(given.sites) do list[i] = folding.ascii(id) end
    table.sort(list)
    sites = table.concat(list, " ")
  end
  local planned, refused = {}, {}
  db:transaction(function()
    for _, email in ipairs(given.emails) do
      local person = folding.person(email)
      local row = db:one("SELECT id, state, role FROM team_invites WHERE person = ?", person)
      -- one that was planned, and did not leave, is planned anew as it is said now
      local open = row and (row.state == "pending" or row.state == "unknown")
      if open then
        refused[#refused + 1] = { email = email,
          reason = ("an invite is %s already, as %s; `wixum team list` looks at it"):format(row.state, row.role) }
      else
        team_windows.keep(db, person, now)
        db:run(PLANNED, email, person, given.role.id, given.role.title, sites, given.language or "", now, now)
        planned[#planned + 1] = db:one("SELECT id FROM team_invites WHERE person = ?", person).id
      end
    end
  end)
  return planned, refused
end

-- ---- sending ---------------------------------------------------------------------------------------------------------

local function subject_of(row)
  local sites
  if row.site_ids ~= EVERYWHERE then
    sites = {}
    for id in row.site_ids:gmatch("%S+") do sites[#sites + 1] = id end
  end
  return assignments.invitee{ email = row.email, role = row.policy_id, sites = sites, everywhere = not sites and true or nil }
end

local INVITED = "invite_id = %s, expires_at = %s, mails = mails + 1, mailed_at = %s, "

local function text(value) return type(value) == "string" and value ~= "" and not value:find("\0", 1, true) and value or nil end

local function answered(counts, journal, rows, answer, info, now)
  local made, failed = {}, {}
  for _, invite in ipairs(answer.successful_invites) do
    if type(invite.email) == "string" then made[folding.person(invite.email)] = invite end
  end
  for _, refusal in ipairs(answer.failed_invites) do
    if type(refusal.subject_email) == "string" then failed[folding.person(refusal.subject_email)] = refusal end
  end
  for _, row in ipairs(rows) do
    local invite, refusal = made[row.person], failed[row.person]
    if invite then
      local expires = text(invite.expiration_date)
      set(journal, { row }, "pending", nil, nil, info.request_id, now, INVITED:format(quoted(text(invite.id)),
        quoted(expires and expires:match("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d") and expires:sub(1, 19) .. "Z"), quoted(now)))
      counts.pending = counts.pending + 1
    elseif refusal then
      set(journal, { row }, "failed", nil, calls.reason{ message = text(refusal.error_message) or "the service gives no reason" },
        info.request_id, now)
      counts.failed = counts.failed + 1
    else
      set(journal, { row }, "unknown", nil, "the service answered and did not name the address", info.request_id, now,
        MAYBE:format(quoted(now)))
      counts.unknown = counts.unknown + 1
    end
  end
end

local ACT = {
  operation = OPERATION, book = book, counted = { "pending", "failed", "planned_again" }, failed = "failed", put_back = "planned_again",
  call = function(wix, rows)
    local subjects = {}
    for i, row in ipairs(rows) do subjects[i] = subject_of(row) end
    return wix.account_invites.create_invite{ subjects_assignments = subjects,
      default_email_language = rows[1].language ~= "" and rows[1].language or nil }
  end,
  answered = answered,
}

-- Rows, as many a call as go together.
local function packs(rows)
  local position = 0
  return function()
    local pack = {}
    while rows[position + 1] and #pack < A_CALL and (not pack[1] or pack[1].language == rows[position + 1].language) do
      position = position + 1
      rows[position].group = {}
      pack[#pack + 1] = rows[position]
    end
    return pack[1] and pack or nil
  end
end

local function rows_of(db, ids_wanted)
  local list = {}
  for i, id in ipairs(ids_wanted) do list[i] = quoted(id) end
  return db:all(([[SELECT id, email, person, policy_id, site_ids, language FROM team_invites WHERE state = 'planned' AND id IN (%s)
    ORDER BY language, id]]):format(table.concat(list, ",")))
end

--- Sends rows that are planned: these, and nobody who was left by an earlier run.
---@param owner table of the ledger: `db`, `now`; while it lasts, `stop_run` ends it
---@param wix table
---@param ids_wanted integer[]
---@param options { on_progress: function? }
---@return table summary total, pending, failed, unknown, planned_again, calls, stopped; failed_rows { email, reason }
function team_invites.send(owner, wix, ids_wanted, options)
  local rows = rows_of(owner.db, ids_wanted)
  local summary = run.rows(owner, wix, ACT, packs(rows), { total = #rows }, { concurrency = 1, on_progress = options.on_progress })
  local list = {}
  for i, row in ipairs(rows) do list[i] = quoted(row.id) end
  summary.failed_rows = owner.db:all(("SELECT email, reason FROM team_invites WHERE state = 'failed' AND id IN (%s) ORDER BY id"):format(
    table.concat(list, ",")))
  return summary
end

-- ---- the team, compared with it --------------------------------------------------------------------------------------

local STATUS = { Pending = "pending", Expired = "expired", Declined = "declined", Deleted = "revoked", Used = "accepted" }

-- What the team says of a row; nil: nothing that decides.
local function verdict(row, member, invite, since)
  if member then return "accepted", nil end
  if invite then return STATUS[invite.status] or "pending", nil end -- what is not known to be over is open
  if row.state == "unknown" and since > PATIENCE then return "failed", team_windows.NEVER end
  if row.state == "accepted" then return "removed", "the team does not have them any more" end
  if row.state == "pending" or row.state == "expired" then return "revoked", team_windows.GONE end
end

--- Compares the ledger's invites with the team: states follow.
---@param db table
---@param people wixum.TeamPerson[] the whole team
---@param now string
---@param seconds fun(date: string): number since then
---@return integer changed
function team_invites.compare(db, people, now, seconds)
  local members, invites = {}, {}
  for _, person in ipairs(people) do
    if person.member then members[person.person] = person
    elseif not invites[person.person] or person.is_open then invites[person.person] = person end
  end
  return db:transaction(function()
    local changed = 0
    for _, row in ipairs(db:all([[SELECT id, person, state, mailed_at, invite_id FROM team_invites WHERE step IS NULL
      AND state <> 'planned']])) do
      local member, invite = members[row.person], invites[row.person]
      local state, reason = verdict(row, member, invite, row.mailed_at and seconds(row.mailed_at) or math.huge)
      if state and state ~= row.state then
        db:run([[UPDATE team_invites SET state = ?, reason = ?, invite_id = coalesce(?, invite_id), user_id = coalesce(?, user_id),
          changed_at = ? WHERE id = ?]], state, reason, invite and invite.invite_id, member and member.user_id, now, row.id)
        changed = changed + 1
      end
    end
    db:run("UPDATE team_invites SET seen_at = ? WHERE state <> 'planned'", now)
    return changed
  end)
end

--- Of people who are to be invited: who is in the team, or invited, already.
---@param wix table
---@param emails string[]
---@return table<string, wixum.TeamPerson>? found by person
---@return wixum.Error? err
function team_invites.present(wix, emails)
  local found, wanted = {}, {}
  for _, email in ipairs(emails) do wanted[folding.person(email)] = true end
  -- all of it: how the service searches is not documented, and whom it does not find would be mailed
  local people, err = team.read(wix)
  if not people then return nil, err end
  for _, person in ipairs(people) do
    if (person.member or person.is_open) and wanted[person.person] then found[person.person] = found[person.person] or person end
  end
  return found
end

--- How many have been mailed, or may have been.
---@param db table
---@return integer
function team_invites.count(db) return db:one("SELECT count(*) AS number FROM team_invites WHERE mails > 0").number end

--- The rows, for people.
---@param db table
---@return table[]
function team_invites.rows(db)
  return db:all([[SELECT id, email, person, policy_id, role, site_ids, language, state, invite_id, user_id, mails, reason, request_id,
    planned_at, mailed_at, expires_at, seen_at, changed_at FROM team_invites ORDER BY person]])
end

return team_invites
