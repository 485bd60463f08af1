--- The process that runs the specs, and what little it needs to know of others: files, commands, ports, patience.

local socket = require "socket"

local here = {}

--- Whether everything takes many times longer, under a tool.
here.slow = os.getenv "WIXUM_SLOW" ~= nil

--- A file's content; nil where there is none.
function here.read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local content = file:read("a")
  file:close()
  return content
end

--- What a command printed.
function here.run(command)
  local pipe = assert(io.popen(command))
  local output = pipe:read("a")
  pipe:close()
  return output
end

--- This process.
here.pid = here.read("/proc/self/stat"):match("^%d+")

--- Whether somebody listens there.
function here.listening(port)
  local sock = socket.connect("127.0.0.1", port)
  if sock then sock:close() end
  return sock ~= nil
end

--- A listening socket whose queue is full: whoever connects hangs.
---@return table # `port`, `url`; to be closed
function here.deaf()
  local listener = assert(socket.tcp())
  assert(listener:bind("127.0.0.1", 0))
  assert(listener:listen(0))
  local _, port = listener:getsockname()
  local fillers = {}
  for i = 1, 8 do
    fillers[i] = socket.tcp()
    fillers[i]:settimeout(0)
    fillers[i]:connect("127.0.0.1", port)
  end
  return setmetatable({ port = port, url = "http://127.0.0.1:" .. port }, { __close = function()
    for _, filler in ipairs(fillers) do filler:close() end
    listener:close()
  end })
end

--- Waits for what another process or thread does, so long and no longer.
---@return boolean # whether it came
function here.eventually(fn)
  local deadline = socket.gettime() + (here.slow and 60 or 10)
  while not fn() do
    if socket.gettime() > deadline then return false end
    socket.sleep(0.001)
  end
  return true
end

--- How many threads ("task") or descriptors ("fd") this process has. popen's own end of a pipe may still be counted,
--- so the least of some looks is taken.
function here.count(what)
  collectgarbage()
  collectgarbage()
  local least = math.huge
  for _ = 1, 5 do
    least = math.min(least, select(2, here.run(("ls /proc/%s/%s"):format(here.pid, what)):gsub("\n", "")))
  end
  return least
end

return here
