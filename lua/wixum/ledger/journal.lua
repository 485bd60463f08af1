--- What is being done, on disk before it is done and after: many steps share one commit.
--
-- Owns when a commit is made, and what goes into one statement. A step is on disk, and its task goes on, when what it put has been
-- committed. Where a commit fails, every step in it fails, and none is half there. Knows no table: what is put is text.

local database = require "wixum.ledger.database"
local scheduler = require "wixum.scheduler"

local journal = {}
journal.__index = journal

-- How often the others may go first, as long as they bring further steps.
local ROUNDS = 8

---@class wixum.JournalForm a statement that says the same of many rows
---@field [1] string what stands before the items
---@field [2] string? what stands after them
---@field late boolean? it reads what others gathered beside it have written

---@param db table
---@param on_commit fun()? is called after each commit, and must not raise
---@return table journal
function journal.new(db, on_commit)
  return setmetatable({
    db = db, on_commit = on_commit,
    statements = {}, -- to be run in this order, before what is gathered
    gathered = {}, -- items by form
    forms = {}, -- those that have some, in the order in which they came
    rows = {}, -- ids of the rows that these are about
    made = {}, -- forms by name
    waiting = {}, committer = nil, committing = false, broken = nil,
  }, journal)
end

local function is_empty(self) return not self.statements[1] and not self.forms[1] end

-- What is gathered becomes statements, so that what comes after it is run after it. First those that change rows, then those that
-- read what has become of them.
local function close_gathered(self)
  local statements = self.statements
  for pass = 1, 2 do
    for _, form in ipairs(self.forms) do
      if (form.late == true) == (pass == 2) then
        statements[#statements + 1] = form[1] .. table.concat(self.gathered[form], ",") .. (form[2] or "")
      end
    end
  end
  self.gathered, self.forms, self.rows = {}, {}, {}
end

-- All that was put is on disk, or raised is what the database says; whoever waits goes on either way.
local function commit(self)
  close_gathered(self)
  local waiting, statements = self.waiting, self.statements
  self.waiting, self.statements = {}, {}
  local ok, problem = pcall(self.db.transaction, self.db, function()
    for _, statement in ipairs(statements) do self.db:run(statement) end
  end)
  if not ok then self.broken = problem end
  for _, waiter in ipairs(waiting) do
    waiter.problem = not ok and problem or nil
    scheduler.wake(waiter)
  end
  if not ok then error(problem, 0) end
  if self.on_commit then self.on_commit() end
end

-- The task that commits, once those who can go on have brought their steps too.
local function settle(self)
  for _ = 1, ROUNDS do
    local before = #self.waiting
    coroutine.yield()
    if #self.waiting == before then break end
  end
  self.committing = false
  if not self.broken and not is_empty(self) then pcall(commit, self) end -- told to those who wait, and by `broken` to those who come
end

local function expect_commit(self)
  if self.broken then error(self.broken, 0) end
  if self.committing then return end
  self.committing = true
  self.committer = scheduler.spawn(settle, self)
end

--- A statement that will be run soon, after all that was put about the same row before.
---@param statement string
---@param rows table[]? that it is about
function journal:put(statement, rows)
  expect_commit(self)
  for _, row in ipairs(rows or {}) do
    if self.rows[row.id] then
      close_gathered(self)
      break
    end
  end
  self.statements[#self.statements + 1] = statement
end

--- The same, as an item of a statement that says it of many rows.
---@param form wixum.JournalForm
---@param item string
---@param row table? that it is about
function journal:gather(form, item, row)
  expect_commit(self)
  if row then
    local id = row.id
    if self.rows[id] then close_gathered(self) end
    self.rows[id] = true
  end
  local items = self.gathered[form]
  if items then items[#items + 1] = item
  else
    self.gathered[form] = { item }
    self.forms[#self.forms + 1] = form
  end
end

--- The form of this name, made anew only where what is the same in all its items has changed: mostly the moment.
---@param name string
---@param now string
---@param more any?
---@param make fun(now: string, more: any): string, string? what stands before the items, and after them
---@param late boolean? as in a form
---@return wixum.JournalForm
function journal:form(name, now, more, make, late)
  local form = self.made[name]
  if form and form.now == now and form.more == more then return form end
  form = { make(now, more) }
  form.now, form.more, form.late = now, more, late
  self.made[name] = form
  return form
end

--- Waits until all that was put is on disk.
---@param waiter table for the scheduler; whoever waits again may hand in the same
---@return string? reason why the waiting ended early: the task is to end. What was put will be on disk nonetheless
function journal:wait(waiter)
  if self.broken then error(self.broken, 0) end
  if is_empty(self) then return nil end
  waiter.problem = nil
  scheduler.prepare(waiter)
  self.waiting[#self.waiting + 1] = waiter
  local reason = scheduler.wait(waiter)
  if waiter.problem then error(waiter.problem, 0) end
  return reason
end

--- Has all that was put on disk, now, and leaves no task behind.
function journal:flush()
  local ok, problem = true, self.broken
  if not problem and not is_empty(self) then ok, problem = pcall(commit, self) end
  for _ = 0, ROUNDS do scheduler.hurry(self.committer) end -- it finds nothing to do
  if not ok or problem then error(problem, 0) end
end

--- Did a commit fail?
---@return table? failure
function journal:problem() return database.is_failure(self.broken) and self.broken or nil end

return journal
