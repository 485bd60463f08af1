/* perform.c: see perform.h. */
#include "perform.h"

#include "answer.h"
#include "interrupt.h"
#include "secrets.h"
#include "session.h"
#include "shape.h"

#include <lauxlib.h>
#include <string.h>

/* Where the arguments of session:perform are. */
enum { SESSION = 1, METHOD, PATH, HEADERS, BODY, CONNECT_TIMEOUT, TIMEOUT, SHAPE };

/* Bytes. libcurl asks leave for bodies of more than 1 MiB. */
enum { LARGE_BODY = 64 * 1024 };

/* What a call holds on to while it runs: a to-be-closed userdata, so that it is given back whatever is raised. */
typedef struct hold {
  wx_session *session;
  wx_exchange *exchange;
} hold;

#define HOLD_TYPE "wixum.hold"

static int release(lua_State *L) {
  hold *held = luaL_checkudata(L, 1, HOLD_TYPE);
  if (held->exchange) wx_engine_release(&held->session->engine, held->exchange);
  held->exchange = NULL;
  if (held->session) wx_session_ended_call(held->session);
  held->session = NULL;
  return 0;
}

/* Makes a hold, which the session keeps for the calls to come. Its user value keeps the session alive. [-0, +1, m] */
static hold *new_hold(lua_State *L) {
  hold *held = lua_newuserdatauv(L, sizeof *held, 1);
  held->session = NULL;
  held->exchange = NULL;
  if (luaL_newmetatable(L, HOLD_TYPE)) {
    lua_pushcfunction(L, release);
    lua_setfield(L, -2, "__close");
    lua_pushcfunction(L, release);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  lua_pushvalue(L, SESSION);
  lua_setiuservalue(L, -2, 1);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, SESSION, 1);
  return held;
}

/* Pushes the hold on an exchange: the session's own, or where a call made from a hook finds that in use, another.
 * [-0, +1, v] */
static hold *acquire(lua_State *L, wx_session *session) {
  lua_getiuservalue(L, SESSION, 1);
  hold *held = lua_touserdata(L, -1);
  if (!held || held->session) {
    lua_pop(L, 1);
    held = new_hold(L);
  }
  lua_toclose(L, -1);
  held->exchange = wx_engine_acquire(&session->engine);
  if (!held->exchange) luaL_error(L, "libcurl has no memory for another request");
  held->session = session;
  session->running++;
  return held;
}

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

/* ---- the response -------------------------------------------------------------------------------------------------- */

static const char *const stop_names[] = {
  [WX_STOPPED_SECOND_SEND] = "second_send", [WX_STOPPED_SIZE] = "size",
  [WX_STOPPED_HEADERS] = "headers",         [WX_STOPPED_MEMORY] = "memory",
  [WX_STOPPED_INTERRUPT] = "interrupted",   [WX_STOPPED_CLOSED] = "closed",
};

static const char *const header_fields[WX_HEADER_KINDS] = {
  [WX_HEADER_REQUEST_ID] = "request_id",
  [WX_HEADER_RETRY_AFTER] = "retry_after",
  [WX_HEADER_DATE] = "date",
  [WX_HEADER_CONSISTENT] = "consistent",
};

static void set_string(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

static void push_seconds(lua_State *L, int64_t microseconds) { lua_pushnumber(L, (lua_Number)microseconds / 1e6); }

/* All there is to know of an exchange that did not go well. [-0, +1, m] */
static void push_response(lua_State *L, const wx_exchange *exchange, int64_t began) {
  lua_createtable(L, 0, 10);
  long status = wx_exchange_status(exchange);
  if (status) {
    lua_pushinteger(L, status);
    lua_setfield(L, -2, "status");
  }
  lua_pushlstring(L, wx_buffer_text(&exchange->body), exchange->body.size);
  lua_setfield(L, -2, "body");
  for (int i = 0; i < WX_HEADER_KINDS; i++)
    if (exchange->header_present[i]) set_string(L, header_fields[i], exchange->header[i]);
  lua_pushboolean(L, wx_exchange_sent(exchange));
  lua_setfield(L, -2, "sent");
  push_seconds(L, wx_clock() - began);
  lua_setfield(L, -2, "seconds");
  if (exchange->first_byte) {
    push_seconds(L, exchange->first_byte);
    lua_setfield(L, -2, "first_byte");
  }
  if (exchange->stop) set_string(L, "stop", stop_names[exchange->stop]);
  if (exchange->code != CURLE_OK) {
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, exchange->code);
    lua_setfield(L, -2, "code");
    set_string(L, "text", exchange->text[0] ? exchange->text : curl_easy_strerror(exchange->code));
    lua_setfield(L, -2, "curl");
  }
}

/* A header of the answer, nil where it did not come. [-0, +1, m] */
static void push_header(lua_State *L, const wx_exchange *exchange, wx_header which) {
  if (exchange->header_present[which]) lua_pushstring(L, exchange->header[which]);
  else lua_pushnil(L);
}

/* Pushes what a call needs that went well, and nothing (false) where it did not, or where there is anything in it that
 * deserves a closer look: then the response is made, and Lua code looks. Most calls of a program go this way, so it makes no
 * tables but the answer's. [-0, +0|6, m] */
static bool push_success(lua_State *L, const wx_exchange *exchange, int64_t began) {
  long status = wx_exchange_status(exchange);
  const char *request_id =
    exchange->header_present[WX_HEADER_REQUEST_ID] ? exchange->header[WX_HEADER_REQUEST_ID] : NULL;
  if (status < 200 || status > 299 || exchange->code != CURLE_OK || exchange->stop || exchange->body.size == 0)
    return false;
  if (request_id && (request_id[0] == '\0' || !wx_shown_as_it_is(L, request_id, strlen(request_id)))) return false;
  lua_pushlstring(L, wx_buffer_text(&exchange->body), exchange->body.size);
  if (!wx_answer_read(L, SHAPE)) {
    lua_pop(L, 1);
    return false;
  }
  push_seconds(L, wx_clock() - began);
  lua_pushinteger(L, status);
  push_header(L, exchange, WX_HEADER_REQUEST_ID);
  push_header(L, exchange, WX_HEADER_CONSISTENT);
  push_seconds(L, exchange->first_byte);
  return true;
}

/* Runs the exchange to its end. True where a hook raised: its error value is at the top. [-0, +0|1, m] */
static bool run(lua_State *L, wx_session *session, wx_exchange *exchange) {
  wx_interrupt watch;
  wx_interrupt_watch(&watch, L);
  while (!exchange->done) {
    if (wx_interrupted(&watch)) exchange->stop = WX_STOPPED_INTERRUPT;
    else if (session->closing) exchange->stop = WX_STOPPED_CLOSED;
    else {
      CURLMcode code = wx_engine_step(&session->engine, WX_SLICE);
      if (code != CURLM_OK) return luaL_error(L, "libcurl: %s", curl_multi_strerror(code));
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

int wx_session_perform(lua_State *L) {
  wx_session *session = wx_check_session(L, SESSION);
  wx_request request = { 0 };
  int64_t began = wx_clock();
  lua_settop(L, SHAPE);
  bool shaped = !lua_isnil(L, SHAPE);
  if (shaped) wx_check_shape(L, SHAPE);
  hold *held = acquire(L, session);
  request.method = text_at(L, METHOD, "method");
  request.connect_timeout = milliseconds(L, CONNECT_TIMEOUT);
  request.timeout = milliseconds(L, TIMEOUT);
  request.url = make_url(L, session);
  if (lua_type(L, BODY) == LUA_TSTRING) request.body = lua_tolstring(L, BODY, &request.body_size);
  request.headers = chain_headers(L, session, held->exchange, request.body_size > LARGE_BODY);
  CURLcode code = wx_exchange_prepare(held->exchange, &session->transport, &request);
  if (code != CURLE_OK) {
    held->exchange->code = code; /* nothing was sent: the option itself was refused */
    held->exchange->done = true;
  } else if (wx_engine_start(&session->engine, held->exchange) != CURLM_OK)
    return luaL_error(L, "libcurl cannot start another request");
  if (run(L, session, held->exchange)) return lua_error(L);
  if (shaped && push_success(L, held->exchange, began)) return 6;
  lua_pushnil(L);
  push_response(L, held->exchange, began);
  return 2;
}
