--- A ledger with somebody in every state, made through a sandbox: what specs of the report begin with.

local database = require "wixum.ledger.database"
local support = require "spec.support.ledger"

local report = {}

report.SITES = { "00000001-2222-4333-8444-555555555555", "00000002-2222-4333-8444-555555555555", "00000003-2222-4333-8444-555555555555" }

local INVITE, RESEND = "site_invites.bulk_invite", "site_invites.resend_invite"

--- A ledger of three sites with names, nobody in it yet.
---@return table desk as of spec.support.ledger
function report.desk()
  return support.desk{ sites = {
    { id = report.SITES[1], name = "Bäckerei Süß", view_url = "https://bakery.example/home?token=1" },
    { id = report.SITES[2], name = "Florist", view_url = "javascript:alert(1)" },
    { id = report.SITES[3], name = "Studio" },
  } }
end

--- Changes the ledger's file as the service never would.
function report.change(desk, statement, ...)
  local db <close> = database.open(desk.path)
  db:run(statement, ...)
end

local function plan(desk, site, ...)
  local rows = {}
  for i, name in ipairs{ ... } do
    rows[i] = { site_id = report.SITES[site], email = name .. "@example.com", role = support.ROLE.title }
  end
  assert(desk.ledger:plan(rows, { client = desk.wix }))
end

local function send(desk, site, ...)
  plan(desk, site, ...)
  assert(desk.ledger:send(desk.wix))
end

local function resend(desk, name) assert(desk.ledger:resend(desk.wix, { email = name .. "@example.com" })) end

--- Ten people, in every state but `sending`, over 31 days: ann accepted, bob revoked, cem waiting (three mails), eve expired, gus failed,
-- hal unknown, dan unclear, fay and jon waiting (fay's second mail was refused), ivy planned.
function report.fill(desk)
  local server = desk.server
  send(desk, 1, "ann", "bob", "cem", "eve")
  server:fault{ status = 400, operation = INVITE, json = { message = "The address gus@example.com is of no use, 5d96cf7f-265b-4da9-"
    .. "8f0c-26ef4243ed52" } }
  send(desk, 2, "gus")
  server:faults_clear()
  server:fault{ reset = "after", operation = INVITE }
  send(desk, 2, "hal")
  server:faults_clear()
  desk:days(3)
  resend(desk, "cem")
  assert(desk.ledger:revoke(desk.wix, { email = "bob@example.com" }))
  desk:days(2)
  send(desk, 3, "dan", "fay", "jon")
  report.change(desk, "UPDATE invites SET evidence = 'unclear' WHERE email = 'dan@example.com'")
  desk:days(5)
  resend(desk, "cem")
  server:fault{ status = 200, operation = RESEND, json = { invite = { id = desk:row("ann@example.com").invite_id, status = "Used",
    acceptedByAccountId = "0f6e5d4c-3b2a-4190-8e7d-6c5b4a392817" } } }
  resend(desk, "ann")
  server:faults_clear()
  server:fault{ status = 428, operation = RESEND, json = { message = "The invite was used" } }
  resend(desk, "fay")
  server:faults_clear()
  desk:days(21)
  plan(desk, 3, "ivy")
end

return report
