--- Query Sites and Count Sites: what a query may say, which sites it finds, a page and its cursor at a time.
--
-- Owns the query language as far as it is known: `filter` with plain values, `$eq`, `$in`, for lists `$hasSome`, and `$and`;
-- `sort`; `cursorPaging`. What else a query says is refused, so that a client does not take for filtered what is not.
-- A cursor is opaque and carries the query; a page after the first says nothing but the cursor (and a limit).

local base64 = require "wixum.sandbox.base64"
local failures = require "wixum.sandbox.failures"
local json = require "wixum.sandbox.json"
local random = require "wixum.sandbox.random"

local site_query = {}

local MAX_LIMIT = 100

--- What a site's name looks like in an address.
local function slug(site)
  local letters = { ["ä"] = "ae", ["ö"] = "oe", ["ü"] = "ue", ["Ä"] = "ae", ["Ö"] = "oe", ["Ü"] = "ue", ["ß"] = "ss" }
  local text = site.name:gsub("[\xC3][\x80-\xBF]", letters):lower():gsub("[^%w]+", "-"):gsub("^%-+", ""):gsub("%-+$", "")
  return text ~= "" and text or "site-" .. site.number
end

--- A site as Wix shows it, under Lua names.
---@param site table
---@return table
function site_query.view(model, site)
  local accounts, name, url = {}, site.url_name or slug(site), site.view_url
  for i, contributor in ipairs(site.contributors) do accounts[i] = contributor.account_id end
  return {
    id = site.id, name = name, display_name = site.name, published = site.published,
    view_url = url or url == nil and ("https://%s.example"):format(name) or nil, -- false: it has none
    owner_account_id = model:owner_of(site),
    contributor_account_ids = accounts, blocked = site.blocked, folder_id = site.folder_id, namespace = site.namespace,
    trashed_date = site.trashed, editor_type = site.editor_type or nil, premium = site.premium, app_ids = site.app_ids,
  }
end

-- Name on the wire -> Lua name and type; of a list the items' type. `uncounted`: Count Sites does not know it.
local fields = {
  id = { "id", "string", folded = true }, name = { "name", "string" }, displayName = { "display_name", "string" },
  published = { "published", "boolean" }, viewUrl = { "view_url", "string" },
  ownerAccountId = { "owner_account_id", "string", folded = true },
  contributorAccountIds = { "contributor_account_ids", "string", list = true, folded = true },
  blocked = { "blocked", "boolean" }, folderId = { "folder_id", "string" }, namespace = { "namespace", "string" },
  trashedDate = { "trashed_date", "string" }, editorType = { "editor_type", "string" },
  premium = { "premium", "boolean", uncounted = true }, appIds = { "app_ids", "string", list = true, uncounted = true },
}

local function refuse(field, description, rule, data)
  return nil, failures.validation{ { field = field, description = description, violatedRule = rule or "INVALID_ARGUMENT", data = data } }
end

-- ---- Filters ---------------------------------------------------------------------------------------------------------

local function fold(field, value)
  return field.folded and value:lower() or value
end

-- A set of the values of a list, or nil where it is none.
local function set_of(field, list)
  if type(list) ~= "table" then return nil end
  local set, count = {}, 0
  for _, value in pairs(list) do
    count = count + 1
    if type(value) ~= field[2] or list[count] == nil then return nil end
    set[fold(field, value)] = true
  end
  return set
end

local function is_object(value)
  return type(value) == "table" and #value == 0
end

-- The one condition that a field's part of a filter is: the operator and the set of its values.
local function read_condition(field, condition)
  if type(condition) == field[2] then condition = { ["$eq"] = condition } end
  if not is_object(condition) then return nil end
  local operator, operand = next(condition)
  if operator == nil or next(condition, operator) ~= nil then return nil end
  local set
  if operator == "$eq" and not field.list then
    set = type(operand) == field[2] and { [fold(field, operand)] = true } or nil
  elseif operator == "$in" and not field.list or operator == "$hasSome" and field.list then
    set = set_of(field, operand)
  end
  return set
end

-- Adds the conditions of a filter to a list. nil and a failure where one makes no sense.
local function read_filter(filter, counting, conditions, depth)
  if not is_object(filter) or depth > 10 then return refuse("query.filter", "must be an object") end
  for name, condition in pairs(filter) do
    local field = fields[name]
    if name == "$and" then
      if type(condition) ~= "table" or #condition == 0 then return refuse("query.filter.$and", "must be a list of filters") end
      for _, part in ipairs(condition) do
        local read, failure = read_filter(part, counting, conditions, depth + 1)
        if not read then return nil, failure end
      end
    elseif not field or counting and field.uncounted then
      return refuse("query.filter." .. name, "is not a field to filter by")
    else
      local set = read_condition(field, condition)
      if not set then return refuse("query.filter." .. name, "must be a value, or one operator with values of the field's type") end
      conditions[#conditions + 1] = { field = field, set = set }
      conditions.namespace = conditions.namespace or name == "namespace"
    end
  end
  return conditions
end

local function passes(site, conditions)
  for _, condition in ipairs(conditions) do
    local field, found = condition.field, false
    local value = site[field[1]]
    if field.list then
      for _, item in ipairs(value) do found = found or condition.set[fold(field, item)] == true end
    elseif value ~= nil then
      found = condition.set[fold(field, value)] == true
    end
    if not found then return false end
  end
  return true
end

local function plain_filter(query)
  if query.filter == nil or query.filter == json.null then return {} end
  return query.filter
end

-- The conditions of a query; without a word on the namespace it is WIX alone.
local function conditions_of(model, query, counting)
  local conditions, failure = read_filter(plain_filter(query), counting, {}, 0)
  if not conditions then return nil, failure end
  if not conditions.namespace then
    conditions[#conditions + 1] = { field = fields.namespace, set = { WIX = true } }
  end
  if not model.options.trashed_sites then conditions.untrashed = true end
  return conditions
end

-- Sites as they are shown, made anew when something changed that is shown; false for one that has left the account.
local function views(model)
  local list = {}
  for i, site in ipairs(model.site_list) do list[i] = not site.left and site_query.view(model, site) end
  return list
end

local function is_found(view, conditions)
  return passes(view, conditions) and not (conditions.untrashed and view.trashed_date)
end

-- ---- Order and pages -------------------------------------------------------------------------------------------------

local function read_sort(given)
  if given == nil or given == json.null then return {} end
  if type(given) ~= "table" then return refuse("query.sort", "must be a list") end
  local sort = {}
  for i, item in ipairs(given) do
    local where = ("query.sort[%d]"):format(i - 1)
    local field = type(item) == "table" and fields[item.fieldName]
    if not field or field.list then return refuse(where .. ".fieldName", "is not a field to sort by") end
    local order = item.order
    if order == nil or order == json.null then order = "ASC" end
    if order ~= "ASC" and order ~= "DESC" then return refuse(where .. ".order", "must be one of ASC, DESC") end
    sort[i] = { fieldName = item.fieldName, order = order }
  end
  if next(given) ~= nil and #sort == 0 then return refuse("query.sort", "must be a list") end
  return sort
end

-- What a site is sorted by: texts that compare as the values do, then its number.
local function sort_key(view, number, sort)
  local key = {}
  for i, item in ipairs(sort) do
    local value = view[fields[item.fieldName][1]]
    key[i] = value == nil and "" or tostring(value)
  end
  key[#sort + 1] = number
  return key
end

local function comes_before(a, b, sort)
  for i, item in ipairs(sort) do
    if a[i] ~= b[i] then
      if item.order == "DESC" then return a[i] > b[i] end
      return a[i] < b[i]
    end
  end
  return a[#sort + 1] < b[#sort + 1]
end

local function check_words(query, known)
  for name in pairs(query) do
    if not known[name] then return refuse("query." .. tostring(name), "is not a part of a query") end
  end
  return true
end

local function checksum(model, text)
  return ("%016x"):format(random.stream(model.seed, text)())
end

local function write_cursor(model, state)
  local text = json.encode(state)
  return base64.encode(checksum(model, text) .. text)
end

local function read_cursor(model, cursor)
  local text = type(cursor) == "string" and base64.decode(cursor)
  if not text or text:sub(1, 16) ~= checksum(model, text:sub(17)) then
    return refuse("query.cursorPaging.cursor", "is not a cursor of ours")
  end
  return json.plain(assert(json.decode(text:sub(17))))
end

local function read_limit(model, paging)
  local limit = paging.limit
  if limit == nil or limit == json.null then return model.options.sites_page_size end
  limit = type(limit) == "number" and math.tointeger(limit)
  if not limit then return refuse("query.cursorPaging.limit", "must be an integer") end
  if limit < 1 or limit > MAX_LIMIT then
    return refuse("query.cursorPaging.limit", ("must be from 1 to %d"):format(MAX_LIMIT), "OUT_OF_RANGE", { threshold = MAX_LIMIT })
  end
  return limit
end

-- What is asked for: filter, sort, limit, and behind which site to go on.
local function read_query(model, query)
  local good, failure = check_words(query, { filter = true, sort = true, cursorPaging = true })
  if not good then return nil, failure end
  local paging = query.cursorPaging
  if paging == nil or paging == json.null then paging = {} end
  if not is_object(paging) then return refuse("query.cursorPaging", "must be an object") end
  local limit
  limit, failure = read_limit(model, paging)
  if not limit then return nil, failure end
  if paging.cursor == nil or paging.cursor == json.null then
    local sort
    sort, failure = read_sort(query.sort)
    return sort and { filter = plain_filter(query), sort = sort, limit = limit }, failure
  end
  if query.filter ~= nil or query.sort ~= nil then
    return refuse("query.cursorPaging.cursor", "goes with neither filter nor sort: they are in it")
  end
  local state
  state, failure = read_cursor(model, paging.cursor)
  if state and paging.limit then state.limit = limit end
  return state, failure
end

-- All that a query finds, in order, kept until sites change: pages then cost a page each.
local function find(model, asked)
  local key = json.encode{ asked.filter, json.array(asked.sort) }
  local kept = model.site_searches
  if not kept or kept.version ~= model.sites_version then
    kept = { version = model.sites_version, views = views(model), results = {}, count = 0 }
    model.site_searches = kept
  end
  if kept.results[key] then return kept.results[key] end
  local conditions, failure = conditions_of(model, asked.filter and { filter = asked.filter } or {}, false)
  if not conditions then return nil, failure end
  local found = {}
  for number, view in ipairs(kept.views) do
    if view and is_found(view, conditions) then found[#found + 1] = { view = view, key = sort_key(view, number, asked.sort) } end
  end
  if #asked.sort > 0 then table.sort(found, function(a, b) return comes_before(a.key, b.key, asked.sort) end) end
  if kept.count >= 16 then kept.results, kept.count = {}, 0 end
  kept.results[key], kept.count = found, kept.count + 1
  return found
end

-- The first of what was found that comes behind a key.
local function first_behind(found, key, sort)
  local low, high = 1, #found + 1
  while low < high do
    local middle = (low + high) // 2
    if comes_before(key, found[middle].key, sort) then high = middle else low = middle + 1 end
  end
  return low
end

--- A page of sites.
---@param query table as it came
---@return table? answer
---@return table? failure
function site_query.page(model, query)
  local asked, failure = read_query(model, query)
  if not asked then return nil, failure end
  local found
  found, failure = find(model, asked)
  if not found then return nil, failure end
  local first = asked.after and first_behind(found, asked.after, asked.sort) or 1
  local last, sites = math.min(first + asked.limit - 1, #found), {}
  for i = first, last do sites[#sites + 1] = found[i].view end
  local more = last < #found
  local next_cursor = more and write_cursor(model, {
    filter = asked.filter, sort = json.array(asked.sort), limit = asked.limit, after = json.array(found[last].key),
  })
  return { sites = sites, metadata = { count = #sites, cursors = { next = next_cursor or nil }, has_next = more } }
end

--- How many sites a query finds.
---@param query table as it came
---@return table? answer
---@return table? failure
function site_query.count(model, query)
  local good, failure = check_words(query, { filter = true })
  if not good then return nil, failure end
  local conditions
  conditions, failure = conditions_of(model, query, true)
  if not conditions then return nil, failure end
  local count = 0
  for _, site in ipairs(model.site_list) do
    if not site.left and is_found(site_query.view(model, site), conditions) then count = count + 1 end
  end
  return { count = count }
end

return site_query
