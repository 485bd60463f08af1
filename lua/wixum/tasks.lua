--- Tasks: code that looks sequential and runs beside other code of its kind, in one thread.
--
-- Owns what a program sees of a task. Who goes on when is the scheduler's business.

local core = require "wixum.core"
local errors = require "wixum.errors"
local redaction = require "wixum.redaction"
local scheduler = require "wixum.scheduler"
local verdict = require "wixum.verdict"

local tasks = {}

---@class wixum.TaskHandle
local methods = {}

-- The scheduler's task behind a handle: who holds a handle cannot break what runs.
local task_of = setmetatable({}, { __mode = "k" })

local metatable = { __name = "wixum.task", __index = methods }

--- The error value of what was stopped while no call was under way.
---@param reason "cancelled"|"interrupted"
---@param operation string
---@param message string?
---@return wixum.Error
function tasks.stopped_error(reason, operation, message)
  return errors.new{ kind = reason, outcome = "not_sent", operation = operation, where = errors.where(),
    message = message or verdict.STOPPED[reason] }
end

local function check(handle, name)
  local task = task_of[handle]
  if not task then errors.mistake(("write a colon: task:%s()"):format(name)) end
  return task
end

local function end_of(task)
  if task.ok then return table.unpack(task.results, 1, task.results.n) end
  return nil, task.results[1]
end

--- Starts a task: it runs from the next time on that anything waits (a call, task:wait, wixum.map, loop:step).
---@param fn function
---@param ... any its arguments
---@return wixum.TaskHandle
function tasks.spawn(fn, ...)
  local callable = type(fn) == "function" or (getmetatable(fn) or {}).__call ~= nil
  if not callable then errors.mistake("wixum.spawn takes a function, not a " .. type(fn)) end
  local handle = setmetatable({}, metatable)
  task_of[handle] = scheduler.spawn(fn, ...)
  return handle
end

--- Waits for the end of a task. In a task the others go on meanwhile; elsewhere this keeps all of them going.
-- Ctrl-C raises the error value, and stops the task that was waited for too.
---@return any ... what its function returned; nil and the error value (or whatever was raised) where it raised
function methods:wait()
  local task = check(self, "wait")
  task.looked_at = true
  if not task.ended then
    if task == scheduler.current() then errors.mistake("a task cannot wait for itself") end
    local waiter = {}
    scheduler.prepare(waiter)
    task.watchers = task.watchers or {}
    table.insert(task.watchers, waiter)
    local reason = scheduler.wait(waiter)
    if scheduler.is_interrupted() and not scheduler.current() then reason = "interrupted" end -- the task itself heard it
    if reason == "interrupted" then
      scheduler.stop(task, reason, tasks.stopped_error(reason, "wixum.spawn"))
      scheduler.told_interrupt()
    end
    if reason then
      local err = tasks.stopped_error(reason, "task:wait")
      local heard = task.ended and not task.ok and task.results[1]
      err.outcome = errors.is(heard) and heard.outcome or task.outcome or "not_sent"
      if reason == "interrupted" then require("wixum.call").interrupted = err end
      error(err, 0)
    end
  end
  return end_of(task)
end

--- Has it ended?
---@return boolean
function methods:done()
  return check(self, "done").ended
end

--- Ends a task: the call that it waits for ends at once and raises in it an error value of kind `cancelled`, and so does every
-- wait it begins later. A task that never began never runs.
---@return "not_sent"|"refused"|"unknown"|nil # outcome of the call that was under way, `not_sent` where none was; nil where the
-- task had ended already
function methods:cancel()
  local task = check(self, "cancel")
  if task.ended then return nil end
  scheduler.stop(task, "cancelled", tasks.stopped_error("cancelled", "wixum.spawn", "the task was cancelled before it began"))
  if task == scheduler.current() then error(tasks.stopped_error("cancelled", "task:cancel"), 0) end
  return task.outcome or "not_sent"
end

-- An error that nobody looked at, and tasks that a program left behind, are told on stderr: else a mail that was never sent
-- would be nobody's business.
local function complain(text, ...)
  io.stderr:write("wixum: ", text:format(...), "\n")
end

local function tell_failure(task)
  if task.ok or task.looked_at or task.stopped then return end
  complain("a task failed, and nobody waited for it: %s", redaction.text(errors.text_of(task.results[1])) or "")
end

-- From now on nobody can look at it: if it has failed that is told, or when it does.
function metatable.__gc(handle)
  local task = task_of[handle]
  if not task then return end
  if task.ended then tell_failure(task) else task.on_end = tell_failure end
end

-- Collected with the Lua state.
tasks.at_the_end = setmetatable({}, { __gc = function()
  local left = scheduler.alive()
  if left > 0 then complain("the program ended before %d of its tasks did: task:wait() waits for one", left) end
end })

function metatable.__tostring(handle)
  local task = task_of[handle]
  local state = not task.ended and (task.started and "under way" or "not begun") or task.ok and "done"
    or "failed: " .. (redaction.text(errors.text_of(task.results[1])) or "")
  return ("wixum.task (%s)"):format(state)
end

--- Waits so many seconds; in a task the others go on meanwhile, elsewhere this keeps all of them going.
-- Raises where Ctrl-C comes or its task is cancelled.
---@param seconds number
function tasks.sleep(seconds)
  if type(seconds) ~= "number" or seconds ~= seconds or seconds < 0 or seconds > 1e9 then
    errors.mistake("wixum.sleep takes a number of seconds")
  end
  local reason
  if scheduler.alone() then reason = core.sleep(seconds) == false and "interrupted" or nil
  else
    local waiter = {}
    scheduler.prepare(waiter)
    reason = scheduler.wait(waiter, core.clock() + seconds)
  end
  if not reason or reason == "late" then return end
  local err = tasks.stopped_error(reason, "wixum.sleep")
  if reason == "interrupted" then require("wixum.call").interrupted = err end
  error(err, 0)
end

--- Is this a task?
---@param value any
---@return boolean
function tasks.is(value) return task_of[value] ~= nil end

return tasks
