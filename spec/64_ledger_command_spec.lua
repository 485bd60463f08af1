-- The command, from a spreadsheet to invites that are looked after: as typed, with mistakes, with signals.

local cjson = require "cjson"
local here = require "spec.support.here"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local support = require "spec.support.ledger"
local wixum = require "wixum"

local WIXUM = os.getenv("WIXUM_SPEC_BUILD") .. "/bin/wixum"
local SITE = "00000001-2222-4333-8444-555555555555"
local ROLE = support.ROLE.title

-- As if what is on loopback were Wix itself.
local AS_IF_LIVE = [[
  local client = require "wixum.client"
  local new = client.new
  client.new = function(...)
    local object, problem = new(...)
    if object then client.state(object).root.loopback = false end
    return object, problem
  end ]]

describe("the command, with a ledger #pure", function()
  local server, folder, env

  before_each(function()
    server = assert(sandbox.start{ seed = 3, log = 100000, sites = { { id = SITE, name = "Bäckerei Süß" } } })
    folder = here.run("mktemp -d"):match("%S+")
    env = { WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key, WIX_ACCOUNT_ID = server.account_id }
  end)
  after_each(function()
    server:stop()
    os.execute("rm -rf " .. folder)
  end)

  local function run(...) return process.run({ WIXUM, ... }, { env = env, cwd = folder }) end

  -- The same, where it must go well.
  local function done(...)
    local output, code = run(...)
    assert.equal(0, code, output)
    return output
  end

  local function start(...) return process.start({ WIXUM, ... }, { env = env, cwd = folder }) end

  local function write(name, ...)
    local file <close> = assert(io.open(folder .. "/" .. name, "wb"))
    file:write(table.concat({ ... }, "\n"), "\n")
    return name
  end

  local function read(name) return support.read(folder .. "/" .. name) end

  -- So many people, each with a call of their own.
  local function many(count)
    local lines = { "site,email,role,invite_purpose" }
    for i = 1, count do lines[i + 1] = ("%s,n%d@example.com,%s,p%d"):format(SITE, i, ROLE, i) end
    return write("many.csv", table.unpack(lines))
  end

  local function list() return here.run(("ls %s"):format(folder)) end

  local CUSTOMERS = { "site,email,role", SITE .. ",ann@example.com," .. ROLE, SITE .. ",bob@example.com," .. ROLE }

  it("goes from a spreadsheet to invites, and looks after them", function()
    write("customers.csv", table.unpack(CUSTOMERS))
    local output = done("plan", "customers.csv")
    assert.matches("^SANDBOX http://127%.0%.0%.1:%d+\nLedger wixum%.db\n", output)
    assert.matches("2 rows new. To be sent: 2 mails to 2 people on 1 site, in 1 call", output, 1, true)
    assert.matches("Nobody was mailed yet", output)
    assert.equal(0, #server:outbox())
    assert.matches("2 mails sent in 1 call.", done("invite", "customers.csv"), 1, true)
    assert.equal(2, #server:outbox())
    assert.matches("Nobody is planned.", done("invite", "customers.csv"), 1, true)
    assert.equal(2, #server:outbox())
    assert.matches("1 mail sent once more.", done("resend", "--email", "ann@example.com"), 1, true)
    assert.matches("1 invite revoked.", done("revoke", "--email", "bob@example.com", "--site", "bäckerei süß"), 1, true)
    assert.matches("2 rows: 1 pending, 1 revoked; 3 mails", done("status"), 1, true)
    assert.matches("1 row planned anew.", done("retry", "--state", "revoked"), 1, true)
    assert.matches("1 mail sent in 1 call.", done("resume"), 1, true)
    assert.matches("Nobody is due: 2 people are waiting, mailed less than 7d ago, reminded twice already", done("remind"), 1, true)
    server:advance(10 * 86400)
    done("export", "rows.json")
    assert.equal(2, #cjson.decode(read("rows.json")))
    assert.matches("2 rows in copy.db.", done("backup", "copy.db"), 1, true)
    assert.matches("2 rows added", done("--ledger", "other.db", "import", "copy.db"), 1, true)
    assert.matches("2 rows: 2 pending", done("status", "--ledger", "other.db"), 1, true)
    assert.matches(support.ROLE.id .. "%s+Website Manager", done("roles"))
    assert.matches(SITE .. "  Bäckerei Süß  ", done("sites"), 1, true)
    assert.matches("\n" .. SITE .. ",Bäckerei Süß,", done("sites", "--csv"), 1, true)
  end)

  it("ends a batch that was interrupted where nobody is left, also when it is to begin anew", function()
    write("customers.csv", table.unpack(CUSTOMERS))
    done("invite", "customers.csv")
    for _, words in ipairs{ {}, { "--anew" } } do
      server:fault{ status = 401, after = 1, operation = "site_invites.resend_invite" }
      assert.equal(4, select(2, run("resend", "--all", "--concurrency", "1")))
      server:faults_clear()
      assert.matches("1 attempted; `wixum resend --all` goes on with it", done("status"), 1, true)
      done("revoke", "--all")
      assert.matches("Nobody to do this with", done("resend", "--all", table.unpack(words)), 1, true)
      assert.is_nil(done("status"):find("Interrupted", 1, true))
      done("retry", "--state", "revoked")
      done("resume")
      assert.matches("2 mails sent once more.", done("resend", "--all"), 1, true)
    end
  end)

  it("names every line that cannot be used, plans nothing, and goes on without them where it is told to", function()
    write("bad.csv", "site,email,role", SITE .. ",ann@example.com," .. ROLE, "nowhere,=bob@example.com," .. ROLE,
      SITE .. ",cem,Websit Manager", SITE .. ',"unclosed,' .. ROLE, SITE .. ",dan@example.com," .. ROLE)
    local output, code = run("plan", "bad.csv")
    assert.equal(2, code)
    for _, words in ipairs{ 'bad.csv:3: column "site": no site of the account', 'bad.csv:4: column "email": it has no @',
      'bad.csv:4: column "role": there is no role "Websit Manager"; there is "Website Manager"', "bad.csv:5:",
      "nothing was planned: correct these lines" } do assert.matches(words, output, 1, true) end
    assert.equal("", here.run(("cd %s && %s export | tail -n +2"):format(folder, WIXUM)))
    output = done("plan", "bad.csv", "--skip-bad", "left.csv")
    assert.matches("2 rows new, 3 lines left out", output, 1, true)
    assert.matches("3 lines were left out; they are in left.csv", output, 1, true)
    local left = read("left.csv")
    assert.matches("^\xEF\xBB\xBFsite,email,role,line,reason\r\n", left)
    assert.matches("nowhere,'=bob@example.com,Website Manager,3,site: no site", left, 1, true) -- no formula
    assert.matches("\r\n,,,5,", left, 1, true)
    -- corrected, it can be planned
    local corrected = left:gsub("nowhere", SITE):gsub("cem,Websit", "cem@example.com,Website"):gsub("\r\n,,,5,[^\r]*", "")
    write("left.csv", (corrected:gsub("%s+$", "")))
    assert.matches("2 rows new", done("plan", "left.csv"), 1, true)
    done("resume")
    local people = {}
    for _, mail in ipairs(server:outbox()) do people[#people + 1] = mail.to end
    table.sort(people)
    assert.same({ "=bob@example.com", "ann@example.com", "cem@example.com", "dan@example.com" }, people)
  end)

  it("leaves no trace of a dry run, not even a file", function()
    write("customers.csv", table.unpack(CUSTOMERS))
    for _, command in ipairs{ "plan", "invite" } do
      assert.matches("2 rows new", done(command, "customers.csv", "--dry-run"), 1, true)
      assert.equal("customers.csv\n", list())
    end
    done("plan", "customers.csv")
    local before = here.run(("cd %s && cksum wixum.db"):format(folder))
    assert.matches("2 mails of 2 planned would be sent, all of them to 2 people on 1 site in 1 call", done("resume", "--dry-run"), 1, true)
    done("invite", "customers.csv", "--dry-run")
    assert.equal(before, here.run(("cd %s && cksum wixum.db"):format(folder)))
    done("resume")
    assert.matches("It sends 2 mails once more: ann@example.com, bob@example.com", done("resend", "--all", "--dry-run"), 1, true)
    assert.equal(2, #server:outbox())
  end)

  it("reads columns, roles and limits from the command line, and a spreadsheet from a pipe", function()
    local lines = { "Seite;E-Mail", SITE .. ";ann@example.com", SITE .. ";bob@example.com", SITE .. ";cem@example.com" }
    write("kunden.csv", table.unpack(lines))
    local output, code = run("plan", "kunden.csv")
    assert.equal(2, code)
    assert.matches("--column email=E-Mail", output, 1, true)
    output, code = run("plan", "kunden.csv", "--column", "emial=E-Mail")
    assert.equal(2, code)
    assert.matches('there is no field emial (did you mean "email"', output, 1, true)
    local options = { "--column", "site=Seite", "--column", "email=E-Mail", "--role", "website-manager", "--locale", "de" }
    assert.matches("2 rows new, 1 left for later", done("plan", "kunden.csv", "--limit", "2", table.unpack(options)), 1, true)
    local child = start("invite", "-", "--limit", "1", table.unpack(options))
    for _, line in ipairs(lines) do child:write(line) end
    child:close_input()
    child:expect("1 mail sent in 1 call")
    assert.equal(0, (child:wait()))
    assert.matches("2 still planned", child.output, 1, true)
  end)

  it("takes ledger, columns and locale from the config file, and other settings from the environment before it", function()
    os.execute(("mkdir -p %s/config/wixum"):format(folder))
    write("config/wixum/config", "ledger = mine.db", "columns = site=Seite, email=E-Mail", "locale = en")
    env.XDG_CONFIG_HOME = folder .. "/config"
    write("kunden.csv", "Seite\tE-Mail\tRole", SITE .. "\tann@example.com\t" .. ROLE)
    assert.matches("Ledger mine.db", done("plan", "kunden.csv"), 1, true)
    env.WIXUM_LEDGER = "other.db"
    assert.matches("Ledger other.db", done("plan", "kunden.csv"), 1, true)
    assert.matches("Ledger third.db", done("plan", "kunden.csv", "--ledger", "third.db"), 1, true)
    write("config/wixum/config", "columns = E-Mail")
    local output, code = run("plan", "kunden.csv", "--ledger", "third.db")
    assert.equal(2, code)
    assert.matches("is not FIELD=HEADER", output, 1, true)
  end)

  it("says what went wrong as an exit status", function()
    write("customers.csv", table.unpack(CUSTOMERS))
    local output, code = run("status")
    assert.equal(2, code)
    assert.matches("the ledger wixum.db: there is no such file. `wixum plan` makes one.", output, 1, true)
    done("plan", "customers.csv")
    -- the key is refused: 4, and everything is planned still
    server:fault{ status = 401, times = "always", operation = "site_invites.bulk_invite" }
    output, code = run("resume")
    assert.equal(4, code, output)
    assert.matches("2 still planned", output, 1, true)
    server:faults_clear()
    -- some are unknown: 1, now and for cron
    server:fault{ reset = "after", operation = "site_invites.bulk_invite" }
    output, code = run("resume")
    assert.equal(1, code, output)
    assert.matches("2 unknown", output, 1, true)
    assert.matches("`wixum settle sent` or `settle not_sent` decides it", output, 1, true)
    output, code = run("status", "--fail-on", "unknown")
    assert.equal(1, code)
    assert.matches("Unknown: ann@example.com", output, 1, true)
    assert.matches("2 rows are unknown", output, 1, true)
    assert.matches("1 row settled as sent", done("settle", "sent", "--email", "ann@example.com"), 1, true)
    assert.matches("1 row settled as not_sent", done("settle", "not_sent", "--all"), 1, true)
    done("status", "--fail-on", "unknown")
    -- it is in use: 5
    server:fault{ delay = 20, operation = "site_invites.bulk_invite" }
    local child = start("resume")
    local bulk = { operation = "site_invites.bulk_invite" }
    process.eventually("a call under way", function() return #server:requests(bulk) >= 3 end)
    output, code = run("resume")
    assert.equal(5, code, output)
    assert.matches("it is in use by process %d+ on ", output)
    child:kill("sigkill")
    child:wait()
    -- what it has left is unknown, and told
    output, code = run("resume")
    assert.equal(1, code)
    assert.matches("1 row of a run that was killed is unknown", output, 1, true)
    -- what cannot be said
    for _, words in ipairs{ { "paln" }, { "resend" }, { "settle", "maybe", "--all" }, { "resume", "--rate", "5" }, { "plan" },
      { "resend", "--last-mail-before", "soon" }, { "resend", "--site", "Nowhere" }, { "resume", "--limit", "0" },
      { "export", "--delimiter", "x" }, { "plan", "nothere.csv" }, { "import", "nothere" }, { "backup", "customers.csv" },
      { "status", "--ledger", "customers.csv" } } do
      output, code = run(table.unpack(words))
      assert.equal(2, code, table.concat(words, " ") .. ": " .. output)
      assert.is_nil(output:find("traceback", 1, true), output)
      assert.is_true(#output > 10)
    end
  end)

  it("ends at Ctrl-C once what is under way has been answered, and goes on from there", function()
    many(60)
    server:fault{ delay = 0.2, times = "always", operation = "site_invites.bulk_invite" }
    local child = start("invite", "many.csv", "--concurrency", "4")
    process.eventually("some mails", function() return #server:outbox() >= 12 end)
    child:kill("sigint")
    child:expect("Ending: calls that are under way are waited for. Ctrl%-C again ends at once")
    assert.equal(3, (child:wait()))
    server:faults_clear()
    local output = done("status")
    assert.is_nil(output:find("unknown", 1, true), output)
    done("resume")
    local seen = {}
    for _, mail in ipairs(server:outbox()) do
      assert.is_nil(seen[mail.to])
      seen[mail.to] = true
    end
    assert.equal(60, #server:outbox())
    assert.matches("60 rows: 60 pending; 60 mails", done("status"), 1, true)
  end)

  it("ends at once at the second Ctrl-C; what was under way is unknown", function()
    many(20)
    server:fault{ delay = 30, times = "always", operation = "site_invites.bulk_invite" }
    local child = start("invite", "many.csv", "--concurrency", "4")
    process.eventually("some mails", function() return #server:outbox() >= 4 end)
    child:kill("sigint")
    child:expect("Ending")
    child:kill("sigint")
    assert.equal(3, (child:wait()))
    assert.matches("ended at once. What was under way is unknown: `wixum status` names it", child.output, 1, true)
    server:faults_clear()
    local output, code = run("resume")
    assert.equal(1, code)
    assert.matches("4 rows of a run that was killed are unknown", output, 1, true)
    assert.matches("20 rows: 16 pending, 4 unknown", done("status"), 1, true)
    for _, count in pairs((function()
      local counts = {}
      for _, mail in ipairs(server:outbox()) do counts[mail.to] = (counts[mail.to] or 0) + 1 end
      return counts
    end)()) do assert.equal(1, count) end
  end)

  describe("where it is live", function()
    before_each(function()
      write("live.lua", AS_IF_LIVE)
      env.LUA_INIT_5_4 = "@" .. folder .. "/live.lua"
      write("customers.csv", table.unpack(CUSTOMERS))
    end)

    it("says so, and mails nobody without a yes", function()
      local output, code = run("invite", "customers.csv")
      assert.equal(2, code)
      assert.matches("^LIVE 127%.0%.0%.1:%d+, account " .. server.account_id:gsub("%-", "%%-") .. "\n", output)
      assert.matches("This sends 2 mails to 2 people on 1 site, live: ann@example.com, bob@example.com", output, 1, true)
      assert.matches("Nobody can be asked here: say --yes to do it. Nobody was mailed; they are planned", output, 1, true)
      assert.equal(0, #server:outbox())
      done("resume", "--yes")
      assert.equal(2, #server:outbox())
      for _, words in ipairs{ { "resend", "--all" }, { "revoke", "--email", "ann@example.com" } } do
        output, code = run(table.unpack(words))
        assert.equal(2, code, output)
        assert.matches("Nothing was done", output)
      end
      assert.equal(2, #server:outbox())
      done("resend", "--all", "--yes", "--quiet")
      assert.equal(4, #server:outbox())
    end)

    it("asks on a terminal, and shows how far it is", function()
      if not process.has_terminals() then return pending(process.NO_TERMINALS) end
      for _, row in ipairs{ { "n", 0, "Nobody was mailed" }, { "", 0, "Nobody was mailed" }, { "yes", 2, "2 mails sent" } } do
        local child = process.start(process.on_terminal(WIXUM .. " invite customers.csv"), { env = env, cwd = folder })
        child:expect("Go on%? %[y/N%] ")
        child:write(row[1])
        child:expect(row[3])
        if row[2] > 0 then assert.matches("Mailing %[", child.output) end
        child:close_input()
        child:wait()
        assert.equal(row[2], #server:outbox())
      end
    end)
  end)

  it("says nothing with --quiet unless something is wrong, and JSON with --json", function()
    write("customers.csv", table.unpack(CUSTOMERS))
    assert.equal("", done("plan", "customers.csv", "--quiet"))
    assert.equal("", done("resume", "--quiet"))
    assert.equal("", done("status", "--quiet"))
    assert.matches("^wixum: ", (run("resend", "--quiet")))
    local function json(...)
      local text = done("--json", "--quiet", ...)
      return cjson.decode(text)
    end
    assert.equal(2, json("plan", "customers.csv").known)
    assert.equal(0, json("resume").total)
    assert.equal(1, json("resend", "--email", "ann@example.com").done)
    assert.equal(2, json("status").states.pending)
    assert.equal(2, #json("export"))
    assert.equal(SITE, json("sites")[1].id)
    assert.is_string(json("roles")[1].title)
    assert.same({ rows = 2, file = "b.db" }, json("backup", "b.db"))
    assert.equal(0, json("retry", "--all").changed)
    assert.equal(2, json("retry", "--all").skipped.pending)
  end)

  it("acts on a sandbox of its own, which goes on from where it was", function()
    env = { WIXUM_BASE_URL = "", WIX_API_KEY = "" }
    write("customers.csv", table.unpack(CUSTOMERS))
    local first = done("--sandbox", "plan", "customers.csv")
    assert.matches("Ledger wixum-sandbox.db", first, 1, true)
    local url = first:match("SANDBOX (http://%S+)")
    for _, words in ipairs{ { "resume" }, { "resend", "--email", "ann@example.com" }, { "revoke", "--email", "ann@example.com" } } do
      words[#words + 1] = "--sandbox"
      assert.equal(url, done(table.unpack(words)):match("SANDBOX (http://%S+)"))
    end
    assert.matches("2 rows: 1 pending, 1 revoked", done("--sandbox", "status"), 1, true)
    for _, name in ipairs{ "wixum-sandbox.db", "wixum-sandbox.db.sandbox" } do
      assert.equal("600\n", here.run(("stat -c %%a %s/%s"):format(folder, name)))
    end
    -- of another service it is no ledger: a rehearsal is not taken for the real thing
    env = { WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key }
    local output, code = run("resume", "--ledger", "wixum-sandbox.db")
    assert.equal(2, code)
    assert.matches("it was made for http://127.0.0.1:", output, 1, true)
  end)

  describe("takes care", function()
    before_each(function() write("customers.csv", table.unpack(CUSTOMERS)) end)

    local function unharmed(name, ...)
      local before = here.run(("cksum < %s/%s"):format(folder, name))
      local output, code = run(...)
      assert.equal(2, code, output)
      assert.equal(before, here.run(("cksum < %s/%s"):format(folder, name)))
      return output
    end

    it("of files that are there", function()
      done("invite", "customers.csv")
      assert.matches("cannot take the place of the ledger", unharmed("wixum.db", "export", "wixum.db"), 1, true)
      assert.matches("is there already, and is no export", unharmed("customers.csv", "export", "customers.csv"), 1, true)
      assert.matches("is the spreadsheet itself", unharmed("customers.csv", "plan", "customers.csv", "--skip-bad", "customers.csv"), 1,
        true)
      write("other.csv", table.unpack(CUSTOMERS))
      assert.matches("holds no lines that were left out", unharmed("customers.csv", "plan", "other.csv", "--skip-bad", "customers.csv"), 1,
        true)
      assert.matches("this is the ledger", unharmed("wixum.db", "plan", "customers.csv", "--skip-bad", "wixum.db"), 1, true)
      assert.matches("this is the ledger itself", (run("import", "wixum.db")), 1, true)
      assert.matches("2 rows: 2 pending", done("status"), 1, true)
      -- lines that were left out may be planned from their own file
      write("bad.csv", "site,email,role", SITE .. ",cem," .. ROLE, SITE .. ",dan," .. ROLE)
      done("plan", "bad.csv", "--skip-bad", "left.csv")
      local left = read("left.csv")
      done("plan", "bad.csv", "--skip-bad", "left.csv", "--dry-run")
      assert.equal(left, read("left.csv"))
      write("left.csv", (left:gsub(",cem,", ",cem@example.com,"):gsub("%s+$", "")))
      assert.matches("is the spreadsheet itself", unharmed("left.csv", "plan", "left.csv", "--skip-bad", "./left.csv"), 1, true)
      done("plan", "left.csv", "--skip-bad", "rest.csv")
      assert.is_nil(read("rest.csv"):find("cem", 1, true))
      assert.matches("^\xEF\xBB\xBFsite,email,role,line,reason\r\n[^\n]*,dan,", read("rest.csv"))
      write("notes.txt", "", "my notes, precious")
      unharmed("notes.txt", "plan", "bad.csv", "--skip-bad", "notes.txt")
      -- where no plan is made nothing is left out, and nothing of others is in the way
      write("rest.csv.part", "mine")
      write("rows.csv.part", "mine")
      run("plan", "left.csv", "--skip-bad", "rest.csv", "--column", "site=Nowhere")
      assert.matches(",dan,", read("rest.csv"), 1, true)
      done("export", "rows.csv")
      assert.equal("mine\n", read("rest.csv.part"))
      assert.equal("mine\n", read("rows.csv.part"))
      assert.equal("2\n", here.run(("ls %s | grep -c part"):format(folder)))
    end)

    it("of the ledger that another process has just made", function()
      local child = start("invite", "customers.csv")
      write("bad.csv", "site,email,role", SITE .. ",cem," .. ROLE)
      run("invite", "bad.csv")
      assert.equal(0, (child:wait()))
      assert.matches("2 rows: 2 pending", done("status"), 1, true)
    end)

    it("of what is live, in a rehearsal", function()
      done("plan", "customers.csv")
      local db = require("wixum.ledger.database").open(folder .. "/wixum.db")
      db:run("UPDATE settings SET value = 'https://www.wixapis.com' WHERE name = 'base_url'")
      db:close()
      for _, words in ipairs{ { "settle", "sent", "--all" }, { "retry", "--all" }, { "resume" }, { "status" } } do
        local output, code = run("--sandbox", "--ledger", "wixum.db", table.unpack(words))
        assert.equal(2, code, output)
        assert.matches("--sandbox leaves it alone", output, 1, true)
      end
      assert.equal("customers.csv\nwixum.db\n", list())
      db = require("wixum.ledger.database").open(folder .. "/wixum.db")
      db:run("UPDATE settings SET value = 'https://127.0.0.1.example.com' WHERE name = 'base_url'")
      db:close()
      assert.matches("^LIVE 127.0.0.1.example.com", done("status")) -- a name that only begins like this machine
    end)

    it("of what is left of a run that was killed or ended, also where nobody is to be mailed any more", function()
      done("invite", "customers.csv")
      server:fault{ delay = 1, times = "always", operation = "site_invites.resend_invite" }
      local child = start("resend", "--all")
      process.eventually("both", function() return #server:outbox{ kind = "resend" } == 2 end)
      child:kill("sigint")
      assert.equal(3, (child:wait()))
      server:faults_clear()
      assert.matches("Nobody to do this with", done("resend", "--all"), 1, true)
      assert.matches("2 mails sent once more", done("resend", "--all"), 1, true) -- that batch is over
      server:fault{ delay = 30, times = "always", operation = "site_invites.resend_invite" }
      child = start("resend", "--all")
      process.eventually("both", function() return #server:outbox{ kind = "resend" } == 6 end)
      child:kill("sigkill")
      child:wait()
      local output, code = run("resend", "--all")
      assert.equal(1, code, output)
      assert.matches("2 rows of a run that was killed are unknown", output, 1, true)
      assert.equal(6, #server:outbox{ kind = "resend" })
    end)

    it("of whom is meant: a mistyped address is no success", function()
      done("invite", "customers.csv")
      for _, words in ipairs{ { "resend" }, { "revoke" }, { "retry" }, { "settle", "sent" }, { "remind" } } do
        words[#words + 1], words[#words + 2] = "--email", "anm@example.com"
        local output, code = run(table.unpack(words))
        assert.equal(2, code, output)
        assert.matches("the ledger has no invite to anm@example.com", output, 1, true)
      end
    end)

    it("of what it is given: no mistake is a traceback", function()
      done("plan", "customers.csv")
      for _, words in ipairs{ { "plan", "customers.csv", "--encoding", "foo" }, { "plan", "customers.csv", "--delimiter", "xx" },
        { "--ledger", "", "plan", "customers.csv" }, { "--ledger", ":memory:", "plan", "customers.csv" }, { "--ledger", "a\nb", "status" },
        { "backup", "" }, { "export", "" }, { "import", "" }, { "--rate", "1/100000000000000", "resume" },
        { "--ledger", "/nonexist/x.db", "plan", "customers.csv" }, { "--ledger", ".", "status" }, { "export", "." },
        { "plan", "customers.csv", "--skip-bad", "." } } do
        local output, code = run(table.unpack(words))
        assert.equal(2, code, table.concat(words, " ") .. ": " .. output)
        assert.is_nil(output:find("traceback", 1, true), output)
        assert.matches("wixum: ", output)
      end
      for _, url in ipairs{ "foo", "http://evil.example" } do
        env.WIXUM_BASE_URL = url
        local output, code = run("sites")
        assert.equal(2, code)
        assert.is_nil(output:find("traceback", 1, true), output)
      end
    end)

    it("that a result which cannot be written is no success", function()
      done("plan", "customers.csv")
      for _, words in ipairs{ "status", "sites", "--json status", "roles --csv", "export" } do
        local output, code = process.run({ "sh", "-c", ("exec %s %s > /dev/full"):format(WIXUM, words) }, { env = env, cwd = folder })
        assert.equal(2, code, words)
        assert.matches("written", output)
      end
    end)

    it("of a run whose reader has gone, or whose terminal was closed", function()
      many(30)
      server:fault{ delay = 0.05, times = "always", operation = "site_invites.bulk_invite" }
      local _, code = process.run({ "sh", "-c", WIXUM .. " invite many.csv --concurrency 4 2>&1 | head -1 >/dev/null" },
        { env = env, cwd = folder })
      assert.equal(0, code)
      assert.equal(30, #server:outbox())
      assert.matches("30 rows: 30 pending", done("status"), 1, true)
      done("revoke", "--all")
      done("retry", "--all")
      for _, signal in ipairs{ "sigterm", "sighup" } do
        local before = #server:outbox()
        local child = start("resume", "--concurrency", "4")
        process.eventually("some mails", function() return #server:outbox() >= before + 4 end)
        child:kill(signal)
        child:expect("Ending")
        child:kill(signal) -- as who signals the process and its group
        assert.equal(3, (child:wait()))
      end
      assert.is_nil(done("status"):find("unknown", 1, true))
    end)
  end)

  it("shows no key and no accept link, whatever it prints", function()
    write("customers.csv", table.unpack(CUSTOMERS))
    local output = done("invite", "customers.csv", "--keep-links") .. done("status", "--json") .. done("export") .. done("export", "--json")
      .. done("resend", "--all", "--keep-links", "--json") .. run("resume", "--rate", "none")
    assert.is_nil(output:find(server.api_key, 1, true))
    for _, mail in ipairs(server:outbox()) do assert.is_nil(output:find(mail.accept_link, 1, true)) end
    assert.is_nil(output:find("token=", 1, true))
    local ledger <close> = assert(wixum.ledger.open(folder .. "/wixum.db"))
    assert.is_string(ledger:rows()().accept_link) -- they were asked for, and are there
  end)
end)

describe("progress", function()
  local progress = require "wixum.cli.progress"

  local function new(terminal)
    local self = { now = 100, text = "" }
    self.bar = progress.new{ terminal = terminal, verb = "Mailing", clock = function() return self.now end,
      write = function(text) self.text = self.text .. text end }
    return self
  end

  it("is a bar with rate and time left on a terminal, and is gone afterwards", function()
    local it = new(true)
    it.bar:at(0, 200)
    it.now = 110
    it.bar:at(50, 200)
    assert.matches("Mailing %[######%-%-%-%-%-%-%-%-%-%-%-%-%-%-%-%-%-%-%] 50 of 200, 5%.0/s, 30 s left$", it.text)
    local before = it.text
    it.now = 110.05
    it.bar:at(51, 200)
    assert.equal(before, it.text) -- not for every row
    it.bar:stop()
    assert.matches("\r\27%[K$", it.text)
  end)

  it("is a line every ten seconds elsewhere", function()
    local it = new(false)
    for second = 1, 25 do
      it.now = 100 + second
      it.bar:at(second, 7300)
    end
    assert.equal("Mailing 10 of 7300, 1.0/s, 2 h 01 min left\nMailing 20 of 7300, 1.0/s, 2 h 01 min left\n", it.text)
    it.bar:stop()
    assert.equal("1 min 30 s", progress.duration(90))
  end)
end)
