--- One call, from arguments to answer: checks, attempts, pace, waits, events.
--
-- Owns the order in which these happen. What is declared comes from `wixum.compiled`, the request from `wixum.request`,
-- what an attempt came to from `wixum.verdict`, whether to try again from `wixum.retry`, every error's words from
-- `wixum.errors`.

local compiled = require "wixum.compiled"
local core = require "wixum.core"
local declaration = require "wixum.declaration"
local errors = require "wixum.errors"
local events = require "wixum.events"
local names = require "wixum.names"
local options = require "wixum.options"
local redaction = require "wixum.redaction"
local request_of = require "wixum.request"
local retry = require "wixum.retry"
local verdict = require "wixum.verdict"

local call = {}

--- The last error that Ctrl-C made, for the REPL.
call.interrupted = nil

-- What is known of a call while it runs.
---@class wixum.Run
---@field operation table compiled
---@field settings table options as they apply to this call
---@field root table what the client shares with all made from it
---@field attempts integer
---@field outcome string of all attempts so far
---@field in_pace boolean this attempt holds a place in the pace
---@field request_id string|false? of the last answer
---@field sending boolean an attempt is under way whose outcome is not known yet
---@field answer table|false? what the service said, once it said yes
---@field response table|false
---@field began number by the client's clock, as `now`
---@field now number when this attempt may begin

-- Ctrl-C that came when a call had its answer: the answer is given, and the next call of this Lua state raises instead.
local pending = false

-- Tells an event, if anybody wants to know. Ctrl-C in there stops the call at the next step.
local function tell(run, event, seconds, status, outcome, request_id)
  if not run.watched then return end
  local told = { event = event, operation = run.operation.full_name, attempt = run.attempts, seconds = seconds,
    status = status, outcome = outcome, request_id = request_id }
  if events.tell(run.settings.on_event, told) then pending = true end
end

local function fail(run, found, words)
  found.operation, found.where, found.attempts = run.operation.full_name, errors.where(), run.attempts
  found.outcome = found.outcome or run.outcome
  words = words or {}
  words.effect = run.operation.effect
  local err = errors.new(found, words)
  tell(run, "end", run.root.clock.now() - run.began, found.status, found.outcome, found.request_id)
  return nil, err
end

local function invalid(run, message, advice, more)
  local found = more or {}
  found.kind, found.outcome, found.message = "invalid", "not_sent", message
  return fail(run, found, { advice = advice })
end

local KEY_ADVICE =
  "Set WIX_API_KEY, or WIX_API_KEY_FILE to a file that only you can read, or give api_key to wixum.client{ … }"

-- Ctrl-C ends the call by raising, so that a script stops; what it says is true of the whole call.
local function interrupted(run, found)
  pending = false
  found.kind, found.message = "interrupted", found.message or "interrupted by Ctrl-C"
  local _, err = fail(run, found)
  call.interrupted = err
  error(err, 0)
end

-- ---- before anything is sent -----------------------------------------------------------------------------------------

-- The options of this call: the client's own, with the call's on top.
local function settings_of(client_settings, given)
  if given == nil then return client_settings end
  return setmetatable(options.check(given, "call"), { __index = client_settings })
end

-- Raises where the program is wrong, at the caller's line.
local function check_arguments(operation, arguments)
  local wire, violations, mistake, undeclared = core.arguments(operation.argument_shape, arguments)
  if undeclared ~= nil then
    mistake = ("unknown field %s%s"):format(redaction.text(tostring(undeclared), 64) or '""',
      names.suggestion(undeclared, declaration.field_names(operation.arguments)))
  end
  if mistake then errors.mistake(operation.full_name .. ": " .. mistake) end
  if violations then
    for _, found in ipairs(violations) do
      if type(found.value) == "string" then found.value = redaction.value(found.value) end
    end
  end
  return wire, violations
end

-- ---- one attempt -----------------------------------------------------------------------------------------------------

-- A `transport` function in place of the network.
local function through_function(run, request)
  local began = run.root.clock.now()
  local ok, response, reason = pcall(run.settings.transport, request_of.visible(run.root, request))
  if not ok and errors.is_interrupt(response) then return { stop = "interrupted", sent = true, seconds = 0 } end
  if not ok or type(response) ~= "table" then
    local text = tostring(ok and reason or response)
    response = { sent = true, curl = { code = -1, text = "the transport function failed: " .. text } }
  end
  local headers = {}
  for name, value in pairs(type(response.headers) == "table" and response.headers or {}) do
    headers[tostring(name):lower()] = tostring(value)
  end
  local status = math.tointeger(response.status)
  local curl = response.curl or not status and { code = -1, text = "the transport function gave no status" } or nil
  return {
    status = status, body = type(response.body) == "string" and response.body or "", sent = response.sent ~= false, curl = curl,
    request_id = headers["x-wix-request-id"], retry_after = headers["retry-after"], date = headers["date"],
    consistent = headers["x-wix-consistent"],
    seconds = run.root.clock.now() - began,
  }
end

-- The place in the pace that this attempt holds counts from now on, or from the first byte of its answer.
local function leave_pace(run, first_byte)
  if not run.in_pace then return end
  run.in_pace = false
  run.root.pace:answered(first_byte or run.root.clock.now())
end

-- It does not count at all: nothing is sent.
local function give_up_pace(run)
  if run.in_pace then run.root.pace:cancel() end
  run.in_pace = false
end

local function perform(run, request)
  local settings, root = run.settings, run.root
  local connect_timeout, timeout, left = settings.connect_timeout, settings.timeout, run.began + settings.deadline - run.now
  request.connect_timeout = connect_timeout < left and connect_timeout or left
  request.timeout = timeout < left and timeout or left
  if pending or root.closed then
    give_up_pace(run)
    return { stop = pending and "interrupted" or "closed", sent = false, seconds = 0 }
  end
  run.sending = true
  local response
  if settings.transport then response = through_function(run, request)
  else response = root.perform(root.session, request) end
  if run.in_pace then leave_pace(run, root.clock.first_byte and root.clock.first_byte(response)) end
  -- as the official client does; only what can be a header again
  if response.consistent and response.consistent:find("^[\x21-\x7E]+$") then root.consistent = response.consistent end
  return response
end

-- Waits; an event tells it. Raises where Ctrl-C ends it.
local function wait(run, seconds)
  tell(run, "wait", seconds)
  if pending or run.root.clock.sleep(seconds) == false then interrupted(run, { outcome = run.outcome }) end
end

-- Waits until the pace lets a call start. Answers the error where that is too late.
local function wait_for_pace(run)
  local root = run.root
  while true do
    local now = root.clock.now()
    local seconds = root.pace:wait(now)
    if seconds <= 0 then
      run.in_pace = true
      root.pace:start() -- its place is taken from now on: a call made in before_send or on_event must not have it
      return true
    end
    if now + seconds > run.began + run.settings.deadline then
      local when = seconds == math.huge and "when a call that is under way has ended" or ("in %.0f s"):format(seconds)
      return nil, { kind = "timeout", message = ("the pace (rate) would let it start %s, after its deadline"):format(when) }
    end
    wait(run, seconds)
  end
end

local function told_before(run)
  local ok, problem = pcall(run.settings.before_send, { operation = run.operation.full_name, attempt = run.attempts + 1 })
  if ok then return true end
  if errors.is_interrupt(problem) then interrupted(run, { outcome = run.outcome }) end
  return nil, { kind = "cancelled", message = "before_send raised: " .. (redaction.text(tostring(problem)) or "") }
end

-- The outcome of all attempts: what may have acted once stays so, whatever later ones say.
local function merged(before, latest)
  if before == "unknown" or latest == "unknown" then return "unknown" end
  if before == "refused" or latest == "refused" then return "refused" end
  return "not_sent"
end

local function attempt(run, request, arguments)
  local clock = run.root.clock
  run.attempts = run.attempts + 1
  tell(run, "start")
  local response = perform(run, request)
  local answer, found = verdict.of(response, run.operation, arguments, clock.time)
  run.request_id = redaction.text(response.request_id)
  if found then found.request_id = run.request_id end
  run.sending, run.answer, run.response = false, answer, response
  if not answer then run.outcome = merged(run.outcome, found.outcome) end
  tell(run, "answer", response.seconds, response.status, found and found.outcome, run.request_id)
  return answer, found
end

-- What a call answers that went well.
local function success(run)
  local response, seconds = run.response, run.root.clock.now() - run.began
  return run.answer, { status = response.status, request_id = run.request_id, attempts = run.attempts, seconds = seconds }
end

-- Attempts until there is an answer, or none is allowed.
local function attempts(run, request, arguments)
  local root, settings, operation = run.root, run.settings, run.operation
  while true do
    local ok, problem = true, nil
    if root.pace then ok, problem = wait_for_pace(run) end
    if ok and settings.before_send then ok, problem = told_before(run) end
    if run.attempts > 0 or root.pace or settings.before_send then run.now = root.clock.now() end -- time has passed
    if ok and run.now >= run.began + settings.deadline then
      ok, problem = nil, { kind = "timeout", message = "its deadline passed before it could be sent" }
    end
    if not ok then
      give_up_pace(run)
      return fail(run, problem)
    end
    local answer, found = attempt(run, request, arguments)
    if answer then
      if run.attempts == 1 then retry.reward(root.budget) end
      local same, info = success(run)
      tell(run, "end", info.seconds, info.status, nil, info.request_id)
      return same, info
    end
    if found.kind == "interrupted" then
      found.outcome = run.outcome
      interrupted(run, found)
    end
    local seconds = retry.decide(operation.effect, found, {
      attempts = run.attempts, retries = settings.retries, max_wait = settings.max_wait, budget = root.budget,
      left = run.began + settings.deadline - root.clock.now(), random = root.clock.random,
    })
    if not seconds or root.closed then
      found.outcome = run.outcome
      return fail(run, found)
    end
    tell(run, "retry", seconds, found.status, found.outcome, found.request_id)
    if seconds > 0 then wait(run, seconds) end
  end
end

--- Makes a call.
---@param client table the client's private part: `root`, `settings`, `closed`
---@param declared table the operation
---@param arguments table?
---@param given table? options of this call
---@return table? answer, table info # or nil and a wixum.Error
-- Raises at the caller's line where the program is wrong, and the error value where Ctrl-C ends it.
function call.run(client, declared, arguments, given)
  if client.closed or client.root.closed then errors.mistake(declared.full_name .. ": the client is closed") end
  local operation = compiled.operation(declared)
  -- what runs code of the caller's (an option's __pairs, a clock) comes before the check: what was checked is what goes out
  local settings, root = settings_of(client.settings, given), client.root
  local now = root.clock.now()
  local wire, violations = check_arguments(operation, arguments)
  local run = { operation = operation, settings = settings, root = root, attempts = 0, outcome = "not_sent",
    began = now, watched = events.wanted(settings.on_event), in_pace = false, sending = false,
    now = now, answer = false, response = false, request_id = false }
  if violations then return invalid(run, verdict.violations_text(violations), nil, { violations = violations }) end
  local request, message, advice = request_of.make(operation, settings, root, arguments, wire, given == nil and client.cache or nil)
  if not request then return invalid(run, message, advice) end
  if settings.dry_run then return request_of.visible(run.root, request), { attempts = 0, seconds = 0 } end
  if not settings.transport then
    local ready
    ready, message = root.ready()
    if not ready then return invalid(run, message, KEY_ADVICE) end
  end
  local ok, answer, info = pcall(attempts, run, request, arguments)
  if ok then return answer, info end
  if run.sending then leave_pace(run) else give_up_pace(run) end
  if errors.is(answer) or not errors.is_interrupt(answer) then error(answer, 0) end
  -- Ctrl-C while Lua code of ours ran: lua.c's words do not tell what became of the call
  if run.answer then
    pending = true
    return success(run)
  end
  interrupted(run, { outcome = run.sending and "unknown" or run.outcome })
end

return call
