--- The rows of a report: a table that can be searched, sorted and narrowed, and is simply all there without scripts.
--
-- Owns its columns. Rows are written one by one, so that none of them is kept. Closing tags that HTML can do without are left out: there
-- may be many rows, and the file is sent by mail.

local evidence = require "wixum.ledger.evidence"
local figures = require "wixum.report.figures"
local html = require "wixum.html"
local shown = require "wixum.report.shown"
local words = require "wixum.report.words"

local people = {}

local REASON = 300 -- characters
local ON_PAPER = 200 -- rows that are printed: as the style has it
local PAPER = '<p class="paper soft">On paper are the first 200 rows at most; the page itself has more.</p>\n'

local head_template = html.template [[
<section id="people">
<h2>Everybody</h2>
{note}<div id="tools" hidden>
<div class="tools"><label>Search<input id="search" type="search" autocomplete="off" spellcheck="false"
placeholder="Address, site, or reason"></label>
<label>Show<select id="state"><option value="">Everybody</option>{options}</select></label></div>
<p id="told" class="soft" role="status"></p>
</div>
<table class="rows">
<caption class="aside">One row for each person on each site</caption>
<thead><tr><th scope="col" data-kind="text">Person<th scope="col" data-kind="text">Site<th scope="col" data-kind="state">State
<th scope="col" data-kind="number">Mails<th scope="col" data-kind="text">First mail<th scope="col" data-kind="text">Last mail
<th scope="col" data-kind="text">Expires</tr></thead>
<tbody>
]]
local option_template = html.template '<option value="{name}">{title}</option>'
local note_template = html.template '<p class="soft">{text}</p>\n'
local row_template = html.template '<tr data-state="{name}"{class}><td>{email}{roles}<td>{site}<td><b>{title}</b>{why}<td>{mails}'
local dates_template = html.template "<td>{first}<td>{last}<td>{expires}\n"
local small_template = html.template "<small>{text}</small>"
local NEEDS, NOTHING = html.raw ' class="needs"', html.raw ""

-- What is said of a row beneath its state.
local function why(row, state)
  local parts = {}
  local function add(text) parts[#parts + 1] = small_template{ text = text } end
  if state == "unknown" and words.STEPS[row.unknown_step] then add("what became of " .. words.STEPS[row.unknown_step]) end
  if row.evidence then add(evidence.WORDS[row.evidence] or shown.text(row.evidence)) end
  if row.candidates and state ~= "accepted" then add(shown.text("it may be account " .. table.concat(row.candidates, " or "))) end
  if row.reason then add(shown.text(row.reason, REASON)) end
  return parts
end

--- Writes the section.
---@param write fun(text: string)
---@param rows fun(): table? as `ledger:rows()` gives them
---@param sites table<string, { name: string?, url: string? }>
---@param left integer rows that are not among them
---@return integer # rows that were written
function people.write(write, rows, sites, left)
  local options = {}
  for i, state in ipairs(words.STATES) do options[i] = option_template(state) end
  local note = left == 0 and "" or note_template{ text = shown.advice(("The table has the first rows alone; %s. `wixum export rows.csv` "
    .. "has all of them."):format(shown.counted(left, "is left out", "are left out"))) }
  write(head_template{ options = options, note = note }.markup)
  local count = 0
  for row in rows do
    local name = figures.state_of(row)
    local state = words.STATE[name]
    write(row_template{
      name = name, class = state.needs_somebody and NEEDS or NOTHING, email = shown.email(row.email),
      roles = row.roles and small_template{ text = shown.text(row.roles) } or "", site = shown.site(row.site_id, sites[row.site_id]),
      title = state.title, why = why(row, name), mails = html.count(row.mails),
    }.markup .. dates_template{
      first = shown.moment(row.first_mail_at), last = shown.moment(row.last_mail_at), expires = shown.moment(row.expires_at),
    }.markup)
    count = count + 1
  end
  write("</tbody></table>\n" .. (count > ON_PAPER and PAPER or "") .. "</section>\n")
  return count
end

return people
