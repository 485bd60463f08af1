/* interrupt.c: see interrupt.h. */
#include "interrupt.h"

#include "poller.h"

#include <lauxlib.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

enum { INTERRUPTED = 3 }; /* the command's exit status */

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

int wx_end_like_interrupt(lua_State *L) {
  (void)L;
  static const int others[] = { SIGTERM, SIGHUP };
  struct sigaction interrupt, present;
  if (sigaction(SIGINT, NULL, &interrupt) != 0) return 0;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (sigaction(others[i], NULL, &present) != 0 || present.sa_handler == SIG_IGN) continue; /* as nohup leaves it */
    sigaction(others[i], &interrupt, NULL);
  }
  return 0;
}

/* A handler: only what POSIX allows in one. */
static void end_at_once(int number) {
  static const char text[] =
    "\nwixum: ended at once. What was under way is unknown: `wixum status` names it and what to look at.\n";
  (void)number;
  if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(INTERRUPTED); /* nobody hears it */
  _exit(INTERRUPTED);
}

int wx_end_at_next_interrupt(lua_State *L) {
  (void)L;
  struct sigaction ends = { .sa_handler = end_at_once }, ignored = { .sa_handler = SIG_IGN };
  sigemptyset(&ends.sa_mask);
  sigemptyset(&ignored.sa_mask);
  sigaction(SIGINT, &ends, NULL);
  /* Who sends these may send them to the process and to its group, one right after the other. */
  sigaction(SIGTERM, &ignored, NULL);
  sigaction(SIGHUP, &ignored, NULL);
  return 0;
}

static void do_nothing(int number) { (void)number; }

int wx_outlive_interrupt(lua_State *L) {
  (void)L;
  /* No SIG_IGN: programs that a line starts would inherit that. What is read goes on (SA_RESTART), or it would seem to have ended. */
  struct sigaction outlives = { .sa_handler = do_nothing, .sa_flags = SA_RESTART };
  sigemptyset(&outlives.sa_mask);
  sigaction(SIGINT, &outlives, NULL);
  return 0;
}
