--- A client that sees bytes: with it specs look at what the sandbox really does on the wire.
--
-- Owns how a connection's end is told apart: luasocket calls an orderly end and a reset both "closed".
-- Must not know any module of wixum's.

local socket = require "socket"

local raw = {}

local connection = {}
connection.__index = connection

local patience = os.getenv "WIXUM_SLOW" and 60 or 10 -- seconds until a spec gives up

--- Connects to a server of the sandbox's.
---@param server table port, api_key, site_id
---@return table? connection
---@return string? message
function raw.connect(server)
  local sock, message = socket.connect("127.0.0.1", server.port)
  if not sock then return nil, message end
  sock:setoption("tcp-nodelay", true)
  return setmetatable({ sock = sock, server = server }, connection)
end

function connection:close()
  self.sock:close()
end

function connection:send(text)
  return self.sock:send(text)
end

-- The next byte; or nil and how the connection ended ("closed", "reset"), or "open" where nothing comes.
-- A byte at a time, and the pending error asked for before each read: a read would swallow it.
function connection:byte(seconds)
  if self.ended then return nil, self.ended end
  if not self.sock:dirty() then
    if not socket.select({ self.sock }, nil, seconds or patience)[1] then return nil, "open" end
    if self.sock:getoption("error") then
      self.reset = true
    end
  end
  local byte, message = self.sock:receive(1)
  if byte then return byte end
  self.ended = self.reset and "reset" or message
  return nil, self.ended
end

--- Everything until the connection ends, or nothing has come for that long.
---@param seconds number?
---@return string bytes
---@return string how # "closed", "reset" or "open"
function connection:rest(seconds)
  local bytes = {}
  while true do
    local byte, how = self:byte(seconds)
    if not byte then return table.concat(bytes), how end
    bytes[#bytes + 1] = byte
  end
end

local function read_line(self)
  local bytes = {}
  while true do
    local byte, how = self:byte()
    if not byte then return nil, how, table.concat(bytes) end
    if byte == "\n" then return (table.concat(bytes):gsub("\r$", "")) end
    bytes[#bytes + 1] = byte
  end
end

--- So many bytes at once; whether a connection that ends before was reset cannot be told.
function connection:bytes(count)
  if count == 0 then return "" end -- luasocket would wait for more
  self.sock:settimeout(patience)
  return self.sock:receive(count)
end

local function read_chunks(self)
  local parts = {}
  while true do
    local line, how = read_line(self)
    if not line then return nil, how end
    local chunk = self:bytes(tonumber(line, 16))
    read_line(self)
    if chunk == "" then return table.concat(parts) end
    parts[#parts + 1] = chunk
  end
end

--- Reads one answer; the connection stays usable.
---@return table? answer # status, headers (lower case; the last of a name), header_count, body
---@return string? how # the connection ended
function connection:answer()
  local line, how = read_line(self)
  if not line then return nil, how end
  local answer = { status = tonumber(line:match("^HTTP/1%.1 (%d%d%d)")), headers = {}, header_count = 0 }
  while true do
    line, how = read_line(self)
    if not line then return nil, how end
    if line == "" then break end
    local name, value = line:match("^([^:]*): ?(.*)$")
    answer.headers[name:lower()] = value
    answer.header_count = answer.header_count + 1
  end
  if answer.headers["transfer-encoding"] == "chunked" then
    answer.body, how = read_chunks(self)
  else
    answer.body, how = self:bytes(tonumber(answer.headers["content-length"]) or 0)
  end
  if not answer.body then return nil, how end
  return answer
end

--- A request's bytes. Key, site and content type are filled in; a header that is given replaces them, false removes.
---@param server table
---@param path string
---@param body string?
---@param options { method: string?, headers: table? }?
---@return string
function raw.request(server, path, body, options)
  options = options or {}
  local headers = {
    host = "127.0.0.1:" .. server.port, authorization = server.api_key, ["wix-site-id"] = server.site_id,
    ["content-type"] = body and "application/json", ["content-length"] = body and tostring(#body),
  }
  for name, value in pairs(options.headers or {}) do headers[name] = value end
  local lines = { (options.method or "POST") .. " " .. path .. " HTTP/1.1" }
  for name, value in pairs(headers) do
    if value then lines[#lines + 1] = name .. ": " .. value end
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")
end

--- Sends a request and reads its answer.
function connection:call(path, body, options)
  local sent, message = self:send(raw.request(self.server, path, body, options))
  if not sent then return nil, message end
  return self:answer()
end

--- The same, on a connection of its own.
---@return table? answer
---@return string? how # the connection ended
function raw.call(server, path, body, options)
  local one, message = raw.connect(server)
  if not one then return nil, message end
  local answer, how = one:call(path, body, options)
  one:close()
  return answer, how
end

--- Sends a request on a connection of its own, and takes whatever comes until the end.
---@return string bytes
---@return string how # "closed", "reset" or "open"; "unconnected" where not even that worked
function raw.exchange(server, path, body, options, seconds)
  local one = raw.connect(server)
  if not one then return "", "unconnected" end
  one:send(raw.request(server, path, body, options))
  local bytes, how = one:rest(seconds)
  one:close()
  return bytes, how
end

return raw
