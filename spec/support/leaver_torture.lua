--- A leaver who is taken off many sites by a process that is killed again and again, against a sandbox that fails at random; judged by
-- the sandbox's own books.

local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local support = require "spec.support.ledger"
local wixum = require "wixum"

local torture = {}

local LEAVER = "leaver@example.com"

local CHILD = [[
  local wixum = require "wixum"
  local wix = wixum.client{ rate = false, concurrency = 3, retries = 2, max_wait = 2, timeout = 0.5 }
  local ledger = assert(wixum.ledger.open(os.getenv "LEDGER"))
  io.stderr:write("begun\n")
  local found, err = ledger:leaver(wix, "leaver@example.com", { apply = true })
  if not found then error(err) end
  local left = found.left or found
  io.stderr:write("ended: ", tostring(found.stopped), ", ", #left.changes + #left.take_back, " left\n") ]]

local FAULTS = { { reset = "before" }, { reset = "after" }, { status = 429, headers = { ["Retry-After"] = "0" } }, { status = 500 },
  { status = 500, acts = true }, { delay = 1 } }
local OPERATIONS = { "contributors.remove_contributor", "site_invites.revoke_invite", "sites.query_sites", "users.remove_member" }

local function fault(server)
  local own = { operation = OPERATIONS[math.random(#OPERATIONS)], after = math.random(0, 5) }
  for name, value in pairs(FAULTS[math.random(#FAULTS)]) do own[name] = value end
  server:fault(own)
end

-- Who can reach the sites, others than the leaver: "site address".
local function others(server, sites)
  local set, leavers = {}, 0
  for _, site in ipairs(sites) do
    for _, contributor in ipairs(server:contributors(site)) do
      if contributor.email == LEAVER then leavers = leavers + 1 else set[site .. " " .. contributor.email] = true end
    end
  end
  return set, leavers
end

-- The account's state before: the leaver on every other site by an invite of the ledger and in the team, with open invites on the rest;
-- and customers, who must not notice.
local function populate(server, wix, ledger, sites)
  local rows = {}
  for i, site in ipairs(sites) do
    rows[#rows + 1] = { site_id = site, email = LEAVER, role = support.ROLE.title }
    rows[#rows + 1] = { site_id = site, email = ("customer%d@example.com"):format(i), role = support.ROLE.title }
  end
  assert(ledger:plan(rows, { client = wix }))
  assert(ledger:send(wix))
  -- Which sites the leaver joins is told by the site, and not by the order in which invites arrived: that is another each time.
  local account, joined = nil, {}
  for i, site in ipairs(sites) do joined[site] = i % 2 == 1 end
  for _, invite in ipairs(server:invites()) do
    if invite.email ~= LEAVER or joined[invite.site_id] then
      local used = assert(server:accept(invite))
      if invite.email == LEAVER then account = used.accepted_by_account_id end
    end
  end
  assert(ledger:check(wix))
  local rows_of_leaver = ledger:rows{ email = LEAVER }
  for row in rows_of_leaver do
    if row.candidates and joined[row.site_id] then
      assert(ledger:confirm{ email = LEAVER, site_id = row.site_id, account_id = account })
      break
    end
  end
end

---@param options { sites: integer, kills: integer, seed: integer }
---@return table figures
function torture.run(options)
  math.randomseed(options.seed)
  local sites = {}
  for i = 1, options.sites do sites[i] = ("%08d-2222-4333-8444-555555555555"):format(i) end
  local server = assert(sandbox.start{ seed = options.seed, log = 100000, sites = sites, members = { { email = LEAVER } } })
  local wix, path = server:client{ rate = false }, support.temporary()
  local ledger = assert(wixum.ledger.open(path))
  populate(server, wix, ledger, sites)
  ledger:close()
  local before, reached = others(server, sites)
  assert(reached > 0)
  server:requests_clear()
  local figures, ended = { kills = 0, runs = 0 }, false
  while not ended do
    if figures.kills < options.kills then fault(server) else server:faults_clear() end
    local acted = #server:requests{ acted = true }
    local child = process.start({ "lua5.4", "-e", CHILD }, { env = { LEDGER = path, WIXUM_BASE_URL = server.base_url,
      WIX_API_KEY = server.api_key, WIX_ACCOUNT_ID = server.account_id } })
    child:expect("begun")
    if figures.kills < options.kills then
      local goal = acted + math.random(1, 8)
      process.eventually("some more calls, or the end", function()
        return #server:requests{ acted = true } >= goal or child.output:find("ended", 1, true) ~= nil
      end)
      child:kill("sigkill")
      figures.kills = figures.kills + 1
    end
    local code = child:wait()
    figures.runs = figures.runs + 1
    ended = code == 0 and child.output:find("ended: nil, 0 left", 1, true) ~= nil
    assert(ended or figures.kills <= options.kills and figures.runs < options.kills + 10, child.output)
  end

  -- by the sandbox's books
  local after, left = others(server, sites)
  assert(left == 0, ("the leaver still reaches %d sites"):format(left))
  for key in pairs(before) do assert(after[key], key .. " lost access") end
  assert(#server:members{ email = LEAVER } == 0, "the leaver is in the team still")
  assert(#server:invites{ email = LEAVER, status = "Pending" } == 0, "an invite of the leaver is open still")

  -- every call that acted is explained
  local database = require "wixum.ledger.database"
  local db <close> = database.open(path)
  local calls = {}
  for row in db:rows("SELECT operation, site_id, count(*) AS number FROM calls WHERE outcome <> 'not_sent' GROUP BY operation, site_id") do
    calls[row.operation .. " " .. (row.site_id or "")] = row.number
  end
  local removed = 0
  for _, request in ipairs(server:requests{ acted = true }) do
    local operation = request.operation
    if operation:find("remove", 1, true) or operation:find("revoke", 1, true) then
      removed = removed + 1
      local key = operation .. " " .. (operation:find("users", 1, true) and "" or request.headers["wix-site-id"])
      assert(calls[key], key .. " acted, and is in no call of the ledger")
    end
  end
  figures.removed = removed
  assert(db:one("SELECT count(*) AS number FROM changes WHERE step IS NOT NULL").number == 0)
  wix:close()
  server:stop()
  support.remove(path)
  return figures
end

return torture
