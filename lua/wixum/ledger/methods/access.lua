--- Who can reach what: a review of it, and what its decisions change.
--
-- Owns what these methods take, and the files that a review is written to. The work is in `wixum.access`.

local apply = require "wixum.access.apply"
local binding = require "wixum.ledger.binding"
local core = require "wixum.core"
local database = require "wixum.ledger.database"
local errors = require "wixum.errors"
local filesystem = require "wixum.ledger.filesystem"
local folding = require "wixum.folding"
local given_checks = require "wixum.ledger.given"
local new_file = require "wixum.ledger.new_file"
local objects = require "wixum.ledger.object"
local review = require "wixum.access.review"
local sheet = require "wixum.access.sheet"
local since = require "wixum.access.since"
local guarded, state_of = objects.guarded, objects.state_of

---@class wixum.Ledger
local methods = {}

-- ---- a review --------------------------------------------------------------------------------------------------------

local OPTIONS = { "concurrency", "csv", "delimiter", "html", "json", "locale", "lua", "on_cost", "on_progress", "roles", "since",
  "site_id" }

local WRITERS = {
  { name = "csv", kind = sheet.KIND, write = function(found, write, options) sheet.write(found, write, options.delimiter or ",") end },
  { name = "json", kind = { name = "a review", is_one = function() return false end },
    write = function(found, write) sheet.write_json(found, write) end },
  { name = "html", module = "page", write = function(found, write) require "wixum.access.page".write(found, write) end },
  { name = "lua", module = "desired", write = function(found, write, options)
    found.in_table = require "wixum.access.desired".write(found, write, options.locale or "en")
  end },
}

local function kind_of(writer) return writer.kind or require("wixum.access." .. writer.module).KIND end

local function site_ids(value, name)
  if value == nil then return nil end
  local list, seen = {}, {}
  for _, id in ipairs(type(value) == "table" and value or { value }) do
    if type(id) ~= "string" or not core.is_guid(id) then errors.mistake(name .. ": site_id must be a site's id, or a list of them") end
    local own = folding.ascii(id)
    if not seen[own] then list[#list + 1], seen[own] = own, true end
  end
  if #list == 0 then errors.mistake(name .. ": the list of sites is empty; leave site_id out for all of them") end
  return list
end

local function check_options(options, name)
  options = given_checks.options(options, OPTIONS, name)
  for _, writer in ipairs(WRITERS) do
    local target = options[writer.name]
    if target ~= nil and not io.type(target) then given_checks.path(target, name .. ": " .. writer.name) end
  end
  if options.since ~= nil then given_checks.path(options.since, name .. ": since") end
  if options.roles ~= nil and options.roles ~= "known" then
    errors.mistake(name .. ': roles can only be "known": as people were invited, without asking the service')
  end
  if options.roles and options.lua ~= nil then
    errors.mistake(name .. ": a table for `lua` needs the roles that people have: leave roles out")
  end
  local delimiter = options.delimiter
  if delimiter ~= nil and delimiter ~= "," and delimiter ~= ";" and delimiter ~= "\t" then
    errors.mistake(name .. ': delimiter must be ",", ";" or "\\t"')
  end
  return options
end

-- Can a review be written there, and may it? Asked before all the reading, and the latter again when it is written.
local function check_targets(state, options)
  for _, writer in ipairs(WRITERS) do
    local target = options[writer.name]
    if type(target) == "string" then
      local folder = target:match("^(.*)/[^/]*$")
      if folder and not filesystem.exists(folder .. "/.") then
        database.fail_of_file(("%s cannot be written: its folder is not there"):format(target), "Name another place")
      elseif filesystem.exists(target .. "/.") then database.fail_of_file(target .. " is a folder", "Name a file in it") end
      new_file.try(target, state.path, kind_of(writer))
    end
  end
end

--- Reads who can reach what: contributors and members with their roles, the evidence whose account it is, since when, and what has
--- changed since an earlier review; open invites beside them. Nothing is changed at the service. With `csv`, `html`, `lua` or `json` it is
--- written there, once all is read.
---@param wix wixum.Client
---@param options { site_id: any, locale: string?, roles: "known"?, since: string?, csv: any, html: any, lua: any, json: any,
--- delimiter: string?, concurrency: integer?, on_cost: (fun(cost: wixum.AccessCost))?, on_progress: (fun(summary: table))? }?
---@return wixum.AccessReview? review `rows`; `tostring` counts them
---@return wixum.Error? err
function methods.access(object, wix, options)
  local state = state_of(object, "access")
  local name = "ledger:access"
  given_checks.client(wix, name)
  options = check_options(options, name)
  local ids = site_ids(options.site_id, name)
  return guarded(name, state.path, function()
    binding.to_client(state, wix, true)
    check_targets(state, options)
    local old = options.since and since.read(options.since, review.account(state, wix), (wix:endpoint())) or nil
    objects.refresh(state)
    local found, err = review.run(state, wix, { site_id = ids, locale = options.locale, known_roles = options.roles == "known", old = old,
      concurrency = options.concurrency, on_cost = options.on_cost, on_progress = options.on_progress and function(done, total)
        options.on_progress{ done = done, total = total }
      end,
      alone = function(fn)
        return binding.alone(state, function()
          binding.to_client(state, wix)
          return fn()
        end)
      end })
    if not found then return nil, err end
    for _, writer in ipairs(WRITERS) do
      local target = options[writer.name]
      if target then new_file.write(target, state.path, kind_of(writer), function(write) writer.write(found, write, options) end) end
    end
    return found
  end)
end

-- ---- decisions -------------------------------------------------------------------------------------------------------

local GIVEN = { "apply", "ask", "concurrency", "desired", "dry_run", "file", "locale", "on_cost", "on_plan", "on_problem", "on_progress" }

--- Carries out what a review decided, or brings about what a Lua table says: looks anew, plans, asks, changes row by row, looks again.
--- Again goes on where it was interrupted. A table is compared alone, and nothing changed, unless `apply` is true.
---@param wix wixum.Client
---@param given { file: string?, desired: table?, locale: string?, dry_run: boolean?, apply: boolean?, on_cost: function?,
--- ask: (fun(plan: wixum.AccessPlan): boolean)?, on_plan: (fun(plan: wixum.AccessPlan))?, on_problem: (fun(problem: table))?,
--- on_progress: (fun(summary: table))?, concurrency: integer? } file: a CSV with decisions, or a Lua file; desired: the same as a table;
--- on_progress: its `step` is "looking" before anything is changed
---@return wixum.AccessApplied? applied
---@return wixum.Error|wixum.PlanProblem[]|nil err problems of the file: then nothing was changed. Of a review nothing was asked of the
--- service but its roles; whom a table means by an address is told only when its sites and the team have been read
function methods.apply_access(object, wix, given)
  local state = state_of(object, "apply_access")
  local name = "ledger:apply_access"
  given_checks.client(wix, name)
  given = given_checks.options(given, GIVEN, name)
  if (given.file ~= nil) == (given.desired ~= nil) then errors.mistake(name .. ": say either file or desired") end
  if given.file ~= nil then given_checks.path(given.file, name) end
  if given.desired ~= nil and type(given.desired) ~= "table" then errors.mistake(name .. ": desired must be a table") end
  local is_table = given.desired ~= nil or apply.is_table(given.file)
  local own = { file = given.file, desired = given.desired, locale = given.locale, ask = given.ask, on_plan = given.on_plan,
    on_problem = given.on_problem, changes = not given.dry_run and (not is_table or given.apply == true) }
  local on_progress = given.on_progress
  return guarded(name, state.path, binding.alone, state, function()
    binding.to_client(state, wix)
    objects.refresh_alone(state)
    return apply.run(state, wix, own, { concurrency = given.concurrency, on_progress = on_progress, on_cost = given.on_cost,
      on_reading = on_progress and function(done, total) on_progress{ step = "looking", done = done, total = total } end })
  end)
end

return methods
