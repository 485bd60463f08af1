-- What stands where after `make install`, `make uninstall` and `luarocks make`, and that it works from there alone.

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Runs a shell command; its output, without the last line's end, and whether it succeeded.
local function run(command)
  local pipe = assert(io.popen("( " .. command .. " ) 2>&1"))
  local output = pipe:read("a"):gsub("\n$", "")
  return output, (pipe:close()) or false
end

local function must(command)
  local output, ok = run(command)
  assert(ok, command .. "\n" .. output)
  return output
end

local function files(folder)
  return must("cd " .. quote(folder) .. " && find . ! -type d | sort")
end

local root = must("pwd")
-- A build of its own: the one that these specs run in may have other flags.
local make = "make -j2 --no-print-directory BUILD=build/spec-install "

local expected -- what is installed below a prefix
local home

setup(function()
  home = must("mktemp -d")
  must(make .. "all")
  local list = must("find lua/wixum -name '*.lua' | sed 's|^lua|./share/lua/5.4|'; "
    .. "cd build/spec-install && find wixum -name '*.so' | sed 's|^|./lib/lua/5.4/|'; echo ./bin/wixum")
  expected = must("printf '%s\\n' " .. quote(list) .. " | sort")
end)

teardown(function()
  must("rm -rf " .. quote(home))
end)

-- Only what is below the prefix, and what the system has: nothing of this checkout.
local function loads_from(prefix)
  local lua = ("LUA_PATH=%s LUA_CPATH=%s lua5.4 -e %s"):format(
    quote(prefix .. "/share/lua/5.4/?.lua;" .. prefix .. "/share/lua/5.4/?/init.lua;;"),
    quote(prefix .. "/lib/lua/5.4/?.so;;"),
    quote('require "wixum"; print(require "wixum.version", package.searchpath("wixum.core", package.cpath))'))
  local version = dofile("lua/wixum/version.lua")
  assert.equal(version .. "\t" .. prefix .. "/lib/lua/5.4/wixum/core.so", must("cd / && " .. lua))
  local help = "env -u LUA_PATH -u LUA_CPATH " .. quote(prefix .. "/bin/wixum") .. " --help"
  assert.matches("Usage: wixum", must("cd / && " .. help), 1, true)
end

describe("#install make install", function()
  it("puts all below the prefix, blanks in its name or not, and uninstall takes it away again", function()
    local prefix = home .. "/some where"
    local where = "PREFIX=" .. quote(prefix)
    must(make .. "install " .. where)
    assert.equal(expected, files(prefix))
    loads_from(prefix)

    must("touch " .. quote(prefix .. "/share/lua/5.4/other.lua") .. " " .. quote(prefix .. "/bin/other"))
    must(make .. "uninstall " .. where)
    assert.equal("./bin/other\n./share/lua/5.4/other.lua", files(prefix))
    assert.equal("", must("find " .. quote(prefix) .. " -name '*wixum*'"))
  end)

  it("keeps to DESTDIR", function()
    local stage = home .. "/stage"
    must(make .. "install PREFIX=/opt/wixum DESTDIR=" .. quote(stage))
    assert.equal((expected:gsub("%f[^\0\n]%./", "./opt/wixum/")), files(stage))
    must(make .. "uninstall PREFIX=/opt/wixum DESTDIR=" .. quote(stage))
    assert.equal("", files(stage))
  end)

  it("lets the modules lie elsewhere than the command", function()
    local where = ("LUADIR=%s LIBDIR=%s BINDIR=%s"):format(home .. "/l", home .. "/c", home .. "/b")
    must(make .. "install " .. where)
    assert.matches("Usage: wixum", must(home .. "/b/wixum --help"), 1, true)
    must(make .. "uninstall " .. where)
    assert.equal("", files(home .. "/l") .. files(home .. "/c") .. files(home .. "/b"))
  end)
end)

describe("#install the command", function()
  local command = quote(root .. "/build/spec-install/bin/wixum")

  it("runs from the checkout, from anywhere and through links", function()
    must("mkdir " .. home .. "/links")
    must(("cd %s/links && ln -s %s first && ln -s ../links/first second"):format(home, command))
    assert.matches("Usage: wixum", must("cd " .. home .. " && links/second --help"), 1, true)
    assert.matches("Usage: wixum", must("cd / && PATH=" .. home .. "/links:$PATH second --help"), 1, true)
  end)

  it("becomes Lua, so that a signal reaches it", function()
    local say_pid = [[print((io.open("/proc/self/stat"):read("n")))]]
    local pids = must(("LUA_INIT=%s sh -c 'echo $$; exec \"$0\" --help' %s | head -n 2"):format(quote(say_pid), command))
    local shell, lua = pids:match("^(%d+)\n(%d+)")
    assert.equal(shell, lua)
  end)

  it("keeps the paths that the caller has set, behind its own", function()
    local function paths(variables)
      return must(("%s LUA_INIT='print(package.path) print(package.cpath)' %s --help | head -n 2"):format(variables, command))
    end
    local set = paths("LUA_PATH='/mine/?.lua' LUA_CPATH='/mine/?.so;;'")
    assert.matches("/lua/%?/init%.lua;/mine/%?%.lua\n", set)
    assert.matches("/%?%.so;/mine/%?%.so;.+/%?%.so", set)
    local versioned = paths("LUA_PATH='/no/?.lua' LUA_PATH_5_4='/yes/?.lua;;'")
    assert.matches("/lua/%?/init%.lua;/yes/%?%.lua;.+%?", versioned)
    assert.is_nil(versioned:find("/no/", 1, true))
  end)
end)

describe("#luarocks luarocks", function()
  local luarocks = "luarocks --lua-version 5.4 "

  it("accepts the rockspec", function()
    must(luarocks .. "lint wixum-scm-1.rockspec")
  end)

  it("installs the same into an empty tree, and removes it", function()
    local tree = home .. "/tree"
    must(luarocks .. "make --deps-mode=none --tree " .. quote(tree) .. " wixum-scm-1.rockspec")
    assert.equal(expected, must("cd " .. quote(tree) .. " && find . ! -type d ! -path './lib/luarocks/*' | sort"))
    loads_from(tree)
    must(luarocks .. "remove --deps-mode=none --tree " .. quote(tree) .. " wixum")
    assert.equal("", must("cd " .. quote(tree) .. " && find . ! -type d ! -path './lib/luarocks/*'"))
  end)
end)
