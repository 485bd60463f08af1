--- The sandbox: Wix's user management on loopback, inside the process that asks for it.
--
--     local sandbox = require "wixum.sandbox"
--     local server = assert(sandbox.start{ seed = 1 })
--     local wix = server:client()
--
-- Owns the server as its owner sees it. The model of Wix runs behind it in a Lua state and in threads of its own
-- (`wixum.sandbox.service`, src/sandbox_*.c); everything here is a message to it. It ends with its owner: by `stop`, by
-- `<close>`, by collection, and with the process however that ends.
-- Options of `start` are in `wixum.sandbox.options`, faults in `wixum.sandbox.faults`.

local faults = require "wixum.sandbox.faults"
local json = require "wixum.sandbox.json"
local options = require "wixum.sandbox.options"
local private_file = require "wixum.sandbox.private_file"
local snapshot = require "wixum.sandbox.snapshot"

local sandbox = {}

local server = {}
server.__index = server
server.__name = "wixum.sandbox"

-- A client made here keeps its server: else the collector could stop the one while the other is in use.
local serving = setmetatable({}, { __mode = "k" })

local handles = setmetatable({}, { __mode = "k" }) -- server -> the C side's, false once it is stopped

-- Raises where we were called from: the first line that is not in this file.
local function raise(message)
  local level, here = 2, debug.getinfo(1, "S").source
  while debug.getinfo(level, "S") and debug.getinfo(level, "S").source == here do level = level + 1 end
  error(message, level)
end

local function load_binding()
  local done, binding = pcall(require, "wixum.sandbox.http")
  if done then return binding end
  return nil, "the sandbox needs its C module wixum.sandbox.http, which needs libmicrohttpd (Debian: libmicrohttpd12; "
    .. "to build it anew: apt-get install libmicrohttpd-dev, then make): " .. tostring(binding)
end

-- PEM as it is, or from the file that is named.
local function pem(text, what)
  if text:find("-----BEGIN", 1, true) then return text end
  local file, message = io.open(text, "rb")
  if not file then return nil, ("tls.%s: %s"):format(what, message) end
  local content = file:read("a")
  file:close()
  return content
end

local function read_tls(tls)
  if not tls then return {} end
  local certificate, message = pem(tls.cert, "cert")
  local key
  if certificate then key, message = pem(tls.key, "key") end
  if not key then return nil, message end
  return { certificate = certificate, key = key }
end

-- Options that name files, with what is in them: a state read, a folder made.
local function open_files(given)
  if type(given) ~= "table" then return given end
  local copy, message = {}
  for name, value in pairs(given) do copy[name] = value end
  if type(given.state) == "string" then
    copy.state, message = snapshot.read(given.state)
    if not copy.state then return nil, "state: " .. message end
  end
  if type(given.mail_folder) == "string" then
    copy.mail_folder, message = private_file.folder(given.mail_folder)
    if not copy.mail_folder then return nil, "mail_folder: " .. message end
  end
  return copy
end

--- Starts a sandbox; returns when it listens.
---@param given table? see `wixum.sandbox.options`; a mistake in it raises
---@return table? server
---@return string? message # where the port is taken, a file cannot be read or written, or the C module is missing
function sandbox.start(given)
  local opened, message = open_files(given)
  if given and not opened then return nil, message end
  local complete, mistake = options.complete(opened)
  if not complete then raise("sandbox.start: " .. mistake) end
  local binding
  binding, message = load_binding()
  if not binding then return nil, message end
  local pair
  pair, message = read_tls(complete.tls)
  if not pair then return nil, message end
  complete.scheme, complete.tls = complete.tls and "https" or "http", nil
  local handle
  handle, message = binding.start{
    module = "wixum.sandbox.service", config = json.encode(complete), path = package.path, cpath = package.cpath,
    port = complete.port, max_body = complete.max_body, max_memory = complete.max_memory,
    certificate = pair.certificate, key = pair.key,
  }
  if not handle then return nil, message end
  local self = setmetatable({
    port = handle:port(),
    base_url = ("%s://%s:%d"):format(complete.scheme, complete.host, handle:port()),
    api_key = complete.api_key, account_id = complete.account_id, site_id = complete.sites[1].id,
  }, server)
  handles[self] = handle
  return self
end

local function handle_of(self)
  local handle = self and handles[self]
  if handle then return handle end
  raise(handle == false and "the sandbox is stopped" or "not a sandbox: methods are called with a colon")
end

-- Asks the service, in JSON both ways.
local function ask_text(self, name, args)
  local answer, message = handle_of(self):control(name, args)
  if not answer then raise("the sandbox stumbled: " .. message) end
  return answer
end

-- Asks the service; a failure there is nil and its words.
local function ask(self, name, args)
  local decoded = json.plain(assert(json.decode(ask_text(self, name, json.encode(args or {})))))
  return decoded.result, decoded.failure
end

--- A client of this server: base URL, key, site and account filled in, and no pace unless `rate` is given.
---@param given table? options of `wixum.client`
---@return table client
function server:client(given)
  local complete = { base_url = self.base_url, api_key = self.api_key, site_id = self.site_id,
                     account_id = self.account_id, rate = false }
  for name, value in pairs(given or {}) do complete[name] = value end
  local client = require("wixum").client(complete)
  serving[client] = self
  return client
end

--- The mails that were "sent", oldest first.
---@param filter table? fields that they must have, e.g. { to = "ann@example.com" }
---@return table[] # { number, kind ("invite" | "resend"), to, language, accept_link, invite_id, date }, and of a site's
--- invite site_id, site_name, purpose; of the account's account_id
function server:outbox(filter)
  return ask(self, "outbox", filter).mails
end

--- All invites, as they are now, in the order of their making.
---@param filter table? fields that they must have, e.g. { status = "Pending" }
---@return table[] # fields of SiteInvite and purpose, or of AccountInvite
function server:invites(filter)
  return ask(self, "invites", filter).invites
end

--- The team.
---@param filter table? fields that they must have, e.g. { email = "ann@example.com" }
---@return table[] # { id, account_id, email, name, joined_team_at, assignments }; the account's owner is the first
function server:members(filter)
  return ask(self, "members", filter).members
end

--- Who can reach a site, with what Wix's own call does not tell.
---@param site_id string? the first site unless said
---@return table[]? # { account_id, account_owner_id, email, roles { role_id, assignment_id }, location_ids, joined_at }
---@return string? message # where there is no such site
function server:contributors(site_id)
  local result, failure = ask(self, "contributors", { site_id = site_id })
  return result and result.contributors, failure
end

--- All roles, the account's own included, under their English titles.
---@param filter table? fields that they must have, e.g. { custom = true }
---@return table[] # { id, title, description, restrict_from_level, custom }
function server:roles(filter)
  return ask(self, "roles", filter).roles
end

--- Writes the whole state (sites, people, team, roles, invites, mails, clock; not requests, faults, key) to a file that
--- only its owner can read: the accept links are in it.
---@param path string
---@return true?
---@return string? message # where it cannot be written
function server:save(path)
  if type(path) ~= "string" then raise("server:save needs the path of a file") end
  -- As it is in the answer: decoding and encoding a large state would only take time.
  return private_file.write(path, ask_text(self, "save", "{}"):match('^{"result":(.*)}$') .. "\n")
end

--- Puts a state that was saved in place of all that is known. Accept links lead here from now on; options stay.
---@param path string
---@return true?
---@return string? message # where it cannot be read, or is no state
function server:load(path)
  if type(path) ~= "string" then raise("server:load needs the path of a file") end
  local text, message = snapshot.text(path)
  if not text then return nil, message end
  local answer = json.decode(ask_text(self, "load", text))
  if not answer.result then return nil, ("%s: %s"):format(path, answer.failure) end
  self.account_id, self.site_id = answer.result.account_id, answer.result.site_id
  return true
end

-- A link says most; an id does, and a mail has both.
local function named_invite(invite)
  if type(invite) == "string" then return invite end
  if type(invite) == "table" then
    return invite.accept_link or invite.acceptLink or invite.invite_id or invite.id
  end
end

local function respond(self, verb, invite, email)
  local text = named_invite(invite)
  if type(text) ~= "string" then
    raise(("server:%s needs an invite, its id or its accept link"):format(verb))
  end
  local result, failure = ask(self, verb, { invite = text, email = email })
  return result and result.invite, failure
end

--- What the invitee does who follows the link; or whoever else has it.
---@param invite table|string an invite, a mail, an id or an accept link
---@param email string? of whoever follows it, where that is not the invitee
---@return table? invite # as it is now
---@return string? message # where there is none, or it is not pending
function server:accept(invite, email)
  return respond(self, "accept", invite, email)
end

--- What the invitee does who says no.
---@param invite table|string an invite, a mail, an id or an accept link
---@return table? invite
---@return string? message
function server:decline(invite)
  return respond(self, "decline", invite)
end

--- Transfers a site to somebody, as people do it in the dashboard.
---@param site_id string
---@param email string of the new owner
---@param leaves boolean? the former owner does not stay as a contributor: the account loses the site
---@return string? owner_account_id
---@return string? message
function server:transfer(site_id, email, leaves)
  local result, failure = ask(self, "transfer", { site_id = site_id, email = email, leaves = leaves })
  return result and result.owner_account_id, failure
end

--- Moves the clock on; what runs out by then expires.
---@param seconds number not below zero
---@return number now
function server:advance(seconds)
  local result, failure = ask(self, "advance", { seconds = seconds })
  if not result then raise("server:advance: " .. failure) end
  return result.now
end

--- The sandbox's time.
---@return number # seconds since the epoch
---@return string # RFC 3339
function server:now()
  local result = ask(self, "now")
  return result.now, result.date
end

--- Makes something go wrong: see `wixum.sandbox.faults`. A mistake in it raises.
---@param fault table
---@return integer number # what `fault` of a request in `requests` says
function server:fault(fault)
  local checked, message = faults.check(fault)
  if not checked then raise("server:fault: " .. message) end
  return ask(self, "fault", checked).number
end

--- The faults that still wait for a request.
---@return table[] # what they were made from, and number and hits
function server:faults()
  return ask(self, "faults").faults
end

--- Forgets all faults.
function server:faults_clear()
  ask(self, "faults_clear")
end

--- The requests for the API that came in, oldest first, control calls not counted.
---@param filter table? fields that they must have, e.g. { path = "/invites/site-invite/bulk" }
---@return table[] # { number, date, connection, method, path, query, headers, body, body_size, complete, status, acted, operation, fault }
function server:requests(filter)
  return ask(self, "requests", filter).requests
end

--- Forgets them.
function server:requests_clear()
  ask(self, "requests_clear")
end

--- How it stands.
---@return table # sites, account_id, base_url, now, seed; counts so far: members, invites, mails, requests, connections;
--- memory (bytes); mail_problem, why the last mail is not in the mail folder
function server:state()
  local state = ask(self, "state")
  state.connections = handle_of(self):connections()
  return state
end

--- What the service last stumbled over: a mistake of the sandbox itself, for whoever works on it.
---@return string # empty for nothing
function server:last_error()
  return handle_of(self):last_error()
end

--- Ends it, whatever is under way. Again is fine.
function server:stop()
  local handle = handles[self]
  handles[self] = false
  if handle then handle:stop() end
end

server.__close = server.stop

function server:__tostring()
  return ("wixum sandbox at %s"):format(self.base_url)
end

return sandbox
