-- What a hostile reader found in reviews of access: nobody loses what nobody decided, and nothing is told that is not so.

local access = require "spec.support.access"
local command = require "spec.support.command"
local database = require "wixum.ledger.database"
local here = require "spec.support.reviews"
local support = require "spec.support.ledger"

local ANN, BOB, CEM, EMP, DAN = "ann@example.com", "bob@example.com", "cem@example.com", "emp@example.com", "dan@example.com"
local MANAGER, DESIGNER_ID = "Website Manager", "6600412800113080102"
local contains, id = access.contains, access.id

before_each(here.open)
after_each(here.close)

-- ---- what is so by now -----------------------------------------------------------------------------------------------

describe("a review that is older than what is known #pure", function()
  it("is not applied to an account that is known as somebody else's by now", function()
    here.start()
    local his = here.join(3, BOB)
    local path = here.review()
    here.decide(path, his, "remove", 3)
    assert(here.ledger:plan({ { site_id = id(3), email = "carla@example.com", role = MANAGER } }, { client = here.wix }))
    assert(here.ledger:send(here.wix))
    assert(here.ledger:confirm{ email = "carla@example.com", site_id = id(3), account_id = his })
    here.server:requests_clear()
    local done = assert(here.apply(path))
    assert.same({ 0, 0 }, { done.total, here.changing() })
    contains(done.plan.conflicts, "carla@example.com on Three: the line says bob@example.com, and the account is "
      .. "known as carla@example.com's now")
  end)

  it("nor to one that nobody knew and somebody knows now, nor where a sheet was sorted by half", function()
    here.start()
    local path = here.review()
    here.decide(path, here.account[ANN], "remove", 1)
    do
      local db <close> = database.open(here.desk.path)
      db:run("INSERT INTO accounts (account_id, person, email, site_id, said_at) VALUES (?, ?, ?, ?, '')",
        here.account[ANN], ANN, ANN, id(1))
    end
    contains(assert(here.apply(path)).plan.conflicts, "the line says nobody, and the account is known as ann@example.com's now")
    path = here.review()
    here.decide(path, here.account[CEM], "remove")
    here.edit(path, function(list) for _, row in ipairs(list) do row.email = row.decision ~= "" and EMP or row.email end end)
    here.server:requests_clear()
    contains(assert(here.apply(path)).plan.conflicts,
      "account " .. here.account[CEM] .. " on Two: the line says emp@example.com, and nobody knows")
    here.edit(path, function(list)
      for _, row in ipairs(list) do
        row.decision = row.who == "member" and row.email == EMP and "remove" or ""
        if row.decision ~= "" then row.email = "adm@example.com" end
      end
    end)
    contains(assert(here.apply(path)).plan.conflicts, "the line says adm@example.com, and the user is known as emp@example.com's now")
    assert.equal(0, here.changing())
  end)

  it("keeps to whom it was decided about, where the team told whose the account is and has lost her on the way", function()
    here.start()
    local own = here.wix:with{ site_id = id(2) }
    assert(own.site_invites.bulk_invite{ policy_ids = { support.ROLE.id }, emails = { EMP } })
    local hers = assert(here.server:accept(here.server:invites{ email = EMP }[1])).accepted_by_account_id
    local path = here.review()
    access.decide(path, function(row) return row.email == EMP and "remove" or nil end)
    here.server:fault{ operation = "contributors.remove_contributor", status = 401 }
    assert.equal("unauthenticated", assert(here.apply(path)).stopped.kind)
    assert.same({}, here.server:members{ email = EMP })
    local done = assert(here.apply(path))
    assert.same({ 1, 1, {} }, { done.total, done.as_wanted, done.plan.conflicts })
    assert.is_nil(here.on(2)[hers])
    local db <close> = database.open(here.desk.path)
    assert.equal(EMP, db:one("SELECT email FROM changes WHERE kind = 'remove_contributor' ORDER BY id DESC").email)
  end)

  it("removes nobody who came anew since", function()
    here.start()
    local his = here.join(3, DAN)
    local path = here.review()
    here.decide(path, his, "remove", 3)
    assert.equal(1, assert(here.apply(path)).as_wanted)
    here.desk:days(31)
    assert(here.ledger:retry{ email = DAN })
    assert(here.ledger:send(here.wix))
    assert(here.server:accept(here.server:invites{ email = DAN, status = "Pending" }[1]))
    assert(here.ledger:check(here.wix))
    here.server:requests_clear()
    local done = assert(here.apply(path))
    assert.same({ 0, 0 }, { done.total, here.changing() })
    contains(done.plan.conflicts, DAN .. " on Three: came (again) after this review")
    access.decide(path, function(row) return row.email == EMP and "remove" or nil end)
    here.edit(path, function(list)
      for _, row in ipairs(list) do row.since = row.email == EMP and "on 2020-01-01T00:00:00Z" or row.since end
    end)
    contains(assert(here.apply(path, { dry_run = true })).plan.conflicts, EMP .. " on Bäckerei: came (again) after this review")
    here.without(path, "since")
    contains(assert(here.apply(path, { dry_run = true })).plan, "The file has no column since")
  end)

  it("says where the cell does not tell who came anew, since a spreadsheet has emptied or spoilt it", function()
    here.start()
    local his = here.join(3, DAN)
    local path = here.review()
    here.decide(path, his, "remove", 3)
    local note = "The cell since says no moment, and who has gone and come again after the review is not told apart there: line 3."
    assert.is_nil(tostring(assert(here.apply(path, { dry_run = true })).plan):find("The cell since", 1, true))
    for _, cell in ipairs{ "", "before yesterday" } do
      here.edit(path, function(list) for _, row in ipairs(list) do row.since = cell end end)
      contains(assert(here.apply(path, { dry_run = true })).plan.notes, note)
    end
  end)

  it("says of nobody that they are gone before the site has said so", function()
    here.start()
    local body = ('{"sites":[{"id":"%s","displayName":"One","ownerAccountId":"%s","contributorAccountIds":["%s"]}],'
      .. '"metadata":{"hasNext":false}}'):format(id(1), here.server.account_id, here.account[ANN])
    local path = here.review()
    here.decide(path, here.account[BOB], "remove", 1)
    here.server:fault{ operation = "sites.query_sites", times = "always", status = 200, body = body }
    here.server:fault{ operation = "contributors.remove_contributor", status = 200, body = "{}", acts = false } -- says so, and does nothing
    local done = assert(here.apply(path))
    assert.same({ 1, 0, 1 }, { done.total, done.as_wanted, done.otherwise })
    assert.truthy(here.on(1)[here.account[BOB]])
    done = assert(here.apply(path))
    assert.same({ 1, 1 }, { done.total, done.as_wanted })
    assert.is_nil(here.on(1)[here.account[BOB]])
    contains(assert(here.apply(path)).plan.nothing, "gone already")
    here.server:fault{ operation = "contributors.query_site_contributors", status = 403 }
    contains(assert(here.apply(path)).plan.conflicts,
      "the account's list of sites has them no more, and the site does not say who is on it")
  end)

  it("leaves alone who is on a site that does not say which roles they have, and goes on with the others", function()
    here.start()
    local path = here.review()
    here.decide(path, here.account[BOB], "remove", 1)
    here.decide(path, here.account[CEM], "remove", 2)
    here.server:fault{ operation = "contributors.query_site_contributors", status = 403, times = 1 }
    local done = assert(here.apply(path))
    assert.same({ 1, 1, 1 }, { done.total, done.as_wanted, #done.plan.conflicts })
    contains(done.plan.conflicts, "the site does not say which roles people have")
    here.server:fault{ operation = "contributors.query_site_contributors", status = 403, times = "always" }
    local none, err = here.apply(path)
    assert.same({ nil, "forbidden" }, { none, err.kind })
  end)

  it("of a table neither, and tells what asking costs", function()
    here.start()
    local body = ('{"sites":[{"id":"%s","displayName":"One","ownerAccountId":"%s","contributorAccountIds":["%s"]}],'
      .. '"metadata":{"hasNext":false}}'):format(id(1), here.server.account_id, here.account[ANN])
    here.server:fault{ operation = "sites.query_sites", times = "always", status = 200, body = body }
    local cost
    local done = assert(here.compare({ { site_id = id(1), account_id = here.account[ANN], roles = "any" },
      { site_id = id(1), email = EMP, roles = "any" } }, { on_cost = function(told) cost = told end }))
    contains(done.plan, "takes account " .. here.account[BOB] .. " off One")
    assert.same({ stage = "table", sites = 1, calls = 5, seconds = 0 }, cost)
  end)
end)

-- ---- what a spreadsheet makes of it ----------------------------------------------------------------------------------

describe("a review's columns #pure", function()
  it("are refused where two pass for one of ours", function()
    here.start()
    for _, header in ipairs{ "Decision", "Account_ID", " DECISION " } do
      local path = here.review()
      here.edit(path, function(list, columns)
        columns[#columns + 1] = header
        for _, row in ipairs(list) do row[header] = row.account_id == here.account[ANN] and "remove" or "" end
      end)
      contains(here.refusal(path), "has two columns", header:match("%S+"))
    end
  end)

  it("compare roles by their titles where the ids are missing, and are refused without both", function()
    here.start()
    local path = here.review()
    here.decide(path, here.account[CEM], "remove")
    here.without(path, "role_ids")
    assert.equal(1, #assert(here.apply(path, { dry_run = true })).plan.changes)
    assert(here.wix:with{ site_id = id(2) }.contributors.change_role{ account_id = here.account[CEM],
      new_roles = { { role_id = support.ROLE.id } } })
    here.server:requests_clear()
    contains(assert(here.apply(path)).plan.conflicts, "the roles are Website Manager now, and were Website Designer")
    here.edit(path, function(list) for _, row in ipairs(list) do row.roles = row.decision ~= "" and "Blumengießer" or row.roles end end)
    contains(here.refusal(path), 'column "roles"', "the account has no role Blumengießer now")
    here.without(path, "roles")
    contains(here.refusal(path), "has neither the column role_ids nor roles")
    path = here.review()
    here.without(path, "email")
    contains(here.refusal(path), "has no column email")
  end)

  it("are kept with what somebody has written beside ours", function()
    here.start()
    for _, change in ipairs{
      function(list, columns)
        for i, name in ipairs(columns) do if name == "signature" then columns[i] = "Unterschrift" end end
        for _, row in ipairs(list) do row.Unterschrift = "M. Muster" end
      end,
      function(list, columns)
        columns[#columns + 1] = "Bemerkung"
        for _, row in ipairs(list) do row.Bemerkung = "may stay" end
      end } do
      local path = here.review()
      here.edit(path, change)
      local before = support.read(path)
      local none, err = here.ledger:access(here.wix, { csv = path })
      assert.same({ nil, before }, { none, support.read(path) })
      contains(err, "somebody has worked on it; it stays as it is")
    end
  end)

  it("take a role that is called as a decision by its id alone", function()
    here.start{ roles = { { id = "7000000000000000001", title = "Remove" } } }
    local path = here.review()
    here.decide(path, here.account[CEM], "remove")
    contains(here.refusal(path), "the account has a role of this title: write [remove] to remove, or [7000000000000000001] for the role")
    here.decide(path, here.account[CEM], "[7000000000000000001]")
    contains(assert(here.apply(path, { dry_run = true })).plan, "gives account " .. here.account[CEM] .. " on Two: Remove, in place of")
    here.decide(path, here.account[CEM], "[remove]")
    contains(assert(here.apply(path, { dry_run = true })).plan, "takes account " .. here.account[CEM] .. " off Two")
  end)

  it("are not compared by roles that nobody asked for", function()
    here.start()
    local his = here.join(3, DAN)
    assert(here.wix:with{ site_id = id(3) }.contributors.change_role{ account_id = his, new_roles = { { role_id = DESIGNER_ID } } })
    local path = here.review{ roles = "known" }
    here.decide(path, his, "remove", 3)
    assert.equal(1, #assert(here.apply(path, { dry_run = true })).plan.changes)
    local ok, problem = pcall(here.ledger.access, here.ledger, here.wix, { roles = "known", lua = here.file(".lua") })
    assert.is_false(ok)
    contains(problem, "needs the roles that people have")
  end)

  it("say who still reaches a site by the team", function()
    here.start()
    local hers = here.join(1, EMP)
    local path = here.review()
    here.decide(path, hers, "remove", 1)
    contains(assert(here.apply(path, { dry_run = true })).plan, EMP .. " is in the team too, and still reaches Bäckerei by it: Bäckerei")
    access.decide(path, function(row) return row.email == EMP and "remove" or nil end)
    assert.is_nil(tostring(assert(here.apply(path, { dry_run = true })).plan):find("in the team too", 1, true))
  end)
end)

describe("a comparison with an earlier review #pure", function()
  it("tells of no roles that were not known, and of no other service", function()
    here.start()
    local path = here.review()
    for _, given in ipairs{ { roles = "known" }, {} } do
      if not given.roles then here.server:fault{ operation = "contributors.query_site_contributors", status = 403 } end
      local found = assert(here.ledger:access(here.wix, { since = path, roles = given.roles, concurrency = 1 }))
      assert.same({ new = 0, gone = 0, roles = 0 }, found.compared)
      assert.is_true(found.uncompared > 0)
      contains(found, "the roles were not compared: on one side they are unknown, as invited, or without their column")
    end
    assert(here.wix:with{ site_id = id(2) }.contributors.change_role{ account_id = here.account[CEM],
      new_roles = { { role_id = support.ROLE.id } } })
    local known = here.review{ roles = "known" }
    assert.equal(0, assert(here.ledger:access(here.wix, { since = known })).compared.roles)
    for _, names in ipairs{ { "roles" }, { "role_ids" } } do
      local copy = here.file(".csv", support.read(path))
      here.without(copy, table.unpack(names))
      local found = assert(here.ledger:access(here.wix, { since = copy }))
      assert.same({ 1, 0 }, { found.compared.roles, found.uncompared })
    end
    here.without(path, "roles", "role_ids")
    assert.equal(0, assert(here.ledger:access(here.wix, { since = path })).compared.roles)
    here.edit(path, function(list) for _, row in ipairs(list) do row.service = "https://www.wixapis.com" end end)
    local none, err = here.ledger:access(here.wix, { since = path })
    assert.is_nil(none)
    contains(err, ":2: the earlier review is of the service https://www.wixapis.com")
  end)
end)

-- ---- what is made of it ----------------------------------------------------------------------------------------------

describe("changes that the service refuses #pure", function()
  local function crowd()
    local people = {}
    for i = 1, 8 do people[i] = { email = ("p%d@example.com"):format(i), roles = { MANAGER } } end
    here.start{ sites = { { id = id(1), contributors = people }, { id = id(2), contributors = { { email = ANN, roles = { MANAGER } } } } } }
    local path = here.review()
    access.decide(path, function(row) return row.who == "contributor" and row.site_id == id(1) and "remove" or nil end)
    return path
  end

  local function count() return #here.server:contributors(id(1)) end

  it("do not keep others from their turn, once such a call has acted", function()
    local path = crowd()
    here.server:fault{ operation = "contributors.remove_contributor", status = 403, after = 1, times = 4 }
    local done = assert(here.apply(path, { concurrency = 1 }))
    assert.same({ nil, 4, 4, 4 }, { done.stopped, done.as_wanted, done.otherwise, count() })
    contains(done, "4 of 8 changes were made, 4 refused; of these 4 were looked at again and are so, 4 are not")
    here.server:fault{ operation = "contributors.remove_contributor", status = 403, times = 3 } -- in a run before it has acted
    done = assert(here.apply(path, { concurrency = 1 }))
    assert.same({ nil, 1 }, { done.stopped, done.as_wanted })
  end)

  it("end the run where none has acted, and come last the next time", function()
    local path = crowd()
    here.server:fault{ operation = "contributors.remove_contributor", status = 403, times = 3 }
    local done = assert(here.apply(path, { concurrency = 1 }))
    assert.same({ "forbidden", 8 }, { done.stopped.kind, count() })
    contains(done, "0 of 8 changes were made, 3 refused, 5 not tried; none was looked at again, since it was stopped.")
    local refused = {}
    for _, request in ipairs(here.server:requests{ operation = "contributors.remove_contributor" }) do
      refused[request.body:match('"accountId":"([^"]+)"')] = true
    end
    contains(here.ledger:status(), ", 3 done, 5 left; `wixum access apply " .. path:match("[^/]*$") .. "`, where that file is, looks anew")
    here.server:requests_clear()
    assert.equal(8, assert(here.apply(path, { concurrency = 1 })).as_wanted)
    for i, request in ipairs(here.server:requests{ operation = "contributors.remove_contributor" }) do
      assert.equal(i > 5, refused[request.body:match('"accountId":"([^"]+)"')] == true)
    end
    assert.same({}, here.ledger:status().plans)
  end)

  it("are told as made where it could not be looked again", function()
    local path = crowd()
    here.server:fault{ operation = "sites.query_sites", status = 400, after = 1 }
    local done = assert(here.apply(path))
    assert.equal("rejected", done.stopped.kind)
    contains(done, "8 changes made; of these 0 were looked at again and are so, 0 are not, 8 could not be seen.")
  end)

  it("are gone on with under another name, and not under one that ends alike", function()
    local path = crowd()
    local short = path
    path = short .. " x.csv"
    here.files[#here.files + 1] = path
    assert(os.rename(short, path))
    here.server:fault{ operation = "contributors.remove_contributor", status = 401, after = 2, times = "always" }
    local done = assert(here.apply(path, { concurrency = 1 }))
    contains(done, "2 of 8 changes were made, 6 not tried")
    here.server:faults_clear()
    local other = here.review()
    here.decide(other, here.account[ANN], "remove", 2)
    assert(os.rename(other, short))
    assert(here.apply(short))
    assert.equal(1, #here.ledger:status().plans)
    here.files[#here.files + 1] = path .. ".renamed.csv"
    assert(os.rename(path, path .. ".renamed.csv"))
    done = assert(here.apply(path .. ".renamed.csv"))
    assert.same({ 6, {} }, { done.as_wanted, here.ledger:status().plans })
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
