--- What is known of people beside their invites: which users of the team they are, or were, whose accounts those own, and what was
--- changed about them.
--
-- Owns the reading of `changes` and `account_owners` for it. They have no index by person: each is gone through once, whoever is asked
-- about. Changes nothing, asks the service nothing.

local database = require "wixum.ledger.database"
local evidence = require "wixum.ledger.evidence"
local folding = require "wixum.folding"
local removed = require "wixum.ledger.removed"
local quoted = database.quoted

local traces = {}

---@class wixum.PersonChange a removal, or a change of roles
---@field kind string
---@field words string what it does
---@field site_id string?
---@field account_id string?
---@field user_id string?
---@field email string "" where nobody is known
---@field state "planned"|"sending"|"done"|"failed"|"unknown"
---@field seen string? what was seen of it afterwards: `as_wanted`, `otherwise`
---@field reason string?
---@field request_id string?
---@field changed_at string

---@class wixum.Traces
---@field emails table<string, string[]> by person: addresses as changes have them
---@field users table<string, string[]> by person: ids in small letters
---@field person_of table<string, string> by user id

local function add(lists, key, value)
  local list = lists[key] or {}
  for _, there in ipairs(list) do if there == value then return end end
  list[#list + 1], lists[key] = value, list
end

--- Who is named by changes, and which users people are, or were.
---@param db table
---@return wixum.Traces
function traces.read(db)
  local found = { emails = {}, users = {}, person_of = {} }
  local function is_user(person, id)
    id = folding.ascii(id)
    add(found.users, person, id)
    found.person_of[id] = person
  end
  for row in db:rows("SELECT DISTINCT email, user_id FROM changes WHERE email <> '' ORDER BY email, user_id") do
    local person = folding.person(row.email)
    add(found.emails, person, row.email)
    if row.user_id then is_user(person, row.user_id) end
  end
  for row in db:rows([[SELECT person, user_id FROM past_team_invites WHERE user_id IS NOT NULL
    UNION ALL SELECT person, user_id FROM team_invites WHERE user_id IS NOT NULL]]) do
    is_user(row.person, row.user_id)
  end
  return found
end

--- The user who owns an account, as far as the service has said.
---@param db table
---@param account_id string
---@return string? user_id
function traces.owner(db, account_id)
  local row = db:one("SELECT user_id FROM account_owners WHERE account_id = ? AND user_id <> ''", account_id)
  return row and row.user_id
end

--- Adds to people the accounts that their users own; those that a person has said to be somebody else's are left out.
---@param db table
---@param people wixum.Person[]
function traces.add_accounts(db, people)
  local of, ids = {}, {}
  for _, person in ipairs(people) do
    for _, user in ipairs(person.users) do of[user], ids[#ids + 1] = person, quoted(user) end
  end
  if not ids[1] then return end
  for _, row in ipairs(db:all(("SELECT account_id, user_id FROM account_owners WHERE user_id IN (%s) ORDER BY account_id"):format(
    table.concat(ids, ",")))) do
    local owner, known = of[row.user_id], false
    for _, account in ipairs(owner.accounts) do known = known or account.account_id == row.account_id end
    if not known and not removed.somebody_elses(db, row.account_id, folding.person(owner.email)) then
      table.insert(owner.accounts, { account_id = row.account_id, evidence = evidence.TEAM })
    end
  end
end

local CHANGES = [[SELECT kind, words, site_id, account_id, user_id, email, state, seen, reason, request_id, changed_at FROM changes
  WHERE state <> 'dropped' AND (email IN (%s) OR account_id IN (%s) OR lower(user_id) IN (%s)) ORDER BY id]]

--- Adds to people what was changed about them, or about their accounts.
---@param db table
---@param people wixum.Person[]
---@param known wixum.Traces
function traces.add_changes(db, people, known)
  local emails, accounts, users = {}, {}, {}
  local lists = { { "NULL" }, { "NULL" }, { "NULL" } }
  for _, person in ipairs(people) do
    local name = person.email and folding.person(person.email)
    if name then emails[name] = person end
    for _, email in ipairs(name and known.emails[name] or {}) do table.insert(lists[1], quoted(email)) end
    for _, account in ipairs(person.accounts) do
      accounts[account.account_id] = person
      table.insert(lists[2], quoted(account.account_id))
    end
    for _, user in ipairs(person.users) do
      users[user] = person
      table.insert(lists[3], quoted(user))
    end
  end
  for i = 1, 3 do lists[i] = table.concat(lists[i], ",") end
  for row in db:rows(CHANGES:format(lists[1], lists[2], lists[3])) do
    local person = emails[folding.person(row.email)] or accounts[row.account_id or ""] or users[folding.ascii(row.user_id or "")]
    if person then table.insert(person.changes, row) end
  end
end

return traces
