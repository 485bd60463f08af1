-- Somebody, everywhere: who they are to the ledger and to the team, and withdrawing what went to the wrong person.

local support = require "spec.support.ledger"

local ANN, BOB, CEM = "ann@example.com", "bob@example.com", "cem@example.com"

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

describe("who #pure", function()
  local function who(text, options) return assert(ledger:who(text, options)) end

  it("is found by a part of the address, on every site, with every mail", function()
    desk:invite_to(ANN)
    desk:days(3)
    assert(ledger:resend(wix, { email = ANN }))
    desk:invite_to("Ann@Example.com", 2)
    desk:invite_to(BOB, 2)
    local found = who "ANN@"
    assert.equal(1, #found.people)
    local ann = found.people[1]
    assert.same({ ANN, 2, 0 }, { ann.email, #ann.rows, #ann.accounts })
    assert.same({ "2025-11-24T16:00:00Z", "2025-11-27T16:00:00Z" }, ann.rows[1].sent)
    assert.same({ "2025-11-27T16:00:00Z" }, ann.rows[2].sent)
    local text = tostring(found)
    for _, words in ipairs{ "Site 1: pending, Website Manager", "mailed 2025-11-24T16:00:00Z, 2025-11-27T16:00:00Z, expires 2025-12-27",
      "next: wixum resend --email ann@example.com --site " .. desk.sites[1] } do
      assert.truthy(text:find(words, 1, true), text)
    end
    assert.equal(2, #who("example").people)
    assert.same({}, who("nobody").people)
    assert.equal("Nobody is known by nobody.", tostring(who "nobody"))
  end)

  it("tells the account with the evidence, what else it reaches, and that it is gone", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    desk:invite_to(BOB, 2)
    assert(ledger:check(wix))
    desk:accept(BOB, 2, ANN)
    assert(ledger:check(wix))
    for _, text in ipairs{ "ann@", account } do
      local ann = who(text).people[1]
      assert.same({ ANN, account, "only_candidate" }, { ann.email, ann.accounts[1].account_id, ann.accounts[1].evidence })
      assert.same({ desk.sites[2], account }, { ann.sites[1].site_id, ann.sites[1].account_id })
    end
    local own = wix:with{ site_id = desk.sites[1] }
    assert(own.contributors.remove_contributor{ account_id = account })
    desk:days(1)
    assert(ledger:check(wix))
    assert.equal("2025-11-25T16:00:00Z", who("ann@").people[1].rows[1].gone_at)
    assert.matches("gone since a look at 2025%-11%-25", tostring(who "ann@"))
  end)

  it("says that it cannot be seen whether somebody accepts who could reach the site before", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    assert(ledger:check(wix))
    assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account })
    local past = assert(wix:with{ site_id = desk.sites[2] }.site_invites.bulk_invite{ policy_ids = { support.ROLE.id }, emails = { BOB } })
    assert(server:accept(past.invites[1], ANN))
    desk:invite_to(CEM, 2) -- so that it is looked at
    assert(ledger:plan({ { site_id = desk.sites[2], email = ANN, role = support.ROLE.title } }, { client = wix }))
    server:fault{ operation = "site_invites.bulk_invite", status = 200, body =
      ('{"invites":[{"id":"0f6e5d4c-3b2a-4190-8e7d-6c5b4a392817","email":"%s","status":"Pending"}],"failedEmails":[]}'):format(ANN) }
    assert(ledger:send(wix))
    assert(ledger:check(wix))
    assert.equal("pending", desk:row(ANN, 2).state)
    assert.matches("this person could reach the site before: whether the invite is accepted cannot be seen", tostring(who "ann@"), 1, true)
  end)

  it("finds an account that is nobody's, and names the candidates of what is unclear", function()
    desk:invite_to(ANN)
    desk:invite_to(BOB)
    local account = desk:accept(ANN)
    assert(ledger:check(wix))
    local found = who(account:upper())
    assert.equal(2, #found.people - 1) -- both it may be, and itself
    assert.matches("next: wixum confirm ann@example.com --site " .. desk.sites[1] .. " --account ID, once it is sure whose account that is",
      tostring(found), 1, true)
    assert.matches("account " .. account .. ", which is nobody's as far as known", tostring(found), 1, true)
    assert.matches("reached by account " .. account .. ", by whose invite is unclear", tostring(found), 1, true)
  end)

  it("asks the team by name and address, and keeps its links to itself", function()
    local wixum = require "wixum"
    local sent = assert(wix.account_invites.create_invite{ subjects_assignments = { wixum.assignments.invitee{ email = CEM,
      role = support.ROLE.id, sites = { desk.sites[1] } } } })
    local link = sent.successful_invites[1].accept_link
    local found = who("olivia", { client = wix })
    assert.equal("owner@example.com", found.people[1].email)
    assert.matches("the team: member %(Olivia Owner%), with roles on the whole account", tostring(found))
    found = who("cem", { client = wix })
    assert.matches("the team: invited, Pending, with roles on Site 1", tostring(found))
    assert.is_nil(found.people[1].team.invite.accept_link)
    assert.is_nil(tostring(found):find(link, 1, true))
    assert(server:accept(sent.successful_invites[1]))
    desk:invite_to(CEM, 2)
    found = who("cem", { client = wix })
    assert.same({ 1, 1, true }, { #found.people, #found.people[1].rows, found.people[1].team.user ~= nil })
    server:fault{ operation = "users.search_team", status = 403 }
    found = who("cem", { client = wix })
    assert.same({ 1, "forbidden", false }, { #found.people, found.team_error.kind, found.team_asked })
  end)

  it("tells at most fifty, and how many more there are", function()
    desk:plan(60)
    local found = who "example"
    assert.same({ 50, 10 }, { #found.people, found.more })
    assert.matches("and 10 more: say more of the address", tostring(found))
  end)

  it("takes every sign for itself", function()
    desk:plan(1)
    for _, text in ipairs{ "%", "_", "'", "\\", "n1@example.com' OR '1' = '1", "(", "\27[2J" } do
      assert.same({}, who(text).people)
      assert.is_nil(tostring(who(text)):find("\27", 1, true))
    end
    assert.equal(1, #who("n1@").people)
  end)

  it("says what would come next, fit for a shell, in every state", function()
    local words = require "wixum.ledger.who_words"
    local function step(given)
      local all = { email = "o'neil&x@example.com", site_id = "S", sent = {} }
      for name, value in pairs(given) do all[name] = value end
      return words.next_step(all)
    end
    local email = "'o'\\''neil&x@example.com'"
    for state, wanted in pairs{ planned = "wixum resume", failed = "wixum retry --email " .. email .. " --site S, then wixum resume",
      accepted = "wixum withdraw " .. email .. " --site S", unknown = "wixum settle sent --email " .. email,
      expired = "wixum resend --email " .. email, revoked = "wixum retry --email " .. email } do
      assert.truthy(step{ state = state }:find(wanted, 1, true), state .. ": " .. step{ state = state })
    end
    assert.matches("wait", step{ state = "sending", step = "invite" })
    for _, candidates in ipairs{ "a b", "a" } do -- one alone proves nothing
      assert.equal("wixum confirm " .. email .. " --site S --account ID, once it is sure whose account that is",
        step{ state = "pending", evidence = "unclear", candidates = candidates })
    end
  end)

  it("raises what is no text", function()
    for _, text in ipairs{ false, 7, "", "  " } do
      local ok, problem = pcall(function() return ledger:who(text or nil) end)
      assert.is_false(ok)
      assert.matches("74_people_spec.lua:%d+: ledger:who takes a text", problem)
    end
  end)
end)

describe("the block for support #pure", function()
  it("has the calls about somebody, those that went well and those that did not, and no secret", function()
    start()
    assert(ledger:plan({ { site_id = desk.sites[1], email = ANN, role = support.ROLE.title },
      { site_id = desk.sites[1], email = BOB, role = support.ROLE.title } }, { client = wix }))
    assert(ledger:send(wix, { keep_links = true }))
    server:fault{ operation = "site_invites.resend_invite", status = 500 }
    assert(ledger:resend(wix, { email = ANN }))
    local block = assert(ledger:for_support "ann@")
    assert.matches("^wixum [%d.]+; times in UTC; made 2025%-11%-24T16:00:00Z\nservice http://127", block)
    assert.matches("invite " .. desk:row(ANN).invite_id .. ": site " .. desk.sites[1] .. ", ann@example.com", block, 1, true)
    assert.matches("site_invites.bulk_invite, site [%x-]+: done, status 200, request id %S+\n", block)
    assert.matches("site_invites.resend_invite, site [%x-]+: unknown, status 500, request id", block)
    assert.is_nil(block:find(server.api_key, 1, true))
    for _, mail in ipairs(server:outbox()) do assert.is_nil(block:find(mail.accept_link, 1, true)) end
    assert.is_nil(block:find(BOB, 1, true))
    assert.matches("no call about them is kept", assert(ledger:for_support "nobody@"))
  end)
end)

describe("withdraw #pure", function()
  local function withdraw(email, given)
    local all = { email = email, site_id = desk.sites[1] }
    for name, value in pairs(given or {}) do all[name] = value end
    return ledger:withdraw(wix, all)
  end

  local function never() error("nobody is to be asked") end

  it("revokes what is open, and removes nobody", function()
    desk:invite(ANN, BOB)
    local done = assert(withdraw(ANN, { ask = never }))
    assert.same({ "revoked", nil, nil }, { done.outcome, done.candidate, done.seen })
    assert.same({ "revoked", "pending" }, { desk:row(ANN).state, desk:row(BOB).state })
    assert.equal("none", assert(withdraw(ANN, { ask = never })).outcome)
  end)

  it("takes back what was not mailed", function()
    desk:plan(1)
    assert.equal("taken_back", assert(withdraw("n1@example.com", { ask = never })).outcome)
    assert.equal(0, assert(ledger:send(wix)).total)
    desk:invite(ANN)
    desk:days(31)
    assert(ledger:retry{ email = ANN })
    assert.equal("taken_back", assert(withdraw(ANN, { ask = never })).outcome)
    assert.equal("revoked", desk:row(ANN).state)
  end)

  it("shows who has accepted, with the evidence, and takes the access away once it is told to", function()
    desk:invite(ANN)
    local account, shown = desk:accept(ANN), nil
    local done = assert(withdraw(ANN, { ask = function(candidate)
      shown = candidate
      return false
    end }))
    assert.same({ "asked", true }, { done.outcome, desk:reaches(account) })
    assert.same({ ANN, account, "only_candidate", "Site 1" }, { shown.email, shown.account_id, shown.evidence, shown.name })
    assert.equal("asked", assert(withdraw(ANN)).outcome) -- nobody was asked
    done = assert(withdraw(ANN, { ask = function() return true end }))
    assert.same({ "removed", "as_wanted", false }, { done.outcome, done.seen, desk:reaches(account) })
    assert.same({ "revoked", "had accepted, and was removed" }, { desk:row(ANN).state, desk:row(ANN).reason })
    assert.equal("none", assert(withdraw(ANN, { ask = never })).outcome)
  end)

  it("sees that somebody accepts while it is revoked", function()
    desk:invite(ANN)
    local account = desk:accept(ANN)
    -- the look before saw nobody
    server:fault{ operation = "sites.query_sites", status = 200, body =
      ('{"sites":[{"id":"%s","ownerAccountId":"%s","contributorAccountIds":[]}]}'):format(desk.sites[1], server.account_id) }
    local done = assert(withdraw(ANN, { ask = function(candidate) return candidate.account_id == account end }))
    assert.same({ "removed", 1, false }, { done.outcome, done.revoked.done, desk:reaches(account) })
  end)

  it("removes nobody where it is unclear, unless the account is named", function()
    desk:invite(ANN, BOB)
    local account, other = desk:accept(ANN), desk:accept(BOB)
    local done = assert(withdraw(ANN, { ask = never }))
    assert.equal("unclear", done.outcome)
    assert.equal(2, #done.candidate.others)
    assert.is_true(desk:reaches(account) and desk:reaches(other))
    local none, err = withdraw(ANN, { account_id = "0f6e5d4c-3b2a-4190-8e7d-6c5b4a392817" })
    assert.is_nil(none)
    assert.matches("none of those that may have accepted", err.message)
    assert.equal("removed", assert(withdraw(ANN, { account_id = account:upper() })).outcome)
    assert.is_true(not desk:reaches(account) and desk:reaches(other))
  end)

  it("revokes one of two who are unclear, and leaves the other's account alone", function()
    desk:invite(ANN, BOB)
    local account = desk:accept(BOB)
    local done = assert(withdraw(ANN, { ask = never }))
    assert.same({ "revoked", true }, { done.outcome, desk:reaches(account) })
  end)

  it("says that it could not be done, and does not say that he is gone", function()
    desk:invite(ANN)
    local account = desk:accept(ANN)
    assert(ledger:check(wix))
    server:fault{ operation = "contributors.remove_contributor", status = 403, times = "always" }
    local done = assert(withdraw(ANN, { ask = function() return true end }))
    assert.same({ "open", "otherwise", 1, "accepted" }, { done.outcome, done.seen, done.removed.failed, desk:row(ANN).state })
    server:faults_clear()
    server:fault{ operation = "contributors.remove_contributor", reset = "after", times = "always" } -- it acts, and the answers are lost
    done = assert(withdraw(ANN, { ask = function() return true end }))
    assert.same({ "removed", "as_wanted", false }, { done.outcome, done.seen, desk:reaches(account) })
  end)

  it("keeps every step: before it left, and after it came back", function()
    desk:invite(ANN)
    local account = desk:accept(ANN)
    assert(withdraw(ANN, { ask = function() return true end }))
    local database = require "wixum.ledger.database"
    local db <close> = database.open(desk.path)
    local plan, change = db:one("SELECT * FROM plans"), db:one("SELECT * FROM changes")
    assert.same({ "withdraw", ANN .. " on " .. desk.sites[1], true }, { plan.kind, plan.subject, plan.ended_at ~= nil })
    assert.same({ "remove_contributor", desk.sites[1], account, ANN, "only_candidate", "done", "as_wanted" },
      { change.kind, change.site_id, change.account_id, change.email, change.evidence, change.state, change.seen })
    local call = db:one("SELECT * FROM calls WHERE operation = 'contributors.remove_contributor'")
    assert.same({ desk.sites[1], ANN, "done", 200 }, { call.site_id, call.people, call.outcome, math.tointeger(call.status) })
    assert.is_string(call.request_id)
  end)

  it("is told of an address that it does not know, and raises mistakes", function()
    local done, err = withdraw("nobody@example.com")
    assert.is_nil(done)
    assert.same({ "invalid", "the ledger has no invite of this address to this site" }, { err.kind, err.message })
    for _, case in ipairs{ { { site_id = "here" }, "site_id must be an id" }, { { account_id = 7 }, "account_id must be an id" },
      { { acount_id = "" }, "unknown option acount_id" } } do
      local ok, problem = pcall(function() return withdraw(ANN, case[1]) end)
      assert.is_false(ok)
      assert.matches("74_people_spec.lua:%d+: .*" .. case[2], problem)
    end
  end)
end)
