--- A send, and then a remind, that are killed again and again, against a sandbox that fails at random; judged by the sandbox's own books.
--
-- Owns the kills, the faults and what must hold afterwards. A spec runs a short one, `make torture` the long one.

local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local support = require "spec.support.ledger"
local wixum = require "wixum"

local torture = {}

local SITE = "00000001-2222-4333-8444-555555555555"
local CONCURRENCY = 8

-- What is killed. Its clock is the sandbox's.
local CHILD = [[
  local wixum = require "wixum"
  local wix = wixum.client{ rate = false, max_emails = 1, concurrency = %d, retries = 2, max_wait = 2, timeout = 0.5 }
  local now = tonumber(os.getenv "NOW")
  local ledger = assert(wixum.ledger.open(os.getenv "LEDGER", { time = function() return now end }))
  io.stderr:write("begun\n")
  local summary, err
  if os.getenv "STEP" == "send" then summary, err = ledger:send(wix)
  else summary, err = ledger:remind(wix, { after = "5d", at_most = 1 }) end
  if not summary then error(err) end
  io.stderr:write("ended: ", tostring(summary.stopped), "\n") ]]

-- What befalls calls at random: before they acted, after they acted, or in place of acting.
local FAULTS = {
  { reset = "before" }, { reset = "after" }, { close = "after" }, { status = 429, headers = { ["Retry-After"] = "0" } }, { status = 500 },
  { status = 500, acts = true }, { status = 503 }, { delay = 1 },
}

local function fault(server, operation, within)
  local own = { operation = operation, after = math.random(0, within) }
  for name, value in pairs(FAULTS[math.random(#FAULTS)]) do own[name] = value end
  server:fault(own)
end

-- Runs a step to its end, killing it so many times on the way. Answers kills, and faults that were met.
local function kill_again_and_again(server, path, step, operation, kills, rows, faults_a_kill, say)
  local done, ended, faults, apart = 0, false, 0, math.max(1, rows // kills)
  local began = server:state().mails
  while not ended do
    for _ = 1, done < kills and faults_a_kill or 0 do
      fault(server, operation, apart)
      faults = faults + 1
    end
    local child = process.start({ "lua5.4", "-e", CHILD:format(CONCURRENCY) }, { env = { LEDGER = path, STEP = step,
      NOW = ("%d"):format(server:now()), WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key,
      WIX_ACCOUNT_ID = server.account_id } })
    child:expect("begun")
    if done < kills then
      local goal = math.min(server:state().mails + math.random(1, apart), began + rows - 1)
      process.eventually("some more mails, or the end", function()
        return server:state().mails >= goal or child.output:find("ended", 1, true) ~= nil
      end)
      child:kill("sigkill")
      done = done + 1
      if say and done % 50 == 0 then say(("%s: %d kills, %d mails"):format(step, done, server:state().mails)) end
    end
    local code = child:wait()
    ended = code == 0 and child.output:find("ended: nil", 1, true) ~= nil
    assert(ended or code ~= 1, child.output) -- killed, or stopped by what it met: but not by a mistake of ours
  end
  local met = faults - #server:faults() -- those that are left were met by nobody
  server:faults_clear()
  return done, met
end

-- What the sandbox's books say, and the ledger.
local function books(server, kind)
  local mails = {}
  for _, mail in ipairs(server:outbox{ kind = kind }) do mails[mail.to] = (mails[mail.to] or 0) + 1 end
  return mails
end

---@param options { rows: integer, kills: integer, reminder_kills: integer, faults: integer, seed: integer, say: (fun(text: string))? }
--- faults: a kill
---@return table figures
function torture.run(options)
  math.randomseed(options.seed)
  local server = assert(sandbox.start{ seed = options.seed, log = 0, mails = options.rows * 3, sites = { SITE },
    start_time = support.START, duplicates = "fresh" })
  local wix, path = server:client{ rate = false }, support.temporary()
  local time = function() return (server:now()) end
  local ledger = assert(wixum.ledger.open(path, { time = time }))
  local position = 0
  assert(ledger:plan(function()
    position = position + 1
    if position <= options.rows then
      return { site_id = SITE, email = ("n%d@example.com"):format(position), role = support.ROLE.title }
    end
  end, { client = wix }))

  local figures = { rows = options.rows }
  figures.kills, figures.faults = kill_again_and_again(server, path, "send", "site_invites.bulk_invite", options.kills, options.rows,
    options.faults, options.say)

  -- nobody twice, nobody lost, every id real
  local mails, invites = books(server, "invite"), {}
  for _, invite in ipairs(server:invites()) do invites[invite.id] = invite.email end
  local counts, seen = {}, 0
  for row in ledger:rows() do
    seen, counts[row.state] = seen + 1, (counts[row.state] or 0) + 1
    assert((mails[row.email] or 0) <= 1, row.email .. " was mailed twice")
    if row.state == "pending" then
      assert(mails[row.email] == 1, row.email .. " is pending, and was not mailed")
      assert(invites[row.invite_id] == row.email, row.email .. " has an id that is not its own")
    elseif row.state == "failed" then assert(not mails[row.email], row.email .. " has failed, and was mailed")
    else assert(row.state == "unknown", row.email .. " is " .. row.state) end
  end
  assert(seen == options.rows, ("%d rows are left of %d"):format(seen, options.rows))
  figures.pending, figures.failed, figures.unknown = counts.pending or 0, counts.failed or 0, counts.unknown or 0
  assert(figures.unknown <= figures.kills * CONCURRENCY + figures.faults, "more are unknown than were under way")

  -- the same of a remind
  server:advance(6 * 86400)
  figures.reminder_kills, figures.reminder_faults = kill_again_and_again(server, path, "remind", "site_invites.resend_invite",
    options.reminder_kills, figures.pending, options.faults, options.say)
  local reminders, unknown, reminded = books(server, "resend"), 0, 0
  for row in ledger:rows() do
    local number = reminders[row.email] or 0
    assert(number <= 1, row.email .. " was reminded twice")
    if row.state == "pending" then
      if row.mails == 2 then
        reminded = reminded + 1
        assert(number == 1, row.email .. " is called reminded, and was not")
      else assert(number == 0, row.email .. " was reminded, and the ledger does not know") end
    elseif row.state == "unknown" and row.unknown_step == "resend" then unknown = unknown + 1
    elseif row.state ~= "unknown" then assert(row.state == "failed" and number == 0, row.email .. " is " .. row.state) end
  end
  figures.reminded, figures.reminder_unknown = reminded, unknown
  assert(unknown <= figures.reminder_kills * CONCURRENCY + figures.reminder_faults, "more are unknown than were under way")

  ledger:close()
  wix:close()
  server:stop()
  support.remove(path)
  return figures
end

--- The long form: prints what it came to.
function torture.main()
  local core = require "wixum.core"
  local began, seed = core.clock(), math.tointeger(tonumber(os.getenv "SEED")) or os.time()
  local function say(text)
    io.stderr:write(text, "\n")
  end
  say(("seed %d"):format(seed))
  local figures = torture.run{ rows = 100000, kills = 500, reminder_kills = 500, faults = 2, seed = seed, say = say }
  print(("%d rows, %d kills of the send and %d of the remind, %d and %d faults met, in %.0f s:"):format(figures.rows, figures.kills,
    figures.reminder_kills, figures.faults, figures.reminder_faults, core.clock() - began))
  print(("nobody was mailed twice by one step, no row is lost, every id is real; %d pending, %d failed, %d unknown (at most %d were "
    .. "under way at a kill or met a fault)"):format(figures.pending, figures.failed, figures.unknown,
    figures.kills * CONCURRENCY + figures.faults))
  print(("%d reminded once, %d of which that is unknown (at most %d)"):format(figures.reminded, figures.reminder_unknown,
    figures.reminder_kills * CONCURRENCY + figures.reminder_faults))
end

return torture
