/* shape.c: see shape.h. */
#include "shape.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

static const char *const type_names[] = { "string", "id",      "guid", "email", "date", "integer",
                                          "number", "boolean", "any",  "enum",  NULL };

const wx_shape *wx_check_shape(lua_State *L, int index) { return luaL_checkudata(L, index, WX_SHAPE_TYPE); }

/* Truth of a key of the table at `index`. [-0, +0, -] */
static bool flag(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  bool set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return set;
}

/* A limit: a positive integer, 0 where there is none. [-0, +0, v] */
static size_t limit(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  lua_Integer value = luaL_optinteger(L, -1, 0);
  lua_pop(L, 1);
  if (value < 0) luaL_error(L, "a limit (%s) cannot be negative", name);
  return (size_t)value;
}

/* A limit of numbers. [-0, +0, v] */
static lua_Number bound(lua_State *L, int index, const char *name, lua_Number otherwise) {
  lua_getfield(L, index, name);
  lua_Number value = luaL_optnumber(L, -1, otherwise);
  lua_pop(L, 1);
  return value;
}

/* Which field of the shape in anchors[place] has the name that is declared as unique_by; 0 where none is. [-0, +0, v] */
static int find_unique_by(lua_State *L, int declared, int anchors, int place) {
  if (lua_getfield(L, declared, "unique_by") == LUA_TNIL) {
    lua_pop(L, 1);
    return 0;
  }
  const char *name = luaL_checkstring(L, -1);
  lua_rawgeti(L, anchors, place);
  const wx_shape *shape = luaL_testudata(L, -1, WX_SHAPE_TYPE);
  if (!shape) return luaL_error(L, "unique_by needs items that are objects");
  for (int i = 1; i <= shape->count; i++) {
    if (strcmp(shape->field[i - 1].name, name) != 0) continue;
    lua_pop(L, 2);
    return i;
  }
  return luaL_error(L, "unique_by names no field of the items: %s", name);
}

/* Type of the field at the top, and what belongs to it into anchors[place]. [-0, +0, v] */
static wx_type read_type(lua_State *L, int anchors, int place) {
  int declared = lua_absindex(L, -1);
  lua_getfield(L, declared, "type");
  if (luaL_testudata(L, -1, WX_SHAPE_TYPE)) {
    lua_rawseti(L, anchors, place);
    return WX_OBJECT;
  }
  wx_type type = (wx_type)luaL_checkoption(L, -1, NULL, type_names);
  lua_pop(L, 1);
  if (type == WX_ENUM) {
    lua_newtable(L);
    lua_getfield(L, declared, "values");
    luaL_checktype(L, -1, LUA_TTABLE);
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
      lua_pushboolean(L, 1);
      lua_rawset(L, -4);
    }
    lua_pop(L, 2);
    lua_rawseti(L, anchors, place);
  }
  return type;
}

/* The field at the top of the stack becomes the i-th. [-0, +0, v] */
static void read_field(lua_State *L, wx_shape *shape, int anchors, int i) {
  wx_field *field = &shape->field[i - 1];
  int declared = lua_absindex(L, -1);
  field->type = read_type(L, anchors, shape->count + i);
  field->list = flag(L, declared, "list");
  field->required = flag(L, declared, "required");
  field->not_empty = flag(L, declared, "not_empty");
  field->unique = flag(L, declared, "unique");
  field->read_only = flag(L, declared, "read_only");
  field->max_items = limit(L, declared, "max_items");
  field->max_length = limit(L, declared, "max_length");
  field->min = bound(L, declared, "min", -HUGE_VAL);
  field->max = bound(L, declared, "max", HUGE_VAL);
  field->unique_by = find_unique_by(L, declared, anchors, shape->count + i);
  lua_getfield(L, declared, "name");
  luaL_checktype(L, -1, LUA_TSTRING);
  lua_rawgeti(L, anchors, 2 * shape->count + 1);
  lua_pushvalue(L, -2);
  lua_pushinteger(L, i);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  field->name = lua_tostring(L, -1);
  lua_rawseti(L, anchors, i);
  lua_getfield(L, declared, "wire");
  luaL_checktype(L, -1, LUA_TSTRING);
  field->wire = lua_tostring(L, -1);
  if (field->list) shape->lists++;
  lua_pushvalue(L, -1);
  lua_rawseti(L, anchors, -i);
  lua_pushinteger(L, i);
  lua_rawset(L, anchors);
}

/* Pushes a metatable, or nil. [-0, +1, v] */
static void read_metatable(lua_State *L, const char *name) {
  if (lua_getfield(L, 1, name) != LUA_TNIL) luaL_checktype(L, -1, LUA_TTABLE);
}

int wx_shape_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, 1, "fields");
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_Unsigned count = lua_rawlen(L, 2);
  if (count > 1000) return luaL_error(L, "a shape cannot have %I fields", (LUAI_UACINT)count);
  size_t size = sizeof(wx_shape) + (size_t)count * sizeof(wx_field);
  wx_shape *shape = lua_newuserdatauv(L, size, 1);
  memset(shape, 0, size);
  luaL_setmetatable(L, WX_SHAPE_TYPE);
  lua_createtable(L, 2 * (int)count + 3, 2 * (int)count);
  lua_createtable(L, 0, (int)count);
  lua_rawseti(L, 4, 2 * (lua_Integer)count + 1);
  shape->count = (int)count;
  shape->one_of = flag(L, 1, "one_of");
  for (int i = 1; i <= (int)count; i++) {
    lua_rawgeti(L, 2, i);
    luaL_checktype(L, -1, LUA_TTABLE);
    read_field(L, shape, 4, i);
    lua_pop(L, 1);
  }
  read_metatable(L, "metatable");
  lua_rawseti(L, 4, 2 * (lua_Integer)count + 2);
  read_metatable(L, "list_metatable");
  lua_rawseti(L, 4, 2 * (lua_Integer)count + 3);
  lua_setiuservalue(L, 3, 1);
  return 1;
}
