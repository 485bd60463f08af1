--- The command `wixum`: reads the command line, prints, tells an exit status.
--
-- Owns words for people alone; what a command does is done by the modules that scripts use.
-- Exit status: 0 done, 2 usage or settings, 3 interrupted.

local cli = {}

local DONE, USAGE, INTERRUPTED = 0, 2, 3
local NO_SUCH_FILE = 2 -- ENOENT

local function port(text)
  local number = math.tointeger(tonumber(text))
  if number and number >= 0 and number <= 65535 then return number end
  return nil, "a port is a whole number from 0 to 65535, not '" .. text .. "'"
end

local function seed(text)
  local number = math.tointeger(tonumber(text))
  if number then return number end
  return nil, "a seed is a whole number, not '" .. text .. "'"
end

local function parser()
  local argparse = require "argparse"
  local top = argparse("wixum", "Invite and manage people on Wix.")
  top:epilog("In scripts: local wixum = require \"wixum\"; print(wixum.help())")
  top:option("--version"):args(0):description("Say the versions."):action(function()
    print(("wixum %s, libcurl %s, %s"):format(require "wixum.version", require("wixum.core").libcurl, _VERSION))
    os.exit(DONE, true)
  end)
  top:command_target("command"):require_command(true)

  local sandbox = top:command("sandbox", "Play Wix on loopback until Ctrl-C: nobody is mailed.")
  sandbox:option("--port", "The port; 0 takes a free one."):default("0"):convert(port)
  sandbox:option("--seed", "The same seed gives the same ids."):convert(seed)
  sandbox:option("--state", "A file: go on from what it holds, and keep what there is at the end.")
  sandbox:option("--mail-folder", "A folder: each mail is also put there, as an .eml file.")
  sandbox:flag("--strict-sites", "Refuse sites it does not know, instead of making them sites of the account.")

  local help = top:command("help", "Explain an operation, a namespace or a word.")
  help:argument("word", "e.g. site_invites.bulk_invite, options"):args("?")
  return top
end

-- Four lines to paste into a shell, in one write, so that a reader on a pipe gets all or nothing.
local function export_lines(server)
  return table.concat({
    "export WIXUM_BASE_URL=" .. server.base_url,
    "export WIX_API_KEY=" .. server.api_key,
    "export WIX_SITE_ID=" .. server.site_id,
    "export WIX_ACCOUNT_ID=" .. server.account_id,
  }, "\n") .. "\n"
end

local commands = {}

function commands.sandbox(given)
  local core, errors = require "wixum.core", require "wixum.errors"
  local kept, reason, code
  if given.state then kept, reason, code = io.open(given.state, "rb") end
  if kept then kept:close()
  elseif code and code ~= NO_SUCH_FILE then -- there is one, which must not be replaced by a new beginning
    io.stderr:write("wixum sandbox: --state: ", reason, "\n")
    return USAGE
  end
  local server, problem = require("wixum.sandbox").start{ port = given.port, seed = given.seed, strict_sites = given.strict_sites,
    state = kept and given.state or nil, mail_folder = given.mail_folder }
  if not server then
    io.stderr:write("wixum sandbox: ", problem, "\n")
    return USAGE
  end
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
    return USAGE
  end
  io.stderr:write(given.state and ("\nThe sandbox has ended; what it knew is in %s.\n"):format(given.state)
    or "\nThe sandbox has ended; what it knew is gone (--state FILE keeps it).\n")
  return INTERRUPTED
end

function commands.help(given)
  local ok, text = pcall(require("wixum").help, given.word)
  if not ok then
    io.stderr:write("wixum help: ", (tostring(text):gsub("^[^:]+:%d+: ", "")), "\n")
    return USAGE
  end
  print(text)
  return DONE
end

--- Runs the command line.
---@param arguments string[] as `arg` has them
---@return integer status
function cli.main(arguments)
  if not pcall(require, "argparse") then
    io.stderr:write("wixum: the command needs lua-argparse: apt-get install lua-argparse (Debian), or luarocks install argparse\n")
    return USAGE
  end
  local top = parser()
  local parsed, given = top:pparse(arguments)
  if not parsed then
    io.stderr:write("wixum: ", tostring(given), "\n", top:get_usage(), "\n")
    return USAGE
  end
  return commands[given.command](given)
end

return cli
