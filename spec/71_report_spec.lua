-- The report: figures of a ledger, and the page that is made of them. How it is in a browser: 71_report_browser_spec.

local cjson = require "cjson"
local figures = require "wixum.report.figures"
local here = require "spec.support.here"
local page = require "wixum.report.page"
local periods = require "wixum.report.periods"
local process = require "spec.support.process"
local reasons = require "wixum.report.reasons"
local report = require "spec.support.report"
local shown = require "wixum.report.shown"
local support = require "spec.support.ledger"
local wixum = require "wixum"
local words = require "wixum.report.words"

local WIXUM = os.getenv("WIXUM_SPEC_BUILD") .. "/bin/wixum"
local HOSTILE = "\"'></td></script><script>window.taken = true</script><img src=x onerror='window.taken = true'>\u{2028}\u{202e}\27[2J\7"

describe("a report's figures #pure", function()
  local desk, ledger, found

  setup(function()
    desk = report.desk()
    report.fill(desk)
    ledger = desk.ledger
    found = assert(ledger:report())
  end)
  teardown(function() desk:close() end)

  it("say where everybody stands, in numbers and shares that add up", function()
    assert.same({ 10, 8, 11 }, { found.rows, found.mailed, found.mails })
    assert.same({ accepted = 1, waiting = 3, unclear = 1, expired = 1, failed = 1, unknown = 1, planned = 1, sending = 0, revoked = 1 },
      found.states)
    assert.same({ accepted = 10, waiting = 30, unclear = 10, expired = 10, failed = 10, unknown = 10, planned = 10, sending = 0,
      revoked = 10 }, found.shares)
    assert.same({ desk.server.base_url, desk.server.account_id, true }, { found.base_url, found.account_id, found.is_sandbox })
    assert.equal("2025-12-25T16:00:00Z", found.clock)
    assert.is_true(math.abs(wixum.time(found.made_at) - os.time()) < 3600) -- of this computer, not of the sandbox
    assert.is_nil(found.only)
  end)

  it("are a line of text", function()
    assert.equal("10 invitations, 8 mailed: 1 accepted, 3 waiting, 1 unclear, 1 expired, 1 failed, 1 unknown, 1 planned, 1 revoked; "
      .. "11 mails", tostring(assert(ledger:report())))
  end)

  it("are the same by site, worst first, by the names that the ledger knows", function()
    local list = {}
    for i, site in ipairs(found.sites) do list[i] = { site.name, site.rows, site.mailed, site.states } end
    assert.same({
      { "Florist", 2, 1, { failed = 1, unknown = 1 } },
      { "Studio", 4, 3, { unclear = 1, waiting = 2, planned = 1 } },
      { "Bäckerei Süß", 4, 4, { accepted = 1, revoked = 1, waiting = 1, expired = 1 } },
    }, list)
  end)

  it("have every mail on its day, also those between the first and the last of a row", function()
    local list = {}
    for i, period in ipairs(found.time.list) do
      local day = { period.first, period.again, period.accepted }
      if table.concat(day) ~= "000" then list[period.from] = day end
      found.time.list[i].sum = period.first + period.again
    end
    assert.same({ ["2025-11-24"] = { 5, 0, 0 }, ["2025-11-27"] = { 0, 1, 0 }, ["2025-11-29"] = { 3, 0, 0 },
      ["2025-12-04"] = { 0, 2, 1 } }, list)
    assert.same({ "day", 11, 0 }, { found.time.unit, #found.time.list, found.undated })
    -- what no call tells is told as not known
    report.change(desk, "UPDATE invites SET mails = 9 WHERE email = 'cem@example.com'")
    local more = assert(ledger:report())
    assert.same({ 17, 6 }, { more.mails, more.undated })
    report.change(desk, "UPDATE invites SET mails = 3 WHERE email = 'cem@example.com'")
  end)

  it("take from calls what rows do not tell, and no more", function()
    local function between(undated, day)
      local now = assert(ledger:report())
      assert.equal(undated, now.undated)
      local again = {}
      for _, period in ipairs(now.time.list) do again[period.from] = period.again > 0 and period.again or nil end
      assert.same({ ["2025-12-04"] = 2, [day or "2025-11-27"] = undated == 0 and 1 or nil }, again)
    end
    local function call(day)
      report.change(desk, [[INSERT INTO calls (began_at, operation, site_id, people, outcome)
        VALUES (?, 'site_invites.resend_invite', ?, 'Cem@example.com', 'unknown')]], day .. "T16:00:00Z", report.SITES[1])
    end
    between(0)
    -- one that was settled as not sent is no mail of the row's
    call "2025-11-25"
    between(0)
    -- nor is one that was refused, or one of another site
    report.change(desk, "UPDATE calls SET outcome = 'refused' WHERE people = 'cem@example.com'")
    between(0, "2025-11-25")
    report.change(desk, "UPDATE calls SET site_id = ? WHERE people = 'Cem@example.com'", report.SITES[3])
    between(1)
    -- nor one from before the invite
    call "2025-11-01"
    between(1)
    report.change(desk, "DELETE FROM calls WHERE people = 'Cem@example.com'")
    report.change(desk, "UPDATE calls SET outcome = 'done' WHERE people = 'cem@example.com'")
    between(0)
  end)

  it("put reasons together that differ in ids and addresses, and leave out what explains nothing", function()
    local list = {}
    for i, group in ipairs(found.reasons) do list[i] = { group.kind, group.reason, group.count, group.example.email } end
    assert.same({
      { "failed", 'the service answered 400: "The address [address] is of no use, [id]"', 1, "gus@example.com" },
      { "refused", 'the service answered 428: "The invite was used"', 1, "fay@example.com" },
      { "unknown", "the connection broke before an answer came", 1, "hal@example.com" },
    }, list)
    local copy = support.temporary(nil, ".db")
    assert(ledger:backup(copy))
    local other <close> = assert(wixum.ledger.open(copy, { time = desk:time() }))
    assert(other:settle({ state = "unknown" }, "sent"))
    report.change({ path = copy }, "UPDATE invites SET reason = 'x' WHERE state IN ('accepted', 'revoked') OR evidence = 'unclear'")
    assert.equal(2, #assert(other:report()).reasons)
    for _, group in ipairs(assert(other:report()).reasons) do assert.are_not.equal("hal@example.com", group.example.email) end
    support.remove(copy)
  end)

  it("are of those rows alone that are meant", function()
    local of_site = assert(ledger:report(nil, { selector = { site_id = report.SITES[1] } }))
    assert.same({ 4, 4, 7, "Bäckerei Süß" }, { of_site.rows, of_site.mailed, of_site.mails, of_site.only })
    assert.same({ 1, 0 }, { #of_site.sites, of_site.undated })
    assert.equal(7, (function()
      local sum = 0
      for _, period in ipairs(of_site.time.list) do sum = sum + period.first + period.again end
      return sum
    end)())
    local of_others = assert(ledger:report(nil, { selector = { site_id = report.SITES[3] } })) -- cem's mails are another site's
    assert.same({ 3, 0 }, { of_others.mails, of_others.undated })
    assert.same({ 2, "limit=2" }, (function(some) return { some.rows, some.only } end)(ledger:report(nil, { selector = { limit = 2 } })))
    assert.equal(0, ledger:report(nil, { selector = { email = "nobody@example.com" } }).rows)
  end)

  it("share a hundred out so that nothing is lost", function()
    for _, counts in ipairs{ { a = 1, b = 1, c = 1 }, { a = 199, b = 1, c = 0 }, { a = 7, b = 0, c = 0 }, { a = 1, b = 2, c = 3 } } do
      local sum = 0
      for _, share in pairs(figures.shares(counts, { "a", "b", "c" })) do sum = sum + share end
      assert.equal(100, sum)
    end
    assert.same({ a = 34, b = 33, c = 33 }, figures.shares({ a = 1, b = 1, c = 1 }, { "a", "b", "c" }))
    assert.same({ a = 0, b = 0 }, figures.shares({}, { "a", "b" }))
  end)

  it("raise at the caller's line what is no option of theirs", function()
    for _, row in ipairs{ { { most = 0 }, "most must be a whole number" }, { { msot = 1 }, 'unknown option msot' },
      { { selector = { stat = "x" } }, "a selector has no stat" } } do
      local ok, raised = pcall(function() ledger:report(nil, row[1]) end)
      assert.is_false(ok)
      assert.matches("71_report_spec.lua:%d+: .*" .. row[2], raised)
    end
    assert.matches("takes the path of a file", select(2, pcall(ledger.report, ledger, 5)))
  end)
end)

describe("what a report is made of #pure", function()
  it("tells days, weeks and months apart by how long it was", function()
    local function unit(first, last)
      local series = periods.series({ [periods.day(first)] = { a = 1 }, [periods.day(last)] = { a = 2 } }, { "a" })
      local sum = series.before.a
      for _, period in ipairs(series.list) do sum = sum + period.a end
      assert.equal(first == last and 2 or 3, sum)
      return { series.unit, #series.list, series.list[1].from, series.list[#series.list].from }
    end
    assert.same({ "day", 1, "2025-11-24", "2025-11-24" }, unit("2025-11-24", "2025-11-24"))
    assert.same({ "day", 45, "2025-11-24", "2026-01-07" }, unit("2025-11-24", "2026-01-07"))
    assert.same({ "week", 8, "2025-11-17", "2026-01-05" }, unit("2025-11-23", "2026-01-07")) -- from Monday to Monday
    assert.same({ "month", 14, "2025-11-01", "2026-12-01" }, unit("2025-11-23", "2026-12-31"))
    assert.same({ "month", 60, "2021-01-01", "2025-12-01" }, unit("2001-01-31", "2025-12-31")) -- the rest lies before
    assert.equal("week of 5 Jan 2026", periods.words("week", "2026-01-05"))
    assert.same({ "day", {} }, (function(series) return { series.unit, series.list } end)(periods.series({}, { "a" })))
  end)

  it("takes no day for one that is none", function()
    for _, text in ipairs{ "2025-02-29", "2025-04-31T00:00:00Z", "2025-13-01", "2025-99-99T99:99:99Z", "0001-01-01", "9999-12-31", "",
      "soon" } do
      assert.is_nil(periods.day(text), text)
    end
    assert.is_nil(periods.day(nil))
    for day = 11000, 47000, 7 do assert.equal(day, periods.day(os.date("!%Y-%m-%d", day * 86400))) end
  end)

  it("compares reasons without what differs from row to row, and keeps only so many", function()
    for text, masked in pairs{
      ["a 5d96cf7f-265b-4da9-8f0c-26ef4243ed52 b"] = "a [id] b", ["(ann@example.com, 'bob@example.com')."] = "([address], '[address]').",
      ["at 2025-11-24T16:00:00.123Z, 503"] = "at [date], 503", ["request 1764000000.1234567"] = "request [id]",
      ["number 1234567"] = "number [number]", ["nothing to mask here"] = "nothing to mask here",
      ["https://x.example/accept?token=secret"] = "https://x.example/…", ["IST.eyJhbGciOi.abcdefghijk"] = "[masked]",
    } do assert.equal(masked, (reasons.masked(text):gsub("example/.*", "example/…"))) end
    local why = reasons.new()
    for i = 1, 1000 do why:add("failed", { reason = "no " .. ("x"):rep(i % 250 + 1), email = "e", site_id = "s" }) end
    local list = why:list()
    assert.equal(201, #list)
    assert.is_true(list[1].others)
    assert.equal(200, list[1].count)
    why = reasons.new()
    why:add("failed", { email = "e" })
    why:add("unknown", { email = "e", reason = "" })
    assert.same({ nil, nil, 2 }, { why:list()[1].reason, why:list()[2].reason, #why:list() })
  end)

  it("makes a link of a site's own address alone, without what could be a secret in it", function()
    for url, address in pairs{
      ["https://www.bakery.example/home?token=1#x"] = "https://www.bakery.example/home", ["HTTP://bakery.example:8080"] =
      "http://bakery.example:8080", ["https://bakery.example/über"] = "https://bakery.example/über",
    } do assert.equal(address, shown.address(url)) end
    for _, url in ipairs{ "javascript:alert(1)", "data:text/html,x", "//bakery.example", "https://user:pass@bakery.example/", "https://",
      "https://a.example/\" onclick=\"x", "https://a.example/\u{202e}", "https://a.example/ b", "\nhttps://a.example", "ftp://a.example",
      "https://a.example/" .. ("x"):rep(400), "" } do assert.is_nil(shown.address(url), url) end
    assert.is_nil(shown.address(nil))
  end)

  it("names commands that there are", function()
    local top = require("wixum.cli.parser").new()
    local function check(text)
      for command in (text or ""):gmatch("`([^`]*)`") do
        local arguments = {}
        for word in command:gmatch("%S+") do arguments[#arguments + 1] = word == "ID" and report.SITES[1] or word end
        assert.equal("wixum", table.remove(arguments, 1))
        local ok, problem = top:pparse(arguments)
        assert.is_true(ok, tostring(problem))
      end
    end
    for _, state in ipairs(words.STATES) do check(state.advice) end
    for _, kind in pairs(words.KINDS) do check(kind.advice) end
    for _, name in ipairs{ "unclear", "expired", "failed", "unknown" } do assert.matches("`wixum ", words.STATE[name].advice) end
  end)
end)

describe("a report's page #pure", function()
  local desk, ledger, target

  before_each(function()
    desk, target = report.desk(), support.temporary(nil, ".html")
    ledger = desk.ledger
  end)
  after_each(function()
    desk:close()
    os.remove(target)
  end)

  local function made(options)
    local found = assert(ledger:report(target, options))
    return support.read(target), found
  end

  local function count(text, piece) return select(2, text:gsub(piece:gsub("%p", "%%%0"), "")) end

  -- What is read of a page.
  local function words_of(text)
    return (text:gsub("<style.-</style>", ""):gsub("<script.-</script>", ""):gsub("<[^>]*>", " "):gsub("%s+", " "))
  end

  it("tells all of it, and what to do next", function()
    report.fill(desk)
    local text, found = made()
    assert.equal(page.MARK, text:sub(1, #page.MARK))
    local read = words_of(text)
    for _, piece in ipairs{ "10 invitations on 3 sites. 8 were mailed; 1 has accepted (13%).", desk.server.base_url, desk.server.account_id,
      found.made_at:sub(1, 10) .. " " .. found.made_at:sub(12, 16) .. " UTC", "Ledger&#39;s clock 2025-12-25 16:00 UTC",
      "Invitations 10 100%",
      "Mailed 8 80% 11 mails went out, or may have.", "Accepted 1 10%", "Waiting 3 30%", "Unclear to do 1 10%", "Expired to do 1 10%",
      "wixum retry --state expired", "wixum settle not_sent --email ADDRESS", "wixum confirm ADDRESS --site SITE --account ID",
      "24 Nov 2025 5 0", "Not mailed: 1", "the service answered 400: &quot;The address [address] is of no use, [id]&quot;",
      "For example gus @example.com on Florist",
      "cem @example.com Website Manager Bäckerei Süß Waiting 3 2025-11-24 16:00 2025-12-04 16:00 2026-01-03 16:00",
      "hal @example.com Website Manager Florist Unknown what became of the first mail the connection broke before an answer came 1",
      "ann @example.com Website Manager Bäckerei Süß Accepted an answer of the service says it 2",
      "Last check 2025-11-29 16:00 UTC" } do
      assert.is_truthy(read:find(piece, 1, true), piece)
    end
    assert.matches('<p class="sandbox"><strong>SANDBOX</strong>', text, 1, true)
    assert.matches("<title>SANDBOX: Invitations, ", text, 1, true)
    assert.equal(10, count(text, "<tr data-state="))
    -- live it is no rehearsal; and what is not known is said
    report.change(desk, "UPDATE settings SET value = 'https://www.wixapis.com' WHERE name = 'base_url'")
    text = made()
    assert.is_nil(text:find("SANDBOX", 1, true))
    report.change(desk, "DELETE FROM settings")
    read = words_of((made()))
    assert.is_nil(read:find("SANDBOX", 1, true))
    assert.matches("Service none yet", read, 1, true)
  end)

  it("knows who has joined as a look has it, or who it may have been", function()
    report.fill(desk)
    report.change(desk, "UPDATE invites SET evidence = NULL WHERE email = 'dan@example.com'")
    for _, invite in ipairs(desk.server:invites()) do
      if invite.email == "jon@example.com" then desk.server:accept(invite.id) end
    end
    assert(ledger:check(desk.wix))
    local account = desk:row("jon@example.com").candidates[1]
    for _ = 1, 2 do -- also when they have expired
      local text, found = made()
      assert.same({ 3, 1 }, { found.states.unclear, found.states.accepted })
      assert.equal(3, count(text, "it may be account " .. account))
      assert.equal(3, count(text, '<tr data-state="unclear" class="needs">'))
      assert.matches("Last check 2025-12-25 16:00 UTC", words_of(text), 1, true)
      desk:days(20)
    end
    assert(ledger:confirm{ email = "jon@example.com", site_id = report.SITES[3], account_id = account })
    local text, found = made()
    assert.same({ 0, 2, 4 }, { found.states.unclear, found.states.accepted, found.states.expired })
    assert.equal(0, count(text, "it may be account"))
    assert.equal("day", found.time.unit)
    local accepted = {}
    for _, period in ipairs(found.time.list) do accepted[period.from] = period.accepted > 0 and period.accepted or nil end
    assert.same({ ["2025-12-04"] = 1, ["2025-12-25"] = 1 }, accepted) -- when it was seen, not when it was said
    report.change(desk, "UPDATE sites SET checked_at = NULL")
    assert.matches("Last check never: wixum check looks who has joined", words_of((made())), 1, true)
  end)

  it("names the invites to the team that it does not count", function()
    desk:invite("ann@example.com")
    assert.is_nil(words_of((made())):find("Team", 1, true))
    assert(ledger:team_invite(desk.wix, { email = "eve@example.com", role = support.ROLE.title, sites = { report.SITES[1] } }))
    local text, found = made()
    assert.same({ 1, 1 }, { found.rows, found.team })
    assert.truthy(words_of(text):find("Team 1 invite to the account itself, not counted on this page: wixum team list tells", 1, true))
    text, found = made{ selector = { email = "ann@example.com" } }
    assert.is_nil(found.team)
    assert.is_nil(words_of(text):find("Team", 1, true))
  end)

  it("tells that there is nobody", function()
    local read = words_of((made()))
    assert.matches("Nobody is invited, and nobody is planned to be.", read, 1, true)
    desk:plan(1)
    read = words_of((made()))
    assert.matches("1 invitation on 1 site. Nobody has been mailed yet.", read, 1, true)
    assert.is_nil(read:find("Over time", 1, true))
  end)

  it("lets nothing in it run or load but its own, whatever stands in the ledger", function()
    report.fill(desk)
    local long = HOSTILE .. ("x"):rep(10000) .. HOSTILE
    local secrets = "IST.eyJraWQiOiJQb3pIX2FDMiI.eyJkYXRhIjoi.c2lnbmF0dXJl https://www.wix.com/accept?token=abcdefsecret"
    for _, name in ipairs{ "roles", "reason", "evidence", "request_id", "invite_purpose", "account_id" } do
      report.change(desk, ("UPDATE invites SET %s = ? WHERE email IN ('gus@example.com', 'hal@example.com')"):format(name), long)
      report.change(desk, ("UPDATE invites SET %s = ? WHERE email = 'jon@example.com'"):format(name), secrets)
    end
    report.change(desk, "UPDATE invites SET email = ?, accept_link = ? WHERE email = 'hal@example.com'", long,
      "https://www.wix.com/accept?token=abcdefsecret")
    report.change(desk, "UPDATE invites SET first_mail_at = ?, last_mail_at = ?, expires_at = ? WHERE email = ?", HOSTILE, HOSTILE, HOSTILE,
      "dan@example.com")
    report.change(desk, "UPDATE invites SET state = ? WHERE email = 'eve@example.com'", HOSTILE)
    report.change(desk, "UPDATE sites SET name = ?, url = ?", long, HOSTILE)
    report.change(desk, "UPDATE settings SET value = ? WHERE name <> 'sender'", HOSTILE)
    local text, found = made()
    assert.equal(10, found.rows)
    assert.equal(2, found.states.unknown) -- a state that nobody knows is one
    assert.equal(1, count(text, "<script"))
    assert.equal(1, count(text, "</script"))
    assert.equal(1, count(text, "<style"))
    for _, piece in ipairs{ "<img", "onerror='", "IST.", "abcdefsecret", "\u{202e}", "\27", "\7", desk.server.api_key, "javascript:",
      ("x"):rep(700) } do assert.is_nil(text:find(piece, 1, true), piece) end
    for address in text:gmatch 'href="([^"]*)"' do assert.matches("^#%l+$", address) end
    assert.is_true(#text < 80000)
    assert.is_truthy(utf8.len(text))
    local policy = text:match('Content%-Security%-Policy" content="([^"]*)"')
    local nonce = text:match '<style nonce="(%x+)">'
    assert.equal(32, #nonce)
    assert.equal(nonce, text:match '<script nonce="(%x+)">')
    assert.equal(("default-src 'none'; style-src 'nonce-%s'; script-src 'nonce-%s'; base-uri 'none'; form-action 'none'"):format(nonce,
      nonce):gsub("'", "&#39;"), policy)
    assert.not_equal(nonce, made():match '<style nonce="(%x+)">')
    for tag in text:gmatch "<(%l+)[^>]*%ssrc=" do error("something is loaded by " .. tag) end
  end)

  it("links to sites that have an address, without what stands behind it", function()
    report.fill(desk)
    local text = made()
    assert.equal(4, count(text, '<a href="https://bakery.example/home" target="_blank" rel="noreferrer noopener">'))
    for address in text:gmatch 'href="([^#"]*)"' do assert.is_truthy(shown.address(address), address) end
  end)

  it("has the first rows alone where there are too many, and says so", function()
    report.fill(desk)
    local text, found = made{ most = 3 }
    assert.same({ 10, 3 }, { found.rows, found.in_table })
    assert.equal(3, count(text, "<tr data-state="))
    assert.matches("The table has the first rows alone; 7 are left out. wixum export rows.csv has all of them.", words_of(text), 1, true)
    text = made{ selector = { site_id = report.SITES[2] } }
    assert.equal(2, count(text, "<tr data-state="))
    assert.matches("Only Florist", words_of(text), 1, true)
  end)

  it("tells in words what there are too many of, and what lies before its bars", function()
    report.fill(desk)
    report.change(desk, "UPDATE invites SET first_mail_at = '2015-01-01T00:00:00Z' WHERE email IN ('ann@example.com', 'bob@example.com')")
    report.change(desk, "UPDATE invites SET first_mail_at = NULL WHERE email = 'jon@example.com'")
    report.change(desk, [[WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 502)
      INSERT INTO invites (site_id, email, person, policy_ids, state, reason, planned_at, changed_at)
      SELECT 'site' || i, 'n' || i || '@example.com', 'n' || i || '@example.com', '1', 'failed', 'no ' || (i % 100), '', '' FROM n]])
    local text = made{ most = 5 }
    local read = words_of(text)
    assert.matches("2 mails went out before 1 Jan 2021.", read, 1, true)
    assert.matches("Mails a month", read, 1, true)
    assert.matches("Of 1 mail the ledger does not know the day.", read, 1, true)
    assert.equal(500, count(text, "data-site"))
    assert.matches("5 more sites, with less to do, are not shown here", read, 1, true)
    assert.equal(30, count(text, "<small>For example"))
    assert.matches("73 reasons more; the rows below have them.", read, 1, true)
    assert.matches("Not mailed: 503", read, 1, true)
    assert.matches("Accepted 1 &lt;1%", read, 1, true)
  end)

  it("is of one moment, whoever writes meanwhile", function()
    report.fill(desk)
    local write = page.write
    finally(function() page.write = write end)
    page.write = function(...)
      report.change(desk, "UPDATE invites SET state = 'revoked'") -- by another connection, between figures and rows
      return write(...)
    end
    local text = made()
    assert.equal(1, count(text, '<tr data-state="revoked"'))
    assert.equal(10, assert(ledger:report()).states.revoked)
  end)

  describe("as a file", function()
    before_each(function() desk:invite("ann@example.com") end)

    local function refused(path, why)
      local before = here.read(path)
      local found, err = ledger:report(path)
      assert.is_nil(found)
      assert.equal("ledger", err.kind)
      assert.matches(why, tostring(err), 1, true)
      assert.equal(before, here.read(path))
    end

    it("is its owner's alone, and takes the place of an earlier report and of nothing else", function()
      made()
      assert.equal("600\n", here.run("stat -c %a " .. target))
      desk:invite("bob@example.com")
      assert.matches("bob<wbr>@example.com", (made()))
      os.remove(target)
      assert(ledger:export(target))
      refused(target, "is there already, and is no report; it stays as it is")
      local other = assert(io.open(target, "w"))
      other:write("<!DOCTYPE html>\n<p>mine"):flush()
      refused(target, "is no report")
      refused(desk.path, "a report cannot take the place of the ledger itself")
      refused(desk.path .. "-wal", "a report cannot take the place of the ledger itself")
      other:close()
      assert(io.open(target, "w")):close() -- nobody's
      made()
      assert.is_nil(ledger:export(target)) -- nor does an export take a report's
      assert.equal(1, #here.run("ls " .. target .. "*"):gsub("[^\n]", ""))
    end)

    it("goes through a device and into an open file, and tells what cannot be written", function()
      refused("/nowhere/x.html", "cannot be")
      local found, err = ledger:report("/dev/full")
      assert.is_nil(found)
      assert.matches("the report cannot be written: No space left on device", tostring(err), 1, true)
      assert.equal(1, assert(ledger:report("/dev/null")).rows)
      local file <close> = assert(io.tmpfile())
      assert.equal(1, assert(ledger:report(file)).rows)
      file:seek("set")
      assert.matches("</html>\n$", file:read("a"))
      local full <close> = assert(io.open("/dev/full", "wb"))
      found, err = ledger:report(full)
      assert.is_nil(found)
      assert.matches("the report cannot be written", tostring(err))
      -- what fits in a buffer is missed at its end
      found, err = ledger:export("/dev/full")
      assert.is_nil(found)
      assert.matches("the export cannot be written", tostring(err))
      found, err = ledger:export(assert(io.open("/dev/full", "wb")))
      assert.is_nil(found)
      assert.matches("the export cannot be written", tostring(err))
    end)
  end)
end)

describe("wixum report #pure", function()
  local desk, folder

  before_each(function()
    desk = report.desk()
    report.fill(desk)
    folder = here.run("mktemp -d"):match("%S+")
  end)
  after_each(function()
    desk:close()
    os.execute("rm -rf " .. folder)
  end)

  local function run(...) return process.run({ WIXUM, "--ledger", desk.path, "report", ... }, { cwd = folder }) end
  local function sh(words_) return process.run({ "sh", "-c", words_:gsub("REPORT", WIXUM .. " --ledger " .. desk.path .. " report") },
    { cwd = folder }) end
  local function list() return here.run("ls " .. folder) end

  it("says how many rows, and where", function()
    local output, code = run("--html", "monday.html")
    assert.equal(0, code, output)
    assert.equal(("SANDBOX %s\n10 rows in monday.html: open it in any browser.\n"):format(desk.server.base_url), output)
    assert.equal("600\n", here.run(("stat -c %%a %s/monday.html"):format(folder)))
    assert.equal("", (run("--html", "monday.html", "--quiet")))
    output = run("--html", "site.html", "--site", "bäckerei süß")
    assert.matches("4 rows in site.html", output, 1, true)
    assert.matches("Bäckerei Süß", here.read(folder .. "/site.html"))
    assert.is_nil(here.read(folder .. "/site.html"):find("Florist", 1, true))
  end)

  it("names the export where the table has not all of them", function()
    report.change(desk, ([[WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
      INSERT INTO invites (site_id, email, person, policy_ids, state, planned_at, changed_at)
      SELECT '%s', 'n' || i, 'n' || i, '1', 'planned', '', '' FROM n]]):format(report.SITES[1]))
    local output = run("--html", "x.html")
    assert.matches(("20010 rows in x.html: open it in any browser. Its table has the first 20000; `wixum --ledger %s export` has all")
      :format(desk.path), output, 1, true)
  end)

  it("prints the figures as JSON, with or without a page", function()
    local output, code = run("--json", "--quiet")
    assert.equal(0, code)
    local found = cjson.decode(output)
    assert.same({ 10, 8, 11, 4 }, { found.rows, found.mailed, found.mails, found.states.expired }) -- by now
    assert.equal("Studio", found.sites[1].name)
    assert.equal(3, #found.reasons)
    assert.equal("", list())
    found = cjson.decode((run("--json", "--quiet", "--html", "x.html", "--site", report.SITES[1])))
    assert.same({ 4, nil }, { found.rows, found.reasons }) -- no list is left out rather than written as {}
    assert.equal("x.html\n", list())
  end)

  it("goes through a pipe, also one whose reader has gone", function()
    local output, code = sh("REPORT --html - | tail -c 8")
    assert.equal(0, code)
    assert.matches("</html>\n$", output)
    output = sh("REPORT --html - 2>&1 >/dev/full; echo $?")
    assert.matches("the report cannot be written", output)
    assert.matches("\n2\n$", output)
    output = sh("{ REPORT --html - 2>err; echo $? >code; } | true; cat code")
    assert.is_nil(here.read(folder .. "/err"):find("traceback", 1, true))
    assert.is_truthy(output:find "^[02]\n$", output) -- all of it may fit in the pipe
  end)

  it("leaves an earlier report as it was where there is no room for another", function()
    run("--html", "monday.html")
    local before = here.read(folder .. "/monday.html")
    desk:days(1)
    local output, code = sh("trap '' XFSZ; ulimit -f 8; REPORT --html monday.html")
    assert.equal(2, code, output)
    assert.matches("the report cannot be written: File too large. Make room, or name another place.", output, 1, true)
    assert.equal(before, here.read(folder .. "/monday.html"))
    assert.equal("monday.html\n", list())
  end)

  it("says what is missing or cannot be, and no mistake is a traceback", function()
    os.execute(("echo mine > %s/mine.html"):format(folder))
    for _, row in ipairs{
      { {}, " report --html FILE; or --json, for the figures alone" },
      { { "--html", "-", "--json" }, "cannot both go to standard output" }, { { "--html", "" }, "takes the path of a file" },
      { { "--html", "." }, "the report cannot be written" }, { { "--html", "mine.html" }, "is no report; it stays as it is" },
      { { "--html", desk.path }, "cannot take the place of the ledger" },
      { { "--html", "/nowhere/x" }, "/nowhere/x: its folder is not there" },
      { { "--html", "x.html", "--site", "Nowhere" }, "the ledger knows no site called Nowhere" },
      { { "--hmtl", "x.html" }, "unknown option" }, { { "--html", "x.html", "--ledger", "none.db" }, "there is no such file" },
    } do
      local output, code = run(table.unpack(row[1]))
      assert.equal(2, code, output)
      assert.matches(row[2], output, 1, true)
      assert.is_nil(output:find("traceback", 1, true), output)
    end
    assert.equal("mine.html\n", list())
  end)
end)
