rockspec_format = "3.0"
package = "wixum"
version = "scm-1"
-- `luarocks make` builds the checkout that it is called in and fetches nothing.
source = {
  url = "git+file://.",
}
description = {
  summary = "Invites and manages the people of Wix sites: Wix's user-management API for Lua",
  detailed = [[
    Site and account invites, members, contributors and sites, over libcurl and lua-cjson. A call that mails somebody is
    never said twice; every error says whether the service acted. A sandbox plays Wix on loopback.]],
  license = "MIT",
  labels = { "http", "wix", "api" },
}
dependencies = {
  "lua >= 5.4, < 5.5",
  "lua-cjson",
  "argparse",
}
-- The library alone: LuaRocks looks for headers in /usr/include only, where Debian does not keep libcurl's.
external_dependencies = {
  CURL = { library = "curl" },
}
build = {
  type = "make",
  variables = {
    -- A folder of its own, so that another build of this checkout stays as it is.
    BUILD = "build/luarocks",
    CFLAGS = "$(CFLAGS)",
    LUA = "$(LUA)",
    LUA_INCDIR = "$(LUA_INCDIR)",
    PREFIX = "$(PREFIX)",
    LUADIR = "$(LUADIR)",
    LIBDIR = "$(LIBDIR)",
    BINDIR = "$(BINDIR)",
    -- LuaRocks moves what was installed into its tree; seen from the command's folder there:
    COMMAND_LUADIR = "../share/lua/5.4",
    COMMAND_LIBDIR = "../lib/lua/5.4",
  },
}
