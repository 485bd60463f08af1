--- Whose a ledger is: the service and the account that it was first used with; and who sends from it now.
--
-- Owns the table `settings` and the sender's lock.

local client = require "wixum.client"
local database = require "wixum.ledger.database"
local filesystem = require "wixum.ledger.filesystem"
local selector = require "wixum.ledger.selector"

local binding = {}

local PATIENCE = 500 -- milliseconds that a sender waits for one who only looks

local function setting(db, name)
  local row = db:one("SELECT value FROM settings WHERE name = ?", name)
  return row and row.value
end
binding.setting = setting

local function set(db, name, value)
  db:run("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
end

local function check_url(present, base_url)
  if present and present ~= base_url then
    database.fail(("it was made for %s, and this client speaks to %s"):format(present, base_url), "Name another ledger for this service")
  end
end

local function check_account(known, account)
  if known and account and known ~= account then
    database.fail(("it was made for the account %s, and this client is of %s"):format(known, account),
      "Name another ledger for this account")
  end
end

--- Binds it to a service and an account, or finds it bound to the same; a rehearsal is never taken for the real thing.
---@param db table
---@param base_url string
---@param account string? in small letters
function binding.to(db, base_url, account)
  local present, known = setting(db, "base_url"), setting(db, "account_id")
  check_url(present, base_url)
  check_account(known, account)
  if present and (known or not account) then return end
  db:transaction(function()
    if not present then set(db, "base_url", base_url) end
    if account and not known then set(db, "account_id", account) end
  end)
end

--- Is a service on this machine? Then the ledger is a rehearsal's.
---@param url string
---@return boolean
function binding.is_loopback(url)
  local host = url:match("^https?://(%[?[%x:]+%]?)") or ""
  host = host:find("^%[") and host or url:match("^https?://([^/:]+)") or ""
  return host == "localhost" or host == "[::1]" or host:find("^127%.%d+%.%d+%.%d+$") ~= nil
end

--- Binds it to a client's service and account, or finds it bound to the same.
---@param state table of the ledger
---@param wix table
---@param looks_only boolean? is it the same, where it is bound; nothing is written
function binding.to_client(state, wix, looks_only)
  local account = client.state(wix).settings.account_id
  account = account and account:lower()
  if looks_only then
    check_url(setting(state.db, "base_url"), (wix:endpoint()))
    return check_account(setting(state.db, "account_id"), account)
  end
  binding.to(state.db, (wix:endpoint()), account)
end

-- What a ledger is about; whose it is says nothing where all of these are empty.
local CONTENT = { "invites", "team_invites", "calls", "sites", "presences", "accounts", "account_owners", "plans", "changes" }

local function is_empty(db)
  for _, name in ipairs(CONTENT) do
    if db:one("SELECT 1 FROM " .. name .. " LIMIT 1") then return false end
  end
  return true
end

--- Runs a function with a ledger that is bound to a client's service and account. One that was nobody's, and into which nothing came,
--- is nobody's again: an account that was mistyped, and refused, is not kept.
---@param state table of the ledger
---@param wix table
---@param fn function
---@return any ... what it returns
function binding.while_used(state, wix, fn, ...)
  local db = state.db
  local was_bound = setting(db, "base_url") ~= nil
  binding.to_client(state, wix)
  if was_bound then return fn(...) end
  local results = table.pack(pcall(fn, ...))
  if is_empty(db) then db:run("DELETE FROM settings WHERE name IN ('base_url', 'account_id')") end
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
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

--- Runs a function where nobody sends from this ledger, and keeps others from it meanwhile; else it is not run.
---@param state { file: string } of the ledger
---@param fn function
---@return any ... what it returns
function binding.where_nobody_sends(state, fn, ...)
  local side = state.file .. "-sender"
  if not filesystem.exists(side) then return end -- nobody ever did
  local lock <close> = database.lock(side)
  if lock then return fn(...) end
end

--- Runs a function while nobody else may send from this ledger.
---@param state table of the ledger
---@param fn function
---@return any ... what it returns
function binding.alone(state, fn, ...)
  local side = state.file .. "-sender"
  if not filesystem.make_private(side) then
    database.fail(side .. " cannot be made beside it", "Look at the mode and the owner of the ledger's folder")
  end
  local lock = database.lock(side, PATIENCE)
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

return binding
