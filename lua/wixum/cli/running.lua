--- A run of the ledger's, with its progress, and Ctrl-C: the first waits for what is under way, the second ends at once.
--
-- Owns how a run is waited for, and what its summary says to people and as an exit status.

local core = require "wixum.core"
local errors = require "wixum.errors"
local progress = require "wixum.cli.progress"
local scheduler = require "wixum.scheduler"
local status = require "wixum.cli.status"

local running = {}

local TICK = 0.5 -- seconds
local STEPS = { looking = "Looking" } -- what a run does before it does what it is called by

-- Waits for a task; answers whether Ctrl-C came meanwhile.
local function wait_for(task)
  local waiter = {}
  scheduler.prepare(waiter)
  task.watchers = task.watchers or {}
  table.insert(task.watchers, waiter)
  return scheduler.wait(waiter) == "interrupted"
end

local function each_tick(bar)
  while true do
    local waiter = {}
    scheduler.prepare(waiter)
    if scheduler.wait(waiter, core.clock() + TICK) ~= "late" then return end
    bar:tick()
  end
end

--- Runs something that mails, to its end or to Ctrl-C.
---@param ledger table
---@param talk table
---@param verb string what is done, for the progress
---@param counted string[] names in the summary that are rows done with
---@param work fun(on_progress: fun(summary: table)): table?, table?
---@return table? summary
---@return table? err
---@return boolean interrupted
function running.run(ledger, talk, verb, counted, work)
  local bar = progress.new{ write = function(text)
    if not talk.quiet then
      io.stderr:write(text)
      io.stderr:flush()
    end
  end, clock = core.clock, terminal = not talk.quiet and talk:is_watched(), verb = verb }
  local task = scheduler.spawn(function()
    return work(function(summary)
      local done = 0
      for _, name in ipairs(counted) do done = done + (summary[name] or 0) end
      bar:at(done, summary.total, STEPS[summary.step] or verb)
    end)
  end)
  local ticker = scheduler.spawn(each_tick, bar)
  local interrupted = false
  while not task.ended do
    if wait_for(task) then
      interrupted = true
      bar:stop()
      core.end_at_next_interrupt()
      talk:note("\nEnding: calls that are under way are waited for. Ctrl-C again ends at once.")
      if not ledger:stop() then scheduler.stop(task, "cancelled") end
    end
  end
  scheduler.stop(ticker, "cancelled")
  scheduler.hurry(ticker)
  bar:stop()
  if task.ok then return task.results[1], task.results[2], interrupted end
  if interrupted or errors.is(task.results[1]) then return nil, task.results[1], interrupted end
  error(task.results[1], 0)
end

--- A summary as JSON has it.
---@param summary table
---@return table
function running.plain(summary)
  local plain = {}
  for name, value in pairs(summary) do
    if errors.is(value) then plain[name] = value.kind == "cancelled" and value.message or tostring(value)
    else plain[name] = value end
  end
  plain.began = nil
  return plain
end

--- Why a run ended early, told; and the exit status that it means.
---@param talk table
---@param summary table
---@param interrupted boolean
---@return integer
function running.status(talk, summary, interrupted)
  if interrupted then return status.INTERRUPTED end
  local stopped = summary.stopped
  if stopped then
    talk:failed(stopped)
    return (stopped.kind == "unauthenticated" or stopped.kind == "forbidden") and status.REFUSED or status.SOME_FAILED
  end
  local wrong = (summary.failed or 0) + (summary.unknown or 0) + (summary.recovered or 0)
  return wrong > 0 and status.SOME_FAILED or status.DONE
end

return running
