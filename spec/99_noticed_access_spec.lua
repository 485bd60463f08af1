-- What would go wrong unnoticed: what applying a review or a table, the team and the command that withdraws do that no other spec missed
-- when it was taken out.

local access = require "spec.support.access"
local changes = require "wixum.ledger.changes"
local command = require "spec.support.command"
local database = require "wixum.ledger.database"
local here = require "spec.support.reviews"
local support = require "spec.support.ledger"

local ANN, BOB, EMP, DAN = "ann@example.com", "bob@example.com", "emp@example.com", "dan@example.com"
local MANAGER, DESIGNER = "Website Manager", "Website Designer"
local contains, id = access.contains, access.id

before_each(here.open)
after_each(here.close)

local function change(statement, ...)
  local db <close> = database.open(here.desk.path)
  db:run(statement, ...)
end

local function one(statement, ...)
  local db <close> = database.open(here.desk.path)
  return db:one(statement, ...)
end

local function requests(operation) return #here.server:requests{ operation = operation } end

-- The site's own page of the dashboard: somebody is taken off, or let in, without the ledger.
local function take_off(number, account)
  local own <close> = here.wix:with{ site_id = id(number) }
  assert(own.contributors.remove_contributor{ account_id = account })
end

local function let_in(number, email)
  local own <close> = here.wix:with{ site_id = id(number) }
  local sent = assert(own.site_invites.bulk_invite{ policy_ids = { support.ROLE.id }, emails = { email } })
  return assert(here.server:accept(sent.invites[1])).accepted_by_account_id
end

-- Decisions by a function of the row.
local function review(decide)
  local path = here.review()
  access.decide(path, decide)
  return path
end

local function remove_from(number, account)
  return function(row) return row.who == "contributor" and row.account_id == account and row.site_id == id(number) and "remove" or nil end
end

-- Yes, and the service is gone: what comes now has certainly not been sent.
local function yes_without_service()
  local now = here.server:now()
  function here.server.now() return now end -- by which the ledger goes
  here.server:stop()
  return true
end

describe("what became of a change #pure", function()
  it("is otherwise where a role is missing, or one is too many", function()
    for _, roles in ipairs{ { { MANAGER }, { MANAGER, "Blog Writer" } }, { { MANAGER, "Blog Writer" }, { MANAGER } } } do
      here.start{ members = {}, sites = { { id = id(1), contributors = { { email = ANN, roles = roles[1] } } }, { id = id(2) } } }
      here.server:fault{ operation = "contributors.change_role", status = 200, body = "{}", acts = false }
      local account = here.server:contributors(id(1))[1].account_id
      local done = assert(here.compare({ { site_id = id(1), account_id = account, roles = roles[2] } }, { apply = true }))
      assert.same({ 1, 0, 1, 1 }, { done.total, done.as_wanted, done.otherwise, #done.wrong })
    end
  end)

  it("is taken for done where it is so, and it was under way; what never left is dropped", function()
    here.start()
    local list, rows = {}, { { "unknown" }, { "planned", "put back" }, { "planned" }, { "done" }, { "done", nil, "otherwise" },
      { "failed", "refused" } }
    for i = 1, #rows do list[i] = { kind = "remove_contributor", site_id = id(1), account_id = tostring(i), words = "takes off" } end
    local db <close> = database.open(here.desk.path)
    local plan = changes.plan(db, "access", "x 00", list, "2025-01-01T00:00:00Z")
    for i, row in ipairs(rows) do
      db:run("UPDATE changes SET state = ?, reason = ?, seen = ? WHERE id = ?", row[1], row[2], row[3], i)
    end
    changes.settle(db, "access", "x 00", list, "2025-01-02T00:00:00Z")
    changes.supersede(db, "access", "x 00", "2025-01-02T00:00:00Z")
    local states = {}
    for i, row in ipairs(changes.rows(db, plan)) do states[i] = row.state .. " " .. (row.seen or "unseen") end
    assert.same({ "done as_wanted", "done as_wanted", "dropped unseen", "done as_wanted", "done otherwise", "failed unseen" }, states)
  end)

  it("is told by its exit status, where the service says yes and does nothing", function()
    local commands = command.new{ sites = { { id = id(1), name = "One", contributors = { { email = ANN, roles = { MANAGER } } } } } }
    finally(function() commands:close() end)
    commands:done("access", "--csv", "r.csv")
    access.decide(commands.folder .. "/r.csv", function(row) return row.who == "contributor" and MANAGER .. "; Blog Writer" or nil end)
    commands.server:fault{ operation = "contributors.change_role", status = 200, body = "{}", acts = false }
    contains(commands:fails(1, "access", "apply", "r.csv"), "of these 0 were looked at again and are so, 1 are not")
  end)
end)

describe("a removal #pure", function()
  it("that the service says it has made, and has not, leaves the invite accepted", function()
    here.start()
    local account = here.join(3, DAN)
    here.server:fault{ operation = "contributors.remove_contributor", status = 200, body = "{}", acts = false }
    local done = assert(here.apply(review(remove_from(3, account))))
    assert.same({ 1, "accepted" }, { done.otherwise, here.desk:row(DAN).state })
  end)

  it("that was not sent has not been seen, and is told as what is not as wanted", function()
    here.start()
    local path = review(function(row) return row.who == "contributor" and row.site_id == id(1) and "remove" or nil end)
    local hasty <close> = here.server:client{ rate = false, retries = 0 }
    local done = assert(here.ledger:apply_access(hasty, { file = path, ask = yes_without_service }))
    assert.same({ 2, 0, 0, 2, 2 }, { done.total, done.as_wanted, done.otherwise, done.unseen, #done.wrong })
    assert.same({ "planned", "unseen", nil }, { done.wrong[1].state, done.wrong[1].seen, done.stopped })
  end)

  it("that was not sent when somebody was to be withdrawn leaves their access: that is told, and why", function()
    here.start()
    here.join(3, DAN)
    local hasty <close> = here.server:client{ rate = false, retries = 0 }
    local done = assert(here.ledger:withdraw(hasty, { email = DAN, site_id = id(3), ask = yes_without_service }))
    assert.same({ "open", nil, nil, 1 }, { done.outcome, done.seen, done.stopped, done.removed.put_back })
    contains(done.reason, "onnect")
    contains(done.reason, "onnect")
    assert.equal("accepted", here.desk:row(DAN).state)
  end)

  it("of which the look afterwards failed is settled by the next run", function()
    here.start()
    local path = review(remove_from(1, here.account[ANN]))
    here.server:fault{ operation = "sites.query_sites", status = 403, after = 1 }
    assert.equal("forbidden", assert(here.apply(path)).stopped.kind)
    assert.is_nil(one("SELECT ended_at FROM plans").ended_at)
    assert.equal("nothing", assert(here.apply(path)).outcome)
    assert.equal("as_wanted", one("SELECT seen FROM changes").seen)
  end)

  it("of an account that is gone already says nothing of an invite of somebody else's", function()
    here.start()
    local account = here.join(3, DAN)
    local path = review(remove_from(3, account))
    take_off(3, account)
    here.edit(path, function(list) for _, row in ipairs(list) do row.email = row.decision == "remove" and BOB or row.email end end)
    local done = assert(here.apply(path))
    assert.same({ "nothing", "accepted" }, { done.outcome, here.desk:row(DAN).state })
    here.edit(path, function(list) for _, row in ipairs(list) do row.email = row.decision == "remove" and DAN or row.email end end)
    assert(here.apply(path))
    assert.equal("revoked", here.desk:row(DAN).state)
  end)
end)

describe("what a review decides of a member #pure", function()
  it("is not taken for done where their roles are others by now", function()
    here.start()
    local path = review(function(row) return row.email == EMP and DESIGNER or nil end)
    here.server:fault{ operation = "users.update_team_member_assignments", status = 503 }
    local hasty <close> = here.server:client{ rate = false, retries = 0 }
    assert(here.ledger:apply_access(hasty, { file = path }))
    assert.equal("unknown", one("SELECT state FROM changes").state)
    local emp = here.server:members{ email = EMP }[1]
    assert(here.wix.users.update_team_member_assignments{ user_id = emp.id, assignment_ids_to_remove = { emp.assignments[1].assignment_id },
      new_assignments = { { policy_id = "6600412800113080109", restrictions = { site = { id = id(1) } } } } })
    contains(assert(here.apply(path)).plan.conflicts, "the roles are Blog Writer now, and were Website Manager when it was decided")
    assert.equal("dropped", one("SELECT state FROM changes").state)
  end)

  it("is left alone where they had no roles, and have some now", function()
    here.start{ members = { { email = EMP, assignments = {} } } }
    local path = review(function(row) return row.email == EMP and "remove" or nil end)
    assert.equal(1, assert(here.apply(path, { dry_run = true })).total)
    assert(here.wix.users.update_team_member_assignments{ user_id = here.server:members{ email = EMP }[1].id,
      new_assignments = { { policy_id = support.ROLE.id } }, assignment_ids_to_remove = {} })
    contains(assert(here.apply(path)).plan.conflicts, "the roles are Website Manager now, and were")
  end)

  it("names roles that there are, each of them", function()
    here.start()
    local path = review(function(row) return row.email == EMP and DESIGNER .. "; Nonsense" or nil end)
    contains(here.refusal(path), "Nonsense")
  end)

  it("can be done about the account of a role of a site that is called Owner, and their leaving too", function()
    for i = 1, 2 do
      here.start{ roles = { { title = "Owner", id = "7000000000000000001" } },
        members = { { email = EMP, roles = { "7000000000000000001" }, site_id = id(1) } } }
      for _, row in ipairs(assert(here.ledger:access(here.wix)).rows) do assert.is_falsy(row.email == EMP and row.fixed) end
      if i == 1 then assert.is_true(assert(here.ledger:leaver(here.wix, EMP, { apply = true })).is_clean)
      else assert.equal(1, assert(here.apply(review(function(row) return row.email == EMP and "remove" or nil end))).as_wanted) end
      assert.same({}, here.server:members{ email = EMP })
    end
  end)
end)

describe("who stands in a review as a member too #pure", function()
  local NOTE = "is in the team too, and "

  -- What is noted where somebody who is in the team is taken off a site, and the member's row is changed like this.
  local function noted(number, edit)
    local path = review(function(row)
      return row.who == "contributor" and row.email == EMP and row.site_id == id(number) and "remove" or nil
    end)
    here.edit(path, function(list) for _, row in ipairs(list) do if row.who == "member" and row.email == EMP then edit(row) end end end)
    local done = assert(here.apply(path, { dry_run = true }))
    return table.concat(done.plan.notes, "\n"):find(NOTE, 1, true) ~= nil
  end

  it("is told to reach the site by the team: there, or everywhere, and with a role that stays", function()
    here.start()
    for i = 1, 2 do let_in(i, EMP) end
    local function as_it_is() end
    assert.is_true(noted(1, as_it_is))
    assert.is_false(noted(2, as_it_is))
    assert.is_true(noted(2, function(row) row.site_id = "" end))
    assert.is_false(noted(1, function(row) row.roles = "(none)" end))
    assert.is_false(noted(1, function(row) row.who = "invited" end))
    assert.is_false(noted(1, function(row) row.changes = "gone" end))
    assert.is_false(noted(1, function(row) row.decision = "remove" end))
  end)

  it("needs no decision where the service gives no id of theirs", function()
    here.start()
    local path = here.review()
    local function plan() return assert(here.apply(path, { dry_run = true })).plan end
    local before = plan()
    here.edit(path, function(list) for _, row in ipairs(list) do if row.email == EMP then row.user_id = "x1" end end end)
    local after = plan()
    assert.same({ before.undecided - 1, before.undecidable + 1 }, { after.undecided, after.undecidable })
  end)
end)

describe("whose an account is by now #pure", function()
  -- Emp's account on the third site, as the team tells it; and a review that takes it off.
  local function of_emp()
    here.start()
    local account = let_in(3, EMP)
    return review(remove_from(3, account)), account
  end

  it("is asked of the team once, and only where the ledger does not bear the file out", function()
    local path = of_emp()
    here.server:requests_clear()
    assert.equal(1, assert(here.apply(path, { dry_run = true })).total)
    local once = requests "users.search_team"
    access.decide(path, function(row) return row.email == EMP and "remove" or nil end)
    here.server:requests_clear()
    assert.equal(2, assert(here.apply(path, { dry_run = true })).total)
    assert.equal(once, requests "users.search_team")
  end)

  it("is left open where the key may not read the team; what else goes wrong is told", function()
    local path = of_emp()
    here.server:fault{ operation = "users.search_team", status = 403 }
    contains(assert(here.apply(path)).plan.conflicts, "the line says emp@example.com, and nobody knows by now whose the account is")
    here.server:fault{ operation = "users.search_team", status = 401 }
    local none, err = here.apply(path)
    assert.same({ nil, "unauthenticated" }, { none, err.kind })
  end)

  it("is no answer where it used the invites of several people, though its user was taken out of the team", function()
    local _, account = of_emp()
    for i, email in ipairs{ ANN, BOB } do
      assert(here.ledger:plan({ { site_id = id(i), email = email, role = MANAGER } }, { client = here.wix }))
      change("UPDATE invites SET state = 'accepted', evidence = 'told', account_id = ?, mails = 1 WHERE email = ?", account, email)
    end
    local path = review(remove_from(3, account))
    for _, row in ipairs((access.read(path))) do if row.account_id == account then assert.equal("unclear", row.evidence) end end
    local member = review(function(row) return row.who == "member" and row.email == EMP and "remove" or nil end)
    assert.equal(1, assert(here.apply(member)).as_wanted)
    local done = assert(here.apply(path))
    assert.same({ 1, {} }, { done.as_wanted, done.plan.conflicts })
  end)
end)

describe("a file #pure", function()
  it("is a table by the end of its name, in whatever letters", function()
    here.start()
    local text = ("return { account_id = %q, service = %q, rows = { { site_id = %q, nobody = true } } }"):format(here.server.account_id,
      here.server.base_url, id(2))
    local done = assert(here.apply(here.file(".LUA", text)))
    assert.same({ "planned", 2 }, { done.outcome, #done.plan.changes })
  end)

  it("that decides about an invite is told the command that takes it back, while it may be open", function()
    here.start()
    assert(here.ledger:plan({ { site_id = id(3), email = DAN, role = MANAGER } }, { client = here.wix }))
    assert(here.ledger:send(here.wix))
    local path = review(function(row) return row.who == "invited" and "remove" or nil end)
    for _, state in ipairs{ "pending", "unknown", "sending" } do
      change("UPDATE invites SET state = ?", state)
      contains(here.refusal(path), "`wixum withdraw dan@example.com --site " .. id(3))
    end
    change "UPDATE invites SET state = 'revoked'"
    contains(here.refusal(path), "the ledger's to this site is over by now")
  end)
end)

describe("the team #pure", function()
  local function invite(given)
    local all = { email = DAN, role = MANAGER, everywhere = true }
    for name, value in pairs(given or {}) do all[name] = value end
    return assert(here.ledger:team_invite(here.wix, all))
  end

  it("has not been left by all where an answer has open invites alone", function()
    here.start{ account_invites = { { email = "new@example.com" } } }
    here.server:fault{ operation = "users.search_team", status = 200,
      body = '{"teamMembers":[{"invite":{"id":"21111111-2222-4333-8444-555555555555","email":"new@example.com","status":"Pending"}}]}' }
    here.server:fault{ operation = "users.search_team", status = 200, body = '{"teamMembers":[]}' }
    local none, err = here.ledger:team(here.wix)
    assert.same({ nil, "protocol" }, { none, err.kind })
    contains(err.message, "the answer has nobody in the team")
  end)

  it("is shown without settling what another process may be sending", function()
    here.start()
    invite()
    change "UPDATE team_invites SET state = 'sending', step = 'invite'"
    invite{ email = "una@example.com", dry_run = true }
    assert.same({ state = "sending", step = "invite" }, one "SELECT state, step FROM team_invites")
    invite{ email = "una@example.com" }
    assert.equal("unknown", one("SELECT state FROM team_invites WHERE email = ?", DAN).state)
  end)

  it("is invited to once by each address, and not by one of which nobody knows what became", function()
    here.start()
    assert.equal(1, invite{ email = { DAN, "Dan@Example.com" }, dry_run = true }.total)
    here.server:fault{ operation = "account_invites.create_invite", status = 503, times = "always" }
    assert.equal(1, invite().unknown)
    here.server:faults_clear()
    local done = invite()
    assert.same({ 0, 0, DAN }, { done.total, #here.server:outbox(), done.refused[1].email })
    contains(done.refused[1].reason, "an invite is unknown already")
  end)

  it("lets nobody in by an invite that was refused", function()
    here.start{ members = {} }
    here.server:fault{ operation = "account_invites.create_invite", status = 400 }
    assert.equal(1, invite().failed)
    assert(here.wix.account_invites.create_invite{ subjects_assignments = { require("wixum.assignments").invitee{ email = DAN,
      role = support.ROLE.id, everywhere = true } } })
    assert(here.server:accept(here.server:invites{ email = DAN }[1])) -- by one of the dashboard
    assert.equal("accepted", assert(here.ledger:team(here.wix)).invites[1].state)
    here.join(3, "una@example.com")
    assert.equal("accepted", here.desk:row("una@example.com").state)
  end)
end)

describe("whose the accounts of a leaver are #pure", function()
  it("is told as unseen where one site does not say it; where none of several does, it is the key", function()
    here.start{ members = { { email = ANN } }, sites = { { id = id(1), contributors = { { email = BOB } } }, { id = id(2) } } }
    here.server:fault{ operation = "contributors.query_site_contributors", status = 403 }
    local found = assert(here.ledger:leaver(here.wix, ANN))
    assert.same({ 1, "forbidden" }, { #found.unseen, found.forbidden.kind })
    let_in(2, DAN)
    here.server:fault{ operation = "contributors.query_site_contributors", status = 403, times = 2 }
    local none, err = here.ledger:leaver(here.wix, ANN)
    assert.same({ nil, "forbidden" }, { none, err.kind })
    contains(err.message, "no site says who can reach it")
  end)

  it("is to be decided where it was said long ago, or by a clock that was put back since, and nobody can be asked", function()
    here.start{ members = { { email = ANN } }, sites = { { id = id(1), contributors = { { email = ANN } } }, { id = id(2) } } }
    local account = here.account[ANN]
    assert.equal(2, assert(here.ledger:leaver(here.wix, ANN)).removals)
    here.server:fault{ operation = "contributors.query_site_contributors", status = 403, times = "always" }
    for _, moment in ipairs{ "2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z" } do
      change("UPDATE account_owners SET seen_at = ? WHERE account_id = ?", moment, account)
      contains(assert(here.ledger:leaver(here.wix, ANN)).decide[1].text, account .. " was theirs at " .. moment)
    end
  end)
end)

describe("the command that withdraws #pure", function()
  local commands
  before_each(function()
    commands = command.new{ sites = { { id = id(1), name = "Shop" } } }
    commands:write("c.csv", "site,email,role", "Shop," .. ANN .. "," .. MANAGER, "Shop," .. BOB .. "," .. MANAGER)
    commands:done("invite", "c.csv")
  end)
  after_each(function() commands:close() end)

  local function accept(email) return assert(commands.server:accept(commands.server:invites{ email = email }[1])).accepted_by_account_id end

  it("says of an invite that is revoked who may be in by it all the same", function()
    local account = accept(BOB)
    contains(commands:done("withdraw", ANN, "--site", "Shop"), "The invite of ann@example.com to Shop is revoked",
      "somebody joined by this invite or by another: " .. account)
  end)

  it("says why an invite could not be revoked, be the account taken off or not", function()
    commands.server:fault{ operation = "site_invites.revoke_invite", status = 400, times = "always" }
    contains(commands:fails(1, "withdraw", ANN, "--site", "Shop"), "the invite could not be revoked: the service answered 400")
  end)

  it("says where to look, where it could not be seen whether somebody is gone", function()
    accept(ANN)
    commands.server:fault{ operation = "sites.query_sites", status = 403, after = 2 }
    contains(commands:run("withdraw", ANN, "--site", "Shop", "--account", accept(BOB)), "whether they are gone could not be seen: look at")
  end)
end)
