--- Where a ledger may lie: on a file system whose locks hold, in a file that only its owner can read.
--
-- Owns the list of file systems whose locks do not hold: two computers, or a computer and the one it is a guest on, may then write at
-- once.

local children = require "wixum.children"
local core = require "wixum.core"

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
  local target = filesystem.target(path)
  if not target then return "it is a link that leads nowhere" end
  local facts = core.look_at_file(target)
  if facts and facts.kind == "file" and facts.links > 1 then -- SQLite would keep a log beside each name, and lose what is in one of them
    return ("it has %d names (hard links), and who uses one of them is not seen from another; make a copy for each with `cp`, and remove "
      .. "the names. A symbolic link is fine"):format(facts.links)
  end
  local folder = target:match("^(.*)/[^/]*$") or "."
  folder = (folder == "" and "/" or folder):gsub("'", "'\\''")
  local pipe <close> = assert(children.read(("cd -- '%s' 2>/dev/null && pwd -P"):format(folder)))
  local full = pipe:read("l")
  if not full or full == "" then return "its folder is not there, or cannot be entered" end
  local file <close> = io.open("/proc/self/mountinfo")
  local kind = file and filesystem.type_of(full, file:read("a"))
  if filesystem.is_shared(kind) then
    return ("it lies on a file system that is shared with other computers (%s), whose locks do not hold; put it on a disk of this "
      .. "computer, and copies elsewhere by `wixum backup`"):format(kind)
  end
end

-- A ledger's files are asked about by a shell, and never opened here: whoever closes a file drops all locks that its process has on
-- it, SQLite's too.

-- A path as a shell's word that nothing takes for an option.
local function word(path)
  local name = path:find("^/") and path or "./" .. path
  return "'" .. name:gsub("'", "'\\''") .. "'"
end

local function shell(command, ...)
  local words = {}
  for i, path in ipairs{ ... } do words[i] = word(path) end
  return children.run("{ " .. command:format(table.unpack(words)) .. "; } 2>/dev/null")
end

--- Is there something of this name?
---@param path string
---@return boolean
function filesystem.exists(path) return shell("test -e %s", path) end

--- Is there something else than a plain file: a folder, a device?
---@param path string
---@return boolean
function filesystem.is_special(path) return shell("test -e %s && ! test -f %s", path, path) end

--- Which of a ledger's files, or of its folder, may not be written by whoever asks: a log that was made while the ledger was read-only
--- stays so when the ledger's mode is mended.
---@param path string
---@return string[]? # nil where all of them may
function filesystem.unwritable(path)
  local target = filesystem.target(path) or path
  local found, folder = {}, target:match("^(.*)/[^/]*$") or "."
  for _, ending in ipairs{ "", "-wal", "-shm", "-sender" } do
    local file = target .. ending
    if shell("test -e %s && ! test -w %s", file, file) then found[#found + 1] = file end
  end
  folder = folder == "" and "/" or folder
  if not shell("test -w %s", folder) then found[#found + 1] = folder end
  return found[1] and found or nil
end

--- Do two names mean one file?
---@param one string
---@param other string
---@return boolean
function filesystem.is_same(one, other) return shell("test %s -ef %s", one, other) end

--- The full path of a file, or of one that can be made, free of links.
---@param path string
---@return string? # nil where links lead in a circle, or into a folder that is not there
function filesystem.real(path)
  local pipe <close> = assert(children.read("readlink -f -- " .. word(path) .. " 2>/dev/null && echo ."))
  local text = pipe:read("a")
  return text:match("^(.+)\n%.\n$") -- a name may end with a line break
end

--- Where a name leads that is a link, to wherever that is; the name itself where it is none. A link that leads nowhere is its target.
---@param path string
---@return string? target nil where links lead in a circle, or into a folder that is not there
function filesystem.target(path)
  if not shell("test -L %s", path) then return path end
  return filesystem.real(path)
end

--- A name beside another that nothing has: for what is renamed once it is whole.
---@param path string
---@return string
function filesystem.free_name(path)
  local name, number = path .. ".part", 1
  while filesystem.exists(name) do name, number = ("%s.part%d"):format(path, number), number + 1 end
  return name
end

--- The first bytes of a file; nil where it cannot be read.
---@param path string
---@return string?
function filesystem.start_of(path)
  local pipe <close> = assert(children.read("head -c 4096 " .. word(path) .. " 2>/dev/null"))
  local bytes = pipe:read("a")
  return pipe:close() and bytes or nil
end

-- A path without what says nothing, so that one of a file that is not there yet is known too.
local function tidy(path)
  return (("/" .. path):gsub("/+", "/"):gsub("/%.%f[/]", ""):gsub(path:find("^/") and "^" or "^/", ""))
end

--- Is it one of a ledger's own files?
---@param path string
---@param ledger string its name, or that of a link to it: the others lie beside the file itself
---@return boolean
function filesystem.is_of_ledger(path, ledger)
  local target = filesystem.target(ledger)
  if target and target ~= ledger and filesystem.is_of_ledger(path, target) then return true end
  for _, ending in ipairs{ "", "-wal", "-shm", "-journal", "-sender", "-sender-journal", ".sandbox" } do
    local own = ledger .. ending
    if filesystem.is_same(path, own) or tidy(path) == tidy(own) then return true end
  end
  return false
end

--- An empty file that only its owner can read, where there is none: SQLite, and Lua, would make one for everybody.
---@param path string
---@return boolean # is there one now?
function filesystem.make_private(path)
  -- between the two looks another process may have made it
  return shell("test -e %s || ( umask 077; set -C; : > %s ) || test -e %s", path, path, path)
end

return filesystem
