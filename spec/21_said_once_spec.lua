-- What adds is said once: libcurl's own re-send on a reused connection is impossible, and what broke off is reported
-- with its true outcome. Deliveries are counted at the server, mails in its outbox.

local certificates = require "spec.support.certificates"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"

local BULK = "/invites/site-invite/bulk"

-- A way to reach a server: name, how to start the sandbox, options of the client.
local WAYS = {
  { name = "plain HTTP/1.1" },
  { name = "TLS", tls = true },
  { name = "TLS through a proxy", tls = true, proxied = true },
}

for _, way in ipairs(WAYS) do
  describe("said once over " .. way.name .. ":", function()
    local server, wix, proxy

    before_each(function()
      local made = way.tls and certificates.all()
      server = assert(sandbox.start{ seed = 1, tls = made and made.good, hosts = { certificates.HOST }, log_body = 8 << 20 })
      local options = { ca_file = made and made.ca, rate = false }
      if way.proxied then
        proxy = process.start{ "lua5.4", "spec/support/proxy.lua" }
        proxy.port = tonumber(proxy:expect("(%d+)\n"))
        options.proxy = "http://127.0.0.1:" .. proxy.port
        options.base_url = ("https://%s:%d"):format(certificates.HOST, server.port)
      end
      wix = server:client(options)
    end)

    after_each(function()
      wix:close()
      server:stop()
      if proxy then
        proxy:close_input()
        proxy:wait()
        proxy = nil
      end
    end)

    local number = 0
    local function invite(options, purpose)
      number = number + 1
      local email = ("person%d@example.com"):format(number)
      local answer, err = wix.site_invites.bulk_invite({ policy_ids = { "1" }, emails = { email }, invite_purpose = purpose }, options)
      return answer, not answer and err or nil, email
    end

    -- Deliveries that were read to their end, and mails, for an address.
    local function counted(email)
      local deliveries, mails, connection = 0, 0, nil
      for _, request in ipairs(server:requests()) do
        if request.path == BULK and request.complete and request.body:find(email, 1, true) then
          deliveries, connection = deliveries + 1, request.connection
        end
      end
      for _, mail in ipairs(server:outbox()) do if mail.to == email then mails = mails + 1 end end
      return deliveries, mails, connection
    end

    -- Makes sure that the next call goes out on a connection that was used before.
    local function warm_up()
      local _, err, email = invite()
      assert.is_nil(err)
      local _, _, connection = counted(email)
      return connection
    end

    -- Has the other end of our connection closed it, as far as this machine knows (CLOSE_WAIT)?
    local function closed_by_peer()
      local port = way.proxied and proxy.port or server.port
      for line in io.lines("/proc/net/tcp") do
        local remote, state = line:match("^%s*%d+: %x+:%x+ %x+:(%x+) (%x%x)")
        if remote and tonumber(remote, 16) == port and state == "08" then return true end
      end
    end

    local function works_again()
      local answer, err, email = invite()
      assert.is_nil(err)
      assert.equal(email, answer.invites[1].email)
      local deliveries, mails = counted(email)
      assert.same({ 1, 1 }, { deliveries, mails })
    end

    -- body sizes: one segment, over libcurl's send buffer of 64 KiB, over the 1 MiB at which it would ask leave first
    for _, size in ipairs{ 20, 200 * 1024, 2 * 1024 * 1024 } do
      for _, ending in ipairs{ "close", "reset" } do
        local how = ending == "close" and "closed" or "reset"
        it(("a reused connection that is %s after all of %d bytes was read"):format(how, size), function()
          local warm = warm_up()
          server:fault{ operation = "site_invites.bulk_invite", [ending] = "after" }
          local answer, err, email = invite(nil, ("x"):rep(size))
          assert.is_nil(answer)
          local deliveries, mails, connection = counted(email)
          assert.equal(warm, connection)
          assert.same({ 1, 1, "network", "unknown", 1 }, { deliveries, mails, err.kind, err.outcome, err.attempts })
          assert.matches("It may have acted", tostring(err))
          works_again()
        end)
      end
    end

    it("a reused connection that is reset in the middle of the request", function()
      warm_up()
      server:fault{ operation = "site_invites.bulk_invite", reset = "body", at = 1000 }
      local answer, err, email = invite(nil, ("x"):rep(100000))
      assert.is_nil(answer)
      assert.same({ 0, 0 }, { counted(email) })
      assert.same({ "network", "unknown" }, { err.kind, err.outcome })
      works_again()
    end)

    it("a reused connection that is reset when the head was read", function()
      warm_up()
      server:fault{ operation = "site_invites.bulk_invite", reset = "before" }
      local answer, err, email = invite()
      assert.is_nil(answer)
      assert.same({ 0, 0 }, { counted(email) })
      assert.same({ "network", "unknown" }, { err.kind, err.outcome })
    end)

    it("a timeout while waiting for the answer", function()
      warm_up()
      server:fault{ operation = "site_invites.bulk_invite", delay = 600 }
      local answer, err, email = invite{ timeout = 0.4 }
      assert.is_nil(answer)
      local deliveries = counted(email)
      assert.same({ 1, "timeout", "unknown", 1 }, { deliveries, err.kind, err.outcome, err.attempts })
    end)

    it("an answer that is cut", function()
      warm_up()
      server:fault{ operation = "site_invites.bulk_invite", close_answer_at = 300 }
      local answer, err, email = invite()
      assert.is_nil(answer)
      local deliveries, mails = counted(email)
      assert.same({ 1, 1, "network", "unknown" }, { deliveries, mails, err.kind, err.outcome })
    end)

    it("an idle connection that the server has closed: the call goes out once, on another, and succeeds", function()
      for _ = 1, 5 do
        server:fault{ operation = "site_invites.bulk_invite", close_idle = true }
        local _, first_error = invite()
        assert.is_nil(first_error)
        process.eventually("the server's end of the connection", closed_by_peer)
        local answer, err, email = invite()
        assert.is_nil(err)
        assert.equal(1, #answer.invites)
        local deliveries, mails = counted(email)
        assert.same({ 1, 1 }, { deliveries, mails })
      end
    end)

    it("connections are reused all the same", function()
      local first = warm_up()
      for _ = 1, 10 do assert.equal(first, warm_up()) end
    end)

    it("a read or repeatable call that meets the same is said again, on purpose", function()
      local answer = invite()
      server:fault{ operation = "site_invites.revoke_invite", reset = "after", acts = false }
      local done, info = wix:with{ retries = 1 }.site_invites.revoke_invite{ invite_id = answer.invites[1].id }
      assert.is_truthy(done)
      assert.equal(2, info.attempts)
    end)
  end)
end

describe("nothing was sent", function()
  it("where nobody listens, and the call is tried again until its attempts are used up", function()
    local server = assert(sandbox.start{ seed = 1 })
    local url, options = server.base_url, { api_key = server.api_key, site_id = server.site_id, retries = 2 }
    server:stop()
    options.base_url = url
    options.clock = { now = os.clock, sleep = function() return true end, random = math.random, time = os.time }
    local wix <close> = require("wixum").client(options)
    local answer, err = wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" } }
    assert.is_nil(answer)
    assert.same({ "network", "not_sent", 3 }, { err.kind, err.outcome, err.attempts })
  end)
end)
