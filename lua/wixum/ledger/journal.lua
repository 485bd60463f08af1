--- What is being done, on disk before it is done and after: many steps share one commit.
--
-- Owns when a commit is made. A step's statements run at once, in a transaction that is open; the step is on disk, and its task goes
-- on, when that has been committed. Where a commit fails, every step in it fails, and none is half there.

local database = require "wixum.ledger.database"
local scheduler = require "wixum.scheduler"

local journal = {}
journal.__index = journal

-- How often the others may go first, as long as they bring further steps.
local ROUNDS = 8

---@param db table
---@return table journal
function journal.new(db)
  return setmetatable({ db = db, open = false, waiting = {}, committing = false, broken = nil }, journal)
end

-- All that was put is on disk, or raised is what the database says; whoever waits goes on either way.
local function commit(self)
  local waiting = self.waiting
  self.waiting, self.open = {}, false
  local ok, problem = pcall(self.db.run, self.db, "COMMIT")
  if not ok then
    self.broken = problem
    pcall(self.db.run, self.db, "ROLLBACK")
  end
  for _, waiter in ipairs(waiting) do
    waiter.problem = not ok and problem or nil
    scheduler.wake(waiter)
  end
  if not ok then error(problem, 0) end
end

-- The task that commits, once those who can go on have brought their steps too.
local function settle(self)
  for _ = 1, ROUNDS do
    local before = #self.waiting
    coroutine.yield()
    if #self.waiting == before then break end
  end
  self.committing = false
  if self.open then pcall(commit, self) end -- told to those who wait, and by `broken` to those who come
end

--- Runs statements that will be on disk soon. After a commit that failed nothing is taken any more.
---@param ... string
function journal:put(...)
  if self.broken then error(self.broken, 0) end
  if not self.open then
    self.db:run("BEGIN IMMEDIATE")
    self.open = true
  end
  for i = 1, select("#", ...) do
    local statement = select(i, ...)
    local ok, problem = pcall(self.db.run, self.db, statement)
    if not ok then
      -- part of a step must not be committed
      self.broken = problem
      for _, waiter in ipairs(self.waiting) do
        waiter.problem = problem
        scheduler.wake(waiter)
      end
      self.waiting, self.open = {}, false
      pcall(self.db.run, self.db, "ROLLBACK")
      error(problem, 0)
    end
  end
  if not self.committing then
    self.committing = true
    scheduler.spawn(settle, self)
  end
end

--- Runs statements, and waits until they are on disk.
---@param ... string
---@return string? reason why the waiting ended early: the task is to end. The statements will be on disk nonetheless
function journal:step(...)
  self:put(...)
  local waiter = {}
  scheduler.prepare(waiter)
  self.waiting[#self.waiting + 1] = waiter
  local reason = scheduler.wait(waiter)
  if waiter.problem then error(waiter.problem, 0) end
  return reason
end

--- Has all that was put on disk, now.
function journal:flush()
  if self.open then commit(self) end
  if self.broken then error(self.broken, 0) end
end

--- Did a commit fail?
---@return table? failure
function journal:problem() return database.is_failure(self.broken) and self.broken or nil end

return journal
