--- The ledger: what was sent, to whom, with which id; an SQLite file.
--
-- Owns opening and closing, and which methods there are. What they take is in `methods`, what each does in the file it is named after.
--
--   init ─ methods ─ object              what programs call; what is behind a ledger
--        ─ plan ─ sheet, lookup          rows of a spreadsheet become rows of the ledger
--        ─ send, act ─ run ─ calls, journal   they go out, are mailed again, are revoked; each step is on disk before and after
--             ─ shown                    what somebody was told before they said yes
--        ─ check ─ looks, attribution, evidence   who has joined: what is seen, what follows from it, in words
--        ─ decide, confirm                what follows by date, or from what a person says
--        ─ wixum.access                   who can reach what: reviews, decisions, desired states
--        ─ rows, status, sites, export ─ cells, report   looking; export and report ─ new_file
--        ─ restore ─ reader               backups, and exports read back
--        ─ binding                        whose it is, and who sends from it
--        ─ selector, given                which rows are meant; what programs give
--        ─ schema ─ database              tables; SQLite
--        ─ filesystem                     where a ledger may lie

local database = require "wixum.ledger.database"
local errors = require "wixum.errors"
local filesystem = require "wixum.ledger.filesystem"
local names = require "wixum.names"
local objects = require "wixum.ledger.object"
local redaction = require "wixum.redaction"
local schema = require "wixum.ledger.schema"
local selector = require "wixum.ledger.selector"

local ledger = {}

---@class wixum.Ledger
local methods = {}
local metatable = { __name = "wixum.ledger", __index = methods }

for _, group in ipairs{ "sending", "joining", "people", "team", "access", "deciding", "looking", "files" } do
  for name, method in pairs(require("wixum.ledger.methods." .. group)) do methods[name] = method end
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
  return objects.guarded("ledger.open", path, function()
    local problem = filesystem.problem(path)
    if problem then database.fail(problem, "Say another place") end
    if options.create == false then
      if not filesystem.exists(path) then database.fail("there is no such file", "`wixum plan` makes one") end
    end
    -- SQLite follows a link, and the sender's lock has to lie where every name of the ledger finds it
    local file = filesystem.real(path)
    if not file or options.create ~= false and not filesystem.make_private(file) then
      database.fail("it cannot be made (may its folder be written?)", "Say another place")
    end
    local db = database.open(file)
    local ok, raised = pcall(schema.migrate, db)
    if not ok then
      db:close()
      error(raised, 0)
    end
    local object = setmetatable({}, metatable)
    local time = options.time or os.time
    objects.keep(object, { db = db, path = path, file = file, time = time, now = selector.clock(time) })
    return object
  end)
end

--- Is it a ledger, open or closed?
---@param value any
---@return boolean
function ledger.is(value) return objects.behind(value) ~= nil end

--- Closes it; again is fine.
function methods.close(object)
  local state = objects.behind(object)
  if state and state.db then
    state.db:close()
    state.db = nil
  end
end

metatable.__close, metatable.__gc = methods.close, methods.close

function metatable.__tostring(object)
  local state = objects.behind(object)
  return ("wixum.ledger (%s%s)"):format(redaction.text(state.path, 200), state.db and "" or ", closed")
end

return names.strict(ledger, "ledger", errors.mistake)
