--- `wixum sandbox`: plays Wix on loopback until Ctrl-C.
--
-- Owns what is printed for a shell, and the file in which a sandbox is kept. What it plays is `wixum.sandbox`'s business.

local core = require "wixum.core"
local errors = require "wixum.errors"
local status = require "wixum.cli.status"

local sandbox = {}

local NO_SUCH_FILE = 2 -- ENOENT

-- Four lines to paste into a shell, in one write, so that a reader on a pipe gets all or nothing.
local function export_lines(server)
  return table.concat({
    "export WIXUM_BASE_URL=" .. server.base_url,
    "export WIX_API_KEY=" .. server.api_key,
    "export WIX_SITE_ID=" .. server.site_id,
    "export WIX_ACCOUNT_ID=" .. server.account_id,
  }, "\n") .. "\n"
end

-- What it is to be like, read from the account of the settings; or nil and the exit status, after it was told why not.
local function like_account(given, kept)
  local talk = require("wixum.cli.talk").new(given)
  if kept then
    talk:wrong("--state: %s holds a sandbox already, which would not be the same any more: leave --like-account out to go on with it, "
      .. "or name another file", given.state)
    return nil, status.USAGE
  end
  core.end_like_interrupt()
  local ok, options = pcall(function()
    local desk = require "wixum.cli.desk"
    local config, problem = require("wixum.settings").config()
    if not config then desk.fail(problem) end
    return require("wixum.cli.like_account").options(talk, desk.client_options(given), given.locale or config.locale, given.seed)
  end)
  if ok then return options end
  local code = require("wixum.cli.told")(talk, options)
  if not code then error(options, 0) end
  return nil, code
end

--- `wixum sandbox`.
---@param given table options
---@return integer status
function sandbox.run(given)
  given.like_account = given.like_account or given.like
  local kept, reason, code
  if given.state then kept, reason, code = io.open(given.state, "rb") end
  if kept then kept:close()
  elseif code and code ~= NO_SUCH_FILE then -- there is one, which must not be replaced by a new beginning
    io.stderr:write("wixum sandbox: --state: ", reason, "\n")
    return status.USAGE
  end
  if given.locale and not given.like_account then
    io.stderr:write("wixum sandbox: --locale is about titles of an account's roles: it goes with --like-account\n")
    return status.USAGE
  end
  local options = { seed = given.seed, strict_sites = given.strict_sites, state = kept and given.state or nil }
  if given.like_account then
    options, code = like_account(given, kept)
    if not options then return code end
  end
  options.port, options.mail_folder = given.port, given.mail_folder
  local server, problem = require("wixum.sandbox").start(options)
  if not server then
    io.stderr:write("wixum sandbox: ", problem, "\n")
    return status.USAGE
  end
  core.end_like_interrupt()
  -- Ctrl-C may come while Lua code runs, which raises, or while core.sleep waits, which answers false
  local ok, raised = pcall(function()
    io.stdout:write(export_lines(server))
    io.stdout:flush()
    io.stderr:write("Playing Wix at ", server.base_url, " (open it in a browser). Ctrl-C ends it.\n")
    while core.sleep(3600) do end
  end)
  local saved, trouble = true, nil
  if given.state then saved, trouble = server:save(given.state) end
  server:stop()
  if not ok and not errors.is_interrupt(raised) then error(raised, 0) end
  if not saved then
    io.stderr:write("\nThe sandbox has ended, and what it knew could not be kept: ", trouble, "\n")
    return status.USAGE
  end
  io.stderr:write(given.state and ("\nThe sandbox has ended; what it knew is in %s.\n"):format(given.state)
    or "\nThe sandbox has ended; what it knew is gone (--state FILE keeps it).\n")
  return status.INTERRUPTED
end

return sandbox
