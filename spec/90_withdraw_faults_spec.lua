-- What withdrawing said and took for granted wrong once, and what nobody noticed when it was taken out.

local support = require "spec.support.ledger"

local ANN, BOB = "ann@example.com", "bob@example.com"

local desk, ledger, wix, server

local function start(options)
  if desk then desk:close() end
  desk = support.desk(options)
  ledger, wix, server = desk.ledger, desk.wix, desk.server
end

before_each(function() start() end)
after_each(function()
  desk:close()
  desk = nil
end)

local function withdraw(email, given)
  local all = { email = email, site_id = desk.sites[1] }
  for name, value in pairs(given or {}) do all[name] = value end
  return assert(ledger:withdraw(wix, all))
end

-- A refusal in the service's own words.
local function refuse(operation, status, code)
  server:fault{ operation = operation, status = status, json = { message = "x", details = code
    and { applicationError = { code = code, description = "x" } } or {} } }
end

describe("a refusal to revoke #pure", function()
  -- None of these is known to say that the invite cannot be used.
  local REFUSALS = { { 428, "MISSING_METASITE_ID" }, { 428 }, { 409, "ABORTED" }, { 409, "ALREADY_EXISTS" }, { 404 } }

  it("leaves the invite open, where it may be about the call", function()
    for i, refusal in ipairs(REFUSALS) do
      local email = i .. ANN
      desk:invite_to(email)
      refuse("site_invites.revoke_invite", table.unpack(refusal))
      local done = withdraw(email)
      assert.same({ "open", nil, "pending", nil }, { done.outcome, done.is_over, desk:row(email).state, desk:row(email).reason })
      assert.matches(tostring(refusal[1]), done.unrevoked)
      refuse("site_invites.revoke_invite", table.unpack(refusal))
      local found = assert(ledger:leaver(wix, email, { apply = true }))
      assert.same({ false, 1, "pending" }, { found.is_clean, found.done.failed, desk:row(email).state })
      assert.is_truthy(desk:open_invite(email))
    end
  end)

  it("keeps nobody from having come by the invite", function()
    desk:invite(ANN, BOB)
    assert(ledger:check(wix))
    refuse("site_invites.revoke_invite", 428, "MISSING_METASITE_ID")
    withdraw(ANN)
    server:advance(7200)
    assert(ledger:check(wix))
    server:advance(7200)
    desk:accept(ANN)
    assert(ledger:check(wix))
    assert.same({ "pending", "unclear", "unclear" }, { desk:row(BOB).state, desk:row(BOB).evidence, desk:row(ANN).evidence })
  end)

  it("says that nobody can use it, where the service names that", function()
    for code, state in pairs{ INVITE_NOT_PENDING = "pending", NOT_FOUND = "revoked" } do
      start()
      desk:invite_to(ANN)
      refuse("site_invites.revoke_invite", code == "NOT_FOUND" and 404 or 409, code)
      assert.same({ "over", state }, { withdraw(ANN).outcome, desk:row(ANN).state })
    end
  end)
end)

describe("an invite that is planned anew #pure", function()
  -- Somebody came by Ann's or by Bob's, and Ann's has run out.
  local function planned_anew()
    desk:invite(ANN, BOB)
    local account = desk:accept(ANN)
    desk:days(31)
    assert(ledger:check(wix))
    assert(ledger:retry{ email = ANN })
    return account
  end

  it("is taken back, and whoever may be in by one before it is shown", function()
    local account = planned_anew()
    local done = withdraw(ANN)
    assert.same({ "unclear", true, { account } }, { done.outcome, done.taken_back, done.candidate.others })
    assert.same({ "revoked", "taken back before it was mailed anew" }, { desk:row(ANN).state, desk:row(ANN).reason })
    assert.equal("removed", withdraw(ANN, { account_id = account }).outcome)
    assert.is_false(desk:reaches(account))
  end)

  it("is left planned where an account is named that it cannot have been", function()
    planned_anew()
    local done, err = ledger:withdraw(wix, { email = ANN, site_id = desk.sites[1], account_id = desk.sites[2] })
    assert.is_nil(done)
    assert.same({ "invalid", "planned" }, { err.kind, desk:row(ANN).state })
  end)

  it("is taken back for a leaver, which says what was mailed", function()
    local account = planned_anew()
    local found = assert(ledger:leaver(wix, ANN, { apply = true }))
    assert.same({ 1, false, 1 }, { found.taken_back, found.is_clean, #found.left.decide })
    assert.matches(account, found.left.decide[1].text, 1, true)
    assert.equal("taken back before it was mailed anew", desk:row(ANN).reason)
  end)
end)
