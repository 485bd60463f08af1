-- What telling people did wrong once: words that were not so, and commands that did not help.

local errors = require "wixum.errors"
local support = require "spec.support.ledger"

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
