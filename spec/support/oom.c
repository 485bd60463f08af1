/* oom.c: a Lua state that runs out of memory at the n-th allocation, for n = 1, 2, 3 … until what it runs succeeds.
 *
 * Lua: oom.try(prepare, run, how, stride) -> times that memory ran out, answer. The first two are Lua sources. `prepare`
 * runs with as much memory as it wants, in a new state for each n; what it answers is handed to `run`, which runs with too
 * little, and then once more with enough. It answers a text, always the same; where memory ran out it may fail with, or
 * answer, words that say so. Nothing of the state's may be left when it is closed. Anything else raises. Only Lua's own
 * allocations fail, never malloc itself. `stride` (1) is the step from n to n.
 *   how = "new"     once memory has run out there is none until `run` is over
 *   how = "moment"  there is memory again as soon as Lua was refused, has collected, and was refused once more
 *   how = "twice"   as "new", and then in the same state at the first, second, third … once more */
#include <dlfcn.h>
#include <lauxlib.h>
#include <limits.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int luaopen_oom(lua_State *L);

typedef struct memory {
  long left;    /* allocations until it runs out; 0: it has run out; below 0: it does not */
  size_t used;  /* bytes */
  long refused; /* allocations that were refused since it was last armed */
  long most;    /* of those */
} memory;

/* Like Lua's own; growing is refused once there is none left, and stays so until that is over: Lua collects and asks again. */
static void *allocate(void *user, void *block, size_t old, size_t new) {
  memory *m = user;
  if (!block) old = 0; /* then it is a type */
  if (new == 0) {
    free(block);
    m->used -= old;
    return NULL;
  }
  if (new > old && m->left >= 0) {
    if (m->left > 0) m->left--;
    if (m->left == 0 && m->refused < m->most) {
      m->refused++;
      return NULL;
    }
  }
  void *made = realloc(block, new);
  if (made) m->used += new - old;
  return made;
}

/* What happened at the n-th allocation, where it should not have. */
static int fail(lua_State *L, lua_State *inner, long n, const char *what) {
  lua_pushfstring(L, "memory ran out at %d: %s: %s", (int)n, what, luaL_tolstring(inner, -1, NULL));
  return lua_error(L);
}

/* Runs the function at 2 with the value at 1 as its argument; one value stays at the top. */
static int run(lua_State *inner) {
  lua_pushvalue(inner, 2);
  lua_pushvalue(inner, 1);
  return lua_pcall(inner, 1, 1, 0);
}

static void prepare(lua_State *L, lua_State *inner) {
  luaL_openlibs(inner);
  if (luaL_dostring(inner, luaL_checkstring(L, 1)) != LUA_OK) fail(L, inner, 0, "prepare");
  lua_settop(inner, 1);
  if (luaL_loadstring(inner, luaL_checkstring(L, 2)) != LUA_OK) fail(L, inner, 0, "load");
}

/* The answer at the top of the inner state must be the expected one, which is at 4 once it is known. */
static void compare(lua_State *L, lua_State *inner, long n) {
  const char *text = lua_tostring(inner, -1);
  if (!text) fail(L, inner, n, "no text was answered");
  if (lua_isnil(L, 4)) {
    lua_pushstring(L, text);
    lua_replace(L, 4);
  } else if (strcmp(text, lua_tostring(L, 4)) != 0) fail(L, inner, n, "something else was answered");
}

/* A stack that cannot grow says "stack overflow", whatever kept it from growing. */
static int says_so(const char *text) { return strstr(text, "not enough memory") || strstr(text, "stack overflow"); }

/* One try. Answers whether memory ran out. */
static int try_once(lua_State *L, lua_State *inner, memory *m, long n) {
  lua_settop(inner, 2);
  m->refused = 0;
  m->left = n;
  int status = run(inner);
  m->left = -1;
  if (m->refused == 0) {
    if (status != LUA_OK) fail(L, inner, n, "it failed with memory enough");
    compare(L, inner, n);
    return 0;
  }
  const char *text = lua_tostring(inner, -1);
  /* that it went well nonetheless is fine: a collection may have made room, or it could do without */
  if (!text || !says_so(text)) {
    if (status != LUA_OK) fail(L, inner, n, "this was said");
    compare(L, inner, n);
  }
  lua_settop(inner, 2);
  if (run(inner) != LUA_OK) fail(L, inner, n, "afterwards, with memory enough");
  compare(L, inner, n);
  return 1;
}

/* All tries in one state, from the first allocation on. Answers how often memory ran out. */
static long try_all(lua_State *L, lua_State *inner, memory *m) {
  long n = 1;
  while (try_once(L, inner, m, n)) n++;
  return n - 1;
}

static int try(lua_State *L) {
  static const char *const hows[] = { "new", "twice", "moment", NULL };
  int how = luaL_checkoption(L, 3, NULL, hows);
  long stride = (long)luaL_optinteger(L, 4, 1), out = 0;
  lua_settop(L, 3);
  lua_pushnil(L); /* 4: the answer */
  memory m = { -1, 0, 0, how == 2 ? 2 : LONG_MAX };
  for (long n = 1, ran_out = 1; ran_out; n += stride) {
    lua_State *inner = lua_newstate(allocate, &m);
    if (!inner) return luaL_error(L, "no state");
    prepare(L, inner);
    ran_out = try_once(L, inner, &m, n);
    out += ran_out;
    if (how == 1) out += try_all(L, inner, &m);
    lua_close(inner);
    if (m.used) return luaL_error(L, "memory ran out at %d: %d bytes were left behind", (int)n, (int)m.used);
  }
  lua_pushinteger(L, out);
  lua_pushvalue(L, 4);
  return 2;
}

/* Lua: oom.hold(path): a shared object stays where it is, so that a leak in it can be told by its name. */
static int hold(lua_State *L) {
  if (!dlopen(luaL_checkstring(L, 1), RTLD_NOW | RTLD_NODELETE)) return luaL_error(L, "%s", dlerror());
  return 0;
}

int luaopen_oom(lua_State *L) {
  static const luaL_Reg functions[] = { { "try", try }, { "hold", hold }, { NULL, NULL } };
  luaL_newlib(L, functions);
  return 1;
}
