-- The commands about people who have joined, as typed: check, confirm, remind, who, withdraw.

local cjson = require "cjson"
local command = require "spec.support.command"
local process = require "spec.support.process"

local SITE, OTHER = "00000001-2222-4333-8444-555555555555", "00000002-2222-4333-8444-555555555555"
local ANN, BOB = "ann@example.com", "bob@example.com"

describe("the command, about people #pure", function()
  local desk, server

  before_each(function()
    desk = command.new{ seed = 3, log = 100000, sites = { { id = SITE, name = "Bäckerei Süß" }, { id = OTHER, name = "Two" } } }
    server = desk.server
    desk:write("c.csv", "site,email,role", SITE .. "," .. ANN .. ",Website Manager", SITE .. "," .. BOB .. ",Website Designer")
    desk:done("invite", "c.csv")
  end)
  after_each(function() desk:close() end)

  local function accept(email)
    return assert(server:accept(server:invites{ status = "Pending", email = email }[1])).accepted_by_account_id
  end

  local function contains(text, ...)
    for _, words in ipairs{ ... } do assert.truthy(text:find(words, 1, true), ("%q is not in:\n%s"):format(words, text)) end
  end

  it("tells who has joined, and lets a person decide", function()
    contains(desk:done "check", "Looking who has joined: 1 site in 1 call; at least 0 s.",
      "0 accepted since the last look, 0 unclear, 2 waiting",
      "Who has declined looks like who has not answered")
    local account = accept(ANN)
    contains(desk:done "check", "2 unclear", "ann@example.com on Bäckerei Süß is unclear: it may be " .. account)
    contains(desk:done "status", "Unclear who has joined: 2; `wixum check` names the candidates", "Last looked who has joined: 20")
    contains(desk:done("confirm", ANN, "--site", "bäckerei süß", "--account", account), "account " .. account .. " is theirs")
    contains(desk:done "status", "1 pending, 1 accepted")
    contains(desk:done("confirm", ANN, "--site", SITE, "--account", account, "--undo"), "Taken back", "ann@example.com on Bäckerei Süß")
    contains(desk:done("check", "--trust", "roles"), "ann@example.com accepted on Bäckerei Süß", "the only such invite whose roles")
    local found = cjson.decode(desk:done("--json", "--quiet", "check", "--site", SITE))
    assert.same({ 1, 1, 0, 1 }, { found.sites, found.calls, found.accepted, found.waiting })
  end)

  it("takes what the config file takes for granted, and refuses what is none", function()
    desk.env.XDG_CONFIG_HOME = desk.folder .. "/config"
    os.execute("mkdir -p " .. desk.folder .. "/config/wixum")
    desk:write("config/wixum/config", "trust = roles")
    local account = accept(BOB)
    contains(desk:done "check", "bob@example.com accepted", account == nil and "" or "roles")
    desk:write("config/wixum/config", "trust = everybody")
    contains(desk:fails(2, "check"), "trust in the config file is links, roles, or both, not everybody")
  end)

  it("is told typing mistakes, and what a ledger does not know", function()
    contains(desk:fails(2, "confirm", ANN, "--site", SITE, "--account", "7"), "an account is said by its id")
    contains(desk:fails(2, "confirm", "an@example.com", "--site", SITE, "--account", SITE), "the ledger has no invite to an@example.com")
    contains(desk:fails(2, "confirm", ANN, "--site", SITE, "--account", SITE), "this account was never seen on this site")
    contains(desk:fails(2, "withdraw", ANN), "missing option '--site'")
    contains(desk:fails(2, "check", "--site", "Three"), "the ledger knows no site called Three")
    contains(desk:fails(2, "check", "--trust", "everybody"), "must be one of 'links', 'roles'")
    contains(desk:fails(1, "who", "nobody"), "Nobody is known by nobody, here or in the team.")
  end)

  it("ends with the status of what went wrong", function()
    server:fault{ operation = "sites.query_sites", status = 403 }
    contains(desk:fails(4, "check"), "403")
    server:fault{ operation = "sites.query_sites", status = 401 }
    desk:fails(4, "remind")
    assert.equal(2, #server:outbox())
    desk.env.WIXUM_BASE_URL = "http://127.0.0.1:1"
    desk:fails(2, "check") -- the ledger belongs to another service
  end)

  it("reminds nobody who has joined, by the days of the sandbox", function()
    accept(ANN)
    server:advance(8 * 86400)
    contains(desk:done("remind", "--trust", "roles"), "Looking who has joined", "ann@example.com accepted", "1 reminder sent")
    assert.equal(BOB, server:outbox{ kind = "resend" }[1].to)
    contains(desk:done("remind", "--dry-run"), "Nobody is due: 1 person is waiting, mailed less than 7d ago")
  end)

  it("tells somebody everywhere, with or without a key, and for support", function()
    contains(desk:done("who", "ann"), "ann@example.com\n  Bäckerei Süß: pending, Website Manager",
      "next: wixum resend --email ann@example.com")
    contains(desk:done("who", "olivia"), "owner@example.com\n  the team: member (Olivia Owner)")
    local block = desk:done("--quiet", "who", "ann", "--for-support")
    assert.equal("", block)
    block = desk:done("who", "ann", "--for-support")
    contains(block, "times in UTC", "site_invites.bulk_invite, site " .. SITE .. ": done, status 200, request id")
    assert.is_nil(block:find(server.api_key, 1, true))
    local found = cjson.decode(desk:done("--json", "--quiet", "who", "example.com"))
    assert.same({ 3, "pending" }, { #found.people, found.people[1].rows[1].state })
    desk.env.WIX_API_KEY = nil
    contains(desk:done("who", "ann"), "the team could not be asked", "pending, Website Manager")
    contains(desk:done("who", "ann", "--offline"), "pending, Website Manager")
  end)

  describe("live", function()
    before_each(function() desk:as_if_live() end)

    local function answered(text, ...)
      local child = process.start(process.on_terminal(table.concat({ desk.wixum, ... }, " ")), { env = desk.env, cwd = desk.folder })
      for line in text:gmatch("%S+") do child:write(line) end
      local code = child:wait()
      return child.output, code
    end

    it("asks before it revokes and before it removes, with the evidence, and looks whether he is gone", function()
      local account = accept(ANN)
      desk:done("check", "--trust", "roles")
      contains(desk:fails(2, "withdraw", ANN, "--site", SITE), "This revokes the invite of ann@example.com", "say --yes")
      assert.equal(1, #server:contributors(SITE))
      if not process.has_terminals() then return pending(process.NO_TERMINALS) end
      local output, code = answered("y n", "withdraw", ANN, "--site", SITE)
      contains(output, "Account " .. account .. " joined Bäckerei Süß, between ", "the only such invite whose roles", "Go on?",
        "Nothing was removed: ann@example.com keeps Bäckerei Süß")
      assert.same({ 3, 1 }, { code, #server:contributors(SITE) })
      output, code = answered("y y", "withdraw", ANN, "--site", SITE)
      contains(output, "ann@example.com is gone from Bäckerei Süß: it was looked at again.")
      assert.same({ 0, 0 }, { code, #server:contributors(SITE) })
    end)

    it("takes a yes for all of it from scripts, and revokes what is open", function()
      contains(desk:done("--yes", "withdraw", BOB, "--site", SITE), "The invite of bob@example.com to Bäckerei Süß is revoked")
      local account = accept(ANN)
      contains(desk:fails(1, "--yes", "withdraw", ANN, "--site", SITE), "say which with --account ID") -- it may have been Bob
      assert.equal(1, #server:contributors(SITE))
      contains(desk:done("--yes", "withdraw", ANN, "--site", SITE, "--account", account), "ann@example.com is gone")
      assert.equal(0, #server:contributors(SITE))
      contains(desk:done("who", account), "had accepted, and was removed")
    end)

    it("says which account, where that is unclear", function()
      accept(ANN)
      accept(BOB)
      contains(desk:fails(1, "--yes", "withdraw", ANN, "--site", SITE), "it may have been account", "say which with --account ID")
      assert.equal(2, #server:contributors(SITE))
    end)
  end)
end)
