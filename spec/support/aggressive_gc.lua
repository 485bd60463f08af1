-- Read by every Lua that a spec starts (LUA_INIT) when the collector is to run as often as it can. Incremental: a step at
-- each allocation and no pause between cycles, so that a call sees two or three whole cycles. Generational: a young
-- collection whenever the heap has grown by a hundredth.
if os.getenv("WIXUM_GC") == "generational" then
  collectgarbage("generational", 1, 100)
else
  collectgarbage("incremental", 1, 400, 1)
  collectgarbage("setpause", 0)
end
