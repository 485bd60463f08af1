/* core.c: luaopen_wixum_core fills the module table; what is in it lives in the files named below. */
#include "answer.h"
#include "arguments.h"
#include "flight.h"
#include "format.h"
#include "interrupt.h"
#include "json.h"
#include "keyfile.h"
#include "limit.h"
#include "looper.h"
#include "pacer.h"
#include "secrets.h"
#include "session.h"
#include "shape.h"
#include "surroundings.h"

#include <lauxlib.h>
#include <time.h>

/* Lua: core.clock() -> seconds on a clock that never jumps. [-0, +1, -] */
static int core_clock(lua_State *L) {
  lua_pushnumber(L, (lua_Number)wx_clock() / 1e6);
  return 1;
}

/* Lua: core.wall_clock() -> seconds since the epoch by this computer's clock, with parts of one. [-0, +1, -] */
static int core_wall_clock(lua_State *L) {
  struct timespec now = { 0 };
  (void)clock_gettime(CLOCK_REALTIME, &now);
  lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec / 1e9);
  return 1;
}

/* Lua: core.check_email(text) -> true, or nil and the reason. [-0, +1|2, v] */
static int core_check_email(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size), *problem = wx_email_problem(text, size);
  if (!problem) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, problem);
  return 2;
}

/* Lua: core.is_guid(text) -> boolean. [-0, +1, v] */
static int core_is_guid(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  lua_pushboolean(L, wx_is_guid(text, size));
  return 1;
}

/* Lua: core.is_utf8(text) -> boolean. [-0, +1, v] */
static int core_is_utf8(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  lua_pushboolean(L, wx_is_utf8(text, size));
  return 1;
}

/* Lua: core.read_config(path) -> text; or nil, the reason, and whether there is no such file. Believed is only what
 * others cannot write: it says where the key is and where it goes. [-0, +1|3, v] */
static int core_read_config(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  wx_keyfile *file = lua_newuserdatauv(L, sizeof *file, 0);
  const char *problem = wx_keyfile_read(file, path);
  if (problem) {
    lua_pushnil(L);
    lua_pushstring(L, problem);
    lua_pushboolean(L, file->absent);
    return 3;
  }
  lua_pushlstring(L, file->text, file->size);
  return 1;
}

/* Lua: core.http_date(text) -> seconds since the epoch, or nil. libcurl reads every form that HTTP allows. [-0, +1, v] */
static int core_http_date(lua_State *L) {
  time_t time = curl_getdate(luaL_checkstring(L, 1), NULL);
  if (time == -1) lua_pushnil(L);
  else lua_pushinteger(L, (lua_Integer)time);
  return 1;
}

static const luaL_Reg functions[] = {
  { "session", wx_session_new },
  { "shape", wx_shape_new },
  { "arguments", wx_arguments },
  { "encode", wx_encode },
  { "answer", wx_answer },
  { "decode", wx_decode },
  { "redact", wx_lua_redact },
  { "pace", wx_pacer_new },
  { "loop", wx_looper_get },
  { "end_at_next_interrupt", wx_end_at_next_interrupt },
  { "end_like_interrupt", wx_end_like_interrupt },
  { "outlive_interrupt", wx_outlive_interrupt },
  { "sleep", wx_sleep },
  { "limited", wx_limited },
  { "clock", core_clock },
  { "wall_clock", core_wall_clock },
  { "check_email", core_check_email },
  { "is_guid", core_is_guid },
  { "is_utf8", core_is_utf8 },
  { "http_date", core_http_date },
  { "read_config", core_read_config },
  { "look_at_file", wx_look_at_file },
  { "variables", wx_variables },
  { "libcurl_build", wx_libcurl_build },
  { NULL, NULL },
};

int luaopen_wixum_core(lua_State *L);

__attribute__((visibility("default"))) int luaopen_wixum_core(lua_State *L) {
  luaL_checkversion(L);
  wx_session_open(L);
  wx_flight_open(L);
  wx_looper_open(L);
  wx_pacer_open(L);
  luaL_newmetatable(L, WX_SHAPE_TYPE);
  lua_pop(L, 1);
  wx_json_open(L);
  luaL_newlib(L, functions);
  lua_pushstring(L, curl_version_info(CURLVERSION_NOW)->version);
  lua_setfield(L, -2, "libcurl");
  return 1;
}
