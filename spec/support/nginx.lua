--- nginx in front of a sandbox, as a spec sees it: TLS with HTTP/2 and HTTP/1.1 on a port of its own, in a folder of its own.
--
-- Owns the program, its settings and the reading of its log. Of the machine's nginx nothing but the program is used: no
-- settings, no service, no folder. It ends when the spec's process does, however that ends.

local certificates = require "spec.support.certificates"
local here = require "spec.support.here"
local process = require "spec.support.process"
local socket = require "socket"

local nginx = {}
nginx.__index = nginx

-- As root its workers would be somebody else's, who may not enter our folder; others cannot choose.
-- A connection gets GOAWAY with its `requests`th request: that one is answered, and none that came after it is begun.
local SETTINGS = [[
daemon off;
%s
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events { worker_connections 1024; }
http {
  log_format spec '$connection $connection_requests protocol=$http2 $status worker=$pid';
  access_log access.log spec;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:%d ssl http2;
    ssl_certificate %s;
    ssl_certificate_key %s;
    keepalive_requests %d;
    location / {
      proxy_pass http://127.0.0.1:%d;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_next_upstream off;
    }
  }
}
]]

-- It ends when its input does. A user's PATH may lack the folder where nginx is.
local RUN = [[
  PATH=$PATH:/usr/sbin:/sbin
  nginx -p "$1" -c nginx.conf -e stderr &
  echo "nginx is $!"
  while read -r line; do :; done
  kill -TERM $! 2>/dev/null
  wait]]

-- A port that nobody listens on. nginx cannot choose one itself; outside of those that connections get by themselves it
-- is hardly taken meanwhile.
local function free_port()
  for _ = 1, 100 do
    local port, probe = math.random(20000, 32000), socket.tcp()
    local free = probe:bind("127.0.0.1", port)
    probe:close()
    if free then return port end
  end
  error("no port is free", 0)
end

local function write(path, content)
  local file <close> = assert(io.open(path, "w"))
  assert(file:write(content))
end

-- Whether it came up; else its port was taken after all.
local function try(self, upstream, requests)
  self.port = free_port()
  local user = here.run("id -u") == "0\n" and "user root;" or ""
  write(self.folder .. "/nginx.conf", SETTINGS:format(user, self.port, self.made.good.cert, self.made.good.key, requests, upstream))
  write(self.folder .. "/access.log", "")
  self.process = process.start{ "sh", "-c", RUN, "sh", self.folder }
  self.pid = math.tointeger(self.process:expect("nginx is (%d+)\n"))
  local output
  process.eventually("nginx to start", function()
    output = self.process.output
    return output:find("start worker process %d+\n") or output:find("%[emerg%]") or output:find("not found")
  end)
  if output:find("start worker process %d+\n") then return true end
  self:stop()
  if not output:find("Address already in use", 1, true) then error(output, 0) end
end

--- Starts it.
---@param upstream integer port of the sandbox
---@param options { requests: integer? }? requests: most on a connection (1000)
---@return table # `port`, `url`, `ca`
function nginx.start(upstream, options)
  local made = certificates.all()
  local self = setmetatable({ made = made, ca = made.ca, folder = os.tmpname() }, nginx)
  os.remove(self.folder)
  assert(os.execute("mkdir " .. self.folder))
  for _ = 1, 5 do
    if try(self, upstream, options and options.requests or 1000) then
      self.url = "https://127.0.0.1:" .. self.port
      return self
    end
  end
  error("nginx finds no port", 0)
end

-- The worker that was started last.
local function worker(self)
  return math.tointeger(self.process.output:match(".*start worker process (%d+)\n"))
end

local function new_worker(self, old)
  process.eventually("another worker", function() return worker(self) ~= old end)
end

--- Has it read its settings anew: another worker takes new connections, the old one finishes what it has begun and says
-- GOAWAY.
function nginx:reload()
  local old = worker(self)
  process.signal(self.pid, "sighup")
  new_worker(self, old)
  -- the old one is told a tenth of a second later, in which a fast machine is through with all calls
  process.eventually("the old worker to end", function()
    local title = here.read(("/proc/%d/cmdline"):format(old))
    return not title or title == "" or title:find("shutting down", 1, true) ~= nil
  end)
end

--- Ends the worker in the middle of whatever it does; another takes its place.
function nginx:kill_worker()
  local old = worker(self)
  process.signal(old, "sigkill")
  new_worker(self, old)
end

--- Ends it; requests that it had seen are in the log then.
function nginx:stop()
  if not self.process then return end
  self.process:close_input()
  self.process:wait()
  self.process = nil
end

--- What it served so far, by its own log: once stopped, all of it.
---@return { connection: string, number: integer, http2: boolean, status: integer, worker: integer }[]
function nginx:log()
  local list = {}
  for line in io.lines(self.folder .. "/access.log") do
    local connection, number, protocol, status, pid = line:match("^(%d+) (%d+) protocol=(%S*) (%d+) worker=(%d+)$")
    list[#list + 1] = {
      connection = pid .. "." .. connection, number = math.tointeger(number), http2 = protocol == "h2",
      status = math.tointeger(status), worker = math.tointeger(pid),
    }
  end
  return list
end

return nginx
