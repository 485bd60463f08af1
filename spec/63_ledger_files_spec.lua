-- A ledger as files: exports for spreadsheets and programs, backups, and what is read back.

local cjson = require "cjson"
local csv = require "wixum.csv"
local here = require "spec.support.here"
local support = require "spec.support.ledger"

describe("a ledger's files #pure", function()
  local desk, ledger, wix, server

  before_each(function()
    desk = support.desk()
    ledger, wix, server = desk.ledger, desk.wix, desk.server
  end)
  after_each(function()
    desk:close()
  end)

  local ANN, BOB = "ann@example.com", "bob@example.com"

  -- Rows as they are, but for their numbers.
  local function all(of, without)
    local list = {}
    for row in of:rows() do
      row.id = nil
      for _, name in ipairs(without or {}) do row[name] = nil end
      list[#list + 1] = row
    end
    return list
  end

  local function counts(done) return { done.added, done.replaced, done.kept } end

  -- Rows in every state, with what people write in fields.
  local function fill()
    desk:invite(ANN, BOB, "=cmd@example.com", "+49@example.com", "-x@example.com")
    assert(ledger:revoke(wix, { email = BOB }))
    server:fault{ reset = "after", operation = "site_invites.resend_invite" }
    assert(ledger:resend(wix, { email = ANN }))
    server:faults_clear()
    assert(ledger:plan({ { site_id = desk.sites[2], email = "o'neil@example.com", role = support.ROLE.title, language = "pt-BR",
      invite_purpose = '"Schön", sagte sie;\nund ging' } }, { client = wix }))
    assert(ledger:send(wix))
  end

  it("export as CSV that is read back as it was, and as JSON, one array", function()
    fill()
    local there = all(ledger)
    assert.equal(6, #there)
    local text = desk:file(".csv")
    assert.equal(#there, assert(ledger:export(text)))
    assert.equal("600\n", here.run("stat -c %a " .. text))
    for _, delimiter in ipairs{ ";", "\t" } do assert.equal(#there, assert(ledger:export(text, { delimiter = delimiter }))) end
    local rows, format = assert(csv.rows(text))
    assert.same({ "UTF-8", "\t" }, { format.encoding:match("UTF%-8"), format.delimiter })
    local count = 0
    local cells = require "wixum.ledger.cells"
    for row in rows do
      count = count + 1
      assert.is_nil(row.email:find("^[=+%-@]"))
      assert.equal(there[count].email, cells.read(row.email))
      assert.equal(there[count].site_id, row.site_id)
      assert.equal(support.ROLE.id, row.policy_ids)
    end
    assert.equal(#there, count)
    local json = desk:file(".json")
    assert.equal(#there, assert(ledger:export(json)))
    local list = cjson.decode(support.read(json))
    assert.equal(#there, #list)
    for i, row in ipairs(list) do
      assert.same({ support.ROLE.id }, row.policy_ids)
      assert.is_nil(row.accept_link)
      assert.equal(there[i].email, row.email)
      assert.equal(there[i].state, row.state)
    end
    assert.equal(1, assert(ledger:export(json, { selector = { email = ANN } })))
    assert.equal(0, assert(ledger:export(json, { selector = { email = "nobody@example.com" } })))
    assert.equal("[\n]\n", support.read(json))
  end)

  it("export cells that no spreadsheet runs, and that are the same when they are read back", function()
    local cells = require "wixum.ledger.cells"
    for _, text in ipairs{ "=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "'=1", "''+1", "＝1", "'", "'a", "", "a=1", 'a"b', "a;b", "a\nb",
      "''" } do
      for _, delimiter in ipairs{ ",", ";", "\t" } do
        local written = cells.written(text, delimiter)
        local file = desk:file(".csv", "x" .. delimiter .. "y\r\n" .. written .. delimiter .. "end\r\n")
        for row in assert(csv.rows(file, { delimiter = delimiter, trim = false })) do
          assert.equal(text, cells.read(row.x or ""))
          assert.is_nil((row.x or ""):find("^[=+%-@\t\r]"), text)
          assert.is_nil((row.x or ""):find("^\xEF\xBC[\x8B\x8D\x9D\xA0]"), text)
        end
      end
    end
  end)

  it("leave what is there as it was, where an export cannot be written", function()
    desk:invite(ANN)
    local count, err = ledger:export("/nowhere/x.csv")
    assert.is_nil(count)
    assert.matches("cannot be", tostring(err))
    local target = desk:file(".csv", "precious")
    local full <close> = assert(io.open("/dev/full", "wb"))
    full:setvbuf("no")
    count, err = ledger:export(full)
    assert.is_nil(count)
    assert.matches("the export cannot be written", tostring(err))
    assert.equal("precious", support.read(target))
  end)

  it("are one backup, which is a ledger again on another machine", function()
    desk:invite(ANN, BOB)
    assert(ledger:revoke(wix, { email = BOB }))
    local backup = desk:file(".backup")
    assert.equal(2, assert(ledger:backup(backup)))
    assert.equal("600\n", here.run("stat -c %a " .. backup))
    local count, err = ledger:backup(backup)
    assert.is_nil(count)
    assert.matches("is there already", tostring(err))
    local other <close>, place = desk:another()
    local done = assert(other:import(backup))
    assert.same({ 2, 0, 0, 0 }, { done.added, done.replaced, done.kept, done.unknown })
    assert.same(all(ledger), all(other))
    assert.equal(1, assert(other:resend(wix, { email = ANN })).done) -- the ids are there
    -- of what both have, what changed last counts
    desk:days(1)
    assert.same({ 0, 0, 2 }, counts(assert(other:import(backup))))
    assert(ledger:resend(wix, { email = ANN }))
    local later = desk:file(".backup")
    assert(ledger:backup(later))
    assert.same({ 0, 1, 1 }, counts(assert(other:import(later))))
    -- the calls are there too, each once
    local database = require "wixum.ledger.database"
    local db <close> = database.open(place)
    assert.equal(4, db:one("SELECT count(*) AS number FROM calls").number)
  end)

  it("bring back what was interrupted, and who could reach the sites", function()
    desk:invite(ANN, BOB)
    pcall(ledger.resend, ledger, wix, { all = true }, { concurrency = 1, on_progress = function(summary)
      if summary.done == 1 then error("stop", 0) end
    end })
    local backup = desk:file(".backup")
    assert(ledger:backup(backup))
    local other <close> = desk:another()
    assert(other:import(backup))
    local summary = assert(other:resend(wix, { all = true }))
    assert.same({ 1, 1 }, { summary.done, summary.attempted })
    assert.same({ [ANN] = 1, [BOB] = 1 }, desk:mails("resend"))
  end)

  it("mail nobody twice: what was planned in a backup may have been sent after it was made", function()
    desk:plan(2)
    local backup, json = desk:file(".backup"), desk:file(".json")
    assert(ledger:backup(backup))
    assert(ledger:export(json))
    assert(ledger:send(wix))
    for _, file in ipairs{ backup, json } do
      local other <close> = desk:another()
      assert.equal(2, assert(other:import(file)).unknown)
      if file == backup then assert.equal(0, assert(other:send(wix)).total) end
      for row in other:rows() do
        assert.same({ "unknown", "invite" }, { row.state, row.unknown_step })
        assert.matches("it may have been sent after that", row.reason)
      end
      assert.equal(2, assert(other:settle({ all = true }, "not_sent")).changed)
      for row in other:rows() do assert.same({ "planned", 0 }, { row.state, row.mails }) end
    end
    assert.equal(1, desk:mails()["n1@example.com"])
  end)

  it("read back an export, CSV in any delimiter or JSON in any shape", function()
    desk:invite(ANN, BOB)
    assert(ledger:revoke(wix, { email = BOB }))
    assert(ledger:plan({ { site_id = desk.sites[2], email = "o'neil@example.com", role = support.ROLE.title, language = "pt-BR",
      invite_purpose = '"Schön", sagte sie;\nund ging' } }, { client = wix }))
    assert(ledger:send(wix))
    local there = all(ledger)
    local json = desk:file(".json")
    assert(ledger:export(json))
    local shapes = { json }
    for _, delimiter in ipairs{ ",", ";", "\t" } do
      local file = desk:file(".csv")
      assert(ledger:export(file, { delimiter = delimiter }))
      shapes[#shapes + 1] = file
    end
    shapes[#shapes + 1] = desk:file(".json", cjson.encode(cjson.decode(support.read(json)))) -- in one line
    for _, file in ipairs(shapes) do
      local other <close> = desk:another()
      assert.equal(3, assert(other:import(file)).added)
      assert.same(there, all(other))
    end
  end)

  it("name every bad row of an export, and read in nothing", function()
    desk:invite(ANN)
    local file = desk:file(".csv")
    assert(ledger:export(file))
    local good = support.read(file)
    local header, row = good:match("^(.-\r\n)(.-\r\n)$")
    local bad = row:gsub(ANN, "no address")
    local worse = row:gsub(support.ROLE.id, "6.60041E+18"):gsub("pending", "waiting"):gsub(desk.sites[1]:gsub("%-", "%%-"), "mine")
    local other <close> = desk:another()
    local done, problems = other:import(desk:file(".csv", header .. row .. bad .. worse))
    assert.is_nil(done)
    local text = tostring(problems)
    for _, words in ipairs{ ':3: column "email"', ':4: column "policy_ids"', "a spreadsheet may have made a number of it",
      ':4: column "state"', ':4: column "site_id"' } do assert.matches(words, text, 1, true) end
    assert.equal(0, assert(other:status()).rows)
    for _, row_of in ipairs{
      { "nothing at all", "is neither a backup nor an export: it has no column site_id" }, { "\n\n", "the file holds no rows" },
      { '[{"email":5}', "is no JSON" }, { "[\n{\"email\":5},\n{", ":3: this is no JSON" },
    } do
      done, problems = other:import(desk:file(".txt", row_of[1]))
      assert.is_nil(done)
      assert.matches(row_of[2], tostring(problems), 1, true)
    end
    done, problems = other:import("/nowhere/x")
    assert.is_nil(done)
    assert.matches("cannot be read, or is empty", tostring(problems))
    assert.equal(0, assert(other:status()).rows)
  end)

  it("are of one account: a backup of another's is refused", function()
    desk:invite(ANN)
    local strange = support.desk{ seed = 9 }
    strange:invite(BOB)
    local backup = desk:file(".backup")
    assert(strange.ledger:backup(backup))
    strange:close()
    local done, err = ledger:import(backup)
    assert.is_nil(done)
    assert.matches("it was made for", tostring(err))
    assert.same({ pending = 1 }, desk:states())
    -- and one of another program
    local other = desk:file(".db")
    local connection = require("luasql.sqlite3").sqlite3():connect(other)
    connection:execute("CREATE TABLE invites (x)")
    connection:close()
    done, err = ledger:import(other)
    assert.is_nil(done)
    assert.matches("of another program", tostring(err))
    done, err = ledger:import(desk:file(".db", "SQLite format 3\0" .. ("x"):rep(5000)))
    assert.is_nil(done)
    assert.equal("ledger", err.kind)
    assert.same({ pending = 1 }, desk:states())
  end)
end)
