/* flight.h: a request under way, as Lua holds it: a to-be-closed userdata that gives everything back, whatever is raised.
 *
 * Owns an exchange from its session's engine for as long as it is open, and the table that says whom to tell when one ends. */
#ifndef WX_FLIGHT_H
#define WX_FLIGHT_H

#include "session.h"

typedef struct wx_flight {
  wx_session *session; /* NULL while it is not open */
  wx_exchange *exchange;
  int64_t began;
  bool anchored; /* its user values keep the request's bytes */
} wx_flight;

/* Makes the metatable and the table of waiters. [-0, +0, m] */
void wx_flight_open(lua_State *L);

/* Pushes an open flight of the session at `index`, one that lies idle or a new one. [-0, +1, v] */
wx_flight *wx_flight_acquire(lua_State *L, int index, wx_session *session);

/* Keeps the values at the two indices from being collected until the flight at the top is closed. [-0, +0, -] */
void wx_flight_anchor(lua_State *L, wx_flight *flight, int body, int headers);

/* The value at `index` is what core.loop's finished() answers once the exchange has ended. [-0, +0, m] */
void wx_flight_expect(lua_State *L, wx_flight *flight, int index);

/* Pushes whom an exchange that ended is for, and takes it out of the table. [-0, +1, -] */
void wx_flight_push_waiter(lua_State *L, const wx_exchange *exchange);

/* Pushes what became of it: see session:perform. `shape` is the index of the answer's shape, 0 for none. [-0, +2|7, m] */
int wx_flight_push_result(lua_State *L, wx_flight *flight, int shape);

#endif
