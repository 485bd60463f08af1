--- Many calls in flight: over TLS as fast as they go, and against a server that takes its time.

local bench = require "spec.bench.bench"
local certificates = require "spec.support.certificates"

local TARGETS = { cpu = 1.30, wall = 1.02 }
local IN_FLIGHT = 64

local function over_tls(where, size)
  local all = certificates.all()
  bench.pin(1)
  local server <close> = bench.server{ "--tls", all.good.cert, all.good.key }
  bench.pin(where == "a CPU each" and 2 or 1)
  local taken = bench.pairs_of(size.pairs, server,
    bench.yardstick(server.url, size.calls, size.warm_up, tostring(IN_FLIGHT), all.ca),
    bench.script("in_flight", server.url, size.calls, size.warm_up, tostring(IN_FLIGHT), all.ca), size.calls, size.warm_up, IN_FLIGHT)
  bench.head(("%d calls over TLS, %d in flight, %s"):format(size.calls, IN_FLIGHT, where))
  bench.compare("CPU, wixum / yardstick", taken, "cpu", bench.ratio, 3, TARGETS.cpu)
  bench.compare("clock, wixum / yardstick", taken, "wall", bench.ratio, 3)
  for which, name in ipairs{ "yardstick", "wixum" } do
    local each = bench.side(taken, which, "cpu")
    bench.line(("CPU a call, %s, us"):format(name), each, bench.least(each), 1)
  end
end

local function spread(size)
  bench.pin(1)
  local server <close> = bench.server{ "--delay", "50" }
  bench.pin(2)
  local calls = size.spread
  local taken = bench.pairs_of((size.pairs + 2) // 3, server,
    bench.yardstick(server.url, calls, IN_FLIGHT, tostring(IN_FLIGHT)),
    bench.script("in_flight", server.url, calls, IN_FLIGHT, tostring(IN_FLIGHT)), calls, IN_FLIGHT, IN_FLIGHT)
  bench.head(("%d calls of 50 ms, %d in flight"):format(calls, IN_FLIGHT))
  bench.compare("clock, wixum / yardstick", taken, "wall", bench.ratio, 3, TARGETS.wall)
  bench.compare("CPU, wixum / yardstick", taken, "cpu", bench.ratio, 3)
end

return function(size)
  over_tls("both on one CPU", size)
  if bench.two_cpus then over_tls("a CPU each", size) end
  spread(size)
end
