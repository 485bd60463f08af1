--- Who may reach what, as a Lua table: written from a review, read back as data alone.
--
-- Owns the form of that table and what may stand in it. A file of it is run with nothing in reach, not even the methods of strings, and
-- not for ever; empty is never everybody, nor nobody.

local call = require "wixum.call"
local core = require "wixum.core"
local csv_problem = require "wixum.csv.problem"
local database = require "wixum.ledger.database"
local errors = require "wixum.errors"
local filesystem = require "wixum.ledger.filesystem"
local folding = require "wixum.folding"
local names = require "wixum.names"
local plans = require "wixum.ledger.plan"
local rows = require "wixum.access.rows"
local scheduler = require "wixum.scheduler"
local tasks = require "wixum.tasks"

local desired = {}

local STEPS, EVERY = 10000000, 1000 -- instructions that a file may take; how often they are counted, and the clock is looked at
local SECONDS = 20 -- that it may take, however long one instruction is
local MEMORY = 256 * 1024 * 1024 -- bytes that it may fill
local LARGEST = 64 * 1024 * 1024 -- bytes of a file

--- In place of a list of roles: may be there, whatever the roles.
desired.ANY = "any"

-- ---- writing ---------------------------------------------------------------------------------------------------------

local HEAD = [[
-- Who may reach what, as it was on %s. Written by `wixum access --lua`; yours to change, and to comment.
-- `wixum access apply FILE.lua` compares it with what is so, and changes nothing; with --apply it removes whoever is on a site of this
-- table and not in it, and sets roles. Sites that are not in this table are never touched. roles = "any": whatever they are.
-- One row with everywhere = true makes it complete for the whole account: members who reach all of it and have no such row would lose that;
-- without any such row they are named as drift, and left alone. folders = true: may reach folders of sites, which no call here changes.
-- nobody = true: a site on which nobody is to be.
return {
  account_id = %s, service = %s, locale = %s,
  rows = {
]]

local function text(value) return (("%q"):format(value):gsub("\\\n", "\\n")) end

local function row_line(row, titles)
  local parts = {}
  local function add(name, value)
    if value and value ~= "" and utf8.len(value) then parts[#parts + 1] = ("%s = %s"):format(name, text(value)) end
  end
  if row.site_id ~= "" then
    add("site_id", row.site_id)
    add("site", row.site)
  else parts[1] = row.site == rows.SOME and "folders = true" or "everywhere = true" end
  add(row.who == "member" and "user_id" or "account_id", row.who == "member" and row.user_id or row.account_id)
  add("email", row.email)
  local roles, level = {}, row.site_id ~= "" and "site" or "account"
  for i, id in ipairs(row.role_ids) do
    roles[i] = text(titles:one(id))
    if row.site == rows.SOME or not titles:find(titles:one(id), level) then -- one that no call could give here
      roles = {}
      break
    end
  end
  parts[#parts + 1] = #roles > 0 and ("roles = { %s }"):format(table.concat(roles, ", ")) or ("roles = %q"):format(desired.ANY)
  return ("    { %s },\n"):format(table.concat(parts, ", "))
end

--- Writes a review as such a table: a line a row, of those who are there.
---@param review wixum.AccessReview
---@param write fun(text: string)
---@param locale string of the titles
---@return integer number of rows that it has
function desired.write(review, write, locale)
  local number = 0
  local function add(line)
    number = number + 1
    write(line)
  end
  write(HEAD:format(review.read_at, text(review.account_id or ""), text(review.service), text(locale)))
  for _, row in ipairs(review.rows) do
    local on_folders = row.who == "member" and row.site == rows.SOME and not row.gone and not row.fixed
    if (rows.is_decidable(row, review.account_id) or on_folders) and row.roles ~= rows.NONE then add(row_line(row, review.titles)) end
  end
  for _, site in ipairs(review.empty or {}) do
    add(("    { site_id = %s, site = %s, nobody = true },\n"):format(text(site.site_id), text(site.site)))
  end
  write("  },\n}\n")
  return number
end

--- What `new_file` asks: one that is there may have been worked on, and stays.
desired.KIND = {
  name = "a table",
  is_one = function(path)
    if filesystem.start_of(path) == "" then return true end
    database.fail(("%s is there already, and somebody may have worked on it; it stays as it is"):format(path), "Name another file")
  end,
}

local ENDLESS = "it does not come to an end"

-- ---- reading ---------------------------------------------------------------------------------------------------------

-- Ctrl-C, which in a task nobody is told of while a file runs: it ends what reads it, as it ends a call.
local function interrupted()
  local err = tasks.stopped_error("interrupted", "ledger:apply_access")
  if scheduler.current() then scheduler.note_interrupt() else call.interrupted = err end
  error(err, 0)
end

-- Runs a chunk with limits, and without the methods of strings: one call of those could take for ever.
local function run_limited(chunk, name, clock)
  local strings, hook, mask, count = getmetatable(""), debug.gethook()
  local steps, ended, is_interrupted = 0, nil, nil
  local latest = clock() + SECONDS
  -- finalizers of the program around it would run here, and want the methods of strings
  local collects = collectgarbage("isrunning")
  collectgarbage("stop")
  debug.setmetatable("", nil)
  debug.sethook(function()
    steps = steps + EVERY
    is_interrupted = is_interrupted or not core.sleep(0)
    local problem = is_interrupted and "interrupted" or (steps > STEPS or clock() > latest) and ENDLESS
    if problem and debug.getinfo(2, "S").source == name then -- and not where it has just ended by itself
      ended = problem
      error(problem, 0)
    end
  end, "", EVERY)
  local ok, result, is_full = core.limited(MEMORY, chunk)
  debug.sethook(hook, mask, count)
  debug.setmetatable("", strings)
  if collects then collectgarbage("restart") end
  if is_interrupted or not ok and errors.is_interrupt(result) then interrupted() end
  if ok then return result end
  return nil, is_full and "it fills the memory" or ended or tostring(result)
end

--- Reads a file: data alone.
---@param path string
---@param clock (fun(): number)? seconds
---@return any? table
---@return string? problem
function desired.load(path, clock)
  local file, problem = io.open(path, "rb")
  if not file then return nil, "it cannot be read: " .. csv_problem.printable(problem, 300) end
  local source <const> = file:read(LARGEST + 1)
  file:close()
  if not source then return nil, "it cannot be read, or is empty" end
  local name = path:match("[^/]*$")
  if #source > LARGEST then return nil, ("it is larger than %d MiB"):format(LARGEST >> 20) end
  -- by pcall: whoever handles the errors of the program around it would be given this one
  local _, chunk, why = pcall(load, (source:gsub("^\xEF\xBB\xBF", "")), "=" .. name, "t", {})
  if not chunk then
    if why:find("stack overflow", 1, true) then why = "its tables stand too deep in one another" end
    return nil, "it is no Lua table: " .. csv_problem.printable(why, 300)
  end
  local result, reason = run_limited(chunk, "=" .. name, clock or core.clock)
  if reason then
    if reason:find("stack overflow", 1, true) then reason = "it calls itself without an end" end
    return nil, "it is to be a table, and nothing else: " .. csv_problem.printable(reason, 300)
  end
  return result
end

-- ---- what may stand in it --------------------------------------------------------------------------------------------

---@class wixum.DesiredRow
---@field number integer its position
---@field where string for people
---@field site_id string?
---@field site string
---@field everywhere boolean?
---@field folders boolean? may reach folders of sites
---@field nobody boolean? nobody is to be on the site
---@field account_id string?
---@field user_id string?
---@field email string
---@field roles string[]|"any" titles or ids

local TOP = { "account_id", "locale", "rows", "service" }
local FIELDS = { "account_id", "email", "everywhere", "folders", "name", "nobody", "note", "roles", "site", "site_id", "url", "user_id" }
local TEXTS = { "account_id", "email", "name", "note", "site", "site_id", "url", "user_id" }

local function shown(value)
  return type(value) == "string" and ("%q"):format(csv_problem.printable(value, 60)) or tostring(value):match("^%w+")
end

local function unknown_key(given, known)
  for key in next, given do
    local found = false
    for _, name in ipairs(known) do found = found or name == key end
    if not found then return ("there is no field %s%s"):format(shown(key), names.suggestion(key, known)) end
  end
end

-- A list without holes and without names.
local function is_list(value)
  if type(value) ~= "table" then return false end
  local count = 0
  for key in next, value do
    if math.type(key) ~= "integer" then return false end
    count = count + 1
  end
  return count == #value
end

local function roles_of(given, row)
  if row.nobody then return desired.ANY end
  if row.folders and given ~= desired.ANY then return nil, 'roles on folders are not compared: write roles = "any"' end
  if given == desired.ANY then return given end
  if given == nil then return nil, 'it has no roles: write roles = { "Website Manager" }, or roles = "any"' end
  if not is_list(given) then return nil, 'roles is a list of titles, or "any"' end
  if #given == 0 then return nil, "its list of roles is empty, and that means nothing: who is to have none is left out" end
  for _, title in ipairs(given) do
    if type(title) ~= "string" then return nil, ("roles has %s, which is no title; an id is written in quotes"):format(shown(title)) end
  end
  return table.move(given, 1, #given, 1, {})
end

-- What is wrong with the row of a table; nil where nothing is.
local function row_problem(given)
  if type(given) ~= "table" then return "it is no row: write { site_id = …, account_id = …, roles = { … } }" end
  local problem = unknown_key(given, FIELDS)
  if problem then return problem end
  for _, name in ipairs(TEXTS) do
    if given[name] ~= nil and type(given[name]) ~= "string" then return ("%s is no text: write it in quotes"):format(name) end
    if given[name] and not utf8.len(given[name]) then return ("%s is not valid UTF-8 text"):format(name) end
  end
  for _, name in ipairs{ "site_id", "account_id", "user_id" } do
    if given[name] and not core.is_guid(given[name]) then
      return ("%s %s is not an id (8-4-4-4-12 hex digits)"):format(name, shown(given[name]))
    end
  end
  local places = given.site_id and 1 or 0
  for _, name in ipairs{ "everywhere", "folders", "nobody" } do
    if given[name] ~= nil and given[name] ~= true then return name .. " can only be true" end
    if given[name] and name ~= "nobody" then places = places + 1 end
  end
  if given.nobody then
    if not given.site_id or places > 1 then return "nobody = true goes with site_id alone: nobody is to be on that site" end
    if given.account_id or given.user_id or given.email or given.roles ~= nil then
      return "nobody = true says that nobody is on the site, and it names somebody, or roles"
    end
    return nil
  end
  if places > 1 then return "it says more than one place: site_id, everywhere = true or folders = true, a row for each" end
  if places == 0 and given.site then
    return ('it says site = %s, a name for people, which decides nothing: say which site by site_id = "…" (`wixum sites` lists them)')
      :format(shown(given.site))
  end
  if places == 0 then return 'it says no place: site_id = "…", or everywhere = true, or folders = true' end
  if given.account_id and given.user_id then return "account_id is a contributor's, user_id a member's: say one of the two" end
  if given.account_id and not given.site_id then return "a contributor is on one site: everywhere and folders go with user_id" end
  if not (given.account_id or given.user_id or given.email) then return "it says nobody: account_id, user_id or email" end
end

local function row_of(given, number)
  local problem, roles = row_problem(given), nil
  if not problem then roles, problem = roles_of(given.roles, given) end
  if problem then return nil, problem end
  return { number = number, site_id = given.site_id and folding.ascii(given.site_id), everywhere = given.everywhere,
    folders = given.folders, nobody = given.nobody,
    site = given.site or given.site_id or rows.WHOLE, account_id = given.account_id and folding.ascii(given.account_id),
    user_id = given.user_id and folding.ascii(given.user_id), email = given.email or "", roles = roles }
end

local DEEPEST = 4 -- the table, its rows, a row, its roles

-- A program's table as it stands there: what metatables would make of it may have no end. Each of its tables is copied once on a level,
-- however many have it.
local function raw(value, level, copies)
  if type(value) ~= "table" or level > DEEPEST then return value end
  copies[level] = copies[level] or {}
  if copies[level][value] then return copies[level][value] end
  local copy = {}
  copies[level][value] = copy
  for key, item in next, value do copy[key] = raw(item, level + 1, copies) end
  return copy
end

--- Checks a table; everything that stands against it is told.
---@param given any
---@param context { name: string, account: string?, service: string, on_problem: function? }
---@return { rows: wixum.DesiredRow[], locale: string? }? table
---@return wixum.PlanProblem[]? problems
function desired.check(given, context)
  local problems, add = plans.collector(context.on_problem)
  local function report(reason, number)
    add(csv_problem.new{ file = number and ("%s, row %d"):format(context.name, number) or context.name, reason = reason })
  end
  if type(given) ~= "table" then
    report "it gives no table: write return { account_id = …, service = …, rows = { … } }"
    return nil, problems
  end
  given = raw(given, 1, {})
  local problem = unknown_key(given, TOP)
  if problem then report(problem) end
  if type(given.account_id) ~= "string" or context.account and folding.ascii(given.account_id) ~= context.account then
    report(("account_id is %s, and the ledger's account is %s"):format(shown(given.account_id), context.account or "not known"))
  end
  if given.service ~= context.service then
    report(("service is %s, and the client speaks to %s"):format(shown(given.service), context.service))
  end
  if given.locale ~= nil and type(given.locale) ~= "string" then report "locale is no text" end
  if not is_list(given.rows) then report "rows is no list: write rows = { { … }, { … } }"
  elseif #given.rows == 0 then
    report "rows is empty, and that means nothing: it would be everybody who is removed, or nobody"
  else
    local list = {}
    for number, row in ipairs(given.rows) do
      local own, reason = row_of(row, number)
      if own then
        own.where = ("%s, row %d"):format(context.name, number)
        list[#list + 1] = own
      else report(reason, number) end
    end
    if problems.count == 0 then return { rows = list, locale = given.locale } end
  end
  return nil, problems
end

return desired
