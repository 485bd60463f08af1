--- What a ledger does by mail: planning, sending, resending, reminding, revoking.
--
-- Owns what these methods take, and that only one process at a time does them. The work is in `plan`, `send` and `act`.

local act = require "wixum.ledger.act"
local binding = require "wixum.ledger.binding"
local check = require "wixum.ledger.check"
local client = require "wixum.client"
local decide = require "wixum.ledger.decide"
local errors = require "wixum.errors"
local given_checks = require "wixum.ledger.given"
local objects = require "wixum.ledger.object"
local plans = require "wixum.ledger.plan"
local selector = require "wixum.ledger.selector"
local send = require "wixum.ledger.send"
local shown = require "wixum.ledger.shown"
local summaries = require "wixum.ledger.summaries"

local guarded, state_of = objects.guarded, objects.state_of

---@class wixum.Ledger
local methods = {}

local FIRST = 10 -- people who are named of what waits
local PLAN_OPTIONS = { "client", "column", "delimiter", "dry_run", "encoding", "invite_purpose", "language", "limit", "locale",
  "on_problem", "role", "skip" }

--- Plans: rows of a spreadsheet, or of a program, become rows of the ledger. Nothing is sent, and a plan is stored whole or not at all.
---@param source string|file*|table|function a CSV file's path, an open file, a list of rows, or an iterator of them
---@param options table `client` (looks roles and sites up), `column` (field = header), `role`, `invite_purpose`, `language` (for rows
--- that say none), `locale` (of titles), `encoding`, `delimiter`, `on_problem`, `skip` (given each bad row, its line and the columns; the
--- others are planned), `limit` (new rows at most), `dry_run`
---@return wixum.Plan? plan
---@return wixum.PlanProblem[]|wixum.Error? problems
function methods.plan(object, source, options)
  local state = state_of(object, "plan")
  options = given_checks.options(options, PLAN_OPTIONS, "ledger:plan")
  given_checks.client(options.client, "ledger:plan")
  return guarded("ledger:plan", state.path, function()
    binding.to_client(state, options.client, true)
    local made, problems = plans.make(state.db, source, options, state.now())
    if made and not options.dry_run then binding.to_client(state, options.client) end
    return made, problems
  end)
end

--- Sends what is planned. Again goes on where it ended; nobody is mailed twice.
---@param wix wixum.Client
---@param options { concurrency: integer?, limit: integer?, on_progress: fun(summary: table)?, keep_links: boolean?,
--- as_shown: boolean? }? as_shown: only what `waiting` has told last, as it was then
---@return wixum.SendSummary? summary `tostring` tells it, as of what else is here
---@return wixum.Error? err
function methods.send(object, wix, options)
  local state = state_of(object, "send")
  given_checks.client(wix, "ledger:send")
  options = given_checks.options(options, { "as_shown", "concurrency", "keep_links", "limit", "on_progress" }, "ledger:send")
  if options.as_shown then shown.check(state, "send") end
  return summaries.telling("send", guarded("ledger:send", state.path, binding.alone, state, function()
    binding.to_client(state, wix)
    return shown.using(state, options.as_shown, send.run, state, wix, options)
  end))
end

--- What waits to be sent: mails, people, sites, calls, the least seconds that the client's pace allows them, and whom a send mails first.
---@param wix wixum.Client
---@return { planned: integer, people: integer, sites: integer, calls: integer, seconds: number, first: string[] }? waiting
---@return wixum.Error? err
function methods.waiting(object, wix)
  local state = state_of(object, "waiting")
  given_checks.client(wix, "ledger:waiting")
  return summaries.telling("waiting", guarded("ledger:waiting", state.path, function()
    binding.to_client(state, wix, true)
    state.shown = nil
    local waiting = state.db:gather(function()
      local found = plans.waiting(state.db, client.state(wix).settings)
      found.first = send.first(state.db, FIRST)
      shown.keep(state, "state = 'planned'")
      return found
    end)
    state.shown = not state.uses_shown and "send" or nil
    return waiting
  end))
end

--- Ends a send, or what else mails or revokes, that is under way in another task: calls that are out are waited for, nothing else goes out.
---@return boolean # false: nothing is under way that could be
function methods.stop(object)
  local state = state_of(object, "stop")
  if not state.stop_run then return false end
  state.stop_run()
  return true
end

-- ---- what is done with invites that are there ------------------------------------------------------------------------

local ACT_OPTIONS = { "anew", "as_shown", "concurrency", "dry_run", "keep_links", "most", "on_progress" }

-- Runs one of `act`: alone, unless it only looks.
local function acting(object, wix, name, options, fn)
  local state, method = state_of(object, name), name
  name = "ledger:" .. name
  given_checks.client(wix, name)
  options = given_checks.options(options, ACT_OPTIONS, name)
  if options.as_shown then shown.check(state, method) end
  local function work()
    binding.to_client(state, wix, options.dry_run)
    if not options.dry_run then return shown.using(state, options.as_shown, fn, state, options) end
    decide.expire(state.db, state.now()) -- what is shown as pending would change by that when it is acted on
    state.shown = nil
    local summary, err = fn(state, options)
    state.shown = not state.uses_shown and method or nil
    return summary, err
  end
  if options.dry_run then return summaries.telling("act", guarded(name, state.path, work)) end
  return summaries.telling("act", guarded(name, state.path, binding.alone, state, work))
end

--- Mails invites once more: those that are pending or have expired. A batch that was interrupted, called again, goes on where it ended.
---@param wix wixum.Client
---@param given table selector
---@param options { concurrency: integer?, on_progress: function?, keep_links: boolean?, dry_run: boolean?, anew: boolean?,
--- most: integer?, as_shown: boolean? }? dry_run: only tells; anew: a batch that was interrupted is not gone on with; most: rows of this
--- call; as_shown: only what a dry run has told last, as it was then
---@return wixum.ActSummary? summary
---@return wixum.Error? err
function methods.resend(object, wix, given, options)
  return acting(object, wix, "resend", options, function(state, own) return act.run(state, wix, "resend", given, own) end)
end

--- Revokes invites; of those who have accepted nobody loses access by it. A batch that was interrupted, called again, goes on.
---@param wix wixum.Client
---@param given table selector
---@param options table? as of `resend`
---@return wixum.ActSummary? summary
---@return wixum.Error? err
function methods.revoke(object, wix, given, options)
  return acting(object, wix, "revoke", options, function(state, own) return act.run(state, wix, "revoke", given, own) end)
end

local REMIND_WORDS = { "after", "all", "at_most", "email", "every", "limit", "site_id" }
local CHECK_OPTIONS = { "checked_since", "trust" }

-- What was given for a reminder: who is meant, how it is done, how it is looked who has joined.
local function remind_parts(given)
  if given ~= nil and type(given) ~= "table" then errors.mistake('ledger:remind takes a table such as { after = "10d" }') end
  local known, parts = {}, {}
  for i, words in ipairs{ REMIND_WORDS, ACT_OPTIONS, CHECK_OPTIONS } do
    parts[i] = {}
    for _, word in ipairs(words) do
      known[#known + 1] = word
      parts[i][word] = given and given[word]
    end
  end
  given_checks.options(given, known, "ledger:remind")
  return table.unpack(parts)
end

--- Mails those once more who were mailed long enough ago: after an invite, then every so often, at most so many times. It is looked first
--- who has joined; who has, or may have, is not mailed, and nobody is where that could not be seen.
---@param wix wixum.Client
---@param given { after: string?, every: string?, at_most: integer?, email: any, site_id: any, all: boolean?, limit: integer?,
--- concurrency: integer?, on_progress: function?, keep_links: boolean?, dry_run: boolean?, as_shown: boolean?, trust: any,
--- checked_since: string? }? after: "7d"; every: as `after`; at_most: 2; trust: as of `check`; dry_run: tells by what is known, and looks
--- at nothing; as_shown: as of `resend`; checked_since: a check since this moment counts, and none is made now
---@return wixum.ActSummary? summary `checked` is what the check saw
---@return wixum.Error? err
function methods.remind(object, wix, given)
  local meant, options, looking = remind_parts(given)
  local trust = given_checks.trust(looking.trust, "ledger:remind")
  local since = looking.checked_since
  if since ~= nil and not selector.moment(since, 0) then errors.mistake("ledger:remind: checked_since must be a date") end
  return acting(object, wix, "remind", options, function(state, own)
    local condition, limit = act.due(state, meant)
    if own.dry_run then return act.remind(state, wix, condition, limit, own, since) end
    local checked
    if not since then
      since = state.now()
      local err
      checked, err = check.run(state, wix, act.sites_due(condition), { trust = trust })
      if err then return nil, err end
      if checked.stopped then since = "9999" end -- nobody is mailed
    end
    local summary = act.remind(state, wix, condition, limit, own, since)
    summary.checked = checked
    summary.stopped = summary.stopped or checked and checked.stopped
    return summary
  end)
end

return methods
