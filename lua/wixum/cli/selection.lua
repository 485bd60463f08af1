--- Selectors from the command line.
--
-- Owns how options become a selector. Which rows it means is the ledger's business.

local core = require "wixum.core"
local printable = require("wixum.csv.problem").printable
local desk = require "wixum.cli.desk"
local errors = require "wixum.errors"
local folding = require "wixum.folding"

local shell = require("wixum.ledger.evidence").shell

local selection = {}

local function listed(values) return values and #values > 0 and values or nil end

-- The account's own site of that name or address; that there is none is told as people have to correct it.
local function site_of_account(lookup, text)
  local site, reason = lookup:site(text)
  if site then return site.id end
  desk.fail(("--site: %s: %s. `wixum sites` lists names and ids"):format(printable(text, 60), reason))
end

--- The ids of sites that were named. What the ledger does not know must not pass for a site where there is nothing to tell.
---@param ledger table
---@param texts string[]?
---@param wix table? a client: the account's own sites are meant. One that is said by its id need not be known; a name that the ledger
--- does not have is looked up there
---@return string[]?
function selection.sites(ledger, texts, wix)
  if not listed(texts) then return nil end
  local ids, lookup = {}, nil
  for i, text in ipairs(texts) do
    local id, err
    if wix and core.is_guid(text) then id = folding.ascii(text) else id, err = ledger:find_site(text) end
    if not id and wix and not err.data then -- several of that name that the ledger knows are for a person to tell apart
      lookup = lookup or assert(require("wixum.ledger.lookup").new(wix))
      id = site_of_account(lookup, text)
    end
    if not id then
      desk.fail(("--site: %s %s: `wixum sites` lists names and ids"):format(errors.sentence(err.message), errors.advice_of(err)))
    end
    ids[i] = id
  end
  return ids
end

--- A site as people know it: its name, or its id where it has none.
---@param ledger table
---@param id string
---@return string
function selection.place(ledger, id)
  local name = ledger:site_name(id)
  return name and name:find("%S") and printable(name, 60) or id
end

--- Are these people in the ledger? A mistyped address must not pass for somebody with whom there is nothing to do. Somebody who is known
--- otherwise, as a member of the team or by an account, has no invite that something could be done with.
---@param ledger table
---@param emails string[]?
function selection.check_people(ledger, emails)
  for _, email in ipairs(emails or {}) do
    if not ledger:rows{ email = email, limit = 1 }() then
      local word = shell(email)
      local reached = core.check_email(email) and (", `wixum leaver %s` what they can reach"):format(word) or ""
      desk.fail(("the ledger has no invite to %s: `wixum export` lists whom it has invited; `wixum who %s` shows what else is known "
        .. "of them%s"):format(printable(email, 100), word, reached))
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
