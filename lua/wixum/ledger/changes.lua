--- Changes: removals and new roles of people who are in, each a row before it leaves and after it came back.
--
-- Owns the tables `plans` and `changes`, and how such a change is called for. What is to be changed is said by whoever makes a plan; how
-- calls are made, many at once, is `run`'s business; what came of it is looked at by `aftermath`. One that was interrupted is not gone on
-- with: what is still to be done is seen by looking anew.

local calls = require "wixum.ledger.calls"
local cjson = require "cjson"
local database = require "wixum.ledger.database"
local run = require "wixum.ledger.run"
local quoted = database.quoted

local changes = {}

local PAGE = 200 -- rows read at a time

--- Why an invite could not be revoked, and need not be: it was used, declined, or is over; nobody knows which.
changes.NOT_OPEN = "the service says that it is not open any more"

-- The codes that say of an invite that nobody can use it any more. That there is no such resource is documented. For one that is not
-- pending no code is: this one is the sandbox's. Any other refusal, be its status the same, may be about the call (a site that the service
-- did not see named, somebody else who changed it meanwhile): the invite may be open then.
local NOT_USABLE = { INVITE_NOT_PENDING = changes.NOT_OPEN, NOT_FOUND = "the service does not have it any more" }

---@class wixum.Change
---@field kind "revoke_invite"|"remove_contributor"|"change_role"|"remove_member"|"change_assignments"
---@field site_id string?
---@field account_id string?
---@field user_id string?
---@field email string? as far as known
---@field evidence string? that the account is theirs
---@field detail table? what they are to have: `roles` (ids) of change_role; `add`, `remove` of change_assignments; `invite_id`
---@field words string the same for people

---@class wixum.ChangeSummary
---@field total integer changes that were to be made
---@field done integer
---@field failed integer that the service refused: each row's `reason` says why
---@field unknown integer
---@field put_back integer that were not sent after all
---@field calls integer
---@field forbidden wixum.Error? the first that the service has forbidden: of this person, or to this key
---@field stopped wixum.Error? why it ended early

-- ---- how each is called for ------------------------------------------------------------------------------------------

-- Who is not there any more has been removed: by somebody else, or by the call whose answer got lost.
local function gone_is_done(answer, found)
  if answer or found.kind ~= "not_found" then return answer, found end
  return {}, { status = found.status, request_id = found.request_id, over = "was not there any more" }
end

local KINDS = {}

-- One that is not open needs no revoking: that is as good, though it may have been used.
KINDS.revoke_invite = {
  operation = "site_invites.revoke_invite",
  call = function(wix, row)
    local answer, found = wix.site_invites.revoke_invite{ invite_id = row.detail.invite_id }
    -- also after an attempt of which nobody knows: it is over, by that or before
    local over = not answer and NOT_USABLE[found.code or ""]
    if not over then return answer, found end
    return {}, { status = found.status, request_id = found.request_id, over = over }
  end,
}

KINDS.remove_contributor = {
  operation = "contributors.remove_contributor",
  call = function(wix, row) return gone_is_done(wix.contributors.remove_contributor{ account_id = row.account_id }) end,
}

KINDS.change_role = {
  operation = "contributors.change_role",
  call = function(wix, row)
    local roles = {}
    for i, id in ipairs(row.detail.roles) do roles[i] = { role_id = id } end
    return wix.contributors.change_role{ account_id = row.account_id, new_roles = roles }
  end,
}

KINDS.remove_member = {
  operation = "users.remove_member",
  call = function(wix, row) return gone_is_done(wix.users.remove_member{ user_id = row.user_id }) end,
}

-- Said twice it would give the roles twice, so it is never sent again by itself.
KINDS.change_assignments = {
  operation = "users.update_team_member_assignments",
  call = function(wix, row)
    return wix.users.update_team_member_assignments{ user_id = row.user_id, new_assignments = row.detail.add or {},
      assignment_ids_to_remove = row.detail.remove or {} }
  end,
}

-- In which order: who is in the team could undo the rest.
local ORDER = { "remove_member", "change_assignments", "revoke_invite", "remove_contributor", "change_role" }

-- ---- how it is written down ------------------------------------------------------------------------------------------

local function ids(rows)
  local list = {}
  for i, row in ipairs(rows) do list[i] = quoted(row.id) end
  return table.concat(list, ",")
end

local SET = "UPDATE changes SET state = %s, step = %s, reason = %s, request_id = coalesce(%s, request_id), changed_at = %s "
  .. "WHERE id IN (%s)"

local function set(journal, rows, state, step, reason, request_id, now)
  journal:put(SET:format(quoted(state), quoted(step), quoted(reason), quoted(request_id), quoted(now), ids(rows)), rows)
end

local function book(operation, summary)
  return {
    sending = function(journal, rows, now) set(journal, rows, "sending", "change", nil, nil, now) end,
    put_back = function(journal, rows, now, found)
      set(journal, rows, "planned", nil, calls.reason(found), found and found.request_id, now)
    end,
    failed = function(journal, rows, found, now)
      if found.kind == "forbidden" then summary.forbidden = summary.forbidden or found end
      set(journal, rows, found.outcome == "unknown" and "unknown" or "failed", nil, calls.reason(found), found.request_id, now)
    end,
    note = function(journal, rows, outcome, found, began) calls.note(journal, operation, rows, outcome, found, began) end,
  }
end

local LEFT = [[INSERT INTO calls (began_at, operation, site_id, people, outcome, reason)
  SELECT changed_at, CASE kind %s END, site_id, coalesce(nullif(email, ''), account_id, user_id), 'unknown', ? FROM changes
  WHERE step IS NOT NULL]]
local DIED = "the process that sent it ended before the answer was written down"

--- Changes that a process which died has left: what may be said twice is planned again, of the others nobody knows.
---@param db table
---@param now string
---@return integer
function changes.recover(db, now)
  local cases = {}
  for kind, one in pairs(KINDS) do cases[#cases + 1] = ("WHEN %s THEN %s"):format(quoted(kind), quoted(one.operation)) end
  return db:transaction(function()
    local found = db:run(LEFT:format(table.concat(cases, " ")), DIED)
    if found == 0 then return 0 end
    db:run([[UPDATE changes SET state = CASE kind WHEN 'change_assignments' THEN 'unknown' ELSE 'planned' END, step = NULL, reason = ?,
      changed_at = ? WHERE step IS NOT NULL]], DIED, now)
    return found
  end)
end

-- ---- plans -----------------------------------------------------------------------------------------------------------

--- Plans of the same subject that were not carried out to their end are over: what is left of them is seen anew, and planned anew where
--- it is still so.
---@param db table
---@param kind string
---@param subject string
---@param now string
---@return string? began_at of the latest of them
---@return integer left undone
function changes.supersede(db, kind, subject, now)
  return db:transaction(function()
    local old = db:one([[SELECT max(began_at) AS began_at FROM plans WHERE kind = ? AND subject = ? AND ended_at IS NULL]], kind, subject)
    if not old.began_at then return nil, 0 end
    local open = "SELECT id FROM plans WHERE kind = ? AND subject = ? AND ended_at IS NULL"
    local left = db:run(([[UPDATE changes SET state = 'dropped', reason = 'planned anew after it was interrupted', changed_at = ?
      WHERE state IN ('planned', 'unknown') AND plan_id IN (%s)]]):format(open), now, kind, subject)
    db:run("UPDATE plans SET ended_at = ? WHERE kind = ? AND subject = ? AND ended_at IS NULL", now, kind, subject)
    return old.began_at, left
  end)
end

--- By what a change is known again: its kind, its site, and whom it is about.
---@param change wixum.Change
---@return string
function changes.key(change)
  return ("%s %s %s %s"):format(change.kind, change.site_id or "", change.account_id or "", change.user_id or "")
end

local UNSURE = [[SELECT id, kind, site_id, account_id, user_id FROM changes
  WHERE (state = 'unknown' OR state = 'planned' AND reason IS NOT NULL OR state = 'done' AND seen IS NULL)
  AND plan_id IN (SELECT id FROM plans WHERE kind = ? AND subject = ? AND ended_at IS NULL)]]

--- What an interrupted plan had under way, and what is so now: it was done, whatever became of its answers.
---@param db table
---@param kind string of the plan
---@param subject string
---@param list wixum.Change[] that are so now
---@param now string
function changes.settle(db, kind, subject, list, now)
  local is_so = {}
  for _, change in ipairs(list) do is_so[changes.key(change)] = true end
  db:transaction(function()
    for _, row in ipairs(db:all(UNSURE, kind, subject)) do
      if is_so[changes.key(row)] then
        db:run("UPDATE changes SET state = 'done', seen = 'as_wanted', seen_at = ?, changed_at = ? WHERE id = ?", now, now, row.id)
      end
    end
  end)
end

local FAILED = [[SELECT DISTINCT c.kind, c.site_id, c.account_id, c.user_id FROM changes c JOIN plans p ON p.id = c.plan_id
  WHERE c.state = 'failed' AND p.kind = ? AND p.subject = ?]]

--- Changes of earlier plans that the service has refused.
---@param db table
---@param kind string of the plans
---@param subjects string[]
---@return table<string, true> by their keys
function changes.refused(db, kind, subjects)
  local found = {}
  for _, subject in ipairs(subjects) do
    for row in db:rows(FAILED, kind, subject) do found[changes.key(row)] = true end
  end
  return found
end

--- Stores a plan, wholly.
---@param db table
---@param kind "withdraw"|"leaver"|"access"
---@param subject string
---@param list wixum.Change[]
---@param now string
---@return integer plan_id
function changes.plan(db, kind, subject, list, now)
  return db:transaction(function()
    db:run("INSERT INTO plans (kind, subject, began_at) VALUES (?, ?, ?)", kind, subject, now)
    local id = db:one("SELECT max(id) AS id FROM plans").id
    for _, change in ipairs(list) do
      db:run([[INSERT INTO changes (plan_id, kind, site_id, account_id, user_id, email, evidence, detail, words, state, planned_at,
        changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'planned', ?, ?)]], id, change.kind, change.site_id, change.account_id,
        change.user_id, change.email or "", change.evidence, cjson.encode(change.detail or {}), change.words, now, now)
    end
    return id
  end)
end

--- Is anything of a plan still to be done, or not known?
---@param db table
---@param plan_id integer
---@return boolean
function changes.is_open(db, plan_id)
  return db:one("SELECT 1 AS found FROM changes WHERE plan_id = ? AND state IN ('planned', 'sending', 'unknown') LIMIT 1", plan_id) ~= nil
end

--- A plan is carried out: what it has left undone is told in its rows.
---@param db table
---@param plan_id integer
---@param now string
function changes.finish(db, plan_id, now) db:run("UPDATE plans SET ended_at = ? WHERE id = ?", now, plan_id) end

local COLUMNS = "id, plan_id, kind, site_id, account_id, user_id, email, evidence, detail, words, state, reason, request_id, planned_at, "
  .. "changed_at, seen_at, seen"

--- The rows of a plan, in the order in which they were planned.
---@param db table
---@param plan_id integer
---@param condition string?
---@param limit integer?
---@return table[]
function changes.rows(db, plan_id, condition, limit)
  local list = {}
  for row in db:rows(("SELECT %s FROM changes WHERE plan_id = %d AND (%s) ORDER BY id LIMIT %d"):format(COLUMNS, plan_id,
    condition or "1", limit or -1)) do
    row.detail = cjson.decode(row.detail)
    row.group = { site_id = row.site_id }
    if row.email == "" then row.email = row.account_id or row.user_id end
    list[#list + 1] = row
  end
  return list
end

-- ---- carrying out ----------------------------------------------------------------------------------------------------

local COUNTED = { "done", "failed", "put_back" }

local HAS_ACTED = [[SELECT 1 AS found FROM changes c JOIN plans p ON p.id = c.plan_id WHERE c.kind = ? AND c.state = 'done'
  AND c.reason IS NULL AND p.kind = (SELECT kind FROM plans WHERE id = ?) LIMIT 1]]

local function act(db, plan_id, kind, summary)
  local one = KINDS[kind]
  return {
    -- the key may do this: what it is forbidden is about these people alone, and no reason to leave the others
    is_allowed = db:one(HAS_ACTED, kind, plan_id) ~= nil,
    operation = one.operation, book = book(one.operation, summary), counted = COUNTED, failed = "failed", put_back = "put_back",
    refusals = { unauthenticated = true }, -- a 403 may be about this person alone: an owner cannot be removed
    call = function(wix, rows) return one.call(wix, rows[1]) end,
    answered = function(counts, journal, rows, _, info, now)
      set(journal, rows, "done", nil, info.over, info.request_id, now)
      counts.done = counts.done + 1
    end,
  }
end

-- The planned rows of a kind, one after the other.
local function packs(db, plan_id, kind)
  local page, position, last = {}, 0, 0
  return function()
    if position == #page then
      page, position = changes.rows(db, plan_id, ("state = 'planned' AND kind = %s AND id > %d"):format(quoted(kind), last), PAGE), 0
      if not page[1] then return nil end
      last = page[#page].id
    end
    position = position + 1
    return { page[position] }
  end
end

--- Carries a plan out: what of it is planned, or was put back.
---@param owner table of the ledger: `db`, `now`; while it lasts, `stop_run` ends it
---@param wix table
---@param plan_id integer
---@param options { concurrency: integer?, on_progress: function? }
---@return wixum.ChangeSummary
function changes.carry_out(owner, wix, plan_id, options)
  local db = owner.db
  local waiting = "SELECT count(*) AS number FROM changes WHERE plan_id = ? AND state = 'planned'"
  local summary = { total = db:one(waiting, plan_id).number,
    done = 0, failed = 0, unknown = 0, put_back = 0, calls = 0 }
  local sums = { done = 0, failed = 0, unknown = 0, put_back = 0, calls = 0 }
  for _, kind in ipairs(ORDER) do
    if not summary.stopped then
      local part = { total = summary.total }
      run.rows(owner, wix, act(db, plan_id, kind, summary), packs(db, plan_id, kind), part, {
        concurrency = options.concurrency,
        on_progress = function(counts)
          for name, number in pairs(sums) do summary[name] = number + (counts[name] or 0) end
          if options.on_progress then options.on_progress(summary) end
        end,
      })
      for name, number in pairs(sums) do sums[name] = number + (part[name] or 0) end
      for name, number in pairs(sums) do summary[name] = number end
      summary.stopped = part.stopped
    end
  end
  return summary
end

return changes
