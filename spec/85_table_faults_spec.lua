-- What a hostile reader found in tables of who may reach what: nobody loses what nobody decided, and nothing is told that is not so.

local access = require "spec.support.access"
local command = require "spec.support.command"
local database = require "wixum.ledger.database"
local here = require "spec.support.reviews"
local process = require "spec.support.process"
local support = require "spec.support.ledger"

local ANN, EMP, DAN = "ann@example.com", "emp@example.com", "dan@example.com"
local MANAGER, DESIGNER, ADMIN = "Website Manager", "Website Designer", "Account Admin (Co-Owner)"
local contains, id = access.contains, access.id

before_each(here.open)
after_each(here.close)

describe("a table that names somebody by address #pure", function()
  it("takes the member of a site for her who has an account elsewhere", function()
    here.start()
    here.join(2, EMP)
    local list = here.all_on(1)
    list[#list + 1] = { site_id = id(1), email = EMP, roles = { MANAGER } }
    here.server:requests_clear()
    local done = assert(here.compare(list, { apply = true }))
    assert.same({ 0, {}, {}, 0 }, { done.total, done.plan.conflicts, done.plan.missing, here.changing() })
    assert.equal(1, #here.server:members{ email = EMP }[1].assignments)
  end)

  it("takes the account that the team says is hers, where it is on the site, and she no member of it", function()
    here.start()
    local own = here.wix:with{ site_id = id(2) }
    assert(own.site_invites.bulk_invite{ policy_ids = { support.ROLE.id }, emails = { EMP } })
    local hers = assert(here.server:accept(here.server:invites{ email = EMP }[1])).accepted_by_account_id
    local list = here.all_on(2, hers)
    list[#list + 1] = { site_id = id(2), email = EMP, roles = { MANAGER } }
    here.server:requests_clear()
    local done = assert(here.compare(list, { apply = true }))
    assert.same({ 0, {}, {}, 0 }, { done.total, done.plan.conflicts, done.plan.missing, here.changing() })
    assert.equal(MANAGER, here.on(2)[hers])
    contains(done.plan, "emp@example.com is account " .. hers, "the same user")
  end)

  it("keeps both where she is on it twice, and changes neither's roles", function()
    here.start()
    local hers = here.join(1, EMP)
    local list = here.all_on(1, hers)
    list[#list + 1] = { site_id = id(1), email = EMP, roles = { MANAGER } }
    local done = assert(here.compare(list, { apply = true }))
    assert.same({ 0, {}, {} }, { done.total, done.plan.conflicts, done.plan.missing })
    list[#list].roles = { DESIGNER }
    here.server:requests_clear()
    done = assert(here.compare(list, { apply = true }))
    assert.same({ 0, 1, 0 }, { done.total, #done.plan.conflicts, here.changing() })
    contains(done.plan.conflicts, "is on " .. id(1) .. " as a contributor (Website Manager) and by the team (Website Manager)",
      "say which by account_id or user_id")
  end)

  it("removes nobody whom another row of the site names, by address, user or account", function()
    here.start()
    local hers = here.join(1, EMP)
    local user = here.server:members{ email = EMP }[1].id
    for _, named in ipairs{ { account_id = hers }, { user_id = user }, { account_id = here.account[ANN], email = EMP } } do
      local list = here.all_on(1, hers, here.account[ANN])
      list[#list + 1] = { site_id = id(1), roles = "any", account_id = named.account_id, user_id = named.user_id, email = named.email }
      if named.account_id ~= here.account[ANN] then list[#list + 1] = { site_id = id(1), account_id = here.account[ANN], roles = "any" } end
      here.server:requests_clear()
      local done = assert(here.compare(list, { apply = true }))
      assert.same({ 0, named.email and 2 or 1, 0 }, { done.total, #done.plan.conflicts, here.changing() })
      contains(done.plan.conflicts, "is not in the table, and the table, row", "names the same person")
    end
  end)

  it("removes nobody whose user it names, whatever address a person has said of the account", function()
    here.start()
    local hers = here.join(2, EMP)
    local user = here.server:members{ email = EMP }[1].id
    assert(here.ledger:access(here.wix)) -- which user an account is
    local db <close> = database.open(here.desk.path)
    db:run("INSERT INTO accounts (account_id, person, email, site_id, said_at) VALUES (?, 'e@home.example', 'e@home.example', ?, '')",
      hers, id(2))
    local list = here.all_on(2, hers)
    list[#list + 1] = { site_id = id(2), user_id = user, roles = { MANAGER } }
    -- a member of whom no address is told
    for _, items in ipairs{ ('{"user":{"id":"%s","assignments":[]}}'):format(user), "" } do
      here.server:fault{ operation = "users.search_team", status = 200, body = ('{"teamMembers":[%s]}'):format(items) }
    end
    local done = assert(here.compare(list))
    contains(done.plan.conflicts, "e@home.example on Two: account " .. hers .. " is not in the table, and the table, "
      .. "row 3 names the same person")
  end)

  it("says who reaches the whole account and is not in it, and counts that as drift", function()
    here.start{ members = { { email = EMP, roles = { MANAGER }, site_id = id(1) } } }
    local path = here.file(".lua")
    assert(here.ledger:access(here.wix, { lua = path }))
    contains(assert(here.apply(path)).plan, "No drift")
    assert(here.wix.users.update_team_member_assignments{ user_id = here.server:members{ email = EMP }[1].id, assignment_ids_to_remove = {},
      new_assignments = { { policy_id = "6642345101181663232" } } })
    local done = assert(here.apply(path))
    assert.same({ EMP }, done.plan.unlisted)
    contains(done.plan, "1 member reaches the whole account (or folders), and the table does not list that: emp@example.com")
    assert.is_nil(tostring(done.plan):find("No drift", 1, true))
    path = here.file(".lua")
    assert(here.ledger:access(here.wix, { lua = path }))
    contains(support.read(path), "everywhere = true, user_id", "makes it complete for the whole account")
    contains(assert(here.apply(path)).plan, "No drift")
  end)

  it("names whom it would take the whole account from", function()
    here.start()
    local done = assert(here.compare{ { everywhere = true, email = EMP, roles = { ADMIN } } })
    contains(done.plan, "The table lists the whole account, and is complete for it: "
      .. "1 member is not in it and would lose it: adm@example.com")
  end)

  it("says who may reach folders, which it never changes", function()
    here.start{ members = { { email = "ada@example.com", assignments = { { policy_id = support.ROLE.id, restrictions = { conditions = {
      conditions = { { condition_type = "FOLDER", id = "f", value = "/f" } } } } } } } } }
    local path = here.file(".lua")
    assert(here.ledger:access(here.wix, { lua = path }))
    contains(support.read(path), "{ folders = true, user_id = ")
    contains(assert(here.apply(path)).plan, "No drift")
    local text = support.read(path):gsub("[^\n]*folders = true, u[^\n]*\n", "")
    assert.same({ "ada@example.com" }, assert(here.apply(here.file(".lua", text), { apply = true })).plan.unlisted)
    local none, problems = here.compare{ { folders = true, email = "ada@example.com", roles = { MANAGER } } }
    assert.is_nil(none)
    contains(problems, 'roles on folders are not compared: write roles = "any"')
  end)

  it("says who still reaches a site by the whole account", function()
    here.start()
    local his = here.join(1, "adm@example.com")
    local list = here.all_on(1, his)
    list[#list + 1] = { site_id = id(1), email = EMP, roles = "any" }
    contains(assert(here.compare(list)).plan, "takes adm@example.com (account " .. his,
      "adm@example.com is in the team too, and still reaches Bäckerei by it: (whole account)")
  end)

  it("compares the others where one site does not say who is on it, or in which roles", function()
    here.start()
    local list = here.all_on(2)
    here.join(1, EMP) -- who is in the team as well
    list[#list + 1] = { site_id = id(1), email = EMP, roles = { MANAGER } }
    list[#list + 1] = { site_id = id(1), account_id = "00000000-0000-4000-8000-0000000000ee", roles = "any" }
    list[#list + 1] = { site_id = id(3), nobody = true }
    local function judge(text)
      here.server:requests_clear()
      local done = assert(here.compare(list, { apply = true, concurrency = 1 }))
      contains(done.plan.conflicts, text)
      assert.same({ 1, {}, 0 }, { #done.plan.conflicts, done.plan.missing, here.changing() })
      return #here.server:requests{ operation = "contributors.query_site_contributors" }
    end
    for _, after in ipairs{ 0, 3 } do -- the first reads tell who is there, later ones the roles
      here.server:fault{ operation = "contributors.query_site_contributors", status = 403, after = after }
      local calls = judge("Bäckerei: not compared, since the site does not say who is on it, or in which roles: ")
      if after == 0 then assert.equal(3, calls) end -- roles are not asked for in vain
      here.server:faults_clear()
    end
    here.server:fault{ operation = "contributors.query_site_contributors", status = 403, times = "always" }
    local none, err = here.compare(list)
    assert.same({ nil, "forbidden" }, { none, err.kind })
  end)

  it("can say that nobody is on a site", function()
    here.start{
      sites = { { id = id(1), name = "One", contributors = { { email = ANN, roles = { MANAGER } } } }, { id = id(2), name = "Two" } },
      members = {} }
    local path = here.file(".lua")
    assert(here.ledger:access(here.wix, { lua = path, site_id = { id(1), id(2) } }))
    contains(support.read(path), ('{ site_id = "%s", site = "Two", nobody = true }'):format(id(2)))
    contains(assert(here.apply(path)).plan, "No drift")
    local came = here.join(2, DAN)
    local done = assert(here.apply(path, { apply = true }))
    assert.same({ 1, 1, {} }, { done.total, done.as_wanted, here.on(2) })
    contains(done.plan, came)
    for _, case in ipairs{ { { { site_id = id(2), nobody = true }, { site_id = id(2), email = DAN, roles = "any" } }, "row 2 says who is" },
      { { { nobody = true } }, "goes with site_id alone" }, { { { site_id = id(1), nobody = true, email = DAN } }, "names somebody" } } do
      local none, problems = here.compare(case[1])
      assert.is_nil(none)
      contains(problems, case[2])
    end
  end)

  it("has no roles in it that no call could give there", function()
    here.start{ roles = { { id = "7000000000000000001", title = "Account only", restrict_from_level = "Site" } }, sites = {
      { id = id(1), contributors = { { email = ANN, policy_ids = { "7000000000000000001" } } } }, { id = id(2) } } }
    local path = here.file(".lua")
    assert(here.ledger:access(here.wix, { lua = path }))
    contains(support.read(path), 'roles = "any" }')
    contains(assert(here.apply(path)).plan, "No drift")
  end)

  it("asks the ledger once a site who is invited, and not once a row", function()
    local drift, questions = require "wixum.access.drift", 0
    local by_key, sites = {}, { [id(1)] = { id = id(1), name = "One" } }
    for i = 1, 1000 do
      local email = ("n%d@example.com"):format(i)
      by_key[("%d %s"):format(i, id(1))] = { account_id = tostring(i), site_id = id(1), site = "One", email = email, where = "row",
        ids = "any" }
    end
    local made = require("wixum.access.plan").new()
    drift.wants(made, { by_key = by_key, named = {}, folders = {}, twice = {} },
      { sites = sites, present = { [id(1)] = {} }, unasked = {}, roles = {}, team = { members = {} } },
      { ids = { id(1) }, titles = {}, ties = {}, db = { rows = function()
        questions = questions + 1
        return function() end
      end } })
    assert.same({ 1000, 1 }, { #made.missing, questions })
  end)

  it("is loaded with no finalizer of the program run meanwhile, and the collector as it was", function()
    local desired, good, ran = require "wixum.access.desired", true, false
    collectgarbage()
    for _ = 1, 100 do
      setmetatable({}, { __gc = function() good, ran = good and pcall(function() return ("x"):rep(2) end), true end })
    end
    local path = here.file(".lua", "local t for i = 1, 300000 do t = { i } end return { 1 }")
    assert.same({ 1 }, (desired.load(path)))
    assert.is_true(collectgarbage("isrunning"))
    collectgarbage()
    assert.same({ true, true }, { good, ran })
    collectgarbage("stop")
    assert.same({ 1 }, (desired.load(path)))
    local running = collectgarbage("isrunning")
    collectgarbage("restart")
    assert.is_false(running)
  end)
end)

-- ---- whom it leaves alone --------------------------------------------------------------------------------------------

describe("a table's plan #pure", function()
  it("keeps a member in the team who loses one site and gets another", function()
    here.start()
    local user = here.server:members{ email = EMP }[1].id
    local list = here.all_on(2)
    list[#list + 1] = { site_id = id(2), user_id = user, roles = { MANAGER } }
    for _, row in ipairs(here.all_on(1)) do list[#list + 1] = row end
    local change = assert(here.compare(list)).plan.changes[1]
    assert.same({ "change_assignments", 1, 1 }, { change.kind, #change.detail.add, #change.detail.remove })
  end)

  it("says nothing of a site's owner, wherever the account's list names them", function()
    here.start()
    local body = ('{"sites":[{"id":"%s","displayName":"Three","ownerAccountId":"%s","contributorAccountIds":["%s"]}],'
      .. '"metadata":{"hasNext":false}}'):format(id(3), access.FOREIGN, access.FOREIGN)
    here.server:fault{ operation = "sites.query_sites", times = "always", status = 200, body = body }
    local done = assert(here.compare{ { site_id = id(3), nobody = true } })
    assert.same({ 0, {} }, { done.total, done.plan.conflicts })
  end)

  it("takes no member off a site that does not say who is on it", function()
    here.start()
    here.server:fault{ operation = "contributors.query_site_contributors", status = 403, times = 1 }
    local list = here.all_on(2)
    list[#list + 1] = { site_id = id(1), account_id = here.account[ANN], roles = "any" }
    local done = assert(here.compare(list, { concurrency = 1 }))
    assert.same({ 0, 1 }, { done.total, #done.plan.conflicts })
    contains(done.plan.conflicts, "Bäckerei: not compared")
    here.server:faults_clear()
    assert.same({ 2, 0 }, { (assert(here.compare(list))).total, #done.plan.missing }) -- Bob, and Emp by the team
  end)

  it("never takes the ledger's own account off a site", function()
    local plan, own = require "wixum.access.plan", access.FOREIGN
    local made = plan.new()
    plan.make(made, { { kind = "contributor", site_id = id(1), site = "One", account_id = own, email = "", want = "gone", where = "row" } },
      { sites = { [id(1)] = { id = id(1) } }, present = { [id(1)] = { [own] = true } }, since = { [id(1)] = {} }, roles = {},
        unasked = {} },
      { account = own, titles = {} })
    assert.equal(0, #made.changes)
    contains(made.conflicts, "this is the ledger's own account")
  end)

  it("does not guess which of several accounts or members of one address is meant", function()
    here.start()
    local first = here.join(1, DAN)
    assert(here.wix:with{ site_id = id(1) }.contributors.remove_contributor{ account_id = first })
    local list = here.all_on(1)
    list[#list + 1] = { site_id = id(1), email = DAN, roles = "any" }
    do
      local db <close> = database.open(here.desk.path)
      for _, account in ipairs{ here.account[ANN], here.account["bob@example.com"] } do
        db:run("INSERT INTO accounts (account_id, person, email, site_id, said_at) VALUES (?, ?, ?, ?, '')", account, DAN, DAN, id(1))
      end
    end
    local none, problems = here.compare(list)
    assert.is_nil(none)
    contains(problems, "the ledger knows several accounts of this person: say which by account_id")
    local members = {}
    for i = 1, 2 do
      members[i] = ('{"user":{"id":"%d1111111-2222-4333-8444-555555555555","email":"%s","assignments":[]}}'):format(i, EMP)
    end
    for _, items in ipairs{ table.concat(members, ","), "" } do
      here.server:fault{ operation = "users.search_team", status = 200, body = ('{"teamMembers":[%s]}'):format(items) }
    end
    none, problems = here.compare{ { site_id = id(1), email = EMP, roles = "any" } }
    assert.is_nil(none)
    contains(problems, "the team has several members with this address: say which by user_id")
  end)
end)

-- ---- how long it may run ---------------------------------------------------------------------------------------------

-- A file of few instructions, each of which takes long.
local SLOW = "local a, b = 'x', 'x' for _ = 1, 24 do a, b = a .. a, b .. b end while a == b do end"

-- Until a program runs it: its texts fill so many pages.
local function until_it_runs(child)
  process.eventually("the file to be run", function()
    local statistics <close> = assert(io.open(("/proc/%d/statm"):format(child.pid)))
    return select(2, statistics:read("n", "n")) > 48 * 256
  end)
end

describe("a table whose every step takes long #pure", function()
  it("is ended by the clock, which is looked at again and again", function()
    local desired, looks = require "wixum.access.desired", 0
    local none, problem = desired.load(here.file(".lua", "while true do end"), function()
      looks = looks + 1
      return looks * 7
    end)
    assert.same({ nil, "it is to be a table, and nothing else: it does not come to an end" }, { none, problem })
    assert.equal(4, looks) -- one at its start, and twenty seconds later
  end)

  it("is ended by the first Ctrl-C, by the command and in a script", function()
    local own, child = command.new{ sites = { { id = id(1), name = "One" } } }, nil
    finally(function()
      if not child.code then child:kill("sigkill") end
      child:wait()
      own:close()
    end)
    own:write("slow.lua", SLOW)
    child = process.start({ own.wixum, "access", "apply", "slow.lua" }, { env = own.env, cwd = own.folder })
    until_it_runs(child)
    child:kill("sigint")
    assert.equal(3, (child:wait()))
    contains(child.output, "Interrupted.")
    child = process.start({ "lua5.4", "-i" }, { cwd = own.folder })
    child:expect("> ")
    child:write('desired = require "wixum.access.desired" io.stdout:write("loa", "ded\\n") io.stdout:flush()')
    child:expect("loaded")
    child:write('print(pcall(desired.load, "slow.lua"))')
    until_it_runs(child)
    child:kill("sigint")
    child:expect("ledger:apply_access[^\n]*interrupted by Ctrl%-C")
    child:write("os.exit()")
    assert.equal(0, (child:wait()))
  end)

  it("and one whose tables stand too deep in one another is told in a line", function()
    local desired = require "wixum.access.desired"
    assert.equal("it is no Lua table: its tables stand too deep in one another",
      select(2, desired.load(here.file(".lua", "return " .. ("{"):rep(300) .. ("}"):rep(300)))))
  end)
end)
