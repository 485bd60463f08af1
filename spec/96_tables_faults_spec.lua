-- What went wrong once with what others have written: tables and reviews of who may reach what that were read otherwise than they were
-- meant, that filled the memory, or told half; and names that acted on a terminal.

local access = require "spec.support.access"
local cjson = require "cjson"
local command = require "spec.support.command"
local process = require "spec.support.process"
local reviews = require "spec.support.reviews"
local support = require "spec.support.ledger"

local SITE = "00000001-2222-4333-8444-555555555555"

local function contains(text, ...)
  for _, words in ipairs{ ... } do assert.truthy(tostring(text):find(words, 1, true), ("%q is not in:\n%s"):format(words, text)) end
end

describe("a role that is called like the id of another #pure", function()
  after_each(reviews.close)

  it("is written by its own id, and stays what it is", function()
    local own, other = "7700000000000000001", support.ROLE.id
    reviews.open()
    reviews.start{ roles = { { id = own, title = other } },
      sites = { { id = access.id(1), name = "One", contributors = { { email = "ann@example.com", roles = { own } } } },
        { id = access.id(2) } } }
    local path = reviews.file(".lua")
    os.remove(path)
    assert(reviews.ledger:access(reviews.wix, { lua = path }))
    contains(support.read(path), ('roles = { "%s" }'):format(own))
    local done = assert(reviews.ledger:apply_access(reviews.wix, { file = path, apply = true }))
    assert.equal(0, done.total)
    assert.equal("ann@example.com", reviews.server:contributors(access.id(1))[1].email)
    assert.equal(own, reviews.server:contributors(access.id(1))[1].roles[1].role_id)
  end)
end)

describe("a function with a limit of memory", function()
  local core = require "wixum.core"
  local MIB = 1 << 20

  local function met(bytes, fn)
    local ok, problem, is_full = core.limited(bytes, fn)
    assert.same({ false, true }, { ok, is_full })
    contains(problem, "not enough memory")
    assert.equal(8 * MIB, #("x"):rep(8 * MIB)) -- the limit is gone
  end

  it("answers, or raises, as without it", function()
    assert.same({ true, "one", n = 2 }, table.pack(core.limited(MIB, function() return "one", "two" end)))
    assert.same({ true, n = 2 }, table.pack(core.limited(MIB, function() end)))
    local raised = {}
    assert.same({ false, raised, false, n = 3 }, table.pack(core.limited(MIB, function() error(raised) end)))
    assert.is_false(coroutine.wrap(function() return (core.limited(MIB, coroutine.yield)) end)())
    assert.error_matches(function() core.limited(-1, print) end, "not negative")
    assert.error_matches(function() core.limited(MIB, "print") end, "function expected")
  end)

  it("fails before more is taken, and nothing grows from then on", function()
    met(MIB, function() return ("x"):rep(2 * MIB) end)
    local text, reached = ("x"):rep(MIB // 2), false
    met(MIB, function() return text .. text .. text end)
    met(MIB, function()
      assert(not pcall(string.rep, "x", 2 * MIB))
      local small = {}
      for i = 1, 99 do small[i] = {} end
      reached = #small > 0
    end)
    assert.is_false(reached)
    met(0, function() return {} end)
  end)

  it("has again what is freed, be it much, and no credit for what was there before", function()
    assert.is_true(core.limited(4 * MIB, function() -- a text is built in a buffer of its size
      for _ = 1, 9 do
        local text = ("x"):rep(MIB) -- luacheck: no unused
        text = nil -- luacheck: no unused
        collectgarbage()
      end
    end))
    local before = { ("x"):rep(8 * MIB) }
    met(MIB, function()
      assert(table.remove(before))
      collectgarbage()
      return ("x"):rep(4 * MIB)
    end)
  end)

  it("may call another, whose limit is its own", function()
    assert.same({ true, 3 * MIB }, { core.limited(8 * MIB, function()
      assert(not core.limited(MIB // 2, function() return ("x"):rep(MIB) end))
      return #("x"):rep(3 * MIB)
    end) })
  end)
end)

describe("a table that would fill the memory #pure", function()
  it("is stopped before it does", function()
    local path = support.temporary("local a = '" .. ("x"):rep(45) .. "' while true do a = " .. ("a .. "):rep(44) .. "a end", ".lua")
    local output = process.run({ "lua5.4", "-e", [[
      print(select(2, require("wixum.access.desired").load(os.getenv "TABLE")))
      for line in io.lines "/proc/self/status" do print(line:match "VmHWM:%s+(%d+)") end ]] }, { env = { TABLE = path } })
    os.remove(path)
    contains(output, "it fills the memory")
    assert.is_true(tonumber(output:match "\n(%d+)\n") < 600000, output) -- KiB
  end)
end)

describe("a table of a program's #pure", function()
  after_each(reviews.close)

  it("is read as it stands there, whatever its metatables would add", function()
    reviews.open()
    reviews.start()
    local ann = reviews.account["ann@example.com"]
    local own = { site_id = access.id(1), account_id = ann, roles = { support.ROLE.title } }
    local read = 0
    local endless = { __len = function() return 2 end, __index = function(_, key)
      read = read + 1
      if math.type(key) ~= "integer" then return nil end
      return read < 1000 and own or nil
    end }
    local function apply(rows)
      return reviews.ledger:apply_access(reviews.wix, { desired = setmetatable({ account_id = reviews.server.account_id,
        service = reviews.server.base_url, rows = rows }, endless) })
    end
    local list = setmetatable({ setmetatable({ site_id = access.id(1), account_id = ann,
      roles = setmetatable({ support.ROLE.title }, endless) }, endless) }, endless)
    assert.is_nil(assert(apply(list)).plan.missing[1])
    assert.equal(0, read)
    contains(select(2, apply(setmetatable({}, endless))), "rows is empty")
    list = {} -- each has all: what is copied once takes no more than it is
    for i = 1, 1500 do list[i] = { site_id = access.id(1), account_id = ann, roles = list, everything = list } end
    collectgarbage()
    local before, most = collectgarbage "count", 0
    local _, problems = reviews.ledger:apply_access(reviews.wix, { desired = { account_id = reviews.server.account_id,
      service = reviews.server.base_url, rows = list }, on_problem = function() most = math.max(most, collectgarbage "count") end })
    assert.equal(1500, problems.count)
    assert.is_true(most - before < 40000) -- KiB; a copy of all in each would be several hundred thousand
  end)
end)

describe("what others have named #pure", function()
  local NAME = "Shop\u{9B}31mRED\u{202E}x\u{9D}0;t\u{9C}\u{FEFF}\u{2028}\127\t\27[2J"
  local RAW = { "\u{9B}", "\u{202E}", "\u{9D}", "\u{2028}", "\127", "\27" }
  local desk

  before_each(function()
    desk = command.new{ sites = { { id = SITE, name = NAME, contributors = { { email = "ann@example.com", name = NAME } } } },
      members = { { email = "bob@example.com", name = NAME } } }
  end)
  after_each(function() desk:close() end)

  local function none_raw(text, what)
    for _, raw in ipairs(RAW) do assert.is_nil(text:find(raw, 1, true), ("%s: %q"):format(what, raw)) end
  end

  it("stands escaped in JSON, and is the same", function()
    desk:done("plan", desk:write("c.csv", "site,email,role", SITE .. ",ann@example.com," .. support.ROLE.title), "--purpose",
      "x\u{9B}\u{202E}y")
    for _, words in ipairs{ { "sites" }, { "access" }, { "team", "list" }, { "who", "ann" }, { "leaver", "ann@example.com" }, { "export" },
      { "doctor" } } do
      words[#words + 1] = "--json"
      none_raw(desk:done(table.unpack(words)), words[1])
    end
    local json = desk:done("sites", "--json"):match("%[{.*}%]")
    contains(json, "Shop\\u009b31mRED\\u202ex\\u009d0;t\\u009c\\ufeff\\u2028\\u007f\\t\\u001b[2J")
    assert.equal(NAME, cjson.decode(json)[1].name)
    contains(desk:done("export", "--json"), "x\\u009b\\u202ey")
    local problems = require "wixum.csv.problem"
    for _, same in ipairs{ '"m\u{FC}ller \u{20AC} \u{1F600} \u{FF1D}"', '"\xC2"', "\u{2013}" } do
      assert.equal(same, problems.in_json(same))
    end
  end)

  it("reaches a pipe as it is, and no terminal", function()
    desk:done("plan", desk:write("c.csv", "site,email,role", SITE .. ",ann@example.com," .. support.ROLE.title), "--purpose", NAME)
    contains(desk:done("sites", "--csv"), NAME)
    contains(desk:done("access", "--csv", "-"), "Shop\u{9B}31mRED\u{202E}x", "\u{FEFF}who,email")
    if not process.has_terminals() then return pending(process.NO_TERMINALS) end
    for _, words in ipairs{ "sites --csv", "team list --csv", "access --csv -", "access --html -", "access --lua -", "export",
      "report --html -" } do
      local child = process.start(process.on_terminal(desk.wixum .. " " .. words), { env = desk.env, cwd = desk.folder })
      assert.equal(0, (child:wait()), child.output)
      none_raw((child.output:gsub("\27%[K", "")), words) -- but for the progress
      contains(child.output, words == "report --html -" and "</html>" or "Shop\\u{9B}31mRED")
      assert.is_nil(child.output:find("\\r", 1, true), words)
    end
  end)
end)

describe("whoever is removed by a review #pure", function()
  local DAN, EMP = "dan@example.com", "emp@example.com"

  before_each(function()
    reviews.open()
    reviews.start()
    reviews.join(2, DAN)
  end)
  after_each(reviews.close)

  local function invite(email, ...)
    for _, number in ipairs{ ... } do
      assert(reviews.ledger:plan({ { site_id = access.id(number), email = email, role = support.ROLE.title } }, { client = reviews.wix }))
    end
    assert(reviews.ledger:send(reviews.wix))
  end

  -- What is told beside the plan of removing the contributor and the member.
  local function notes()
    local path = reviews.review()
    access.decide(path, function(row)
      return (row.email == DAN and row.who == "contributor" or row.email == EMP and row.who == "member") and "remove" or nil
    end)
    return table.concat(assert(reviews.apply(path, { dry_run = true })).plan.notes, "\n")
  end

  it("could come back by an invite to the team, to that site or everywhere", function()
    assert(reviews.ledger:team_invite(reviews.wix, { email = DAN, role = support.ROLE.title, sites = { access.id(1) } }))
    assert.is_nil(notes():find("invite to the team", 1, true)) -- another site
    reviews.close()
    reviews.open()
    for _, sites in ipairs{ { access.id(1), access.id(2) }, false } do
      reviews.start()
      reviews.join(2, DAN)
      assert(reviews.ledger:team_invite(reviews.wix, { email = DAN, role = support.ROLE.title, sites = sites or nil,
        everywhere = not sites or nil }))
      contains(notes(), "dan@example.com has an open or planned invite to the team, for " .. (sites and "Two" or "the whole account")
        .. ", and could come back by it: no call takes that back, wixum leaver dan@example.com tells what does")
    end
  end)

  it("could come back by invites to sites, also a member of the team", function()
    local withdraw = "wixum withdraw emp@example.com --site "
    assert(reviews.ledger:plan({ { site_id = access.id(1), email = EMP, role = support.ROLE.title } }, { client = reviews.wix }))
    contains(notes(), withdraw .. access.id(1)) -- that is not mailed yet
    invite(EMP, 1)
    contains(notes(), "emp@example.com has an open or planned invite to Bäckerei, and could come back by it: " .. withdraw .. access.id(1))
    invite(EMP, 2)
    local told = notes()
    for number = 1, 2 do contains(told, "wixum withdraw emp@example.com --site " .. access.id(number)) end
    assert.is_nil(told:find("more sites", 1, true))
    invite(EMP, 3, 4, 5)
    contains(notes(), "wixum withdraw emp@example.com --site " .. access.id(3),
      "emp@example.com has open or planned invites to 2 more sites: wixum leaver emp@example.com names them all")
  end)
end)

describe("a row of a table #pure", function()
  after_each(reviews.close)

  it("is told all that is wrong with it at once: whom nobody knows, and a role that is not there", function()
    reviews.open()
    reviews.start()
    local none, problems = reviews.compare{ { site_id = access.id(1), email = "nobody@example.com", roles = { "Manager of all" } } }
    assert.is_nil(none)
    assert.equal(2, problems.count)
    contains(problems, 'row 1: there is no role "Manager of all"', "the ledger knows no account that is certainly this person's")
    assert.equal(0, reviews.changing())
  end)
end)

describe("a review of elsewhere #pure", function()
  it("is refused in one line, which does not say to correct it", function()
    local desk = command.new{ seed = 3, sites = { { id = SITE, contributors = { { email = "ann@example.com" } } } } }
    desk:done("access", "--csv", "review.csv")
    local text = desk:read("review.csv")
    for what, elsewhere in pairs{ service = text:gsub("http://[%d.:]+", "https://www.wixapis.com"),
      account = text:gsub(desk.server.account_id:gsub("%-", "%%-"), access.FOREIGN) } do
      desk:write("elsewhere.csv", elsewhere)
      local output = desk:fails(2, "access", "apply", "elsewhere.csv")
      contains(output, "elsewhere.csv: this review is of another " .. what .. ": line 2 says ", "and here it is ",
        "Make a review here, by `wixum access --csv FILE`, and decide in that. Nothing was done")
      assert.is_nil(output:find("correct", 1, true))
      assert.equal(1, select(2, output:gsub("of another " .. what, "")))
    end
    desk:close()
  end)
end)
