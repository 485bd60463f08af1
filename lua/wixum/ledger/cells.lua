--- Cells of an export, so that no spreadsheet runs one as a formula, and so that reading them back gives what was written.
--
-- Owns the quote that stands before such a cell. Pure.

local cells = {}

-- What makes a formula of a cell where it stands first, also behind quotes of ours; the same in full width, which some take for it.
local DANGEROUS, WIDE = "^'*[=+%-@\t\r\n]", "^'*\xEF\xBC[\x8B\x8D\x9D\xA0]"
-- The same within a text, where a spreadsheet that goes by another delimiter, and not by our quotes, begins a cell.
local INNER = { "([;,\t\r\n])(['\"]*[=+%-@])", "([;,\t\r\n])(['\"]*\xEF\xBC[\x8B\x8D\x9D\xA0])" }
local OF_OURS = { "([;,\t\r\n])'(['\"]*[=+%-@])", "([;,\t\r\n])'(['\"]*\xEF\xBC[\x8B\x8D\x9D\xA0])" }

local function is_dangerous(text) return text:find(DANGEROUS) ~= nil or text:find(WIDE) ~= nil end

--- A cell as the file has it.
---@param text string
---@param delimiter string
---@return string
function cells.written(text, delimiter)
  if text:find("[;,\t\r\n]['\"=+%-@\xEF]") then
    for _, inner in ipairs(INNER) do text = text:gsub(inner, "%1'%2") end
  end
  if is_dangerous(text) then text = "'" .. text end
  if text:find('["\r\n]') or text:find(delimiter, 1, true) then text = '"' .. text:gsub('"', '""') .. '"' end
  return text
end

--- The text of a cell that was written so.
---@param text string
---@return string
function cells.read(text)
  if text:byte() == 39 and is_dangerous(text) then text = text:sub(2) end
  if text:find("[;,\t\r\n]'") then
    for _, ours in ipairs(OF_OURS) do text = text:gsub(ours, "%1%2") end
  end
  return text
end

return cells
