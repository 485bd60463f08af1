--- Whom the account's list lacks on a site: the site itself is asked, since nobody says that the list is complete.
--
-- Owns the asking, a call a site, and which sites are asked about somebody's accounts. What follows from it is said by whoever asks.

local client = require "wixum.client"
local map = require "wixum.map"
local owners = require "wixum.ledger.owners"
local reach = require "wixum.ledger.reach"
local selector = require "wixum.ledger.selector"

local absent = {}

-- A site that is closed to the key, or gone, says nothing of the others.
local OF_ONE_SITE = { forbidden = true, not_found = true, precondition = true, rejected = true }

--- Asks sites who is on them, many at once.
---@param owner table of the ledger: `db`, `now`
---@param wix table
---@param ids string[]
---@param is_over (fun(): boolean)? is asked before each
---@return table<string, table<string, true>> on accounts by site, of those that answered
---@return table<string, wixum.Error> unasked those that would not say
---@return integer calls
---@return wixum.Error? err why the others were not asked
function absent.ask(owner, wix, ids, is_over)
  local on, unasked, calls, problem = {}, {}, 0, nil
  local _, raised = map.each(ids, function(id)
    if problem or is_over and is_over() then return true end
    local accounts, err, users = reach.accounts_of(wix, id)
    calls = calls + 1
    if not accounts then
      unasked[id] = err
      if not OF_ONE_SITE[err.kind] then problem = problem or err end
      return true
    end
    on[id] = {}
    for _, account in ipairs(accounts) do on[id][account] = true end
    owners.remember(owner, users)
    return true
  end, { concurrency = client.state(wix).settings.concurrency })
  if raised ~= nil then error(raised, 0) end
  return on, unasked, calls, problem
end

local FRESH = 600 -- seconds for which it counts that somebody was seen to be gone: they may have been let in again

-- Sites where an account was seen, and is not by the list; but those where it was seen to be gone just now, when it had been taken off. A
-- site's owner is in no list.
local LACKED = [[SELECT DISTINCT p.site_id AS site_id, p.account_id AS account_id, s.name AS name, s.owner_account_id AS owner_account_id
  FROM presences p JOIN sites s ON s.site_id = p.site_id
  WHERE p.account_id = ? AND p.gone_at IS NOT NULL AND s.unlisted_at IS NULL AND coalesce(s.owner_account_id, '') <> p.account_id
    AND NOT EXISTS (SELECT 1 FROM presences n WHERE n.site_id = p.site_id AND n.account_id = p.account_id AND n.gone_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM changes c WHERE c.kind = 'remove_contributor' AND c.site_id = p.site_id
      AND c.account_id = p.account_id AND c.seen = 'as_wanted' AND c.seen_at >= p.seen_at
      AND c.seen_at BETWEEN ? AND ?)
  ORDER BY p.site_id]]

---@class wixum.Lacked where an account was seen, and the list lacks it
---@field site_id string
---@field account_id string
---@field name string? of the site
---@field owner_account_id string?
---@field is_there boolean? nil: the site would not say
---@field problem wixum.Error? why

--- Asks about accounts where they were seen, and the list lacks them.
---@param owner table of the ledger: `db`, `now`, `time`
---@param wix table
---@param wanted { account_id: string, site_id: string? }[] site_id: there alone
---@param is_over fun(): boolean
---@param on_cost (fun(calls: integer))? is told how many calls it takes, before them
---@return wixum.Lacked[] list
---@return integer calls
---@return wixum.Error? err
function absent.find(owner, wix, wanted, is_over, on_cost)
  local list, ids, listed, known = {}, {}, {}, {}
  local from = selector.date(math.floor(owner.time()) - FRESH)
  for _, one in ipairs(wanted) do
    for row in owner.db:rows(LACKED, one.account_id, from, owner.now()) do
      local key = row.site_id .. row.account_id
      if not known[key] and (not one.site_id or one.site_id == row.site_id) then
        list[#list + 1], known[key] = row, true
        if not listed[row.site_id] then ids[#ids + 1], listed[row.site_id] = row.site_id, true end
      end
    end
  end
  if ids[1] and on_cost then on_cost(#ids) end
  local on, unasked, calls, err = absent.ask(owner, wix, ids, is_over)
  for _, row in ipairs(list) do
    row.problem = unasked[row.site_id]
    if on[row.site_id] then row.is_there = on[row.site_id][row.account_id] == true end
  end
  return list, calls, err
end

return absent
