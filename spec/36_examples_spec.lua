-- The scripts in examples/: each at most 40 lines, each doing on the sandbox what it says, and mailing nobody unless told.

local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"

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

  it("take rows that lack something one by one, and options that they know alone", function()
    local file = os.tmpname()
    local function with(text, name, ...)
      local handle <close> = assert(io.open(file, "w"))
      handle:write(text)
      handle:close()
      return run(name, file, ...)
    end
    local output, code = with("site_id,site,email,policy_id\n,Nowhere,ann@example.com,1\n" .. ("%s,Here,,1\n"):format(
      "a1d7cc01-27f0-4c5a-9b42-6f2d0e8b7a10"), "handover")
    assert.matches("line 2: ann@example.com: not invited, its row names no site_id", output, 1, true)
    assert.matches("line 3: nil: not invited, it is not text but a nil", output, 1, true)
    assert.equal(1, code)
    output = with("email,role,sites\nbad@agency,Website Manager,Taller Ñandú\n"
      .. "ann@example.com,website manager, Taller Ñandú ; \n", "employees")
    assert.matches("line 2: bad@agency: not invited, its domain has no dot", output, 1, true)
    assert.matches("ann@example.com\tPending", output, 1, true)
    output, code = run("contributors", "--remov", "x")
    assert.equal(1, code)
    assert.matches("unknown option --remov", output, 1, true)
    os.remove(file)
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

  -- The same on a sandbox of our own, to see what became of it.
  describe("access_check, told --live", function()
    local server, file
    before_each(function()
      server, file = assert(sandbox.start(dofile "examples/agency.lua")), os.tmpname()
    end)
    after_each(function()
      server:stop()
      os.remove(file)
    end)

    local function check(list, ...)
      local handle <close> = assert(io.open(file, "w"))
      handle:write(list)
      handle:close()
      return process.run({ "lua5.4", "examples/access_check.lua", file, ... }, { env = { WIXUM_BASE_URL = server.base_url,
        WIX_API_KEY = server.api_key, WIX_ACCOUNT_ID = server.account_id,
        LUA_PATH = os.getenv "LUA_PATH", LUA_CPATH = os.getenv "LUA_CPATH" } })
    end

    local function team()
      local list = {}
      for _, member in ipairs(server:members()) do
        local words = {}
        for _, has in ipairs(member.assignments) do
          words[#words + 1] = has.policy_id .. "@" .. (has.restrictions and has.restrictions.site.value or "everywhere")
        end
        table.sort(words)
        list[member.email] = table.concat(words, " ")
      end
      return list
    end

    local LIST = "email,role,site\nGrete.Lindqvist@agency.example.com,Account Admin (Co-Owner),everywhere\n"
      .. "tomas.novak@agency.example.com,website manager,Bäckerei Müller\n"
      .. "tomas.novak@agency.example.com,Website Manager,Café Crème Genève\n"
      .. "aoife.byrne@agency.example.com,Website Manager,Taller Ñandú\nnew.person@agency.example.com,Website Manager,Taller Ñandú\n"

    it("only looks unless --apply is said, in whatever order, and then does what it says", function()
      local before = team()
      local output = check(LIST, "--live")
      assert.matches("^SANDBOX [^\n]*: only looks", output)
      assert.same(before, team())
      local acted = check(LIST, "--apply", "--live")
      assert.equal(output:match("\n(.*)"), acted:match("\n(.*)"))
      assert.is_truthy(acted:find("fine\tgrete.lindqvist@agency.example.com", 1, true), acted)
      assert.is_truthy(acted:find("absent\tnew.person@agency.example.com", 1, true), acted)
      local after = team()
      local manager = after["aoife.byrne@agency.example.com"]:match("^(%d+)@Taller Ñandú$")
      assert.equal(("%s@Bäckerei Müller %s@Café Crème Genève"):format(manager, manager),
        after["tomas.novak@agency.example.com"])
      assert.is_nil(after["gone.away@agency.example.com"])
      assert.equal(before["grete.lindqvist@agency.example.com"], after["grete.lindqvist@agency.example.com"])
      local again = check(LIST, "--live", "--apply")
      assert.is_nil(again:find("change\t", 1, true), again)
      assert.is_nil(again:find("leaver\t", 1, true), again)
    end)

    it("takes a list that names nobody, or lacks a column, for a mistake", function()
      local before = team()
      for list, words in pairs{ ["email,role,site\n"] = "names nobody", ["email,role\na@b.de,Owner\n"] = "email, role and site are needed",
        ["email,role,site\na@b.de,Website Manager,Nowhere\n"] = "no site Nowhere" } do
        local output, code = check(list, "--live", "--apply")
        assert.is_truthy(output:find(words, 1, true), output)
        assert.equal(1, code)
      end
      assert.same(before, team())
    end)
  end)
end)
