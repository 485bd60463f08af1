-- The doctor on what is on this machine: settings and where they come from, the key's file, the ledger, certificates, proxies.

local connection = require "wixum.doctor.connection"
local core = require "wixum.core"
local here = require "spec.support.here"
local ledgers = require "spec.support.ledger"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local support = require "spec.support.doctor"
local uv = require "luv"
local wixum = require "wixum"

local WIXUM = os.getenv("WIXUM_SPEC_BUILD") .. "/bin/wixum"
local KEY = "IST.ZG9jdG9y.c3BlYw.a2V5"
local GUIDS = {}
for i = 1, 3 do GUIDS[i] = ("%d0000000-2222-4333-8444-555555555555"):format(i) end
local NAMES = { "WIX_API_KEY", "WIX_API_KEY_FILE", "WIX_SITE_ID", "WIX_ACCOUNT_ID", "WIXUM_BASE_URL", "WIXUM_LEDGER", "XDG_CONFIG_HOME",
  "HOME", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY", "WIX_APIKEY",
  "WIXUM_LEGDER", "WIXUM_SITE_ID", "WIX_KEY", "WIX_CLIENT_ID", "WIXUM_NONSENSE", "WIXES" }
local said, wrong, line = support.said, support.wrong, support.line

local folder, server, before

local function shell(command, ...) assert(os.execute(command:format(...)), command) end

local function write(name, text, mode)
  local path = folder .. "/" .. name
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  shell("chmod %s '%s'", mode or "600", path)
  return path
end

local function config(...) return write("config/wixum/config", table.concat({ ... }, "\n")) end

local function environment(values)
  for _, name in ipairs(NAMES) do uv.os_unsetenv(name) end
  uv.os_setenv("XDG_CONFIG_HOME", folder .. "/config")
  for name, value in pairs(values or {}) do uv.os_setenv(name, value) end
end

-- Everything that is needed, beside what is said; nothing listens at that port.
local function complete(values)
  local all = { WIXUM_BASE_URL = "http://127.0.0.1:1", WIX_API_KEY = KEY, WIX_ACCOUNT_ID = GUIDS[1], WIXUM_LEDGER = folder .. "/no.db" }
  for name, value in pairs(values or {}) do all[name] = value or nil end
  environment(all)
end

-- Of this machine alone: what is wrong with the service is left out.
local function examine(options)
  local found = wixum.doctor(options)
  local lines = {}
  for _, one in ipairs(found.lines) do
    if one.topic == "settings" or one.topic == "ledger" or one.topic == "connection" then lines[#lines + 1] = one
    elseif one.state == "wrong" then found.wrong = found.wrong - 1 end
  end
  found.lines = lines
  return found
end

setup(function()
  folder = os.tmpname()
  os.remove(folder)
  shell("mkdir -p '%s/config/wixum'", folder)
  server = assert(sandbox.start{ seed = 1, api_key = KEY })
  before = uv.os_environ()
end)

before_each(function()
  os.remove(folder .. "/config/wixum/config")
  complete()
end)

teardown(function()
  for _, name in ipairs(NAMES) do
    if before[name] then uv.os_setenv(name, before[name]) else uv.os_unsetenv(name) end
  end
  server:stop()
  shell("rm -rf '%s'", folder)
end)

describe("what the core says of its surroundings", function()
  it("is a file's mode, owner and kind, and whether a key in it would be believed", function()
    local facts = core.look_at_file(write("look", "12345", "640"))
    assert.same({ "file", 416, true, 5, true, true }, { facts.kind, facts.mode, facts.mine, facts.size, facts.readable,
      facts.readable_by_others })
    assert.is_nil(facts.problem)
    assert.matches("others can write it", core.look_at_file(write("look", "", "622")).problem)
    assert.same({ "folder", "it is a folder" }, { core.look_at_file("/").kind, core.look_at_file("/").problem })
    assert.equal("other", core.look_at_file("/dev/null").kind)
    local found, reason, absent = core.look_at_file("/nowhere/at/all")
    assert.same({ nil, "No such file or directory", true }, { found, reason, absent })
  end)

  it("is names of variables, and never their values", function()
    environment{ WIXES = "1", WIX_KEY = "WIX_SECRET=2", WIX_APIKEY = "" }
    local names = core.variables("WIX_")
    table.sort(names)
    assert.same({ "WIX_APIKEY", "WIX_KEY" }, names)
    assert.same({}, core.variables("NOTHING_IS_CALLED_THIS"))
  end)

  it("is libcurl's build", function()
    local build = core.libcurl_build()
    assert.matches("/%d", build.tls)
    assert.equal("boolean", type(build.http2))
  end)
end)

describe("the doctor on settings", function()
  it("says of each where it comes from", function()
    complete{ WIX_SITE_ID = GUIDS[2], WIX_ACCOUNT_ID = false, WIX_API_KEY = false, WIXUM_LEDGER = false }
    local path = config("# mine", "account_id = " .. GUIDS[1], "", "columns = site=Seite, email=E-Mail", "locale = de",
      "key_command = echo " .. KEY, "trust = links", "ledger = " .. folder .. "/no.db", "site_id = " .. GUIDS[3])
    local found = examine()
    assert.same({}, wrong(found))
    assert.equal("ok " .. path .. ", mode 600, yours", said(found, "settings", "config file"))
    assert.equal(("ok from key_command (%s:6)"):format(path), said(found, "settings", "api_key"))
    assert.equal("ok http://127.0.0.1:1, from WIXUM_BASE_URL", said(found, "settings", "base_url"))
    assert.equal(("ok %s, from %s:2"):format(GUIDS[1], path), said(found, "settings", "account_id"))
    assert.equal(("ok %s, from WIX_SITE_ID"):format(GUIDS[2]), said(found, "settings", "site_id"))
    assert.equal(("ok site=Seite, email=E-Mail, from %s:4"):format(path), said(found, "settings", "columns"))
    assert.equal(("ok de, from %s:5"):format(path), said(found, "settings", "locale"))
    assert.equal(("ok links, from %s:7"):format(path), said(found, "settings", "trust"))
    assert.equal(path .. ":8", line(found, "ledger", "file").source)
    local wix <close> = wixum.client{ account_id = GUIDS[3] }
    local other = wix:with{ site_id = GUIDS[1] }
    found = examine{ client = other, said_by = "the script" }
    assert.same({ "the script", "the script" }, { line(found, "settings", "account_id").source, line(found, "settings", "site_id").source })
    assert.equal("WIX_SITE_ID", line(examine{ client = wix }, "settings", "site_id").source)
    os.remove(path)
    complete{ WIXUM_BASE_URL = false }
    found = require("wixum.settings").config()
    assert.same({}, found)
  end)

  it("names the key's place, its file's mode, and never the key", function()
    local path = write("key", KEY .. "\n")
    complete{ WIX_API_KEY = false, WIX_API_KEY_FILE = path }
    local found = examine()
    assert.equal(("ok from the file %s, by WIX_API_KEY_FILE"):format(path), said(found, "settings", "api_key"))
    assert.equal(("ok %s: mode 600, yours"):format(path), said(found, "settings", "key file"))
    shell("chmod 644 '%s'", path)
    local output = process.run({ WIXUM, "doctor", "--quiet" }, { env = { WIXUM_SPEC_BUILD = false } })
    assert.matches(("  warning   key file             %s: mode 644, yours; others can read it\n"):format(path) ..
      "            do this: chmod 600 " .. path .. "\n", output, 1, true)
    shell("chmod 666 '%s'", path)
    found = examine()
    assert.same({ "settings/api_key settings" }, wrong(found))
    assert.matches("others can write it", said(found, "settings", "api_key"))
    assert.equal(("note %s: mode 666, yours; others can read it"):format(path), said(found, "settings", "key file"))
    assert.matches("then: chmod 600 " .. path, line(found, "settings", "api_key").advice, 1, true)
  end)

  it("says what is wrong with a key's place, and what to do", function()
    local function problem(values, words, advice)
      complete(values)
      local found = examine()
      assert.same({ "settings/api_key settings" }, wrong(found))
      assert.matches(words, said(found, "settings", "api_key"), 1, true)
      assert.matches(advice, line(found, "settings", "api_key").advice, 1, true)
      assert.matches("not tried: there is no usable key", tostring(wixum.doctor()), 1, true)
    end
    problem({ WIX_API_KEY = false }, "there is no API key", "export WIX_API_KEY_FILE=/its/full/path")
    problem({ WIX_API_KEY = "Bearer " .. KEY }, 'begins with "Bearer "', "in WIX_API_KEY, leave the word Bearer out")
    problem({ WIX_API_KEY = false, WIX_API_KEY_FILE = write("key", "bearer " .. KEY) }, 'begins with "Bearer "', "leave the word Bearer")
    problem({ WIX_API_KEY = "two words" }, "it holds a blank", "set WIX_API_KEY to the key alone")
    problem({ WIX_API_KEY = false, WIX_API_KEY_FILE = "/nowhere/key" }, "No such file", "see that /nowhere/key is there")
    problem({ WIX_API_KEY = false, WIX_API_KEY_FILE = "~/key" }, "No such file", "write that path in full")
    config("key_command = false")
    problem({ WIX_API_KEY = false }, "key_command in the config file failed", "run what key_command in " .. folder)
  end)

  it("says which key wins where several are named", function()
    config("api_key_file = /nowhere/key", "key_command = false")
    complete{ WIX_API_KEY_FILE = "/nowhere/other" }
    local list = support.lines(examine(), "settings", "api_key", "warning")
    assert.matches("^WIX_API_KEY wins; not looked at: the file /nowhere/other, by WIX_API_KEY_FILE; the file /nowhere/key, by api_key_file "
      .. "%(.*:1%); key_command %(.*:2%)$", list[1].text)
    assert.matches("unset WIX_API_KEY", list[1].advice)
    local wix <close> = wixum.client{ api_key = KEY }
    assert.equal("ok from the program", said(examine{ client = wix }, "settings", "api_key"))
  end)

  it("tells everything else where the config file cannot be used, and what of it is not known then", function()
    local path = config("locale = de", "nonsense")
    complete{ WIX_ACCOUNT_ID = false }
    local found = wixum.doctor()
    assert.same({ "settings/config file settings" }, wrong(found))
    assert.matches(path .. ":2: not a line", said(found, "settings", "config file"), 1, true)
    assert.equal("ok from WIX_API_KEY", said(found, "settings", "api_key"))
    for _, name in ipairs{ "account_id", "site_id", "columns", "locale", "trust" } do
      assert.equal("unproven no variable says it, and the config file cannot be read", said(found, "settings", name))
    end
    for _, topic in ipairs{ "account", "rights", "sites", "clock" } do assert.equal("unproven", line(found, topic, topic).state) end
    config("api_key = " .. KEY)
    found = wixum.doctor()
    assert.matches(':1: unknown setting api_key (known: account_id, api_key_file', said(found, "settings", "config file"), 1, true)
    config("locale = de")
    shell("chmod 666 '%s'", path)
    found = wixum.doctor()
    assert.matches("others can write it.*mode 666", said(found, "settings", "config file"))
    assert.matches("chmod 600 " .. path, line(found, "settings", "config file").advice, 1, true)
    shell("chmod 600 '%s'", path)
  end)

  it("tells a base URL, ids and columns that cannot be right", function()
    complete{ WIXUM_BASE_URL = "http://example.com" }
    local found = wixum.doctor()
    assert.same({ "settings/base_url settings" }, wrong(found))
    assert.matches("plain http to another machine", said(found, "settings", "base_url"))
    complete{ WIX_ACCOUNT_ID = "mine", WIX_SITE_ID = "a site" }
    found = examine()
    assert.same({ "settings/account_id settings", "settings/site_id settings" }, wrong(found))
    assert.matches("^correct WIX_SITE_ID: copy the site's id from its dashboard's address", line(found, "settings", "site_id").advice)
    complete{ WIX_SITE_ID = GUIDS[1]:upper() }
    assert.matches("the account_id is the same", said(examine(), "settings", "site_id"), 1, true)
    complete{ WIX_ACCOUNT_ID = false }
    assert.same({ "settings/account_id settings" }, wrong(examine()))
    complete{ WIX_ACCOUNT_ID = false, WIX_SITE_ID = GUIDS[1] } -- what a site alone needs works
    assert.matches("^warning", said(examine(), "settings", "account_id"))
    for text, words in pairs{ ["emial=E-Mail"] = 'there is no field emial (did you mean "email"?)', ["E-Mail"] = "is not FIELD=HEADER" } do
      config("columns = " .. text)
      complete()
      found = examine()
      assert.same({ "settings/columns settings" }, wrong(found))
      assert.matches(words, said(found, "settings", "columns"), 1, true)
    end
  end)

  it("tells what may not be trusted", function()
    config("trust = everybody")
    local found = examine()
    assert.same({ "settings/trust settings" }, wrong(found))
    assert.matches("it is links, roles, or both, not everybody", said(found, "settings", "trust"), 1, true)
  end)

  it("shows little of a value that is long, and nothing that a terminal would act on", function()
    complete{ WIX_SITE_ID = "\27[2J\xEF\xBB\xBF" .. ("ä"):rep(5000) }
    local text = said(examine(), "settings", "site_id")
    assert.matches("^wrong %?%[2J\\u{FEFF}ä", text)
    assert.is_true(utf8.len(text) < 500)
  end)

  it("warns of variables that look like ours and are not read", function()
    complete{ WIX_APIKEY = KEY, WIXUM_LEGDER = "x", WIXUM_SITE_ID = "x", WIX_KEY = "x", WIX_CLIENT_ID = "x", WIXUM_NONSENSE = "x",
      WIXES = "x" }
    local found = examine()
    for name, meant in pairs{ WIX_APIKEY = "WIX_API_KEY", WIXUM_LEGDER = "WIXUM_LEDGER", WIXUM_SITE_ID = "WIX_SITE_ID",
      WIX_KEY = "WIX_API_KEY" } do
      assert.equal(('warning nothing reads this variable (did you mean "%s"?)'):format(meant), said(found, "settings", name))
    end
    assert.matches("^warning .*known: WIXUM_BASE_URL", said(found, "settings", "WIXUM_NONSENSE"))
    assert.matches("^note .*another program's", said(found, "settings", "WIX_CLIENT_ID"))
    for _, name in ipairs{ "WIX_API_KEY", "WIXUM_LEDGER", "WIXES" } do assert.same({}, support.lines(found, "settings", name)) end
  end)

  it("says where no config file is looked for, as in cron", function()
    complete()
    uv.os_unsetenv("XDG_CONFIG_HOME")
    assert.matches("^warning HOME is not set", said(examine(), "settings", "config file"))
    uv.os_setenv("HOME", folder)
    uv.os_setenv("XDG_CONFIG_HOME", "relative")
    assert.matches("not heeded", said(examine(), "settings", "XDG_CONFIG_HOME"), 1, true)
    local kept = { "env", "-i" } -- what a tool needs around lua5.4, and nothing else
    for _, name in ipairs{ "PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS" } do
      if os.getenv(name) then kept[#kept + 1] = name .. "=" .. os.getenv(name) end
    end
    local output, code = process.run(table.move({ WIXUM, "doctor" }, 1, 2, #kept + 1, kept))
    assert.equal(2, code)
    assert.matches("config file          HOME is not set", output, 1, true)
    assert.matches("WRONG     api_key              there is no API key\n            do this: make a key", output, 1, true)
  end)
end)

describe("the doctor on the ledger", function()
  local function bound(url, account)
    local path = folder .. "/bound.db"
    ledgers.remove(path)
    local ledger = assert(wixum.ledger.open(path))
    local wix <close> = wixum.client{ base_url = url, account_id = account, api_key = KEY }
    local db = require("wixum.ledger.database").open(path)
    require("wixum.ledger.binding").to(db, (wix:endpoint()), account)
    db:close()
    return path, ledger
  end

  it("makes none, and says where it would be", function()
    local expected = ("note %s/no.db, from WIXUM_LEDGER: not there yet; `wixum plan` makes it"):format(folder)
    assert.equal(expected, said(examine(), "ledger", "file"))
    assert.is_false(require("wixum.ledger.filesystem").exists(folder .. "/no.db"))
  end)

  it("says whose it is, and leaves it as it was", function()
    local path, ledger = bound("http://127.0.0.1:1", GUIDS[1])
    ledger:close()
    local sum = here.run("cksum " .. path)
    local found = examine{ ledger = path }
    assert.same({}, wrong(found))
    assert.equal(("ok %s, from the program: mode 600, yours"):format(path), said(found, "ledger", "file"))
    assert.equal("ok http://127.0.0.1:1, account " .. GUIDS[1], said(found, "ledger", "belongs to"))
    assert.equal("ok nobody sends from it now", said(found, "ledger", "in use"))
    assert.equal(sum, here.run("cksum " .. path))
    assert.equal(path .. "\n", here.run(("ls %s*"):format(path)))
    complete{ WIX_ACCOUNT_ID = GUIDS[2] }
    found = examine{ ledger = path }
    assert.same({ "ledger/belongs to settings" }, wrong(found))
    assert.matches("name another ledger .* or correct WIX_ACCOUNT_ID", line(found, "ledger", "belongs to").advice)
    complete{ WIXUM_BASE_URL = "http://127.0.0.1:2" }
    assert.matches("the settings say http://127.0.0.1:2", said(examine{ ledger = path }, "ledger", "belongs to"), 1, true)
    shell("chmod 640 '%s'", path)
    found = examine{ ledger = path }
    assert.matches("^warning .*others can read it", said(found, "ledger", "file"))
    assert.matches("^chmod 600 ", line(found, "ledger", "file").advice)
  end)

  it("says who sends from it now", function()
    local path, ledger <close> = bound("http://127.0.0.1:1")
    local during
    local db = require("wixum.ledger.database").open(path)
    require("wixum.ledger.binding").alone({ file = path, db = db, time = os.time }, function() during = examine{ ledger = path } end)
    db:close()
    assert.matches("^note it is in use by process %d+ on ", said(during, "ledger", "in use"))
    assert.matches("^ok", said(examine{ ledger = path }, "ledger", "in use"))
    assert(ledger)
  end)

  it("tells what is no ledger, or one of another wixum", function()
    local function problem(path, words, state)
      local found = examine{ ledger = path }
      assert.matches(words, tostring(found), 1, true)
      assert.same(state and {} or { "ledger/file settings" }, wrong(found))
    end
    local function made(statement)
      local path = folder .. "/made.db"
      ledgers.remove(path)
      if statement:find("^PRAGMA") then assert(wixum.ledger.open(path)):close() end
      local db = require("luasql.sqlite3").sqlite3():connect(path)
      assert(db:execute(statement))
      db:close()
      return path
    end
    problem(folder, "it is no file")
    problem("/nowhere/at/all.db", "its folder is not there")
    problem("", "this is no path of a file")
    problem(write("text.db", ("no database "):rep(100)), "it is not an SQLite file")
    problem(write("empty.db", ""), "it is empty, and filled at its first use", "note")
    assert.equal(0, core.look_at_file(folder .. "/empty.db").size)
    problem(made("CREATE TABLE theirs (a)"), "an SQLite file of another program")
    problem(made("PRAGMA user_version = 1000"), "a newer wixum made it")
    problem(made("PRAGMA user_version = 0"), "an earlier wixum made it", "note")
  end)
end)

describe("the doctor on the connection", function()
  local function of(options, values)
    complete(values)
    local wix <close> = wixum.client(options)
    local root = require("wixum.client").state(wix).root
    root.ready = function() return nil, "not in this spec" end -- nothing goes out
    return examine{ client = wix }, root
  end
  local LIVE = { WIXUM_BASE_URL = "https://www.wixapis.com" }
  local function live(values)
    for name, value in pairs(LIVE) do values[name] = value end
    return values
  end

  it("says what TLS there is, and whose certificates are believed", function()
    local found = of(nil, live{})
    assert.matches("^ok https by .*; TLS 1.2 or newer, certificate and host name are verified$", said(found, "connection", "TLS"))
    assert.matches("^ok believed are those of /.*, libcurl's own$", said(found, "connection", "certificates"))
    found = of({ ca_file = "/nowhere/ca.pem" }, live{})
    assert.same({ "settings/api_key settings", "connection/certificates settings" }, wrong(found))
    assert.matches("/nowhere/ca.pem: No such file", said(found, "connection", "certificates"), 1, true)
    assert.matches("^ok believed are those of /etc", said(of({ ca_path = "/etc" }, live{}), "connection", "certificates"))
    assert.matches("^note none: plain HTTP", said(of(nil, {}), "connection", "TLS"))
  end)

  it("says which proxy is used, in libcurl's order, and never its password", function()
    local PROXY = "http://me:swordfish@proxy.test:3128"
    local function proxy(options, values)
      local found, root = of(options, values)
      assert.is_nil((root.proxy or ""):find("swordfish", 1, true))
      assert.is_nil(tostring(found):find("swordfish", 1, true))
      return said(found, "connection", "proxy")
    end
    assert.equal("ok none", proxy(nil, live{}))
    for _, name in ipairs{ "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" } do
      assert.equal("ok through http://proxy.test:3128, from " .. name, proxy(nil, live{ [name] = PROXY }))
    end
    assert.matches("first.test.* from https_proxy", proxy(nil, live{ https_proxy = "http://first.test", HTTPS_PROXY = PROXY }))
    assert.equal("ok through http://proxy.test:3128, from the program", proxy({ proxy = PROXY }, live{ https_proxy = "http://other.test" }))
    assert.matches("^ok none: no_proxy names www.wixapis.com, so that http://proxy.test:3128, from https_proxy, is not used",
      proxy(nil, live{ https_proxy = PROXY, no_proxy = "x.test, .wixapis.com" }))
    assert.equal("ok none: http_proxy is for plain HTTP alone; https_proxy would be heeded", proxy(nil, live{ http_proxy = PROXY }))
    assert.matches("^note none: this machine itself .*is not used", proxy(nil, { https_proxy = PROXY }))
  end)

  it("reads no_proxy as libcurl does", function()
    for list, direct in pairs{ ["*"] = true, ["wixapis.com"] = true, [".wixapis.com"] = true, ["WWW.WIXAPIS.COM"] = true,
      ["a b,www.wixapis.com."] = true, ["apis.com"] = false, ["*.wixapis.com"] = false, [""] = false, ["wixapis.com.test"] = false } do
      assert.equal(direct, connection.is_direct("www.wixapis.com", list), list)
    end
    assert.is_false(connection.is_direct("www.wixapis.com", nil))
  end)
end)
