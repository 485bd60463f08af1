/* pacer.c: see pacer.h. */
#include "pacer.h"

#include "pace.h"

#include <lauxlib.h>
#include <math.h>

#define PACE_TYPE "wixum.pace"

static int64_t microseconds(lua_State *L, int index) {
  lua_Number seconds = luaL_checknumber(L, index);
  luaL_argcheck(L, seconds >= -9e12 && seconds <= 9e12, index, "not a time");
  return (int64_t)llround(seconds * 1e6);
}

int wx_pacer_new(lua_State *L) {
  lua_Integer calls = luaL_checkinteger(L, 1);
  int64_t per = microseconds(L, 2);
  luaL_argcheck(L, calls > 0 && calls <= 100000000, 1, "not a number of calls");
  luaL_argcheck(L, per > 0, 2, "not a span of time");
  wx_pace *pace = lua_newuserdatauv(L, sizeof *pace, 0);
  pace->answered = NULL;
  luaL_setmetatable(L, PACE_TYPE);
  if (!wx_pace_init(pace, (size_t)calls, per))
    return luaL_error(L, "no memory for a pace of %I calls", (LUAI_UACINT)calls);
  return 1;
}

static int pace_wait(lua_State *L) {
  int64_t wait = wx_pace_wait(luaL_checkudata(L, 1, PACE_TYPE), microseconds(L, 2));
  lua_pushnumber(L, wait == INT64_MAX ? (lua_Number)HUGE_VAL : (lua_Number)wait / 1e6);
  return 1;
}

static int pace_start(lua_State *L) {
  wx_pace_start(luaL_checkudata(L, 1, PACE_TYPE));
  return 0;
}

static int pace_slow(lua_State *L) {
  wx_pace_slow(luaL_checkudata(L, 1, PACE_TYPE), microseconds(L, 2));
  return 0;
}

static int pace_cancel(lua_State *L) {
  wx_pace_cancel(luaL_checkudata(L, 1, PACE_TYPE));
  return 0;
}

static int pace_answered(lua_State *L) {
  wx_pace_answered(luaL_checkudata(L, 1, PACE_TYPE), microseconds(L, 2));
  return 0;
}

static int pace_free(lua_State *L) {
  wx_pace_free(luaL_checkudata(L, 1, PACE_TYPE));
  return 0;
}

static const luaL_Reg methods[] = {
  { "slow", pace_slow },     { "wait", pace_wait },         { "start", pace_start },
  { "cancel", pace_cancel }, { "answered", pace_answered }, { NULL, NULL },
};

void wx_pacer_open(lua_State *L) {
  luaL_newmetatable(L, PACE_TYPE);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, pace_free);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}
