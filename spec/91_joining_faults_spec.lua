-- What was concluded too soon of who arrived on a site: by an invite to the team, by a clock that was put back.

local database = require "wixum.ledger.database"
local support = require "spec.support.ledger"
local wixum = require "wixum"

local ANN, BOB = "ann@example.com", "bob@example.com"
local ROLE = support.ROLE.title

local desk, ledger, wix, server

local function start(options)
  if desk then desk:close() end
  desk = support.desk(options)
  ledger, wix, server = desk.ledger, desk.wix, desk.server
end

local function close()
  if desk then desk:close() end
  desk = nil
end

local function contains(text, ...)
  for _, words in ipairs{ ... } do assert.truthy(text:find(words, 1, true), text) end
end

local function check(options) return assert(ledger:check(wix, options)) end

-- The list has these accounts on the first site, once; the key's own account owns it unless it is said who does.
local function answer(accounts, owner, times)
  local list = {}
  for i, account in ipairs(type(accounts) == "table" and accounts or { accounts }) do list[i] = '"' .. account .. '"' end
  server:fault{ operation = "sites.query_sites", status = 200, times = times or 1, body =
    ('{"sites":[{"id":"%s","ownerAccountId":"%s","contributorAccountIds":[%s]}],"metadata":{"hasNext":false}}'):format(desk.sites[1],
      owner or server.account_id, table.concat(list, ",")) }
end

describe("who may have come by an invite to the team #pure", function()
  local EVE, EVES = "eve@example.com", "e0e0e0e0-2222-4333-8444-555555555555"

  before_each(function()
    start()
    desk:invite_to(ANN)
    check()
    server:advance(60)
  end)
  after_each(close)

  -- To the site's team, to another site's, or to the whole account's.
  local function invite(sites)
    assert(ledger:team_invite(wix, { email = EVE, role = ROLE, sites = sites, everywhere = not sites or nil }))
    server:advance(60)
  end

  -- Eve's account is on the site, and a check says what of Ann.
  local function arrives()
    answer(EVES)
    local found = check()
    server:advance(60)
    return { desk:row(ANN).state, desk:row(ANN).evidence, found.strangers, found.by_team }, found
  end

  -- One more check with the same account there.
  local function again() return arrives() end

  it("is not taken for who was invited to the site", function()
    for _, sites in ipairs{ { desk.sites[1], desk.sites[2] }, false } do
      start()
      desk:invite_to(ANN)
      check()
      server:advance(60)
      invite(sites or nil)
      assert(server:accept(server:invites{ email = EVE }[1]))
      local said, found = arrives()
      assert.same({ "pending", "unclear", 0, 1 }, said)
      contains(tostring(found), "1 account may have come by the team as well (an invite to it, or a role that the ledger gave): say "
        .. "`wixum team list`, which sees")
      assert(ledger:team(wix)) -- eve has accepted
      assert.same({ "pending", "unclear", 0, 1 }, again())
      assert(wix.users.remove_member{ user_id = server:members{ email = EVE }[1].id })
      assert(ledger:team(wix))
      assert.same({ "pending", "unclear", 0, 1 }, again())
    end
  end)

  it("is not taken for who was invited to the site, where they left the team before anybody looked at it", function()
    for _, is_lost in ipairs{ false, true } do
      start()
      desk:invite_to(ANN)
      check()
      server:advance(60)
      if is_lost then server:fault{ operation = "account_invites.create_invite", reset = "after" } end
      invite{ desk.sites[1] }
      desk:days(1)
      check()
      assert(server:accept(server:invites{ email = EVE }[1]))
      server:advance(60)
      assert.same({ "pending", "unclear", 0, 1 }, (arrives()))
      assert(wix.users.remove_member{ user_id = server:members{ email = EVE }[1].id })
      server:advance(600)
      local row = assert(ledger:team(wix)).invites[1]
      assert.equal(is_lost and "the team knows no such invite: it was not sent, or is over"
        or "the team knows no such invite any more", row.reason)
      assert.same({ "pending", "unclear", 0, 1 }, again())
    end
  end)

  it("is not taken for who was invited to the site, where they were invited to the team anew since", function()
    invite{ desk.sites[1] }
    assert(server:accept(server:invites{ email = EVE }[1]))
    arrives()
    assert(ledger:team(wix))
    assert(wix.users.remove_member{ user_id = server:members{ email = EVE }[1].id })
    server:advance(60)
    assert(ledger:team(wix))
    invite{ desk.sites[1] }
    assert.same({ "pending", "unclear", 0, 1 }, again())
    local path = desk:file(".db") -- and comes back from a backup
    assert(ledger:backup(path))
    local other <close> = desk:another()
    assert(other:import(path))
    assert.equal(1, assert(other:check(wix)).by_team)
  end)

  it("is not taken for who was invited to the site, where the ledger gave a member a role there", function()
    local function give(site)
      local done = assert(ledger:apply_access(wix, { apply = true, desired = { account_id = server.account_id, service = server.base_url,
        rows = { { site_id = site or nil, everywhere = not site or nil, user_id = server:members{ email = EVE }[1].id,
          roles = { ROLE } } } } }))
      assert.equal(1, done.as_wanted)
      server:advance(60)
    end
    for site, said in pairs{ [desk.sites[1]] = "unclear", [desk.sites[2]] = "only_candidate", everywhere = "unclear" } do
      start{ members = { { email = EVE } } }
      desk:invite_to(ANN)
      check()
      give(site ~= "everywhere" and site)
      assert.equal(said, arrives()[2], site)
    end
    start{ members = { { email = EVE } } } -- long before it was
    give(desk.sites[1])
    desk:days(1)
    desk:invite_to(ANN)
    check()
    assert.same({ "accepted", "only_candidate", 0, 0 }, (arrives()))
  end)

  it("is no other than who was invited to the site, where the team's invite was open still, or is over", function()
    invite{ desk.sites[1] }
    assert.same({ "pending", "unclear", 0, 1 }, arrives())
    assert(ledger:team(wix)) -- eve's is pending
    assert.same({ "accepted", "only_candidate", 0, 0 }, again())
  end)

  it("is no other where the team's invite was declined, has run out, or covers another site", function()
    invite{ desk.sites[2] }
    assert.same({ "accepted", "only_candidate", 0, 0 }, arrives())
    start()
    desk:invite_to(ANN)
    invite()
    assert(server:decline(server:invites{ email = EVE }[1]))
    assert.same({ "pending", "unclear", 0, 1 }, arrives())
    assert(ledger:team(wix))
    assert.same({ "accepted", "only_candidate", 0, 0 }, again())
    start()
    invite()
    desk:days(31)
    desk:invite_to(ANN)
    server:advance(60)
    assert.same({ "accepted", "only_candidate", 0, 0 }, arrives())
  end)

  it("is no other where they came before the team was invited, or after it was seen who had accepted", function()
    answer(EVES)
    check()
    invite()
    assert.same({ "accepted", "only_candidate", 0, 0 }, again())
    start()
    desk:invite_to(ANN)
    check()
    invite()
    assert(server:accept(server:invites{ email = EVE }[1]))
    assert(ledger:team(wix))
    desk:days(1)
    check()
    assert.same({ "accepted", "only_candidate", 0, 0 }, arrives())
  end)

  it("is no stranger, who joined by no invite", function()
    assert(ledger:revoke(wix, { email = ANN }))
    server:advance(60)
    check()
    invite()
    server:advance(60)
    assert.equal(0, arrives()[3])
  end)

  it("is known by an account, or as a person says it, whatever else was open", function()
    invite()
    local account = desk:accept(ANN)
    assert.equal(1, check().by_team)
    desk:invite_to(ANN, 2)
    desk:accept(ANN, 2)
    assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account })
    check()
    assert.same({ "operator", "known_account" }, { desk:row(ANN, 1).evidence, desk:row(ANN, 2).evidence })
  end)
end)

describe("whoever joined after our clock was put back #pure", function()
  local HOUR = 3600
  local off

  -- A ledger whose clock is ahead by so many hours, until it is put right.
  local function ahead(hours, revoke_settled)
    start{ revoke_settled = revoke_settled }
    ledger:close()
    off = hours * HOUR
    local time = desk:time()
    desk.ledger = assert(wixum.ledger.open(desk.path, { time = function() return time() + off end }))
    ledger = desk.ledger
  end
  after_each(close)

  local function states(found) return { desk:row(ANN).state, desk:row(ANN).evidence, found.strangers } end

  it("is no stranger, stays unclear, and is not reminded", function()
    ahead(2)
    desk:invite_to(ANN)
    off = 0
    server:advance(600)
    local account = desk:accept(ANN)
    assert.same({ "pending", "unclear", 0 }, states(check()))
    assert.same({ account }, desk:row(ANN).candidates)
    desk:days(8)
    assert.same({ "pending", "unclear", 0 }, states(check()))
    assert.equal(0, assert(ledger:remind(wix, { all = true })).done)
    assert.equal(0, #server:outbox{ kind = "resend" })
  end)

  it("is no stranger where somebody looked in between", function()
    ahead(2)
    desk:invite_to(ANN)
    off = 0
    server:advance(600)
    check()
    server:advance(600)
    desk:accept(ANN)
    assert.same({ "pending", "unclear", 0 }, states(check()))
    desk:days(8)
    assert.same({ "pending", "unclear", 0 }, states(check()))
  end)

  it("is no stranger by whichever date that lies in the future", function()
    local FUTURE <const>, NOW = "2025-11-24T18:00:00Z", "2025-11-24T16:00:00Z"
    for _, change in ipairs{ "invites SET opened_at = 'F', first_mail_at = 'N'", "invites SET opened_at = NULL, first_mail_at = 'F'",
      "sites SET looked_at = 'F'" } do
      ahead(0)
      desk:invite_to(ANN)
      do
        local db <close> = database.open(desk.path)
        db:run("UPDATE " .. change:gsub("'F'", "'" .. FUTURE .. "'"):gsub("'N'", "'" .. NOW .. "'"))
      end
      server:advance(600)
      check()
      server:advance(60)
      desk:accept(ANN)
      assert.same({ "pending", "unclear", 0 }, states(check()))
      desk:days(8)
      assert.same({ "pending", "unclear", 0 }, states(check()))
    end
  end)

  it("may have come by an invite to the team", function()
    ahead(2)
    assert(ledger:team_invite(wix, { email = BOB, role = ROLE, everywhere = true }))
    off = 0
    desk:invite_to(ANN)
    server:advance(60)
    desk:accept(ANN)
    assert.same({ "pending", "unclear", 0 }, states(check()))
  end)

  it("may have come by an invite that was revoked since the look without them", function()
    ahead(0, "ok")
    desk:invite(ANN, BOB)
    off = 2 * HOUR
    check()
    off = 0
    server:advance(60)
    desk:accept(BOB)
    assert(ledger:revoke(wix, { email = BOB }))
    server:advance(60)
    check()
    assert.same({ "pending", "unclear" }, { desk:row(ANN).state, desk:row(ANN).evidence })
    assert.same({ "revoked", "unclear" }, { desk:row(BOB).state, desk:row(BOB).evidence })
  end)

  it("is not taken for another by what is dated wrongly", function()
    ahead(2)
    desk:invite_to(ANN)
    check()
    off = 0
    server:advance(600)
    desk:invite_to(BOB)
    desk:accept(ANN)
    check()
    assert.same({ "pending", "unclear" }, { desk:row(BOB).state, desk:row(BOB).evidence })
    assert.same({ "pending", "unclear" }, { desk:row(ANN).state, desk:row(ANN).evidence })
  end)

  it("is told as ever, once all looks are of the same clock", function()
    ahead(2)
    desk:invite_to(ANN)
    off = 0
    server:advance(3 * HOUR)
    check()
    desk:accept(ANN)
    server:advance(60)
    assert.same({ "accepted", "only_candidate", 0 }, states(check()))
  end)
end)

describe("who arrives #pure", function()
  local X, Y, OWNER = "a0a0a0a0-2222-4333-8444-555555555555", "b0b0b0b0-2222-4333-8444-555555555555",
    "c0c0c0c0-2222-4333-8444-555555555555"

  after_each(close)

  -- Ann is invited, and a look sees these accounts then.
  local function arrive(accounts, owner)
    answer({}, OWNER, "always")
    desk:invite_to(ANN)
    server:faults_clear()
    server:advance(60)
    answer(accounts, owner or OWNER)
    return check()
  end

  it("is nobody who was invited, where it is the key's own account, or the site's owner", function()
    for _, account in ipairs{ "own", OWNER } do
      start()
      local found = arrive(account == "own" and server.account_id or account)
      assert.same({ "pending", nil, 0 }, { desk:row(ANN).state, desk:row(ANN).evidence, found.strangers })
    end
  end)

  it("may be somebody who owned the site meanwhile", function()
    start()
    arrive(X, Y)
    assert.same({ "pending", "unclear", { X } }, { desk:row(ANN).state, desk:row(ANN).evidence, desk:row(ANN).candidates })
  end)

  it("by another invite of hers does not take the place of who came first", function()
    start()
    arrive(X)
    assert.equal(X, desk:row(ANN).account_id)
    do
      local db <close> = database.open(desk.path)
      db:run("UPDATE invites SET earlier_invites = 1")
    end
    answer({ X, Y }, OWNER)
    check()
    assert.same({ "accepted", X }, { desk:row(ANN).state, desk:row(ANN).account_id })
  end)

  it("reached another site from the beginning, though an invite to that was said to be used", function()
    start()
    answer({ X }, nil, "always")
    desk:invite_to(ANN)
    server:faults_clear()
    server:fault{ operation = "site_invites.resend_invite", status = 200, body =
      ('{"invite":{"id":"%s","status":"Used","acceptedByAccountId":"%s"}}'):format(desk:row(ANN).invite_id, X) }
    assert(ledger:resend(wix, { email = ANN }))
    answer({ X })
    check()
    assert.equal("told", desk:row(ANN).evidence)
    desk:invite_to(ANN, 2)
    server:advance(60)
    local template = '{"id":"%s","ownerAccountId":"' .. server.account_id .. '","contributorAccountIds":["' .. X .. '"]}'
    server:fault{ operation = "sites.query_sites", status = 200, body = ('{"sites":[' .. template .. "," .. template
      .. '],"metadata":{"hasNext":false}}'):format(desk.sites[1], desk.sites[2]) }
    check()
    assert.same({ "pending", "unclear" }, { desk:row(ANN, 2).state, desk:row(ANN, 2).evidence })
  end)
end)
