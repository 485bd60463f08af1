-- Employees: invited with a role on chosen sites, kept in the ledger, and compared with the team.

local cjson = require "cjson"
local command = require "spec.support.command"
local support = require "spec.support.ledger"

local EVE, FAY = "eve@example.com", "fay@example.com"
local ROLE, CO_OWNER = support.ROLE.title, "6642345101181663232" -- of the whole account

local desk, ledger, wix, server

local function start(options)
  if desk then desk:close() end
  desk = support.desk(options)
  ledger, wix, server = desk.ledger, desk.wix, desk.server
end

local function invite(given)
  local all = { email = EVE, role = ROLE, sites = { desk.sites[1], "Site 2" } }
  for name, value in pairs(given or {}) do all[name] = value or nil end
  return ledger:team_invite(wix, all)
end

local function row(email)
  for _, one in ipairs(assert(ledger:team(wix)).invites) do
    if one.email == email then return one end
  end
end

local function sent() return #server:outbox() end

describe("an invite to the team #pure", function()
  before_each(function() start() end)
  after_each(function()
    desk:close()
    desk = nil
  end)

  it("gives a role on chosen sites, by their names, and is kept", function()
    local done = assert(invite())
    assert.same({ 1, 1, 0, 0, 1 }, { done.total, done.pending, done.failed, done.unknown, done.calls })
    local there = server:invites()[1]
    assert.same({ EVE, "Pending", { support.ROLE.id } }, { there.email, there.status, there.policy_ids })
    local on = {}
    for i, resource in ipairs(there.assignments[1].assignments) do on[i] = resource.full_name_resource.site_context.metasite_id end
    assert.same({ desk.sites[1], desk.sites[2] }, on)
    local eve = row(EVE)
    assert.same({ "pending", there.id, ROLE, desk.sites[1] .. " " .. desk.sites[2], 1, "2025-12-24T16:00:00Z" },
      { eve.state, eve.invite_id, eve.role, eve.site_ids, eve.mails, eve.expires_at })
    assert.is_nil(cjson.encode(eve):find(there.accept_link, 1, true))
  end)

  it("is one for the whole account only where that is said", function()
    for _, given in ipairs{ { sites = false }, { everywhere = true }, { sites = {} }, { sites = false, everywhere = "yes" } } do
      local ok, problem = pcall(invite, given)
      assert.is_false(ok, "it was taken")
      assert.matches("ledger:team_invite: ", problem)
    end
    assert.equal(0, sent())
    assert.equal(1, assert(invite{ sites = false, everywhere = true, role = CO_OWNER }).pending)
    assert.equal(0, #(server:invites()[1].assignments[1].assignments or {}))
    assert.equal("*", row(EVE).site_ids)
  end)

  it("is said once: who is invited, or in the team, is told and not mailed", function()
    assert(invite())
    local done = assert(invite{ email = { EVE:upper(), FAY, "owner@example.com" } })
    assert.same({ 1, 1 }, { done.total, done.pending })
    assert.same({ { email = EVE:upper(), reason = "is invited already" },
      { email = "owner@example.com", reason = "is in the team already" } }, done.refused)
    assert.equal(2, sent())
    assert(server:accept(server:invites{ email = EVE }[1]))
    assert.equal("is in the team already", assert(invite()).refused[1].reason)
    assert.same({ "accepted", true }, { row(EVE).state, row(EVE).user_id ~= nil })
  end)

  it("is unknown where its answer got lost, and settled by looking at the team", function()
    server:fault{ operation = "account_invites.create_invite", reset = "after" } -- it was sent
    assert.equal(1, assert(invite()).unknown)
    local id = server:invites()[1].id
    assert.same({ "pending", id }, { row(EVE).state, row(EVE).invite_id })
    server:fault{ operation = "account_invites.create_invite", reset = "before" } -- it was not
    assert.equal(1, assert(invite{ email = FAY }).unknown)
    assert.equal("unknown", row(FAY).state) -- it may appear yet
    assert.equal(0, assert(invite{ email = FAY }).pending)
    server:advance(301)
    assert.same({ "failed", "the team knows no such invite: it was not sent, or is over" }, { row(FAY).state, row(FAY).reason })
    assert.equal(1, assert(invite{ email = FAY }).pending)
    assert.equal(2, sent())
  end)

  it("is what the team says: accepted, declined, expired, gone", function()
    assert(invite{ email = { EVE, FAY, "gus@example.com" } })
    assert(server:decline(server:invites{ email = FAY }[1]))
    assert(server:accept(server:invites{ email = EVE }[1]))
    assert.same({ "accepted", "declined", "pending" }, { row(EVE).state, row(FAY).state, row("gus@example.com").state })
    desk:days(31)
    assert.equal("expired", row("gus@example.com").state)
    assert(wix.users.remove_member{ user_id = row(EVE).user_id })
    assert.same({ "removed", "the team does not have them any more" }, { row(EVE).state, row(EVE).reason })
    assert.equal(2, assert(invite{ email = { EVE, FAY } }).pending) -- anew
  end)

  it("fails with the service's own reason, and is put back where the key is refused", function()
    start{ duplicates = "failed" }
    assert(invite())
    for _, shown in ipairs{ '{"user":{"id":"' .. desk.sites[1] .. '","email":"owner@example.com","assignments":[]}}', "" } do
      server:fault{ operation = "users.search_team", status = 200, body = ('{"teamMembers":[%s]}'):format(shown) } -- not her yet
    end
    local done = assert(invite{ email = FAY })
    assert.equal(1, done.pending)
    server:fault{ operation = "account_invites.create_invite", status = 401 }
    done = assert(invite{ email = "gus@example.com" })
    assert.same({ 0, 1, "unauthenticated" }, { done.pending, done.planned_again, done.stopped.kind })
    assert.equal(1, assert(invite{ email = "gus@example.com" }).pending) -- goes on
    assert.equal(3, sent())
  end)

  it("is told of somebody who is looked up, and for support", function()
    assert(invite())
    assert.matches("eve@example.com\n  invited to the team as Website Manager on 2 sites: pending, mailed 2025%-11%-24T16:00:00Z",
      tostring(assert(ledger:who "eve")))
    local block = assert(ledger:for_support "eve")
    assert.matches("invite to the team %x+%-[%x-]+: eve@example.com, role 6600412800113080101, pending\ncalls:\n", block)
    assert.matches("account_invites.create_invite, site none: done, status 200", block)
  end)

  it("comes back from a backup; what was planned in it is settled by looking", function()
    assert(invite())
    local wixum = require "wixum"
    local database = require "wixum.ledger.database"
    do
      local db <close> = database.open(desk.path)
      db:run([[INSERT INTO team_invites (email, person, policy_id, role, site_ids, state, planned_at, changed_at)
        VALUES (?, ?, '1', 'One', '*', 'planned', '2025-11-24T16:00:00Z', '2025-11-24T16:00:00Z')]], FAY, FAY)
      db:run("INSERT INTO plans (kind, subject, began_at) VALUES ('leaver', 'x', '2025-11-24T16:00:00Z')")
      db:run([[INSERT INTO changes (plan_id, kind, words, state, planned_at, changed_at) VALUES (1, 'remove_member', 'w', 'done',
        '2025-11-24T16:00:00Z', '2025-11-24T16:00:00Z')]])
      db:run("INSERT INTO account_owners VALUES ('a', 'u', '2025-11-24T16:00:00Z')")
    end
    local backup, path = support.temporary(), support.temporary()
    assert(ledger:backup(backup))
    local other <close> = assert(wixum.ledger.open(path, { time = desk:time() }))
    assert(other:import(backup))
    assert(other:import(backup)) -- twice is once
    server:advance(301)
    local states = {}
    for _, one in ipairs(assert(other:team(wix)).invites) do states[one.email] = one.state end
    assert.same({ [EVE] = "pending", [FAY] = "failed" }, states)
    local db <close> = database.open(path)
    assert.same({ 1, 1, 1 }, { db:one("SELECT count(*) AS n FROM plans").n, db:one("SELECT count(*) AS n FROM changes").n,
      db:one("SELECT count(*) AS n FROM account_owners").n })
    other:close()
    support.remove(path)
    os.remove(backup)
  end)

  it("takes fifty a call", function()
    local emails = {}
    for i = 1, 60 do emails[i] = ("e%d@example.com"):format(i) end
    local done = assert(invite{ email = emails })
    assert.same({ 60, 2 }, { done.pending, done.calls })
    assert.equal(60, sent())
  end)

  it("that was left by a process which died may have been sent", function()
    assert(invite())
    local database = require "wixum.ledger.database"
    do
      local db <close> = database.open(desk.path)
      db:run("UPDATE team_invites SET state = 'sending', step = 'invite', invite_id = NULL")
    end
    assert.same({ "pending", 2 }, { row(EVE).state, row(EVE).mails })
    local db <close> = database.open(desk.path)
    assert.equal("unknown", db:one([[SELECT outcome FROM calls WHERE operation = 'account_invites.create_invite'
      ORDER BY id DESC]]).outcome)
  end)

  it("tells what it does not know, and changes nothing in a dry run", function()
    for _, case in ipairs{
      { { email = "eve" }, "eve: it has no @" }, { { role = "Boss" }, 'there is no role "Boss"' },
      { { sites = { "Nowhere" } }, "Nowhere: no site" },
      { { role = "Admin (Co-Owner)", sites = false, everywhere = true }, "may not be given on the whole account" },
    } do
      local done, err = invite(case[1])
      assert.is_nil(done)
      assert.truthy(err.message:find(case[2], 1, true), err.message)
    end
    local before = sent()
    assert.equal(1, assert(invite{ email = FAY, dry_run = true }).total)
    assert.equal(before, sent())
  end)
end)

describe("the command, about the team #pure", function()
  local commands, SITE = nil, "00000001-2222-4333-8444-555555555555"

  before_each(function()
    commands = command.new{ seed = 3, sites = { { id = SITE, name = "Bäckerei Süß" } } }
    server = commands.server
  end)
  after_each(function() commands:close() end)

  local function contains(text, ...)
    for _, words in ipairs{ ... } do assert.truthy(text:find(words, 1, true), ("%q is not in:\n%s"):format(words, text)) end
  end

  it("invites, lists, and asks where it is live", function()
    contains(commands:done("team", "list"), "owner@example.com  Olivia Owner  member  Owner  the whole account")
    contains(commands:fails(2, "team", "invite", EVE, "--role", ROLE), "say one of these: --site S")
    contains(commands:done("team", "invite", EVE, "--role", ROLE, "--site", "bäckerei süß", "--dry-run"),
      "It would invite 1 person to the account's team, as Website Manager on 1 site: eve@example.com. Nothing was done.")
    assert.equal(0, #server:outbox())
    contains(commands:done("team", "invite", EVE, FAY, "--role", ROLE, "--site", "bäckerei süß"),
      "2 people invited as Website Manager on 1 site.")
    contains(commands:fails(1, "team", "invite", EVE, "--role", ROLE, "--site", SITE), "Nobody to invite.", "is invited already")
    assert(server:accept(server:invites{ email = EVE }[1]))
    contains(commands:done("team", "list", "--csv"), 'eve@example.com,Eve,member,Website Manager,Bäckerei Süß',
      "1 invite of the ledger is known better now.")
    assert.equal(3, #cjson.decode(commands:done("--json", "--quiet", "team", "list")))
    commands:write("sites.txt", "", "  bäckerei süß  ", SITE)
    contains(commands:done("team", "invite", "hal@example.com", "--role", ROLE, "--sites", "sites.txt", "--dry-run"), "on 1 site: hal@")
    contains(commands:fails(2, "team", "invite", "hal@example.com", "--role", ROLE, "--sites", "nothing.txt"), "--sites: nothing.txt")
    commands:write("sites.txt", "")
    contains(commands:fails(2, "team", "invite", "hal@example.com", "--role", ROLE, "--sites", "sites.txt"), "names no site")
    commands:as_if_live()
    contains(commands:fails(2, "team", "invite", "gus@example.com", "--role", ROLE, "--site", SITE),
      "This invites, live, 1 person to the account's team, as Website Manager on 1 site: gus@example.com.", "say --yes")
    assert.equal(2, #server:outbox())
    commands:done("--yes", "team", "invite", "gus@example.com", "--role", ROLE, "--site", SITE)
    assert.equal(3, #server:outbox())
    contains(commands:fails(2, "team", "x"), "`wixum team --help` explains it")
    contains(commands:done("team", "--help"), "invite", "list")
  end)
end)
