--- The ledger's database: statements, what they answer, transactions; SQLite through LuaSQL.
--
-- Owns all that is SQLite's own, and the one place where a value becomes text of a statement. Another database would be another file
-- with these functions. Knows no table of the ledger's.
--
-- What the database refuses is raised as a `failure`, which `ledger` turns into `nil, err`: a program's mistakes stay what they are.

local core = require "wixum.core"

local database = {}

local BUSY = 10000 -- milliseconds that a statement waits for another process to have written
local CACHE, LARGE_CACHE = 2000, 12000 -- KiB a file: the second holds the indexes of a million rows
local PAUSE = 10 -- milliseconds between two attempts where SQLite itself does not wait
local LOCKED = "another process is writing to it"
local MAGIC = 0x7769786D -- "wixm": what makes an SQLite file one of ours

-- ---- what goes wrong -------------------------------------------------------------------------------------------------

local failure = { __name = "wixum.ledger.failure" }
failure.__index = failure
function failure:__tostring() return self.text end

---@param text string
---@param advice string?
---@return table
function database.failure(text, advice)
  return setmetatable({ text = text, advice = advice }, failure)
end

--- Raises what the database says, or what is said of it.
---@param text string
---@param advice string?
function database.fail(text, advice)
  error(database.failure(text, advice), 0)
end

--- Raises what is wrong with a file that is not the ledger: its words name it.
---@param text string
---@param advice string?
function database.fail_of_file(text, advice)
  local problem = database.failure(text, advice)
  problem.names_file = true
  error(problem, 0)
end

---@param value any
---@return boolean
function database.is_failure(value) return getmetatable(value) == failure end

--- What is said of a database that may not be written, or one of the files beside it.
database.READ_ONLY = "it may not be written"

-- LuaSQL's words, for people.
local function told(problem)
  local text = tostring(problem):gsub("^LuaSQL: ", "")
  if text:find("database is locked", 1, true) then
    return LOCKED, "Wait until that has ended, and call again"
  elseif text:find("disk is full", 1, true) or text:find("disk I/O error", 1, true) then
    return text, "Make room on the disk, and call again: what was written before is still there"
  elseif text:find("unable to open database", 1, true) then
    return "it cannot be opened", "Is it a file, and may you read and write it and its folder?"
  elseif text:find("readonly database", 1, true) then return database.READ_ONLY, "Look at its mode and owner, and at its folder's"
  end
  return text
end

-- ---- values ----------------------------------------------------------------------------------------------------------

--- A value as a statement has it. Text with a NUL in it is refused: SQLite would keep what stands before it.
---@param value string|number|boolean|nil
---@return string
function database.quoted(value)
  local kind = type(value)
  if kind == "string" then
    if not value:find("[\0']") then return "'" .. value .. "'" end
    if value:find("\0", 1, true) then database.fail("a NUL byte in a text cannot be stored") end
    return "'" .. value:gsub("'", "''") .. "'"
  elseif kind == "number" then
    if math.type(value) == "integer" then return ("%d"):format(value) end
    if value ~= value or value == math.huge or value == -math.huge then database.fail("a number that is none cannot be stored") end
    return ("%.17g"):format(value)
  elseif kind == "boolean" then return value and "1" or "0"
  elseif kind == "nil" then return "NULL"
  end
  error("a " .. kind .. " cannot be a value in a statement", 2)
end
local quoted = database.quoted

--- A number and four texts as a row of VALUES that goes on with `rest`: the same as quoting each, for where there are many.
---@param number integer
---@param rest string
---@return string
function database.item(number, one, two, three, four, rest)
  if one and two and three and four and not (one .. two .. three .. four):find("[\0']") then
    return "(" .. number .. ",'" .. one .. "','" .. two .. "','" .. three .. "','" .. four .. "'" .. rest
  end
  return "(" .. number .. "," .. quoted(one) .. "," .. quoted(two) .. "," .. quoted(three) .. "," .. quoted(four) .. rest
end

--- A statement with its values in the places of its question marks.
---@param statement string in which `?` stands for nothing else
---@param ... any
---@return string
function database.filled(statement, ...)
  local values, next_one = table.pack(...), 0
  local text = statement:gsub("%?", function()
    next_one = next_one + 1
    return quoted(values[next_one])
  end)
  assert(next_one == values.n, "as many values as question marks")
  return text
end
local filled = database.filled

-- ---- a connection ----------------------------------------------------------------------------------------------------

local methods = {}
local metatable = { __index = methods, __name = "wixum.ledger.database" }

local function execute(self, statement)
  local connection = self.connection
  if not connection then database.fail("the ledger is closed") end
  local result, problem = connection:execute(statement)
  if result == nil then database.fail(told(problem)) end
  return result
end

--- Runs a statement that answers no rows.
---@param statement string
---@param ... any values for its question marks
---@return integer # rows that it changed
function methods:run(statement, ...)
  if select("#", ...) > 0 then statement = filled(statement, ...) end
  local result = execute(self, statement)
  if type(result) == "number" then return math.tointeger(result) or 0 end
  result:close()
  return 0
end

local function close_cursor(cursor) cursor:close() end

--- The rows of a statement, each a table of its own by column; to be run to the end or closed, as `for` does.
---@param statement string
---@param ... any
---@return fun(): table?
function methods:rows(statement, ...)
  if select("#", ...) > 0 then statement = filled(statement, ...) end
  local cursor = execute(self, statement)
  local guard = setmetatable({}, { __close = function() pcall(close_cursor, cursor) end })
  return function()
    local row, problem = cursor:fetch({}, "a")
    if not row and problem then database.fail(told(problem)) end
    return row
  end, nil, nil, guard
end

--- All rows of a statement, each made from its values: for many, since no table with their names is made.
---@param make fun(values: table): any is given the same table again and again
---@param statement string
---@return any[]
function methods:page(make, statement)
  local cursor, list, values = execute(self, statement), {}, {}
  local row, problem = cursor:fetch(values, "n")
  while row do
    list[#list + 1] = make(row)
    row, problem = cursor:fetch(values, "n")
  end
  pcall(close_cursor, cursor)
  if problem then database.fail(told(problem)) end
  return list
end

--- All rows at once, where there are few.
---@return table[]
function methods:all(...)
  local list = {}
  for row in self:rows(...) do list[#list + 1] = row end
  return list
end

--- The first row; nil where there is none.
---@return table?
function methods:one(...)
  local next_row, _, _, _ <close> = self:rows(...)
  return (next_row())
end

--- A large cache while much is written here and there; the small one costs less where rows follow each other.
---@param large boolean
function methods:cache(large)
  for _, file in ipairs{ "main", "temp" } do self:run(("PRAGMA %s.cache_size = -%d"):format(file, large and LARGE_CACHE or CACHE)) end
  if not large then self:run("PRAGMA shrink_memory") end
end

local function within(self, begin, fn, ...)
  execute(self, begin)
  local results = table.pack(pcall(fn, ...))
  if results[1] then
    local done, problem = pcall(execute, self, "COMMIT")
    if done then return table.unpack(results, 2, results.n) end
    results[2] = problem
  end
  pcall(execute, self, "ROLLBACK") -- a full disk may have rolled it back already
  error(results[2], 0)
end

--- Runs a function in a transaction: all that it writes is there afterwards, or, where it raises, nothing. Other processes
-- write before or after it.
---@param fn function
---@return any ... what it returns
function methods:transaction(fn, ...) return within(self, "BEGIN IMMEDIATE", fn, ...) end

--- The same for what goes to temporary tables alone: nobody else is kept from writing.
---@param fn function
---@return any ... what it returns
function methods:gather(fn, ...) return within(self, "BEGIN", fn, ...) end

--- Ends it; again is fine.
function methods:close()
  local connection = self.connection
  self.connection = nil
  if connection and not pcall(connection.close, connection) then -- a cursor is open somewhere: it holds what it needs
    collectgarbage()
    pcall(connection.close, connection)
  end
end

metatable.__gc, metatable.__close = methods.close, methods.close

-- ---- opening ---------------------------------------------------------------------------------------------------------

local MISSING = "the ledger needs LuaSQL with SQLite: apt-get install lua-sql-sqlite3 (Debian), or luarocks install luasql-sqlite3"

local function environment()
  local found, luasql = pcall(require, "luasql.sqlite3")
  if not found then database.fail(MISSING, "Nothing was done") end
  return luasql.sqlite3()
end

-- A path that SQLite cannot take for something else.
local function plain_path(path) return path:find("^/") and path or "./" .. path end

-- The number in a pragma.
local function pragma(self, name, of)
  local row = self:one(("PRAGMA %s%s"):format(of and of .. "." or "", name))
  return row and math.tointeger(row[name])
end

-- Switches to a write-ahead log. Where two processes are the first to open a file, SQLite refuses one of them at once, without the
-- wait that other statements have.
local function keep_log(self)
  for attempt = 1, BUSY // PAUSE do
    local ok, mode = pcall(self.one, self, "PRAGMA journal_mode = WAL")
    if ok then return mode end
    local locked = database.is_failure(mode) and mode.text == LOCKED
    if not locked or attempt == BUSY // PAUSE or core.sleep(PAUSE / 1000) == false then error(mode, 0) end
  end
end

--- Opens a file.
---@param path string one that is there, be it empty
---@return table database
function database.open(path)
  local connection, problem = environment():connect(plain_path(path), BUSY)
  if not connection then database.fail(told(problem)) end
  local self = setmetatable({ connection = connection }, metatable)
  local ok, raised = pcall(function()
    local magic, version = pragma(self, "application_id"), pragma(self, "user_version")
    if magic ~= MAGIC and (magic ~= 0 or version ~= 0 or self:one("SELECT name FROM sqlite_master LIMIT 1")) then
      database.fail("it is an SQLite file of another program", "Name a file of your own, or one that is not there yet")
    end
    -- who reads never waits for who writes; what is committed survives a power cut
    local mode = keep_log(self)
    if not mode or mode.journal_mode ~= "wal" then database.fail("SQLite cannot keep a write-ahead log beside it") end
    self:run("PRAGMA synchronous = FULL")
    self:run("PRAGMA journal_size_limit = 67108864")
    self:run("PRAGMA wal_autocheckpoint = 8000") -- pages: most are written twice in short order, and go to the file once
  end)
  if ok then return self end
  self:close()
  if database.is_failure(raised) and raised.text:find("not a database", 1, true) then
    database.fail("it is not an SQLite file", "Name a file of your own, or one that is not there yet")
  end
  error(raised, 0)
end

--- The version of the schema that the file has; 0 where it is new.
---@return integer
function methods:version() return pragma(self, "user_version") end

--- Says the version, and that the file is ours.
---@param version integer
function methods:mark(version)
  self:run("PRAGMA user_version = " .. quoted(version))
  self:run("PRAGMA application_id = " .. quoted(MAGIC))
end

-- ---- files beside it --------------------------------------------------------------------------------------------------

--- Writes all of it to a file that is empty, while it is in use.
---@param path string
function methods:copy_to(path) self:run("VACUUM INTO " .. quoted(plain_path(path))) end

--- Another file of ours, whose tables are then there under a name.
---@param path string
---@param name string
---@return table # to be closed
function methods:attach(path, name)
  self:run(("ATTACH %s AS %s"):format(quoted(plain_path(path)), name))
  local detached = setmetatable({}, { __close = function() pcall(self.run, self, "DETACH " .. name) end })
  local ok, problem = pcall(function()
    if pragma(self, "application_id", name) ~= MAGIC then database.fail("the other file is an SQLite file of another program") end
    if pragma(self, "user_version", name) ~= self:version() then
      database.fail("the other file has other tables: open it once with this wixum, or with a newer one")
    end
  end)
  if ok then return detached end
  getmetatable(detached).__close()
  if database.is_failure(problem) and problem.text:find("not a database", 1, true) then database.fail("the other file is damaged") end
  error(problem, 0)
end

-- ---- the sender's lock -----------------------------------------------------------------------------------------------

--- Takes a lock that dies with this process: nobody else has it while it is held. It lies in a file of its own, since the ledger's is
-- written by others meanwhile.
---@param path string
---@param wait integer? milliseconds
---@return table? lock to be closed; nil: another process has it, or this one
function database.lock(path, wait)
  local connection, problem = environment():connect(plain_path(path), wait or 0)
  if not connection then database.fail(told(problem)) end
  local result
  result, problem = connection:execute("BEGIN EXCLUSIVE")
  if result then return setmetatable({ connection = connection }, metatable) end
  connection:close()
  if not tostring(problem):find("locked", 1, true) then database.fail(told(problem)) end
end

return database
