/* libcurl_only.c: a Lua module that loads libcurl, initialises it, and does no more: what a Lua program that uses
 * libcurl pays at its start in any case. */
#include <curl/curl.h>
#include <lauxlib.h>

int luaopen_libcurl_only(lua_State *L);

int luaopen_libcurl_only(lua_State *L) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return luaL_error(L, "libcurl cannot be initialised");
  lua_pushboolean(L, 1);
  return 1;
}
