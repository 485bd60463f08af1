--- Resending, reminding, revoking: what is done with invites that are there, one call a row.
--
-- Owns which rows each of these may be done with, and batches: one that was interrupted goes on where it ended, and does nothing twice.
-- How a call is made and written down is `run`'s business.

local calls = require "wixum.ledger.calls"
local database = require "wixum.ledger.database"
local decide = require "wixum.ledger.decide"
local errors = require "wixum.errors"
local run = require "wixum.ledger.run"
local selector = require "wixum.ledger.selector"
local shown = require "wixum.ledger.shown"
local quoted = database.quoted

local act = {}

local PAGE = 500 -- rows read at a time
local SHOWN = 10 -- rows that a dry run tells

-- With what it can be done at all. What is unknown is not resent: it waits for `settle`.
local ELIGIBLE = {
  resend = "step IS NULL AND invite_id IS NOT NULL AND state IN ('pending', 'expired')",
  revoke = "step IS NULL AND invite_id IS NOT NULL AND state IN ('pending', 'expired', 'unknown')",
}

---@class wixum.ActSummary
---@field total integer rows that it was to be done with
---@field done integer
---@field failed integer that the service refused: each row's `reason` says why
---@field unknown integer
---@field put_back integer that were not sent after all, and are as they were
---@field skipped table<string, integer> selected rows with which it cannot be done, by state
---@field expired integer of the failed, those whose invite had expired: `retry` plans them anew
---@field recovered integer rows that a process which died had left
---@field left_alone integer rows that came to it, or changed, since they were told; with `as_shown`
---@field calls integer
---@field continued string? when the batch was begun that this goes on with
---@field attempted integer rows that it had attempted before
---@field first table[]? of a dry run: the first rows
---@field unseen integer? of a remind: rows that are due on sites that could not be looked at, and were not mailed
---@field checked wixum.Check? of a remind: what was seen before it
---@field stopped wixum.Error? why the run ended early

-- ---- what is done ----------------------------------------------------------------------------------------------------

local COUNTED = { "done", "failed", "put_back" }

local function resend(summary, keeps_links)
  return {
    book = calls.book "resend", operation = "site_invites.resend_invite", counted = COUNTED, failed = "failed", put_back = "put_back",
    call = function(wix, rows)
      local row = rows[1]
      return wix.site_invites.resend_invite{ invite_id = row.invite_id, default_email_language = row.language }
    end,
    answered = function(counts, journal, rows, answer, info, now)
      calls.resent(journal, rows[1], answer, info, now, keeps_links)
      counts.done = counts.done + 1
    end,
    refused = function(rows)
      if rows[1].state == "expired" then summary.expired = summary.expired + 1 end
    end,
  }
end

local function revoke()
  return {
    book = calls.book "revoke", operation = "site_invites.revoke_invite", counted = COUNTED, failed = "failed", put_back = "put_back",
    call = function(wix, rows) return wix.site_invites.revoke_invite{ invite_id = rows[1].invite_id } end,
    answered = function(counts, journal, rows, _, info, now)
      calls.revoked(journal, rows[1], info, now)
      counts.done = counts.done + 1
    end,
  }
end

local MAKE = { resend = resend, revoke = revoke }

-- ---- batches ---------------------------------------------------------------------------------------------------------

local function unfinished(db, name, text)
  return db:one("SELECT id, began_at FROM batches WHERE operation = ? AND selector = ? AND ended_at IS NULL ORDER BY id DESC LIMIT 1",
    name, text)
end

-- The batch that a run belongs to: one that was interrupted, or a new one. Its rows are marked as the step itself is.
local function join_batch(db, what, name, text, now)
  local batch = unfinished(db, name, text)
  if not batch then
    db:run("INSERT INTO batches (operation, selector, began_at) VALUES (?, ?, ?)", name, text, now)
    batch = unfinished(db, name, text)
  end
  local form = { ("INSERT INTO batch_rows (batch_id, row_id) SELECT %d, id FROM invites WHERE id IN ("):format(batch.id),
    ") ON CONFLICT DO NOTHING" }
  function what.marks(journal, rows)
    for _, row in ipairs(rows) do journal:gather(form, row.id) end
  end
  function what.unmarks(journal, rows)
    for _, row in ipairs(rows) do
      journal:put(("DELETE FROM batch_rows WHERE batch_id = %d AND row_id = %d"):format(batch.id, row.id), { row })
    end
  end
  return batch
end

local function end_batch(db, batch, now)
  db:transaction(function()
    db:run("UPDATE batches SET ended_at = ? WHERE id = ?", now, batch.id)
    db:run("DELETE FROM batch_rows WHERE batch_id = ?", batch.id)
  end)
end

-- ---- which rows ------------------------------------------------------------------------------------------------------

local function attempted_in(batch)
  return batch and ("EXISTS (SELECT 1 FROM batch_rows b WHERE b.batch_id = %d AND b.row_id = invites.id)"):format(batch.id) or "0"
end

-- The rows one after the other, in pages; a row that has been passed is not looked at again, whatever became of it.
local function packs(db, condition, limit)
  local page, position, last, left = {}, 0, 0, limit
  local function of(values)
    return { id = values[1], email = values[2], group = { site_id = values[3] }, invite_id = values[4],
      language = values[5] ~= "" and values[5] or nil, state = values[6] }
  end
  return function()
    if left == 0 then return nil end
    if position == #page then
      if position > 0 and position < PAGE then return nil end
      page, position = db:page(of, ([[SELECT id, email, site_id, invite_id, language, state FROM invites WHERE (%s) AND id > %d
        ORDER BY id LIMIT %d]]):format(condition, last, PAGE)), 0
      if not page[1] then return nil end
      last = page[#page].id
    end
    position, left = position + 1, left - 1
    return { page[position] }
  end
end

local function counted(db, condition)
  return db:one(("SELECT count(*) AS number FROM invites WHERE (%s)"):format(condition)).number
end

local function first_rows(db, condition, limit)
  return db:all(("SELECT email, site_id, roles, state, mails, last_mail_at FROM invites WHERE (%s) ORDER BY id LIMIT %d"):format(condition,
    math.min(limit, SHOWN)))
end

-- ---- a run -----------------------------------------------------------------------------------------------------------

-- What a run of this name would be done with, as things are.
local function look(db, name, eligible, condition, limit, text)
  local batch = text and unfinished(db, name, text)
  local attempted = batch and db:one("SELECT count(*) AS number FROM batch_rows WHERE batch_id = ?", batch.id).number or 0
  local left = limit and math.max(0, limit - attempted) or math.maxinteger
  local now_eligible = ("(%s) AND (%s) AND NOT %s"):format(condition, eligible, attempted_in(batch))
  local summary = { total = math.min(left, counted(db, now_eligible)), done = 0, failed = 0, unknown = 0, put_back = 0, calls = 0,
    recovered = 0, expired = 0, left_alone = 0, attempted = attempted, continued = batch and batch.began_at or nil,
    skipped = decide.left_out(db, ("(%s) AND NOT %s"):format(condition, attempted_in(batch)), eligible) }
  return summary, now_eligible, left
end

---@param state table of the ledger: `db`, `now`
---@param wix table
---@param name "resend"|"revoke"
---@param eligible string the condition that rows must fulfil
---@param condition string which rows are meant
---@param limit integer?
---@param text string? of the selector; nil where there is no batch to go on with
---@param options { concurrency: integer?, on_progress: function?, keep_links: boolean?, dry_run: boolean?, anew: boolean?,
--- most: integer?, as_shown: boolean? } most: rows of this run, whatever the batch has; a batch that leaves rows to be mailed is not over
---@return wixum.ActSummary
local function act_on(state, wix, name, eligible, condition, limit, text, options)
  local db, now = state.db, state.now
  if options.dry_run then
    return db:gather(function()
      local summary, rows, left = look(db, name, eligible, condition, limit, not options.anew and text or nil)
      summary.first = first_rows(db, rows, left)
      shown.keep(state, rows, left)
      return summary
    end)
  end
  local recovered = run.recover(db, now())
  decide.expire(db, now())
  if options.anew and text then
    local old = unfinished(db, name, text)
    if old then end_batch(db, old, now()) end
  end
  local summary, rows, left = look(db, name, eligible, condition, limit, text)
  local all = summary.total
  if options.as_shown then
    rows = ("%s AND %s"):format(rows, shown.CONDITION)
    summary.total = math.min(left, counted(db, rows))
    summary.left_alone = all - summary.total
    if name == "revoke" then all = summary.total end -- nothing can be done twice: the batch need not wait for them
  end
  if options.most then summary.total, left = math.min(summary.total, options.most), math.min(left, options.most) end
  summary.recovered = recovered
  local what, batch = MAKE[name](summary, options.keep_links == true), nil
  if text and summary.total > 0 then batch = join_batch(db, what, name, text, now()) end
  run.rows(state, wix, what, packs(db, rows, left), summary, options)
  if batch or summary.continued then
    batch = batch or unfinished(db, name, text)
    if batch and not summary.stopped and summary.put_back == 0 and summary.total == all then end_batch(db, batch, now()) end
  end
  return summary
end

--- Does it with the rows that a selector means.
---@param state table
---@param wix table
---@param name "resend"|"revoke"
---@param given table selector
---@param options table
---@return wixum.ActSummary
function act.run(state, wix, name, given, options)
  local condition, limit = selector.condition(given, "ledger:" .. name, state.time())
  return act_on(state, wix, name, ELIGIBLE[name], condition, limit, selector.text(given), options)
end

-- ---- reminding -------------------------------------------------------------------------------------------------------

local AFTER, AT_MOST = "7d", 2
local REMINDED = "step IS NULL AND state = 'pending' AND invite_id IS NOT NULL AND coalesce(evidence, '') <> 'unclear'"

local function age(value, name)
  local seconds = selector.seconds(value)
  if not seconds then errors.mistake(('ledger:remind: %s must be an age such as "10d"'):format(name)) end
  return seconds
end

--- Which rows are due for a reminder.
---@param state table
---@param given { after: string?, every: string?, at_most: integer?, email: any, site_id: any, limit: integer? }
---@return string condition
---@return integer? limit
function act.due(state, given)
  local after = age(given.after or AFTER, "after")
  local every = age(given.every or given.after or AFTER, "every")
  local at_most = given.at_most == nil and AT_MOST or given.at_most
  if math.type(at_most) ~= "integer" or at_most < 1 then
    errors.mistake("ledger:remind: at_most must be a whole number of at least 1")
  end
  local rest = {}
  for word, value in pairs(given) do
    if word ~= "after" and word ~= "every" and word ~= "at_most" then rest[word] = value end
  end
  local meant, limit = selector.condition(rest, "ledger:remind", state.time(), true)
  local time = state.time()
  return ("(%s) AND mails <= %d AND ((mails <= 1 AND last_mail_at <= %s) OR (mails > 1 AND last_mail_at <= %s))"):format(meant, at_most,
    quoted(selector.date(time - after)), quoted(selector.date(time - every))), limit
end

local SEEN = "site_id IN (SELECT site_id FROM sites WHERE unlisted_at IS NULL AND checked_at >= %s)"

--- Mails those once more who are due, where it has been looked who has joined.
---@param state table
---@param wix table
---@param condition string which are due
---@param limit integer?
---@param options table
---@param seen_since string? where nobody has looked since, nobody is mailed; nil: it does not matter
---@return wixum.ActSummary
function act.remind(state, wix, condition, limit, options, seen_since)
  local seen = seen_since and SEEN:format(quoted(seen_since)) or "1"
  -- no batch: whoever has been mailed is not old enough any more
  local summary = act_on(state, wix, "resend", ("%s AND %s"):format(REMINDED, seen), condition, limit, nil, options)
  summary.unseen = counted(state.db, ("(%s) AND (%s) AND NOT %s"):format(condition, REMINDED, seen))
  return summary
end

--- The sites of rows that are due, as a condition on sites.
---@param condition string
---@return string
function act.sites_due(condition)
  return ("site_id IN (SELECT site_id FROM invites WHERE (%s) AND (%s))"):format(condition, REMINDED)
end

return act
