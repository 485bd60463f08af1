-- Invites over HTTP/2 and HTTP/1.1 through a real nginx that retires connections, reloads, loses its worker or its upstream.
-- Who was mailed is the sandbox's word; which protocol, and over how many connections, is nginx's.

local certificates = require "spec.support.certificates"
local here = require "spec.support.here"
local nginx = require "spec.support.nginx"
local sandbox = require "wixum.sandbox"
local wixum = require "wixum"

local ROLE = "6732588207941061632"
local INVITES, FEWER, IN_FLIGHT = here.slow and 200 or 1000, here.slow and 150 or 400, 64
-- Requests that nginx lets a connection have, and calls in flight meanwhile: so many that each connection comes to its end.
local RETIRED = here.slow and { { 2, IN_FLIGHT }, { 20, 8 } } or { { 10, IN_FLIGHT }, { 100, 8 } }

-- The second is what a client does by itself.
local PROTOCOLS = { { name = "HTTP/2", version = "2", http2 = true }, { name = "HTTP/1.1", version = nil, http2 = false } }

local function invite(wix, email, options)
  return wix.site_invites.bulk_invite({ policy_ids = { ROLE }, emails = { email } }, options)
end

for _, protocol in ipairs(PROTOCOLS) do
  describe("over " .. protocol.name .. " through nginx #server", function()
    local server, front, wix

    local function start(requests)
      server = assert(sandbox.start{ seed = 1 })
      front = nginx.start(server.port, { requests = requests })
      wix = server:client{ base_url = front.url, ca_file = front.ca, http_version = protocol.version, rate = false,
        concurrency = IN_FLIGHT }
    end

    after_each(function()
      wix:close()
      front:stop()
      server:stop()
    end)

    -- Invites so many, and calls `half_way` when half of them were begun. Answers what became of each, by its address.
    local function invite_many(count, half_way, in_flight)
      local emails, begun = {}, 0
      for i = 1, count do emails[i] = ("person%d@example.com"):format(i) end
      local answers, errors = wixum.map(emails, function(email)
        begun = begun + 1
        if begun == count // 2 and half_way then half_way() end
        return invite(wix, email)
      end, { concurrency = in_flight or IN_FLIGHT })
      local ends = {}
      for i, email in ipairs(emails) do
        assert.is_true((answers[i] == nil) ~= (errors[i] == nil), email .. " was lost, or ended twice")
        ends[email] = { answer = answers[i], err = errors[i] }
      end
      return ends
    end

    -- Holds what was told of each invite against the outbox. Answers how many went well, and how many may have acted.
    local function compare(ends)
      local mails, well, unknown = {}, 0, 0
      for _, mail in ipairs(server:outbox()) do mails[mail.to] = (mails[mail.to] or 0) + 1 end
      for email, told in pairs(ends) do
        local count = mails[email] or 0
        local what = ("%s: %d mails, told: %s"):format(email, count, told.err and tostring(told.err) or "all is well")
        if told.answer then
          local invited = told.answer.invites[1] -- none where the service had mailed this address before
          assert.equal(email, invited and invited.email, what)
          assert.equal(1, count, what)
          well = well + 1
        else
          assert.equal("network", told.err.kind, what)
          if told.err.outcome == "unknown" then
            assert.is_true(count <= 1, what)
            assert.equal(1, told.err.attempts, what)
            unknown = unknown + 1
          else
            assert.equal("not_sent", told.err.outcome, what)
            assert.equal(0, count, what)
          end
        end
        mails[email] = nil
      end
      assert.is_nil(next(mails), "somebody was mailed who was not invited")
      return well, unknown
    end

    -- What nginx's log comes to, once it has ended.
    local function read_log()
      wix:close()
      front:stop()
      local seen = { requests = 0, connections = 0, most = 0, workers = 0, statuses = {} }
      local connections, workers = {}, {}
      for _, entry in ipairs(front:log()) do
        assert.equal(protocol.http2, entry.http2)
        seen.requests, seen.most = seen.requests + 1, math.max(seen.most, entry.number)
        seen.statuses[entry.status] = (seen.statuses[entry.status] or 0) + 1
        if not connections[entry.connection] then seen.connections = seen.connections + 1 end
        if not workers[entry.worker] then seen.workers = seen.workers + 1 end
        connections[entry.connection], workers[entry.worker] = true, true
      end
      return seen
    end

    for _, retired in ipairs(RETIRED) do
      local of_a_connection, in_flight = table.unpack(retired)
      it(("a thousand invites arrive, each once, %d in flight, while connections end after %d; and the client's counts are true"):format(
        in_flight, of_a_connection), function()
        start(of_a_connection)
        local well = compare(invite_many(INVITES, nil, in_flight))
        local stats, seen = wix:stats(), read_log()
        assert.equal(INVITES, well)
        assert.same({ INVITES, { [200] = INVITES }, of_a_connection }, { seen.requests, seen.statuses, seen.most })
        assert.is_true(seen.connections >= INVITES // of_a_connection)
        assert.same({ starts = INVITES, retries = 0, answers = { [200] = INVITES }, in_flight = 0, opened = seen.connections,
          reused = INVITES - seen.connections },
          { starts = stats.starts, retries = stats.retries, answers = stats.answers, in_flight = stats.in_flight, opened = stats.opened,
            reused = stats.reused })
      end)
    end

    it("calls one after the other share a connection", function()
      start()
      for i = 1, 20 do assert(invite(wix, ("person%d@example.com"):format(i))) end
      local stats, seen = wix:stats(), read_log()
      assert.same({ 20, 1, 1, 19 }, { seen.requests, seen.connections, stats.opened, stats.reused })
    end)

    it("nginx reads its settings anew in the middle: nobody is mailed twice, and every outcome is true", function()
      start()
      local well, unknown = compare(invite_many(FEWER, function() front:reload() end))
      assert.is_true(well + unknown == FEWER and unknown <= IN_FLIGHT, ("%d went well, %d may have acted"):format(well, unknown))
      local seen = read_log()
      assert.equal(2, seen.workers)
      assert.is_true(seen.requests >= well and seen.requests <= FEWER)
    end)

    it("nginx loses its worker in the middle: nobody is mailed twice, and every outcome is true", function()
      start()
      local well, unknown = compare(invite_many(FEWER, function() front:kill_worker() end))
      assert.is_true(well + unknown == FEWER and unknown <= IN_FLIGHT, ("%d went well, %d may have acted"):format(well, unknown))
      assert.equal(2, read_log().workers)
    end)

    it("nginx loses its worker while calls wait for their answers: those may have acted, and the next goes well", function()
      start()
      local held = {}
      for i = 1, 8 do held[i] = ("held%d@example.com"):format(i) end
      for _, email in ipairs(held) do assert(invite(wix, "before." .. email)) end -- so that their connections are known
      server:fault{ delay = 600, times = #held }
      local ends = {}
      local items = table.move(held, 1, #held, 1, {})
      items[#items + 1] = "worker"
      wixum.map(items, function(item)
        if item ~= "worker" then
          local answer, err = invite(wix, item)
          ends[item] = { answer = answer, err = not answer and err or nil }
        else
          while #server:outbox() < 2 * #held and wix:stats().in_flight == #held do wixum.sleep(0.002) end
          front:kill_worker()
        end
      end, { concurrency = IN_FLIGHT })
      for _, email in ipairs(held) do ends["before." .. email] = { answer = { invites = { { email = "before." .. email } } } } end
      assert.same({ #held, #held }, { compare(ends) })
      assert(invite(wix, "after@example.com"))
    end)

    it("the sandbox is gone: nginx answers 502, which may have acted, and is said once", function()
      start()
      assert(invite(wix, "ann@example.com"))
      server:stop()
      local answer, err = invite(wix, "bob@example.com")
      assert.is_nil(answer)
      assert.same({ "server", "unknown", 502, 1 }, { err.kind, err.outcome, err.status, err.attempts })
      assert.same({ [200] = 1, [502] = 1 }, read_log().statuses)
    end)
  end)
end

describe("HTTP/2 #server", function()
  it("is not insisted on: a server that has HTTP/1.1 alone is served with that", function()
    local made = certificates.all()
    local server = assert(sandbox.start{ seed = 1, tls = made.good })
    local wix = server:client{ ca_file = made.ca, http_version = "2", rate = false }
    for i = 1, 5 do assert(invite(wix, ("person%d@example.com"):format(i))) end
    local stats = wix:stats()
    wix:close()
    assert.equal(5, #server:outbox())
    server:stop()
    assert.same({ 5, 1, 4 }, { stats.starts, stats.opened, stats.reused })
  end)
end)
