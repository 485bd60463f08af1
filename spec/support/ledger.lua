--- A ledger beside a sandbox, on one clock: what specs of the ledger begin with.

local sandbox = require "wixum.sandbox"
local wixum = require "wixum"

local support = {}

support.ROLE = { id = "6600412800113080101", title = "Website Manager" } -- of the sandbox
support.START = 1764000000 -- 2025-11-24T16:00:00Z

--- A path where nothing is, or a file with this content.
---@param content string?
---@param ending string?
---@return string
function support.temporary(content, ending)
  local path = os.tmpname()
  os.remove(path)
  path = path .. (ending or "")
  if content then
    local file <close> = assert(io.open(path, "wb"))
    file:write(content)
  end
  return path
end

function support.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

--- Removes a ledger's files.
function support.remove(path)
  for _, ending in ipairs{ "", "-wal", "-shm", "-sender", "-sender-journal" } do os.remove(path .. ending) end
end

local desk = {}
desk.__index = desk

--- A sandbox whose clock stands, a client of it, and a ledger on that clock.
---@param options table? of the sandbox
---@return table desk server, wix, path, ledger, sites (ids)
function support.desk(options)
  local sites = {}
  for i = 1, 3 do sites[i] = ("%08d-2222-4333-8444-555555555555"):format(i) end
  local given = { seed = 1, log = 10000, sites = sites, start_time = support.START }
  for name, value in pairs(options or {}) do given[name] = value end
  local server = assert(sandbox.start(given))
  local self = setmetatable({ server = server, wix = server:client{ rate = false }, path = support.temporary(), sites = sites, files = {} },
    desk)
  self:open()
  return self
end

--- The clock of the sandbox, for a ledger.
function desk:time() return function() return (self.server:now()) end end

function desk:open()
  self.ledger = assert(wixum.ledger.open(self.path, { time = self:time() }))
  return self.ledger
end

function desk:close()
  self.ledger:close()
  self.wix:close()
  self.server:stop()
  support.remove(self.path)
  for _, path in ipairs(self.files) do support.remove(path) end
end

--- A path that is cleared away with the desk: where nothing is, or a file with this content.
---@param ending string
---@param content string?
---@return string
function desk:file(ending, content)
  self.files[#self.files + 1] = support.temporary(content, ending)
  return self.files[#self.files]
end

--- Another ledger, on the same clock.
---@return wixum.Ledger
---@return string path
function desk:another()
  local path = self:file(".db")
  return assert(wixum.ledger.open(path, { time = self:time() })), path
end

--- Plans people of a site, and sends to them unless told otherwise.
function desk:invite(...)
  local rows = {}
  for i, email in ipairs{ ... } do rows[i] = { site_id = self.sites[1], email = email, role = support.ROLE.title } end
  assert(self.ledger:plan(rows, { client = self.wix }))
  return assert(self.ledger:send(self.wix))
end

--- Plans somebody on a site, by its number in `sites`, and sends.
---@param email string
---@param site integer? 1 unless told otherwise
---@param role string? a title
function desk:invite_to(email, site, role)
  assert(self.ledger:plan({ { site_id = self.sites[site or 1], email = email, role = role or support.ROLE.title } },
    { client = self.wix }))
  return assert(self.ledger:send(self.wix))
end

--- Their open invite, as the sandbox has it.
function desk:open_invite(email, site)
  return self.server:invites{ status = "Pending", email = email, site_id = self.sites[site or 1] }[1]
end

--- Their open invite is accepted.
---@param by string? with whose account; theirs unless told otherwise
---@return string account_id
function desk:accept(email, site, by) return assert(self.server:accept(self:open_invite(email, site), by)).accepted_by_account_id end

--- Does the account reach the site, by the sandbox's books?
function desk:reaches(account, site)
  for _, contributor in ipairs(self.server:contributors(self.sites[site or 1])) do
    if contributor.account_id == account then return true end
  end
  return false
end

--- Plans so many people.
function desk:plan(count, site)
  local rows = {}
  for i = 1, count do
    rows[i] = { site_id = site or self.sites[1], email = ("n%d@example.com"):format(i), role = support.ROLE.title }
  end
  return assert(self.ledger:plan(rows, { client = self.wix }))
end

--- Rows by state.
function desk:states()
  local counts = {}
  for row in self.ledger:rows() do counts[row.state] = (counts[row.state] or 0) + 1 end
  return counts
end

--- The row of a person: on a site, where its number is told.
function desk:row(email, site) return (self.ledger:rows{ email = email, site_id = site and self.sites[site] }()) end

--- Mails by address, of one kind ("invite", "resend") where that is said.
function desk:mails(kind)
  local counts = {}
  for _, mail in ipairs(self.server:outbox(kind and { kind = kind })) do counts[mail.to] = (counts[mail.to] or 0) + 1 end
  return counts
end

--- Time goes by.
function desk:days(number) self.server:advance(number * 86400) end

return support
