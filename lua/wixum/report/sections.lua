--- Parts of a report: where invitations stand, what went wrong, how it is by site.
--
-- Owns how these figures are laid out. Each answers HTML, or nil where there is nothing to tell. Pure.

local html = require "wixum.html"
local shown = require "wixum.report.shown"
local words = require "wixum.report.words"

local sections = {}

local MOST_REASONS, MOST_SITES = 30, 500

-- ---- where they stand ------------------------------------------------------------------------------------------------

local standing_template = html.template [[
<section id="where">
<h2>Where they stand</h2>
<table class="stand">
<caption class="aside">Invitations by where they stand; shares are of all</caption>
<thead class="aside"><tr><th scope="col">What</th><th scope="col">Number</th><th scope="col">Share</th><th scope="col">What it means</th>
</tr></thead>
<tbody>
{whole}</tbody><tbody>
{states}</tbody></table>
</section>
]]
local line_template = html.template [[
<tr class="{class}"><th scope="row">{title}{todo}</th><td class="number">{count}</td><td class="number">{share}</td>
{bar}{what}</tr>
]]
local bar_template = html.template [[
<td class="wide line"><svg class="bar" viewBox="0 0 1000 1" preserveAspectRatio="none" aria-hidden="true">
<rect width="{width}" height="1"/></svg></td>]]
local what_template = html.template '<td class="wide what"><small>{meaning} {advice}</small></td>'
local show_template = html.template '<a href="#people" data-show="{name}">{title}</a>'
local TODO = html.raw '<span class="todo">to do</span>'

local function line(class, title, count, share, total, more)
  more = more or {}
  return line_template{ class = class, title = title, count = html.count(count), share = share .. "%", todo = more.todo or "",
    bar = count > 0 and bar_template{ width = count * 1000 // total } or "", what = more.what or "" }
end

-- States that are told though nobody is in them: that nobody is, is what one wants to know.
local ALWAYS = { accepted = true, waiting = true, unclear = true, expired = true, failed = true, unknown = true }

local function state_line(figures, state)
  local count, share = figures.states[state.name], figures.shares[state.name]
  if count == 0 then return ALWAYS[state.name] and line(state.name .. " zero", state.title, 0, "0", figures.rows) or nil end
  return line(state.name, show_template(state), count, share == 0 and "<1" or tostring(share), figures.rows, {
    todo = state.needs_somebody and TODO or "",
    what = what_template{ meaning = state.meaning, advice = state.advice and shown.advice(state.advice) or "" },
  })
end

--- The funnel: all, who was mailed, and where each stands.
---@param figures wixum.ReportFigures
---@return table? fragment
function sections.standing(figures)
  if figures.rows == 0 then return nil end
  local states = {}
  for _, state in ipairs(words.STATES) do states[#states + 1] = state_line(figures, state) end
  local mailed = (figures.mailed * 200 + figures.rows) // (2 * figures.rows)
  local meaning = ("%s went out, or may have."):format(shown.counted(figures.mails, "mail", "mails"))
  return standing_template{ states = states, whole = {
    line("whole", "Invitations", figures.rows, "100", figures.rows),
    line("whole", "Mailed", figures.mailed, figures.mailed > 0 and mailed == 0 and "<1" or tostring(mailed), figures.rows,
      { what = what_template{ meaning = meaning, advice = "" } }),
  } }
end

-- ---- what went wrong -------------------------------------------------------------------------------------------------

local reasons_template = html.template '<section id="reasons">\n<h2>What went wrong</h2>\n{kinds}{rest}</section>\n'
local kind_template = html.template '<h3>{title}: {count}</h3>\n<p class="soft">{advice}</p>\n{list}'
local list_template = html.template '<ul class="reasons">\n{items}</ul>\n'
local reason_template = html.template '<li><b>{count}</b><div>{reason}<small>For example {email} on {site}{request}</small></div></li>\n'
local rest_template = html.template '<p class="soft">{count} more; the rows below have them.</p>\n'
local KINDS = { "failed", "unknown", "refused", "held" }

local function reason_item(group, sites)
  local text = group.others and words.OTHER_REASONS or group.reason and shown.text(group.reason, 300) or words.NO_REASON
  local example = group.example
  local site = sites[example.site_id]
  return reason_template{
    count = html.count(group.count), reason = text, email = shown.email(example.email),
    site = shown.text(site and site.name or example.site_id),
    request = example.request_id and { ", request id ", shown.text(example.request_id, 80) } or "",
  }
end

--- Why rows are not where they should be, by kind.
---@param figures wixum.ReportFigures
---@param sites table<string, { name: string? }>
---@return table? fragment
function sections.reasons(figures, sites)
  if #figures.reasons == 0 then return nil end
  local kinds = {}
  for _, kind in ipairs(KINDS) do
    local items, count = {}, 0
    for place, group in ipairs(figures.reasons) do
      if group.kind == kind then
        count = count + group.count
        if place <= MOST_REASONS then items[#items + 1] = reason_item(group, sites) end
      end
    end
    if count > 0 then
      kinds[#kinds + 1] = kind_template{ title = words.KINDS[kind].title, count = html.count(count),
        advice = shown.advice(words.KINDS[kind].advice), list = #items > 0 and list_template{ items = items } or "" }
    end
  end
  local rest = #figures.reasons - MOST_REASONS
  return reasons_template{ kinds = kinds,
    rest = rest > 0 and rest_template{ count = shown.counted(rest, "reason", "reasons") } or "" }
end

-- ---- sites -----------------------------------------------------------------------------------------------------------

local sites_template = html.template [[
<section id="sites">
<h2>Sites</h2>
<table class="sites">
<caption class="soft">{caption}</caption>
<thead><tr><th scope="col">Site</th>{heads}</tr></thead>
<tbody>
{rows}</tbody></table>
{rest}</section>
]]
local site_head_template = html.template '<th scope="col">{title}</th>'
local site_template = html.template '<tr><th scope="row"><a href="#people" data-site>{name}</a></th>{cells}</tr>\n'
local site_cell_template = html.template '<td data-label="{title}">{count}</td>'
local rest_sites_template = html.template '<p class="soft">{count}, with less to do, are not shown here; their rows are below.</p>\n'

--- The same counts by site, worst first.
---@param figures wixum.ReportFigures
---@return table? fragment
function sections.sites(figures)
  if #figures.sites == 0 then return nil end
  local columns, heads, rows = {}, {}, {}
  local function column(title, count)
    columns[#columns + 1] = { title = title, count = count }
    heads[#heads + 1] = site_head_template{ title = title }
  end
  column("All", function(site) return site.rows end)
  column("Mailed", function(site) return site.mailed end)
  for _, state in ipairs(words.STATES) do
    if figures.states[state.name] > 0 then column(state.title, function(site) return site.states[state.name] or 0 end) end
  end
  for i = 1, math.min(#figures.sites, MOST_SITES) do
    local site, cells = figures.sites[i], {}
    for j, one in ipairs(columns) do
      local count = one.count(site)
      cells[j] = site_cell_template{ title = one.title, count = count > 0 and html.count(count) or "" }
    end
    rows[i] = site_template{ name = shown.text(site.name or site.site_id), cells = cells }
  end
  local rest = #figures.sites - MOST_SITES
  return sites_template{ caption = #figures.sites > 1 and "Those with most to do first." or "", heads = heads, rows = rows,
    rest = rest > 0 and rest_sites_template{ count = shown.counted(rest, "more site", "more sites") } or "" }
end

return sections
