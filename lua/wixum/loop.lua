--- The loop of this Lua state, for programs that have an event loop of their own: one descriptor, and what to do when it
-- becomes readable.
--
-- Owns these names alone. All clients and tasks of the state are served by it.

local errors = require "wixum.errors"
local scheduler = require "wixum.scheduler"
local tasks = require "wixum.tasks"

---@class wixum.Loop
local loop = {}

local function check(self, name)
  if self ~= loop then errors.mistake(("write a colon: wixum.loop:%s()"):format(name)) end
end

--- The descriptor to wait for: readable when there is something to do, also when a moment has come or a task was spawned. It stays
-- the same, and is ours: nobody else closes it or reads from it.
---@return integer
function loop:pollfd()
  check(self, "pollfd")
  return scheduler.descriptor()
end

--- What to wait for on it, in poll's letters.
---@return string
function loop:events()
  check(self, "events")
  return "r"
end

--- Seconds until there is something to do even if nothing comes; nil: never. The descriptor tells that too.
---@return number?
function loop:timeout()
  check(self, "timeout")
  return scheduler.timeout()
end

--- Does what there is to do, and returns.
---@param seconds number? most to wait for something; 0 unless said
---@return boolean # is there anything left that may still happen?
function loop:step(seconds)
  check(self, "step")
  if seconds ~= nil and (type(seconds) ~= "number" or seconds ~= seconds or seconds < 0) then
    errors.mistake("loop:step takes a number of seconds")
  end
  local left, stopped = scheduler.step(seconds or 0)
  if stopped then
    local err = tasks.stopped_error("interrupted", "loop:step")
    require("wixum.call").interrupted = err
    error(err, 0)
  end
  return left
end

--- From now on, outside tasks, a call that must wait has this function called with the loop in place of our own waiting, again and
-- again until its answer is there. The function returns when the descriptor is readable, or earlier. nil: as before.
-- `wixum.loop:wait_with(cqueues.poll)` makes every call yield to cqueues.
-- What it raises ends what waits there, and comes out of it as it is. A coroutine that is closed or collected while it waits there
-- ends its call: the request is ended, and an event `end` tells its outcome.
---@param wait fun(loop: wixum.Loop)?
function loop:wait_with(wait)
  check(self, "wait_with")
  if wait ~= nil and type(wait) ~= "function" and not (getmetatable(wait) or {}).__call then
    errors.mistake("loop:wait_with takes a function, not a " .. type(wait))
  end
  scheduler.wait_with(wait, loop)
end

return setmetatable(loop, { __name = "wixum.loop", __tostring = function() return "wixum.loop" end })
