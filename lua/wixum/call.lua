--- One call, from arguments to answer: checks, attempts, pace, waits, events.
--
-- Owns the order in which these happen. What is declared comes from `wixum.compiled`, the request from `wixum.request`,
-- what an attempt came to from `wixum.verdict`, whether to try again from `wixum.retry`, every error's words from
-- `wixum.errors`.

local core = require "wixum.core"
local errors = require "wixum.errors"
local events = require "wixum.events"
local names = require "wixum.names"
local options = require "wixum.options"
local redaction = require "wixum.redaction"
local request_of = require "wixum.request"
local retry = require "wixum.retry"
local scheduler = require "wixum.scheduler"
local verdict = require "wixum.verdict"

local call = {}

--- The last error that Ctrl-C made, for the REPL.
call.interrupted = nil

-- What is known of a call while it runs.
---@class wixum.Run
-- It is also what waits for an answer, its turn or a moment: `woken`, `reason` and `task` are the scheduler's, `ticket`
-- and `next_in_gate` the gate's.
---@field operation table compiled
---@field settings table options as they apply to this call
---@field client table whose call it is
---@field root table what the client shares with all made from it
---@field path string? of the request
---@field headers string[]|string? of the request, or why there is none
---@field body string? of the request
---@field attempts integer
---@field outcome string of all attempts so far
---@field place integer|false where it stands among those of the root that wait
---@field in_gate boolean this attempt holds a place at the gate
---@field flight userdata|false? the request under way, of a call that does not have the Lua state to itself
---@field request_id string|false? of the last answer
---@field status integer|false? of the last answer
---@field date integer|false? of the last answer: when the server says that it gave it, seconds since the epoch
---@field sending boolean an attempt is under way whose outcome is not known yet
---@field answer table|false? what the service said, once it said yes
---@field began number by the client's clock, as `now`
---@field now number when this attempt may begin

-- Tells an event; only where `run.watched` says that somebody wants to know. Ctrl-C in there stops the call at the next
-- step.
local function tell(run, event, seconds, status, outcome, request_id, date)
  local told = { event = event, operation = run.operation.full_name, attempt = run.attempts, seconds = seconds,
    status = status, outcome = outcome, request_id = request_id, date = date }
  if events.tell(run.settings.on_event, told) then scheduler.note_interrupt() end
end

local function fail(run, found, words)
  found.operation, found.where, found.attempts = run.operation.full_name, errors.where(), run.attempts
  found.outcome = found.outcome or run.outcome
  words = words or {}
  words.effect, words.context = run.operation.effect, run.operation.context and run.operation.context.option
  local err = errors.new(found, words)
  if run.watched then tell(run, "end", run.root.clock.now() - run.began, found.status, found.outcome, found.request_id) end
  return nil, err
end

local function invalid(run, message, advice, more)
  local found = more or {}
  found.kind, found.outcome, found.message = "invalid", "not_sent", message
  return fail(run, found, { advice = advice })
end

local KEY_ADVICE = "Set WIX_API_KEY, or WIX_API_KEY_FILE to a file that only you can read, or say api_key_file or key_command in "
  .. "~/.config/wixum/config, or give api_key to wixum.client{ … }"

-- Ctrl-C, and a task that is cancelled, end the call by raising, so that what called it stops; what it says is true of the whole call.
local function stopped(run, reason, found)
  local task = scheduler.current()
  found.kind, found.message = reason, found.message or verdict.STOPPED[reason]
  local _, err = fail(run, found)
  if reason == "interrupted" then
    scheduler.told_interrupt()
    call.interrupted = err
  end
  if task then task.outcome = task.outcome or err.outcome end -- of the first: what it does after that is its own doing
  error(err, 0)
end

-- ---- before anything is sent -----------------------------------------------------------------------------------------

-- The options of this call: the client's own, with the call's on top.
local function settings_of(client_settings, given)
  return setmetatable(options.check(given, "call"), { __index = client_settings })
end

local check_arguments = core.arguments

-- What `core.arguments` refused: raises, at the caller's line, where the program is wrong.
local function unfit(operation, violations, mistake, undeclared, place, known)
  if undeclared ~= nil then
    mistake = ("unknown field %s%s%s"):format(place and redaction.text(place, 200) .. "." or "",
      redaction.text(tostring(undeclared), 64) or '""', names.suggestion(undeclared, known))
  end
  if mistake then errors.mistake(operation.full_name .. ": " .. mistake) end
  for _, found in ipairs(violations) do
    if type(found.value) == "string" then found.value = redaction.value(found.value) end
  end
end

-- Lists that are longer than the client's options allow, as violations; nil where none is.
local function over_limit(operation, settings, arguments)
  local violations
  for _, field in ipairs(operation.limited) do
    local list, most = rawget(arguments, field.name), settings[field.limit_option]
    if type(list) == "table" and rawlen(list) > most then
      violations = violations or {}
      violations[#violations + 1] = { field = field.name, rule = "max_items", description =
        ("it has %d items, and %s allows %d in one call; wixum.split.%s sends more in parts"):format(rawlen(list),
        field.limit_option, most, operation.name) }
    end
  end
  return violations
end

-- ---- one attempt -----------------------------------------------------------------------------------------------------

-- A `transport` function in place of the network: the response that it gives.
local function through_function(run)
  local began = run.root.clock.now()
  local request = request_of.visible(run.root, run.operation.method, run.path, run.headers, run.body)
  local ok, response, reason = pcall(run.settings.transport, request)
  if not ok and errors.is_interrupt(response) then return { stop = "interrupted", sent = true, seconds = 0 } end
  if not ok or type(response) ~= "table" then
    local text = errors.text_of(ok and reason or response)
    response = { sent = true, curl = { code = -1, text = "the transport function failed: " .. text } }
  end
  local headers = {}
  for name, value in pairs(type(response.headers) == "table" and response.headers or {}) do
    headers[tostring(name):lower()] = tostring(value)
  end
  local status = math.tointeger(response.status)
  local curl = type(response.curl) == "table" and response.curl
    or not status and { code = -1, text = "the transport function gave no status" } or nil
  return {
    status = status, body = type(response.body) == "string" and response.body or "", sent = response.sent ~= false, curl = curl,
    request_id = headers["x-wix-request-id"], retry_after = headers["retry-after"], date = headers["date"],
    consistent = headers["x-wix-consistent"],
    seconds = run.root.clock.now() - began,
  }
end

-- The next in line looks whether it may start now.
local function call_next(gate)
  if gate.first then scheduler.wake(gate.first) end
end

-- The attempt has ended: its place at the gate is free, and counts for the pace from the first byte of its answer on.
local function leave_gate(run, first_byte)
  if not run.in_gate then return end
  local when = first_byte or run.root.clock.now() -- before the place is let go: Ctrl-C in here must not keep it for good
  run.root.gate:answered(when)
  run.in_gate = false
  call_next(run.root.gate)
end

-- What the scheduler calls, so that the place is free even while this call's own code cannot go on.
local function landed(run, first_byte)
  leave_gate(run, run.root.stamped and first_byte)
end

-- It does not count at all: nothing is sent.
local function give_up_gate(run)
  if not run.in_gate then return end
  run.root.gate:cancel()
  run.in_gate = false
  call_next(run.root.gate)
end

-- Who waits stands in a list, each at its place: a set by key would be hashed anew again and again, since keys come and go.
-- In this order: Ctrl-C in the middle may leave one there who does not wait, and none out who does.
local function begin_waiting(run)
  local waiting = run.root.waiting
  local last = waiting.last + 1
  waiting[last] = run
  waiting.last = last
  run.place = last
end

local function end_waiting(run)
  local waiting, place = run.root.waiting, run.place
  if not place then return end
  run.place = false
  local last = waiting.last
  local other = waiting[last]
  if other and other ~= run then
    waiting[place] = other
    other.place = place
  end
  waiting[last] = nil
  waiting.last = last - 1
end

-- The coroutine that the call waits in is no more: nobody will hear of it but who listens to events.
local function abandoned(run)
  local root, outcome = run.root, run.sending and "unknown" or run.outcome
  local flight <close> = run.flight or nil -- luacheck: no unused
  run.flight = false
  end_waiting(run)
  root.gate:leave(run)
  call_next(root.gate)
  if run.sending then leave_gate(run) else give_up_gate(run) end
  if run.watched then tell(run, "end", root.clock.now() - run.began, nil, outcome) end
end

-- Waits until something wakes the run, or until a moment of the client's clock. Answers why it ended.
local function park(run, moment)
  begin_waiting(run)
  local reason = scheduler.wait(run, moment)
  end_waiting(run)
  return reason
end

-- What ends a call that waits for its turn, or for another attempt.
local function ended(run, reason)
  if reason == "closed" then return { kind = "closed", message = "the client was closed while the call waited" } end
  if reason and reason ~= "late" then stopped(run, reason, { outcome = run.outcome }) end
end

-- Waits so many seconds, or until it is woken; an event tells it. Answers the error where the client was closed meanwhile, raises
-- where Ctrl-C or the end of its task came.
local function wait(run, seconds)
  local root, stats = run.root, run.root.stats
  if run.watched then tell(run, "wait", seconds) end
  stats.waits = stats.waits + 1
  local reason
  local began = root.clock.now()
  if scheduler.is_interrupted() and not scheduler.current() then reason = "interrupted"
  elseif not root.stamped or scheduler.alone() then reason = root.clock.sleep(seconds) == false and "interrupted" or nil
  else reason = park(run, core.clock() + seconds) end
  stats.waited = stats.waited + (root.clock.now() - began)
  return ended(run, reason)
end

local function too_late(seconds)
  local when = seconds == math.huge and "when a call that is under way has ended" or ("in %.0f s"):format(seconds)
  return { kind = "timeout", message = ("the pace (rate) would let it start %s, after its deadline"):format(when) }
end

-- One look at the gate by who is first in line: true once it has its place; else the error, or nothing: look again.
local function look(run, gate)
  local root = run.root
  local now = root.clock.now()
  local seconds = gate:wait(now)
  if seconds <= 0 then
    run.in_gate = true
    gate:start() -- its place is taken from now on: a call made in before_send or on_event must not have it
    return true
  end
  local halt = gate.halted - now
  if halt > run.settings.max_wait then
    return nil, { kind = "rate_limited", retry_after = halt,
      message = ("the service asked all calls of this client to wait, for %.0f s more, and max_wait is less"):format(halt) }
  end
  local deadline = run.began + run.settings.deadline
  if seconds < math.huge then
    if now + seconds > deadline then return nil, too_late(seconds) end
    scheduler.prepare(run)
    return nil, wait(run, seconds)
  end
  -- alone: the place is held by a call that this one is made from
  if now >= deadline or scheduler.alone() then return nil, too_late(seconds) end
  scheduler.prepare(run)
  return nil, ended(run, park(run, root.stamped and deadline or nil))
end

-- Waits for its turn. Answers true, or nil and the error where it does not come in time.
local function wait_for_turn(run)
  local gate = run.root.gate
  if not run.ticket then gate:ticket(run) end
  gate:join(run)
  local ok, problem
  repeat
    if gate.first == run then ok, problem = look(run, gate)
    elseif run.root.clock.now() >= run.began + run.settings.deadline then problem = too_late(math.huge)
    else
      scheduler.prepare(run)
      problem = ended(run, park(run, run.root.stamped and run.began + run.settings.deadline or nil))
    end
  until ok or problem
  gate:leave(run)
  call_next(gate)
  return ok, problem
end

local function told_before(run)
  local settings = run.settings
  local ok, problem = pcall(settings.before_send,
    not settings.untold and { operation = run.operation.full_name, attempt = run.attempts + 1 } or nil)
  if ok then return true end
  if errors.is(problem) and problem.kind == "cancelled" and scheduler.is_stopped() then error(problem, 0) end
  if errors.is_interrupt(problem) then stopped(run, "interrupted", { outcome = run.outcome }) end
  return nil, { kind = "cancelled", message = "before_send raised: " .. (redaction.text(errors.text_of(problem)) or "") }
end

-- The outcome of all attempts: what may have acted once stays so, whatever later ones say.
local function merged(before, latest)
  if before == "unknown" or latest == "unknown" then return "unknown" end
  if before == "refused" or latest == "refused" then return "refused" end
  return "not_sent"
end

-- Neither asked for nor allowed now: what `session:perform` would answer.
local function not_sent(run, reason)
  give_up_gate(run)
  return { stop = reason, sent = false, seconds = 0 }
end

local function is_closed(run) return run.root.closed or run.client.closed end

-- The request goes out and its answer comes while others go on.
local function fly(run, root, operation, connect_timeout, timeout)
  scheduler.prepare(run)
  local flight <close> = root.session:start(operation.method, run.path, run.headers, run.body, connect_timeout, timeout, run)
  run.flight = flight
  local reason = park(run)
  run.flight = false
  if reason then flight:stop(reason) end
  return flight:result(operation.answer_shape)
end

local function attempt(run, arguments, root, settings)
  local operation, stats = run.operation, root.stats
  local connect_timeout, timeout, left = settings.connect_timeout, settings.timeout, run.began + settings.deadline - run.now
  if connect_timeout > left then connect_timeout = left end
  if timeout > left then timeout = left end
  local answer, seconds, status, request_id, consistent, first_byte, date
  run.attempts = run.attempts + 1
  if run.watched then tell(run, "start") end
  if scheduler.is_interrupted() and not scheduler.current() then seconds = not_sent(run, "interrupted")
  elseif is_closed(run) then seconds = not_sent(run, "closed")
  else
    run.sending = true
    stats.starts = stats.starts + 1
    if settings.transport then seconds = through_function(run)
    elseif scheduler.alone() then
      answer, seconds, status, request_id, consistent, first_byte, date = root.perform(root.session, operation.method, run.path,
        run.headers, run.body, connect_timeout, timeout, operation.answer_shape)
    else
      answer, seconds, status, request_id, consistent, first_byte, date = fly(run, root, operation, connect_timeout, timeout)
    end
  end
  local found
  if not answer then
    local response = seconds -- nothing, or something that deserves a closer look
    answer, found = verdict.of(response, operation, arguments, root.clock.time)
    seconds, status, consistent, first_byte = response.seconds, response.status, response.consistent, response.first_byte
    request_id = redaction.text(response.request_id)
    date = response.date and core.http_date(response.date)
    if found then
      found.request_id = request_id
      run.outcome = merged(run.outcome, found.outcome)
    end
  end
  run.sending, run.answer, run.status, run.request_id, run.date = false, answer, status, request_id, date
  if run.in_gate then leave_gate(run, root.stamped and first_byte) end
  if status then stats.answers[status] = (stats.answers[status] or 0) + 1 end
  -- as the official client does; only what can be a header again
  if consistent and consistent:find("^[\x21-\x7E]+$") then root.consistent = consistent end
  if run.watched then tell(run, "answer", seconds, status, found and found.outcome, request_id, date) end
  return answer, found
end

-- What a call answers that went well.
local function success(run)
  local seconds = run.root.clock.now() - run.began
  if run.watched then tell(run, "end", seconds, run.status, nil, run.request_id) end
  return run.answer, { status = run.status, request_id = run.request_id, attempts = run.attempts, seconds = seconds, date = run.date }
end

-- What there may be to wait for, and to ask, before an attempt. Answers the error where it is not to be made.
local function before(run, root, settings)
  local gate, ok, problem = root.gate, true, nil
  if not gate.first and gate:wait(run.now) == 0 then
    run.in_gate = true
    gate:start()
  else ok, problem = wait_for_turn(run) end
  if ok and settings.before_send then ok, problem = told_before(run) end
  if ok and is_closed(run) then ok, problem = nil, { kind = "closed", message = "the client was closed before it could be sent" } end
  run.now = root.clock.now() -- time has passed
  if ok and run.now >= run.began + settings.deadline then
    ok, problem = nil, { kind = "timeout", message = "its deadline passed before it could be sent" }
  end
  if ok then return end
  give_up_gate(run)
  return problem
end

-- What an attempt that failed means for the calls to come.
local function heed(run, root, found)
  if found.status == 429 then
    root.gate:halt(root.clock.now(), found.retry_after or retry.RATE_LIMIT_PAUSE, run.now)
  end
end

-- Attempts until there is an answer, or none is allowed.
local function attempts(run, arguments)
  local root, settings, operation = run.root, run.settings, run.operation
  while true do
    local problem = before(run, root, settings)
    if problem then return fail(run, problem) end
    local answer, found = attempt(run, arguments, root, settings)
    if answer then
      if run.attempts == 1 then retry.reward(root.budget) end
      root.gate:eased()
      return success(run)
    end
    if found.kind == "interrupted" or found.kind == "cancelled" then
      found.outcome = run.outcome
      stopped(run, found.kind, found)
    end
    heed(run, root, found)
    local seconds = retry.decide(operation.effect, found, {
      attempts = run.attempts, retries = settings.retries, max_wait = settings.max_wait, budget = root.budget,
      left = run.began + settings.deadline - root.clock.now(), random = root.clock.random,
    })
    if not seconds or is_closed(run) then
      found.outcome = run.outcome
      return fail(run, found)
    end
    root.stats.retries = root.stats.retries + 1
    if settings.before_retry then settings.before_retry(run.outcome) end
    if run.watched then tell(run, "retry", seconds, found.status, found.outcome, found.request_id) end
    if seconds > 0 then
      scheduler.prepare(run)
      problem = wait(run, seconds)
      if problem then return fail(run, problem) end
    end
    run.now = root.clock.now()
  end
end

--- Makes a call.
---@param client table the client's private part: `root`, `settings`, `closed`, `cache`
---@param operation table compiled
---@param arguments table?
---@param given table? options of this call
---@return table? answer, table info # or nil and a wixum.Error
-- Raises at the caller's line where the program is wrong, and the error value where Ctrl-C ends it.
function call.run(client, operation, arguments, given)
  local root, settings, cache = client.root, client.settings, client.cache
  if client.closed or root.closed then errors.mistake(operation.full_name .. ": the client is closed") end
  -- what runs code of the caller's (an option's __pairs, a clock) comes before the check: what was checked is what goes out
  if given ~= nil then settings, cache = settings_of(settings, given), nil end
  local now = root.clock.now()
  local wire, violations, mistake, undeclared, place, known = check_arguments(operation.argument_shape, arguments)
  local path, headers, body -- or nil, what is wrong, what to do
  if wire and operation.limited then violations = over_limit(operation, settings, arguments) end
  if wire then path, headers, body = request_of.parts(operation, settings, root, arguments, wire, cache)
  else unfit(operation, violations, mistake, undeclared, place, known) end
  if scheduler.is_stopped() then
    stopped({ operation = operation, settings = settings, root = root, attempts = 0 }, scheduler.is_stopped(), { outcome = "not_sent" })
  end
  local run = { operation = operation, settings = settings, root = root, path = path, headers = headers, body = body,
    client = client, attempts = 0, outcome = "not_sent", began = now, now = now, watched = events.wanted(settings.on_event),
    in_gate = false, flight = false, sending = false, answer = false, status = false, request_id = nil, date = nil, landed = landed,
    abandoned = abandoned, place = false, woken = false, reason = nil, task = nil, ticket = nil, next_in_gate = nil }
  if violations then return invalid(run, verdict.violations_text(violations), nil, { violations = violations }) end
  if not path then return invalid(run, headers, body) end
  if settings.dry_run then
    return request_of.visible(root, operation.method, path, headers, body), { attempts = 0, seconds = 0 }
  end
  if not root.keyed and not settings.transport then
    local ready, problem = root.ready()
    if not ready then return invalid(run, problem, KEY_ADVICE) end
    root.keyed = true
  end
  local ok, answer, info = pcall(attempts, run, arguments)
  if ok then return answer, info end
  end_waiting(run)
  root.gate:leave(run)
  call_next(root.gate)
  if run.sending then leave_gate(run) else give_up_gate(run) end
  if errors.is(answer) or not errors.is_interrupt(answer) then error(answer, 0) end
  -- Ctrl-C while Lua code of ours ran: lua.c's words do not tell what became of the call
  if run.answer then
    scheduler.note_interrupt()
    return success(run)
  end
  stopped(run, "interrupted", { outcome = run.sending and "unknown" or run.outcome })
end

return call
