--- One function over many items, so many at once: `map` keeps every answer, `each` counts.
--
-- Owns the taking of items from a list or an iterator, and the keeping of what became of each. Only as many items as are
-- under way are held, with `each`; an iterator is advanced by one task at a time, inside it.

local errors = require "wixum.errors"
local names = require "wixum.names"
local redaction = require "wixum.redaction"
local scheduler = require "wixum.scheduler"
local verdict = require "wixum.verdict"

local map = {}

local CONCURRENCY = 16 -- as many as a client lets be in flight

local function is_callable(value)
  return type(value) == "function" or (getmetatable(value) or {}).__call ~= nil
end

-- ---- taking items ----------------------------------------------------------------------------------------------------

-- A list as a function that gives position and item.
local function from_list(list)
  local position, count = 0, #list
  return function()
    if position == count then return nil end
    position = position + 1
    return position, list[position]
  end, count
end

-- An iterator as the same. It may make calls itself, so its next item may take a while: meanwhile the other tasks stand in line.
local function from_iterator(iterator)
  local position, busy, over, line = 0, false, false, {}
  local function let_next()
    busy = false
    local waiter = table.remove(line, 1)
    if waiter then scheduler.wake(waiter) end
  end
  return function()
    while busy do
      local waiter = {}
      scheduler.prepare(waiter)
      line[#line + 1] = waiter
      local reason = scheduler.wait(waiter)
      if reason then return nil, reason end
    end
    if over then
      let_next()
      return nil
    end
    busy = true
    local ok, item, more = pcall(iterator)
    if not ok or item == nil then over = true end
    let_next()
    if not ok then error(item, 0) end
    if item == nil then return nil end
    position = position + 1
    return position, item, more
  end
end

local function close(iterator)
  local closing = (getmetatable(iterator) or {}).__close
  if closing then closing(iterator, nil) end
end

-- ---- keeping what became of them -------------------------------------------------------------------------------------

-- What an item's function returned or raised, into the table of answers or that of errors.
local function keep(state, position, ok, answer, err)
  local failed = not ok or (answer == nil or answer == false) and err ~= nil
  local counts = state.counts
  if failed then
    if not ok then err = answer end
    if err == nil then err = "it raised nil" end
    counts.failed = counts.failed + 1
    if state.first_error == nil then state.first_error, counts.first_failed = err, position end
    if state.keeps or state.reason and errors.is(err) then state.errors[position] = err end
  else
    counts.answered = counts.answered + 1
    if answer == nil then answer = true end -- it was done, and said nothing
    if state.keeps then state.answers[position] = answer end
  end
end

-- ---- the work --------------------------------------------------------------------------------------------------------

local function begin(state, task)
  state.under_way[task], state.workers = true, state.workers + 1
end

local work

local function enough(state, task)
  return state.reason or state.problem ~= nil or task.stopped
end

-- Another task, as long as there may be something for it to do.
local function widen(state)
  if state.workers < state.concurrency and not state.exhausted then begin(state, scheduler.spawn(work, state)) end
end

function work(state)
  local task = scheduler.current()
  while not enough(state, task) do
    local ok, position, item, more = pcall(state.take)
    if not ok then
      if not enough(state, task) then state.problem = { position } end
      break
    elseif position == nil then
      state.exhausted = true
      break
    end
    state.counts.items = position
    if not enough(state, task) then
      widen(state)
      keep(state, position, pcall(state.fn, item, position, more))
    end
  end
  state.exhausted = true
  state.under_way[task], state.workers = nil, state.workers - 1
  if state.workers == 0 then scheduler.wake(state.waiter) end
end

-- Ends every item that is under way; those that cannot end at once do so soon.
local function end_items(state, reason)
  state.reason = reason
  local list = {}
  for task in pairs(state.under_way) do list[#list + 1] = task end
  for _, task in ipairs(list) do
    if not task.started then
      state.under_way[task], state.workers = nil, state.workers - 1
    end
    scheduler.stop(task, reason)
  end
end

-- Ctrl-C, or the end of the task that this runs in: ends every item that is under way, and waits until all have ended.
local function stop(state, reason)
  end_items(state, reason)
  local own = scheduler.current()
  local stopped = own and own.stopped
  if own then own.stopped = nil end -- it has yet to wait for them
  while state.workers > 0 do
    scheduler.prepare(state.waiter)
    scheduler.wait(state.waiter)
  end
  if own then own.stopped = stopped end
end

-- The error value that a map raises, with all that became of its items.
local function ended_early(state, kind, message)
  local counts, outcome = state.counts, "not_sent"
  for _, err in pairs(state.errors) do
    if errors.is(err) and err.outcome ~= "not_sent" and outcome ~= "unknown" then outcome = err.outcome end
  end
  if state.keeps and state.total then
    local unbegun
    for position = 1, state.total do
      if state.answers[position] == nil and state.errors[position] == nil then
        unbegun = unbegun or errors.new{ kind = kind, outcome = "not_sent", operation = state.name, where = state.where,
          message = "it was not begun: " .. message }
        state.errors[position] = unbegun
      end
    end
  end
  local err = errors.new({ kind = kind, outcome = outcome, operation = state.name, where = state.where,
    message = ("%s after %d items: %d answered, %d failed"):format(message, counts.answered + counts.failed, counts.answered,
      counts.failed),
    answers = state.keeps and state.answers or nil, errors = state.errors, counts = counts, cause = state.problem and state.problem[1],
    first_error = state.first_error },
    { advice = nil })
  if kind == "interrupted" then
    scheduler.told_interrupt()
    require("wixum.call").interrupted = err
  end
  return err
end

local OPTIONS = { "concurrency" }

local function check(name, items, fn, options)
  if not is_callable(items) and type(items) ~= "table" then
    errors.mistake(("%s takes a list or an iterator, not a %s"):format(name, type(items)))
  end
  if not is_callable(fn) then errors.mistake(("%s takes a function for each item, not a %s"):format(name, type(fn))) end
  if options ~= nil and type(options) ~= "table" then errors.mistake(name .. ": options must be a table") end
  for key in pairs(options or {}) do
    if key ~= "concurrency" then
      errors.mistake(("%s: unknown option %s%s"):format(name, redaction.text(tostring(key), 64) or '""', names.suggestion(key, OPTIONS)))
    end
  end
  local concurrency = options and options.concurrency
  if concurrency ~= nil and (math.type(concurrency) ~= "integer" or concurrency < 1) then
    errors.mistake(name .. ": concurrency must be a whole number of at least 1")
  end
  return concurrency or CONCURRENCY
end

local function run(name, keeps, items, fn, options)
  local concurrency = check(name, items, fn, options)
  local listed = not is_callable(items)
  local take, total = (listed and from_list or from_iterator)(items)
  local state = {
    name = name, where = errors.where(), fn = fn, take = take, total = total, keeps = keeps, concurrency = concurrency,
    answers = {}, errors = {}, counts = { items = 0, answered = 0, failed = 0 }, first_error = nil,
    under_way = {}, workers = 0, exhausted = false, problem = nil, reason = nil, waiter = {},
  }
  scheduler.prepare(state.waiter)
  function state.waiter.abandoned() end_items(state, "cancelled") end
  begin(state, scheduler.spawn(work, state))
  local ok, reason = pcall(scheduler.wait, state.waiter)
  if not ok and not errors.is_interrupt(reason) then
    stop(state, "cancelled")
    if not listed then close(items) end
    error(reason, 0)
  end
  if not ok or scheduler.is_interrupted() and not scheduler.current() then reason = "interrupted" end
  if reason then stop(state, reason) end
  if not listed then close(items) end
  if reason then error(ended_early(state, reason, verdict.STOPPED[reason]), 0) end
  if state.problem then
    local cause = redaction.text(errors.text_of(state.problem[1])) or ""
    error(ended_early(state, "cancelled", "the iterator raised: " .. cause), 0)
  end
  return state
end

--- Calls a function with each item of a list or an iterator, so many at once, and keeps what each answered.
---@param items table|function a list, or an iterator: called until it gives nil, in a task; closed at the end where it has `__close`
---@param fn fun(item: any, position: integer, more: any): any, any # answers, or nil and an error; `more` is the iterator's second value
---@param options { concurrency: integer? }? most items at once; 16
---@return table<integer, any> answers by position; `true` where a function returned nothing
---@return table<integer, any> errors by position: what it returned as its error, or what it raised
-- Raises where the iterator raises, where Ctrl-C comes, and where its task is cancelled: an error value that has `answers`, `errors`,
-- `counts`, and in `cause` what the iterator raised.
function map.map(items, fn, options)
  local state = run("wixum.map", true, items, fn, options)
  return state.answers, state.errors
end

--- The same, and keeps nothing: for a million.
---@param items table|function
---@param fn fun(item: any, position: integer, more: any): any, any
---@param options { concurrency: integer? }?
---@return { items: integer, answered: integer, failed: integer, first_failed: integer? } counts
---@return any first_error
function map.each(items, fn, options)
  local state = run("wixum.each", false, items, fn, options)
  return state.counts, state.first_error
end

return map
