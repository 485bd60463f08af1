-- The benchmark: what wixum costs beside the least that a program on libcurl and lua-cjson pays. `make bench` runs it.
--
--   lua5.4 spec/bench/run.lua [--quick]
--
-- Yardstick and wixum take turns, and each pair of turns gives one ratio: a machine that grows slower meanwhile slows
-- both. Nothing is asserted: a benchmark is read by people, and a busy machine is no mistake of the program.

local TARGETS = { calls = 1.25, start = 3, memory = 2 } -- a ratio, milliseconds, MiB

local function quit(text)
  io.stderr:write("bench: ", text, "\n")
  os.exit(1, true)
end

local size = { pairs = 9, calls = 10000, warm_up = 500, starts = 31 }
for _, word in ipairs(arg) do
  if word ~= "--quick" then quit(("unknown option %s: there is --quick"):format(word)) end
  size = { pairs = 3, calls = 2000, warm_up = 200, starts = 11 }
end

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

-- The Lua that runs this, its scripts, and the folder where the programs were built.
local first = 0
while arg[first - 1] do first = first - 1 end
local lua = arg[first]
local scripts = arg[0]:match("^(.*)/") or "."
local programs = package.searchpath("measured", package.cpath):match("^(.*)/") or "."
local user_agent = ("wixum/%s libcurl/%s"):format(wixum.version, core.libcurl)

for _, path in ipairs{ programs .. "/server", programs .. "/yardstick", scripts .. "/blocking.lua", scripts .. "/start.lua" } do
  local file = io.open(path)
  if not file then quit(path .. " is missing: " .. BUILD_FIRST) end
  file:close()
end

local function run(words)
  local result, problem = measured.run(words)
  if not result then quit(problem) end
  return result
end

-- ---- numbers ---------------------------------------------------------------------------------------------------------

local function median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  local middle = #sorted // 2
  return #sorted % 2 == 1 and sorted[middle + 1] or (sorted[middle] + sorted[middle + 1]) / 2
end

local function least(list) return math.min(table.unpack(list)) end

-- One figure of each run on one side of the pairs: 1 is the yardstick, 2 is wixum.
local function side(taken, which, field)
  local list = {}
  for i, pair in ipairs(taken) do list[i] = pair[which][field] end
  return list
end

local function head(text)
  print(("\n%-42s%9s%9s%9s%9s"):format(text, "min", "median", "max", "of best"))
end

local function line(name, list, best, digits, target)
  local number = "%9." .. digits .. "f"
  local text = ("  %-40s" .. number:rep(4)):format(name, least(list), median(list), math.max(table.unpack(list)), best)
  if target then text = text .. ("   at most %g: %s"):format(target, median(list) <= target and "met" or "MISSED") end
  print(text)
end

-- Wixum against the yardstick, pair by pair, and the best run of the one against the best of the other: on a busy
-- machine that says most.
local function compare(name, taken, field, against, digits, target)
  local theirs, ours, list = side(taken, 1, field), side(taken, 2, field), {}
  for i in ipairs(taken) do list[i] = against(ours[i], theirs[i]) end
  line(name, list, against(least(ours), least(theirs)), digits, target)
end

local function ratio(ours, theirs) return ours / theirs end
local function difference(ours, theirs) return ours - theirs end

-- ---- blocking calls --------------------------------------------------------------------------------------------------

-- Also answers what the server counted.
local function calls(server, words)
  local result = run(words)
  local cpu, wall = result.output:match("^(%S+) (%S+)\n$")
  if not cpu then quit(words[1] .. " printed something else than its times") end
  local counted = server:line()
  if not counted then quit("the server ended early") end
  return { cpu = tonumber(cpu) / size.calls * 1e6, wall = tonumber(wall) }, counted
end

local function blocking(where, client_cpu, server_cpu)
  if server_cpu then measured.pin(server_cpu) end
  local server <close>, problem = measured.start{ programs .. "/server" }
  if not server then quit(problem) end
  local port = server:line()
  if not port then quit("the server did not start") end
  if client_cpu then measured.pin(client_cpu) end
  local yardstick = { programs .. "/yardstick", port, tostring(size.calls), tostring(size.warm_up), user_agent }
  local ours = { lua, scripts .. "/blocking.lua", port, tostring(size.calls), tostring(size.warm_up) }
  local taken = {}
  for i = 1, size.pairs do
    local theirs, counted = calls(server, yardstick)
    local own, also_counted = calls(server, ours)
    if counted ~= also_counted then quit(("the clients sent different requests: %s, then %s"):format(counted, also_counted)) end
    if tonumber(counted:match("requests (%d+)")) ~= size.calls + size.warm_up then quit("a connection was not kept: " .. counted) end
    taken[i] = { theirs, own }
  end
  head(("%d blocking calls, %s"):format(size.calls, where))
  compare("CPU, wixum / yardstick", taken, "cpu", ratio, 3, TARGETS.calls)
  compare("clock, wixum / yardstick", taken, "wall", ratio, 3)
  for which, name in ipairs{ "yardstick", "wixum" } do
    local each = side(taken, which, "cpu")
    line(("CPU a call, %s, us"):format(name), each, least(each), 1)
  end
end

-- ---- start-up --------------------------------------------------------------------------------------------------------

local function start(what)
  local result = run{ lua, scripts .. "/start.lua", what }
  local memory = tonumber(result.output)
  if not memory then quit("/proc/self/status tells no VmHWM here") end
  return { cpu = result.cpu * 1000, wall = result.wall * 1000, memory = memory / 1024 }
end

local function starting()
  local taken = {}
  start("yardstick")
  start("wixum") -- the first of each reads files that the others find in memory
  for i = 1, size.starts do taken[i] = { start("yardstick"), start("wixum") } end
  head("start-up, what wixum and a client add")
  compare("CPU, ms", taken, "cpu", difference, 2, TARGETS.start)
  compare("clock, ms", taken, "wall", difference, 2, TARGETS.start)
  compare("peak memory, MiB", taken, "memory", difference, 2, TARGETS.memory)
  local function base(field) return median(side(taken, 1, field)) end
  print(("  to a Lua process with libcurl and lua-cjson alone: %.1f ms CPU, %.1f ms, %.1f MiB"):format(base("cpu"), base("wall"),
    base("memory")))
end

local cpus = measured.cpus()
local pinned = cpus[1] and measured.pin(cpus[1])
print(("%s, Lua %s; %d pairs of runs, %d of starts%s"):format(user_agent, _VERSION:match("[%d.]+"), size.pairs, size.starts,
  pinned and "" or "; not pinned to CPUs"))
if pinned and cpus[2] then
  -- One CPU is the sharper test: where there are two, waking the other each time is much of what either side pays.
  blocking("both on one CPU", cpus[1], cpus[1])
  blocking("a CPU each", cpus[1], cpus[2])
else
  blocking(pinned and "both on one CPU" or "not pinned", pinned and cpus[1], pinned and cpus[1])
end
starting()
