-- What a run that was killed left behind it, and what `who` said of it and of those who are gone: words that were not so, and commands
-- that did not work as typed.

local command = require "spec.support.command"
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
  for _, words in ipairs{ ... } do assert.truthy(tostring(text):find(words, 1, true), ("%q is not in:\n%s"):format(words, text)) end
end

-- A process died while this was under way.
local function killed(statement)
  local db <close> = database.open(desk.path)
  db:run(statement)
end

describe("what was interrupted #pure", function()
  before_each(function() start() end)
  after_each(close)

  it("is named by the command that goes on with it, whoever it was begun about", function()
    desk:invite(ANN, BOB)
    desk:invite_to(ANN, 2)
    for _, selector in ipairs{ { email = { BOB, ANN }, site_id = desk.sites[1] }, { state = "pending", limit = 2 },
      { last_mail_before = "0d", invited_before = "2030-01-01" } } do
      server:fault{ status = 401, after = 1, operation = "site_invites.resend_invite" }
      assert(ledger:resend(wix, selector, { concurrency = 1 }))
      server:faults_clear()
      desk:days(1)
    end
    local commands = {}
    for i, batch in ipairs(ledger:status().batches) do commands[i] = batch.command end
    assert.same({
      "wixum resend --email ann@example.com --email bob@example.com --site " .. desk.sites[1],
      "wixum resend --limit 2 --state pending",
      "wixum resend --invited-before 2030-01-01 --last-mail-before 0d",
    }, commands)
    for _, selector in ipairs{ { site_id = desk.sites[1], email = { ANN, BOB } }, { limit = 2, state = "pending" } } do
      assert.is_string(assert(ledger:resend(wix, selector)).continued)
    end
  end)

  it("is the leaver with --apply, the withdrawal with its site, the review by its file, and a program's table", function()
    for _, plan in ipairs{ "'leaver', 'ann@example.com'", "'withdraw', 'ann@example.com on 0000'", "'access', 'q 1.csv 00ff'",
      "'access', 'a.LUA 00ff'", "'access', 'the table 00ff'" } do
      killed(("INSERT INTO plans (kind, subject, began_at) VALUES (%s, '2026-01-01T00:00:00Z')"):format(plan))
    end
    killed([[INSERT INTO changes (plan_id, kind, email, detail, words, state, planned_at, changed_at)
      SELECT id, 'remove_contributor', '', '{}', '', 'planned', '', '' FROM plans]])
    local found, commands = ledger:status(), {}
    for i, plan in ipairs(found.plans) do commands[i] = plan.command or "none" end
    assert.same({ "wixum leaver ann@example.com --apply", "wixum withdraw ann@example.com --site 0000", "wixum access apply 'q 1.csv'",
      "wixum access apply a.LUA --apply", "none" }, commands)
    contains(found, "0 done, 1 left; `wixum leaver ann@example.com --apply` looks anew, and goes on",
      "0 done, 1 left; `wixum access apply 'q 1.csv'`, where that file is, looks anew, and goes on",
      "0 done, 1 left; ledger:apply_access with the same table looks anew")
  end)

  it("is not under way any more: changes and invites to the team are taken up by who only looks", function()
    start{ members = { { email = ANN } } }
    desk:invite_to(ANN)
    desk:accept(ANN)
    assert(ledger:check(wix))
    assert(ledger:leaver(wix, ANN, { apply = true }))
    assert(ledger:team_invite(wix, { email = BOB, role = support.ROLE.title, everywhere = true }))
    ledger:close()
    killed "UPDATE changes SET state = 'sending', step = 'change', seen = NULL WHERE kind = 'remove_contributor'"
    killed "UPDATE team_invites SET state = 'sending', step = 'invite'"
    ledger = desk:open()
    local ann = assert(ledger:who(ANN))
    contains(ann, "not done yet; the process that sent it ended before the answer was written down")
    assert.is_nil(tostring(ann):find("under way", 1, true))
    contains(ledger:status(), "bob@example.com", "unknown")
    contains(assert(ledger:who(BOB)), "unknown")
  end)
end)

describe("who #pure", function()
  before_each(function() start() end)
  after_each(close)

  it("takes a text as it was copied, with blanks around", function()
    desk:invite_to(ANN)
    assert.equal(1, #assert(ledger:who("  ann@example.com\t")).people)
    contains(assert(ledger:for_support(" ann@example.com ")), "site_invites.bulk_invite")
  end)

  it("does not offer to take away access that is gone, and says how they come back", function()
    local own = command.new{ seed = 3, sites = { { id = desk.sites[1], name = "Shop" } } }
    own:write("c.csv", "site,email,role", "Shop,ann@example.com,Website Manager")
    own:done("invite", "c.csv")
    local account = assert(own.server:accept(own.server:invites()[1])).accepted_by_account_id
    own:done "check"
    local client <close> = own.server:client{ site_id = desk.sites[1] }
    assert(client.contributors.remove_contributor{ account_id = account })
    own:done "check"
    local told = own:done("who", ANN)
    contains(told, "gone since a look at")
    local line = told:match "next: ([^\n]*)"
    contains(line, "if they are to come back, wixum withdraw ann@example.com --site " .. desk.sites[1] .. ", then wixum retry")
    for typed in line:gmatch "wixum ([^,]*)" do
      local words = {}
      for word in typed:gmatch "%S+" do words[#words + 1] = word end
      own:done(table.unpack(words))
    end
    assert.equal(2, #own.server:outbox())
    own:close()
  end)
end)

describe("a yes or no of a program #pure", function()
  before_each(function() start() end)
  after_each(close)

  it("is true or false: no word passes for one of them", function()
    for _, call in ipairs{
      function() ledger:leaver(wix, ANN, { apply = "yes" }) end,
      function() ledger:apply_access(wix, { desired = {}, apply = 1 }) end,
      function() ledger:plan({}, { client = wix, dry_run = "no" }) end,
      function() ledger:resend(wix, { all = true }, { dry_run = "no" }) end,
      function() ledger:confirm{ email = ANN, site_id = desk.sites[1], account_id = desk.sites[1], undo = "no" } end,
    } do
      local ok, problem = pcall(call)
      assert.is_false(ok)
      assert.matches("spec/94_interrupted_faults_spec.lua:%d+: ledger:[%l_]+: [%l_]+ must be true or false, not a %l+$", tostring(problem))
    end
  end)
end)
