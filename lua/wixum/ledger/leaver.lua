--- A leaver: what somebody can still reach is told, and taken away.
--
-- Owns the order in which it is taken away, and what is written down of it. What it is stands in `leaver_plan`. What was begun and
-- interrupted is not gone on with: it is looked at anew, and what is done needs nothing.

local aftermath = require "wixum.ledger.aftermath"
local changes = require "wixum.ledger.changes"
local decide = require "wixum.ledger.decide"
local folding = require "wixum.folding"
local leaver_plan = require "wixum.ledger.leaver_plan"
local removed = require "wixum.ledger.removed"
local run = require "wixum.ledger.run"
local team_invites = require "wixum.ledger.team_invites"

local leaver = {}

---@class wixum.Leaver: wixum.LeaverPlan
---@field applied boolean
---@field done wixum.ChangeSummary?
---@field taken_back integer?
---@field seen wixum.Aftermath?
---@field left wixum.LeaverPlan? what is still so afterwards
---@field undone table[]? changes that were not done, or of which that is not known: rows of the ledger
---@field is_clean boolean? where it was to be taken away: nothing is left that is known, also for a person to do
---@field stopped wixum.Error?
---@field interrupted_at string? when an earlier run of the same began that was not carried out to its end

local function take_back(db, plan, now)
  db:transaction(function()
    for _, row in ipairs(plan.take_back) do removed.planned(db, row.id, now) end
    if plan.team_planned then
      db:run("UPDATE team_invites SET state = 'revoked', reason = 'taken back before it was mailed', changed_at = ? WHERE id = ?", now,
        plan.team_planned)
    end
  end)
  return #plan.take_back + (plan.team_planned and 1 or 0)
end

-- What is not known to be so: by the look afterwards, and where nothing can be seen by the answers.
local function undone_of(rows, seen)
  local list, is_wrong = {}, {}
  for _, row in ipairs(seen and seen.rows or {}) do is_wrong[row.id] = true end
  for _, row in ipairs(rows) do
    if is_wrong[row.id] or row.state ~= "done" and row.seen ~= "as_wanted" then list[#list + 1] = row end
  end
  return list
end

local function apply(owner, wix, plan, options)
  local db, now, person = owner.db, owner.now, folding.person(plan.email)
  plan.applied = true
  plan.taken_back = take_back(db, plan, now())
  local id = changes.plan(db, "leaver", person, plan.changes, now())
  plan.done = changes.carry_out(owner, wix, id, options)
  plan.stopped = plan.done.stopped
  local rows = changes.rows(db, id)
  for _, row in ipairs(rows) do
    if row.kind == "revoke_invite" and row.state == "done" then removed.invite(db, row.detail.row_id, row, now()) end
  end
  plan.undone = undone_of(rows)
  if plan.stopped then return end
  local err
  plan.seen, err = aftermath.look(owner, wix, rows)
  plan.undone = undone_of(rows, plan.seen)
  for _, row in ipairs(rows) do
    if row.kind == "remove_contributor" and row.seen == "as_wanted" then removed.account(db, row.site_id, row.account_id, now()) end
  end
  if err then
    plan.stopped = err
    return
  end
  changes.finish(db, id, now())
  plan.left, plan.stopped = leaver_plan.make(owner, wix, plan.email, options)
  plan.is_clean = plan.left ~= nil and plan.left.is_empty and #plan.undone == 0
end

--- Tells what somebody can still reach; takes it away where that is asked for and `ask` says yes.
---@param owner table of the ledger: `db`, `now`; while it lasts, `stop_run` ends it
---@param wix table
---@param given { email: string, apply: boolean?, ask: (fun(plan: wixum.LeaverPlan): boolean)?, trust: table }
---@param options { concurrency: integer?, on_progress: function?, on_cost: (fun(calls: integer))? }
---@return wixum.Leaver?
---@return wixum.Error?
function leaver.run(owner, wix, given, options)
  local db, now, stopped = owner.db, owner.now, nil
  run.recover(db, now())
  changes.recover(db, now())
  team_invites.recover(db, now())
  decide.expire(db, now())
  owner.stop_run = function() stopped = run.asked_to_stop "sites.query_sites" end
  local own = { concurrency = options.concurrency, on_progress = options.on_progress, on_cost = options.on_cost, trust = given.trust,
    is_over = function() return stopped ~= nil end }
  local ok, plan, err = pcall(leaver_plan.make, owner, wix, given.email, own)
  owner.stop_run = nil
  if not ok then error(plan, 0) end
  if not plan then return nil, err or stopped end
  plan.applied = false
  if not given.apply then return plan end
  local is_something = #plan.changes + #plan.take_back > 0 or plan.team_planned
  if is_something and given.ask and not given.ask(plan) then return plan end
  plan.interrupted_at = changes.supersede(db, "leaver", folding.person(plan.email), now())
  own.on_cost = nil
  if is_something then apply(owner, wix, plan, own) else plan.is_clean = plan.is_known and plan.is_empty end
  return plan
end

return leaver
