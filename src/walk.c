/* walk.c: see walk.h. */
#include "walk.h"

#include "format.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wx_push_place(lua_State *L, const wx_place *at, bool with_index) {
  luaL_checkstack(L, 4, NULL);
  if (at->up) {
    wx_push_place(L, at->up, true);
    lua_pushfstring(L, "%s.%s", lua_tostring(L, -1), at->name);
    lua_remove(L, -2);
  } else lua_pushstring(L, at->name);
  if (with_index && at->index) {
    lua_pushfstring(L, "%s[%I]", lua_tostring(L, -1), (LUAI_UACINT)at->index);
    lua_remove(L, -2);
  }
}

void wx_violation(wx_walk *w, const wx_place *at, const char *rule, const char *description) {
  lua_State *L = w->L;
  int value = lua_absindex(L, -1);
  luaL_checkstack(L, WX_WALK_SLOTS, NULL);
  if (lua_isnil(L, WX_VIOLATIONS)) {
    lua_newtable(L);
    lua_replace(L, WX_VIOLATIONS);
  }
  lua_createtable(L, 0, 5);
  wx_push_place(L, at, false);
  lua_setfield(L, -2, "field");
  if (at->index) {
    lua_pushinteger(L, at->index);
    lua_setfield(L, -2, "index");
  }
  if (!lua_istable(L, value)) {
    lua_pushvalue(L, value);
    lua_setfield(L, -2, "value");
  }
  lua_pushstring(L, description);
  lua_setfield(L, -2, "description");
  lua_pushstring(L, rule);
  lua_setfield(L, -2, "rule");
  lua_rawseti(L, WX_VIOLATIONS, (lua_Integer)lua_rawlen(L, WX_VIOLATIONS) + 1);
}

bool wx_mistake(wx_walk *w, const wx_place *at, const char *what) {
  wx_push_place(w->L, at, true);
  lua_pushfstring(w->L, "%s %s", lua_tostring(w->L, -1), what);
  return false;
}

bool wx_wrong_type(wx_walk *w, const wx_place *at, const char *expected) {
  lua_State *L = w->L;
  const char *hint = lua_type(L, -1) == LUA_TNUMBER && strstr(expected, "string") ? ": write it in quotes" : "";
  lua_pushfstring(L, "must be %s, not a %s%s", expected, luaL_typename(L, -1), hint);
  return wx_mistake(w, at, lua_tostring(L, -1));
}

void wx_too_large(wx_walk *w, const wx_place *at, const char *description) {
  if (!w->too_large) wx_violation(w, at, "max_size", description);
  w->too_large = true;
}

bool wx_text_fits(wx_walk *w, const wx_place *at, size_t *size, const char **text) {
  *text = lua_tolstring(w->L, -1, size);
  if (*size > WX_ARGUMENTS_MAX - w->bytes) {
    wx_too_large(w, at, "the call is larger than 16 MiB");
    return false;
  }
  w->bytes += *size;
  if (wx_is_utf8(*text, *size)) return true;
  wx_violation(w, at, "utf8", "it is not valid UTF-8");
  return false;
}

bool wx_is_exact_number(lua_State *L) {
  char text[64];
  if (lua_isinteger(L, -1)) {
    lua_Integer value = lua_tointeger(L, -1);
    return value > -100000000000000 && value < 100000000000000;
  }
  double value = lua_tonumber(L, -1);
  if (!isfinite(value)) return false;
  (void)snprintf(text, sizeof text, "%.14g", value);
  return strtod(text, NULL) == value;
}
