-- What the command did wrong once with places and names: what it suggested, whose a ledger became, which file it blamed.

local command = require "spec.support.command"
local here = require "spec.support.here"
local process = require "spec.support.process"
local suggested = require "wixum.cli.suggested"
local support = require "spec.support.ledger"
local wixum = require "wixum"

local SITE = "00000001-2222-4333-8444-555555555555"
local ANOTHER_ACCOUNT = "9965ea39-220a-4b0e-85cb-c00679674e5f"

local function contains(text, ...)
  for _, words in ipairs{ ... } do assert.truthy(text:find(words, 1, true), ("%q is not in:\n%s"):format(words, text)) end
end

describe("what the command suggests #pure", function()
  local desk

  before_each(function() desk = command.new{ seed = 3, sites = { { id = SITE, name = "Bakery" } } } end)
  after_each(function() desk:close() end)

  -- What stands between backquotes or after "next:" in a text, and begins as a command.
  local function commands_in(text)
    local found = {}
    for line in text:gmatch("`(wixum [^`\n]*)`") do found[#found + 1] = line end
    for line in text:gmatch("next: (wixum [^\n;,]*)") do found[#found + 1] = line end
    return found
  end

  it("is about the same rehearsal and the same ledger, as it has to be typed", function()
    desk:write("c.csv", "site,email,role", SITE .. ",ann@example.com," .. support.ROLE.title)
    local rehearsal = { "--sandbox", "--ledger", "o'neil's.db" }
    local function say(...) return (desk:run(table.unpack(table.move({ ... }, 1, select("#", ...), 4, { table.unpack(rehearsal) })))) end
    local text = say("plan", "c.csv")
    contains(text, [[`wixum --sandbox --ledger 'o'\''neil'\''s.db' resume` mails who is planned]])
    text = text .. say("who", "ann") .. say("resume") .. say("who", "ann") .. say("check")
    local seen = 0
    for _, line in ipairs(commands_in(text)) do
      contains(line, [[wixum --sandbox --ledger 'o'\''neil'\''s.db' ]])
      -- as typed into a shell, with what stands for something filled in
      local output, code = process.run({ "sh", "-c", "wixum() { " .. desk.wixum .. ' "$@"; }; ' .. line .. " --help" },
        { env = desk.env, cwd = desk.folder })
      assert.equal(0, code, output)
      seen = seen + 1
    end
    assert.is_true(seen >= 3, text)
    contains(say("settle"), "wixum: ") -- and no traceback
    assert.matches("`wixum %-%-ledger none.db plan` makes one", (desk:run("--ledger", "none.db", "status")))
  end)

  it("is so for every command that acts on a ledger", function()
    local seen = 0
    for _, one in ipairs(require("wixum.cli.parser").new()._commands) do
      local name = one._aliases[1]
      local text = suggested.text(("`wixum %s`"):format(name), "--sandbox")
      local alone = name == "sandbox" or name == "help"
      assert.equal(alone and ("`wixum %s`"):format(name) or ("`wixum --sandbox %s`"):format(name), text)
      seen = seen + 1
    end
    assert.is_true(seen > 20)
  end)

  it("says nothing more where nothing was said", function()
    contains(desk:fails(2, "status"), "`wixum plan` makes one")
    desk.env.WIXUM_LEDGER = "elsewhere.db"
    contains(desk:fails(2, "status"), "elsewhere.db", "`wixum plan` makes one")
  end)

  it("leaves alone what is no command, and what programs read", function()
    desk:write("c.csv", "site,email,role", SITE .. ",wixum status@example.com," .. support.ROLE.title)
    contains(desk:fails(2, "--sandbox", "plan", "c.csv"), "c.csv:2")
    desk:write("c.csv", "site,email,role", SITE .. ',"ann@example.com",' .. support.ROLE.title)
    desk:done("--sandbox", "plan", "c.csv", "--purpose", "wixum status")
    contains(desk:done("--sandbox", "export", "rows.json"), "")
    contains(desk:read("rows.json"), '"wixum status"')
  end)
end)

describe("a ledger's owner #pure", function()
  local desk

  before_each(function() desk = command.new{ seed = 3, sites = { { id = SITE, name = "Bakery" } } } end)
  after_each(function() desk:close() end)

  local function owner()
    local ledger <close> = assert(wixum.ledger.open(desk.folder .. "/wixum.db"))
    return select(2, ledger:bound())
  end

  it("is none whom the service has refused, nor one of whom nothing was stored", function()
    local right = desk.env.WIX_ACCOUNT_ID
    for _, words in ipairs{ { "leaver", "ann@example.com" }, { "team", "list" }, { "check" },
      { "team", "invite", "eve@example.com", "--role", support.ROLE.title, "--site", SITE } } do
      desk.env.WIX_ACCOUNT_ID = ANOTHER_ACCOUNT
      assert.is_nil(owner()) -- makes the ledger
      desk:run(table.unpack(words))
      assert.is_nil(owner(), words[1])
      desk.env.WIX_ACCOUNT_ID = right
      desk:done("access")
      desk:done("check")
      os.remove(desk.folder .. "/wixum.db")
      os.execute("rm -f " .. desk.folder .. "/wixum.db*")
    end
  end)

  it("is who was there when something came into it", function()
    desk:done("plan", desk:write("c.csv", "site,email,role", SITE .. ",ann@example.com," .. support.ROLE.title))
    local right = desk.env.WIX_ACCOUNT_ID
    assert.equal(right, owner())
    desk.env.WIX_ACCOUNT_ID = ANOTHER_ACCOUNT
    contains(desk:fails(2, "check"), "it was made for the account " .. right)
    desk.env.WIX_ACCOUNT_ID = right
    os.execute("rm -f " .. desk.folder .. "/wixum.db*")
    desk:done("access") -- reads who is on the sites, and stores it
    assert.equal(right, owner())
  end)
end)

-- root may write everything unless this is taken from it
local AS_ANYBODY = { "setpriv", "--bounding-set=-all", "--inh-caps=-all" }

describe("a file that may not be written #pure", function()
  local desk

  before_each(function() desk = command.new{ seed = 3, sites = { { id = SITE, name = "Bakery" } } } end)
  after_each(function() desk:close() end)

  local function run(...)
    local argv = table.move(AS_ANYBODY, 1, #AS_ANYBODY, 1, {})
    table.move({ desk.wixum, ... }, 1, 1 + select("#", ...), #argv + 1, argv)
    return process.run(argv, { env = desk.env, cwd = desk.folder })
  end

  it("is named, also one beside the ledger that was made while that could not be written", function()
    desk:done("plan", desk:write("c.csv", "site,email,role", SITE .. ",ann@example.com," .. support.ROLE.title))
    local file = desk.folder .. "/wixum.db"
    here.run("chmod 400 " .. file)
    local output, code = run("retry", "--all")
    assert.equal(2, code, output)
    contains(output, "wixum.db, wixum.db-wal, wixum.db-shm may not be written. Where that is yours: chmod u+w wixum.db wixum.db-wal")
    here.run(("touch %s-shm && chmod 400 %s-shm && chmod 600 %s"):format(file, file, file))
    output, code = run("retry", "--all")
    assert.equal(2, code, output)
    contains(output, "wixum.db-shm may not be written. Where that is yours: chmod u+w wixum.db-shm")
    output, code = run("doctor", "--quiet")
    assert.equal(2, code, output)
    contains(output, "wixum.db-shm may not be written", "chmod u+w wixum.db-shm")
    here.run(("chmod u+w %s-shm"):format(file))
    output, code = run("retry", "--all")
    assert.equal(0, code, output)
  end)

  it("is named where it is not the ledger", function()
    desk:done("plan", desk:write("c.csv", "site,email,role", SITE .. ",ann@example.com," .. support.ROLE.title))
    for _, words in ipairs{ { "report", "--html" }, { "export" }, { "backup" } } do
      words[#words + 1] = "/nonexistent/file"
      local output = desk:fails(2, table.unpack(words))
      contains(output, "/nonexistent/file", "Name another place")
      assert.is_nil(output:find("the ledger", 1, true), output)
    end
    for _, name in ipairs{ "c.csv", "none.csv" } do
      local output = desk:fails(2, "import", name)
      contains(output, name)
      assert.is_nil(output:find("the ledger", 1, true), output)
    end
  end)
end)

describe("the command #pure", function()
  local desk, child

  before_each(function() desk = command.new{ seed = 3, sites = { { id = SITE, name = "Bakery" } } } end)
  after_each(function()
    if child then
      if not child.code then child:kill("sigkill") end
      child:wait()
    end
    child = nil
    desk:close()
  end)

  it("says at Ctrl-C what is so without an answer", function()
    if not process.has_terminals() then return pending(process.NO_TERMINALS) end
    desk:as_if_live()
    desk:write("c.csv", "site,email,role", SITE .. ",ann@example.com," .. support.ROLE.title)
    child = process.start(process.on_terminal(desk.wixum .. " invite c.csv"), { env = desk.env, cwd = desk.folder })
    child:expect("Go on%?")
    child.stdin:write("\3")
    child:expect("Nobody was mailed")
    child:expect("Interrupted")
    assert.equal(3, (child:wait()))
    assert.equal(0, #desk.server:outbox())
  end)

  it("plays a sandbox that is like the account, wherever that is said", function()
    for _, words in ipairs{ { "sandbox", "--like-account" }, { "--like-account", "sandbox" } } do
      child = process.start({ desk.wixum, table.unpack(words) }, { env = desk.env, cwd = desk.folder })
      local url = child:expect("WIXUM_BASE_URL='?(http://[%d.:]+)")
      child:expect("Playing Wix")
      local key = child.output:match("WIX_API_KEY='?([^'%s]+)")
      local there <close> = wixum.client{ base_url = url, api_key = key, account_id = desk.server.account_id }
      assert.equal("Bakery", assert(there.sites.query_sites{}).sites[1].display_name, table.concat(words, " "))
      child:kill("sigint")
      child:wait()
    end
  end)
end)

describe("a rehearsal's clock #pure", function()
  it("is the sandbox's to the second, whatever part of one they are apart", function()
    local desk = command.new{ seed = 3, sites = { SITE }, start_time = support.START + 1.4 } -- it stands
    desk.env.START = tostring(support.START)
    local output, code = process.run({ "lua5.4", "-e", [[
      local core, start, wall = require "wixum.core", math.tointeger(os.getenv "START"), nil
      core.wall_clock = function() return wall end
      local desk = require("wixum.cli.desk").new({}, require("wixum.cli.talk").new{ quiet = true })
      wall = start + 0.9 -- half a second behind
      desk:client()
      for _, part in ipairs{ 0.9, 1.2, 1.4, 1.6, 2.4, 2.5 } do
        wall = start + part
        io.write(desk:clock()() - start, " ")
      end ]] }, { env = desk.env, cwd = desk.folder })
    assert.same({ "1 1 1 2 2 3 ", 0 }, { output, code })
    desk:close()
  end)
end)

describe("a rehearsal on a disk that is full #pure", function()
  it("leaves nothing in the place of what the sandbox knew, and begins again once there is room", function()
    local desk = command.new{ seed = 3 }
    desk.env = { HOME = desk.folder, XDG_CONFIG_HOME = false, WIXUM_BASE_URL = false }
    desk:write("c.csv", "site,email,role")
    local output = process.run({ "sh", "-c", "trap '' XFSZ; ulimit -f 1; exec " .. desk.wixum .. " --sandbox plan c.csv" },
      { env = desk.env, cwd = desk.folder })
    contains(output, "what the sandbox knew could not be kept")
    assert.equal("", here.run(("ls %s | grep sandbox$ || true"):format(desk.folder)))
    os.execute(("rm -f %s/wixum-sandbox.db*"):format(desk.folder))
    contains(desk:done("--sandbox", "plan", "c.csv"), "0 rows new")
    desk:close()
  end)
end)
