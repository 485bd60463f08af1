-- Who has joined: what a ledger sees, what it concludes, and what it does not.

local schema = require "wixum.ledger.schema"
local database = require "wixum.ledger.database"
local support = require "spec.support.ledger"
local wixum = require "wixum"

local ANN, BOB, CEM = "ann@example.com", "bob@example.com", "cem@example.com"
local DESIGNER = "Website Designer"
local COLLEAGUE = "0f6e5d4c-3b2a-4190-8e7d-6c5b4a39281a" -- who could reach the site before

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

-- Invites to any site, with any role.
local function check(options) return assert(ledger:check(wix, options)) end

describe("a check #pure", function()
  it("tells who has accepted, by which account, and between which looks", function()
    desk:invite(ANN)
    desk:days(1)
    check()
    desk:days(1)
    local account = desk:accept(ANN)
    desk:days(1)
    local found = check()
    assert.same({ 1, 1, 1, 0, 0 }, { found.sites, found.calls, found.accepted, found.unclear, found.waiting })
    local ann = desk:row(ANN)
    assert.same({ "accepted", "only_candidate", account, "2025-11-25T16:00:00Z", "2025-11-27T16:00:00Z" },
      { ann.state, ann.evidence, ann.account_id, ann.joined_after, ann.joined_by })
    assert.matches("ann@example.com accepted on Site 1, between 2025%-11%-25T16:00:00Z and 2025%-11%-27T16:00:00Z", tostring(found))
    assert.equal(0, check().accepted) -- once
  end)

  it("mails nobody, and changes nothing where nobody came", function()
    desk:invite(ANN, BOB)
    local before = desk:row(ANN)
    desk:days(1)
    assert.equal(2, check().waiting)
    assert.same(before, desk:row(ANN))
    assert.equal(2, #server:outbox())
  end)

  it("says unclear rather than guess, and names the candidates", function()
    desk:invite(ANN, BOB)
    local account = desk:accept(ANN)
    local found = check()
    assert.same({ 0, 2 }, { found.accepted, found.unclear })
    for _, email in ipairs{ ANN, BOB } do
      local one = desk:row(email)
      assert.same({ "pending", "unclear", { account } }, { one.state, one.evidence, one.candidates })
    end
    local words = "bob@example.com on Site 1 is unclear: it may be " .. account .. ". `wixum confirm bob@example.com"
    assert.truthy(tostring(found):find(words, 1, true))
  end)

  it("takes back that something is unclear, once it is not any more", function()
    desk:invite(ANN, BOB)
    local account = desk:accept(ANN)
    check()
    server:fault{ operation = "site_invites.resend_invite", status = 200, body =
      ('{"invite":{"id":"%s","status":"Used","acceptedByAccountId":"%s"}}'):format(desk:row(ANN).invite_id, account) }
    assert(ledger:resend(wix, { email = ANN }))
    check()
    assert.same({ "accepted", "told" }, { desk:row(ANN).state, desk:row(ANN).evidence })
    assert.same({ "pending", nil, nil }, { desk:row(BOB).state, desk:row(BOB).evidence, desk:row(BOB).candidates })
  end)

  it("sees who accepted before it was revoked, or before it expired", function()
    desk:invite(ANN)
    local account = desk:accept(ANN)
    desk:days(31)
    assert.equal("expired", desk:row(ANN).state)
    check()
    assert.same({ "accepted", account }, { desk:row(ANN).state, desk:row(ANN).account_id })
    start{ revoke_settled = "ok" }
    desk:invite(ANN)
    desk:accept(ANN)
    assert(ledger:revoke(wix, { email = ANN }))
    assert.equal("revoked", desk:row(ANN).state)
    local found = check()
    assert.same({ "accepted", "had accepted before it was revoked" }, { desk:row(ANN).state, desk:row(ANN).reason })
    assert.matches("`wixum withdraw` takes the access away", tostring(found))
  end)

  it("keeps those from being mailed anew who have accepted the invite before", function()
    desk:invite(ANN)
    desk:accept(ANN)
    desk:days(31)
    assert(ledger:retry{ email = ANN })
    assert.equal("planned", desk:row(ANN).state)
    check()
    assert.equal("accepted", desk:row(ANN).state)
    assert.equal(0, assert(ledger:send(wix)).total)
  end)

  it("is made of itself before somebody is mailed anew", function()
    desk:invite(ANN)
    desk:invite_to(BOB, 2)
    desk:accept(ANN)
    desk:days(31)
    assert.equal(2, assert(ledger:retry{ state = "expired" }).changed)
    local sent = assert(ledger:send(wix))
    assert.same({ 1, 1, 1 }, { sent.joined, sent.total, sent.pending })
    assert.same({ "accepted", "pending" }, { desk:row(ANN).state, desk:row(BOB, 2).state })
  end)

  it("keeps those from being planned anew of whom it is unclear, unless they are named", function()
    desk:invite(ANN, BOB)
    desk:accept(ANN)
    desk:days(31)
    check()
    assert.same({ 0, { expired = 2 } }, { assert(ledger:retry{ all = true }).changed, assert(ledger:retry{ all = true }).skipped })
    assert.equal(1, assert(ledger:retry{ email = BOB }).changed)
    assert.equal(1, assert(ledger:send(wix)).pending)
  end)

  it("knows that a revoked invite from before the last look was not used since", function()
    desk:invite(ANN, BOB)
    assert(ledger:revoke(wix, { email = BOB }))
    desk:days(1)
    check()
    desk:days(1)
    desk:accept(ANN)
    check()
    assert.same({ "accepted", "revoked", nil }, { desk:row(ANN).state, desk:row(BOB).state, desk:row(BOB).evidence })
  end)

  it("counts with an address that failed: it may have been invited in the dashboard", function()
    desk:invite_to(BOB)
    local past = wix:with{ site_id = desk.sites[1] }
    assert(past.site_invites.bulk_invite{ policy_ids = { support.ROLE.id }, emails = { ANN } })
    desk:invite_to(ANN)
    assert.equal("failed", desk:row(ANN).state)
    desk:accept(ANN)
    check()
    assert.same({ "pending", "unclear" }, { desk:row(BOB).state, desk:row(BOB).evidence })
    assert.same({ "failed", nil }, { desk:row(ANN).state, desk:row(ANN).evidence })
  end)

  it("still says accepted of one who is gone again, and sees one who comes back", function()
    desk:invite(ANN)
    local account = desk:accept(ANN)
    check()
    local own = wix:with{ site_id = desk.sites[1] }
    assert(own.contributors.remove_contributor{ account_id = account })
    check()
    assert.equal("accepted", desk:row(ANN).state)
    desk:invite_to(BOB)
    desk:accept(BOB, 1, ANN) -- by her
    check()
    assert.same({ "pending", "unclear", { account } }, { desk:row(BOB).state, desk:row(BOB).evidence, desk:row(BOB).candidates })
  end)
end)

describe("what a check cannot know #pure", function()
  it("is who was there before the first look, where that came after the mail", function()
    server:fault{ operation = "sites.query_sites", status = 403, after = 1 } -- the plan reads them first
    desk:invite(ANN)
    desk:accept(ANN)
    local found = check()
    assert.same({ 1, 0, 1 }, { found.late, found.accepted, found.unclear })
    assert.same({ "pending", "unclear" }, { desk:row(ANN).state, desk:row(ANN).evidence })
    assert.matches("looked at for the first time after the first mail", tostring(found))
  end)

  it("is whether the owner of a site was invited, or somebody stayed who owned it", function()
    desk:invite(ANN, BOB)
    check()
    server:transfer(desk.sites[1], "new@example.com")
    check()
    assert.same({ "pending", nil }, { desk:row(ANN).state, desk:row(ANN).evidence })
    desk:accept(ANN)
    server:transfer(desk.sites[1], "newer@example.com")
    check()
    assert.same({ "pending", "unclear" }, { desk:row(ANN).state, desk:row(ANN).evidence })
  end)

  it("is whether somebody came by an invite whose account reaches other sites without", function()
    assert(server:accept(assert(wix:with{ site_id = desk.sites[2] }.site_invites.bulk_invite{ policy_ids = { support.ROLE.id },
      emails = { ANN } }).invites[1]))
    desk:invite_to(CEM, 2) -- so that the ledger looks there
    desk:invite_to(ANN)
    desk:accept(ANN)
    check()
    assert.same({ "pending", "unclear" }, { desk:row(ANN).state, desk:row(ANN).evidence })
  end)

  it("is whose account it is that used somebody else's invite elsewhere", function()
    desk:invite_to(ANN)
    desk:accept(ANN)
    check()
    desk:invite_to(BOB, 2)
    desk:accept(BOB, 2, ANN)
    check()
    assert.same({ "pending", "unclear" }, { desk:row(BOB, 2).state, desk:row(BOB, 2).evidence })
  end)

  it("is nothing where a list did not come: nobody has left, and nobody came", function()
    desk:invite(ANN)
    local account = desk:accept(ANN)
    check()
    desk:invite_to(BOB)
    local answer = ('{"sites":[{"id":"%s","ownerAccountId":"%s"}]}'):format(desk.sites[1], server.account_id)
    server:fault{ operation = "sites.query_sites", status = 200, body = answer }
    local found = check()
    assert.same({ 0, 1 }, { found.sites, found.unlisted })
    assert.matches("is not in the account's list any more, or without who can reach it", tostring(found))
    check()
    assert.same({ "pending", nil }, { desk:row(BOB).state, desk:row(BOB).evidence })
    local db <close> = database.open(desk.path)
    assert.equal(1, db:one("SELECT count(*) AS number FROM presences WHERE account_id = ?", account).number)
  end)

  it("is told of a site that is not in the list any more", function()
    start()
    desk:invite_to(ANN)
    desk:invite_to(BOB, 2)
    server:transfer(desk.sites[1], ANN, true)
    local found = check()
    assert.same({ 1, 1 }, { found.sites, found.unlisted })
  end)
end)

describe("a person #pure", function()
  local account

  before_each(function()
    desk:invite(ANN, BOB)
    account = desk:accept(ANN)
    check()
  end)

  local function confirm(email, given)
    local all = { email = email, site_id = desk.sites[1], account_id = account }
    for name, value in pairs(given or {}) do all[name] = value end
    return ledger:confirm(all)
  end

  it("decides whose account it is, and the rest follows", function()
    local done = assert(confirm(ANN))
    assert.same({ ANN, account, {}, {} }, { done.email, done.account_id, done.further, done.reopened })
    assert.same({ "accepted", "operator", account }, { desk:row(ANN).state, desk:row(ANN).evidence, desk:row(ANN).account_id })
    assert.same({ "pending", nil, nil }, { desk:row(BOB).state, desk:row(BOB).evidence, desk:row(BOB).candidates })
    desk:accept(BOB)
    check()
    assert.same({ "accepted", "only_candidate" }, { desk:row(BOB).state, desk:row(BOB).evidence })
  end)

  it("is believed on every site, then and later", function()
    desk:invite_to(ANN, 2)
    desk:invite_to(CEM, 2)
    desk:accept(ANN, 2)
    check()
    assert.equal("unclear", desk:row(ANN, 2).evidence)
    local done = assert(confirm(ANN))
    assert.same({ ANN, desk.sites[2], "known_account", "Site 2" },
      { done.further[1].email, done.further[1].site_id, done.further[1].evidence, done.further[1].name })
    local there = desk:row(ANN, 2)
    assert.same({ "accepted", "known_account", account }, { there.state, there.evidence, there.account_id })
    assert.is_nil(desk:row(CEM, 2).evidence) -- though his invite may have been used: who is in is Ann
    desk:invite_to(ANN, 3)
    desk:invite_to(BOB, 3)
    desk:accept(ANN, 3)
    check()
    assert.equal("known_account", desk:row(ANN, 3).evidence)
  end)

  it("takes it back, with all that followed", function()
    desk:invite_to(ANN, 2)
    desk:invite_to(CEM, 2)
    desk:accept(ANN, 2)
    check()
    assert(confirm(ANN))
    local done = assert(confirm(ANN, { undo = true }))
    assert.equal(2, #done.reopened)
    for site = 1, 2 do assert.same({ "pending", "unclear" }, { desk:row(ANN, site).state, desk:row(ANN, site).evidence }) end
    assert.truthy(confirm(BOB))
    assert.equal("operator", desk:row(BOB).evidence)
  end)

  it("knows better than what was concluded", function()
    start()
    desk:invite(ANN)
    account = desk:accept(ANN)
    check()
    desk:invite_to(BOB)
    local done = assert(confirm(BOB)) -- she has passed the link on
    assert.same({ { email = ANN, site_id = desk.sites[1] } }, done.reopened)
    assert.same({ "pending", "accepted", "operator" }, { desk:row(ANN).state, desk:row(BOB).state, desk:row(BOB).evidence })
  end)

  it("is told where the ledger knows otherwise, and nothing is changed", function()
    for _, case in ipairs{
      { { email = "nobody@example.com" }, "no invite of this address to this site" },
      { { account_id = "0f6e5d4c-3b2a-4190-8e7d-6c5b4a392817" },
        "never seen on this site; seen there and nobody's so far: " .. account },
      { { email = ANN, undo = true }, "nobody has said that this account belongs to this address" },
    } do
      local done, err = confirm(ANN, case[1])
      assert.is_nil(done)
      assert.equal("invalid", err.kind)
      assert.truthy(err.message:find(case[2], 1, true), err.message)
    end
    assert(confirm(ANN))
    local done, err = confirm(BOB)
    assert.is_nil(done)
    assert.matches("this account is ann@example.com's, as has been said before", err.message)
    assert.equal("pending", desk:row(BOB).state)
  end)

  it("is not asked about an address that was not mailed", function()
    assert(ledger:plan({ { site_id = desk.sites[1], email = CEM, role = DESIGNER } }, { client = wix }))
    local done, err = confirm(CEM)
    assert.is_nil(done)
    assert.matches("has not been mailed", err.message)
  end)
end)

describe("what is taken for granted #pure", function()
  it("is nothing of itself; with links, an account that used somebody's invite is that person's", function()
    desk:invite_to(ANN)
    desk:accept(ANN)
    check()
    desk:invite_to(ANN, 2)
    desk:invite_to(BOB, 2)
    desk:accept(ANN, 2)
    check()
    assert.equal("unclear", desk:row(ANN, 2).evidence)
    check{ trust = "links" }
    assert.same({ "accepted", "known_account" }, { desk:row(ANN, 2).state, desk:row(ANN, 2).evidence })
  end)

  it("is with roles that nobody's change before the next look", function()
    desk:invite_to(ANN)
    desk:invite_to(BOB, 1, DESIGNER)
    local account = desk:accept(BOB)
    check()
    assert.equal("unclear", desk:row(BOB).evidence)
    server:requests_clear()
    local found = check{ trust = { "roles" } }
    assert.same({ "accepted", "role", account }, { desk:row(BOB).state, desk:row(BOB).evidence, desk:row(BOB).account_id })
    assert.same({ "pending", nil }, { desk:row(ANN).state, desk:row(ANN).evidence })
    assert.equal(found.calls, #server:requests())
  end)

  it("asks for roles only where they may tell something", function()
    desk:invite_to(ANN)
    desk:invite_to(BOB)
    desk:accept(BOB)
    assert.equal(1, check{ trust = "roles" }.calls)
    assert.equal("unclear", desk:row(BOB).evidence)
  end)
end)

describe("a check of many sites #pure", function()
  local function many(count)
    local sites = {}
    for i = 1, count do sites[i] = ("%08d-2222-4333-8444-555555555555"):format(i) end
    start{ sites = sites }
    local rows = {}
    for i, site in ipairs(sites) do rows[i] = { site_id = site, email = ("n%d@example.com"):format(i), role = support.ROLE.title } end
    assert(ledger:plan(rows, { client = wix }))
    assert(ledger:send(wix))
  end

  it("takes a call for a hundred, and tells that beforehand", function()
    many(600)
    local paced <close> = server:client{ rate = { calls = 5, per = 60 } }
    assert.same({ sites = 600, calls = 6, seconds = 60 }, assert(ledger:check_cost(paced)))
    server:requests_clear()
    for i, found in ipairs(server:invites()) do if i % 3 == 0 then assert(server:accept(found)) end end
    local summary = check()
    assert.same({ 600, 6, 200, 400 }, { summary.sites, summary.calls, summary.accepted, summary.waiting })
    assert.equal(6, #server:requests())
    assert.same({ accepted = 200, pending = 400 }, desk:states())
    assert.matches("and 190 more that accepted", tostring(summary))
    local one = check{ site_id = server:state().sites[7].id }
    assert.same({ 1, 1 }, { one.sites, one.calls })
  end)

  it("keeps what it saw before the service failed", function()
    many(150)
    for _, found in ipairs(server:invites()) do assert(server:accept(found)) end
    server:fault{ operation = "sites.query_sites", status = 401, after = 1 }
    local summary, err = ledger:check(wix)
    assert.is_nil(summary)
    assert.same({ "unauthenticated", "sites.query_sites" }, { err.kind, err.operation })
    assert.same({ accepted = 100, pending = 50 }, desk:states())
    assert.equal(50, check().accepted)
  end)

  it("ends when it is told to", function()
    many(150)
    local summary = check{ on_progress = function() assert.is_true(ledger:stop()) end }
    assert.same({ 100, "cancelled" }, { summary.sites, summary.stopped.kind })
  end)

  it("refuses an answer that is none", function()
    many(1)
    for _, body in ipairs{ "[]", '{"sites":{}}', '{"sites":7}', "7" } do
      server:fault{ operation = "sites.query_sites", status = 200, body = body }
      local summary, err = ledger:check(wix)
      if body ~= '{"sites":{}}' then
        assert.is_nil(summary)
        assert.equal("protocol", err.kind)
      else assert.equal(1, summary.unlisted) end
    end
    local hostile = '{"sites":[7,{"id":7},{"id":"x","contributorAccountIds":[]},{"id":"%s","contributorAccountIds":[7,null,"","Q"]}]}'
    server:fault{ operation = "sites.query_sites", status = 200, body = hostile:format(desk.sites[1]) }
    assert.equal(1, check().sites)
  end)
end)

describe("remind #pure", function()
  it("looks first, and mails nobody who has joined, or may have", function()
    desk:invite_to(ANN)
    desk:invite_to(BOB, 2)
    desk:invite_to(CEM, 2)
    desk:invite_to(ANN, 3)
    desk:accept(ANN)
    desk:accept(BOB, 2)
    desk:days(10)
    local summary = assert(ledger:remind(wix, { after = "7d" }))
    assert.same({ 1, 1 }, { summary.total, summary.done })
    assert.same({ 1, 2 }, { summary.checked.accepted, summary.checked.unclear })
    assert.same({ [ANN] = 1 }, desk:mails("resend"))
    assert.equal(desk.sites[3], server:outbox{ kind = "resend" }[1].site_id)
  end)

  it("mails nobody where that cannot be seen", function()
    desk:invite(ANN)
    desk:days(10)
    server:fault{ operation = "sites.query_sites", status = 403 }
    local summary, err = ledger:remind(wix, { after = "7d" })
    assert.is_nil(summary)
    assert.equal("forbidden", err.kind)
    assert.same({}, desk:mails("resend"))
    desk:invite_to(BOB, 2)
    server:transfer(desk.sites[1], "new@example.com", true)
    desk:days(10)
    summary = assert(ledger:remind(wix, { after = "7d" }))
    assert.same({ 1, 1 }, { summary.done, summary.unseen })
    assert.same({ [BOB] = 1 }, desk:mails("resend"))
  end)

  it("takes a check that was just made, and looks at nothing in a dry run", function()
    desk:invite(ANN)
    desk:days(10)
    local since = os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(server:now()))
    server:requests_clear()
    assert.equal(1, assert(ledger:remind(wix, { after = "7d", dry_run = true })).total)
    assert.equal(0, assert(ledger:remind(wix, { after = "7d", checked_since = since })).total)
    assert.equal(0, #server:requests())
    check()
    server:requests_clear()
    assert.equal(1, assert(ledger:remind(wix, { after = "7d", checked_since = since })).done)
    assert.equal(1, #server:requests())
  end)
end)

describe("a ledger of an earlier version #pure", function()
  it("keeps who could reach the sites before", function()
    local path = support.temporary("")
    do
      local db <close> = database.open(path)
      for _, statement in ipairs(schema.VERSIONS[1]) do db:run(statement) end
      db:run("INSERT INTO sites (site_id, name, looked_at) VALUES (?, 'One', '2025-11-24T15:00:00Z')", desk.sites[1])
      db:run("INSERT INTO reached_before VALUES (?, ?, '2025-11-24T15:00:00Z')", desk.sites[1], COLLEAGUE)
      db:run([[INSERT INTO invites (site_id, email, person, policy_ids, state, mails, planned_at, first_mail_at, changed_at)
        VALUES (?, ?, ?, '1', 'pending', 1, '2025-11-24T15:00:00Z', '2025-11-24T15:00:00Z', '2025-11-24T15:00:00Z')]],
        desk.sites[1], ANN, ANN)
      db:mark(1)
    end
    local old <close> = assert(wixum.ledger.open(path, { time = desk:time() }))
    local answer, account = '{"sites":[{"id":"%s","contributorAccountIds":["%s","%s"]}]}', "0f6e5d4c-3b2a-4190-8e7d-6c5b4a392817"
    server:fault{ operation = "sites.query_sites", status = 200, body = answer:format(desk.sites[1], COLLEAGUE, account:upper()) }
    assert(old:check(wix))
    local ann = old:rows()()
    assert.same({ "accepted", account }, { ann.state, ann.account_id })
    support.remove(path)
  end)
end)

describe("a ledger of an earlier version, with domains in ASCII #pure", function()
  it("knows the same people by either spelling, and leaves two rows on one site as they were", function()
    local path = support.temporary("")
    do
      local db <close> = database.open(path)
      for _, statement in ipairs(schema.VERSIONS[1]) do db:run(statement) end
      for i, one in ipairs{ { 1, "ann@xn--mller-kva.example" }, { 2, "bob@xn--mller-kva.example" }, { 2, "bob@müller.example" } } do
        db:run([[INSERT INTO invites (site_id, email, person, policy_ids, state, mails, invite_id, planned_at, first_mail_at, changed_at)
          VALUES (?, ?, ?, '1', 'pending', 1, ?, '2025-11-24T15:00:00Z', '2025-11-24T15:00:00Z', '2025-11-24T15:00:00Z')]],
          desk.sites[one[1]], one[2], one[2], "i" .. i)
      end
      db:mark(1)
    end
    local old <close> = assert(wixum.ledger.open(path, { time = desk:time() }))
    local ann, bobs = old:rows{ email = "ann@müller.example" }(), {}
    assert.equal("ann@xn--mller-kva.example", ann.email) -- as it was written
    for row in old:rows{ site_id = desk.sites[2] } do bobs[#bobs + 1] = row.email end
    assert.equal(2, #bobs)
    local found = {}
    for row in old:rows{ email = "bob@xn--mller-kva.example" } do found[#found + 1] = row.email end
    assert.equal(2, #found) -- each by its own spelling, so that it can be revoked
    support.remove(path)
  end)
end)

describe("a backup and an export #pure", function()
  it("keep what was seen, and what was said", function()
    desk:invite(ANN, BOB)
    local account = desk:accept(ANN)
    check()
    desk:invite_to(CEM, 2)
    desk:accept(CEM, 2)
    check()
    local backup, csv, json = support.temporary(), support.temporary(nil, ".csv"), support.temporary(nil, ".json")
    assert(ledger:backup(backup))
    assert(ledger:export(csv))
    assert(ledger:export(json))
    for _, path in ipairs{ backup, csv, json } do
      local other_path = support.temporary()
      local other <close> = assert(wixum.ledger.open(other_path, { time = desk:time() }))
      assert(other:import(path))
      for found in ledger:rows() do
        local there = other:rows{ email = found.email }()
        for _, field in ipairs{ "state", "evidence", "account_id", "joined_after", "joined_by", "candidates", "earlier_invites" } do
          assert.same(found[field], there[field])
        end
      end
      if path == backup then
        assert(other:confirm{ email = ANN, site_id = desk.sites[1], account_id = account })
        local found = assert(other:check(wix))
        assert.same({ 0, 0, 1 }, { found.accepted, found.unclear, found.waiting })
      end
      other:close()
      support.remove(other_path)
      os.remove(path)
    end
  end)
end)

describe("mistakes of a program #pure", function()
  it("raise at its line", function()
    local id = desk.sites[1]
    for _, case in ipairs{
      { function() ledger:check() end, "ledger:check takes a client" },
      { function() ledger:check(wix, { trust = "link" }) end,
        'trust is "links", "roles", or a list of them, not link .did you mean "links"' },
      { function() ledger:check(wix, { trusts = "links" }) end, "unknown option trusts" },
      { function() ledger:check(wix, { site_id = "here" }) end, "site_id must be a site's id" },
      { function() ledger:confirm{ email = 7, site_id = id, account_id = id } end, "email must be an address" },
      { function() ledger:confirm{ email = ANN, site_id = "here", account_id = id } end, "site_id must be an id" },
      { function() ledger:confirm{ email = ANN, site_id = id } end, "account_id must be an id" },
      { function() ledger:remind(wix, { checked_since = "soon" }) end, "checked_since must be a date" },
    } do
      local ok, problem = pcall(case[1])
      assert.is_false(ok)
      assert.matches(case[2], problem)
      assert.matches("68_check_spec.lua:%d+: ", problem)
    end
  end)
end)

describe("when an invite could be used #pure", function()
  it("is told by the service's clock where ours has not noted it: within an hour of it nothing is sure", function()
    desk:invite(ANN)
    desk:accept(ANN)
    server:advance(60)
    check()
    do
      local db <close> = database.open(desk.path) -- as a row is that was read in, of a service whose clock is ahead of ours
      db:run [[UPDATE invites SET state = 'pending', evidence = NULL, account_id = NULL, accepted_from = NULL, opened_at = NULL,
        first_mail_at = '2025-11-24T16:30:00Z']]
      db:run "UPDATE presences SET row_id = NULL"
    end
    local found = check()
    assert.same({ 0, 0, 1 }, { found.strangers, found.accepted, found.unclear })
  end)

  it("is not told by the day on which it was seen that one had been used which was revoked", function()
    start{ duplicates = "fresh" }
    local invites = {}
    for i = 1, 2 do -- neither is revoked, whatever the service says
      desk:invite(ANN)
      assert(ledger:retry{ email = ANN })
      assert(ledger:send(wix))
      invites[i] = server:invites{ email = ANN }[i]
      server:fault{ operation = "site_invites.revoke_invite", status = 200, body = "{}", acts = false }
      assert.equal(1, assert(ledger:revoke(wix, { email = ANN })).done)
      server:advance(60)
    end
    assert(server:accept(invites[2]))
    assert.equal(1, check().accepted)
    desk:days(1)
    check()
    desk:days(1)
    assert(server:accept(invites[1], CEM))
    assert.equal(0, check().strangers) -- by the one before, perhaps
  end)
end)
