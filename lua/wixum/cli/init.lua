--- The command `wixum`: reads the command line, runs what it says, tells an exit status.
--
-- Owns which command is which function, and how what goes wrong is told. Words for people alone; what a command does is done by the
-- modules that scripts use.
--
--   init ─ parser                          the command line
--        ─ desk ─ talk                     what it acts on; what is said and asked
--        ─ plan ─ bad_lines                plan, invite, resume
--        ─ act                             resend, remind, revoke, retry, settle
--        ─ join                            check, confirm
--        ─ who, withdraw, leaver, team     who; withdraw; leaver; team invite, team list
--        ─ access                          access, access apply
--        ─ look                            status, export, roles, sites, backup, import
--        ─ report                          report
--        ─ doctor                          doctor
--        ─ sandbox ─ like_account          sandbox; the account that one is like
--        ─ repl                            repl
--        ─ help                            help
--            told                          what went wrong, in words and as an exit status
--            running ─ progress            runs that mail, with their progress and Ctrl-C
--            selection                     which rows are meant

local cli = {}

local status = require "wixum.cli.status"

-- What each command is: a module and its function. Loaded when it is run.
local COMMANDS = {
  plan = { "plan", "plan" }, invite = { "plan", "invite" }, resume = { "plan", "resume" },
  resend = { "act", "resend" }, remind = { "act", "remind" }, revoke = { "act", "revoke" }, retry = { "act", "retry" },
  settle = { "act", "settle" },
  check = { "join", "check" }, confirm = { "join", "confirm" }, who = { "who", "run" },
  withdraw = { "withdraw", "run" }, leaver = { "leaver", "run" }, access = { "access", "run" },
  ["team invite"] = { "team", "invite" }, ["team list"] = { "team", "list" },
  status = { "look", "status" }, export = { "look", "export" }, roles = { "look", "roles" }, sites = { "look", "sites" },
  backup = { "look", "backup" }, import = { "look", "import" }, doctor = { "doctor", "run", deskless = true },
  report = { "report", "report" },
}

-- Commands that are a group of others, with the one that they are by themselves; and those that may follow a command.
local GROUPS = { team = "list" }
local ALONE = { sandbox = true, repl = true, help = true } -- those that act on no desk
local STEPS = { team = { invite = true, list = true }, access = { apply = true } }

-- Of which command the page explains a command line: the last that it names.
local function page_of(arguments)
  local command, step
  for _, word in ipairs(arguments) do
    if not command then command = (COMMANDS[word] or GROUPS[word] or ALONE[word]) and word or nil
    elseif not step then step = STEPS[command] and STEPS[command][word] and word or nil end
  end
  return step and command .. " " .. step or command
end

-- A command that acts on a service or a ledger, with whatever goes wrong told in words.
local function on_desk(given)
  local desks = require "wixum.cli.desk"
  local talk = require("wixum.cli.talk").new(given)
  local desk
  require("wixum.core").end_like_interrupt()
  local ok, code = pcall(function()
    local place = COMMANDS[given.command]
    local run = require("wixum.cli." .. place[1])[place[2]]
    if place.deskless then return run(given, talk) end -- what a desk is made from may be what is wrong
    desk = desks.new(given, talk)
    return run(desk)
  end)
  if not ok then
    local raised = code
    code = require("wixum.cli.told")(talk, raised)
    if not code then
      if desk then pcall(desk.close, desk) end
      error(raised, 0)
    end
  end
  if desk then desk:close(given.dry_run) end
  local trouble = talk:finish()
  if trouble then
    talk:wrong("the result could not be written: %s", trouble)
    if code == status.DONE then code = status.USAGE end
  end
  return code
end

--- Runs the command line.
---@param arguments string[] as `arg` has them
---@return integer status
function cli.main(arguments)
  if not pcall(require, "argparse") then
    io.stderr:write("wixum: the command needs lua-argparse: apt-get install lua-argparse (Debian), or luarocks install argparse\n")
    return status.USAGE
  end
  local top = require("wixum.cli.parser").new()
  local parsed, given = top:pparse(arguments)
  if not parsed then
    local command = page_of(arguments)
    local wrong = require("wixum.csv.problem").lines(tostring(given)) -- with the words that were typed, whatever is in them
    io.stderr:write("wixum: ", wrong, "\n", command and ("`wixum %s --help` explains it"):format(command) or top:get_usage(),
      "\n")
    return status.USAGE
  end
  if GROUPS[given.command] then given.command = given.command .. " " .. (given.step or GROUPS[given.command]) end
  if given.command == "sandbox" then return require("wixum.cli.sandbox").run(given) end
  if given.command == "repl" then return require("wixum.cli.repl").run(given) end
  if given.command == "help" then return require("wixum.cli.help").run(top, given.words) end
  return on_desk(given)
end

return cli
