--- Wix's official packages, as a spec sees them: a Node process that makes the calls (spec/interop/run.mjs).
--
-- Owns that process and the way to talk to it. What is called, and what must come of it, is the spec's business.

local cjson = require "cjson"
local here = require "spec.support.here"
local process = require "spec.support.process"

local FOLDER = (os.getenv("WIXUM_SPEC_BUILD") or "build") .. "/interop"

local node = {}
node.__index = node

-- What was answered, without JSON's null: in Lua it is nothing.
local function plain(value)
  if value == cjson.null then return nil end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, item in pairs(value) do copy[key] = plain(item) end
  return copy
end

--- Starts it; `make` has installed the packages before.
function node.start()
  if not here.read(FOLDER .. "/installed") then
    error("the official packages are not installed: " .. (here.read(FOLDER .. "/npm.log") or "make interop does it"), 0)
  end
  -- Specs run with little address space (spec/support/run.sh), and Node reserves much more than it uses.
  local command = 'ulimit -S -v unlimited; exec node --no-warnings "$@"'
  local argv = { "sh", "-c", command, "sh", "spec/interop/run.mjs", FOLDER }
  return setmetatable({ process = process.start(argv) }, node)
end

local function ask(self, request)
  local child = self.process
  if child.code then error("run.mjs has ended: " .. child.output, 0) end
  if self.waiting then error("run.mjs still waits for an answer to an earlier call", 0) end
  self.waiting = true
  child:write(request)
  local line = child:expect("=([^\n]*)\n")
  self.waiting = false
  child.output, child.seen = "", 0 -- a failure that shows what was printed must not show accept links
  return plain(cjson.decode(line))
end

--- The packages besides the SDK.
---@return table<string, { version: string, functions: string[] }> # by name
function node:packages()
  return ask(self, '{"list":true}')
end

--- Makes a call.
---@param server table the sandbox that it is for
---@param called { package: string, name: string } a function that the package exports
---@param arguments string what stands between the parentheses in JavaScript, as a list in JSON
---@param settings { site_id: string?, account_id: string?, api_key: string? } the header of the call's context; another key
---@return any? value # what it resolved with
---@return table? err # what it rejected with: status, code, description, data, violations, request_id, message
function node:call(server, called, arguments, settings)
  local answer = ask(self, cjson.encode{
    package = called.package, ["function"] = called.name, base_url = server.base_url,
    api_key = settings.api_key or server.api_key, site_id = settings.site_id, account_id = settings.account_id,
  }:gsub("}$", function() return ',"arguments":' .. arguments:gsub("\n", " ") .. "}" end))
  return answer.value, answer.error
end

--- Ends it.
function node:stop()
  self.process:close_input()
  if self.waiting and not self.process.code then self.process:kill("sigkill") end
  local code, signal = self.process:wait()
  assert(code == 0 and signal == 0 or self.waiting, "run.mjs ended with status " .. code)
end

return node
