-- What telling who has joined did wrong once: words that were not so, and commands that did not help.

local command = require "spec.support.command"
local database = require "wixum.ledger.database"
local errors = require "wixum.errors"
local support = require "spec.support.ledger"
local wixum = require "wixum"

local EVE, TOM = "eve@example.com", "Töm@example.com"
local PIA, RITA = "pia@example.com", "rita@example.com"

local desk, ledger, wix

local function start(options)
  if desk then desk:close() end
  desk = support.desk(options)
  ledger, wix = desk.ledger, desk.wix
end

local function close()
  if desk then desk:close() end
  desk = nil
end

local function check(options) return assert(ledger:check(wix, options)) end
local function who(text) return tostring(assert(ledger:who(text))) end
local function change(statement, ...)
  local db <close> = database.open(desk.path)
  db:run(statement, ...)
end

describe("a sentence #pure", function()
  it("has one stop, also where it asks", function()
    local advice = "Is it a file, and may you read and write it and its folder?"
    local err = errors.new({ kind = "ledger", outcome = "not_sent", message = "it cannot be opened" }, { advice = advice })
    assert.matches(advice, tostring(err), 1, true)
    assert.is_nil(tostring(err):find("?.", 1, true))
  end)
end)

describe("an account that is known to be somebody's #pure", function()
  local account

  -- Pia accepts on two sites, on the second of which Rita is invited too.
  before_each(function()
    start()
    desk:invite_to(PIA)
    desk:invite_to(PIA, 2)
    desk:invite_to(RITA, 2)
    account = desk:accept(PIA)
    desk:accept(PIA, 2)
    check()
  end)
  after_each(close)

  it("is nobody else's candidate where that person is invited, whichever site it was said of", function()
    assert.same({ "unclear", "unclear" }, { desk:row(PIA, 2).evidence, desk:row(RITA, 2).evidence })
    check{ trust = "links" }
    assert(ledger:confirm{ email = PIA, site_id = desk.sites[1], account_id = account })
    local found = check()
    assert.same({ 0, 1, {} }, { found.unclear, found.waiting, found.unclear_rows })
    assert.same({ "accepted", "pending" }, { desk:row(PIA, 2).state, desk:row(RITA, 2).state })
    assert.is_nil(desk:row(RITA, 2).evidence)
    desk:days(8) -- and is reminded
    assert(ledger:remind(wix, { after = "7d" }))
    assert.same({ [RITA] = 1 }, desk:mails "resend")
  end)

  it("leaves it unclear who comes next: she may have used the other's invite", function()
    assert(ledger:confirm{ email = PIA, site_id = desk.sites[1], account_id = account })
    desk:accept(RITA, 2)
    check()
    assert.same({ "pending", "unclear" }, { desk:row(RITA, 2).state, desk:row(RITA, 2).evidence })
    assert.equal(1, #desk:row(RITA, 2).candidates)
  end)
end)

describe("the command that is said to decide #pure", function()
  before_each(function() start() end)
  after_each(close)

  it("names no account of several, nor the one that there is, and as it stands is refused with words", function()
    local own = command.new{ seed = 3, sites = { { id = desk.sites[1], name = "Shop" } } }
    own:write("c.csv", "site,email,role", "Shop,pia@example.com,Website Manager", "Shop,rita@example.com,Website Manager")
    own:done("invite", "c.csv")
    local account = assert(own.server:accept(own.server:invites{ email = PIA }[1])).accepted_by_account_id
    for _ = 1, 2 do
      own:done "check"
      for _, email in ipairs{ PIA, RITA } do
        local told = own:done("who", email)
        local line = told:match "next: wixum (confirm [^,\n]*)"
        assert.is_nil(line:find(account, 1, true), told)
        local words = {}
        for word in line:gmatch "%S+" do words[#words + 1] = word end
        assert.matches("an account is said by its id", own:fails(2, table.unpack(words)))
      end
      local open = own.server:invites{ status = "Pending" }[1]
      if open then assert(own.server:accept(open)) end
    end
    own:close()
  end)

  it("is none that would be refused, where each candidate is somebody else's", function()
    desk:invite_to(PIA)
    local account = desk:accept(PIA)
    check()
    assert(ledger:confirm{ email = PIA, site_id = desk.sites[1], account_id = account })
    desk:invite_to(RITA, 2)
    desk:accept(RITA, 2, PIA) -- the link was passed on
    local text = tostring(check())
    local words = ("it may be %s (pia@example.com's, as a person has said). `wixum confirm pia@example.com --site %s --account %s --undo` "
      .. "takes that back, should it be wrong"):format(account, desk.sites[2], account)
    assert.matches(words, text, 1, true)
    words = "next: wixum confirm pia@example.com --site " .. desk.sites[2] .. " --account " .. account .. " --undo, should that be wrong"
    assert.matches(words, who "rita", 1, true)
    assert(ledger:confirm{ email = PIA, site_id = desk.sites[2], account_id = account, undo = true })
    assert(ledger:confirm{ email = RITA, site_id = desk.sites[2], account_id = account })
  end)

  it("is the other's own, where they may have come by their own invite, and that is not sure", function()
    desk:invite_to(PIA)
    local account = desk:accept(PIA)
    check()
    assert(ledger:confirm{ email = PIA, site_id = desk.sites[1], account_id = account })
    desk:invite_to(PIA, 2)
    desk:invite_to(RITA, 2)
    desk:accept(PIA, 2)
    change("DELETE FROM presences WHERE site_id = ?", desk.sites[2]) -- nobody looked before the first mail
    change("UPDATE sites SET looked_at = NULL, checked_at = NULL WHERE site_id = ?", desk.sites[2])
    local words = "wixum confirm pia@example.com --site " .. desk.sites[2] .. " --account " .. account
    local text = tostring(check())
    assert.matches("rita@example.com on Site 2 is unclear: it may be " .. account .. " (pia@example.com's, as a person has said). `"
      .. words .. "` says that they came by their own invite", text, 1, true)
    assert.matches("next: " .. words .. ", which came by their own invite", who "rita", 1, true)
    assert(ledger:confirm{ email = PIA, site_id = desk.sites[2], account_id = account })
    assert.same({ 0, 1 }, { check().unclear, check().waiting })
  end)

  it("stands beside nothing that says otherwise: who may have joined by an invite is not there without one", function()
    desk:invite_to(PIA)
    desk:invite_to(PIA, 2)
    desk:invite_to(RITA, 2)
    desk:accept(PIA)
    local account = desk:accept(PIA, 2)
    check()
    local text = who "pia"
    assert.matches("it may have been account " .. account .. "\n", text, 1, true)
    assert.is_nil(text:find("reached by account", 1, true))
    assert(ledger:confirm{ email = PIA, site_id = desk.sites[1], account_id = account })
    assert.is_nil(who("pia"):find("reached by account", 1, true))
  end)
end)

describe("a mail #pure", function()
  before_each(function() start{ duplicates = "failed" } end)
  after_each(close)

  it("that did not go out is not told as one", function()
    local own <close> = wix:with{ site_id = desk.sites[1] }
    local sent = assert(own.site_invites.bulk_invite{ policy_ids = { support.ROLE.id }, emails = { PIA } })
    desk:invite(PIA, RITA) -- in one call, which goes well
    assert.equal("failed", desk:row(PIA).state)
    assert.matches("    never mailed\n", who "pia", 1, true)
    assert.matches("    mailed 2025-11-24T16:00:00Z, expires", who "rita", 1, true)
    assert(own.site_invites.revoke_invite{ invite_id = sent.invites[1].id })
    desk:days(1)
    assert(ledger:retry{ email = PIA })
    assert(ledger:send(wix))
    assert.matches("    mailed 2025-11-25T16:00:00Z, expires", who "pia", 1, true)
  end)

  it("of which nobody knows was tried; and is none, once a person has said so", function()
    desk:invite_to(RITA)
    desk:days(1)
    desk.server:fault{ operation = "site_invites.resend_invite", reset = "after" }
    assert(ledger:resend(wix, { email = RITA }))
    assert.matches("    mailed 2025-11-24T16:00:00Z, tried 2025-11-25T16:00:00Z\n", who "rita", 1, true)
    assert(ledger:settle({ email = RITA }, "not_sent"))
    assert.matches("    mailed 2025-11-24T16:00:00Z, expires", who "rita", 1, true)
  end)

  it("of many is counted, where not each is told", function()
    desk:plan(6)
    assert(ledger:send(wix))
    for _ = 1, 3 do
      desk:days(1)
      assert(ledger:resend(wix, { email = "n1@example.com" }))
    end
    assert.matches("mailed 4 times, 2025-11-24T16:00:00Z to 2025-11-27T16:00:00Z, expires", who "example", 1, true)
    assert.matches("mailed 2025-11-24T16:00:00Z, 2025-11-25T16:00:00Z, 2025-11-26T16:00:00Z, 2025-11-27T16:00:00Z, ", who "n1@", 1, true)
  end)

  it("to the team is not told either, where none went out", function()
    desk.server:fault{ operation = "account_invites.create_invite", reset = "before" }
    assert(ledger:team_invite(wix, { email = EVE, role = support.ROLE.title, sites = { desk.sites[1] } }))
    assert.matches("unknown, tried 2025-11-24T16:00:00Z", who "eve", 1, true)
    desk.server:advance(301)
    assert(ledger:team(wix))
    assert.matches("failed; the team knows no such invite: it was not sent, or is over", who "eve", 1, true)
  end)
end)

describe("somebody without an invite of the ledger #pure", function()
  local account

  -- Tom is in the team, and on two sites by invites of the dashboard; the ledger has looked at all of them.
  before_each(function()
    start()
    for site = 1, 2 do
      local own <close> = wix:with{ site_id = desk.sites[site] }
      local sent = assert(own.site_invites.bulk_invite{ policy_ids = { support.ROLE.id }, emails = { TOM } })
      account = assert(desk.server:accept(sent.invites[1])).accepted_by_account_id
    end
    local sent = assert(wix.account_invites.create_invite{ subjects_assignments = { wixum.assignments.invitee{ email = TOM,
      role = support.ROLE.id, sites = { desk.sites[1] } } } })
    assert(desk.server:accept(sent.successful_invites[1]))
    assert(ledger:leaver(wix, TOM)) -- only tells
  end)
  after_each(close)

  it("is told with the accounts and sites that a leaver is shown with", function()
    for _, text in ipairs{ "töm", account } do
      local found = assert(ledger:who(text, { client = wix }))
      assert.same({ 1, 2, 1 }, { #found.people, #found.people[1].sites, #found.people[1].users })
      assert.same({ { account_id = account, evidence = "team" } }, found.people[1].accounts)
      local told = tostring(found)
      for _, words in ipairs{ TOM .. "\n  the team: member", "  account " .. account .. ": the service names the same user",
        "  Site 1: reached by account " .. account, "  Site 2: reached by account " .. account } do
        assert.matches(words, told, 1, true)
      end
    end
  end)

  it("is known afterwards, with what was changed, and every call about it, in the ledger alone", function()
    desk:days(1)
    local done = assert(ledger:leaver(wix, TOM, { apply = true }))
    assert.same({ 3, true }, { done.done.done, done.is_clean })
    for _, text in ipairs{ "TÖM", account } do
      local found = assert(ledger:who(text))
      assert.equal(1, #found.people)
      local told = tostring(found)
      for _, words in ipairs{ TOM .. "\n", "  2025-11-25T16:00:00Z removes " .. TOM .. " from the team (1 role): done, and seen to be so",
        "  2025-11-25T16:00:00Z takes account " .. account .. " off Site 1 (", "): done, and seen to be so", "off Site 2 (",
        "Site 1: reached by account " .. account, "; gone since a look at 2025-11-25" } do
        assert.matches(words, told, 1, true)
      end
      local block = assert(ledger:for_support(text))
      local _, calls = block:gsub("\n[%d:TZ-]+ contributors.remove_contributor, site [%x-]+: done, status 200, request id", "")
      assert.equal(2, calls)
      assert.matches("\n[%d:TZ-]+ users.remove_member, site none: done, status 200, request id", block)
      assert.is_nil(block:find("no call about them is kept", 1, true))
    end
    assert.equal(0, #assert(ledger:who "tomas").people)
  end)

  it("is no second time among those who are counted", function()
    desk:plan(55)
    assert(ledger:send(wix))
    desk:accept "n55@example.com"
    assert(ledger:check(wix, { trust = "roles" }))
    assert(ledger:leaver(wix, "n55@example.com", { apply = true }))
    assert(ledger:leaver(wix, TOM, { apply = true }))
    local found = assert(ledger:who "example.com")
    assert.same({ 50, 6 }, { #found.people, found.more }) -- 55 who were invited, and Tom
  end)

  it("is no one whose account a person has said to be somebody else's", function()
    desk:invite_to(PIA, 3)
    desk:accept(PIA, 3, TOM)
    check()
    assert(ledger:confirm{ email = PIA, site_id = desk.sites[3], account_id = account })
    local found = assert(ledger:who("töm", { client = wix }))
    assert.same({ {}, {} }, { found.people[1].accounts, found.people[1].sites })
    assert.equal(PIA, assert(ledger:who(account, { client = wix })).people[1].email)
  end)
end)

describe("what nobody knows #pure", function()
  before_each(function() start() end)
  after_each(close)

  it("is to be found out in the same way wherever it is told, by what the step was", function()
    local settling = require "wixum.ledger.settling"
    for step, act in pairs{
      invite = function() return ledger:send(wix) end,
      resend = function() return ledger:resend(wix, { email = RITA }) end,
      revoke = function() return ledger:revoke(wix, { email = RITA }) end,
    } do
      start()
      assert(ledger:plan({ { site_id = desk.sites[1], email = RITA, role = support.ROLE.title } }, { client = wix }))
      if step ~= "invite" then assert(ledger:send(wix)) end
      local name = step == "invite" and "bulk_invite" or step .. "_invite"
      desk.server:fault{ operation = "site_invites." .. name, reset = "after", times = "always" }
      assert(act())
      assert.same({ "unknown", step }, { desk:row(RITA).state, desk:row(RITA).unknown_step })
      local question = settling.QUESTIONS[step]
      assert.matches(question .. " Then settle it as sent, else as not_sent", tostring(assert(ledger:status())), 1, true)
      local selector = "--email rita@example.com --site " .. desk.sites[1]
      assert.matches("next: " .. question .. " Then wixum settle sent " .. selector .. ", else wixum settle not_sent " .. selector,
        who "rita", 1, true)
      local path = desk:file(".html")
      assert(ledger:report(path))
      assert.matches((question:gsub("'", "&#39;"):gsub("&([^#])", "&amp;%1")), support.read(path), 1, true)
    end
  end)
end)

describe("an invite to the team #pure", function()
  local shell = "--role 'Website Manager' --site "

  before_each(function() start() end)
  after_each(close)

  local function invite(email)
    return assert(ledger:team_invite(wix, { email = email, role = support.ROLE.title, sites = { desk.sites[1] } }))
  end

  it("that needs somebody is named by the status, and who says what comes next in every state", function()
    assert.same({}, assert(ledger:status()).team)
    desk.server:fault{ operation = "account_invites.create_invite", reset = "before" }
    invite(EVE)
    invite(PIA)
    local looks = "wixum team list, five minutes after it was tried"
    local text = tostring(assert(ledger:status()))
    assert.matches("Team: the invite of eve@example.com to the team is unknown (tried 2025-11-24T16:00:00Z; ", text, 1, true)
    assert.matches("Next: " .. looks, text, 1, true)
    assert.is_nil(text:find(PIA, 1, true))
    assert.same({}, assert(ledger:status{ site_id = desk.sites[1] }).team) -- of that site alone
    desk.server:advance(301)
    assert(ledger:team(wix))
    local anew = "wixum team invite eve@example.com " .. shell .. desk.sites[1]
    text = tostring(assert(ledger:status()))
    assert.matches("the invite of eve@example.com to the team is failed (the team knows no such invite: it was not sent, or is over). "
      .. "Next: " .. anew, text, 1, true)
    local states = { planned = anew, sending = "wait", pending = "wixum team list", unknown = looks, failed = anew,
      accepted = "wixum leaver eve@example.com", expired = anew, declined = anew, revoked = anew, removed = anew }
    for state, words in pairs(states) do
      change("UPDATE team_invites SET state = ? WHERE email = ?", state, EVE)
      assert.matches(words, who("eve"):match "\n    next: ([^\n]*)", 1, true)
    end
  end)

  it("is said anew for the whole account only where it was; many sites come from a file", function()
    local words = require "wixum.ledger.team_words"
    local function step(sites)
      return words.next_step{ state = "expired", email = "o'neil@example.com", role = "Admin", site_ids = sites }
    end
    assert.equal("wixum team invite 'o'\\''neil@example.com' --role Admin --everywhere, to invite anew", step "*")
    assert.equal("wixum team invite 'o'\\''neil@example.com' --role Admin --site a --site b, to invite anew", step "a b")
    assert.equal("wixum team invite 'o'\\''neil@example.com' --role Admin --sites FILE, to invite anew", step "a b c d")
  end)

  it("is in the list of the team at once, with what to do, also where nothing else is said", function()
    local own = command.new{ seed = 3, sites = { { id = desk.sites[1], name = "Shop" } } }
    own.server:fault{ operation = "account_invites.create_invite", reset = "before" }
    assert.matches("1 unknown", own:fails(1, "team", "invite", EVE, "--role", "Website Manager", "--site", "Shop"))
    assert.matches("wixum: the invite of eve@example.com to the team is unknown (tried ", own:done("--quiet", "team", "list"), 1, true)
    assert.matches("Team: the invite of eve@example.com to the team is unknown", own:done "status")
    own.server:advance(301)
    assert.matches("is failed (the team knows no such invite: it was not sent, or is over). Next: wixum team invite eve@example.com "
      .. shell .. desk.sites[1], own:done("team", "list"), 1, true)
    own:close()
  end)
end)

describe("a site that the ledger does not know #pure", function()
  it("is refused by its id as by a wrong name, whatever is to be done; a review may be of any of the account's", function()
    local first, second = "00000001-2222-4333-8444-555555555555", "00000002-2222-4333-8444-555555555555"
    local own = command.new{ seed = 3, sites = { { id = first, name = "One" }, { id = second, name = "Two" } } }
    own:write("c.csv", "site,email,role", "One,pia@example.com,Website Manager")
    own:done("invite", "c.csv")
    for _, words in ipairs{ { "check" }, { "status" }, { "export" }, { "report", "--json" }, { "remind" }, { "resend" }, { "revoke" },
      { "retry" }, { "settle", "sent" }, { "withdraw", PIA }, { "confirm", PIA, "--account", first } } do
      local output = own:fails(2, table.unpack(table.move({ "--site", second }, 1, 2, #words + 1, words)))
      assert.matches("wixum: --site: the ledger knows no site with the id " .. second, output, 1, true)
    end
    assert.matches("1 site looked at", own:done("check", "--site", first:upper()))
    own:done("access", "--site", second)
    own:done("check", "--site", second) -- known since the review
    own:close()
  end)
end)

describe("a rehearsal whose days have gone by #pure", function()
  it("has a report that tells the ledger's clock beside when it was made", function()
    local own = command.new{ seed = 3, sites = { { id = "00000001-2222-4333-8444-555555555555", name = "One" } } }
    own:write("c.csv", "site,email,role", "One,pia@example.com,Website Manager")
    own:done("invite", "c.csv")
    own:done("report", "--html", "before.html")
    assert.is_nil(own:read("before.html"):find("Ledger&#39;s clock", 1, true))
    own.server:advance(10 * 86400)
    own:done "check"
    local moment = os.date("!%Y-%m-%d", math.floor(own.server:now()))
    own:done("report", "--html", "after.html")
    local page = own:read "after.html"
    assert.matches("<dt>Ledger&#39;s clock</dt><dd>" .. moment, page, 1, true)
    assert.matches("<dt>Last check</dt><dd><bdi>" .. moment, page, 1, true)
    own:close()
  end)
end)
