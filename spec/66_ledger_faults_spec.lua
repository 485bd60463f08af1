-- Faults that the ledger once had, each as what must hold instead.

local here = require "spec.support.here"
local process = require "spec.support.process"
local support = require "spec.support.ledger"
local wixum = require "wixum"

describe("a ledger #pure", function()
  local desk, ledger, wix, server

  before_each(function()
    desk = support.desk()
    ledger, wix, server = desk.ledger, desk.wix, desk.server
  end)
  after_each(function()
    desk:close()
  end)

  local ANN, BOB, CEM = "ann@example.com", "bob@example.com", "cem@example.com"

  local function again(options)
    desk:close()
    desk = support.desk(options)
    ledger, wix, server = desk.ledger, desk.wix, desk.server
  end

  -- The same ledger in another process.
  local function elsewhere(script)
    return process.run({ "lua5.4", "-e", [[
      local wixum = require "wixum"
      local wix = wixum.client{ rate = false }
      local ledger = assert(wixum.ledger.open(os.getenv "LEDGER")) ]] .. script }, { env = { LEDGER = desk.path,
      WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key, WIX_ACCOUNT_ID = server.account_id } })
  end

  local function open_database(file) return require("wixum.ledger.database").open(file or desk.path) end

  describe("keeps its locks", function()
    it("when its own process asks a second time, and is refused", function()
      desk:plan(3)
      server:fault{ delay = 1, times = "always", operation = "site_invites.bulk_invite" }
      local task = wixum.spawn(function() return ledger:send(wix:with{ max_emails = 1 }, { concurrency = 1 }) end)
      while #server:outbox() == 0 do wixum.sleep(0.01) end
      for _, call in ipairs{ function() return ledger:send(wix) end, function() return ledger:resend(wix, { all = true }) end,
        function() return ledger:import(here.run("echo /etc/hostname"):match("%S+")) end } do
        local done, err = call()
        assert.is_nil(done)
        assert.is_true(err.in_use)
      end
      assert(ledger:status())
      assert.matches("true", elsewhere("print(select(2, ledger:send(wix)).in_use)"))
      assert.equal(3, assert(task:wait()).pending)
      for _, count in pairs(desk:mails()) do assert.equal(1, count) end
    end)

    it("when it is opened, looked at and backed up a second time in one process", function()
      desk:invite(ANN)
      for _ = 1, 2 do
        local other <close> = assert(wixum.ledger.open(desk.path, { create = false }))
        assert(other:status())
      end
      local copy = desk:file(".backup")
      assert(ledger:backup(copy))
      assert.is_nil((ledger:backup(desk.path)))
      assert.is_nil((ledger:import(desk.path)))
      assert.is_nil((ledger:export(desk.path)))
      elsewhere("ledger:close()") -- would take the log away, were the lock gone
      assert(desk:invite(BOB))
      assert.matches("2 mails", elsewhere("print(ledger:status())"))
    end)
  end)

  it("sends while another task plans from a source that waits", function()
    desk:plan(20)
    local position = 0
    local task = wixum.spawn(function()
      return ledger:plan(function()
        position = position + 1
        wixum.sleep(0.002)
        if position > 30 then return nil end
        return { site_id = desk.sites[2], email = ("late%d@example.com"):format(position), role = "Website Manager" }
      end, { client = wix })
    end)
    local other = wixum.spawn(function()
      wixum.sleep(0.01)
      return ledger:plan({ { site_id = desk.sites[3], email = ANN, role = "Website Manager" } }, { client = wix })
    end)
    local summary = assert(ledger:send(wix:with{ max_emails = 1 }, { concurrency = 4 }))
    assert.equal(20, summary.pending)
    assert.equal(30, assert(task:wait()).rows)
    assert.equal(1, assert(other:wait()).rows)
    assert.same({ pending = 20, planned = 31 }, desk:states())
  end)

  describe("retries", function()
    it("as if the old invite had not been", function()
      desk:invite(ANN)
      desk:days(31)
      assert.equal(1, assert(ledger:retry{ state = "expired" }).changed)
      local row = desk:row(ANN)
      assert.same({ "planned", nil, nil }, { row.state, row.invite_id, row.expires_at })
      server:fault{ reset = "after", operation = "site_invites.bulk_invite" }
      assert.equal(1, assert(ledger:send(wix)).unknown)
      assert(ledger:settle({ state = "unknown" }, "sent"))
      row = desk:row(ANN)
      assert.same({ "pending", nil, nil }, { row.state, row.invite_id, row.expires_at }) -- not expired at once
      assert.equal(0, assert(ledger:revoke(wix, { email = ANN })).total) -- what would be revoked is another invite
    end)
  end)

  it("does not call expired what was mailed after the day that it knows", function()
    for _, answer in ipairs{ "lost", "silent" } do
      again()
      desk:invite(ANN)
      local id = desk:row(ANN).invite_id
      desk:days(31)
      if answer == "lost" then server:fault{ reset = "after", operation = "site_invites.resend_invite" }
      else
        server:fault{ status = 200, operation = "site_invites.resend_invite",
          body = ('{"invite":{"id":"%s","email":"%s","status":"Pending"}}'):format(id, ANN) }
      end
      assert(ledger:resend(wix, { state = "expired" }))
      if answer == "lost" then assert(ledger:settle({ state = "unknown" }, "sent")) end
      assert.same({ "pending", nil, id }, { desk:row(ANN).state, desk:row(ANN).expires_at, desk:row(ANN).invite_id })
    end
  end)

  describe("revokes", function()
    it("what may have been revoked stays unknown, whatever the next attempt says", function()
      desk:invite(ANN)
      server:fault{ reset = "after", operation = "site_invites.revoke_invite" }
      server:fault{ status = 429, headers = { ["Retry-After"] = "500" }, operation = "site_invites.revoke_invite" }
      local summary = assert(ledger:revoke(wix:with{ max_wait = 5 }, { email = ANN }))
      assert.same({ 1, 0 }, { summary.unknown, summary.put_back })
      assert.same({ "unknown", "revoke" }, { desk:row(ANN).state, desk:row(ANN).unknown_step })
    end)

    it("says on disk that it may have acted, while it waits for another attempt", function()
      desk:invite(ANN)
      server:fault{ status = 503, acts = true, operation = "site_invites.revoke_invite", headers = { ["Retry-After"] = "2" } }
      local task = wixum.spawn(function() return ledger:revoke(wix, { email = ANN }) end)
      while wix:stats().retries == 0 do wixum.sleep(0.01) end
      wixum.sleep(0.05)
      assert.equal("revoke", desk:row(ANN).step)
      task:wait()
    end)

    it("leaves what was unknown as it was, where the key is refused", function()
      desk:invite(ANN)
      server:fault{ reset = "after", operation = "site_invites.resend_invite" }
      assert(ledger:resend(wix, { all = true }))
      local before = desk:row(ANN)
      server:fault{ status = 403, operation = "site_invites.revoke_invite" }
      assert.equal("forbidden", assert(ledger:revoke(wix, { email = ANN })).stopped.kind)
      local after = desk:row(ANN)
      assert.same({ before.state, before.unknown_step, before.reason }, { after.state, after.unknown_step, after.reason })
    end)
  end)

  it("mails whom a person has settled as not mailed, when the batch goes on", function()
    desk:invite(ANN, BOB)
    server:fault{ reset = "before", operation = "site_invites.resend_invite" }
    pcall(ledger.resend, ledger, wix, { all = true }, { concurrency = 1, on_progress = function(summary)
      if summary.unknown == 1 then error("stop", 0) end
    end })
    assert.equal(1, assert(ledger:settle({ state = "unknown" }, "not_sent")).changed)
    assert.equal(2, assert(ledger:resend(wix, { all = true })).done)
    assert.same({ [ANN] = 1, [BOB] = 1 }, desk:mails("resend"))
  end)

  it("has the request id of every call, also where the clock moves on in the middle of a commit", function()
    desk:plan(60)
    local second = 0
    ledger:close()
    ledger = assert(wixum.ledger.open(desk.path, { time = function()
      second = second + 1
      return support.START + second
    end }))
    desk.ledger = ledger
    assert.equal(60, assert(ledger:send(wix:with{ max_emails = 1 })).pending)
    local db <close> = open_database()
    assert.equal(60, db:one("SELECT count(DISTINCT request_id) AS number FROM calls WHERE outcome = 'done'").number)
    assert.equal(60, db:one([[SELECT count(*) AS number FROM calls c JOIN invites i ON i.email = c.people
      AND i.request_id = c.request_id]]).number)
  end)

  describe("goes on", function()
    it("where the service answers between two calls that did not come through", function()
      desk:plan(12)
      for after = 0, 5 do server:fault{ reset = "connect", after = after } end
      local proxyless = server:client{ rate = false, max_emails = 1, retries = 0, concurrency = 1 }
      for _ = 1, 4 do assert(ledger:send(proxyless, { concurrency = 1 })) end
      proxyless:close()
      assert.is_nil(desk:states().unknown)
    end)

    it("where calls do not get their turn in time", function()
      desk:plan(12)
      local slow <close> = server:client{ rate = { calls = 1, per = 0.2 }, max_emails = 1, deadline = 0.5 }
      local summary = assert(ledger:send(slow, { concurrency = 8 }))
      assert.is_nil(summary.stopped)
      assert.equal(12, summary.pending + summary.planned_again)
      assert.equal(12, (desk:states().pending or 0) + (desk:states().planned or 0))
    end)

    it("behind a row that cannot be said as it stands", function()
      desk:invite(ANN, BOB)
      do
        local db <close> = open_database()
        db:run("UPDATE invites SET invite_id = 'no id' WHERE email = ?", ANN)
      end
      local summary = assert(ledger:resend(wix, { all = true }))
      assert.same({ 1, 1, nil }, { summary.done, summary.failed, summary.stopped })
      assert.matches("it is not a GUID", desk:row(ANN).reason)
    end)
  end)

  it("goes on with a batch, however its people are spelt", function()
    desk:invite("änn@example.com", BOB)
    pcall(ledger.resend, ledger, wix, { email = { "änn@example.com", BOB } }, { concurrency = 1, on_progress = function(summary)
      if summary.done == 1 then error("stop", 0) end
    end })
    assert.equal(1, assert(ledger:resend(wix, { email = { BOB, "Änn@Example.com" } })).done)
    assert.same({ ["änn@example.com"] = 1, [BOB] = 1 }, desk:mails("resend"))
  end)

  it("decides nothing about what is under way", function()
    desk:invite(ANN)
    desk:days(31)
    server:fault{ delay = 0.3, operation = "site_invites.resend_invite" }
    local task = wixum.spawn(function() return ledger:resend(wix, { email = ANN }) end)
    while #server:outbox{ kind = "resend" } == 0 do wixum.sleep(0.01) end
    assert.equal(0, assert(ledger:retry{ all = true }).changed)
    assert.equal(1, assert(task:wait()).done)
    assert.is_string(desk:row(ANN).invite_id)
  end)

  it("mails where the service says nothing of a site, and does not take it for looked at", function()
    server:fault{ status = 200, operation = "sites.query_sites", after = 1, body = '{"sites":[{"displayName":"x"}]}' }
    desk:invite(ANN)
    assert.same({ pending = 1 }, desk:states())
    local db <close> = open_database()
    assert.is_nil(db:one("SELECT looked_at FROM sites").looked_at)
  end)

  it("shows nothing of a site's name that a terminal would act on", function()
    again{ sites = { { id = desk.sites[1], name = "Evil \27]0;x\7\27[2J" } } }
    desk:plan(1)
    assert.is_nil(tostring(assert(ledger:status())):find("[\0-\9\11-\31\127]"))
  end)

  it("can be stopped while it looks who can reach the sites", function()
    desk:plan(5)
    server:fault{ delay = 0.3, operation = "sites.query_sites" }
    local task = wixum.spawn(function() return ledger:send(wix) end)
    while #server:requests{ operation = "sites.query_sites" } < 2 do wixum.sleep(0.01) end -- the plan made the first
    assert.is_true(ledger:stop())
    assert.equal("cancelled", assert(task:wait()).stopped.kind)
    assert.same({ planned = 5 }, desk:states())
  end)

  describe("read from a file", function()
    it("mails nobody whom the file shows as mailed, though it was planned here since", function()
      desk:invite(ANN, BOB)
      local backup = desk:file(".backup")
      assert(ledger:backup(backup))
      desk:days(1)
      local other <close> = desk:another()
      local rows = {}
      for i, email in ipairs{ ANN, BOB } do rows[i] = { site_id = desk.sites[1], email = email, role = "Website Manager" } end
      assert(other:plan(rows, { client = wix }))
      assert.equal(2, assert(other:import(backup)).replaced)
      assert.equal(0, assert(other:send(wix)).total)
    end)

    it("mails nobody who was planned there, and perhaps sent to since, though planned here too", function()
      desk:plan(1)
      local backup = desk:file(".backup")
      assert(ledger:backup(backup))
      assert.equal(0, assert(ledger:import(backup)).replaced) -- of this ledger it is a copy
      assert(ledger:send(wix))
      desk:days(1)
      local other <close> = desk:another()
      assert(other:plan({ { site_id = desk.sites[1], email = "n1@example.com", role = "Website Manager" } }, { client = wix }))
      assert.equal(1, assert(other:import(backup)).unknown)
      assert.equal(0, assert(other:send(wix)).total)
    end)

    it("keeps the row that was mailed later, whatever was looked at or decided since", function()
      desk:invite(ANN, BOB)
      local old = desk:file(".backup")
      assert(ledger:backup(old))
      desk:days(20)
      assert(ledger:resend(wix, { email = ANN }))
      assert(ledger:revoke(wix, { email = BOB }))
      assert(ledger:retry{ email = BOB })
      assert(ledger:send(wix))
      local new, live = desk:file(".backup"), desk:row(BOB).invite_id
      assert(ledger:backup(new))
      desk:days(15)
      local copy <close> = assert(wixum.ledger.open(old, { time = desk:time() }))
      assert(copy:status()) -- there they have expired
      assert.equal(2, assert(copy:retry{ state = "expired" }).changed)
      assert.equal(0, assert(ledger:import(old)).replaced)
      assert.equal(live, desk:row(BOB).invite_id)
      assert.equal(2, assert(copy:import(new)).replaced)
      assert.equal(2, copy:rows{ email = ANN }().mails)
    end)

    it("calls unknown what was under way when it was made, with the mail counted", function()
      desk:invite(ANN)
      local first = desk:row(ANN).last_mail_at
      desk:days(5)
      local backup, export = desk:file(".backup"), desk:file(".json")
      server:fault{ delay = 0.5, operation = "site_invites.resend_invite" }
      local task = wixum.spawn(function() return ledger:resend(wix, { email = ANN }) end)
      while #server:outbox{ kind = "resend" } == 0 do wixum.sleep(0.01) end
      assert(ledger:backup(backup))
      assert(ledger:export(export))
      assert(task:wait())
      for _, file in ipairs{ backup, export } do
        local other <close> = desk:another()
        assert.equal(1, assert(other:import(file)).unknown)
        local row = other:rows()()
        assert.same({ "unknown", "resend", 2, "2025-11-29T16:00:00Z" }, { row.state, row.unknown_step, row.mails, row.last_mail_at })
        assert.equal(0, assert(other:remind(wix, { after = "1d" })).total)
        assert(other:settle({ all = true }, "not_sent"))
        row = other:rows()()
        assert.same({ "pending", 1, first }, { row.state, row.mails, row.last_mail_at })
      end
    end)

    it("knows when the mail before the last was, also by an export", function()
      desk:invite(ANN)
      desk:days(2)
      server:fault{ reset = "before", operation = "site_invites.resend_invite" }
      assert(ledger:resend(wix, { email = ANN }))
      local file = desk:file(".csv")
      assert(ledger:export(file))
      local other <close> = desk:another()
      assert(other:import(file))
      assert(other:settle({ all = true }, "not_sent"))
      assert.same({ 1, "2025-11-24T16:00:00Z" }, { other:rows()().mails, other:rows()().last_mail_at })
    end)

    it("has the rows of a batch that is open in both", function()
      desk:invite(ANN, BOB, CEM)
      local function interrupted(after)
        pcall(ledger.resend, ledger, wix, { all = true }, { concurrency = 1, on_progress = function(summary)
          if summary.done == after then error("stop", 0) end
        end })
      end
      local other <close> = desk:another()
      for _ = 1, 2 do
        interrupted(1)
        local backup = desk:file(".backup")
        assert(ledger:backup(backup))
        assert(other:import(backup))
        desk:days(1)
      end
      local summary = assert(other:resend(wix, { all = true }))
      assert.same({ 2, 1 }, { summary.attempted, summary.done })
      assert.same({ [ANN] = 1, [BOB] = 1, [CEM] = 1 }, desk:mails("resend"))
    end)

    it("looks at the sites before it mails there, and takes no id that is none", function()
      desk:invite(ANN)
      local file = desk:file(".csv")
      assert(ledger:export(file))
      local other <close>, name = desk:another()
      assert(other:import(file))
      assert(other:plan({ { site_id = desk.sites[1], email = BOB, role = "Website Manager" } }, { client = wix }))
      assert(other:send(wix))
      local db <close> = open_database(name)
      assert.is_string(db:one("SELECT looked_at FROM sites").looked_at)
      local bad = support.read(file):gsub(desk:row(ANN).invite_id:gsub("%-", "%%-"), "no id")
      local done, problems = other:import(desk:file(".csv", bad))
      assert.is_nil(done)
      assert.matches('column "invite_id": it is not a GUID', tostring(problems))
    end)

    it("undoes no decision that was made here since, and calls unknown what may have been sent from where the file comes", function()
      server:fault{ status = 400, operation = "site_invites.bulk_invite" }
      desk:invite(ANN)
      local old = desk:file(".backup")
      assert(ledger:backup(old))
      desk:days(1)
      assert.equal(1, assert(ledger:retry{ state = "failed" }).changed)
      assert.equal(0, assert(ledger:import(old)).replaced)
      assert.same({ planned = 1 }, desk:states())
      -- a copy in which the same person is planned anew, and perhaps sent to since
      assert(ledger:send(wix))
      assert(ledger:revoke(wix, { email = ANN }))
      local fork = desk:file(".backup")
      assert(ledger:backup(fork))
      assert(ledger:retry{ email = ANN })
      local planned = desk:file(".backup")
      assert(ledger:backup(planned))
      assert(ledger:send(wix))
      desk:days(1)
      local copy <close> = assert(wixum.ledger.open(fork, { time = desk:time() }))
      assert(copy:retry{ email = ANN })
      assert.equal(1, assert(copy:import(planned)).unknown)
      assert.equal(0, assert(copy:send(wix)).total)
    end)

    it("opens no batch that has ended here", function()
      desk:invite(ANN, BOB)
      pcall(ledger.resend, ledger, wix, { all = true }, { concurrency = 1, on_progress = function(summary)
        if summary.done == 1 then error("stop", 0) end
      end })
      local backup = desk:file(".backup")
      assert(ledger:backup(backup))
      assert.equal(1, assert(ledger:resend(wix, { all = true })).done)
      assert(ledger:import(backup))
      assert.same({}, assert(ledger:status()).batches)
    end)

    it("is whole, and names nobody twice", function()
      desk:invite(ANN, BOB, CEM)
      local json, export = desk:file(".json"), desk:file(".csv")
      assert(ledger:export(json))
      assert(ledger:export(export))
      local text = support.read(json)
      local other <close> = desk:another()
      local done, err = other:import(desk:file(".json", text:sub(1, #text - 3)))
      assert.is_nil(done)
      assert.matches("ends in the middle", tostring(err))
      local twice = support.read(export)
      twice = twice .. twice:match("\n([^\n]*ann@[^\n]*\n)")
      done, err = other:import(desk:file(".csv", twice))
      assert.is_nil(done)
      assert.matches(':5: column "email": line 2 has the same person on the same site', tostring(err), 1, true)
      assert.equal(0, assert(other:status()).rows)
    end)

    it("is not the ledger itself", function()
      desk:invite(ANN)
      local done, err = ledger:import(desk.path)
      assert.is_nil(done)
      assert.matches("this is the ledger itself", tostring(err))
    end)
  end)

  it("exports over nothing but an earlier export", function()
    desk:invite(ANN)
    local precious = desk:file(".csv", "site,email\n")
    for _, target in ipairs{ desk.path, desk.path .. "-wal", precious } do
      local before = here.run("cksum < " .. target)
      local count, err = ledger:export(target)
      assert.is_nil(count)
      assert.equal("ledger", err.kind)
      assert.equal(before, here.run("cksum < " .. target))
    end
    local file = desk:file(".csv")
    for _ = 1, 2 do assert.equal(1, assert(ledger:export(file))) end
    local json = desk:file(".json")
    for _ = 1, 2 do assert.equal(1, assert(ledger:export(json))) end
    assert.is_nil((ledger:export("/tmp"))) -- a folder
    local pipe = desk:file()
    here.run("mkfifo " .. pipe)
    local reader = assert(io.popen("cat < " .. pipe))
    assert.equal(1, assert(ledger:export(pipe)))
    assert.matches("ann@example.com", reader:read("a"))
    reader:close()
    assert.equal("p\n", here.run(("test -p %s && echo p"):format(pipe))) -- and no file in its place
  end)

  it("gives rows that conflict to skip, and counts them", function()
    desk:invite(ANN)
    local skipped = {}
    local file = desk:file(".csv", table.concat({ "site,email,role", desk.sites[1] .. ",ann@example.com,Website Designer",
      desk.sites[1] .. ",bob@example.com,Website Manager", desk.sites[1] .. ",bob@example.com,Website Designer" }, "\n"))
    local plan = assert(ledger:plan(file, { client = wix, skip = function(row, line, columns)
      skipped[#skipped + 1] = { row.email, row.role, line, #columns }
    end }))
    assert.same({ 1, 2 }, { plan.rows, plan.skipped })
    table.sort(skipped, function(one, other) return one[3] < other[3] end)
    assert.same({ { ANN, "Website Designer", 2, 3 }, { BOB, "Website Designer", 4, 3 } }, skipped)
  end)

  it("knows a person by an address in any case and script", function()
    assert(ledger:plan({ { site_id = desk.sites[1], email = "jörg@example.com", role = "Website Manager" } }, { client = wix }))
    local plan = assert(ledger:plan({ { site_id = desk.sites[1], email = "JÖRG@Example.com", role = "Website Manager" } },
      { client = wix }))
    assert.same({ 0, 1 }, { plan.rows, plan.known })
    assert.equal("jörg@example.com", ledger:rows{ email = "Jörg@example.COM" }().email)
  end)

  it("is backed up and exported while it is in use, whole", function()
    desk:plan(60)
    server:fault{ delay = 0.02, times = "always", operation = "site_invites.bulk_invite" }
    local task = wixum.spawn(function() return ledger:send(wix:with{ max_emails = 1 }, { concurrency = 4 }) end)
    local copies = 0
    while not task:done() do
      wixum.sleep(0.05)
      local backup, export = desk:file(".backup"), desk:file(".csv")
      assert.equal(60, assert(ledger:backup(backup)))
      assert.equal(60, assert(ledger:export(export)))
      local copy <close> = assert(wixum.ledger.open(backup, { create = false }))
      local counts = assert(copy:status()).states
      assert.equal(60, (counts.planned or 0) + (counts.sending or 0) + (counts.pending or 0) + (counts.unknown or 0)
        + (counts.expired or 0))
      copies = copies + 1
    end
    assert.is_true(copies > 1)
    assert.equal(60, assert(task:wait()).pending)
  end)

  it("tells who looks what a run that was killed has left", function()
    desk:plan(2)
    server:fault{ delay = 30, operation = "site_invites.bulk_invite" }
    local child = process.start({ "lua5.4", "-e", [[
      local wixum = require "wixum"
      local ledger = assert(wixum.ledger.open(os.getenv "LEDGER"))
      ledger:send(wixum.client{ rate = false })]] }, { env = { LEDGER = desk.path, WIXUM_BASE_URL = server.base_url,
      WIX_API_KEY = server.api_key, WIX_ACCOUNT_ID = server.account_id } })
    process.eventually("a call", function() return #server:outbox() == 2 end)
    assert.equal(2, assert(ledger:status()).states.sending) -- it is alive
    child:kill("sigkill")
    child:wait()
    local status = assert(ledger:status())
    assert.same({ 2, 2 }, { status.states.unknown, status.recovered })
    assert.equal(2, assert(ledger:settle({ state = "unknown" }, "sent")).changed)
  end)

  it("says after a failure of its disk that calls have gone out", function()
    desk:plan(300)
    ledger:close()
    local db = open_database()
    db:run(("PRAGMA max_page_count = %d"):format(db:one("PRAGMA page_count").page_count + 4))
    local ok, problem = pcall(require("wixum.ledger.send").run, { db = db, now = function() return "2025-11-24T16:00:00Z" end },
      wix:with{ max_emails = 1 }, { concurrency = 4 })
    db:close()
    desk:open()
    assert.is_false(ok)
    assert.is_true(#server:outbox() > 0)
    assert.equal("unknown", problem.outcome)
    assert.matches("Calls have gone out", problem.advice)
  end)

  it("reads the quote that keeps a cell from being run as no part of it", function()
    local plan = assert(ledger:plan(desk:file(".csv", "site,email,role\n" .. desk.sites[1] .. ",'+49@example.com,Website Manager\n"),
      { client = wix }))
    assert.equal(1, plan.rows)
    assert.equal("+49@example.com", ledger:rows()().email)
  end)
end)
