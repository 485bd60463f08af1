/* surroundings.h: what of its surroundings a program may ask about: files by their mode, variables by their name, libcurl's build.
 *
 * Looks alone. No content of a file and no value of a variable passes here. */
#ifndef WX_SURROUNDINGS_H
#define WX_SURROUNDINGS_H

#include <lua.h>

/* Lua: core.look_at_file(path) -> { kind = "file"|"pipe"|"folder"|"other", mode = permission bits, mine = boolean, root =
 * boolean, size = bytes, links = names that it has, readable = boolean, readable_by_others = boolean, problem = why a key in
 * it would not be believed }; or nil, the reason, and whether there is no such file. [-0, +1|3, v] */
int wx_look_at_file(lua_State *L);

/* Lua: core.variables(prefix) -> names of variables of the environment that begin so, a list. [-0, +1, v] */
int wx_variables(lua_State *L);

/* Lua: core.libcurl_build() -> { tls = "OpenSSL/3.0.15", ca_file =, ca_path = that it looks in by itself, http2 = boolean }.
 * [-0, +1, m] */
int wx_libcurl_build(lua_State *L);

#endif
