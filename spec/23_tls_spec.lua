-- TLS, proxies, redirects and where a request may go: the key travels to the base URL's own host, over TLS that is
-- verified, and nowhere else.

local certificates = require "spec.support.certificates"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local wixum = require "wixum"

local INVITE = { policy_ids = { "1" }, emails = { "ann@example.com" } }

local function with_server(options, body)
  local server = assert(sandbox.start(options))
  local ok, problem = pcall(body, server)
  server:stop()
  if not ok then error(problem, 0) end
end

describe("TLS", function()
  local made

  setup(function() made = certificates.all() end)

  local function call(server, options)
    options.retries = 0
    local wix <close> = server:client(options)
    local answer, err = wix.site_invites.bulk_invite(INVITE)
    return answer, err, #server:requests()
  end

  it("works with a certificate of a known authority, by address and by name", function()
    with_server({ tls = made.good }, function(server)
      assert.is_truthy(call(server, { ca_file = made.ca }))
      assert.is_truthy(call(server, { ca_file = made.ca, base_url = "https://localhost:" .. server.port }))
    end)
  end)

  it("reads authorities from a folder", function()
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute(("mkdir %s && cp %s %s/ca.pem && openssl rehash %s"):format(folder, made.ca, folder, folder)))
    with_server({ tls = made.good }, function(server) assert.is_truthy(call(server, { ca_path = folder })) end)
  end)

  for name, which in pairs{ ["an unknown authority"] = "stranger", ["another name"] = "other_name", ["a time that is over"] = "expired" } do
    it("refuses a certificate of " .. name .. ", with nothing sent", function()
      with_server({ tls = made[which] }, function(server)
        local answer, err, requests = call(server, { ca_file = made.ca })
        assert.is_nil(answer)
        assert.same({ "tls", "not_sent", 0 }, { err.kind, err.outcome, requests })
        assert.matches("certificates", tostring(err))
      end)
    end)
  end

  it("refuses an unknown authority where nothing is said about authorities", function()
    with_server({ tls = made.good }, function(server)
      local answer, err = call(server, {})
      assert.is_nil(answer)
      assert.same({ "tls", "not_sent" }, { err.kind, err.outcome })
    end)
  end)

  it("names a file of authorities that is not there", function()
    with_server({ tls = made.good }, function(server)
      local _, err = call(server, { ca_file = "/nowhere/ca.pem" })
      assert.same({ "tls", "not_sent" }, { err.kind, err.outcome })
      assert.matches("/nowhere/ca.pem", tostring(err))
    end)
  end)

  it("refuses anything older than 1.2", function()
    -- the server offers 1.1 alone; whether its library still can decides which side says no
    local program = process.start{ "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", made.good.cert, "-key", made.good.key,
      "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-www" }
    local port = program:expect("ACCEPT 127.0.0.1:(%d+)")
    local wix <close> = wixum.client{ base_url = "https://127.0.0.1:" .. port, api_key = "k-e-y", site_id = ("0"):rep(8) ..
      "-0000-0000-0000-000000000000", ca_file = made.ca, retries = 0 }
    local answer, err = wix.site_invites.bulk_invite(INVITE)
    program:kill("sigkill")
    program:wait()
    assert.is_nil(answer)
    assert.same({ "tls", "not_sent" }, { err.kind, err.outcome })
  end)

  it("is not plain HTTP by mistake", function()
    with_server({}, function(server)
      local answer, err = call(server, { base_url = "https://127.0.0.1:" .. server.port })
      assert.is_nil(answer)
      assert.same({ "tls", "not_sent" }, { err.kind, err.outcome })
    end)
    with_server({ tls = made.good }, function(server)
      local answer = call(server, { base_url = "http://127.0.0.1:" .. server.port })
      assert.is_nil(answer)
    end)
  end)
end)

describe("a proxy", function()
  local made, proxy, port

  setup(function() made = certificates.all() end)

  local function start(...)
    proxy = process.start{ "lua5.4", "spec/support/proxy.lua", ... }
    port = proxy:expect("(%d+)\n")
  end

  after_each(function()
    if proxy.code then return end
    proxy:close_input()
    proxy:wait()
  end)

  it("tunnels TLS: it sees the host's name and nothing of the call", function()
    start()
    with_server({ tls = made.good, hosts = { certificates.HOST } }, function(server)
      local wix <close> = server:client{ base_url = ("https://%s:%d"):format(certificates.HOST, server.port), ca_file = made.ca,
        proxy = "http://somebody:swordfish@127.0.0.1:" .. port }
      assert(wix.site_invites.bulk_invite(INVITE))
      proxy:expect("CONNECT " .. certificates.HOST:gsub("%.", "%%.") .. ":" .. server.port)
    end)
  end)

  it("that refuses is told, without its password", function()
    start("refuse")
    with_server({ tls = made.good }, function(server)
      local wix <close> = server:client{ base_url = ("https://%s:%d"):format(certificates.HOST, server.port), ca_file = made.ca,
        proxy = "http://somebody:swordfish@127.0.0.1:" .. port, retries = 0 }
      local answer, err = wix.site_invites.bulk_invite(INVITE)
      assert.is_nil(answer)
      assert.same({ "network", "not_sent" }, { err.kind, err.outcome })
      assert.matches("407", tostring(err))
      assert.is_nil(tostring(err):find("swordfish", 1, true))
    end)
  end)

  -- a child process, since the environment is the process's
  local function call_with_environment(base_url, server, variables)
    local env = { WIXUM_BASE_URL = base_url, WIX_API_KEY = server.api_key, WIX_SITE_ID = server.site_id }
    for name, value in pairs(variables) do env[name] = value end
    return process.run({ "lua5.4", "-e", ([[
      local wix = require("wixum").client{ retries = 0, ca_file = %q }
      print(wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" } })]]):format(made.ca) }, { env = env })
  end

  it("never gets what goes to loopback, whatever the environment or the options say", function()
    start()
    with_server({ tls = made.good }, function(server)
      local url = "http://127.0.0.1:" .. port
      local all = { http_proxy = url, https_proxy = url, HTTPS_PROXY = url, all_proxy = url, ALL_PROXY = url, no_proxy = "" }
      assert.matches("ann@example.com", (call_with_environment(server.base_url, server, all)))
      local wix <close> = server:client{ proxy = url, ca_file = made.ca }
      assert(wix.site_invites.bulk_invite(INVITE))
    end)
    with_server({}, function(server)
      local url = "http://127.0.0.1:" .. port
      assert.matches("ann@example.com", (call_with_environment(server.base_url, server, { http_proxy = url, all_proxy = url })))
    end)
    proxy:close_input()
    proxy:wait()
    assert.equal(port .. "\n", proxy.output)
  end)

  it("of the environment serves https", function()
    start()
    with_server({ tls = made.good, hosts = { certificates.HOST } }, function(server)
      local output = call_with_environment(("https://%s:%d"):format(certificates.HOST, server.port), server,
        { https_proxy = "http://127.0.0.1:" .. port })
      assert.matches("ann@example.com", output)
      proxy:expect("CONNECT")
    end)
  end)

  it("whose address is none is told, without its password", function()
    start()
    with_server({ tls = made.good }, function(server)
      local wix <close> = server:client{ base_url = ("https://%s:%d"):format(certificates.HOST, server.port), retries = 0,
        proxy = "http://somebody:swordfish@@127.0.0.1:x" }
      local answer, err = wix.site_invites.bulk_invite(INVITE)
      assert.is_nil(answer)
      assert.same({ "network", "not_sent" }, { err.kind, err.outcome })
      assert.is_nil(tostring(err):find("swordfish", 1, true))
    end)
  end)
end)

describe("a redirect", function()
  it("is an error, and nothing goes on to where it points", function()
    with_server({}, function(elsewhere)
      with_server({}, function(server)
        local wix <close> = server:client()
        for _, status in ipairs{ 301, 302, 303, 307, 308 } do
          server:fault{ status = status, location = elsewhere.base_url .. "/invites/site-invite/bulk", body = "" }
          local answer, err = wix.site_invites.bulk_invite(INVITE)
          assert.is_nil(answer)
          assert.same({ "redirected", "refused", status }, { err.kind, err.outcome, err.status })
        end
        assert.equal(0, #elsewhere:requests())
      end)
    end)
  end)
end)
