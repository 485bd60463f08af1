--- The page around what one of the sandbox's pages has to say: head, style.
--
-- Owns that frame. What it is made of, and how values become text in it, is in wixum.html; a page gets both from here.
-- Must not know the model.

local shared = require "wixum.html"
local style = require "wixum.sandbox.pages.style"

local html = {}
for name, value in pairs(shared) do html[name] = value end

-- The icon is here because browsers ask for one: an address of its own would look like a call of the service.
local page_template = html.template [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} - wixum sandbox</title>
<link rel="icon" href="data:,">
<style nonce="{nonce}">{style}</style>
{head}</head>
<body>
<header><p><a href="/">wixum sandbox</a>: Wix on this machine. No mail leaves it.</p></header>
<main>
{main}</main>
{foot}</body>
</html>
]]

--- A whole page.
---@param parts { title: string, main: table, head: table?, foot: table? }
---@param nonce string by which the browser knows our style and script
---@return string
function html.page(parts, nonce)
  return page_template{
    title = parts.title, nonce = nonce, style = html.raw(style), head = parts.head or "", main = parts.main,
    foot = parts.foot or "",
  }.markup
end

return html
