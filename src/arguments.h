/* arguments.h: from a call's arguments to the table that goes on the wire, with every check on the way. */
#ifndef WX_ARGUMENTS_H
#define WX_ARGUMENTS_H

#include <lua.h>

/* Lua: core.arguments(shape, arguments) ->
 *   wire                            all is well: a fresh table under the wire's names
 *   nil, violations                 the data is wrong: a list of { field, index, value, description, rule }
 *   nil, nil, text                  the program is wrong
 *   nil, nil, nil, key, place, known   the program names a field that is not declared; place: of the object it is in
 *                                   ("a[2].b"), nil for the arguments themselves; known: the names there are
 * The argument table is never modified. An empty optional list is left out, as proto3 JSON has it; read-only fields are
 * dropped. Objects that came in an answer take fields that are not declared along, under their own names. [-0, +1..6, m] */
int wx_arguments(lua_State *L);

/* Lua: core.encode(wire) -> text, or nil and the reason. [-0, +1|2, m] */
int wx_encode(lua_State *L);

#endif
