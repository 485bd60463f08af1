--- Commands that a shell runs for us.
--
-- Owns what they get of our surroundings: none of the variables that hold a key, or say where it is.

local children = {}

--- Variables that are ours.
children.VARIABLES = { "WIX_API_KEY", "WIX_API_KEY_FILE", "WIX_SITE_ID", "WIX_ACCOUNT_ID", "WIXUM_BASE_URL", "WIXUM_LEDGER", "WIXUM_LOG" }

-- First in each command, and nothing that would be a child itself: that would get them.
local WITHOUT = "unset " .. table.concat(children.VARIABLES, " ") .. "\n"

--- Runs a command to its end.
---@param command string for sh
---@return boolean # did it end well?
function children.run(command) return os.execute(WITHOUT .. command) == true end

--- Starts a command whose output is read.
---@param command string for sh
---@return file*? pipe to be closed
---@return string? problem
function children.read(command) return io.popen(WITHOUT .. command, "r") end

return children
