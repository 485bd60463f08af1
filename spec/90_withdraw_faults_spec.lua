-- What withdrawing said and took for granted wrong once, and what nobody noticed when it was taken out.

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

before_each(function() start() end)
after_each(function()
  desk:close()
  desk = nil
end)

local function withdraw(email, given)
  local all = { email = email, site_id = desk.sites[1] }
  for name, value in pairs(given or {}) do all[name] = value end
  return assert(ledger:withdraw(wix, all))
end

-- A statement that changes the ledger, or one that answers a row.
local function change(statement, ...)
  local db <close> = database.open(desk.path)
  db:run(statement, ...)
end

local function one(statement)
  local db <close> = database.open(desk.path)
  return db:one(statement)
end

-- A refusal in the service's own words.
local function refuse(operation, status, code)
  server:fault{ operation = operation, status = status, json = { message = "x", details = code
    and { applicationError = { code = code, description = "x" } } or {} } }
end

describe("a refusal to revoke #pure", function()
  -- None of these is known to say that the invite cannot be used.
  local REFUSALS = { { 428, "MISSING_METASITE_ID" }, { 428 }, { 409, "ABORTED" }, { 409, "ALREADY_EXISTS" }, { 404 } }

  it("leaves the invite open, where it may be about the call", function()
    for i, refusal in ipairs(REFUSALS) do
      local email = i .. ANN
      desk:invite_to(email)
      refuse("site_invites.revoke_invite", table.unpack(refusal))
      local done = withdraw(email)
      assert.same({ "open", nil, "pending", nil }, { done.outcome, done.is_over, desk:row(email).state, desk:row(email).reason })
      assert.matches(tostring(refusal[1]), done.unrevoked)
      refuse("site_invites.revoke_invite", table.unpack(refusal))
      local found = assert(ledger:leaver(wix, email, { apply = true }))
      assert.same({ false, 1, "pending" }, { found.is_clean, found.done.failed, desk:row(email).state })
      assert.is_truthy(desk:open_invite(email))
    end
  end)

  it("keeps nobody from having come by the invite", function()
    desk:invite(ANN, BOB)
    assert(ledger:check(wix))
    refuse("site_invites.revoke_invite", 428, "MISSING_METASITE_ID")
    withdraw(ANN)
    server:advance(7200)
    assert(ledger:check(wix))
    server:advance(7200)
    desk:accept(ANN)
    assert(ledger:check(wix))
    assert.same({ "pending", "unclear", "unclear" }, { desk:row(BOB).state, desk:row(BOB).evidence, desk:row(ANN).evidence })
  end)

  it("says that nobody can use it, where the service names that", function()
    for code, state in pairs{ INVITE_NOT_PENDING = "pending", NOT_FOUND = "revoked" } do
      start()
      desk:invite_to(ANN)
      refuse("site_invites.revoke_invite", code == "NOT_FOUND" and 404 or 409, code)
      assert.same({ "over", state }, { withdraw(ANN).outcome, desk:row(ANN).state })
    end
  end)
end)

describe("an invite that is planned anew #pure", function()
  -- Somebody came by Ann's or by Bob's, and Ann's has run out.
  local function planned_anew()
    desk:invite(ANN, BOB)
    local account = desk:accept(ANN)
    desk:days(31)
    assert(ledger:check(wix))
    assert(ledger:retry{ email = ANN })
    return account
  end

  it("is taken back, and whoever may be in by one before it is shown", function()
    local account = planned_anew()
    local done = withdraw(ANN)
    assert.same({ "unclear", true, { account } }, { done.outcome, done.taken_back, done.candidate.others })
    assert.same({ "revoked", "taken back before it was mailed anew" }, { desk:row(ANN).state, desk:row(ANN).reason })
    assert.equal("removed", withdraw(ANN, { account_id = account }).outcome)
    assert.is_false(desk:reaches(account))
  end)

  it("is left planned where an account is named that it cannot have been", function()
    planned_anew()
    local done, err = ledger:withdraw(wix, { email = ANN, site_id = desk.sites[1], account_id = desk.sites[2] })
    assert.is_nil(done)
    assert.same({ "invalid", "planned" }, { err.kind, desk:row(ANN).state })
  end)

  it("is taken back for a leaver, which says what was mailed", function()
    local account = planned_anew()
    local found = assert(ledger:leaver(wix, ANN, { apply = true }))
    assert.same({ 1, false, 1 }, { found.taken_back, found.is_clean, #found.left.decide })
    assert.matches(account, found.left.decide[1].text, 1, true)
    assert.equal("taken back before it was mailed anew", desk:row(ANN).reason)
  end)
end)

-- From now on the account's list says that nobody can reach the site.
local function list_lacks_everybody(of)
  local sites = {}
  for i, id in ipairs(desk.sites) do
    sites[i] = ('{"id":"%s","ownerAccountId":"%s","contributorAccountIds":[]}'):format(id, of.account_id)
  end
  of:fault{ operation = "sites.query_sites", status = 200, times = "always",
    body = ('{"sites":[%s],"metadata":{"hasNext":false}}'):format(table.concat(sites, ",")) }
end

-- An answer of the service says that an invite was used, and perhaps by whom.
local function tell_used(of, invite, account)
  of:fault{ operation = "site_invites.resend_invite", status = 200, acts = false,
    json = { invite = { id = invite.id, email = invite.email, status = "Used", acceptedByAccountId = account } } }
end

describe("somebody of whom it was told that they accepted #pure", function()
  it("has something that nobody can take off, where no account can be seen", function()
    desk:invite_to(ANN)
    tell_used(server, desk:open_invite(ANN))
    assert(ledger:resend(wix, { email = ANN }))
    list_lacks_everybody(server)
    local done = withdraw(ANN)
    assert.same({ "unclear", nil, "accepted" }, { done.outcome, done.candidate, desk:row(ANN).state })
  end)

  -- Ann and Bob are in, and of Ann's invite an answer told it.
  local function both_in(account_told)
    start()
    desk:invite(ANN, BOB)
    local invite, account, other = desk:open_invite(ANN), desk:accept(ANN), desk:accept(BOB)
    assert(ledger:check(wix))
    tell_used(server, invite, account_told and account)
    assert(ledger:resend(wix, { email = ANN }))
    return account, other
  end

  local function say(email, account, undo)
    return assert(ledger:confirm{ email = email, site_id = desk.sites[1], account_id = account, undo = undo })
  end

  local function known_of(email)
    local row = desk:row(email)
    return { row.state, row.evidence, row.account_id }
  end

  it("has accepted still where it is taken back whose account it was, and is not mailed", function()
    local _, other = both_in()
    say(ANN, other)
    assert.same({ "accepted", "operator", other }, known_of(ANN))
    local done = say(ANN, other, true)
    assert.same({ { email = ANN, site_id = desk.sites[1], is_accepted = true } }, done.reopened)
    assert.same({ "accepted", "told" }, { table.unpack(known_of(ANN), 1, 2) })
    desk:days(8)
    assert(ledger:remind(wix, { email = ANN, at_most = 9 }))
    assert.equal(2, desk:row(ANN).mails)
  end)

  it("is told with the account, and that stays so", function()
    local account, other = both_in(true)
    for _ = 1, 2 do
      say(ANN, account)
      assert.same({ "accepted", "told", account }, known_of(ANN))
      say(ANN, account, true)
      assert.same({ "accepted", "told", account }, known_of(ANN))
    end
    say(BOB, account) -- by whose account, is another question
    assert.same({ "accepted", "told", other }, known_of(ANN))
  end)
end)

describe("the command that withdraws #pure", function()
  local commands
  before_each(function()
    commands = command.new{ seed = 3, sites = desk.sites }
    commands:write("c.csv", "site,email,role", desk.sites[1] .. "," .. ANN .. "," .. support.ROLE.title,
      desk.sites[1] .. "," .. BOB .. "," .. support.ROLE.title)
    commands:done("invite", "c.csv")
  end)
  after_each(function() commands:close() end)

  local function contains(text, ...)
    for _, words in ipairs{ ... } do assert.truthy(text:find(words, 1, true), ("%q is not in:\n%s"):format(words, text)) end
  end

  local function invite() return commands.server:invites{ email = ANN }[1] end
  local function run(status) return commands:fails(status, "withdraw", ANN, "--site", desk.sites[1]) end

  it("shows who may be in where the invite is planned anew", function()
    local account = assert(commands.server:accept(invite())).accepted_by_account_id
    contains(commands:done "check", "2 unclear")
    commands.server:advance(31 * 86400)
    commands:done "check" -- by whose clock it has run out
    contains(commands:done("retry", "--email", ANN), "1 row planned anew")
    local output = run(1)
    contains(output, "The planned invite of ann@example.com to ", " is taken back: somebody may have joined by one before it, and nobody "
      .. "knows who.", "it may have been account " .. account)
  end)

  it("says that somebody accepted, where it was told and nobody can be seen", function()
    tell_used(commands.server, invite())
    commands:done("resend", "--email", ANN)
    list_lacks_everybody(commands.server)
    contains(run(1), "ann@example.com accepted the invite to Site 1, and nobody knows by which account.",
      "no account can be seen there that it may be: look at the site's Roles & Permissions page")
  end)

  it("revokes nothing live without a yes", function()
    commands:as_if_live()
    contains(run(2), "This revokes the invite of ann@example.com to Site 1, live, if it is still open.", "say --yes")
    assert.equal("Pending", invite().status)
  end)

  it("says no more of what was planned than that it will not be mailed", function()
    commands:write("d.csv", "site,email,role", desk.sites[2] .. "," .. ANN .. "," .. support.ROLE.title)
    commands:done("plan", "d.csv")
    contains(commands:done("withdraw", ANN, "--site", desk.sites[2]), "Taken back: the planned invite of ann@example.com to "
      .. "Site 2 will not be mailed.")
  end)
end)

describe("somebody whom the account's list lacks #pure", function()
  -- Ann accepted; from now on the list says that nobody can reach the site.
  local function lacked()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    assert(ledger:check(wix))
    server:advance(60)
    list_lacks_everybody(server)
    return account
  end

  it("is not gone that the site itself still has", function()
    local account = lacked()
    refuse("contributors.remove_contributor", 404, "NOT_FOUND")
    local done = withdraw(ANN, { account_id = account })
    assert.same({ "open", "otherwise", "accepted" }, { done.outcome, done.seen, desk:row(ANN).state })
    assert.equal("removed", withdraw(ANN, { account_id = account }).outcome)
  end)

  it("is found by a leaver, be the account confirmed or that of their invite", function()
    for _, is_confirmed in ipairs{ false, true } do
      start()
      local account = lacked()
      if is_confirmed then -- and known by that alone
        assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account })
        change "DELETE FROM invites"
      end
      assert.equal(1, assert(ledger:leaver(wix, ANN)).removals)
      refuse("contributors.remove_contributor", 404, "NOT_FOUND")
      local found = assert(ledger:leaver(wix, ANN, { apply = true }))
      assert.same({ false, "otherwise", 1 }, { found.is_clean, found.undone[1].seen, #found.left.changes })
      found = assert(ledger:leaver(wix, ANN, { apply = true }))
      assert.same({ true, false }, { found.is_clean, desk:reaches(account) })
      server:requests_clear()
      assert(ledger:leaver(wix, ANN))
      assert.equal(0, #server:requests{ operation = "contributors.query_site_contributors" }) -- that was seen
    end
  end)

  it("could not be seen by a leaver where the site will not say", function()
    local account = lacked()
    refuse("contributors.query_site_contributors", 403)
    local found = assert(ledger:leaver(wix, ANN))
    assert.same({ 0, "forbidden", false }, { #found.changes, found.forbidden.kind, found.is_empty })
    assert.matches("Site 1: account " .. account .. " was there, the list lacks it, and the site could not be asked: the service answered "
      .. "403", found.unseen[1], 1, true)
    server:fault{ operation = "contributors.query_site_contributors", status = 401 }
    local none, err = ledger:leaver(wix, ANN)
    assert.same({ nil, "unauthenticated" }, { none, err.kind })
  end)
end)

describe("what runs alone #pure", function()
  local function desired()
    return { account_id = server.account_id, service = server.base_url, rows = { { site_id = desk.sites[1], nobody = true } } }
  end

  it("is not run while another process sends", function()
    desk:invite_to(ANN)
    local lock <close> = database.lock(desk.path .. "-sender")
    local own = { email = ANN, site_id = desk.sites[1], account_id = desk.sites[2] }
    for name, call in pairs{
      check = function() return ledger:check(wix) end,
      confirm = function() return ledger:confirm(own) end,
      withdraw = function() return ledger:withdraw(wix, own) end,
      leaver = function() return ledger:leaver(wix, ANN) end,
      access = function() return ledger:access(wix) end,
      apply_access = function() return ledger:apply_access(wix, { desired = desired() }) end,
      team = function() return ledger:team(wix) end,
      team_invite = function() return ledger:team_invite(wix, { email = BOB, role = support.ROLE.id, sites = desk.sites }) end,
    } do
      local done, err = call()
      assert.is_true(done == nil and err.in_use, name .. ": " .. tostring(err))
    end
    assert.is_truthy(lock)
  end)

  it("mails nobody where it is asked to end while it looks", function()
    desk:invite_to(ANN)
    desk:days(8)
    server:fault{ operation = "sites.query_sites", delay = 0.3 }
    local task = wixum.spawn(function() return ledger:remind(wix, { all = true }) end)
    repeat wixum.sleep(0.01) until ledger:stop()
    local done = assert(task:wait())
    assert.same({ "cancelled", 0, 1 }, { done.stopped.kind, done.done, desk:row(ANN).mails })
  end)

  it("finds out what a process that died has left, though its own lock is there", function()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    assert(ledger:check(wix))
    change "UPDATE presences SET row_id = NULL"
    change "UPDATE invites SET state = 'pending', evidence = NULL, account_id = NULL, accepted_from = NULL, step = 'resend'"
    assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account })
    assert.is_nil(one("SELECT step FROM invites").step)
    change "UPDATE invites SET step = 'resend'"
    assert(ledger:apply_access(wix, { desired = desired() }))
    assert.is_nil(one("SELECT step FROM invites").step)
  end)
end)

describe("withdraw #pure", function()
  local function accepted()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    assert(ledger:check(wix))
    return account
  end

  it("leaves the account of the key itself alone, also where the site is somebody else's", function()
    desk:invite_to(ANN)
    tell_used(server, desk:open_invite(ANN), server.account_id)
    assert(ledger:resend(wix, { email = ANN }))
    server:transfer(desk.sites[1], BOB)
    local done = withdraw(ANN, { account_id = server.account_id })
    assert.same({ "open", "it is the account of the key itself, which is left alone" }, { done.outcome, done.reason })
    assert.equal(0, #server:requests{ operation = "contributors.remove_contributor" })
  end)

  it("writes down what a process that died has left of another, and looks anew", function()
    local account = accepted()
    refuse("contributors.remove_contributor", 400)
    assert.equal("open", withdraw(ANN, { account_id = account }).outcome)
    change "UPDATE changes SET state = 'sending', step = 'change'"
    change "UPDATE plans SET ended_at = NULL"
    assert.equal("removed", withdraw(ANN, { account_id = account }).outcome)
    assert.same({ state = "dropped" }, one "SELECT state, step FROM changes ORDER BY id")
    assert.is_truthy(one "SELECT id FROM calls WHERE operation = 'contributors.remove_contributor' AND outcome = 'unknown'")
  end)

  it("says that the invite may be open, where it is not the one that was used", function()
    local account = accepted()
    assert(ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = account })
    refuse("site_invites.revoke_invite", 400)
    local done = withdraw(ANN, { account_id = account })
    assert.same({ "open", "as_wanted" }, { done.outcome, done.seen })
    assert.matches("400", done.unrevoked)
  end)

  it("changes nothing where the account that is named cannot be it", function()
    desk:invite_to(ANN)
    local done, err = ledger:withdraw(wix, { email = ANN, site_id = desk.sites[1], account_id = desk.sites[3] })
    assert.same({ nil, "pending" }, { done, desk:row(ANN).state })
    assert.matches("none of those that may have accepted", err.message)
    assert.is_truthy(desk:open_invite(ANN))
  end)

  it("does nothing where nobody could look, and ends where nobody could look again", function()
    desk:invite_to(ANN)
    refuse("sites.query_sites", 403)
    local done, err = ledger:withdraw(wix, { email = ANN, site_id = desk.sites[1] })
    assert.same({ nil, "forbidden", "pending" }, { done, err.kind, desk:row(ANN).state })
    server:fault{ operation = "sites.query_sites", status = 403, after = 1 }
    done = withdraw(ANN)
    assert.same({ "revoked", "forbidden", "revoked" }, { done.outcome, done.stopped and done.stopped.kind, desk:row(ANN).state })
  end)
end)
