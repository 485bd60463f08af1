--- A review as a page to be printed and signed: a block a person, with boxes for decision and signature.
--
-- Owns what stands on it, and in which order. It stands by itself: it loads nothing and runs nothing, and its policy keeps a browser from
-- doing so. Every text in it may be hostile.

local filesystem = require "wixum.ledger.filesystem"
local html = require "wixum.html"
local rows = require "wixum.access.rows"
local since = require "wixum.access.since"
local style = require "wixum.access.page_style"
local ties = require "wixum.access.ties"

local page = {}

local MARK = "<!DOCTYPE html>\n<!-- A review of access by wixum. -->\n"

--- What `new_file` asks: may another page take its place?
page.KIND = {
  name = "a review",
  is_one = function(path)
    local start = filesystem.start_of(path)
    return start ~= nil and (start == "" or start:sub(1, #MARK) == MARK)
  end,
}

local LONG = 300 -- characters of a text

local function text(value) return html.name(value, LONG) end

local function count(number, one, many) return ("%s %s"):format(html.count(number), number == 1 and one or many) end

-- ---- rows ------------------------------------------------------------------------------------------------------------

local cell = html.template '<td data-label="{label}">{value}</td>'
local line = html.template "<tr>{cells}</tr>\n"
local sub_line = html.template '<span class="{class}">{value}</span>'
local marked = html.template '<span class="marked">{value}</span>'
local table_template = html.template "<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"
local head_template = html.template '<th scope="col">{title}</th>'
local CHOICES = html.raw "&#9744; keep<br>&#9744; remove<br>&#9744; other role:"

local WHO = { contributor = "contributor", member = "member of the team", invited = "invited, not accepted", owner = "owner" }

-- Titles of columns, with the head of a table that has them.
local function columns(titles)
  local head = {}
  for i, title in ipairs(titles) do head[i] = head_template{ title = title }.markup end
  titles.head = html.raw(table.concat(head))
  return titles
end

local function table_of(titles, lines) return table_template{ head = titles.head, rows = lines } end

local function site_of(row)
  local parts = { text(row.site) }
  if row.url ~= "" then parts[#parts + 1] = sub_line{ class = "url", value = text(row.url) } end
  if row.site_id ~= "" then parts[#parts + 1] = sub_line{ class = "id", value = row.site_id } end
  return parts
end

local function evidence_of(row)
  local parts = { row.who == "member" and "the team says it" or text(ties.WORDS[row.evidence] or row.evidence) }
  if row.account_id ~= "" and row.email ~= "" then
    parts[2] = sub_line{ class = "id", value = { "account ", text(row.account_id) } }
  end
  return parts
end

local TITLES = columns{ "Site", "Roles", "Whose it is", "Since", "Changes", "Decision" }

local function row_line(row, own)
  local roles = { text(row.roles) }
  if row.who ~= "contributor" then roles[2] = sub_line{ class = "id", value = WHO[row.who] } end
  local days = row.since:gsub("T%d%d:%d%d:%d%dZ", "")
  local values = { site_of(row), roles, row.who == "invited" and "" or evidence_of(row), days ~= "" and text(days) or "",
    row.changes ~= "" and marked{ value = text(row.changes) } or "", rows.is_decidable(row, own) and CHOICES or "\u{2013}" }
  local cells = {}
  for i, value in ipairs(values) do cells[i] = cell{ label = TITLES[i], value = value } end
  return line{ cells = cells }
end

-- ---- people ----------------------------------------------------------------------------------------------------------

local person_template = html.template [[
<section class="person">
<h3>{title}</h3>
{table}<div class="boxes"><div class="box">Decision</div><div class="box">Signature</div></div>
</section>
]]
local small = html.template " <small>{value}</small>"

-- Those who stand together, in their order.
local function people_of(list)
  local known, unknown, last, group = {}, {}, nil, nil
  for _, row in ipairs(list) do
    if not row.gone then
      local person = rows.person(row)
      if person ~= last then
        group, last = { row = row, rows = {} }, person
        table.insert(rows.is_unknown(row) and unknown or known, group)
      end
      table.insert(group.rows, row)
    end
  end
  return known, unknown
end

local function name_of(group)
  for _, row in ipairs(group.rows) do if row.name ~= "" then return row.name end end
end

local function block(group, own)
  local row, lines = group.row, {}
  for i, one in ipairs(group.rows) do lines[i] = row_line(one, own) end
  local title = { row.email ~= "" and text(row.email) or { "Account ", text(row.account_id ~= "" and row.account_id or row.user_id) } }
  local name = name_of(group)
  if name then title[2] = small{ value = text(name) } end
  return person_template{ title = title, table = table_of(TITLES, lines) }
end

local section_start = html.template '<section id="{id}">\n<h2>{title}</h2>\n{lead}'
local SECTION_END = html.raw "</section>\n"
local paragraph = html.template "<p>{text}</p>\n"
local warning = html.template '<p class="warning">{text}</p>\n'
local UNKNOWN = html.raw [[
<p>These accounts can reach sites, and nobody knows whose they are. Ask the owners of the sites. Who knows it says so with
<code>wixum confirm EMAIL --site SITE --account ID</code>; whoever is nobody's should not stay.</p>
]]

-- A block each, written as it is made: there may be very many.
local function write_blocks(write, head, list, own)
  write(section_start(head).markup)
  for _, group in ipairs(list) do write(block(group, own).markup) end
  write(SECTION_END.markup)
end

-- ---- what has changed ------------------------------------------------------------------------------------------------

local CHANGED = columns{ "Person", "Site", "Change" }

local function changed(found)
  if not found.compared then return "" end
  local lines = {}
  for _, row in ipairs(found.rows) do
    if row.changes ~= "" then
      local who = row.email ~= "" and text(row.email) or { "account ", text(row.account_id) }
      local values = { who, site_of(row), text(row.changes == since.NEW and "new: " .. row.roles or row.changes) }
      local cells = {}
      for i, value in ipairs(values) do cells[i] = cell{ label = CHANGED[i], value = value } end
      lines[#lines + 1] = line{ cells = cells }
    end
  end
  local lead = paragraph{ text = ("%d new, %d gone, %d with other roles."):format(found.compared.new, found.compared.gone,
    found.compared.roles) }
  return { section_start{ id = "changes", title = "Changes since the review before", lead = lead },
    #lines > 0 and table_of(CHANGED, lines) or "", SECTION_END }
end

-- ---- the page --------------------------------------------------------------------------------------------------------

local POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

local start = html.template [[
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>Review of access</title>
<style>{style}</style>
</head>
<body>
{sandbox}<header>
<h1>Who can reach what</h1>
<dl>{facts}</dl>
{warnings}</header>
<main>
{changes}]]
local END = [[
<section class="signed" aria-label="Signature">
<p>Date</p><p>Place</p><p>Name and signature</p>
</section>
</main>
</body>
</html>
]]
local fact = html.template "<dt>{name}</dt><dd>{value}</dd>\n"
local SANDBOX = html.raw [[
<p class="sandbox"><strong>SANDBOX</strong> A rehearsal on one computer: nobody here can reach anything.</p>
]]

--- Writes the page, piece by piece.
---@param found wixum.AccessReview
---@param write fun(text: string)
function page.write(found, write)
  local known, unknown = people_of(found.rows)
  local facts, warnings = {}, {}
  local function add(name, value) facts[#facts + 1] = fact{ name = name, value = value } end
  add("Account", text(found.account_id or "not known"))
  add("Service", text(found.service))
  add("Read", html.time(found.read_at))
  add("Sites", html.count(found.sites))
  add("People", ("%s, and %s that nobody knows"):format(html.count(found.people), count(found.unknown, "account", "accounts")))
  add("Open invites", html.count(found.invited))
  for i, words in ipairs(found.incomplete) do warnings[i] = warning{ text = text(words) } end
  local own = found.account_id
  write(MARK .. start{ policy = POLICY, style = html.raw(style), sandbox = found.loopback and SANDBOX or "", facts = facts,
    warnings = warnings, changes = changed(found) }.markup)
  write_blocks(write, { id = "people", title = "People", lead = #known == 0 and paragraph{ text = "Nobody." } or "" }, known, own)
  if #unknown > 0 then write_blocks(write, { id = "unknown", title = "Accounts that nobody knows", lead = UNKNOWN }, unknown, own) end
  write(END)
end

return page
