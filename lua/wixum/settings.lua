--- What a client is told by its surroundings: environment first, then the config file.
--
-- Owns their names and the reading of key files. Must not make clients or keep a key longer than a call of its own.
-- `~/.config/wixum/config` (or under XDG_CONFIG_HOME) holds lines `name = value`; a line that begins with `#` is a comment.

local children = require "wixum.children"
local core = require "wixum.core"
local names = require "wixum.names"

local settings = {}

-- Names in the config file; the last four belong to the command and the ledger.
local CONFIG = { "api_key_file", "key_command", "site_id", "account_id", "base_url", "ledger", "columns", "locale", "trust" }

-- The variables of the environment, by the setting that each of them says before the config file does.
local VARIABLES = { site_id = "WIX_SITE_ID", account_id = "WIX_ACCOUNT_ID", base_url = "WIXUM_BASE_URL", ledger = "WIXUM_LEDGER" }

--- Names of all variables of ours.
settings.VARIABLES = children.VARIABLES

local function config_path()
  local folder = os.getenv("XDG_CONFIG_HOME")
  if not folder or not folder:find("^/") then -- a relative one would be whatever folder one happens to be in
    local home = os.getenv("HOME")
    if not home or home == "" then return nil end
    folder = home .. "/.config"
  end
  return folder .. "/wixum/config"
end

--- Reads the config file.
---@return table<string, string>? # empty where there is no file
---@return string? problem naming the file and the line
---@return { path: string?, absent: boolean?, lines: table<string, integer> } about # where it is (nil: nobody says where), and in which
--- line each setting is
function settings.config()
  local path, values = config_path(), {}
  local about = { path = path, lines = {} }
  if not path then return values, nil, about end
  local text, reason, absent = core.read_config(path)
  about.absent = absent or nil
  if absent then return values, nil, about end
  if not text then return nil, ("the config file %s cannot be used: %s"):format(path, reason), about end
  local number = 0
  for line in (text:gsub("^\xEF\xBB\xBF", "") .. "\n"):gmatch("(.-)\r?\n") do
    number = number + 1
    if not line:find("^%s*#") and line:find("%S") then
      local name, value = line:match("^%s*([%w_]+)%s*=%s*(.-)%s*$")
      if not name then return nil, ("%s:%d: not a line \"name = value\""):format(path, number), about end
      local known = false
      for _, candidate in ipairs(CONFIG) do known = known or candidate == name end
      if not known then
        return nil, ("%s:%d: unknown setting %s%s"):format(path, number, core.redact(name), names.suggestion(name, CONFIG)), about
      end
      values[name] = value ~= "" and value or nil
      about.lines[name] = number
    end
  end
  return values, nil, about
end

local function environment(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

--- What `columns` says: field = header, with , or ; before the next field. A header may have both in it: they part where a field comes
--- behind them, and nowhere else.
---@param text string
---@return table<string, string>? columns
---@return string? problem
function settings.columns(text)
  local map = {}
  for part in text:gsub("[,;](%s*[%a_]+%s*=)", "\0%1"):gmatch("[^\0]+") do
    part = part:match("^[%s,;]*(.-)[%s,;]*$") -- a separator too many parts nothing
    local field, header = part:match("^([%a_]+)%s*=%s*(.+)$")
    if not field and part ~= "" then return nil, ("%q is not FIELD=HEADER, as in email=E-Mail"):format(part) end
    if field then map[field] = header end
  end
  return map
end

local TRUST = { links = true, roles = true }

--- What `trust` says is taken for granted.
---@param text string
---@return string[]? words
---@return string? problem
function settings.trust(text)
  local words = {}
  for word in text:gmatch("[^%s,]+") do
    if not TRUST[word] then return nil, "is links, roles, or both, not " .. core.redact(word) end
    words[#words + 1] = word
  end
  return words
end

-- A shell makes a folder of ~/ at the beginning of a word alone, and nothing does in the config file.
local function path_of(said)
  local home = os.getenv("HOME")
  return said:find("^~/") and home and home ~= "" and home .. said:sub(2) or said
end

--- Where a ledger is, as the command takes it.
---@param said string? nil: in the folder where one is
---@return string
function settings.ledger_path(said) return said and path_of(said) or "wixum.db" end

-- A source of a key is a function: given the core's session it hands the key over, or answers nil and why not.

local function from_text(text)
  return function(session)
    local ok, reason = session:set_key(text)
    if not ok then return nil, "the API key of WIX_API_KEY cannot be used: " .. reason end
    return true
  end
end

local function from_file(path, said_by)
  return function(session)
    local ok, more = session:set_key_file(path)
    if not ok then return nil, ("the key file %s (from %s) cannot be used: %s"):format(core.redact(path), said_by, more) end
    if more then io.stderr:write(("wixum: others can read the key file %s: chmod 600 it\n"):format(core.redact(path))) end
    return true
  end
end

-- What prints a key gets no other variable either that looks like ours.
local WITHOUT_OTHERS = [[for name in $(env | sed -n 's/^\(WIX[A-Za-z0-9_]*\)=.*/\1/p'); do unset "$name"; done
]]

-- Time for somebody to say a password to it; and then the jobs of a cron must not pile up.
local PATIENCE, TOO_LATE = 120, 124
local LONGEST_LINE = 65536
local TIMED = ("timed() { if command -v timeout >/dev/null; then timeout --foreground %d sh -c \"$1\"; else sh -c \"$1\"; fi; }\ntimed ")
  :format(PATIENCE)

local function quoted(command) return "'" .. command:gsub("'", "'\\''") .. "'" end

local function from_command(command)
  local failed
  return function(session)
    if failed then return nil, failed end -- it may have asked for a password: once is enough
    local pipe <close> = children.read(WITHOUT_OTHERS .. TIMED .. quoted(command))
    if not pipe then return nil, "key_command in the config file cannot be run" end
    local text = (pipe:read(LONGEST_LINE) or ""):match("^[^\n]*")
    while pipe:read(4096) do end -- what goes on printing is let, or it would die of a closed pipe
    local ok, _, code = pipe:close()
    if not ok or text == "" then
      failed = code == TOO_LATE and ("key_command in the config file did not end in %d s: run it by hand"):format(PATIENCE)
        or "key_command in the config file failed, or printed nothing: run it by hand, it must print the key alone"
      return nil, failed
    end
    local set, reason = session:set_key(text)
    if not set then return nil, "what key_command in the config file printed cannot be used: " .. reason end
    return true
  end
end

--- Where a key is said to be, the one that wins first; without reading it yet.
---@param config table
---@return { variable: string?, setting: string?, path: string?, source: fun(session: userdata): true?, string? }[]
function settings.key_places(config)
  local places = {}
  local key, file = environment("WIX_API_KEY"), environment("WIX_API_KEY_FILE")
  if key then places[1] = { variable = "WIX_API_KEY", source = from_text(key) } end
  if file then
    file = path_of(file)
    places[#places + 1] = { variable = "WIX_API_KEY_FILE", path = file, source = from_file(file, "WIX_API_KEY_FILE") }
  end
  if config.api_key_file then
    file = path_of(config.api_key_file)
    places[#places + 1] = { setting = "api_key_file", path = file, source = from_file(file, "the config file") }
  end
  if config.key_command then places[#places + 1] = { setting = "key_command", source = from_command(config.key_command) } end
  return places
end

--- What a setting is, before any option: the environment, then the config file.
---@param config table
---@param name "site_id"|"account_id"|"base_url"|"ledger"|"columns"|"locale"|"trust"
---@return string? value
---@return string? variable that says it; nil: the config file does
function settings.said(config, name)
  local variable = VARIABLES[name]
  local value = variable and environment(variable)
  if value then return value, variable end
  return config[name]
end

--- The settings as they are now.
---@return { key_source: function?, site_id: string?, account_id: string?, base_url: string? }? settings
---@return string? problem
function settings.read()
  local config, problem = settings.config()
  if not config then return nil, problem end
  local place = settings.key_places(config)[1]
  return {
    key_source = place and place.source,
    site_id = (settings.said(config, "site_id")),
    account_id = (settings.said(config, "account_id")),
    base_url = (settings.said(config, "base_url")),
  }
end

return settings
