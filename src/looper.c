/* looper.c: see looper.h. */
#include "looper.h"

#include "flight.h"
#include "interrupt.h"

#include <lauxlib.h>

#define LOOP_TYPE "wixum.core.loop"

/* Address that serves as key of the registry: the loop's userdata. */
static const char loop_key;

/* A finalizer of the program's may still ask for it when the Lua state ends, and it has been collected. [-0, +0, v] */
static wx_loop *still_there(lua_State *L, wx_loop *loop) {
  if (!loop) luaL_error(L, "the Lua state ends");
  return loop;
}

static wx_loop *check_loop(lua_State *L) { return still_there(L, *(wx_loop **)luaL_checkudata(L, 1, LOOP_TYPE)); }

/* A moment on Lua's side as microseconds. */
static int64_t moment(lua_State *L, int index) {
  lua_Number seconds = luaL_checknumber(L, index);
  if (!(seconds > 0)) return 0;
  return seconds < 9e12 ? (int64_t)(seconds * 1e6) : WX_NEVER;
}

/* Lua: loop:poll(seconds) -> boolean. [-0, +1, v] */
static int loop_poll(lua_State *L) {
  wx_loop *loop = check_loop(L);
  lua_Number seconds = luaL_checknumber(L, 2), milliseconds = seconds * 1000;
  wx_interrupt watch;
  wx_interrupt_watch(&watch, L);
  int slice = milliseconds < WX_SLICE
                ? milliseconds > 0 ? (int)milliseconds + ((lua_Number)(int)milliseconds < milliseconds) : 0
                : WX_SLICE;
  bool interrupted = wx_interrupted(&watch); /* before it began */
  loop->poller.alarm = WX_NEVER;             /* the caller knows its own moments while it waits itself */
  if (!interrupted) {
    if (!wx_poller_step(&loop->poller, slice)) return luaL_error(L, "no descriptor can be watched any more");
    interrupted = wx_interrupted(&watch);
  }
  lua_pushboolean(L, !interrupted);
  return 1;
}

/* Lua: loop:finished() -> waiter, first_byte. [-0, +1|2, v] */
static int loop_finished(lua_State *L) {
  wx_exchange *exchange = wx_loop_take(check_loop(L));
  if (!exchange) {
    lua_pushnil(L);
    return 1;
  }
  wx_flight_push_waiter(L, exchange);
  if (exchange->first_byte) lua_pushnumber(L, (lua_Number)exchange->first_byte / 1e6);
  else lua_pushnil(L);
  return 2;
}

/* Lua: loop:flying() -> integer. [-0, +1, v] */
static int loop_flying(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_loop(L)->flying);
  return 1;
}

/* Lua: loop:next() -> moment or nil. The alarm is the caller's own and not in it. [-0, +1, v] */
static int loop_next(lua_State *L) {
  wx_poller *poller = &check_loop(L)->poller;
  int64_t alarm = poller->alarm;
  poller->alarm = WX_NEVER;
  int64_t next = wx_poller_next(poller);
  poller->alarm = alarm;
  if (next == WX_NEVER) lua_pushnil(L);
  else lua_pushnumber(L, (lua_Number)next / 1e6);
  return 1;
}

/* Lua: loop:alarm(moment or nil). [-0, +0, v] */
static int loop_alarm(lua_State *L) {
  wx_poller *poller = &check_loop(L)->poller;
  poller->alarm = lua_isnoneornil(L, 2) ? WX_NEVER : moment(L, 2);
  if (!wx_poller_settle(poller)) return luaL_error(L, "no descriptor can be watched any more");
  return 0;
}

/* Lua: loop:descriptor() -> integer. [-0, +1, v] */
static int loop_descriptor(lua_State *L) {
  int descriptor = wx_poller_descriptor(&check_loop(L)->poller);
  if (descriptor < 0) return luaL_error(L, "no descriptor is left for the loop");
  lua_pushinteger(L, descriptor);
  return 1;
}

static int loop_collect(lua_State *L) {
  wx_loop **held = luaL_checkudata(L, 1, LOOP_TYPE);
  if (*held) wx_loop_drop(*held);
  *held = NULL;
  return 0;
}

static const luaL_Reg methods[] = {
  { "poll", loop_poll }, { "finished", loop_finished }, { "flying", loop_flying },
  { "next", loop_next }, { "alarm", loop_alarm },       { "descriptor", loop_descriptor },
  { NULL, NULL },
};

/* Pushes the loop of this state, made now if there was none. [-0, +1, v] */
static wx_loop *push_loop(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &loop_key) == LUA_TUSERDATA)
    return still_there(L, *(wx_loop **)lua_touserdata(L, -1));
  lua_pop(L, 1);
  wx_loop **held = lua_newuserdatauv(L, sizeof(wx_loop *), 0);
  *held = NULL;
  luaL_setmetatable(L, LOOP_TYPE);
  *held = wx_loop_new();
  if (!*held) luaL_error(L, "no descriptor or no memory is left for a loop");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &loop_key);
  return *held;
}

wx_loop *wx_state_loop(lua_State *L) {
  wx_loop *loop = push_loop(L);
  lua_pop(L, 1);
  return loop;
}

int wx_looper_get(lua_State *L) {
  push_loop(L);
  return 1;
}

void wx_looper_open(lua_State *L) {
  luaL_newmetatable(L, LOOP_TYPE);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, loop_collect);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}
