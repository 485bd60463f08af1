--- Files that only their owner can read: mails and snapshots hold accept links.
--
-- Owns how such a file comes to be. Lua alone cannot say a mode; a shell makes the file, empty and private, before a byte
-- is written. It appears under its name when it is whole.

local children = require "wixum.children"

local private_file = {}

local function quoted(path)
  return "'" .. path:gsub("'", "'\\''") .. "'"
end

-- A shell takes no NUL, and a path with a line break is a mistake rather than a wish.
local function usable(path)
  return path ~= "" and not path:find("[%c]")
end

-- Not to be taken for an option by what a shell runs.
local function explicit(path)
  return path:sub(1, 1) == "/" and path or "./" .. path
end

--- Writes a file with mode 0600 in one step: whoever looks finds it whole or not at all.
---@param path string
---@param content string
---@return true?
---@return string? message
function private_file.write(path, content)
  if not usable(path) then return nil, "not a path that can be written" end
  local part = explicit(path) .. ".part"
  os.remove(part)
  -- noclobber: what somebody else put there meanwhile is not followed
  if not children.run("umask 077; set -C; { : > " .. quoted(part) .. "; } 2>/dev/null") then
    return nil, path .. ": cannot be written (is its folder there, and may it be written?)"
  end
  local file, message = io.open(part, "r+b")
  if not file then return nil, message end
  local written
  written, message = file:write(content)
  local closed, trouble = file:close()
  if not (written and closed) then
    os.remove(part)
    return nil, ("%s: %s"):format(path, message or trouble)
  end
  local renamed
  renamed, message = os.rename(part, explicit(path))
  if not renamed then os.remove(part) end
  return renamed, message
end

--- A folder for such files, made where there is none, under its full path.
---@param path string
---@return string? folder
---@return string? message
function private_file.folder(path)
  if not usable(path) then return nil, "not a path of a folder" end
  local name = quoted(explicit(path))
  local pipe = assert(children.read(("umask 077; { mkdir -p %s && cd %s && test -w . && pwd -P; } 2>/dev/null"):format(name, name)))
  local folder = pipe:read("l")
  pipe:close()
  if folder and folder ~= "" then return folder end
  return nil, path .. ": is not a folder that can be made or written"
end

return private_file
