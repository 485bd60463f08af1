--- Reviews of access, for specs: what stands in their files, decisions put into them, and what a spreadsheet makes of them.

local csv = require "spec.support.csv"
local csv_rows = require("wixum.csv").rows
local support = require "spec.support.ledger"

local access = {}

access.FOREIGN = "abcdef01-0000-4000-8000-00000000000f" -- an account that is not the ledger's

--- Ids of sites.
function access.id(number) return ("%08d-2222-4333-8444-555555555555"):format(number) end

--- The header and the rows of a file, in their order.
function access.read(path)
  local each, format = assert(csv_rows(path))
  local list = {}
  for row in each do
    for _, name in ipairs(format.columns) do row[name] = row[name] or "" end
    list[#list + 1] = row
  end
  return list, format.columns
end

local function cell(text, delimiter)
  if text:find('["\r\n]') or text:find(delimiter, 1, true) then return '"' .. text:gsub('"', '""') .. '"' end
  return text
end

--- Writes rows as a spreadsheet does: by default as German Excel, semicolons and Windows-1252, without a mark.
function access.write(path, list, columns, options)
  options = options or { delimiter = ";", latin1 = true }
  local delimiter, lines = options.delimiter, {}
  local function line(of)
    local cells = {}
    for i, name in ipairs(columns) do cells[i] = cell(of(name), delimiter) end
    lines[#lines + 1] = table.concat(cells, delimiter)
  end
  line(function(name) return name end)
  for _, row in ipairs(list) do line(function(name) return row[name] or "" end) end
  local text = table.concat(lines, "\r\n") .. "\r\n"
  local file <close> = assert(io.open(path, "wb"))
  file:write(options.latin1 and csv.latin1(text) or text)
end

--- Puts decisions into a file: a function says each row's; nil leaves it.
function access.decide(path, decide, options)
  local list, columns = access.read(path)
  for _, row in ipairs(list) do row.decision = decide(row) or row.decision end
  access.write(path, list, columns, options)
  return list
end

--- Roles on a site by account, as the sandbox has it: titles, in order.
function access.on(server, site_id)
  local titles, found = {}, {}
  for _, role in ipairs(server:roles()) do titles[role.id] = role.title end
  for _, contributor in ipairs(assert(server:contributors(site_id))) do
    local list = {}
    for i, role in ipairs(contributor.roles) do list[i] = titles[role.role_id] or role.role_id end
    table.sort(list)
    found[contributor.account_id] = table.concat(list, "; ")
  end
  return found
end

--- How often each operation was asked for since the log was cleared.
function access.calls(server)
  local counts = {}
  for _, request in ipairs(server:requests()) do
    if request.operation then counts[request.operation] = (counts[request.operation] or 0) + 1 end
  end
  return counts
end

--- Two sites with people on them, a third that another account owns, and a team.
---@param options table? of the sandbox
---@return table desk
---@return table<string, string> accounts by address
function access.desk(options)
  local given = { sites = {
    { id = access.id(1), name = "Bäckerei", contributors = { { email = "ann@example.com", roles = { "Website Manager" } },
      { email = "bob@example.com", roles = { "Website Manager" } } } },
    { id = access.id(2), name = "Two", contributors = { { email = "ann@example.com", roles = { "Website Designer" } },
      { email = "cem@example.com", roles = { "Website Designer" } } } },
    { id = access.id(3), name = "Three", owner_account_id = access.FOREIGN },
  }, members = { { email = "emp@example.com", name = { first_name = "Emp" }, roles = { "Website Manager" }, site_id = access.id(1) },
    { email = "adm@example.com", name = { first_name = "Ada" } } } }
  for name, value in pairs(options or {}) do given[name] = value end
  local desk, accounts = support.desk(given), {}
  for number = 1, 2 do
    for _, contributor in ipairs(desk.server:contributors(access.id(number))) do accounts[contributor.email] = contributor.account_id end
  end
  return desk, accounts
end

local CHANGING = { "contributors.remove_contributor", "contributors.change_role", "users.remove_member",
  "users.update_team_member_assignments" }

--- How many calls have come that change something.
function access.changing(server)
  local counts, number = access.calls(server), 0
  for _, name in ipairs(CHANGING) do number = number + (counts[name] or 0) end
  return number
end

--- Are these words in a text, or in one of a list?
function access.contains(list, ...)
  local text = type(list) == "table" and getmetatable(list) == nil and table.concat(list, "\n") or tostring(list)
  for _, words in ipairs{ ... } do assert(text:find(words, 1, true), ("%q is not in:\n%s"):format(words, text)) end
end

return access
