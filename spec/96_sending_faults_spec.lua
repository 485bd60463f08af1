-- What went wrong once between a ledger and the mails: two senders of one ledger, a yes that covered more than was asked, a site that
-- was taken for another, an invite's id that was thrown away; and files that were written over.

local cjson = require "cjson"
local command = require "spec.support.command"
local filesystem = require "wixum.ledger.filesystem"
local here = require "spec.support.here"
local process = require "spec.support.process"
local support = require "spec.support.ledger"
local wixum = require "wixum"

local SITE = "00000001-2222-4333-8444-555555555555"

local function contains(text, ...)
  for _, words in ipairs{ ... } do assert.truthy(tostring(text):find(words, 1, true), ("%q is not in:\n%s"):format(words, text)) end
end

describe("a ledger under two names #pure", function()
  local desk

  before_each(function() desk = support.desk() end)
  after_each(function() desk:close() end)

  -- What a send answers while the desk's own ledger sends.
  local function meanwhile(path)
    local other <close> = assert(wixum.ledger.open(path, { time = desk:time() }))
    local sent, refused
    desk:plan(3)
    assert(desk.ledger:send(desk.wix, { on_progress = function()
      if not refused then sent, refused = other:send(desk.wix) end
    end }))
    assert.is_nil(sent)
    return refused
  end

  it("has one sender, and is named in messages as it was", function()
    local link, folder = desk:file(".link.db"), desk:file(".folder")
    here.run(("ln -s %s %s"):format(desk.path, link))
    local refused = meanwhile(link)
    assert.is_true(refused.in_use)
    contains(refused, link .. ": it is in use by process")
    here.run(("ln -s /tmp %s"):format(folder))
    assert.is_true(meanwhile(folder .. "/" .. desk.path:match("[^/]*$")).in_use)
    for _, count in pairs(desk:mails()) do assert.equal(1, count) end
    assert.is_false(filesystem.exists(link .. "-sender"))
  end)

  it("keeps its lock and its log beside the file to which a folder's link led when it was opened", function()
    local one, two, current = desk:file(".one"), desk:file(".two"), desk:file(".current")
    here.run(("mkdir %s %s && ln -s %s %s"):format(one, two, one, current))
    do
      local ledger <close> = assert(wixum.ledger.open(current .. "/own.db", { time = desk:time() }))
      here.run(("ln -sfn %s %s"):format(two, current))
      assert(ledger:plan({ { site_id = SITE, email = "ann@example.com", role = support.ROLE.title } }, { client = desk.wix }))
      assert(ledger:send(desk.wix))
    end
    assert.is_true(filesystem.exists(one .. "/own.db-sender"))
    assert.is_false(filesystem.exists(two .. "/own.db-sender"))
    here.run(("rm -r %s %s"):format(one, two))
  end)

  it("may be a link before the file is there, and no link that leads nowhere", function()
    local link, target = desk:file(".link.db"), desk:file(".new.db")
    here.run(("ln -s %s %s"):format(target, link))
    local missing, problem = wixum.ledger.open(link, { create = false })
    assert.is_nil(missing)
    contains(problem, "there is no such file")
    assert(wixum.ledger.open(link)):close()
    assert.is_true(filesystem.exists(target))
    here.run(("ln -sfn %s %s"):format(link, link))
    missing, problem = wixum.ledger.open(link)
    assert.is_nil(missing)
    contains(problem, "it is a link that leads nowhere", "Say another place")
  end)

  it("is refused where the names are hard links, and so are files that would take the place of what is beside a link", function()
    local link, hard = desk:file(".link.db"), desk:file(".hard.db")
    here.run(("ln -s %s %s"):format(desk.path, link))
    local other <close> = assert(wixum.ledger.open(link, { time = desk:time() }))
    for _, path in ipairs{ desk.path .. "-sender", link, link .. "-sender" } do
      local done, problem = other:export(path)
      assert.is_nil(done, path)
      contains(problem, "cannot take the place of the ledger itself")
    end
    here.run(("ln %s %s"):format(desk.path, hard))
    for _, path in ipairs{ hard, desk.path, link } do
      local opened, problem = wixum.ledger.open(path)
      assert.is_nil(opened)
      contains(problem, path .. ": it has 2 names (hard links)", "make a copy for each with `cp`", "Say another place")
    end
  end)
end)

describe("the command and a ledger under two names #pure", function()
  local desk

  before_each(function() desk = command.new{ seed = 3, sites = { { id = SITE, name = "Bakery" } } } end)
  after_each(function() desk:close() end)

  it("sees in the doctor who sends, by whichever name", function()
    desk:done("plan", desk:write("c.csv", "site,email,role", SITE .. ",ann@example.com," .. support.ROLE.title))
    here.run(("ln -s wixum.db %s/link.db"):format(desk.folder))
    local ledger <close> = assert(wixum.ledger.open(desk.folder .. "/wixum.db"))
    local wix <close> = desk.server:client{ rate = false }
    local told
    assert(ledger:send(wix, { on_progress = function() told = told or desk:run("--ledger", "link.db", "doctor") end }))
    contains(told, "it is in use by process")
  end)

  it("names the file that may not be written, and that lies elsewhere", function()
    desk:done("plan", desk:write("c.csv", "site,email,role", SITE .. ",ann@example.com," .. support.ROLE.title))
    here.run(("cd %s && mkdir links && ln -s ../wixum.db links/link.db && chmod 400 wixum.db"):format(desk.folder))
    local output, code = process.run({ "setpriv", "--bounding-set=-all", "--inh-caps=-all", desk.wixum, "--ledger", "links/link.db",
      "retry", "--all" }, { env = desk.env, cwd = desk.folder })
    assert.equal(2, code, output)
    contains(output, "the ledger links/link.db", desk.folder .. "/wixum.db")
  end)

  it("goes on with one sandbox", function()
    desk.env = { HOME = desk.folder, XDG_CONFIG_HOME = false, WIXUM_BASE_URL = false }
    desk:write("c.csv", "site,email,role", SITE .. ",ann@example.com," .. support.ROLE.title)
    desk:done("--sandbox", "--ledger", "own.db", "invite", "c.csv")
    here.run(("ln -s own.db %s/link.db"):format(desk.folder))
    contains(desk:done("--sandbox", "--ledger", "link.db", "resend", "--all"), "1 mail sent once more")
    assert.equal("own.db.sandbox\n", here.run(("cd %s && ls *.sandbox"):format(desk.folder)))
    contains(desk:fails(2, "--sandbox", "--ledger", "link.db", "--like-account", "status"), "has a sandbox already")
  end)
end)

describe("a yes #pure", function()
  local ANN, BOB, DAN, EVE = "ann@example.com", "bob@example.com", "dan@example.com", "eve@example.com"
  local desk, ledger, wix, colleague

  before_each(function()
    desk = support.desk()
    ledger, wix = desk.ledger, desk.wix
    colleague = assert(wixum.ledger.open(desk.path, { time = desk:time() }))
  end)
  after_each(function()
    colleague:close()
    desk:close()
  end)

  local function plan(who, email, site)
    assert(who:plan({ { site_id = desk.sites[site or 1], email = email, role = support.ROLE.title } }, { client = wix }))
  end

  it("mails who was planned when it was asked, and nobody who came since", function()
    plan(ledger, BOB, 2)
    plan(ledger, ANN)
    local waiting = assert(ledger:waiting(wix))
    assert.same({ ANN, BOB }, waiting.first) -- in the order in which they are mailed
    plan(colleague, EVE)
    plan(colleague, EVE, 2)
    assert.equal(1, assert(ledger:send(wix, { as_shown = true, limit = 1 })).pending)
    assert.same({ [ANN] = 1 }, desk:mails())
    assert.equal(1, assert(ledger:send(wix, { as_shown = true })).total)
    assert.same({ [ANN] = 1, [BOB] = 1 }, desk:mails())
    assert.same({ pending = 2, planned = 2 }, desk:states())
    assert.equal(2, assert(ledger:send(wix)).total)
  end)

  it("is for those who were planned also where they are many", function()
    desk:plan(501) -- more than are read at a time
    assert(ledger:waiting(wix))
    plan(colleague, EVE)
    assert.equal(501, assert(ledger:send(wix, { as_shown = true })).pending)
    assert.equal("planned", desk:row(EVE).state)
  end)

  it("mails once more who was shown and is as they were, and goes on with who came since", function()
    desk:invite(ANN, BOB, DAN)
    desk:days(1)
    local shown = assert(ledger:resend(wix, { all = true }, { dry_run = true }))
    assert.same({ 3, 0 }, { shown.total, shown.left_alone })
    desk:days(1)
    desk.server:fault{ operation = "site_invites.resend_invite", status = 400, times = 1 }
    assert.equal(1, assert(colleague:resend(wix, { email = DAN })).failed)
    plan(colleague, EVE)
    assert(colleague:send(wix))
    assert(colleague:resend(wix, { email = BOB }))
    local done = assert(ledger:resend(wix, { all = true }, { as_shown = true }))
    assert.same({ 1, 1, 3 }, { done.total, done.done, done.left_alone })
    contains(done, "1 of 1 row done, 3 left alone.")
    assert.same({ [ANN] = 1, [BOB] = 1 }, desk:mails "resend")
    shown = assert(ledger:resend(wix, { all = true }, { dry_run = true }))
    assert.is_string(shown.continued)
    assert.equal(3, shown.total) -- Ann has been mailed
  end)

  it("revokes what was shown, and has done with it", function()
    desk:invite(ANN)
    assert(ledger:revoke(wix, { state = "pending" }, { dry_run = true }))
    plan(colleague, EVE)
    assert(colleague:send(wix))
    local done = assert(ledger:revoke(wix, { state = "pending" }, { as_shown = true }))
    assert.same({ 1, 1, 1 }, { done.total, done.done, done.left_alone })
    assert.equal("pending", desk:row(EVE).state)
    assert.is_nil(ledger:status().batches[1])
  end)

  it("reminds who was due", function()
    desk:invite(ANN)
    desk:days(3)
    plan(colleague, EVE)
    assert(colleague:send(wix))
    desk:days(5)
    assert.equal(1, assert(ledger:remind(wix, { dry_run = true })).total)
    desk:days(3) -- Eve is due too now
    local done = assert(ledger:remind(wix, { as_shown = true }))
    assert.same({ 1, 1 }, { done.done, done.left_alone })
    assert.same({ [ANN] = 1 }, desk:mails "resend")
  end)

  it("is for those who have expired since somebody looked, and leaves no batch behind", function()
    desk:invite(ANN, BOB)
    desk:days(40)
    desk:invite(EVE)
    for _, name in ipairs{ "resend", "revoke" } do
      assert.equal(3, assert(ledger[name](ledger, wix, { all = true }, { dry_run = true })).total)
      local done = assert(ledger[name](ledger, wix, { all = true }, { as_shown = true }))
      assert.same({ 3, 3, 0 }, { done.total, done.done + done.failed, done.left_alone }) -- what has expired may be refused
      assert.is_nil(ledger:status().batches[1])
      desk:days(1)
    end
  end)

  it("is no other while it is acted on, whatever is looked at meanwhile", function()
    desk:plan(5)
    assert(ledger:waiting(wix))
    local late = 0
    local sent = assert(ledger:send(wix:with{ max_emails = 1 }, { as_shown = true, concurrency = 1, on_progress = function()
      late = late + 1
      plan(colleague, ("late%d@example.com"):format(late))
      assert(ledger:waiting(wix))
      assert(ledger:resend(wix, { all = true }, { dry_run = true }))
    end }))
    assert.same({ 5, 5 }, { sent.total, sent.pending })
    assert.is_true(late > 0)
    assert.equal(late, desk:states().planned)
    assert.error_matches(function() return ledger:send(wix, { as_shown = true }) end, "as_shown means what was told") -- nothing since
  end)

  it("is for what was asked: a program that was told nothing, or something else, is mistaken", function()
    desk:invite(ANN)
    for _, call in ipairs{ function() return ledger:send(wix, { as_shown = true }) end,
      function() return ledger:resend(wix, { all = true }, { as_shown = true }) end } do
      assert.error_matches(call, "as_shown means what was told before, and nothing was")
    end
    assert(ledger:revoke(wix, { all = true }, { dry_run = true }))
    assert.error_matches(function() return ledger:resend(wix, { all = true }, { as_shown = true }) end, "as_shown means what was told")
  end)
end)

describe("a site #pure", function()
  it("that is named like the address of another is not taken for it", function()
    local A, B, C = SITE, "00000002-2222-4333-8444-555555555555", "00000003-2222-4333-8444-555555555555"
    local desk = support.desk{ sites = { { id = A, display_name = "www.b.example", view_url = "https://www.a.example" },
      { id = B, display_name = "Own", view_url = "https://www.b.example" },
      { id = C, display_name = "c.example", view_url = "https://c.example" } } }
    local function plan(site)
      return desk.ledger:plan({ { site = site, email = "ann@example.com", role = support.ROLE.title } },
        { client = desk.wix, dry_run = true })
    end
    for _, text in ipairs{ "www.b.example", "WWW.B.example" } do
      local made, problems = plan(text)
      assert.is_nil(made)
      contains(problems[1], "2 sites are called so: ", A, B, "give the site's id")
    end
    for _, text in ipairs{ "own", "a.example", "https://b.example/", "c.example" } do assert(plan(text)) end
    desk:close()
  end)
end)

describe("an invite that an answer writes otherwise #pure", function()
  local ID = "11111111-2222-4333-8444-666666666666"
  local IDN = "ann@m\u{FC}ller.example"
  local desk

  before_each(function() desk = support.desk() end)
  after_each(function() desk:close() end)

  -- Sends to these, and answers with these invites. Answers the summary.
  local function send(emails, written, refused)
    local invites = {}
    for i, email in ipairs(written) do
      invites[i] = { id = ID, email = email, status = "Pending", expirationDate = "2026-01-01T00:00:00Z" }
    end
    desk.server:fault{ operation = "site_invites.bulk_invite", status = 200, acts = true,
      body = cjson.encode{ invites = invites, failedEmails = refused or cjson.empty_array } }
    return desk:invite(table.unpack(emails))
  end

  it("keeps its id: the row's where an address can be written so", function()
    assert.same({ 1, 0 }, { send({ IDN }, { "Ann@xn--mller-kva.example" }).pending, desk:states().unknown or 0 })
    assert.same({ ID }, { desk:row(IDN).invite_id, desk:row(IDN).reason }) -- that is no other spelling
    assert.equal(1, send({ "eve@m\u{FC}ller.example" }, { "Eve@mu\u{308}ller.example" }).pending)
    local row = desk:row("eve@m\u{FC}ller.example")
    assert.same({ ID, "the service writes the address as Eve@mu\u{308}ller.example" }, { row.invite_id, row.reason })
    assert.equal(2, send({ "bob@example.com", "jos\u{E9}@example.com" }, { "jose\u{301}@example.com", "bob@example.com" }).pending)
    assert.equal(ID, desk:row("jos\u{E9}@example.com").invite_id)
  end)

  it("keeps its id where nobody knows whose it is, so that it can be revoked", function()
    for number, case in ipairs{ { "ann@example.com", "eve@example.com" }, { "ann@m\u{FC}ller.example", "eve@xn--mller-kva.example" },
      { "bob@example.com" }, { "dan@example.com", "dan@example.org" }, { "\u{E4}nn@example.com", "zed@example.com" },
      { "fay@m\u{FC}ller.example", "fay@example.com" } } do
      assert.equal(1, send({ case[1] }, { case[2] or cjson.null }).unknown, number)
      local row = desk:row(case[1])
      assert.same({ "unknown", ID, "2026-01-01T00:00:00Z" }, { row.state, row.invite_id, row.expires_at })
      contains(row.reason, case[2] and "the service writes the address as " .. case[2] or "the service named no address",
        ": whose invite it is nobody knows")
      assert.equal(1, assert(desk.ledger:revoke(desk.wix, { email = case[1] }, { dry_run = true })).total)
    end
  end)

  it("is nobody's where several are left over", function()
    for _, case in ipairs{ { { IDN, "ann@k\u{F6}ln.example" }, { "ann@mu\u{308}ller.example" } },
      { { "bob@m\u{FC}ller.example" }, { "bob@mu\u{308}ller.example", "bob@ko\u{308}ln.example" } },
      { { "dan@m\u{FC}ller.example" }, { "dan@mu\u{308}ller.example" }, { "dan@ko\u{308}ln.example" } } } do
      assert.equal(#case[1], send(case[1], case[2], case[3]).unknown)
      assert.is_nil(desk:row(case[1][1]).invite_id)
    end
  end)
end)

describe("a file of lines that were left out #pure", function()
  local desk

  before_each(function()
    desk = command.new{ seed = 3, sites = { { id = SITE, name = "Bakery" } } }
    for name, people in pairs{ a = { "ann@example.com", "bob(at)example.com" }, b = { "eve@example.com", "mal" } } do
      for i, email in ipairs(people) do people[i] = ("%s,%s,%s"):format(SITE, email, support.ROLE.title) end
      desk:write(name .. ".csv", "site,email,role", table.unpack(people))
    end
  end)
  after_each(function() desk:close() end)

  it("is not written over where somebody has corrected lines in it", function()
    desk:done("plan", "a.csv", "--skip-bad", "bad.csv")
    local first = desk:read("bad.csv")
    contains(desk:done("plan", "a.csv", "--skip-bad", "bad.csv"), "1 lines were left out; they are in bad.csv") -- the same again
    assert.equal(first, desk:read("bad.csv"))
    desk:write("bad.csv", (first:gsub("%(at%)", "@"):gsub("%s+$", "")))
    local corrected = desk:read("bad.csv")
    for _, words in ipairs{ { "a.csv" }, { "b.csv" }, { "b.csv", "--dry-run" } } do
      contains(desk:fails(2, "plan", words[1], "--skip-bad", "bad.csv", words[2]), "bad.csv is there already, and is not what would be",
        "somebody may have corrected lines in it. Name another file, or remove it. Nothing was planned")
    end
    for _, name in ipairs{ "bad.csv", "./bad.csv", desk.folder .. "/bad.csv" } do
      contains(desk:fails(2, "plan", "bad.csv", "--skip-bad", name), "is the spreadsheet itself")
    end
    assert.equal(corrected, desk:read("bad.csv"))
    contains(desk:done("status"), "1 row: 1 planned")
    assert.equal("", here.run(("ls %s | grep part || true"):format(desk.folder)))
    contains(desk:done("plan", "bad.csv", "--skip-bad", "rest.csv"), "1 row new")
    os.remove(desk.folder .. "/bad.csv")
    desk:done("plan", "b.csv", "--skip-bad", "bad.csv")
    contains(desk:read("bad.csv"), ",mal,")
  end)

  it("is not written over by what cannot be read twice", function()
    desk:done("plan", "a.csv", "--skip-bad", "bad.csv")
    for _, command_line in ipairs{ "plan - --skip-bad bad.csv <a.csv", "plan pipe --skip-bad bad.csv & cat a.csv >pipe; wait $!" } do
      local output, code = process.run({ "sh", "-c", "[ -p pipe ] || mkfifo pipe; " .. desk.wixum .. " " .. command_line },
        { env = desk.env, cwd = desk.folder })
      assert.equal(2, code, output)
      contains(output, "bad.csv is there already; name another file, or remove it")
    end
  end)
end)

describe("the command's question #pure", function()
  local desk, child

  before_each(function()
    desk = command.new{ seed = 3, sites = { { id = SITE, name = "Bakery" } } }
    for _, name in ipairs{ "ann", "eve" } do
      desk:write(name .. ".csv", "site,email,role", ("%s,%s@example.com,%s"):format(SITE, name, support.ROLE.title))
    end
  end)
  after_each(function()
    if child and not child.code then child:kill("sigkill") end
    if child then child:wait() end
    child = nil
    desk:close()
  end)

  -- Answers yes when a colleague has done something meanwhile. Answers the exit status.
  local function yes_after(words, ...)
    child = process.start(process.on_terminal(desk.wixum .. " " .. words), { env = desk.env, cwd = desk.folder })
    child:expect("Go on%?")
    desk:done(...)
    child:write("y")
    return (child:wait())
  end

  it("is answered for what it named", function()
    if not process.has_terminals() then return pending(process.NO_TERMINALS) end
    desk:done("plan", "ann.csv")
    desk:as_if_live()
    assert.equal(0, yes_after("resume", "plan", "eve.csv"))
    contains(child.output, "1 mail sent in 1 call.", "1 still planned: `wixum resume` mails them.")
    assert.equal(1, #desk.server:outbox())
    assert.equal(2, yes_after("resume", "--yes", "resume"))
    contains(child.output, "what was shown as planned has changed since: nobody was mailed. Look at it, and say it again")
    assert.equal(2, yes_after("resend --email ann@example.com", "--yes", "resend", "--all"))
    contains(child.output, "1 more came to it, or changed, since this was shown, and was left alone")
    contains(child.output, "what was shown has changed since: nothing was done. Look at it, and say it again")
    assert.equal(4, #desk.server:outbox())
  end)
end)
