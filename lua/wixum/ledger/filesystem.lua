--- Where a ledger may lie: on a file system whose locks hold, in a file that only its owner can read.
--
-- Owns the list of file systems whose locks do not hold: two computers, or a computer and the one it is a guest on, may then write at
-- once.

local database = require "wixum.ledger.database"

local filesystem = {}

-- As /proc names them. With fuse.*, behind the point stands who serves it: sshfs, rclone, s3fs.
local SHARED = { ["9p"] = true, acfs = true, afs = true, ceph = true, cifs = true, coda = true, drvfs = true, gfs2 = true, glusterfs = true,
  gpfs = true, lustre = true, ncpfs = true, nfs = true, nfs4 = true, ocfs2 = true, prl_fs = true, smb3 = true, smbfs = true, vboxsf = true,
  virtiofs = true, vmhgfs = true }

-- A mount point as /proc writes it: blanks and the like in octal.
local function plain(path)
  return (path:gsub("\\(%d%d%d)", function(digits) return string.char(tonumber(digits, 8)) end))
end

--- The type of the file system on which a folder lies.
---@param folder string its full path, free of links
---@param mounts string as /proc/self/mountinfo has it
---@return string? # nil where that cannot be told
function filesystem.type_of(folder, mounts)
  local found, longest
  for line in mounts:gmatch("[^\n]+") do
    local point, rest = line:match("^%d+ %d+ %S+ %S+ (%S+) (.*)$")
    local kind = rest and rest:match(" %- (%S+)")
    if kind then
      point = plain(point)
      local beneath = point == "/" and "/" or point .. "/"
      -- of two at one point the later hides the earlier
      if (folder .. "/"):sub(1, #beneath) == beneath and #beneath >= (longest or 0) then found, longest = kind, #beneath end
    end
  end
  return found
end

--- Do locks hold there?
---@param kind string? as `type_of` answers
---@return boolean
function filesystem.is_shared(kind)
  return kind ~= nil and (SHARED[kind] or kind:find("^fuse%.") ~= nil)
end

--- Why a file cannot be a ledger's where it lies; nil where it can.
---@param path string
---@return string?
function filesystem.problem(path)
  local folder = path:match("^(.*)/[^/]*$") or "."
  local pipe <close> = assert(io.popen(("cd -- '%s' 2>/dev/null && pwd -P"):format((folder == "" and "/" or folder):gsub("'", "'\\''"))))
  local full = pipe:read("l")
  if not full or full == "" then return "its folder is not there, or cannot be entered" end
  local file <close> = io.open("/proc/self/mountinfo")
  local kind = file and filesystem.type_of(full, file:read("a"))
  if filesystem.is_shared(kind) then
    return ("it lies on a file system that is shared with other computers (%s), whose locks do not hold; put it on a disk of this "
      .. "computer, and copies elsewhere by `wixum backup`"):format(kind)
  end
end

local function quoted_for_shell(path) return "'" .. path:gsub("'", "'\\''") .. "'" end

--- An empty file that only its owner can read, where there is none: SQLite, and Lua, would make one for everybody.
---@param path string
function filesystem.make_private(path)
  local file = io.open(path, "rb")
  if file then return file:close() end
  local name = path:find("^/") and path or "./" .. path
  if not os.execute("umask 077; set -C; { : > " .. quoted_for_shell(name) .. "; } 2>/dev/null") then
    database.fail("it cannot be made (may its folder be written?)", "Say another place")
  end
end

return filesystem
