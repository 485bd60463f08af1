--- Decisions, or a desired state, carried out: read, looked at anew, shown, asked, made row by row in the ledger, looked at again.
--
-- Owns the order of things. What was begun and interrupted is not gone on with: it is looked at anew, and what is so needs nothing.

local aftermath = require "wixum.ledger.aftermath"
local changes = require "wixum.ledger.changes"
local compare = require "wixum.access.compare"
local csv_problem = require "wixum.csv.problem"
local decisions = require "wixum.access.decisions"
local desired = require "wixum.access.desired"
local evidence = require "wixum.ledger.evidence"
local folding = require "wixum.folding"
local gather = require "wixum.access.gather"
local interrupted = require "wixum.ledger.interrupted"
local now_read = require "wixum.access.now"
local plan = require "wixum.access.plan"
local plans = require "wixum.ledger.plan"
local removed = require "wixum.ledger.removed"
local review = require "wixum.access.review"
local ties = require "wixum.access.ties"
local titles = require "wixum.access.titles"
local ways_back = require "wixum.access.ways_back"
local words = require "wixum.access.words"

local apply = {}

---@class wixum.AccessApplied
---@field outcome "done"|"nothing"|"asked"|"planned" asked: the answer was no; planned: nothing was to be done but to look
---@field plan wixum.AccessPlan
---@field total integer changes that were to be made
---@field states table<string, integer>? changes by state: done, failed, unknown, planned (not sent)
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
  local asked = { sites = {}, accounts = {}, roles = {}, likely = {}, team = false, role_ids = role_ids }
  for _, want in ipairs(wants) do
    if want.kind == "member" then asked.team = true
    else
      if not asked.accounts[want.site_id] then asked.sites[#asked.sites + 1] = want.site_id end
      within(asked.accounts, want.site_id)[want.account_id] = true
      if want.was or want.roles then
        within(asked.roles, want.site_id)[want.account_id] = true
        for _, ids in pairs{ want.was, want.roles } do -- as it was, or as it is to be
          if ids[1] then table.insert(within(asked.likely, want.site_id), ids) end
        end
      end
    end
  end
  table.sort(asked.sites)
  return asked
end

-- ---- whose it is by now ----------------------------------------------------------------------------------------------

local LEFT = [[SELECT email FROM changes WHERE kind = 'remove_member' AND user_id = ? AND email <> ''
  ORDER BY id DESC LIMIT 1]]

-- Whose an account is, as it is known now. Who has left the team by this ledger is still known by it.
local function identify(want, known, db)
  want.email, want.evidence = known:of(want.account_id, want.site_id)
  local user = known.owners[want.account_id]
  if want.evidence == ties.NOBODY and user then
    local left = db:one(LEFT, user)
    if left then want.email, want.evidence = left.email, evidence.TEAM end
  end
end

-- Says of each want whose it is by now: today's knowledge, never the file's. Where the ledger does not bear the file out, the team may.
local function identify_all(owner, wix, wants, now)
  local known, unsure = ties.read(owner.db), false
  for _, want in ipairs(wants) do
    if want.kind == "contributor" then
      identify(want, known, owner.db)
      unsure = unsure or want.said ~= "" and folding.person(want.said) ~= folding.person(want.email)
    end
  end
  local team = now.team
  if unsure and not team then
    local read, err = gather.team(wix)
    if not read and err.kind ~= "forbidden" then return nil, err end
    team = read
  end
  if team then known:add_team(team.people, now.owners) end
  for _, want in ipairs(wants) do
    local person = want.kind == "member" and now.team.members[want.user_id]
    if want.kind == "contributor" then identify(want, known, owner.db)
    elseif person then want.email, want.evidence = person.email, "told" end
  end
  return true
end

-- ---- what is to be done ----------------------------------------------------------------------------------------------

local INVITE = "SELECT state IN ('pending', 'sending', 'unknown') AS open FROM invites WHERE site_id = ? AND person = ?"

-- A function that tells of the ledger's invite of somebody to a site: "open", "over", or nil where there is none.
local function invite_state(db)
  return function(site_id, email)
    local row = db:one(INVITE, site_id, folding.person(email))
    return row and (row.open == 1 and "open" or "over") or nil
  end
end

-- Of a review that was decided.
local function from_review(owner, wix, path, context, options)
  local read, problems = decisions.read(path, context)
  if not read then return nil, problems end
  local made = plan.new()
  made.keep, made.undecided, made.undecidable, made.notes = read.keep, read.undecided, read.undecidable, read.notes
  made.notes[#made.notes + 1] = words.decided(read)
  if #read.wants == 0 then return made, nil, read.digest end
  local asked = reads_of(read.wants, context.titles.ids)
  local now, err = now_read.look(owner, wix, asked, options)
  if not now then return nil, err end
  if asked.team then
    now.team, err = gather.team(wix)
    if not now.team then return nil, err end
  end
  local ok
  ok, err = identify_all(owner, wix, read.wants, now)
  if not ok then return nil, err end
  ok, err = now_read.add_roles(owner, wix, now, asked, options)
  if not ok then return nil, err end
  plan.make(made, read.wants, now, context)
  return made, nil, read.digest
end

-- ---- what is written down --------------------------------------------------------------------------------------------

local KIND = "access"
local OPEN_PLANS = "SELECT DISTINCT subject FROM plans WHERE kind = 'access' AND ended_at IS NULL"
local PLANS = "SELECT DISTINCT subject FROM plans WHERE kind = 'access'"

-- Plans of the same file: by its name, or, where it was renamed, by what it says.
local function of_file(db, sql, name, digest)
  local list = {}
  for _, one in ipairs(db:all(sql)) do
    local named, says = one.subject:match("^(.*) (%x+)$")
    if named == name or says == digest then list[#list + 1] = one.subject end
  end
  return list
end

-- What earlier runs with the same file have begun: what is so now was done, the rest is planned anew.
local function end_earlier(db, name, digest, made, now)
  changes.recover(db, now)
  for _, subject in ipairs(of_file(db, OPEN_PLANS, name, digest)) do
    changes.settle(db, KIND, subject, made.satisfied, now)
    changes.supersede(db, KIND, subject, now)
  end
end

-- What the service has refused before comes last: it is not to keep the others from their turn.
local function order(db, name, digest, made)
  local refused = changes.refused(db, KIND, of_file(db, PLANS, name, digest))
  local first, last = {}, {}
  for _, change in ipairs(made.changes) do table.insert(refused[changes.key(change)] and last or first, change) end
  made.changes = table.move(last, 1, #last, #first + 1, first)
end

-- Who was to be taken off a site, and is gone: the invites that name the account are over.
local function revoke_rows(db, list, now)
  db:transaction(function()
    for _, one in ipairs(list) do
      if one.kind == "remove_contributor" then removed.account(db, one.site_id, one.account_id, now) end
    end
  end)
end

local function carry_out(owner, wix, made, subject, done, context, options)
  local db, now = owner.db, owner.now
  local id = changes.plan(db, KIND, subject, made.changes, now())
  local summary = changes.carry_out(owner, wix, id, options)
  done.outcome, done.calls, done.stopped = "done", summary.calls, summary.stopped
  local list = changes.rows(db, id)
  done.states = {}
  for _, row in ipairs(list) do done.states[row.state] = (done.states[row.state] or 0) + 1 end
  if done.stopped then return end
  local seen, err = aftermath.look(owner, wix, list, context.titles.ids)
  done.as_wanted, done.otherwise, done.unseen, done.stopped = seen.as_wanted, seen.otherwise, seen.unseen, err
  done.wrong = seen.rows
  for _, row in ipairs(list) do
    if row.state == "planned" then -- put back: it was not sent
      row.seen, done.unseen = "unseen", done.unseen + 1
      table.insert(done.wrong, row)
    end
  end
  local gone = {}
  for _, row in ipairs(list) do if row.seen == "as_wanted" then gone[#gone + 1] = row end end
  revoke_rows(db, gone, now())
  if not err and not changes.is_open(db, id) then changes.finish(db, id, now()) end
end

-- ---- the whole -------------------------------------------------------------------------------------------------------

-- A table by its file, or as it was given.
local function table_of(given, context)
  if not given.file then
    context.name = interrupted.NO_FILE
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
  local context = { account = review.account(owner, wix), service = (wix:endpoint()), on_problem = given.on_problem,
    invite_state = invite_state(db) }
  local checked, problems, err
  if is_table then
    checked, problems = table_of(given, context)
    if not checked then return nil, problems end
  end
  context.titles, err = titles.read(wix, given.locale or checked and checked.locale)
  if not context.titles then return nil, err end
  local reading = { concurrency = options.concurrency, on_progress = options.on_reading }
  local made, digest
  reading.on_cost = options.on_cost
  if is_table then made, err, digest = compare.run(owner, wix, checked, context, reading)
  else made, err, digest = from_review(owner, wix, given.file, context, reading) end
  if not made then return nil, err end
  local done = setmetatable({ outcome = "planned", plan = made, total = #made.changes, as_wanted = 0, otherwise = 0, unseen = 0, calls = 0,
    wrong = {} }, words.done)
  ways_back.tell(made, db)
  if given.on_plan then given.on_plan(made) end
  if not given.changes then return done end
  local name = given.file and given.file:match("[^/]*$") or "table"
  if #made.changes > 0 and given.ask and not given.ask(made) then
    done.outcome = "asked"
    return done
  end
  end_earlier(db, name, digest, made, owner.now())
  revoke_rows(db, made.satisfied, owner.now())
  if #made.changes == 0 then
    done.outcome = "nothing"
    return done
  end
  order(db, name, digest, made)
  carry_out(owner, wix, made, name .. " " .. digest, done, context, options)
  return done
end

return apply
