/* pacer.h: a pace (see pace.h) as Lua sees it. */
#ifndef WX_PACER_H
#define WX_PACER_H

#include <lua.h>

/* Lua: core.pace(calls, per) -> pace; per in seconds. Methods, all times in seconds on any clock that never jumps back:
 *   pace:wait(now) -> seconds until a call may start (0: now; math.huge: when one in flight has come back)
 *   pace:slow(t)      the server said that it is too many; until t nothing is started anyway
 *   pace:start()      a call starts
 *   pace:cancel()     it is not sent after all
 *   pace:answered(t)  its answer's first byte came at t, or it ended then without one. [-0, +1, v] */
int wx_pacer_new(lua_State *L);

/* Makes the metatable. [-0, +0, m] */
void wx_pacer_open(lua_State *L);

#endif
