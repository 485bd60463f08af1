--- Search Team: members and invites, found by words and filters, ordered, counted, a page at a time.
--
-- Owns how a search is read and what it finds. A search is done once and kept until the team changes, so that reading
-- page after page of a large team costs a page each.
-- Not documented, and so chosen: every word of `query` must be in the name or the address, case ignored; without an order
-- members come as they joined, then invites as they were made; who has not joined comes last whatever JoinedAt's
-- direction; a filter by invite type finds invites alone; used invites are members, revoked ones are gone; facets count
-- all that is found, not the page; the facet Users has one value, "Users".

local failures = require "wixum.sandbox.failures"
local json = require "wixum.sandbox.json"

local team_search = {}

local KEPT = 16 -- searches that are kept

-- ---- What is asked ---------------------------------------------------------------------------------------------------

local function refuse(field, description)
  return nil, failures.validation{ { field = field, description = description, violatedRule = "INVALID_ARGUMENT" } }
end

local invite_types = { Pending = true, Expired = true, Declined = true, Used = true, Deleted = true }

-- The values that a condition lets pass, as a set; nil where the condition makes no sense.
local function values_of(condition)
  if type(condition) == "string" then return { [condition] = true } end
  if type(condition) ~= "table" then return nil end
  local operator, operand = next(condition)
  if operator == nil or next(condition, operator) ~= nil then return nil end
  if operator == "$eq" then return type(operand) == "string" and { [operand] = true } or nil end
  if operator ~= "$in" or type(operand) ~= "table" then return nil end
  local set, count = {}, 0
  for _, value in pairs(operand) do
    count = count + 1
    if type(value) ~= "string" or not operand[count] then return nil end
    set[value] = true
  end
  return set
end

local function read_filter(given)
  if given == nil then return {} end
  if type(given) ~= "table" then return refuse("filter", "must be an object") end
  local filter = {}
  for name, condition in pairs(given) do
    if name ~= "inviteType" and name ~= "roleId" then return refuse("filter", "can be by inviteType and roleId alone") end
    local set = values_of(condition)
    if not set then return refuse("filter." .. name, "must be a string, { $eq: string } or { $in: [string, …] }") end
    filter[name] = set
  end
  for value in pairs(filter.inviteType or {}) do
    if not invite_types[value] then return refuse("filter.inviteType", "must be of Pending, Expired, Declined, Used, Deleted") end
  end
  return filter
end

local function read_page(model, given)
  local options, paging = model.options, given or {}
  local limit, offset = paging.limit or options.page_size, paging.offset or 0
  if limit < 1 or limit > options.max_page_size then
    return nil, failures.validation{ {
      field = "paging.limit", description = ("must be from 1 to %d"):format(options.max_page_size),
      violatedRule = "OUT_OF_RANGE", data = { threshold = options.max_page_size },
    } }
  end
  return { limit = limit, offset = offset }
end

-- ---- What is there ---------------------------------------------------------------------------------------------------

local function role_set(assignments)
  local set = {}
  for _, assignment in ipairs(assignments) do set[assignment.policy_id] = true end
  return set
end

-- Everybody, with what a search looks at.
local function entries_of(model)
  local list = {}
  for _, member in ipairs(model.members) do
    local name = (member.name.first_name .. " " .. member.name.last_name):lower():match("^%s*(.-)%s*$")
    list[#list + 1] = {
      user = member, name = name ~= "" and name or member.email:lower(), text = name .. "\n" .. member.email:lower(),
      joined = member.joined_team_at, roles = role_set(member.assignments), position = #list,
    }
  end
  for _, invite in ipairs(model.account_invite_list) do
    if invite.status ~= "Used" and invite.status ~= "Deleted" then
      local email = invite.email:lower()
      list[#list + 1] = { invite = invite, name = email, text = email, roles = role_set(invite.assignments), position = #list }
    end
  end
  return list
end

local function has_any(set, wanted)
  for value in pairs(wanted) do
    if set[value] then return true end
  end
  return false
end

local function is_found(entry, words, filter)
  for _, word in ipairs(words) do
    if not entry.text:find(word, 1, true) then return false end
  end
  if filter.inviteType and not (entry.invite and filter.inviteType[entry.invite.status]) then return false end
  return not filter.roleId or has_any(entry.roles, filter.roleId)
end

-- Before, after or (nil) the same, by one order.
local function before(order, a, b)
  if order.field_name == "JoinedAt" and not (a.joined and b.joined) then
    if not a.joined and not b.joined then return nil end
    return a.joined ~= nil
  end
  local x, y = a.name, b.name
  if order.field_name == "JoinedAt" then x, y = a.joined, b.joined end
  if x == y then return nil end
  if order.direction == "DESC" then return x > y end
  return x < y
end

local function sort(found, orders)
  if #orders == 0 then return end
  table.sort(found, function(a, b)
    for _, order in ipairs(orders) do
      local first = before(order, a, b)
      if first ~= nil then return first end
    end
    return a.position < b.position
  end)
end

local function search(entries, query, filter, orders)
  local words, found = {}, {}
  for word in (query or ""):lower():gmatch("%S+") do words[#words + 1] = word end
  for _, entry in ipairs(entries) do
    if is_found(entry, words, filter) then found[#found + 1] = entry end
  end
  sort(found, orders)
  return found
end

-- What was found, kept until the team changes.
local function found_before(model, arguments, filter)
  local kept = model.team_searches
  if not kept or kept.version ~= model.team_version then
    kept = { version = model.team_version, entries = entries_of(model), results = {}, count = 0 }
    model.team_searches = kept
  end
  local orders = arguments.order_by or {}
  local key = json.encode{ arguments.query or "", json.array(orders), filter }
  local result = kept.results[key]
  if not result then
    if kept.count >= KEPT then kept.results, kept.count = {}, 0 end
    result = { found = search(kept.entries, arguments.query, filter, orders), facets = {} }
    kept.results[key], kept.count = result, kept.count + 1
  end
  return result
end

-- ---- What is answered ------------------------------------------------------------------------------------------------

local counted = {}

function counted.Roles(entry, add)
  for id in pairs(entry.roles) do add(id) end
end

function counted.InviteStatus(entry, add)
  if entry.invite then add(entry.invite.status) end
end

function counted.Users(entry, add)
  if entry.user then add("Users") end
end

local function facet_of(found, kind)
  local counts, values = {}, {}
  local function add(value) counts[value] = (counts[value] or 0) + 1 end
  for _, entry in ipairs(found) do counted[kind](entry, add) end
  for value, count in pairs(counts) do values[#values + 1] = { value = value, count = count } end
  table.sort(values, function(a, b) return a.value < b.value end)
  return { facet_type = kind, values = values }
end

local function team_invite(model, invite)
  return {
    id = invite.id, email = invite.email, status = invite.status, accept_link = invite.accept_link,
    date_created = invite.date_created, date_updated = invite.date_updated, expiration_date = invite.expiration_date,
    assignments = model:granted(invite),
  }
end

--- Answers Search Team.
---@param arguments table checked against the declaration
---@return table? answer
---@return table? failure
function team_search.run(model, arguments)
  local page, filter, failure
  filter, failure = read_filter(arguments.filter)
  if not filter then return nil, failure end
  page, failure = read_page(model, arguments.paging)
  if not page then return nil, failure end
  local result = found_before(model, arguments, filter)
  local answer = { facets = {}, team_members = {} }
  for i, kind in ipairs(arguments.facets or {}) do
    result.facets[kind] = result.facets[kind] or facet_of(result.found, kind)
    answer.facets[i] = result.facets[kind]
  end
  for i = page.offset + 1, math.min(page.offset + page.limit, #result.found) do
    local entry = result.found[i]
    answer.team_members[#answer.team_members + 1] =
      entry.user and { user = entry.user } or { invite = team_invite(model, entry.invite) }
  end
  return answer
end

return team_search
