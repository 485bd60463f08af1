--- Whose an account is, as far as the ledger and the team know; and how that is known.
--
-- Owns which evidence counts for what. Reads the ledger, asks the service nothing. That the user who owns an account is a member of the
-- team of the same user id is inferred.

local evidence = require "wixum.ledger.evidence"
local folding = require "wixum.folding"

local ties = {}
ties.__index = ties

--- Beside the names that `evidence` has.
ties.NOBODY = "nobody"

ties.WORDS = { nobody = "nobody knows whose account this is" }
for name, words in pairs(evidence.WORDS) do ties.WORDS[name] = words end

-- The strongest first: by what a person is told to have an account.
local RANK = { operator = 1, told = 2, only_candidate = 3, known_account = 4, role = 5, team = 6 }
-- Strong enough to act on where a person is said by an address alone.
local CERTAIN = { operator = true, told = true, only_candidate = true, known_account = true }

local USED = [[SELECT account_id, site_id, email, person, evidence FROM invites WHERE account_id IS NOT NULL AND evidence IS NOT NULL
  AND evidence <> 'unclear']]
local UNCLEAR = "SELECT site_id, candidates FROM invites WHERE evidence = 'unclear' AND state <> 'accepted' AND candidates IS NOT NULL"

local function add(list, person, email, name)
  for _, known in ipairs(list) do
    if known.person == person then
      if (RANK[name] or 9) < (RANK[known.evidence] or 9) then known.evidence = name end
      return
    end
  end
  list[#list + 1] = { person = person, email = email, evidence = name }
end

local function within(index, key)
  index[key] = index[key] or {}
  return index[key]
end

--- Reads what a ledger knows.
---@param db table
---@return table ties
function ties.read(db)
  local self = setmetatable({ said = {}, on_site = {}, anywhere = {}, candidates = {}, accounts = {}, members = {}, owners = {} }, ties)
  for row in db:rows("SELECT account_id, person, email FROM accounts") do
    self.said[row.account_id] = { person = row.person, email = row.email, evidence = evidence.OPERATOR }
    within(self.accounts, row.person)[row.account_id] = evidence.OPERATOR
  end
  for row in db:rows(USED) do
    add(within(self.on_site, row.site_id .. " " .. row.account_id), row.person, row.email, row.evidence)
    add(within(self.anywhere, row.account_id), row.person, row.email, row.evidence)
    local known = within(self.accounts, row.person)
    if (RANK[row.evidence] or 9) < (RANK[known[row.account_id]] or 9) then known[row.account_id] = row.evidence end
  end
  for row in db:rows("SELECT account_id, user_id FROM account_owners") do self.owners[row.account_id] = row.user_id end
  for row in db:rows(UNCLEAR) do
    for id in row.candidates:gmatch("%S+") do self.candidates[row.site_id .. " " .. id] = true end
  end
  return self
end

--- Which members of the team there are, by their user ids, and which user owns which account.
---@param people wixum.TeamPerson[]?
---@param owners table<string, string>
function ties:add_team(people, owners)
  for _, person in ipairs(people or {}) do
    if person.user_id then self.members[folding.ascii(person.user_id)] = person end
  end
  for account, user in pairs(owners) do self.owners[account] = user end
end

-- The member of the team whose account it is.
local function member_of(self, account) return self.owners[account] and self.members[self.owners[account]] end

-- Has the account used somebody's invite, and is another's by the team? A link was passed on, perhaps. What a person has said counts.
local function is_anothers(self, account, one)
  local member = one.evidence ~= evidence.OPERATOR and member_of(self, account)
  return member and member.person ~= "" and member.person ~= one.person
end

--- Whose account it is.
---@param account string in small letters
---@param site_id string? where
---@return string email "" where nobody is known
---@return string evidence
---@return string? name that the team has for them
function ties:of(account, site_id)
  local said = self.said[account]
  local list = said and { said } or site_id and self.on_site[site_id .. " " .. account] or self.anywhere[account]
  if list and (#list > 1 or is_anothers(self, account, list[1])) then -- the account has used the invites of several people, or another's
    return "", evidence.UNCLEAR, self:name(account)
  end
  if list then return list[1].email, list[1].evidence, self:name(account) end
  local member = member_of(self, account)
  if member then return member.email, evidence.TEAM, member.name end
  if site_id and self.candidates[site_id .. " " .. account] then return "", evidence.UNCLEAR end
  return "", ties.NOBODY
end

--- The name that the team has for the owner of an account.
---@param account string
---@return string?
function ties:name(account)
  local member = member_of(self, account)
  return member and member.name or nil
end

--- The accounts that are certainly somebody's.
---@param email string
---@return table<string, string> evidence by account
function ties:accounts_of(email)
  local found = {}
  for account, one in pairs(self.accounts[folding.person(email)] or {}) do
    local list = self.said[account] and { self.said[account] } or self.anywhere[account] or {}
    if CERTAIN[one] and #list == 1 and not is_anothers(self, account, list[1]) then found[account] = one end
  end
  return found
end

--- All whom an account may be, however uncertain that is.
---@param account string
---@param site_id string
---@return string[] people addresses in small letters
function ties:people(account, site_id)
  local list = {}
  local said = self.said[account]
  for _, known in ipairs{ said and { said } or {}, self.on_site[site_id .. " " .. account] or {}, self.anywhere[account] or {} } do
    for _, one in ipairs(known) do list[#list + 1] = one.person end
  end
  local member = member_of(self, account)
  if member and member.email ~= "" then list[#list + 1] = member.person end
  return list
end

return ties
