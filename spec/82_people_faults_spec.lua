-- What telling who has joined, and taking somebody off, did wrong once.

local database = require "wixum.ledger.database"
local support = require "spec.support.ledger"
local wixum = require "wixum"

local ANN, BOB, CARL = "ann@example.com", "bob@example.com", "carl@example.com"
local HOUR = 3600

local desk, ledger, wix, server

local function start(options, skew)
  if desk then desk:close() end
  desk = support.desk(options)
  wix, server = desk.wix, desk.server
  if skew then
    desk.ledger:close()
    local time = desk:time()
    desk.ledger = assert(wixum.ledger.open(desk.path, { time = function() return time() + skew end }))
  end
  ledger = desk.ledger
end

before_each(function() start() end)
after_each(function()
  desk:close()
  desk = nil
end)

-- Somebody is invited in the dashboard, and accepts.
local function past_the_ledger(email, site)
  local own <close> = wix:with{ site_id = desk.sites[site or 1] }
  local sent = assert(own.site_invites.bulk_invite{ policy_ids = { support.ROLE.id }, emails = { email } })
  return assert(server:accept(sent.invites[1])).accepted_by_account_id
end

local function check() return assert(ledger:check(wix)) end
local function change(statement, ...)
  local db <close> = database.open(desk.path)
  db:run(statement, ...)
end

local function withdraw(email, given)
  local all = { email = email, site_id = desk.sites[1] }
  for name, value in pairs(given or {}) do all[name] = value end
  return assert(ledger:withdraw(wix, all))
end

local function yes() return true end

describe("whoever came #pure", function()
  it("before the first mail, has not come by it, though nobody's invite was open", function()
    desk:invite_to(CARL)
    assert(ledger:revoke(wix, { email = CARL }))
    server:advance(60)
    check()
    past_the_ledger "x@example.com"
    server:advance(60)
    assert.equal(1, check().strangers)
    server:advance(HOUR / 2)
    desk:invite_to(BOB)
    check()
    assert.same({ "pending", nil }, { desk:row(BOB).state, desk:row(BOB).evidence })
  end)

  it("after a revocation, has not come by what was revoked", function()
    desk:invite_to(ANN)
    assert(ledger:revoke(wix, { email = ANN }))
    server:advance(60)
    check()
    server:advance(HOUR / 2)
    past_the_ledger "x@example.com"
    assert.equal(1, check().strangers)
    assert.same({ "revoked", nil }, { desk:row(ANN).state, desk:row(ANN).evidence })
  end)

  it("soon after an invite ran out, may have come by it, and is not said to", function()
    desk:invite_to(ANN)
    server:advance(30 * 86400 + 60)
    check()
    server:advance(HOUR / 4)
    past_the_ledger "x@example.com"
    check()
    assert.same({ "expired", "unclear" }, { desk:row(ANN).state, desk:row(ANN).evidence })
  end)

  it("is told apart though our clock is hours off the service's", function()
    for _, skew in ipairs{ -2 * HOUR, 2 * HOUR, -24 * HOUR, 24 * HOUR } do
      start(nil, skew)
      desk:invite_to(ANN)
      server:advance(86400)
      check()
      desk:invite_to(BOB)
      desk:accept(BOB)
      check()
      assert.not_equal("accepted", desk:row(ANN).state)
      assert.same({ "pending", "unclear" }, { desk:row(BOB).state, desk:row(BOB).evidence })
    end
  end)

  it("is told apart where our clock says that an invite has run out, and it has not", function()
    start(nil, 26 * HOUR)
    desk:invite_to(ANN)
    server:advance(29 * 86400)
    check()
    desk:invite_to(BOB)
    desk:accept(ANN)
    check()
    assert.not_equal("accepted", desk:row(BOB).state)
  end)

  it("by an invite of which nobody knows when it runs out, since a resend got lost", function()
    desk:invite_to(ANN)
    server:advance(20 * 86400)
    server:fault{ operation = "site_invites.resend_invite", reset = "after" }
    assert(ledger:resend(wix, { email = ANN }))
    assert(ledger:settle({ email = ANN }, "sent"))
    server:advance(12 * 86400)
    check()
    desk:invite_to(BOB)
    desk:accept(ANN)
    check()
    assert.not_equal("accepted", desk:row(BOB).state)
  end)

  it("by an invite that left long after it was first tried, which says nothing of our clock", function()
    server:fault{ operation = "site_invites.bulk_invite", reset = "before" }
    desk:invite_to(ANN)
    assert(ledger:settle({ email = ANN }, "not_sent"))
    server:advance(40 * 86400)
    desk:invite_to(BOB) -- and ann, whose turn it is again
    check()
    desk:accept(ANN, nil, "x@example.com")
    server:advance(31 * 86400)
    check()
    for _, email in ipairs{ ANN, BOB } do
      local row = desk:row(email)
      assert.same({ "expired", "unclear" }, { row.state, row.evidence })
    end
  end)

  it("was a colleague, though one answer forgot him", function()
    past_the_ledger "colleague@example.com"
    desk:invite_to(BOB)
    server:fault{ operation = "sites.query_sites", status = 200, body =
      ('{"sites":[{"id":"%s","ownerAccountId":"%s","contributorAccountIds":[]}]}'):format(desk.sites[1], server.account_id) }
    check()
    server:advance(60)
    check()
    assert.same({ "pending", "unclear" }, { desk:row(BOB).state, desk:row(BOB).evidence })
  end)

  it("has an id, or is not counted", function()
    desk:invite_to(BOB)
    for _, id in ipairs{ "\"a'b\\u0000\"", '"\27[2J"', "{}", "7" } do
      server:fault{ operation = "sites.query_sites", status = 200, body =
        ('{"sites":[{"id":"%s","contributorAccountIds":[%s]}]}'):format(desk.sites[1], id) }
      assert.equal(1, check().sites)
    end
    assert.same({ "pending", nil }, { desk:row(BOB).state, desk:row(BOB).evidence })
  end)
end)

describe("somebody who was invited twice #pure", function()
  -- A friend used the first invite, unseen; it is revoked, and she is invited anew.
  local function invited_twice()
    start{ revoke_settled = "ok" }
    desk:invite_to(ANN)
    local friend = desk:accept(ANN, nil, "friend@example.com")
    assert(ledger:revoke(wix, { email = ANN }))
    change("UPDATE invites SET state = 'revoked' WHERE email = ?", ANN)
    return friend
  end

  it("lets two in, and both are hers to be taken off", function()
    local friend = invited_twice()
    assert(ledger:retry{ email = ANN })
    change("UPDATE sites SET checked_at = '9999-01-01T00:00:00Z', looked_at = '2020-01-01T00:00:00Z'") -- nobody looks before the mail
    assert(ledger:send(wix))
    change("UPDATE sites SET checked_at = '2025-11-24T16:00:00Z'")
    local account = desk:accept(ANN)
    check()
    local done = withdraw(ANN, { ask = yes })
    assert.equal("removed", done.outcome)
    assert.equal(1, #done.candidate.others)
    assert.equal("removed", withdraw(ANN, { account_id = done.candidate.others[1] }).outcome)
    assert.is_false(desk:reaches(friend) or desk:reaches(account))
  end)

  it("in a ledger of an earlier version, or an older export, stands for several invites", function()
    local schema = require "wixum.ledger.schema"
    local path = support.temporary()
    do
      local db <close> = database.open(path)
      for _, statement in ipairs(schema.VERSIONS[1]) do db:run(statement) end
      db:run([[INSERT INTO invites (site_id, email, person, policy_ids, state, mails, planned_at, changed_at)
        VALUES (?, ?, ?, '1', 'pending', 2, '2025-11-24T16:00:00Z', '2025-11-24T16:00:00Z')]], desk.sites[1], ANN, ANN)
      db:mark(1)
    end
    local old <close> = assert(wixum.ledger.open(path, { time = desk:time() }))
    assert.equal(1, old:rows()().earlier_invites)
    old:close()
    support.remove(path)
    local json = support.temporary(('[{"site_id":"%s","email":"%s","policy_ids":["1"],"state":"pending","mails":3,"planned_at":'
      .. '"2025-11-24T16:00:00Z","changed_at":"2025-11-24T16:00:00Z"}]'):format(desk.sites[1], ANN), ".json")
    assert(ledger:import(json))
    assert.equal(2, desk:row(ANN).earlier_invites)
    os.remove(json)
  end)

  it("from two computers stands for both invites, since the first", function()
    desk:invite_to(ANN)
    local backup, path = support.temporary(), support.temporary()
    local other <close> = assert(wixum.ledger.open(path, { time = desk:time() }))
    server:advance(86400)
    local own = wix:with{ site_id = desk.sites[1] }
    assert(own.site_invites.revoke_invite{ invite_id = desk:row(ANN).invite_id })
    assert(other:plan({ { site_id = desk.sites[1], email = ANN, role = support.ROLE.title } }, { client = wix }))
    assert(other:send(wix))
    assert(other:backup(backup))
    assert(ledger:import(backup))
    assert.same({ 1, "2025-11-24T16:00:00Z" }, { desk:row(ANN).earlier_invites, desk:row(ANN).opened_at })
    other:close()
    support.remove(path)
    os.remove(backup)
  end)
end)

describe("what a person has said #pure", function()
  it("comes along with a backup, whichever row counts", function()
    desk:invite(ANN, BOB)
    local account = desk:accept(ANN)
    check()
    local backup, path = support.temporary(), support.temporary()
    local other <close> = assert(wixum.ledger.open(path, { time = desk:time() }))
    assert(ledger:backup(path .. ".first"))
    assert(other:import(path .. ".first"))
    assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account })
    assert(ledger:backup(backup))
    server:advance(86400)
    do
      local db <close> = database.open(path)
      db:run("UPDATE invites SET changed_at = '2025-11-25T16:00:00Z'")
      db:run("UPDATE sites SET looked_at = '2025-11-25T16:00:00Z'")
    end
    assert(other:import(backup))
    assert(other:check(wix))
    assert.equal("accepted", other:rows{ email = ANN }().state)
    other:close()
    support.remove(path)
    os.remove(path .. ".first")
    os.remove(backup)
  end)

  it("is not believed of who owns the site, or of the key's own account", function()
    start{ owner_contributes = true }
    desk:invite_to(ANN)
    check()
    local done, err = ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = server.account_id }
    assert.is_nil(done)
    assert.matches("owns the site, or did, or is the key's own", err.message)
  end)
end)

describe("withdraw #pure", function()
  it("never takes somebody off who was not named, where it is unclear", function()
    desk:invite(ANN, BOB)
    assert(ledger:revoke(wix, { email = ANN }))
    local account = desk:accept(BOB)
    local done = withdraw(ANN, { ask = yes })
    assert.same({ "unclear", nil, true }, { done.outcome, done.candidate.account_id, desk:reaches(account) })
  end)

  it("does not call an invite closed that may be open", function()
    server:fault{ operation = "site_invites.bulk_invite", reset = "after" }
    desk:invite_to(ANN)
    assert.same({ "unknown", nil }, { desk:row(ANN).state, desk:row(ANN).invite_id })
    local done = withdraw(ANN, { ask = yes })
    assert.equal("open", done.outcome)
    assert.matches("without the id of its invite no call can revoke it", done.reason)
    start()
    for operation, status in pairs{ ["site_invites.revoke_invite"] = 403, ["contributors.remove_contributor"] = 401 } do
      start()
      desk:invite_to(ANN)
      if status == 401 then desk:accept(ANN) end
      server:fault{ operation = operation, status = status }
      done = withdraw(ANN, { ask = yes })
      assert.equal("open", done.outcome)
      assert.is_truthy(done.stopped or done.reason:find("403"))
    end
  end)

  it("revokes the invite too, where another may be the one that was used", function()
    desk:invite(ANN, BOB)
    local account = desk:accept(BOB, nil, ANN)
    check()
    desk:invite_to(ANN, 2)
    desk:accept(ANN, 2)
    check()
    assert(ledger:confirm{ email = ANN, site_id = desk.sites[2], account_id = account })
    assert.equal("known_account", desk:row(ANN).evidence)
    assert.equal("removed", withdraw(ANN, { ask = yes }).outcome)
    assert.is_nil(desk:open_invite(ANN))
    check() -- and nothing undoes it
    assert.same({ "revoked", "had accepted, and was removed" }, { desk:row(ANN).state, desk:row(ANN).reason })
  end)

  it("is not undone by the next look, where the account was named", function()
    desk:invite(ANN, BOB)
    local account, other = desk:accept(ANN), desk:accept(BOB)
    assert.equal("removed", withdraw(ANN, { account_id = account }).outcome)
    check()
    assert.same({ "revoked", "operator", nil }, { desk:row(ANN).state, desk:row(ANN).evidence, desk:row(ANN).candidates })
    assert.same({ "accepted", other }, { desk:row(BOB).state, desk:row(BOB).account_id })
  end)

  it("does not say that he is gone who owns the site", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    check()
    server:transfer(desk.sites[1], ANN)
    local done = withdraw(ANN, { ask = yes })
    assert.same({ "open", account }, { done.outcome, done.candidate.account_id })
    assert.matches("belongs to this account", done.reason)
  end)

  it("knows an account by its id in capitals", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    server:fault{ operation = "site_invites.resend_invite", status = 200, body =
      ('{"invite":{"id":"%s","status":"Used","acceptedByAccountId":"%s"}}'):format(desk:row(ANN).invite_id, account:upper()) }
    assert(ledger:resend(wix, { email = ANN }))
    assert.equal(account, desk:row(ANN).account_id)
    assert.equal("removed", withdraw(ANN, { ask = yes }).outcome)
    assert.is_false(desk:reaches(account))
  end)

  it("asks which account, where it was told that he accepted, and not by which", function()
    desk:invite(ANN, BOB)
    local account, other = desk:accept(ANN), desk:accept(BOB)
    server:fault{ operation = "site_invites.resend_invite", status = 200, body =
      ('{"invite":{"id":"%s","status":"Used"}}'):format(desk:row(ANN).invite_id) }
    assert(ledger:resend(wix, { email = ANN }))
    local done = withdraw(ANN, { ask = yes })
    assert.equal("unclear", done.outcome)
    assert.equal(2, #done.candidate.others)
    assert.is_true(desk:reaches(account) and desk:reaches(other))
  end)

  it("says that it was done, where only the look after it failed", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    check()
    server:fault{ operation = "sites.query_sites", status = 403, after = 1 }
    local done = withdraw(ANN, { ask = yes })
    assert.same({ "unseen", "unseen", "forbidden", false }, { done.outcome, done.seen, done.stopped.kind, desk:reaches(account) })
    assert.equal("none", withdraw(ANN, { ask = yes }).outcome)
  end)
end)

describe("who #pure", function()
  it("names the right address in what comes next, whatever is in it", function()
    local words = require "wixum.ledger.who_words"
    for _, email in ipairs{ "SITE@example.com", "EMAIL@example.com", "SELECTOR@example.com", "100%s@example.com" } do
      for _, state in ipairs{ "pending", "accepted", "expired" } do
        local step = words.next_step{ state = state, email = email, site_id = "S" }
        assert.truthy(step:find(email, 1, true), step)
      end
    end
  end)

  it("finds the calls of an address in capitals of any alphabet", function()
    desk:invite_to("Änn@exämple.com")
    server:advance(60)
    assert(ledger:resend(wix, { all = true }))
    assert.equal(2, #assert(ledger:who "änn").people[1].rows[1].sent)
    assert.matches("site_invites.resend_invite", assert(ledger:for_support "änn"))
  end)

  it("counts those whom it does not show", function()
    desk:plan(120)
    local found = assert(ledger:who "example.com")
    assert.same({ 50, 70 }, { #found.people, found.more })
  end)
end)

describe("the look before a mail #pure", function()
  it("is made though our clock was set back", function()
    desk:invite_to(ANN)
    change("UPDATE sites SET looked_at = '2030-01-01T00:00:00Z', checked_at = '2030-01-01T00:00:00Z'")
    server:requests_clear()
    desk:invite_to(BOB)
    assert.equal(2, #server:requests{ operation = "sites.query_sites" }) -- the plan's, and the look
  end)

  it("goes on where the service gives fewer a page than it is asked for", function()
    desk:invite_to(ANN)
    desk:invite_to(BOB, 2)
    local template = '{"id":"%s","ownerAccountId":"%s","contributorAccountIds":[]}'
    server:fault{ operation = "sites.query_sites", status = 200, body = ('{"sites":[' .. template .. '],"metadata":{"hasNext":true,'
      .. '"cursors":{"next":"more"}}}'):format(desk.sites[1], server.account_id) }
    server:fault{ operation = "sites.query_sites", status = 200, body = ('{"sites":[' .. template .. '],"metadata":{"hasNext":false}}')
      :format(desk.sites[2], server.account_id) }
    assert.same({ 2, 0 }, { check().sites, 0 })
  end)
end)
