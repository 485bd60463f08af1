/* freeform.c: see freeform.h. */
#include "freeform.h"

#include "json.h"

#include <lauxlib.h>

static bool copy_list(wx_walk *w, const wx_place *at, int from, lua_Integer length) {
  lua_State *L = w->L;
  lua_Integer keys = 0;
  for (lua_pushnil(L); lua_next(L, from); lua_pop(L, 1)) keys++;
  if (keys != length) return wx_mistake(w, at, "holds a list with holes, or with keys that are no positions");
  for (lua_Integer i = 1; i <= length; i++) {
    if (lua_rawgeti(L, from, i) == LUA_TNIL) return wx_mistake(w, at, "holds a list with holes");
    if (!wx_copy_any(w, at)) return false;
    lua_rawseti(L, from + 1, i);
  }
  return true;
}

static bool copy_map(wx_walk *w, const wx_place *at, int from) {
  lua_State *L = w->L;
  size_t size;
  const char *text;
  for (lua_pushnil(L); lua_next(L, from);) {
    if (lua_type(L, -2) != LUA_TSTRING)
      return wx_mistake(w, at, "holds a table that is neither a list without holes nor has names alone as keys");
    lua_pushvalue(L, -2);
    wx_text_fits(w, at, &size, &text);
    lua_insert(L, -2);
    if (!wx_copy_any(w, at)) return false;
    lua_rawset(L, from + 1);
  }
  return true;
}

/* Replaces the table at the top by its copy. [-1, +1, m] */
static bool copy_table(wx_walk *w, const wx_place *at) {
  lua_State *L = w->L;
  int from = lua_absindex(L, -1);
  lua_Integer length = (lua_Integer)lua_rawlen(L, from);
  lua_newtable(L);
  if (length > 0 ? !copy_list(w, at, from, length) : !copy_map(w, at, from)) return false;
  lua_remove(L, from);
  return true;
}

bool wx_copy_any(wx_walk *w, const wx_place *at) {
  lua_State *L = w->L;
  size_t size;
  const char *text;
  if (++w->values > WX_ARGUMENTS_VALUES) wx_too_large(w, at, "it holds more than a million values");
  if (w->too_large) return true; /* nothing goes out anyway */
  switch (lua_type(L, -1)) {
  case LUA_TSTRING: wx_text_fits(w, at, &size, &text); return true;
  case LUA_TBOOLEAN: return true;
  case LUA_TNUMBER:
    if (!wx_is_exact_number(L)) wx_violation(w, at, "number", "it cannot be written exactly in JSON");
    return true;
  case LUA_TLIGHTUSERDATA:
    if (wx_json_is_null(L, -1)) return true;
    break;
  case LUA_TTABLE:
    luaL_checkstack(L, WX_WALK_SLOTS, "the arguments are nested too deeply");
    if (++w->depth > WX_ARGUMENTS_DEPTH) return wx_mistake(w, at, "is nested too deeply (32 levels), or holds itself");
    if (!copy_table(w, at)) return false;
    w->depth--;
    return true;
  default: break;
  }
  return wx_wrong_type(w, at, "a value that JSON has (string, number, boolean or table)");
}
