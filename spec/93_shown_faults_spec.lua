-- What others have chosen, where people see it: terminals, spreadsheets, child processes, keepers of a key.

local cells = require "wixum.ledger.cells"
local cjson = require "cjson"
local command = require "spec.support.command"
local csv = require "wixum.csv"
local html = require "wixum.html"
local here = require "spec.support.here"
local process = require "spec.support.process"
local report = require "spec.support.report"
local support = require "spec.support.ledger"

local ESCAPE = "\27]0;taken\7\27[2J"
local SITE = "00000001-2222-4333-8444-555555555555"
local ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
local LINK, KEY = "https://manage.wix.com/accept-invite?token=SECRETTOKEN12345", "IST.abcdefghijk.lmnopqrstuv.wxyz123456"

local function no_escape(text)
  assert.is_nil(text:find("[\27\7\155]"), ("%q"):format(text))
  return text
end

describe("a terminal #pure", function()
  local desk, ledger, wix, server

  before_each(function()
    desk = support.desk{ sites = { { id = SITE, name = "Site" .. ESCAPE, contributors = { { email = ANN } } } },
      members = { { email = ANN, roles = { support.ROLE.id } } } }
    ledger, wix, server = desk.ledger, desk.wix, desk.server
  end)
  after_each(function() desk:close() end)

  it("gets no escape sequence from what who tells, nor for support", function()
    server:fault{ operation = "users.search_team", status = 200, body = cjson.encode{ teamMembers = { { invite = { id = "x", email = EVE,
      status = "P" .. ESCAPE, assignments = { { policyId = "1", restrictions = { site = { id = "s" .. ESCAPE } } } } } } } } }
    assert.matches("invited, P\\x1B]0", no_escape(tostring(assert(ledger:who("eve", { client = wix })))), 1, true)
    server:fault{ operation = "site_invites.bulk_invite", status = 200, headers = { ["x-wix-request-id"] = "r1" },
      body = cjson.encode{ invites = { { id = "i" .. ESCAPE, email = BOB, status = "Pending" } }, failedEmails = {} } }
    desk:invite_to(BOB)
    no_escape(tostring(assert(ledger:who("bob", {}))))
    no_escape(assert(ledger:for_support("bob")))
    -- as a file of somebody else's may have it
    report.change(desk, "UPDATE invites SET state = 'accepted', evidence = ?, account_id = ?", "e" .. ESCAPE, "a" .. ESCAPE)
    no_escape(tostring(assert(ledger:who("bob", {}))))
  end)

  it("tells of an invite whose restriction cannot be read", function()
    for _, value in ipairs{ true, { x = 1 }, cjson.null } do
      server:fault{ operation = "users.search_team", status = 200, body = cjson.encode{ teamMembers = { { user = { id = "x", email = EVE,
        assignments = { { policyId = "1", restrictions = { site = { id = "site-1", value = value } } } } } } } } }
      assert.matches("member, with roles on site-1", tostring(assert(ledger:who("eve", { client = wix }))), 1, true)
    end
  end)
end)

describe("the command on a terminal #pure", function()
  local desk

  before_each(function()
    desk = command.new{ seed = 3, sites = { { id = SITE, name = "Site" .. ESCAPE, contributors = { { email = ANN } } } },
      members = { { email = ANN, roles = { support.ROLE.id } } } }
  end)
  after_each(function() desk:close() end)

  it("gets no escape sequence, be it a question, a result or what is wrong", function()
    desk:as_if_live()
    assert.matches("takes account", no_escape(desk:fails(2, "leaver", ANN, "--apply")))
    no_escape(desk:done("leaver", ANN))
    desk:write("c.csv", "site,email,role", SITE .. ",bob" .. ESCAPE .. "@example.com," .. support.ROLE.title)
    no_escape(desk:fails(2, "plan", "c.csv"))
    no_escape(desk:fails(2, "check", "--site", "No" .. ESCAPE))
    no_escape(desk:fails(2, "check", "--stie" .. ESCAPE))
    no_escape(desk:fails(2, "chekc" .. ESCAPE))
    if not process.has_terminals() then return pending(process.NO_TERMINALS) end
    local child = process.start(process.on_terminal(desk.wixum .. " leaver ann@example.com --apply"), { env = desk.env, cwd = desk.folder })
    child:expect("off Site\\x1B.* Go on%? ")
    child:write("n")
    assert.equal(3, (child:wait()))
    assert.is_nil(child.output:find("\27]0;taken", 1, true))
  end)

  it("keeps the ends of lines and letters of all kinds as they are", function()
    local problem = require "wixum.csv.problem"
    for _, text in ipairs{ "two\nlines", "Bäckerei Süß, 株式会社, 😀", "" } do assert.equal(text, problem.lines(text)) end
    assert.equal("a\\x1B[2Jb\nc\\td\\u{202E}e\\u{9B}f", problem.lines("a\27[2Jb\nc\td\u{202E}e\u{9B}f"))
  end)

  it("counts sites that it is told, and no others", function()
    for _, count in ipairs{ "1.5", '"x"', "1e300", "null" } do
      desk.server:fault{ operation = "sites.count_sites", status = 200, body = '{"count":' .. count .. "}" }
      assert.is_nil(desk:done("leaver", ANN):find("traceback", 1, true))
    end
  end)
end)

describe("a page #pure", function()
  it("has every character as it is that means nothing in HTML, and no other", function()
    local whole = html.template "{text}"
    local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }
    for byte = 32, 126 do
      local character = string.char(byte)
      assert.equal("a" .. (entities[character] or character) .. "b", whole{ text = "a" .. character .. "b" }.markup)
    end
    assert.equal("\u{241B}[2J", whole{ text = "\27[2J" }.markup)
  end)
end)

describe("a secret in the service's own words #pure", function()
  it("is masked before it is written down, and in what is shown", function()
    local desk = support.desk()
    desk.server:fault{ operation = "account_invites.create_invite", status = 200, body = cjson.encode{ successfulInvites = {},
      failedInvites = { { subjectEmail = EVE, errorMessage = "already open, see " .. LINK .. " key " .. KEY .. ESCAPE } } } }
    local done = assert(desk.ledger:team_invite(desk.wix, { email = EVE, role = support.ROLE.title, sites = { desk.sites[1] } }))
    assert.matches("already open, see", done.failed_rows[1].reason, 1, true)
    desk.server:fault{ operation = "users.search_team", status = 200, times = "always", body = cjson.encode{ teamMembers = { { invite = {
      id = "x", email = EVE, status = "Pending", acceptLink = LINK, acceptUrl = LINK } } } } }
    local found = assert(desk.ledger:who("eve", { client = desk.wix }))
    local file = here.run("strings " .. desk.path .. "* | grep -c SECRETTOKEN || true")
    for _, text in ipairs{ done.failed_rows[1].reason, cjson.encode(found.people[1].team), tostring(found),
      assert(desk.ledger:for_support("eve")) } do
      assert.is_nil(text:find("SECRETTOKEN", 1, true), text)
      assert.is_nil(text:find("lmnopqrstuv", 1, true), text)
      no_escape(text)
    end
    assert.equal("0\n", file)
    desk:close()
  end)
end)

describe("a spreadsheet #pure", function()
  it("that goes by another delimiter runs nothing of an export or a review", function()
    local name = "Shop;=cmd|'/C calc'!A0;x"
    local desk = support.desk{ sites = { { id = SITE, name = name, contributors = { { email = ANN } } } } }
    local file = desk:file(".csv")
    assert(desk.ledger:access(desk.wix, { csv = file }))
    for line in support.read(file):gmatch("[^\r\n]+") do
      for cell in (line .. ";"):gmatch("([^;]*);") do assert.is_nil(cell:find('^"*[=+%-@]'), line) end
    end
    for row in assert(csv.rows(file)) do
      if row.site_id == SITE then assert.equal(name, cells.read(row.site)) end
    end
    desk:close()
  end)

  it("and who reads it back has what was written, whatever it was", function()
    local random, alphabet = math.random, { ";", ",", "\t", "\r", "\n", "'", '"', "=", "+", "-", "@", "a", " ", "\xEF\xBC\x9D" }
    math.randomseed(7)
    for _ = 1, 20000 do
      local parts = {}
      for i = 1, random(0, 7) do parts[i] = alphabet[random(#alphabet)] end
      local text = table.concat(parts)
      local written = cells.written(text, ",")
      local plain = written:find('^"') and written:sub(2, -2):gsub('""', '"') or written
      assert.equal(text, cells.read(plain))
      local first = true
      for cell in (written .. ";"):gmatch("([^;]*);") do
        assert.is_nil(not first and cell:find('^"*[=+%-@]') or nil, written)
        first = false
      end
    end
  end)
end)

describe("a child process #pure", function()
  local desk

  before_each(function() desk = command.new{ seed = 3, sites = { { id = SITE, name = "Bakery", contributors = { { email = ANN } } } } } end)
  after_each(function() desk:close() end)

  it("gets none of our variables", function()
    local tools = desk.folder .. "/tools"
    here.run(("mkdir %s"):format(tools))
    for _, name in ipairs{ "head", "readlink", "mkdir" } do
      local real = here.run("command -v " .. name):match("%S+")
      desk:write("tools/" .. name, "#!/bin/sh", "env >> " .. desk.folder .. "/seen", "exec " .. real .. ' "$@"')
    end
    here.run(("chmod +x %s/*"):format(tools))
    desk.env.PATH = tools .. ":" .. os.getenv("PATH")
    for _ = 1, 2 do desk:done("access", "--csv", "a.csv") end
    here.run(("ln -s a.csv %s/b.csv"):format(desk.folder))
    desk:done("access", "--csv", "b.csv")
    assert.matches("PATH=", desk:read("seen"))
    for _, name in ipairs{ "WIX_", "WIXUM_BASE_URL", "WIXUM_LEDGER" } do assert.is_nil(desk:read("seen"):find("\n" .. name, 1, true)) end
  end)
end)

describe("key_command #pure", function()
  local desk

  before_each(function()
    desk = command.new{ seed = 3 }
    here.run(("mkdir -p %s/.config/wixum"):format(desk.folder))
    desk.key, desk.env.WIX_API_KEY, desk.env.HOME, desk.env.XDG_CONFIG_HOME = desk.env.WIX_API_KEY, false, desk.folder, false
  end)
  after_each(function() desk:close() end)

  local function config(line) desk:write(".config/wixum/config", "key_command = " .. line) end

  it("is run once, also where it fails", function()
    config("echo run >> runs; false")
    for _, words in ipairs{ { "sites" }, { "team", "list" }, { "access" } } do
      os.remove(desk.folder .. "/runs")
      local output = desk:run(table.unpack(words))
      assert.matches("key_command in the config file failed, or printed nothing: run it by hand", output, 1, true)
      assert.equal("run\n", desk:read("runs"), output)
    end
  end)

  it("may print more than a line, without an end, and quote what it likes", function()
    config(([[printf '%%s\n' '%s' "more"; head -c 3000000 /dev/zero]]):format(desk.key))
    desk:done("sites")
    config("head -c 3000000 /dev/zero")
    assert.matches("cannot be used", (desk:run("sites")))
  end)

  it("that does not end is ended", function()
    local tools = desk.folder .. "/tools"
    here.run(("mkdir %s"):format(tools))
    local real = here.run("command -v timeout"):match("%S+")
    desk:write("tools/timeout", "#!/bin/sh", 'shift 2; exec ' .. real .. ' 0.2 "$@"')
    here.run(("chmod +x %s/timeout"):format(tools))
    desk.env.PATH = tools .. ":" .. os.getenv("PATH")
    config("sleep 600")
    assert.matches("key_command in the config file did not end in 120 s: run it by hand", (desk:run("sites")), 1, true)
  end)
end)
