/* json.h: lua-cjson, through an instance of our own.
 *
 * Owns that instance and its settings; nobody else's are touched. What goes in and out are plain Lua values; shapes are
 * arguments.c's and answer.c's business. */
#ifndef WX_JSON_H
#define WX_JSON_H

#include <lua.h>
#include <stdbool.h>

enum { WX_JSON_DEPTH = 100 };

/* Loads lua-cjson and takes an instance; raises, naming what to install, where there is none. [-0, +0, v] */
void wx_json_open(lua_State *L);

/* Replaces the value at the top by its JSON text; where it cannot be, by the reason, and answers false. [-1, +1, m] */
bool wx_json_encode(lua_State *L);

/* Replaces the text at the top (UTF-8, checked here) by its value; where it is no JSON, by the reason, and answers
 * false. null comes as a light userdata that is NULL. [-1, +1, m] */
bool wx_json_decode(lua_State *L);

/* Is the value at `index` JSON's null? [-0, +0, -] */
bool wx_json_is_null(lua_State *L, int index);

#endif
