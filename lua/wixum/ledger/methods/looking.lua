--- What a ledger tells: rows, counts, sites, exports.
--
-- Owns what these methods take. The work is in the files that they are named after.

local binding = require "wixum.ledger.binding"
local decide = require "wixum.ledger.decide"
local errors = require "wixum.errors"
local export = require "wixum.ledger.export"
local given_checks = require "wixum.ledger.given"
local objects = require "wixum.ledger.object"
local rows = require "wixum.ledger.rows"
local selector = require "wixum.ledger.selector"
local sites = require "wixum.ledger.sites"
local status = require "wixum.ledger.status"

local guarded, state_of = objects.guarded, objects.state_of

---@class wixum.Ledger
local methods = {}

--- The rows that a selector means, site by site in the order in which they were planned. They are read in pages, so that the ledger may be
-- used meanwhile; a row is as it is when its page is read. What the database refuses is raised.
---@param given table? email, site_id, state, last_mail_before, invited_before, limit; none: all
---@return fun(): table?
function methods.rows(object, given)
  local state = state_of(object, "rows")
  local condition, limit = selector.condition(given, "ledger:rows", state.time(), true)
  local _, problem = guarded("ledger:rows", state.path, decide.expire, state.db, state.now())
  if problem then error(problem, 0) end
  return rows.each(function(statement)
    local page, failed = guarded("ledger:rows", state.path, state.db.all, state.db, statement)
    if not page then error(failed, 0) end
    return page
  end, condition, limit)
end

--- How things stand: counts by state and by site, who has waited longest, who expires soonest, what a person has to settle.
---@param given table? selector; none: all
---@return wixum.LedgerStatus? status `tostring` tells it
---@return wixum.Error? err
function methods.status(object, given)
  local state = state_of(object, "status")
  return guarded("ledger:status", state.path, function()
    local recovered = objects.refresh(state)
    local found = status.of(state, given)
    found.recovered = recovered
    return found
  end)
end

--- The service and the account that it belongs to; nothing where it has not been used yet.
---@return string? base_url
---@return string? account_id
function methods.bound(object)
  local state = state_of(object, "bound")
  return binding.setting(state.db, "base_url"), binding.setting(state.db, "account_id")
end

--- A site of the ledger's by its id, its name or its address.
---@param text string
---@return string? site_id
---@return wixum.Error? err kind `invalid`; where several are called so, `data.candidates` has their ids
function methods.find_site(object, text)
  local state = state_of(object, "find_site")
  if type(text) ~= "string" then errors.mistake("ledger:find_site takes a text") end
  local id, reason, candidates = sites.find(state.db, text)
  if id then return id end
  return nil, errors.new({ kind = "invalid", outcome = "not_sent", operation = "ledger:find_site", where = errors.where(),
    message = reason, data = candidates and { candidates = candidates } },
    { advice = "Say the site's id, or its name as the ledger has it" })
end

--- What a site is called, as the ledger has seen it in the account's list.
---@param site_id string
---@return string? name
function methods.site_name(object, site_id)
  local state = state_of(object, "site_name")
  if type(site_id) ~= "string" then errors.mistake("ledger:site_name takes the id of a site") end
  return sites.name(state.db, site_id)
end

local DELIMITERS = { [","] = true, [";"] = true, ["\t"] = true }

--- Writes rows to a file: CSV that no spreadsheet runs as formulas, or one JSON array. Accept links are not in it.
---@param target string|file* a path, where nothing is or an earlier export; or an open file
---@param options { format: "csv"|"json"|nil, delimiter: string?, selector: table? }? format: by the path's ending, else CSV;
--- delimiter: "," or ";" or a tab
---@return integer? rows
---@return wixum.Error? err
function methods.export(object, target, options)
  local state = state_of(object, "export")
  options = given_checks.options(options, { "delimiter", "format", "selector" }, "ledger:export")
  if io.type(target) ~= "file" then given_checks.path(target, "ledger:export") end
  local format = options.format or type(target) == "string" and target:find("%.json$") and "json" or "csv"
  if format ~= "csv" and format ~= "json" then errors.mistake('ledger:export: format is "csv" or "json"') end
  local delimiter = options.delimiter or ","
  if not DELIMITERS[delimiter] then errors.mistake('ledger:export: delimiter is ",", ";" or a tab') end
  local condition, limit = selector.condition(options.selector, "ledger:export", state.time(), true)
  return guarded("ledger:export", state.path, function()
    objects.refresh(state)
    return export.write(state, target, format, condition, limit, delimiter)
  end)
end

--- Writes a page for people: figures, reasons, sites, and a table of the rows. Accept links are not in it.
---@param target string|file*|nil a path, where nothing is or an earlier report; or an open file. nil: the figures alone
---@param options { selector: table?, most: integer? }? most: rows in the table, 20,000 unless said
---@return wixum.LedgerReport? figures
---@return wixum.Error? err
function methods.report(object, target, options)
  local state = state_of(object, "report")
  options = given_checks.options(options, { "most", "selector" }, "ledger:report")
  if target ~= nil and io.type(target) ~= "file" then given_checks.path(target, "ledger:report") end
  local report = require "wixum.ledger.report" -- nothing else needs it
  local which = report.which(options, state.time())
  return guarded("ledger:report", state.path, function()
    objects.refresh(state)
    return report.write(state, target, which)
  end)
end

return methods
