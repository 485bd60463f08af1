-- What answers of the service about the team led to once: invites that were taken for over, roles that were not counted, ids that are none;
-- and what a program was told by that is no function.

local access = require "spec.support.access"
local command = require "spec.support.command"
local database = require "wixum.ledger.database"
local here = require "spec.support.reviews"
local support = require "spec.support.ledger"

local ANN, TOM = "ann@example.com", "tom@example.com"
local OWNER = '{"user":{"id":"99999999-2222-4333-8444-555555555555","email":"owner@example.com",'
  .. '"assignments":[{"policyId":"6601492336091027458","assignmentId":"o"}]}}'
local USER = "11111111-2222-4333-8444-555555555555"
local ROLE = support.ROLE.id
local contains, id = access.contains, access.id

before_each(here.open)
after_each(here.close)

-- The service tells of the owner and of these, each time that the team is read.
local function tell(server, items, reads)
  server:faults_clear()
  for _ = 1, reads or 10 do
    for _, list in ipairs{ OWNER .. "," .. items, "" } do -- then the end of the pages
      server:fault{ operation = "users.search_team", status = 200, body = ('{"teamMembers":[%s]}'):format(list) }
    end
  end
end

local function team_is(items) tell(here.server, items) end

-- A member with roles, each a line of JSON.
local function member(roles, fields)
  return ('{"user":{%s,"email":"%s","assignments":[%s]}}'):format(fields or ('"id":"%s"'):format(USER), ANN, table.concat(roles, ","))
end

local function role_on(site, policy, assignment)
  return ('{%s"assignmentId":"%s","restrictions":{"site":{"id":"%s"}}}'):format(policy and ('"policyId":"%s",'):format(policy) or "",
    assignment, site)
end

local function invite(status)
  return ('{"invite":{"id":"21111111-2222-4333-8444-555555555555","email":"%s"%s,"assignments":[{"policyId":"%s"}]}}'):format(TOM,
    status and ',"status":' .. status or "", ROLE)
end

local function row_of(review, email)
  for _, row in ipairs(review.rows) do if row.email == email then return row end end
end

-- ---- invites ---------------------------------------------------------------------------------------------------------

describe("an invite to the team whose state is none that ends it #pure", function()
  local SAID = { [false] = "does not say its state", ['"PENDING"'] = "calls its state PENDING", ['"Sent\\u001b[2J"'] =
    "calls its state Sent\\x1B[2J", ["5"] = "does not say its state" }

  it("is open: it is told of a leaver and in a review, and not mailed again", function()
    here.start()
    for status, words in pairs(SAID) do
      team_is(invite(status))
      local found = assert(here.ledger:leaver(here.wix, TOM, { apply = true }))
      assert.same({ false, false }, { found.is_empty, found.is_clean })
      contains(found, ("an invite to the team may be open (the service %s), which no call can revoke"):format(words))
      assert.equal("invited", row_of(assert(here.ledger:access(here.wix)), TOM).who)
      local done = assert(here.ledger:team_invite(here.wix, { email = TOM, role = support.ROLE.title, sites = { id(1) } }))
      assert.same({ 0, { { email = TOM, reason = "is invited already" } } }, { done.total, done.refused })
    end
  end)

  it("and one whose answer was lost has been sent", function()
    here.start()
    here.server:fault{ operation = "account_invites.create_invite", reset = "after" }
    assert.equal(1, assert(here.ledger:team_invite(here.wix, { email = TOM, role = support.ROLE.title, sites = { id(1) } })).unknown)
    team_is(invite '"Sent"')
    assert.equal("pending", assert(here.ledger:team(here.wix)).invites[1].state)
  end)

  it("is over where the service says so", function()
    here.start()
    for _, status in ipairs{ "Used", "Deleted", "Declined", "Expired" } do
      team_is(invite('"' .. status .. '"'))
      assert.is_true(assert(here.ledger:leaver(here.wix, TOM)).is_empty)
      assert.is_nil(row_of(assert(here.ledger:access(here.wix)), TOM))
      assert.equal(1, assert(here.ledger:team_invite(here.wix,
        { email = TOM, role = support.ROLE.title, sites = { id(1) }, dry_run = true })).total)
    end
  end)
end)

describe("invites to the team that come back from a backup #pure", function()
  it("are as they were, but for those that may have been sent since", function()
    here.start()
    assert(here.ledger:team_invite(here.wix, { email = { TOM, "una@example.com" }, role = support.ROLE.title, sites = { id(1) } }))
    do
      local db <close> = database.open(here.desk.path)
      db:run("UPDATE team_invites SET state = 'planned', mails = 0 WHERE email = 'una@example.com'")
    end
    local backup = here.desk:file(".db")
    assert(here.ledger:backup(backup))
    local other, path = here.desk:another()
    assert(other:import(backup))
    other:close()
    local db <close> = database.open(path)
    assert.same({ { email = TOM, state = "pending", mails = 1 }, { email = "una@example.com", state = "unknown", mails = 1 } },
      db:all("SELECT email, state, mails FROM team_invites ORDER BY email"))
  end)
end)

-- ---- roles -----------------------------------------------------------------------------------------------------------

describe("a role of a member that cannot be read #pure", function()
  local NOBODY = { { site_id = id(2), nobody = true } }

  local function start()
    here.start{ sites = { { id = id(1), name = "One" }, { id = id(2), name = "Two" } }, members = { { email = ANN } } }
  end

  it("is one all the same: who has it is not removed from the team for another, nor changed in any way", function()
    start()
    for policy, shown in pairs{ [false] = "unknown", [""] = "unknown", ["a\\u0000b"] = "a\\x00b" } do
      team_is(member{ role_on(id(2), ROLE, "a1"), role_on(id(1), policy, "a2") })
      here.server:requests_clear()
      local done = assert(here.compare(NOBODY, { apply = true }))
      assert.same({ 0, 0 }, { done.total, here.changing() })
      contains(done.plan.conflicts, ("%s on Two: a role of theirs on %s cannot be read (%s)"):format(ANN, id(1), shown))
    end
    team_is(member{ role_on(id(2), ROLE, "a1"), role_on(id(1), ROLE, "a2") })
    local change = assert(here.compare(NOBODY)).plan.changes[1]
    assert.same({ "change_assignments", { "a1" } }, { change.kind, change.detail.remove })
    team_is(member{ role_on(id(2), ROLE, "a1") })
    assert.equal("remove_member", assert(here.compare(NOBODY)).plan.changes[1].kind)
  end)

  it("stands in a review, and what it decides of them is left alone", function()
    start()
    team_is(member{ role_on(id(1), ROLE, "a1"), role_on(id(1), "a\\u0000b", "a2") })
    local path = here.review()
    local row = row_of(assert(here.ledger:access(here.wix)), ANN)
    assert.same({ "Website Manager; a\\x00b", {} }, { row.roles, row.role_ids })
    access.decide(path, function(one) return one.email == ANN and "remove" or nil end)
    local done = assert(here.apply(path))
    assert.equal(0, done.total)
    contains(done.plan.conflicts, "a role of theirs on " .. id(1) .. " cannot be read (a\\x00b)")
    local table_path = here.file(".lua")
    assert(here.ledger:access(here.wix, { lua = table_path }))
    contains(support.read(table_path), 'roles = "any"')
  end)

  it("that has come meanwhile is none that was taken away", function()
    start()
    tell(here.server, member{ role_on(id(2), ROLE, "a1"), role_on(id(1), ROLE, "a2") }, 1)
    here.server:fault{ operation = "users.update_team_member_assignments", status = 200, body = '{"assignments":[]}', acts = false }
    for _, list in ipairs{ OWNER .. "," .. member{ role_on(id(1), ROLE, "a2"), role_on(id(1), false, "a3") }, "" } do
      here.server:fault{ operation = "users.search_team", status = 200, body = ('{"teamMembers":[%s]}'):format(list) }
    end
    local done = assert(here.compare(NOBODY, { apply = true }))
    assert.same({ 1, 1 }, { done.total, done.as_wanted })
  end)

  it("cannot be taken away where the service gives no id to do it by", function()
    start()
    for _, assignment in ipairs{ "", "b\\u0000" } do
      team_is(member{ role_on(id(2), ROLE, assignment), role_on(id(1), ROLE, "a2") })
      local done = assert(here.compare(NOBODY))
      assert.equal(0, done.total)
      contains(done.plan.conflicts, "the service gives no id by which the role could be taken away")
    end
  end)
end)

-- ---- ids -------------------------------------------------------------------------------------------------------------

describe("what the service gives in place of an id #pure", function()
  it("is shown, and leaves the rest of a review to be decided", function()
    here.start()
    local SITE = "a\\u0000b"
    for _, items in ipairs{ member({ role_on(id(1), ROLE, "a1") }, '"id":"a\\u0000b"'), member{ role_on(SITE, ROLE, "a1") },
      member({ role_on(id(1), ROLE, "a1") }, '"id":"no guid"') } do
      team_is(items)
      local path = here.review()
      local shown = 0
      access.decide(path, function(row)
        if row.email == ANN and (row.user_id == "a\\x00b" or row.user_id == "no guid" or row.site_id == "a\\x00b") then
          shown = shown + 1
          return "keep"
        end
        return row.who == "contributor" and row.account_id == here.account["cem@example.com"] and "remove" or nil
      end)
      local done = assert(here.apply(path, { dry_run = true }))
      assert.same({ 1, 1, 0 }, { shown, done.total, done.plan.keep })
      assert.is_true(row_of(assert(here.ledger:access(here.wix)), ANN).fixed)
      access.decide(path, function(row) return row.email == ANN and "remove" or nil end)
      contains(here.refusal(path), "it is not an id (8-4-4-4-12 hex digits)")
    end
  end)

  it("of a member is told of a leaver, and beside a table", function()
    here.start()
    for given, shown in pairs{ ['"id":"x1"'] = "x1", ['"id":true'] = "none", ['"id":{"a":1}'] = "none", ['"name":{}'] = "none" } do
      team_is(member({ role_on(id(2), ROLE, "a1") }, given))
      local found = assert(here.ledger:leaver(here.wix, ANN, { apply = true }))
      assert.same({ false, 0 }, { found.is_empty, #found.changes })
      contains(found, ("ann@example.com is in the team, and the service gives no id by which a call could remove them (%s)"):format(shown))
      local done = assert(here.compare{ { site_id = id(2), nobody = true } })
      contains(done.plan.conflicts, ("ann@example.com on %s: is in the team, and the service gives no id that a call could use (%s)")
        :format(id(2), shown))
      assert.equal("is in the team already", assert(here.ledger:team_invite(here.wix,
        { email = ANN, role = support.ROLE.title, sites = { id(1) } })).refused[1].reason)
    end
  end)

  it("is shown by the command, whatever stands there", function()
    local own = command.new{ sites = { { id = id(1), name = "One" } } }
    finally(function() own:close() end)
    own.server:fault{ operation = "users.get_roles_info", status = 200, times = "always",
      body = '{"predefinedRoles":[{"title":"x"},{"id":true},{"id":"9"}],"customRoles":[]}' }
    for status, state in pairs{ ["5"] = "invited", ["true"] = "invited", ['"Sent"'] = "sent" } do
      tell(own.server, member({ role_on(id(1), "9", "a1"), role_on(id(1), false, "a2") }, '"id":"x1"') .. "," .. invite(status))
      own.server:fault{ operation = "users.get_roles_info", status = 200, times = "always",
        body = '{"predefinedRoles":[{"title":"x"},{"id":true},{"id":"9"}],"customRoles":[]}' }
      local output = own:done("team", "list")
      assert.matches("ann@example.com +member +9 +" .. id(1):gsub("%-", "%%-") .. " .* x1", output)
      assert.matches("ann@example.com +member +unknown +", output)
      assert.matches("tom@example.com +" .. state .. " +", output)
    end
  end)

  it("is no reason for `who` to fail", function()
    here.start()
    for _, value in ipairs{ "true", '{"x":1}', "null", '"Shop\\u001b[2J"' } do
      here.server:fault{ operation = "users.search_team", status = 200, body = ('{"teamMembers":[%s]}'):format(member{
        ('{"policyId":"1","restrictions":{"site":{"id":"%s","value":%s}}}'):format(id(1), value) }) }
      contains(assert(here.ledger:who(ANN, { client = here.wix })),
        "the team: member, with roles on " .. (value:find "Shop" and "Shop\\x1B[2J" or id(1)))
    end
    here.server:fault{ operation = "users.search_team", status = 200, body = ('{"teamMembers":[%s]}'):format(invite '"Sent\\u001b[2J"') }
    contains(assert(here.ledger:who(TOM, { client = here.wix })), "the team: invited, Sent\\x1B[2J, with roles on the whole account")
    here.server:fault{ operation = "sites.query_sites", status = 200, body = '{"sites":[{"id":true}],"metadata":{"hasNext":false}}' }
    assert.truthy(require("wixum").doctor{ client = here.wix })
  end)
end)

-- ---- options ---------------------------------------------------------------------------------------------------------

describe("what a program wants to be told by #pure", function()
  it("is a function, or a mistake at its own line", function()
    here.start()
    local ledger, wix = here.ledger, here.wix
    for name, fn in pairs{
      ["ledger:access: on_cost"] = function() ledger:access(wix, { on_cost = 5 }) end,
      ["ledger:access: on_progress"] = function() ledger:access(wix, { on_progress = "x" }) end,
      ["ledger:apply_access: on_plan"] = function() ledger:apply_access(wix, { file = "x", on_plan = {} }) end,
      ["ledger:leaver: ask"] = function() ledger:leaver(wix, ANN, { apply = true, ask = true }) end,
      ["ledger:check: on_progress"] = function() ledger:check(wix, { on_progress = 5 }) end,
    } do
      local ok, problem = pcall(fn)
      assert.is_false(ok)
      assert.matches("spec/92_team_faults_spec%.lua:%d+: " .. name .. " must be a function, not a ", problem)
    end
    local callable, told = setmetatable({}, { __call = function() end }), false
    assert(ledger:access(wix, { on_cost = callable, on_progress = function() told = true end }))
    assert.is_true(told)
    ledger:team_invite(wix, { email = "emp@example.com", role = support.ROLE.title, everywhere = true,
      on_progress = function() error "nobody is to be invited" end })
    local ok, problem = pcall(ledger.team_invite, ledger, wix, { email = TOM, role = "x", everywhere = true, found = 5 })
    assert.is_false(ok)
    contains(problem, "ledger:team_invite: found is what a dry run answered")
  end)
end)
