-- What telling who has joined did wrong once: words that were not so, and commands that did not help.

local command = require "spec.support.command"
local errors = require "wixum.errors"
local support = require "spec.support.ledger"

local EVE = "eve@example.com"
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

  local function who(text) return tostring(assert(ledger:who(text))) end

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

  local function who(text) return tostring(assert(ledger:who(text))) end

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
    assert.matches("failed; the team knows no such invite: it was not sent", who "eve", 1, true)
  end)
end)
