--- Where calls of a client, and of all made from it, wait for their turn: first come, first served.
--
-- Owns how many may be in flight, the pace, and what a 429 does to both: it halts all starts, and after it the number in
-- flight grows again from one, by one with each good answer, and the pace from the half, window by window. Pure: the
-- clock is handed in, and waking who waits is the caller's business.

local gate = {}
gate.__index = gate

-- Less than the clocks can tell apart.
local NOTHING = 1e-6
-- Seconds. Who asks for more than a day has made a mistake, which shall not end a client for good.
local LONGEST_HALT = 86400

---@class wixum.Gate
---@field concurrency integer most in flight
---@field allowed integer most in flight for now
---@field flying integer
---@field pace table? see pacer.h
---@field halted number until when nothing may start
---@field first table? who waits, chained by `next_in_gate`, by their tickets
---@field tickets integer

---@param concurrency integer
---@param pace table?
---@return wixum.Gate
function gate.new(concurrency, pace)
  return setmetatable({ concurrency = concurrency, allowed = concurrency, flying = 0, pace = pace or false,
    halted = -math.huge, first = nil, tickets = 0 }, gate)
end

--- Seconds until a call may start: 0 is now, math.huge when one in flight has come back.
---@param now number
---@return number
function gate:wait(now)
  local halt = self.halted - now
  if halt > NOTHING then return halt end
  if self.flying >= self.allowed then return math.huge end
  if not self.pace then return 0 end
  local seconds = self.pace:wait(now)
  return seconds > 0 and seconds or 0
end

--- A call starts. Only after `wait` said 0.
function gate:start()
  self.flying = self.flying + 1
  if self.pace then self.pace:start() end
end

--- It is not sent after all.
function gate:cancel()
  self.flying = self.flying - 1
  if self.pace then self.pace:cancel() end
end

--- It has ended; for the pace it counts from then on, the first byte of its answer or its end.
---@param when number
function gate:answered(when)
  self.flying = self.flying - 1
  if self.pace then self.pace:answered(when) end
end

--- A good answer: one more may be in flight, as long as there are fewer than allowed at most.
function gate:eased()
  if self.allowed < self.concurrency then self.allowed = self.allowed + 1 end
end

--- The service said 429: nothing starts for so many seconds.
---@param now number
---@param seconds number
---@param began number when the call that was refused had started
function gate:halt(now, seconds, began)
  local news = began >= self.halted -- those that had started before the halt tell nothing new
  self.halted = math.max(self.halted, now + math.min(seconds, LONGEST_HALT))
  if not news then return end
  self.allowed = 1
  if self.pace then self.pace:slow(self.halted) end
end

-- ---- who waits -------------------------------------------------------------------------------------------------------

--- Takes a ticket: who has a lower one goes first, also when it comes again for a further attempt.
---@param who table
function gate:ticket(who)
  self.tickets = self.tickets + 1
  who.ticket = self.tickets
end

--- Joins those who wait.
---@param who table
function gate:join(who)
  local last = self.last
  if not last then
    self.first, self.last, who.next_in_gate = who, who, nil
  elseif last.ticket < who.ticket then
    last.next_in_gate, self.last, who.next_in_gate = who, who, nil
  else
    local before, at = nil, self.first
    while at.ticket < who.ticket do before, at = at, at.next_in_gate end
    who.next_in_gate = at
    if before then before.next_in_gate = who else self.first = who end
  end
end

--- Leaves them.
---@param who table
function gate:leave(who)
  local before, at = nil, self.first
  while at and at ~= who do before, at = at, at.next_in_gate end
  if not at then return end
  if before then before.next_in_gate = who.next_in_gate else self.first = who.next_in_gate end
  if self.last == who then self.last = before end
  who.next_in_gate = nil
end

return gate
