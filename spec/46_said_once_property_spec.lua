-- Ten thousand calls, each with a plan of its own of what goes wrong with its attempts, many at once over real sockets. What
-- really happened is counted at the server (spec/support/fault_server.c, which explains the letters of a plan), and what each
-- call told is held against it:
--   (a) nothing that adds is ever done twice, and nothing is said again after what forbids it
--   (b) every outcome is true: what was refused or not sent was not done
--   (c) a good answer that could be read in time is a success, and of the call that asked; and there is no other success
--   (d) the attempts told are those that the server saw
--   (e) every call ends, once
--   (f) what may be said again is, until all is well or the retries are used up

local client = require "wixum.client"
local core = require "wixum.core"
local here = require "spec.support.here"
local process = require "spec.support.process"
local wixum = require "wixum"

local SEED = 20240229
local CALLS = here.slow and 500 or 10000
local SERVER = (os.getenv("WIXUM_SPEC_BUILD") or "build") .. "/spec/fault_server"
local SITE = "11111111-2222-4333-8444-555555555555"
local MANY = 12 -- retries, where they are to be enough
local SHORT = 0.05 -- seconds of patience, where no answer may come
local HANG = here.slow and 300 or 30 -- seconds: nothing else may take that long

-- What a letter means to a caller: the kinds and the outcome that an attempt may come to, and who may say it again.
local function good() return { good = true } end
local function broken(kinds) return { kinds = kinds or { network = true }, outcome = "unknown", again = "readers" } end
local function strange() return { kinds = { protocol = true }, outcome = "unknown" } end
local function server(again) return { kinds = { server = true }, outcome = "unknown", again = again } end
local function refused(kind, again) return { kinds = { [kind] = true }, outcome = "refused", again = again } end

local LETTERS = {
  k = good(), c = good(), s = good(), v = good(), p = good(), i = good(),
  h = broken(), e = broken(), r = broken(), x = broken(), m = broken(), y = broken(),
  l = broken{ network = true, protocol = true }, -- half a status line may look like no HTTP at all, which is not said again
  u = broken{ timeout = true },
  g = strange(), z = strange(), w = strange(),
  a = server("readers"), b = server("readers"), d = server("readers"), t = server("readers"), n = server(),
  q = refused("rejected"), f = refused("forbidden"), j = refused("forbidden"), o = refused("redirected"),
  ["0"] = refused("rate_limited", "all"), ["1"] = refused("rate_limited", "all"), ["2"] = refused("rate_limited", "all"),
}
LETTERS.l.perhaps = true

local GOOD, STAYS, BREAKS, PASSING, LIMITED, ENDING = "kkkkcsv", "kkkk", "pi", "herRxXmMyYaAbBdDtT", "012", "lLgGzZwWnNqfjo"
local SILENT = "uU"

-- ---- plans -----------------------------------------------------------------------------------------------------------

-- Chance that is the same on every machine: of a call by its number.
local function chance_of(number)
  local state = (SEED * 2654435761 + number * 40503 + 1) & 0xFFFFFFFF
  local function next_number()
    state = (state * 6364136223846793005 + 1442695040888963407) & 0x7FFFFFFFFFFFFFFF
    return state >> 24
  end
  for _ = 1, 4 do next_number() end
  return function(least, most) return least + next_number() % (most - least + 1) end
end

local EFFECTS = { "adds", "adds", "repeatable", "read" }

-- The call of this number in a world: `wild` has connections that break by themselves, `limited` has 429s.
local function planned(world, number)
  local chance = chance_of(number)
  local function one_of(letters)
    local at = chance(1, #letters)
    return letters:sub(at, at)
  end
  local well = GOOD .. (world.wild and BREAKS or "")
  local again, all = PASSING .. (world.limited and LIMITED:rep(6) or ""), well .. PASSING .. (world.limited and LIMITED or "") .. ENDING
  local effect = EFFECTS[chance(1, 4)]
  local letters = {}
  if chance(1, 3) == 1 then letters[1] = one_of(well)
  elseif chance(1, 40) == 1 then letters[1] = one_of(SILENT)
  else
    letters[1] = one_of(all)
    for i = 2, chance(1, 9) do letters[i] = chance(1, 12) == 1 and one_of(ENDING) or one_of(again) end
  end
  letters[#letters + 1] = one_of(world.wild and well or STAYS)
  local plan = table.concat(letters)
  if effect == "repeatable" then plan = plan:gsub("[zZ]", "g") end -- which answers nothing: an empty answer is a good one
  return {
    number = number, effect = effect, plan = plan, retries = chance(1, 8) == 1 and chance(0, 3) or MANY,
    timed = plan:find("[uU]") ~= nil, large = chance(1, 80) == 1,
  }
end

local function letter_of(call, attempt)
  local letter = call.plan:sub(attempt, attempt)
  return LETTERS[letter == "" and "k" or letter:lower()]
end

local function acts(call, attempt)
  local letter = call.plan:sub(attempt, attempt)
  return letter == "" or LETTERS[letter:lower()].good or letter:find("%u") ~= nil
end

-- May it be said again after this letter?
local function again(call, letter)
  return letter.again == "all" or letter.again == "readers" and call.effect ~= "adds"
end

-- ---- the calls -------------------------------------------------------------------------------------------------------

-- Waits pass at once.
local function instant()
  local passed = 0
  return { now = function() return core.clock() + passed end, time = os.time, random = function() return 1 end,
    sleep = function(seconds) passed = passed + seconds return true end }
end

local function say(wix, call)
  local options = { retries = call.retries, timeout = call.timed and SHORT or HANG,
    headers = { ["X-Faults"] = ("%d %s"):format(call.number, call.plan) } }
  if call.effect == "adds" then
    return wix.site_invites.bulk_invite({ policy_ids = { "1" }, emails = { ("n%d@example.com"):format(call.number) },
      invite_purpose = call.large and ("x"):rep(200000) or nil }, options)
  elseif call.effect == "repeatable" then
    return wix.site_invites.revoke_invite({ invite_id = ("00000000-0000-4000-8000-%012d"):format(call.number) }, options)
  end
  return wix.users.search_team({ query = "n" .. call.number }, options)
end

-- What the server counted, by number.
local function read_truth(text)
  local truth = {}
  for number, seen, acted, complete in text:gmatch("(%d+) (%d+) (%d+) (%d+)\n") do
    truth[math.tointeger(number)] = { seen = math.tointeger(seen), acted = math.tointeger(acted), good = math.tointeger(complete) }
  end
  return truth, math.tointeger(text:match("mixed (%d+)\nend\n"))
end

-- Runs a world: its calls, what each came to, what the server saw.
local function run(world, first, count)
  local there = process.start{ SERVER, world.wild and "wild" or nil }
  local wix = assert(wixum.client{
    base_url = "http://127.0.0.1:" .. there:expect("(%d+)\n"), api_key = "key-for-specs", site_id = SITE, account_id = SITE,
    rate = false, concurrency = 32, deadline = 1e9, connect_timeout = HANG, clock = instant(),
  })
  -- without end, but in the world that is about it: so it can be told exactly which call is said again
  if not world.budget then client.state(wix).root.budget.tokens = math.huge end
  local calls = {}
  for i = 1, count do calls[i] = planned(world, first + i) end
  local answers, errors = wixum.map(calls, function(call)
    local answer, result = say(wix, call)
    call.answer, call.result, call.ends = answer, result, (call.ends or 0) + 1
    return answer, result
  end, { concurrency = 32 })
  local stats = wix:stats()
  wix:close()
  there:close_input()
  local code = there:wait()
  local truth, mixed = read_truth(there.output)
  assert.same({ 0, 0 }, { code, mixed }, there.output:sub(-1000))
  return calls, answers, errors, truth, stats
end

-- ---- the properties --------------------------------------------------------------------------------------------------

-- The outcome of so many attempts together.
local function outcome_of(call, attempts)
  local outcome = "not_sent"
  for i = 1, attempts do
    local of_letter = letter_of(call, i).outcome
    if of_letter == "unknown" or outcome == "unknown" then outcome = "unknown"
    elseif of_letter == "refused" then outcome = "refused" end
  end
  return outcome
end

-- What is wrong with a call that went well.
local function judge_success(call, truth)
  local info = call.result
  if not letter_of(call, truth.seen).good and not call.timed then return "(c) it told of success, and no good answer came" end
  if truth.good == 0 then return "(c) it told of success, and no good answer was sent" end
  if call.effect == "adds" and truth.acted ~= 1 then return "(c) it told of success, and the server did not act once" end
  local number, attempt = tostring(info.request_id):match("^(%d+)%.(%d+)$")
  if tonumber(number) ~= call.number then return "(c) it has another call's answer" end
  if tonumber(attempt) ~= truth.seen and not call.timed then return "(c) it has another attempt's answer" end
  local invite = call.effect == "adds" and call.answer.invites[1]
  if invite and invite.email ~= ("n%d@example.com"):format(call.number) then return "(c) it has another's invite" end
end

-- What is wrong with a call that failed. `unseen`: some of its attempts never reached the server.
local function judge_failure(world, call, truth, unseen)
  local err = call.result
  local last = truth.seen > 0 and letter_of(call, truth.seen) or { kinds = {}, again = "all" }
  -- with little patience an attempt may be given up before its answer, and one of a read be overtaken by the next
  local late = call.timed and (err.kind == "timeout" or call.effect ~= "adds")
  local lost = world.wild and unseen and err.kind == "network"
  if err.outcome ~= "unknown" and truth.acted > 0 and call.effect == "adds" then return "(b) the server acted" end
  if err.outcome == "not_sent" and truth.seen > 0 then return "(b) the server saw it" end
  if err.outcome == "refused" and truth.seen == 0 then return "(b) the server did not see it" end
  if truth.good > 0 and not late then return "(c) a good answer was sent" end
  if not late and not lost then
    if not (last.kinds and last.kinds[err.kind]) then return "(b) that kind of error is not what its last attempt came to" end
    if not world.wild and not call.timed and err.outcome ~= outcome_of(call, truth.seen) then return "(b) another outcome is true" end
  end
  if err.attempts == call.retries + 1 then return end -- it could go no further
  local stops = not again(call, last) or last.perhaps and err.kind == "protocol"
  if lost then stops = call.effect == "adds" and err.outcome == "unknown" end
  if late then stops = err.kind ~= "timeout" or call.effect == "adds" and err.outcome == "unknown" end
  if stops then return end
  if not world.budget then return "(f) it gave up, where it could have been said again" end
  call.gave_up = true
end

-- What is wrong with a call; nil where all is well.
local function judge(world, call, truth)
  local attempts = call.result.attempts
  if call.ends ~= 1 then return "(e) it ended more than once" end
  if call.effect == "adds" and truth.acted > 1 then return "(a) it was done more than once" end
  -- exact where each attempt surely arrived: no connection breaks but for the plan's sake, and no patience ends
  if attempts < truth.seen then return "(d) the server saw more attempts than it tells of" end
  if attempts > truth.seen and not world.wild and not call.timed then return "(d) the server saw less attempts than it tells of" end
  if attempts > call.retries + 1 then return "(d) it was said more often than allowed" end
  local acted = 0
  for i = 1, truth.seen do
    if acts(call, i) then acted = acted + 1 end
    -- a read whose patience ended may be said again whatever was on its way
    if i < truth.seen and not again(call, letter_of(call, i)) and not (call.timed and call.effect ~= "adds") then
      return ("(a) it was said again after attempt %d"):format(i)
    end
  end
  -- with little patience an attempt may be given up between its head, which is counted, and its body, without which nobody acts
  if truth.acted > acted or truth.acted < acted and not call.timed then return "the server did not follow its plan" end
  if call.answer then return judge_success(call, truth) end
  return judge_failure(world, call, truth, attempts > truth.seen)
end

local NOTHING = { seen = 0, acted = 0, good = 0 }

local function described(call, truth, problem)
  local result = call.answer and ("success, %d attempts, request %s"):format(call.result.attempts, call.result.request_id)
    or tostring(call.result)
  return ("call %d (seed %d), %s, plan %s, %d retries: %s. Seen %d, acted %d, good answers %d. It told: %s"):format(call.number, SEED,
    call.effect, call.plan, call.retries, problem, truth.seen, truth.acted, truth.good, result)
end

-- ---- the worlds ------------------------------------------------------------------------------------------------------

-- calls: of a hundred
local WORLDS = {
  { name = "whose faults are all planned", calls = 35 },
  { name = "that says 429 as well", calls = 20, limited = true },
  { name = "whose connections break by themselves", calls = 25, wild = true },
  { name = "whose connections break by themselves and that says 429", calls = 10, wild = true, limited = true },
  { name = "that is met with a budget", calls = 10, budget = true },
}

describe("what adds is done once, and every outcome is true, in a world", function()
  local first = 0

  for _, world in ipairs(WORLDS) do
    local begin, count = first, CALLS * world.calls // 100
    first = first + count

    it(("%s (%d calls)"):format(world.name, count), function()
      local calls, answers, errors, truths, stats = run(world, begin, count)
      local wrong, attempts, seen, cost, met = {}, 0, 0, 0, {}
      for position, call in ipairs(calls) do
        local truth = truths[call.number] or NOTHING
        local problem
        if not call.result or (answers[position] == nil) == (errors[position] == nil) then
          call.result, problem = errors[position] or { attempts = 0 }, "(e) it was lost"
        else problem = judge(world, call, truth) end
        if problem then wrong[#wrong + 1] = described(call, truth, problem) end
        attempts, seen = attempts + (call.result.attempts or 0), seen + truth.seen
        for i = 1, truth.seen do
          local letter = call.plan:sub(i, i)
          met[letter] = true
          if i < truth.seen and not LIMITED:find(letter, 1, true) then cost = cost + 5 end
        end
        if call.answer and call.result.attempts == 1 then cost = cost - 1 end
        met[call.effect .. " " .. (call.answer and "success" or tostring(call.result.outcome))] = true
        met["gave up"] = met["gave up"] or call.gave_up
      end
      local more = #wrong - 8
      assert(#wrong == 0, table.concat(wrong, "\n", 1, math.min(#wrong, 8)) .. (more > 0 and ("\nand %d more"):format(more) or ""))
      assert.equal(attempts, stats.starts)
      if world.budget then assert.is_true(cost <= 100, "more was repeated than the budget allows") end

      -- that all this was about something
      assert.is_true(stats.reused > 0)
      if world.wild then assert.is_true(seen < attempts, "no connection broke by itself") end
      if here.slow then return end
      local letters = STAYS .. GOOD .. PASSING .. ENDING .. SILENT .. (world.limited and LIMITED or "") .. (world.wild and BREAKS or "")
      for letter in letters:gmatch(".") do assert.is_true(met[letter], "never met: " .. letter) end
      for _, effect in ipairs{ "adds", "repeatable", "read" } do
        for _, what in ipairs{ "success", "unknown", "refused" } do
          assert.is_true(met[effect .. " " .. what], "never met: " .. effect .. " " .. what)
        end
      end
      -- a connection that breaks just then: which calls that hits is nobody's plan
      local not_sent = met["adds not_sent"] or met["repeatable not_sent"] or met["read not_sent"]
      if world.wild and count > 2000 then assert.is_true(not_sent, "never met: not_sent") end
      if world.budget then assert.is_true(met["gave up"], "the budget was never used up") end
    end)
  end
end)
