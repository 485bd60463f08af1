/* session.c: see session.h. Lua glue: arguments in, answers out. No Lua call is made beneath libcurl's frames: libcurl
 * runs inside wx_poller_step alone, and hooks, errors and results happen between its slices. */
#include "session.h"

#include "keyfile.h"
#include "looper.h"
#include "perform.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SESSION_TYPE "wixum.session"

/* Address that serves as key of the registry: weak table of the sessions of this Lua state. */
static const char sessions_key;

wx_session *wx_check_session(lua_State *L, int index) {
  wx_session *session = luaL_checkudata(L, index, SESSION_TYPE);
  if (!session->open || session->closing) luaL_error(L, "the session is closed");
  return session;
}

void wx_push_sessions(lua_State *L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &sessions_key); }

/* ---- making and closing ---------------------------------------------------------------------------------------- */

static void free_wiped(char **text) {
  if (*text) explicit_bzero(*text, strlen(*text));
  free(*text);
  *text = NULL;
}

static void close_now(wx_session *session) {
  session->open = session->closing = false;
  wx_engine_close(&session->engine);
  wx_auth_wipe(&session->auth);
  wx_endpoint_free(&session->endpoint);
  free_wiped(&session->ca_file);
  free_wiped(&session->ca_path);
  free_wiped(&session->proxy);
  wx_buffer_free(&session->url);
}

void wx_session_ended_call(wx_session *session) {
  session->running--;
  if (session->running == 0 && session->closing) close_now(session);
}

/* Lua: session:close(), also __gc and __close. Again is fine. [-0, +0, -] */
static int session_close(lua_State *L) {
  wx_session *session = luaL_checkudata(L, 1, SESSION_TYPE);
  if (!session->open) return 0;
  if (session->running > 0) session->closing = true; /* called by a hook in the middle of a call: the call ends first */
  else close_now(session);
  return 0;
}

/* A copy of a text option, NULL where it is absent. NUL inside raises. [-0, +0, v] */
static char *copy_option(lua_State *L, int options, const char *name) {
  char *copy = NULL;
  if (lua_getfield(L, options, name) != LUA_TNIL) {
    size_t size;
    const char *text = luaL_checklstring(L, -1, &size);
    if (strlen(text) != size) luaL_error(L, "%s holds a NUL", name);
    copy = strdup(text);
    if (!copy) luaL_error(L, "no memory for %s", name);
  }
  lua_pop(L, 1);
  return copy;
}

/* Does libcurl have a file of authorities of its own? Then its folder of the same is left out: with a folder libcurl
 * cannot keep what it read, and every new connection costs as much as the first. */
static bool has_ca_file(void) {
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  return info->cainfo && access(info->cainfo, R_OK) == 0;
}

/* Reads the options at 1 into the session, which owns what was made even if this raises. NULL, or the reason. [-0, +0, v] */
static const char *configure(lua_State *L, wx_session *session) {
  wx_transport *transport = &session->transport;
  session->ca_file = copy_option(L, 1, "ca_file");
  session->ca_path = copy_option(L, 1, "ca_path");
  session->proxy = copy_option(L, 1, "proxy");
  transport->ca_file = session->ca_file;
  transport->ca_path = session->ca_path;
  transport->proxy = session->proxy;
  lua_getfield(L, 1, "http_version");
  transport->http2 = strcmp(luaL_optstring(L, -1, "1.1"), "2") == 0;
  lua_getfield(L, 1, "max_answer");
  lua_Integer max_answer = luaL_optinteger(L, -1, 16 * 1024 * 1024);
  transport->max_answer = max_answer > 0 ? (size_t)max_answer : 1;
  lua_getfield(L, 1, "base_url");
  size_t size;
  const char *url = luaL_checklstring(L, -1, &size);
  transport->no_ca_path = has_ca_file();
  const char *problem = strlen(url) == size ? wx_endpoint_set(&session->endpoint, url) : "it holds a NUL";
  transport->direct = session->endpoint.loopback;
  lua_pop(L, 3);
  return problem;
}

int wx_session_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  wx_loop *loop = wx_state_loop(L);
  wx_session *session = lua_newuserdatauv(L, sizeof *session, WX_SESSION_FLIGHTS);
  memset(session, 0, sizeof *session);
  wx_auth_init(&session->auth);
  wx_buffer_init(&session->url, WX_URL_MAX);
  session->open = true; /* from here on collection frees whatever there is */
  luaL_setmetatable(L, SESSION_TYPE);
  lua_newtable(L);
  lua_setiuservalue(L, -2, WX_SESSION_FLIGHTS);
  const char *problem = configure(L, session);
  lua_getfield(L, 1, "concurrency");
  lua_Integer concurrency = luaL_optinteger(L, -1, 1);
  lua_pop(L, 1);
  if (!problem &&
      !wx_engine_open(&session->engine, loop, session->transport.max_answer, concurrency > 0 ? (size_t)concurrency : 1))
    problem = "libcurl could not be initialised";
  if (problem) {
    close_now(session);
    lua_pushnil(L);
    lua_pushstring(L, problem);
    return 2;
  }
  wx_push_sessions(L);
  lua_pushvalue(L, -2);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  return 1;
}

/* ---- the key ----------------------------------------------------------------------------------------------------- */

/* Lua: session:set_key(key) -> true, or nil and why it cannot be used. [-0, +1|2, v] */
static int session_set_key(lua_State *L) {
  wx_session *session = wx_check_session(L, 1);
  size_t size;
  const char *key = luaL_checklstring(L, 2, &size);
  const char *problem = session->running ? "a call is under way" : wx_auth_set(&session->auth, key, size);
  if (problem) {
    lua_pushnil(L);
    lua_pushstring(L, problem);
    return 2;
  }
  lua_pushboolean(L, 1);
  return 1;
}

/* Lua: session:set_key_file(path) -> true, whether others can read it; or nil and why it cannot be used. The key goes
 * from the file to its keeper: Lua never has it, so nothing of it is left to be collected. [-0, +2, v] */
static int session_set_key_file(lua_State *L) {
  wx_session *session = wx_check_session(L, 1);
  const char *path = luaL_checkstring(L, 2);
  wx_keyfile file;
  const char *problem = session->running ? "a call is under way" : wx_keyfile_read(&file, path);
  if (!problem) {
    problem = wx_auth_set(&session->auth, file.text, file.size);
    wx_keyfile_wipe(&file);
  }
  if (problem) lua_pushnil(L);
  else lua_pushboolean(L, 1);
  if (problem) lua_pushstring(L, problem);
  else lua_pushboolean(L, file.readable_by_others);
  return 2;
}

/* Lua: session:has_key() -> boolean. [-0, +1, v] */
static int session_has_key(lua_State *L) {
  size_t size;
  lua_pushboolean(L, wx_auth_key(&wx_check_session(L, 1)->auth, &size) != NULL);
  return 1;
}

/* ---- what can be asked ------------------------------------------------------------------------------------------- */

/* [-0, +0, m] with a table at the top. */
static void set_count(lua_State *L, const char *name, uint64_t count) {
  lua_pushinteger(L, (lua_Integer)count);
  lua_setfield(L, -2, name);
}

/* Lua: session:stats() -> { exchanges = that ended so far, connections = opened, reused = exchanges that found one open,
 * sent = bytes, received = bytes }. A closed session still knows. [-0, +1, v] */
static int session_stats(lua_State *L) {
  const wx_session *session = luaL_checkudata(L, 1, SESSION_TYPE);
  const wx_counts *counts = &session->engine.counts;
  lua_createtable(L, 0, 5);
  set_count(L, "exchanges", counts->exchanges);
  set_count(L, "connections", counts->connections);
  set_count(L, "reused", counts->reused);
  set_count(L, "sent", counts->sent);
  set_count(L, "received", counts->received);
  return 1;
}

/* Lua: session:endpoint() -> the base URL as it is used, whether it is this machine. [-0, +2, v] */
static int session_endpoint(lua_State *L) {
  const wx_session *session = wx_check_session(L, 1);
  lua_pushstring(L, session->endpoint.url);
  lua_pushboolean(L, session->endpoint.loopback);
  return 2;
}

static const luaL_Reg methods[] = {
  { "perform", wx_session_perform },        { "start", wx_session_start },  { "set_key", session_set_key },
  { "set_key_file", session_set_key_file }, { "has_key", session_has_key }, { "stats", session_stats },
  { "endpoint", session_endpoint },         { "close", session_close },     { NULL, NULL },
};

void wx_session_open(lua_State *L) {
  wx_engine_global();
  luaL_newmetatable(L, SESSION_TYPE);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, session_close);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, session_close);
  lua_setfield(L, -2, "__close");
  lua_newtable(L); /* the sessions, known as long as somebody else knows them */
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &sessions_key);
  lua_pop(L, 1);
}
