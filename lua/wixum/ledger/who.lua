--- Who somebody is, to the ledger and to the team: every invite, every account, every mail; and what support will ask for.
--
-- Owns the searching and what is put together. Words for people are in `who_words`.

local check = require "wixum.ledger.check"
local core = require "wixum.core"
local database = require "wixum.ledger.database"
local evidence = require "wixum.ledger.evidence"
local folding = require "wixum.folding"
local redaction = require "wixum.redaction"
local teams = require "wixum.ledger.team"
local traces = require "wixum.ledger.traces"
local quoted = database.quoted

local who = {}

local MOST = 50 -- people: more are told as a number
local CALLS = 1000 -- calls of one person at most
local FEW = 5 -- people of whom every mail is told

---@class wixum.Person
---@field email string? nil: an account that nobody is known to have
---@field accounts { account_id: string, evidence: string, site_id: string? }[] that are theirs, as far as known
---@field users string[] ids of users of the team that they are, or were
---@field changes wixum.PersonChange[] what was changed about them, or their accounts
---@field rows wixum.PersonRow[] an invite each
---@field sites wixum.PersonSite[] that their accounts reach, or did, without an invite of the ledger
---@field team_invite table? the ledger's row of an invite to the team
---@field team table? as a member of the team, as the service has it: `user` or `invite`

---@class wixum.PersonRow
---@field site_id string
---@field name string? of the site
---@field roles string?
---@field state string
---@field evidence string?
---@field candidates string? account ids, a blank between
---@field taken table<string, wixum.Taken>? of these, those that are somebody else's: whose, by account
---@field mails integer
---@field sent string[] when mails went out, or may have; where it is not known of each, the first and the last
---@field gone_at string? the first look at which the account that accepted was gone
---@field could_before boolean? an account of theirs could reach the site before: whether they accept cannot be seen

---@class wixum.PersonSite
---@field site_id string
---@field name string?
---@field account_id string
---@field absent_at string? the last look before, without it
---@field seen_at string
---@field gone_at string?
---@field unclear boolean? it may have been by an invite of somebody else's, of whom that is unclear

---@class wixum.Who
---@field text string
---@field people wixum.Person[]
---@field more integer people that are not shown
---@field base_url string?
---@field account_id string?
---@field team_asked boolean was the team asked?
---@field team_has_more boolean? there may be more in the team who are meant
---@field team_error wixum.Error? why it could not be

-- ---- what the ledger has ---------------------------------------------------------------------------------------------

local function like(text) return quoted("%" .. text:gsub("[%%_\\]", "\\%0") .. "%") .. " ESCAPE '\\'" end

local ROWS = [[SELECT i.id, i.site_id, s.name, s.url, i.email, i.person, i.roles, i.policy_ids, i.state, i.step, i.unknown_step,
  i.invite_id, i.evidence, i.candidates, i.account_id, i.joined_after, i.joined_by, i.mails, i.reason, i.request_id, i.planned_at,
  i.first_mail_at, i.last_mail_at, i.expires_at, i.changed_at, (SELECT max(p.gone_at) FROM presences p WHERE p.row_id = i.id) AS gone_at
  FROM invites i LEFT JOIN sites s ON s.site_id = i.site_id WHERE %s ORDER BY i.person, i.id]]

local SITES = [[SELECT p.site_id, s.name, p.account_id, p.absent_at, p.seen_at, p.gone_at, EXISTS (SELECT 1 FROM invites i
  WHERE i.site_id = p.site_id AND i.evidence = 'unclear' AND instr(i.candidates, p.account_id) > 0) AS unclear FROM presences p
  LEFT JOIN sites s ON s.site_id = p.site_id WHERE p.row_id IS NULL AND p.account_id = ? ORDER BY p.id]]

local ACCOUNTS = [[SELECT account_id, 'operator' AS evidence, site_id FROM accounts WHERE person = ?
  UNION SELECT account_id, evidence, site_id FROM invites WHERE person = ? AND account_id IS NOT NULL ORDER BY account_id, evidence]]

local MAILS = [[SELECT site_id, began_at, people FROM calls WHERE operation IN ('site_invites.bulk_invite', 'site_invites.resend_invite')
  AND outcome IN ('done', 'unknown') AND (%s) ORDER BY id LIMIT %d]]

-- Calls about somebody: by the address as it was written, since SQLite takes only ASCII's capitals for small letters.
local function names_one_of(words)
  local parts = {}
  for i, word in ipairs(words) do parts[i] = "people LIKE " .. like(word) end
  return table.concat(parts, " OR ")
end

-- When mails may have gone out to somebody, by site; from the calls, since a row keeps the first and the last. A call says nothing of one
-- address of several, and what a person has settled as not sent is in it too.
local function mail_dates(db, person, emails)
  local dates = {}
  for row in db:rows(MAILS:format(names_one_of(emails), CALLS)) do
    for email in row.people:gmatch("%S+") do
      if folding.person(email) == person then
        dates[row.site_id] = dates[row.site_id] or {}
        table.insert(dates[row.site_id], row.began_at)
      end
    end
  end
  return dates
end

local function accounts_of(db, person)
  local list, seen = {}, {}
  for row in db:rows(ACCOUNTS, person, person) do
    if not seen[row.account_id] then list[#list + 1] = row end
    seen[row.account_id] = true
  end
  return list
end

local function add_person(db, found, by_person, person, email)
  local known = by_person[person]
  if known ~= nil then return known or nil end
  if #found.people >= MOST then
    by_person[person] = false
    found.more = found.more + 1
    return nil
  end
  known = { email = email, accounts = accounts_of(db, person), users = {}, rows = {}, sites = {}, changes = {} }
  by_person[person] = known
  found.people[#found.people + 1] = known
  known.rows = db:all(ROWS:format("i.person = " .. quoted(person)))
  for _, row in ipairs(known.rows) do
    if row.evidence == evidence.UNCLEAR then row.taken = check.taken(db, row) end
  end
  if known.rows[1] then known.email = known.rows[1].email end
  return known
end

-- People of whom there are invites that fulfil a condition; those beyond the first are counted.
local function add_people(db, found, by_person, condition)
  local last = ""
  local people = "SELECT person, min(email) AS email FROM invites i WHERE %s GROUP BY person ORDER BY person LIMIT %d"
  for row in db:rows(people:format(condition, MOST)) do
    add_person(db, found, by_person, row.person, row.email)
    last = row.person
  end
  found.more = found.more + db:one(("SELECT count(DISTINCT person) AS number FROM invites i WHERE (%s) AND person > %s"):format(condition,
    quoted(last))).number
end

-- Every mail of each, where few were found; of many the first and the last are enough.
local function add_dates(db, found)
  for _, person in ipairs(found.people) do
    local emails, seen, dates = {}, {}, {}
    for _, row in ipairs(person.rows) do
      if not seen[row.email] then emails[#emails + 1], seen[row.email] = row.email, true end
    end
    if #found.people <= FEW and emails[1] then dates = mail_dates(db, folding.person(emails[1]), emails) end
    for _, row in ipairs(person.rows) do
      local all = dates[row.site_id]
      -- a row counts what went out, or may have: where there are more calls, or fewer, it alone is believed
      row.sent = all and #all == row.mails and all or {}
      if row.mails > 0 and #row.sent == 0 then
        row.sent[1] = row.first_mail_at
        if row.last_mail_at ~= row.first_mail_at then table.insert(row.sent, row.last_mail_at) end
      end
    end
  end
end

-- What their accounts reach beside their invites.
local function add_sites(db, person)
  for _, account in ipairs(person.accounts) do
    for row in db:rows(SITES, account.account_id) do
      local told = false -- with the invite
      for _, own in ipairs(person.rows) do
        if own.site_id == row.site_id then
          -- who was taken off, and is there again, is not told by it
          told = told or own.account_id == row.account_id and (own.state ~= "revoked" or row.gone_at ~= nil)
            or own.evidence == evidence.UNCLEAR and (own.candidates or ""):find(row.account_id, 1, true) ~= nil
          own.could_before = own.could_before or not row.absent_at and own.state == "pending"
        end
      end
      row.unclear = row.unclear == 1
      if not told then person.sites[#person.sites + 1] = row end
    end
  end
end

local function by_account(db, found, by_person, account, known, wix)
  add_people(db, found, by_person, ("(i.account_id = %s OR i.evidence = 'unclear' AND i.candidates LIKE %s)"):format(quoted(account),
    like(account)))
  local tied = db:one("SELECT person, email FROM accounts WHERE account_id = ?", account)
  if tied and by_person[tied.person] == nil then add_person(db, found, by_person, tied.person, tied.email) end
  for row in db:rows("SELECT DISTINCT email FROM changes WHERE account_id = ? AND email <> '' ORDER BY email", account) do
    local person = folding.person(row.email)
    if by_person[person] == nil then add_person(db, found, by_person, person, row.email) end
  end
  local user = not tied and traces.owner(db, account)
  local person = user and known.person_of[user]
  if person and by_person[person] == nil then add_person(db, found, by_person, person, (known.emails[person] or { person })[1]) end
  return not person and wix and user or nil
end

-- An account of whom nobody is known, where it was seen, or something was changed about it.
local function add_nobody(db, found, account)
  for _, person in ipairs(found.people) do
    for _, one in ipairs(person.accounts) do if one.account_id == account then return end end
  end
  if db:one([[SELECT 1 AS found FROM presences WHERE account_id = ? UNION ALL SELECT 1 FROM changes WHERE account_id = ? AND email = ''
    LIMIT 1]], account, account) then
    found.people[#found.people + 1] = { accounts = { { account_id = account, evidence = "nobody" } }, users = {}, rows = {}, sites = {},
      changes = {} }
  end
end

-- ---- what the team has -----------------------------------------------------------------------------------------------

local function is_meant(text, inner)
  local name = type(inner.name) == "table" and inner.name or {}
  local full = ("%s %s"):format(name.first_name or "", name.last_name or "")
  local wanted = folding.person(text)
  for _, value in ipairs{ inner.email or "", full } do
    if type(value) == "string" and utf8.len(value) and folding.person(value):find(wanted, 1, true) then return true end
  end
  return false
end

-- Without a link, whatever it is called, by which anybody could accept.
local function without_link(inner)
  if not inner then return nil end
  local copy = {}
  for name, value in pairs(inner) do
    if not redaction.is_secret_name(name) then copy[name] = value end
  end
  return copy
end

-- The team searches loosely; who is meant is decided here.
local function add_team(db, found, by_person, wix, text)
  local answer, err = wix.users.search_team{ query = text, paging = { limit = MOST, offset = 0 } }
  found.team_asked = answer ~= nil
  if not answer then
    found.team_error = err
    return
  end
  found.team_has_more = #answer.team_members >= MOST
  for _, member in ipairs(answer.team_members) do
    local inner = member.user or member.invite
    if inner and type(inner.email) == "string" and is_meant(text, inner) then
      local person = folding.person(inner.email)
      local known = by_person[person]
      if known == nil then known = add_person(db, found, by_person, person, inner.email) end
      if known and (not known.team or member.user) then known.team = { user = member.user, invite = without_link(member.invite) } end
    end
  end
end

-- The member of the team who is that user. What may be asked is the address, so the whole team is read first.
local function add_member(db, found, by_person, wix, user)
  local people, err = teams.read(wix)
  found.team_asked, found.team_error = people ~= nil, err
  for _, person in ipairs(people or {}) do
    if person.user_id and folding.ascii(person.user_id) == user then return add_team(db, found, by_person, wix, person.email) end
  end
end

-- Users that people are, or were: of the team as it is now, of what was changed about them, and of the ledger's invites to it.
local function add_users(found, known)
  for _, person in ipairs(found.people) do
    local users = person.email and known.users[folding.person(person.email)] or {}
    person.users = table.move(users, 1, #users, 1, {})
    local user = person.team and person.team.user
    local id, there = user and type(user.id) == "string" and folding.ascii(user.id) or nil, false
    for _, one in ipairs(users) do there = there or one == id end
    if id and not there then table.insert(person.users, id) end
  end
end

-- ---- the whole -------------------------------------------------------------------------------------------------------

-- People who were never invited to a site: named by what was changed about them. Those with invites have been found, or counted.
local function add_others(db, found, by_person, text, known)
  local wanted, others, ids = folding.person(text), {}, {}
  for person, emails in pairs(known.emails) do
    if by_person[person] == nil and person:find(wanted, 1, true) then
      others[#others + 1] = { person = person, email = emails[1] }
      ids[#ids + 1] = quoted(person)
    end
  end
  if not others[1] then return end
  local invited = {}
  for row in db:rows(("SELECT DISTINCT person FROM invites WHERE person IN (%s)"):format(table.concat(ids, ","))) do
    invited[row.person] = true
  end
  table.sort(others, function(one, other) return one.person < other.person end)
  for _, one in ipairs(others) do
    if not invited[one.person] then add_person(db, found, by_person, one.person, one.email) end
  end
end

-- The ledger's own invite to the team.
local function add_team_invites(db, found, by_person, condition)
  for row in db:rows(("SELECT * FROM team_invites WHERE %s ORDER BY person"):format(condition)) do
    local known = by_person[row.person]
    if known == nil then known = add_person(db, found, by_person, row.person, row.email) end
    if known then known.team_invite = row end
  end
end

--- Looks somebody up.
---@param db table
---@param text string part of an address, or of a name in the team; or an account's id
---@param wix table? asks the team too
---@return wixum.Who
function who.find(db, text, wix)
  local found, by_person = { text = text, people = {}, more = 0, team_asked = false }, {}
  for row in db:rows("SELECT name, value FROM settings WHERE name IN ('base_url', 'account_id')") do found[row.name] = row.value end
  local known = traces.read(db)
  if core.is_guid(text) then
    local user = by_account(db, found, by_person, folding.ascii(text), known, wix)
    if user then add_member(db, found, by_person, wix, user) end
  else
    -- by the address as it was written too: a part of a domain in ASCII is none of the same as people write it
    local part, written = like(folding.person(text)), like(text)
    add_people(db, found, by_person, ("(i.person LIKE %s OR i.email LIKE %s)"):format(part, written))
    add_team_invites(db, found, by_person, ("person LIKE %s OR email LIKE %s"):format(part, written))
    add_others(db, found, by_person, text, known)
    if wix then add_team(db, found, by_person, wix, text) end
  end
  add_users(found, known)
  traces.add_accounts(db, found.people)
  if core.is_guid(text) then add_nobody(db, found, folding.ascii(text)) end
  traces.add_changes(db, found.people, known)
  add_dates(db, found)
  for _, person in ipairs(found.people) do add_sites(db, person) end
  return found
end

--- Every call about people, for support: no link and no key is in it, since none is ever stored there.
---@param db table
---@param people wixum.Person[]
---@return { began_at: string, operation: string, site_id: string?, people: string, outcome: string?, status: integer?,
--- request_id: string?, reason: string? }[]
function who.calls(db, people)
  local list, seen = {}, {}
  for _, person in ipairs(people) do
    local words, wanted, said = {}, {}, {}
    local function add(word)
      if not word or word == "" or said[word] then return end
      words[#words + 1], said[word], wanted[folding.person(word)] = word, true, true
    end
    add(person.email)
    for _, row in ipairs(person.rows) do add(row.email) end
    for _, change in ipairs(person.changes) do add(change.email) end
    for _, account in ipairs(person.accounts) do add(account.account_id) end
    for _, user in ipairs(person.users) do add(user) end
    for row in db:rows(([[SELECT id, began_at, operation, site_id, people, outcome, status, request_id, reason FROM calls
      WHERE %s ORDER BY id LIMIT %d]]):format(#words > 0 and names_one_of(words) or "0", CALLS)) do
      local meant = false
      for one in row.people:gmatch("%S+") do meant = meant or wanted[folding.person(one)] end
      if meant and not seen[row.id] then list[#list + 1], seen[row.id] = row, true end
    end
  end
  table.sort(list, function(one, other) return one.id < other.id end)
  return list
end

return who
