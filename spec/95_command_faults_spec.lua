-- What the command did wrong once with words: pages that were not to be had, settings that were named by what does not say them,
-- and answers that named nothing to do next.

local cjson = require "cjson"
local command = require "spec.support.command"
local here = require "spec.support.here"
local settings = require "wixum.settings"
local support = require "spec.support.ledger"
local wixum = require "wixum"

local SITE = "00000001-2222-4333-8444-555555555555"
local OTHER_SITE = "00000002-2222-4333-8444-555555555555"
local ROLE = support.ROLE.title

local function contains(text, ...)
  for _, words in ipairs{ ... } do assert.truthy(text:find(words, 1, true), ("%q is not in:\n%s"):format(words, text)) end
end

local function lacks(text, ...)
  for _, words in ipairs{ ... } do assert.is_nil(text:find(words, 1, true), ("%q is in:\n%s"):format(words, text)) end
end

-- What of an output is on stdout: the first line on stderr comes before it.
local function result(output) return (output:gsub("^SANDBOX [^\n]*\n", "")) end

describe("`wixum team` #pure", function()
  local desk

  before_each(function() desk = command.new{ seed = 3 } end)
  after_each(function() desk:close() end)

  it("is the list that `wixum team list` is, with its options before and behind the step", function()
    local function say(...) return result(desk:done(...)) end
    contains(say("team"), "ADDRESS", "owner@example.com")
    assert.equal(say("team", "list"), say("team"))
    for _, options in ipairs{ { "--csv" }, { "--locale", "de" }, { "--locale", "de", "--csv" } } do
      local behind = say("team", "list", table.unpack(options))
      assert.equal(behind, say("team", table.unpack(options)))
      table.insert(options, "list")
      assert.equal(behind, say("team", table.unpack(options)))
    end
    contains(say("team", "--locale", "de"), "Inhaber")
    assert.same(cjson.decode(say("--json", "team", "list")), cjson.decode(say("--json", "team")))
    contains(desk:done("team", "--help"), "--csv", "--locale LOCALE", "`wixum team` is the same")
  end)

  it("takes the locale of an invite before the step too, and refuses what is about the list", function()
    contains(desk:done("team", "--locale", "de", "invite", "eve@example.com", "--role", "Website-Manager", "--everywhere", "--dry-run"),
      "as Website-Manager on the whole account")
    contains(desk:fails(2, "team", "--csv", "invite", "eve@example.com", "--role", ROLE, "--everywhere"), "--csv is about the list")
    assert.equal(0, #desk.server:outbox())
  end)
end)

describe("`wixum help` #pure", function()
  local desk

  before_each(function() desk = command.new{ seed = 3 } end)
  after_each(function() desk:close() end)

  it("prints the page of every command and every step, as --help does", function()
    local seen = 0
    local function check(parser, path)
      for _, one in ipairs(parser._commands) do
        local words = table.move(path, 1, #path, 1, {})
        words[#words + 1] = one._aliases[1]
        local page = desk:done(table.unpack(table.move({ "--help" }, 1, 1, #words + 1, table.move(words, 1, #words, 1, {}))))
        local told = desk:done("help", table.unpack(words))
        local topic = #words == 1 and require("wixum.help").find(words[1])
        assert.equal(page, topic and told:sub(1, #page) or told)
        assert.equal(topic and page .. ('\nFor scripts, wixum.help("%s") says:\n\n%s\n'):format(words[1], topic) or page, told)
        seen = seen + 1
        check(one, words)
      end
    end
    check(require("wixum.cli.parser").new(), {})
    assert.is_true(seen > 25)
    contains(desk:done("help", "doctor"), "Usage: wixum doctor", 'For scripts, wixum.help("doctor") says:', "wixum.doctor(options)")
  end)

  it("names what is near among commands and in scripts, and where the others are listed", function()
    local WHERE = "`wixum --help` lists the commands, `wixum help` what scripts have"
    contains(desk:fails(2, "help", "statsu"),
      'there is no help on "statsu" (did you mean `wixum help status`, or "stats" in scripts?)', WHERE)
    contains(desk:fails(2, "help", "chekc"), "(did you mean `wixum help check`?)", WHERE)
    contains(desk:fails(2, "help", "bulkinvite"), '(did you mean "bulk_invite" in scripts?)', WHERE)
    contains(desk:fails(2, "help", "zzzzzzzz"), 'no help on "zzzzzzzz"; ' .. WHERE)
    contains(desk:fails(2, "help", "options", "x"), 'no help on "options x"; ' .. WHERE)
    contains(desk:fails(2, "help", "access", "aply"),
      'no command "access aply" (did you mean `wixum help access apply`?); `wixum help access` explains what there is')
    contains(desk:fails(2, "help", "status", "x"), 'no command "status x"; `wixum help status` explains')
  end)

  it("is what a mistyped option of sandbox, repl and help leads to", function()
    for _, name in ipairs{ "sandbox", "repl", "help" } do
      contains(desk:fails(2, name, "--nowhere"), ("`wixum %s --help` explains it"):format(name))
    end
  end)
end)

describe("wixum.help #pure", function()
  it("has something to say of every name that it lists", function()
    local text, seen = wixum.help(), 0
    for name in text:gmatch("\n  wixum%.([%w_.]+)") do
      assert.equal("string", type(wixum.help(name)), name)
      seen = seen + 1
    end
    assert.is_true(seen > 20)
    for word in text:match("\nwixum%.help%(.*$"):gmatch('"([^"]+)"') do wixum.help(word) end
    assert.equal(wixum.help("use"), wixum.help(wixum.use))
    assert.equal(wixum.help("time"), wixum.help(wixum.time))
  end)

  it("has every method of a ledger, and every function about people", function()
    local ledgers, people = wixum.help("ledger"), wixum.help("people")
    assert.equal(wixum.help(wixum.ledger), ledgers)
    for _, name in ipairs{ "access", "deciding", "files", "joining", "looking", "people", "sending", "team" } do
      for method in pairs(require("wixum.ledger.methods." .. name)) do
        assert.matches(("ledger:%s%%f[^%%w_]"):format(method), ledgers)
        assert.equal(ledgers, wixum.help("ledger." .. method))
      end
    end
    for name, one in pairs(wixum.people) do
      contains(people, ("people.%s("):format(name))
      assert.equal(people, wixum.help(one))
      assert.equal(people, wixum.help("people." .. name))
    end
  end)
end)

describe("somebody or a site that the ledger does not know #pure", function()
  local desk

  before_each(function()
    desk = command.new{ seed = 3, sites = { { id = SITE, name = "Bakery" }, { id = OTHER_SITE, name = "Kunde 7" } } }
    desk:done("invite", desk:write("c.csv", "site,email,role", "Bakery,ann@example.com," .. ROLE))
  end)
  after_each(function() desk:close() end)

  it("is said with what shows them: the team and accounts have no invite", function()
    for _, words in ipairs{ { "withdraw" }, { "confirm", "--account", SITE }, { "resend", "--email" } } do
      words[#words + 1] = "owner@example.com"
      if words[1] ~= "resend" then table.move({ "--site", SITE }, 1, 2, #words + 1, words) end
      contains(desk:fails(2, table.unpack(words)), "the ledger has no invite to owner@example.com: `wixum export` lists whom it has "
        .. "invited; `wixum who owner@example.com` shows what else is known of them, `wixum leaver owner@example.com` what they can reach")
    end
    lacks(desk:fails(2, "withdraw", "own", "--site", SITE), "leaver") -- which takes the whole address
    contains(desk:fails(2, "--ledger", "wixum.db", "withdraw", "o'neil@example.com", "--site", SITE),
      [[`wixum --ledger wixum.db who 'o'\''neil@example.com'`]])
  end)

  it("is looked up in the account, where its own sites are meant", function()
    os.execute("rm -f " .. desk.folder .. "/wixum.db*") -- the next one has never seen a site
    contains(desk:done("access", "--site", "kunde 7", "--lua", "-"), OTHER_SITE)
    os.execute("rm -f " .. desk.folder .. "/wixum.db*")
    contains(desk:fails(2, "access", "--site", "Kunde 8"),
      '--site: Kunde 8: no site of the account (it has 2) has this name or address (did you mean "Kunde 7"?). `wixum sites` lists')
  end)

  it("is said with what to say in its place", function()
    for _, words in ipairs{ { "check" }, { "report", "--json" }, { "status" }, { "confirm", "ann@example.com", "--account", SITE } } do
      table.move({ "--site", "Kunde 7" }, 1, 2, #words + 1, words)
      contains(desk:fails(2, table.unpack(words)), "--site: the ledger knows no site called Kunde 7. Say the site's id, or its name as the "
        .. "ledger has it: `wixum sites` lists names and ids")
    end
  end)

  it("is not guessed at where the ledger knows several of that name", function()
    local own = command.new{ seed = 3, sites = { { id = SITE, name = "Bakery" }, { id = OTHER_SITE, name = "Bakery" } } }
    own:done("access")
    contains(own:fails(2, "access", "--site", "Bakery"), "--site: 2 sites are called Bakery: " .. SITE .. ", " .. OTHER_SITE .. ". Say")
    local ledger <close> = assert(wixum.ledger.open(own.folder .. "/wixum.db"))
    local _, err = ledger:find_site("Bakery")
    assert.same({ candidates = { SITE, OTHER_SITE } }, err.data)
    own:close()
  end)
end)

describe("columns of the config file #pure", function()
  local columns = settings.columns

  it("part where the next field comes, by comma or semicolon; a header may have both in it", function()
    local plain = { site = "Seite", email = "E-Mail", role = "Rolle" }
    for _, text in ipairs{ "site=Seite, email=E-Mail, role=Rolle", "site=Seite; email=E-Mail; role=Rolle",
      "site=Seite;email = E-Mail,role=Rolle",
      " site = Seite ,, email=E-Mail; role=Rolle ; ", ";site=Seite, ;email=E-Mail;role=Rolle," } do
      assert.same(plain, columns(text), text)
    end
    assert.same({ site = "Seite, Ort", email = "E-Mail; privat" }, columns("site=Seite, Ort; email=E-Mail; privat"))
    assert.same({ email = "a=b" }, columns("email=a=b"))
    assert.same({}, columns(""))
    assert.same({ {}, { email = "E" } }, { columns(" , "), columns("email=E,") })
    for _, text in ipairs{ "E-Mail", "E-Mail, email=E", "site=", "site=, email=E", "1=x" } do
      local map, problem = columns(text)
      assert.is_nil(map, text)
      contains(problem, "is not FIELD=HEADER")
    end
  end)

  it("are heeded as the doctor has seen them", function()
    local desk = command.new{ seed = 3, sites = { { id = SITE, name = "Bakery" } } }
    here.run(("mkdir -p %s/.config/wixum"):format(desk.folder))
    desk.env.HOME, desk.env.XDG_CONFIG_HOME = desk.folder, false
    desk:write(".config/wixum/config", "columns = site=Seite, Ort; email=E-Mail; role=Rolle")
    contains(desk:done("doctor"), "site=Seite, Ort; email=E-Mail; role=Rolle, from ")
    contains(desk:done("plan", desk:write("c.csv", "Seite, Ort;E-Mail;Rolle", "Bakery;ann@example.com;" .. ROLE)), "1 row new")
    contains(desk:fails(2, "plan", desk:write("d.csv", "Seite;E-Mail;Rolle", "Bakery;ann@example.com;" .. ROLE)),
      "the config file names columns, which --column outdoes: columns = site=Seite, Ort; email=E-Mail; role=Rolle\n", "no column is called")
    desk:close()
  end)
end)

describe("the config file #pure", function()
  local desk, key

  before_each(function()
    desk = command.new{ seed = 3, sites = { { id = SITE, name = "Bakery" } } }
    here.run(("mkdir -p %s/.config/wixum"):format(desk.folder))
    key = desk.env.WIX_API_KEY
    desk.env.HOME, desk.env.XDG_CONFIG_HOME = desk.folder, false
  end)
  after_each(function() desk:close() end)

  local function config(...) desk:write(".config/wixum/config", ...) end

  it("and the variable may say a key file in the home folder", function()
    desk:write("key", key)
    here.run(("chmod 600 %s/key"):format(desk.folder))
    desk.env.WIX_API_KEY = false
    config("api_key_file = ~/key")
    contains(desk:done("sites"), "Bakery")
    contains(desk:done("doctor"), ("from the file %s/key, by api_key_file"):format(desk.folder))
    config("")
    desk.env.WIX_API_KEY_FILE = "~/key"
    contains(desk:done("sites"), "Bakery")
    contains(desk:done("doctor"), ("from the file %s/key, by WIX_API_KEY_FILE"):format(desk.folder))
    desk.env.WIX_API_KEY_FILE = "~root/key"
    contains(desk:fails(2, "doctor"), "write that path in full: only ~/ at its beginning is your home folder")
    desk.env.WIX_API_KEY_FILE, desk.env.HOME = "~/key", false
    contains(desk:fails(2, "doctor"), "write that path in full")
  end)

  it("is what the doctor tells people to correct where it says what is wrong", function()
    local account, url = desk.env.WIX_ACCOUNT_ID, desk.env.WIXUM_BASE_URL
    desk.env.WIXUM_SPEC_BUILD = false -- or all variables that there are would be named
    desk:done("plan", desk:write("c.csv", "site,email,role", "Bakery,ann@example.com," .. ROLE))
    local path = desk.folder .. "/.config/wixum/config"
    desk.env.WIX_ACCOUNT_ID = false
    config("", "account_id = " .. OTHER_SITE)
    local told = desk:run("doctor")
    contains(told, ("or correct account_id in %s:2"):format(path), ("compare account_id in %s:2 with the account's id"):format(path))
    lacks(told, "WIX_ACCOUNT_ID")
    config("account_id = " .. account, "site_id = " .. OTHER_SITE)
    told = desk:run("doctor")
    contains(told, ("correct site_id in %s:2: `wixum sites` lists the ids"):format(path))
    lacks(told, "WIX_SITE_ID")
    desk.env.WIXUM_BASE_URL = false
    config("account_id = " .. account, "base_url = http://127.0.0.1:9")
    told = desk:run("doctor")
    contains(told, "; the settings say http://127.0.0.1:9", ("or correct base_url in %s:2"):format(path))
    lacks(told, "correct WIXUM_BASE_URL")
    config("account_id = " .. account, "base_url = http://example.com")
    told = desk:run("doctor")
    contains(told, ("correct base_url in %s:2, or leave it out"):format(path))
    -- and a variable where that says it
    config("")
    desk.env.WIX_ACCOUNT_ID, desk.env.WIX_SITE_ID, desk.env.WIXUM_BASE_URL = OTHER_SITE, SITE, url
    contains(desk:run("doctor"), "or correct WIX_ACCOUNT_ID", "compare WIX_ACCOUNT_ID with the account's id")
  end)
end)

describe("`wixum who` #pure", function()
  local desk

  before_each(function()
    desk = command.new{ seed = 3, sites = { { id = SITE, name = "Bakery", contributors = { { email = "zoe@example.com" } } } } }
    desk:done("invite", desk:write("c.csv", "site,email,role", "Bakery,ann@example.com," .. ROLE))
  end)
  after_each(function() desk:close() end)

  local function person(text) return cjson.decode(result(desk:done("--json", "who", text))).people[1] end

  it("names the role of a member and what comes next, for people and for programs", function()
    assert(desk.server:client().account_invites.create_invite{ subjects_assignments = { wixum.assignments.invitee{
      email = "mia@example.com", role = support.ROLE.id, sites = { SITE } } } })
    assert(desk.server:accept(desk.server:invites{ email = "mia@example.com" }[1]))
    local NEXT = "wixum leaver mia@example.com shows all that they can reach"
    contains(desk:done("who", "mia"), "the team: member (Mia), with roles on Bakery (Website Manager)\n    next: " .. NEXT)
    assert.equal(NEXT, person("mia").next)
    contains(desk:done("--ledger", "wixum.db", "who", "mia"), "next: wixum --ledger wixum.db leaver mia@example.com")
    desk.server:fault{ operation = "users.get_roles_info", status = 403, times = "always" }
    contains(desk:done("who", "mia"), "Bakery (role " .. support.ROLE.id .. ")")
  end)

  it("has what comes next of an invite for programs, and of an account that no invite explains", function()
    contains(person("ann").rows[1].next, "wixum resend --email ann@example.com --site " .. SITE)
    desk:done("check")
    local account = desk.server:contributors(SITE)[1].account_id
    for _, one in ipairs(desk.server:contributors(SITE)) do if one.email == "zoe@example.com" then account = one.account_id end end
    local NEXT = ("wixum access --site %s, to decide about that in a review"):format(SITE)
    contains(desk:done("who", account), "without an invite of this ledger", "    next: " .. NEXT)
    assert.equal(NEXT, person(account).next)
  end)

  it("ends with 1 where nobody is known, also for support", function()
    contains(desk:fails(1, "who", "zzz", "--for-support"), "no call about them is kept", "wixum: the ledger knows nobody by zzz")
    desk:done("who", "ann", "--for-support")
  end)
end)

describe("`wixum leaver` #pure", function()
  it("tells programs what it tells people: the key that somebody may have had", function()
    local desk = command.new{ seed = 3, sites = { { id = SITE, name = "Bakery" } } }
    desk:done("invite", desk:write("c.csv", "site,email,role", "Bakery,ann@example.com," .. ROLE))
    local function key_of(plan)
      local found = 0
      for _, text in ipairs(plan.dashboard) do if text:find("rotate it in the API Keys manager", 1, true) then found = found + 1 end end
      return found
    end
    assert.equal(1, key_of(cjson.decode(desk:done("--quiet", "--json", "leaver", "ann@example.com"))))
    local ledger <close> = assert(wixum.ledger.open(desk.folder .. "/wixum.db"))
    local found = assert(ledger:leaver(desk.server:client(), "ann@example.com", { apply = true }))
    assert.same({ 1, 1, true }, { key_of(found), key_of(found.left), found.is_clean }) -- to rotate it leaves nothing to do here
    local _, lines = tostring(found):gsub("rotate it in the API Keys manager", "")
    assert.equal(1, lines)
    desk:close()
  end)
end)

describe("what is said of the commands #pure", function()
  local README = support.read("README.md")
  local top = require("wixum.cli.parser").new()

  -- Options of a command, but for --help.
  local function options_of(name)
    local set = {}
    for _, one in ipairs(top._commands) do
      if one._aliases[1] == name then
        for _, option in ipairs(one._options) do set[option._aliases[#option._aliases]] = true end
      end
    end
    set["--help"] = nil
    return set
  end

  it("by the README names for each command that acts on rows its options, and no others", function()
    local SELECTING = "--email --site --state --last-mail-before --invited-before --limit --all"
    for name, also in pairs{ resend = "--dry-run --anew --keep-links", revoke = "--dry-run --anew", retry = "", settle = "" } do
      local wanted = {}
      for word in (SELECTING .. " " .. also):gmatch("%S+") do wanted[word] = true end
      assert.same(wanted, options_of(name))
    end
    local row, named = README:match("\n| `wixum remind` |([^\n]*)"), {}
    for word in row:gmatch("%-%-[%l-]+") do named[word] = true end
    assert.same(options_of "remind", named)
    lacks(README:match("\n| `wixum retry`, [^\n]*"), "--")
    row, named = README:match("\n| `wixum resend`, `wixum revoke` |([^\n]*)"), {}
    for word in row:gmatch("%-%-[%l-]+") do named[word] = true end
    assert.same(options_of "resend", named)
  end)

  it("names every evidence and every option that is there everywhere", function()
    local words = require("wixum.access.ties").WORDS
    for name in pairs(words) do
      assert.truthy(README:find("\n| [^|\n]*`" .. name .. "`[^|\n]* | "), name)
    end
    local epilogs = 0
    local function check(parser)
      for _, one in ipairs(parser._commands) do
        if one._aliases[1] ~= "sandbox" and one._aliases[1] ~= "help" then
          for _, option in ipairs(top._options) do
            local name = option._aliases[#option._aliases]
            if name ~= "--help" and name ~= "--version" then contains(one:get_help():match("Options everywhere: .*"), name) end
          end
          epilogs = epilogs + 1
        end
        check(one)
      end
    end
    check(top)
    assert.is_true(epilogs > 25)
  end)
end)

describe("a review #pure", function()
  it("counts an invite once, however many sites it is about", function()
    local sites = {}
    for i = 1, 4 do sites[i] = ("%08d-2222-4333-8444-555555555555"):format(i) end
    local desk = command.new{ seed = 3, sites = sites }
    assert(desk.server:client().account_invites.create_invite{ subjects_assignments = { wixum.assignments.invitee{
      email = "eve@example.com", role = support.ROLE.id, sites = { sites[1], sites[2], sites[3] } } } })
    desk:done("invite", desk:write("c.csv", "site,email,role", sites[1] .. ",ann@example.com," .. ROLE,
      sites[4] .. ",eve@example.com," .. ROLE))
    contains(desk:done("access", "--csv", "r.csv"), "3 open invites")
    local text = desk:read("r.csv")
    lacks(text, "team_invite")
    assert.equal(5, select(2, text:gsub("invited", "")))
    desk:close()
  end)
end)

describe("what the command asks and answers #pure", function()
  local desk

  before_each(function()
    desk = command.new{ seed = 3, sites = { { id = SITE, name = "Kunde 9" }, { id = OTHER_SITE, name = "\27[2JKunde" } } }
    desk:done("invite", desk:write("c.csv", "site,email,role", SITE .. ",ann@example.com," .. ROLE,
      OTHER_SITE .. ",ann@example.com," .. ROLE))
  end)
  after_each(function() desk:close() end)

  it("calls a site by its name, and by its id where it has none", function()
    local account = assert(desk.server:accept(desk.server:invites{ site_id = SITE, status = "Pending" }[1], "bob@example.com"))
      .accepted_by_account_id
    desk:done("check")
    contains(desk:done("confirm", "ann@example.com", "--site", SITE, "--account", account), "ann@example.com accepted on Kunde 9: account")
    contains(desk:done("confirm", "ann@example.com", "--site", SITE, "--account", account, "--undo"), "ann@example.com on Kunde 9 ")
    contains(desk:done("withdraw", "ann@example.com", "--site", OTHER_SITE), "The invite of ann@example.com to \\x1B[2JKunde is revoked")
    desk:as_if_live()
    contains(desk:fails(2, "withdraw", "ann@example.com", "--site", "Kunde 9"),
      "This revokes the invite of ann@example.com to Kunde 9, live")
    local ledger <close> = assert(wixum.ledger.open(desk.folder .. "/wixum.db"))
    assert.same({ "Kunde 9", nil }, { ledger:site_name(SITE:upper()), ledger:site_name(ROLE) })
    assert.equal(ROLE, require("wixum.cli.selection").place(ledger, ROLE))
  end)

  it("of an employee's sites wants one of three, and of a role the title in the language that was said", function()
    local function invite(...) return desk:fails(2, "team", "invite", "eve@example.com", "--role", ...) end
    for _, words in ipairs{ {}, { "--everywhere", "--site", SITE } } do
      contains(invite(ROLE, table.unpack(words)), "say one of these: --site S (more than once for more) or --sites FILE, for sites; or "
        .. "--everywhere, for the whole account")
    end
    contains(invite("Co-Owner", "--everywhere", "--locale", "de"), "`wixum roles --locale de` lists all titles; in scripts users.get")
    contains(invite("Owned", "--everywhere"), "`wixum roles` lists all titles")
    local _, err = wixum.roles.find(desk.server:client(), "Boss", { locale = "d'e; x" })
    lacks(tostring(err), "--locale")
  end)

  it("names the two commands that clear up whether somebody came by an invite to the team, in their order", function()
    local found = setmetatable({ sites = 1, calls = 1, accepted = 0, unclear = 1, waiting = 0, accepted_rows = {}, unclear_rows = {},
      by_team = 2, strangers = 0, late = 0, unlisted = 0 }, require("wixum.ledger.evidence").summary)
    contains(tostring(found), "2 accounts may have come by the team as well (an invite to it, or a role that the ledger gave): say "
      .. "`wixum team list`, which sees whether such an invite is open still, then `wixum check`")
  end)
end)

describe("what a ledger answers #pure", function()
  it("tells itself when it is printed", function()
    local desk = support.desk()
    local ledger, wix = desk.ledger, desk.wix
    local function told(answer, err)
      local text = tostring(assert(answer, err))
      lacks(text, "table: ", "nil")
      return text
    end
    desk:plan(2)
    assert.matches("^2 mails planned: 2 people on 1 site, in 1 call; at least %d s%.$", told(ledger:waiting(wix)))
    assert.equal("2 of 2 rows sent and pending.", told(ledger:send(wix)))
    assert.matches("^1 site in 1 call; at least %d s%.$", told(ledger:check_cost(wix)))
    assert.equal("It would be done with 2 rows.\n  n1@example.com\n  n2@example.com", told(ledger:resend(wix, { all = true },
      { dry_run = true })))
    assert.equal("2 of 2 rows done.", told(ledger:resend(wix, { all = true })))
    desk:days(8)
    assert.matches("^2 of 2 rows done%.\n1 site looked at", told(ledger:remind(wix, {})))
    assert.equal(("n1@example.com on %s: revoked."):format(desk.sites[1]),
      told(ledger:withdraw(wix, { email = "n1@example.com", site_id = desk.sites[1] })))
    assert.equal("1 row changed, 1 left alone that is pending.", told(ledger:retry{ all = true }))
    local eve = { email = "eve@example.com", role = ROLE, sites = { desk.sites[1] } }
    assert.equal("1 invite to the team, 1 pending, as Website Manager on 1 site.", told(ledger:team_invite(wix, eve)))
    assert.equal("0 invites to the team, not sent, as Website Manager on 1 site.\n  eve@example.com: is invited already",
      told(ledger:team_invite(wix, eve)))
    assert.equal("1 member, 1 open invite; of the ledger's own invites 0 are known better now.\n  owner@example.com: member\n"
      .. "  eve@example.com: invited, Pending", told(ledger:team(wix)))
    desk:plan(3, desk.sites[2])
    desk.server:fault{ status = 401, times = "always" }
    assert.matches("^0 of 4 rows sent and pending; it ended early: .* the service answered 401", told(ledger:send(wix)))
    desk:close()
  end)
end)

describe("the list of sites #pure", function()
  it("has sites of every namespace", function()
    local desk = command.new{ seed = 3, sites = { "00000001-2222-4333-8444-555555555555",
      { id = "00000002-2222-4333-8444-555555555555", name = "Shell", namespace = "HEADLESS" } } }
    contains(desk:done "sites", "00000001-2222-4333-8444-555555555555", "Shell")
    local told = desk:done "access"
    assert.is_nil(told:find("Reading the roles", 1, true), told) -- where nobody is on them
    desk:close()
  end)
end)
