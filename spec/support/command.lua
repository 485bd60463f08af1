--- The command beside a sandbox, in a folder of its own: what specs of commands begin with.

local here = require "spec.support.here"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local support = require "spec.support.ledger"

local command = {}
command.__index = command

-- As if what is on loopback were Wix itself.
local AS_IF_LIVE = [[
  local client = require "wixum.client"
  local new = client.new
  client.new = function(...)
    local object, problem = new(...)
    if object then client.state(object).root.loopback = false end
    return object, problem
  end ]]

--- A sandbox, an empty folder, and an environment that names the sandbox.
---@param options table? of the sandbox
---@return table command server, folder, env
function command.new(options)
  local server = assert(sandbox.start(options or { seed = 3 }))
  return setmetatable({
    server = server, folder = here.run("mktemp -d"):match("%S+"), wixum = os.getenv("WIXUM_SPEC_BUILD") .. "/bin/wixum",
    env = { WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key, WIX_ACCOUNT_ID = server.account_id },
  }, command)
end

function command:close()
  self.server:stop()
  os.execute("rm -rf " .. self.folder)
end

--- From now on it takes the sandbox for Wix itself.
function command:as_if_live()
  local path = self.folder .. "/.live.lua"
  local file <close> = assert(io.open(path, "wb"))
  file:write(AS_IF_LIVE)
  self.env.LUA_INIT_5_4 = "@" .. path
end

--- Runs it. Answers what it printed, on both streams, and its exit status.
function command:run(...) return process.run({ self.wixum, ... }, { env = self.env, cwd = self.folder }) end

--- The same, where it must go well.
function command:done(...)
  local output, code = self:run(...)
  assert(code == 0, output)
  return output
end

--- The same, where it must end with this status.
function command:fails(status, ...)
  local output, code = self:run(...)
  assert(code == status, ("status %d: %s"):format(code, output))
  return output
end

function command:write(name, ...)
  local file <close> = assert(io.open(self.folder .. "/" .. name, "wb"))
  file:write(table.concat({ ... }, "\n"), "\n")
  return name
end

function command:read(name) return support.read(self.folder .. "/" .. name) end

return command
