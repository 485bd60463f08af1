-- What would go wrong unnoticed: what the leaver, the looks, a check, a confirmation and withdrawing do that no other spec missed when it
-- was taken out.

local database = require "wixum.ledger.database"
local support = require "spec.support.ledger"

local ANN, BOB, CARL, OTHER = "ann@example.com", "bob@example.com", "carl@example.com", "other@example.com"
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
  for _, words in ipairs{ ... } do assert.truthy(tostring(text):find(words, 1, true), ("%q is not in:\n%s"):format(words, text)) end
end

local function leaver(email, options) return assert(ledger:leaver(wix, email or ANN, options)) end

local function withdraw(given, email)
  local all = { email = email or ANN, site_id = desk.sites[1] }
  for name, value in pairs(given or {}) do all[name] = value end
  return assert(ledger:withdraw(wix, all))
end

local function say(email, site, account) return ledger:confirm{ email = email, site_id = desk.sites[site], account_id = account } end

-- A statement that changes the ledger; and one that answers a row of it.
local function change(statement, ...)
  local db <close> = database.open(desk.path)
  db:run(statement, ...)
end

local function one(statement, ...)
  local db <close> = database.open(desk.path)
  return db:one(statement, ...)
end

-- Somebody comes to a site by an invite of the dashboard, which the ledger does not know.
local function let_in(email, site)
  local own <close> = wix:with{ site_id = desk.sites[site or 1] }
  local sent = assert(own.site_invites.bulk_invite{ policy_ids = { support.ROLE.id }, emails = { email } })
  return assert(server:accept(sent.invites[1])).accepted_by_account_id
end

-- From now on the list of sites is this, a page or several.
local function list_is(...)
  for i, sites in ipairs{ ... } do
    server:fault{ operation = "sites.query_sites", status = 200, times = not select(i + 1, ...) and "always" or nil,
      body = ('{"sites":[%s],"metadata":{"hasNext":%s,"cursors":{"next":"c%d"}}}'):format(table.concat(sites, ","),
        tostring(select(i + 1, ...) ~= nil), i) }
  end
end

-- A site as the list has it; without accounts it does not say who can reach it.
local function site(number, accounts, owner)
  local told = accounts and (',"contributorAccountIds":[%s]'):format(accounts[1] and '"' .. table.concat(accounts, '","') .. '"' or "")
  return ('{"id":"%s","ownerAccountId":"%s"%s}'):format(desk.sites[number], owner or server.account_id, told or "")
end

local function list_lacks_everybody() list_is{ site(1, {}), site(2, {}), site(3, {}) } end

-- Ann was invited twice, and came by the first invite: it had not been revoked after all. Of the second nobody knows whether it is open.
local function came_by_the_first()
  start{ duplicates = "fresh" }
  desk:invite_to(ANN)
  local first = desk:open_invite(ANN)
  server:fault{ operation = "site_invites.revoke_invite", status = 200, body = "{}", acts = false }
  assert.equal(1, assert(ledger:revoke(wix, { email = ANN })).done)
  assert(ledger:retry{ email = ANN })
  assert.equal(1, assert(ledger:send(wix)).pending)
  local account = assert(server:accept(first)).accepted_by_account_id
  assert(ledger:check(wix))
  assert.same({ "accepted", account }, { desk:row(ANN).state, desk:row(ANN).account_id })
  assert.is_truthy(desk:open_invite(ANN))
  return account
end

local function requests(operation) return #server:requests{ operation = operation } end

describe("an account #pure", function()
  before_each(function() start() end)
  after_each(close)

  it("of which a change tells is nobody else's", function()
    start{ members = { { email = BOB } } }
    local account = let_in(BOB, 2)
    assert.is_true(leaver(BOB, { apply = true }).is_clean)
    let_in(BOB, 2)
    desk:invite_to(ANN)
    local found = leaver(ANN, { apply = true })
    assert.same({ 0, true }, { found.removals, desk:reaches(account, 2) })
    assert.equal(1, leaver(BOB).removals)
  end)

  it("that used an invite is not taken off another site, which the list lacks as well", function()
    local account = let_in(ANN, 2)
    desk:invite_to(ANN)
    desk:accept(ANN)
    assert(ledger:check(wix))
    leaver()
    server:advance(60)
    list_lacks_everybody()
    local found = leaver(ANN, { apply = true })
    assert.same({ 1, false, true }, { found.done.done, desk:reaches(account), desk:reaches(account, 2) })
  end)

  it("that a person has said to be somebody else's is not taken off where the list lacks it", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN, 1, BOB)
    assert(ledger:check(wix))
    desk:invite_to(BOB, 2)
    desk:accept(BOB, 2)
    assert(ledger:check(wix))
    assert(say(BOB, 2, account))
    assert.equal(account, desk:row(ANN).account_id)
    server:advance(60)
    list_lacks_everybody()
    local found = leaver(ANN, { apply = true })
    assert.same({ 0, true }, { found.removals, desk:reaches(account) })
  end)

  it("stays whose it was said to be, until that is taken back of this very person", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    assert(ledger:check(wix))
    assert(say(ANN, 1, account))
    local none, err = ledger:confirm{ email = BOB, site_id = desk.sites[1], account_id = account, undo = true }
    assert.same({ nil, "nobody has said that this account belongs to this address" }, { none, err.message })
    assert.equal(ANN, one("SELECT email FROM accounts").email)
  end)

  it("of the key itself is no invitee's, though the site is somebody else's by now", function()
    server:transfer(desk.sites[1], OTHER)
    desk:invite_to(ANN)
    assert.is_nil(one("SELECT 1 AS found FROM owners WHERE account_id = ?", server.account_id))
    local none, err = say(ANN, 1, server.account_id)
    assert.is_nil(none)
    contains(err.message, "this account owns the site, or did, or is the key's own")
  end)

  it("that was there at the first look, and is said to be an invitee's, has used the invite: who comes later is a stranger", function()
    local account = let_in(OTHER)
    desk:invite(ANN)
    assert(say(ANN, 1, account))
    server:advance(60)
    let_in(CARL)
    local found = assert(ledger:check(wix))
    assert.same({ 1, 0, account }, { found.strangers, found.accepted, desk:row(ANN).account_id })
  end)
end)

describe("a leaver #pure", function()
  before_each(function() start() end)
  after_each(close)

  it("of whom nobody knows anything is not clean", function()
    local found = leaver("nobody@example.com", { apply = true })
    assert.same({ true, false, false }, { found.is_empty, found.is_known, found.is_clean })
  end)

  it("is not mailed the invite to the team that waits to be sent", function()
    server:fault{ operation = "account_invites.create_invite", status = 429, times = "always" }
    local hasty <close> = server:client{ rate = false, retries = 0 }
    assert.equal(1, assert(ledger:team_invite(hasty, { email = ANN, role = ROLE, everywhere = true })).planned_again)
    server:faults_clear()
    assert.is_false(leaver().is_empty)
    local found = leaver(ANN, { apply = true })
    assert.same({ true, 1, 0 }, { found.is_clean, found.taken_back, #server:outbox() })
    assert.same({ state = "revoked", reason = "taken back before it was mailed" }, one "SELECT state, reason FROM team_invites")
    assert.is_true(leaver().is_empty)
  end)

  it("cannot come back by an invite that may be open, though the account has left by itself", function()
    local account = came_by_the_first()
    local own <close> = wix:with{ site_id = desk.sites[1] }
    assert(own.contributors.remove_contributor{ account_id = account })
    server:advance(60)
    local found = leaver(ANN, { apply = true })
    assert.same({ 1, true, nil }, { found.revocations, found.is_clean, desk:open_invite(ANN) })
    assert.equal(0, leaver().revocations)
  end)

  it("has nothing to decide where both accesses are by invites of their own", function()
    for i = 1, 2 do desk:invite_to(ANN, i) end
    for i = 1, 2 do desk:accept(ANN, i) end
    assert(ledger:check(wix))
    local found = leaver()
    assert.same({ 2, {} }, { found.removals, found.decide })
  end)

  it("owns a site that does not say who can reach it", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    assert(ledger:check(wix))
    assert(say(ANN, 1, account))
    list_is{ site(1, { account }), site(2, nil, account), site(3, {}) }
    local found = leaver()
    assert.equal(1, found.removals)
    contains(found.dashboard[1], "belongs to their account " .. account)
  end)

  it("who came again a minute after they were taken off is looked for where the list lacks them", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    assert(ledger:check(wix))
    assert.is_true(leaver(ANN, { apply = true }).is_clean)
    server:advance(60)
    let_in(ANN)
    assert(ledger:check(wix))
    server:advance(60)
    list_lacks_everybody()
    local found = leaver(ANN, { apply = true })
    assert.same({ 1, false }, { found.done.done, desk:reaches(account) })
  end)

  it("may have been invited to the team by a process that died", function()
    server:fault{ operation = "account_invites.create_invite", status = 400 }
    assert(ledger:team_invite(wix, { email = ANN, role = ROLE, everywhere = true }))
    change "UPDATE team_invites SET state = 'sending', step = 'invite', reason = NULL"
    contains(leaver().dashboard[1], "an invite to the team may be open (unknown in the ledger, and not in the team's list)")
  end)

  it("has an invite that has run out since, whoever was there to see it", function()
    desk:invite_to(ANN)
    desk:days(31)
    contains(leaver().changes[1].words, "revokes the invite to Site 1 (expired)")
  end)

  it("whom somebody else takes off meanwhile is gone: that is no failure", function()
    start{ members = { { email = ANN } } }
    let_in(ANN)
    local found = leaver(ANN, { apply = true, ask = function(plan)
      for _, planned in ipairs(plan.changes) do
        local own <close> = wix:with{ site_id = desk.sites[1] }
        if planned.kind == "remove_member" then assert(wix.users.remove_member{ user_id = planned.user_id })
        else assert(own.contributors.remove_contributor{ account_id = planned.account_id }) end
      end
      return true
    end })
    assert.same({ true, 2, 0 }, { found.is_clean, found.done.done, found.done.failed })
  end)

  it("of whom it could not be seen whether they are gone: why is told", function()
    desk:invite_to(ANN)
    desk:accept(ANN)
    assert(ledger:check(wix))
    leaver() -- since when it is known whose the account is
    server:fault{ operation = "contributors.query_site_contributors", status = 403, times = "always" }
    local found = leaver(ANN, { apply = true })
    assert.same({ false, 1, 1, "forbidden" }, { found.is_clean == true, found.done.done, found.seen.unseen, found.stopped.kind })
  end)
end)

describe("withdrawing #pure", function()
  before_each(function() start() end)
  after_each(close)

  local function no() return false end

  it("asks also where the account is named, and keeps to the answer", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    assert.same({ "asked", true }, { withdraw{ account_id = account, ask = no }.outcome, desk:reaches(account) })
    assert.same({ "removed", false }, { withdraw{ account_id = account }.outcome, desk:reaches(account) })
  end)

  it("says that the invite is revoked, though the account that was named is left", function()
    desk:invite(ANN, BOB)
    local account = desk:accept(BOB)
    local done = withdraw{ account_id = account, ask = no }
    assert.same({ "revoked", "revoked", true }, { done.outcome, desk:row(ANN).state, desk:reaches(account) })
  end)

  it("revokes the second invite too, where somebody came by the first", function()
    local account = came_by_the_first()
    local done = withdraw{ account_id = account }
    assert.same({ "removed", false, nil }, { done.outcome, desk:reaches(account), desk:open_invite(ANN) })
  end)

  it("revokes what has run out, and what nobody knows", function()
    desk:invite_to(ANN)
    desk:days(31)
    server:requests_clear()
    withdraw()
    assert.equal(1, requests "site_invites.revoke_invite")
    desk:invite_to(BOB)
    server:fault{ operation = "site_invites.resend_invite", reset = "after" }
    local hasty <close> = server:client{ rate = false, retries = 0 }
    assert(ledger:resend(hasty, { email = BOB }))
    assert.equal("unknown", desk:row(BOB).state)
    assert.equal("revoked", withdraw(nil, BOB).outcome)
    assert.same({ state = "revoked" }, one("SELECT state, unknown_step, reason FROM invites WHERE email = ?", BOB))
  end)

  it("keeps no link by which the invite could be accepted", function()
    assert(ledger:plan({ { site_id = desk.sites[1], email = ANN, role = ROLE } }, { client = wix }))
    assert(ledger:send(wix, { keep_links = true }))
    assert.is_string(one("SELECT accept_link FROM invites").accept_link)
    withdraw()
    assert.same({ state = "revoked" }, one "SELECT state, accept_link FROM invites")
  end)
end)

describe("a look #pure", function()
  before_each(function() start() end)
  after_each(close)

  local function unlisted(number) return one("SELECT unlisted_at FROM sites WHERE site_id = ?", desk.sites[number]).unlisted_at ~= nil end

  it("marks a site that has vanished, and one that is back", function()
    for i = 1, 2 do desk:invite_to(ANN, i) end
    local function check() return assert(ledger:check(wix)).unlisted end
    for _, look in ipairs{ check, leaver } do
      server:advance(60)
      list_is{ site(1, {}) }
      look()
      assert.same({ false, true }, { unlisted(1), unlisted(2) })
      server:faults_clear()
      server:advance(60)
      look()
      assert.same({ false, false }, { unlisted(1), unlisted(2) })
    end
  end)

  it("ends where the service says that there is more, and tells nothing", function()
    desk:invite_to(ANN)
    server:requests_clear()
    list_is({}, {}, {})
    assert.equal(1, assert(ledger:check(wix)).unlisted)
    assert.equal(2, requests "sites.query_sites")
  end)

  it("counts a site once that stands on two pages", function()
    list_is({ site(1), site(2) }, { site(2), site(3) })
    assert.equal(3, leaver().sites)
  end)
end)

describe("a check #pure", function()
  before_each(function() start() end)
  after_each(close)

  it("names who came second as well, where it may have been either", function()
    desk:invite(ANN, BOB, CARL)
    local first = desk:accept(ANN)
    assert(ledger:check(wix))
    assert.same({ first }, desk:row(CARL).candidates)
    server:advance(60)
    local second = desk:accept(BOB)
    assert(ledger:check(wix))
    local list, both = desk:row(CARL).candidates, { first, second }
    table.sort(list)
    table.sort(both)
    assert.same(both, list)
  end)

  it("by roles says where the site does not tell them", function()
    assert(ledger:plan({ { site_id = desk.sites[1], email = ANN, role = ROLE },
      { site_id = desk.sites[1], email = BOB, role = "Blog Writer" } }, { client = wix }))
    assert(ledger:send(wix))
    desk:accept(ANN)
    server:fault{ operation = "contributors.query_site_contributors", status = 403 }
    local found, err = ledger:check(wix, { trust = "roles" })
    assert.equal("forbidden", (found and found.stopped or err).kind)
    assert.equal(1, assert(ledger:check(wix, { trust = "roles" })).accepted)
  end)

  it("by roles asks for none where one invite alone is left, and tells it from one that failed", function()
    desk:invite_to(ANN)
    desk:accept(ANN)
    assert(ledger:check(wix))
    desk:invite_to(BOB, 1, "Blog Writer")
    desk:accept(BOB)
    server:requests_clear()
    assert.equal(1, assert(ledger:check(wix, { trust = "roles" })).accepted)
    assert.equal(0, requests "contributors.query_site_contributors")
    desk:invite_to(CARL, 1, "Blog Writer")
    server:fault{ operation = "site_invites.bulk_invite", status = 400 }
    desk:invite_to(OTHER)
    desk:accept(CARL)
    assert.equal(1, assert(ledger:check(wix, { trust = "roles" })).accepted)
  end)

  it("counts an invite whose sending was interrupted as one that may have left", function()
    desk:invite_to(ANN)
    change "UPDATE invites SET state = 'sending', step = 'invite', mails = 0, invite_id = NULL, first_mail_at = NULL, last_mail_at = NULL"
    desk:accept(ANN)
    assert.equal(1, assert(ledger:check(wix)).accepted)
  end)
end)
