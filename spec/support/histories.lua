--- Random histories on the sandbox: people are invited to sites, accept with their own account, with another or by somebody else's link,
-- decline, are removed, get other roles; answers get lost; colleagues join by the dashboard; sites change hands; and a ledger looks now
-- and then. Judged by the sandbox's own books.
--
-- Owns what may happen, and what must hold: an invite that is called accepted was used, by the account that is named; or, where the
-- evidence is of a person's account, that person is in. A history is a world of its own: three people, their second accounts, a
-- stranger, two sites; many of them go on side by side, since a look is a hundred sites a call.

local sandbox = require "wixum.sandbox"
local support = require "spec.support.ledger"
local wixum = require "wixum"

local histories = {}

local SITES, PEOPLE, STEPS = 2, 3, 10
local ROLES = { "Website Manager", "Website Designer" }
local HOUR, DAY = 3600, 86400

local function site_id(world, number) return ("%08x-%04x-4333-8444-555555555555"):format(world, number) end
local function address(world, name) return ("%s@w%d.example"):format(name, world) end

-- ---- what happens ----------------------------------------------------------------------------------------------------

local happens = {}

local function any(list) return list[math.random(#list)] end

local function own_client(self, site) return self.wix:with{ site_id = site } end

-- An open invite of a world, as the sandbox has it; nil where there is none.
local function open_invite(self, world)
  local open = {}
  for _, row in ipairs(world.rows) do
    local invite = self.open[row.site_id .. " " .. row.email]
    if invite then open[#open + 1] = invite end
  end
  return open[1] and any(open)
end

function happens.invite(self, world)
  local row = { site_id = site_id(world.number, math.random(SITES)), email = any(world.people), role = any(ROLES) }
  local key = row.site_id .. row.email
  if world.invited[key] then return end
  world.invited[key] = true
  world.rows[#world.rows + 1] = row
  self.to_plan[#self.to_plan + 1] = row
end

-- Mostly by whom it was sent to.
function happens.accept(self, world)
  local invite = open_invite(self, world)
  if not invite then return end
  local chance, who = math.random(), nil
  if chance > 0.9 then who = world.stranger elseif chance > 0.8 then who = any(world.people)
  elseif chance > 0.7 then who = "second." .. invite.email end
  local used = assert(self.server:accept(invite, who))
  self.open[invite.site_id .. " " .. invite.email] = nil
  self.accounts[who or invite.email] = used.accepted_by_account_id
end

function happens.decline(self, world)
  local invite = open_invite(self, world)
  if not invite then return end
  assert(self.server:decline(invite))
  self.open[invite.site_id .. " " .. invite.email] = nil
end

local function somebody_there(self, world)
  local site = site_id(world.number, math.random(SITES))
  local there = {}
  for _, contributor in ipairs(self.server:contributors(site) or {}) do
    if not contributor.owner and contributor.account_id ~= self.server.account_id then there[#there + 1] = contributor end
  end
  return site, there[1] and any(there)
end

function happens.remove(self, world)
  local site, contributor = somebody_there(self, world)
  if not contributor then return end
  local wix <close> = own_client(self, site)
  assert(wix.contributors.remove_contributor{ account_id = contributor.account_id })
end

function happens.change_role(self, world)
  local site, contributor = somebody_there(self, world)
  if not contributor then return end
  local wix <close> = own_client(self, site)
  assert(wix.contributors.change_role{ account_id = contributor.account_id, new_roles = { { role_id = self.role_ids[any(ROLES)] } } })
end

-- Once between two looks: there and back again would leave the owner between as one who was never invited, and nothing would show it.
function happens.transfer(self, world)
  local site = site_id(world.number, math.random(SITES))
  if self.transferred[site] then return end
  self.transferred[site] = true
  local to = math.random() < 0.5 and any(world.people) or world.stranger
  self.accounts[to] = assert(self.server:transfer(site, to))
end

function happens.revoke(self, world)
  local row = world.rows[1] and any(world.rows)
  if not row then return end
  self.to_revoke[#self.to_revoke + 1] = row
end

function happens.retry(self, world)
  local row = world.rows[1] and any(world.rows)
  if row then self.to_retry[#self.to_retry + 1] = row end
end

function happens.resend(self, world)
  local row = world.rows[1] and any(world.rows)
  if row then self.to_resend[#self.to_resend + 1] = row end
end

function happens.withdraw(self, world)
  local row = world.rows[1] and any(world.rows)
  if row then self.to_withdraw[#self.to_withdraw + 1] = row end
end

-- An answer gets lost: of the next mails, whosever they are.
function happens.lose_an_answer(self) self.to_lose = self.to_lose + 1 end

local function lose_answers(self)
  for _ = 1, self.to_lose do
    self.server:fault{ operation = math.random() < 0.5 and "site_invites.bulk_invite" or "site_invites.resend_invite",
      reset = math.random() < 0.5 and "after" or "before", after = math.random(0, 5) }
  end
  self.to_lose = 0
end

local function join_past_the_ledger(self, world, site)
  local wix <close> = own_client(self, site)
  local sent = assert(wix.site_invites.bulk_invite{ policy_ids = { self.role_ids[ROLES[1]] }, emails = { world.colleague } })
  if sent.invites[1] then assert(self.server:accept(sent.invites[1])) end
end

-- A colleague joins by the dashboard, where nobody is invited yet.
function happens.colleague(self, world)
  local site = site_id(world.number, math.random(SITES))
  for _, row in ipairs(world.rows) do
    if row.site_id == site then return end
  end
  join_past_the_ledger(self, world, site)
end

-- Somebody is invited in the dashboard, past the ledger, whoever is invited by it.
function happens.past_the_ledger(self, world)
  join_past_the_ledger(self, world, site_id(world.number, math.random(SITES)))
end

local LIKELY = { invite = 5, accept = 5, decline = 1, remove = 1, change_role = 2, transfer = 0.5, revoke = 1, retry = 1, resend = 1,
  withdraw = 0.5, lose_an_answer = 0.05, colleague = 0.5 }

local function what_happens(self)
  local chance = math.random() * self.sum
  for _, name in ipairs(self.names) do
    chance = chance - self.likely[name]
    if chance <= 0 then return happens[name] end
  end
  return happens.invite
end

-- What became of what nobody knows: somebody looks at the site's page.
local function settle(self)
  local there = {}
  for _, invite in ipairs(self.server:invites()) do there[invite.site_id .. " " .. invite.email] = true end
  local again = {}
  for _, mail in ipairs(self.server:outbox{ kind = "resend" }) do again[mail.site_id .. " " .. mail.to] = true end
  for row in self.ledger:rows{ state = "unknown" } do
    local key = row.site_id .. " " .. row.email
    local sent = row.unknown_step == "resend" and again[key] or row.unknown_step ~= "resend" and there[key]
    assert(self.ledger:settle({ email = row.email, site_id = row.site_id, state = "unknown" }, sent and "sent" or "not_sent"))
  end
end

-- What goes through the ledger does so for all worlds at once.
local function through_the_ledger(self)
  local ledger, wix = self.ledger, self.wix
  for _, row in ipairs(self.to_withdraw) do
    local used = self.books()
    assert(ledger:withdraw(wix, { email = row.email, site_id = row.site_id, trust = self.trust, ask = function(candidate)
      self.figures.withdrawn = self.figures.withdrawn + 1
      -- nobody but whoever used his invite, or is himself
      if not (used[row.site_id .. " " .. row.email] or {})[candidate.account_id] and not self.is_of(candidate.account_id, row.email) then
        self.figures.wrong = self.figures.wrong + 1
        self.figures.first_wrong = self.figures.first_wrong or ("%s would be taken off %s for %s"):format(candidate.account_id, row.site_id,
          row.email)
      end
      return true
    end }))
  end
  for _, row in ipairs(self.to_revoke) do
    assert(ledger:revoke(wix, { email = row.email, site_id = row.site_id }, { anew = true }))
  end
  lose_answers(self)
  for _, row in ipairs(self.to_resend) do
    assert(ledger:resend(wix, { email = row.email, site_id = row.site_id }, { anew = true }))
  end
  for _, row in ipairs(self.to_retry) do assert(ledger:retry{ email = row.email, site_id = row.site_id }) end
  if self.to_plan[1] then assert(ledger:plan(self.to_plan, { client = wix })) end
  assert(ledger:send(wix))
  self.server:faults_clear()
  settle(self)
  self.to_plan, self.to_revoke, self.to_retry, self.to_resend, self.to_withdraw = {}, {}, {}, {}, {}
end

-- ---- a person decides ------------------------------------------------------------------------------------------------

-- The invites that were used, by site and address; and who has used any, by site and account.
local function books(self)
  local used, in_by = {}, {}
  for _, invite in ipairs(self.server:invites{ status = "Used" }) do
    local key = invite.site_id .. " " .. invite.email
    used[key] = used[key] or {}
    used[key][invite.accepted_by_account_id] = true
    in_by[invite.site_id .. " " .. invite.accepted_by_account_id] = true
  end
  return used, in_by
end

-- Is it an account of the person's?
local function is_of(self, account, email)
  return account ~= nil and (self.accounts[email] == account or self.accounts["second." .. email] == account)
end

-- Of some who are unclear the operator knows whose account it is, and says it.
local function confirm_some(self)
  local used = books(self)
  for row in self.ledger:rows() do
    if row.evidence == "unclear" and math.random() < 0.15 then
      for _, candidate in ipairs(row.candidates) do
        if (used[row.site_id .. " " .. row.email] or {})[candidate] and is_of(self, candidate, row.email) then
          self.ledger:confirm{ email = row.email, site_id = row.site_id, account_id = candidate, trust = self.trust }
          self.figures.confirmed = self.figures.confirmed + 1
          break
        end
      end
    end
  end
end

-- ---- what must hold --------------------------------------------------------------------------------------------------

local function is_right(self, used, in_by, row)
  if row.evidence == "operator" or row.evidence == "known_account" then
    return is_of(self, row.account_id, row.email) and in_by[row.site_id .. " " .. row.account_id] == true
  end
  return (used[row.site_id .. " " .. row.email] or {})[row.account_id] == true
end

local function judge(self, final)
  local figures, used, in_by = self.figures, books(self)
  for row in self.ledger:rows() do
    if row.state == "accepted" and not is_right(self, used, in_by, row) then
      figures.wrong = figures.wrong + 1
      figures.first_wrong = figures.first_wrong or ("%s on %s, %s by %s"):format(row.email, row.site_id, row.evidence, row.account_id)
    end
    if final then
      figures.rows = figures.rows + 1
      if used[row.site_id .. " " .. row.email] then
        figures.used = figures.used + 1
        if row.state == "accepted" then figures.decided = figures.decided + 1
        elseif row.evidence == "unclear" then figures.unclear = figures.unclear + 1 end
      elseif row.evidence == "unclear" then figures.unclear_of_others = figures.unclear_of_others + 1 end
    end
  end
end

local function look(self)
  self.server:advance(math.random(60, 3 * HOUR))
  local summary, err = self.ledger:check(self.wix, { trust = self.trust })
  if not summary then error(err) end
  self.transferred = {}
  self.figures.looks = self.figures.looks + 1
  confirm_some(self)
  judge(self)
end

-- ---- a run -----------------------------------------------------------------------------------------------------------

local function new_worlds(count)
  local worlds, sites = {}, {}
  for number = 1, count do
    local people = {}
    for i = 1, PEOPLE do people[i] = address(number, "p" .. i) end
    worlds[number] = { number = number, people = people, stranger = address(number, "stranger"), colleague = address(number, "colleague"),
      rows = {}, invited = {} }
    for i = 1, SITES do sites[#sites + 1] = site_id(number, i) end
  end
  return worlds, sites
end

---@param options { worlds: integer, seed: integer, trust: any, likely: table<string, number>? } likely: beside what happens anyhow
---@return table figures
function histories.run(options)
  math.randomseed(options.seed)
  local worlds, sites = new_worlds(options.worlds)
  local server = assert(sandbox.start{ seed = options.seed, log = 0, sites = sites, start_time = support.START, revoke_settled = "ok" })
  local path = support.temporary()
  local self = { server = server, wix = server:client{ rate = false, concurrency = 16 }, open = {}, accounts = {}, transferred = {},
    to_plan = {}, to_revoke = {}, to_retry = {}, to_resend = {}, to_withdraw = {}, to_lose = 0,
    role_ids = {}, trust = options.trust, likely = {}, sum = 0, names = {},
    figures = { looks = 0, rows = 0, used = 0, decided = 0, unclear = 0, unclear_of_others = 0, wrong = 0, confirmed = 0,
      withdrawn = 0 } }
  function self.books() return books(self) end
  function self.is_of(account, email) return is_of(self, account, email) end
  for _, part in ipairs{ LIKELY, options.likely or {} } do
    for name, weight in pairs(part) do self.likely[name] = weight end
  end
  for name, weight in pairs(self.likely) do
    self.sum = self.sum + weight
    self.names[#self.names + 1] = name
  end
  table.sort(self.names) -- so that a seed says everything
  for _, role in ipairs(server:roles()) do self.role_ids[role.title] = role.id end
  self.ledger = assert(wixum.ledger.open(path, { time = function() return (server:now()) end }))
  for step = 1, STEPS do
    self.open = {}
    for _, invite in ipairs(server:invites{ status = "Pending" }) do self.open[invite.site_id .. " " .. invite.email] = invite end
    for _, world in ipairs(worlds) do
      local happen = step == 1 and happens.invite or what_happens(self)
      happen(self, world)
    end
    through_the_ledger(self)
    server:advance(math.random() < 0.1 and 31 * DAY or math.random(60, 48 * HOUR))
    if math.random() < 0.4 then look(self) end
  end
  look(self)
  judge(self, true)
  self.ledger:close()
  self.wix:close()
  server:stop()
  support.remove(path)
  return self.figures
end

-- ---- at length -------------------------------------------------------------------------------------------------------

local AT_ONCE = 500

local function many(worlds, seed, options)
  local sum = {}
  for part = 1, worlds // AT_ONCE do
    local figures = histories.run{ worlds = AT_ONCE, seed = seed + part, trust = options.trust, likely = options.likely }
    for name, value in pairs(figures) do
      sum[name] = type(value) == "number" and (sum[name] or 0) + value or value
    end
  end
  return sum
end

local function share(part, whole) return ("%.1f %%"):format(100 * part / math.max(1, whole)) end

--- The long form: ten thousand histories, which must all be right; and what would come of taking more for granted, as an experiment.
function histories.main()
  local core = require "wixum.core"
  local began, seed = core.clock(), math.tointeger(tonumber(os.getenv "SEED")) or os.time()
  io.stderr:write(("seed %d\n"):format(seed))
  local found = many(10000, seed, {})
  print(("10000 histories, %d rows, %d looks: %d invites used, of which %s are told as accepted and %s as unclear; %d accepted wrongly, "
    .. "in %.0f s"):format(found.rows, found.looks, found.used, share(found.decided, found.used), share(found.unclear, found.used),
    found.wrong, core.clock() - began))
  for _, case in ipairs{
    { "links are trusted", { trust = "links" } }, { "roles are trusted", { trust = "roles" } },
    { "one in 18 things that happen is an invite past the ledger", { likely = { past_the_ledger = 1 } } },
  } do
    local other = many(1000, seed, case[2])
    print(("where %s, of 1000: %s told as accepted, %d accepted wrongly, each counted at every look"):format(case[1],
      share(other.decided, other.used), other.wrong))
  end
  assert(found.wrong == 0, found.first_wrong)
end

return histories
