--- The doctor on the way to the service: TLS, the certificates that are believed, the proxy.
--
-- Owns what libcurl would do here, as far as it can be told without a call. Passwords of proxies never show.

local core = require "wixum.core"
local report = require "wixum.doctor.report"
local shown = report.shown

local own = {}

local TOPIC = "connection"

-- ---- TLS -------------------------------------------------------------------------------------------------------------

local function tls_line(examined, base_url, build)
  if base_url:find("^http:") then
    return examined.add(TOPIC, "TLS", "note", "none: plain HTTP, to this machine itself and no other")
  end
  examined.add(TOPIC, "TLS", "ok", ("https by %s; TLS 1.2 or newer, certificate and host name are verified"):format(build.tls or "libcurl"))
end

-- Is this what certificates of authorities can be read from? Answers the reason where not.
local function unreadable(path)
  local facts, reason = core.look_at_file(path)
  if not facts then return reason end
  return not facts.readable and "it may not be read" or nil
end

local function certificates_line(examined, build)
  local add, state = examined.add, examined.state
  local file, folder = state.settings.ca_file, state.settings.ca_path
  if file or folder then -- these and no others
    local parts, problem = {}, nil
    for _, path in ipairs{ file or false, folder or false } do
      if path then
        parts[#parts + 1] = shown(path, 300)
        local reason = unreadable(path)
        problem = problem or reason and ("%s: %s"):format(shown(path, 300), reason)
      end
    end
    local text = ("believed are those of %s, from %s"):format(table.concat(parts, " and "), examined.said_by)
    if not problem then return add(TOPIC, "certificates", "ok", text) end
    return add(TOPIC, "certificates", "wrong", text .. "; " .. problem, { cause = "settings",
      advice = "correct ca_file or ca_path, or leave them out" })
  end
  for _, path in ipairs{ build.ca_file or false, build.ca_path or false } do
    if path and not unreadable(path) then
      return add(TOPIC, "certificates", "ok", ("believed are those of %s, libcurl's own"):format(shown(path, 300)))
    end
  end
  if not build.ca_file and not build.ca_path then
    return add(TOPIC, "certificates", "note", "libcurl keeps them where its maker put them")
  end
  local place = shown(build.ca_file or build.ca_path, 300)
  add(TOPIC, "certificates", "wrong", ("libcurl looks for them in %s, and cannot read it"):format(place), { cause = "settings",
    advice = "apt-get install ca-certificates (Debian), or say ca_file in wixum.client{ … }" })
end

-- ---- proxy -----------------------------------------------------------------------------------------------------------

local function variable(...)
  for _, name in ipairs{ ... } do
    local value = os.getenv(name)
    if value and value ~= "" then return value, name end
  end
end

--- Does a no_proxy say that a host is reached directly? As libcurl reads it, for hosts that have a name.
---@param host string
---@param list string?
---@return boolean
function own.is_direct(host, list)
  if not list then return false end
  if list == "*" then return true end
  host = host:lower():gsub("%.$", "")
  for token in list:lower():gmatch("[^%s,]+") do
    token = token:gsub("^%.", ""):gsub("%.$", "")
    if token ~= "" and (host == token or host:sub(-#token - 1) == "." .. token) then return true end
  end
  return false
end

local function proxy_line(examined, base_url, loopback)
  local function add(state, text, more) examined.add(TOPIC, "proxy", state, text, more) end
  local by_option = examined.state.root.proxy
  local value, name = variable("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
  local through = by_option or value -- what is between // and @ does not get through the report's door
  local source = by_option and examined.said_by or name
  if loopback then
    return add("note", "none: this machine itself is never reached through one" .. (through and (" (%s, from %s, is not used)"):format(
      through, source) or ""))
  elseif not through then
    local other = select(2, variable("http_proxy", "HTTP_PROXY"))
    return add("ok", "none" .. (other and (": %s is for plain HTTP alone; https_proxy would be heeded"):format(other) or ""))
  end
  local direct, direct_name = variable("no_proxy", "NO_PROXY")
  local host = base_url:match("^https?://([^/:]+)") or ""
  if own.is_direct(host, direct) then
    return add("ok", ("none: %s names %s, so that %s, from %s, is not used"):format(direct_name, shown(host, 100), through, source))
  end
  add("ok", ("through %s, from %s"):format(through, source))
end

--- Looks.
---@param examined wixum.Examined
function own.look(examined)
  local build = core.libcurl_build()
  if not examined.client then
    return examined.add(TOPIC, "TLS", "unproven", "the settings above have to be right first")
  end
  local root = examined.state.root
  tls_line(examined, root.base_url, build)
  if not root.base_url:find("^http:") then certificates_line(examined, build) end
  proxy_line(examined, root.base_url, root.loopback)
end

return own
