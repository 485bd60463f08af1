-- `wixum repl`: Lua's own prompt with everything ready, with Ctrl-C and Ctrl-D, on a terminal and on a pipe.

local here = require "spec.support.here"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local support = require "spec.support.ledger"

local WIXUM = os.getenv("WIXUM_SPEC_BUILD") .. "/bin/wixum"
local HANG = 600 -- seconds: nobody waits that long, so whatever ends is Ctrl-C's doing
local SITE = "00000001-2222-4333-8444-555555555555"

describe("wixum repl", function()
  local server, folder, env, child

  before_each(function()
    server = assert(sandbox.start{ seed = 3, sites = { { id = SITE, name = "Bakery" } } })
    folder = here.run("mktemp -d"):match("%S+")
    -- no settings, unless a spec says some: WIX_… of the surroundings are none of it
    env = { HOME = folder, XDG_CONFIG_HOME = false, WIX_API_KEY = false, WIX_API_KEY_FILE = false, WIX_SITE_ID = false,
      WIX_ACCOUNT_ID = false, WIXUM_BASE_URL = false, TERM = "dumb", LUA_INIT = false }
  end)
  after_each(function()
    if child then
      if not child.code then child:kill("sigkill") end
      child:wait()
    end
    child = nil
    server:stop()
    os.execute("rm -rf " .. folder)
  end)

  local function with_settings()
    env.WIXUM_BASE_URL, env.WIX_API_KEY, env.WIX_ACCOUNT_ID, env.WIX_SITE_ID =
      server.base_url, server.api_key, server.account_id, server.site_id
  end

  -- Lines typed to it, to the end.
  local function typed(lines, ...)
    child = process.start({ WIXUM, ... }, { env = env, cwd = folder })
    for _, line in ipairs(lines) do child:write(line) end
    child:close_input()
    local code = child:wait()
    return child.output, code
  end

  local function start(argv)
    child = process.start(argv or { WIXUM, "repl" }, { env = env, cwd = folder })
    child:expect("Ctrl%-D ends this")
    child:expect("> ")
    return child
  end

  local function list() return here.run("ls " .. folder) end

  local function requests_read()
    local count = 0
    for _, request in ipairs(server:requests()) do if request.complete then count = count + 1 end end
    return count
  end

  it("has a sandbox for its whole time, says so first, and keeps it", function()
    local output, code = typed({
      "print('sites', wix.sites.count_sites().count, wixum.sites.count_sites().count)",
      "print('ledger', ledger)",
      "sent = wix.site_invites.bulk_invite{ policy_ids = { '1' }, emails = { 'ann@example.com' } }",
      "print('mails', #server:outbox())",
    }, "--sandbox", "repl")
    assert.equal(0, code, output)
    local first = output:gsub("Lua 5%.4[^\n]*\n", "")
    assert.matches("SANDBOX http://127%.0%.0%.1:%d+\nwix, a client, is ready, and server, the sandbox. Try:\n  wix.sites.count_sites%(%)\n"
      .. "  server:outbox%(%)\n  wixum.help%(%)\nCtrl%-C ends a call, Ctrl%-D ends this; the sandbox is kept.\n", first)
    assert.matches("sites\t1\t1\n", output)
    assert.matches("ledger\tnil\n", output)
    assert.matches("mails\t1\n", output)
    assert.matches("sandbox> ", output, 1, true)
    assert.equal("wixum-sandbox.db.sandbox\n", list()) -- and no ledger
    assert.equal("600", here.run(("stat -c %%a %s/wixum-sandbox.db.sandbox"):format(folder)):match("%d+"))
    assert.matches("mails\t1\n", (typed({ "print('mails', #server:outbox())" }, "--sandbox", "repl")))
  end)

  it("keeps the sandbox also where it is left by os.exit, or killed", function()
    start{ WIXUM, "--sandbox", "repl" }
    child:write("return wix.site_invites.bulk_invite{ policy_ids = { '1' }, emails = { 'ann@example.com' } }.invites[1].email")
    child:expect("\nann@example.com")
    child:expect("> ")
    child:write("os.exit(7)")
    assert.equal(7, (child:wait()))
    start{ WIXUM, "--sandbox", "repl" }
    child:write("return wix.site_invites.bulk_invite{ policy_ids = { '1' }, emails = { 'bob@example.com' } }.invites[1].email")
    child:expect("\nbob@example.com")
    child:expect("> ")
    child:kill("sigterm")
    child:wait()
    assert.matches("mails\t2\n", (typed({ "print('mails', #server:outbox())" }, "--sandbox", "repl")))
  end)

  it("has the ledger where its file is, and leaves it whole", function()
    local file <close> = assert(io.open(folder .. "/c.csv", "w"))
    file:write("site,email,role\n566bf9d7-c55a-45f8-91a6-e55e9b9b1325,ann@example.com,", support.ROLE.title, "\n")
    file:close()
    local output, code = process.run({ WIXUM, "--sandbox", "invite", "c.csv" }, { env = env, cwd = folder })
    assert.equal(0, code, output)
    output, code = typed({
      "next_row = ledger:rows() print('row', next_row().email)", -- an iterator that stays open
      "print('sent', ledger:resend(wix, { all = true }).done)",
      "task = wixum.spawn(wixum.sleep, 600)",
      "print('mails', #server:outbox())",
    }, "--sandbox", "repl")
    assert.equal(0, code, output)
    assert.matches("and ledger, which is wixum-sandbox.db", output, 1, true)
    assert.matches("row\tann@example.com\n", output)
    assert.matches("sent\t1\n", output)
    assert.matches("mails\t2\n", output)
    assert.is_nil(list():find("wal", 1, true)) -- it was closed
    assert.matches("mails\t2\n", (typed({ "print('mails', #server:outbox())" }, "--sandbox", "repl")))
    output, code = typed({ "server:stop() ledger:close() wix:close()" }, "--sandbox", "repl")
    assert.equal(0, code, output)
    assert.matches("wixum: what the sandbox knew could not be kept: the sandbox is stopped\n$", output)
  end)

  it("says LIVE, that nobody is asked, and keeps the key to itself", function()
    env.WIX_API_KEY, env.WIX_ACCOUNT_ID = "IST.live-key-of-specs", SITE
    start()
    assert.matches("LIVE www.wixapis.com, account " .. SITE .. "\nwix, a client, is ready. Try:\n", child.output, 1, true)
    assert.matches("nobody is asked before people are mailed", child.output, 1, true)
    assert.matches("live> $", child.output)
    local arguments = assert(here.read(("/proc/%d/cmdline"):format(child.pid)))
    assert.is_nil(arguments:find("IST.live", 1, true))
    child:write([[do local seen, stack, found = {}, { _G }, 0
      while #stack > 0 do
        local one = table.remove(stack)
        if not seen[one] then
          seen[one] = true
          for key, value in next, one do
            for _, part in ipairs{ key, value } do
              if type(part) == "table" then stack[#stack + 1] = part end
              if type(part) == "string" and part:find("IST%.live.key") then found = found + 1 end
            end
          end
          if getmetatable(one) then stack[#stack + 1] = getmetatable(one) end
        end
      end
      print("found", found) end]])
    child:expect("found\t0\n")
    child:close_input()
    assert.equal(0, (child:wait()))
    assert.equal("", list())
  end)

  it("begins without wix where there is no key, and says what to set", function()
    local output, code = typed({ "print('wix', wix, ledger, wixum.version)" }, "repl")
    assert.equal(0, code)
    assert.matches("LIVE www.wixapis.com, account of the key\nwixum: there is no wix, since there is no API key. ", output, 1, true)
    assert.matches("set WIX_API_KEY_FILE to a file that only you can read", output, 1, true)
    assert.matches("wix\tnil\tnil\t" .. require "wixum.version", output, 1, true)
    assert.matches("\n> print", output, 1, true) -- neither live nor a sandbox
    env.WIX_API_KEY_FILE = "nowhere"
    output, code = typed({ "print('wix', wix)" }, "repl")
    assert.equal(0, code)
    assert.matches("since the key file nowhere (from WIX_API_KEY_FILE) cannot be used", output, 1, true)
    assert.matches("wix\tnil\n", output)
  end)

  it("begins without a ledger that cannot be used", function()
    with_settings()
    local file <close> = assert(io.open(folder .. "/wixum.db", "w"))
    file:write("no database")
    file:close()
    local output, code = typed({ "print('ledger', ledger, wix.sites.count_sites().count)" }, "repl")
    assert.equal(0, code)
    assert.matches("wixum: there is no ledger here:\nwixum: the ledger wixum.db: it is not an SQLite file.", output, 1, true)
    assert.matches("ledger\tnil\t1\n", output)
    output, code = typed({}, "--like-account", "repl")
    assert.equal(2, code)
    assert.matches("say --sandbox too", output, 1, true)
    assert.is_nil(output:find("> ", 1, true))
  end)

  it("has a sandbox that is like the account", function()
    with_settings()
    local output, code = typed({ "print('name', wix.sites.query_sites().sites[1].display_name, wix:endpoint())" },
      "--sandbox", "--like-account", "repl")
    assert.equal(0, code, output)
    assert.matches("SANDBOX like " .. server.base_url, output, 1, true)
    local url = output:match("name\tBakery\t(%S+)")
    assert.are_not.equal(server.base_url, url)
  end)

  it("lives on after Ctrl-C, in a call, in a loop and at the prompt", function()
    with_settings()
    start()
    server:fault{ delay = HANG }
    child:kill("sigint") -- before anything was typed
    child:write("return wix.sites.count_sites()")
    process.eventually("a request at the server", function() return requests_read() >= 1 end)
    child:kill("sigint")
    child:expect("sites.count_sites: interrupted by Ctrl%-C %(interrupted, outcome unknown")
    child:expect("> ")
    child:kill("sigint") -- once more: the call is over
    child:write("print(wixum.interrupted.kind, wix.sites.count_sites().count)")
    child:expect("interrupted\t1\n")
    child:expect("> ")
    child:write('io.stdout:write("spin", "ning\\n") io.stdout:flush() while true do os.time() end')
    child:expect("spinning")
    child:kill("sigint")
    child:expect("interrupted!")
    child:expect("> ")
    child:kill("sigint")
    child:write("print(6 * 7)")
    child:expect("\n42\n")
    child:close_input()
    assert.equal(0, (child:wait()))
  end)

  it("ends what is under way with its outcome", function()
    with_settings()
    start()
    server:fault{ operation = "users.get_roles_info", delay = HANG }
    child:write("task = wixum.spawn(function() print('\\n' .. select(2, wix.users.get_roles_info())) end)")
    child:write("for _ = 1, 20 do wix.sites.count_sites() end print('d', 'one')") -- calls let the tasks go on
    child:expect("d\tone")
    process.eventually("all requests at the server", function() return requests_read() == 21 end)
    child:expect("> ")
    child:close_input()
    assert.equal(0, (child:wait()))
    assert.matches("\nusers.get_roles_info at [^\n]*: the client was closed in the middle of the call %(closed, outcome unknown%)",
      child.output)
    assert.is_nil(child.output:find("client.lua", 1, true))
  end)

  it("does so on a terminal, with the keys themselves; Ctrl-D ends it", function()
    if not process.has_terminals() then return pending(process.NO_TERMINALS) end
    start(process.on_terminal(WIXUM .. " --sandbox repl"))
    child:write("server:fault{ delay = " .. HANG .. " } print('hang', 'ing')")
    child:expect("hang\ting")
    child:expect("> ")
    child:write("io.stdout:write('call', 'ing\\n') io.stdout:flush() return wix.sites.count_sites()")
    child:expect("calling")
    child.stdin:write("\3")
    child:expect("interrupted")
    child:expect("> ")
    child.stdin:write("half a li\3")
    child:expect("%^C")
    child:write("print(6 * 7)")
    child:expect("\n42\r?\n")
    child:expect("> ")
    child.stdin:write("\4")
    assert.equal(0, (child:wait()))
    assert.equal("wixum-sandbox.db.sandbox\n", list())
  end)

  it("is found behind the command's options, and in none of their values", function()
    for _, option in ipairs(require("wixum.cli.parser").new()._options) do
      local name = option._aliases[#option._aliases]
      if option._maxargs > 0 then
        local value = ({ ["--rate"] = "5/1", ["--concurrency"] = "3" })[name] or "repl"
        local output, code = typed({ "print('at the prompt')" }, name, value, "--quiet", "repl")
        assert.equal(0, code, name .. ": " .. output)
        assert.matches("> print[^\n]*\nat the prompt\n", output)
      end
    end
    for _, words in ipairs{ { "--ledger", "repl", "status" }, { "help", "x", "repl" }, { "--ledger=repl", "status" },
      { "repl", "--nowhere" }, { "--nowhere", "repl" } } do
      local output, code = typed({ "print('at the prompt')" }, table.unpack(words))
      assert.equal(2, code, output)
      assert.is_nil(output:find("at the prompt", 1, true), output)
    end
    local output, code
    for _, words in ipairs{ { "repl", "--help" }, { "help", "repl" } } do
      output, code = typed({}, table.unpack(words))
      assert.equal(0, code)
      assert.matches("^Usage: wixum repl", output)
      assert.is_nil(output:find("> ", 1, true), output)
    end
    output, code = process.run({ "lua5.4", "lua/wixum/cli/main.lua", "repl" })
    assert.equal(2, code)
    assert.matches("this begins as `wixum repl`", output, 1, true)
  end)
end)
