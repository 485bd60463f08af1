--- When a call is tried again, and after how long. Pure: what happened, the clock's reading and chance are handed in.
--
-- Owns the table effect × outcome × kind. Must not wait, send or log.

local retry = {}

-- The table: what may be said again, by what became of an attempt, and for which effects. What is not in it is never said again:
-- a certificate that does not fit will not fit in a second either. `wixum.help("retries")` prints it.
retry.TABLE = {
  { outcome = "not_sent", kind = "network", read = true, repeatable = true, adds = true },
  { outcome = "not_sent", kind = "timeout", read = true, repeatable = true, adds = true },
  -- refused before anything was done, whatever the effect
  { outcome = "refused", kind = "rate_limited", read = true, repeatable = true, adds = true },
  { outcome = "unknown", kind = "network", read = true, repeatable = true, adds = false },
  { outcome = "unknown", kind = "timeout", read = true, repeatable = true, adds = false },
  -- other statuses of 500 and above will be the same in a second
  { outcome = "unknown", kind = "server", statuses = { 500, 502, 503, 504 }, read = true, repeatable = true, adds = false },
}

-- The rows by outcome and kind, with their statuses as a set.
local rows = {}
for _, row in ipairs(retry.TABLE) do
  local of_outcome = rows[row.outcome] or {}
  rows[row.outcome], of_outcome[row.kind] = of_outcome, row
  if row.statuses then
    row.is_status = {}
    for _, status in ipairs(row.statuses) do row.is_status[status] = true end
  end
end

-- What a 429 without a Retry-After means: the service counts by the minute.
retry.RATE_LIMIT_PAUSE = 60
retry.FIRST_BACKOFF, retry.LONGEST_BACKOFF = 0.5, 20

-- The budget keeps an outage from being multiplied: retries of a client take from it, good answers give back. What a 429 refused
-- takes nothing: it halts the client's starts, which keeps it from being multiplied as well.
retry.BUDGET, retry.COST, retry.REWARD = 100, 5, 1

--- A budget for a client and all made from it.
---@return { tokens: number }
function retry.budget()
  return { tokens = retry.BUDGET }
end

--- A call went well at once.
function retry.reward(budget)
  if budget.tokens < retry.BUDGET then budget.tokens = math.min(retry.BUDGET, budget.tokens + retry.REWARD) end
end

--- May this be said again without harm?
---@param effect "read"|"repeatable"|"adds"
---@param verdict { kind: string, outcome: string, status: integer? }
---@return boolean
function retry.allowed(effect, verdict)
  local of_outcome = rows[verdict.outcome]
  local row = of_outcome and of_outcome[verdict.kind]
  return row ~= nil and row[effect] and (not row.is_status or row.is_status[verdict.status] == true)
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
  elseif verdict.kind == "rate_limited" then
    wait = retry.RATE_LIMIT_PAUSE
  else
    wait = situation.random() * math.min(retry.LONGEST_BACKOFF, retry.FIRST_BACKOFF * 2 ^ (situation.attempts - 1))
  end
  if wait > situation.max_wait then return nil, "the wait is longer than max_wait" end
  if wait >= situation.left then return nil, "the wait is longer than the deadline allows" end
  if verdict.kind == "rate_limited" then return wait end
  if situation.budget.tokens < retry.COST then return nil, "too many calls were repeated lately" end
  situation.budget.tokens = situation.budget.tokens - retry.COST
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
