--- `wixum help COMMAND`, `wixum help WORD`: a command's page, and what scripts have by that name.
--
-- Owns which of them is meant, and what is said where neither is. The pages are the parser's, and the rest is what `wixum.help` says.

local names = require "wixum.names"
local redaction = require "wixum.redaction"
local status = require "wixum.cli.status"
local texts = require "wixum.help"

local help = {}

-- The command of a parser's that has this name; else nil, and the nearest that there is.
local function command_of(parser, word)
  local known = {}
  for _, one in ipairs(parser._commands) do
    for _, alias in ipairs(one._aliases) do
      if alias == word then return one end
      known[#known + 1] = alias
    end
  end
  return nil, names.nearest(word, known)
end

local OF_COMMANDS = "`wixum --help` lists the commands, `wixum help COMMAND` explains one. In scripts:\n\n"
local IN_SCRIPTS = '\n\nFor scripts, wixum.help("%s") says:\n\n%s'

local WHERE = "`wixum --help` lists the commands, `wixum help` what scripts have"

local function quoted(word) return '"' .. (redaction.text(word, 60) or "") .. '"' end

local function did_you_mean(...)
  local meant = table.concat({ ... }, ", or ")
  return meant ~= "" and (" (did you mean %s?)"):format(meant) or ""
end

-- There is nothing of that name: what may have been meant, among commands and in scripts.
local function nothing(words, near, near_in_scripts)
  local meant = { near and ("`wixum help %s`"):format(near) }
  if near_in_scripts and near_in_scripts ~= near then meant[#meant + 1] = ("%s in scripts"):format(quoted(near_in_scripts)) end
  return nil, ("there is no help on %s%s; %s"):format(quoted(table.concat(words, " ")), did_you_mean(table.unpack(meant)), WHERE)
end

--- The explanation of a word, or of a command and its step.
---@param top table the parser
---@param words string[]
---@return string? text
---@return string? problem
function help.text(top, words)
  if #words == 0 then return OF_COMMANDS .. texts.text() end
  local command, near = command_of(top, words[1])
  if not command and #words > 1 then return nothing(words, near) end
  for i = 2, #words do -- one that a command has not is no word of scripts either
    local step, near_step = command_of(command, words[i])
    local path = table.concat(words, " ", 1, i - 1)
    if not step then
      return nil, ("there is no command %s%s; `wixum help %s` explains what there is"):format(quoted(path .. " " .. words[i]),
        did_you_mean(near_step and ("`wixum help %s %s`"):format(path, near_step)), path)
    end
    command = step
  end
  local text, near_in_scripts = texts.find(words[1])
  if #words > 1 then text = nil end
  if command then return command:get_help() .. (text and IN_SCRIPTS:format(words[1], text) or "") end
  if text then return text end
  return nothing(words, near, near_in_scripts)
end

--- `wixum help`.
---@param top table the parser
---@param words string[]
---@return integer status
function help.run(top, words)
  local text, problem = help.text(top, words)
  if not text then
    io.stderr:write("wixum help: ", problem, "\n")
    return status.USAGE
  end
  local written, trouble = io.stdout:write(text, "\n")
  if written then written, trouble = io.stdout:flush() end
  if written then return status.DONE end
  io.stderr:write("wixum help: it could not be written: ", trouble, "\n")
  return status.USAGE
end

return help
