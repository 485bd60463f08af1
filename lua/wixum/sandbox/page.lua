--- The sandbox's pages for people: which requests are for them, who may ask, and how they are answered.
--
-- Owns their routes, their headers and the guard against pages of other origins. Needs no key: whoever reaches loopback
-- may look, as with the control calls. A request that brings a key is for Wix's API and never comes here.
-- What stands on the pages is in `wixum.sandbox.pages.*`.

local api = require "wixum.sandbox.api"
local answers = require "wixum.sandbox.pages.answer"
local mail_pages = require "wixum.sandbox.pages.mail"
local overview = require "wixum.sandbox.pages.overview"
local router = require "wixum.sandbox.router"

local page = {}

local most_form = 8192 -- bytes; a token is some forty

-- Guessed by nobody, unlike what comes from the sandbox's seed. Opened by its full name: the owner may change directory.
local function new_nonce()
  local file <close> = assert(io.open("/dev/urandom", "rb"))
  return (assert(file:read(16)):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

--- What the pages keep between requests.
---@param now integer microseconds: tells this sandbox from one before it at the same address
---@return table
function page.new(now)
  return { run = ("%x"):format(now), version = 0, shown = nil }
end

-- ---- Routes ----------------------------------------------------------------------------------------------------------

local function field(pairs_list, name)
  for _, pair in ipairs(pairs_list) do
    if pair[1] == name then return pair[2] end
  end
end

-- Each is (server, asked, nonce) to status, page, and what more there is: etag or location.
local routes = {}

routes["/"] = { GET = function(server, asked, nonce)
  local text, version = overview.page(server, nonce)
  local etag = ('"%s"'):format(version)
  if asked.headers["if-none-match"] == etag then return 304, "", { etag = etag } end
  return 200, text, { etag = etag }
end }

routes["/_sandbox/mail"] = { GET = function(server, asked, nonce)
  local token = field(asked.query, "token")
  if token then return mail_pages.by_token(server, token, nonce) end
  return mail_pages.by_number(server, field(asked.query, "number"), nonce)
end }

routes["/_sandbox/result"] = { GET = function(server, asked, nonce)
  return answers.result(server, field(asked.query, "invite"), nonce)
end }

local function answer_route(verb)
  return {
    GET = function(server, asked, nonce) return mail_pages.by_token(server, field(asked.query, "token"), nonce) end,
    POST = function(server, asked, nonce)
      local status, text, location = answers.post(server, verb, field(asked.form, "token") or field(asked.query, "token"), nonce)
      return status, text, { location = location }
    end,
  }
end

routes["/_sandbox/accept"] = answer_route "accept"
routes["/_sandbox/decline"] = answer_route "decline"

-- What browsers ask for by themselves; it is no call of the service and must not use up a fault.
routes["/favicon.ico"] = { GET = function() return 204, "" end }

local function media_type(request)
  return (request.headers["content-type"] or ""):lower():match("^%s*([^;%s]*)")
end

--- The pages' route for a request; nil where it is not for them.
---@param request table method, path, headers
---@return table? # METHOD -> function
function page.find(request)
  local path, methods = request.path, routes[request.path]
  if not methods then return nil end
  if path:sub(1, 10) ~= "/_sandbox/" then return not request.headers.authorization and methods or nil end
  -- Programs answer an invite under the same address, with JSON.
  if methods.POST and request.method == "POST" and media_type(request) == "application/json" then return nil end
  return methods
end

-- ---- Who may ask -----------------------------------------------------------------------------------------------------

-- A form of another page, also of one at another port of this machine, is told by what browsers say of themselves and
-- no page can change. Programs say nothing of the kind.
local function is_foreign_form(server, headers)
  local fetched_from = headers["sec-fetch-site"]
  if fetched_from and fetched_from ~= "same-origin" and fetched_from ~= "none" then return true end
  if not headers.origin then return false end
  return headers.origin:lower() ~= ("%s://%s"):format(server.options.scheme, headers.host or ""):lower()
end

local function refusal(server, request)
  local headers = request.headers
  if not api.is_for_us(headers, {}) then return 403, "Not for this address", "The sandbox answers to 127.0.0.1 and localhost alone." end
  if api.is_foreign(headers) or request.method == "POST" and is_foreign_form(server, headers) then
    return 403, "Not from there", "The sandbox's pages can be used from themselves alone, not from a page of another origin."
  end
end

-- ---- Answers ---------------------------------------------------------------------------------------------------------

local policy = "default-src 'none'; script-src 'nonce-%s'; style-src 'nonce-%s'; connect-src 'self'; img-src data:; "
  .. "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

local function headers_of(status, more, nonce, has_form)
  local headers = {
    { "Content-Type", "text/html; charset=utf-8" },
    { "Content-Security-Policy", policy:format(nonce, nonce) },
    { "X-Content-Type-Options", "nosniff" },
    { "Cache-Control", "no-store" },
    -- "no-referrer" would make a browser send a form with "Origin: null", as if it came from anywhere.
    { "Referrer-Policy", has_form and "same-origin" or "no-referrer" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
  }
  if status == 204 or status == 304 then table.remove(headers, 1) end
  if more.etag then headers[#headers + 1] = { "ETag", more.etag } end
  if more.location then headers[#headers + 1] = { "Location", more.location } end
  if more.allow then headers[#headers + 1] = { "Allow", more.allow } end
  return headers
end

local function allowed(methods)
  return methods.POST and "GET, HEAD, POST" or "GET, HEAD"
end

-- The fields of a form; or a refusal.
local function read_form(request, body, complete)
  if not complete or #body > most_form then return nil, 413, "Too much", "A form has less to say than that." end
  if body ~= "" and media_type(request) ~= "application/x-www-form-urlencoded" then
    return nil, 415, "Not understood", "An answer is a form, or JSON for programs."
  end
  return router.pairs(body)
end

local function respond(server, request, body, complete, nonce)
  local status, title, text = refusal(server, request)
  if status then return status, mail_pages.message(title, text, nonce), {} end
  local method = request.method == "HEAD" and "GET" or request.method
  local run = request.page[method]
  if not run then
    local methods = allowed(request.page)
    return 405, mail_pages.message("Not like that", ("This page has %s alone."):format(methods), nonce), { allow = methods }
  end
  local form = {}
  if method == "POST" then
    form, status, title, text = read_form(request, body, complete)
    if not form then return status, mail_pages.message(title, text, nonce), {} end
  end
  return run(server, { headers = request.headers, query = router.pairs(request.query), form = form }, nonce)
end

--- Answers a request for a page.
---@param server table options, model, pages
---@param request table page (from `find`), method, query, headers
---@param body string
---@param complete boolean whether that is the whole body
---@return table answer # status, body, headers (a list of pairs)
function page.answer(server, request, body, complete)
  local nonce = new_nonce()
  local status, text, more = respond(server, request, body, complete, nonce)
  local has_form = request.page.POST or request.path == "/_sandbox/mail"
  return { status = status, body = text, headers = headers_of(status, more or {}, nonce, has_form) }
end

return page
