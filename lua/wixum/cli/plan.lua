--- `wixum plan`, `wixum invite`, `wixum resume`: from a spreadsheet to mails.
--
-- Owns what is said around planning and sending; the work is the ledger's.

local bad_lines = require "wixum.cli.bad_lines"
local desks = require "wixum.cli.desk"
local errors = require "wixum.errors"
local progress = require "wixum.cli.progress"
local running = require "wixum.cli.running"
local status = require "wixum.cli.status"

local plan = {}

local TOLD = 20 -- bad lines that are printed; all go to --skip-bad
local NAMED = 3 -- people before the question
local FAILED = 5 -- rows that are named after a run

-- ---- planning --------------------------------------------------------------------------------------------------------

-- field = header, from the config file ("email=E-Mail, site=Seite") and, before it, from the options.
local function columns_of(desk)
  local map = {}
  for part in (desk.config.columns or ""):gmatch("[^,]+") do
    local field, header = part:match("^%s*([%a_]+)%s*=%s*(.-)%s*$")
    if not field then desks.fail(("columns in the config file: %q is not FIELD=HEADER, as in email=E-Mail"):format(part)) end
    map[field] = header
  end
  for _, pair in ipairs(desk.given.column or {}) do map[pair[1]] = pair[2] end
  local known = require("wixum.ledger.sheet").FIELDS
  for field in pairs(map) do
    local found = false
    for _, name in ipairs(known) do found = found or name == field end
    if not found then
      desks.fail(("--column: there is no field %s%s"):format(field, require("wixum.names").suggestion(field, known)))
    end
  end
  return next(map) and map or nil
end

local function source_of(path)
  if path ~= "-" then return path end
  return io.stdin
end

-- Reads the spreadsheet into the ledger. Answers the plan; or nil and the exit status, after everything was said.
local function make(desk, ledger, dry_run)
  local talk, given, told, bad = desk.talk, desk.given, 0, nil
  local wix = desk:client()
  if not dry_run then desk:name_ledger() end
  if given.skip_bad then
    local problem
    bad, problem = bad_lines.new(given.skip_bad)
    if not bad then desks.fail(("--skip-bad: %s"):format(problem)) end
  end
  local made, problems = ledger:plan(source_of(given.csv), {
    client = wix, column = columns_of(desk), role = given.role and #given.role > 0 and given.role or nil,
    locale = given.locale or desk.config.locale, invite_purpose = given.purpose, language = given.language, encoding = given.encoding,
    delimiter = given.delimiter == "\\t" and "\t" or given.delimiter, limit = given.limit, dry_run = dry_run,
    on_problem = function(found)
      told = told + 1
      if told <= TOLD then talk:wrong("%s", tostring(found)) end
      if bad then bad:problem(found) end
    end,
    skip = bad and function(row, line, columns) bad:row(row, line, columns) end or nil,
  })
  if told > TOLD then talk:wrong("and %d more lines that cannot be used", told - TOLD) end
  local trouble = bad and bad:close()
  if trouble then desks.fail(("--skip-bad: %s"):format(trouble)) end
  if made then
    desk.fresh = false
    if told > 0 then talk:wrong("%d lines were left out; they are in %s", bad.count, given.skip_bad) end
    return made
  end
  if errors.is(problems) then error(problems, 0) end
  talk:wrong("nothing was planned: correct %s, or leave %s out with --skip-bad FILE", told == 1 and "this line" or "these lines",
    told == 1 and "it" or "them")
  return nil, status.USAGE
end

--- `wixum plan CSV`.
---@param desk table
---@return integer status
function plan.plan(desk)
  local dry_run = desk.given.dry_run
  local made, code = make(desk, dry_run and desk:ledger_to_look_at() or desk:ledger(), dry_run)
  if not made then return code end
  desk.talk:result(tostring(made), running.plain(made))
  if dry_run then desk.talk:note("Nothing was stored, and nobody was mailed.")
  elseif made.planned > 0 then desk.talk:note("Nobody was mailed yet: `wixum resume` mails who is planned.") end
  return status.DONE
end

-- ---- sending ---------------------------------------------------------------------------------------------------------

local function people(number) return number == 1 and "1 person" or ("%d people"):format(number) end

-- Whom it will mail, in one sentence.
local function question(ledger, waiting, number)
  local names = {}
  for row in ledger:rows{ state = "planned", limit = NAMED } do names[#names + 1] = row.email end
  local more = number - #names
  return ("This mails %s on %d %s, live: %s%s; at least %s."):format(people(number), waiting.sites,
    waiting.sites == 1 and "site" or "sites", table.concat(names, ", "), more > 0 and (" and %d more"):format(more) or "",
    progress.duration(waiting.seconds))
end

local function tell_failed(ledger, talk, since)
  local named = 0
  for row in ledger:rows{ state = "failed" } do
    if row.changed_at >= since then
      named = named + 1
      if named > FAILED then
        talk:wrong("and more: `wixum export --state failed` has them all")
        break
      end
      talk:wrong("%s on %s failed: %s", row.email, row.site_id, row.reason or "no reason was given")
    end
  end
end

-- What a run came to, for people.
local function words_of(summary)
  local parts = { ("%s mailed in %d %s"):format(people(summary.pending), summary.calls, summary.calls == 1 and "call" or "calls") }
  if summary.failed > 0 then parts[#parts + 1] = ("%d failed"):format(summary.failed) end
  if summary.unknown > 0 then parts[#parts + 1] = ("%d unknown"):format(summary.unknown) end
  return table.concat(parts, ", ") .. "."
end

local function tell(ledger, talk, summary, since)
  talk:result(words_of(summary), running.plain(summary))
  if summary.failed > 0 then tell_failed(ledger, talk, since) end
  if summary.unlooked then
    talk:wrong("it could not be read who can reach the sites, so that it cannot be told later who has joined: %s",
      tostring(summary.unlooked))
  end
  if summary.recovered > 0 then
    talk:wrong("%d rows of a run that was killed are unknown: they may have been mailed", summary.recovered)
  end
  if summary.unknown + summary.recovered > 0 then
    talk:wrong("`wixum status` names what is unknown and what to look at; `wixum settle sent` or `settle not_sent` decides it")
  end
  local left = ledger:status().states.planned or 0
  if left > 0 then talk:note("%d still planned: `wixum resume` mails them.", left) end
end

-- Mails who is planned.
local function send(desk, ledger)
  local talk, given, wix = desk.talk, desk.given, desk:client()
  local waiting, refused = ledger:waiting(wix)
  if not waiting then error(refused, 0) end
  if waiting.planned == 0 then
    -- what a killed run has left is told all the same
    local stale = ledger:status().states.sending
    if not stale then
      talk:result("Nobody is planned.", { total = 0 })
      return status.DONE
    end
  end
  local number = math.min(waiting.planned, given.limit or math.maxinteger)
  if given.dry_run then
    talk:result(("%s would be mailed on %d sites, in %d calls, in at least %s."):format(people(number), waiting.sites, waiting.calls,
      progress.duration(waiting.seconds)), waiting)
    return status.DONE
  end
  if number > 0 and not desk.loopback and not talk:may(question(ledger, waiting, number)) then
    talk:note("They are planned: `wixum resume` mails them.")
    return status.USAGE
  end
  local since = os.date("!%Y-%m-%dT%H:%M:%SZ") --[[@as string]]
  local summary, err, interrupted = running.run(ledger, talk, "Mailing", { "pending", "failed", "unknown" }, function(on_progress)
    return ledger:send(wix, { concurrency = given.concurrency, limit = given.limit, keep_links = given.keep_links,
      on_progress = on_progress })
  end)
  if not summary then
    if interrupted then return status.INTERRUPTED end
    error(err, 0)
  end
  tell(ledger, talk, summary, since)
  return running.status(talk, summary, interrupted)
end

--- `wixum invite CSV`.
---@param desk table
---@return integer status
function plan.invite(desk)
  local dry_run = desk.given.dry_run
  local limit = desk.given.limit
  desk.given.limit = nil -- of the mails: all that is new is planned
  local ledger = dry_run and desk:ledger_to_look_at() or desk:ledger()
  local made, code = make(desk, ledger, dry_run)
  desk.given.limit = limit
  if not made then return code end
  if dry_run then
    desk.talk:result(tostring(made), running.plain(made))
    desk.talk:note("Nothing was stored, and nobody was mailed.")
    return status.DONE
  end
  desk.talk:note("%s", tostring(made))
  return send(desk, ledger)
end

--- `wixum resume`.
---@param desk table
---@return integer status
function plan.resume(desk)
  local ledger = desk:ledger(false)
  desk:client()
  desk:name_ledger()
  return send(desk, ledger)
end

plan.people = people

return plan
