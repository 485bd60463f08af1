--- Who goes on when: tasks, and everybody else who waits for an answer, a moment or a task.
--
-- Owns the queue of tasks that can go on, the moments that somebody waits for, and the turns of the loop. A waiter is any
-- table; `woken`, `reason`, `task` and `abroad` in it are ours, `waiter:landed(first_byte)` and `waiter:abandoned()` are called
-- where they are there. What a call, a pace or a map waits for is their own business.
--
-- A wait yields where it is made in its task's own coroutine and Lua allows it. Anywhere else (outside tasks, in a coroutine of the
-- caller's, beneath a C function like table.sort) it turns the loop itself until it is woken, and other tasks go on
-- meanwhile, on top of it.

local core = require "wixum.core"
local errors = require "wixum.errors"
local moments = require "wixum.moments"

local scheduler = {}

local clock, running, isyieldable, yield, resume, status = core.clock, coroutine.running, coroutine.isyieldable, coroutine.yield,
  coroutine.resume, coroutine.status

local loop = core.loop()

local queue, head, tail = {}, 1, 0 -- tasks that can go on, in order
local timers = moments.new()
local current -- the task whose code runs
local alive = 0 -- tasks that have not ended
local turning = 0 -- turns within turns
local interrupted = false -- Ctrl-C came, and nobody has answered it yet
local foreign -- what waits in our place: a function of a loop that is not ours
local face -- what that function is given
local watched = false -- somebody looks at the loop's descriptor
local abroad = 0 -- those who wait in a foreign loop
local unclaimed = 0 -- of these, woken ones that have not seen it yet
local left_there = {} -- stays there whose coroutines were collected
local in_foreign = setmetatable({}, { __mode = "k" }) -- coroutines that wait in a foreign loop

-- Deeper than that no turn goes on with tasks unless nothing else can happen: Lua allows some 200 C calls within each other.
local DEEPEST = 12

---@class wixum.Task
---@field co thread
---@field started boolean
---@field ended boolean
---@field ok boolean? whether its function returned
---@field results table? packed: what it returned, or what it raised
---@field stopped string? why it is to end: "cancelled" or "interrupted"
---@field outcome string? of the call that was under way when it was stopped
---@field waiter table? what it waits for
---@field parked boolean its coroutine is suspended in a wait of ours
---@field queued boolean
---@field watchers table? waiters to wake when it ends
---@field looked_at boolean? somebody has waited for it
---@field on_end fun(task: wixum.Task)? is called when it ends

-- Can any task go on? Those that went on elsewhere meanwhile are passed over.
local function any_queued()
  while head <= tail do
    local task = queue[head]
    if task.queued and not task.ended then return true end
    queue[head] = nil
    head = head + 1
  end
  return false
end

-- For those who look at the descriptor: when there is something to do.
local function announce()
  if any_queued() or unclaimed > 0 or interrupted or left_there[1] then return loop:alarm(0) end
  local first = timers[1]
  loop:alarm(first and first.at)
end

local function push(task)
  if task.queued then return end
  task.queued = true
  tail = tail + 1
  queue[tail] = task
end

--- Whoever waits goes on. The first reason counts.
---@param waiter table
---@param reason string?
function scheduler.wake(waiter, reason)
  if waiter.woken then return end
  waiter.woken, waiter.reason = true, reason
  if waiter.task then push(waiter.task)
  elseif waiter.abroad then
    waiter.abroad = "woken"
    unclaimed = unclaimed + 1
  end
  if watched and turning == 0 then announce() end
end
local wake = scheduler.wake

--- Before it is told to anybody who may wake it.
---@param waiter table
function scheduler.prepare(waiter)
  waiter.woken, waiter.reason = false, nil
end

-- ---- tasks -----------------------------------------------------------------------------------------------------------

local function finish(task, ok, ...)
  task.ended, task.ok, task.results = true, ok, table.pack(...)
  alive = alive - 1
  for _, waiter in ipairs(task.watchers or {}) do wake(waiter) end
  task.watchers = nil
  if task.on_end then task.on_end(task) end
end

--- A task that runs the function, from the loop's next turn on.
---@param fn function
---@param ... any its arguments
---@return wixum.Task
function scheduler.spawn(fn, ...)
  local task = { started = false, ended = false, parked = false, queued = false }
  local arguments = table.pack(...)
  task.co = coroutine.create(function()
    finish(task, pcall(fn, table.unpack(arguments, 1, arguments.n)))
  end)
  alive = alive + 1
  push(task)
  if watched and turning == 0 then announce() end
  return task
end

-- False where the C stack has no room for it: then it goes on later.
local function go_on(task)
  local before = current
  current = task
  task.queued, task.parked, task.started = false, false, true
  local ok, problem = resume(task.co)
  current = before
  if task.ended then return true end
  if not ok then
    if status(task.co) == "suspended" then
      push(task)
      return false
    end
    finish(task, false, problem) -- nothing of ours raises there; what a host does may
  elseif not task.parked then push(task) end -- it yielded by itself: the others first
  return true
end

--- The task whose code runs; nil outside.
---@return wixum.Task?
function scheduler.current() return current end

--- Ctrl-C came where nobody could be told: the next one who waits is.
function scheduler.note_interrupt() interrupted = true end

--- Has Ctrl-C come, and nobody been told? Asked outside tasks by whoever tells it now, that ends it.
---@return boolean
function scheduler.is_interrupted() return interrupted end

--- It is told.
function scheduler.told_interrupt()
  if not current then interrupted = false end
end

--- Why the task whose code runs is to end; nil where it is not.
---@return string?
function scheduler.is_stopped()
  return current and current.stopped
end

--- How many tasks have not ended.
---@return integer
function scheduler.alive() return alive end

--- Is there nobody but the caller to be served?
---@return boolean
function scheduler.alone()
  return alive == 0 and not foreign and abroad == 0
end

--- Has a task to go on at once, where it waits and can: for whoever woke it and must not go before it has.
---@param task wixum.Task?
function scheduler.hurry(task)
  if not (task and task.queued and not task.ended and status(task.co) == "suspended" and turning <= DEEPEST) then return end
  go_on(task)
  if watched and turning == 0 then announce() end
end

--- Ends a task: what it waits for, now and later, ends with this reason.
---@param task wixum.Task
---@param reason "cancelled"|"interrupted"
---@param unstarted any what it has raised, where it never began
function scheduler.stop(task, reason, unstarted)
  if task.ended then return end
  task.stopped = task.stopped or reason
  if not task.started then
    task.started = true
    return finish(task, false, unstarted)
  end
  if task.waiter then wake(task.waiter, reason) end
  scheduler.hurry(task)
end

-- ---- the loop --------------------------------------------------------------------------------------------------------

-- Those whose coroutines are no more give back what they hold.
local function let_go()
  while left_there[1] do
    local own = table.remove(left_there)
    if own.moment then moments.remove(timers, own.moment) end
    if own.left.abandoned then own.left:abandoned() end
  end
end

-- One turn: hears what the network and the clock have to say, waiting at most so many seconds for it, and lets everybody who
-- can go on. Too deep, that is nobody, unless nothing else can wake the one who turns.
local function turn(seconds, waiter)
  turning = turning + 1
  if turning == 1 and head > tail then head, tail = 1, 0 end -- positions that are used again cost no memory and no hashing
  if left_there[1] then let_go() end
  local first = timers[1]
  if turning <= DEEPEST and any_queued() then seconds = 0
  elseif first then
    local left = first.at - clock()
    if left < seconds then seconds = left end
  end
  if not loop:poll(seconds) then interrupted = true end
  while true do
    local landed, first_byte = loop:finished()
    if landed == nil then break end
    if landed.landed then landed:landed(first_byte) end
    wake(landed)
  end
  first = timers[1]
  if first then
    local now = clock()
    while first and first.at <= now do
      moments.remove(timers, first)
      wake(first.value, "late")
      first = timers[1]
    end
  end
  if turning <= DEEPEST or waiter and not waiter.woken and loop:flying() == 0 and not first then
    local last = tail
    while head <= last do
      local task = queue[head]
      queue[head] = nil
      head = head + 1
      if task.queued and not task.ended and not go_on(task) then break end
    end
  end
  turning = turning - 1
end

-- On the main thread turns are made in a coroutine of their own: there, what lua.c's Ctrl-C raises cannot end one half-way.
local turner
local function turn_aside(seconds, waiter)
  turner = turner or coroutine.create(function(wanted, who)
    while true do
      turn(wanted, who)
      wanted, who = yield()
    end
  end)
  local ok, problem = resume(turner, seconds, waiter)
  if not ok then
    turner = nil
    error(problem, 0)
  end
end

local function turn_anywhere(seconds, waiter)
  local _, is_main = running()
  local before = turning
  local ok, problem = pcall(is_main and turn_aside or turn, seconds, waiter)
  turning = before
  if not ok then error(problem, 0) end
end

local function nothing_left()
  return not any_queued() and not timers[1] and loop:flying() == 0
end

-- One wait in a foreign loop, held by the coroutine that waits there alone. That may never go on: it is closed, or it is
-- collected with its loop. Then the waiter is told (`waiter:abandoned()`), for nobody else can give back what it holds.
local stay = {}
stay.__index = stay

function stay:leave()
  local waiter = self.waiter
  if not waiter then return end
  if waiter.abroad == "woken" then unclaimed = unclaimed - 1 end
  abroad, waiter.abroad, self.waiter = abroad - 1, nil, nil
  return waiter
end

function stay:__close(problem)
  in_foreign[running()] = nil
  local waiter = self:leave()
  if self.returned or problem ~= nil or not waiter then return end
  if self.moment then moments.remove(timers, self.moment) end
  if waiter.abandoned then waiter:abandoned() end
end

-- At any time, in the middle of whatever: the next turn does the rest.
function stay:__gc()
  self.left = self:leave()
  if not self.left then return end
  left_there[#left_there + 1] = self
  if turning == 0 then announce() end
end

local function wait_abroad(waiter, moment)
  local own <close> = setmetatable({ waiter = waiter, moment = moment, left = nil, returned = false }, stay)
  waiter.abroad, abroad, in_foreign[running()] = true, abroad + 1, true
  announce()
  foreign(face)
  own.returned = true
end

-- Turns the loop until somebody wakes this one. What waits in the middle of a foreign wait function, or of what that runs,
-- does so by itself: the function could not be called again before it has returned.
local function drive(waiter, moment)
  while not waiter.woken do
    if foreign and not current and not in_foreign[running()] then
      wait_abroad(waiter, moment)
      if not waiter.woken then turn_anywhere(0, waiter) end
    elseif nothing_left() then
      errors.mistake("this waits for something that can only happen after it: tasks wait for each other, or for the place of a "
        .. "call that waits for them")
    else turn_anywhere(1, waiter) end
    if interrupted and not waiter.woken then
      waiter.woken, waiter.reason = true, "interrupted"
    end
  end
  if waiter.reason == "interrupted" and not current then interrupted = false end -- the outermost has heard it
  if watched and turning == 0 then announce() end
end

-- The same, where lua.c's Ctrl-C may raise in the middle of it: on the main thread.
local function drive_safely(waiter, moment)
  local ok, problem = pcall(drive, waiter, moment)
  if ok then return end
  if not errors.is_interrupt(problem) or errors.is(problem) then
    if moment then moments.remove(timers, moment) end
    if watched and turning == 0 then announce() end
    error(problem, 0)
  end
  if waiter.woken then interrupted = true -- whoever waits next is told
  else waiter.woken, waiter.reason = true, "interrupted" end
end

--- Waits until the waiter is woken.
---@param waiter table prepared
---@param moment number? by core.clock; when it comes, the reason is "late"
---@return string? reason # nil: as it should be; "late"; "closed"; "cancelled"; "interrupted"
function scheduler.wait(waiter, moment)
  local task = current
  if task and task.stopped then return task.stopped end
  local entry = moment and moments.add(timers, moment, waiter)
  if not task then drive_safely(waiter, entry)
  else
    local before = task.waiter
    task.waiter = waiter
    if running() == task.co and isyieldable() then
      waiter.task = task
      while not waiter.woken do
        task.parked = true
        yield()
      end
      waiter.task = nil
    else drive(waiter) end
    task.waiter = before
  end
  if entry then moments.remove(timers, entry) end
  return waiter.reason
end

-- ---- loops that are not ours -----------------------------------------------------------------------------------------

--- The descriptor to look at. From now on it is kept true.
---@return integer
function scheduler.descriptor()
  watched = true
  local descriptor = loop:descriptor()
  if turning == 0 then announce() end
  return descriptor
end

--- Seconds until there is something to do by itself; nil: only the network can bring something.
---@return number?
function scheduler.timeout()
  if any_queued() or unclaimed > 0 or interrupted or left_there[1] then return 0.0 end
  local first, network = timers[1], loop:next()
  local at = first and first.at or network
  if not at then return nil end
  if network and network < at then at = network end
  local left = at - clock()
  return left > 0 and left or 0.0
end

--- One turn for somebody else's loop.
---@param seconds number to wait at most
---@return boolean # is there anything left to wait for?
---@return boolean # did Ctrl-C end it?
function scheduler.step(seconds)
  local ok, problem = pcall(turn_anywhere, seconds)
  if not ok then
    if not errors.is_interrupt(problem) then error(problem, 0) end
    interrupted = true
  end
  if watched and turning == 0 then announce() end
  local stopped = interrupted
  if not current then interrupted = false end
  return not nothing_left(), stopped
end

--- Has a function wait in our place, outside tasks; nil: nobody does.
---@param wait function?
---@param given table what it is called with
function scheduler.wait_with(wait, given)
  if wait then scheduler.descriptor() end
  foreign, face = wait, given
end

return scheduler
