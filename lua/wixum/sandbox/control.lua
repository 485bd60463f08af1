--- The control calls, for the owner and for other processes: what lies under `/_sandbox/`.
--
-- Owns their list. Each is `(server, args)` to a plain table, or nil and a failure in Wix's shape.
-- Names in what goes in and comes out are Lua's (snake_case), since these are ours and not Wix's.
-- No key is needed: whoever reaches loopback may; pages of other origins may not (`wixum.sandbox.service` sees to it).

local clock = require "wixum.sandbox.clock"
local failures = require "wixum.sandbox.failures"
local faults = require "wixum.sandbox.faults"
local formats = require "wixum.sandbox.formats"
local json = require "wixum.sandbox.json"
local snapshot = require "wixum.sandbox.snapshot"

local control = {}

local function refuse(status, code, message)
  return nil, failures.application(status, code, message)
end

local function list(items)
  return json.array(table.move(items, 1, #items, 1, {}))
end

-- The invite as the owner sees it: everything but what only the model needs.
local function view(invite)
  local copy = {}
  for name, value in pairs(invite) do copy[name] = value end
  copy.expires, copy.token, copy.made = nil, nil, nil
  copy.policy_ids = list(invite.policy_ids)
  return copy
end

-- Rows whose fields are what `args` says.
local function matching(rows, args)
  local rows_found = json.array{}
  for _, row in ipairs(rows) do
    local same = true
    for name, value in pairs(args) do same = same and tostring(row[name]) == tostring(value) end
    if same then rows_found[#rows_found + 1] = row end
  end
  return rows_found
end

function control.outbox(server, args)
  return { mails = matching(server.model:outbox(), args) }
end

function control.invites(server, args)
  local model = server.model
  model:settle()
  local all = model.invite_list
  if #model.account_invite_list > 0 then
    all = list(all)
    table.move(model.account_invite_list, 1, #model.account_invite_list, #all + 1, all)
    table.sort(all, function(a, b) return a.made < b.made end)
  end
  local rows = matching(all, args)
  for i, invite in ipairs(rows) do rows[i] = view(invite) end
  return { invites = rows }
end

local function is_address(value) return type(value) == "string" and formats.email(value) end

local function answer(server, args, verb)
  local text = args.invite or args.token
  if type(text) ~= "string" then return refuse(400, "INVALID_ARGUMENT", "invite must be an id or an accept link") end
  if args.email ~= nil and not is_address(args.email) then return refuse(400, "INVALID_ARGUMENT", "email must be an address") end
  local invite, message, code = server.model[verb](server.model, text, args.email)
  if invite then return { invite = view(invite) } end
  return refuse(code == "NOT_FOUND" and 404 or 409, code, message)
end

function control.accept(server, args)
  return answer(server, args, "accept")
end

function control.decline(server, args)
  return answer(server, args, "decline")
end

function control.advance(server, args)
  local seconds = args.seconds
  if type(seconds) ~= "number" or not (seconds >= 0 and seconds < 1e11) then
    return refuse(400, "INVALID_ARGUMENT", "seconds must be a number, not below zero")
  end
  server.clock:advance(seconds)
  server.model:settle()
  return control.now(server)
end

function control.now(server)
  local now = server.model:now()
  return { now = now / 1000000, date = clock.date(now) }
end

function control.account(server)
  return { account_id = server.model.account_id, strict_sites = server.options.strict_sites }
end

function control.fault(server, args)
  local fault, message = faults.check(args)
  if not fault then return refuse(400, "INVALID_ARGUMENT", message) end
  return { number = server.faults:add(fault) }
end

function control.faults(server)
  return { faults = json.array(server.faults.list) }
end

function control.faults_clear(server)
  server.faults:clear()
  return {}
end

function control.requests(server, args)
  return { requests = matching(server.log:list(), args) }
end

function control.requests_clear(server)
  server.log:clear()
  return {}
end

function control.members(server, args)
  local rows = matching(server.model.members, args)
  for i, member in ipairs(rows) do
    local copy = {}
    for name, value in pairs(member) do copy[name] = value end
    copy.assignments = list(member.assignments)
    rows[i] = copy
  end
  return { members = rows }
end

function control.contributors(server, args)
  local model = server.model
  local id = args.site_id or model.site_list[1].id
  local site = type(id) == "string" and model.sites[id:lower()]
  if not site then return refuse(404, "NOT_FOUND", "the account has no such site") end
  args.site_id = nil
  local rows = matching(site.contributors, args)
  for i, contributor in ipairs(rows) do
    local copy = {}
    for name, value in pairs(contributor) do copy[name] = value end
    copy.roles, copy.location_ids = list(contributor.roles), list(contributor.location_ids)
    rows[i] = copy
  end
  return { contributors = rows }
end

function control.transfer(server, args)
  local model = server.model
  local site = type(args.site_id) == "string" and model.sites[args.site_id:lower()]
  if not site then return refuse(404, "NOT_FOUND", "the account has no such site") end
  if not is_address(args.email) then return refuse(400, "INVALID_ARGUMENT", "email must be an address") end
  if args.leaves ~= nil and type(args.leaves) ~= "boolean" then return refuse(400, "INVALID_ARGUMENT", "leaves must be true or false") end
  model:transfer_site(site, model:person(args.email), args.leaves == true)
  return { owner_account_id = site.owner_account_id }
end

function control.roles(server, args)
  local rows = matching(server.model.roles, args)
  for i, role in ipairs(rows) do
    rows[i] = {
      id = role.id, title = role.title, description = role.description, restrict_from_level = role.restrict_from_level,
      custom = role.custom,
    }
  end
  return { roles = rows }
end

-- Files are the caller's business: a server that wrote where any program of this machine says would be a danger.
function control.save(server)
  return snapshot.take(server.model)
end

function control.load(server, args)
  local mistake = snapshot.mistake(args)
  if mistake then return refuse(400, "INVALID_ARGUMENT", mistake) end
  local restored, message = snapshot.restore(server.model, args)
  if not restored then return refuse(400, "INVALID_ARGUMENT", message) end
  server.rate = nil -- its times are of another clock
  return { account_id = server.model.account_id, site_id = server.model.site_list[1].id }
end

local function site_view(site)
  return {
    id = site.id, name = site.name, language = site.language, pending = site.pending, used = site.used, seats = site.seats,
    published = site.published, namespace = site.namespace, trashed = site.trashed, folder_id = site.folder_id,
    locations = list(site.locations), contributors = #site.contributors,
  }
end

function control.state(server)
  local model = server.model
  model:settle()
  local sites = json.array{}
  for i, site in ipairs(model.site_list) do sites[i] = site_view(site) end
  return {
    base_url = server.base_url, account_id = model.account_id, sites = sites,
    now = model:now() / 1000000, seed = model.seed, members = #model.members, mail_problem = model.mail_problem,
    invites = #model.invite_list + #model.account_invite_list, mails = model.mails.last, requests = server.log.last,
    memory = math.ceil(collectgarbage("count") * 1024),
  }
end

-- What HTTP methods reach them; the owner needs none. What changes anything is POST: a link that is only looked at, by a
-- browser or by whatever reads mail beforehand, must not accept.
local methods = {
  outbox = "GET", invites = "GET", requests = "GET", faults = "GET", state = "GET", account = "GET", now = "GET",
  accept = "POST", decline = "POST", transfer = "POST", advance = "POST", fault = "POST",
  faults_clear = "POST", requests_clear = "POST",
  members = "GET", contributors = "GET", roles = "GET", save = "GET", load = "POST",
}

--- The control call of that name.
---@param name string
---@return function? run # (server, args) -> table, or nil and a failure
---@return string? methods # separated by blanks
function control.find(name)
  if methods[name] then return control[name], methods[name] end
end

return control
