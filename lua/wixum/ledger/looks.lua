--- Looks: which accounts can reach a site, as the service's list of sites tells it, a hundred sites a call.
--
-- Owns the tables `presences` and `owners`, and what `sites` knows of looks. Tells no rows of invites from it: what an arrival means is
-- `attribution`'s business. That the list names everybody who can reach a site is inferred: Wix does not document the field.

local client = require "wixum.client"
local compiled = require "wixum.compiled"
local core = require "wixum.core"
local database = require "wixum.ledger.database"
local declaration = require "wixum.declaration"
local errors = require "wixum.errors"
local every_site = require "wixum.every_site"
local folding = require "wixum.folding"
local pages_seen = require "wixum.pages_seen"
local selector = require "wixum.ledger.selector"
local quoted = database.quoted

local looks = {}

--- Sites that the service answers in one call.
looks.A_CALL = 100

-- ---- the question ----------------------------------------------------------------------------------------------------

local as_sent

-- Query Sites, answered as the service sends it: a list that did not come must not pass for one that is empty, or everybody would
-- have left, and have come anew at the next look.
-- Answers the sites, and the cursor of the next page; or nil and the error.
local function query_sites(wix, query)
  as_sent = as_sent or compiled.as_sent(declaration.namespace("sites").by_name.query_sites)
  local answer, info = require("wixum.call").run(client.state(wix), as_sent, { query = query })
  if not answer then return nil, info end
  local function unfit(message)
    return nil, errors.new{ kind = "protocol", outcome = "unknown", operation = as_sent.full_name, where = errors.where(),
      status = info.status, request_id = info.request_id, attempts = info.attempts, message = message }
  end
  local sites = type(answer) == "table" and rawget(answer, "sites")
  if type(sites) ~= "table" then return unfit "the answer has no list of sites" end
  local about = type(answer.metadata) == "table" and answer.metadata or {}
  local cursor = type(about.cursors) == "table" and about.cursors.next or nil
  if about.hasNext == false or cursor == "" then cursor = nil
  elseif about.hasNext == true and type(cursor) ~= "string" then return unfit "the service says that there is more, and not where" end
  return sites, cursor
end

-- ---- what is stored --------------------------------------------------------------------------------------------------

local function listed(values)
  local texts = {}
  for i, value in ipairs(values) do texts[i] = quoted(value) end
  return table.concat(texts, ",")
end

-- Has somebody been mailed already who may have accepted before anybody looked?
local MAILED = "SELECT 1 AS found FROM invites WHERE site_id = ? AND (mails > 0 OR step IS NOT NULL OR state = 'unknown') LIMIT 1"

local function insert(db, site_id, accounts, absent_at, seen_at, doubtful)
  if not accounts[1] then return end
  local items = {}
  for i, account in ipairs(accounts) do
    items[i] = ("(%s,%s,%s,%s,%s)"):format(quoted(site_id), quoted(account), quoted(absent_at), quoted(seen_at), quoted(doubtful))
  end
  db:run("INSERT INTO presences (site_id, account_id, absent_at, seen_at, doubtful) VALUES " .. table.concat(items, ","))
end

-- The accounts of a site as answered, each once, in small letters.
local function accounts_of(site)
  local list, set = {}, {}
  for _, account in ipairs(site.contributorAccountIds) do
    local id = type(account) == "string" and core.is_guid(account) and folding.ascii(account)
    if id and not set[id] then
      set[id] = true
      list[#list + 1] = id
    end
  end
  return list, set
end

local function seconds(text) return require("wixum").time(text) end

local function text_of(value) return type(value) == "string" and value ~= "" and not value:find("\0", 1, true) and value or nil end

local NAMED = [[INSERT INTO sites (site_id, name, url) VALUES (?, ?, ?)
  ON CONFLICT (site_id) DO UPDATE SET name = coalesce(excluded.name, name), url = coalesce(excluded.url, url)]]

local function name(db, id, site)
  db:run(NAMED, id, text_of(site.displayName) or text_of(site.name), text_of(site.viewUrl))
end

-- The latest that an invite which may bring somebody to a site is dated.
local OPENED = [[SELECT max(coalesce((SELECT max(coalesce(opened_at, first_mail_at)) FROM invites WHERE site_id = ?), ''),
  coalesce((SELECT max(planned_at) FROM team_invites), '')) AS latest]]

-- Between which moments those came who are new. Where what is written down lies in the future our clock was put back since, and of which
-- clock an earlier moment is nobody knows: the time is wider by that much, and proves nothing.
local function time_of_arrival(db, id, known, ended)
  local latest = math.max(seconds(db:one(OPENED, id).latest) or 0, seconds(known.looked_at), seconds(known.checked_at))
  local ahead = latest - seconds(ended)
  if ahead <= 0 then return known.checked_at, ended, false end
  return selector.date(math.min(seconds(known.checked_at), seconds(ended)) - ahead), selector.date(latest), true
end

-- What was known of a site, and what it looks like now.
local function store(db, id, site, present, began, ended)
  local known = db:one("SELECT looked_at, checked_at, owner_account_id, restored_at FROM sites WHERE site_id = ?", id)
  local accounts, there = accounts_of(site)
  local owner = type(site.ownerAccountId) == "string" and folding.ascii(site.ownerAccountId) or nil
  if not known.looked_at then
    insert(db, id, accounts, nil, ended, db:one(MAILED, id) ~= nil)
  else
    local new, known_ones = {}, {}
    for _, presence in ipairs(present) do
      known_ones[presence.account_id] = true
      if not there[presence.account_id] then
        db:run("UPDATE presences SET last_seen_at = ?, gone_at = ? WHERE id = ?", known.checked_at, ended, presence.id)
      end
    end
    for _, account in ipairs(accounts) do
      if not known_ones[account] then new[#new + 1] = account end
    end
    if new[1] then
      local absent_at, seen_at, is_misdated = time_of_arrival(db, id, known, ended)
      -- Whose site it was for a while may have stayed, and was never invited; whose it was when nobody was told may be anybody.
      local is_transferred = known.owner_account_id ~= nil and owner ~= nil and known.owner_account_id ~= owner
      insert(db, id, new, absent_at, seen_at, is_transferred or is_misdated or known.restored_at ~= nil)
    end
  end
  if owner then db:run("INSERT INTO owners (site_id, account_id) VALUES (?, ?) ON CONFLICT DO NOTHING", id, owner) end
  db:run([[UPDATE sites SET looked_at = coalesce(looked_at, ?), checked_at = ?, unlisted_at = NULL, restored_at = NULL,
    owner_account_id = coalesce(?, owner_account_id, '') WHERE site_id = ?]], ended, began, owner, id)
end

-- Stores a page of sites. Answers the ids of those that said who can reach them.
local function store_page(db, sites, wanted, began, ended)
  local ids, by_id, seen = {}, {}, {}
  for _, site in ipairs(sites) do
    local id = type(site) == "table" and type(site.id) == "string" and core.is_guid(site.id) and folding.ascii(site.id)
    if id and (not wanted or wanted[id]) and not by_id[id] then ids[#ids + 1], by_id[id] = id, site end
  end
  if not ids[1] then return seen, by_id end
  local present = {}
  for row in db:rows(("SELECT id, site_id, account_id FROM presences WHERE site_id IN (%s) AND gone_at IS NULL"):format(listed(ids))) do
    present[row.site_id] = present[row.site_id] or {}
    table.insert(present[row.site_id], row)
  end
  for _, id in ipairs(ids) do
    local site = by_id[id]
    if not wanted then name(db, id, site) end
    if type(site.contributorAccountIds) == "table" then
      store(db, id, site, present[id] or {}, began, ended)
      seen[id] = true
    end
  end
  return seen, by_id
end

-- A site as it was answered.
local function as_seen(id, site, told)
  return { id = id, name = text_of(site.displayName) or text_of(site.name), url = text_of(site.viewUrl),
    owner = text_of(site.ownerAccountId) and folding.ascii(site.ownerAccountId), trashed = text_of(site.trashedDate) ~= nil, told = told }
end

--- Looks at sites, and stores what is seen. One of which the service says nothing stays as it was, and is marked as not listed.
---@param db table
---@param wix table
---@param ids string[] of sites that the ledger has, at most `A_CALL`
---@param now fun(): string
---@return table<string, boolean>? seen by the ids that were answered
---@return wixum.Error? err
---@return wixum.SeenSite[]? sites that were answered
function looks.at(db, wix, ids, now)
  local began = now()
  local filter = { id = { ["$in"] = ids }, namespace = every_site.namespace }
  local sites, cursor = query_sites(wix, { filter = filter, cursorPaging = { limit = looks.A_CALL } })
  if not sites then return nil, cursor --[[@as wixum.Error]] end
  -- should the service give fewer a page than it is asked for
  while cursor and #sites < #ids do
    local more, next_cursor = query_sites(wix, { cursorPaging = { cursor = cursor } })
    if not more then return nil, next_cursor --[[@as wixum.Error]] end
    if #more == 0 then break end
    table.move(more, 1, #more, #sites + 1, sites)
    cursor = next_cursor
  end
  local ended, wanted, list, seen = now(), {}, {}, nil
  for _, id in ipairs(ids) do wanted[id] = true end
  db:transaction(function()
    local by_id
    seen, by_id = store_page(db, sites, wanted, began, ended)
    for _, id in ipairs(ids) do
      if by_id[id] then list[#list + 1] = as_seen(id, by_id[id], seen[id] == true) end
      if not seen[id] then db:run("UPDATE sites SET unlisted_at = coalesce(unlisted_at, ?) WHERE site_id = ?", ended, id) end
    end
  end)
  return seen, nil, list
end

---@class wixum.SeenSite
---@field id string
---@field name string?
---@field url string?
---@field owner string? account id
---@field trashed boolean
---@field told boolean did the service say who can reach it?

--- Looks at all sites of the account, and stores what is seen; the ledger knows them all by name then.
---@param db table
---@param wix table
---@param now fun(): string
---@param is_over fun(pages: integer): boolean is asked before each page
---@return wixum.SeenSite[]? sites nil where a page failed, or it was to end: what was seen is kept
---@return wixum.Error? err
---@return integer calls
function looks.everywhere(db, wix, now, is_over)
  local list, listed_ids, calls, cursor, first, pages = {}, {}, 0, nil, now(), pages_seen.new()
  repeat
    if is_over(calls) then return nil, nil, calls end
    local began = now()
    local sites, next_cursor = query_sites(wix, { cursorPaging = cursor and { cursor = cursor } or { limit = looks.A_CALL },
      filter = not cursor and every_site or nil })
    calls = calls + 1
    if not sites then return nil, next_cursor --[[@as wixum.Error]], calls end
    db:transaction(function()
      local seen, by_id = store_page(db, sites, nil, began, now())
      for id, site in pairs(by_id) do
        if not listed_ids[id] then list[#list + 1], listed_ids[id] = as_seen(id, site, seen[id] == true), true end
      end
    end)
    local problem = pages_seen.add(pages, sites, next_cursor)
    if problem then
      return nil, errors.new{ kind = "protocol", outcome = "unknown", operation = "sites.query_sites", where = errors.where(), attempts = 1,
        message = problem }, calls
    end
    cursor = next_cursor
  until not cursor
  db:run("UPDATE sites SET unlisted_at = coalesce(unlisted_at, ?) WHERE coalesce(checked_at, '') < ?", now(), first)
  table.sort(list, function(one, other) return one.id < other.id end)
  return list, nil, calls
end

--- The least calls that so many sites take.
---@param number integer
---@return integer
function looks.calls(number) return (number + looks.A_CALL - 1) // looks.A_CALL end

return looks
