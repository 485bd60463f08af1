/* limit.h: a Lua function that may fill so much memory, and no more.
 *
 * Owns the allocator that counts, for as long as such a function runs. */
#ifndef WX_LIMIT_H
#define WX_LIMIT_H

#include <lua.h>

/* Lua: core.limited(bytes, fn) -> true and the first result of fn(); or false, what it raised, and whether it had met the limit, of
 * which fn itself is told as of any memory that runs out. What it leaves as garbage counts where the collector is stopped. The
 * limit is the whole Lua state's: fn may not yield. [-0, +2|3, v] */
int wx_limited(lua_State *L);

#endif
