/* limit.c: see limit.h. */
#include "limit.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The state's own allocator, and what has been taken from it since. */
typedef struct limiter {
  lua_Alloc allocate;
  void *data;
  size_t used, most; /* bytes; used never exceeds most */
  bool met;
} limiter;

/* Once the limit is met nothing grows any more: Lua collects all garbage and asks again, and would do so at every step of a
 * function that keeps just below. Freeing and shrinking always work, as Lua expects. */
static void *limited(void *data, void *block, size_t old_size, size_t new_size) {
  limiter *own = data;
  size_t before = block ? old_size : 0; /* of what is new the size is a type */
  if (new_size > before && (own->met || new_size - before > own->most - own->used)) {
    own->met = true;
    return NULL;
  }
  void *result = own->allocate(own->data, block, old_size, new_size);
  if (!result && new_size > 0) return NULL;
  if (new_size >= before) own->used += new_size - before;
  else
    own->used -= before - new_size < own->used ? before - new_size : own->used; /* what was there before is no credit */
  return result;
}

int wx_limited(lua_State *L) {
  lua_Integer bytes = luaL_checkinteger(L, 1);
  luaL_argcheck(L, bytes >= 0 && (lua_Unsigned)bytes <= SIZE_MAX, 1, "bytes are a number that is not negative");
  luaL_checktype(L, 2, LUA_TFUNCTION);
  luaL_checkstack(L, 5, NULL);
  limiter own = { .most = (size_t)bytes };
  own.allocate = lua_getallocf(L, &own.data);
  lua_pushvalue(L, 2);
  lua_setallocf(L, limited, &own);
  /* from here to where the state has its own allocator again nothing may raise but in the call */
  int status = lua_pcall(L, 0, 1, 0);
  lua_setallocf(L, own.allocate, own.data);
  lua_pushboolean(L, status == LUA_OK);
  lua_insert(L, -2);
  if (status == LUA_OK) return 2;
  lua_pushboolean(L, own.met);
  return 3;
}
