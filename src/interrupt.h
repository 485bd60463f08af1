/* interrupt.h: notices Ctrl-C while C code waits, and gives Lua's hooks the floor.
 *
 * lua.c's handler of SIGINT sets a hook on the main thread and nothing else; it would fire when Lua code runs again,
 * which is when the wait is over. So whoever waits looks whether the hook has changed. */
#ifndef WX_INTERRUPT_H
#define WX_INTERRUPT_H

#include <lua.h>
#include <stdbool.h>

/* Longest that C code keeps the floor, in milliseconds. */
enum { WX_SLICE = 200 };

typedef struct wx_interrupt {
  lua_State *L, *main;
  lua_Hook hook;
  int mask, count;
} wx_interrupt;

/* Remembers the hooks as they are. [-0, +0, -] */
void wx_interrupt_watch(wx_interrupt *watch, lua_State *L);

/* Did somebody press Ctrl-C since? Takes the pending hook away, so that Lua does not raise it a second time: the caller
 * raises in its own words. [-0, +0, -] */
bool wx_interrupted(const wx_interrupt *watch);

/* Where the host has a hook of its own (a debugger, a watchdog), lets it run by calling an empty Lua function.
 * True where it raised; its error value is at the top then. [-0, +0|1, m] */
bool wx_hooks_raised(wx_interrupt *watch);

/* Lua: core.sleep(seconds) -> true, or false if interrupted by Ctrl-C. A raising hook raises. [-0, +1, v] */
int wx_sleep(lua_State *L);

/* Lua: core.end_like_interrupt(): from now on SIGTERM and SIGHUP do what SIGINT does, unless the process was started with
 * them ignored. For the command, whose process is its own. [-0, +0, -] */
int wx_end_like_interrupt(lua_State *L);

/* Lua: core.end_at_next_interrupt(): the next SIGINT ends the process at once, with status 3 and a line on stderr; SIGTERM
 * and SIGHUP do nothing more. [-0, +0, -] */
int wx_end_at_next_interrupt(lua_State *L);

/* Lua: core.outlive_interrupt(): SIGINT does nothing, until lua.c sets its own handler, as it does for each line that it runs at
 * its prompt. While it waits for one it would let SIGINT end the process. [-0, +0, -] */
int wx_outlive_interrupt(lua_State *L);

#endif
