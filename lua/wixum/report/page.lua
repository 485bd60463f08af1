--- A report: one page that stands by itself, for a phone, a browser, a printer.
--
-- Owns the order of what it tells. Figures and rows are handed in; every text in them came from outside. The page loads nothing, and
-- its policy keeps a browser from running or loading anything but the style and the script that are in it.

local chart = require "wixum.report.chart"
local html = require "wixum.html"
local people = require "wixum.report.people"
local periods = require "wixum.report.periods"
local script = require "wixum.report.script"
local sections = require "wixum.report.sections"
local shown = require "wixum.report.shown"
local style = require "wixum.report.style"
local version = require "wixum.version"

local page = {}

--- How every report begins: by this it is known.
page.MARK = "<!DOCTYPE html>\n<!-- A report by wixum. -->\n"

local counted = shown.counted

-- ---- head ------------------------------------------------------------------------------------------------------------

local head_template = html.template [[
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>{title}</title>
<style nonce="{nonce}">{style}</style>
</head>
<body>
{sandbox}<header>
<h1>Invitations</h1>
{lead}
<dl class="facts">{facts}</dl>
{nav}</header>
<main>
]]
local SANDBOX = html.raw [[
<p class="sandbox"><strong>SANDBOX</strong> A rehearsal on one computer: nobody was mailed, nobody has accepted anything.</p>
]]
local fact_template = html.template "<dt>{name}</dt><dd>{value}</dd>\n"
local lead_template = html.template '<p class="lead">{text}</p>'
local nav_template = html.template '<nav aria-label="Parts of this page"><ul>{items}</ul></nav>\n'
local item_template = html.template '<li><a href="#{id}">{title}</a></li>'

-- Nothing but what carries the page's own word, which nobody who writes into it can know.
local POLICY = "default-src 'none'; style-src 'nonce-%s'; script-src 'nonce-%s'; base-uri 'none'; form-action 'none'"

-- What a reader wants to know first, in a sentence or two.
local function lead(figures)
  if figures.rows == 0 then return lead_template{ text = "Nobody is invited, and nobody is planned to be." } end
  local parts = { ("%s on %s. "):format(counted(figures.rows, "invitation", "invitations"), counted(#figures.sites, "site", "sites")) }
  if figures.mailed == 0 then parts[2] = "Nobody has been mailed yet."
  else
    local accepted = figures.states.accepted
    parts[2] = ("%s mailed; %s accepted"):format(counted(figures.mailed, "was", "were"),
      accepted == 0 and "nobody has" or counted(accepted, "has", "have"))
    parts[3] = accepted > 0 and (" (%d%%)."):format((accepted * 200 + figures.mailed) // (2 * figures.mailed)) or "."
  end
  return lead_template{ text = parts }
end

local function minute(moment) return (moment:gsub("T(%d%d:%d%d).*$", " %1 UTC")) end

local function facts(figures)
  local list = {}
  local function add(name, value) list[#list + 1] = fact_template{ name = name, value = value } end
  add("Service", shown.text(figures.base_url or "none yet: nothing was sent from this ledger"))
  add("Account", shown.text(figures.account_id or "not known"))
  add("Made", minute(figures.made_at))
  if minute(figures.clock) ~= minute(figures.made_at) then add("Ledger's clock", minute(figures.clock)) end
  if figures.mailed > 0 then
    add("Last check", figures.looked_at and shown.text(minute(figures.looked_at), 40)
      or shown.advice("never: `wixum check` looks who has joined"))
  end
  if figures.only then add("Only", shown.text(figures.only, 400)) end
  if (figures.team or 0) > 0 then
    add("Team", shown.advice(("%s to the account itself, not counted on this page: `wixum team list` tells where they stand"):format(
      counted(figures.team, "invite", "invites"))))
  end
  add("Rows", ("%s: one is one person on one site"):format(html.count(figures.rows)))
  return list
end

-- ---- parts -----------------------------------------------------------------------------------------------------------

local time_template = html.template '<section id="time">\n<h2>Over time</h2>\n{figures}{notes}</section>\n'
local note_template = html.template '<p class="soft">{text}</p>\n'

local MAILS = { { name = "first", title = "first mails" }, { name = "again", title = "mailed again" } }
local ACCEPTED = { { name = "accepted", title = "found accepted" } }
local PER = { day = "Mails a day", week = "Mails a week", month = "Mails a month" }

local function over_time(figures)
  local time = figures.time
  if #time.list == 0 then return nil end
  local drawn, notes, accepted = { chart.draw(PER[time.unit], time, MAILS, "") }, {}, 0
  for _, period in ipairs(time.list) do accepted = accepted + period.accepted end
  if accepted > 0 then drawn[2] = chart.draw("Found accepted", time, ACCEPTED, "low") end
  local before = time.before.first + time.before.again
  if before > 0 then
    notes[#notes + 1] = note_template{ text = ("%s before %s."):format(counted(before, "mail went out", "mails went out"),
      periods.words("day", time.list[1].from)) }
  end
  if figures.undated > 0 then
    notes[#notes + 1] = note_template{ text = ("Of %s the ledger does not know the day."):format(
      counted(figures.undated, "mail", "mails")) }
  end
  return time_template{ figures = drawn, notes = notes }
end

local foot_template = html.template [[
</main>
<footer><p class="soft">Made by wixum {version}. This page is complete in itself and loads nothing. It holds the addresses of people:
mind to whom it is forwarded.{commands}</p></footer>
{script}</body>
</html>
]]
local COMMANDS = " Commands are typed where the ledger is, with the same `--ledger` and `--sandbox` as this report was made with. "
  .. "`wixum who ADDRESS` tells all that is known of somebody."
local script_template = html.template '<script nonce="{nonce}">{script}</script>\n'

--- Writes a page.
---@param write fun(text: string) is given it in pieces
---@param figures wixum.LedgerReport
---@param rows fun(): table? those of the table
---@param sites table<string, { name: string?, url: string? }>
---@param left integer rows that are not in the table
---@param nonce string that nobody can guess
function page.write(write, figures, rows, sites, left, nonce)
  local parts = {
    { "where", "Where they stand", sections.standing(figures) }, { "time", "Over time", over_time(figures) },
    { "reasons", "What went wrong", sections.reasons(figures, sites) }, { "sites", "Sites", sections.sites(figures) },
  }
  local items, there = {}, {}
  for _, part in ipairs(parts) do
    if part[3] then
      items[#items + 1] = item_template{ id = part[1], title = part[2] }
      there[#there + 1] = part[3]
    end
  end
  if figures.rows > 0 then items[#items + 1] = item_template{ id = "people", title = "Everybody" } end
  write(page.MARK)
  write(head_template{
    policy = POLICY:format(nonce, nonce), nonce = nonce, style = html.raw(style),
    sandbox = figures.is_sandbox and SANDBOX or "", lead = lead(figures),
    title = ("%sInvitations, %s"):format(figures.is_sandbox and "SANDBOX: " or "", figures.made_at:sub(1, 10)), facts = facts(figures),
    nav = #items > 1 and nav_template{ items = items } or "",
  }.markup)
  for _, part in ipairs(there) do write(part.markup) end
  if figures.rows > 0 then people.write(write, rows, sites, left) end
  write(foot_template{ version = version, commands = figures.rows > 0 and shown.advice(COMMANDS) or "",
    script = figures.rows > 0 and script_template{ script = html.raw(script), nonce = nonce } or "" }.markup)
end

return page
