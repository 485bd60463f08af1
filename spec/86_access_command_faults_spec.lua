-- `wixum access` as an operator types it: it takes no more calls than the service demands, says what is so, and counts what it names.

local access = require "spec.support.access"
local command = require "spec.support.command"
local here = require "spec.support.reviews"
local process = require "spec.support.process"
local support = require "spec.support.ledger"

local ANN, BOB, EMP = "ann@example.com", "bob@example.com", "emp@example.com"
local MANAGER, DESIGNER = "Website Manager", "Website Designer"
local contains, id = access.contains, access.id

before_each(here.open)
after_each(here.close)

-- Sites on which the same people have the same roles.
local function sites_of(number, people)
  local sites = {}
  for i = 1, number do sites[i] = { id = id(i), name = "Shop " .. i, contributors = people } end
  return sites
end

local function asked() return access.calls(here.server)["contributors.query_site_contributors"] end

-- ---- calls -----------------------------------------------------------------------------------------------------------

describe("reading roles #pure", function()
  -- What people have on a site of a review, as many times as it stands there.
  local function found(review)
    local counts = {}
    for _, row in ipairs(review.rows) do
      if row.who == "contributor" then counts[row.roles] = (counts[row.roles] or 0) + 1 end
    end
    return counts
  end

  it("takes two calls a site on which two people have different roles, once one site is read", function()
    here.start{ sites = sites_of(5, { { email = ANN, roles = { MANAGER } }, { email = BOB, roles = { DESIGNER } } }), members = {} }
    assert(here.ledger:access(here.wix, { site_id = id(1) }))
    local first = asked()
    here.server:requests_clear()
    assert.same({ [MANAGER] = 5, [DESIGNER] = 5 }, found(assert(here.ledger:access(here.wix))))
    assert.equal(first + 4 * 2, asked())
  end)

  it("takes one more for a third role, and for somebody who has two; and finds whatever nobody guessed", function()
    local titles = { M = MANAGER, D = DESIGNER, W = "Blog Writer", B = "Billing Manager" }
    local ids = { M = "6600412800113080101", D = "6600412800113080102", W = "6600412800113080109", B = "6600412800113080104" }
    -- who is on the site (a letter a role, a word a person), what is guessed, and calls; at most so many from the seventh on
    local cases = { { "M", "M", 2 }, { "D", "M D", 2 }, { "M D", "M D", 2 }, { "M D W", "M D W", 3 }, { "MD", "MD", 3 }, { "MD", "M D", 3 },
      { "W", "M D", 9 }, { "W MB", "", 12 }, { "W MB D", "M D W MD", 15 },
      -- a guess that cannot be theirs by what is known is not tried; and no more guesses than halves would take
      { "M", "DB B", 6 }, { "WB", "W D M B MB", 7 } }
    local sites = {}
    for i, case in ipairs(cases) do
      local people = {}
      for word in case[1]:gmatch("%S+") do
        local roles = {}
        for letter in word:gmatch(".") do roles[#roles + 1] = titles[letter] end
        people[#people + 1] = { email = word .. "@example.com", roles = roles }
      end
      sites[i] = { id = id(i), contributors = people }
    end
    here.start{ members = {}, sites = sites }
    local known = require("wixum.access.titles").read(here.wix)
    for i, case in ipairs(cases) do
      local guesses, accounts = {}, {}
      for word in case[2]:gmatch("%S+") do
        guesses[#guesses + 1] = {}
        for letter in word:gmatch(".") do table.insert(guesses[#guesses], ids[letter]) end
      end
      for account in pairs(here.on(i)) do accounts[#accounts + 1] = account end
      table.sort(accounts)
      local told, _, calls = require("wixum.ledger.reach").roles_of(here.wix, id(i), accounts, known.ids, guesses)
      for _, account in ipairs(accounts) do assert.equal(here.on(i)[account], known:words(known:sorted(told[account]))) end
      assert.same({ i, true, calls }, { i, calls <= case[3], calls })
      if i <= 6 then assert.same({ i, case[3] }, { i, calls }) end
    end
  end)
end)

-- ---- decisions -------------------------------------------------------------------------------------------------------

describe("a decision about an open invite #pure", function()
  it("is told what can take it back: a call, or the dashboard alone", function()
    here.start{ account_invites = { { email = "whole@example.com" } } }
    for i, email in ipairs{ "site@example.com", "over@example.com" } do
      assert(here.ledger:plan({ { site_id = id(i), email = email, role = MANAGER } }, { client = here.wix }))
    end
    assert(here.ledger:send(here.wix))
    assert(here.wix.account_invites.create_invite{ subjects_assignments = { { subject_email = "one@example.com", assignments = { {
      policy_id = "6600412800113080101", assignments = { { full_name_resource = { site_context = { metasite_id = id(1) } } } } } } } } })
    local path = here.review()
    assert(here.ledger:revoke(here.wix, { email = "over@example.com" }))
    access.decide(path, function(row) return row.who == "invited" and "remove" or nil end)
    local told = {}
    for line in here.refusal(path):gmatch("[^\n]+") do
      for number, row in ipairs(access.read(path)) do
        if line:find((":%d:"):format(number + 1), 1, true) then told[row.email] = line end
      end
    end
    contains(told["site@example.com"], ("an open invite is no access yet: `wixum withdraw site@example.com --site %s` takes back the one "
      .. "to the site"):format(id(1)))
    for _, email in ipairs{ "whole@example.com", "one@example.com" } do
      contains(told[email], "an open invite to the team is no access yet, and one that no call can revoke: delete it in the account's "
        .. "Roles & Permissions")
      assert.is_nil(told[email]:find("withdraw", 1, true))
    end
    contains(told["over@example.com"], "the ledger's to this site is over by now, and one to the team no call can revoke")
  end)
end)

describe("rows that need no decision #pure", function()
  it("are counted apart, whatever they say, and count neither as kept nor as undecided", function()
    here.start{ account_invites = { { email = "new@example.com" } } }
    local path = here.review()
    for _, case in ipairs{
      { "", "0 to keep; 6 without a decision, of which nothing is done. 3 rows need no decision: open invites, owners" },
      { "keep", "6 to keep; 0 without a decision, of which nothing is done. 3 rows need no decision" } } do
      access.decide(path, function() return case[1] end)
      local done = assert(here.apply(path))
      contains(done.plan, case[2])
      assert.same({ 6, 3 }, { done.plan.keep + done.plan.undecided, done.plan.undecidable })
    end
    here.edit(path, function(list)
      for i = #list, 1, -1 do if list[i].who ~= "invited" then table.remove(list, i) end end
    end)
    local words = tostring(assert(here.apply(path)).plan)
    contains(words, "1 row needs no decision")
    assert.is_nil(words:find("to keep", 1, true))
  end)
end)

describe("ids that a spreadsheet has emptied #pure", function()
  it("are told, and not taken for the same person", function()
    here.start()
    local path = here.review()
    here.edit(path, function(list)
      for i, row in ipairs(list) do
        if row.who == "contributor" then row.account_id, row.site_id, row.decision = "", "", i % 2 == 0 and "remove" or DESIGNER end
      end
    end)
    local told = here.refusal(path)
    contains(told, "it is not an id (8-4-4-4-12 hex digits)")
    assert.is_nil(told:find("decides otherwise", 1, true))
  end)
end)

describe("a plan #pure", function()
  local words = require "wixum.access.words"

  it("counts people as people, and accesses as accesses", function()
    here.start{ sites = sites_of(5, { { email = ANN, roles = { MANAGER } } }), members = { { email = EMP, assignments = {
      { policy_id = "6600412800113080101", restrictions = { site = { id = id(1) } } },
      { policy_id = "6600412800113080101", restrictions = { site = { id = id(2) } } } } } } }
    local path = here.review()
    access.decide(path, function(row) return row.who == "contributor" and "remove" or nil end)
    local made = assert(here.apply(path, { dry_run = true })).plan
    contains(made, "1 person is to be removed (from 5 places), 0 people are to get other roles;")
    local ann = "account " .. here.account[ANN]
    assert.equal("This removes 5 accesses of 1 person and changes the roles of 0 people, live: " .. ann .. ".", words.question(made))
    access.decide(path, function(row) return row.who == "contributor" and DESIGNER or row.email == EMP and "remove" or nil end)
    made = assert(here.apply(path, { dry_run = true })).plan
    contains(made, "1 person is to be removed (from 2 places), 1 person is to get other roles (on 5 places);")
    contains(words.question(made), "This removes 2 accesses of 1 person and changes the roles of 1 person, live: " .. ann
      .. ", " .. EMP .. ".")
    made = assert(here.compare({ { site_id = id(1), email = EMP, roles = "any" },
      { site_id = id(2), email = EMP, roles = "any" } })).plan
    contains(made, "Drift: 1 person is to be removed (from 2 places), 0 are to get other roles")
  end)

  it("names others where there are others", function()
    local people = {}
    for i = 1, 4 do people[i] = { email = ("p%d@example.com"):format(i), roles = { MANAGER } } end
    here.start{ sites = sites_of(2, people), members = {} }
    local path = here.review()
    access.decide(path, function(row) return row.who == "contributor" and row.site_id == id(1) and "remove" or nil end)
    local made = assert(here.apply(path, { dry_run = true })).plan
    assert.matches("This removes 4 accesses of 4 people and .* and others%.$", words.question(made))
    table.remove(made.changes)
    assert.is_nil(words.question(made):find("others", 1, true))
  end)
end)

describe("a table's row without a site_id #pure", function()
  it("is told what it says, and what is meant", function()
    here.start()
    for _, case in ipairs{
      { { site = "Shop 3", email = ANN, roles = "any" },
        'the table, row 1: it says site = "Shop 3", a name for people, which decides nothing: say which site by site_id = "…"' },
      { { email = ANN, roles = "any" }, 'row 1: it says no place: site_id = "…", or everywhere = true, or folders = true' },
      { { site_id = id(1), everywhere = true, email = ANN, roles = "any" }, "row 1: it says more than one place" } } do
      local none, problems = here.compare{ case[1] }
      assert.is_nil(none)
      contains(tostring(problems[1]), case[2])
    end
  end)
end)

describe("a bar of two steps #pure", function()
  it("tells the rate of each, and is gone where all is done", function()
    local now, text = 100, ""
    local bar = require("wixum.cli.progress").new{ terminal = true, verb = "Applying", clock = function() return now end,
      write = function(more) text = text .. more end }
    local function at(moment, done, verb)
      now, text = moment, ""
      bar:at(done, 10, verb)
      return text
    end
    assert.matches("Looking %S+ 5 of 10, 2%.5/s, 2 s left$", at(102, 5, "Looking"))
    assert.matches("Looking %S+ 10 of 10, 2%.5/s\r\27%[K$", at(104, 10, "Looking"))
    now, text = 110, ""
    bar:tick()
    assert.equal("", text)
    assert.matches("Applying %S+ 1 of 10$", at(200, 1, "Applying"))
    assert.matches("Applying %S+ 5 of 10, 2%.0/s, 3 s left$", at(202, 5, "Applying"))
  end)
end)

describe("somebody who came again #pure", function()
  it("is left alone also where both looks were made within a second", function()
    here.start()
    local his = here.join(3, "dan@example.com")
    local path = here.review()
    here.decide(path, his, "remove", 3)
    assert(here.wix:with{ site_id = id(3) }.contributors.remove_contributor{ account_id = his })
    assert(here.ledger:check(here.wix)) -- the clock stands still: of the moment at which they were seen last
    here.server:advance(60)
    assert(here.wix:with{ site_id = id(3) }.site_invites.bulk_invite{ policy_ids = { support.ROLE.id }, emails = { "dan@example.com" } })
    assert(here.server:accept(here.server:invites{ email = "dan@example.com", status = "Pending" }[1]))
    local done = assert(here.apply(path, { dry_run = true }))
    assert.equal(0, done.total)
    contains(done.plan.conflicts, "dan@example.com on Three: came (again) after this review")
  end)
end)

describe("a page of very many #pure", function()
  it("is written as it is made, and never held as a whole", function()
    local list, pieces, longest = {}, 0, 0
    for i = 1, 1000 do
      list[i] = { who = "invited", email = ("n%d@example.com"):format(i), site = "", site_id = "", url = "", roles = "", since = "",
        name = "", changes = "" }
    end
    local found = { rows = list, service = "", read_at = "", sites = 0, people = 0, unknown = 0, invited = 1000, incomplete = {} }
    require("wixum.access.page").write(found, function(text) pieces, longest = pieces + 1, math.max(longest, #text) end)
    assert.is_true(pieces > 1000 and longest < 10000, ("%d pieces, the longest of %d bytes"):format(pieces, longest))
  end)
end)

-- ---- the command -----------------------------------------------------------------------------------------------------

describe("the command, about access #pure", function()
  local desk

  after_each(function()
    if desk then desk:close() end
    desk = nil
  end)

  it("tells before how many calls it takes at least, and why a site may take more", function()
    desk = command.new{ seed = 1, sites = sites_of(5, { { email = ANN, roles = { MANAGER } }, { email = BOB, roles = { DESIGNER } } }) }
    contains(desk:done("access", "--csv", "k.csv"), "sites, team and titles in at least 3 calls; at least 0 s. Roles come on top: at least "
      .. "two calls a site that somebody can reach.", "Reading the roles on 5 sites that somebody can reach: at least 10 calls more; at "
      .. "least 0 s. A site takes more where its people have several roles, or others than were seen elsewhere.")
    assert.is_nil(desk:done("access", "--csv", "k.csv", "--roles", "known"):find("Roles come on top", 1, true))
  end)

  it("refuses what belongs to a review where it is to apply one", function()
    desk = command.new{ seed = 1, sites = sites_of(2, { { email = ANN, roles = { MANAGER } } }) }
    desk:done("access", "--csv", "r.csv")
    access.decide(desk.folder .. "/r.csv", function(row) return row.who == "contributor" and "remove" or nil end)
    for _, case in ipairs{ { "apply", "r.csv", "--site", "Shop 1" }, { "--site", "Shop 1", "apply", "r.csv" },
      { "apply", "r.csv", "--site", "No such" }, { "--csv", "k.csv", "apply", "r.csv" }, { "apply", "--html", "k.html", "r.csv" },
      { "apply", "r.csv", "--lua", "k.lua" }, { "--since", "r.csv", "apply", "r.csv" }, { "--roles", "known", "apply", "r.csv" },
      { "apply", "r.csv", "--delimiter", ";", "--dry-run" } } do
      contains(desk:fails(2, "access", table.unpack(case)), "belongs to a review, and not to apply: that goes by the rows of its file",
        "Nothing was done")
    end
    contains(desk:fails(2, "access", "--site", "Shop 1", "--csv", "k.csv", "apply", "r.csv", "--dry-run"),
      "--csv, --site belong to a review, and not to apply")
    assert.same({ 1, 1 }, { #desk.server:contributors(id(1)), #desk.server:contributors(id(2)) })
    contains(desk:done("access", "--locale", "en", "apply", "r.csv", "--dry-run"), "Removed would be")
  end)

  it("asks with --all-decided for the decisions that can be made, and says so", function()
    desk = command.new{ seed = 1, sites = sites_of(1, { { email = ANN, roles = { MANAGER } } }), account_invites = { { email = BOB } } }
    desk:done("access", "--csv", "r.csv")
    contains(desk:fails(1, "access", "apply", "r.csv", "--all-decided"), "1 row has no decision")
    access.decide(desk.folder .. "/r.csv", function(row) return row.who == "contributor" and "keep" or nil end)
    contains(desk:done("access", "apply", "r.csv", "--all-decided"), "1 to keep; 0 without a decision, of which nothing is done. 2 rows "
      .. "need no decision: open invites, owners, who was gone already, or what no call can change.")
    contains((desk:done("access", "apply", "--help"):gsub("%s+", " ")),
      "has no decision, and could have one: not an open invite, nor an owner")
  end)

  it("says how many rows are in a file, and not how many the review has", function()
    desk = command.new{ seed = 1, sites = sites_of(2, { { email = ANN, roles = { MANAGER } } }), account_invites = { { email = BOB } } }
    local told = desk:done("access", "--csv", "r.csv", "--lua", "t.lua")
    contains(told, "4 rows in r.csv\n", "2 rows in t.lua: who is to reach what, without owners and open invites\n")
    local _, number = desk:read("t.lua"):gsub("\n    { ", "")
    assert.equal(2, number)
  end)

  it("calls looking so, and leaves no bar before what it prints", function()
    if not process.has_terminals() then return pending(process.NO_TERMINALS) end
    desk = command.new{ seed = 1, sites = sites_of(5, { { email = ANN, roles = { MANAGER } } }) }
    desk:done("access", "--lua", "t.lua")
    desk.server:fault{ operation = "contributors.query_site_contributors", delay = 0.15, times = "always" }
    for arguments, printed in pairs{ ["apply t.lua"] = "No drift: all is as the table says.", ["--csv -"] = "\u{feff}who,email" } do
      local child = process.start(process.on_terminal(desk.wixum .. " --concurrency 1 access " .. arguments),
        { env = desk.env, cwd = desk.folder })
      assert.equal(0, (child:wait()))
      local verb = arguments == "--csv -" and "Reading" or "Looking"
      assert.matches(verb .. " %[[#-]+%] %d of 5", child.output)
      assert.is_nil(child.output:find("Applying", 1, true))
      local before = child.output:sub(1, child.output:find(printed, 1, true) - 1)
      assert.matches("\27%[K$", before) -- the line is empty
    end
  end)

  it("names the page that explains what was typed", function()
    desk = command.new{ seed = 1 }
    for page, arguments in pairs{ ["access apply"] = { "access", "apply" }, ["team invite"] = { "--yes", "team", "invite", "x" },
      ["team list"] = { "team", "list", "x" }, team = { "team", "x" }, access = { "access", "x" }, resend = { "resend", "invite" } } do
      contains(desk:fails(2, table.unpack(arguments)), ("`wixum %s --help` explains it"):format(page))
      local words = {}
      for word in page:gmatch("%S+") do words[#words + 1] = word end
      words[#words + 1] = "--help"
      contains(desk:done(table.unpack(words)), "Usage: wixum " .. page)
    end
  end)

  it("finds out before the first call that a file cannot be written, and makes none", function()
    desk = command.new{ seed = 1, sites = sites_of(1, { { email = ANN, roles = { MANAGER } } }) }
    desk:done("access", "--csv", "r.csv", "--html", "r.html")
    local before = { desk:read "r.csv", desk:read "r.html" }
    local run = require("spec.support.here").run
    local files = run("ls " .. desk.folder)
    for _, name in ipairs{ "csv", "html", "lua" } do
      desk.server:requests_clear()
      contains(desk:fails(2, "access", "--" .. name, "/proc/x." .. name), "cannot be written: /proc/x." .. name
        .. ": its folder is not there, or may not be written")
      assert.same({}, access.calls(desk.server))
    end
    contains(desk:fails(2, "report", "--html", "/proc/x.html"), "the report cannot be written: /proc/x.html: its folder is not there")
    local unread = { path = desk.folder .. "/wixum.db", db = { gather = function() error "the ledger was read" end } }
    local ok, raised = pcall(require("wixum.ledger.report").write, unread, "/proc/x.html", {})
    assert.is_false(ok)
    contains(raised, "the report cannot be written")
    -- what could be written stays as it was, where something else is wrong
    desk:fails(2, "access", "--csv", "r.csv", "--html", "r.html", "--lua", "/proc/x.lua")
    assert.same({ before, files }, { { desk:read "r.csv", desk:read "r.html" }, run("ls " .. desk.folder) })
  end)
end)
