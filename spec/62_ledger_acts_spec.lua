-- What is done with invites that are there: resending, reminding, revoking; what a person decides; and how things stand.

local process = require "spec.support.process"
local support = require "spec.support.ledger"
local wixum = require "wixum"

describe("a ledger whose invites are out #pure", function()
  local desk, ledger, wix, server

  before_each(function()
    desk = support.desk()
    ledger, wix, server = desk.ledger, desk.wix, desk.server
  end)
  after_each(function() desk:close() end)

  local ANN, BOB, CEM = "ann@example.com", "bob@example.com", "cem@example.com"

  describe("resends", function()
    it("to whom the selector means, and writes down what came back", function()
      desk:invite(ANN, BOB)
      local before = desk:row(ANN)
      desk:days(3)
      local summary = assert(ledger:resend(wix, { email = "ANN@example.com" }))
      assert.same({ 1, 1, 0, 0, 1 }, { summary.total, summary.done, summary.failed, summary.unknown, summary.calls })
      assert.same({ [ANN] = 1 }, desk:mails("resend"))
      local row = desk:row(ANN)
      assert.equal("pending", row.state)
      assert.equal(2, row.mails)
      assert.equal("2025-11-27T16:00:00Z", row.last_mail_at)
      assert.equal(before.first_mail_at, row.first_mail_at)
      assert.is_true(row.expires_at > before.expires_at)
      assert.equal(1, desk:row(BOB).mails)
    end)

    it("keeps the new id, where the service gives one", function()
      desk:close()
      desk = support.desk{ resend_keeps = false }
      ledger, wix = desk.ledger, desk.wix
      desk:invite(ANN)
      local before = desk:row(ANN).invite_id
      assert(ledger:resend(wix, { email = ANN }))
      local row = desk:row(ANN)
      assert.not_equal(before, row.invite_id)
      assert(ledger:revoke(wix, { email = ANN }))
      assert.equal("revoked", desk:row(ANN).state)
    end)

    it("not what has been settled another way, and says so", function()
      desk:invite(ANN, BOB, CEM)
      assert(ledger:revoke(wix, { email = BOB }))
      local summary = assert(ledger:resend(wix, { all = true }))
      assert.same({ 2, 2 }, { summary.total, summary.done })
      assert.same({ revoked = 1 }, summary.skipped)
      assert.same({ [ANN] = 1, [CEM] = 1 }, desk:mails("resend"))
    end)

    it("an invite that has expired; or offers it for retry, where the service refuses", function()
      for _, allowed in ipairs{ true, false } do
        desk:close()
        desk = support.desk{ resend_expired = allowed }
        ledger, wix = desk.ledger, desk.wix
        desk:invite(ANN)
        desk:days(31)
        assert.equal("expired", desk:row(ANN).state)
        local summary = assert(ledger:resend(wix, { state = "expired" }))
        if allowed then
          assert.equal(1, summary.done)
          assert.equal("pending", desk:row(ANN).state)
        else
          assert.same({ 0, 1, 1 }, { summary.done, summary.failed, summary.expired })
          local row = desk:row(ANN)
          assert.equal("expired", row.state)
          assert.is_string(row.reason)
          assert.equal(1, row.mails)
          assert.equal(1, assert(ledger:retry{ state = "expired" }).changed)
          assert.equal(1, assert(ledger:send(wix)).pending)
          assert.same({ "pending", 2 }, { desk:row(ANN).state, desk:row(ANN).mails })
        end
      end
    end)

    it("what it does not know is unknown, and a person settles it", function()
      desk:invite(ANN, BOB)
      local before = desk:row(ANN)
      desk:days(2)
      server:fault{ reset = "after", times = "always", operation = "site_invites.resend_invite" }
      local summary = assert(ledger:resend(wix, { all = true }))
      assert.equal(2, summary.unknown)
      assert.same({ unknown = 2 }, desk:states())
      server:faults_clear()
      local row = desk:row(ANN)
      assert.same({ "resend", 2, "2025-11-26T16:00:00Z" }, { row.unknown_step, row.mails, row.last_mail_at })
      summary = assert(ledger:resend(wix, { all = true })) -- never again by itself
      assert.same({ 0, { unknown = 2 } }, { summary.total, summary.skipped })
      assert.equal(1, assert(ledger:settle({ email = ANN }, "not_sent")).changed)
      assert.equal(1, assert(ledger:settle({ email = BOB }, "sent")).changed)
      row = desk:row(ANN)
      assert.same({ "pending", 1, before.last_mail_at, before.invite_id }, { row.state, row.mails, row.last_mail_at, row.invite_id })
      row = desk:row(BOB)
      assert.same({ "pending", 2, "2025-11-26T16:00:00Z" }, { row.state, row.mails, row.last_mail_at })
      assert.same({ [ANN] = 1, [BOB] = 1 }, desk:mails("resend"))
    end)

    it("puts back what was not sent, also before it waits for another attempt", function()
      desk:invite(ANN, BOB)
      server:fault{ status = 401, times = "always", operation = "site_invites.resend_invite" }
      local summary = assert(ledger:resend(wix, { all = true }))
      assert.equal("unauthenticated", summary.stopped.kind)
      assert.same({ pending = 2 }, desk:states())
      server:faults_clear()
      server:fault{ status = 429, headers = { ["Retry-After"] = "0" }, operation = "site_invites.resend_invite" }
      summary = assert(ledger:resend(wix, { all = true }))
      assert.equal(2, summary.done)
      assert.same({ [ANN] = 1, [BOB] = 1 }, desk:mails("resend"))
    end)

    it("goes on with a batch that was interrupted, and mails nobody of it twice", function()
      desk:invite(ANN, BOB, CEM)
      local seen = 0
      local ok, raised = pcall(ledger.resend, ledger, wix, { all = true }, { concurrency = 1, on_progress = function(summary)
        seen = summary.done
        if seen == 1 then error("the program's own", 0) end
      end })
      assert.same({ false, "the program's own", 1 }, { ok, raised, seen })
      local looked = assert(ledger:resend(wix, { all = true }, { dry_run = true }))
      assert.same({ 2, 1, "2025-11-24T16:00:00Z" }, { looked.total, looked.attempted, looked.continued })
      assert.same({ BOB, CEM }, { looked.first[1].email, looked.first[2].email })
      local batch = assert(ledger:status()).batches[1]
      assert.same({ "resend", "all=true", 1 }, { batch.operation, batch.selector, batch.attempted })
      local summary = assert(ledger:resend(wix, { all = true }))
      assert.same({ 2, 2, 1 }, { summary.total, summary.done, summary.attempted })
      assert.same({ [ANN] = 1, [BOB] = 1, [CEM] = 1 }, desk:mails("resend"))
      -- it is over: the next is a new one
      assert.equal(3, assert(ledger:resend(wix, { all = true })).done)
      assert.same({}, assert(ledger:status()).batches)
    end)

    it("begins anew where it is told to, and counts a limit over the whole batch", function()
      desk:invite(ANN, BOB, CEM)
      pcall(ledger.resend, ledger, wix, { all = true, limit = 2 }, { concurrency = 1, on_progress = function(summary)
        if summary.done == 1 then error("stop", 0) end
      end })
      local summary = assert(ledger:resend(wix, { limit = 2, all = true }))
      assert.same({ 1, 1 }, { summary.total, summary.done })
      assert.same({ [ANN] = 1, [BOB] = 1 }, desk:mails("resend"))
      pcall(ledger.resend, ledger, wix, { all = true }, { concurrency = 1, on_progress = function(found)
        if found.done == 1 then error("stop", 0) end
      end })
      summary = assert(ledger:resend(wix, { all = true }, { anew = true }))
      assert.equal(3, summary.done)
      assert.is_nil(summary.continued)
    end)

    it("learns from an answer that somebody has accepted", function()
      desk:invite(ANN)
      local id = desk:row(ANN).invite_id
      server:fault{ operation = "site_invites.resend_invite", status = 200, body =
        ('{"invite":{"id":"%s","status":"Used","acceptedByAccountId":"0f6e5d4c-3b2a-4190-8e7d-6c5b4a392817"}}'):format(id) }
      assert(ledger:resend(wix, { email = ANN }))
      local row = desk:row(ANN)
      assert.same({ "accepted", "told", "0f6e5d4c-3b2a-4190-8e7d-6c5b4a392817" }, { row.state, row.evidence, row.account_id })
    end)
  end)

  describe("reminds", function()
    it("after so long, then every so often, at most so many times", function()
      desk:invite(ANN)
      local reminded = {}
      for day = 1, 29 do
        desk:days(1)
        local summary = assert(ledger:remind(wix, { after = "10d", every = "7d", at_most = 2 }))
        if summary.done > 0 then reminded[#reminded + 1] = day end
      end
      assert.same({ 10, 17 }, reminded)
      assert.same({ [ANN] = 2 }, desk:mails("resend"))
    end)

    it("not who has expired, was revoked, is unclear or unknown", function()
      desk:invite(ANN, BOB, CEM)
      assert(ledger:revoke(wix, { email = BOB }))
      server:fault{ reset = "after", operation = "site_invites.resend_invite" }
      assert(ledger:resend(wix, { email = CEM }))
      local database = require "wixum.ledger.database"
      local db <close> = database.open(desk.path)
      db:run("UPDATE invites SET evidence = 'unclear' WHERE email = ?", ANN)
      desk:days(20)
      local summary = assert(ledger:remind(wix, { after = "1d" }))
      assert.equal(0, summary.total)
      assert.same({ pending = 1, revoked = 1, unknown = 1 }, summary.skipped)
      db:run("UPDATE invites SET evidence = NULL WHERE email = ?", ANN)
      desk:days(20)
      summary = assert(ledger:remind(wix, { after = "1d" }))
      assert.same({ 0, { expired = 1, revoked = 1, unknown = 1 } }, { summary.total, summary.skipped })
    end)

    it("raises what is no age and no number", function()
      for _, row in ipairs{
        { { after = "soon" }, 'after must be an age such as "10d"' },
        { { every = 7 }, 'every must be an age' },
        { { at_most = 0 }, "at_most must be a whole number of at least 1" },
        { { aftr = "7d" }, 'unknown option aftr .did you mean "after"' },
        { { state = "pending" }, "unknown option state" },
      } do
        local ok, problem = pcall(function() return ledger:remind(wix, row[1]) end)
        assert.is_false(ok)
        assert.matches(row[2], problem)
        assert.matches("62_ledger_acts_spec.lua:%d+: ", problem)
      end
    end)
  end)

  describe("revokes", function()
    it("what the selector means, and nobody can accept it any more", function()
      desk:invite(ANN, BOB)
      local summary = assert(ledger:revoke(wix, { email = ANN }))
      assert.equal(1, summary.done)
      assert.same({ revoked = 1, pending = 1 }, desk:states())
      assert.is_nil(server:accept(desk:row(ANN).invite_id))
      assert.equal("Deleted", server:invites{ email = ANN }[1].status)
    end)

    it("leaves one that it cannot revoke as it is, with the reason", function()
      desk:invite(ANN)
      assert(server:accept(desk:row(ANN).invite_id))
      local summary = assert(ledger:revoke(wix, { email = ANN }))
      assert.same({ 0, 1 }, { summary.done, summary.failed })
      local row = desk:row(ANN)
      assert.equal("pending", row.state)
      assert.is_string(row.reason)
      assert.is_string(row.request_id)
    end)

    it("may be said again of what is unknown", function()
      desk:invite(ANN)
      server:fault{ reset = "before", times = "always", operation = "site_invites.revoke_invite" }
      assert.equal(1, assert(ledger:revoke(wix:with{ retries = 0 }, { email = ANN })).unknown)
      assert.same({ "unknown", "revoke", 1 }, { desk:row(ANN).state, desk:row(ANN).unknown_step, desk:row(ANN).mails })
      server:faults_clear()
      assert.equal(1, assert(ledger:revoke(wix, { email = ANN })).done)
      assert.equal("revoked", desk:row(ANN).state)
    end)
  end)

  describe("is decided upon", function()
    it("by retry: failed, expired and revoked rows are planned anew", function()
      desk:invite(ANN, BOB, CEM)
      assert(ledger:revoke(wix, { email = { ANN, BOB } }))
      local decision = assert(ledger:retry{ all = true })
      assert.same({ 2, { pending = 1 } }, { decision.changed, decision.skipped })
      assert.same({ planned = 2, pending = 1 }, desk:states())
      assert.equal(2, assert(ledger:send(wix)).pending)
      assert.same({ [ANN] = 2, [BOB] = 2, [CEM] = 1 }, desk:mails("invite"))
      assert(ledger:revoke(wix, { all = true }))
      assert.equal(1, assert(ledger:retry{ all = true, limit = 1 }).changed)
    end)

    it("by settle, of an invite: sent has no id, not sent is planned again as if nothing had been", function()
      server:fault{ reset = "after", times = "always", operation = "site_invites.bulk_invite" }
      desk:invite(ANN)
      server:faults_clear()
      assert.equal(1, assert(ledger:settle({ state = "unknown" }, "sent")).changed)
      local row = desk:row(ANN)
      assert.same({ "pending", nil, 1 }, { row.state, row.invite_id, row.mails })
      local summary = assert(ledger:resend(wix, { all = true }))
      assert.same({ 0, { pending = 1 } }, { summary.total, summary.skipped })
      assert.equal(0, assert(ledger:settle({ all = true }, "not_sent")).changed) -- it was said otherwise
      assert.equal(1, assert(ledger:settle({ email = ANN, state = "pending" }, "not_sent")).changed)
      row = desk:row(ANN)
      assert.same({ "planned", 0, nil, nil }, { row.state, row.mails, row.first_mail_at, row.last_mail_at })
      local decision = assert(ledger:settle({ all = true }, "sent"))
      assert.same({ 0, { planned = 1 } }, { decision.changed, decision.skipped })
    end)

    it("raises what is a mistake of the program, at its line", function()
      for _, row in ipairs{
        { function() ledger:settle({ all = true }, "maybe") end, 'the verdict is "sent" or "not_sent"' },
        { function() ledger:settle({ all = true }, "not-sent") end, 'did you mean "not_sent"' },
        { function() ledger:settle({}, "sent") end, "the selector is empty; say all = true" },
        { function() ledger:retry() end, "takes a selector" },
        { function() ledger:resend(wix, {}) end, "the selector is empty" },
        { function() ledger:resend(wix, { all = true }, { conc = 1 }) end, "unknown option conc" },
        { function() ledger:resend({ all = true }) end, "takes a client" },
        { function() ledger:send(wix:with{ dry_run = true }) end, "this client has dry_run" },
        { function() ledger:revoke(wix, { emial = ANN }) end, 'did you mean "email"' },
        { function() ledger:export(5) end, "takes the path of a file" },
        { function() ledger:export("x", { format = "xml" }) end, 'format is "csv" or "json"' },
        { function() ledger:export("x", { delimiter = "#" }) end, "delimiter is" },
        { function() ledger:backup("") end, "takes the path of a file" },
      } do
        local ok, problem = pcall(row[1])
        assert.is_false(ok)
        assert.matches(row[2], problem)
        assert.matches("62_ledger_acts_spec.lua:%d+: ", problem)
      end
    end)
  end)

  describe("tells how things stand", function()
    it("by state and site, who waits longest, who expires next, and what a person has to look at", function()
      desk:invite(ANN, BOB)
      desk:days(1)
      assert(ledger:plan({ { site_id = desk.sites[2], email = CEM, role = support.ROLE.title } }, { client = wix }))
      server:fault{ reset = "after", operation = "site_invites.bulk_invite" }
      assert(ledger:send(wix))
      local status = assert(ledger:status())
      assert.same({ 3, 3, { pending = 2, unknown = 1 } }, { status.rows, status.mails, status.states })
      assert.same({ { desk.sites[1], 2 }, { desk.sites[2], 1 } },
        { { status.sites[1].site_id, status.sites[1].rows }, { status.sites[2].site_id, status.sites[2].rows } })
      assert.equal(ANN, status.oldest_pending.email)
      assert.equal(ANN, status.soonest_to_expire.email)
      assert.equal(CEM, status.unknown[1].email)
      assert.equal(server.base_url, status.base_url)
      local text = tostring(status)
      for _, words in ipairs{ "3 rows: 2 pending, 1 unknown; 3 mails", "Waiting longest: ann@example.com",
        "Next to expire: ann@example.com", "Unknown: cem@example.com on 00000002", "Then settle it as sent, else as not_sent" } do
        assert.matches(words, text, 1, true)
      end
      assert.same({ pending = 2 }, assert(ledger:status{ site_id = desk.sites[1] }).states)
      desk:days(40)
      assert.same({ expired = 2, unknown = 1 }, assert(ledger:status()).states)
    end)

    it("of nothing", function()
      assert.equal("0 rows: none; 0 mails", tostring(assert(ledger:status())))
    end)
  end)

  it("keeps accept links only where it is told to, and forgets them when they are revoked", function()
    desk:invite(ANN)
    assert.is_nil(desk:row(ANN).accept_link)
    assert(ledger:resend(wix, { email = ANN }, { keep_links = true }))
    assert.equal(server:outbox{ kind = "resend" }[1].accept_link, desk:row(ANN).accept_link)
    assert(ledger:revoke(wix, { email = ANN }))
    assert.is_nil(desk:row(ANN).accept_link)
  end)

  it("has every one of these calls written down", function()
    desk:invite(ANN)
    assert(ledger:resend(wix, { email = ANN }))
    assert(ledger:revoke(wix, { email = ANN }))
    assert(ledger:revoke(wix, { email = ANN }))
    ledger:close()
    local database = require "wixum.ledger.database"
    local db = database.open(desk.path)
    local found = {}
    for call in db:rows("SELECT operation, people, outcome, status, request_id FROM calls ORDER BY id") do
      assert.equal(ANN, call.people)
      assert.is_string(call.request_id)
      found[#found + 1] = ("%s %s %d"):format(call.operation, call.outcome, call.status)
    end
    db:close()
    assert.same({ "site_invites.bulk_invite done 200", "site_invites.resend_invite done 200", "site_invites.revoke_invite done 200" },
      found)
    desk:open()
  end)

  it("stops where it is told to: what is out is waited for, what waits does not go out, and nothing is unknown", function()
    desk:plan(40)
    server:fault{ delay = 0.3, times = "always", operation = "site_invites.bulk_invite" }
    local slow <close> = server:client{ rate = { calls = 7, per = 60 }, max_emails = 1 } -- one looks at the site
    local task = wixum.spawn(function() return ledger:send(slow, { concurrency = 10 }) end)
    local stopped
    while #server:outbox() < 6 do
      wixum.sleep(0.01)
      assert.is_false(task:done())
    end
    stopped = ledger:stop()
    assert.is_true(stopped)
    local summary = assert(task:wait())
    assert.equal("cancelled", summary.stopped.kind)
    assert.same({ 6, 0 }, { summary.pending, summary.unknown })
    assert.same({ pending = 6, planned = 34 }, desk:states())
    assert.is_false(ledger:stop())
    server:faults_clear()
    assert.equal(34, assert(ledger:send(wix)).pending)
    for _, count in pairs(desk:mails()) do assert.equal(1, count) end
  end)

  it("does all this in a loop of the program's own, which goes on meanwhile", function()
    desk:plan(50)
    ledger:close()
    local output, code = process.run({ "lua5.4", "-e", [[
      local cqueues = require "cqueues"
      local wixum = require "wixum"
      wixum.loop:wait_with(cqueues.poll)
      local wix = wixum.client{ rate = false, max_emails = 1 }
      local ledger = assert(wixum.ledger.open(os.getenv "LEDGER"))
      local loop, over, ticks = cqueues.new(), false, 0
      loop:wrap(function()
        print("sent", assert(ledger:send(wix, { concurrency = 8 })).pending)
        print("again", assert(ledger:resend(wix, { all = true })).done)
        over = true
      end)
      loop:wrap(function()
        while not over do
          ticks = ticks + 1
          cqueues.sleep(0.001)
        end
      end)
      assert(loop:loop())
      print("others went on", ticks > 3)
      ledger:close() ]] }, { env = { LEDGER = desk.path, WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key,
      WIX_ACCOUNT_ID = server.account_id } })
    desk:open()
    assert.equal(0, code, output)
    assert.matches("sent\t50\nagain\t50\nothers went on\ttrue", output)
  end)

  it("is of one service and one account, for all of these", function()
    desk:invite(ANN)
    local other <close> = wixum.client{ base_url = "http://127.0.0.1:9", api_key = "x", rate = false }
    for _, name in ipairs{ "resend", "revoke" } do
      local done, err = ledger[name](ledger, other, { all = true })
      assert.is_nil(done)
      assert.matches("it was made for", tostring(err))
      done, err = ledger[name](ledger, other, { all = true }, { dry_run = true })
      assert.is_nil(done)
      assert.matches("it was made for", tostring(err))
    end
  end)
end)
