-- What taking people off said and wrote down wrong once: what is left of a leaver, what became of an invite that was withdrawn.

local command = require "spec.support.command"
local here = require "spec.support.here"
local process = require "spec.support.process"
local support = require "spec.support.ledger"

local ANN, BOB, OTHER = "ann@example.com", "bob@example.com", "other@example.com"
local ROLE = support.ROLE.title
local NOT_OPEN = "the service says that it is not open any more"

local desk, ledger, wix, server

local function start(options)
  if desk then desk:close() end
  desk = support.desk(options)
  ledger, wix, server = desk.ledger, desk.wix, desk.server
end

local function stop()
  desk:close()
  desk = nil
end

local function site_id(i) return ("%08d-2222-4333-8444-555555555555"):format(i) end

-- Sites with some people on each, by accounts of their own.
local function sites_with(count, ...)
  local sites = {}
  for i = 1, count do
    sites[i] = { id = site_id(i), name = "Shop " .. i, contributors = {} }
    for j, email in ipairs{ ... } do sites[i].contributors[j] = { email = email } end
  end
  return sites
end

local function contains(text, ...)
  for _, words in ipairs{ ... } do assert.truthy(text:find(words, 1, true), ("%q is not in:\n%s"):format(words, text)) end
end

local function lacks(text, words) assert.is_nil(text:find(words, 1, true), text) end

local function leaver(email, options) return assert(ledger:leaver(wix, email, options)) end

describe("what is said of somebody #pure", function()
  it("leaves open whether that is a man or a woman", function()
    local found = {}
    for path in here.run("find lua -name '*.lua'"):gmatch("%S+") do
      local number = 0
      for line in io.lines(path) do
        number = number + 1
        local said = line:find("^%s*%-%-") and "" or line:gsub("%s%-%-%s.*$", "")
        for _, word in ipairs{ "he", "she", "his", "her", "hers", "him" } do
          if said:lower():find("%f[%w_]" .. word .. "%f[^%w_]") then found[#found + 1] = ("%s:%d: %s"):format(path, number, said) end
        end
      end
    end
    assert.equal("", table.concat(found, "\n"))
  end)
end)

-- Both invites were used, Ann's by somebody else: who came by which nobody can tell.
local function both_used()
  desk:invite(ANN, BOB)
  desk:accept(ANN, nil, OTHER)
  desk:accept(BOB)
end

describe("an invite that is not open any more when it is to be revoked #pure", function()
  before_each(function() start() end)
  after_each(stop)

  local function withdraw(given)
    local all = { email = ANN, site_id = desk.sites[1] }
    for name, value in pairs(given or {}) do all[name] = value end
    return assert(ledger:withdraw(wix, all))
  end

  it("is what it was, and nobody is mailed anew for it", function()
    both_used()
    local done = withdraw()
    assert.same({ "unclear", true, nil }, { done.outcome, done.is_over, done.unrevoked })
    assert.same({ "pending", NOT_OPEN, "unclear" }, { desk:row(ANN).state, desk:row(ANN).reason, desk:row(ANN).evidence })
    assert.equal(0, assert(ledger:retry{ email = ANN }).changed)
  end)

  it("is what it was for a leaver too, and is not revoked again", function()
    both_used()
    assert(ledger:check(wix))
    local found = leaver(ANN, { apply = true })
    assert.same({ 1, 0 }, { found.done.done, #found.left.changes })
    assert.same({ "pending", NOT_OPEN }, { desk:row(ANN).state, desk:row(ANN).reason })
    assert.equal(0, #leaver(ANN).changes)
  end)

  it("is over where an attempt before may have done it", function()
    desk:invite_to(ANN)
    server:fault{ operation = "site_invites.revoke_invite", reset = "after" }
    local done = withdraw()
    assert.same({ "over", true, NOT_OPEN }, { done.outcome, done.is_over, desk:row(ANN).reason })
    assert.is_nil(desk:open_invite(ANN))
  end)

  it("lets nobody in who comes later", function()
    desk:invite_to(ANN)
    assert(server:decline(desk:open_invite(ANN)))
    withdraw()
    server:advance(60)
    assert(ledger:check(wix))
    server:advance(3600)
    local own <close> = wix:with{ site_id = desk.sites[1] }
    local sent = assert(own.site_invites.bulk_invite{ policy_ids = { support.ROLE.id }, emails = { OTHER } })
    assert(server:accept(sent.invites[1]))
    assert.equal(1, assert(ledger:check(wix)).strangers)
    assert.same({ "pending", nil }, { desk:row(ANN).state, desk:row(ANN).evidence })
  end)

  it("is revoked where the service does not have it", function()
    desk:invite_to(ANN)
    server:fault{ operation = "site_invites.revoke_invite", status = 404 }
    assert.equal("over", withdraw().outcome)
    assert.same({ "revoked", nil }, { desk:row(ANN).state, desk:row(ANN).reason })
  end)

  it("or may be, is not forgotten where an account that was named is taken off", function()
    both_used()
    local account = server:contributors(desk.sites[1])[1].account_id
    server:fault{ operation = "site_invites.revoke_invite", status = 403 }
    local done = withdraw{ account_id = account }
    assert.same({ "open", "as_wanted", false }, { done.outcome, done.seen, desk:reaches(account) })
    contains(done.unrevoked, "403")
  end)

  it("says that the access is there still only where that was seen", function()
    desk:invite_to(ANN)
    desk:accept(ANN)
    assert(ledger:check(wix))
    local account <const>, hasty <close> = desk:row(ANN).account_id, server:client{ rate = false, retries = 0 }
    server:fault{ operation = "contributors.remove_contributor", reset = "after" }
    server:fault{ operation = "sites.query_sites", status = 403, after = 1 }
    local done = assert(ledger:withdraw(hasty, { email = ANN, site_id = desk.sites[1], account_id = account }))
    assert.same({ "open", "unseen", "forbidden" }, { done.outcome, done.seen, done.stopped.kind })
    assert.equal("accepted", desk:row(ANN).state)
  end)
end)

describe("the command that withdraws #pure", function()
  local commands
  before_each(function()
    commands = command.new{ seed = 3, sites = sites_with(1) }
    commands:write("c.csv", "site,email,role", "Shop 1," .. ANN .. "," .. ROLE, "Shop 1," .. BOB .. "," .. ROLE)
    commands:done("invite", "c.csv")
    server = commands.server
  end)
  after_each(function() commands:close() end)

  local function accept(email, by) assert(server:accept(server:invites{ email = email }[1], by)) end
  local function fails(status) return commands:fails(status, "withdraw", ANN, "--site", "Shop 1") end

  it("says no more of an invite that was used than what is known", function()
    accept(ANN, OTHER)
    accept(BOB)
    local output = fails(1)
    contains(output, "The invite of ann@example.com to Shop 1 is not open any more: somebody may have used it, and nobody knows who.",
      "say which with --account ID")
    lacks(output, "still has")
    contains(commands:done "status", "2 pending")
  end)

  it("says that the invite may be open, where it could not be revoked", function()
    server:fault{ operation = "site_invites.revoke_invite", reset = "before", times = "always" }
    local output = fails(1)
    contains(output, "The invite of ann@example.com to Shop 1 may be open still.",
      "the invite could not be revoked: no answer came")
    lacks(output, "still has")
    server:faults_clear()
    server:fault{ operation = "site_invites.revoke_invite", status = 400 }
    accept(BOB)
    contains(fails(1), "may be open still, and nobody knows whether it has been used.", "the invite could not be revoked: the service")
  end)

  it("says that somebody is gone whose invite may be open", function()
    local account = assert(server:accept(server:invites{ email = ANN }[1])).accepted_by_account_id
    server:fault{ operation = "site_invites.revoke_invite", status = 400 }
    accept(BOB)
    local output = commands:fails(1, "withdraw", ANN, "--site", "Shop 1", "--account", account)
    contains(output, "ann@example.com is gone from Shop 1, and the invite may be open still.",
      "the invite could not be revoked: the service")
    lacks(output, "it could not be done")
  end)
end)

describe("what a leaver owns #pure", function()
  after_each(stop)

  -- Ann in the team, and on the first of three sites; the second belongs to Ann.
  local function owner_of_one()
    local sites = sites_with(3)
    sites[1].contributors[1] = { email = ANN }
    start{ members = { { email = ANN, roles = { support.ROLE.id } } }, sites = sites }
    server:transfer(site_id(2), ANN)
  end

  it("is told, though an owner is in no list of those who can reach a site", function()
    owner_of_one()
    local found = leaver(ANN)
    assert.equal(2, #found.dashboard) -- and the key
    contains(found.dashboard[1], "Shop 2 belongs to their account ")
    assert.same({ 2, 2 }, { #found.changes, #leaver(ANN, { apply = true }).left.dashboard })
  end)

  it("is told where they came by an invite, and the site is theirs by now", function()
    start()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    assert(ledger:check(wix))
    server:transfer(desk.sites[1], ANN)
    contains(leaver(ANN).dashboard[1], "Site 1 belongs to their account " .. account)
  end)

  it("is to be decided where only another invite says whose the account is", function()
    start()
    desk:invite_to(ANN)
    local account = desk:accept(ANN)
    assert(ledger:check(wix))
    server:transfer(desk.sites[2], ANN)
    contains(leaver(ANN).decide[1].text, "Site 2: account " .. account .. ", which used their invite to Site 1, owns it")
  end)

  it("is not every site, for the account of the key itself", function()
    owner_of_one() -- where the account goes on as a contributor
    local found = leaver "owner@example.com"
    assert.same({ 3, 0 }, { #found.dashboard, #found.changes })
    contains(table.concat(found.dashboard, "\n"), "owner@example.com is the account's owner, who cannot be removed: transfer the account",
      "Shop 2 is reached by the account of the key itself")
  end)

  it("is seen without the words for roles", function()
    owner_of_one()
    server:fault{ operation = "users.get_roles_info", status = 403 }
    assert.equal(2, #leaver(ANN).changes)
    server:fault{ operation = "users.get_roles_info", status = 400 }
    assert.is_nil((ledger:leaver(wix, ANN)))
  end)

  it("is the account: nothing is sent", function()
    start()
    server:requests_clear()
    local found = leaver("owner@example.com", { apply = true })
    assert.same({ false, 0 }, { found.applied, #server:requests{ operation = "users.remove_member" } })
  end)
end)

describe("what is left of a leaver #pure", function()
  after_each(stop)

  local MEMBER = { { email = ANN, roles = { support.ROLE.id } } }

  it("is told, also where no call can take it away", function()
    start()
    both_used()
    assert(ledger:check(wix))
    assert.is_false(leaver(ANN, { apply = true }).is_clean) -- the invite is revoked
    local found = leaver(ANN, { apply = true })
    assert.same({ false, false, 1 }, { found.applied, found.is_clean, #found.decide })
    start()
    assert(ledger:team_invite(wix, { email = ANN, role = ROLE, sites = { desk.sites[1] } }))
    assert.is_false(leaver(ANN, { apply = true }).is_clean)
  end)

  it("is nothing, where only of others nobody knows whose they are", function()
    start{ members = MEMBER, sites = sites_with(2) }
    server:transfer(site_id(2), OTHER)
    local found = leaver(ANN, { apply = true })
    assert.is_true(found.is_clean)
    assert.same({ "sites that belong to accounts of which nobody knows whose they are: 1: `wixum access` lists them" }, found.left.hints)
    contains(tostring(found), "nothing is left that is known", "What could not be seen:\n  sites that belong to")
  end)

  it("is nothing, where answers were lost and it was seen to be so", function()
    start{ members = MEMBER, sites = sites_with(4, ANN) }
    local hasty <close> = server:client{ rate = false, retries = 0 }
    server:fault{ operation = "contributors.remove_contributor", after = 2, reset = "after", times = "always" }
    local found = assert(ledger:leaver(hasty, ANN, { apply = true, concurrency = 1 }))
    assert.same({ 3, 2, true, 0 }, { found.done.done, found.done.unknown, found.is_clean, #found.undone })
    contains(tostring(found), "ann@example.com: 5 of 5 steps done.\nLooked at again: nothing is left that is known.")
  end)

  it("is named with what became of it", function()
    start()
    desk:invite_to(ANN)
    local hasty <close> = server:client{ rate = false, retries = 0 }
    server:fault{ operation = "site_invites.revoke_invite", reset = "before" }
    local found = assert(ledger:leaver(hasty, ANN, { apply = true }))
    assert.is_false(found.is_clean)
    contains(tostring(found), "0 of 1 step done, 1 unknown.", "revokes the invite to Site 1 (pending): nobody knows whether it was done:",
      "Looked at again, this is left:")
    server:fault{ operation = "site_invites.revoke_invite", status = 400 }
    contains(tostring(leaver(ANN, { apply = true })), "1 refused.", "revokes the invite to Site 1 (pending): refused: the service")
  end)

  it("is named where it was stopped", function()
    local sites = sites_with(4, ANN)
    sites[3].name = ("Shop "):rep(60)
    start{ members = MEMBER, sites = sites }
    server:fault{ operation = "contributors.remove_contributor", status = 401, after = 1 }
    local found = leaver(ANN, { apply = true, concurrency = 1 })
    assert.same({ "unauthenticated", 3 }, { found.stopped.kind, #found.undone })
    assert.equal(3, select(2, tostring(found):gsub(": not %l+", "")))
    contains(tostring(found), "2 of 5 steps done, 3 not made.", "off Shop 4 (", ": not sent: the service answered 401", "): not tried",
      "It was stopped: what is left was not looked at again.")
  end)
end)

describe("the command, where a leaver keeps something #pure", function()
  local commands
  before_each(function()
    commands = command.new{ seed = 3, sites = sites_with(3, ANN), members = { { email = ANN, roles = { support.ROLE.id } } } }
    server = commands.server
  end)
  after_each(function() commands:close() end)

  it("takes an address with blanks around it, and looks at nothing for what is none", function()
    contains(commands:done("leaver", " " .. ANN .. "\u{A0}"), "ann@example.com, by a look at 3 sites:")
    commands:done("team", "invite", BOB .. " ", "--role", ROLE, "--everywhere")
    commands:write("c.csv", "site,email,role", "Shop 1," .. BOB .. "," .. ROLE, "Shop 1," .. OTHER .. "," .. ROLE)
    commands:done("invite", "c.csv")
    contains(commands:done("withdraw", "\t" .. BOB, "--site", "Shop 1"), "The invite of bob@example.com")
    contains(commands:done("revoke", "--email", OTHER .. " "), "1 invite revoked")
    server:requests_clear()
    local output = commands:fails(2, "leaver", "ann")
    contains(output, "EMAIL 'ann': it has no @; the whole address must be said")
    lacks(output, "Looking")
    assert.equal(0, #server:requests())
  end)

  it("ends with 1, and says so when it is to be quiet", function()
    server:transfer(site_id(2), ANN)
    contains(commands:fails(1, "--quiet", "--yes", "leaver", ANN, "--apply"), "wixum: ann@example.com: 3 of 3 steps done.",
      "Looked at again: no call can do more.", "Shop 2 belongs to their account")
    contains(commands:fails(1, "--quiet", "--yes", "leaver", ANN, "--apply"), "Shop 2 belongs to their account")
    commands:done("leaver", ANN) -- a look alone
  end)

  it("is silent where nothing is left", function()
    assert.equal("", commands:done("--quiet", "leaver", ANN, "--apply"))
    assert.equal("", commands:done("--quiet", "leaver", ANN, "--apply"))
  end)

  it("ends with 4 where the key lacks a right, and names it", function()
    server:fault{ operation = "contributors.query_site_contributors", status = 403 }
    contains(commands:fails(4, "leaver", ANN), "contributors.query_site_contributors: the service answered 403",
      "What could not be seen:\n  Shop 1: whose accounts can reach it could not be asked: the service answered 403",
      "(it takes the permission Manage Contributors)", "For the dashboard, since no call can do it:\n  if they had the account's API key")
    server:fault{ operation = "users.remove_member", status = 403 }
    contains(commands:fails(4, "--quiet", "leaver", ANN, "--apply"), "wixum: users.remove_member: the service answered 403",
      "Check that the key has the permission", "3 of 4 steps done, 1 refused", "from the team (1 role): it is not so: the service")
  end)

  it("ends with 4 for a look, or an invite, that the key may not have", function()
    commands:write("c.csv", "site,email,role", "Shop 1," .. BOB .. "," .. ROLE)
    commands:done("invite", "c.csv")
    server:fault{ operation = "site_invites.revoke_invite", status = 403 }
    contains(commands:fails(4, "withdraw", BOB, "--site", "Shop 1"), "the invite could not be revoked: the service answered 403")
    server:fault{ operation = "users.search_team", status = 403 }
    commands:fails(4, "who", "bob")
    commands.env.WIX_API_KEY = "IST.wrong"
    contains(commands:fails(4, "who", "tom"), "the team could not be asked", "Nobody is known by tom")
  end)

  it("names what is left at Ctrl-C, and says that it goes on", function()
    server:fault{ operation = "contributors.remove_contributor", delay = 1 }
    local child = process.start({ commands.wixum, "--concurrency", "1", "leaver", ANN, "--apply" },
      { env = commands.env, cwd = commands.folder })
    process.eventually("the first removal", function()
      return #server:requests{ operation = "contributors.remove_contributor" } > 0
    end)
    child:kill("sigint")
    assert.equal(3, (child:wait()))
    contains(child.output, "2 of 4 steps done, 2 not made.", "off Shop 2 (", "off Shop 3 (", "): not tried", "It was stopped",
      "Say it again: what was done needs nothing then.")
    contains(commands:done("leaver", ANN, "--apply"), "2 of 2 steps done.", "nothing is left that is known")
  end)
end)
