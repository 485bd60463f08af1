--- A person says whose account it was, or takes it back.
--
-- Owns what that changes: the row, whose account it is everywhere, and what follows for other rows. Asks the service nothing.

local check = require "wixum.ledger.check"
local evidence = require "wixum.ledger.evidence"
local folding = require "wixum.folding"

local confirm = {}

---@class wixum.Confirmed
---@field email string
---@field site_id string
---@field account_id string
---@field further table[] rows that follow from it: email, site_id, name, account_id, evidence
---@field reopened table[] rows that had been taken for this account: email, site_id; is_accepted: since an
--- answer told it

-- A row as it was before it was taken for accepted; what has expired meanwhile is said by its date. That an answer told the acceptance
-- stays so, whosever account it was: nobody is to be mailed for that.
local IS_TOLD = "(evidence = 'told' OR accepted_from = 'accepted')"
local REOPENED = ([[UPDATE invites SET state = coalesce(CASE WHEN IS_TOLD THEN 'accepted' END, accepted_from, 'pending'),
  evidence = CASE WHEN IS_TOLD THEN 'told' END, accepted_from = NULL, account_id = NULL, joined_after = NULL, joined_by = NULL,
  candidates = NULL, reason = NULL, changed_at = ? WHERE id = ?]]):gsub("IS_TOLD", IS_TOLD)

-- Answers what is said of it.
local function reopen(db, row, now)
  db:run("UPDATE presences SET row_id = NULL WHERE row_id = ?", row.id)
  db:run(REOPENED, now, row.id)
  local is_accepted = db:one("SELECT 1 AS found FROM invites WHERE id = ? AND state = 'accepted'", row.id) ~= nil
  return { email = row.email, site_id = row.site_id, is_accepted = is_accepted or nil }
end

local SAID = [[UPDATE invites SET accepted_from = CASE WHEN state <> 'accepted' THEN state WHEN evidence = 'told' THEN 'accepted'
  ELSE accepted_from END, state = 'accepted', evidence = ?, account_id = ?, joined_after = ?, joined_by = ?, candidates = NULL,
  reason = NULL, changed_at = ? WHERE id = ?]]

local function find_row(db, site_id, email)
  local row = db:one("SELECT id, email, person, state, mails, account_id, evidence FROM invites WHERE site_id = ? AND person = ?",
    site_id, folding.person(email))
  if not row then return nil, "the ledger has no invite of this address to this site" end
  if row.mails == 0 and row.state ~= "unknown" then return nil, "this address has not been mailed for this site" end
  return row
end

-- Accounts that were seen on a site, and are not known to be somebody's.
local function candidates(db, site_id)
  local ids = {}
  for row in db:rows([[SELECT DISTINCT account_id FROM presences p WHERE site_id = ? AND row_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.account_id = p.account_id) ORDER BY id LIMIT 5]], site_id) do
    ids[#ids + 1] = row.account_id
  end
  return #ids > 0 and "; seen there and nobody's so far: " .. table.concat(ids, ", ") or ""
end

local function check_account(db, site_id, row, account, own_account)
  local seen = db:one("SELECT id, absent_at, seen_at, row_id FROM presences WHERE site_id = ? AND account_id = ? ORDER BY id DESC LIMIT 1",
    site_id, account)
  if not seen then
    return nil, "this account was never seen on this site" .. candidates(db, site_id) .. ". `wixum check` looks anew"
  end
  if db:one("SELECT 1 AS found FROM owners WHERE site_id = ? AND account_id = ?", site_id, account) or account == own_account then
    return nil, "this account owns the site, or did, or is the key's own: it came by no invite"
  end
  local tied = db:one("SELECT person, email FROM accounts WHERE account_id = ?", account)
  if tied and tied.person ~= row.person then
    return nil, ("this account is %s's, as has been said before; --undo takes that back"):format(tied.email)
  end
  return seen
end

-- Sites where somebody has arrived by this account, or rows rest on it.
local function sites_of(db, account)
  local ids = {}
  for found in db:rows([[SELECT site_id FROM presences WHERE account_id = ? UNION SELECT site_id FROM invites
    WHERE account_id = ?]], account, account) do ids[#ids + 1] = found.site_id end
  return ids
end

local function evaluate(owner, sites, account, trust)
  local further = {}
  for _, site_id in ipairs(sites) do
    for _, found in ipairs((check.evaluate(owner.db, site_id, account, trust, owner.now()))) do
      local site = owner.db:one("SELECT name FROM sites WHERE site_id = ?", site_id)
      found.name = site and site.name
      further[#further + 1] = found
    end
  end
  return further
end

--- A person says that an account is theirs, and that it came by the invite of a row.
---@param owner table of the ledger: `db`, `now`
---@param given { email: string, site_id: string, account_id: string }
---@param own_account string? the account that the ledger belongs to
---@param trust { links: boolean? }
---@return wixum.Confirmed?
---@return string? reason
function confirm.say(owner, given, own_account, trust)
  local db, now = owner.db, owner.now()
  local site_id, account = folding.ascii(given.site_id), folding.ascii(given.account_id)
  return db:transaction(function()
    local row, reason = find_row(db, site_id, given.email)
    if not row then return nil, reason end
    local seen
    seen, reason = check_account(db, site_id, row, account, own_account)
    if not seen then return nil, reason end
    local reopened = {}
    for _, other in ipairs(db:all([[SELECT id, email, site_id, evidence FROM invites WHERE site_id = ? AND account_id = ? AND id <> ?
      AND state = 'accepted']], site_id, account, row.id)) do
      reopened[#reopened + 1] = reopen(db, other, now)
    end
    if row.account_id and row.account_id ~= account then reopen(db, row, now) end
    -- what an answer told of this very account is not less than a person's word, and is still so where that is taken back
    if row.evidence ~= evidence.TOLD or row.account_id ~= account then
      db:run(SAID, evidence.OPERATOR, account, seen.absent_at, seen.seen_at, now, row.id)
    end
    db:run("UPDATE presences SET row_id = ? WHERE id = ?", row.id, seen.id)
    db:run("INSERT INTO accounts (account_id, person, email, site_id, said_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", account,
      row.person, row.email, site_id, now)
    return { email = row.email, site_id = site_id, account_id = account, reopened = reopened,
      further = evaluate(owner, sites_of(db, account), own_account, trust) }
  end)
end

--- Takes back what a person has said of an account, and what followed from it.
---@param owner table of the ledger: `db`, `now`
---@param given { email: string, site_id: string, account_id: string }
---@param own_account string?
---@param trust { links: boolean? }
---@return wixum.Confirmed?
---@return string? reason
function confirm.undo(owner, given, own_account, trust)
  local db, now = owner.db, owner.now()
  local account, person = folding.ascii(given.account_id), folding.person(given.email)
  return db:transaction(function()
    local tied = db:one("SELECT person FROM accounts WHERE account_id = ?", account)
    if not tied or tied.person ~= person then return nil, "nobody has said that this account belongs to this address" end
    local sites, reopened = sites_of(db, account), {}
    db:run("DELETE FROM accounts WHERE account_id = ?", account)
    db:run("INSERT INTO undone (account_id, person, undone_at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET undone_at = excluded.undone_at",
      account, person, now)
    for _, row in ipairs(db:all([[SELECT id, email, site_id FROM invites WHERE account_id = ? AND person = ? AND state = 'accepted'
      AND evidence IN ('operator', 'known_account')]], account, person)) do
      reopened[#reopened + 1] = reopen(db, row, now)
    end
    return { email = given.email, site_id = folding.ascii(given.site_id), account_id = account, reopened = reopened,
      further = evaluate(owner, sites, own_account, trust) }
  end)
end

return confirm
