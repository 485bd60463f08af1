-- What was concluded too soon of who arrived on a site: by an invite to the team, by a clock that was put back.

local support = require "spec.support.ledger"

local ANN = "ann@example.com"
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

-- The list has one account on the first site, once.
local function answer(account)
  server:fault{ operation = "sites.query_sites", status = 200, times = 1, body =
    ('{"sites":[{"id":"%s","ownerAccountId":"%s","contributorAccountIds":["%s"]}],"metadata":{"hasNext":false}}'):format(desk.sites[1],
      server.account_id, account) }
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
      contains(tostring(found), "1 account may have come by an invite to the team as well: where that may be open, `wixum team list`")
      assert(ledger:team(wix)) -- eve has accepted
      assert.same({ "pending", "unclear", 0, 1 }, again())
      assert(wix.users.remove_member{ user_id = server:members{ email = EVE }[1].id })
      assert(ledger:team(wix))
      assert.same({ "pending", "unclear", 0, 1 }, again())
    end
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
