--- Cells of an export, so that no spreadsheet runs one as a formula, and so that reading them back gives what was written.
--
-- Owns the quote that stands before such a cell. Pure.

local cells = {}

-- What makes a formula of a cell where it stands first, also behind quotes of ours; the same in full width, which some take for it.
local DANGEROUS, WIDE = "^'*[=+%-@\t\r\n]", "^'*\xEF\xBC[\x8B\x8D\x9D\xA0]"

local function is_dangerous(text) return text:find(DANGEROUS) ~= nil or text:find(WIDE) ~= nil end

--- A cell as the file has it.
---@param text string
---@param delimiter string
---@return string
function cells.written(text, delimiter)
  if is_dangerous(text) then text = "'" .. text end
  if text:find('["\r\n]') or text:find(delimiter, 1, true) then text = '"' .. text:gsub('"', '""') .. '"' end
  return text
end

--- The text of a cell that was written so.
---@param text string
---@return string
function cells.read(text)
  if text:byte() == 39 and is_dangerous(text) then return text:sub(2) end
  return text
end

return cells
