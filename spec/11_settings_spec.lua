-- What a client takes from its surroundings: environment, config file, key files and commands; which wins, and what is
-- refused.

local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local uv = require "luv"
local wixum = require "wixum"

local KEY = "IST.c2V0dGluZ3M.c3BlYw.a2V5"
local WRONG = "IST.bm90.dGhl.a2V5"
local SITES = {}
for i = 1, 4 do SITES[i] = ("%d0000000-2222-4333-8444-555555555555"):format(i) end
local NAMES = { "WIX_API_KEY", "WIX_API_KEY_FILE", "WIX_SITE_ID", "WIX_ACCOUNT_ID", "WIXUM_BASE_URL", "XDG_CONFIG_HOME", "HOME" }

local folder, server, before

local function shell(command, ...)
  assert(os.execute(command:format(...)), command)
end

local function write(name, text)
  local path = folder .. "/" .. name
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

-- A file as people keep keys in.
local function key_file(name, text, mode)
  local path = write(name, text)
  shell("chmod %s '%s'", mode or "600", path)
  return path
end

-- The config file becomes these lines, or goes away.
local function config(...)
  if not ... then return os.remove(folder .. "/config/wixum/config") end
  return write("config/wixum/config", table.concat({ ... }, "\n"))
end

-- This process's environment, until the spec is over.
local function environment(values)
  for _, name in ipairs(NAMES) do uv.os_unsetenv(name) end
  uv.os_setenv("XDG_CONFIG_HOME", folder .. "/config")
  for name, value in pairs(values or {}) do uv.os_setenv(name, value) end
end

local number = 0

-- What becomes of a call of a client that is told nothing but this.
local function call(options)
  number = number + 1
  local wix <close> = wixum.client(options)
  return wix.site_invites.bulk_invite({ policy_ids = { "1" }, emails = { ("p%d@example.com"):format(number) } }, { retries = 0 })
end

setup(function()
  folder = os.tmpname()
  os.remove(folder)
  shell("mkdir -p '%s/config/wixum'", folder)
  server = assert(sandbox.start{ seed = 1, api_key = KEY })
  before = uv.os_environ()
end)

before_each(function()
  config()
  environment()
end)

teardown(function()
  for _, name in ipairs(NAMES) do
    if before[name] then uv.os_setenv(name, before[name]) else uv.os_unsetenv(name) end
  end
  server:stop()
  shell("rm -rf '%s'", folder)
end)

describe("settings", function()
  -- What a client has, however it came by it.
  local function shown(options)
    local wix <close> = wixum.client(options)
    return tostring(wix):match("^wixum.client %((.*)%)$")
  end

  it("are left out: the service itself, no ids, no key", function()
    assert.equal("https://www.wixapis.com", shown())
    local answer, err = call{ site_id = SITES[1], base_url = server.base_url }
    assert.is_nil(answer)
    assert.same({ "invalid", "not_sent" }, { err.kind, err.outcome })
    assert.matches("there is no API key", tostring(err), 1, true)
    assert.matches("WIX_API_KEY_FILE", tostring(err), 1, true)
  end)

  it("come from the option, else the environment, else the config file", function()
    local lines = { "base_url = http://127.0.0.1:3", "site_id = " .. SITES[3], "account_id = " .. SITES[4] }
    local variables = { WIXUM_BASE_URL = "http://127.0.0.1:2", WIX_SITE_ID = SITES[2], WIX_ACCOUNT_ID = SITES[3] }
    local options = { base_url = "http://127.0.0.1:1", site_id = SITES[1], account_id = SITES[2] }
    local function expect(i, with)
      assert.equal(("http://127.0.0.1:%d, site %s, account %s"):format(i, SITES[i], SITES[i + 1]), shown(with))
    end
    config(table.unpack(lines))
    expect(3)
    environment(variables)
    expect(2)
    expect(1, options)
    config()
    expect(2)
  end)

  it("that are empty count as left out", function()
    config("site_id =", "base_url = ", "  account_id=" .. SITES[4] .. "  ")
    environment{ WIX_SITE_ID = "", WIXUM_BASE_URL = "", WIX_ACCOUNT_ID = "", WIX_API_KEY = "", WIX_API_KEY_FILE = "" }
    assert.equal("https://www.wixapis.com, account " .. SITES[4], shown())
    assert.matches("there is no API key", tostring(select(2, call{ site_id = SITES[1], base_url = server.base_url })), 1, true)
  end)

  it("with a base URL that is none are refused by name, without repeating it", function()
    environment{ WIXUM_BASE_URL = "https://me:swordfish@www.wixapis.com" }
    local done, message = pcall(wixum.client)
    assert.is_false(done)
    assert.matches("11_settings_spec.lua:%d+: WIXUM_BASE_URL .* cannot be used: it holds a user name or password", message)
    assert.is_nil(message:find("swordfish", 1, true))
  end)

  it("take the key from the first that has one", function()
    local sources = {
      { variable = "WIX_API_KEY", value = function(key) return key end },
      { variable = "WIX_API_KEY_FILE", value = function(key) return key_file("variable", key) end },
      { line = "api_key_file = %s", value = function(key) return key_file("line", key) end },
      { line = "key_command = echo %s", value = function(key) return key end },
    }
    for first = 1, #sources do
      local variables, lines = { WIXUM_BASE_URL = server.base_url, WIX_SITE_ID = server.site_id }, {}
      for i = first, #sources do -- the right key in one place, wrong ones in all that come after it
        local value = sources[i].value(i == first and KEY or WRONG)
        if sources[i].variable then variables[sources[i].variable] = value else lines[#lines + 1] = sources[i].line:format(value) end
      end
      environment(variables)
      config(table.unpack(lines))
      assert.is_truthy(call())
      assert.equal("unauthenticated", select(2, call{ api_key = WRONG }).kind)
    end
  end)

  it("make the default client, which tells a broken config file in the error of the call", function()
    local path = config("base_url = " .. server.base_url, "nonsense")
    local output, code = process.run({ "lua5.4", "-e", [[
      local wixum = require "wixum"
      local arguments = { policy_ids = { "1" }, emails = { "default@example.com" } }
      local answer, err = wixum.site_invites.bulk_invite(arguments)
      print(answer, err.kind, err.outcome, err)
      os.execute(os.getenv "MEND")
      print(wixum.site_invites.bulk_invite(arguments).invites[1].email)
    ]] }, { env = { XDG_CONFIG_HOME = folder .. "/config", WIX_API_KEY = KEY, WIX_SITE_ID = server.site_id,
      MEND = ("sed -i 2d '%s'"):format(path) } })
    assert.equal(0, code, output)
    assert.matches("^nil\tinvalid\tnot_sent\tsite_invites.bulk_invite at [^\n]*config:2: not a line[^\n]*\ndefault@example.com\n$", output)
  end)
end)

describe("the config file", function()
  it("is that of XDG_CONFIG_HOME, else the home's", function()
    local home = folder .. "/home"
    shell("mkdir -p '%s/.config/wixum'", home)
    write("home/.config/wixum/config", "site_id = " .. SITES[1])
    environment{ HOME = home }
    for _, row in ipairs{
      { folder .. "/config", nil }, { home .. "/.config", SITES[1] }, { "", SITES[1] },
      { "relative", SITES[1] }, -- whoever writes into the folder one happens to be in has no say
    } do
      uv.os_setenv("XDG_CONFIG_HOME", row[1])
      local wix <close> = wixum.client()
      assert.equal(row[2] and ("wixum.client (https://www.wixapis.com, site %s)"):format(row[2]) or
        "wixum.client (https://www.wixapis.com)", tostring(wix))
    end
  end)

  it("has comments, blank lines, blanks around names and values, and any line ends", function()
    config("# a comment", "", "  # another", "\t", "site_id=" .. SITES[1] .. "\r", "  account_id \t=  " .. SITES[2] .. " ",
      "ledger = my invites.db", "columns = email=E-Mail", "locale = de", "key_command = echo a = b\r")
    local wix <close> = wixum.client()
    assert.equal(("wixum.client (https://www.wixapis.com, site %s, account %s)"):format(SITES[1], SITES[2]), tostring(wix))
  end)

  it("that has something else is refused, file and line named, and the line not repeated", function()
    for _, row in ipairs{
      { "nonsense", 'not a line "name = value"' }, { "= x", 'not a line "name = value"' }, { "a b = c", 'not a line "name = value"' },
      { KEY, 'not a line "name = value"' },
      { "siteid = x", 'unknown setting siteid (did you mean "site_id"?)' }, { "api_key = " .. KEY, "unknown setting api_key" },
    } do
      local path = config("# first", row[1])
      local done, message = pcall(wixum.client)
      assert.is_false(done)
      assert.matches("^[^\n]*11_settings_spec.lua:%d+: [^\n]+$", message)
      assert.is_truthy(message:find(("%s:2: %s"):format(path, row[2]), 1, true), message)
      assert.is_nil(message:find("c2V0dGluZ3M", 1, true))
    end
  end)

  it("that is there and cannot be read is no absent one", function()
    config()
    shell("mkdir '%s/config/wixum/config'", folder)
    local done, message = pcall(wixum.client)
    shell("rmdir '%s/config/wixum/config'", folder)
    assert.is_false(done)
    assert.matches("^[^\n]*11_settings_spec.lua:%d+: [^\n]*config/wixum/config[^\n]*$", message)
  end)
end)

describe("a key file", function()
  -- name, text, mode; then what comes of it: "sent", "warned" (sent, and a line on stderr), or words of the refusal.
  local FILES = {
    { "600", KEY, "600", "sent" },
    { "400", KEY, "400", "sent" },
    { "640", KEY, "640", "warned" },
    { "644", KEY, "644", "warned" },
    { "604", KEY, "604", "warned" },
    { "620", KEY, "620", "others can write it" },
    { "602", KEY, "602", "others can write it" },
    { "660", KEY, "660", "others can write it" },
    { "666", KEY, "666", "others can write it" },
    { "newline", KEY .. "\n", "600", "sent" },
    { "crlf", KEY .. "\r\n", "600", "sent" },
    { "blanks around", "\n \t" .. KEY .. " \n\n", "600", "sent" },
    { "two lines", KEY .. "\n" .. KEY .. "\n", "600", "control character" },
    { "blank inside", "IST.a b", "600", "it holds a blank" },
    { "NUL", KEY .. "\0", "600", "control character" },
    { "byte order mark", "\xEF\xBB\xBF" .. KEY, "600", "beyond ASCII" },
    { "UTF-16", "I\0S\0T\0.\0a\0", "600", "control character" },
    { "empty", "", "600", "it is empty" },
    { "only blanks", " \n", "600", "it is empty" },
    { "name and value", "WIX_API_KEY = " .. KEY, "600", "it holds a blank" },
    { "with scheme", "Bearer " .. KEY, "600", "Bearer" },
    { "too large", ("k"):rep(8193), "600", "larger than 8192 bytes" },
    { "as large as can be, and wrong", ("k"):rep(8192), "600", "unauthenticated" },
    { "as large as can be, with blanks", KEY .. (" "):rep(8192 - #KEY), "600", "sent" },
  }

  -- The child says for each file what came of it; what goes to stderr stands before that.
  local CHILD = [[
    local uv, wixum = require "luv", require "wixum"
    io.stdout:setvbuf "no"
    for line in io.lines(os.getenv "LIST") do
      uv.os_setenv("WIX_API_KEY_FILE", line)
      local wix <close> = wixum.client{ retries = 0, rate = false }
      for i = 1, 2 do
        local answer, err = wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" } }
        print(("%s <%s>"):format(line, answer and "sent" or tostring(err)))
      end
    end
  ]]

  local function read_by_child(paths)
    local output, code = process.run({ "lua5.4", "-e", CHILD }, { env = { XDG_CONFIG_HOME = folder .. "/config",
      LIST = write("list", table.concat(paths, "\n")), WIXUM_BASE_URL = server.base_url, WIX_SITE_ID = server.site_id } })
    assert.equal(0, code, output)
    assert.is_nil(output:find("c2V0dGluZ3M", 1, true), "the key is shown")
    return output
  end

  it("is read where only its owner can write it", function()
    local paths = {}
    for i, row in ipairs(FILES) do paths[i] = key_file(row[1], row[2], row[3]) end
    local output = read_by_child(paths)
    for i, row in ipairs(FILES) do
      local path, expected = paths[i], row[4]
      local warning = ("wixum: others can read the key file %s: chmod 600 it\n"):format(path)
      local results = {}
      for result in output:gmatch(path:gsub("%p", "%%%0") .. " <([^\n]*)>\n") do
        results[#results + 1] = result:gsub("request id [%d.]+", "request id")
      end
      local first = results[1]
      assert.same({ first, first }, results)
      local _, warnings = output:gsub(warning:gsub("%p", "%%%0"), "")
      assert.equal(expected == "warned" and 1 or 0, warnings, row[1])
      if expected == "sent" or expected == "warned" then
        assert.equal("sent", first)
      else
        assert.is_truthy(first:find(expected, 1, true), first)
        if expected ~= "unauthenticated" then
          assert.matches("(invalid, not sent)", first, 1, true)
          assert.matches(path, first, 1, true)
          assert.matches("WIX_API_KEY_FILE", first, 1, true)
        end
      end
    end
  end)

  -- What a client says of a file that is none.
  local function refusal(path)
    environment{ WIX_API_KEY_FILE = path, WIXUM_BASE_URL = server.base_url, WIX_SITE_ID = server.site_id }
    local answer, err = call()
    assert.is_nil(answer)
    assert.same({ "invalid", "not_sent" }, { err.kind, err.outcome })
    return tostring(err)
  end

  it("is a file", function()
    assert.matches("No such file", refusal(folder .. "/missing"), 1, true)
    assert.matches("it is a folder", refusal(folder), 1, true)
    assert.matches("neither a file nor a pipe", refusal("/dev/null"), 1, true)
    assert.matches("Not a directory", refusal(key_file("plain", KEY) .. "/below"), 1, true)
  end)

  it("is not shown where somebody gave the key in place of the file's name", function()
    assert.is_nil(refusal(KEY):find("c2V0dGluZ3M", 1, true))
  end)

  it("may be a pipe", function()
    local pipe = folder .. "/pipe"
    shell("mkfifo -m 600 '%s'", pipe)
    local writer = process.start{ "sh", "-c", ("printf '%%s\\n' %s >'%s'"):format(KEY, pipe) }
    environment{ WIX_API_KEY_FILE = pipe, WIXUM_BASE_URL = server.base_url, WIX_SITE_ID = server.site_id }
    local wix <close> = wixum.client()
    for i = 1, 2 do -- read once: a second time there would be nothing in it
      assert.is_truthy(wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { ("pipe%d@example.com"):format(i) } })
    end
    writer:close_input()
    writer:wait()
  end)

  it("belongs to its reader, or to root", function()
    if uv.getuid() ~= 0 then return pending("needs root, to give a file away") end
    local path = key_file("given away", KEY)
    shell("chown 65534 '%s'", path)
    assert.matches("it belongs to somebody else", refusal(path), 1, true)
  end)

  it("of the config file is named as such", function()
    config("api_key_file = " .. key_file("open", KEY, "666"))
    environment{ WIXUM_BASE_URL = server.base_url, WIX_SITE_ID = server.site_id }
    local _, err = call()
    assert.matches("open (from the config file) cannot be used: others can write it", tostring(err), 1, true)
  end)
end)

describe("key_command", function()
  local function with_command(command)
    config("key_command = " .. command)
    environment{ WIXUM_BASE_URL = server.base_url, WIX_SITE_ID = server.site_id }
    return call()
  end

  it("prints the key on its first line", function()
    for _, command in ipairs{ "echo %s", "printf %%s %s", "printf '%%s\\r\\n' %s", "printf '%%s\\nlogin: me\\n' %s", "echo %s # a comment",
      "echo ' %s '", "echo %s | cat", "{ echo %s; yes 2>/dev/null | head -n 100000; }" } do
      local answer, err = with_command(command:format(KEY))
      assert.is_truthy(answer, command .. ": " .. tostring(err))
    end
  end)

  it("that fails or prints nothing is told, and what it printed is not", function()
    for _, command in ipairs{ "false", "true", "exit 3", "echo " .. KEY .. "; false", "echo", "no-such-command 2>/dev/null",
      "kill -9 $$" } do
      local answer, err = with_command(command)
      assert.is_nil(answer)
      assert.same({ "invalid", "not_sent" }, { err.kind, err.outcome })
      assert.is_nil(tostring(err):find("c2V0dGluZ3M", 1, true))
    end
  end)

  it("is run by the first call, and once", function()
    local count = folder .. "/count"
    config(("key_command = echo x >>'%s'; echo %s"):format(count, KEY))
    environment{ WIXUM_BASE_URL = server.base_url, WIX_SITE_ID = server.site_id }
    local wix <close> = wixum.client()
    local derived = wix:with{ timeout = 30 }
    assert.is_nil(io.open(count))
    for i = 1, 3 do
      assert.is_truthy(derived.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { ("once%d@example.com"):format(i) } })
    end
    local file <close> = assert(io.open(count))
    assert.equal("x\n", file:read("a"))
  end)

  it("gets no variable of Wix's or wixum's", function()
    local seen = folder .. "/seen"
    config(("key_command = env >'%s'; echo %s"):format(seen, KEY))
    local variables = { WIXUM_BASE_URL = server.base_url, WIX_SITE_ID = server.site_id, WIX_ACCOUNT_ID = SITES[1], WIX_API_KEY = "",
      WIX_API_KEY_FILE = "", WIXUM_LOG = "none", WIXUM_LEDGER = "x.db", WIX_CLIENT_SECRET = "swordfish", OTHER = "kept",
      XDG_CONFIG_HOME = folder .. "/config" }
    local output, code = process.run({ "lua5.4", "-e", [[
      assert(require("wixum").site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "command@example.com" } })
    ]] }, { env = variables })
    assert.equal(0, code, output)
    local file <close> = assert(io.open(seen))
    local names = "\n" .. file:read("a")
    assert.is_nil(names:match("\n(WIX[%w_]*)="))
    assert.matches("\nOTHER=kept\n", names)
  end)
end)
