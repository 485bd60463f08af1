-- What a look did not see, and was silent about: sites without a list of accounts, lists that are not whole, owners of once, and pages
-- without an end.

local cjson = require "cjson"
local database = require "wixum.ledger.database"
local support = require "spec.support.ledger"

local ANN, BOB = "ann@example.com", "bob@example.com"

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

local function site_id(number) return ("%08d-2222-4333-8444-555555555555"):format(number) end

-- Ann, and Bob, in the team; Ann on so many sites by her own account.
local function members(number)
  local sites = {}
  for i = 1, number do sites[i] = { id = site_id(i), name = "Site " .. i, contributors = { { email = ANN } } } end
  start{ sites = sites, members = { { email = ANN, roles = { support.ROLE.id } }, { email = BOB, roles = { support.ROLE.id } } } }
end

-- One value of the ledger's tables.
local function found_in(statement)
  local db <close> = database.open(desk.path)
  return db:one(statement).found
end

local function account_on(number) return server:contributors(site_id(number))[1].account_id end
local function on(number) return #server:contributors(site_id(number)) end
local function asked() return #server:requests{ operation = "contributors.query_site_contributors" } end
local function check() return assert(ledger:check(wix)) end
local function leaver(email, options) return assert(ledger:leaver(wix, email or ANN, options)) end

-- An answer of the list of sites: a table a site; nobody on it where `accounts` is not said otherwise, false: that is not told.
local function list_of(sites, metadata)
  local list = {}
  for i, site in ipairs(sites) do
    local accounts = site.accounts
    if accounts == nil then accounts = {} end
    list[i] = { id = site.id, displayName = site.name, ownerAccountId = site.owner or server.account_id,
      contributorAccountIds = accounts or nil }
  end
  -- an empty table is an object, and what stands for an empty list not every lua-cjson has
  return (cjson.encode{ sites = list, metadata = metadata or { hasNext = false } }:gsub('"contributorAccountIds":{}',
    '"contributorAccountIds":[]'))
end

local function answer(body, times)
  server:fault{ operation = "sites.query_sites", status = 200, times = times or 1, body = body }
end

describe("a site that the list says nothing of #pure", function()
  after_each(close)

  -- Two sites with Ann on both; the list is silent about the second for ever.
  local function silent(owner)
    members(2)
    local account = account_on(1)
    answer(list_of{ { id = site_id(1), name = "Site 1", accounts = { account } },
      { id = site_id(2), name = "Site 2", accounts = false, owner = owner and account } })
    answer(list_of{ { id = site_id(1), name = "Site 1" }, { id = site_id(2), name = "Site 2", accounts = false } }, "always")
    return account
  end

  it("is asked itself for a leaver, and again afterwards", function()
    local account = silent()
    server:requests_clear()
    local cost
    local found = leaver(ANN, { apply = true, on_cost = function(calls) cost = calls end })
    assert.same({ 2, 0, 0 }, { cost, on(1), on(2) })
    assert.same({ 3, 3, 0, true }, { found.done.done, found.seen.as_wanted, #found.undone, found.is_clean })
    contains(found.changes[3].words, "takes account " .. account .. " off Site 2")
  end)

  it("is told where it would not say, and where a leaver owns it", function()
    silent()
    server:fault{ operation = "contributors.query_site_contributors", status = 403, after = 1, times = 1 }
    local own <close> = server:client{ rate = false, concurrency = 1 }
    local found = assert(ledger:leaver(own, ANN))
    assert.is_false(found.is_empty)
    contains(tostring(found), "What could not be seen:\n  Site 2: whose accounts can reach it could not be asked")
    local account = silent(true)
    contains(leaver().dashboard[1], "Site 2 belongs to their account " .. account)
  end)

  it("is asked for whom an account is known alone, and hides no invite that may have been used", function()
    start()
    desk:invite_to(ANN)
    desk:accept(ANN)
    server:advance(60)
    answer(list_of{ { id = site_id(1), name = "Site 1", accounts = false } }, "always")
    server:requests_clear()
    local found = leaver()
    assert.equal(0, asked())
    contains(table.concat(found.unseen, "\n"), "Site 1: whether their invite was used: the account's list does not have the site, or not")
    server:fault{ operation = "site_invites.resend_invite", status = 200, body =
      ('{"invite":{"id":"%s","status":"Used","acceptedByAccountId":"%s"}}'):format(desk:row(ANN).invite_id, account_on(1)) }
    assert(ledger:resend(wix, { email = ANN }))
    found = leaver(ANN, { apply = true })
    assert.same({ 1, 0 }, { #found.changes, on(1) })
  end)
end)

describe("a list of sites that is not whole #pure", function()
  after_each(close)

  -- Two sites with Ann on both; the list has the first alone.
  local function capped()
    members(2)
    answer(list_of{ { id = site_id(1), name = "Site 1", accounts = { account_on(1) } } })
    answer(list_of{ { id = site_id(1), name = "Site 1" } }, "always")
  end

  it("is told of a leaver, who is not gone from everywhere then", function()
    capped()
    server:requests_clear()
    local found = leaver(ANN, { apply = true })
    assert.same({ false, 0, 1, 2 }, { found.is_clean, on(1), on(2), #server:requests{ operation = "sites.count_sites" } })
    contains(tostring(found), "Looked at again: no call can do more.",
      "What could not be seen:\n  sites that are counted, and not in the account's list: 1 of 2; compare `wixum sites`")
  end)

  it("is told by a review", function()
    capped()
    local review = assert(ledger:access(wix))
    assert.same({ "the account's list has 1 of 2 sites that are counted, the others are missing here: `wixum doctor` says what to do" },
      review.incomplete)
    contains(tostring(review), review.incomplete[1])
    assert.same({}, assert(ledger:access(wix, { site_id = { site_id(1) } })).incomplete)
  end)

  it("is compared with a count of the same sites, and may not be, where nobody counts", function()
    start{ sites = { { id = site_id(1), name = "Shop" }, { id = site_id(2), name = "Bare", namespace = "HEADLESS" } } }
    assert.same({}, assert(ledger:access(wix)).incomplete)
    assert.same({}, leaver().unseen)
    answer(list_of{ { id = site_id(1), name = "Shop" } }, 2)
    assert.equal(1, #assert(ledger:access(wix)).incomplete)
    assert.equal(1, #leaver().unseen)
    server:fault{ operation = "sites.count_sites", status = 400 }
    contains(leaver().unseen[1], "whether there are more sites than these: the service answered 400")
  end)
end)

describe("a list of sites without an end #pure", function()
  after_each(close)

  -- What is answered: pages, and nothing is marked as not listed.
  local function fails(message)
    local calls = #server:requests{ operation = "sites.query_sites" }
    for _, look in ipairs{ function() return ledger:leaver(wix, ANN) end, function() return ledger:access(wix) end } do
      local none, err = look()
      assert.same({ nil, "protocol" }, { none, err.kind })
      contains(tostring(err), "sites.query_sites", message)
    end
    assert.equal(0, found_in("SELECT count(*) AS found FROM sites WHERE unlisted_at IS NOT NULL"))
    return #server:requests{ operation = "sites.query_sites" } - calls
  end

  local function page(number, cursor)
    return list_of({ { id = site_id(number), name = "Site" } }, { hasNext = true, cursors = { next = cursor } })
  end

  it("is an error, where the cursor, or one before, comes again", function()
    members(3)
    leaver()
    server:advance(60)
    answer(page(1, "A"), "always")
    assert.equal(4, fails "the service gave the same page again")
    server:faults_clear()
    for _ = 1, 2 do
      for number, cursor in ipairs{ "A", "B", "A" } do answer(page(number, cursor)) end
    end
    assert.equal(6, fails "the service gave the same page again")
  end)

  it("is an error, where there is more, and nobody says where", function()
    members(2)
    answer(page(1), "always")
    assert.equal(2, fails "the service says that there is more, and not where")
  end)
end)

describe("whose an account was once #pure", function()
  after_each(close)

  -- The sites say that an account is this user's; false: they do not say whose.
  local function says(account, user, times)
    server:fault{ operation = "contributors.query_site_contributors", status = 200, times = times or "always",
      body = cjson.encode{ contributors = { { accountId = account, accountOwnerId = user or nil } } } }
  end

  it("is asked anew before it is taken off, and is somebody else's by now", function()
    members(3)
    local account = account_on(1)
    assert.same({ 1, 4 }, { #leaver(BOB).changes, #leaver().changes })
    assert.equal(1, asked())
    says(account, server:members{ email = BOB }[1].id)
    server:advance(11 * 3600)
    leaver()
    assert.equal(1, asked()) -- it was the same day
    server:advance(200 * 86400)
    local cost
    local found = leaver(ANN, { apply = true, on_cost = function(calls) cost = cost or calls end })
    assert.same({ 1, 2, 1, 1 }, { cost, asked(), found.done.done, on(1) }) -- out of the team, and no more
    assert.equal(3 + 1, #leaver(BOB).changes)
  end)

  it("is asked anew of this person alone", function()
    members(2)
    leaver()
    server:advance(86400)
    assert.equal(1, asked())
    leaver(BOB)
    assert.equal(1, asked())
  end)

  it("is asked anew where the service did not say it", function()
    members(1)
    says(account_on(1), false, 1)
    assert.equal(1, #leaver(BOB).hints)
    server:advance(86400)
    local found = leaver(ANN, { apply = true })
    assert.same({ true, 0, 2 + 1 }, { found.is_clean, on(1), asked() }) -- and once more, after it was taken off
  end)

  it("is to be decided where nobody says it any more, and is what it was for a site that is theirs", function()
    members(2)
    local account = account_on(1)
    leaver()
    local seen_at = found_in("SELECT seen_at AS found FROM account_owners LIMIT 1")
    server:transfer(site_id(2), ANN)
    server:advance(86400)
    server:fault{ operation = "contributors.query_site_contributors", status = 200, times = "always", body = '{"contributors":[]}' }
    local found = leaver(ANN, { apply = true })
    assert.same({ 1, 1, false }, { found.done.done, on(1), found.is_clean })
    assert.same({ { text = "Site 1: account " .. account .. " was theirs at " .. seen_at .. ", and now the service did not say whose it "
      .. "is: look at its Roles & Permissions page" } }, found.left.decide)
    contains(found.left.dashboard[1], "Site 2 belongs to their account")
  end)

  it("is asked anew where our clock was put back since", function()
    members(1)
    leaver()
    do
      local db <close> = database.open(desk.path)
      db:run("UPDATE account_owners SET seen_at = '2030-01-01T00:00:00Z'")
    end
    leaver()
    assert.equal(2, asked())
  end)
end)

describe("what is seen of a leaver #pure", function()
  after_each(close)

  it("is no account that a person has said to be somebody else's, though the service names their user", function()
    members(1)
    desk:invite_to(BOB, 2)
    local account = desk:accept(BOB, 2, ANN)
    check()
    assert(ledger:confirm{ email = BOB, site_id = desk.sites[2], account_id = account })
    assert.equal(account, account_on(1))
    local found = leaver()
    assert.same({ "remove_member", nil }, { found.changes[1].kind, found.changes[2] })
  end)

  it("is an invite whose id nobody knows", function()
    start()
    server:fault{ operation = "site_invites.bulk_invite", reset = "after" }
    desk:invite_to(ANN)
    assert(ledger:settle({ email = ANN }, "sent"))
    contains(leaver().dashboard[1], "Site 1: an invite of theirs may be open whose id is not known")
  end)

  it("is not half of it, where sites cannot be asked, or it is stopped", function()
    members(1)
    server:fault{ operation = "contributors.query_site_contributors", status = 401 }
    local none, err = ledger:leaver(wix, ANN)
    assert.same({ nil, "unauthenticated" }, { none, err.kind })
    none, err = ledger:leaver(wix, ANN, { on_cost = function() assert.is_true(ledger:stop()) end })
    assert.same({ nil, "cancelled" }, { none, err.kind })
  end)

  -- What is seen of a change that was made, so it is said.
  local function seen(row)
    local aftermath = require "wixum.ledger.aftermath"
    local db <close> = database.open(desk.path)
    row.id, row.state = 1, "done"
    local summary = assert(aftermath.look({ db = db, now = function() return "2025-11-24T16:00:00Z" end }, wix, { row }))
    return summary.as_wanted == 1 and "as_wanted" or summary.otherwise == 1 and "otherwise" or "unseen"
  end

  it("is that the site belongs to who was taken off", function()
    members(2)
    leaver()
    local account = server:transfer(site_id(2), "carl@example.com")
    local row = { kind = "remove_contributor", site_id = site_id(2), account_id = account }
    assert.equal("otherwise", seen(row))
    row.site_id = site_id(1)
    assert.equal("as_wanted", seen(row))
  end)

  it("is whether roles of a member were given, and taken away", function()
    members(1)
    local bob = server:members{ email = BOB }[1]
    local function of(detail) return seen{ kind = "change_assignments", user_id = bob.id, detail = detail } end
    local has, other = { policy_id = support.ROLE.id }, { policy_id = "6600412800113080103" }
    assert.equal("as_wanted", of{ add = { has }, remove = { "11111111-2222-4333-8444-555555555555" } })
    assert.equal("otherwise", of{ add = { has, other } })
    assert.equal("otherwise", of{ remove = { bob.assignments[1].assignment_id } })
  end)
end)

describe("what a site says of others, while it is asked about somebody #pure", function()
  after_each(close)

  it("is remembered: whose accounts they are that the list lacks", function()
    members(1)
    desk:invite_to("dan@example.com")
    desk:accept "dan@example.com"
    check()
    server:advance(60)
    answer(list_of{ { id = site_id(1), name = "Site 1" } }, "always")
    assert.equal(1, leaver().removals) -- the team: nobody has said whose the account is
    assert.equal(1, leaver("dan@example.com").removals)
    assert.equal(2, leaver().removals)
  end)
end)
