--- The ledger: what was sent, to whom, with which id; an SQLite file.
--
-- Owns what a program sees: opening, the methods, and how what the database refuses becomes `nil, err`. What each does is in the
-- file it is named after.
--
--   init ─ plan ─ sheet, lookup        rows of a spreadsheet become rows of the ledger
--        ─ send ─ calls, journal       they go out; each step is on disk before and after
--        ─ selector                    which rows are meant
--        ─ schema ─ database           tables; SQLite
--        ─ filesystem                  where a ledger may lie

local client = require "wixum.client"
local database = require "wixum.ledger.database"
local errors = require "wixum.errors"
local filesystem = require "wixum.ledger.filesystem"
local names = require "wixum.names"
local plans = require "wixum.ledger.plan"
local redaction = require "wixum.redaction"
local schema = require "wixum.ledger.schema"
local selector = require "wixum.ledger.selector"
local send = require "wixum.ledger.send"

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
  return nil, errors.new({ kind = "ledger", outcome = "not_sent", operation = name, where = errors.where(), in_use = problem.in_use,
    message = ("the ledger %s: %s"):format(redaction.text(path, 200) or "", redaction.text(problem.text) or "") },
    { advice = problem.advice })
end

-- ---- opening ---------------------------------------------------------------------------------------------------------

local function quoted_for_shell(path) return "'" .. path:gsub("'", "'\\''") .. "'" end

-- An empty file that only its owner can read, where there is none: SQLite would make one for everybody.
local function make_private(path)
  local file = io.open(path, "rb")
  if file then return file:close() end
  local name = path:find("^/") and path or "./" .. path
  if not os.execute("umask 077; set -C; { : > " .. quoted_for_shell(name) .. "; } 2>/dev/null") then
    database.fail("it cannot be made (may its folder be written?)", "Say another place")
  end
end

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
    if options.create == false then
      local file, reason = io.open(path, "rb")
      if not file then database.fail(reason:match(": (.*)$") or reason, "`wixum plan` makes one") end
      file:close()
    else make_private(path) end
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

-- ---- what it is bound to ---------------------------------------------------------------------------------------------

local function setting(db, name)
  local row = db:one("SELECT value FROM settings WHERE name = ?", name)
  return row and row.value
end

local function set(db, name, value)
  db:run("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
end

-- The ledger belongs to the service and the account that it was first used with: a rehearsal is never taken for the real thing.
local function bind(state, wix)
  local base_url = wix:endpoint()
  local account = client.state(wix).settings.account_id
  local present = setting(state.db, "base_url")
  if not present then
    state.db:transaction(function()
      set(state.db, "base_url", base_url)
      if account then set(state.db, "account_id", account:lower()) end
    end)
    return
  end
  if present ~= base_url then
    database.fail(("it was made for %s, and this client speaks to %s"):format(present, base_url), "Name another ledger for this service")
  end
  local known = setting(state.db, "account_id")
  if known and account and known ~= account:lower() then
    database.fail(("it was made for the account %s, and this client is of %s"):format(known, account:lower()),
      "Name another ledger for this account")
  end
  if account and not known then set(state.db, "account_id", account:lower()) end
end

local function check_client(wix, name)
  if not client.is(wix) then errors.mistake(("%s takes a client: ledger:%s(wix, …)"):format(name, name:match("[%w_]+$"))) end
end

-- ---- one sender at a time --------------------------------------------------------------------------------------------

local function holder()
  local pid = io.open("/proc/self/stat")
  local number = pid and pid:read("n")
  if pid then pid:close() end
  local host = io.open("/proc/sys/kernel/hostname")
  local name = host and host:read("l") or "this computer"
  if host then host:close() end
  return number and ("process %d on %s"):format(number, name) or "a process on " .. name
end

-- Runs a function while nobody else may send from this ledger.
local function alone(state, fn, ...)
  local side = state.path .. "-sender"
  make_private(side)
  local lock = database.lock(side)
  if not lock then
    local problem = database.failure(("it is in use by %s"):format(setting(state.db, "sender") or "another process"),
      "Wait until that has ended; nothing was done")
    problem.in_use = true
    error(problem, 0)
  end
  local _ <close> = lock
  set(state.db, "sender", ("%s, since %s"):format(holder(), selector.date(state.time())))
  return fn(...)
end

-- ---- methods ---------------------------------------------------------------------------------------------------------

local PLAN_OPTIONS = { "client", "column", "delimiter", "dry_run", "encoding", "invite_purpose", "language", "locale", "on_problem", "role",
  "skip" }

local function check_options(given, known, name)
  if given == nil then return {} end
  if type(given) ~= "table" then errors.mistake(name .. ": options must be a table") end
  for key in pairs(given) do
    local found = false
    for _, candidate in ipairs(known) do found = found or candidate == key end
    if not found then
      errors.mistake(("%s: unknown option %s%s"):format(name, redaction.text(tostring(key), 64) or '""', names.suggestion(key, known)))
    end
  end
  return given
end

--- Plans: rows of a spreadsheet, or of a program, become rows of the ledger. Nothing is sent, and a plan is stored whole or not at all.
---@param source string|file*|table|function a CSV file's path, an open file, a list of rows, or an iterator of them
---@param options table `client` (looks roles and sites up), `column` (field = header), `role`, `invite_purpose`, `language` (for rows
--- that say none), `locale` (of titles), `encoding`, `delimiter`, `on_problem`, `skip` (given each bad row and its line; the others are
--- planned), `dry_run`
---@return wixum.Plan? plan
---@return wixum.PlanProblem[]|wixum.Error? problems
function methods.plan(object, source, options)
  local state = state_of(object, "plan")
  options = check_options(options, PLAN_OPTIONS, "ledger:plan")
  check_client(options.client, "ledger:plan")
  return guarded("ledger:plan", state.path, function()
    if not options.dry_run then bind(state, options.client) end
    return plans.make(state.db, source, options, selector.date(state.time()))
  end)
end

--- Sends what is planned. Again goes on where it ended; nobody is mailed twice.
---@param wix wixum.Client
---@param options { concurrency: integer?, limit: integer?, on_progress: fun(summary: table)?, keep_links: boolean? }?
---@return wixum.SendSummary? summary
---@return wixum.Error? err
function methods.send(object, wix, options)
  local state = state_of(object, "send")
  check_client(wix, "ledger:send")
  options = check_options(options, { "concurrency", "keep_links", "limit", "on_progress" }, "ledger:send")
  return guarded("ledger:send", state.path, alone, state, function()
    bind(state, wix)
    return send.run(state.db, wix, options, state.now)
  end)
end

local COLUMNS = "id, site_id, email, policy_ids, roles, invite_purpose, language, state, invite_id, accept_link, mails, reason, evidence, "
  .. "account_id, request_id, planned_at, first_mail_at, last_mail_at, expires_at, changed_at"
local PAGE = 200

-- A row as programs see it: a text that says nothing is nil, roles are a list.
local function shown(row)
  local ids = {}
  for id in row.policy_ids:gmatch("%S+") do ids[#ids + 1] = id end
  row.policy_ids = ids
  for _, name in ipairs{ "invite_purpose", "language", "roles" } do
    if row[name] == "" then row[name] = nil end
  end
  return row
end

--- The rows that a selector means, in the order in which they were planned. They are read in pages, so that the ledger may be used
-- meanwhile; a row is as it is when its page is read.
---@param given table? email, site_id, state, last_mail_before, invited_before, limit; none: all
---@return fun(): table?
function methods.rows(object, given)
  local state = state_of(object, "rows")
  local condition, limit = selector.condition(given, "ledger:rows", state.time(), true)
  local page, position, last, left = {}, 0, 0, limit or math.maxinteger
  return function()
    if left <= 0 then return nil end
    if position == #page then
      if #page > 0 and #page < PAGE then return nil end
      local problem
      page, problem = guarded("ledger:rows", state.path, state.db.all, state.db,
        ("SELECT %s FROM invites WHERE (%s) AND id > %d ORDER BY id LIMIT %d"):format(COLUMNS, condition, last, PAGE))
      if not page then error(problem, 0) end
      position = 0
      if #page == 0 then return nil end
    end
    position, left = position + 1, left - 1
    last = page[position].id
    return shown(page[position])
  end
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
