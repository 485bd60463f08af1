-- The ledger's costs, one phase a process, so that one's memory is not another's:
--
--   lua5.4 ledger.lua csv PATH ROWS                    writes a spreadsheet: a hundred sites, a person a row
--   lua5.4 ledger.lua plan URL CSV LEDGER              prints seconds on the clock, and the most memory in KiB
--   lua5.4 ledger.lua send URL LEDGER ROWS IN-FLIGHT   prints microseconds on the clock a row: wixum.each before, the ledger,
--                                                      wixum.each after; and the most memory in KiB
--
-- One address a call, no pace. The service's answers while planning are made here: the server answers invites alone.

local cjson = require "cjson"
local client = require "spec.bench.client"
local core = require "wixum.core"
local wixum = require "wixum"

local SITES = 100
local ROLE = { id = "6732588207941061632", title = "Website Manager" }
local EACH = 20000 -- calls without a ledger

local function site(number) return ("%08x-27f0-4c5a-9b42-6f2d0e8b7a10"):format(number) end

local function memory()
  local status <close> = assert(io.open "/proc/self/status")
  return status:read("a"):match("VmHWM:%s*(%d+)")
end

local phases = {}

function phases.csv(path, rows)
  local file <close> = assert(io.open(path, "wb"))
  file:write("site_id,email,role\n")
  for i = 1, math.tointeger(rows) do file:write(("%s,person%d@example.com,%s\n"):format(site(i % SITES), i, ROLE.title)) end
end

-- Roles, and sites in one page.
local function answer(request)
  if request.url:find("roles", 1, true) then
    return { status = 200, body = cjson.encode{ predefinedRoles = { { id = ROLE.id, title = ROLE.title } } } }
  end
  local list = {}
  for i = 0, SITES - 1 do list[#list + 1] = { id = site(i), displayName = "Site " .. i } end
  return { status = 200, body = cjson.encode{ sites = list } }
end

function phases.plan(url, csv, path)
  local wix <close> = client.new(url, { transport = answer, account_id = "0f6e5d4c-3b2a-4190-8e7d-6c5b4a392817" })
  local ledger <close> = assert(wixum.ledger.open(path))
  local began = core.clock()
  local plan, problems = ledger:plan(csv, { client = wix })
  if not plan then error(tostring(problems)) end
  print(("%.6f %s"):format(core.clock() - began, memory()))
end

function phases.send(url, path, rows, in_flight)
  rows, in_flight = math.tointeger(rows), math.tointeger(in_flight)
  local wix <close> = client.new(url, { concurrency = in_flight, max_emails = 1 })
  local function each()
    local began = core.clock()
    local counts, err = wixum.each(client.numbers(EACH), function(number)
      return wix.site_invites.bulk_invite{ policy_ids = { ROLE.id }, emails = { ("person%d@example.com"):format(number) } }
    end, { concurrency = in_flight })
    if counts.failed > 0 then error(err) end
    return (core.clock() - began) / EACH * 1e6
  end
  -- what who could reach the sites would be asked, this server cannot answer
  local db = require("wixum.ledger.database").open(path)
  db:run("UPDATE sites SET looked_at = '2026-01-01T00:00:00Z'")
  db:close()
  each()
  local before = each()
  local ledger <close> = assert(wixum.ledger.open(path))
  local began = core.clock()
  local summary = assert(ledger:send(wix, { concurrency = in_flight }))
  local own = (core.clock() - began) / rows * 1e6
  if summary.pending ~= rows then error(("%d of %d rows are pending: %s"):format(summary.pending, rows, tostring(summary.stopped))) end
  print(("%.3f %.3f %.3f %s"):format(before, own, each(), memory()))
end

phases[arg[1]](table.unpack(arg, 2))
