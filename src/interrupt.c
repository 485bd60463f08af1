/* interrupt.c: see interrupt.h. */
#include "interrupt.h"

#include "poller.h"

#include <lauxlib.h>
#include <poll.h>

/* How lua.c sets its hook: every event, and the next instruction. Nobody else has a reason to. */
static bool is_pending(lua_State *main) {
  return lua_gethook(main) && lua_gethookcount(main) == 1 &&
         lua_gethookmask(main) == (LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT);
}

void wx_interrupt_watch(wx_interrupt *watch, lua_State *L) {
  watch->L = L;
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  watch->main = lua_tothread(L, -1);
  lua_pop(L, 1);
  watch->hook = lua_gethook(watch->main);
  watch->mask = lua_gethookmask(watch->main);
  watch->count = lua_gethookcount(watch->main);
}

bool wx_interrupted(const wx_interrupt *watch) {
  if (is_pending(watch->main)) { /* also when the key was pressed just before the wait began */
    bool before = watch->hook == lua_gethook(watch->main);
    if (before) lua_sethook(watch->main, NULL, 0, 0);
    else lua_sethook(watch->main, watch->hook, watch->mask, watch->count);
    return true;
  }
  if (lua_gethook(watch->main) == watch->hook) return false;
  lua_sethook(watch->main, watch->hook, watch->mask, watch->count);
  return true;
}

bool wx_hooks_raised(wx_interrupt *watch) {
  lua_State *L = watch->L;
  bool own = L != watch->main || watch->hook != NULL; /* else the only hook there can be is Ctrl-C's */
  if (!own || !lua_gethook(L) || is_pending(watch->main)) return false;
  luaL_checkstack(L, 2, NULL);
  bool raised = luaL_loadstring(L, "return") != LUA_OK || lua_pcall(L, 0, 0, 0) != LUA_OK;
  if (L == watch->main && !raised) wx_interrupt_watch(watch, L); /* a hook may have changed itself */
  return raised;
}

int wx_sleep(lua_State *L) {
  lua_Number seconds = luaL_checknumber(L, 1);
  int64_t until = wx_clock() + (seconds > 0 ? seconds < 1e9 ? (int64_t)(seconds * 1e6) : (int64_t)1e15 : 0);
  wx_interrupt watch;
  wx_interrupt_watch(&watch, L);
  for (;;) {
    if (wx_interrupted(&watch)) {
      lua_pushboolean(L, 0);
      return 1;
    }
    int64_t left = until - wx_clock();
    if (left <= 0) break;
    int64_t slice = (left + 999) / 1000; /* rounded up: waking early would make it spin */
    poll(NULL, 0, slice < WX_SLICE ? (int)slice : WX_SLICE);
    if (wx_hooks_raised(&watch)) return lua_error(L);
  }
  lua_pushboolean(L, 1);
  return 1;
}
