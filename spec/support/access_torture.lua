--- A review that is applied, killed again and again, and applied anew, on a sandbox that fails at random; judged by the sandbox's books.
--
-- Owns the kills, the faults and what must hold afterwards. A spec runs a short one; `lua5.4 -e
-- 'require("spec.support.access_torture").main()'` the long one.

local access = require "spec.support.access"
local cjson = require "cjson"
local database = require "wixum.ledger.database"
local desired = require "wixum.access.desired"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local support = require "spec.support.ledger"
local wixum = require "wixum"

local torture = {}

local SITES, PEOPLE, EACH, MEMBERS = 20, 40, 4, 9 -- each person on so many sites
local OPEN = "open@example.com" -- is invited, and accepts nothing
local TITLES = { "Website Manager", "Website Designer" }
local IDS = { ["Website Manager"] = "6600412800113080101", ["Website Designer"] = "6600412800113080102" } -- of the sandbox

-- What is killed. Its clock is the sandbox's.
local CHILD = [[
  local wixum = require "wixum"
  local wix = wixum.client{ rate = false, concurrency = 8, retries = 1, max_wait = 1, timeout = 2 }
  local now = tonumber(os.getenv "NOW")
  local ledger = assert(wixum.ledger.open(os.getenv "LEDGER", { time = function() return now end }))
  io.stderr:write("begun\n")
  local done, err = ledger:apply_access(wix, { file = os.getenv "REVIEW", apply = true })
  if not done then
    if type(err) ~= "table" or err.kind == "invalid" or err.kind == "ledger" then error(tostring(err)) end
    io.stderr:write("failed: ", tostring(err), "\n")
  else
    local plan = done.plan
    io.stderr:write(("ended: %s %d %s\n"):format(done.outcome, done.otherwise + done.unseen + #plan.conflicts + #(plan.missing or {}),
      tostring(done.stopped)))
  end ]]

local CHANGING = { "contributors.remove_contributor", "contributors.change_role", "users.remove_member",
  "users.update_team_member_assignments" }
local READING = { "contributors.query_site_contributors", "sites.query_sites", "users.search_team" }

-- What befalls calls at random: before they acted, after they acted, or in place of acting.
local FAULTS = {
  { reset = "before" }, { reset = "after" }, { close = "after" }, { status = 429, headers = { ["Retry-After"] = "0" } }, { status = 500 },
  { status = 500, acts = true }, { status = 503 }, { status = 403 },
}

local function add_faults(server)
  local function add(operation, kinds, within)
    local own = { operation = operation, after = math.random(0, within) }
    for name, value in pairs(FAULTS[math.random(kinds)]) do own[name] = value end
    server:fault(own)
  end
  add(CHANGING[math.random(#CHANGING)], #FAULTS, 8)
  add(CHANGING[math.random(2)], #FAULTS, 8)
  add(READING[math.random(#READING)], 5, 40) -- what can be tried again
end

-- ---- a world, and what is decided about it ---------------------------------------------------------------------------

local function world(seed)
  local sites, members = {}, {}
  for number = 1, SITES do sites[number] = { id = access.id(number), contributors = {} } end
  for person = 1, PEOPLE do
    for turn = 0, EACH - 1 do
      local site = sites[(person * 7 + turn * 5) % SITES + 1]
      table.insert(site.contributors, { email = ("n%d@example.com"):format(person),
        roles = math.random() < 0.2 and TITLES or { TITLES[math.random(2)] } })
    end
  end
  for number = 1, MEMBERS do
    local email = ("m%d@example.com"):format(number)
    members[number] = { email = email, name = { first_name = "M" }, roles = { TITLES[1] }, site_id = access.id(number) }
    if number % 3 == 0 then -- on two sites, on one of them with two roles; and as a contributor on one of these, and on another
      local function on(site, title)
        return { policy_id = IDS[title], restrictions = { site = { id = access.id(site) } } }
      end
      members[number] = { email = email, name = { first_name = "M" },
        assignments = { on(number, TITLES[1]), on(number + 1, TITLES[1]), on(number + 1, TITLES[2]) } }
      for _, site in ipairs{ number, number + 5 } do table.insert(sites[site].contributors, { email = email, roles = { TITLES[2] } }) end
    end
  end
  return assert(sandbox.start{ seed = seed, log = 100000, sites = sites, members = members, start_time = support.START })
end

-- Decides each row at random, and says what must be so afterwards, by place and account or user.
local function decide(path)
  local expected = {}
  access.decide(path, function(row)
    if row.email == "owner@example.com" or row.who == "invited" then return nil end
    local key = row.site_id .. " " .. (row.who == "member" and row.user_id or row.account_id)
    local chance, word, roles = math.random(), nil, row.roles
    if chance < 0.4 then word, roles = "remove", nil
    elseif chance < 0.7 then
      word = TITLES[row.roles == TITLES[1] and 2 or 1]
      roles = word
    elseif chance < 0.9 then word = "keep" end -- else nobody has decided: as it was
    expected[key] = roles or false
    return word
  end)
  return expected
end

-- The same of a table: leaves people out, and gives others other roles. Who is on a site twice stays, or goes, twice.
local function decide_table(path)
  local given, expected, sites, chances = desired.load(path), {}, {}, {}
  local lines = { ("return { account_id = %q, service = %q, locale = %q, rows = {"):format(given.account_id, given.service, given.locale) }
  for _, row in ipairs(given.rows) do
    local person = row.site_id .. " " .. (row.email or row.account_id)
    chances[person] = chances[person] or math.random()
    local roles, title = table.concat(row.roles, "; "), nil
    sites[row.site_id] = sites[row.site_id] or 0
    if chances[person] < 0.4 then roles = nil
    else
      if chances[person] < 0.6 then title = TITLES[roles == TITLES[1] and 2 or 1] end
      roles, sites[row.site_id] = title or roles, sites[row.site_id] + 1
      lines[#lines + 1] = ("  { site_id = %q, %s = %q, roles = { %s } },"):format(row.site_id, row.user_id and "user_id" or "account_id",
        row.user_id or row.account_id, ("%q"):format(roles):gsub("; ", '", "'))
    end
    expected[row.site_id .. " " .. (row.user_id or row.account_id)] = roles or false
  end
  for site, left in pairs(sites) do
    if left == 0 then lines[#lines + 1] = ("  { site_id = %q, nobody = true },"):format(site) end
  end
  local file <close> = assert(io.open(path, "w"))
  file:write(table.concat(lines, "\n"), "\n} }\n")
  return expected
end

-- ---- kills -----------------------------------------------------------------------------------------------------------

local function acted(server)
  local number = 0
  for _, operation in ipairs(CHANGING) do number = number + #server:requests{ operation = operation, acted = true } end
  return number
end

-- Applies it to its end, killing it so many times on the way. Answers kills.
local function kill_again_and_again(server, path, review, kills)
  local done, runs = 0, 0
  while true do
    runs = runs + 1
    assert(runs < 200, "it never comes to an end")
    if done < kills then add_faults(server) else server:faults_clear() end
    local child = process.start({ "lua5.4", "-e", CHILD }, { env = { LEDGER = path, REVIEW = review, NOW = ("%d"):format(server:now()),
      WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key, WIX_ACCOUNT_ID = server.account_id } })
    child:expect("begun")
    if done < kills then
      local by_calls, requests, calls = math.random() < 0.7, server:state().requests, acted(server)
      local goal = by_calls and calls + math.random(0, 8) or requests + math.random(0, 60)
      process.eventually("some more calls, or the end", function()
        return (by_calls and acted(server) or server:state().requests) > goal or child.output:find("[ef][na]%w+: ") ~= nil
      end)
      if not child.output:find("[ef][na]%w+: ") then
        child:kill("sigkill")
        done = done + 1
      end
    end
    local code = child:wait()
    local outcome, wrong, stopped = child.output:match("ended: (%w+) (%d+) ([^\n]+)")
    assert(code ~= 1, child.output) -- killed, or stopped by what it met: but not by a mistake of ours
    if outcome and wrong == "0" and stopped == "nil" then return done end
  end
end

-- ---- what must hold --------------------------------------------------------------------------------------------------

-- Who reaches what, as the sandbox has it: roles by place and account or user.
local function books(server)
  local titles, found, given = {}, {}, {}
  for _, role in ipairs(server:roles()) do titles[role.id] = role.title end
  for number = 1, SITES do
    for account, roles in pairs(access.on(server, access.id(number))) do found[access.id(number) .. " " .. account] = roles end
  end
  for _, member in ipairs(server:members()) do
    for _, assignment in ipairs(member.assignments) do
      local key = (assignment.restrictions and assignment.restrictions.site.id or "") .. " " .. member.id
      local list = given[key] or {}
      for _, title in ipairs(list) do assert(title ~= titles[assignment.policy_id], "a role was given twice: " .. key) end
      list[#list + 1], given[key] = titles[assignment.policy_id], list
    end
  end
  for key, list in pairs(given) do
    table.sort(list)
    found[key] = table.concat(list, "; ")
  end
  return found
end

-- Everybody has what was decided; of whom nothing was, what they had before.
local function check_books(server, before, expected)
  local found, owners = books(server), 0
  for key, roles in pairs(expected) do
    assert(before[key], "nobody was " .. key)
    assert((found[key] or false) == roles, ("%s has %s, and should have %s"):format(key, tostring(found[key]), tostring(roles)))
  end
  for key, roles in pairs(before) do
    if expected[key] == nil then assert(found[key] == roles, ("%s has %s, and nobody decided that"):format(key, tostring(found[key]))) end
  end
  for key, roles in pairs(found) do
    assert(before[key], key .. " has come from nowhere")
    if roles == "Owner" then owners = owners + 1 end
  end
  assert(owners == 1, "the owner is gone")
  assert(#server:invites{ email = OPEN, status = "Pending" } == 1, "the open invite is gone")
end

-- Every call that acted stands in the ledger, and nothing that adds acted twice.
local function check_calls(server, path)
  local db <close> = database.open(path)
  local noted, number = {}, 0
  for row in db:rows("SELECT operation, site_id, people FROM calls") do
    noted[("%s %s %s"):format(row.operation, row.site_id or "", row.people)] = true
  end
  local people = {} -- who has left the team is known by less in a later plan
  for row in db:rows[[SELECT DISTINCT coalesce(nullif(email, ''), account_id, user_id) AS name, coalesce(account_id, user_id) AS id
    FROM changes]] do
    people[row.id] = people[row.id] or {}
    table.insert(people[row.id], row.name)
  end
  local added = {}
  for _, operation in ipairs(CHANGING) do
    for _, request in ipairs(server:requests{ operation = operation, acted = true }) do
      local body, of_site = cjson.decode(request.body), operation:find("^contributors") ~= nil
      local id = body.accountId or body.userId
      local key, known = ("%s %s "):format(operation, of_site and request.headers["wix-site-id"] or ""), false
      for _, name in ipairs(people[id] or {}) do known = known or noted[key .. name] end
      assert(known, "the ledger does not know of " .. key .. id)
      if operation == "users.update_team_member_assignments" then
        assert(not added[id], "said twice: " .. key .. id)
        added[id] = true
      end
      number = number + 1
    end
  end
  local left = db:one("SELECT count(*) AS n FROM changes WHERE step IS NOT NULL OR state IN ('planned', 'sending', 'unknown')").n
  assert(math.tointeger(left) == 0, ("%s changes are left open"):format(left))
  return number
end

--- Runs rounds until there were so many kills.
---@param options { kills: integer, a_round: integer, seed: integer, say: (fun(text: string))?, decide: function? } decide: in place of
--- deciding at random, to try the judge
---@return { kills: integer, rounds: integer, calls: integer, tables: integer }
function torture.run(options)
  math.randomseed(options.seed)
  local figures = { kills = 0, rounds = 0, calls = 0, tables = 0 }
  while figures.kills < options.kills do
    local server = world(options.seed + figures.rounds)
    local is_table = figures.rounds % 2 == 1
    local wix, path, review = server:client{ rate = false }, support.temporary(), support.temporary(nil, is_table and ".lua" or ".csv")
    local _ <close> = setmetatable({}, { __close = function()
      wix:close()
      server:stop()
      support.remove(path)
      os.remove(review)
    end })
    do
      local ledger <close> = assert(wixum.ledger.open(path, { time = function() return (server:now()) end }))
      assert(ledger:plan({ { site_id = access.id(1), email = OPEN, role = TITLES[1] } }, { client = wix }))
      assert(ledger:send(wix))
      assert(ledger:access(wix, is_table and { lua = review } or { csv = review }))
    end
    local before = books(server)
    local expected = (options.decide or is_table and decide_table or decide)(review, server)
    figures.kills = figures.kills + kill_again_and_again(server, path, review, math.min(options.a_round, options.kills - figures.kills))
    check_books(server, before, expected)
    if is_table then figures.tables = figures.tables + 1 end
    figures.calls, figures.rounds = figures.calls + check_calls(server, path), figures.rounds + 1
    if options.say then options.say(("%d kills, %d rounds, %d calls that acted"):format(figures.kills, figures.rounds, figures.calls)) end
  end
  return figures
end

--- The long form: prints what it came to.
function torture.main()
  local seed = math.tointeger(tonumber(os.getenv "SEED")) or os.time()
  local function say(text) io.stderr:write(text, "\n") end
  say(("seed %d"):format(seed))
  local figures = torture.run{ kills = math.tointeger(tonumber(os.getenv "KILLS")) or 500, a_round = 10, seed = seed, say = say }
  print(("%d kills in %d rounds: nobody lost access who should keep it, nobody kept it who should lose it, and the ledger explains each of "
    .. "%d calls"):format(figures.kills, figures.rounds, figures.calls))
end

return torture
