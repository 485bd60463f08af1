-- The benchmark: what wixum costs beside the least that a program on libcurl and lua-cjson pays, and whether it keeps
-- what it promises about many calls at once. `make bench` runs it.
--
--   lua5.4 spec/bench/run.lua [--quick] [part…]      parts: blocking in_flight pace items ledger interrupt start

local bench = require "spec.bench.bench"

local PARTS = { "blocking", "in_flight", "pace", "items", "ledger", "interrupt", "start" }

local size = { pairs = 9, calls = 10000, warm_up = 500, starts = 31, spread = 6400, paced = 1000, items = 1000000 }
local chosen = {}
for _, word in ipairs(arg) do
  if word == "--quick" then
    size = { pairs = 3, calls = 2000, warm_up = 200, starts = 11, spread = 1280, paced = 300, items = 50000 }
  else
    local known = false
    for _, name in ipairs(PARTS) do known = known or name == word end
    if not known then bench.quit(("unknown word %s: there are --quick and %s"):format(word, table.concat(PARTS, ", "))) end
    chosen[#chosen + 1] = word
  end
end

print(("%s, Lua %s; %d pairs of runs, %d of starts%s"):format(bench.user_agent, _VERSION:match("[%d.]+"), size.pairs, size.starts,
  bench.pinned and "" or "; not pinned to CPUs"))
for _, name in ipairs(#chosen > 0 and chosen or PARTS) do require("spec.bench.part." .. name)(size) end
