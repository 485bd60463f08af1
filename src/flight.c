/* flight.c: see flight.h. Methods, for Lua:
 *   flight:result(shape)   what session:perform would answer, once it has ended or was stopped
 *   flight:stop(reason)    ends it now: "interrupted", "closed" or "cancelled"
 *   and __close, again and again if need be: everything is given back */
#include "flight.h"

#include "answer.h"
#include "secrets.h"
#include "shape.h"

#include <lauxlib.h>
#include <string.h>

#define FLIGHT_TYPE "wixum.flight"

enum { SESSION_VALUE = 1, BODY_VALUE, HEADERS_VALUE, USER_VALUES = HEADERS_VALUE };
enum { KEPT_FLIGHTS = 64 };

/* Address that serves as key of the registry: exchanges under way (light userdata) -> whom to tell. */
static const char waiters_key;

/* ---- its life -------------------------------------------------------------------------------------------------------- */

/* Gives the exchange back. [-0, +0, -] */
static void land(lua_State *L, wx_flight *flight) {
  if (flight->exchange) {
    if (flight->exchange->listing != WX_UNLISTED) {
      lua_rawgetp(L, LUA_REGISTRYINDEX, &waiters_key);
      lua_pushnil(L);
      lua_rawsetp(L, -2, flight->exchange);
      lua_pop(L, 1);
    }
    wx_engine_release(&flight->session->engine, flight->exchange);
  }
  flight->exchange = NULL;
  if (flight->session) wx_session_ended_call(flight->session);
  flight->session = NULL;
}

/* Lua: __gc. Nobody may have it again. [-0, +0, -] */
static int flight_collect(lua_State *L) {
  land(L, luaL_checkudata(L, 1, FLIGHT_TYPE));
  return 0;
}

/* Lua: __close. The session keeps it for the calls to come. [-0, +0, m] */
static int flight_close(lua_State *L) {
  wx_flight *flight = luaL_checkudata(L, 1, FLIGHT_TYPE);
  wx_session *session = flight->session;
  if (!session) return 0;
  land(L, flight);
  if (flight->anchored) {
    for (int i = BODY_VALUE; i <= USER_VALUES; i++) {
      lua_pushnil(L);
      lua_setiuservalue(L, 1, i);
    }
  }
  flight->anchored = false;
  if (!session->open || session->spare_flights >= KEPT_FLIGHTS) return 0;
  lua_getiuservalue(L, 1, SESSION_VALUE);
  lua_getiuservalue(L, -1, WX_SESSION_FLIGHTS);
  lua_pushvalue(L, 1);
  lua_rawseti(L, -2, (lua_Integer)session->spare_flights + 1);
  session->spare_flights++;
  return 0;
}

wx_flight *wx_flight_acquire(lua_State *L, int index, wx_session *session) {
  wx_flight *flight;
  if (session->spare_flights > 0) {
    lua_Integer last = (lua_Integer)session->spare_flights;
    lua_getiuservalue(L, index, WX_SESSION_FLIGHTS);
    lua_rawgeti(L, -1, last);
    lua_pushnil(L);
    lua_rawseti(L, -3, last);
    lua_remove(L, -2);
    session->spare_flights--;
    flight = lua_touserdata(L, -1);
  } else {
    flight = lua_newuserdatauv(L, sizeof *flight, USER_VALUES);
    memset(flight, 0, sizeof *flight);
    luaL_setmetatable(L, FLIGHT_TYPE);
    lua_pushvalue(L, index);
    lua_setiuservalue(L, -2, SESSION_VALUE);
  }
  flight->exchange = wx_engine_acquire(&session->engine);
  if (!flight->exchange) luaL_error(L, "libcurl has no memory for another request");
  flight->session = session;
  session->running++;
  flight->began = wx_clock();
  return flight;
}

void wx_flight_anchor(lua_State *L, wx_flight *flight, int body, int headers) {
  flight->anchored = true;
  lua_pushvalue(L, body);
  lua_setiuservalue(L, -2, BODY_VALUE);
  lua_pushvalue(L, headers);
  lua_setiuservalue(L, -2, HEADERS_VALUE);
}

void wx_flight_expect(lua_State *L, wx_flight *flight, int index) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &waiters_key);
  lua_pushvalue(L, index);
  lua_rawsetp(L, -2, flight->exchange);
  lua_pop(L, 1);
  wx_loop_expect(flight->session->engine.loop, flight->exchange);
}

void wx_flight_push_waiter(lua_State *L, const wx_exchange *exchange) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &waiters_key);
  lua_rawgetp(L, -1, exchange);
  lua_pushnil(L);
  lua_rawsetp(L, -3, exchange);
  lua_remove(L, -2);
}

/* ---- the response -------------------------------------------------------------------------------------------------- */

static const char *const stop_names[] = {
  [WX_STOPPED_SECOND_SEND] = "second_send", [WX_STOPPED_SIZE] = "size",
  [WX_STOPPED_HEADERS] = "headers",         [WX_STOPPED_MEMORY] = "memory",
  [WX_STOPPED_INTERRUPT] = "interrupted",   [WX_STOPPED_CLOSED] = "closed",
  [WX_STOPPED_CANCEL] = "cancelled",
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

/* When the server says that it answered, in seconds since the epoch; nil where it does not. Never the header's own text, in
 * which there may be anything. [-0, +1, -] */
static void push_date(lua_State *L, const wx_exchange *exchange) {
  time_t when = exchange->header_present[WX_HEADER_DATE] ? curl_getdate(exchange->header[WX_HEADER_DATE], NULL) : -1;
  if (when == -1) lua_pushnil(L);
  else lua_pushinteger(L, (lua_Integer)when);
}

/* Pushes what a call needs that went well, and nothing (false) where it did not, or where there is anything in it that
 * deserves a closer look: then the response is made, and Lua code looks. Most calls of a program go this way, so it makes no
 * tables but the answer's. [-0, +0|7, m] */
static bool push_success(lua_State *L, const wx_exchange *exchange, int64_t began, int shape) {
  long status = wx_exchange_status(exchange);
  const char *request_id =
    exchange->header_present[WX_HEADER_REQUEST_ID] ? exchange->header[WX_HEADER_REQUEST_ID] : NULL;
  if (status < 200 || status > 299 || exchange->code != CURLE_OK || exchange->stop || exchange->body.size == 0)
    return false;
  if (request_id && (request_id[0] == '\0' || !wx_shown_as_it_is(L, request_id, strlen(request_id)))) return false;
  lua_pushlstring(L, wx_buffer_text(&exchange->body), exchange->body.size);
  if (!wx_answer_read(L, shape)) {
    lua_pop(L, 1);
    return false;
  }
  push_seconds(L, wx_clock() - began);
  lua_pushinteger(L, status);
  push_header(L, exchange, WX_HEADER_REQUEST_ID);
  push_header(L, exchange, WX_HEADER_CONSISTENT);
  push_seconds(L, exchange->first_byte);
  push_date(L, exchange);
  return true;
}

int wx_flight_push_result(lua_State *L, wx_flight *flight, int shape) {
  if (shape && push_success(L, flight->exchange, flight->began, shape)) return 7;
  lua_pushnil(L);
  push_response(L, flight->exchange, flight->began);
  return 2;
}

/* ---- methods --------------------------------------------------------------------------------------------------------- */

static wx_flight *check_flight(lua_State *L) {
  wx_flight *flight = luaL_checkudata(L, 1, FLIGHT_TYPE);
  if (!flight->session) luaL_error(L, "the flight is over");
  return flight;
}

/* Lua: flight:result(shape) -> as session:perform. [-0, +2|7, v] */
static int flight_result(lua_State *L) {
  wx_flight *flight = check_flight(L);
  if (!flight->exchange->done) return luaL_error(L, "the flight is under way");
  bool shaped = !lua_isnoneornil(L, 2);
  if (shaped) wx_check_shape(L, 2);
  wx_engine_stop(&flight->session->engine, flight->exchange);
  return wx_flight_push_result(L, flight, shaped ? 2 : 0);
}

/* Lua: flight:stop(reason). One that has ended stays as it ended. [-0, +0, v] */
static int flight_stop(lua_State *L) {
  static const char *const names[] = { "interrupted", "closed", "cancelled", NULL };
  static const wx_stop stops[] = { WX_STOPPED_INTERRUPT, WX_STOPPED_CLOSED, WX_STOPPED_CANCEL };
  wx_flight *flight = check_flight(L);
  int which = luaL_checkoption(L, 2, NULL, names);
  if (flight->exchange->done) return 0;
  flight->exchange->stop = stops[which];
  flight->exchange->code = CURLE_ABORTED_BY_CALLBACK;
  wx_engine_stop(&flight->session->engine, flight->exchange);
  flight->exchange->done = true;
  return 0;
}

static const luaL_Reg methods[] = {
  { "result", flight_result },
  { "stop", flight_stop },
  { NULL, NULL },
};

void wx_flight_open(lua_State *L) {
  luaL_newmetatable(L, FLIGHT_TYPE);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, flight_close);
  lua_setfield(L, -2, "__close");
  lua_pushcfunction(L, flight_collect);
  lua_setfield(L, -2, "__gc");
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &waiters_key);
  lua_pop(L, 1);
}
