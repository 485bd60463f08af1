--- The control calls, for the owner and for other processes: what lies under `/_sandbox/`.
--
-- Owns their list. Each is `(server, args)` to a plain table, or nil and a failure in Wix's shape.
-- Names in what goes in and comes out are Lua's (snake_case), since these are ours and not Wix's.
-- No key is needed: whoever reaches loopback may; pages of other origins may not (`wixum.sandbox.service` sees to it).

local clock = require "wixum.sandbox.clock"
local failures = require "wixum.sandbox.failures"
local faults = require "wixum.sandbox.faults"
local json = require "wixum.sandbox.json"

local control = {}

local function refuse(status, code, message)
  return nil, failures.application(status, code, message)
end

-- The invite as the owner sees it: everything but what only the model needs.
local function view(invite)
  local copy = {}
  for name, value in pairs(invite) do copy[name] = value end
  copy.expires, copy.token = nil, nil
  copy.policy_ids = json.array(table.move(invite.policy_ids, 1, #invite.policy_ids, 1, {}))
  return copy
end

-- Rows whose fields are what `args` says.
local function matching(rows, args)
  local list = json.array{}
  for _, row in ipairs(rows) do
    local same = true
    for name, value in pairs(args) do same = same and tostring(row[name]) == tostring(value) end
    if same then list[#list + 1] = row end
  end
  return list
end

function control.outbox(server, args)
  return { mails = matching(server.model:outbox(), args) }
end

function control.invites(server, args)
  server.model:settle()
  local rows = matching(server.model.invite_list, args)
  for i, invite in ipairs(rows) do rows[i] = view(invite) end
  return { invites = rows }
end

local function answer(server, args, verb)
  local text = args.invite or args.token
  if type(text) ~= "string" then return refuse(400, "INVALID_ARGUMENT", "invite must be an id or an accept link") end
  local invite, message, code = server.model[verb](server.model, text)
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

function control.state(server)
  local model = server.model
  model:settle()
  return {
    base_url = server.base_url, account_id = model.account_id, sites = json.array(model.site_list),
    now = model:now() / 1000000, seed = server.options.seed,
    invites = #model.invite_list, mails = model.mails.last, requests = server.log.last,
    memory = math.ceil(collectgarbage("count") * 1024),
  }
end

-- What HTTP methods reach them; the owner needs none. The links in mails are followed with GET.
local methods = {
  outbox = "GET", invites = "GET", requests = "GET", faults = "GET", state = "GET", now = "GET",
  accept = "GET POST", decline = "GET POST", advance = "POST", fault = "POST",
  faults_clear = "POST", requests_clear = "POST",
}

--- The control call of that name.
---@param name string
---@return function? run # (server, args) -> table, or nil and a failure
---@return string? methods # separated by blanks
function control.find(name)
  if methods[name] then return control[name], methods[name] end
end

return control
