-- What went wrong once between a ledger and the mails: two senders of one ledger, a yes that covered more than was asked, a site that
-- was taken for another, an invite's id that was thrown away; and files that were written over.

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
