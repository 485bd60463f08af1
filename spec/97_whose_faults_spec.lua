-- Whom it was taken for: accounts that are somebody else's by now, people who were let in again, and what a backup does not know.

local command = require "spec.support.command"
local database = require "wixum.ledger.database"
local support = require "spec.support.ledger"

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
  for _, words in ipairs{ ... } do assert.truthy(tostring(text):find(words, 1, true), ("%q is not in:\n%s"):format(words, text)) end
end

local function leaver(email, options) return assert(ledger:leaver(wix, email or ANN, options)) end

-- Somebody comes to a site by an invite of the dashboard, which the ledger does not know.
local function let_in(email, site)
  local own <close> = wix:with{ site_id = desk.sites[site or 1] }
  local sent = assert(own.site_invites.bulk_invite{ policy_ids = { support.ROLE.id }, emails = { email } })
  return assert(server:accept(sent.invites[1])).accepted_by_account_id
end

-- Invites to the team, where it is accepted; answers the user.
local function employ(email)
  assert(ledger:team_invite(wix, { email = email, role = ROLE, sites = { desk.sites[1] } }))
  server:advance(60)
  assert(server:accept(server:invites{ email = email, status = "Pending" }[1]))
  assert(ledger:team(wix))
  server:advance(60)
  return server:members{ email = email }[1].id
end

-- What the service says of an account from now on.
local function says(account, user)
  server:fault{ operation = "contributors.query_site_contributors", status = 200, times = "always",
    body = ('{"contributors":[{"accountId":"%s","accountOwnerId":"%s"}]}'):format(account, user) }
end

-- The list of sites names these accounts on the first site, and nobody on the others.
local function listed(accounts, owner)
  local list = {}
  for i, id in ipairs(desk.sites) do
    list[i] = ('{"id":"%s"%s,"contributorAccountIds":[%s]}'):format(id, owner and (',"ownerAccountId":"%s"'):format(owner) or "",
      i == 1 and #accounts > 0 and '"' .. table.concat(accounts, '","') .. '"' or "")
  end
  server:fault{ operation = "sites.query_sites", status = 200, times = "always",
    body = ('{"sites":[%s],"metadata":{"hasNext":false}}'):format(table.concat(list, ",")) }
end

describe("an account that used a leaver's invite #pure", function()
  before_each(function() start{ members = { { email = BOB } } } end)
  after_each(close)

  local function passed_on()
    desk:invite_to(ANN)
    assert(ledger:check(wix))
    server:advance(60)
    local account = desk:accept(ANN, 1, BOB)
    assert(ledger:check(wix))
    return account
  end

  it("is not taken off where it is the account of somebody else in the team", function()
    local account = passed_on()
    local found = leaver(ANN, { apply = true })
    assert.same({ false, true }, { found.is_clean, desk:reaches(account) })
    assert.equal(("Site 1: account %s used their invite, and is bob@example.com's, as the team says"):format(account),
      found.decide[1].text)
    assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account }) -- unless a person has said that it is hers
    for _, row in ipairs(assert(ledger:access(wix)).rows) do
      if row.account_id == account then assert.same({ ANN, "operator" }, { row.email, row.evidence }) end
    end
    found = leaver(ANN, { apply = true })
    assert.same({ true, 0, false }, { found.is_clean, #found.decide, desk:reaches(account) })
  end)

  it("is unclear in a review, and whose it is by the team is told before it is withdrawn", function()
    local account = passed_on()
    for _, row in ipairs(assert(ledger:access(wix)).rows) do
      if row.account_id == account then assert.same({ "", "unclear", "Bob" }, { row.email, row.evidence, row.name }) end
    end
    local _, problems = ledger:apply_access(wix, { desired = { account_id = server.account_id, service = server.base_url,
      rows = { { site_id = desk.sites[1], email = ANN, roles = { ROLE } } } } })
    contains(problems, "the ledger knows no account that is certainly this person's")
    local shown
    assert(ledger:withdraw(wix, { email = ANN, site_id = desk.sites[1], ask = function(candidate)
      shown = candidate
      return false
    end }))
    assert.same({ account, BOB }, { shown.account_id, shown.team_email })
    local nameless = ('{"user":{"id":"%s","assignments":[]}}'):format(server:members{ email = BOB }[1].id)
    for _, members in ipairs{ nameless, "" } do
      server:fault{ operation = "users.search_team", status = 200, body = ('{"teamMembers":[%s]}'):format(members) }
    end
    assert(ledger:withdraw(wix, { email = ANN, site_id = desk.sites[1], ask = function(candidate)
      assert.is_nil(candidate.team_email)
      return false
    end }))
    for _, members in ipairs{ nameless, "" } do
      server:fault{ operation = "users.search_team", status = 200, body = ('{"teamMembers":[%s]}'):format(members) }
    end
    for _, row in ipairs(assert(ledger:access(wix)).rows) do -- whoever has no address there may be she
      if row.account_id == account then assert.same({ ANN, "only_candidate" }, { row.email, row.evidence }) end
    end
  end)

  it("is named by the command's question with what the team says", function()
    local own = command.new{ seed = 3, members = { { email = BOB } }, sites = { { id = desk.sites[1], name = "Shop" } } }
    own:write("c.csv", "site,email,role", "Shop,ann@example.com,Website Manager")
    own:done("invite", "c.csv")
    assert(own.server:accept(own.server:invites()[1], BOB))
    contains(own:done("withdraw", ANN, "--site", "Shop"),
      "But the team says that the account is bob@example.com's: the link may have been passed on.")
    own:close()
  end)

  it("is taken for theirs where the sites do not say whose it is, which is told", function()
    start()
    for site = 1, 2 do
      desk:invite_to(ANN, site)
      desk:accept(ANN, site)
    end
    assert(ledger:check(wix))
    server:fault{ operation = "contributors.query_site_contributors", status = 403, times = "always" }
    local found = leaver()
    assert.same({ 2, true }, { found.removals, found.forbidden == nil })
    contains(found, "What could not be seen:\n  whether an account that used their invites is somebody else's in the team: ")
  end)

  it("is hers where the team says so, or nothing", function()
    start{ members = { { email = ANN } } }
    desk:invite_to(ANN)
    desk:accept(ANN)
    assert(ledger:check(wix))
    assert(ledger:withdraw(wix, { email = ANN, site_id = desk.sites[1], ask = function(candidate)
      assert.is_nil(candidate.team_email)
      return false
    end }))
    assert.same({ true, 2 }, { leaver(ANN, { apply = true }).is_clean, #leaver().changes + 2 })
  end)
end)

describe("a leaver who was let in again #pure", function()
  before_each(function() start() end)
  after_each(close)

  local account

  -- Came by an invite, was taken off as a leaver; and a colleague has let them in again.
  local function again(is_confirmed)
    desk:invite_to(ANN)
    account = desk:accept(ANN)
    assert(ledger:check(wix))
    if is_confirmed then assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account }) end
    assert.is_true(leaver(ANN, { apply = true }).is_clean)
    server:advance(700)
    let_in(ANN)
  end

  it("is seen, told by who, and taken off", function()
    again()
    assert(ledger:check(wix))
    contains(assert(ledger:who(ANN)), "Site 1: reached by account " .. account .. ", without an invite of this ledger")
    local found = leaver(ANN, { apply = true })
    assert.same({ true, 1, false }, { found.is_clean, found.done.done, desk:reaches(account) })
    assert.equal(0, #leaver().changes)
    start()
    again(true)
    assert.same({ 1, 0 }, { leaver().removals, leaver().revocations }) -- the invite is revoked: it need not be once more
    do
      local db <close> = database.open(desk.path)
      db:run "UPDATE invites SET evidence = NULL" -- as an export may have it
      db:run "DELETE FROM accounts"
    end
    contains(leaver().changes[1].words, "as is known from elsewhere")
  end)

  it("is told beforehand how many sites are asked for it", function()
    again()
    local told = {}
    leaver(ANN, { on_cost = function(calls) told[#told + 1] = calls end })
    listed{}
    server:advance(700)
    leaver(ANN, { on_cost = function(calls) told[#told + 1] = calls end })
    assert.same({ 1 }, told)
  end)

  it("is asked about once a day", function()
    desk:invite_to(ANN)
    account = desk:accept(ANN)
    assert(ledger:check(wix))
    local function asked() return #server:requests{ operation = "contributors.query_site_contributors" } end
    leaver()
    leaver()
    assert.equal(1, asked())
    desk:days(1)
    leaver()
    assert.equal(2, asked())
  end)

  it("is seen where the account's list lacks them, and the site has them", function()
    again()
    listed{}
    local found = leaver(ANN, { apply = true })
    assert.same({ 1, false }, { found.done.done, desk:reaches(account) })
  end)

  it("is known by the user that they were, though they were invited to the team again since", function()
    local user = employ(ANN)
    account = let_in(ANN, 2)
    assert(wix.users.remove_member{ user_id = user })
    server:advance(60)
    assert(ledger:team(wix))
    assert(ledger:team_invite(wix, { email = ANN, role = ROLE, sites = { desk.sites[1] } }))
    assert(server:decline(server:invites{ email = ANN, status = "Pending" }[1]))
    assert(ledger:team(wix))
    leaver()
    contains(assert(ledger:who(ANN)), account)
    assert.same({ true, false }, { leaver(ANN, { apply = true }).is_clean, desk:reaches(account, 2) })
  end)
end)

describe("a user of the team #pure", function()
  before_each(function() start() end)
  after_each(close)

  it("who has another address by now is not taken off with the old one", function()
    local user, account = employ "office@example.com", let_in("office@example.com", 2)
    local owner = server:members{ email = "owner@example.com" }[1].id
    for _ = 1, 3 do
      for _, members in ipairs{ ('{"user":{"id":"%s","email":"owner@example.com","assignments":[]}},'):format(owner)
        .. ('{"user":{"id":"%s","email":"ann.smith@example.com","assignments":[]}}'):format(user), "" } do
        server:fault{ operation = "users.search_team", status = 200, body = ('{"teamMembers":[%s]}'):format(members) }
      end
    end
    local found = leaver("office@example.com", { apply = true })
    assert.same({ false, true }, { found.is_clean, desk:reaches(account, 2) })
    assert.is_true(found.is_known)
    assert.same({ { text = "the user " .. user .. ", who was office@example.com in the team, is ann.smith@example.com there now",
      command = "wixum leaver ann.smith@example.com" } }, found.decide)
  end)

  it("who is there without an address is nobody else", function()
    local user, account = employ(ANN), let_in(ANN, 2)
    for _, members in ipairs{ ('{"user":{"id":"%s","email":"owner@example.com","assignments":[]}},{"user":{"id":"%s","assignments":[]}}')
      :format(server:members{ email = "owner@example.com" }[1].id, user), "" } do
      server:fault{ operation = "users.search_team", status = 200, body = ('{"teamMembers":[%s]}'):format(members) }
    end
    local found = leaver()
    assert.equal(0, #found.decide)
    contains(found.changes[1].words, "takes account " .. account .. " off Site 2")
  end)

  it("is asked about anew after a month, where an account was another's", function()
    start{ members = { { email = ANN }, { email = BOB } } }
    local account, user = let_in(BOB, 2), server:members{ email = ANN }[1].id
    assert.equal(1, #leaver().changes) -- the team
    says(account, user)
    desk:days(29)
    assert.equal(1, #leaver().changes)
    desk:days(2)
    local found = leaver()
    assert.equal(2, #found.changes)
    contains(found.changes[2].words, "takes account " .. account .. " off Site 2")
  end)

  it("is found in the whole team before somebody is invited to it: the service's search may not find them", function()
    start{ members = { { email = ANN } } }
    local done = assert(ledger:team_invite(wix, { email = ANN, role = ROLE, everywhere = true }))
    assert.same({ 0, 0, 1 }, { done.total, #server:outbox(), #done.refused })
    for _, request in ipairs(server:requests{ operation = "users.search_team" }) do
      assert.is_nil(request.body:find("ann", 1, true))
    end
  end)
end)

describe("a site #pure", function()
  before_each(function() start() end)
  after_each(close)

  it("whose owner is never told belongs to nobody else's account, as far as known", function()
    listed{}
    assert.same({}, leaver().hints)
  end)

  it("whose owner was not told may have been somebody's, who stayed", function()
    local before, after = "cccccccc-2222-4333-8444-555555555555", "dddddddd-2222-4333-8444-555555555555"
    listed{}
    desk:invite_to(ANN)
    server:advance(60)
    server:faults_clear()
    listed({ before }, after)
    assert.equal(1, assert(ledger:check(wix)).unclear)
    server:faults_clear()
    listed({ before }, after)
    desk:invite_to(BOB)
    server:advance(60)
    server:faults_clear()
    listed({ before, "eeeeeeee-2222-4333-8444-555555555555" }, after) -- the same owner as before
    assert(ledger:check(wix))
    local db <close> = database.open(desk.path)
    assert.equal(1, db:one("SELECT count(*) AS number FROM presences WHERE doubtful = 1").number)
  end)
end)

describe("a backup #pure", function()
  before_each(function() start() end)
  after_each(close)

  it("does not bring back what a person has taken back since", function()
    desk:invite(ANN, BOB)
    local account = desk:accept(BOB)
    assert(ledger:check(wix))
    assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account })
    local path = desk:file ".db"
    assert(ledger:backup(path))
    server:advance(60)
    assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account, undo = true })
    local undone = desk:file ".db"
    assert(ledger:backup(undone))
    assert(ledger:import(path))
    local found = leaver(ANN, { apply = true })
    assert.same({ true, 0 }, { desk:reaches(account), found.removals })
    assert(ledger:import(undone))
    server:advance(60)
    assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account }) -- said anew it counts
    local said = desk:file ".db"
    assert(ledger:backup(said))
    local other <close>, there = desk:another()
    assert(other:import(undone))
    local db <close> = database.open(there)
    local function known() return db:one("SELECT count(*) AS number FROM accounts").number end
    assert(other:import(said))
    assert.same({ 1, 1 }, { known(), assert(other:leaver(wix, ANN)).removals })
    assert(other:import(undone)) -- an older one changes nothing of it
    assert.equal(1, known())
    db:run "DELETE FROM accounts"
    db:run "UPDATE undone SET undone_at = '2020-01-01T00:00:00Z'" -- of what was taken back twice the later counts
    assert(other:import(undone))
    assert(other:import(path))
    assert.equal(0, known())
  end)

  it("takes back here what was taken back there, and keeps what a later invite to the team says nothing of", function()
    desk:invite(ANN, BOB)
    local account = desk:accept(BOB)
    assert(ledger:check(wix))
    assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account })
    assert(ledger:team_invite(wix, { email = BOB, role = ROLE, everywhere = true }))
    local before, after = desk:file ".db", desk:file ".db"
    assert(ledger:backup(before))
    server:advance(60)
    assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account, undo = true })
    assert(ledger:backup(after))
    local other <close>, there = desk:another()
    assert(other:import(before))
    assert.equal(1, assert(other:leaver(wix, ANN)).removals)
    assert(other:import(after))
    assert.equal(0, assert(other:leaver(wix, ANN)).removals)
    local db <close> = database.open(there)
    db:run "UPDATE team_invites SET invite_id = 'later', site_ids = 'x', planned_at = '2026-01-01', changed_at = '2026-01-01T00:00:00Z'"
    assert(other:import(before))
    assert(other:import(before)) -- once more it says no more
    assert.same({ { person = BOB, site_ids = "*" } }, db:all "SELECT person, site_ids FROM past_team_invites")
  end)

  it("knows nothing of who was invited after it was made: who comes until the next look is unclear, and no longer", function()
    desk:invite_to(ANN)
    server:advance(60)
    local path = desk:file ".db"
    assert(ledger:backup(path))
    desk:invite_to(BOB)
    local account = desk:accept(BOB)
    server:advance(60)
    local other <close>, there = desk:another()
    assert(other:import(path))
    assert.same({ 0, 1 }, { assert(other:check(wix)).accepted, other:rows{ email = ANN }().evidence == "unclear" and 1 })
    assert.same({ account }, other:rows{ email = ANN }().candidates)
    server:advance(60)
    let_in "carl@example.com"
    assert(other:check(wix))
    local db <close> = database.open(there)
    assert.equal(1, db:one("SELECT count(*) AS number FROM presences WHERE doubtful = 1").number)
  end)

  it("does not make an invite to the team unknown by which somebody may have come", function()
    desk:invite_to(ANN)
    assert(ledger:check(wix))
    server:advance(60)
    assert(ledger:team_invite(wix, { email = BOB, role = ROLE, sites = { desk.sites[1] } }))
    local path = desk:file ".db"
    assert(ledger:backup(path))
    do
      local db <close> = database.open(path) -- by the time it was made there was another, in another ledger
      db:run "UPDATE team_invites SET invite_id = 'another', state = 'declined', changed_at = '2026-01-01T00:00:00Z'"
    end
    let_in(BOB)
    server:advance(60)
    assert(ledger:import(path))
    assert.equal(1, assert(ledger:check(wix)).by_team)
  end)

  it("of this very ledger makes nothing unclear", function()
    desk:invite_to(ANN)
    desk:accept(ANN)
    local path = desk:file ".db"
    assert(ledger:backup(path))
    assert(ledger:import(path))
    assert.equal(1, assert(ledger:check(wix)).accepted)
  end)
end)
