/* secrets.h: redaction as Lua sees it: whose secrets there are. */
#ifndef WX_SECRETS_H
#define WX_SECRETS_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* Lua: core.redact(text) -> text, true if it is as it was and has no blank around it. Text without the secrets of any
 * open session of this Lua state, nor of the environment's proxies, on one line; see redact.h. Longer text than 64 KiB is
 * cut. [-0, +1|2, v] */
int wx_lua_redact(lua_State *L);

/* May this text be shown as it is: nothing secret in it, one line, no blanks around it, not long? [-0, +0, m] */
bool wx_shown_as_it_is(lua_State *L, const char *text, size_t size);

#endif
