/* shape.h: a declared shape, compiled once so that every call reads structs and not tables.
 *
 * A shape is a userdata; its one user value is a table that anchors what the struct cannot hold:
 *   [i]        the field's name in Lua, for i = 1 .. count
 *   [-i]       its name on the wire
 *   [count+i]  the field's own shape (a userdata) or its set of values (a table), where it has one
 *   [2*count+1] a table: name in Lua -> i
 *   [2*count+2], [2*count+3]  metatable of the objects and of the lists made for answers
 *   "wireName" i. */
#ifndef WX_SHAPE_H
#define WX_SHAPE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum wx_type {
  WX_STRING,
  WX_ID,
  WX_GUID,
  WX_EMAIL,
  WX_DATE,
  WX_INTEGER,
  WX_NUMBER,
  WX_BOOLEAN,
  WX_ANY,
  WX_ENUM,
  WX_OBJECT
} wx_type;

typedef struct wx_field {
  wx_type type;
  bool list, required, not_empty, unique, read_only;
  size_t max_items, max_length; /* 0: none known */
  lua_Number min, max;          /* of numbers; without a limit the infinities */
  int unique_by;                /* which field of its items no two have in common; 0: none */
  const char *name, *wire;      /* anchored: a short string is one object in Lua, so its address mostly tells it */
} wx_field;

typedef struct wx_shape {
  int count;
  int lists;        /* how many of the fields are lists */
  bool one_of;      /* as an argument it has exactly one of them */
  wx_field field[]; /* field[i - 1] belongs to the names at i */
} wx_shape;

/* The shape at `index`, or an argument error. [-0, +0, v] */
const wx_shape *wx_check_shape(lua_State *L, int index);

/* Lua: core.shape{ fields = { { name=, wire=, type=, list=, … }, … }, one_of =, metatable =, list_metatable = } -> shape.
 * [-0, +1, v]
 * A field's `type` is a word or another shape. */
int wx_shape_new(lua_State *L);

#define WX_SHAPE_TYPE "wixum.shape"

#endif
