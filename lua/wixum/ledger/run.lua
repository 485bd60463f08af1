--- A run: rows of the ledger go out in calls, many at once, and every step of it is on disk before and after.
--
-- Owns the order of things around a call, and when a run stops; that holds for invites, resends, revocations, and changes of who is in.
-- Which rows go out, and what an answer means for them, is said by whoever starts the run; how it is written down is `calls`' business,
-- when it is on disk the `journal`'s.

local calls = require "wixum.ledger.calls"
local client = require "wixum.client"
local database = require "wixum.ledger.database"
local errors = require "wixum.errors"
local journals = require "wixum.ledger.journal"
local map = require "wixum.map"
local scheduler = require "wixum.scheduler"

local run = {}

local LOST = 3 -- calls in a row that did not come through to the service: the network is away
local FORBIDDEN = 3 -- calls in a row that were forbidden, where one may be: it is the key

-- The key or its rights: no call would fare better.
local REFUSED = { unauthenticated = true, forbidden = true }
local AWAY = { network = true, tls = true, timeout = true }

---@class wixum.LedgerBook how a run is written down: each puts into the journal
---@field sending fun(journal: table, rows: table[], now: string) rows are about to be sent
---@field put_back fun(journal: table, rows: table[], now: string, found: table?) they were not
---@field failed fun(journal: table, rows: table[], found: wixum.Error, now: string) they were refused, or nobody knows
---@field note fun(journal: table, rows: table[], outcome: string, found: table, began: string) the call, for support

---@class wixum.LedgerAct what is done in a run
---@field operation string
---@field book wixum.LedgerBook
---@field refusals table<string, true>? kinds of errors that end the run, since no call would fare better; else of the key or its rights
---@field call fun(wix: table, rows: table[]): table?, table makes the call
---@field answered fun(counts: table, journal: table, rows: table[], answer: table, info: table, now: string) writes down and counts
---@field marks fun(journal: table, rows: table[])? writes down more where rows are about to go out
---@field unmarks fun(journal: table, rows: table[])? takes it back where they did not
---@field counted string[] names under which rows are counted, beside `unknown`
---@field is_allowed boolean? such a call has acted before: then no number of those that are forbidden is about the key
---@field refused fun(rows: table[])? is told of those that were refused
---@field failed string the one for those that were refused
---@field put_back string the one for those that were not sent

-- ---- around a call ---------------------------------------------------------------------------------------------------

local function told(state, rows, name)
  state.counts[name] = state.counts[name] + #rows
end

local function mark(state, rows)
  local now, act = state.now(), state.act
  act.book.sending(state.journal, rows, now)
  if act.marks then act.marks(state.journal, rows) end
  return now
end

local function put_back(state, rows, found)
  state.act.book.put_back(state.journal, rows, state.now(), found)
  if state.act.unmarks then state.act.unmarks(state.journal, rows) end
end

-- The error of a call, as rows: and whether the run goes on.
local function settle_error(state, rows, err, began)
  local journal, act = state.journal, state.act
  local refused = (act.refusals or REFUSED)[err.kind] and err.outcome == "refused"
  -- what cannot be said as it stands will never be: then it is the row's own fault
  local untouched = err.outcome == "not_sent" and not err.violations or refused or err.outcome == "refused" and err.kind == "rate_limited"
  if untouched then
    put_back(state, rows, err)
    told(state, rows, act.put_back)
  else
    act.book.failed(journal, rows, err, state.now())
    told(state, rows, err.outcome == "unknown" and "unknown" or act.failed)
    if err.outcome ~= "unknown" and act.refused then act.refused(rows) end
  end
  if err.attempts > 0 then act.book.note(journal, rows, err.outcome, err, began) end
  if err.outcome == "not_sent" and AWAY[err.kind] then
    if err.attempts == 0 then return end -- its turn did not come in time
    state.lost = state.lost + 1
    if state.lost < LOST then return end
  else
    if err.outcome ~= "not_sent" then state.lost = 0 end -- the service was there
    state.forbidden = err.kind == "forbidden" and state.forbidden + 1 or 0
    local over = refused or state.forbidden >= FORBIDDEN and not state.is_allowed or err.kind == "rate_limited"
      or untouched and err.kind ~= "cancelled" and err.kind ~= "interrupted"
    if not over then return end
  end
  state.stop = state.stop or err
end

-- In `before_send`, where nothing is sent by raising.
local function stop_here(state)
  if state.stop or state.raised then error("the run has stopped", 0) end
end

-- The client for a site. Rows come site by site, so the last one is most often the one. Its options are seen by the task that a call
-- is made in: which rows it is about stands in `state.works`.
local function client_for(state, site_id)
  if state.site_client and state.site_id == site_id then return state.site_client end
  local works, journal = state.works, state.journal
  local own = client.derive(state.wix, {
    site_id = site_id, untold = true,
    before_send = function()
      stop_here(state)
      local work = works[scheduler.current()]
      work.began = mark(state, work.rows)
      -- on disk before the request leaves; where the task is to end meanwhile, nothing leaves
      if journal:wait(work) then error("the run is to end", 0) end
      stop_here(state) -- another call may have been refused meanwhile
      work.out = true
    end,
    before_retry = function(outcome)
      local work = works[scheduler.current()]
      work.out = false
      if outcome ~= "unknown" then put_back(state, work.rows) end -- else it may have acted, whatever comes of the next attempt
    end,
  })
  state.site_id, state.site_client = site_id, own
  return own
end

local function send_rows(state, rows)
  if state.stop or state.raised then return end
  local journal, act, task = state.journal, state.act, scheduler.current()
  local work = state.works[task] -- of the task, for one call after the other; and what waits in the journal
  if not work then
    work = { rows = nil, began = nil, out = false, problem = nil, woken = false, reason = nil, task = nil }
    state.works[task] = work
  end
  work.rows, work.began, work.out = rows, nil, false
  local ok, answer, info = pcall(act.call, client_for(state, rows[1].group.site_id), rows)
  if not ok then
    -- Ctrl-C, or the end of its task. Anything else says nothing of what became of the call: its rows stay as they are on
    -- disk, and where that is a step under way the next run calls them unknown.
    if errors.is(answer) then settle_error(state, rows, answer, work.began) end
    error(answer, 0)
  end
  if not answer then
    settle_error(state, rows, info, work.began)
    return nil, info
  end
  state.lost, state.forbidden, state.is_allowed = 0, 0, true
  act.answered(state.counts, journal, rows, answer, info, state.now())
  -- Nothing waits for this to be on disk: the next request of this task leaves after a commit that has it, and a run ends with one.
  act.book.note(journal, rows, "done", info, work.began)
  state.counts.calls = state.counts.calls + 1
  return true
end

-- ---- a run -----------------------------------------------------------------------------------------------------------

-- What was counted is on disk: now it may be told. What the program's function raises ends the run, and is raised at its end.
local function tell_progress(state)
  local summary = state.summary
  for name, number in pairs(state.counts) do summary[name] = number end
  if not state.on_progress or state.raised then return end
  local ok, raised = pcall(state.on_progress, summary)
  if ok then return end
  if errors.is_interrupt(raised) then return scheduler.note_interrupt() end
  state.raised = { raised }
end

local DIED = "the process that sent it ended before the answer was written down"

local LEFT = [[INSERT INTO calls (began_at, operation, site_id, people, outcome, reason)
  SELECT changed_at, CASE step WHEN 'invite' THEN 'site_invites.bulk_invite' WHEN 'resend' THEN 'site_invites.resend_invite'
    ELSE 'site_invites.revoke_invite' END, site_id, email, 'unknown', ? FROM invites WHERE step IS NOT NULL]]

--- Rows that a process which died has left: what it sent may have acted.
---@param db table
---@param now string
---@return integer
function run.recover(db, now)
  return db:transaction(function()
    local found = db:run(LEFT, DIED)
    if found == 0 then return 0 end
    for _, step in ipairs{ "invite", "resend", "revoke" } do
      db:run(("UPDATE invites SET %s, step = NULL, reason = ?, changed_at = ? WHERE step = ?"):format(
        calls.unknown_words(step, "changed_at")), DIED, now, step)
    end
    return found
  end)
end

--- Why a run ends that was asked to.
---@param operation string
---@return wixum.Error
function run.asked_to_stop(operation)
  return errors.new{ kind = "cancelled", outcome = "not_sent", operation = operation, where = errors.where(),
    message = "the run was asked to stop" }
end

-- Ends a run that is under way: what is out is waited for, what waits for its turn does not go out.
local function stopper(state)
  return function()
    if state.stop then return end
    state.stop = run.asked_to_stop(state.act.operation)
    for task, work in pairs(state.works) do
      if not work.out then scheduler.stop(task, "cancelled") end
    end
  end
end

--- Sends rows.
---@param owner table of the ledger: `db`, `now`; while the run lasts, `stop_run` ends it
---@param wix table
---@param act wixum.LedgerAct
---@param packs fun(): table[]? rows of one call each
---@param summary table to which is added what was counted
---@param options { concurrency: integer?, on_progress: function? }
---@param stop wixum.Error? why nothing is to be sent
---@return table summary
function run.rows(owner, wix, act, packs, summary, options, stop)
  local db, now = owner.db, owner.now
  local settings = client.state(wix).settings
  local state = { db = db, wix = wix, act = act, now = now, lost = 0, forbidden = 0, is_allowed = act.is_allowed, stop = stop,
    on_progress = options.on_progress, works = {},
    summary = summary, counts = { calls = 0, unknown = 0 }, raised = nil }
  for _, name in ipairs(act.counted) do state.counts[name] = 0 end
  tell_progress(state)
  state.journal = journals.new(db, function() tell_progress(state) end)
  owner.stop_run = stopper(state)
  local ok, raised = pcall(map.each, function()
    if state.stop or state.raised or state.journal:problem() then return nil end
    return packs()
  end, function(rows) return send_rows(state, rows) end, { concurrency = options.concurrency or settings.concurrency })
  owner.stop_run = nil
  local flushed, trouble = pcall(state.journal.flush, state.journal)
  for _, problem in ipairs{ not ok and raised or false, not flushed and trouble or false } do
    if database.is_failure(problem) and state.counts.calls > 0 then
      problem.outcome = "unknown"
      problem.advice = "Calls have gone out. Put that right and call again: what was not written down is unknown then, or looked at anew"
    end
  end
  if not ok then error(raised, 0) end
  if not flushed then error(trouble, 0) end
  if state.raised then error(state.raised[1], 0) end
  summary.stopped = state.stop
  return summary
end

return run
