-- What a review's decisions change, and everything that stands against them.

local access = require "spec.support.access"
local database = require "wixum.ledger.database"
local support = require "spec.support.ledger"

local ANN, BOB, CEM, EMP = "ann@example.com", "bob@example.com", "cem@example.com", "emp@example.com"
local MANAGER, DESIGNER = "Website Manager", "Website Designer"
local FOREIGN, contains, id = access.FOREIGN, access.contains, access.id

local desk, ledger, wix, server, path, files, account

local function start(options)
  if desk then desk:close() end
  desk, account = access.desk(options)
  ledger, wix, server = desk.ledger, desk.server:client{ rate = false, retries = 0 }, desk.server
end

local function file(ending, content)
  files[#files + 1] = support.temporary(content, ending)
  return files[#files]
end

before_each(function()
  files = {}
  start()
  path = file(".csv")
  assert(ledger:access(wix, { csv = path }))
end)
after_each(function()
  for _, name in ipairs(files) do os.remove(name) end
  wix:close()
  desk:close()
  desk = nil
end)

-- Decisions by who and where: { [ANN .. " " .. id(1)] = "remove" }, of members by their addresses.
local function decide(decisions, options)
  local used = {}
  access.decide(path, function(row)
    local who = row.email
    for email, one in pairs(account) do if row.account_id == one then who = email end end
    local key = row.who == "member" and who or who .. " " .. row.site_id
    used[key] = decisions[key]
    return decisions[key]
  end, options)
  for key in pairs(decisions) do assert(used[key], "nobody is " .. key) end
end

local function apply(given)
  local all = { file = path }
  for name, value in pairs(given or {}) do all[name] = value end
  return ledger:apply_access(wix, all)
end

local function on(number) return access.on(server, id(number)) end

local function changing() return access.changing(server) end

describe("decisions #pure", function()
  it("remove who is to be removed, change the roles of who gets others, and nobody else; as German Excel saved them", function()
    decide{ [ANN .. " " .. id(1)] = "remove", [BOB .. " " .. id(1)] = " website  DESIGNER; Blog writer ", [ANN .. " " .. id(2)] = "Keep",
      [EMP] = DESIGNER }
    local shown
    local done = assert(apply{ on_plan = function(plan) shown = tostring(plan) end })
    assert.same({ "done", 3, 3, 0, 0, {} }, { done.outcome, done.total, done.as_wanted, done.otherwise, done.unseen, done.wrong })
    assert.same({ [account[BOB]] = "Blog Writer; Website Designer" }, on(1))
    assert.same({ [account[ANN]] = DESIGNER, [account[CEM]] = DESIGNER }, on(2))
    local emp = server:members{ email = EMP }[1]
    assert.same({ 1, "6600412800113080102", id(1) }, { #emp.assignments, emp.assignments[1].policy_id,
      emp.assignments[1].restrictions.site.id })
    contains(shown, "1 person is to be removed, 2 people are to get other roles", "takes account " .. account[ANN] .. " off Bäckerei",
      "in place of Website Manager", "1 to keep; 2 without a decision")
    local again = assert(apply())
    assert.same({ "nothing", 0, 3 }, { again.outcome, again.total, changing() })
    contains(again.plan.nothing, "gone already", "has these roles already")
  end)

  it("change nothing where they are to be shown alone, or the answer is no", function()
    decide{ [ANN .. " " .. id(1)] = "remove" }
    assert.equal("planned", assert(apply{ dry_run = true }).outcome)
    local asked
    assert.equal("asked", assert(apply{ ask = function(plan)
      asked = plan
      return false
    end }).outcome)
    assert.same({ 1, 0 }, { #asked.changes, changing() })
    local db <close> = database.open(desk.path)
    assert.equal(0, math.tointeger(db:one("SELECT count(*) AS n FROM changes").n))
  end)

  it("read only the sites that they are about", function()
    decide{ [CEM .. " " .. id(2)] = "remove", [ANN .. " " .. id(1)] = "keep" }
    server:requests_clear()
    assert(apply())
    -- two looks, at the roles twice, the call itself, and the site whether he is gone; no team
    assert.same({ ["sites.query_sites"] = 2, ["users.get_roles_info"] = 1, ["contributors.query_site_contributors"] = 3,
      ["contributors.remove_contributor"] = 1 }, access.calls(server))
    decide{ [CEM .. " " .. id(2)] = "keep" }
    server:requests_clear()
    assert.equal("nothing", assert(apply()).outcome)
    assert.same({ ["users.get_roles_info"] = 1 }, access.calls(server))
  end)

  it("keep every step, and the row of the invite", function()
    assert(ledger:plan({ { site_id = id(3), email = "dan@example.com", role = MANAGER } }, { client = wix }))
    assert(ledger:send(wix))
    assert(server:accept(server:invites{ email = "dan@example.com" }[1]))
    assert(ledger:check(wix))
    os.remove(path)
    assert(ledger:access(wix, { csv = path }))
    decide{ ["dan@example.com " .. id(3)] = "remove" }
    assert(apply())
    local db <close> = database.open(desk.path)
    local plan, change = db:one("SELECT * FROM plans"), db:one("SELECT * FROM changes")
    assert.same({ "access", true, true }, { plan.kind, plan.subject:find(path:match("[^/]*$"), 1, true) == 1, plan.ended_at ~= nil })
    assert.same({ "remove_contributor", id(3), "dan@example.com", "only_candidate", "done", "as_wanted" }, { change.kind, change.site_id,
      change.email, change.evidence, change.state, change.seen })
    local call = db:one("SELECT * FROM calls WHERE operation = 'contributors.remove_contributor'")
    assert.same({ id(3), "dan@example.com", "done" }, { call.site_id, call.people, call.outcome })
    assert.same({ "revoked", "had accepted, and was removed" }, { desk:row("dan@example.com").state,
      desk:row("dan@example.com").reason })
    db:run("UPDATE invites SET state = 'accepted'") -- as a process leaves it that died after the removal
    assert.equal("nothing", assert(apply()).outcome)
    assert.equal("revoked", desk:row("dan@example.com").state)
  end)

  it("tell by which invite somebody who is removed could come back", function()
    local dan = "dan@example.com"
    assert(ledger:plan({ { site_id = id(3), email = dan, role = MANAGER } }, { client = wix }))
    assert(ledger:send(wix))
    assert(server:accept(server:invites{ email = dan }[1]))
    assert(ledger:check(wix))
    os.remove(path)
    assert(ledger:access(wix, { csv = path }))
    decide{ [dan .. " " .. id(3)] = "remove" }
    local db <close> = database.open(desk.path)
    db:run("UPDATE invites SET state = 'pending'") -- invited once more
    contains(assert(apply{ dry_run = true }).plan,
      dan .. " has an open or planned invite to Three, and could come back by it: wixum withdraw " .. dan)
  end)

  it("leave alone whose roles were changed meanwhile, and tell who is gone", function()
    decide{ [ANN .. " " .. id(1)] = "remove", [BOB .. " " .. id(1)] = DESIGNER, [CEM .. " " .. id(2)] = MANAGER,
      [ANN .. " " .. id(2)] = MANAGER, [EMP] = "remove" }
    local function role(number, email, title)
      local role_id = title == MANAGER and support.ROLE.id or "6600412800113080103"
      assert(wix:with{ site_id = id(number) }.contributors.change_role{ account_id = account[email],
        new_roles = { { role_id = role_id } } })
    end
    role(1, ANN, "Back Office Manager")
    role(1, BOB, "Back Office Manager")
    role(2, CEM, MANAGER)
    assert(wix:with{ site_id = id(2) }.contributors.remove_contributor{ account_id = account[ANN] })
    local emp = server:members{ email = EMP }[1]
    assert(wix.users.update_team_member_assignments{ user_id = emp.id, assignment_ids_to_remove = {}, new_assignments = {
      { policy_id = "6600412800113080102", restrictions = { site = { id = id(1) } } } } })
    server:requests_clear()
    local done = assert(apply())
    assert.same({ "nothing", 0, 3, 2 }, { done.outcome, changing(), #done.plan.conflicts, #done.plan.nothing })
    contains(done.plan.conflicts,
      "account " .. account[ANN] .. " on Bäckerei: the roles are Back Office Manager now, and were Website Manager",
      account[BOB], EMP)
    contains(done.plan.nothing, account[CEM] .. " on Two: has these roles already", "gone already: roles come with an invite")
  end)

  it("take no site for one that is there, and do not remove who owns it by now", function()
    decide{ [ANN .. " " .. id(1)] = "remove", [CEM .. " " .. id(2)] = "remove" }
    assert(server:transfer(id(1), ANN))
    assert(server:transfer(id(2), "else@example.com", true))
    local done = assert(apply())
    assert.same({ "nothing", 0 }, { done.outcome, changing() })
    contains(done.plan.conflicts, "the site is theirs now", "the account's list does not have the site")
  end)

  it("of a member take away what was decided, and the member where nothing is left", function()
    start{ members = { { email = EMP, assignments = {
      { policy_id = support.ROLE.id, restrictions = { site = { id = id(1) } } },
      { policy_id = support.ROLE.id, restrictions = { site = { id = id(2) } } } } }, { email = "adm@example.com" } } }
    assert(ledger:access(wix, { csv = path }))
    access.decide(path, function(row)
      return row.email == "adm@example.com" and "remove" or row.email == EMP and row.site_id == id(2) and "remove" or nil
    end)
    local done = assert(apply())
    assert.same({ 2, 2 }, { done.total, done.as_wanted })
    assert.same({}, server:members{ email = "adm@example.com" })
    local emp = server:members{ email = EMP }[1]
    assert.same({ 1, id(1) }, { #emp.assignments, emp.assignments[1].restrictions.site.id })
    os.remove(path)
    assert(ledger:access(wix, { csv = path }))
    decide{ [EMP] = "remove" }
    assert.equal(1, assert(apply()).as_wanted)
    assert.same({}, server:members{ email = EMP })
  end)

  it("are told what the service refused, and what could not be seen", function()
    decide{ [ANN .. " " .. id(1)] = "remove", [BOB .. " " .. id(1)] = DESIGNER }
    server:fault{ operation = "contributors.remove_contributor", status = 403 }
    server:fault{ operation = "contributors.change_role", status = 500, times = "always" }
    local done = assert(apply{ concurrency = 1 })
    assert.same({ 2, 0, 2 }, { done.total, done.as_wanted, done.otherwise })
    contains(done, "it was looked at again, and is not so")
    server:faults_clear()
    server:fault{ operation = "sites.query_sites", status = 500, after = 1, times = "always" }
    done = assert(apply())
    assert.same({ "server", 0 }, { done.stopped.kind, done.as_wanted })
    server:faults_clear()
    done = assert(apply())
    assert.same({ "nothing", 2 }, { done.outcome, #done.plan.nothing })
    server:fault{ operation = "contributors.query_site_contributors", status = 401, times = "always" }
    local none, err = apply()
    assert.same({ nil, "unauthenticated" }, { none, err.kind })
  end)

  it("remove nobody where it could not be seen what is so", function()
    decide{ [ANN .. " " .. id(1)] = "remove", [CEM .. " " .. id(2)] = "remove" }
    server:fault{ operation = "contributors.query_site_contributors", status = 403, times = "always" }
    local none, err = apply()
    assert.same({ nil, "forbidden", 0 }, { none, err.kind, changing() })
  end)

  it("of a member with other roles by now change nothing, and take away what was given twice", function()
    decide{ [EMP] = DESIGNER }
    local emp = server:members{ email = EMP }[1]
    local function give(role_id, removed)
      assert(wix.users.update_team_member_assignments{ user_id = emp.id, assignment_ids_to_remove = removed or {},
        new_assignments = { { policy_id = role_id, restrictions = { site = { id = id(1) } } } } })
    end
    give "6600412800113080103"
    contains(assert(apply()).plan.conflicts, "the roles are Back Office Manager; Website Manager now")
    local given = server:members{ email = EMP }[1].assignments
    give("6600412800113080102", { given[1].assignment_id, given[2].assignment_id })
    give "6600412800113080102"
    assert.equal(2, #server:members{ email = EMP }[1].assignments)
    assert.equal(1, assert(apply()).as_wanted)
    assert.equal(1, #server:members{ email = EMP }[1].assignments)
  end)

  it("leave the account's owner alone, whatever the file says", function()
    local list, columns = access.read(path)
    for _, row in ipairs(list) do
      if row.email == "owner@example.com" then row.decision, row.role_ids = "remove", "" end
    end
    access.write(path, list, columns)
    contains(assert(apply()).plan.conflicts, "owner@example.com on (whole account): the account's owner cannot be removed")
    assert.equal(0, changing())
  end)

  it("leave nothing open of what nobody knew, once it is so", function()
    decide{ [EMP] = DESIGNER, [ANN .. " " .. id(1)] = "remove" }
    server:fault{ operation = "users.update_team_member_assignments", status = 500 }
    assert.same({ 1, 1 }, { assert(apply()).otherwise, #server:members{ email = EMP }[1].assignments })
    assert.same({ 1, 1 }, { assert(apply()).as_wanted, #server:members{ email = EMP }[1].assignments })
    local db <close> = database.open(desk.path)
    local states = {}
    for row in db:rows("SELECT state FROM changes ORDER BY id") do states[#states + 1] = row.state end
    table.sort(states)
    assert.same({ "done", "done", "dropped" }, states)
    assert.is_nil(db:one("SELECT id FROM plans WHERE ended_at IS NULL"))
  end)

  it("raise what the database says while it is looked again", function()
    local aftermath = require "wixum.ledger.aftermath"
    local owner = { db = { run = function() error("the disk is full", 0) end }, now = function() return "now" end }
    local ok, problem = pcall(aftermath.look, owner, wix, { { id = 1, kind = "change_role", state = "done", site_id = id(1),
      account_id = account[ANN], detail = { roles = { support.ROLE.id } } } }, { support.ROLE.id })
    assert.same({ false, "the disk is full" }, { ok, problem })
  end)

  it("say nothing twice that adds: what became of it is seen in the team", function()
    decide{ [EMP] = DESIGNER }
    server:fault{ operation = "users.update_team_member_assignments", status = 500, acts = true }
    local done = assert(apply())
    assert.same({ 1, 1 }, { done.total, done.as_wanted })
    local db <close> = database.open(desk.path)
    assert.same({ "done", "as_wanted" }, { db:one("SELECT state FROM changes").state, db:one("SELECT seen FROM changes").seen })
    assert.equal(1, #server:members{ email = EMP }[1].assignments)
    -- a process that died after it was sent
    db:run("UPDATE changes SET state = 'sending', step = 'change', seen = NULL")
    db:run("UPDATE plans SET ended_at = NULL")
    server:requests_clear()
    done = assert(apply())
    assert.same({ "nothing", 0, "done" }, { done.outcome, changing(), db:one("SELECT state FROM changes").state })
    assert.matches("the process that sent it ended", db:one("SELECT reason FROM calls WHERE outcome = 'unknown' ORDER BY id DESC").reason)
  end)
end)

describe("a file #pure", function()
  local function refused(...)
    server:requests_clear()
    local told = {}
    local none, problems = apply{ on_problem = function(problem) told[#told + 1] = tostring(problem) end }
    assert.is_nil(none)
    assert.equal(0, changing())
    assert.equal(#told, problems.count)
    contains(told, ...)
    return told
  end

  it("is named by its lines where anything stands against it, and then nothing happens", function()
    decide{ [ANN .. " " .. id(1)] = "remove", [BOB .. " " .. id(1)] = "x", [CEM .. " " .. id(2)] = "remvoe",
      [ANN .. " " .. id(2)] = "Account Admin (Co-Owner)", [EMP] = "6,6E+18", ["owner@example.com"] = "remove" }
    local list, columns = access.read(path)
    for _, row in ipairs(list) do if row.who == "owner" then row.decision = "remove" end end
    access.write(path, list, columns)
    local told = refused('there is no role "x"', "A decision is keep, remove, or the title of a role", 'did you mean "remove"?',
      "may not be given on a site", "made a number of this role id", "the owner of a site cannot be removed",
      "the account's owner cannot be removed")
    assert.equal(6, #told)
    for _, text in ipairs(told) do assert.matches("^" .. path:gsub("%p", "%%%0") .. ":%d+: column \"decision\": ", text) end
    assert.equal(2, #server:contributors(id(1)))
  end)

  it("decides nothing about what is no access, of others, or spoilt", function()
    local list, columns = access.read(path)
    local function with(change)
      local copy = {}
      for i, row in ipairs(list) do
        copy[i] = {}
        for name, value in pairs(row) do copy[i][name] = value end
      end
      change(copy)
      access.write(path, copy, columns)
    end
    local at
    for i, row in ipairs(list) do if row.account_id == account[ANN] and row.site_id == id(1) then at = i end end
    local function of_ann(values)
      return function(copy)
        copy[at].decision = "remove"
        for name, value in pairs(values) do copy[at][name] = value end
      end
    end
    for _, case in ipairs{
      { of_ann{ account_id = "1,23E+35" }, 'column "account_id": it is not an id' }, { of_ann{ site_id = "" }, 'column "site_id"' },
      { of_ann{ role_ids = "6,60041E+18" }, "rounded it" }, { of_ann{ role_ids = "6600412800113080000" }, "rounded it" },
      { of_ann{ who = "invited" }, "an open invite to the team" }, { of_ann{ who = "" }, "there is nobody to decide about" },
      { of_ann{ changes = "gone" }, "gone already" }, { of_ann{ account_id = server.account_id }, "the ledger's own account" },
      { of_ann{ who = "member", site = "(some sites)", site_id = "" }, "folders of sites" },
      { of_ann{ decision = "Owner" }, "ownership is transferred" }, { of_ann{ decision = " ; " }, "names no role" },
      { function(copy)
        of_ann{}(copy)
        copy[#copy + 1] = {}
        for name, value in pairs(copy[at]) do copy[#copy][name] = value end
        copy[#copy].decision = "keep"
      end, "line " .. at + 1 .. " decides otherwise" } } do
      with(case[1])
      refused(case[2])
    end
    for name, value in pairs{ account = FOREIGN, service = "https://www.wixapis.com" } do
      with(of_ann{ [name] = value })
      server:requests_clear()
      local none, err = apply()
      assert.same({ nil, "ledger", 0 }, { none, err.kind, changing() })
      contains(err.message, "this review is of another " .. name)
    end
    with(of_ann{ role_ids = "" }) -- then it is not compared
    assert.equal(1, #assert(apply{ dry_run = true }).plan.changes)
  end)

  it("must be a review", function()
    for content, words in pairs{ ["site,email\nx,y\n"] = "it has no column who", ["\xEF\xBB\xBF"] = "holds no rows" } do
      path = file(".csv", content)
      local none, err = apply()
      assert.same({ nil, "ledger" }, { none, err.kind })
      contains(err.message, words)
    end
    path = "/nowhere.csv"
    assert.is_nil((apply()))
    for _, case in ipairs{ { {}, "say either file or desired" }, { { file = path, desired = {} }, "say either" },
      { { desired = 7 }, "desired must be a table" }, { { file = path, aply = true }, "unknown option aply" } } do
      local ok, problem = pcall(function() return ledger:apply_access(wix, case[1]) end)
      assert.is_false(ok)
      assert.matches("77_access_apply_spec.lua:%d+: ledger:apply_access.*" .. case[2], problem)
    end
  end)
end)
