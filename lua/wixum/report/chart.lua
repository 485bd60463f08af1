--- Bars over time, as SVG in the page, with the same numbers as a table.
--
-- Owns how bars are drawn. The drawing stretches with the page, so it holds no text; its labels stand beside it, as text does. Pure.

local html = require "wixum.html"
local periods = require "wixum.report.periods"

local chart = {}

local HIGH, STEP, WIDE = 1000, 100, 80 -- units of the drawing: its height, a bar with what is between, a bar
local FEW = 8 -- bars: fewer are no wider than these
local LEAST = 12 -- what is there is seen

---@class wixum.ReportSeries
---@field name string of the count in a period, and of its class in the style
---@field title string

-- A number that bars are compared with: at least the largest, and round.
local function round_top(largest)
  local power = 1
  while power * 10 < largest do power = power * 10 end
  for _, factor in ipairs{ 1, 2, 4, 5, 10 } do
    if factor * power >= largest then return math.max(factor * power, 2) end
  end
end

local bar_template = html.template '<rect class="{name}" x="{x}" y="{y}" width="{width}" height="{height}"/>'
local group_template = html.template "<g><title>{words}</title>{bars}</g>\n"

local function words_of(unit, period, series)
  local parts = {}
  for i, one in ipairs(series) do parts[i] = ("%s %s"):format(html.count(period[one.name]), one.title) end
  return ("%s: %s"):format(periods.words(unit, period.from), table.concat(parts, ", "))
end

-- The bars of a period, one on the other.
local function stacked(period, place, series, top, wide)
  local bars, y = {}, HIGH
  for _, one in ipairs(series) do
    local count = period[one.name]
    if count > 0 then
      local height = math.max(count * HIGH // top, LEAST)
      y = math.max(y - height, 0)
      bars[#bars + 1] = bar_template{ name = one.name, x = (place - 1) * STEP + (STEP - wide) // 2, y = y, width = wide, height = height }
    end
  end
  return bars
end

local drawing_template = html.template [[
<figure>
<figcaption>{caption}{legend}</figcaption>
<div class="plot"><div aria-hidden="true"><span>{top}</span><span>{half}</span><span>0</span></div>
<svg class="{class}" viewBox="0 0 {width} {high}" preserveAspectRatio="none" role="img" aria-label="{label}">
<line x1="0" y1="0" x2="{width}" y2="0"/>
<line x1="0" y1="{middle}" x2="{width}" y2="{middle}"/>
{groups}</svg>
<div class="span" aria-hidden="true"><span>{from}</span>{to}</div></div>
<details><summary>The same as a table</summary>
<table class="plain"><thead><tr><th scope="col">{unit}</th>{heads}</tr></thead>
<tbody>
{rows}</tbody></table></details>
</figure>
]]
local to_template = html.template "<span>{words}</span>"
local legend_template = html.template '<span><i class="{name}"></i>{title}</span>'
local head_template = html.template '<th scope="col" class="number">{title}</th>'
local row_template = html.template '<tr><th scope="row">{words}</th>{cells}</tr>\n'
local cell_template = html.template '<td class="number">{count}</td>'

local UNITS = { day = "Day (UTC)", week = "Week", month = "Month" }

--- A figure.
---@param caption string
---@param time wixum.ReportPeriods with a period at least
---@param series wixum.ReportSeries[] from the ground up
---@param class string "low" for a chart that only goes with another; "" else
---@return table fragment
function chart.draw(caption, time, series, class)
  local list, largest = time.list, 0
  for _, period in ipairs(list) do
    local sum = 0
    for _, one in ipairs(series) do sum = sum + period[one.name] end
    largest = math.max(largest, sum)
  end
  local top, wide = round_top(largest), WIDE * math.min(#list, FEW) // FEW
  local groups, rows, heads, legend = {}, {}, {}, {}
  for i, one in ipairs(series) do
    heads[i] = head_template{ title = one.title }
    legend[i] = #series > 1 and legend_template{ name = one.name, title = one.title } or ""
  end
  for i, period in ipairs(list) do
    groups[i] = group_template{ words = words_of(time.unit, period, series), bars = stacked(period, i, series, top, wide) }
    local cells = {}
    for j, one in ipairs(series) do cells[j] = cell_template{ count = html.count(period[one.name]) } end
    rows[i] = row_template{ words = periods.words(time.unit, period.from), cells = cells }
  end
  return drawing_template{
    caption = caption, legend = legend, class = class, label = caption .. ", as bars; the same as a table follows",
    width = #list * STEP, high = HIGH, middle = HIGH // 2, top = html.count(top), half = top % 2 == 0 and html.count(top // 2) or "",
    groups = groups, unit = UNITS[time.unit], heads = heads, rows = rows, from = periods.words(time.unit, list[1].from),
    to = #list > 1 and to_template{ words = periods.words(time.unit, list[#list].from) } or "",
  }
end

return chart
