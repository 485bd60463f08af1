-- What a leaver, the team and backups did wrong once.

local command = require "spec.support.command"
local database = require "wixum.ledger.database"
local support = require "spec.support.ledger"

local ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
local ROLE, CO_OWNER = support.ROLE.title, "6642345101181663232"

local desk, ledger, wix, server

local function start(options)
  if desk then desk:close() end
  desk = support.desk(options)
  ledger, wix, server = desk.ledger, desk.wix, desk.server
end

-- Ann in the team, and on two sites by her own account, without an invite of the ledger.
local function ann_everywhere(more)
  local sites = {}
  for i = 1, 2 do
    sites[i] = { id = ("%08d-2222-4333-8444-555555555555"):format(i), name = "Site " .. i, contributors = { { email = ANN } } }
  end
  for name, value in pairs(more or {}) do sites[2][name] = value end
  start{ members = { { email = ANN, roles = { support.ROLE.id } } }, sites = sites }
end

local function leaver(email, options) return assert(ledger:leaver(wix, email or ANN, options)) end
local function on_sites() return #server:contributors(desk.sites[1]) + #server:contributors(desk.sites[2]) end

describe("a leaver #pure", function()
  before_each(function() start() end)
  after_each(function()
    desk:close()
    desk = nil
  end)

  it("is told no command that would be refused, where the only candidate is somebody else's", function()
    desk:invite_to(BOB)
    local account = desk:accept(BOB)
    assert(ledger:check(wix))
    assert(ledger:confirm{ email = BOB, site_id = desk.sites[1], account_id = account })
    desk:invite_to(ANN, 2)
    desk:accept(ANN, 2, BOB) -- the link was passed on
    assert(ledger:check(wix))
    local found = leaver()
    local undo = ("wixum confirm %s --site %s --account %s --undo"):format(BOB, desk.sites[2], account)
    local text = ("Site 2: they may be account %s (%s's, as a person has said) there"):format(account, BOB)
    assert.same({ { text = text, command = undo } }, found.decide)
    assert.truthy(tostring(found):find("Once that is sure: " .. undo, 1, true), tostring(found))
  end)

  it("is known by the accounts still, once out of the team", function()
    ann_everywhere()
    server:fault{ operation = "contributors.remove_contributor", status = 403, times = 2 }
    local found = leaver(ANN, { apply = true })
    assert.same({ 1, 2, false, 2 }, { found.done.done, found.done.failed, found.is_clean, #found.left.changes })
    assert.is_nil(tostring(found):find("nothing is left", 1, true))
    server:fault{ operation = "contributors.remove_contributor", status = 401 }
    found = leaver(ANN, { apply = true })
    assert.equal("unauthenticated", found.stopped.kind)
    found = leaver(ANN, { apply = true })
    assert.is_string(found.interrupted_at)
    assert.same({ true, 0 }, { found.is_clean, on_sites() })
    found = leaver(ANN, { apply = true })
    assert.same({ true, true }, { found.is_known, found.is_empty })
  end)

  it("is told as interrupted though nothing is left to do", function()
    ann_everywhere()
    server:fault{ operation = "contributors.remove_contributor", reset = "after", times = "always" }
    server:fault{ operation = "sites.query_sites", status = 403, after = 1 }
    local found = leaver(ANN, { apply = true })
    assert.is_truthy(found.stopped)
    server:faults_clear()
    assert.is_string(leaver(ANN, { apply = true }).interrupted_at)
    assert.is_nil(leaver(ANN, { apply = true }).interrupted_at)
  end)

  it("is told where the site cannot be seen now", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    assert(ledger:check(wix))
    local template = '{"sites":[{"id":"%s","ownerAccountId":"%s"%s}],"metadata":{"hasNext":false}}'
    server:fault{ operation = "contributors.query_site_contributors", status = 403, times = "always" } -- where the list is silent
    for _, body in ipairs{ template:format(desk.sites[2], server.account_id, ',"contributorAccountIds":[]'),
      template:format(desk.sites[1], server.account_id, ""), '{"sites":[]}' } do
      server:advance(60)
      server:fault{ operation = "sites.query_sites", status = 200, body = body }
      local found = leaver()
      assert.is_false(found.is_empty)
      assert.truthy(tostring(found):find("Site 1: account " .. account .. " was there, and the account's list does not have", 1, true))
    end
  end)

  it("is seen on a headless site", function()
    ann_everywhere{ namespace = "HEADLESS" }
    assert.equal(3, leaver(ANN, { apply = true }).done.done)
    assert.equal(0, on_sites())
  end)

  it("is taken off the rest where one site does not say who can reach it", function()
    ann_everywhere()
    server:fault{ operation = "contributors.query_site_contributors", status = 403 } -- one call names her account
    local found = leaver()
    assert.is_truthy(found.member)
    assert.matches("Site %d: whose accounts can reach it could not be asked", table.concat(found.unseen, "\n"))
    assert.equal(3, #leaver().changes)
  end)

  it("is told that the service does not say whose an account is", function()
    ann_everywhere()
    local account = server:contributors(desk.sites[1])[1].account_id
    server:fault{ operation = "contributors.query_site_contributors", status = 200, body =
      ('{"contributors":[{"accountId":"%s"}]}'):format(account) }
    assert.matches("of 1 accounts the service does not say whose they are", table.concat(leaver().hints, "\n"))
    server:requests_clear()
    leaver()
    assert.equal(0, #server:requests{ operation = "contributors.query_site_contributors" }) -- it was asked
  end)

  it("does not take along an account that is somebody else's, as was said", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN, nil, BOB)
    assert(ledger:check(wix))
    desk:invite_to(BOB, 2)
    desk:accept(BOB, 2)
    assert(ledger:check(wix))
    assert(ledger:confirm{ email = BOB, site_id = desk.sites[2], account_id = account })
    local found = leaver(ANN, { apply = true })
    assert.equal("Site 1: account " .. account .. " used their invite, and is bob@example.com's, as a person has said",
      found.decide[1].text)
    assert.equal(1, #server:contributors(desk.sites[1]))
    local done = assert(ledger:withdraw(wix, { email = ANN, site_id = desk.sites[1], ask = function() return true end }))
    assert.same({ "unclear", 1 }, { done.outcome, #server:contributors(desk.sites[1]) })
  end)

  it("is done with invites that are over", function()
    desk:invite_to(ANN)
    assert(server:decline(server:invites()[1]))
    desk:invite_to(ANN, 2)
    server:advance(31 * 86400)
    local found = leaver(ANN, { apply = true })
    assert.same({ 2, true }, { found.done.done, found.is_clean })
    desk:invite_to(BOB)
    server:fault{ operation = "site_invites.revoke_invite", status = 404 }
    local done = assert(ledger:withdraw(wix, { email = BOB, site_id = desk.sites[1] }))
    assert.equal("over", done.outcome)
    assert.equal("none", assert(ledger:withdraw(wix, { email = BOB, site_id = desk.sites[1] })).outcome)
  end)

  it("is told of an invite of which a process that died knew no more, and what was under way is written down", function()
    desk:plan(1)
    local db <close> = database.open(desk.path)
    db:run("UPDATE invites SET state = 'sending', step = 'invite', email = ?, person = ?", ANN, ANN)
    assert.matches("Site 1: an invite of theirs may be open whose id is not known", leaver().dashboard[1])
    ann_everywhere()
    leaver(ANN, { apply = true })
    local own <close> = database.open(desk.path)
    assert.equal(0, own:one("SELECT count(*) AS number FROM plans WHERE ended_at IS NULL").number)
    own:run("UPDATE changes SET state = 'sending', step = 'change'")
    own:run("UPDATE plans SET ended_at = NULL")
    assert.is_string(leaver(ANN, { apply = true }).interrupted_at)
    assert.equal(0, own:one("SELECT count(*) AS number FROM changes WHERE state <> 'dropped'").number)
    assert.equal(3, own:one("SELECT count(*) AS number FROM calls WHERE outcome = 'unknown'").number)
    assert.is_nil(leaver(ANN, { apply = true }).interrupted_at)
  end)

  it("is told as unknown what a process that died had sent, and may not be said twice", function()
    local changes = require "wixum.ledger.changes"
    local db <close> = database.open(desk.path)
    changes.plan(db, "access", "x", { { kind = "change_assignments", user_id = "u", words = "" },
      { kind = "change_role", account_id = "a", words = "" } }, "now")
    db:run("UPDATE changes SET state = 'sending', step = 'change'")
    assert.equal(2, changes.recover(db, "now"))
    assert.same({ { state = "unknown" }, { state = "planned" } }, db:all("SELECT state FROM changes ORDER BY id"))
  end)

  it("is not clean of what was not done, though nothing can be seen of it by now", function()
    ann_everywhere{ contributors = {} }
    server:fault{ operation = "users.remove_member", status = 200, acts = false, json = {} }
    -- the team is read before it, after it, and once more for what is left: by then somebody else has removed Ann
    server:fault{ operation = "users.search_team", status = 200, after = 4, body =
      '{"teamMembers":[{"user":{"id":"4f8b440a-1c5b-4288-882e-e34caef53493","email":"owner@example.com"}}]}' }
    server:fault{ operation = "users.search_team", status = 200, after = 4, body = '{"teamMembers":[]}' }
    local found = leaver(ANN, { apply = true })
    assert.same({ true, 1, "otherwise", false }, { found.left.is_empty, #found.undone, found.undone[1].seen, found.is_clean })
  end)

  it("is left where it is forbidden again and again, though others were gone already", function()
    local sites = {}
    for i = 1, 4 do
      sites[i] = { id = ("%08d-2222-4333-8444-555555555555"):format(i), name = "Site " .. i, contributors = { { email = ANN } } }
    end
    start{ members = { { email = ANN, roles = { support.ROLE.id } } }, sites = sites }
    server:fault{ operation = "contributors.remove_contributor", status = 404, times = 4 }
    assert.equal(4, #leaver(ANN, { apply = true, concurrency = 1 }).undone)
    server:fault{ operation = "contributors.remove_contributor", status = 403, times = "always" }
    local found = leaver(ANN, { apply = true, concurrency = 1 })
    assert.same({ "forbidden", 3 }, { found.stopped and found.stopped.kind, found.done.failed })
  end)

  it("is known by the ledger's invites to the team", function()
    server:fault{ operation = "account_invites.create_invite", reset = "before" }
    assert(ledger:team_invite(wix, { email = EVE, role = ROLE, sites = { desk.sites[1] } }))
    local found = leaver(EVE)
    assert.is_true(found.is_known)
    assert.matches("an invite to the team may be open %(unknown in the ledger", table.concat(found.dashboard, "\n"))
  end)

  it("is in the team however the address is written", function()
    start{ members = { { email = "J\u{f6}rg@example.com" } } }
    assert.is_truthy(leaver("J\u{d6}RG@example.com").member)
  end)

  it("tells beforehand how many calls it takes to know whose accounts are whose", function()
    ann_everywhere()
    local told
    local found = leaver(ANN, { on_cost = function(calls) told = calls end })
    -- and before it a count and a page of sites, two of the team, the last of them empty, and what the roles of a member are called
    assert.same({ 1, 6 }, { told, found.calls })
  end)
end)

describe("an answer with nobody in the team #pure", function()
  before_each(function() start() end)
  after_each(function()
    desk:close()
    desk = nil
  end)

  it("is none, and nobody has left", function()
    assert(ledger:team_invite(wix, { email = EVE, role = ROLE, sites = { desk.sites[1] } }))
    for _, body in ipairs{ "{}", '{"teamMembers":null}', '{"teamMembers":[]}' } do
      server:fault{ operation = "users.search_team", status = 200, body = body }
      local found, err = ledger:team(wix)
      assert.is_nil(found)
      assert.same({ "protocol", "the answer has nobody in the team, not even the account's owner" }, { err.kind, err.message })
      server:fault{ operation = "users.search_team", status = 200, body = body }
      assert.is_nil((ledger:leaver(wix, ANN)))
    end
    assert.equal("pending", assert(ledger:team(wix)).invites[1].state)
  end)

  it("and odd ones are read for what they say, and never as more", function()
    server:fault{ operation = "users.search_team", status = 200, body = [[{"teamMembers":[
      {"user":{"id":"4f8b440a-1c5b-4288-882e-e34caef53493","email":"owner@example.com","assignments":[{"policyId":"1"}]}},
      {"user":{"id":"4f8b440a-1c5b-4288-882e-e34caef53494","assignments":[{"policyId":"2","restrictions":{"moon":{}}}]}},
      {"user":{"id":"4f8b440a-1c5b-4288-882e-e34caef53495","email":"x@y.zz","assignments":[
        {"policyId":"2","restrictions":{"site":{"id":"5e6a0a2e-dd70-434d-81d7-7cffb7decc0c","value":"Mars"}}}]}}]}]] }
    local people = assert(ledger:team(wix)).people
    assert.equal(3, #people)
    assert.same({ conditions = true, policy_id = "2" }, people[2].assignments[1])
    assert.same({ policy_id = "2", site_id = "5e6a0a2e-dd70-434d-81d7-7cffb7decc0c", site_name = "Mars" }, people[3].assignments[1])
  end)
end)

describe("an invite to the team #pure", function()
  before_each(function() start() end)
  after_each(function()
    desk:close()
    desk = nil
  end)

  it("takes nobody along who was left planned by an earlier run", function()
    server:fault{ operation = "account_invites.create_invite", status = 401 }
    assert(ledger:team_invite(wix, { email = EVE, role = CO_OWNER, everywhere = true }))
    assert.equal(1, assert(ledger:team_invite(wix, { email = BOB, role = ROLE, sites = { desk.sites[1] } })).pending)
    assert.equal(1, #server:outbox())
    -- and is said anew as it is meant now
    local done = assert(ledger:team_invite(wix, { email = EVE, role = ROLE, sites = { desk.sites[1] } }))
    assert.same({ 1, {} }, { done.pending, done.refused })
    assert.same({ support.ROLE.id }, server:invites{ email = EVE }[1].policy_ids)
  end)

  it("tells the failures of this run, and of no other", function()
    local answer = '{"successfulInvites":[],"failedInvites":[{"subjectEmail":"%s","errorMessage":"no seat"}]}'
    for _, email in ipairs{ EVE, BOB } do
      server:fault{ operation = "account_invites.create_invite", status = 200, body = answer:format(email) }
      local done = assert(ledger:team_invite(wix, { email = { email, email:upper() }, role = ROLE, sites = { desk.sites[1] } }))
      assert.same({ 1, { { email = email, reason = "no seat" } } }, { done.total, done.failed_rows })
    end
  end)
end)

describe("a headless site #pure", function()
  it("is found by its name, and looked at", function()
    start{ sites = { { id = "00000001-2222-4333-8444-555555555555", name = "Bare", namespace = "HEADLESS" } } }
    assert(ledger:plan({ { site = "bare", email = ANN, role = ROLE } }, { client = wix }))
    assert(ledger:send(wix))
    desk:accept(ANN)
    assert.equal(1, assert(ledger:check(wix)).accepted)
    desk:close()
    desk = nil
  end)
end)

describe("a backup of an earlier version #pure", function()
  before_each(function() start() end)
  after_each(function()
    desk:close()
    desk = nil
  end)

  it("is read in, and stays as it is", function()
    local schema = require "wixum.ledger.schema"
    local path = support.temporary()
    do
      local db <close> = database.open(path .. ".live")
      for _, statement in ipairs(schema.VERSIONS[1]) do db:run(statement) end
      db:run([[INSERT INTO invites (site_id, email, person, policy_ids, state, mails, planned_at, first_mail_at, changed_at)
        VALUES (?, ?, ?, '1', 'pending', 1, '2025-11-24T16:00:00Z', '2025-11-24T16:00:00Z', '2025-11-24T16:00:00Z')]],
        desk.sites[1], ANN, ANN)
      db:mark(1)
      db:copy_to(path)
    end
    local before = support.read(path)
    assert.equal(1, assert(ledger:import(path)).added)
    assert.equal("pending", desk:row(ANN).state)
    assert.equal(before, support.read(path))
    assert.is_nil(io.open(desk.path .. ".part"))
    os.remove(path)
    support.remove(path .. ".live")
  end)
end)

describe("the command #pure", function()
  local commands
  before_each(function() commands = command.new{ seed = 3, members = { { email = ANN } },
    sites = { { id = "00000001-2222-4333-8444-555555555555", name = "One", contributors = { { email = ANN } } } } } end)
  after_each(function() commands:close() end)

  it("fails where a leaver keeps something", function()
    commands.server:fault{ operation = "contributors.remove_contributor", status = 403 }
    local output = commands:fails(4, "leaver", ANN, "--apply")
    assert.truthy(output:find("1 of 2 steps done, 1 refused", 1, true), output)
    assert.truthy(output:find("Asking sites who is on them, and whose accounts those are: 1 call", 1, true), output)
    commands:done("leaver", ANN, "--apply")
    assert.equal(0, #commands.server:contributors())
  end)

  it("writes no report over what belongs to a ledger, be it not there yet", function()
    commands:write("c.csv", "site,email,role", "One," .. BOB .. "," .. ROLE)
    commands:done("plan", "c.csv")
    for _, ending in ipairs{ "-sender", "-journal", ".sandbox" } do
      local output = commands:fails(2, "report", "--html", "./wixum.db" .. ending)
      assert.truthy(output:find("cannot take the place of the ledger itself", 1, true), output)
      commands:fails(2, "export", "wixum.db" .. ending)
    end
  end)

  it("shows no key that stands in an address", function()
    local key = commands.server.api_key
    commands.env.WIXUM_BASE_URL = commands.server.base_url .. "/" .. key
    local output = commands:run("sites")
    assert.is_nil(output:find(key, 1, true), output)
  end)
end)
