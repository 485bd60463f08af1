/* secrets.h: redaction as Lua sees it: whose secrets there are. */
#ifndef WX_SECRETS_H
#define WX_SECRETS_H

#include <lua.h>

/* Lua: core.redact(text) -> text, true if it is as it was and has no blank around it. Text without the secrets of any open session of this Lua state, nor of the environment's
 * proxies, on one line; see redact.h. Longer text than 64 KiB is cut. [-0, +1, v] */
int wx_lua_redact(lua_State *L);

#endif
