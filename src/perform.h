/* perform.h: one request from a Lua table to a Lua table. */
#ifndef WX_PERFORM_H
#define WX_PERFORM_H

#include <lua.h>

/* Lua: session:perform(request) -> response. Blocks, but notices Ctrl-C and lets hooks run. [-0, +1, v]
 *
 * request:  method, path (begins with "/"; goes to the session's base URL alone), headers (a list of "Name: value"; the
 *           key is added here), body (string or nil), connect_timeout and timeout (seconds)
 * response: status (nil while there is none), body (string), request_id, consistent, and where the answer
 *           is no success retry_after, date (headers, nil where absent), sent (false only where the server surely saw nothing), seconds,
 *           curl = { code =, text = } where libcurl says that something went wrong,
 *           stop where we ended it: "second_send", "size", "headers", "memory", "interrupted", "closed"
 *
 * Raises where the program is wrong (a path or header that could not be sent as it is), with nothing sent. */
int wx_session_perform(lua_State *L);

#endif
