-- A send that is killed again and again, against a service that fails at random: by the sandbox's own books nobody is mailed
-- twice, no row is lost, and what is unknown is no more than what was in flight.

local here = require "spec.support.here"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local wixum = require "wixum"

local ROWS, KILLS, CONCURRENCY = here.slow and 150 or 1500, here.slow and 4 or 20, 8
local SITE = "00000001-2222-4333-8444-555555555555"

local SENDER = [[
  local wixum = require "wixum"
  local wix = wixum.client{ rate = false, max_emails = 1, concurrency = 8, retries = 2, max_wait = 2 }
  local ledger = assert(wixum.ledger.open(os.getenv "LEDGER"))
  io.stderr:write("sending\n")
  local summary, err = ledger:send(wix)
  if not summary then error(err) end
  io.stderr:write("ended: ", tostring(summary.stopped), "\n") ]]

-- What may befall a call: before it acted, after it acted, or in its place.
local FAULTS = {
  { reset = "before" }, { reset = "after" }, { status = 429, headers = { ["Retry-After"] = "0" } }, { status = 500 }, { status = 503 },
}

describe("a send that is killed #pure", function()
  it("mails nobody twice and loses nobody", function()
    local server = assert(sandbox.start{ seed = 7, log = 100000, sites = { SITE } })
    local wix = server:client{ rate = false }
    local path = os.tmpname()
    os.remove(path)
    local ledger = assert(wixum.ledger.open(path))
    local rows = {}
    for i = 1, ROWS do rows[i] = { site_id = SITE, email = ("n%d@example.com"):format(i), role = "Website Manager" } end
    assert(ledger:plan(rows, { client = wix }))
    math.randomseed(11)
    local random = math.random
    local hits = 0
    for _, fault in ipairs(FAULTS) do
      for after = 1, ROWS, ROWS // 6 do
        local own = { operation = "site_invites.bulk_invite", after = after + random(1, ROWS // 6) }
        for name, value in pairs(fault) do own[name] = value end
        local ok = pcall(server.fault, server, own)
        if ok then hits = hits + 1 end
      end
    end
    assert.is_true(hits > 0)
    local kills, ended = 0, false
    while not ended do
      local child = process.start({ "lua5.4", "-e", SENDER }, { env = { LEDGER = path, WIXUM_BASE_URL = server.base_url,
        WIX_API_KEY = server.api_key, WIX_ACCOUNT_ID = server.account_id } })
      child:expect("sending")
      if kills < KILLS then
        local sent = #server:outbox()
        local goal = sent + random(1, ROWS // KILLS)
        process.eventually("some more mails, or the end", function()
          return #server:outbox() >= goal or child.output:find("ended", 1, true) ~= nil
        end)
        child:kill("sigkill")
        kills = kills + 1
      end
      local code = child:wait()
      ended = code == 0 and child.output:find("ended: nil", 1, true) ~= nil
      local left = 0
      for _ in ledger:rows{ state = "planned" } do left = left + 1 end
      ended = ended and left == 0
    end
    local invites, mails, counts = {}, {}, {}
    for _, mail in ipairs(server:outbox()) do mails[mail.to] = (mails[mail.to] or 0) + 1 end
    local seen = 0
    for row in ledger:rows() do
      seen = seen + 1
      counts[row.state] = (counts[row.state] or 0) + 1
      assert.is_true((mails[row.email] or 0) <= 1, row.email)
      if row.state == "pending" then
        assert.equal(1, mails[row.email])
        assert.is_nil(invites[row.invite_id])
        invites[row.invite_id] = true
      elseif row.state == "failed" then assert.is_nil(mails[row.email])
      else assert.equal("unknown", row.state) end
    end
    assert.equal(ROWS, seen)
    -- a call in flight at a kill, or hit by a fault that may have acted
    assert.is_true((counts.unknown or 0) <= kills * CONCURRENCY + hits, counts.unknown)
    local one = 0
    for row in ledger:rows{ state = "pending" } do -- these ids are the service's
      one = one + 1
      if one > 20 then break end
      assert(wix:with{ site_id = SITE }.site_invites.revoke_invite{ invite_id = row.invite_id })
    end
    ledger:close()
    wix:close()
    server:stop()
    for _, ending in ipairs{ "", "-wal", "-shm", "-sender" } do os.remove(path .. ending) end
  end)
end)
