/* surroundings.c: see surroundings.h. */
#include "surroundings.h"

#include "keyfile.h"

#include <curl/curl.h>
#include <errno.h>
#include <lauxlib.h>
#include <string.h>
#include <unistd.h>

static void set_boolean(lua_State *L, const char *name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

static void set_text(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text); /* NULL is nil */
  lua_setfield(L, -2, name);
}

int wx_look_at_file(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct stat status;
  if (stat(path, &status) != 0) {
    int code = errno;
    lua_pushnil(L);
    lua_pushstring(L, strerror(code));
    lua_pushboolean(L, code == ENOENT || code == ENOTDIR);
    return 3;
  }
  bool readable_by_others = false;
  const char *problem = wx_keyfile_judge(&status, &readable_by_others);
  lua_createtable(L, 0, 9);
  set_text(L, "kind",
           S_ISREG(status.st_mode)    ? "file"
           : S_ISFIFO(status.st_mode) ? "pipe"
           : S_ISDIR(status.st_mode)  ? "folder"
                                      : "other");
  lua_pushinteger(L, (lua_Integer)(status.st_mode & 07777));
  lua_setfield(L, -2, "mode");
  lua_pushinteger(L, (lua_Integer)status.st_size);
  lua_setfield(L, -2, "size");
  lua_pushinteger(L, (lua_Integer)status.st_nlink);
  lua_setfield(L, -2, "links");
  set_boolean(L, "mine", status.st_uid == geteuid());
  set_boolean(L, "root", status.st_uid == 0);
  set_boolean(L, "readable", access(path, R_OK) == 0);
  set_boolean(L, "readable_by_others", readable_by_others);
  set_text(L, "problem", problem);
  return 1;
}

int wx_variables(lua_State *L) {
  size_t size;
  const char *prefix = luaL_checklstring(L, 1, &size);
  lua_Integer count = 0;
  lua_newtable(L);
  for (char **variable = environ; variable && *variable; variable++) {
    const char *equals = strchr(*variable, '=');
    if (!equals || strncmp(*variable, prefix, size) != 0 || (size_t)(equals - *variable) < size) continue;
    lua_pushlstring(L, *variable, (size_t)(equals - *variable));
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

int wx_libcurl_build(lua_State *L) {
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  lua_createtable(L, 0, 4);
  set_text(L, "tls", info->ssl_version);
  set_text(L, "ca_file", info->cainfo);
  set_text(L, "ca_path", info->capath);
  set_boolean(L, "http2", (info->features & CURL_VERSION_HTTP2) != 0);
  return 1;
}
