--- Items from an iterator through wixum.each, a call each: what one costs, whether a million cost more apiece, and memory.

local bench = require "spec.bench.bench"

local TARGETS = { growth = 1.10, memory = 40 } -- MiB

return function(size)
  bench.pin(1)
  local server <close> = bench.server()
  bench.pin(2)
  local result = bench.run(bench.script("items", server.url, tostring(size.items), "64"))
  server:counted()
  local figures = {}
  for word in result.output:gmatch("%S+") do figures[#figures + 1] = tonumber(word) end
  if #figures ~= 6 then bench.quit("items.lua printed something else than its figures") end
  local few, many, first, last, mean, memory = table.unpack(figures)
  print(("\n%d items from an iterator, a call each, 64 in flight"):format(size.items))
  bench.once("CPU an item, us", mean, 1)
  bench.once("CPU an item / in runs of 10000 items", many / few, 3, TARGETS.growth)
  bench.once("the same, last tenth / first tenth", last / first, 3)
  bench.once("peak memory, MiB", memory / 1024, 1, TARGETS.memory, " MiB")
end
