/* perform.c: see perform.h. */
#include "perform.h"

#include "interrupt.h"
#include "session.h"

#include <lauxlib.h>
#include <string.h>

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

/* Pushes the hold on a new exchange. Its user value keeps the session alive. The session is at 1. [-0, +1, v] */
static hold *acquire(lua_State *L, wx_session *session) {
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
  lua_toclose(L, -1);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  held->exchange = wx_engine_acquire(&session->engine);
  if (!held->exchange) luaL_error(L, "libcurl has no memory for another request");
  held->session = session;
  session->running++;
  return held;
}

/* ---- the request --------------------------------------------------------------------------------------------------- */

/* Text of a field of the request at 2; it stays anchored there. Without NUL, or raises. [-0, +0, v] */
static const char *text_field(lua_State *L, const char *name, bool required) {
  size_t size;
  int type = lua_getfield(L, 2, name);
  if (type != LUA_TSTRING && (required || type != LUA_TNIL)) luaL_error(L, "request: %s must be a string", name);
  const char *text = lua_tolstring(L, -1, &size);
  if (text && strlen(text) != size) luaL_error(L, "request: %s holds a NUL", name);
  lua_pop(L, 1);
  return text;
}

static long milliseconds(lua_State *L, const char *name) {
  lua_getfield(L, 2, name);
  lua_Number seconds = luaL_checknumber(L, -1);
  lua_pop(L, 1);
  if (!(seconds > 0.001)) return 1; /* 0 would mean "no limit" to libcurl */
  return seconds < 1000000 ? (long)(seconds * 1000) : 1000000000L;
}

/* The base URL and the path. The host cannot be changed from here: a path begins after it. [-0, +0, v] */
static void set_url(lua_State *L, wx_session *session, const char *path) {
  if (path[0] != '/') luaL_error(L, "request: the path does not begin with a slash");
  for (const char *c = path; *c; c++)
    if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7F || *c == '#' || *c == '\\')
      luaL_error(L, "request: the path holds a character that belongs percent-encoded");
  wx_buffer_reset(&session->url);
  if (wx_buffer_append_text(&session->url, session->endpoint.url) != WX_APPENDED ||
      wx_buffer_append_text(&session->url, path) != WX_APPENDED)
    luaL_error(L, "request: the path is too long");
}

/* Chains the key's header and the request's own into the exchange's nodes. The bytes stay where they are: the key with
 * its keeper, the others in the request table. [-0, +0, v] */
static const struct curl_slist *set_headers(lua_State *L, wx_session *session, wx_exchange *exchange) {
  size_t count = 0;
  struct curl_slist *node = exchange->header_node;
  if (session->auth.header) node[count++].data = session->auth.header;
  if (lua_getfield(L, 2, "headers") != LUA_TTABLE) luaL_error(L, "request: headers must be a list");
  for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
    size_t size;
    const char *line = lua_tolstring(L, -1, &size);
    if (!lua_isstring(L, -1) || strpbrk(line, "\r\n") || strlen(line) != size)
      luaL_error(L, "request: a header is no single line of text");
    if (count == WX_REQUEST_HEADERS_MAX) luaL_error(L, "request: more than %d headers", WX_REQUEST_HEADERS_MAX);
    memcpy(&node[count++].data, &line, sizeof line); /* libcurl's struct lacks the const that its use has */
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
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

/* [-0, +1, m] */
static void push_response(lua_State *L, const wx_exchange *exchange, int64_t began) {
  lua_createtable(L, 0, 10);
  long status = wx_exchange_status(exchange);
  if (status) {
    lua_pushinteger(L, status);
    lua_setfield(L, -2, "status");
  }
  lua_pushlstring(L, wx_buffer_text(&exchange->body), exchange->body.size);
  lua_setfield(L, -2, "body");
  bool well = status >= 200 && status < 300 && exchange->code == CURLE_OK;
  for (int i = well ? WX_HEADER_WITH_ANY : 0; i < WX_HEADER_KINDS; i++) /* the others are asked for after a failure */
    if (exchange->header_present[i]) set_string(L, header_fields[i], exchange->header[i]);
  lua_pushboolean(L, wx_exchange_sent(exchange));
  lua_setfield(L, -2, "sent");
  lua_pushnumber(L, (lua_Number)(wx_clock() - began) / 1e6);
  lua_setfield(L, -2, "seconds");
  if (exchange->first_byte) {
    lua_pushnumber(L, (lua_Number)exchange->first_byte / 1e6);
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
  wx_session *session = wx_check_session(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  wx_request request = { 0 };
  int64_t began = wx_clock();
  hold *held = acquire(L, session);
  request.method = text_field(L, "method", true);
  request.connect_timeout = milliseconds(L, "connect_timeout");
  request.timeout = milliseconds(L, "timeout");
  set_url(L, session, text_field(L, "path", true));
  request.url = wx_buffer_text(&session->url);
  request.headers = set_headers(L, session, held->exchange);
  if (lua_getfield(L, 2, "body") == LUA_TSTRING) request.body = lua_tolstring(L, -1, &request.body_size);
  lua_pop(L, 1);
  CURLcode code = wx_exchange_prepare(held->exchange, &session->transport, &request);
  if (code != CURLE_OK) {
    held->exchange->code = code; /* nothing was sent: the option itself was refused */
    held->exchange->done = true;
  } else if (wx_engine_start(&session->engine, held->exchange) != CURLM_OK)
    return luaL_error(L, "libcurl cannot start another request");
  if (run(L, session, held->exchange)) return lua_error(L);
  push_response(L, held->exchange, began);
  return 1;
}
