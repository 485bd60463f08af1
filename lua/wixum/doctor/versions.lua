--- The doctor on versions: wixum, and all that it stands on.
--
-- What is missing and only some need is a note, with what would bring it.

local core = require "wixum.core"
local version = require "wixum.version"

local own = {}

local TOPIC = "versions"

local function first_line(path, pattern)
  local file <close> = io.open(path)
  return file and file:read("a"):match(pattern)
end

local function system()
  local kernel = first_line("/proc/sys/kernel/osrelease", "^[^\n]+")
  local name = first_line("/etc/os-release", '\nPRETTY_NAME="?([^"\n]+)') or first_line("/etc/os-release", '^PRETTY_NAME="?([^"\n]+)')
  return (name or "a system that does not say its name") .. (kernel and ", kernel " .. kernel or "")
end

-- Debian's lua-cjson goes back to the original one; OpenResty's has more functions, and keeps integers integers.
local function cjson_version()
  local cjson = require "cjson"
  local lineage = cjson.empty_array ~= nil and "OpenResty's" or "the original"
  return ("%s (%s)"):format(cjson._VERSION or "of a version that it does not say", lineage)
end

local function luasql_version()
  local found, luasql = pcall(require, "luasql.sqlite3")
  if not found then return nil end
  return ("%s, SQLite %s"):format(tostring(luasql._VERSION):gsub("^LuaSQL ", ""):gsub(" %(.*", ""), luasql._CLIENTVERSION
    or "of a version that it does not say")
end

--- Looks.
---@param examined wixum.Examined
function own.look(examined)
  local function add(name, text, state, advice) examined.add(TOPIC, name, state or "note", text, { advice = advice }) end
  local build = core.libcurl_build()
  add("wixum", version)
  add("Lua", (_VERSION:gsub("^Lua ", "")))
  add("libcurl", ("%s, %s%s"):format(core.libcurl, build.tls or "without TLS", build.http2 and ", HTTP/2" or ""))
  add("lua-cjson", cjson_version())
  local luasql = luasql_version()
  add("LuaSQL", luasql or "not there: without it there is no ledger", not luasql and "warning" or nil,
    not luasql and "apt-get install lua-sql-sqlite3 (Debian), or luarocks install luasql-sqlite3" or nil)
  local has_sandbox = pcall(require, "wixum.sandbox.http")
  add("libmicrohttpd", has_sandbox and "there, for the sandbox" or "not there: without it there is no sandbox")
  local found, argparse = pcall(require, "argparse")
  add("argparse", found and (argparse.version or "there") or "not there: without it there is no command wixum")
  add("system", system())
end

return own
