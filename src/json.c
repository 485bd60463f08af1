/* json.c: see json.h. Works with both lua-cjson: the original 2.1.0 (Debian's; every number becomes a float) and
 * OpenResty's (integers stay integers). */
#include "json.h"

#include "format.h"

#include <lauxlib.h>
#include <locale.h>
#include <string.h>

/* Addresses that serve as keys of the registry. */
static const char module_key, decode_key, encode_key, point_key;

/* Calls instance.NAME(value…) to set something up; what this lineage lacks is left out. The values are at the top,
 * below them the instance. [-n, +0, v] */
static void configure(lua_State *L, const char *name, int arguments) {
  if (lua_getfield(L, -1 - arguments, name) != LUA_TFUNCTION) {
    lua_pop(L, arguments + 1);
    return;
  }
  lua_insert(L, -1 - arguments);
  lua_call(L, arguments, 0);
}

/* The character between a number's whole part and its fraction, as the locale has it now. */
static int decimal_point(void) { return (unsigned char)localeconv()->decimal_point[0]; }

/* Takes an instance and sets it up. lua-cjson notes the locale's decimal point when one is made. [-0, +0, v] */
static void take_instance(lua_State *L) {
  luaL_checkstack(L, 6, NULL);
  lua_pushinteger(L, decimal_point());
  lua_rawsetp(L, LUA_REGISTRYINDEX, &point_key);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &module_key);
  lua_getfield(L, -1, "new");
  lua_call(L, 0, 1);
  lua_pushboolean(L, 0), configure(L, "decode_invalid_numbers", 1);
  lua_pushboolean(L, 0), configure(L, "encode_invalid_numbers", 1);
  lua_pushinteger(L, WX_JSON_DEPTH), configure(L, "decode_max_depth", 1);
  lua_pushinteger(L, WX_JSON_DEPTH), configure(L, "encode_max_depth", 1);
  lua_getfield(L, -1, "decode");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &decode_key);
  lua_getfield(L, -1, "encode");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &encode_key);
  lua_pop(L, 2);
}

void wx_json_open(lua_State *L) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "cjson");
  int status = lua_pcall(L, 1, 1, 0);
  if (status == LUA_ERRMEM) lua_error(L);
  if (status != LUA_OK)
    luaL_error(
      L, "wixum needs lua-cjson: apt-get install lua-cjson (Debian), or luarocks --lua-version 5.4 install lua-cjson");
  if (!lua_istable(L, -1) || lua_getfield(L, -1, "new") != LUA_TFUNCTION)
    luaL_error(L, "wixum needs lua-cjson, but the module \"cjson\" that was found is something else");
  lua_pop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &module_key);
  take_instance(L);
}

/* [-1, +1, m] */
static bool call(lua_State *L, const void *key) {
  luaL_checkstack(L, 3, NULL);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &point_key);
  bool moved = lua_tointeger(L, -1) != decimal_point();
  lua_pop(L, 1);
  if (moved)
    take_instance(L); /* the program has changed its locale: without this numbers would break off at the point */
  lua_rawgetp(L, LUA_REGISTRYINDEX, key);
  lua_insert(L, -2);
  return lua_pcall(L, 1, 1, 0) == LUA_OK;
}

bool wx_json_encode(lua_State *L) { return call(L, &encode_key); }

bool wx_json_decode(lua_State *L) {
  size_t size;
  const char *text = lua_tolstring(L, -1, &size);
  if (!wx_is_utf8(text, size)) {
    lua_pop(L, 1);
    lua_pushliteral(L, "it is not valid UTF-8");
    return false;
  }
  if (memchr(text, '\0', size)) { /* lua-cjson would take it for the end */
    lua_pop(L, 1);
    lua_pushliteral(L, "it holds a NUL byte");
    return false;
  }
  if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) { /* a byte order mark, which JSON does not know */
    lua_pushlstring(L, text + 3, size - 3);
    lua_remove(L, -2);
  }
  return call(L, &decode_key);
}

bool wx_json_is_null(lua_State *L, int index) {
  return lua_type(L, index) == LUA_TLIGHTUSERDATA && lua_touserdata(L, index) == NULL;
}
