/* perform.h: one request, and what became of it. */
#ifndef WX_PERFORM_H
#define WX_PERFORM_H

#include <lua.h>

/* Lua: session:perform(method, path, headers, body, connect_timeout, timeout, shape)
 *        -> answer, seconds, status, request_id, consistent, first_byte, date
 *        or nil, response
 * Blocks, but notices Ctrl-C and lets hooks run. [-0, +2|7, v]
 *
 * path      begins with "/"; goes to the session's base URL alone
 * headers   a list of "Name: value"; the key is added here
 * body      a string or nil
 * connect_timeout, timeout   seconds
 * shape     of the answer; nil: always a response
 *
 * Where the answer says yes and is what was promised, it comes as core.answer would give it, and with it the seconds it
 * took, its status, what may be shown of its request id, its X-Wix-Consistent, when its first byte came (core.clock), and
 * its Date in seconds since the epoch (nil where it has none that can be read).
 * In all other cases: response = {
 *   status     nil while there is none
 *   body       a string
 *   request_id, consistent, retry_after, date   headers as they came, nil where absent
 *   sent       false only where the server surely saw nothing
 *   seconds, first_byte
 *   curl       { code =, text = } where libcurl says that something went wrong
 *   stop       where we ended it: "second_send", "size", "headers", "memory", "interrupted", "closed", "cancelled" }
 *
 * Raises where the program is wrong (a path or header that could not be sent as it is), with nothing sent. */
int wx_session_perform(lua_State *L);

/* Lua: session:start(method, path, headers, body, connect_timeout, timeout, waiter) -> flight (see flight.c)
 * The same, but for the waiting: it is under way when this returns, and core.loop's finished() answers `waiter` once it
 * has ended. Whoever has the flight closes it. [-0, +1, v] */
int wx_session_start(lua_State *L);

#endif
