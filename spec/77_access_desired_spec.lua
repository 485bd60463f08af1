-- A table of who may reach what, beside what is so: drift, and what repairs it; what such a file may hold.

local access = require "spec.support.access"
local support = require "spec.support.ledger"

local ANN, BOB, CEM, EMP = "ann@example.com", "bob@example.com", "cem@example.com", "emp@example.com"
local MANAGER, DESIGNER = "Website Manager", "Website Designer"
local FOREIGN, contains, id = access.FOREIGN, access.contains, access.id

local desk, ledger, wix, server, files, account

local function file(ending, content)
  files[#files + 1] = support.temporary(content, ending)
  return files[#files]
end

before_each(function()
  files = {}
  desk, account = access.desk()
  ledger, wix, server = desk.ledger, desk.wix, desk.server
end)
after_each(function()
  for _, name in ipairs(files) do os.remove(name) end
  desk:close()
end)

local function on(number) return access.on(server, id(number)) end

local function changing() return access.changing(server) end

describe("a table of who may reach what #pure", function()
  local table_path

  before_each(function()
    table_path = file(".lua")
    assert(ledger:access(wix, { lua = table_path }))
  end)

  local function edit(pattern, replacement)
    local text, count = support.read(table_path):gsub(pattern, replacement)
    assert(count > 0, pattern)
    table_path = file(".lua", text)
  end

  local function compare(given)
    local all = { file = table_path }
    for name, value in pairs(given or {}) do all[name] = value end
    return ledger:apply_access(wix, all)
  end

  it("tells no drift where there is none, in one line a row, and touches nothing", function()
    local text = support.read(table_path)
    assert.truthy(text:find(('    { site_id = "%s", site = "Bäckerei", account_id = "%s", roles = { "Website Manager" } },\n')
      :format(id(1), account[ANN]), 1, true), text)
    assert.is_nil(text:find("Owner\"", 1, true) and text:find("owner@example.com", 1, true))
    local done = assert(compare())
    assert.same({ "planned", 0, {}, {}, 0 }, { done.outcome, done.total, done.plan.conflicts, done.plan.missing, changing() })
    contains(done.plan, "No drift", "1 site of the account is not in the table: not looked at, and not touched.")
  end)

  it("reports who is not in it, who is missing, and other roles; and with apply repairs what can be", function()
    edit("[^\n]*" .. account[BOB]:gsub("%p", "%%%0") .. "[^\n]*\n", "-- Bob has left\n")
    edit('(account_id = "' .. account[CEM]:gsub("%p", "%%%0") .. '".-){ "[^"]*" }', '%1{ "Blog Writer" }')
    edit('(email = "emp@example.com".-){ "[^"]*" }', '%1{ "Website Designer", "Blog Writer" }')
    edit('rows = {\n', ('rows = {\n    { site_id = "%s", account_id = "%s", roles = "any" },\n'):format(id(1), account[CEM]))
    local done = assert(compare())
    assert.same({ "planned", 3, 1, 0 }, { done.outcome, done.total, #done.plan.missing, changing() })
    contains(done.plan, "Drift: 1 person is to be removed, 2 are to get other roles, 1 missing", "takes account " .. account[BOB],
      "is not there: `wixum invite` invites")
    done = assert(compare{ apply = true })
    assert.same({ "done", 3, 3 }, { done.outcome, done.total, done.as_wanted })
    assert.same({ [account[ANN]] = MANAGER }, on(1))
    assert.same({ [account[ANN]] = DESIGNER, [account[CEM]] = "Blog Writer" }, on(2))
    assert.equal(2, #server:members{ email = EMP }[1].assignments)
    done = assert(compare{ apply = true })
    assert.same({ "nothing", 1 }, { done.outcome, #done.plan.missing })
  end)

  it("never touches a site that is not in it, nor the whole account unless it lists that", function()
    local given = { account_id = server.account_id, service = server.base_url, rows = {
      { site_id = id(2), account_id = account[ANN], roles = { DESIGNER } } } }
    local done = assert(ledger:apply_access(wix, { desired = given, apply = true }))
    assert.same({ 1, 1 }, { done.total, done.as_wanted })
    assert.same({ [account[ANN]] = DESIGNER }, on(2))
    assert.equal(2, #server:contributors(id(1)))
    assert.equal(3, #server:members())
    given.rows = { { everywhere = true, email = EMP, roles = { "Account Admin (Co-Owner)" } } }
    done = assert(ledger:apply_access(wix, { desired = given, apply = true }))
    assert.same({ 2, 2, {} }, { done.total, done.as_wanted, server:members{ email = "adm@example.com" } })
    local emp = server:members{ email = EMP }[1] -- and the role on a site, which is not in the table, stays
    assert.equal(2, #emp.assignments)
    assert.equal("owner@example.com", server:members()[1].email)
  end)

  it("leaves the owner of a site alone, in the table or not, and the ledger's own account", function()
    local given = { account_id = server.account_id, service = server.base_url, rows = {
      { site_id = id(1), account_id = account[BOB], roles = "any" } } }
    assert(server:transfer(id(1), ANN))
    assert.truthy(on(1)[server.account_id]) -- it stays as a contributor
    local done = assert(ledger:apply_access(wix, { desired = given, apply = true }))
    assert.same({ "done", 1, {} }, { done.outcome, done.total, done.plan.conflicts }) -- the member, who has a role on this site
    assert.equal(2, #server:contributors(id(1)))
  end)

  it("knows people by their addresses where the ledger is certain of one account", function()
    assert(ledger:plan({ { site_id = id(2), email = "dan@example.com", role = MANAGER } }, { client = wix }))
    assert(ledger:send(wix))
    assert(server:accept(server:invites{ email = "dan@example.com" }[1]))
    assert(ledger:check(wix))
    local given = { account_id = server.account_id, service = server.base_url, rows = {
      { site_id = id(2), account_id = account[ANN], roles = "any" }, { site_id = id(2), account_id = account[CEM], roles = "any" },
      { site_id = id(2), email = "Dan@example.com", roles = { MANAGER } }, { site_id = id(1), email = EMP, roles = { MANAGER } },
      { site_id = id(1), account_id = account[ANN], roles = "any" }, { site_id = id(1), account_id = account[BOB], roles = "any" } } }
    local done = assert(ledger:apply_access(wix, { desired = given }))
    assert.same({ 0, {} }, { done.total, done.plan.missing })
    contains(done.plan, "the table, row 3: Dan@example.com is account ", ": the only invite by which the new account can have come.")
    given.rows[3].email = BOB
    local none, problems = ledger:apply_access(wix, { desired = given })
    assert.is_nil(none)
    contains(problems, "the table, row 3: the ledger knows no account that is certainly this person's")
    local db <close> = require("wixum.ledger.database").open(desk.path)
    given.rows[3].email = "dan@example.com"
    db:run("UPDATE invites SET evidence = 'role'") -- what another's change of roles would make wrong is not certain
    none, problems = ledger:apply_access(wix, { desired = given })
    assert.is_nil(none)
    contains(problems, "certainly this person's")
    db:run("UPDATE invites SET evidence = 'told'")
    db:run("INSERT INTO accounts (account_id, person, email, site_id, said_at) VALUES (?, 'dan@example.com', 'dan@example.com', ?, '')",
      "abcdef01-0000-4000-8000-00000000000e", id(1))
    assert.equal(0, assert(ledger:apply_access(wix, { desired = given })).total) -- the one that is on this site
    given.rows[#given.rows + 1] = { site_id = id(3), email = "dan@example.com", roles = "any" }
    none, problems = ledger:apply_access(wix, { desired = given })
    assert.is_nil(none)
    contains(problems, "the table, row 7: the ledger knows several accounts of this person")
  end)

  it("tells of a missing one who is invited, and of open invites", function()
    assert(ledger:plan({ { site_id = id(2), email = "dan@example.com", role = MANAGER } }, { client = wix }))
    assert(ledger:send(wix))
    edit('rows = {\n', ('rows = {\n    { site_id = "%s", account_id = "%s", email = "dan@example.com", roles = "any" },\n'):format(id(2),
      FOREIGN))
    assert(wix.users.remove_member{ user_id = server:members{ email = EMP }[1].id })
    local done = assert(compare())
    contains(done.plan, "emp@example.com on Bäckerei: is not in the team: only an invite to it brings them")
    contains(done.plan, "dan@example.com on " .. id(2) .. ": is invited, and has not accepted", "1 open invite to these sites")
  end)

  it("is refused with words where it is empty, of others, misspelt or no data", function()
    local head = ("return { account_id = %q, service = %q, "):format(server.account_id, server.base_url)
    local row = ("{ site_id = %q, account_id = %q, roles = { %q } }"):format(id(1), account[ANN], MANAGER)
    for content, words in pairs{
      ["while true do end"] = "it does not come to an end", ["local s = 'x' while true do s = s .. s end"] = "it fills the memory",
      ["local function f() f() end f()"] = "it calls itself", ["return os.exit()"] = "global 'os'",
      ["return ('x'):rep(9)"] = "index a string",
      ["return {"] = "it is no Lua table", [string.dump(function() return {} end)] = "it is no Lua table",
      ["return 7"] = "it gives no table",
      [""] = "it cannot be read, or is empty",
      [head .. "rows = {} }"] = "rows is empty", [head .. "}"] = "rows is no list",
      [head .. "row = {}, rows = { " .. row .. " } }"] = "no field \"row\"",
      ["return { account_id = '" .. FOREIGN .. "', service = '" .. server.base_url .. "', rows = { " .. row .. " } }"] = "account_id is",
      [head:gsub("http://", "https://") .. "rows = { " .. row .. " } }"] = "service is",
      [head .. "rows = { " .. row:gsub('{ "[^"]*" }', "{}") .. " } }"] = "its list of roles is empty",
      [head .. "rows = { " .. row:gsub(', roles = { "[^"]*" }', "") .. " } }"] = "it has no roles",
      [head .. "rows = { " .. row:gsub(MANAGER, "Manager of all") .. " } }"] = 'there is no role "Manager of all"',
      [head .. "rows = { " .. row:gsub('{ "[^"]*" }', "{ 6600412800113080101 }") .. " } }"] = "an id is written in quotes",
      [head .. "rows = { " .. row:gsub("roles", "role") .. " } }"] = 'did you mean "roles"',
      [head .. "rows = { " .. row:gsub("roles", "user_id = '" .. FOREIGN .. "', roles") .. " } }"] = "say one of the two",
      [head .. "rows = { " .. row:gsub("{ ", "{ everywhere = true, ", 1) .. " } }"] = "more than one place",
      [head .. "rows = { " .. row .. ", " .. row:gsub(MANAGER, DESIGNER) .. " } }"] = "row 1 says other roles of the same person",
    } do
      table_path = file(".lua", content)
      server:requests_clear()
      local none, problems = compare{ apply = true }
      assert.is_nil(none)
      contains(problems, words)
      assert.equal(0, changing())
    end
    assert.equal("x", ("x"):rep(1)) -- strings have their methods again
  end)
end)
