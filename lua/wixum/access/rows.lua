--- The rows of a review: who can reach what, one account on one site each, from what was read.
--
-- Owns what stands in a row and in which order. Nobody is left out: not an account that nobody knows, nor a site without a name.
-- Asks the service nothing.

local core = require "wixum.core"
local folding = require "wixum.folding"
local ties = require "wixum.access.ties"
local titles = require "wixum.access.titles"

local rows = {}

rows.WHOLE, rows.SOME, rows.NAMELESS, rows.TRASHED = "(whole account)", "(some sites)", "(no name)", " (in the trash)"
rows.OWNER, rows.NONE, rows.AS_INVITED = "(owner of the site)", "(none)", " (as invited)"

---@class wixum.AccessRow
---@field who "contributor"|"member"|"invited"|"owner"
---@field team_invite string? whose rows are one invite: its id, or the person
---@field email string "" where nobody knows it
---@field name string of the team
---@field account_id string
---@field user_id string of a member; of a contributor whose account's owner it is
---@field site string
---@field site_id string
---@field url string
---@field roles string titles, "; " between
---@field role_ids string[]
---@field evidence string that the account is theirs
---@field since string
---@field changes string since the last review
---@field fixed boolean? nothing can be decided: the account's owner, or what no call could name
---@field gone boolean? was there at the last review, and is not any more

--- A moment of the service, as it stands in a row: in whole seconds.
---@param text any
---@return string
function rows.moment(text)
  local found = type(text) == "string" and text:match("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d")
  return found and "on " .. found .. "Z" or ""
end

--- Since when somebody is on a site, as it stands in a row.
---@param presence { absent_at: string?, seen_at: string? }
---@return string
function rows.since_of(presence)
  if not presence.seen_at then return "" end
  if not presence.absent_at then return "before " .. presence.seen_at end
  return ("between %s and %s"):format(presence.absent_at, presence.seen_at)
end

--- When somebody was seen there, or joined: the end of such a text; nil where it says nothing that can be read.
---@param text string?
---@return string?
function rows.seen_at(text)
  for _, form in ipairs{ "^before (MOMENT)$", "^between MOMENT and (MOMENT)$", "^on (MOMENT)$" } do
    local found = (text or ""):match((form:gsub("MOMENT", "%%d+-%%d+-%%d+T%%S+Z")))
    if found then return found end
  end
end

-- Without what would break a line of a file, or of a page.
local function plain(text) return text and (text:gsub("[%c]+", " ")) or "" end

local function add(reading, row)
  for _, name in ipairs{ "email", "name", "account_id", "user_id", "site", "site_id", "url", "evidence", "since" } do
    row[name] = row[name] or ""
  end
  row.role_ids, row.changes, row.email = row.role_ids or {}, "", plain(row.email)
  if not row.roles then row.roles = reading.titles:words(row.role_ids) end
  table.insert(reading.rows, row)
end

--- A site as rows name it.
---@param site { name: string?, trashed: boolean? }
---@return string
function rows.site_name(site)
  return (site.name and plain(site.name) or rows.NAMELESS) .. (site.trashed and rows.TRASHED or "")
end

-- ---- contributors ----------------------------------------------------------------------------------------------------

-- Who is on a site: as the list of sites says, and whoever was answered besides.
local function accounts_on(reading, site)
  local list, seen = {}, {}
  for _, presence in ipairs(site.told and reading.present[site.id] or {}) do
    list[#list + 1], seen[presence.account_id] = presence, true
  end
  local others = {}
  for account in pairs(reading.found[site.id] or {}) do
    if not seen[account] then others[#others + 1], seen[account] = account, true end
  end
  if not site.told and not reading.found[site.id] then -- it did not say, and could not be asked: who was there before
    for _, presence in ipairs(reading.present[site.id] or {}) do list[#list + 1] = presence end
  end
  if site.owner and not seen[site.owner] and site.owner ~= reading.own then others[#others + 1] = site.owner end
  table.sort(others)
  for _, account in ipairs(others) do list[#list + 1] = { account_id = account } end
  return list
end

local function roles_on(reading, site, account)
  if reading.known_roles then
    local invited = reading.invited[site.id .. " " .. account]
    if not invited then return titles.UNKNOWN, {} end
    local ids = reading.titles:sorted(invited)
    return reading.titles:words(ids) .. rows.AS_INVITED, ids
  end
  local ids = reading.titles:sorted(reading.found[site.id] and reading.found[site.id][account] or {})
  return reading.titles:words(ids), ids
end

local function add_site(reading, site)
  for _, presence in ipairs(accounts_on(reading, site)) do
    local account = presence.account_id
    local owns = account == site.owner
    if not (owns and account == reading.own) then -- the ledger's account owns what is its own
      local email, evidence, name = reading.ties:of(account, site.id)
      local row = { who = owns and "owner" or "contributor", email = email, account_id = account, name = plain(name),
        user_id = reading.ties.owners[account], site = rows.site_name(site), site_id = site.id, url = plain(site.url),
        evidence = evidence, since = rows.since_of(presence) }
      if account == reading.own and row.name == "" then row.name = "(this account)" end
      if owns then row.roles = rows.OWNER else row.roles, row.role_ids = roles_on(reading, site, account) end
      add(reading, row)
    end
  end
end

-- ---- the team --------------------------------------------------------------------------------------------------------

-- What somebody in the team may do, by what it is on: the whole account, one site, or sites that meet conditions.
function rows.by_place(person)
  local places, of = {}, {}
  for _, assignment in ipairs(person.assignments) do
    local key = assignment.conditions and rows.SOME or assignment.site_id or rows.WHOLE
    local place = of[key]
    if not place then
      place = { key = key, site_id = assignment.site_id, name = assignment.site_name, some = assignment.conditions, set = {},
        unreadable = {}, assignments = {} }
      places[#places + 1], of[key] = place, place
    end
    if assignment.policy_id then place.set[assignment.policy_id] = true else table.insert(place.unreadable, assignment.unreadable) end
    table.insert(place.assignments, assignment)
  end
  if not places[1] then places[1] = { key = rows.WHOLE, set = {}, unreadable = {}, assignments = {}, none = true } end
  return places
end

-- Roles as the row has them: where one of them cannot be read, their ids are not all, and nothing is compared with them.
local function roles_at(place, known)
  local ids = known:sorted(place.set)
  if place.none then return rows.NONE, ids end
  if not place.unreadable[1] then return known:words(ids), ids end
  local list = table.move(place.unreadable, 1, #place.unreadable, 1, {})
  if ids[1] then table.insert(list, 1, known:words(ids)) end
  return table.concat(list, "; "), {}
end

local function add_person(reading, person, who)
  for _, place in ipairs(rows.by_place(person)) do
    local site = place.site_id and reading.by_id[place.site_id]
    if not (place.site_id and reading.asked and not site) then -- of other sites than were asked for
      local fixed = person.user_id == nil or place.site_id ~= nil and not core.is_guid(place.site_id)
      for id in pairs(place.set) do fixed = fixed or who == "member" and not place.site_id and reading.titles:is_owner(id) end
      local roles, role_ids = roles_at(place, reading.titles)
      add(reading, { fixed = fixed, who = who, email = person.email, name = plain(person.name),
        user_id = person.user_id and folding.ascii(person.user_id) or person.unusable_id, site_id = place.site_id,
        url = site and plain(site.url),
        site = place.some and rows.SOME or place.site_id and rows.site_name(site or { name = place.name }) or rows.WHOLE,
        role_ids = role_ids, roles = roles, team_invite = who == "invited" and (person.invite_id or person.person) or nil,
        evidence = who ~= "member" and "" or person.email ~= "" and "told" or ties.NOBODY,
        since = rows.moment(who == "member" and person.joined_at or person.created_at) })
    end
  end
end

-- ---- invites ---------------------------------------------------------------------------------------------------------

local OPEN = [[SELECT site_id, email, policy_ids, state, first_mail_at, last_mail_at FROM invites
  WHERE state IN ('pending', 'sending', 'unknown') ORDER BY id]]

local function add_invites(reading)
  local known = {} -- lists of roles, as most were sent: put in order once
  for row in reading.db:rows(OPEN) do
    local site = reading.by_id[row.site_id]
    if site or not reading.asked then
      local sent = known[row.policy_ids]
      if not sent then
        local ids = {}
        for id in row.policy_ids:gmatch("%S+") do ids[#ids + 1] = id end
        ids = reading.titles:sorted(ids)
        sent = { ids = ids, words = reading.titles:words(ids) }
        known[row.policy_ids] = sent
      end
      add(reading, { who = "invited", email = row.email, site = rows.site_name(site or {}), site_id = row.site_id,
        url = site and plain(site.url), role_ids = sent.ids, roles = sent.words,
        since = rows.moment(row.first_mail_at or row.last_mail_at) })
    end
  end
end

-- ---- the whole -------------------------------------------------------------------------------------------------------

local KINDS = { owner = "1", contributor = "2", member = "3", invited = "4" }
local NOBODY = "\xFF" -- behind all that is UTF-8

--- By whom rows stand together: the person, or, where nobody knows whose it is, the account.
---@param row wixum.AccessRow
---@return string
function rows.person(row)
  if row.email ~= "" then return folding.person(row.email) end
  return NOBODY .. (row.account_id ~= "" and row.account_id or row.user_id)
end

local function folded(text) return utf8.len(text) and folding.title(text) or text end

--- Orders rows: by person, the whole account first, then by site; the same each time.
---@param list wixum.AccessRow[]
function rows.sort(list)
  local keys = {}
  for _, row in ipairs(list) do
    keys[row] = table.concat({ rows.person(row), row.site_id == "" and "0" or "1", folded(row.site), row.site_id, KINDS[row.who] or "5",
      row.account_id, row.user_id, row.gone and "1" or "0", row.roles, row.since }, "\1")
  end
  table.sort(list, function(one, other) return keys[one] < keys[other] end)
end

--- Makes the rows of what was read.
---@param reading table `db`, `sites`, `by_id`, `asked` (were sites named?), `present`, `found`, `team`, `titles`, `ties`, `own` (account),
--- `known_roles`, `invited`
---@return wixum.AccessRow[]
function rows.make(reading)
  reading.rows = {}
  for _, site in ipairs(reading.sites) do add_site(reading, site) end
  for _, person in pairs(reading.team and reading.team.members or {}) do add_person(reading, person, "member") end
  for _, person in ipairs(reading.team and reading.team.others or {}) do add_person(reading, person, "member") end
  for _, person in ipairs(reading.team and reading.team.invites or {}) do add_person(reading, person, "invited") end
  add_invites(reading)
  rows.sort(reading.rows)
  return reading.rows
end

--- Can something be decided about a row?
---@param row wixum.AccessRow
---@param own string? the ledger's account
---@return boolean
function rows.is_decidable(row, own)
  if row.gone or row.fixed then return false end
  return row.who == "contributor" and row.account_id ~= own or row.who == "member" and row.site ~= rows.SOME
end

--- Is this an account that nobody knows, of whom nothing but its id can be said?
---@param row wixum.AccessRow
---@return boolean
function rows.is_unknown(row) return row.email == "" end

return rows
