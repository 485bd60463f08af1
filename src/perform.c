/* perform.c: see perform.h. */
#include "perform.h"

#include "flight.h"
#include "interrupt.h"
#include "shape.h"

#include <lauxlib.h>
#include <string.h>

/* Where the arguments of session:perform and session:start are. */
enum { SESSION = 1, METHOD, PATH, HEADERS, BODY, CONNECT_TIMEOUT, TIMEOUT, SHAPE, WAITER = SHAPE };

/* Bytes. libcurl asks leave for bodies of more than 1 MiB. */
enum { LARGE_BODY = 64 * 1024 };

/* ---- the request --------------------------------------------------------------------------------------------------- */

/* The text at `index`; it stays anchored there. Without NUL, or raises. [-0, +0, v] */
static const char *text_at(lua_State *L, int index, const char *name) {
  size_t size;
  if (lua_type(L, index) != LUA_TSTRING) luaL_error(L, "request: the %s must be a string", name);
  const char *text = lua_tolstring(L, index, &size);
  if (strlen(text) != size) luaL_error(L, "request: the %s holds a NUL", name);
  return text;
}

static long milliseconds(lua_State *L, int index) {
  lua_Number seconds = luaL_checknumber(L, index);
  if (!(seconds > 0.001)) return 1; /* 0 would mean "no limit" to libcurl */
  return seconds < 1000000 ? (long)(seconds * 1000) : 1000000000L;
}

/* The base URL and the path. The host cannot be changed from here: a path begins after it. [-0, +0, v] */
static const char *make_url(lua_State *L, wx_session *session) {
  const char *path = text_at(L, PATH, "path");
  if (path[0] != '/') luaL_error(L, "request: the path does not begin with a slash");
  for (const char *c = path; *c; c++)
    if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7F || *c == '#' || *c == '\\')
      luaL_error(L, "request: the path holds a character that belongs percent-encoded");
  wx_buffer_reset(&session->url);
  if (wx_buffer_append_text(&session->url, session->endpoint.url) != WX_APPENDED ||
      wx_buffer_append_text(&session->url, path) != WX_APPENDED)
    luaL_error(L, "request: the path is too long");
  return wx_buffer_text(&session->url);
}

/* Answers how many there are now. libcurl's struct lacks the const that its use has. */
static size_t add_header(struct curl_slist *node, size_t count, const char *line) {
  memcpy(&node[count].data, &line, sizeof line);
  return count + 1;
}

/* Chains the key's header and the request's own into the exchange's nodes. The bytes stay where they are: the key with
 * its keeper, the others in the list. [-0, +0, v] */
static const struct curl_slist *chain_headers(lua_State *L, wx_session *session, wx_exchange *exchange, bool large) {
  size_t count = 0;
  struct curl_slist *node = exchange->header_node;
  if (session->auth.header) node[count++].data = session->auth.header;
  if (large)
    count = add_header(node, count, "Expect:"); /* else libcurl would ask leave before such a body, and wait for it */
  luaL_checktype(L, HEADERS, LUA_TTABLE);
  for (lua_Integer i = 1; lua_rawgeti(L, HEADERS, i) != LUA_TNIL; i++) {
    size_t size;
    const char *line = lua_tolstring(L, -1, &size);
    if (lua_type(L, -1) != LUA_TSTRING || strpbrk(line, "\r\n") || strlen(line) != size)
      luaL_error(L, "request: a header is no single line of text");
    if (count == WX_REQUEST_HEADERS_MAX) luaL_error(L, "request: more than %d headers", WX_REQUEST_HEADERS_MAX);
    count = add_header(node, count, line);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  for (size_t i = 0; i < count; i++) node[i].next = i + 1 < count ? &node[i + 1] : NULL;
  return count ? node : NULL;
}

/* ---- the call ------------------------------------------------------------------------------------------------------- */

/* Runs the exchange to its end. True where a hook raised: its error value is at the top. [-0, +0|1, m] */
static bool run(lua_State *L, wx_session *session, wx_exchange *exchange) {
  wx_interrupt watch;
  wx_interrupt_watch(&watch, L);
  while (!exchange->done) {
    if (wx_interrupted(&watch)) exchange->stop = WX_STOPPED_INTERRUPT;
    else if (session->closing) exchange->stop = WX_STOPPED_CLOSED;
    else {
      bool watched = wx_poller_step(&session->engine.loop->poller, WX_SLICE);
      CURLMcode code = session->engine.broken;
      if (code != CURLM_OK) return luaL_error(L, "libcurl: %s", curl_multi_strerror(code));
      if (!watched) return luaL_error(L, "no descriptor can be watched any more");
      if (exchange->done) break;
      if (wx_hooks_raised(&watch)) return true;
      continue;
    }
    exchange->code = CURLE_ABORTED_BY_CALLBACK;
    break;
  }
  wx_engine_stop(&session->engine, exchange);
  return false;
}

/* Readies the request whose arguments begin at SESSION, with the flight at the top. [-0, +0, v] */
static void ready(lua_State *L, wx_session *session, wx_flight *flight) {
  wx_request request = { 0 };
  request.method = text_at(L, METHOD, "method");
  request.connect_timeout = milliseconds(L, CONNECT_TIMEOUT);
  request.timeout = milliseconds(L, TIMEOUT);
  request.url = make_url(L, session);
  if (lua_type(L, BODY) == LUA_TSTRING) request.body = lua_tolstring(L, BODY, &request.body_size);
  request.headers = chain_headers(L, session, flight->exchange, request.body_size > LARGE_BODY);
  flight->exchange->code = wx_exchange_prepare(flight->exchange, &session->transport, &request);
  flight->exchange->done = flight->exchange->code != CURLE_OK; /* nothing was sent: an option itself was refused */
}

/* Lets it go out. Nothing may raise between this and the moment when somebody has the flight. [-0, +0, v] */
static void start(lua_State *L, wx_session *session, wx_exchange *exchange) {
  if (exchange->done) wx_loop_ended(session->engine.loop, exchange);
  else if (wx_engine_start(&session->engine, exchange) != CURLM_OK)
    luaL_error(L, "libcurl cannot start another request");
  if (wx_poller_settle(&session->engine.loop->poller)) return;
  wx_engine_stop(&session->engine, exchange);
  luaL_error(L, "no descriptor can be watched any more");
}

int wx_session_perform(lua_State *L) {
  wx_session *session = wx_check_session(L, SESSION);
  lua_settop(L, SHAPE);
  bool shaped = !lua_isnil(L, SHAPE);
  if (shaped) wx_check_shape(L, SHAPE);
  wx_flight *flight = wx_flight_acquire(L, SESSION, session);
  lua_toclose(L, -1);
  ready(L, session, flight);
  start(L, session, flight->exchange);
  if (run(L, session, flight->exchange)) return lua_error(L);
  return wx_flight_push_result(L, flight, shaped ? SHAPE : 0);
}

int wx_session_start(lua_State *L) {
  wx_session *session = wx_check_session(L, SESSION);
  luaL_checkany(L, WAITER);
  lua_settop(L, WAITER);
  wx_flight *flight = wx_flight_acquire(L, SESSION, session);
  wx_flight_anchor(L, flight, BODY, HEADERS);
  ready(L, session, flight);
  wx_flight_expect(L, flight, WAITER);
  start(L, session, flight->exchange);
  return 1;
}
