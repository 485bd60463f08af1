--- The ledger: what was sent, to whom, with which id; an SQLite file.
--
-- Owns what a program sees: opening, the methods, and how what the database refuses becomes `nil, err`. What each does is in the
-- file it is named after.
--
--   init ─ plan ─ sheet, lookup          rows of a spreadsheet become rows of the ledger
--        ─ send, act ─ run ─ calls, journal   they go out, are mailed again, are revoked; each step is on disk before and after
--        ─ decide                         what follows by date, or from what a person says
--        ─ rows, status, sites, export ─ cells   looking
--        ─ restore ─ reader               backups, and exports read back
--        ─ binding                        whose it is, and who sends from it
--        ─ selector, given                which rows are meant; what programs give
--        ─ schema ─ database              tables; SQLite
--        ─ filesystem                     where a ledger may lie

local act = require "wixum.ledger.act"
local binding = require "wixum.ledger.binding"
local client = require "wixum.client"
local database = require "wixum.ledger.database"
local decide = require "wixum.ledger.decide"
local errors = require "wixum.errors"
local export = require "wixum.ledger.export"
local filesystem = require "wixum.ledger.filesystem"
local given_checks = require "wixum.ledger.given"
local names = require "wixum.names"
local plans = require "wixum.ledger.plan"
local redaction = require "wixum.redaction"
local restore = require "wixum.ledger.restore"
local rows = require "wixum.ledger.rows"
local run = require "wixum.ledger.run"
local schema = require "wixum.ledger.schema"
local selector = require "wixum.ledger.selector"
local send = require "wixum.ledger.send"
local sites = require "wixum.ledger.sites"
local status = require "wixum.ledger.status"

local ledger = {}

---@class wixum.Ledger
local methods = {}
local metatable = { __name = "wixum.ledger", __index = methods }

-- What is behind a ledger: nobody can take its lock from it.
local private = setmetatable({}, { __mode = "k" })

local function state_of(object, name)
  local state = private[object]
  if not state then errors.mistake(("write a colon: ledger:%s(…)"):format(name)) end
  if not state.db then errors.mistake("the ledger is closed") end
  return state
end

-- Runs a function; what the database refuses comes back as `nil, err`.
local function guarded(name, path, fn, ...)
  local results = table.pack(pcall(fn, ...))
  if results[1] then return table.unpack(results, 2, results.n) end
  local problem = results[2]
  if not database.is_failure(problem) then error(problem, 0) end
  return nil, errors.new({ kind = "ledger", outcome = problem.outcome or "not_sent", operation = name, where = errors.where(),
    in_use = problem.in_use,
    message = ("the ledger %s: %s"):format(redaction.text(path, 200) or "", redaction.text(problem.text) or "") },
    { advice = problem.advice })
end

-- ---- opening ---------------------------------------------------------------------------------------------------------

local OPTIONS = { "create", "time" }

--- Opens a ledger; makes it where there is none.
---@param path string
---@param options { create: boolean?, time: fun(): number? }? create: false refuses a file that is not there; time: seconds since the
--- epoch, for specs
---@return wixum.Ledger? ledger
---@return wixum.Error? err kind `ledger`
function ledger.open(path, options)
  if type(path) ~= "string" then errors.mistake("wixum.ledger.open takes a path, not a " .. type(path)) end
  if path == "" or path:find("[%c]") or path:find("^:") then errors.mistake("wixum.ledger.open: this is no path of a file") end
  if options ~= nil and type(options) ~= "table" then errors.mistake("wixum.ledger.open: options must be a table") end
  for name in pairs(options or {}) do
    if name ~= "create" and name ~= "time" then
      errors.mistake(("wixum.ledger.open: unknown option %s%s"):format(redaction.text(tostring(name), 64) or '""',
        names.suggestion(name, OPTIONS)))
    end
  end
  options = options or {}
  return guarded("ledger.open", path, function()
    local problem = filesystem.problem(path)
    if problem then database.fail(problem, "Say another place") end
    if options.create ~= false then filesystem.make_private(path)
    elseif not filesystem.exists(path) then database.fail("there is no such file", "`wixum plan` makes one") end
    local db = database.open(path)
    local ok, raised = pcall(schema.migrate, db)
    if not ok then
      db:close()
      error(raised, 0)
    end
    local object = setmetatable({}, metatable)
    local time = options.time or os.time
    private[object] = { db = db, path = path, time = time, now = selector.clock(time) }
    return object
  end)
end

-- What has come to pass since somebody looked last: invites have expired, and what a process that died has left is unknown. Where
-- somebody sends now, the steps that are under way are that process's.
local function refresh(state)
  local recovered = binding.where_nobody_sends(state, run.recover, state.db, state.now())
  decide.expire(state.db, state.now())
  return recovered or 0
end

-- ---- planning and sending --------------------------------------------------------------------------------------------

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
---@param options { concurrency: integer?, limit: integer?, on_progress: fun(summary: table)?, keep_links: boolean? }?
---@return wixum.SendSummary? summary
---@return wixum.Error? err
function methods.send(object, wix, options)
  local state = state_of(object, "send")
  given_checks.client(wix, "ledger:send")
  options = given_checks.options(options, { "concurrency", "keep_links", "limit", "on_progress" }, "ledger:send")
  return guarded("ledger:send", state.path, binding.alone, state, function()
    binding.to_client(state, wix)
    return send.run(state, wix, options)
  end)
end

--- What waits to be sent: mails, people, sites, calls, and the least seconds that the client's pace allows them.
---@param wix wixum.Client
---@return { planned: integer, people: integer, sites: integer, calls: integer, seconds: number }? waiting
---@return wixum.Error? err
function methods.waiting(object, wix)
  local state = state_of(object, "waiting")
  given_checks.client(wix, "ledger:waiting")
  return guarded("ledger:waiting", state.path, function()
    binding.to_client(state, wix, true)
    return plans.waiting(state.db, client.state(wix).settings)
  end)
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

local ACT_OPTIONS = { "anew", "concurrency", "dry_run", "keep_links", "most", "on_progress" }

-- Runs one of `act`: alone, unless it only looks.
local function acting(object, wix, name, options, fn)
  local state = state_of(object, name)
  name = "ledger:" .. name
  given_checks.client(wix, name)
  options = given_checks.options(options, ACT_OPTIONS, name)
  local function work()
    binding.to_client(state, wix, options.dry_run)
    return fn(state, options)
  end
  if options.dry_run then return guarded(name, state.path, work) end
  return guarded(name, state.path, binding.alone, state, work)
end

--- Mails invites once more: those that are pending or have expired. A batch that was interrupted, called again, goes on where it ended.
---@param wix wixum.Client
---@param given table selector
---@param options { concurrency: integer?, on_progress: function?, keep_links: boolean?, dry_run: boolean?, anew: boolean?,
--- most: integer? }? dry_run: only tells; anew: a batch that was interrupted is not gone on with; most: rows of this call
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

local REMIND_OPTIONS = { "after", "at_most", "every" }

--- Mails those once more who were mailed long enough ago: after an invite, then every so often, at most so many times.
---@param wix wixum.Client
---@param given { after: string?, every: string?, at_most: integer?, email: any, site_id: any, all: boolean?, limit: integer?,
--- concurrency: integer?, on_progress: function?, keep_links: boolean?, dry_run: boolean? }? after: "7d"; every: as `after`; at_most: 2
---@return wixum.ActSummary? summary
---@return wixum.Error? err
function methods.remind(object, wix, given)
  if given ~= nil and type(given) ~= "table" then errors.mistake('ledger:remind takes a table such as { after = "10d" }') end
  local meant, options = {}, {}
  for name, value in pairs(given or {}) do
    local option = false
    for _, known in ipairs(ACT_OPTIONS) do option = option or known == name end
    if option then options[name] = value else meant[name] = value end
  end
  for name in pairs(meant) do
    local known = table.move(ACT_OPTIONS, 1, #ACT_OPTIONS, #REMIND_OPTIONS + 1, table.move(REMIND_OPTIONS, 1, #REMIND_OPTIONS, 1, {}))
    table.move({ "all", "email", "limit", "site_id" }, 1, 4, #known + 1, known)
    given_checks.options({ [name] = true }, known, "ledger:remind")
  end
  return acting(object, wix, "remind", options, function(state, own) return act.remind(state, wix, meant, own) end)
end

-- ---- what is decided -------------------------------------------------------------------------------------------------

--- Plans rows anew that failed, have expired or were revoked.
---@param given table selector
---@return wixum.Decision? decision
---@return wixum.Error? err
function methods.retry(object, given)
  local state = state_of(object, "retry")
  return guarded("ledger:retry", state.path, function()
    refresh(state)
    return decide.retry(state, given)
  end)
end

--- A person says what became of rows that are unknown: "sent" (or revoked), or "not_sent".
---@param given table selector
---@param verdict "sent"|"not_sent"
---@return wixum.Decision? decision
---@return wixum.Error? err
function methods.settle(object, given, verdict)
  local state = state_of(object, "settle")
  if verdict ~= "sent" and verdict ~= "not_sent" then
    errors.mistake(('ledger:settle: the verdict is "sent" or "not_sent"%s'):format(type(verdict) == "string"
      and names.suggestion(verdict, decide.VERDICTS) or ""))
  end
  return guarded("ledger:settle", state.path, function()
    refresh(state)
    return decide.settle(state, given, verdict)
  end)
end

-- ---- looking ---------------------------------------------------------------------------------------------------------

--- The rows that a selector means, site by site in the order in which they were planned. They are read in pages, so that the ledger may be
-- used meanwhile; a row is as it is when its page is read. What the database refuses is raised.
---@param given table? email, site_id, state, last_mail_before, invited_before, limit; none: all
---@return fun(): table?
function methods.rows(object, given)
  local state = state_of(object, "rows")
  local condition, limit = selector.condition(given, "ledger:rows", state.time(), true)
  local _, problem = guarded("ledger:rows", state.path, decide.expire, state.db, state.now())
  if problem then error(problem, 0) end
  return rows.each(function(statement)
    local page, failed = guarded("ledger:rows", state.path, state.db.all, state.db, statement)
    if not page then error(failed, 0) end
    return page
  end, condition, limit)
end

--- How things stand: counts by state and by site, who has waited longest, who expires soonest, what a person has to settle.
---@param given table? selector; none: all
---@return wixum.LedgerStatus? status `tostring` tells it
---@return wixum.Error? err
function methods.status(object, given)
  local state = state_of(object, "status")
  return guarded("ledger:status", state.path, function()
    local recovered = refresh(state)
    local found = status.of(state, given)
    found.recovered = recovered
    return found
  end)
end

--- The service and the account that it belongs to; nothing where it has not been used yet.
---@return string? base_url
---@return string? account_id
function methods.bound(object)
  local state = state_of(object, "bound")
  return binding.setting(state.db, "base_url"), binding.setting(state.db, "account_id")
end

--- A site of the ledger's by its id, its name or its address.
---@param text string
---@return string? site_id
---@return wixum.Error? err kind `invalid`, with the candidates
function methods.find_site(object, text)
  local state = state_of(object, "find_site")
  if type(text) ~= "string" then errors.mistake("ledger:find_site takes a text") end
  local id, reason = sites.find(state.db, text)
  if id then return id end
  return nil, errors.new({ kind = "invalid", outcome = "not_sent", operation = "ledger:find_site", where = errors.where(),
    message = reason }, { advice = "Say the site's id, or its name as the ledger has it" })
end

local DELIMITERS = { [","] = true, [";"] = true, ["\t"] = true }

--- Writes rows to a file: CSV that no spreadsheet runs as formulas, or one JSON array. Accept links are not in it.
---@param target string|file* a path, where nothing is or an earlier export; or an open file
---@param options { format: "csv"|"json"|nil, delimiter: string?, selector: table? }? format: by the path's ending, else CSV;
--- delimiter: "," or ";" or a tab
---@return integer? rows
---@return wixum.Error? err
function methods.export(object, target, options)
  local state = state_of(object, "export")
  options = given_checks.options(options, { "delimiter", "format", "selector" }, "ledger:export")
  if io.type(target) ~= "file" then given_checks.path(target, "ledger:export") end
  local format = options.format or type(target) == "string" and target:find("%.json$") and "json" or "csv"
  if format ~= "csv" and format ~= "json" then errors.mistake('ledger:export: format is "csv" or "json"') end
  local delimiter = options.delimiter or ","
  if not DELIMITERS[delimiter] then errors.mistake('ledger:export: delimiter is ",", ";" or a tab') end
  local condition, limit = selector.condition(options.selector, "ledger:export", state.time(), true)
  return guarded("ledger:export", state.path, function()
    refresh(state)
    return export.write(state, target, format, condition, limit, delimiter)
  end)
end

-- ---- to one file, and back -------------------------------------------------------------------------------------------

--- Writes all of it to one file, while it is in use.
---@param path string of a file that is not there yet
---@return integer? rows
---@return wixum.Error? err
function methods.backup(object, path)
  local state = state_of(object, "backup")
  given_checks.path(path, "ledger:backup")
  return guarded("ledger:backup", state.path, restore.backup, state, path)
end

--- Reads a backup or an export in. Of a row that is in both, the one that was mailed later counts, then the one that changed later;
-- rows that are planned in the file become unknown, since they may have been sent after it was made.
---@param path string
---@return wixum.Imported? imported
---@return wixum.PlanProblem[]|wixum.Error? problems of rows of an export; nothing was read in
function methods.import(object, path)
  local state = state_of(object, "import")
  given_checks.path(path, "ledger:import")
  return guarded("ledger:import", state.path, binding.alone, state, function()
    local list, add = plans.collector()
    local done = restore.import(state, path, setmetatable({ add = add }, { __index = list }))
    if not done then return nil, list end
    return done
  end)
end

--- Closes it; again is fine.
function methods.close(object)
  local state = private[object]
  if state and state.db then
    state.db:close()
    state.db = nil
  end
end

metatable.__close, metatable.__gc = methods.close, methods.close

function metatable.__tostring(object)
  local state = private[object]
  return ("wixum.ledger (%s%s)"):format(redaction.text(state.path, 200), state.db and "" or ", closed")
end

return names.strict(ledger, "ledger", errors.mistake)
