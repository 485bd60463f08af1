--- What came from outside, as a report shows it: names, reasons, addresses of sites, moments.
--
-- Owns how much of a text is shown, and which address may be a link. Nothing secret is in what it gives: keys are masked, and links
-- are cut after their host, but for a site's own address, which loses what may stand behind it. Pure.

local html = require "wixum.html"
local printable = require("wixum.csv.problem").printable
local redaction = require "wixum.redaction"

local shown = {}

local NAME, EMAIL = 160, 320 -- characters
local LONGEST_ADDRESS = 300 -- characters

--- A text on one line, of a direction of writing that ends with it.
---@param text string?
---@param limit integer? characters, 160 unless said
---@return table fragment
function shown.text(text, limit)
  limit = limit or NAME
  return html.name(redaction.text(text, 4 * limit) or "", limit)
end

local email_template = html.template "{name}<wbr>@{host}"

--- A person's address, which may be broken before its @ where it is too long for a line.
---@param email string
---@return table fragment
function shown.email(email)
  local whole = redaction.text(email, 4 * EMAIL) or ""
  local name, host = whole:match("^([%w.+_-]+)@([%w.-]+)$") -- as most are; else it is a text as others are
  return name and #whole <= EMAIL and email_template{ name = name, host = host } or html.name(whole, EMAIL)
end

--- A site's address as a link may have it: http or https, a host and a path, and nothing that could be a secret.
---@param url any
---@return string?
function shown.address(url)
  if type(url) ~= "string" then return nil end
  local plain = url:match("^[^?#]*")
  local scheme, host, path = plain:match("^(%a+)://([%w.-]+:?%d*)(.*)$")
  scheme = scheme and scheme:lower()
  if scheme ~= "http" and scheme ~= "https" or path ~= "" and not path:find("^/[%w\x80-\xFF%-._~/%%]*$") then return nil end
  if printable(plain, LONGEST_ADDRESS) ~= plain then return nil end
  return ("%s://%s%s"):format(scheme, host, path)
end

local link_template = html.template '<a href="{address}" target="_blank" rel="noreferrer noopener">{name}</a>'

--- A site by its name, or by its id where it has none; with a link to it where it has an address.
---@param id string
---@param site { name: string?, url: string? }?
---@return table fragment
function shown.site(id, site)
  local name = shown.text(site and site.name and redaction.text(site.name, NAME) or id)
  local address = site and shown.address(site.url)
  return address and link_template{ address = address, name = name } or name
end

local moment_template = html.template "{day} <small>{minute}</small>"

--- A moment: its day, and the minute.
---@param moment string? as the ledger writes it
---@return table|string fragment
function shown.moment(moment)
  if not moment then return "" end
  local day, minute = moment:match("^(%d+%-%d+%-%d+)T(%d+:%d+)")
  return day and moment_template{ day = day, minute = minute } or shown.text(moment, 20)
end

local code_template, word_template = html.template "<code>{words}</code>", html.template "<span>{word}</span>"

-- A command, which is broken between words alone: "--" at the end of a line would be no option.
local function command_of(text)
  local parts = {}
  for word in text:gmatch("%S+") do
    if #parts > 0 then parts[#parts + 1] = " " end
    parts[#parts + 1] = word_template{ word = word }
  end
  return code_template{ words = parts }
end

--- Words of ours, with commands between backquotes.
---@param text string
---@return table[] fragments
function shown.advice(text)
  local parts = {}
  for words, command in (text .. "``"):gmatch("([^`]*)`([^`]*)`") do
    parts[#parts + 1] = words
    if command ~= "" then parts[#parts + 1] = command_of(command) end
  end
  return parts
end

--- "1 row", "1,200 rows".
---@param number integer
---@param one string
---@param many string
---@return string
function shown.counted(number, one, many) return ("%s %s"):format(html.count(number), number == 1 and one or many) end

return shown
