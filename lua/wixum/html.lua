--- HTML in which nothing that came from outside can be markup.
--
-- Owns escaping and templates: what the sandbox's pages and the ledger's report are made of.
-- A fragment is HTML of our own; every other value that a template is filled with becomes text. Values may be hostile: any bytes, any
-- length, marks that turn the direction of writing. Pure.

local html = {}

local fragment = { __name = "wixum.html" }
fragment.__index = fragment
fragment.__tostring = function(self) return self.markup end

--- HTML as it is written here; never for a value.
---@param markup string
---@return table fragment
function html.raw(markup)
  return setmetatable({ markup = markup }, fragment)
end

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

-- Bytes that are no UTF-8 would make a browser guess.
local function sound(text)
  local parts, from = {}, 1
  while true do
    local length, bad = utf8.len(text, from)
    if length then break end
    parts[#parts + 1] = text:sub(from, bad - 1) .. "\u{fffd}"
    from = bad + 1
  end
  if from == 1 then return text end
  return table.concat(parts) .. text:sub(from)
end

-- HTML has no control characters but white space; they are shown as their pictures.
local function visible(char)
  return utf8.char(0x2400 + (char == "\127" and 0x21 or char:byte()))
end

local function escape(text)
  if not text:find("[^\9\10\32!#$%%(-;=?-~]") then return text end -- as most are: nothing is made anew
  return (sound(text):gsub("[%z\1-\8\11-\31\127]", visible):gsub("[&<>\"']", entities))
end

--- A text's first characters, and how many bytes of it are left out.
---@param text string
---@param limit integer
---@return string
---@return integer rest
function html.clip(text, limit)
  if #text <= limit then return text, 0 end
  local start = text:sub(1, 4 * limit) -- no character has more bytes
  local head = sound(start)
  local behind = utf8.offset(head, limit + 1)
  if not behind or behind > #head and #start == #text then return text, 0 end
  head = head:sub(1, behind - 1)
  return head, math.max(#text - #head, 1)
end

--- What a template is filled with, as HTML: fragments as they are, lists of them one after the other, the rest as text.
local function render(value)
  local kind = type(value)
  if kind == "string" then return escape(value) end
  if kind == "number" then return tostring(value) end
  if getmetatable(value) == fragment then return value.markup end
  if kind ~= "table" then error("HTML has no " .. kind, 0) end
  local parts = {}
  for i, item in ipairs(value) do parts[i] = render(item) end
  return table.concat(parts)
end

--- HTML with places, `{name}`, to be filled.
---@param markup string
---@return fun(values: table<string, any>): table # to a fragment; each place needs a value
function html.template(markup)
  local parts, names, from = {}, {}, 1 -- what stands at odd places as it is, and the names of even ones; taken apart once
  for before, name, after in markup:gmatch "(){([%a_]+)}()" do
    parts[#parts + 1] = markup:sub(from, before - 1)
    parts[#parts + 1], names[#parts + 1], from = "", name, after
  end
  parts[#parts + 1] = markup:sub(from)
  return function(values)
    local filled = table.move(parts, 1, #parts, 1, {})
    for i = 2, #parts, 2 do
      local value = values[names[i]]
      if value == nil then error("nothing for {" .. names[i] .. "}", 0) end
      filled[i] = render(value)
    end
    return html.raw(table.concat(filled))
  end
end

-- Marks that open or close a stretch of another direction: one too many would reach beyond its own element.
local turns = {}
for _, range in ipairs{ { 0x202a, 0x202e }, { 0x2066, 0x2069 } } do
  for code = range[1], range[2] do turns[utf8.char(code)] = "\u{fffd}" end
end

local name_template = html.template "<bdi>{text}</bdi>"

local SHOWN = 160 -- characters

--- A value within a line: clipped, and of a direction of writing that ends with it.
---@param text string
---@param limit integer? characters, 160 unless said
---@return table fragment
function html.name(text, limit)
  local head, rest = html.clip(text, limit or SHOWN)
  return name_template{ text = (head:gsub("\xe2[\x80\x81][\xa6-\xae]", turns)) .. (rest > 0 and "\u{2026}" or "") }
end

--- A count with its thousands apart.
---@param number integer
---@return string
function html.count(number)
  return (("%d"):format(number):reverse():gsub("%d%d%d", "%0,"):reverse():gsub("^,", ""))
end

local time_template = html.template '<time datetime="{date}"><span>{day}</span> <span>{minute} UTC</span></time>'

--- A moment.
---@param date string RFC 3339, in UTC
---@return table fragment
function html.time(date)
  local day, minute = date:match("^(%d+%-%d+%-%d+)T(%d+:%d+)")
  if not day then return html.name(date) end
  return time_template{ date = date, day = day, minute = minute }
end

return html
