--- The sandbox's side of every request, in the server's own Lua state.
--
-- Owns the server's state (model, clock, faults, log, pages) and the requests that are under way. `src/sandbox_service.c`
-- calls it, one call at a time: a connection, a request's head, its end, a control call of the owner's.
-- Must not know threads or sockets: what is to happen on the wire is said in a plan (`wixum.sandbox.mishap`).

local api = require "wixum.sandbox.api"
local clock = require "wixum.sandbox.clock"
local control = require "wixum.sandbox.control"
local failures = require "wixum.sandbox.failures"
local faults = require "wixum.sandbox.faults"
local json = require "wixum.sandbox.json"
local log = require "wixum.sandbox.log"
local mishap = require "wixum.sandbox.mishap"
local model = require "wixum.sandbox.model"
local page = require "wixum.sandbox.page"
local random = require "wixum.sandbox.random"
local router = require "wixum.sandbox.router"

local service = {}

local server               -- there is one in this Lua state
local under_way, heads = {}, 0

--- Called once, before anything else.
---@param config string JSON: the options, complete, and `scheme`
---@param port integer
---@param real_clock fun(): integer microseconds
function service.open(config, port, real_clock)
  local options = json.plain(assert(json.decode(config)))
  local base_url = ("%s://%s:%d"):format(options.scheme, options.host, port)
  local time = clock.new(real_clock, options.start_time)
  server = {
    options = options, base_url = base_url, clock = time,
    model = model.new(options, time, base_url), faults = faults.new(), log = log.new(options),
    real_clock = real_clock, handlers = api.load_handlers(), request_ids = random.stream(options.seed, "request"),
    pages = page.new(real_clock()),
  }
end

--- A connection was accepted.
---@return boolean # whether it is to be reset
function service.connect()
  return server.faults:take{ connecting = true } ~= nil
end

local function read_headers(flat)
  local headers = {}
  for i = 1, #flat, 2 do
    local name, value = flat[i]:lower(), flat[i + 1]
    headers[name] = headers[name] and headers[name] .. ", " .. value or value
  end
  -- From here on nobody has the key.
  local key = headers.authorization
  if key then headers.authorization = key == server.options.api_key and "matches" or "differs" end
  return headers
end

--- A request's head arrived.
---@param connection integer
---@param method string
---@param target string as on the request line
---@param flat string[] name, value, name, value, ...
---@return integer id # for `finish`
---@return integer? reset_at # bytes of the body after which the connection is to be reset
function service.head(connection, method, target, flat)
  local path, query = router.split(target)
  local request = {
    connection = connection, method = method, path = path, query = query, headers = read_headers(flat),
  }
  heads = heads + 1
  under_way[heads] = request
  request.page = page.find(request)
  request.control = path:match("^/_sandbox/([%w_]+)$")
  if request.page or request.control then return heads end
  request.methods, request.segments = router.find(path)
  request.operation = request.methods and request.methods[method]
  request.entry = server.log:begun(request, clock.date(server.model:now()))
  local fault = server.faults:take(request)
  request.fault = fault
  request.entry.fault = fault and fault.number
  return heads, fault and faults.reset_at(fault)
end

-- ---- Control calls ---------------------------------------------------------------------------------------------------

local function has(words, word)
  return (" " .. words .. " "):find(" " .. word .. " ", 1, true) ~= nil
end

local function control_args(request, body)
  if request.method == "GET" then
    local args = {}
    for _, pair in ipairs(router.pairs(request.query)) do args[pair[1]] = pair[2] end
    return args
  end
  if body == "" then return {} end
  -- A form of some page cannot send this type without asking first.
  local kind = (request.headers["content-type"] or ""):lower()
  if not kind:find("^application/json") then
    return nil, failures.application(415, "UNSUPPORTED_MEDIA_TYPE", "The body must be application/json")
  end
  local args = body:find("^%s*{") and json.decode(body)
  if not args then return nil, failures.application(400, "INVALID_ARGUMENT", "The body is not a JSON object") end
  return json.plain(args)
end

local function control_answer(request, body)
  if not api.is_for_us(request.headers, {}) or api.is_foreign(request.headers) then
    return failures.application(403, "PERMISSION_DENIED", "Control calls are for this machine alone")
  end
  local run, methods = control.find(request.control)
  if not run then return failures.application(404, "NOT_FOUND", "No such control call") end
  if not has(methods, request.method) then
    return failures.application(405, "METHOD_NOT_ALLOWED", "This control call is " .. methods)
  end
  local args, failure = control_args(request, body)
  if not args then return failure end
  local result
  result, failure = run(server, args)
  return failure or { status = 200, body = json.encode(result) }
end

--- A control call of the owner's, past HTTP.
---@param name string
---@param args string JSON
---@return string # JSON: { result = … } or { failure = text }
function service.control(name, args)
  local run = assert(control.find(name), "no such control call")
  local result, failure = run(server, json.plain(assert(json.decode(args))))
  if result then return json.encode{ result = result } end
  return json.encode{ failure = json.decode(failure.body).message }
end

-- ---- Answers ---------------------------------------------------------------------------------------------------------

-- Every answer has these; each is a list of its own, since faults change it.
local function with_headers(answer)
  local headers = {
    { "Content-Type", "application/json" },
    { "x-wix-request-id", ("%d.%s"):format(server.model:now() // 1000000, random.digits(server.request_ids)) },
  }
  for _, header in ipairs(answer.headers or {}) do headers[#headers + 1] = header end
  return { status = answer.status, body = answer.body, headers = headers }
end

local function too_large()
  return failures.application(413, "PAYLOAD_TOO_LARGE", ("A body may have %d bytes"):format(server.options.max_body))
end

--- A request's body arrived, or will not.
---@param id integer from `head`
---@param body string
---@param state "complete" | "cut short" | "too large"
---@return table? plan # nil where it was cut short
function service.finish(id, body, state)
  local request = under_way[id]
  under_way[id] = nil
  local entry, fault = request.entry, request.fault
  if entry then server.log:ended(entry, body, state == "complete") end
  if state == "cut short" then return nil end
  if request.page then return mishap.none(page.answer(server, request, body, state == "complete")) end
  if request.control then
    return mishap.none(with_headers(state == "complete" and control_answer(request, body) or too_large()))
  end
  local answer
  if state == "too large" then
    answer = too_large()
  elseif fault and not fault.acts then
    answer = failures.of_status(fault.status or 200)
  else
    answer, entry.acted = api.answer(server, request, body)
  end
  answer = with_headers(answer)
  entry.status = answer.status
  if not fault then return mishap.none(answer) end
  local plan
  plan, entry.status = mishap.plan(fault, answer, server.real_clock())
  return plan
end

return service
