-- busted's own output, with a line for each file of specs, so that it shows which one is slow or hangs, and one plain line
-- with the counts at the end.
local system = require("system")
local term = require("term")

local function write(...)
  io.stdout:write(...):flush()
end

return function(options)
  local busted = require("busted")
  local kind = term.isatty(io.stdout) and "utfTerminal" or "plainTerminal"
  local handler = require("busted.outputHandlers." .. kind)(options)
  local started

  busted.subscribe({ "file", "start" }, function(file)
    started = system.monotime()
    write(("\n%-24s "):format(file.name:match("([^/]*)_spec%.lua$") or file.name))
    return nil, true
  end)
  busted.subscribe({ "file", "end" }, function()
    write((" %.1f s"):format(system.monotime() - started))
    return nil, true
  end)
  busted.subscribe({ "suite", "end" }, function()
    write("\n")
    return nil, true
  end, { priority = 1 })
  busted.subscribe({ "exit" }, function()
    local skipped = handler.pendingsCount > 0 and (", %d skipped"):format(handler.pendingsCount) or ""
    write(("%d passed, %d failed%s\n"):format(handler.successesCount, handler.failuresCount + handler.errorsCount, skipped))
    return nil, true
  end)
  return handler
end
