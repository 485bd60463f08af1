-- The ledger: opening, the plan of a spreadsheet, sending; what is in it and at the sandbox afterwards.

local here = require "spec.support.here"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local wixum = require "wixum"

local GUID = "11111111-2222-4333-8444-555555555555"
local GUIDS = {}
for i = 1, 3 do GUIDS[i] = ("%08d-2222-4333-8444-555555555555"):format(i) end
local ROLE = { id = "6600412800113080101", title = "Website Manager" } -- of the sandbox
local NOW = 1764000000 -- 2025-11-24T16:00:00Z

local function temporary(content)
  local path = os.tmpname()
  os.remove(path)
  if content then
    local file <close> = assert(io.open(path, "wb"))
    file:write(content)
  end
  return path
end

describe("a ledger #pure", function()
  local server, wix, path, sites, ledger

  before_each(function()
    server = assert(sandbox.start{ seed = 1, log = 10000, sites = { GUIDS[1], GUIDS[2], GUIDS[3] } })
    wix = server:client{ rate = false }
    path, sites = temporary(), {}
    for site in wix.sites.each_site() do sites[#sites + 1] = site end
    ledger = assert(wixum.ledger.open(path, { time = function() return NOW end }))
  end)
  after_each(function()
    ledger:close()
    wix:close()
    server:stop()
    for _, ending in ipairs{ "", "-wal", "-shm", "-sender" } do os.remove(path .. ending) end
  end)

  local function csv(...)
    return temporary("site,email,role\n" .. table.concat({ ... }, "\n") .. "\n")
  end

  -- A line of a file: who, on which of the sandbox's sites.
  local function line(email, site, title)
    return ("%s,%s,%s"):format(site or sites[1].id, email, title or ROLE.title)
  end

  local function states()
    local counts = {}
    for row in ledger:rows() do counts[row.state] = (counts[row.state] or 0) + 1 end
    return counts
  end

  local function mails()
    local counts = {}
    for _, mail in ipairs(server:outbox()) do counts[mail.to] = (counts[mail.to] or 0) + 1 end
    return counts
  end

  describe("that is opened", function()
    it("is a file that only its owner can read, and itself again the next time", function()
      assert.equal("600\n", here.run("stat -c %a " .. path))
      assert(ledger:plan(csv(line("ann@example.com")), { client = wix }))
      ledger:close()
      ledger = assert(wixum.ledger.open(path))
      assert.same({ planned = 1 }, states())
    end)

    it("is refused where it is none, or of a newer version, or not there; and the file stays as it is", function()
      local text = temporary("this is a text\n" .. ("x"):rep(2000))
      local other = temporary()
      local connection = require("luasql.sqlite3").sqlite3():connect(other)
      connection:execute("CREATE TABLE t (x)")
      connection:close()
      for file, words in pairs{ [text] = "it is not an SQLite file", [other] = "an SQLite file of another program" } do
        local before = here.run("cksum < " .. file)
        local opened, err = wixum.ledger.open(file)
        assert.is_nil(opened)
        assert.equal("ledger", err.kind)
        assert.matches(words, tostring(err), 1, true)
        assert.equal(before, here.run("cksum < " .. file))
      end
      local database = require "wixum.ledger.database"
      local db = database.open(path)
      db:run("PRAGMA user_version = 99")
      db:close()
      local _, err = wixum.ledger.open(path)
      assert.matches("a newer wixum made it", tostring(err))
      _, err = wixum.ledger.open(temporary(), { create = false })
      assert.matches("there is no such file", tostring(err))
      _, err = wixum.ledger.open("/nowhere/x.db")
      assert.matches("its folder is not there", tostring(err))
    end)

    it("names the package to install where LuaSQL is missing", function()
      local output = process.run{ "lua5.4", "-e", ([[package.preload["luasql.sqlite3"] = function() error("not here") end
        print(require("wixum").ledger.open("%s"))]]):format(path) }
      assert.matches("apt%-get install lua%-sql%-sqlite3", output)
    end)

    it("is refused on a file system that is shared with other computers", function()
      local filesystem = require "wixum.ledger.filesystem"
      local mounts = table.concat({
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
        "30 22 0:40 / /srv rw,relatime - nfs4 server:/srv rw",
        "31 30 8:2 / /srv/my\\040disk rw,relatime master:1 - xfs /dev/sdb rw",
        "32 22 0:41 / /home/ann/far rw,nosuid - fuse.sshfs far:/ rw",
        "33 22 0:42 / /mnt/c rw,noatime - 9p drvfs rw",
      }, "\n")
      for folder, expected in pairs{ ["/"] = false, ["/srv"] = true, ["/srv/x"] = true, ["/srvx"] = false, ["/srv/my disk/x"] = false,
        ["/home/ann"] = false, ["/home/ann/far/y"] = true, ["/mnt/c"] = true } do
        assert.equal(expected, filesystem.is_shared(filesystem.type_of(folder, mounts)), folder)
      end
      assert.is_nil(filesystem.problem(path))
    end)

    it("raises what is a mistake of the program, at its line", function()
      for _, row in ipairs{
        { function() wixum.ledger.open(5) end, "takes a path, not a number" },
        { function() wixum.ledger.open(path, { tiem = 1 }) end, 'unknown option tiem .did you mean "time"' },
        { function() wixum.ledger.opne(path) end, 'did you mean "open"' },
        { function() ledger.plan({}) end, "write a colon" },
        { function() ledger:plan("x.csv") end, "takes a client" },
        { function() ledger:plan("x.csv", { client = wix, cloumn = 1 }) end, 'did you mean "column"' },
        { function() ledger:plan("x.csv", { client = wix, encoding = "foo" }) end, "ledger:plan: option encoding must be one of" },
        { function() ledger:rows{ stat = "planned" } end, 'did you mean "state"' },
        { function() ledger:rows{ state = "planed" } end, 'there is no state planed .did you mean "planned"' },
        { function() ledger:rows{ limit = 0 } end, "whole number of at least 1" },
      } do
        local ok, problem = pcall(row[1])
        assert.is_false(ok)
        assert.matches(row[2], problem)
        assert.matches("60_ledger_spec.lua:%d+: ", problem)
      end
      ledger:close()
      ledger:close()
      assert.has_error(function() ledger:rows() end)
    end)
  end)

  describe("that plans", function()
    it("stores every person once a site, and tells what will be sent", function()
      local file = csv(line("ann@example.com"), line('"bob@example.com; cid@example.com"'), line("ANN@example.com"),
        line("ann@example.com", sites[2].id))
      local plan = assert(ledger:plan(file, { client = wix }))
      assert.same({ 4, 1, 0, 4, 3, 2, 2 }, { plan.rows, plan.merged, plan.known, plan.planned, plan.people, plan.sites, plan.calls })
      assert.matches("4 rows new, 1 merged%. To be sent: 4 mails to 3 people on 2 sites, in 2 calls", tostring(plan))
      assert.equal(0, #server:outbox())
      local row = ledger:rows()()
      assert.same({ sites[1].id, "ann@example.com", { ROLE.id }, ROLE.title, "planned", "2025-11-24T16:00:00Z" },
        { row.site_id, row.email, row.policy_ids, row.roles, row.state, row.planned_at })
      plan = assert(ledger:plan(file, { client = wix }))
      assert.same({ 0, 4 }, { plan.rows, plan.known })
    end)

    it("names every bad line with line, column, value and reason, and stores nothing", function()
      local file = csv(line("ann@example.com"), line("bob.example.com"), line("cid@example.com", "no such site"),
        line("dan@example.com", nil, "Emperor"), line("", GUID .. "x"), line("ann@example.com", nil, "Website Designer"))
      local told = {}
      local plan, problems = ledger:plan(file, { client = wix, on_problem = function(found) told[#told + 1] = found end })
      assert.is_nil(plan)
      assert.equal(#told, problems.count)
      local text = tostring(problems)
      for _, words in ipairs{ ':3: column "email"', 'it reads: bob.example.com', ':4: column "site"', "no site of the account",
        ':5: column "role"', "there is no role", ':6: column "site"', ':6: column "email": it is empty' } do
        assert.is_truthy(text:find(words, 1, true), words .. "\n" .. text)
      end
      assert.same({}, states())
    end)

    it("names a person that is there twice with different roles, in the file or in the ledger, and changes nothing", function()
      local other = "Website Designer"
      local _, problems = ledger:plan(csv(line("ann@example.com"), line("ann@example.com", nil, other)), { client = wix })
      assert.matches("line 2 has the same person on the same site with another role", tostring(problems))
      assert.same({}, states())
      assert(ledger:plan(csv(line("ann@example.com")), { client = wix }))
      _, problems = ledger:plan(csv(line("ann@example.com", nil, other), line("bob@example.com")), { client = wix })
      assert.matches("it is in the ledger with another role", tostring(problems))
      assert.same({ planned = 1 }, states())
    end)

    it("leaves out bad lines where it is told to, and leaves no trace of a dry run", function()
      local file, skipped = csv(line("ann@example.com"), line("bob"), line("cid@example.com")), {}
      local plan = assert(ledger:plan(file, { client = wix, dry_run = true,
        skip = function(_, number) skipped[#skipped + 1] = number end }))
      assert.same({ { 3 }, 2, 1 }, { skipped, plan.rows, plan.skipped })
      assert.same({}, states())
      assert(ledger:plan(file, { client = wix, skip = function() end }))
      assert.same({ planned = 2 }, states())
    end)

    it("takes rows of a program, lists and iterators, and columns by other names", function()
      local rows = { { site_id = sites[1].id, email = { "ann@example.com", "bob@example.com" }, role = ROLE.title } }
      assert.equal(2, assert(ledger:plan(rows, { client = wix })).rows)
      local given = false
      assert.equal(1, assert(ledger:plan(function()
        if given then return nil end
        given = true
        return { site = sites[2].display_name, email = "cid@example.com", policy_ids = ROLE.id }
      end, { client = wix })).rows)
      local file = temporary(("Seite;E-Mail\n%s;dan@example.com\n"):format(sites[3].id))
      assert.equal(1, assert(ledger:plan(file, { client = wix, role = ROLE.title, column = { site = "Seite" } })).rows)
      local _, err = ledger:plan(file, { client = wix, role = ROLE.title, column = { site = "Siete" } })
      assert.matches('no column is called "Siete"', tostring(err))
      _, err = ledger:plan(file, { client = wix, column = { site = "Seite" } })
      assert.matches("no column is called policy_ids", tostring(err))
    end)

    it("shows nothing of a file that a terminal would act on", function()
      local file = temporary("si\27[2Jte,email,role\nx,y,z\n")
      local _, err = ledger:plan(file, { client = wix })
      assert.matches('"si\\x1B[2Jte"', tostring(err), 1, true)
      _, err = ledger:plan(file, { client = wix, column = { site = "nothing" } })
      assert.matches('"si\\x1B[2Jte"', tostring(err), 1, true)
      local _, problems = ledger:plan(csv(line("ann@example.com", "no\27such site", "no\27such role")), { client = wix })
      assert.is_nil(tostring(problems):find("\27", 1, true))
    end)

    it("recognises an id that a spreadsheet has rounded", function()
      local id = ROLE.id
      for _, rounded in ipairs{ "6.73E+18", '"6,73E+18"', id:sub(1, 15) .. ("0"):rep(#id - 15) } do
        local file = temporary(("site,email,policy_ids\n%s,ann@example.com,%s\n"):format(sites[1].id, rounded))
        local _, problems = ledger:plan(file, { client = wix })
        assert.matches("rounded it", tostring(problems), 1, true)
      end
    end)
  end)

  describe("that sends", function()
    it("mails each once, keeps the ids, and has nothing left to do", function()
      assert(ledger:plan(csv(line("ann@example.com"), line("bob@example.com"), line("ann@example.com", sites[2].id)), { client = wix }))
      local summary = assert(ledger:send(wix))
      assert.same({ 3, 3, 0, 0, 2 }, { summary.total, summary.pending, summary.failed, summary.unknown, summary.calls })
      for row in ledger:rows() do
        assert.same({ "pending", 1 }, { row.state, row.mails })
        assert(wix:with{ site_id = row.site_id }.site_invites.resend_invite{ invite_id = row.invite_id })
      end
      assert.equal(0, assert(ledger:send(wix)).total)
    end)

    it("packs into a call what goes together, as many as may", function()
      local many = {}
      for i = 1, 7 do many[i] = line(("n%d@example.com"):format(i)) end
      many[8] = line("other@example.com", sites[2].id)
      assert(ledger:plan(csv(table.unpack(many)), { client = wix }))
      local summary = assert(ledger:send(wix:with{ max_emails = 3 }))
      assert.same({ 8, 4 }, { summary.pending, summary.calls })
    end)

    it("writes down what failed, what is unknown and why, and mails neither again by itself", function()
      assert(ledger:plan(csv(line("ann@example.com"), line("bob@example.com", sites[2].id), line("cid@example.com", sites[3].id)),
        { client = wix }))
      server:fault{ status = 400, operation = "site_invites.bulk_invite" }
      server:fault{ status = 500, operation = "site_invites.bulk_invite" }
      local summary = assert(ledger:send(wix, { concurrency = 1 }))
      assert.same({ 1, 1, 1 }, { summary.failed, summary.unknown, summary.pending })
      assert.same({ failed = 1, unknown = 1, pending = 1 }, states())
      for row in ledger:rows{ state = { "failed", "unknown" } } do assert.is_string(row.reason) end
      assert.equal(0, assert(ledger:send(wix)).total)
    end)

    it("stops at a refused key, and at a network that is away, with everything planned", function()
      assert(ledger:plan(csv(line("ann@example.com"), line("bob@example.com", sites[2].id)), { client = wix }))
      server:fault{ status = 403, path = "/invites/site-invite/bulk", times = "always" }
      local summary = assert(ledger:send(wix, { concurrency = 1 }))
      assert.equal("forbidden", summary.stopped.kind)
      assert.same({ planned = 2 }, states())
      server:stop()
      summary = assert(ledger:send(wix:with{ retries = 0 }, { concurrency = 1 }))
      assert.equal(2, summary.planned_again)
      assert.same({ planned = 2 }, states())
    end)

    it("is bound to its service and its account, and to one sender at a time", function()
      assert(ledger:plan(csv(line("ann@example.com")), { client = wix }))
      local _, err = ledger:send(wix:with{ account_id = GUID })
      assert.matches("was made for the account", tostring(err))
      local other <close> = wixum.client{ base_url = "http://127.0.0.1:1", api_key = "key-for-specs", rate = false }
      _, err = ledger:send(other)
      assert.matches("was made for http://127", tostring(err))
      local again <close> = assert(wixum.ledger.open(path))
      local busy
      assert(ledger:send(wix, { on_progress = function() busy = table.pack(again:send(wix))[2] end }))
      assert.same({ "ledger", true }, { busy.kind, busy.in_use })
      assert.matches("it is in use by process %d+ on ", tostring(busy))
    end)

    it("ends cleanly where it is stopped: what may have been mailed is unknown, the rest is planned", function()
      local many = {}
      for i = 1, 20 do many[i] = line(("n%d@example.com"):format(i)) end
      assert(ledger:plan(csv(table.unpack(many)), { client = wix }))
      server:fault{ delay = 600, after = 5, times = "always", operation = "site_invites.bulk_invite" }
      local task
      task = wixum.spawn(function()
        return ledger:send(wix:with{ max_emails = 1 }, { concurrency = 4 })
      end)
      process.eventually("calls that wait for their answers", function()
        wixum.sleep(0.001)
        return #server:outbox() == 9 and states().sending == 4
      end)
      task:cancel()
      local _, err = task:wait()
      assert.equal("cancelled", err.kind)
      assert.same({ pending = 5, unknown = 4, planned = 11 }, states())
    end)

    it("does not take for unsent what went out before something of the program's raised", function()
      assert(ledger:plan(csv(line("ann@example.com")), { client = wix }))
      local core = require "wixum.core"
      local broken <close> = server:client{ rate = false, clock = { sleep = core.sleep, random = math.random, time = os.time,
        now = function()
          if #server:outbox() > 0 then error("the clock is broken", 0) end
          return core.clock()
        end } }
      pcall(ledger.send, ledger, broken)
      assert.same({ sending = 1 }, states())
      assert.equal(1, assert(ledger:send(wix)).recovered)
      assert.same({ ["ann@example.com"] = 1 }, mails())
      assert.same({ unknown = 1 }, states())
    end)

    it("stops where the disk is full: nothing goes out that is not written down", function()
      local many = {}
      for i = 1, 300 do many[i] = line(("n%d@example.com"):format(i)) end
      assert(ledger:plan(csv(table.unpack(many)), { client = wix }))
      ledger:close()
      local database, schema = require "wixum.ledger.database", require "wixum.ledger.schema"
      local db = database.open(path)
      schema.migrate(db)
      local pages = db:one("PRAGMA page_count").page_count
      db:run(("PRAGMA max_page_count = %d"):format(pages))
      local ok, problem = pcall(require("wixum.ledger.send").run, { db = db, now = function() return "2025-11-24T16:00:00Z" end },
        wix:with{ max_emails = 1 }, { concurrency = 4 })
      db:close()
      assert.is_false(ok)
      assert.matches("full", tostring(problem))
      ledger = assert(wixum.ledger.open(path))
      local sent, counts = mails(), {}
      for row in ledger:rows() do
        counts[row.state] = (counts[row.state] or 0) + 1
        if sent[row.email] then assert.is_truthy(row.state == "pending" or row.state == "sending", row.state) end
      end
      assert.is_true((counts.planned or 0) > 0)
      assert.is_true((counts.sending or 0) <= 8)
    end)

    it("writes down every call with what support asks for", function()
      assert(ledger:plan(csv(line("ann@example.com"), line("bob@example.com")), { client = wix }))
      assert(ledger:send(wix))
      ledger:close()
      local db = require("wixum.ledger.database").open(path)
      local call = db:one("SELECT * FROM calls")
      db:close()
      assert.same({ "site_invites.bulk_invite", "ann@example.com bob@example.com", "done", 200 },
        { call.operation, call.people, call.outcome, call.status })
      assert.is_string(call.request_id)
      ledger = assert(wixum.ledger.open(path))
    end)

    it("goes on after a kill -9: who may have been mailed is unknown, nobody is mailed twice", function()
      local many = {}
      for i = 1, 40 do many[i] = line(("n%d@example.com"):format(i)) end
      assert(ledger:plan(csv(table.unpack(many)), { client = wix }))
      server:fault{ delay = 600, after = 12, times = "always", path = "/invites/site-invite/bulk" }
      local child = process.start({ "lua5.4", "-e", [[
        local wixum = require "wixum"
        local wix = wixum.client{ rate = false, max_emails = 1, concurrency = 4 }
        local ledger = assert(wixum.ledger.open(os.getenv "LEDGER"))
        ledger:send(wix, { on_progress = function(s) if s.pending == 12 then io.stderr:write("twelve\n") end end })]] },
        { env = { LEDGER = path, WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key, WIX_ACCOUNT_ID = server.account_id } })
      child:expect("twelve")
      process.eventually("four more at the server", function() return #server:requests() >= 12 + 4 end)
      child:kill("sigkill")
      child:wait()
      server:faults_clear()
      local summary = assert(ledger:send(wix:with{ max_emails = 1 }))
      assert.equal(40, summary.pending + summary.recovered + 12)
      assert.is_true(summary.recovered <= 4)
      assert.same({ pending = 40 - summary.recovered, unknown = summary.recovered }, states())
      for _, count in pairs(mails()) do assert.equal(1, count) end
    end)
  end)
end)
