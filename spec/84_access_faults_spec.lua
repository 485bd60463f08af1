-- What a hostile reader found in reviews of access and in tables of it: nobody loses what nobody decided, and nothing is told that is not
-- so.

local access = require "spec.support.access"
local command = require "spec.support.command"
local database = require "wixum.ledger.database"
local support = require "spec.support.ledger"

local ANN, BOB, CEM, EMP, DAN = "ann@example.com", "bob@example.com", "cem@example.com", "emp@example.com", "dan@example.com"
local MANAGER, DESIGNER, ADMIN = "Website Manager", "Website Designer", "Account Admin (Co-Owner)"
local DESIGNER_ID = "6600412800113080102"
local contains, id = access.contains, access.id

local desk, ledger, wix, server, files, account

local function start(options)
  if desk then desk:close() end
  desk, account = access.desk(options)
  ledger, wix, server = desk.ledger, desk.wix, desk.server
end

local function file(ending, content)
  files[#files + 1] = support.temporary(content, ending or ".csv")
  return files[#files]
end

before_each(function() files = {} end)
after_each(function()
  for _, name in ipairs(files) do os.remove(name) end
  if desk then desk:close() end
  desk = nil
end)

local function review(given)
  local path = file()
  local all = { csv = path }
  for name, value in pairs(given or {}) do all[name] = value end
  assert(ledger:access(wix, all))
  return path
end

local function on(number) return access.on(server, id(number)) end

local function changing() return access.changing(server) end

local function apply(path, given)
  local all = { file = path }
  for name, value in pairs(given or {}) do all[name] = value end
  return ledger:apply_access(wix, all)
end

local function compare(list, given)
  local all = { desired = { account_id = server.account_id, service = server.base_url, rows = list } }
  for name, value in pairs(given or {}) do all[name] = value end
  return ledger:apply_access(wix, all)
end

-- Somebody invited by the ledger who has accepted.
local function join(number, email)
  assert(ledger:plan({ { site_id = id(number), email = email, role = MANAGER } }, { client = wix }))
  assert(ledger:send(wix))
  local accepted = assert(server:accept(server:invites{ email = email, status = "Pending" }[1]))
  assert(ledger:check(wix))
  return accepted.accepted_by_account_id
end

-- Rows for all who are on a site, but some accounts.
local function all_on(number, ...)
  local list, left_out = {}, {}
  for _, one in ipairs{ ... } do left_out[one] = true end
  for one in pairs(on(number)) do
    if not left_out[one] then list[#list + 1] = { site_id = id(number), account_id = one, roles = "any" } end
  end
  table.sort(list, function(a, b) return a.account_id < b.account_id end)
  return list
end

local function decide(path, account_id, word, number)
  local used
  access.decide(path, function(row)
    if row.account_id == account_id and (not number or row.site_id == id(number)) and row.who == "contributor" then
      used = true
      return word
    end
  end)
  assert(used, "there is no such row")
end

-- Changes a file's rows and columns.
local function edit(path, change)
  local list, columns = access.read(path)
  change(list, columns)
  access.write(path, list, columns)
end

local function without(path, ...)
  local names = { ... }
  edit(path, function(_, columns)
    for _, name in ipairs(names) do
      for i = #columns, 1, -1 do if columns[i] == name then table.remove(columns, i) end end
    end
  end)
end

local function refusal(path)
  local none, problem = apply(path)
  assert.is_nil(none)
  assert.equal(0, changing())
  local text = {}
  for _, one in ipairs(problem) do text[#text + 1] = tostring(one) end
  return text[1] and table.concat(text, "\n") or tostring(problem)
end

-- ---- tables ----------------------------------------------------------------------------------------------------------

describe("a table that names somebody by address #pure", function()
  it("takes the member of a site for her who has an account elsewhere", function()
    start()
    join(2, EMP)
    local list = all_on(1)
    list[#list + 1] = { site_id = id(1), email = EMP, roles = { MANAGER } }
    server:requests_clear()
    local done = assert(compare(list, { apply = true }))
    assert.same({ 0, {}, {}, 0 }, { done.total, done.plan.conflicts, done.plan.missing, changing() })
    assert.equal(1, #server:members{ email = EMP }[1].assignments)
  end)

  it("takes the account that the team says is hers, where it is on the site, and she no member of it", function()
    start()
    local own = wix:with{ site_id = id(2) }
    assert(own.site_invites.bulk_invite{ policy_ids = { support.ROLE.id }, emails = { EMP } })
    local hers = assert(server:accept(server:invites{ email = EMP }[1])).accepted_by_account_id
    local list = all_on(2, hers)
    list[#list + 1] = { site_id = id(2), email = EMP, roles = { MANAGER } }
    server:requests_clear()
    local done = assert(compare(list, { apply = true }))
    assert.same({ 0, {}, {}, 0 }, { done.total, done.plan.conflicts, done.plan.missing, changing() })
    assert.equal(MANAGER, on(2)[hers])
    contains(done.plan, "emp@example.com is account " .. hers, "the same user")
  end)

  it("keeps both where she is on it twice, and changes neither's roles", function()
    start()
    local hers = join(1, EMP)
    local list = all_on(1, hers)
    list[#list + 1] = { site_id = id(1), email = EMP, roles = { MANAGER } }
    local done = assert(compare(list, { apply = true }))
    assert.same({ 0, {}, {} }, { done.total, done.plan.conflicts, done.plan.missing })
    list[#list].roles = { DESIGNER }
    server:requests_clear()
    done = assert(compare(list, { apply = true }))
    assert.same({ 0, 1, 0 }, { done.total, #done.plan.conflicts, changing() })
    contains(done.plan.conflicts, "is on " .. id(1) .. " as a contributor (Website Manager) and by the team (Website Manager)",
      "say which by account_id or user_id")
  end)

  it("removes nobody whom another row of the site names, by address, user or account", function()
    start()
    local hers = join(1, EMP)
    local user = server:members{ email = EMP }[1].id
    for _, named in ipairs{ { account_id = hers }, { user_id = user }, { account_id = account[ANN], email = EMP } } do
      local list = all_on(1, hers, account[ANN])
      list[#list + 1] = { site_id = id(1), roles = "any", account_id = named.account_id, user_id = named.user_id, email = named.email }
      if named.account_id ~= account[ANN] then list[#list + 1] = { site_id = id(1), account_id = account[ANN], roles = "any" } end
      server:requests_clear()
      local done = assert(compare(list, { apply = true }))
      assert.same({ 0, named.email and 2 or 1, 0 }, { done.total, #done.plan.conflicts, changing() })
      contains(done.plan.conflicts, "is not in the table, and the table, row", "names the same person")
    end
  end)

  it("removes nobody whose user it names, whatever address a person has said of the account", function()
    start()
    local hers = join(2, EMP)
    local user = server:members{ email = EMP }[1].id
    assert(ledger:access(wix)) -- which user an account is
    local db <close> = database.open(desk.path)
    db:run("INSERT INTO accounts (account_id, person, email, site_id, said_at) VALUES (?, 'e@home.example', 'e@home.example', ?, '')",
      hers, id(2))
    local list = all_on(2, hers)
    list[#list + 1] = { site_id = id(2), user_id = user, roles = { MANAGER } }
    -- a member of whom no address is told
    for _, items in ipairs{ ('{"user":{"id":"%s","assignments":[]}}'):format(user), "" } do
      server:fault{ operation = "users.search_team", status = 200, body = ('{"teamMembers":[%s]}'):format(items) }
    end
    local done = assert(compare(list))
    contains(done.plan.conflicts, "e@home.example on Two: account " .. hers .. " is not in the table, and the table, "
      .. "row 3 names the same person")
  end)

  it("says who reaches the whole account and is not in it, and counts that as drift", function()
    start{ members = { { email = EMP, roles = { MANAGER }, site_id = id(1) } } }
    local path = file(".lua")
    assert(ledger:access(wix, { lua = path }))
    contains(assert(apply(path)).plan, "No drift")
    assert(wix.users.update_team_member_assignments{ user_id = server:members{ email = EMP }[1].id, assignment_ids_to_remove = {},
      new_assignments = { { policy_id = "6642345101181663232" } } })
    local done = assert(apply(path))
    assert.same({ EMP }, done.plan.unlisted)
    contains(done.plan, "1 member reaches the whole account (or folders), and the table does not list that: emp@example.com")
    assert.is_nil(tostring(done.plan):find("No drift", 1, true))
    path = file(".lua")
    assert(ledger:access(wix, { lua = path }))
    contains(support.read(path), "everywhere = true, user_id", "makes it complete for the whole account")
    contains(assert(apply(path)).plan, "No drift")
  end)

  it("names whom it would take the whole account from", function()
    start()
    local done = assert(compare{ { everywhere = true, email = EMP, roles = { ADMIN } } })
    contains(done.plan, "The table lists the whole account, and is complete for it: "
      .. "1 member is not in it and would lose it: adm@example.com")
  end)

  it("says who may reach folders, which it never changes", function()
    start{ members = { { email = "ada@example.com", assignments = { { policy_id = support.ROLE.id, restrictions = { conditions = {
      conditions = { { condition_type = "FOLDER", id = "f", value = "/f" } } } } } } } } }
    local path = file(".lua")
    assert(ledger:access(wix, { lua = path }))
    contains(support.read(path), "{ folders = true, user_id = ")
    contains(assert(apply(path)).plan, "No drift")
    local text = support.read(path):gsub("[^\n]*folders = true, u[^\n]*\n", "")
    assert.same({ "ada@example.com" }, assert(apply(file(".lua", text), { apply = true })).plan.unlisted)
    local none, problems = compare{ { folders = true, email = "ada@example.com", roles = { MANAGER } } }
    assert.is_nil(none)
    contains(problems, 'roles on folders are not compared: write roles = "any"')
  end)

  it("says who still reaches a site by the whole account", function()
    start()
    local his = join(1, "adm@example.com")
    local list = all_on(1, his)
    list[#list + 1] = { site_id = id(1), email = EMP, roles = "any" }
    contains(assert(compare(list)).plan, "takes adm@example.com (account " .. his,
      "adm@example.com is in the team too, and still reaches Bäckerei by it: (whole account)")
  end)

  it("can say that nobody is on a site", function()
    start{ sites = { { id = id(1), name = "One", contributors = { { email = ANN, roles = { MANAGER } } } }, { id = id(2), name = "Two" } },
      members = {} }
    local path = file(".lua")
    assert(ledger:access(wix, { lua = path, site_id = { id(1), id(2) } }))
    contains(support.read(path), ('{ site_id = "%s", site = "Two", nobody = true }'):format(id(2)))
    contains(assert(apply(path)).plan, "No drift")
    local came = join(2, DAN)
    local done = assert(apply(path, { apply = true }))
    assert.same({ 1, 1, {} }, { done.total, done.as_wanted, on(2) })
    contains(done.plan, came)
    for _, case in ipairs{ { { { site_id = id(2), nobody = true }, { site_id = id(2), email = DAN, roles = "any" } }, "row 2 says who is" },
      { { { nobody = true } }, "goes with site_id alone" }, { { { site_id = id(1), nobody = true, email = DAN } }, "names somebody" } } do
      local none, problems = compare(case[1])
      assert.is_nil(none)
      contains(problems, case[2])
    end
  end)

  it("has no roles in it that no call could give there", function()
    start{ roles = { { id = "7000000000000000001", title = "Account only", restrict_from_level = "Site" } }, sites = {
      { id = id(1), contributors = { { email = ANN, policy_ids = { "7000000000000000001" } } } }, { id = id(2) } } }
    local path = file(".lua")
    assert(ledger:access(wix, { lua = path }))
    contains(support.read(path), 'roles = "any" }')
    contains(assert(apply(path)).plan, "No drift")
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
      { sites = sites, present = { [id(1)] = {} }, roles = {}, team = { members = {} } },
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
    local path = file(".lua", "local t for i = 1, 300000 do t = { i } end return { 1 }")
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

-- ---- what is so by now -----------------------------------------------------------------------------------------------

describe("a review that is older than what is known #pure", function()
  it("is not applied to an account that is known as somebody else's by now", function()
    start()
    local his = join(3, BOB)
    local path = review()
    decide(path, his, "remove", 3)
    assert(ledger:plan({ { site_id = id(3), email = "carla@example.com", role = MANAGER } }, { client = wix }))
    assert(ledger:send(wix))
    assert(ledger:confirm{ email = "carla@example.com", site_id = id(3), account_id = his })
    server:requests_clear()
    local done = assert(apply(path))
    assert.same({ 0, 0 }, { done.total, changing() })
    contains(done.plan.conflicts, "carla@example.com on Three: the line says bob@example.com, and the account is "
      .. "known as carla@example.com's now")
  end)

  it("nor to one that nobody knew and somebody knows now, nor where a sheet was sorted by half", function()
    start()
    local path = review()
    decide(path, account[ANN], "remove", 1)
    do
      local db <close> = database.open(desk.path)
      db:run("INSERT INTO accounts (account_id, person, email, site_id, said_at) VALUES (?, ?, ?, ?, '')", account[ANN], ANN, ANN, id(1))
    end
    contains(assert(apply(path)).plan.conflicts, "the line says nobody, and the account is known as ann@example.com's now")
    path = review()
    decide(path, account[CEM], "remove")
    edit(path, function(list) for _, row in ipairs(list) do row.email = row.decision ~= "" and EMP or row.email end end)
    server:requests_clear()
    contains(assert(apply(path)).plan.conflicts, "account " .. account[CEM] .. " on Two: the line says emp@example.com, and nobody knows")
    edit(path, function(list)
      for _, row in ipairs(list) do
        row.decision = row.who == "member" and row.email == EMP and "remove" or ""
        if row.decision ~= "" then row.email = "adm@example.com" end
      end
    end)
    contains(assert(apply(path)).plan.conflicts, "the line says adm@example.com, and the user is known as emp@example.com's now")
    assert.equal(0, changing())
  end)

  it("keeps to whom it was decided about, where the team told whose the account is and has lost her on the way", function()
    start()
    local own = wix:with{ site_id = id(2) }
    assert(own.site_invites.bulk_invite{ policy_ids = { support.ROLE.id }, emails = { EMP } })
    local hers = assert(server:accept(server:invites{ email = EMP }[1])).accepted_by_account_id
    local path = review()
    access.decide(path, function(row) return row.email == EMP and "remove" or nil end)
    server:fault{ operation = "contributors.remove_contributor", status = 401 }
    assert.equal("unauthenticated", assert(apply(path)).stopped.kind)
    assert.same({}, server:members{ email = EMP })
    local done = assert(apply(path))
    assert.same({ 1, 1, {} }, { done.total, done.as_wanted, done.plan.conflicts })
    assert.is_nil(on(2)[hers])
    local db <close> = database.open(desk.path)
    assert.equal(EMP, db:one("SELECT email FROM changes WHERE kind = 'remove_contributor' ORDER BY id DESC").email)
  end)

  it("removes nobody who came anew since", function()
    start()
    local his = join(3, DAN)
    local path = review()
    decide(path, his, "remove", 3)
    assert.equal(1, assert(apply(path)).as_wanted)
    desk:days(31)
    assert(ledger:retry{ email = DAN })
    assert(ledger:send(wix))
    assert(server:accept(server:invites{ email = DAN, status = "Pending" }[1]))
    assert(ledger:check(wix))
    server:requests_clear()
    local done = assert(apply(path))
    assert.same({ 0, 0 }, { done.total, changing() })
    contains(done.plan.conflicts, DAN .. " on Three: came (again) after this review")
    access.decide(path, function(row) return row.email == EMP and "remove" or nil end)
    edit(path, function(list)
      for _, row in ipairs(list) do row.since = row.email == EMP and "on 2020-01-01T00:00:00Z" or row.since end
    end)
    contains(assert(apply(path, { dry_run = true })).plan.conflicts, EMP .. " on Bäckerei: came (again) after this review")
    without(path, "since")
    contains(assert(apply(path, { dry_run = true })).plan, "The file has no column since")
  end)

  it("says of nobody that they are gone before the site has said so", function()
    start()
    local body = ('{"sites":[{"id":"%s","displayName":"One","ownerAccountId":"%s","contributorAccountIds":["%s"]}],'
      .. '"metadata":{"hasNext":false}}'):format(id(1), server.account_id, account[ANN])
    local path = review()
    decide(path, account[BOB], "remove", 1)
    server:fault{ operation = "sites.query_sites", times = "always", status = 200, body = body }
    server:fault{ operation = "contributors.remove_contributor", status = 200, body = "{}", acts = false } -- says so, and does nothing
    local done = assert(apply(path))
    assert.same({ 1, 0, 1 }, { done.total, done.as_wanted, done.otherwise })
    assert.truthy(on(1)[account[BOB]])
    done = assert(apply(path))
    assert.same({ 1, 1 }, { done.total, done.as_wanted })
    assert.is_nil(on(1)[account[BOB]])
    contains(assert(apply(path)).plan.nothing, "gone already")
    server:fault{ operation = "contributors.query_site_contributors", status = 403 }
    contains(assert(apply(path)).plan.conflicts, "the account's list of sites has them no more, and the site does not say who is on it")
  end)

  it("of a table neither, and tells what asking costs", function()
    start()
    local body = ('{"sites":[{"id":"%s","displayName":"One","ownerAccountId":"%s","contributorAccountIds":["%s"]}],'
      .. '"metadata":{"hasNext":false}}'):format(id(1), server.account_id, account[ANN])
    server:fault{ operation = "sites.query_sites", times = "always", status = 200, body = body }
    local cost
    local done = assert(compare({ { site_id = id(1), account_id = account[ANN], roles = "any" },
      { site_id = id(1), email = EMP, roles = "any" } }, { on_cost = function(told) cost = told end }))
    contains(done.plan, "takes account " .. account[BOB] .. " off One")
    assert.same({ stage = "table", sites = 1, calls = 5, seconds = 0 }, cost)
  end)
end)

-- ---- what a spreadsheet makes of it ----------------------------------------------------------------------------------

describe("a review's columns #pure", function()
  it("are refused where two pass for one of ours", function()
    start()
    for _, header in ipairs{ "Decision", "Account_ID", " DECISION " } do
      local path = review()
      edit(path, function(list, columns)
        columns[#columns + 1] = header
        for _, row in ipairs(list) do row[header] = row.account_id == account[ANN] and "remove" or "" end
      end)
      contains(refusal(path), "has two columns", header:match("%S+"))
    end
  end)

  it("compare roles by their titles where the ids are missing, and are refused without both", function()
    start()
    local path = review()
    decide(path, account[CEM], "remove")
    without(path, "role_ids")
    assert.equal(1, #assert(apply(path, { dry_run = true })).plan.changes)
    assert(wix:with{ site_id = id(2) }.contributors.change_role{ account_id = account[CEM], new_roles = { { role_id = support.ROLE.id } } })
    server:requests_clear()
    contains(assert(apply(path)).plan.conflicts, "the roles are Website Manager now, and were Website Designer")
    edit(path, function(list) for _, row in ipairs(list) do row.roles = row.decision ~= "" and "Blumengießer" or row.roles end end)
    contains(refusal(path), 'column "roles"', "the account has no role Blumengießer now")
    without(path, "roles")
    contains(refusal(path), "has neither the column role_ids nor roles")
    path = review()
    without(path, "email")
    contains(refusal(path), "has no column email")
  end)

  it("are kept with what somebody has written beside ours", function()
    start()
    for _, change in ipairs{
      function(list, columns)
        for i, name in ipairs(columns) do if name == "signature" then columns[i] = "Unterschrift" end end
        for _, row in ipairs(list) do row.Unterschrift = "M. Muster" end
      end,
      function(list, columns)
        columns[#columns + 1] = "Bemerkung"
        for _, row in ipairs(list) do row.Bemerkung = "may stay" end
      end } do
      local path = review()
      edit(path, change)
      local before = support.read(path)
      local none, err = ledger:access(wix, { csv = path })
      assert.same({ nil, before }, { none, support.read(path) })
      contains(err, "somebody has worked on it; it stays as it is")
    end
  end)

  it("take a role that is called as a decision by its id alone", function()
    start{ roles = { { id = "7000000000000000001", title = "Remove" } } }
    local path = review()
    decide(path, account[CEM], "remove")
    contains(refusal(path), "the account has a role of this title: write [remove] to remove, or [7000000000000000001] for the role")
    decide(path, account[CEM], "[7000000000000000001]")
    contains(assert(apply(path, { dry_run = true })).plan, "gives account " .. account[CEM] .. " on Two: Remove, in place of")
    decide(path, account[CEM], "[remove]")
    contains(assert(apply(path, { dry_run = true })).plan, "takes account " .. account[CEM] .. " off Two")
  end)

  it("are not compared by roles that nobody asked for", function()
    start()
    local his = join(3, DAN)
    assert(wix:with{ site_id = id(3) }.contributors.change_role{ account_id = his, new_roles = { { role_id = DESIGNER_ID } } })
    local path = review{ roles = "known" }
    decide(path, his, "remove", 3)
    assert.equal(1, #assert(apply(path, { dry_run = true })).plan.changes)
    local ok, problem = pcall(ledger.access, ledger, wix, { roles = "known", lua = file(".lua") })
    assert.is_false(ok)
    contains(problem, "needs the roles that people have")
  end)

  it("say who still reaches a site by the team", function()
    start()
    local hers = join(1, EMP)
    local path = review()
    decide(path, hers, "remove", 1)
    contains(assert(apply(path, { dry_run = true })).plan, EMP .. " is in the team too, and still reaches Bäckerei by it: Bäckerei")
    access.decide(path, function(row) return row.email == EMP and "remove" or nil end)
    assert.is_nil(tostring(assert(apply(path, { dry_run = true })).plan):find("in the team too", 1, true))
  end)
end)

describe("a comparison with an earlier review #pure", function()
  it("tells of no roles that were not known, and of no other service", function()
    start()
    local path = review()
    for _, given in ipairs{ { roles = "known" }, {} } do
      if not given.roles then server:fault{ operation = "contributors.query_site_contributors", status = 403 } end
      local found = assert(ledger:access(wix, { since = path, roles = given.roles, concurrency = 1 }))
      assert.same({ new = 0, gone = 0, roles = 0 }, found.compared)
      assert.is_true(found.uncompared > 0)
      contains(found, "the roles were not compared: on one side they are unknown, as invited, or without their column")
    end
    assert(wix:with{ site_id = id(2) }.contributors.change_role{ account_id = account[CEM], new_roles = { { role_id = support.ROLE.id } } })
    local known = review{ roles = "known" }
    assert.equal(0, assert(ledger:access(wix, { since = known })).compared.roles)
    for _, names in ipairs{ { "roles" }, { "role_ids" } } do
      local copy = file(".csv", support.read(path))
      without(copy, table.unpack(names))
      local found = assert(ledger:access(wix, { since = copy }))
      assert.same({ 1, 0 }, { found.compared.roles, found.uncompared })
    end
    without(path, "roles", "role_ids")
    assert.equal(0, assert(ledger:access(wix, { since = path })).compared.roles)
    edit(path, function(list) for _, row in ipairs(list) do row.service = "https://www.wixapis.com" end end)
    local none, err = ledger:access(wix, { since = path })
    assert.is_nil(none)
    contains(err, ":2: the earlier review is of the service https://www.wixapis.com")
  end)
end)

-- ---- what is made of it ----------------------------------------------------------------------------------------------

describe("changes that the service refuses #pure", function()
  local function crowd()
    local people = {}
    for i = 1, 8 do people[i] = { email = ("p%d@example.com"):format(i), roles = { MANAGER } } end
    start{ sites = { { id = id(1), contributors = people }, { id = id(2), contributors = { { email = ANN, roles = { MANAGER } } } } } }
    local path = review()
    access.decide(path, function(row) return row.who == "contributor" and row.site_id == id(1) and "remove" or nil end)
    return path
  end

  local function count() return #server:contributors(id(1)) end

  it("do not keep others from their turn, once such a call has acted", function()
    local path = crowd()
    server:fault{ operation = "contributors.remove_contributor", status = 403, after = 1, times = 4 }
    local done = assert(apply(path, { concurrency = 1 }))
    assert.same({ nil, 4, 4, 4 }, { done.stopped, done.as_wanted, done.otherwise, count() })
    contains(done, "4 of 8 changes were made, 4 refused; of these 4 were looked at again and are so, 4 are not")
    server:fault{ operation = "contributors.remove_contributor", status = 403, times = 3 } -- in a run before it has acted
    done = assert(apply(path, { concurrency = 1 }))
    assert.same({ nil, 1 }, { done.stopped, done.as_wanted })
  end)

  it("end the run where none has acted, and come last the next time", function()
    local path = crowd()
    server:fault{ operation = "contributors.remove_contributor", status = 403, times = 3 }
    local done = assert(apply(path, { concurrency = 1 }))
    assert.same({ "forbidden", 8 }, { done.stopped.kind, count() })
    contains(done, "0 of 8 changes were made, 3 refused, 5 not tried; none was looked at again, since it was stopped.")
    local refused = {}
    for _, request in ipairs(server:requests{ operation = "contributors.remove_contributor" }) do
      refused[request.body:match('"accountId":"([^"]+)"')] = true
    end
    contains(ledger:status(), "Interrupted: access " .. path:match("[^/]*$") .. " of ", ", 3 done, 5 left; the same call looks anew, "
      .. "and goes on")
    server:requests_clear()
    assert.equal(8, assert(apply(path, { concurrency = 1 })).as_wanted)
    for i, request in ipairs(server:requests{ operation = "contributors.remove_contributor" }) do
      assert.equal(i > 5, refused[request.body:match('"accountId":"([^"]+)"')] == true)
    end
    assert.same({}, ledger:status().plans)
  end)

  it("are told as made where it could not be looked again", function()
    local path = crowd()
    server:fault{ operation = "sites.query_sites", status = 400, after = 1 }
    local done = assert(apply(path))
    assert.equal("rejected", done.stopped.kind)
    contains(done, "8 changes made; of these 0 were looked at again and are so, 0 are not, 8 could not be seen.")
  end)

  it("are gone on with under another name, and not under one that ends alike", function()
    local path = crowd()
    local short = path
    path = short .. " x.csv"
    files[#files + 1] = path
    assert(os.rename(short, path))
    server:fault{ operation = "contributors.remove_contributor", status = 401, after = 2, times = "always" }
    local done = assert(apply(path, { concurrency = 1 }))
    contains(done, "2 of 8 changes were made, 6 not tried")
    server:faults_clear()
    local other = review()
    decide(other, account[ANN], "remove", 2)
    assert(os.rename(other, short))
    assert(apply(short))
    assert.equal(1, #ledger:status().plans)
    files[#files + 1] = path .. ".renamed.csv"
    assert(os.rename(path, path .. ".renamed.csv"))
    done = assert(apply(path .. ".renamed.csv"))
    assert.same({ 6, {} }, { done.as_wanted, ledger:status().plans })
  end)

  it("are told apart from what is so in one reading of the plan", function()
    local changes, asked, runs = require "wixum.ledger.changes", 0, 0
    local list, rows = {}, {}
    for i = 1, 1000 do
      list[i] = { kind = "remove_contributor", site_id = id(1), account_id = tostring(i) }
      rows[i] = { id = i, kind = "remove_contributor", site_id = id(1), account_id = tostring(i + 999) }
    end
    changes.settle({ transaction = function(_, fn) return fn() end, run = function() runs = runs + 1 end, all = function()
      asked = asked + 1
      return rows
    end }, "access", "x", list, "now")
    assert.same({ 1, 1 }, { asked, runs })
  end)
end)

describe("a file that is a link #pure", function()
  it("is written where it leads to, and stays one", function()
    local own = command.new{ seed = 1, sites = { { id = id(1), name = "One" } },
      members = { { email = "adm@example.com" } } }
    finally(function() own:close() end)
    local run = require("spec.support.here").run
    run(("cd %s && mkdir share && : > share/real.csv && ln -s share/real.csv link.csv && ln -s share/new.csv new.csv "
      .. "&& ln -s no/x.csv bad.csv"):format(own.folder))
    own:done("access", "--csv", "link.csv")
    own:done("access", "--csv", "new.csv")
    contains(own:read "share/real.csv", "who,email")
    contains(own:read "share/new.csv", "who,email")
    contains(run(("cd %s && readlink link.csv new.csv"):format(own.folder)), "share/real.csv", "share/new.csv")
    contains(own:fails(2, "access", "--csv", "bad.csv"), "is a link that leads nowhere")
    contains(own:fails(2, "access", "--lua", "x.lua", "--roles", "known"), "--lua needs the roles that people have")
    own:done("access", "--lua", "t.lua", "--site", "One")
    own:write("some.lua", (own:read("t.lua"):gsub("[^\n]*everywhere = true, user[^\n]*\n", "")))
    contains(own:fails(1, "access", "apply", "some.lua"), "1 beside the table", "adm@example.com")
    contains(own:fails(1, "--quiet", "access", "apply", "some.lua"), "adm@example.com")
    contains(own:done("access", "apply", "t.lua"), "Asking who is on 1 site of the table: at least 5 calls")
  end)
end)
