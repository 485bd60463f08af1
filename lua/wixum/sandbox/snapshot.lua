--- The whole state of a model as plain data, and back: what a sandbox saves and loads.
--
-- Owns which parts of the model are state. Options are not: how duplicates, seats, expiry and so on are treated is said by
-- whoever starts the sandbox that loads; but which sites there are belongs to the account, so that strict sites stay so.
-- Neither are requests, faults and the API key.
-- What follows from other state (indexes, counters, the queue of expiries) is made anew.

local json = require "wixum.sandbox.json"

local snapshot = {}

snapshot.VERSION = 1

-- Lists, so that JSON has them as such also when they are empty.
local function list(items)
  return json.array(table.move(items, 1, #items, 1, {}))
end

local function without(row, ...)
  local copy = {}
  for name, value in pairs(row) do copy[name] = value end
  for _, name in ipairs{ ... } do copy[name] = nil end
  return copy
end

local function each(items, make)
  local made = json.array{}
  for i, item in ipairs(items) do made[i] = make(item) end
  return made
end

--- The state as it is now.
---@return table # plain data, fit for JSON
function snapshot.take(model)
  model:settle()
  local people = json.array{}
  for _, person in pairs(model.people) do people[#people + 1] = person end
  table.sort(people, function(a, b) return a.account_id < b.account_id end)
  return {
    version = snapshot.VERSION, account_id = model.account_id, seed = tostring(model.seed), now = model:now(),
    standing = model.clock.standing or false, base_url = model.base_url,
    strict_sites = model.options.strict_sites or nil, drawn = model.drawn,
    roles = list(model.roles), people = people, members = list(model.members),
    sites = each(model.site_list, function(site) return without(site, "reached_by", "pending", "used") end),
    invites = list(model.invite_list), account_invites = list(model.account_invite_list), made = model.made,
    mails = list(model:outbox()), last_mail = model.mails.last,
  }
end

--- A file's content, if it is JSON.
---@param path string
---@return string? text
---@return any decoded # or what is wrong
function snapshot.text(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local text
  text, message = file:read("a")
  file:close()
  if not text then return nil, ("%s: %s"):format(path, message) end
  local decoded = json.decode(text)
  if type(decoded) ~= "table" then return nil, path .. ": not the state of a sandbox" end
  return text, decoded
end

--- Reads a state from a file.
---@param path string
---@return table? state
---@return string? message
function snapshot.read(path)
  local text, decoded = snapshot.text(path)
  if not text then return nil, decoded end
  local state = json.plain(decoded)
  local mistake = snapshot.mistake(state)
  if mistake then return nil, ("%s: %s"):format(path, mistake) end
  return state
end

--- Whether a value can be restored.
---@param state any
---@return string? mistake
function snapshot.mistake(state)
  if type(state) ~= "table" or state.version == nil then return "not the state of a sandbox" end
  if state.version ~= snapshot.VERSION then
    return ("the state is of version %s, not %d"):format(tostring(state.version), snapshot.VERSION)
  end
  for _, name in ipairs{ "drawn", "roles", "people", "members", "sites", "invites", "account_invites", "mails" } do
    if type(state[name]) ~= "table" then return "the state lacks " .. name end
  end
  if #state.sites == 0 then return "the state has no site" end
  for _, name in ipairs{ "account_id", "seed" } do
    if type(state[name]) ~= "string" then return "the state lacks " .. name end
  end
  for _, name in ipairs{ "now", "made", "last_mail" } do
    if math.type(state[name]) ~= "integer" then return "the state lacks " .. name end
  end
end

-- Accept links lead to the server that they were made by; a server that goes on from a state has another address.
local function renew_link(text, from, to)
  if type(text) == "string" and from and text:sub(1, #from) == from then return to .. text:sub(#from + 1) end
  return text
end

local function restore_sites(model, state)
  for number, site in ipairs(state.sites) do
    site.number, site.pending, site.used, site.reached_by = number, 0, 0, {}
    for _, contributor in ipairs(site.contributors) do
      site.reached_by[contributor.account_id] = true
      if not contributor.owner then site.used = site.used + 1 end
    end
    model.sites[site.id], model.site_list[number] = site, site
  end
end

local function restore_invite(model, invite, base_url)
  invite.accept_link = renew_link(invite.accept_link, base_url, model.base_url)
  model.invites[invite.id], model.by_token[invite.token] = invite, invite
  if invite.site_id then
    model.invite_list[#model.invite_list + 1] = invite
    model.by_address[invite.site_id .. " " .. invite.email:lower()] = invite
    local site = model.sites[invite.site_id]
    if invite.status == "Pending" then site.pending = site.pending + 1 end
  else
    model.account_invite_list[#model.account_invite_list + 1] = invite
    model.account_by_address[invite.email:lower()] = invite
  end
end

local function restore(model, state)
  model:clear(state.seed, state.account_id)
  model.drawn, model.made = state.drawn, state.made
  for _, role in ipairs(state.roles) do
    model.roles[#model.roles + 1], model.roles_by_id[role.id] = role, role
  end
  for _, person in ipairs(state.people) do model.people[person.email:lower()] = person end
  for i, member in ipairs(state.members) do model.members[i], model.members_by_id[member.id] = member, member end
  restore_sites(model, state)
  for _, invite in ipairs(state.invites) do restore_invite(model, invite, state.base_url) end
  for _, invite in ipairs(state.account_invites) do restore_invite(model, invite, state.base_url) end
  model:order_expiries()
  local mails = model.mails
  mails.last = state.last_mail
  mails.first = state.last_mail - #state.mails + 1
  for i, entry in ipairs(state.mails) do
    entry.accept_link = renew_link(entry.accept_link, state.base_url, model.base_url)
    mails[mails.first + i - 1] = entry
  end
  model:team_changed()
  model.sites_version = model.sites_version + 1
end

--- Puts a state in place of whatever the model knew, or leaves all as it was. The state becomes the model's.
---@param model table
---@param state table plain data, for which there is no `snapshot.mistake`
---@return true?
---@return string? message # where it is damaged
function snapshot.restore(model, state)
  local before = {}
  for name, value in pairs(model) do before[name] = value end
  local done, message = pcall(restore, model, state)
  if done then
    model.clock:set(state.now) -- only now: what is queued to expire is known
    return true
  end
  for name in pairs(model) do model[name] = nil end
  for name, value in pairs(before) do model[name] = value end
  if message == "not enough memory" then error(message, 0) end
  return nil, "the state is damaged"
end

return snapshot
