--- Decisions, or a desired state, carried out: read, looked at anew, shown, asked, made row by row in the ledger, looked at again.
--
-- Owns the order of things. What was begun and interrupted is not gone on with: it is looked at anew, and what is so needs nothing.

local aftermath = require "wixum.ledger.aftermath"
local changes = require "wixum.ledger.changes"
local csv_problem = require "wixum.csv.problem"
local decisions = require "wixum.access.decisions"
local desired = require "wixum.access.desired"
local drift = require "wixum.access.drift"
local evidence = require "wixum.ledger.evidence"
local folding = require "wixum.folding"
local gather = require "wixum.access.gather"
local now_read = require "wixum.access.now"
local plan = require "wixum.access.plan"
local plans = require "wixum.ledger.plan"
local removed = require "wixum.ledger.removed"
local review = require "wixum.access.review"
local ties = require "wixum.access.ties"
local titles = require "wixum.access.titles"
local words = require "wixum.access.words"

local apply = {}

---@class wixum.AccessApplied
---@field outcome "done"|"nothing"|"asked"|"planned" asked: the answer was no; planned: nothing was to be done but to look
---@field plan wixum.AccessPlan
---@field total integer changes that were to be made
---@field as_wanted integer of which it was seen that it is so
---@field otherwise integer
---@field unseen integer
---@field wrong table[] rows of the ledger that are not as wanted
---@field calls integer that changed something
---@field stopped wixum.Error?

-- ---- what is asked of the service ------------------------------------------------------------------------------------

local function within(index, key)
  index[key] = index[key] or {}
  return index[key]
end

-- Which reads the wants of a review take.
local function reads_of(wants, role_ids)
  local asked = { sites = {}, roles = {}, likely = {}, team = false, role_ids = role_ids }
  local listed = {}
  for _, want in ipairs(wants) do
    if want.kind == "member" then asked.team = true
    else
      if not listed[want.site_id] then asked.sites[#asked.sites + 1], listed[want.site_id] = want.site_id, true end
      if want.was or want.roles then
        within(asked.roles, want.site_id)[want.account_id] = true
        for _, ids in ipairs{ want.was or {}, want.roles or {} } do
          for _, id in ipairs(ids) do within(asked.likely, want.site_id)[id] = true end
        end
      end
    end
  end
  table.sort(asked.sites)
  return asked
end

-- ---- what is to be done ----------------------------------------------------------------------------------------------

-- Of a review that was decided.
local function from_review(owner, wix, path, context, options)
  local read, problems = decisions.read(path, context)
  if not read then return nil, problems end
  local made = plan.new()
  made.keep, made.undecided = read.keep, read.undecided
  if read.keep > 0 or read.undecided > 0 then
    made.notes[1] = ("%d to keep; %d without a decision, of which nothing is done."):format(read.keep, read.undecided)
  end
  if #read.wants == 0 then return made, nil, read.digest end
  local now, err = now_read.read(owner, wix, reads_of(read.wants, context.titles.ids), options)
  if not now then return nil, err end
  plan.make(made, read.wants, now, context.titles, context.account)
  return made, nil, read.digest
end

-- Of how many sites of the account a table says nothing.
local function tell_unlisted(made, wix, now, ids)
  local number, err = gather.count(wix)
  if not number then return err end
  local there = 0
  for _, id in ipairs(ids) do if now.sites[id] then there = there + 1 end end
  if number > there then
    table.insert(made.notes, ("%s of the account %s not in the table: not looked at, and not touched."):format(
      words.count(number - there, "site", "sites"), number - there == 1 and "is" or "are"))
  end
end

local OPEN = [[SELECT count(*) AS number FROM invites WHERE state IN ('pending', 'sending', 'unknown') AND site_id IN (%s)]]

local function tell_invites(made, db, ids)
  local quoted, listed = require("wixum.ledger.database").quoted, {}
  for i, id in ipairs(ids) do listed[i] = quoted(id) end
  local number = db:one(OPEN:format(table.concat(listed, ","))).number
  if number > 0 then
    table.insert(made.notes, ("%s to these sites: who accepts is on them, in the table or not."):format(
      words.count(math.tointeger(number), "open invite", "open invites")))
  end
end

local BACK = "SELECT 1 AS found FROM invites WHERE site_id = ? AND person = ? AND state IN ('pending', 'sending', 'unknown') LIMIT 1"

-- Who is to be removed, and has an invite by which they could come back.
local function tell_ways_back(made, db)
  for _, change in ipairs(made.changes) do
    if change.kind == "remove_contributor" and change.email ~= "" and db:one(BACK, change.site_id, folding.person(change.email)) then
      table.insert(made.notes, ("%s has an open invite to %s, and could come back by it: wixum withdraw %s --site %s"):format(
        words.person(change), words.place(change), evidence.shell(change.email), change.site_id))
    end
  end
end

-- Who is on the table's sites with roles that matter, and which roles those probably are.
local function reads_of_table(by_key, ids, role_ids)
  local asked = { sites = ids, roles = {}, likely = {}, team = false, role_ids = role_ids }
  for _, row in pairs(by_key) do
    if row.account_id and row.ids ~= desired.ANY then
      within(asked.roles, row.site_id)[row.account_id] = true
      for _, id in ipairs(row.ids) do within(asked.likely, row.site_id)[id] = true end
    end
  end
  return asked
end

-- Of a table of who may reach what.
local function from_table(owner, wix, checked, context, options)
  local db = owner.db
  local team, err = gather.team(wix)
  if not team then return nil, err end
  context.team, context.ties, context.db = team, ties.read(db), db
  context.ties:add_team(team.people, {})
  local by_key, problems = drift.resolve(checked.rows, context)
  if not by_key then return nil, problems end
  context.ids, context.everywhere = drift.places(checked.rows)
  local now
  now, err = now_read.read(owner, wix, reads_of_table(by_key, context.ids, context.titles.ids), options)
  if not now then return nil, err end
  now.team = team
  local made = plan.new()
  err = tell_unlisted(made, wix, now, context.ids)
  if err then return nil, err end
  tell_invites(made, db, context.ids)
  for _, row in ipairs(checked.rows) do
    if row.evidence then
      table.insert(made.notes, ("%s: %s is account %s: %s."):format(row.where, words.person(row), row.account_id, ties.WORDS[row.evidence]))
    end
  end
  local wants = drift.wants(made, by_key, now, context)
  plan.make(made, wants, now, context.titles, context.account)
  made.nothing = {} -- all that is as the table says
  local texts = {}
  for key, row in pairs(by_key) do texts[#texts + 1] = key .. " " .. (row.ids == desired.ANY and row.ids or table.concat(row.ids, " ")) end
  return made, nil, decisions.digest(texts)
end

-- ---- what is written down --------------------------------------------------------------------------------------------

local KIND = "access"
local OPEN_PLANS = "SELECT DISTINCT subject FROM plans WHERE kind = 'access' AND ended_at IS NULL"

-- What earlier runs with the same file have begun: what is so now was done, the rest is planned anew.
local function end_earlier(db, name, made, now)
  changes.recover(db, now)
  for _, open in ipairs(db:all(OPEN_PLANS)) do
    if open.subject:sub(1, #name + 1) == name .. " " then
      for _, change in ipairs(made.satisfied) do changes.settle(db, KIND, open.subject, change, now) end
      changes.supersede(db, KIND, open.subject, now)
    end
  end
end

-- Who was to be taken off a site, and is gone: the invites that name the account are over.
local function revoke_rows(db, list, now)
  for _, one in ipairs(list) do
    if one.kind == "remove_contributor" then removed.account(db, one.site_id, one.account_id, now) end
  end
end

local function carry_out(owner, wix, made, subject, done, context, options)
  local db, now = owner.db, owner.now
  local id = changes.plan(db, KIND, subject, made.changes, now())
  local summary = changes.carry_out(owner, wix, id, options)
  done.outcome, done.calls, done.stopped = "done", summary.calls, summary.stopped
  if done.stopped then return end
  local rows = changes.rows(db, id)
  local seen, err = aftermath.look(owner, wix, rows, context.titles.ids)
  done.as_wanted, done.otherwise, done.unseen, done.stopped = seen.as_wanted, seen.otherwise, seen.unseen, err
  done.wrong = seen.rows
  for _, row in ipairs(rows) do
    if row.state == "planned" then -- put back: it was not sent
      row.seen, done.unseen = "unseen", done.unseen + 1
      table.insert(done.wrong, row)
    end
  end
  local gone = {}
  for _, row in ipairs(rows) do if row.seen == "as_wanted" then gone[#gone + 1] = row end end
  revoke_rows(db, gone, now())
  if not err and not changes.is_open(db, id) then changes.finish(db, id, now()) end
end

-- ---- the whole -------------------------------------------------------------------------------------------------------

-- A table by its file, or as it was given.
local function table_of(given, context)
  if not given.file then
    context.name = "the table"
    return desired.check(given.desired, context)
  end
  context.name = given.file:match("[^/]*$")
  local value, problem = desired.load(given.file)
  if not problem then return desired.check(value, context) end
  local problems, add = plans.collector(context.on_problem)
  add(csv_problem.new{ file = given.file, reason = problem })
  return nil, problems
end

--- Is a file a table, and no review? By its name.
---@param path string
---@return boolean
function apply.is_table(path) return path:lower():find("%.lua$") ~= nil end

--- Carries out.
---@param owner table of the ledger: `db`, `now`; while it lasts, `stop_run` ends it
---@param wix table
---@param given { file: string?, desired: table?, locale: string?, changes: boolean, ask: (fun(plan: wixum.AccessPlan): boolean)?,
--- on_plan: function?, on_problem: function? } changes: false plans alone
---@param options { concurrency: integer?, on_progress: function? }
---@return wixum.AccessApplied?
---@return wixum.Error|wixum.PlanProblem[]|nil err
function apply.run(owner, wix, given, options)
  local db, is_table = owner.db, given.desired ~= nil or apply.is_table(given.file)
  local context = { account = review.account(owner, wix), service = (wix:endpoint()), on_problem = given.on_problem }
  local checked, problems, err
  if is_table then
    checked, problems = table_of(given, context)
    if not checked then return nil, problems end
  end
  context.titles, err = titles.read(wix, given.locale or checked and checked.locale)
  if not context.titles then return nil, err end
  local reading = { concurrency = options.concurrency, on_progress = options.on_reading }
  local made, digest
  if is_table then made, err, digest = from_table(owner, wix, checked, context, reading)
  else made, err, digest = from_review(owner, wix, given.file, context, reading) end
  if not made then return nil, err end
  local done = setmetatable({ outcome = "planned", plan = made, total = #made.changes, as_wanted = 0, otherwise = 0, unseen = 0, calls = 0,
    wrong = {} }, words.done)
  tell_ways_back(made, db)
  if given.on_plan then given.on_plan(made) end
  if not given.changes then return done end
  local name = given.file and given.file:match("[^/]*$") or "table"
  if #made.changes > 0 and given.ask and not given.ask(made) then
    done.outcome = "asked"
    return done
  end
  end_earlier(db, name, made, owner.now())
  revoke_rows(db, made.satisfied, owner.now())
  if #made.changes == 0 then
    done.outcome = "nothing"
    return done
  end
  carry_out(owner, wix, made, name .. " " .. digest, done, context, options)
  return done
end

return apply
