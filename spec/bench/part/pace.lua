--- A pace that is kept: by the server's clock no window is exceeded, and hardly a moment is given away.

local bench = require "spec.bench.bench"

local TARGET = 1.02

return function(size)
  local calls, rate, per = size.paced, 100, 1
  bench.pin(1)
  local server <close> = bench.server{ "--window", tostring(rate) }
  bench.pin(2)
  local result = bench.run(bench.script("pace", server.url, tostring(calls), tostring(rate), tostring(per)))
  local wall, counted = tonumber(result.output), server:counted()
  if not wall or counted.requests ~= calls then bench.quit("not all calls were made: " .. counted.line) end
  local least = (calls - 1) // rate * per
  print(("\n%d calls at %d in %d s"):format(calls, rate, per))
  bench.once("clock / least possible", wall / least, 3, TARGET)
  print(("  %-44s%9.4f%30s%s"):format(("least time of %d calls by the server's clock, s"):format(rate + 1), counted.span / 1e6, "",
    counted.span >= per * 1000000 and "no window exceeded: met" or "A WINDOW WAS EXCEEDED"))
end
