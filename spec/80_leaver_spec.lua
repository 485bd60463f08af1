-- A leaver: everything that somebody can still reach is found, and taken away, and nobody else loses anything.

local command = require "spec.support.command"
local database = require "wixum.ledger.database"
local support = require "spec.support.ledger"
local wixum = require "wixum"

local ANN, BOB = "ann@example.com", "bob@example.com"

local desk, ledger, wix, server

local function start(options)
  if desk then desk:close() end
  desk = support.desk(options)
  ledger, wix, server = desk.ledger, desk.wix, desk.server
end

local function check() return assert(ledger:check(wix)) end

local function leaver(email, options) return ledger:leaver(wix, email or ANN, options) end

local function words_of(list)
  local words = {}
  for i, one in ipairs(list) do words[i] = one.words or one.text or one end
  return table.concat(words, "\n")
end

describe("a leaver #pure", function()
  before_each(function() start() end)
  after_each(function()
    desk:close()
    desk = nil
  end)

  it("is shown with all that is known, and nothing is changed", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    check()
    desk:invite_to(ANN, 2)
    assert(ledger:plan({ { site_id = desk.sites[3], email = ANN, role = support.ROLE.title } }, { client = wix }))
    assert(ledger:team_invite(wix, { email = ANN, role = support.ROLE.title, sites = { desk.sites[1] } }))
    server:requests_clear()
    local found = assert(leaver())
    assert.same({ false, 1, 1, 1, 0, 2, 3 }, { found.applied, found.removals, found.revocations, #found.take_back, #found.decide,
      #found.dashboard, found.sites })
    local text = tostring(found)
    for _, words in ipairs{ "takes account " .. account .. " off Site 1 (the only invite by which",
      "revokes the invite to Site 2 (pending)", "takes back the planned invite to Site 3",
      "an invite to the team is open until 2025-12-24", "rotate it in the API Keys manager" } do
      assert.truthy(text:find(words, 1, true), text)
    end
    local is_read = { ["sites.count_sites"] = true, ["sites.query_sites"] = true, ["users.search_team"] = true,
      ["contributors.query_site_contributors"] = true }
    for _, request in ipairs(server:requests()) do
      assert.is_true(is_read[request.operation])
    end
    assert.is_true(desk:reaches(account))
  end)

  it("loses everything, and it is looked at again", function()
    desk:invite_to(ANN)
    desk:invite_to(BOB)
    local account = desk:accept(ANN)
    check()
    assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account })
    desk:invite_to(BOB, 2)
    desk:accept(BOB, 2, ANN) -- she came by his link: it is her account
    desk:invite_to(ANN, 3)
    local found = assert(leaver(ANN, { apply = true }))
    -- two removals, the open invite; and the one to the first site, since she came to the second by another's: which she used nobody knows
    assert.same({ true, 4, 0, 2 }, { found.applied, found.done.done, found.done.failed, found.revocations })
    assert.same({ 2, 0, 0 }, { found.seen.as_wanted, found.seen.otherwise, found.seen.unseen })
    assert.is_false(desk:reaches(account) or desk:reaches(account, 2))
    assert.same({ "revoked", "had accepted, and was removed" }, { desk:row(ANN).state, desk:row(ANN).reason })
    assert.equal("revoked", desk:row(ANN, 3).state)
    assert.equal("pending", desk:row(BOB).state)
    assert.is_true(found.left.is_empty)
    assert.matches("ann@example.com: 4 of 4 steps done.\nLooked at again: nothing is left", tostring(found))
    found = assert(leaver(ANN, { apply = true }))
    assert.is_true(found.is_empty)
    assert.is_nil(found.done)
  end)

  it("of the team is removed there, and found on sites by the account's owner", function()
    start{ members = { { email = ANN, roles = { support.ROLE.id } } }, sites = {
      { id = "00000001-2222-4333-8444-555555555555", name = "Site 1", contributors = { { email = ANN }, { email = BOB } } },
      { id = "00000002-2222-4333-8444-555555555555", name = "Site 2", contributors = { { email = BOB } } } } }
    local account
    for _, contributor in ipairs(server:contributors(desk.sites[1])) do
      if contributor.email == ANN then account = contributor.account_id end
    end
    server:requests_clear()
    local found = assert(leaver())
    assert.equal(ANN, found.member.email)
    assert.same({ "remove_member", "remove_contributor" }, { found.changes[1].kind, found.changes[2].kind })
    assert.matches("the same user for the account and for the member", words_of(found.changes))
    assert.equal(found.calls, #server:requests())
    assert.equal(1, #server:requests{ operation = "contributors.query_site_contributors" }) -- it names both accounts
    server:requests_clear()
    assert(leaver())
    assert.equal(0, #server:requests{ operation = "contributors.query_site_contributors" }) -- they are known
    found = assert(leaver(ANN, { apply = true }))
    assert.same({ 2, 2 }, { found.done.done, found.seen.as_wanted })
    assert.same({ 0, 1, 1 }, { #server:members{ email = ANN }, #server:contributors(desk.sites[1]), #server:contributors(desk.sites[2]) })
    assert.is_false(desk:reaches(account))
  end)

  it("does not take others along: what may be somebody else's is to be decided first", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN, 1, "carl@example.com") -- she passed the link on
    check()
    desk:invite_to(BOB, 2)
    desk:accept(BOB, 2, "carl@example.com")
    local found = assert(leaver())
    assert.equal(1, #found.changes) -- the site whose invite was hers
    assert.matches("Site 2: account " .. account .. ", which used their invite to Site 1, is there too", words_of(found.decide), 1, true)
    assert.equal("wixum confirm ann@example.com --site " .. desk.sites[1] .. " --account " .. account, found.decide[1].command)
    assert(leaver(ANN, { apply = true }))
    assert.is_true(desk:reaches(account, 2))
  end)

  it("is not guessed where it is unclear", function()
    desk:invite_to(ANN)
    desk:invite_to(BOB)
    local account = desk:accept(BOB)
    local found = assert(leaver(ANN, { apply = true }))
    assert.same({ 0, "revoked" }, { found.removals, desk:row(ANN).state })
    assert.equal("Site 1: they may be account " .. account .. " there", words_of(found.decide))
    assert.is_true(desk:reaches(account))
  end)

  it("who owns a site, or is the key's own account, is told and left alone", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    check()
    assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account })
    start{ owner_contributes = true }
    desk:invite_to(ANN)
    account = desk:accept(ANN)
    check()
    assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account })
    server:transfer(desk.sites[1], ANN)
    local found = assert(leaver(ANN, { apply = true }))
    for _, change in ipairs(found.changes) do assert.not_equal("remove_contributor", change.kind) end
    assert.matches("Site 1 belongs to their account", words_of(found.dashboard))
    found = assert(leaver "owner@example.com")
    assert.matches("is reached by the account of the key itself", words_of(found.dashboard))
    assert.matches("owner@example.com is the account's owner, who cannot be removed", words_of(found.dashboard))
    assert.equal(0, #found.changes)
  end)

  it("is asked about, and keeps all where the answer is no", function()
    desk:invite_to(ANN)
    local account, asked = desk:accept(ANN), nil
    local found = assert(leaver(ANN, { apply = true, ask = function(plan)
      asked = #plan.changes
      return false
    end }))
    assert.same({ 1, false, true }, { asked, found.applied, desk:reaches(account) })
  end)

  it("must be said by the whole address; one that nobody knows is told", function()
    for _, email in ipairs{ "ann", "@example.com", "ann@" } do
      local found, err = leaver(email)
      assert.is_nil(found)
      assert.matches("the whole address must be said", err.message)
    end
    local found = assert(leaver "an@example.com")
    assert.is_false(found.is_known)
    assert.matches("Nobody is known by an@example.com", tostring(found))
    assert.has_error(function() ledger:leaver(wix, nil) end)
  end)

  it("is not half known where something could not be read", function()
    desk:invite_to(ANN)
    desk:accept(ANN)
    for operation, kind in pairs{ ["users.search_team"] = "forbidden", ["sites.query_sites"] = "forbidden" } do
      server:fault{ operation = operation, status = 403 }
      local found, err = leaver(ANN, { apply = true })
      assert.is_nil(found)
      assert.equal(kind, err.kind)
    end
    assert.equal(1, #server:contributors(desk.sites[1]))
  end)

  it("keeps what is refused, and says what is left", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    check()
    server:fault{ operation = "contributors.remove_contributor", status = 403 }
    local found = assert(leaver(ANN, { apply = true }))
    assert.same({ 1, 1, 1 }, { found.done.failed, found.seen.otherwise, #found.left.changes })
    assert.same({ "accepted", true }, { desk:row(ANN).state, desk:reaches(account) })
    assert.matches("Looked at again, this is left:\n  takes account " .. account, tostring(found), 1, true)
    server:fault{ operation = "contributors.remove_contributor", status = 401 }
    found = assert(leaver(ANN, { apply = true }))
    assert.same({ "unauthenticated", 1 }, { found.stopped.kind, found.done.put_back })
    found = assert(leaver(ANN, { apply = true }))
    assert.is_string(found.interrupted_at)
    assert.is_false(desk:reaches(account))
    local db <close> = database.open(desk.path)
    assert.same({ dropped = 1, done = 1, failed = 1 }, (function()
      local counts = {}
      for one in db:rows("SELECT state, count(*) AS number FROM changes GROUP BY state") do counts[one.state] = one.number end
      return counts
    end)())
  end)
end)

describe("a leaver whose removal is killed again and again #pure", function()
  it("loses everything, nobody else loses anything, and every call is in the ledger", function()
    local torture = require "spec.support.leaver_torture"
    local figures = torture.run{ sites = 30, kills = 6, seed = 5 }
    assert.equal(6, figures.kills)
    assert.is_true(figures.removed >= 30)
  end)
end)

describe("the command, about a leaver #pure", function()
  local commands, SITE = nil, "00000001-2222-4333-8444-555555555555"

  it("shows, asks, takes away, and says what is left for the dashboard", function()
    commands = command.new{ seed = 3, sites = { { id = SITE, name = "Bäckerei Süß" } } }
    local function contains(text, ...)
      for _, words in ipairs{ ... } do assert.truthy(text:find(words, 1, true), ("%q is not in:\n%s"):format(words, text)) end
    end
    commands:write("c.csv", "site,email,role", SITE .. "," .. ANN .. ",Website Manager")
    commands:done("invite", "c.csv")
    assert(commands.server:accept(commands.server:invites()[1]))
    contains(commands:done("leaver", ANN), "Looking at 1 site and the team in at least 3 calls", "ann@example.com, by a look at 1 site",
      "off Bäckerei Süß", "For the dashboard, since no call can do it:", "rotate it", "Nothing was taken away: --apply does it.")
    contains(commands:fails(1, "leaver", "an@example.com"), "Nobody is known by an@example.com")
    commands:fails(1, "leaver", "an@example.com", "--apply")
    contains(commands:fails(2, "leaver", "ann"), "the whole address must be said")
    commands:as_if_live()
    contains(commands:fails(2, "leaver", ANN, "--apply"), "say --yes",
      "This makes 1 removal and revokes 0 invites of ann@example.com, live: it takes account")
    assert.equal(1, #commands.server:contributors(SITE))
    contains(commands:done("--yes", "leaver", ANN, "--apply"), "1 of 1 step done", "nothing is left that is known")
    assert.equal(0, #commands.server:contributors(SITE))
    assert.truthy(wixum)
    commands:close()
  end)
end)
