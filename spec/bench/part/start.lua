--- What a program pays before its first call.

local bench = require "spec.bench.bench"

local TARGETS = { time = 3, memory = 2 } -- milliseconds, MiB

local function start(what)
  local result = bench.run(bench.script("start", what))
  local memory = tonumber(result.output)
  if not memory then bench.quit("/proc/self/status tells no VmHWM here") end
  return { cpu = result.cpu * 1000, wall = result.wall * 1000, memory = memory / 1024 }
end

return function(size)
  local taken = {}
  bench.pin(2)
  start("yardstick")
  start("wixum") -- the first of each reads files that the others find in memory
  for i = 1, size.starts do taken[i] = { start("yardstick"), start("wixum") } end
  bench.head("start-up, what wixum and a client add")
  bench.compare("CPU, ms", taken, "cpu", bench.difference, 2, TARGETS.time)
  bench.compare("clock, ms", taken, "wall", bench.difference, 2, TARGETS.time)
  bench.compare("peak memory, MiB", taken, "memory", bench.difference, 2, TARGETS.memory)
  local function base(field) return bench.median(bench.side(taken, 1, field)) end
  print(("  to a Lua process with libcurl and lua-cjson alone: %.1f ms CPU, %.1f ms, %.1f MiB"):format(base("cpu"), base("wall"),
    base("memory")))
end
