/* looper.h: the loop of a Lua state (see loop.h) as Lua sees it. */
#ifndef WX_LOOPER_H
#define WX_LOOPER_H

#include "loop.h"

#include <lua.h>

/* The loop of this Lua state; it lives as long as the state, or as the last engine that keeps it. [-0, +0, v] */
wx_loop *wx_state_loop(lua_State *L);

/* Lua: core.loop() -> the loop. Methods, all times in seconds, moments by core.clock():
 *   loop:poll(seconds)      waits for whatever comes first, 0.2 s at most: false if Ctrl-C was pressed, else true
 *   loop:finished()         the waiter of an exchange that ended and when its first byte came (nil: none came); nil at the end
 *   loop:flying()           how many exchanges are under way or not yet looked at
 *   loop:next()             the moment when poll has something to do by itself; nil: none
 *   loop:alarm(moment)      a moment of the caller's own, for those who watch the descriptor; nil: none
 *   loop:descriptor()       readable when poll has something to do, or the alarm's moment has come [-0, +1, v] */
int wx_looper_get(lua_State *L);

/* Makes the metatable. [-0, +0, m] */
void wx_looper_open(lua_State *L);

#endif
