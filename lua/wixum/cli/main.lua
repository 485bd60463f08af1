-- What the command `wixum` runs. Closing the state lets finalizers do their work before the process ends.
local ok, status = pcall(function() return require("wixum.cli").main(arg) end)
if not ok then
  -- Ctrl-C while all this was still being read
  if not tostring(status):find("interrupted!$") then error(status, 0) end
  status = 3
end
if status then os.exit(status, true) end -- else it goes on at Lua's prompt
