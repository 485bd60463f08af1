/* sandbox_service.c: see sandbox_service.h. */
#include "sandbox_service.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The private state's stack between calls: what the service's module answered, and the handler of its errors. */
enum { AT_HANDLER = 1, AT_CONNECT, AT_HEAD, AT_FINISH, AT_CONTROL, AT_TOP = AT_CONTROL };

static const char *const entry_points[] = { "connect", "head", "finish", "control" };

void wx_answer_init(wx_answer *answer) { memset(answer, 0, sizeof *answer); }

void wx_answer_free(wx_answer *answer) {
  free(answer->headers);
  free(answer->body);
  wx_answer_init(answer);
}

/* lua_Alloc with a cap, so that the model of Wix can be given a memory of its own and no more. */
static void *allocate(void *context, void *block, size_t old_size, size_t new_size) {
  wx_service *service = context;
  size_t held = block ? old_size : 0;
  if (new_size == 0) {
    free(block);
    service->memory -= held;
    return NULL;
  }
  if (service->max_memory && new_size > held && new_size - held > service->max_memory - service->memory) return NULL;
  void *moved = realloc(block, new_size);
  if (moved) service->memory += new_size - held;
  return moved;
}

/* Calls the function below its `arguments`, then leaves only the entry points on the stack. `results` as lua_pcall. */
static bool protected_call(wx_service *service, int arguments, int results) {
  lua_State *L = service->L;
  if (lua_pcall(L, arguments, results, AT_HANDLER) == LUA_OK) return true;
  const char *message = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "error without a message";
  (void)snprintf(service->last_error, sizeof service->last_error, "%s", message);
  lua_settop(L, AT_TOP);
  return false;
}

/* [-1, +1, m] The error's message with where it came from: these are our own mistakes. */
static int explain(lua_State *L) {
  const char *message = lua_tostring(L, 1);
  luaL_traceback(L, L, message ? message : "error without a message", 1);
  return 1;
}

/* [-0, +1, -] Microseconds since the epoch. */
static int clock_now(lua_State *L) {
  struct timespec now;
  (void)clock_gettime(CLOCK_REALTIME, &now);
  lua_pushinteger(L, (lua_Integer)now.tv_sec * 1000000 + (lua_Integer)(now.tv_nsec / 1000));
  return 1;
}

/* [-1, +4, e] Makes the state ready and answers the entry points, in order. */
static int open_protected(lua_State *L) {
  const wx_service_setup *setup = lua_touserdata(L, 1);
  lua_settop(L, 0);
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_pushstring(L, setup->path);
  lua_setfield(L, 1, "path");
  lua_pushstring(L, setup->cpath);
  lua_setfield(L, 1, "cpath");
  lua_getglobal(L, "require");
  lua_pushstring(L, setup->module);
  lua_call(L, 1, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_getfield(L, 2, "open");
  lua_pushlstring(L, setup->config, setup->config_size);
  lua_pushinteger(L, setup->port);
  lua_pushcfunction(L, clock_now);
  lua_call(L, 3, 0);
  int count = (int)(sizeof entry_points / sizeof *entry_points);
  for (int i = 0; i < count; i++) {
    lua_getfield(L, 2, entry_points[i]);
    luaL_checktype(L, -1, LUA_TFUNCTION);
  }
  return count;
}

bool wx_service_open(wx_service *service, const wx_service_setup *setup) {
  memset(service, 0, sizeof *service);
  service->max_memory = setup->max_memory;
  service->L = lua_newstate(allocate, service);
  if (!service->L) {
    (void)snprintf(service->last_error, sizeof service->last_error, "not enough memory");
    return false;
  }
  /* A new state has room for these without asking for memory. */
  lua_pushcfunction(service->L, explain);
  lua_pushcfunction(service->L, open_protected);
  lua_pushlightuserdata(service->L, (void *)(uintptr_t)setup);
  return protected_call(service, 1, AT_TOP - AT_HANDLER);
}

void wx_service_close(wx_service *service) {
  if (service->L) lua_close(service->L);
  service->L = NULL;
}

/* ---- Connections and heads --------------------------------------------------------------------------------------- */

/* [-2, +1, e] connect, number -> whether to reset it */
static int connect_protected(lua_State *L) {
  const uint64_t *connection = lua_touserdata(L, 2);
  lua_settop(L, 1);
  lua_pushinteger(L, (lua_Integer)*connection);
  lua_call(L, 1, 1);
  return 1;
}

bool wx_service_connect(wx_service *service, uint64_t connection) {
  lua_State *L = service->L;
  lua_pushcfunction(L, connect_protected);
  lua_pushvalue(L, AT_CONNECT);
  lua_pushlightuserdata(L, &connection);
  bool reset = protected_call(service, 2, 1) && lua_toboolean(L, -1);
  lua_settop(L, AT_TOP);
  return reset;
}

/* [-2, +2, e] head, wx_head -> number, reset_at */
static int head_protected(lua_State *L) {
  const wx_head *head = lua_touserdata(L, 2);
  lua_settop(L, 1);
  lua_pushinteger(L, (lua_Integer)head->connection);
  lua_pushstring(L, head->method);
  lua_pushstring(L, head->target);
  lua_createtable(L, (int)(2 * head->header_count), 0);
  for (size_t i = 0; i < head->header_count; i++) {
    const wx_header *header = &head->headers[i];
    lua_pushlstring(L, header->name, header->name_size);
    lua_rawseti(L, -2, (lua_Integer)(2 * i + 1));
    lua_pushlstring(L, header->value ? header->value : "", header->value ? header->value_size : 0);
    lua_rawseti(L, -2, (lua_Integer)(2 * i + 2));
  }
  lua_call(L, 4, 2);
  return 2;
}

bool wx_service_head(wx_service *service, const wx_head *head, int64_t *id, int64_t *reset_at) {
  lua_State *L = service->L;
  lua_pushcfunction(L, head_protected);
  lua_pushvalue(L, AT_HEAD);
  lua_pushlightuserdata(L, (void *)(uintptr_t)head);
  if (!protected_call(service, 2, 2)) return false;
  *id = (int64_t)lua_tointeger(L, -2);
  *reset_at = lua_isinteger(L, -1) ? (int64_t)lua_tointeger(L, -1) : -1;
  lua_settop(L, AT_TOP);
  return true;
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

/* [-0, +0, e] plan[name], a number not below zero; `otherwise` where it is absent */
static double number_field(lua_State *L, int plan, const char *name, double otherwise) {
  double value = otherwise;
  if (lua_getfield(L, plan, name) != LUA_TNIL) {
    value = luaL_checknumber(L, -1);
    if (!(value >= 0) || !(value <= 9007199254740992.0)) luaL_error(L, "plan.%s is out of range", name);
  }
  lua_pop(L, 1);
  return value;
}

/* [-0, +0, e] */
static bool flag_field(lua_State *L, int plan, const char *name) {
  lua_getfield(L, plan, name);
  bool flag = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return flag;
}

/* [-0, +0, e] A copy that belongs to the caller, with a NUL behind it; *slot is set before anything can raise again. */
static void copy_text(lua_State *L, int at, char **slot, size_t *slot_size) {
  size_t size;
  const char *text = luaL_checklstring(L, at, &size);
  char *copy = malloc(size + 1);
  if (!copy) luaL_error(L, "not enough memory");
  memcpy(copy, text, size + 1);
  *slot = copy;
  *slot_size = size;
}

/* [-0, +0, e] plan.headers is a list: name, value, name, value, ... */
static void read_headers(lua_State *L, int plan, wx_answer *answer) {
  if (lua_getfield(L, plan, "headers") == LUA_TTABLE) {
    luaL_Buffer block;
    int headers = lua_gettop(L);
    lua_Integer count = luaL_len(L, headers);
    luaL_buffinit(L, &block);
    for (lua_Integer i = 1; i <= count; i++) {
      lua_rawgeti(L, headers, i);
      const char *text = luaL_checkstring(L, -1);
      if (strpbrk(text, "\r\n")) luaL_error(L, "a header of the answer holds a line break");
      luaL_addvalue(&block);
      luaL_addchar(&block, '\0');
    }
    luaL_pushresult(&block);
    if (count % 2 == 0) copy_text(L, -1, &answer->headers, &answer->headers_size);
  }
  lua_settop(L, plan);
}

/* [-0, +0, e] */
static void read_plan(lua_State *L, int plan, wx_answer *answer) {
  static const char *const endings[] = { "keep", "close", "reset", NULL };
  answer->status = (unsigned)number_field(L, plan, "status", 200);
  answer->delay = number_field(L, plan, "delay", 0);
  answer->drip = number_field(L, plan, "drip", 0);
  answer->chunk = (size_t)number_field(L, plan, "chunk", 1);
  if (answer->chunk == 0) answer->chunk = 1;
  answer->hold = number_field(L, plan, "hold", 0);
  answer->raw = flag_field(L, plan, "raw");
  answer->chunked = flag_field(L, plan, "chunked");
  answer->close_idle = flag_field(L, plan, "close_idle");
  lua_getfield(L, plan, "ending");
  answer->ending = (wx_ending)luaL_checkoption(L, -1, "keep", endings);
  lua_pop(L, 1);
  if (lua_getfield(L, plan, "body") != LUA_TNIL) copy_text(L, -1, &answer->body, &answer->body_size);
  lua_pop(L, 1);
  read_headers(L, plan, answer);
  answer->size = (uint64_t)number_field(L, plan, "size", (double)answer->body_size);
}

typedef struct finish_call {
  int64_t id;
  const char *body;
  size_t size;
  wx_completeness completeness;
  wx_answer *answer;
} finish_call;

/* [-2, +0, e] finish, finish_call -> plan, which is read into the answer */
static int finish_protected(lua_State *L) {
  static const char *const words[] = { "cut short", "complete", "too large" };
  const finish_call *call = lua_touserdata(L, 2);
  lua_settop(L, 1);
  lua_pushinteger(L, (lua_Integer)call->id);
  lua_pushlstring(L, call->body ? call->body : "", call->body ? call->size : 0);
  lua_pushstring(L, words[call->completeness]);
  lua_call(L, 3, 1);
  if (call->completeness == WX_CUT_SHORT) return 0; /* nobody is there to be answered */
  luaL_checktype(L, 1, LUA_TTABLE);
  read_plan(L, 1, call->answer);
  return 0;
}

bool wx_service_finish(wx_service *service, int64_t id, const char *body, size_t size, wx_completeness completeness,
                       wx_answer *answer) {
  finish_call call = { .id = id, .body = body, .size = size, .completeness = completeness, .answer = answer };
  lua_State *L = service->L;
  wx_answer_init(answer);
  lua_pushcfunction(L, finish_protected);
  lua_pushvalue(L, AT_FINISH);
  lua_pushlightuserdata(L, &call);
  if (protected_call(service, 2, 0)) return true;
  wx_answer_free(answer);
  return false;
}

/* ---- Control calls ----------------------------------------------------------------------------------------------- */

typedef struct control_call {
  const char *name, *json;
  size_t size;
  char *answer;
  size_t answer_size;
} control_call;

/* [-2, +0, e] control, control_call -> JSON, which is copied */
static int control_protected(lua_State *L) {
  control_call *call = lua_touserdata(L, 2);
  lua_settop(L, 1);
  lua_pushstring(L, call->name);
  lua_pushlstring(L, call->json, call->size);
  lua_call(L, 2, 1);
  copy_text(L, 1, &call->answer, &call->answer_size);
  return 0;
}

char *wx_service_control(wx_service *service, const char *name, const char *json, size_t size, size_t *answer_size) {
  control_call call = { .name = name, .json = json, .size = size };
  lua_State *L = service->L;
  lua_pushcfunction(L, control_protected);
  lua_pushvalue(L, AT_CONTROL);
  lua_pushlightuserdata(L, &call);
  (void)protected_call(service, 2, 0);
  *answer_size = call.answer_size;
  return call.answer;
}
