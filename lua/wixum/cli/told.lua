--- What was raised, told in words, and the exit status that it means.
--
-- Owns which of it people get to read as a line. A mistake of wixum itself is none of that, and stays an error.

local desk = require "wixum.cli.desk"
local errors = require "wixum.errors"
local status = require "wixum.cli.status"

---@param talk table
---@param raised any
---@return integer? status # nil where it is a mistake of ours: to be raised again
return function(talk, raised)
  if errors.is_interrupt(raised) then
    talk:note("\nInterrupted.")
    return status.INTERRUPTED
  end
  if desk.is_failure(raised) then
    talk:wrong("%s", raised.text)
    return status.USAGE
  end
  if errors.is(raised) then
    talk:failed(raised)
    return desk.status_of(raised)
  end
  if type(raised) == "string" and not raised:find("^[^\n]*%.lua:%d+: ") then -- a value that a module of wixum does not take
    talk:wrong("%s", raised)
    return status.USAGE
  end
end
