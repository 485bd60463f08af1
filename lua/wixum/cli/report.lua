--- `wixum report`: one page with the figures, for people; or the figures as JSON.
--
-- Owns how it is called and what is said of it; the page is the ledger's business.

local desks = require "wixum.cli.desk"
local printable = require("wixum.csv.problem").printable
local selection = require "wixum.cli.selection"
local status = require "wixum.cli.status"

local report = {}

-- Figures as JSON has them: lua-cjson cannot write an empty list, so that one is left out.
local function plain(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for name, item in pairs(value) do
    if type(item) ~= "table" or next(item) ~= nil then copy[name] = plain(item) end
  end
  return copy
end

local function told(figures, file)
  local text = ("%d %s in %s: open it in any browser."):format(figures.rows, figures.rows == 1 and "row" or "rows", printable(file, 200))
  if figures.in_table == figures.rows then return text end
  return text .. (" Its table has the first %d; `wixum export` has all of them."):format(figures.in_table)
end

--- `wixum report`.
---@param desk table
---@return integer code
function report.report(desk)
  local given, talk = desk.given, desk.talk
  if not given.html and not given.json then
    desks.fail("say where the page is to go: wixum report --html FILE; or --json, for the figures alone")
  end
  local to_stdout = given.html == "-"
  if to_stdout and given.json then desks.fail("the page and the figures cannot both go to standard output: name a file with --html") end
  local ledger = desk:ledger_alone()
  local figures, err = talk:through(function(stdout)
    local target = given.html
    if to_stdout then target = stdout end
    return ledger:report(target, { selector = { site_id = selection.sites(ledger, given.site) } })
  end)
  if not figures then error(err, 0) end
  if not to_stdout then talk:result(given.html and told(figures, given.html) or "", plain(figures)) end
  return status.DONE
end

return report
