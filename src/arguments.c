/* arguments.c: see arguments.h.
 *
 * A walk over the declared fields. What the data has wrong is collected, all of it, and the walk goes on; what the
 * program has wrong ends it. */
#include "arguments.h"

#include "format.h"
#include "freeform.h"
#include "json.h"
#include "shape.h"
#include "walk.h"

#include <lauxlib.h>

enum { SHAPE = 1, ARGUMENTS = 2 };

static bool check_string(wx_walk *w, const wx_place *at, const wx_field *field) {
  lua_State *L = w->L;
  size_t size;
  const char *text, *problem = NULL;
  if (lua_type(L, -1) != LUA_TSTRING) return wx_wrong_type(w, at, "a string");
  if (!wx_text_fits(w, at, &size, &text)) return true;
  switch (field->type) {
  case WX_ID: problem = wx_id_problem(text, size); break;
  case WX_GUID: problem = wx_is_guid(text, size) ? NULL : "it is not a GUID (8-4-4-4-12 hex digits)"; break;
  case WX_EMAIL: problem = wx_email_problem(text, size); break;
  case WX_DATE: problem = wx_is_date(text, size) ? NULL : "it is not a date (RFC 3339, as 2030-12-31T08:00:00Z)"; break;
  default: break;
  }
  if (problem) {
    wx_violation(w, at, "format", problem);
    return true;
  }
  if (size == 0 && field->not_empty && !field->list) wx_violation(w, at, "not_empty", "it is empty");
  if (field->max_length && size > field->max_length) {
    lua_pushvalue(L, -1);
    lua_pushfstring(L, "it is longer than %I bytes", (LUAI_UACINT)field->max_length);
    lua_insert(L, -2);
    wx_violation(w, at, "max_length", lua_tostring(L, -2));
    lua_pop(L, 2);
  }
  return true;
}

/* Notes that the number at the top is less or more than its limit. [-0, +0, m] */
static void note_range(wx_walk *w, const wx_place *at, const char *which, lua_Number limit) {
  lua_State *L = w->L;
  lua_Integer whole;
  if (lua_numbertointeger(limit, &whole) && (lua_Number)whole == limit)
    lua_pushfstring(L, "it is %s than %I", which, (LUAI_UACINT)whole);
  else lua_pushfstring(L, "it is %s than %f", which, (LUAI_UACNUMBER)limit);
  lua_pushvalue(L, -2);
  wx_violation(w, at, "range", lua_tostring(L, -2));
  lua_pop(L, 2);
}

static bool check_number(wx_walk *w, const wx_place *at, const wx_field *field) {
  lua_State *L = w->L;
  if (lua_type(L, -1) != LUA_TNUMBER)
    return wx_wrong_type(w, at, field->type == WX_INTEGER ? "a whole number" : "a number");
  if (field->type == WX_INTEGER) {
    int exact;
    lua_Integer value = lua_tointegerx(L, -1, &exact);
    if (!exact) {
      wx_violation(w, at, "integer", "it is not a whole number");
      return true;
    }
    lua_pop(L, 1);
    lua_pushinteger(L, value);
  }
  lua_Number number = lua_tonumber(L, -1);
  if (!wx_is_exact_number(L)) wx_violation(w, at, "number", "it cannot be written exactly in JSON");
  else if (number < field->min || number > field->max)
    note_range(w, at, number < field->min ? "less" : "more", number < field->min ? field->min : field->max);
  return true;
}

static bool check_enum(wx_walk *w, const wx_place *at, int anchors, int i) {
  lua_State *L = w->L;
  size_t size;
  const char *text;
  if (lua_type(L, -1) != LUA_TSTRING) return wx_wrong_type(w, at, "a string");
  if (!wx_text_fits(w, at, &size, &text)) return true;
  lua_rawgeti(L, anchors, i);
  lua_pushvalue(L, -2);
  bool known = lua_rawget(L, -2) != LUA_TNIL;
  lua_pop(L, 2);
  if (!known) wx_violation(w, at, "enum", "it is none of the known values");
  return true;
}

static bool check_object(wx_walk *w, const wx_place *up, int shape_index);

/* One value, not a list: replaced by what goes on the wire. False: a mistake, its text at the top. [-1, +1, m] */
static bool check_value(wx_walk *w, const wx_place *at, const wx_field *field, int anchors, int i) {
  lua_State *L = w->L;
  switch (field->type) {
  case WX_ANY: return wx_copy_any(w, at);
  case WX_INTEGER:
  case WX_NUMBER: return check_number(w, at, field);
  case WX_BOOLEAN: return lua_isboolean(L, -1) || wx_wrong_type(w, at, "true or false");
  case WX_ENUM: return check_enum(w, at, anchors, i);
  case WX_OBJECT:
    if (!lua_istable(L, -1)) return wx_wrong_type(w, at, "a table");
    lua_rawgeti(L, anchors, i);
    lua_insert(L, -2); /* … shape, value */
    if (!check_object(w, at, lua_absindex(L, -2))) return false;
    lua_remove(L, -2);
    return true;
  default: return check_string(w, at, field);
  }
}

/* In a list this short an item is compared with those before it; in a longer one they are noted in a table. */
enum { FEW_ITEMS = 12 };

static char folded(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* Which item of the list at `from`, before the index-th, is the string at the top, case ignored? 0: none. [-0, +0, -] */
static lua_Integer same_before(lua_State *L, int from, lua_Integer index) {
  size_t size, other_size, at;
  const char *text = lua_tolstring(L, -1, &size);
  for (lua_Integer i = 1; i < index; i++) {
    const char *other = lua_rawgeti(L, from, i) == LUA_TSTRING ? lua_tolstring(L, -1, &other_size) : NULL;
    for (at = 0; other && other_size == size && at < size && folded(text[at]) == folded(other[at]);) at++;
    lua_pop(L, 1);
    if (other && other_size == size && at == size) return i;
  }
  return 0;
}

/* Pushes the string at the top without its capitals; where it has none, itself. [-0, +1, m] */
static void push_folded(lua_State *L) {
  size_t size, i = 0;
  const char *text = lua_tolstring(L, -1, &size);
  while (i < size && !(text[i] >= 'A' && text[i] <= 'Z')) i++;
  if (i == size) {
    lua_pushvalue(L, -1);
    return;
  }
  luaL_Buffer buffer;
  char *bytes = luaL_buffinitsize(L, &buffer, size);
  for (i = 0; i < size; i++) bytes[i] = folded(text[i]);
  luaL_pushresultsize(&buffer, size);
}

/* The same, by a table of the items seen, at `seen`; the item is noted there. [-0, +0, m] */
static lua_Integer same_seen(lua_State *L, int seen, lua_Integer index) {
  push_folded(L);
  lua_pushvalue(L, -1);
  lua_Integer same = lua_rawget(L, seen) == LUA_TNIL ? 0 : lua_tointeger(L, -1);
  lua_pop(L, 1);
  lua_pushinteger(L, index);
  if (same) lua_pop(L, 2);
  else lua_rawset(L, seen);
  return same;
}

/* Notes the value at the top, which the same-th item has too; 0: none has. [-0, +0, m] */
static void note_same(wx_walk *w, const wx_place *at, lua_Integer same) {
  lua_State *L = w->L;
  if (same == 0) return;
  lua_pushfstring(L, "it is the same as item %I", (LUAI_UACINT)same);
  lua_pushvalue(L, -2);
  wx_violation(w, at, "unique", lua_tostring(L, -2));
  lua_pop(L, 2);
}

/* Notes an item that was there before, case ignored. The item is at the top, the list at `from`, above it the list for the
 * wire, above that the table of what was seen if the list is long. [-0, +0, m] */
static void check_unique(wx_walk *w, const wx_place *at, int from) {
  lua_State *L = w->L;
  if (lua_type(L, -1) != LUA_TSTRING) return;
  note_same(w, at, lua_istable(L, from + 2) ? same_seen(L, from + 2, at->index) : same_before(L, from, at->index));
}

/* The same for items that are objects, by one field of theirs, whose shape is in anchors[i]. [-0, +0, m] */
static void check_unique_by(wx_walk *w, const wx_place *at, const wx_field *field, int anchors, int i, int from) {
  lua_State *L = w->L;
  int top = lua_gettop(L);
  lua_rawgeti(L, from, at->index); /* as it was given */
  lua_rawgeti(L, anchors, i);
  const wx_shape *shape = lua_touserdata(L, -1);
  wx_place inner = { at, shape->field[field->unique_by - 1].name, 0 };
  lua_getiuservalue(L, -1, 1);
  lua_rawgeti(L, -1, field->unique_by);
  if (lua_rawget(L, top + 1) == LUA_TSTRING) note_same(w, &inner, same_seen(L, from + 2, at->index));
  lua_settop(L, top);
}

/* Can a list of this field go to lua-cjson as the caller made it? Text stays as it is, and without a metatable a table is
 * what it seems. lua-cjson only reads it, before anybody else gets the floor. [-0, +0, -] */
static bool is_plain_text(lua_State *L, int list, const wx_field *field) {
  if (field->type == WX_ANY || field->type == WX_OBJECT || field->type == WX_INTEGER) return false;
  if (!lua_getmetatable(L, list)) return true;
  lua_pop(L, 1);
  return false;
}

/* The list at the top becomes a list for the wire. False: a mistake. [-1, +1, m] */
static bool check_list(wx_walk *w, wx_place *at, const wx_field *field, int anchors, int i) {
  lua_State *L = w->L;
  if (!lua_istable(L, -1)) return wx_wrong_type(w, at, "a list: write { … }");
  int from = lua_absindex(L, -1);
  lua_Unsigned length = lua_rawlen(L, from), keys = 0;
  for (lua_pushnil(L); lua_next(L, from); lua_pop(L, 1), keys++)
    if (!lua_isinteger(L, -2)) return wx_mistake(w, at, "must be a list, but has a key that is no position");
  if (keys != length) return wx_mistake(w, at, "must be a list without holes");
  if (length == 0 && field->not_empty) wx_violation(w, at, "not_empty", "it is empty");
  if (field->max_items && length > field->max_items) {
    lua_pushfstring(L, "it has %I items, and the most that a call may carry is %I", (LUAI_UACINT)length,
                    (LUAI_UACINT)field->max_items);
    lua_pushvalue(L, from);
    wx_violation(w, at, "max_items", lua_tostring(L, -2));
    lua_pop(L, 2);
  }
  bool as_it_is = is_plain_text(L, from, field);
  if (as_it_is) lua_pushvalue(L, from);
  else lua_createtable(L, length < 65536 ? (int)length : 65536, 0);
  if ((field->unique && length > FEW_ITEMS) || field->unique_by)
    lua_createtable(L, 0, length < 65536 ? (int)length : 65536);
  else lua_pushnil(L);
  for (at->index = 1; (lua_Unsigned)at->index <= length; at->index++) {
    if (lua_rawgeti(L, from, at->index) == LUA_TNIL) {
      at->index = 0;
      return wx_mistake(w, at, "must be a list without holes");
    }
    if (!check_value(w, at, field, anchors, i)) return false;
    if (field->unique) check_unique(w, at, from);
    if (field->unique_by) check_unique_by(w, at, field, anchors, i, from);
    if (as_it_is) lua_pop(L, 1);
    else lua_rawseti(L, from + 1, at->index);
  }
  at->index = 0;
  lua_pop(L, 1);
  lua_remove(L, from);
  return true;
}

/* Is the key below the top the name of a declared field? [-0, +0, -] */
static bool is_declared(lua_State *L, const wx_shape *shape, int names) {
  if (lua_type(L, -2) != LUA_TSTRING) return false;
  const char *name = lua_tostring(L, -2);
  for (int i = 0; i < shape->count; i++)
    if (shape->field[i].name == name) return true;
  lua_pushvalue(L, -2);
  bool known = lua_rawget(L, names) != LUA_TNIL;
  lua_pop(L, 1);
  return known;
}

/* Did the table at `from` come in an answer, as an object of this shape? [-0, +0, -] */
static bool came_in_answer(lua_State *L, const wx_shape *shape, int from) {
  int top = lua_gettop(L);
  bool came = lua_getmetatable(L, from) && lua_rawgeti(L, from + 1, 2 * shape->count + 2) == LUA_TTABLE &&
              lua_rawequal(L, -1, -2);
  lua_settop(L, top);
  return came;
}

/* A name that is not declared. The key is at the top, and stays below what is told. Always false. [-0, +2, m] */
static bool tell_undeclared(wx_walk *w, const wx_place *up, const wx_shape *shape) {
  lua_State *L = w->L;
  w->undeclared = true;
  if (up) wx_push_place(L, up, true);
  else lua_pushnil(L);
  lua_createtable(L, shape->count, 0);
  for (int i = 1; i <= shape->count; i++) {
    lua_pushstring(L, shape->field[i - 1].name);
    lua_rawseti(L, -2, i);
  }
  return false;
}

/* The fields that the shape does not declare: a mistake. A misspelt name would go out and mean nothing, and a role without
 * what it is given on is one on everything. What came in an answer may be given back, with what the service has added
 * meanwhile: there they go out as they are. [-0, +0|1, m] */
static bool check_undeclared(wx_walk *w, const wx_place *up, const wx_shape *shape, int names, int from, int into) {
  lua_State *L = w->L;
  for (lua_pushnil(L); lua_next(L, from);) {
    if (is_declared(L, shape, names)) {
      lua_pop(L, 1);
      continue;
    }
    if (!up || !came_in_answer(L, shape, from)) {
      lua_pop(L, 1);
      return tell_undeclared(w, up, shape);
    }
    if (lua_type(L, -2) != LUA_TSTRING) return wx_mistake(w, up, "has a key that is no name");
    lua_pushvalue(L, -2);
    size_t size;
    const char *text;
    wx_text_fits(w, up, &size, &text);
    lua_insert(L, -2);
    if (!wx_copy_any(w, up)) return false;
    lua_rawset(L, into);
  }
  return true;
}

/* One declared field of the table at `from`, into the table at `into`. [-0, +0|1, m] */
static bool check_field(wx_walk *w, const wx_place *up, const wx_shape *shape, int i, int anchors, int from, int into) {
  lua_State *L = w->L;
  const wx_field *field = &shape->field[i - 1];
  lua_rawgeti(L, anchors, i);
  wx_place at = { up, lua_tostring(L, -1), 0 };
  lua_pushvalue(L, -1);
  if (lua_rawget(L, from) == LUA_TNIL) {
    if (field->required) return wx_mistake(w, &at, "is missing");
    lua_pop(L, 2);
    return true;
  }
  if (field->read_only) {
    lua_pop(L, 2);
    return true;
  }
  if (field->list ? !check_list(w, &at, field, anchors, shape->count + i)
                  : !check_value(w, &at, field, anchors, shape->count + i))
    return false;
  if (field->list && lua_rawlen(L, -1) == 0) { /* empty is what absent is, in proto3 JSON */
    lua_pop(L, 2);
    return true;
  }
  lua_rawgeti(L, anchors, -i);
  lua_insert(L, -2);
  lua_rawset(L, into);
  lua_pop(L, 1);
  return true;
}

/* One of the fields is to be given, of those that are declared: none would be read as everything, and of several nobody
 * knows which counts. What goes on the wire is at the top. [-0, +0, m] */
static void check_one_of(wx_walk *w, const wx_place *up, const wx_shape *shape, int anchors, int from) {
  lua_State *L = w->L;
  int given = 0;
  luaL_checkstack(L, WX_WALK_SLOTS, NULL);
  lua_pushnil(L);
  bool empty = lua_next(L, -2) == 0;
  if (!empty) lua_pop(L, 2);
  for (int i = 1; i <= shape->count; i++) {
    lua_rawgeti(L, anchors, i);
    given += lua_rawget(L, from) != LUA_TNIL;
    lua_pop(L, 1);
  }
  if (given <= 1 && !empty) return;
  lua_pushstring(L, given > 1 ? "it may hold one alone of "
                              : "it is empty, which would be read as everything; give one of ");
  for (int i = 1; i <= shape->count; i++) {
    lua_pushfstring(L, "%s%s%s", lua_tostring(L, -1), i > 1 ? ", " : "", shape->field[i - 1].name);
    lua_remove(L, -2);
  }
  lua_insert(L, -2);
  wx_violation(w, up, "one_of", lua_tostring(L, -2));
  lua_remove(L, -2);
}

/* At `shape_index` a shape, above it at the top the table to check, which is replaced by what goes on the wire. `up` is
 * NULL for the arguments themselves. False: a mistake, told at the top. [-1, +1, m] */
static bool check_object(wx_walk *w, const wx_place *up, int shape_index) {
  lua_State *L = w->L;
  luaL_checkstack(L, WX_WALK_SLOTS, "the arguments are nested too deeply");
  const wx_shape *shape = lua_touserdata(L, shape_index);
  int from = lua_absindex(L, -1), anchors = from + 1, into = from + 2, names = from + 3;
  lua_getiuservalue(L, shape_index, 1);
  lua_createtable(L, 0, shape->count);
  lua_rawgeti(L, anchors, 2 * shape->count + 1);
  if (!check_undeclared(w, up, shape, names, from, into)) return false;
  for (int i = 1; i <= shape->count; i++)
    if (!check_field(w, up, shape, i, anchors, from, into)) return false;
  lua_settop(L, into);
  if (shape->one_of && up) check_one_of(w, up, shape, anchors, from);
  lua_replace(L, from);
  lua_settop(L, from);
  return true;
}

int wx_arguments(lua_State *L) {
  wx_walk w = { .L = L };
  wx_check_shape(L, SHAPE);
  lua_settop(L, ARGUMENTS);
  if (lua_isnil(L, ARGUMENTS)) {
    lua_newtable(L);
    lua_replace(L, ARGUMENTS);
  }
  if (!lua_istable(L, ARGUMENTS)) {
    lua_pushnil(L), lua_pushnil(L);
    lua_pushfstring(L, "arguments must be a table, not a %s", luaL_typename(L, ARGUMENTS));
    return 3;
  }
  lua_pushnil(L); /* WX_VIOLATIONS */
  lua_pushvalue(L, SHAPE);
  lua_pushvalue(L, ARGUMENTS);
  if (!check_object(&w, NULL, WX_VIOLATIONS + 1)) {
    int told = w.undeclared ? 3 : 1, nils = w.undeclared ? 3 : 2;
    for (int i = 0; i < nils; i++) {
      lua_pushnil(L);
      lua_insert(L, -1 - told);
    }
    return nils + told;
  }
  if (lua_isnil(L, WX_VIOLATIONS)) return 1;
  lua_pushnil(L);
  lua_pushvalue(L, WX_VIOLATIONS);
  return 2;
}

int wx_encode(lua_State *L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  if (wx_json_encode(L)) return 1;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}
