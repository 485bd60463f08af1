--- Selectors from the command line.
--
-- Owns how options become a selector. Which rows it means is the ledger's business.

local core = require "wixum.core"
local printable = require("wixum.csv.problem").printable
local desk = require "wixum.cli.desk"
local folding = require "wixum.folding"

local selection = {}

local function listed(values) return values and #values > 0 and values or nil end

--- The ids of sites that were named. What the ledger does not know must not pass for a site where there is nothing to tell.
---@param ledger table
---@param texts string[]?
---@param of_account boolean? the account's own are meant: one that is said by its id need not be known
---@return string[]?
function selection.sites(ledger, texts, of_account)
  if not listed(texts) then return nil end
  local ids = {}
  for i, text in ipairs(texts) do
    local id, err
    if of_account and core.is_guid(text) then id = folding.ascii(text) else id, err = ledger:find_site(text) end
    if not id then desk.fail("--site: " .. err.message) end
    ids[i] = id
  end
  return ids
end

--- Are these people in the ledger? A mistyped address must not pass for somebody with whom there is nothing to do.
---@param ledger table
---@param emails string[]?
function selection.check_people(ledger, emails)
  for _, email in ipairs(emails or {}) do
    if not ledger:rows{ email = email, limit = 1 }() then
      desk.fail(("the ledger knows nobody called %s; `wixum export` lists whom it knows"):format(printable(email, 100)))
    end
  end
end

--- The selector that the options say.
---@param ledger table
---@param given table options
---@param may_be_empty boolean?
---@return table
function selection.of(ledger, given, may_be_empty)
  local selector = {
    email = listed(given.email), site_id = selection.sites(ledger, given.site), state = listed(given.state),
    last_mail_before = given.last_mail_before, invited_before = given.invited_before, limit = given.limit, all = given.all,
  }
  local narrowed = selector.email or selector.site_id or selector.state or selector.last_mail_before or selector.invited_before
  if not narrowed and not selector.all and not may_be_empty then
    desk.fail("this says nobody: name people with --email, --site, --state or --last-mail-before, or say --all")
  end
  selection.check_people(ledger, selector.email)
  return selector
end

return selection
