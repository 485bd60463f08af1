-- The scripts in examples/: each at most 40 lines, each doing on the sandbox what it says, and mailing nobody unless told.

local process = require "spec.support.process"

local SCRIPTS = { "handover", "employees", "contributors", "access_check" }

-- With settings that reach nobody. Told --live they have no key, so that the first call says so at once.
local function run(name, ...)
  local environment = { LUA_PATH = os.getenv "LUA_PATH", LUA_CPATH = os.getenv "LUA_CPATH",
    WIX_API_KEY = ... == "--live" and "" or "key-that-must-not-be-used", WIX_SITE_ID = "a1d7cc01-27f0-4c5a-9b42-6f2d0e8b7a10",
    WIX_ACCOUNT_ID = "a1d7cc01-27f0-4c5a-9b42-6f2d0e8b7a10", WIXUM_BASE_URL = "http://127.0.0.1:9" }
  return process.run({ "lua5.4", "examples/" .. name .. ".lua", ... }, { env = environment })
end

describe("the examples", function()
  it("have at most forty lines each", function()
    for _, name in ipairs(SCRIPTS) do
      local count = 0
      for _ in io.lines("examples/" .. name .. ".lua") do count = count + 1 end
      assert.is_true(count <= 40, ("%s.lua has %d lines"):format(name, count))
    end
  end)

  it("say first where they act, and go to the service only when told", function()
    for _, name in ipairs(SCRIPTS) do
      local output, code = run(name)
      assert.same({ name, 0 }, { name, code }, output)
      assert.matches("^SANDBOX http://127.0.0.1:%d+", output)
      output = run(name, "--live")
      assert.matches("^%u+ http://127.0.0.1:9", output, name)
      assert.is_truthy(output:find("there is no API key (invalid, not sent)", 1, true), output)
    end
  end)

  it("employees: invites with roles on chosen sites, and says who was not invited and why", function()
    local output = run("employees")
    for _, line in ipairs{
      'line 6: mina.sato@agency.example.com: not invited, there is no role "Website Wizard"; there is "Website Manager", '
        .. '"Website Designer"',
      "line 7: jan.de.vries@agency.example.com: not invited, there is no site called Taller Nandu",
      "line 8: lucie.martin@agency.example: not invited, no site is named",
    } do assert.is_truthy(output:find(line, 1, true), line .. "\n" .. output) end
    for _, email in ipairs{ "henrik.olsen", "ines.costa", "noor.haddad", "paolo.ferri" } do
      assert.matches("%x+%-%x+%-%x+%-%x+%-%x+\t" .. email:gsub("%.", "%%.") .. "@agency.example.com\tPending\n", output)
    end
  end)

  it("contributors: changes one's role and removes another", function()
    local output = run("contributors")
    local first, second = output:match("2 contributors before\n  (%S+)\n  (%S+)\n")
    assert.is_truthy(first, output)
    assert.is_truthy(output:find(first .. " is now Website Manager, and nothing else\n", 1, true), output)
    assert.is_truthy(output:find(second .. " is removed\n1 contributors after\n  " .. first .. "\n", 1, true), output)
  end)

  it("access_check: finds who has too much, too little, or left", function()
    local output = run("access_check")
    for what, email in pairs{ owner = "owner", fine = "grete.lindqvist", leaver = "gone.away" } do
      assert.is_truthy(output:find(("%s\t%s@agency.example.com"):format(what, email), 1, true), output)
    end
    assert.is_truthy(output:find("change\ttomas.novak@agency.example.com\t1 to give, 0 to take away", 1, true), output)
    assert.is_truthy(output:find("change\taoife.byrne@agency.example.com\t1 to give, 1 to take away", 1, true), output)
  end)
end)
