/* answer.c: see answer.h.
 *
 * lua-cjson makes the tables of the wire; a second, small set is made from them under Lua's names. Both live on the Lua
 * stack and heap alone, so an error at any point leaks nothing. Depth is bounded by json.c's settings. */
#include "answer.h"

#include "json.h"
#include "shape.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>

/* The largest integer up to which a double has not skipped one. */
#define EXACT 9007199254740992.0

/* Slots that one level of nesting may use. */
enum { SLOTS = 12 };

/* Says what is wrong with the value of the field `name`; the caller answers false. [-0, +1, m] */
static bool unfit(lua_State *L, const char *name, const char *what) {
  lua_pushfstring(L, "\"%s\" is %s", name, what);
  return false;
}

/* A whole number that came as a float becomes an integer. The value at the top stays at the top. [-1, +1, -] */
static void settle_number(lua_State *L) {
  if (lua_isinteger(L, -1)) {
    lua_Integer whole = lua_tointeger(L, -1);
    if (whole < LUA_MAXINTEGER && whole > LUA_MININTEGER) return;
    lua_pop(L, 1); /* OpenResty's lua-cjson answers these two for all that is beyond them: exact they are not */
    lua_pushnumber(L, (lua_Number)whole);
    return;
  }
  double number = lua_tonumber(L, -1);
  if (number >= -EXACT && number <= EXACT && floor(number) == number) {
    lua_pop(L, 1);
    lua_pushinteger(L, (lua_Integer)number);
  }
}

/* An undeclared value, as it is but without nulls. Replaces the value at the top. [-1, +1, m] */
static void plain_value(lua_State *L) {
  if (lua_type(L, -1) == LUA_TNUMBER) settle_number(L);
  if (wx_json_is_null(L, -1)) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
  if (!lua_istable(L, -1)) return;
  luaL_checkstack(L, SLOTS, "the answer is nested too deeply");
  int from = lua_absindex(L, -1);
  lua_Integer length = (lua_Integer)lua_rawlen(L, from), kept = 0;
  lua_newtable(L);
  for (lua_Integer i = 1; i <= length; i++) { /* a list closes up where it had nulls */
    lua_rawgeti(L, from, i);
    plain_value(L);
    if (lua_isnil(L, -1)) lua_pop(L, 1);
    else lua_rawseti(L, from + 1, ++kept);
  }
  for (lua_pushnil(L); lua_next(L, from);) {
    if (lua_type(L, -2) != LUA_TSTRING) {
      lua_pop(L, 1);
      continue;
    }
    plain_value(L);
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, from + 1);
  }
  lua_remove(L, from);
}

static bool object(lua_State *L, const char *name, int shape_index);

static bool is_text(wx_type type) {
  return type == WX_STRING || type == WX_ID || type == WX_GUID || type == WX_EMAIL || type == WX_DATE;
}

/* A whole number that came as text, which is how 64-bit integers travel in JSON, becomes an integer. [-1, +1, m] */
static void settle_text(lua_State *L) {
  size_t size, i;
  const char *text = lua_tolstring(L, -1, &size);
  for (i = size > 1 && text[0] == '-'; i < size && text[i] >= '0' && text[i] <= '9';) i++;
  if (size == 0 || i < size) return;
  if (lua_stringtonumber(L, text) == 0) return;
  if (lua_isinteger(L, -1)) lua_replace(L, -2);
  else lua_pop(L, 1); /* too large for one */
}

/* The scalar at the top becomes what its field says. False: the reason is at the top instead. [-1, +1, m] */
static bool scalar(lua_State *L, const wx_field *field, const char *name) {
  if (lua_istable(L, -1)) plain_value(L); /* an object where a scalar was: kept, as everything unknown */
  else if (lua_type(L, -1) == LUA_TSTRING && field->type == WX_INTEGER) settle_text(L);
  else if (lua_type(L, -1) == LUA_TNUMBER) {
    settle_number(L);
    if (!is_text(field->type)) return true;
    double number = lua_tonumber(L, -1);
    if (!(number > -EXACT && number < EXACT)) {
      lua_pop(L, 1);
      return unfit(L, name, "a number too large to be exact where a string was promised");
    }
    lua_tostring(L, -1); /* converts the value itself */
  }
  return true;
}

/* One value of a field, not a list. [-1, +1, m] */
static bool value(lua_State *L, const wx_field *field, const char *name, int anchors, int place) {
  if (field->type == WX_ANY) {
    plain_value(L);
    return true;
  }
  if (field->type != WX_OBJECT) return scalar(L, field, name);
  lua_rawgeti(L, anchors, place);
  bool ok = object(L, name, lua_absindex(L, -1));
  lua_pop(L, 1); /* the shape */
  return ok;
}

/* Gives the table at `into` the metatable that is anchored at `place`, none where none is: OpenResty's lua-cjson may have
 * given it one of its own. [-0, +0, -] */
static void dress(lua_State *L, int into, int anchors, int place) {
  lua_rawgeti(L, anchors, place);
  lua_setmetatable(L, into);
}

/* The same for the list of the i-th field: one of objects is dressed as their shape says. [-0, +0, -] */
static void dress_list(lua_State *L, int into, int anchors, const wx_shape *shape, int i) {
  if (shape->field[i - 1].type != WX_OBJECT) {
    dress(L, into, anchors, 2 * shape->count + 3);
    return;
  }
  lua_rawgeti(L, anchors, shape->count + i);
  const wx_shape *items = lua_touserdata(L, -1);
  lua_getiuservalue(L, -1, 1);
  dress(L, into, lua_absindex(L, -1), 2 * items->count + 3);
  lua_pop(L, 2);
}

/* Is the value at the top what an empty JSON array becomes? [-0, +0, -] */
static bool is_empty_table(lua_State *L) {
  if (!lua_istable(L, -1)) return false;
  lua_pushnil(L);
  if (!lua_next(L, -2)) return true;
  lua_pop(L, 2);
  return false;
}

/* The list at the top becomes, in place, a list of what its field says; nulls in it are left out. [-1, +1, m] */
static bool list(lua_State *L, const wx_shape *shape, int i, const char *name, int anchors) {
  const wx_field *field = &shape->field[i - 1];
  int at = lua_gettop(L);
  lua_Integer length = lua_istable(L, at) ? (lua_Integer)lua_rawlen(L, at) : 0, kept = 0;
  if (length == 0 && !is_empty_table(L)) {
    lua_pop(L, 1);
    return unfit(L, name, "not a list");
  }
  for (lua_Integer item = 1; item <= length; item++) {
    int type = lua_rawgeti(L, at, item);
    if (type == LUA_TSTRING && kept == item - 1 && is_text(field->type)) { /* stays as it is, where it is */
      kept++;
      lua_pop(L, 1);
      continue;
    }
    if (wx_json_is_null(L, -1)) {
      lua_pop(L, 1);
      continue;
    }
    if (!value(L, field, name, anchors, shape->count + i)) {
      lua_replace(L, at);
      lua_settop(L, at);
      return false;
    }
    lua_rawseti(L, at, ++kept);
  }
  for (lua_Integer item = kept + 1; item <= length; item++) {
    lua_pushnil(L);
    lua_rawseti(L, at, item);
  }
  dress_list(L, at, anchors, shape, i);
  return true;
}

/* Every declared list that did not come is an empty table. The answer is at `into`. [-0, +0, m] */
static void add_missing_lists(lua_State *L, const wx_shape *shape, int anchors, int into) {
  for (int i = 1; i <= shape->count; i++) {
    if (!shape->field[i - 1].list) continue;
    lua_rawgeti(L, anchors, i);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, into) == LUA_TNIL) {
      lua_pop(L, 1);
      lua_newtable(L);
      dress_list(L, lua_absindex(L, -1), anchors, shape, i);
      lua_rawset(L, into);
    } else lua_pop(L, 2);
  }
}

enum { UNDECLARED = 0, OVERRULED = -1 };

/* Which field the key below the top belongs to. proto3 JSON lets a field come under its own name as well as under its
 * camelCase one; where both came the latter counts. [-0, +0, -] */
static int field_of(lua_State *L, const wx_shape *shape, int anchors, int from) {
  const char *key = lua_tostring(L, -2); /* a short string is one object in Lua: its address nearly always decides */
  for (int i = 0; i < shape->count; i++)
    if (shape->field[i].wire == key) return i + 1;
  lua_pushvalue(L, -2);
  if (lua_rawget(L, anchors) != LUA_TNIL) {
    int i = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return i;
  }
  lua_pop(L, 1);
  lua_rawgeti(L, anchors, 2 * shape->count + 1);
  lua_pushvalue(L, -3);
  lua_rawget(L, -2);
  int i = (int)lua_tointeger(L, -1);
  lua_pop(L, 2);
  if (i == UNDECLARED) return UNDECLARED;
  lua_rawgeti(L, anchors, -i);
  lua_rawget(L, from);
  bool came = !lua_isnil(L, -1) && !wx_json_is_null(L, -1);
  lua_pop(L, 1);
  return came ? OVERRULED : i;
}

/* The value of the i-th field, of this type in Lua. [-1, +1, m] */
static bool declared(lua_State *L, const wx_shape *shape, int i, int type, int anchors) {
  const wx_field *field = &shape->field[i - 1];
  if (field->list) return list(L, shape, i, field->wire, anchors);
  if (type == LUA_TSTRING && is_text(field->type)) return true; /* as most are: nothing to do */
  return value(L, field, field->wire, anchors, shape->count + i);
}

/* Below the top: the value, at the top: its shape (which the caller takes away). The value is replaced. [-0, +0, m] */
static bool object(lua_State *L, const char *name, int shape_index) {
  luaL_checkstack(L, SLOTS, "the answer is nested too deeply");
  int from = shape_index - 1;
  const wx_shape *shape = lua_touserdata(L, shape_index);
  if (!lua_istable(L, from) || lua_rawlen(L, from) > 0) {
    unfit(L, name, "not an object");
    lua_replace(L, from);
    return false;
  }
  lua_getiuservalue(L, shape_index, 1);
  int anchors = lua_absindex(L, -1), into = anchors + 1;
  int lists = 0;
  lua_createtable(L, 0, shape->count);
  for (lua_pushnil(L); lua_next(L, from);) { /* … key value */
    int type = lua_type(L, -1);
    if (lua_type(L, -2) != LUA_TSTRING || (type == LUA_TLIGHTUSERDATA && wx_json_is_null(L, -1))) {
      lua_pop(L, 1);
      continue;
    }
    int i = field_of(L, shape, anchors, from);
    if (i == OVERRULED) {
      lua_pop(L, 1);
      continue;
    }
    if (i == UNDECLARED) {
      plain_value(L);
      lua_pushvalue(L, -2);
    } else {
      if (!declared(L, shape, i, type, anchors)) {
        lua_replace(L, from);
        lua_settop(L, shape_index);
        return false;
      }
      lists += shape->field[i - 1].list;
      lua_rawgeti(L, anchors, i);
    }
    lua_insert(L, -2);
    lua_rawset(L, into);
  }
  if (lists < shape->lists) add_missing_lists(L, shape, anchors, into);
  dress(L, into, anchors, 2 * shape->count + 2);
  lua_replace(L, from);
  lua_settop(L, shape_index);
  return true;
}

/* [-0, +2, m] */
static int reason(lua_State *L) {
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

bool wx_answer_read(lua_State *L, int shape_index) {
  if (!wx_json_decode(L)) return false;
  lua_pushvalue(L, shape_index);
  bool ok = object(L, "the answer", lua_gettop(L));
  lua_pop(L, 1); /* the shape */
  return ok;
}

int wx_answer(lua_State *L) {
  wx_check_shape(L, 1);
  luaL_checktype(L, 2, LUA_TSTRING);
  lua_settop(L, 2);
  return wx_answer_read(L, 1) ? 1 : reason(L);
}

int wx_decode(lua_State *L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  lua_settop(L, 1);
  if (!wx_json_decode(L)) return reason(L);
  plain_value(L);
  return 1;
}
