--- What a fault makes of an answer: the plan by which the C side sends it.
--
-- Owns the plan's vocabulary on this side (the other is in src/sandbox_service.c): status, headers (flat list), body,
-- size, delay, drip, chunk, chunked, close_idle; or raw, whose body is every byte there is, with hold and ending.
-- Pure.

local clock = require "wixum.sandbox.clock"
local failures = require "wixum.sandbox.failures"
local gzip = require "wixum.sandbox.gzip"

local mishap = {}

-- libmicrohttpd builds heads in a fixed memory: larger ones are written by hand.
local largest_head = 16 * 1024

local reasons = {
  [200] = "OK", [201] = "Created", [202] = "Accepted", [204] = "No Content", [301] = "Moved Permanently",
  [302] = "Found", [303] = "See Other", [307] = "Temporary Redirect", [308] = "Permanent Redirect",
  [400] = "Bad Request", [401] = "Unauthorized", [403] = "Forbidden", [404] = "Not Found", [409] = "Conflict",
  [428] = "Precondition Required", [429] = "Too Many Requests", [500] = "Internal Server Error",
  [502] = "Bad Gateway", [503] = "Service Unavailable", [504] = "Gateway Timeout",
}

-- Headers are an ordered list of { name, value }; setting one takes out what had its name.
local function set_header(headers, name, value)
  for i = #headers, 1, -1 do
    if headers[i][1]:lower() == name:lower() then table.remove(headers, i) end
  end
  for _, item in ipairs(type(value) == "table" and value or { value or nil }) do headers[#headers + 1] = { name, item } end
end

local function flatten(headers)
  local flat = {}
  for _, header in ipairs(headers) do
    flat[#flat + 1] = header[1]
    flat[#flat + 1] = header[2]
  end
  return flat
end

--- The plan for an answer that nothing happens to.
---@param answer table status, headers, body
---@return table plan
function mishap.none(answer)
  return { status = answer.status, headers = flatten(answer.headers), body = answer.body }
end

local function change_headers(fault, headers)
  if fault.content_type then set_header(headers, "Content-Type", fault.content_type) end
  if fault.location then set_header(headers, "Location", fault.location) end
  if fault.gzip then set_header(headers, "Content-Encoding", "gzip") end
  if fault.connection_close then set_header(headers, "Connection", "close") end
  for i = 1, fault.headers_count or 0 do headers[#headers + 1] = { "x-filler-" .. i, "filler" } end
  local given = {}
  for name in pairs(fault.headers or {}) do given[#given + 1] = name end
  table.sort(given)
  for _, name in ipairs(given) do set_header(headers, name, fault.headers[name]) end
end

-- Status, headers, body and whole size (nil: the body's) once the fault had its say.
local function changed(fault, answer)
  local status, body, size = fault.status or answer.status, fault.body or answer.body, fault.size
  if not fault.body and fault.status and fault.status >= 300 then body = failures.of_status(fault.status).body end
  if size and not fault.body then body = "" end
  if fault.gzip then
    body = size and gzip.bomb(size) or gzip.store(body)
    size = nil
  end
  local headers = table.move(answer.headers, 1, #answer.headers, 1, {})
  change_headers(fault, headers)
  return status, headers, body, size
end

-- Headers that libmicrohttpd insists on writing itself, or not at all.
local by_hand = { ["content-length"] = true, ["transfer-encoding"] = true, date = true }

local function must_write(fault, headers)
  local size = 0
  for name, value in pairs(fault.headers or {}) do
    if by_hand[name:lower()] or name:lower() == "connection" and value ~= "close" then return true end
  end
  for _, header in ipairs(headers) do size = size + #header[1] + #header[2] + 4 end
  return size > largest_head
end

-- The head as it goes over the wire.
local function written_head(status, headers, size, now)
  local lines = { ("HTTP/1.1 %d %s"):format(status, reasons[status] or "Unknown") }
  local function add(name, value)
    for _, header in ipairs(headers) do
      if header[1]:lower() == name:lower() then return end
    end
    lines[#lines + 1] = name .. ": " .. value
  end
  add("Date", clock.http_date(now))
  for _, header in ipairs(headers) do lines[#lines + 1] = header[1] .. ": " .. header[2] end
  if not (status == 204 or status == 304) then add("Content-Length", ("%d"):format(size)) end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

local function raw_plan(fault, body, size, ending)
  return {
    raw = true, status = 200, body = body, size = size, ending = ending,
    delay = fault.delay, drip = fault.drip, chunk = fault.chunk, hold = fault.hold,
  }
end

--- The plan for an answer that a fault has its way with.
---@param fault table checked
---@param answer table status, headers, body: the model's, or what the fault's status suggests
---@param now integer microseconds, for a Date that is written by hand
---@return table plan
---@return integer? status # as the client may see it; nil where it gets none
function mishap.plan(fault, answer, now)
  if fault.raw then return raw_plan(fault, fault.raw, nil, fault.ending or "close") end
  if fault.reset == "after" then return raw_plan(fault, "", nil, "reset") end
  if fault.close == "after" then return raw_plan(fault, "", nil, "close") end
  local status, headers, body, size = changed(fault, answer)
  local cut = fault.reset_answer_at or fault.close_answer_at
  if not cut and not must_write(fault, headers) then
    return {
      status = status, headers = flatten(headers), body = body, size = size and math.max(size, #body),
      delay = fault.delay, drip = fault.drip, chunk = fault.chunk, chunked = fault.chunked,
      close_idle = fault.close_idle,
    }, status
  end
  size = math.max(size or 0, #body)
  if not cut then set_header(headers, "Connection", fault.headers and fault.headers.Connection or "close") end
  local head = written_head(status, headers, size, now)
  local whole = #head + size
  return raw_plan(fault, head .. body, math.min(cut or whole, whole), fault.reset_answer_at and "reset" or "close"),
    (not cut or cut > 12) and status or nil
end

return mishap
