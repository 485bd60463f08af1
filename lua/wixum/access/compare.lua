--- A table of who may reach what, compared with what is so: read, looked at, and made a plan of.
--
-- Owns the order of these reads, and what is noted beside the plan. Changes nothing at the service.

local client = require "wixum.client"
local decisions = require "wixum.access.decisions"
local desired = require "wixum.access.desired"
local drift = require "wixum.access.drift"
local gather = require "wixum.access.gather"
local looks = require "wixum.ledger.looks"
local meant = require "wixum.access.meant"
local now_read = require "wixum.access.now"
local plan = require "wixum.access.plan"
local plans = require "wixum.ledger.plan"
local quoted = require("wixum.ledger.database").quoted
local ties = require "wixum.access.ties"
local words = require "wixum.access.words"

local compare = {}

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
  local listed = {}
  for i, id in ipairs(ids) do listed[i] = quoted(id) end
  local number = db:one(OPEN:format(table.concat(listed, ","))).number
  if number > 0 then
    table.insert(made.notes, ("%s to these sites: who accepts is on them, in the table or not."):format(
      words.count(math.tointeger(number), "open invite", "open invites")))
  end
end

-- Who is on the table's sites with roles that matter, and which roles those probably are.
local function roles_of(by_key, role_ids)
  local asked = { roles = {}, likely = {}, role_ids = role_ids }
  for _, row in pairs(by_key) do
    if row.account_id and row.ids ~= desired.ANY then
      asked.roles[row.site_id], asked.likely[row.site_id] = asked.roles[row.site_id] or {}, asked.likely[row.site_id] or {}
      asked.roles[row.site_id][row.account_id] = true
      table.insert(asked.likely[row.site_id], row.ids)
    end
  end
  return asked
end

--- Compares, and plans.
---@param owner table of the ledger: `db`, `now`
---@param wix table
---@param checked { rows: wixum.DesiredRow[] }
---@param context table `titles`, `account`, `on_problem`
---@param options { concurrency: integer?, on_progress: function?, on_cost: function? }
---@return wixum.AccessPlan?
---@return wixum.Error|wixum.PlanProblem[]|nil err
---@return string? digest
function compare.run(owner, wix, checked, context, options)
  local db = owner.db
  context.ids, context.everywhere = drift.places(checked.rows)
  if options.on_cost then -- the list of sites, each site, the team and the count
    local calls = looks.calls(#context.ids) + #context.ids + 3
    options.on_cost{ stage = "table", sites = #context.ids, calls = calls,
      seconds = plans.least_seconds(calls, client.state(wix).settings.rate) }
  end
  local team, err = gather.team(wix)
  if not team then return nil, err end
  local now
  now, err = now_read.look(owner, wix, { sites = context.ids, all = true }, options)
  if not now then return nil, err end
  now.team, context.team, context.db, context.ties = team, team, db, ties.read(db)
  context.ties:add_team(team.people, now.owners)
  local found, problems = meant.resolve(checked.rows, context, now)
  if not found then return nil, problems end
  local digest = decisions.digest(meant.texts(found))
  local ok, trouble = now_read.add_roles(owner, wix, now, roles_of(found.by_key, context.titles.ids), options)
  if not ok then return nil, trouble end
  local made = plan.new()
  err = tell_unlisted(made, wix, now, context.ids)
  if err then return nil, err end
  tell_invites(made, db, context.ids)
  for _, row in ipairs(checked.rows) do
    if row.evidence then
      table.insert(made.notes, ("%s: %s is account %s: %s."):format(row.where, words.person(row), row.means or row.account_id,
        ties.WORDS[row.evidence]))
    end
  end
  local wants = drift.wants(made, found, now, context)
  plan.make(made, wants, now, context)
  made.nothing = {} -- all that is as the table says
  return made, nil, digest
end

return compare
