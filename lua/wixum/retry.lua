--- When a call is tried again, and after how long. Pure: what happened, the clock's reading and chance are handed in.
--
-- Owns the table effect × outcome × kind. Must not wait, send or log.

local retry = {}

-- Statuses after which saying the same once more may help.
local PASSING = { [429] = true, [500] = true, [502] = true, [503] = true, [504] = true }
-- Faults of the way there; a certificate that does not fit will not fit in a second either.
local TRANSPORT = { network = true, timeout = true }

-- What a 429 without a Retry-After means: the service counts by the minute.
local RATE_LIMIT_PAUSE = 60
local FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 20

-- The budget keeps an outage from being multiplied: retries of a client take from it, good answers give back.
local BUDGET, COST, REWARD = 100, 5, 1

--- A budget for a client and all made from it.
---@return { tokens: number }
function retry.budget()
  return { tokens = BUDGET }
end

--- A call went well at once.
function retry.reward(budget)
  if budget.tokens < BUDGET then budget.tokens = math.min(BUDGET, budget.tokens + REWARD) end
end

--- May this be said again without harm?
---@param effect "read"|"repeatable"|"adds"
---@param verdict { kind: string, outcome: string, status: integer? }
---@return boolean
function retry.allowed(effect, verdict)
  if verdict.status == 429 then return true end -- refused before anything was done, whatever the effect
  if effect == "adds" then return verdict.outcome == "not_sent" and TRANSPORT[verdict.kind] == true end
  return TRANSPORT[verdict.kind] == true or PASSING[verdict.status] == true
end

---@class wixum.RetrySituation
---@field attempts integer so far
---@field retries integer further attempts allowed
---@field max_wait number seconds
---@field left number seconds until the deadline
---@field budget { tokens: number }
---@field random fun(): number from 0 to 1

--- Seconds until the next attempt, or nil and why there is none.
---@param effect "read"|"repeatable"|"adds"
---@param verdict { kind: string, outcome: string, status: integer?, retry_after: number? }
---@param situation wixum.RetrySituation
---@return number? seconds
---@return string? reason
function retry.decide(effect, verdict, situation)
  if not retry.allowed(effect, verdict) then return nil, "it must not be said twice" end
  if situation.attempts > situation.retries then return nil, "no further attempt is allowed" end
  local wait
  if verdict.retry_after then
    wait = verdict.retry_after
  elseif verdict.status == 429 then
    wait = RATE_LIMIT_PAUSE
  else
    wait = situation.random() * math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ^ (situation.attempts - 1))
  end
  if wait > situation.max_wait then return nil, "the wait is longer than max_wait" end
  if wait >= situation.left then return nil, "the wait is longer than the deadline allows" end
  if situation.budget.tokens < COST then return nil, "too many calls were repeated lately" end
  situation.budget.tokens = situation.budget.tokens - COST
  return wait
end

--- Seconds that a Retry-After asks for, in either form.
---@param value string? as the header has it
---@param now number seconds since the epoch, by the answer's own Date where it has one
---@param http_date fun(text: string): integer? reads a date as HTTP writes it
---@return number? # nil where it says nothing usable
function retry.after(value, now, http_date)
  if not value then return nil end
  local seconds = value:match("^%d+$") and tonumber(value)
  if seconds then return seconds + 0.0 end
  local date = http_date(value)
  if date then return math.max(0.0, date - now) end
end

return retry
