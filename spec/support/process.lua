--- Programs that a spec starts, talks to, signals and waits for. Waiting is for events, with a limit after which the spec
--- fails; nothing sleeps.

local uv = require "luv"

local process = {}
process.__index = process

-- Everything takes many times longer under valgrind.
local PATIENCE = os.getenv("WIXUM_SLOW") and 120 or 20

-- Runs the loop until `done` answers something, or fails naming what was waited for.
local function wait_until(self, what, done)
  local late = false
  local timer = uv.new_timer()
  uv.update_time() -- the loop's clock stood still since it last ran, and a timer would be due at once
  timer:start(PATIENCE * 1000, 0, function() late = true end)
  local result = done()
  while not result and not late do
    uv.run("once")
    result = done()
  end
  timer:close()
  uv.run("nowait") -- lets go of what is closed: the loop must hold nothing when the Lua state ends
  if not result then error(("waited for %s; so far:\n%s"):format(what, self.output), 3) end
  return result
end

--- Starts a program. stdout and stderr come as one text, in the order in which they were written: both are one pipe. Of two, each
--- look would read all of one before all of the other.
---@param argv string[] the program (looked for in PATH) and its arguments
---@param options { env: table<string, string>?, cwd: string? }? env is added to this process's own
function process.start(argv, options)
  options = options or {}
  local self = setmetatable({ output = "", seen = 0 }, process)
  local env
  if options.env then
    local all = uv.os_environ()
    for name, value in pairs(options.env) do all[name] = value or nil end
    env = {}
    for name, value in pairs(all) do env[#env + 1] = name .. "=" .. value end
  end
  self.stdin, self.printed = uv.new_pipe(), uv.new_pipe()
  local pipe = assert(uv.pipe{ nonblock = true }) -- what it writes to blocks, as programs expect
  assert(self.printed:open(pipe.read))
  self.handle, self.pid = uv.spawn(argv[1], {
    args = table.move(argv, 2, #argv, 1, {}), env = env, cwd = options.cwd, stdio = { self.stdin, pipe.write, pipe.write },
  }, function(code, signal) self.code, self.signal = code, signal end)
  uv.fs_close(pipe.write) -- the program has it now; the end of its output would not be seen
  assert(self.handle, self.pid)
  self.printed:read_start(function(_, text)
    if text then self.output = self.output .. text else self.ended = true end
  end)
  return self
end

--- Types a line.
function process:write(line)
  self.stdin:write(line .. "\n")
end

--- Ends its input.
function process:close_input()
  if not self.stdin:is_closing() then self.stdin:close() end
end

--- Waits until a Lua pattern shows up in what it printed since the last look.
---@return string # the match or the first capture
function process:expect(pattern)
  return wait_until(self, ("%q"):format(pattern), function()
    local first, last, capture = self.output:find(pattern, self.seen + 1)
    if not first then return nil end
    self.seen = last
    return capture or self.output:sub(first, last)
  end)
end

function process:kill(signal)
  uv.kill(self.pid, signal)
end

--- Signals a process that a program started here has started.
function process.signal(pid, signal)
  assert(uv.kill(pid, signal))
end

--- Waits for its end.
---@return integer code
---@return integer signal # 0 where it ended by itself
function process:wait()
  wait_until(self, "its end", function() return self.code and self.ended end)
  for _, handle in ipairs{ self.stdin, self.printed, self.handle } do
    if not handle:is_closing() then handle:close() end
  end
  uv.run("nowait")
  return self.code, self.signal
end

--- Runs a program to its end.
---@return string output
---@return integer code
---@return integer signal
function process.run(argv, options)
  local self = process.start(argv, options)
  self:close_input()
  local code, signal = self:wait()
  return self.output, code, signal
end

--- Waits until a function answers something; for what happens outside of any program started here.
function process.eventually(what, done)
  local ticker = uv.new_timer() -- gives the loop something to come back from
  ticker:start(5, 5, function() end)
  local ok, result = pcall(wait_until, { output = "(nothing)" }, what, done)
  ticker:close()
  uv.run("nowait")
  return assert(ok and result, result)
end

--- Seconds on a clock that never jumps.
function process.now()
  return uv.hrtime() / 1e9
end

--- What starts a command on a terminal of its own, with its exit status. `exec` leaves no shell between: one that stays (dash does,
--- bash does not) hears Ctrl-C too, and answers 130 for a program that lived on and ended well.
---@param command string a simple command, for whichever shell SHELL names
---@return string[] # for `start`
function process.on_terminal(command) return { "script", "-qfec", "exec " .. command, "/dev/null" } end

--- Can `script` give a program a terminal here?
---@return boolean # false in a root without /dev/pts
function process.has_terminals() return select(2, process.run(process.on_terminal "true")) == 0 end

process.NO_TERMINALS = "no terminal can be made here (a root without /dev/pts)"

return process
