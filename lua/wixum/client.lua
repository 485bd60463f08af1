--- Clients: options, what is shared by a client and all made from it, and the namespaces of methods.
--
-- Owns the life of a client: made, derived by `with`, closed. What a call does is `wixum.call`'s business.

local core = require "wixum.core"
local declaration = require "wixum.declaration"
local errors = require "wixum.errors"
local gate = require "wixum.gate"
local names = require "wixum.names"
local options = require "wixum.options"
local redaction = require "wixum.redaction"
local retry = require "wixum.retry"
local settings = require "wixum.settings"
local version = require "wixum.version"

local client = {}

-- The private part of a client, by the client: printing or walking a client shows nothing of it.
---@type table<table, { root: table, settings: table, closed: boolean }>
local private = setmetatable({}, { __mode = "k" })

-- Which operation a method is, for help.
local operation_of = setmetatable({}, { __mode = "k" })

--- The declared operation behind a method.
---@param method function
---@return table?
function client.operation_of(method) return operation_of[method] end

-- Which iterator a method is, for help.
local iterator_of = setmetatable({}, { __mode = "k" })

--- The declared iterator behind a method.
---@param method function
---@return table?
function client.iterator_of(method) return iterator_of[method] end

local namespace_of = setmetatable({}, { __mode = "k" })

--- The declared namespace behind `wix.site_invites` and the like.
---@param object any
---@return table?
function client.namespace_of(object) return namespace_of[object] end

-- ---- namespaces ------------------------------------------------------------------------------------------------------

-- "a colon where a dot belongs" passes the namespace itself as the first argument.
local function refuse_colon(operation)
  errors.mistake(("write a dot, not a colon: %s{ … }"):format(operation.full_name))
end

local run_call -- loaded by the first call: what only calls need is no part of the start

local function method(declared, find)
  local operation
  local function run(arguments, call_options)
    if namespace_of[arguments] then refuse_colon(declared) end
    local state, err = find(declared)
    if not state then return nil, err end
    if not operation then
      run_call = run_call or require("wixum.call").run
      operation = require("wixum.compiled").operation(declared)
    end
    return run_call(state, operation, arguments, call_options)
  end
  operation_of[run] = declared
  return run
end

local namespace_metatable = { __name = "wixum.namespace" }

-- What a namespace has methods for, in the order of the documentation.
local function methods_of(namespace)
  local list = table.move(namespace.operations, 1, #namespace.operations, 1, {})
  return table.move(namespace.iterators or {}, 1, #(namespace.iterators or {}), #list + 1, list)
end

function namespace_metatable.__index(object, name)
  local namespace = namespace_of[object]
  local operation = namespace.by_name[name]
  if operation then
    local made = method(operation, rawget(object, namespace_metatable))
    rawset(object, name, made)
    return made
  end
  local iterator = namespace.iterator_by_name[name]
  if iterator then
    local made = require("wixum.paging").method(iterator, object[iterator.over], client.namespace_of)
    iterator_of[made] = iterator
    rawset(object, name, made)
    return made
  end
  local known = {}
  for i, declared in ipairs(methods_of(namespace)) do known[i] = declared.name end
  errors.mistake(("%s has no operation %s%s"):format(namespace.name, redaction.text(tostring(name), 64) or '""',
    names.suggestion(name, known)))
end

function namespace_metatable.__newindex(object)
  errors.mistake(namespace_of[object].name .. " is not to be changed")
end

function namespace_metatable.__pairs(object)
  local position, list = 0, methods_of(namespace_of[object])
  return function()
    position = position + 1
    local declared = list[position]
    if declared then return declared.name, object[declared.name] end
  end
end

function namespace_metatable.__tostring(object)
  local lines = { namespace_of[object].name .. ": " .. namespace_of[object].doc }
  for _, declared in ipairs(methods_of(namespace_of[object])) do
    lines[#lines + 1] = ("  %-16s %s"):format(declared.name, declared.doc)
  end
  return table.concat(lines, "\n")
end

--- An object with the methods of a declared namespace, made as they are asked for.
---@param name string
---@param find fun(operation: table): table?, wixum.Error? # gives the private part of the client to use
---@return table? # nil where no such namespace is declared
function client.namespace(name, find)
  local namespace = declaration.namespace(name)
  if not namespace then return nil end
  local object = setmetatable({ [namespace_metatable] = find }, namespace_metatable)
  namespace_of[object] = namespace
  return object
end

-- ---- clients ---------------------------------------------------------------------------------------------------------

---@class wixum.Client
local methods = {}
local metatable = { __name = "wixum.client" }

local function state_of(object, name)
  local state = private[object]
  if not state then errors.mistake(("write a colon: wix:%s(…)"):format(name)) end
  return state
end

function metatable.__index(object, name)
  if methods[name] then return methods[name] end
  local namespace = client.namespace(name, function() return private[object] end)
  if namespace then
    rawset(object, name, namespace)
    return namespace
  end
  local known = table.move(declaration.namespace_names(), 1, #declaration.namespace_names(), 1, {})
  for known_name in pairs(methods) do known[#known + 1] = known_name end
  errors.mistake(("a client has no field %s%s"):format(redaction.text(tostring(name), 64) or '""', names.suggestion(name, known)))
end

function metatable.__newindex(_, name)
  errors.mistake(("a client is not to be changed (%s): make another with wix:with{ … }"):format(redaction.text(tostring(name), 64)))
end

function metatable.__tostring(object)
  local state = private[object]
  local about = { state.root.base_url }
  if state.settings.site_id then about[#about + 1] = "site " .. core.redact(state.settings.site_id) end
  if state.settings.account_id then about[#about + 1] = "account " .. core.redact(state.settings.account_id) end
  if state.closed or state.root.closed then about[#about + 1] = "closed" end
  return ("wixum.client (%s)"):format(table.concat(about, ", "))
end

function metatable.__close(object) object:close() end

local function new(root, own)
  local object = setmetatable({}, metatable)
  private[object] = { root = root, settings = own, closed = false, cache = {} }
  return object
end

--- A client that differs in some options and shares connections, pace and key with this one.
---@param given wixum.WithOptions options that may differ: see wixum.help("options")
---@return wixum.Client
function methods.with(object, given)
  local state = state_of(object, "with")
  if state.closed or state.root.closed then errors.mistake("the client is closed") end
  local own = setmetatable(options.check(given, "with"), { __index = state.settings })
  return new(state.root, own)
end

--- The same for modules of wixum: what is given is not looked at, and kept. Beside options of calls it may be `before_retry`, called
-- with the outcome so far where an attempt that had failed is about to be made again, before the wait for it; and `untold`, where
-- `before_send` needs to be told nothing.
---@param object wixum.Client
---@param own table
---@return wixum.Client
function client.derive(object, own)
  local state = private[object]
  for _, option in ipairs(options.list) do -- nothing to look up behind it: it makes calls by the thousand
    local name = option.name
    if own[name] == nil then own[name] = state.settings[name] end
  end
  return new(state.root, own)
end

--- Calls an endpoint that is not declared. Without `effect` it counts as one that adds; `context` ("site" or "account")
-- says which id goes along where the client knows both.
---@param arguments { method: string, path: string, query: table?, body: any, effect: string?, context: string? }
---@param call_options table?
---@return any? answer under the service's own names
---@return table info # or nil and a wixum.Error
function methods.call(object, arguments, call_options)
  return require("wixum.free_call").run(state_of(object, "call"), arguments, call_options)
end

-- Ends the calls of a client that are under way, in whatever tasks: each has its true outcome, and its task goes on with that
-- before this returns, where it can.
local function end_calls(root, state)
  local scheduler, ended = require "wixum.scheduler", {}
  for place = 1, root.waiting.last do
    local run = root.waiting[place]
    if run and (root.closed or run.client == state) then ended[#ended + 1] = run end
  end
  for _, run in ipairs(ended) do
    if run.flight then run.flight:stop("closed") end
    scheduler.wake(run, "closed")
  end
  for _, run in ipairs(ended) do scheduler.hurry(run.task) end
end

--- Closes a client and wipes its key; one made by `with` closes only itself. Calls of it that are under way end with kind
-- `closed` and their true outcome. Again is fine.
function methods.close(object)
  local state = state_of(object, "close")
  if state.closed then return end
  state.closed = true
  local root, all = state.root, state.root.first == state
  root.closed = root.closed or all
  if root.waiting.last > 0 then end_calls(root, state) end
  if all then root.session:close() end
end

---@class wixum.Stats
---@field starts integer attempts that were sent, or tried to be
---@field retries integer of these, further attempts of a call
---@field waits integer how often a call waited for pace, halt or back-off
---@field waited number seconds, of all these waits
---@field answers table<integer, integer> how many of each status
---@field in_flight integer calls under way now
---@field sent integer bytes of HTTP
---@field received integer
---@field opened integer connections
---@field reused integer attempts that found a connection open

--- What this client, and all that share its connections, did so far. A closed one still tells.
---@return wixum.Stats
function methods.stats(object)
  local root = state_of(object, "stats").root
  local counts, stats, answers = root.session:stats(), root.stats, {}
  for status, count in pairs(root.stats.answers) do answers[status] = count end
  return {
    starts = stats.starts, retries = stats.retries, waits = stats.waits, waited = stats.waited, answers = answers,
    in_flight = root.gate.flying, sent = counts.sent, received = counts.received, opened = counts.connections, reused = counts.reused,
  }
end

--- Where this client's calls go, and whether that is this machine itself, where nobody is mailed.
---@return string url
---@return boolean loopback
function methods.endpoint(object)
  local root = state_of(object, "endpoint").root
  return root.base_url, root.loopback
end

-- The real clock; a test hands in its own.
local real_clock = { now = core.clock, sleep = core.sleep, random = math.random, time = os.time }

-- The option api_key as a source of the kind that `wixum.settings` gives.
local function source_of(key)
  return function(session)
    local text, reason = key, nil
    if type(key) == "function" then
      local ok
      ok, text, reason = pcall(key)
      if not ok then
        if errors.is_interrupt(text) then error(text, 0) end
        return nil, "the function that returns the API key raised: " .. (redaction.text(errors.text_of(text)) or "")
      end
    end
    if type(text) ~= "string" then
      return nil, core.redact(type(reason) == "string" and reason or "the function that returns the API key returned none")
    end
    local done, ok, problem = pcall(session.set_key, session, text)
    if not done then return nil, "the client was closed by the function that returns the API key" end
    if not ok then return nil, "the API key cannot be used: " .. problem end
    return true
  end
end

-- Hands the key to the session once, when the first call needs it. Answers true, or nil and what is wrong, never the key.
local function key_reader(session, source)
  local loaded = false
  return function()
    if loaded then return true end
    if source == nil then return nil, "there is no API key" end
    local ok, problem = source(session)
    if ok then loaded, source = true, nil end
    return ok, problem
  end
end

--- Makes a client.
---@param given table? options, see wixum.help("options"); what is left out comes from the settings
---@return wixum.Client?
---@return string? problem where the settings (not the options given) cannot be used
function client.new(given)
  local own = options.check(given, "client")
  local found, problem = settings.read()
  if not found then return nil, problem end
  local said = {} -- by the program, and not by its surroundings
  for name in pairs(own) do said[name] = true end
  local defaults = options.defaults()
  local from_settings = own.base_url == nil and found.base_url ~= nil
  local key = own.api_key
  local source = key and source_of(key) or found.key_source
  own.api_key, found.key_source = nil, nil
  for name, value in pairs(found) do if own[name] == nil then own[name] = value end end
  for name, value in pairs(defaults) do if own[name] == nil then own[name] = value end end
  local session, reason = core.session{
    base_url = own.base_url, ca_file = own.ca_file, ca_path = own.ca_path, proxy = own.proxy,
    http_version = own.http_version, max_answer = own.max_answer, concurrency = own.concurrency,
  }
  if not session then
    if from_settings then return nil, "WIXUM_BASE_URL (or base_url in the config file) cannot be used: " .. reason end
    errors.mistake("option base_url cannot be used: " .. reason)
  end
  local ready = key_reader(session, source)
  if type(key) == "string" then
    local ok, wrong = ready()
    if not ok then
      session:close()
      errors.mistake("option api_key: " .. wrong)
    end
  end
  local base_url, loopback = session:endpoint()
  local root = {
    session = session, perform = session.perform, ready = ready, base_url = base_url, loopback = loopback, closed = false,
    gate = gate.new(own.concurrency, own.rate and core.pace(own.rate.calls, own.rate.per)), budget = retry.budget(),
    waiting = { last = 0 }, -- calls that wait for an answer, their turn or a moment
    stats = { starts = 0, waits = 0, waited = 0.0, retries = 0, answers = {} },
    clock = own.clock or real_clock, stamped = not own.clock, -- the core's stamps of first bytes are on the real clock
    user_agent = ("wixum/%s libcurl/%s"):format(version, core.libcurl),
    said = said, proxy = own.proxy and core.redact(own.proxy), -- to be shown: without who connects
  }
  own.proxy = nil
  local object = new(root, own)
  root.first = private[object]
  return object
end

--- Is this a client?
---@param value any
---@return boolean
function client.is(value) return getmetatable(value) == metatable end

--- The private part of a client, for the modules of wixum.
function client.state(object) return private[object] end

return client
