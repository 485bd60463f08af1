-- A proxy that tunnels (CONNECT), as a program: prints its port, then a line for every request it gets. Wherever the
-- client wants to go, it goes to 127.0.0.1 at the port asked for, so that names that do not exist can be used. Ends when
-- its input does.
--
--   lua5.4 spec/support/proxy.lua [refuse]     refuse: answer 407 to everything

local uv = require "luv"

local refuse = arg[1] == "refuse"

local function tunnel(client, port, rest)
  local server = uv.new_tcp()
  local function close()
    for _, handle in ipairs{ client, server } do if not handle:is_closing() then handle:close() end end
  end
  server:connect("127.0.0.1", port, function(problem)
    if problem then return close() end
    client:write("HTTP/1.1 200 Connection established\r\n\r\n")
    if rest ~= "" then server:write(rest) end
    local function pass(from, to)
      from:read_start(function(failed, bytes)
        if bytes and not to:is_closing() then to:write(bytes) elseif failed or not bytes then close() end
      end)
    end
    client:read_stop()
    pass(client, server)
    pass(server, client)
  end)
end

local function serve(client)
  local head = ""
  client:read_start(function(problem, bytes)
    if problem or not bytes then return client:close() end
    head = head .. bytes
    local request, rest = head:match("^(.-)\r\n\r\n(.*)$")
    if not request then return end
    client:read_stop()
    io.write(request:match("^[^\r\n]*"), "\n")
    io.flush()
    local port = request:match("^CONNECT [^%s:]+:(%d+) ")
    if refuse or not port then
      client:write("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", function() client:close() end)
    else
      tunnel(client, tonumber(port), rest)
    end
  end)
end

-- Who writes to a connection that was reset is told by an error, and not ended by a signal.
local broken_pipe = uv.new_signal()
broken_pipe:start("sigpipe")

local listener = uv.new_tcp()
assert(listener:bind("127.0.0.1", 0))
assert(listener:listen(16, function()
  local client = uv.new_tcp()
  listener:accept(client)
  serve(client)
end))
io.write(listener:getsockname().port, "\n")
io.flush()

local stdin = uv.new_pipe()
stdin:open(0)
stdin:read_start(function(_, bytes) if not bytes then uv.stop() end end)
uv.run()
