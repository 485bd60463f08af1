--- What all parts of the benchmark share: its programs and servers, its sizes, and how figures are taken and printed.
--
-- Owns the pairing: yardstick and wixum take turns, and each pair of turns gives one ratio, so that a machine that grows
-- slower meanwhile slows both. Nothing is asserted: a benchmark is read by people, and a busy machine is no mistake of
-- the program.

local bench = {}

local function quit(text)
  io.stderr:write("bench: ", text, "\n")
  os.exit(1, true)
end
bench.quit = quit

local BUILD_FIRST = "`make bench` builds what is needed and runs this"

local function needed(name, advice)
  local found, module = pcall(require, name)
  if not found then quit(("%s cannot be loaded: %s (%s)"):format(name, advice, tostring(module):match("^[^\n]*"))) end
  return module
end

local measured = needed("measured", BUILD_FIRST)
needed("cjson", "install lua-cjson (Debian: lua-cjson)")
local wixum = needed("wixum", BUILD_FIRST)
local core = needed("wixum.core", BUILD_FIRST)

-- ---- programs --------------------------------------------------------------------------------------------------------

-- The Lua that runs this, its scripts, and the folder where the programs were built.
local first = 0
while arg[first - 1] do first = first - 1 end
bench.lua = arg[first]
bench.scripts = arg[0]:match("^(.*)/") or "."
bench.programs = package.searchpath("measured", package.cpath):match("^(.*)/") or "."
bench.user_agent = ("wixum/%s libcurl/%s"):format(wixum.version, core.libcurl)

for _, path in ipairs{ bench.programs .. "/server", bench.programs .. "/yardstick", bench.scripts .. "/blocking.lua" } do
  local file = io.open(path)
  if not file then quit(path .. " is missing: " .. BUILD_FIRST) end
  file:close()
end

--- Runs a program of these words to its end.
---@return { output: string, cpu: number, wall: number }
function bench.run(words)
  local result, problem = measured.run(words)
  if not result then quit(problem) end
  return result
end

--- The words of one of our scripts.
function bench.script(name, ...)
  local words = table.pack(bench.lua, bench.scripts .. "/" .. name .. ".lua", ...)
  for i = 3, words.n do words[i] = words[i] and tostring(words[i]) end
  return words
end

--- The words of the yardstick.
function bench.yardstick(url, calls, warm_up, ...)
  return { bench.programs .. "/yardstick", url .. "/invites/site-invite/bulk", tostring(calls), tostring(warm_up), bench.user_agent, ... }
end

-- ---- the server ------------------------------------------------------------------------------------------------------

local Server = {}
Server.__index = Server

--- A server (server.c), to be closed, on the CPU that programs started now run on.
---@param options string[]? its words
---@return table # `url`
function bench.server(options)
  local words = { bench.programs .. "/server", table.unpack(options or {}) }
  local process, problem = measured.start(words)
  local port = process and process:line()
  if not port then quit(problem or "the server did not start") end
  local scheme = options and options[1] == "--tls" and "https" or "http"
  return setmetatable({ process = process, url = ("%s://127.0.0.1:%s"):format(scheme, port) }, Server)
end

--- What it counted since it was asked last: connections, requests, bytes, sum, span.
function Server:counted()
  local line = self.process:line()
  if not line then quit("the server ended early") end
  local counts = { line = line }
  for name, number in line:gmatch("(%a+) (%-?%d+)") do counts[name] = math.tointeger(number) end
  return counts
end

function Server:__close() self.process:close() end

-- ---- where they run --------------------------------------------------------------------------------------------------

local cpus = measured.cpus()
bench.pinned = cpus[1] and measured.pin(cpus[1])

--- May programs have a CPU of their own each?
bench.two_cpus = bench.pinned and cpus[2] ~= nil

--- Programs started from now on run on this CPU, of those that there are; nil: the first.
function bench.pin(which)
  if bench.pinned then measured.pin(cpus[which or 1] or cpus[1]) end
end

-- ---- figures ---------------------------------------------------------------------------------------------------------

function bench.median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  local middle = #sorted // 2
  return #sorted % 2 == 1 and sorted[middle + 1] or (sorted[middle] + sorted[middle + 1]) / 2
end

function bench.least(list) return math.min(table.unpack(list)) end

--- One figure of each run on one side of the pairs: 1 is the yardstick, 2 is wixum.
function bench.side(taken, which, field)
  local list = {}
  for i, pair in ipairs(taken) do list[i] = pair[which][field] end
  return list
end

function bench.head(text)
  print(("\n%-46s%9s%9s%9s%9s"):format(text, "min", "median", "max", "of best"))
end

--- "met" or "MISSED", with what was wanted.
function bench.verdict(value, most, unit)
  return ("at most %g%s: %s"):format(most, unit or "", value <= most and "met" or "MISSED")
end

function bench.line(name, list, best, digits, target)
  local number = "%9." .. digits .. "f"
  local text = ("  %-44s" .. number:rep(4)):format(name, bench.least(list), bench.median(list), math.max(table.unpack(list)), best)
  if target then text = text .. "   " .. bench.verdict(bench.median(list), target) end
  print(text)
end

--- Wixum against the yardstick, pair by pair, and the best run of the one against the best of the other: on a busy
-- machine that says most.
function bench.compare(name, taken, field, against, digits, target)
  local theirs, ours, list = bench.side(taken, 1, field), bench.side(taken, 2, field), {}
  for i in ipairs(taken) do list[i] = against(ours[i], theirs[i]) end
  bench.line(name, list, against(bench.least(ours), bench.least(theirs)), digits, target)
end

function bench.ratio(ours, theirs) return ours / theirs end
function bench.difference(ours, theirs) return ours - theirs end

--- A figure that is measured once.
function bench.once(name, value, digits, target, unit)
  local text = ("  %-44s%9." .. digits .. "f"):format(name, value)
  if target then text = text .. (" "):rep(30) .. bench.verdict(value, target, unit) end
  print(text)
end

-- One run of a client that prints seconds of CPU and seconds on the clock, and what the server counted meanwhile.
local function one(server, words, calls, warm_up)
  local result = bench.run(words)
  local cpu, wall = result.output:match("^(%S+) (%S+)\n$")
  if not cpu then quit(words[2] .. " printed something else than its times") end
  local counted = server:counted()
  if counted.requests ~= calls + warm_up then quit("not all requests arrived: " .. counted.line) end
  return { cpu = tonumber(cpu) / calls * 1e6, wall = tonumber(wall) }, counted
end

--- So many pairs of runs against one server; both sides must send the same and keep their connections.
---@param in_flight integer connections
---@return table[] # pairs of { cpu = microseconds a call, wall = seconds }
function bench.pairs_of(count, server, yardstick, ours, calls, warm_up, in_flight)
  local taken = {}
  for i = 1, count do
    local theirs, counted = one(server, yardstick, calls, warm_up)
    local own, also_counted = one(server, ours, calls, warm_up)
    if counted.bytes ~= also_counted.bytes or counted.sum ~= also_counted.sum then
      quit(("the clients sent different requests: %s, then %s"):format(counted.line, also_counted.line))
    end
    for _, found in ipairs{ counted, also_counted } do
      if found.connections > in_flight then quit("connections were not kept: " .. found.line) end
    end
    taken[i] = { theirs, own }
  end
  return taken
end

return bench
