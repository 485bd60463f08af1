-- The API key: what may be one, how it goes out, to whom, and what is left of it. That no text repeats it is in
-- 12_secrets_spec.lua.

local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local uv = require "luv"
local wixum = require "wixum"

local KEY = "IST.a2V5LXNwZWM.bm90aGluZy10by1zZWU.c2lnbmF0dXJl"
local SITE, ACCOUNT = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"
local INVITE = { policy_ids = { "1" }, emails = { "ann@example.com" } }

-- A server that keeps every byte it is sent and gives each connection the same answer.
local function recorder(answer)
  local self, listener = { bytes = "" }, uv.new_tcp()
  assert(listener:bind("127.0.0.1", 0))
  assert(listener:listen(8, function()
    local client, head = uv.new_tcp(), ""
    listener:accept(client)
    client:read_start(function(_, bytes)
      if not bytes then return client:is_closing() or client:close() end
      self.bytes, head = self.bytes .. bytes, head .. bytes
      local length = head:match("\r\n\r\n") and (tonumber(head:match("\r\nContent%-Length: (%d+)")) or 0)
      if length and #head:match("\r\n\r\n(.*)$") >= length then
        client:write(answer, function() return client:is_closing() or client:close() end)
      end
    end)
  end))
  self.port = listener:getsockname().port
  function self.close()
    listener:close()
    uv.run("nowait")
  end
  return self
end

-- Runs a script of its own; what the settings say comes by the environment.
local function run_child(script, environment)
  local output, code = process.run({ "lua5.4", "-e", script }, { env = environment })
  assert.equal(0, code, output)
  return output
end

local function count(text, piece)
  local found, from = 0, 1
  while true do
    local at = text:find(piece, from, true)
    if not at then return found end
    found, from = found + 1, at + 1
  end
end

describe("the key", function()
  it("goes out raw, once, with one id of the two", function()
    local every = {}
    for byte = 0x21, 0x7E do every[#every + 1] = string.char(byte) end
    for _, key in ipairs{ KEY, table.concat(every), "k" } do
      local server = recorder("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
      run_child([[assert(require("wixum").site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" } })]],
        { WIX_API_KEY = key, WIX_SITE_ID = SITE, WIX_ACCOUNT_ID = ACCOUNT, WIXUM_BASE_URL = "http://127.0.0.1:" .. server.port })
      server.close()
      assert.matches("^POST /invites/site%-invite/bulk HTTP/1.1\r\nHost: 127.0.0.1:" .. server.port .. "\r\n", server.bytes)
      assert.equal(1, count(server.bytes, "\r\nAuthorization: " .. key .. "\r\n"))
      assert.equal(1, count(server.bytes:lower(), "authorization"))
      if #key > 1 then assert.equal(1, count(server.bytes, key)) end
      assert.equal(1, count(server.bytes, "\r\nwix-site-id: " .. SITE .. "\r\n"))
      assert.equal(0, count(server.bytes:lower(), "wix-account-id"))
      assert.equal(0, count(server.bytes, ACCOUNT))
    end
  end)

  it("loses blanks and line ends around it, and nothing else", function()
    local server = assert(sandbox.start{ seed = 1, api_key = KEY })
    for _, key in ipairs{ KEY, KEY .. "\n", KEY .. "\r\n", " \t" .. KEY .. " \n\n", "\r\n" .. KEY } do
      local wix <close> = server:client{ api_key = key }
      assert.is_truthy(wix.site_invites.bulk_invite(INVITE))
    end
    for _, key in ipairs{ KEY:lower(), KEY .. "x", KEY:sub(2), '"' .. KEY .. '"' } do
      local wix <close> = server:client{ api_key = key }
      assert.equal("unauthenticated", select(2, wix.site_invites.bulk_invite(INVITE)).kind)
    end
    server:stop()
  end)

  it("holds no byte but those of printable ASCII: no line end, no NUL, no blank", function()
    local step = os.getenv "WIXUM_SLOW" and 11 or 1
    for byte = 0, 255, step do
      local key = "IST.before" .. string.char(byte) .. "after"
      local done, result = pcall(wixum.client, { api_key = key })
      assert.equal(byte >= 0x21 and byte <= 0x7E, done, ("byte %d: %s"):format(byte, result))
      if done then
        result:close()
      else
        assert.matches("option api_key: the API key cannot be used: ", result, 1, true)
        assert.is_nil(result:find("before", 1, true) or result:find("after", 1, true), result)
      end
    end
  end)

  it("is the key alone, not empty and not endless", function()
    for key, words in pairs{ [""] = "it is empty", [" \r\n"] = "it is empty", ["Bearer " .. KEY] = "give the key alone",
      ["bearer " .. KEY] = "give the key alone", [("k"):rep(8193)] = "longer than 8192" } do
      local done, message = pcall(wixum.client, { api_key = key })
      assert.is_false(done)
      assert.matches(words, message, 1, true)
      assert.is_nil(message:find("a2V5", 1, true))
    end
  end)

  it("is masked where a request is shown: dry_run, and what a transport gets", function()
    local seen
    local wix <close> = wixum.client{ api_key = KEY, site_id = SITE, transport = function(request)
      seen = request
      return { status = 200, body = "{}" }
    end }
    assert(wix.site_invites.bulk_invite(INVITE))
    local shown = assert(wix.site_invites.bulk_invite(INVITE, { dry_run = true }))
    for _, request in ipairs{ seen, shown } do
      assert.equal("[masked]", request.headers.Authorization)
      assert.equal(SITE, request.headers["wix-site-id"])
      for name, value in pairs(request.headers) do assert.is_nil((name .. value):find("a2V5", 1, true)) end
      assert.is_nil((request.method .. request.url .. request.body):find("a2V5", 1, true))
    end
  end)

  it("is in no command line, also while key_command runs", function()
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute(("mkdir -p '%s/wixum'"):format(folder)))
    local function path(name) return folder .. "/" .. name end
    local function write(name, text)
      local file <close> = assert(io.open(path(name), "w"))
      file:write(text)
    end
    write("key", KEY)
    -- of the command itself and of all that it runs in
    write("wixum/config", ([[key_command = p=$$; while [ "$p" -gt 1 ]; do cat /proc/$p/cmdline; ]]
      .. [[p=$(sed -n 's/^PPid:[^0-9]*//p' /proc/$p/status); done >'%s'; cat '%s']]):format(path "seen", path "key"))
    local server = assert(sandbox.start{ seed = 1, api_key = KEY })
    run_child([[
      assert(require("wixum").site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" } })
      for line in io.lines("/proc/self/cmdline") do io.write(line) end
    ]], { XDG_CONFIG_HOME = folder, WIX_SITE_ID = server.site_id, WIXUM_BASE_URL = server.base_url })
    server:stop()
    local file <close> = assert(io.open(path "seen"))
    local seen = file:read("a")
    assert.matches("lua5.4", seen, 1, true)
    assert.is_nil(seen:find("a2V5", 1, true))
    assert(os.execute(("rm -r '%s'"):format(folder)))
  end)
end)

describe("what is left of the key", function()
  -- Long, and without a piece that comes twice.
  local key = "IST."
  for i = 1, 120 do key = key .. ("%03x%s"):format(i * 31, string.char(0x41 + i % 26, 0x61 + i % 23)) end

  local SCRIPT = [[
    local wix = require("wixum").client()
    local _, err = wix.site_invites.bulk_invite({ policy_ids = { "1" }, emails = { "ann@example.com" } },
      { before_send = function() error "enough" end }) -- the key has been read, and nothing has been sent
    assert(err.kind == "cancelled", tostring(err))
    if os.getenv "CLOSE" == "collected" then wix = nil elseif os.getenv "CLOSE" == "closed" then wix:close() end
    collectgarbage() collectgarbage()
    print "ready"
    io.read()
  ]]

  -- Every part of the process's memory that can be written, a megabyte at a time.
  local function pieces_of(pid)
    local memory = io.open(("/proc/%d/mem"):format(pid), "rb")
    if not memory or not memory:read(0) and not memory:seek("set", 0) then return nil end
    local STEP, found = 1 << 20, 0
    for line in io.lines(("/proc/%d/maps"):format(pid)) do
      local from, to = line:match("^(%x+)%-(%x+) rw")
      from, to = tonumber(from or "0", 16), tonumber(to or "0", 16)
      while from < to do
        memory:seek("set", from)
        local bytes = memory:read(math.min(STEP, to - from)) or ""
        for at = 1, #key - 32, 32 do found = found + (bytes:find(key:sub(at, at + 31), 1, true) and 1 or 0) end
        from = from + STEP
      end
    end
    memory:close()
    return found
  end

  -- Pieces of the key in the memory of a process that read it from a file.
  local function pieces_after(close)
    local path = os.tmpname()
    assert(os.execute(("chmod 600 '%s'"):format(path)))
    local file = assert(io.open(path, "w"))
    file:write(key, "\n")
    file:close()
    local child = process.start({ "lua5.4", "-e", SCRIPT }, { env = { WIX_API_KEY_FILE = path, WIX_SITE_ID = SITE,
      WIXUM_BASE_URL = "http://127.0.0.1:1", CLOSE = close } })
    child:expect("ready")
    local found = pieces_of(child.pid)
    child:write("")
    child:close_input()
    child:wait()
    os.remove(path)
    return found
  end

  for _, close in ipairs{ "closed", "collected" } do
    it("in memory is nothing, once its client is " .. close, function()
      if os.getenv "WIXUM_SLOW" then return pending("tools keep memory that was freed, or too much of it") end
      local open = pieces_after("open")
      if not open then return pending("the memory of another process cannot be read here") end
      assert.is_true(open > 0, "the key is not found where it must be")
      assert.equal(0, pieces_after(close))
    end)
  end
end)

describe("a base URL", function()
  local GOOD = {
    ["https://www.wixapis.com"] = "https://www.wixapis.com", ["https://www.wixapis.com/"] = "https://www.wixapis.com",
    ["HTTPS://www.wixapis.com//"] = "https://www.wixapis.com", ["https://gateway.example/wix/v1/"] = "https://gateway.example/wix/v1",
    ["https://gateway.example:8443/a/../b"] = "https://gateway.example:8443/b",
    ["http://127.0.0.1:1"] = "http://127.0.0.1:1", ["http://127.1"] = "http://127.0.0.1",
    ["http://127.255.255.254"] = "http://127.255.255.254",
    ["http://0x7f000001"] = "http://127.0.0.1", ["http://2130706433/"] = "http://127.0.0.1", ["http://0177.0.0.1"] = "http://127.0.0.1",
    ["http://[::1]:8080"] = "http://[::1]:8080", ["http://[0:0:0:0:0:0:0:1]"] = "http://[::1]",
    ["http://localhost:1"] = "http://localhost:1", ["https://localhost"] = "https://localhost",
  }
  -- What would show the key on the way, or is not what it seems.
  local BAD = {
    "http://www.wixapis.com", "http://127.evil.com", "http://127.0.0.1.evil.com", "http://127.0.0.1.", "http://localhost.evil.com",
    "http://evil.com/127.0.0.1", "http://evil.com:80/localhost", "http://0", "http://0.0.0.0", "http://128.0.0.1",
    "http://0x7f000001.evil.com", "http://[::2]",
    "http://[::ffff:10.0.0.1]", "http://127.0.0.1\u{3002}evil.com", "http://\u{ff11}27.0.0.1.nip.io", "http://10.0.0.1",
    "https://me:pass@www.wixapis.com", "https://me@www.wixapis.com", "http://127.0.0.1@evil.com", "http://127.0.0.1:80@evil.com",
    "http://127.0.0.1\\@evil.com", "http://evil.com#@127.0.0.1", "http://evil.com?@127.0.0.1",
    "https://www.wixapis.com?x=1", "https://www.wixapis.com/?", "https://www.wixapis.com/a?b", "https://www.wixapis.com#x",
    "ftp://127.0.0.1", "file:///etc/passwd", "gopher://127.0.0.1", "//127.0.0.1", "www.wixapis.com", "127.0.0.1:80", "localhost",
    "https:www.wixapis.com", "https:/www.wixapis.com", "https://",
    "https:// www.wixapis.com", " https://www.wixapis.com", "https://www.wixapis.com ",
    "https://www.wix\napis.com", "https://www.wixapis.com\r\nX: y", "https://www.wixapis.com/a b", "https://www.wixapis.com:99999",
    "https://www.wixapis.com:port", "https://[::1", "http://localhost%00.evil.com", "https://www.wixapis.com\0.evil.com",
  }

  it("is https anywhere, http on this machine alone, whatever it is written like", function()
    for given, expected in pairs(GOOD) do
      local wix <close> = wixum.client{ base_url = given }
      assert.equal(("wixum.client (%s)"):format(expected), tostring(wix), given)
    end
    for _, given in ipairs(BAD) do
      local done, message = pcall(wixum.client, { base_url = given, api_key = KEY })
      assert.is_false(done, given)
      assert.matches("12_key_spec.lua:%d+: option base_url ", message)
      assert.is_nil(message:find("evil", 1, true) or message:find("pass@", 1, true), message)
    end
  end)

  it("of this machine is reached in each of its forms, a path before the service's own included", function()
    local server = assert(sandbox.start{ seed = 1 })
    for _, host in ipairs{ "127.0.0.1", "127.1", "0x7f000001", "2130706433", "localhost", "LOCALHOST" } do
      local wix <close> = server:client{ base_url = ("http://%s:%d/"):format(host, server.port) }
      assert.is_truthy(wix.site_invites.bulk_invite(INVITE), host)
    end
    server:requests_clear()
    local wix <close> = server:client{ base_url = server.base_url .. "/gateway/wix/" }
    assert.equal("not_found", select(2, wix.site_invites.bulk_invite(INVITE)).kind)
    assert.equal("/gateway/wix/invites/site-invite/bulk", server:requests()[1].path)
    server:stop()
  end)
end)

describe("a proxy's own answer", function()
  local CALL = [[
    local wix = require("wixum").client{ proxy = os.getenv "PROXY", retries = 0 }
    local arguments = { policy_ids = { "1" }, emails = { "ann@example.com" } }
    local _, err = wix.site_invites.bulk_invite(arguments)
    print(err.kind, err.outcome, err.request_id, err.retry_after)
    print(wix.site_invites.bulk_invite(arguments, { dry_run = true }).headers["X-Wix-Consistent"])
  ]]

  it("is not the service's: nothing in it is believed, and the key is not shown to it", function()
    for _, line in ipairs{ "407 Proxy Authentication Required", "200 Connection established", "503 Service Unavailable" } do
      local proxy = recorder(("HTTP/1.1 %s\r\nX-Wix-Request-Id: forged\r\nX-Wix-Consistent: forged\r\nRetry-After: 7\r\n\r\n"):format(line))
      local output = run_child(CALL, { PROXY = "http://me:swordfish@127.0.0.1:" .. proxy.port, WIX_API_KEY = KEY, WIX_SITE_ID = SITE,
        WIXUM_BASE_URL = "https://wixapis.test" })
      proxy.close()
      assert.matches("^%a+\tnot_sent\tnil\tnil\nnil\n$", output)
      assert.matches("^CONNECT wixapis.test:443 HTTP/1.1\r\n", proxy.bytes)
      assert.is_nil(proxy.bytes:find("a2V5", 1, true))
      assert.is_nil(proxy.bytes:lower():find("wix-site-id", 1, true))
    end
  end)
end)
