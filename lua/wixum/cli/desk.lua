--- What a command acts on: the service or a sandbox, and a ledger; from options, environment and config file.
--
-- Owns where each comes from, the first line on stderr, and the sandbox that --sandbox starts. A rehearsal has a ledger of its own.

local binding = require "wixum.ledger.binding"
local core = require "wixum.core"
local errors = require "wixum.errors"
local filesystem = require "wixum.ledger.filesystem"
local settings = require "wixum.settings"
local wixum = require "wixum"

local desk = {}
desk.__index = desk

--- What is wrong with settings or input: the command ends with this.
---@param text string
function desk.fail(text) error(setmetatable({ text = text }, desk), 0) end

---@param value any
---@return boolean
function desk.is_failure(value) return getmetatable(value) == desk and rawget(value, "text") ~= nil end

-- "handover.db" is "handover-sandbox.db" in a rehearsal.
local function for_rehearsal(path)
  local stem, ending = path:match("^(.*[^/])(%.[^./]+)$")
  return (stem or path) .. "-sandbox" .. (ending or "")
end

-- What the ledger's sandbox knew lies beside the ledger, whatever link leads there.
local function kept_of(path) return (filesystem.target(path) or path) .. ".sandbox" end

-- A sandbox that is there stays as it is.
local function fail_to_liken(path)
  desk.fail(("the ledger %s has a sandbox already, which would not be the same any more: leave --like-account out to go on with it, "
    .. "or name another ledger with --ledger"):format(path))
end

---@param given table options of the command line
---@param talk table
---@return table desk
function desk.new(given, talk)
  local config, problem = settings.config()
  if not config then desk.fail(problem) end
  if given.ledger == "" then desk.fail("--ledger is empty") end
  if given.like_account and not given.sandbox then
    desk.fail("--like-account is about a sandbox: say --sandbox too, and the command acts on one that is like the account")
  end
  local path = settings.ledger_path(given.ledger or settings.said(config, "ledger"))
  if given.sandbox and not given.ledger then path = for_rehearsal(path) end
  if given.like_account and filesystem.exists(kept_of(path)) then fail_to_liken(path) end
  return setmetatable({ given = given, talk = talk, config = config, path = path }, desk)
end

--- What the command line says of a client.
---@param given table
---@return table
function desk.client_options(given)
  local options = {}
  if given.concurrency then options.concurrency = given.concurrency end
  if given.rate ~= nil then options.rate = given.rate end
  return options
end

-- ---- the sandbox -----------------------------------------------------------------------------------------------------

-- The port of the ledger's sandbox, so that it finds itself bound to the same; 0 where it has none yet.
local function port_of(ledger)
  local url = ledger and ledger:bound()
  return url and math.tointeger(tonumber(url:match("^http://127%.0%.0%.1:(%d+)$"))) or 0
end

-- Options of a sandbox that is like the account of the settings; not where the ledger was used with another.
local function like_account(self, port)
  if port ~= 0 then fail_to_liken(self.path) end
  return require("wixum.cli.like_account").options(self.talk, desk.client_options(self.given), self.given.locale or self.config.locale)
end

-- Starts a sandbox of the ledger's, which goes on from where it was.
local function start_sandbox(self)
  local state = kept_of(self.path)
  local port = port_of(filesystem.exists(self.path) and self:ledger(false))
  local options = self.given.like_account and like_account(self, port) or { state = filesystem.exists(state) and state or nil }
  options.port, options.host = port, "127.0.0.1"
  local server, problem = require("wixum.sandbox").start(options)
  if not server then
    local advice = port == 0 and "Name" or ("It was at port %d: end what is there now, or name"):format(port)
    desk.fail(("the sandbox of this ledger cannot be started: %s. %s another ledger with --ledger"):format(problem, advice))
  end
  self.server, self.state = server, state
  return server
end

-- ---- the client ------------------------------------------------------------------------------------------------------

-- Is what the settings say this machine itself?
local function says_loopback()
  local client = wixum.client()
  if not client then return false end
  local _, loopback = client:endpoint()
  client:close()
  return loopback
end

-- Seconds by which the sandbox's clock is ahead of this computer's, with parts of one: by whole seconds two commands, one after the other,
-- would be a second apart now and then, and the later one be the earlier. Nil where it tells no time.
local function ahead(wix)
  local asked = core.wall_clock()
  local told = wix:call({ method = "GET", path = "/_sandbox/now", effect = "read", context = "account" }, { retries = 0 })
  local answered, now = core.wall_clock(), type(told) == "table" and told.now
  return type(now) == "number" and now - (asked + answered) / 2 or nil
end

--- The client, made from the settings. Says where it acts.
---@return table wix
function desk:client()
  if self.wix then return self.wix end
  local options = desk.client_options(self.given)
  -- one that the ledger has already is the one that is meant
  if self.given.sandbox and (self.given.like_account or filesystem.exists(kept_of(self.path)) or not says_loopback()) then
    self.wix = start_sandbox(self):client(options)
  else
    local wix, problem = wixum.client(options)
    if not wix then desk.fail(problem) end
    self.wix = wix
  end
  local url, loopback = self.wix:endpoint()
  self.loopback = loopback
  self:say(url, loopback, require("wixum.client").state(self.wix).settings.account_id)
  if loopback then self.ahead = ahead(self.wix) end -- a rehearsal's days go by on its own clock
  return self.wix
end

--- Seconds since the epoch, as the service has them where it is a sandbox.
---@return fun(): integer
function desk:clock()
  return function() return self.ahead and math.floor(core.wall_clock() + self.ahead) or os.time() end
end

--- The first line on stderr: where this acts.
function desk:say(url, loopback, account)
  if self.said then return end
  self.said = true
  url = core.redact(url)
  if loopback then self.talk:note("SANDBOX %s", url)
  else self.talk:note("LIVE %s, account %s", (url:gsub("^https?://", "")), account and core.redact(account) or "of the key") end
end

-- ---- the ledger ------------------------------------------------------------------------------------------------------

--- The ledger.
---@param create boolean? false: it must be there
---@return table ledger
function desk:ledger(create)
  if self.opened then return self.opened end
  local err
  self.opened, err = wixum.ledger.open(self.path, { create = create, time = self:clock() })
  if not self.opened then error(err, 0) end
  local url = self.opened:bound()
  if self.given.sandbox and url and not binding.is_loopback(url) then
    desk.fail(("the ledger %s is of %s: --sandbox leaves it alone. Name another with --ledger"):format(self.path, url))
  end
  return self.opened
end

--- The ledger, where the service is not needed. Says which service it belongs to.
---@return table ledger
function desk:ledger_alone()
  local ledger = self:ledger(false)
  local url, account = ledger:bound()
  if url then self:say(url, binding.is_loopback(url), account) end
  return ledger
end

--- A ledger that leaves no trace: the one that is there, or one that is gone afterwards.
---@return table ledger
function desk:ledger_to_look_at()
  if filesystem.exists(self.path) then return self:ledger(false) end
  local path = os.tmpname()
  os.remove(path)
  self.temporary = path
  local err
  self.opened, err = wixum.ledger.open(path, { time = self:clock() })
  if not self.opened then error(err, 0) end
  return self.opened
end

--- Names the ledger, once it is clear that it is used.
function desk:name_ledger()
  self.talk:note("Ledger %s", self.path)
end

--- Writes down what the sandbox knows. That it cannot be is told.
function desk:keep_sandbox()
  local ok, saved, problem = pcall(self.server.save, self.server, self.state)
  if not ok then problem = tostring(saved):gsub("^.-:%d+: ", "") end -- at a prompt somebody may have stopped it
  if not (ok and saved) then self.talk:wrong("what the sandbox knew could not be kept: %s", problem) end
end

--- Ends everything. What the sandbox knows is kept.
---@param no_trace boolean? of a run that only looked
function desk:close(no_trace)
  if self.opened then self.opened:close() end
  if self.temporary then
    for _, ending in ipairs{ "", "-wal", "-shm", "-sender" } do os.remove(self.temporary .. ending) end
  end
  if self.server then
    if not (no_trace and (self.temporary or self.looks_only)) then self:keep_sandbox() end
    self.server:stop()
  end
  if self.wix and not self.server then self.wix:close() end
end

--- What an error means for the exit status.
---@param err any
---@return integer
function desk.status_of(err)
  local status = require "wixum.cli.status"
  if not errors.is(err) then return status.USAGE end
  if err.in_use then return status.IN_USE end
  if err.kind == "interrupted" or err.kind == "cancelled" then return status.INTERRUPTED end
  if err.kind == "unauthenticated" or err.kind == "forbidden" then return status.REFUSED end
  if err.kind == "invalid" or err.kind == "ledger" then return status.USAGE end
  return status.SOME_FAILED
end

return desk
