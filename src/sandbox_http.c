/* sandbox_http.c: `wixum.sandbox.http`, the owner's handle on a server.
 *
 * Owns the userdata and with it the server: collected, closed or stopped, its threads are gone when that returns.
 * Must not hand the owner's lua_State to anybody: what crosses is text, copied. */
#include "sandbox_server.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_NAME "wixum.sandbox.http"

typedef struct handle {
  wx_server server;
  char *answer; /* of a control call: here until Lua has its copy, since making that may raise */
} handle;

/* [-0, +0, v] */
static handle *check_running(lua_State *L) {
  handle *self = luaL_checkudata(L, 1, TYPE_NAME);
  if (!self->server.ready) luaL_error(L, "the sandbox is stopped");
  return self;
}

/* [-0, +0, -] */
static void release(handle *self) {
  wx_server_stop(&self->server);
  free(self->answer);
  self->answer = NULL;
}

/* [-0, +1, e] options[name], a string that stays on the stack; NULL (and nil) where it is absent and may be */
static const char *text_option(lua_State *L, const char *name, size_t *size, bool required) {
  int type = lua_getfield(L, 1, name);
  if (type == LUA_TNIL && !required) return NULL;
  if (type != LUA_TSTRING) luaL_error(L, "%s must be a string", name);
  return lua_tolstring(L, -1, size);
}

/* [-0, +0, e] */
static lua_Integer integer_option(lua_State *L, const char *name, lua_Integer least, lua_Integer most) {
  int is_integer = 0;
  lua_getfield(L, 1, name);
  lua_Integer value = lua_isnil(L, -1) ? 0 : lua_tointegerx(L, -1, &is_integer);
  if (!lua_isnil(L, -1) && (!is_integer || value < least || value > most)) luaL_error(L, "%s is out of range", name);
  lua_pop(L, 1);
  return value;
}

/* start(options) -> handle | nil, message    [-1, +1|2, m]
 * options: module, config (JSON), path, cpath; port, max_body, max_memory (integers); certificate, key (PEM) */
static int start(lua_State *L) {
  wx_server_setup setup;
  char message[1280] = "";
  memset(&setup, 0, sizeof setup);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  setup.service.module = text_option(L, "module", NULL, true);
  setup.service.config = text_option(L, "config", &setup.service.config_size, true);
  setup.service.path = text_option(L, "path", NULL, true);
  setup.service.cpath = text_option(L, "cpath", NULL, true);
  setup.certificate = text_option(L, "certificate", NULL, false);
  setup.key = text_option(L, "key", NULL, setup.certificate != NULL);
  setup.port = (int)integer_option(L, "port", 0, 65535);
  setup.max_body = (size_t)integer_option(L, "max_body", 0, PTRDIFF_MAX / 4);
  setup.service.max_memory = (size_t)integer_option(L, "max_memory", 0, PTRDIFF_MAX);

  /* The handle first, then what it holds: whatever fails from here on, __gc finds it. */
  handle *self = lua_newuserdatauv(L, sizeof *self, 0);
  memset(self, 0, sizeof *self);
  atomic_init(&self->server.connections, 0);
  luaL_setmetatable(L, TYPE_NAME);
  if (wx_server_start(&self->server, &setup, message, sizeof message)) return 1;
  release(self);
  lua_pushnil(L);
  lua_pushstring(L, message);
  return 2;
}

/* handle:control(name, json) -> json | nil, message    [-0, +1|2, m] */
static int control(lua_State *L) {
  char message[1280];
  handle *self = check_running(L);
  size_t json_size, answer_size;
  const char *name = luaL_checkstring(L, 2);
  const char *json = luaL_checklstring(L, 3, &json_size);
  free(self->answer);
  self->answer = wx_server_control(&self->server, name, json, json_size, &answer_size, message, sizeof message);
  if (!self->answer) {
    lua_pushnil(L);
    lua_pushstring(L, message);
    return 2;
  }
  lua_pushlstring(L, self->answer, answer_size);
  free(self->answer);
  self->answer = NULL;
  return 1;
}

/* handle:port() -> integer    [-0, +1, e] */
static int port(lua_State *L) {
  lua_pushinteger(L, check_running(L)->server.port);
  return 1;
}

/* handle:connections() -> integer: accepted so far    [-0, +1, e] */
static int connections(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)atomic_load(&check_running(L)->server.connections));
  return 1;
}

/* handle:last_error() -> string: what the service last stumbled over, "" for nothing    [-0, +1, m] */
static int last_error(lua_State *L) {
  char text[sizeof((wx_service *)0)->last_error];
  handle *self = check_running(L);
  (void)pthread_mutex_lock(&self->server.mutex);
  memcpy(text, self->server.service.last_error, sizeof text);
  (void)pthread_mutex_unlock(&self->server.mutex);
  lua_pushstring(L, text);
  return 1;
}

/* handle:stop(), also __gc and __close    [-0, +0, v] */
static int stop(lua_State *L) {
  release(luaL_checkudata(L, 1, TYPE_NAME));
  return 0;
}

__attribute__((visibility("default"))) int luaopen_wixum_sandbox_http(lua_State *L);

int luaopen_wixum_sandbox_http(lua_State *L) {
  static const luaL_Reg methods[] = {
    { "control", control },       { "port", port }, { "connections", connections },
    { "last_error", last_error }, { "stop", stop }, { NULL, NULL },
  };
  static const luaL_Reg functions[] = { { "start", start }, { NULL, NULL } };
  luaL_checkversion(L);
  (void)luaL_newmetatable(L, TYPE_NAME); /* filled each time: an earlier attempt may have run out of memory here */
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, stop);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, stop);
  lua_setfield(L, -2, "__close");
  lua_pushliteral(L, "sandbox");
  lua_setfield(L, -2, "__metatable");
  luaL_newlib(L, functions);
  return 1;
}
