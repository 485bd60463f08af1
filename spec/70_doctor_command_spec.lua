-- The command `wixum doctor`, as typed: what it prints, its exit status, and what it never shows.

local cjson = require "cjson"
local here = require "spec.support.here"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local support = require "spec.support.doctor"

local WIXUM = os.getenv("WIXUM_SPEC_BUILD") .. "/bin/wixum"
local OTHER = "0f3c9c5e-8d0a-4a57-9f5e-0d6f6b1c2a11"

describe("wixum doctor #pure", function()
  local server, folder, env

  before_each(function()
    server = assert(sandbox.start{ seed = 3 })
    folder = here.run("mktemp -d"):match("%S+")
    env = { WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key, WIX_ACCOUNT_ID = server.account_id,
      WIX_SITE_ID = server.site_id, WIXUM_SPEC_BUILD = false, WIXUM_SLOW = false, WIXUM_GC = false, HOME = folder, XDG_CONFIG_HOME = false }
  end)
  after_each(function()
    server:stop()
    os.execute("rm -rf " .. folder)
  end)

  local function run(...) return process.run({ WIXUM, "doctor", ... }, { env = env, cwd = folder }) end

  it("says where it acts, all that it found by topic, and what it comes to; nothing is made", function()
    local output, code = run()
    assert.equal(0, code, output)
    assert.matches("SANDBOX " .. server.base_url, output, 1, true)
    assert.matches(("Settings\n  note      config file          %s/.config/wixum/config: there is none\n"):format(folder), output, 1, true)
    for _, title in ipairs{ "Ledger", "Connection", "Account", "Rights", "Sites", "Clock", "Versions" } do
      assert.matches("\n\n" .. title .. "\n  ", output, 1, true)
    end
    assert.matches("\nNothing is wrong, %d unproven%.\n", output)
    assert.equal("", here.run("ls -A " .. folder))
    assert.matches("LuaSQL +2", output)
  end)

  it("ends with a status that says whose it is: settings, the key, or something else", function()
    server:fault{ status = 500, operation = "users.search_team" }
    assert.equal(1, select(2, run()))
    server:fault{ status = 403, operation = "users.search_team" }
    server:fault{ status = 500, operation = "users.get_roles_info" }
    local output, code = run()
    assert.equal(4, code)
    assert.matches("WRONG     Basic Team Member    users.get_roles_info: the service answered 500.-\n            do this: run", output)
    assert.matches("2 things are wrong", output, 1, true)
    env.WIX_SITE_ID = OTHER
    server:fault{ status = 403, operation = "users.search_team" }
    assert.equal(2, select(2, run()))
    env.WIX_API_KEY = "IST.b3RoZXI.a2V5.c2ln"
    env.WIX_SITE_ID = false
    assert.equal(4, select(2, run()))
  end)

  it("is silent with --quiet where nothing is wrong, and tells what is", function()
    assert.equal("", (run("--quiet")))
    server:fault{ status = 500, operation = "users.search_team" }
    local output, code = run("--quiet")
    assert.equal(1, code)
    assert.matches("^Rights\n  WRONG[^\n]+\n            do this: [^\n]+\n$", output)
  end)

  it("gives the same as JSON", function()
    local output, code = run("--json", "--quiet")
    assert.equal(0, code)
    assert.matches('"lines":[]', output, 1, true)
    server:fault{ status = 403, operation = "users.search_team" }
    output, code = run("--json")
    assert.equal(4, code)
    local found = cjson.decode(output:match("{.*}"))
    assert.same({ "rights/(none is listed) refused" }, support.wrong(found))
    local line = support.line(found, "settings", "account_id")
    assert.same({ "ok", server.account_id, "WIX_ACCOUNT_ID" }, { line.state, line.value, line.source })
  end)

  it("looks at a sandbox with --sandbox, and leaves no trace of it", function()
    env = { HOME = folder, XDG_CONFIG_HOME = false, WIXUM_SPEC_BUILD = false, WIXUM_SLOW = false, WIXUM_GC = false, WIX_SITE_ID = OTHER }
    local output, code = run("--sandbox")
    assert.equal(0, code, output)
    assert.matches("api_key              from %-%-sandbox\n", output)
    assert.equal("", here.run("ls -A " .. folder))
    local csv <close> = assert(io.open(folder .. "/c.csv", "w"))
    csv:write(("site,email,role\n%s,ann@example.com,Website Manager\n"):format(OTHER))
    csv:close()
    assert.equal(0, select(2, process.run({ WIXUM, "--sandbox", "plan", "c.csv" }, { env = env, cwd = folder })))
    local before = here.run(("cd %s && cksum *"):format(folder))
    output, code = run("--sandbox")
    assert.equal(0, code, output)
    assert.matches("belongs to           http://127.0.0.1:", output, 1, true)
    assert.equal(before, here.run(("cd %s && cksum *"):format(folder)))
    -- settings that cannot be read are told, sandbox or not
    os.execute(("mkdir -p %s/.config/wixum && echo oops > %s/.config/wixum/config"):format(folder, folder))
    output, code = run("--sandbox")
    assert.equal(2, code)
    assert.matches("WRONG     config file          [^\n]*/config:1: not a line", output)
    os.execute(("rm -r %s/.config"):format(folder))
    env.WIXUM_BASE_URL = "nowhere"
    assert.matches("WRONG     base_url             WIXUM_BASE_URL [^\n]*does not begin with https", (run("--sandbox")))
  end)

  it("ends at Ctrl-C, with what it had found told", function()
    for _, operation in ipairs{ "users.get_roles_info", "sites.query_sites" } do
      server:fault{ delay = 30, operation = operation }
      local child = process.start({ WIXUM, "doctor" }, { env = env, cwd = folder })
      local before = #server:requests{ operation = operation }
      process.eventually("the call", function() return #server:requests{ operation = operation } > before end)
      child:kill("sigint")
      assert.equal(3, (child:wait()))
      assert.matches("Interrupted.", child.output, 1, true)
      assert.matches("base_url             " .. server.base_url, child.output, 1, true)
    end
  end)

  it("never shows the key, whatever the service says and wherever it was pasted", function()
    local OPAQUE = "swordfish-0123456789"
    for _, key in ipairs{ "IST.c29tZQ.a2V5.c2ln", OPAQUE } do
      local echoing <close> = assert(sandbox.start{ seed = 1, api_key = key })
      local function safe(...)
        local output = run(...)
        assert.is_nil(output:find(key, 1, true), output)
        assert.is_nil(output:find(key:sub(5, 14), 1, true), output)
        return output
      end
      env.WIXUM_BASE_URL, env.WIX_API_KEY, env.WIX_ACCOUNT_ID = echoing.base_url, key, echoing.account_id
      echoing:fault{ status = 403, times = "always", operation = "users.get_roles_info",
        headers = { ["x-wix-request-id"] = key, Date = key },
        json = { message = key, details = { applicationError = { code = key, description = "key " .. key, data = { key = key } } } } }
      echoing:fault{ status = 500, times = "always", operation = "users.search_team", body = "<p>" .. key .. "</p>" }
      echoing:fault{ times = "always", operation = "contributors.query_site_contributors", body = key }
      for _, option in ipairs{ "--json", "--quiet", "--yes" } do assert.matches("masked", safe(option), 1, true) end
      for _, name in ipairs{ "WIX_SITE_ID", "WIX_ACCOUNT_ID", "WIXUM_LEDGER", "WIXUM_BASE_URL", "WIX_API_KEY_FILE", "WIX_APIKEY",
        "HOME" } do
        local before = env[name]
        env[name] = name == "HOME" and "/" .. key or key
        safe("--json")
        safe()
        env[name] = before
      end
      -- nor where no client has taken it
      os.execute(("mkdir -p %s/.config/wixum && echo oops > %s/.config/wixum/config"):format(folder, folder))
      env.WIX_SITE_ID = key
      assert.matches("site_id              [masked], from WIX_SITE_ID", safe(), 1, true)
      os.execute(("rm -r %s/.config"):format(folder))
    end
  end)

  it("explains itself, and knows a mistyped option", function()
    assert.matches("reads only", (process.run{ WIXUM, "--help" }))
    local output, code = run("--jsno")
    assert.equal(2, code)
    assert.matches("`wixum doctor --help` explains it", output, 1, true)
  end)
end)
