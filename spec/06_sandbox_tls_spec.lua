-- The sandbox over TLS, seen by openssl's own client: the same calls, the same faults, the same end.

local certificates = require "spec.support.certificates"
local here = require "spec.support.here"
local raw = require "spec.support.raw_client"
local sandbox = require "wixum.sandbox"
local socket = require "socket"

local slow = here.slow
local bulk = "/invites/site-invite/bulk"
local good = '{"policyIds":["1"],"emails":["ann@example.com"]}'

describe("over TLS", function()
  local pair, request, server

  setup(function()
    pair = certificates.all().good
    request = os.tmpname()
  end)
  teardown(function() os.remove(request) end)
  before_each(function()
    server = assert(sandbox.start{ tls = { cert = pair.cert, key = here.read(pair.key) } })
  end)
  after_each(function() server:stop() end)

  -- What openssl's client makes of it: the bytes that came, and whether the connection ended in order.
  local function exchange(options)
    local file = assert(io.open(request, "wb"))
    options = options or { headers = { connection = "close" } }
    file:write(raw.request(server, bulk, good, options))
    file:close()
    return here.run(("openssl s_client -connect 127.0.0.1:%d -CAfile %s -verify_return_error -quiet -ign_eof <%s 2>&1")
      :format(server.port, certificates.all().ca, request))
  end

  it("the calls are the same", function()
    assert.matches("^https://127%.0%.0%.1:%d+$", server.base_url)
    local output = exchange()
    assert.matches("HTTP/1.1 200 OK\r\n", output, 1, true)
    assert.matches('"acceptLink":"' .. server.base_url, output, 1, true)
    assert.is_true(server:requests()[1].acted)
  end)

  it("the faults are the same", function()
    local _, bytes, output
    local function seen(fault)
      server:requests_clear()
      server:fault(fault)
      local all = exchange()
      return all:match("HTTP/1.*$") or "", all
    end
    bytes, output = seen{ close = "after" }
    assert.equal("", bytes)
    assert.is_nil(output:find("errno=104", 1, true))
    assert.is_true(server:requests()[1].complete)
    _, output = seen{ reset = "after" }
    assert.matches("errno=104", output, 1, true)
    assert.is_true(server:requests()[1].complete)
    _, output = seen{ reset = "before" }
    assert.matches("errno=104", output, 1, true)
    assert.is_false(server:requests()[1].complete)
    bytes = seen{ close_answer_at = 100 }
    assert.equal(100, #bytes)
    bytes, output = seen{ reset_answer_at = 100 }
    assert.matches("^HTTP/1.1 200 OK\r\n", bytes)
    assert.matches("errno=104", output, 1, true)
    assert.equal("HTTP/1.1 299 X\r\n\r\n", (seen{ raw = "HTTP/1.1 299 X\r\n\r\n" }))
    assert.matches("^HTTP/1%.1 503 .*{\"message\":\"\",\"details\":{}}$", (seen{ status = 503, drip = 0.001 }))
  end)

  it("it stops as promptly", function()
    server:fault{ delay = 1000 }
    local silent = assert(raw.connect(server)) -- never says hello
    local file = assert(io.open(request, "wb"))
    file:write(raw.request(server, bulk, good))
    file:close()
    os.execute(("openssl s_client -connect 127.0.0.1:%d -quiet -ign_eof <%s >/dev/null 2>&1 &"):format(server.port, request))
    assert.is_true(here.eventually(function() return #server:requests() == 1 end))
    local before = socket.gettime()
    server:stop()
    assert.is_true(socket.gettime() - before < (slow and 20 or 2))
    silent:close()
  end)
end)
