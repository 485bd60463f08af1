--- `wixum plan`, `wixum invite`, `wixum resume`: from a spreadsheet to mails.
--
-- Owns what is said around planning and sending; the work is the ledger's.

local bad_lines = require "wixum.cli.bad_lines"
local desks = require "wixum.cli.desk"
local errors = require "wixum.errors"
local printable = require("wixum.csv.problem").printable
local progress = require "wixum.cli.progress"
local running = require "wixum.cli.running"
local settings = require "wixum.settings"
local status = require "wixum.cli.status"

local plan = {}

local TOLD = 20 -- bad lines that are printed; all go to --skip-bad
local NAMED = 3 -- people before the question
local FAILED = 5 -- rows that are named after a run

-- ---- planning --------------------------------------------------------------------------------------------------------

-- field = header, from the config file ("email=E-Mail, site=Seite") and, before it, from the options.
local function columns_of(desk)
  local map, problem = settings.columns(desk.config.columns or "")
  if not map then desks.fail("columns in the config file: " .. problem) end
  local said_by = {}
  for field in pairs(map) do said_by[field] = "columns in the config file" end
  for _, pair in ipairs(desk.given.column or {}) do map[pair[1]], said_by[pair[1]] = pair[2], "--column" end
  local known = require("wixum.ledger.sheet").FIELDS
  for field in pairs(map) do
    local found = false
    for _, name in ipairs(known) do found = found or name == field end
    if not found then
      desks.fail(("%s: there is no field %s%s"):format(said_by[field], field, require("wixum.names").suggestion(field, known)))
    end
  end
  return next(map) and map or nil
end

local function source_of(path)
  if path ~= "-" then return path end
  return io.stdin
end

-- A file for bad lines; in a trial it is only found out whether it may be written.
local function file_of_bad_lines(desk, is_trial)
  local path = desk.given.skip_bad
  if not path then return nil end
  local bad, problem = bad_lines.new(path, desk.given.csv, desk.path, is_trial)
  if not bad then desks.fail(("--skip-bad: %s"):format(problem)) end
  return bad
end

-- Plans once. `tell` is told what is wrong; with `bad` lines are left out. Raises where those cannot be written.
local function plan_once(desk, ledger, bad, dry_run, tell)
  local given = desk.given
  local made, problems = ledger:plan(source_of(given.csv), {
    client = desk:client(), column = columns_of(desk), role = given.role and #given.role > 0 and given.role or nil,
    locale = given.locale or desk.config.locale, invite_purpose = given.purpose, language = given.language, encoding = given.encoding,
    delimiter = given.delimiter == "\\t" and "\t" or given.delimiter, limit = given.limit, dry_run = dry_run,
    on_problem = function(found)
      tell(found)
      if bad then bad:problem(found) end
    end,
    skip = bad and function(row, line, columns) bad:row(row, line, columns) end or nil,
  })
  local trouble = bad and bad:close(made ~= nil)
  if trouble then desks.fail(("--skip-bad: %s"):format(trouble)) end
  return made, problems
end

-- Reads the spreadsheet into the ledger. Answers the plan and the ledger; or nil, nil and the exit status, after
-- everything was said.
local function make(desk, dry_run)
  local talk, given, told = desk.talk, desk.given, 0
  desk:client()
  if given.csv ~= "-" then
    local file, problem = io.open(given.csv, "rb") -- before a ledger is made for it
    if not file then desks.fail(problem .. ". Check the path, it starts at the current folder. Nothing was planned") end
    file:close()
  end
  local ledger = dry_run and desk:ledger_to_look_at() or desk:ledger()
  if not dry_run then desk:name_ledger() end
  local bad = file_of_bad_lines(desk, dry_run)
  if bad and bad.is_there and not dry_run then
    plan_once(desk, ledger, file_of_bad_lines(desk, true), true, function() end)
  end
  local made, problems = plan_once(desk, ledger, bad, dry_run, function(found)
    told = told + 1
    if told <= TOLD then talk:wrong("%s", tostring(found)) end
  end)
  if told > TOLD then talk:wrong("and %d more lines that cannot be used", told - TOLD) end
  if made then
    if told > 0 then
      talk:wrong(dry_run and "these lines would be left out, and written to %s" or "%d lines were left out; they are in %s",
        table.unpack(dry_run and { given.skip_bad } or { bad.count, given.skip_bad }))
    end
    return made, ledger
  end
  if errors.is(problems) then
    if desk.config.columns and problems.message:find("no column is called", 1, true) then
      talk:wrong("the config file names columns, which --column outdoes: columns = %s", printable(desk.config.columns, 200))
    end
    error(problems, 0)
  end
  talk:wrong("nothing was planned: correct %s, or leave %s out with --skip-bad FILE", told == 1 and "this line" or "these lines",
    told == 1 and "it" or "them")
  return nil, nil, status.USAGE
end

--- `wixum plan CSV`.
---@param desk table
---@return integer status
function plan.plan(desk)
  local dry_run = desk.given.dry_run
  local made, _, code = make(desk, dry_run)
  if not made then return code end
  desk.talk:result(tostring(made), running.plain(made))
  if dry_run then desk.talk:note("Nothing was stored, and nobody was mailed.")
  elseif made.planned > 0 then desk.talk:note("Nobody was mailed yet: `wixum resume` mails who is planned.") end
  return status.DONE
end

-- ---- sending ---------------------------------------------------------------------------------------------------------

local function counted(number, one, many) return ("%d %s"):format(number, number == 1 and one or many) end

local function mails(number) return counted(number, "mail", "mails") end

-- Whom it will mail, in one sentence.
local function question(waiting, number)
  local names = table.move(waiting.first, 1, math.min(NAMED, number), 1, {})
  local more = number - #names
  local whom = number < waiting.planned and ("of %d that are planned"):format(waiting.planned)
    or ("to %s on %s"):format(counted(waiting.people, "person", "people"), counted(waiting.sites, "site", "sites"))
  return ("This sends %s %s, live: %s%s; at least %s."):format(mails(number), whom, table.concat(names, ", "),
    more > 0 and (" and %d more"):format(more) or "", progress.duration(waiting.seconds))
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
  local parts = { ("%s sent in %s"):format(mails(summary.pending), counted(summary.calls, "call", "calls")) }
  if summary.failed > 0 then parts[#parts + 1] = ("%d failed"):format(summary.failed) end
  if summary.unknown > 0 then parts[#parts + 1] = ("%d unknown"):format(summary.unknown) end
  return table.concat(parts, ", ") .. "."
end

local function tell_unknown(talk)
  talk:wrong("`wixum status` names what is unknown and what to look at; `wixum settle sent` or `settle not_sent` decides it")
end

local function tell_recovered(talk, number)
  talk:wrong("%s of a run that was killed %s unknown: they may have been mailed", counted(number, "row", "rows"),
    number == 1 and "is" or "are")
  tell_unknown(talk)
end

local function tell(ledger, talk, summary, since)
  talk:result(words_of(summary), running.plain(summary))
  if summary.failed > 0 then tell_failed(ledger, talk, since) end
  if summary.joined > 0 then
    talk:note("%s not mailed anew: they have joined by the invite before, as is seen now.", counted(summary.joined, "person was",
      "people were"))
  end
  if summary.unlooked then
    talk:wrong("it could not be read who can reach the sites, so that it cannot be told later who has joined: %s",
      tostring(summary.unlooked))
  end
  if summary.recovered > 0 then tell_recovered(talk, summary.recovered)
  elseif summary.unknown > 0 then tell_unknown(talk) end
  local left = ledger:status().states.planned or 0
  if left > 0 then talk:note("%d still planned: `wixum resume` mails them.", left) end
end

-- Mails who is planned.
local function send(desk, ledger)
  local talk, given, wix = desk.talk, desk.given, desk:client()
  local waiting, refused = ledger:waiting(wix)
  if not waiting then error(refused, 0) end
  local found = waiting.planned == 0 and ledger:status()
  if found and not found.states.sending then -- else another process sends, which is told when this one tries
    talk:result("Nobody is planned.", { total = 0, recovered = found.recovered })
    if found.recovered == 0 then return status.DONE end
    tell_recovered(talk, found.recovered)
    return status.SOME_FAILED
  end
  local number = math.min(waiting.planned, given.limit or math.maxinteger)
  if given.dry_run then
    talk:result(("%s of %d planned would be sent, all of them to %s on %s in %s; at least %s."):format(mails(number), waiting.planned,
      counted(waiting.people, "person", "people"), counted(waiting.sites, "site", "sites"), counted(waiting.calls, "call", "calls"),
      progress.duration(waiting.seconds)), waiting)
    return status.DONE
  end
  if number > 0 and not desk.loopback then
    local may, code = talk:may(question(waiting, number), "Nobody was mailed; they are planned: `wixum resume` mails them.")
    if not may then return code end
  end
  local since = require("wixum.ledger.selector").date(desk:clock()())
  local summary, err, interrupted = running.run(ledger, talk, "Mailing", { "pending", "failed", "unknown" }, function(on_progress)
    return ledger:send(wix, { concurrency = given.concurrency, limit = given.limit, keep_links = given.keep_links,
      as_shown = true, on_progress = on_progress })
  end)
  if not summary then
    if not interrupted then error(err, 0) end
    talk:note("%d still planned: `wixum resume` mails them.", ledger:status().states.planned or 0)
    return status.INTERRUPTED
  end
  tell(ledger, talk, summary, since)
  local code = running.status(talk, summary, interrupted)
  if code == status.DONE and number > 0 and summary.total == 0 and summary.joined == 0 then
    talk:wrong("what was shown as planned has changed since: nobody was mailed. Look at it, and say it again")
    return status.USAGE
  end
  return code
end

--- `wixum invite CSV`.
---@param desk table
---@return integer status
function plan.invite(desk)
  local dry_run = desk.given.dry_run
  local limit = desk.given.limit
  desk.given.limit = nil -- of the mails: all that is new is planned
  local made, ledger, code = make(desk, dry_run)
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

plan.counted, plan.tell_recovered, plan.tell_unknown = counted, tell_recovered, tell_unknown

return plan
