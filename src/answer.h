/* answer.h: from the bytes of an answer to the tables that Lua code reads. */
#ifndef WX_ANSWER_H
#define WX_ANSWER_H

#include <lua.h>
#include <stdbool.h>

/* Lua: core.answer(shape, body) -> table, or nil and the reason why the body is not what was promised. [-0, +1|2, m]
 * Declared fields come under their Lua names, undeclared ones as they are; nulls are left out; a declared list is
 * always a table; ids are strings, whole numbers integers. A declared list or object that is something else is an
 * answer that was not promised; a declared scalar of another type comes as it is. */
int wx_answer(lua_State *L);

/* The same for the text at the top and the shape (checked) at `shape_index`: the text is replaced by the answer, or by the
 * reason where that is false. [-1, +1, m] */
bool wx_answer_read(lua_State *L, int shape_index);

/* Lua: core.decode(body) -> value, or nil and the reason. No shape: nulls left out, names as they are. [-0, +1|2, m] */
int wx_decode(lua_State *L);

#endif
