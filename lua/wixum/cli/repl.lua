--- `wixum repl`: Lua's own prompt, with `wixum`, `wix` and `ledger` ready.
--
-- Owns what is there at the first prompt, and that a sandbox is kept however it ends. The prompt is lua.c's: the launcher starts it
-- with -i, which reads lines once this has returned. The key stays with its keeper in C: neither a global nor an argument holds it.

local core = require "wixum.core"
local desks = require "wixum.cli.desk"
local filesystem = require "wixum.ledger.filesystem"
local status = require "wixum.cli.status"
local told = require "wixum.cli.told"
local wixum = require "wixum"

local repl = {}

-- A sandbox is kept at each prompt; one that takes longer than this, in seconds, in no more than a twentieth of the time.
local QUICK, SHARE = 0.25, 20

local function is_at_prompt()
  for i = -1, -20, -1 do
    if arg[i] == "-i" then return true end
    if arg[i] == nil then return false end
  end
end

-- ---- the end ---------------------------------------------------------------------------------------------------------

local last -- what is collected last of all when the Lua state closes

-- What lua.c collects when it ends, the newest first: this must be newer than whatever a line has made, so each prompt makes another.
local function end_with(desk)
  last = setmetatable({}, { __gc = function(self)
    if self ~= last then return end
    last = nil
    local ok, problem = pcall(desk.close, desk)
    if not ok then desk.talk:wrong("%s", tostring(problem)) end
  end })
end

-- ---- the prompt ------------------------------------------------------------------------------------------------------

-- lua.c asks for its text before it reads a line. Until then the last one has been run: what it did to a sandbox is kept, for
-- os.exit() asks nobody, and Ctrl-C, which ended a call, may come once more.
local function prompt(desk, text)
  local due = 0 -- on the core's clock
  return setmetatable({}, { __name = "wixum.prompt", __tostring = function()
    pcall(function()
      core.outlive_interrupt()
      end_with(desk)
      local began = core.clock()
      if not desk.server or began < due then return end
      desk:keep_sandbox()
      local took = core.clock() - began
      due = took > QUICK and core.clock() + SHARE * took or 0
    end)
    return text
  end })
end

-- ---- the beginning ---------------------------------------------------------------------------------------------------

-- The client; or nil, after it was told what is missing.
local function client_of(desk)
  local talk = desk.talk
  local wix = desk:client()
  local ready, problem = require("wixum.client").state(wix).root.ready()
  if ready then return wix end
  wix:close()
  desk.wix = nil
  talk:wrong("there is no wix, since %s. End this with Ctrl-D, set WIX_API_KEY_FILE to a file that only you can read, with the key in it, "
    .. "and begin again; or try things with `wixum --sandbox repl`", problem)
end

-- The ledger, where there is one that can be used.
local function ledger_of(desk)
  if not filesystem.exists(desk.path) then return nil end
  local ok, ledger = pcall(desk.ledger, desk, false)
  if ok then return ledger end
  desk.talk:wrong("there is no ledger here:")
  if not told(desk.talk, ledger) then error(ledger, 0) end
end

local function globals_of(desk)
  local wix = client_of(desk)
  local ledger = ledger_of(desk)
  if wix then wixum.use(wix) end -- or wixum.sites and the like would go to the account while this is about a sandbox
  for name, value in pairs{ wixum = wixum, wix = wix, ledger = ledger, server = desk.server } do rawset(_G, name, value) end
  local talk = desk.talk
  talk:note("%s is ready%s%s. Try:", wix and "wix, a client," or "wixum",
    ledger and (", and ledger, which is %s"):format(desk.path) or "", desk.server and ", and server, the sandbox" or "")
  talk:note(wix and "  wix.sites.count_sites()" or '  wixum.check_email("ann@example.com")')
  talk:note("  %s", ledger and "ledger:status()" or desk.server and "server:outbox()" or 'wixum.help("site_invites.bulk_invite")')
  talk:note("  wixum.help()")
  if wix and not desk.loopback then talk:note("What you type is done at once: here nobody is asked before people are mailed.") end
  talk:note("Ctrl-C ends a call, Ctrl-D ends this%s.", desk.server and "; the sandbox is kept" or "")
end

--- `wixum repl`: what is to be there before the first prompt.
---@param given table options
---@return integer? status # nil: now comes the prompt
function repl.run(given)
  local talk = require("wixum.cli.talk").new(given)
  if not is_at_prompt() then
    talk:wrong("this begins as `wixum repl`: Lua must be started with -i, which the command does")
    return status.USAGE
  end
  local desk
  local ok, raised = pcall(function()
    desk = desks.new(given, talk)
    globals_of(desk)
  end)
  if ok then
    end_with(desk)
    rawset(_G, "_PROMPT", prompt(desk, desk.wix and (desk.loopback and "sandbox> " or "live> ") or "> "))
    return nil
  end
  local code = told(talk, raised)
  if desk then pcall(desk.close, desk) end
  if not code then error(raised, 0) end
  return code
end

return repl
