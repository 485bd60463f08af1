--- A file that is made from a ledger: an export, a report.
--
-- Owns how such a file comes to be: private, written beside its name and renamed once it is whole, so that half of it is never there
-- under its name. It takes the place of an earlier one of its kind alone; a device or a pipe is written through. What stands in it
-- is said by whoever makes it.

local database = require "wixum.ledger.database"
local filesystem = require "wixum.ledger.filesystem"

local new_file = {}

---@class wixum.NewFileKind
---@field name string with its article: "an export"
---@field is_one fun(path: string): boolean is the file that is there one of this kind?

local function fail(kind, problem, advice)
  local name = kind.name:gsub("^%l+ ", "the ")
  database.fail_of_file(("%s cannot be written: %s"):format(name, tostring(problem)), advice)
end

-- For a file that must not fail half-way in silence.
local function writer(kind, file)
  return function(text)
    local ok, problem = file:write(text)
    if not ok then fail(kind, problem, "Make room, or name another place") end
  end
end

-- Opens a path, has it written, and closes it again whatever comes.
local function write_to(kind, path, put)
  local file, problem = io.open(path, "wb")
  if not file then fail(kind, problem, "Name another place") end
  local ok, result = pcall(put, writer(kind, file))
  local closed, trouble = file:close()
  if not ok then error(result, 0) end
  if not closed then fail(kind, trouble, "Make room, or name another place") end
  return result
end

-- An empty file beside a name, to be renamed to it. A link stays one: what it leads to is replaced. Answers both.
local function make_part(kind, name)
  local target = filesystem.target(name)
  if not target then fail(kind, name .. " is a link that leads nowhere", "Name another place") end
  local part = filesystem.free_name(target)
  if not filesystem.make_private(part) then -- private, for it holds the addresses of people
    fail(kind, name .. ": its folder is not there, or may not be written", "Name another place")
  end
  return part, target
end

local function write_beside(kind, name, put)
  local part, target = make_part(kind, name)
  local ok, result = pcall(function()
    local made = write_to(kind, part, put)
    local moved, problem = os.rename(part, target)
    if not moved then fail(kind, problem, "Name another place") end
    return made
  end)
  if ok then return result end
  os.remove(part)
  error(result, 0)
end

--- May a file be written there? What stands against it is raised.
---@param target string
---@param ledger string path of the ledger, which must not be replaced
---@param kind wixum.NewFileKind
function new_file.check(target, ledger, kind)
  if filesystem.is_of_ledger(target, ledger) then
    database.fail_of_file(kind.name .. " cannot take the place of the ledger itself", "Name another file")
  end
  if filesystem.is_special(target) then return end
  if filesystem.exists(target) and not kind.is_one(target) then
    database.fail_of_file(("%s is there already, and is no %s; it stays as it is"):format(target, kind.name:match("%S+$")),
      "Name another file")
  end
end

--- Can a file be written there? Asked before long work: an empty one is made beside it and taken away, and what is there stays. What
--- stands against it is raised.
---@param target string
---@param ledger string path of the ledger, which must not be replaced
---@param kind wixum.NewFileKind
function new_file.try(target, ledger, kind)
  new_file.check(target, ledger, kind)
  if filesystem.is_special(target) then return end -- a device, or a pipe whose reader would see it
  os.remove((make_part(kind, target)))
end

--- Writes a file; what stands against it is raised.
---@param target string|file* a path; one of its kind that is there is replaced once all is written. Or an open file
---@param ledger string path of the ledger, which must not be replaced
---@param kind wixum.NewFileKind
---@param put fun(write: fun(text: string)): any says what stands in it, piece by piece
---@return any # what `put` returns
function new_file.write(target, ledger, kind, put)
  if type(target) ~= "string" then
    local result = put(writer(kind, target))
    local ok, problem = target:flush()
    if not ok then fail(kind, problem, "Make room, or name another place") end
    return result
  end
  new_file.check(target, ledger, kind)
  -- to a device or a pipe, which nothing may take the place of
  if filesystem.is_special(target) then return write_to(kind, target, put) end
  return write_beside(kind, target, put)
end

return new_file
