/* session.h: the userdata behind a client: an engine, a key's keeper, and where requests go. */
#ifndef WX_SESSION_H
#define WX_SESSION_H

#include "auth.h"
#include "engine.h"

#include <lua.h>

typedef struct wx_session {
  bool open;
  bool closing;     /* asked to close while a call was under way: done when it has ended */
  unsigned running; /* calls under way */
  size_t spare_flights;
  wx_engine engine;
  wx_auth auth;
  wx_endpoint endpoint;
  wx_transport transport;
  char *ca_file, *ca_path, *proxy; /* what transport points at */
  wx_buffer url;
} wx_session;

/* The user value of a session where flights lie for the calls to come: a list of spare_flights. */
enum { WX_SESSION_FLIGHTS = 1 };

/* Lua: core.session{ base_url=, ca_file=, ca_path=, proxy=, http_version=, max_answer=, concurrency= } -> session,
 * or nil and the reason (never repeating a value that may hold a secret). [-0, +1|2, v] */
int wx_session_new(lua_State *L);

/* Makes the metatable. [-0, +0, m] */
void wx_session_open(lua_State *L);

/* The open session at `index`; raises for anything else. [-0, +0, v] */
wx_session *wx_check_session(lua_State *L, int index);

/* Pushes the weak table that has the sessions of this Lua state as keys. [-0, +1, -] */
void wx_push_sessions(lua_State *L);

/* A call that counted itself in `running` is over; closes the session if that was waited for. */
void wx_session_ended_call(wx_session *session);

#endif
