--- Calls one after the other, over plain HTTP.

local bench = require "spec.bench.bench"

local TARGET = 1.25

local function compared(where, size)
  local server_cpu, client_cpu = 1, where == "a CPU each" and 2 or 1
  bench.pin(server_cpu)
  local server <close> = bench.server()
  bench.pin(client_cpu)
  local taken = bench.pairs_of(size.pairs, server, bench.yardstick(server.url, size.calls, size.warm_up),
    bench.script("blocking", server.url, size.calls, size.warm_up), size.calls, size.warm_up, 1)
  bench.head(("%d blocking calls, %s"):format(size.calls, where))
  bench.compare("CPU, wixum / yardstick", taken, "cpu", bench.ratio, 3, TARGET)
  bench.compare("clock, wixum / yardstick", taken, "wall", bench.ratio, 3)
  for which, name in ipairs{ "yardstick", "wixum" } do
    local each = bench.side(taken, which, "cpu")
    bench.line(("CPU a call, %s, us"):format(name), each, bench.least(each), 1)
  end
end

return function(size)
  -- One CPU is the sharper test: where there are two, waking the other each time is much of what either side pays.
  compared("both on one CPU", size)
  if bench.two_cpus then compared("a CPU each", size) end
end
