/* walk.h: a walk over arguments: where it is, and what it found wrong.
 *
 * What the data has wrong is collected as violations and the walk goes on; what the program has wrong is a mistake and
 * ends it. arguments.c walks what is declared, freeform.c what is not. */
#ifndef WX_WALK_H
#define WX_WALK_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* Slots that one level of nesting may use. */
enum { WX_WALK_SLOTS = 16 };

/* Index on the stack of the list of violations, nil while there is none. */
enum { WX_VIOLATIONS = 3 };

/* Bounds of one call. How much the service takes is not documented. */
enum { WX_ARGUMENTS_MAX = 16 * 1024 * 1024, WX_ARGUMENTS_DEPTH = 32, WX_ARGUMENTS_VALUES = 1000000 };

/* Where in the arguments the walk is; lives on the C stack, its names in the shapes. */
typedef struct wx_place {
  const struct wx_place *up;
  const char *name;
  lua_Integer index; /* in a list, from 1; 0: not in one */
} wx_place;

typedef struct wx_walk {
  lua_State *L;
  size_t bytes; /* of strings so far */
  int depth;
  size_t values;   /* free-form ones so far: a table that is named twice is sent twice */
  bool too_large;  /* told once */
  bool undeclared; /* the mistake is such a name: at the top it, where it is (or nil), the names there are */
} wx_walk;

/* Pushes "a[2].b", or where it is not wanted "a.b" of "a.b[2]", so that a violation has the last index apart. [-0, +1, m] */
void wx_push_place(lua_State *L, const wx_place *at, bool with_index);

/* The value at the top is wrong as data: noted, and left where it is. [-0, +0, m] */
void wx_violation(wx_walk *walk, const wx_place *at, const char *rule, const char *description);

/* The program is wrong: "emails[2] <what>" at the top. Always false. [-0, +1, m] */
bool wx_mistake(wx_walk *walk, const wx_place *at, const char *what);

/* A mistake that says which type the value at the top has and which it should have. Always false. [-0, +1, m] */
bool wx_wrong_type(wx_walk *walk, const wx_place *at, const char *expected);

/* The string at the top, if it can go out as it is; else that is noted. [-0, +0, m] */
bool wx_text_fits(wx_walk *walk, const wx_place *at, size_t *size, const char **text);

/* Does JSON text of 14 digits, which is what every lua-cjson can write, give back the number at the top? [-0, +0, -] */
bool wx_is_exact_number(lua_State *L);

/* Notes, once, that the call carries too much. The value at the top is left where it is. [-0, +0, m] */
void wx_too_large(wx_walk *walk, const wx_place *at, const char *description);

#endif
