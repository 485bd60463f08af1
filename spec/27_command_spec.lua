-- The command, and the example that `make demo` runs: as typed, with mistakes, with signals.

local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"

local WIXUM = (os.getenv("WIXUM_SPEC_BUILD") or "build") .. "/bin/wixum"

describe("wixum sandbox", function()
  local child

  after_each(function()
    if not child then return end
    if not child.code then child:kill("sigkill") end
    child:wait()
    child = nil
  end)

  local function start(...)
    child = process.start{ WIXUM, "sandbox", ... }
    local url = child:expect("export WIXUM_BASE_URL=(http://127%.0%.0%.1:%d+)\n")
    local key = child:expect("export WIX_API_KEY=([^\n]+)\n")
    local site = child:expect("export WIX_SITE_ID=([^\n]+)\n")
    local account = child:expect("export WIX_ACCOUNT_ID=([^\n]+)\n")
    return { base_url = url, api_key = key, site_id = site, account_id = account }
  end

  it("prints four lines, and serves what they say to another process", function()
    local wix <close> = require("wixum").client(start())
    local sent = assert(wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" } })
    assert.equal("ann@example.com", sent.invites[1].email)
  end)

  it("gives the same ids for the same seed", function()
    local first = start("--seed", "5")
    child:kill("sigkill")
    child:wait()
    assert.equal(first.site_id, start("--seed", "5").site_id)
  end)

  it("keeps its state in a file, and mails in a folder, where that is asked for", function()
    local folder = os.tmpname()
    os.remove(folder)
    local settings = start("--state", folder .. ".json", "--mail-folder", folder)
    settings.rate = false
    local wix <close> = require("wixum").client(settings)
    local sent = assert(wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" } })
    child:expect("Ctrl%-C ends it")
    child:kill("sigint")
    child:expect("what it knew is in")
    assert.equal(3, (child:wait()))
    local again = start("--state", folder .. ".json", "--mail-folder", folder)
    assert.same({ settings.site_id, settings.api_key }, { again.site_id, again.api_key })
    local later <close> = require("wixum").client(again)
    assert(later.site_invites.resend_invite{ invite_id = sent.invites[1].id })
    local names = {}
    local listing <close> = assert(io.popen("ls " .. folder))
    for name in listing:lines() do names[#names + 1] = name end
    assert.same({ "00000001-ann@example.com.eml", "00000002-ann@example.com.eml" }, names)
    os.execute(("rm -r %s %s.json"):format(folder, folder))
  end)

  it("begins nothing anew where its state is there and cannot be read", function()
    local output, code = process.run{ WIXUM, "sandbox", "--state", "/etc/hostname/state.json" }
    assert.equal(2, code)
    assert.matches("^wixum sandbox: %-%-state: /etc/hostname/state.json: ", output)
  end)

  it("ends at Ctrl-C with status 3", function()
    start()
    child:expect("Ctrl%-C ends it")
    child:kill("sigint")
    child:expect("has ended")
    assert.equal(3, (child:wait()))
  end)

  it("leaves nothing listening when it is killed", function()
    local settings = start()
    child:kill("sigkill")
    child:wait()
    settings.retries = 0
    local wix <close> = require("wixum").client(settings)
    local _, err = wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" } }
    assert.same({ "network", "not_sent" }, { err.kind, err.outcome })
  end)

  it("says so where the port is taken", function()
    local port = start().base_url:match("%d+$")
    local output, code = process.run{ WIXUM, "sandbox", "--port", port }
    assert.equal(2, code)
    assert.matches("^wixum sandbox: .*" .. port, output)
    local _, lines = output:gsub("\n", "")
    assert.equal(1, lines)
  end)
end)

describe("wixum, mistyped:", function()
  local MISTAKES = {
    { {}, "a command is required" },
    { { "sandbx" }, "Did you mean 'sandbox'" },
    { { "sandbox", "--port", "x" }, "a port is a whole number" },
    { { "sandbox", "--port", "70000" }, "a port is a whole number" },
    { { "sandbox", "--seed", "1.5" }, "a seed is a whole number" },
    { { "sandbox", "--sede", "1" }, "unknown option '%-%-sede'" },
    { { "help", "bulkinvite" }, "did you mean" },
  }
  for _, mistake in ipairs(MISTAKES) do
    it(table.concat(mistake[1], " "), function()
      local output, code = process.run{ WIXUM, table.unpack(mistake[1]) }
      assert.equal(2, code)
      assert.matches(mistake[2], output)
      assert.is_nil(output:find("traceback", 1, true), output)
    end)
  end
end)

describe("wixum", function()
  it("says its versions", function()
    local output, code = process.run{ WIXUM, "--version" }
    assert.equal(0, code)
    assert.matches("^wixum %d+%.%d+%.%d+, libcurl [%d.]+, Lua 5.4\n$", output)
  end)

  it("explains", function()
    assert.matches("bulk_invite", (process.run{ WIXUM, "help", "site_invites" }))
    assert.matches("connect_timeout", (process.run{ WIXUM, "help", "options" }))
    assert.equal("`wixum --help` lists the commands, `wixum help COMMAND` explains one. In scripts:\n\n" .. require("wixum").help() .. "\n",
      (process.run{ WIXUM, "help" }))
  end)

  it("runs from any folder, and through a link", function()
    local link = os.tmpname()
    os.remove(link)
    local here = assert(io.popen("pwd")):read("l")
    local target = WIXUM:find("^/") and WIXUM or here .. "/" .. WIXUM
    assert(os.execute(("ln -s '%s' '%s'"):format(target, link)))
    local output, code = process.run({ link, "--version" }, { cwd = "/" })
    os.remove(link)
    assert.equal(0, code, output)
  end)
end)

describe("examples/handover.lua", function()
  local function run(arguments, env)
    local output, code = process.run({ "lua5.4", "examples/handover.lua", table.unpack(arguments) }, { env = env })
    return output, code
  end

  it("invites every site's people with one call, and says who was not invited and why", function()
    local output, code = run({})
    assert.equal(0, code, output)
    assert.matches("^SANDBOX http://127%.0%.0%.1:%d+: nobody is mailed\n", output)
    local people, ids = 0, 0
    for count in output:gmatch("\n[^\n]+: (%d+) people\n") do people = people + tonumber(count) end
    for _ in output:gmatch("\n  %x+%-%x+%-%x+%-%x+%-%x+\t[^\n]+@") do ids = ids + 1 end
    assert.equal(people, ids)
    local rows = 0
    for _ in io.lines("examples/customers.csv") do rows = rows + 1 end
    assert.equal(rows - 3, people) -- the header, one malformed, one twice
    assert.matches("the same as line %d+", output)
    assert.matches("not invited, it holds a comma", output)
    assert.matches("resent to [^\n]+: done\n", output)
    assert.matches("revoked [^\n]+: done\n$", output)
  end)

  it("plays, whatever is in the environment, and goes where that says when told --live", function()
    local server = assert(sandbox.start{ seed = 2 })
    local env = { WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key }
    local output = run({}, env)
    assert.is_nil(output:find(server.base_url, 1, true))
    assert.equal(0, #server:requests())
    output = run({ "--live" }, env)
    assert.matches("^SANDBOX " .. server.base_url:gsub("%p", "%%%0"), output) -- loopback is never live
    assert.equal(43, #server:outbox())
    server:stop()
  end)

  it("says LIVE in its first line where it is, and what is missing", function()
    local output = run({ "--live" }, { WIX_API_KEY = "" })
    assert.matches("^LIVE https://www%.wixapis%.com\n", output)
    assert.matches("there is no API key %(invalid, not sent%)%. Set WIX_API_KEY", output)
  end)

  it("says which file is not there", function()
    local output, code = run({ "nowhere.csv" })
    assert.equal(1, code)
    assert.matches("nowhere.csv", output)
  end)
end)
