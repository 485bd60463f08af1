--- The ledger: planning a spreadsheet, sending it an address a call beside wixum.each without a ledger, and whether many rows cost more
--- apiece than few.

local bench = require "spec.bench.bench"

local TARGETS = { seconds = 60, memory = 64, slower = 2, growth = 1.15 } -- of a million rows; MiB
local IN_FLIGHT = 128

local function figures(result, count)
  local list = {}
  for word in result.output:gmatch("%S+") do list[#list + 1] = tonumber(word) end
  if #list ~= count then bench.quit("ledger.lua printed something else than its figures") end
  return table.unpack(list)
end

local function remove(path)
  for _, ending in ipairs{ "", "-wal", "-shm", "-sender" } do os.remove(path .. ending) end
end

-- Plans and sends so many rows. Answers microseconds a row of both, what wixum.each needed, and memory in MiB.
local function measure(rows)
  local csv, ledger = os.tmpname(), os.tmpname()
  os.remove(ledger)
  bench.run(bench.script("ledger", "csv", csv, rows))
  bench.pin(1)
  local server <close> = bench.server{ "--echo" }
  bench.pin(2)
  local seconds, planning = figures(bench.run(bench.script("ledger", "plan", server.url, csv, ledger)), 2)
  local before, send, after, sending = figures(bench.run(bench.script("ledger", "send", server.url, ledger, rows, IN_FLIGHT)), 4)
  server:counted()
  os.remove(csv)
  remove(ledger)
  return { plan = seconds / rows * 1e6, seconds = seconds, send = send, each = (before + after) / 2,
    memory = { planning / 1024, sending / 1024 } }
end

return function(size)
  local few, many = size.items // 10, size.items
  print(("\nThe ledger: %d rows, an address a call, %d in flight"):format(many, IN_FLIGHT))
  local small, large = measure(few), measure(many)
  bench.once("planning, s", large.seconds, 1, TARGETS.seconds * many / 1000000, " s")
  bench.once("the same a row / of " .. few .. " rows", large.plan / small.plan, 3, TARGETS.growth)
  bench.once("peak memory planning, MiB", large.memory[1], 1, TARGETS.memory, " MiB")
  bench.once("sending, us a row", large.send, 1)
  bench.once("the same / wixum.each without a ledger", large.send / large.each, 3, TARGETS.slower)
  bench.once("the same, of " .. few .. " rows", small.send / small.each, 3, TARGETS.slower)
  bench.once("sending a row / of " .. few .. " rows", large.send / small.send, 3, TARGETS.growth)
  bench.once("peak memory sending, MiB", large.memory[2], 1)
end
