--- One room for specs of reviews and tables: a desk whose account is known, and what is done there again and again.
--
-- Owns the files that it makes, and closes what it opened.

local assert = require "luassert"

local access = require "spec.support.access"
local support = require "spec.support.ledger"

local id = access.id

local here = {}

--- Makes the room anew; the last one is closed.
function here.start(options)
  if here.desk then here.desk:close() end
  here.desk, here.account = access.desk(options)
  here.ledger, here.wix, here.server = here.desk.ledger, here.desk.wix, here.desk.server
end

--- Before each case.
function here.open() here.files = {} end

--- After each case.
function here.close()
  for _, name in ipairs(here.files) do os.remove(name) end
  if here.desk then here.desk:close() end
  here.desk = nil
end

function here.file(ending, content)
  here.files[#here.files + 1] = support.temporary(content, ending or ".csv")
  return here.files[#here.files]
end

--- A new review, as a file.
function here.review(given)
  local path = here.file()
  local all = { csv = path }
  for name, value in pairs(given or {}) do all[name] = value end
  assert(here.ledger:access(here.wix, all))
  return path
end

--- Who is on a site, by the sandbox's books.
function here.on(number) return access.on(here.server, id(number)) end

--- How many calls that change something have been made.
function here.changing() return access.changing(here.server) end

function here.apply(path, given)
  local all = { file = path }
  for name, value in pairs(given or {}) do all[name] = value end
  return here.ledger:apply_access(here.wix, all)
end

function here.compare(list, given)
  local all = { desired = { account_id = here.server.account_id, service = here.server.base_url, rows = list } }
  for name, value in pairs(given or {}) do all[name] = value end
  return here.ledger:apply_access(here.wix, all)
end

--- Somebody invited by the ledger who has accepted.
function here.join(number, email)
  assert(here.ledger:plan({ { site_id = id(number), email = email, role = "Website Manager" } }, { client = here.wix }))
  assert(here.ledger:send(here.wix))
  local accepted = assert(here.server:accept(here.server:invites{ email = email, status = "Pending" }[1]))
  assert(here.ledger:check(here.wix))
  return accepted.accepted_by_account_id
end

--- Rows for all who are on a site, but some accounts.
function here.all_on(number, ...)
  local list, left_out = {}, {}
  for _, one in ipairs{ ... } do left_out[one] = true end
  for one in pairs(here.on(number)) do
    if not left_out[one] then list[#list + 1] = { site_id = id(number), account_id = one, roles = "any" } end
  end
  table.sort(list, function(a, b) return a.account_id < b.account_id end)
  return list
end

--- Writes a decision about an account into a file.
function here.decide(path, account_id, word, number)
  local used
  access.decide(path, function(row)
    if row.account_id == account_id and (not number or row.site_id == id(number)) and row.who == "contributor" then
      used = true
      return word
    end
  end)
  assert(used, "there is no such row")
end

--- Changes a file's rows and columns.
function here.edit(path, change)
  local list, columns = access.read(path)
  change(list, columns)
  access.write(path, list, columns)
end

--- A file without some columns.
function here.without(path, ...)
  local names = { ... }
  here.edit(path, function(_, columns)
    for _, name in ipairs(names) do
      for i = #columns, 1, -1 do if columns[i] == name then table.remove(columns, i) end end
    end
  end)
end

--- What is said of a file that is refused, before which nothing has changed.
function here.refusal(path)
  local none, problem = here.apply(path)
  assert.is_nil(none)
  assert.equal(0, here.changing())
  local text = {}
  for _, one in ipairs(problem) do text[#text + 1] = tostring(one) end
  return text[1] and table.concat(text, "\n") or tostring(problem)
end

return here
