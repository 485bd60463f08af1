/* secrets.c: see secrets.h. */
#include "secrets.h"

#include "redact.h"
#include "session.h"

#include <lauxlib.h>
#include <string.h>
#include <unistd.h>

enum { FEW_SECRETS = 32, REDACTED_MAX = 64 * 1024, OF_A_SESSION = 2, OF_THE_ENVIRONMENT = 4 };

/* What the words of others are cut to where they are shown, in bytes; lua/wixum/redaction.lua has the same. */
enum { SHOWN_MAX = 500 };

/* Slots of the Lua stack that gathering secrets may use. */
enum { SLOTS = 6 };

#define BUFFER_TYPE "wixum.buffer"

static int free_buffer(lua_State *L) {
  wx_buffer_free(luaL_checkudata(L, 1, BUFFER_TYPE));
  return 0;
}

/* A buffer that collection frees, so that an error on the way loses nothing. [-0, +1, m] */
static wx_buffer *push_buffer(lua_State *L) {
  wx_buffer *buffer = lua_newuserdatauv(L, sizeof *buffer, 0);
  wx_buffer_init(buffer, REDACTED_MAX);
  if (luaL_newmetatable(L, BUFFER_TYPE)) {
    lua_pushcfunction(L, free_buffer);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return buffer;
}

/* The password in "scheme://user:password@host" (the scheme may be missing). */
static bool password_in(const char *url, wx_secret *secret) {
  const char *start = strstr(url, "://"), *at = strrchr(url, '@');
  if (!at) return false;
  const char *user = start && start < at ? start + 3 : url, *colon = memchr(user, ':', (size_t)(at - user));
  secret->bytes = colon ? colon + 1 : user; /* a token may stand where a name would */
  secret->size = (size_t)(at - secret->bytes);
  return secret->size > 0;
}

static size_t add_session(const wx_session *session, wx_secret *secrets, size_t count) {
  if (!session->open) return count;
  secrets[count].bytes = wx_auth_key(&session->auth, &secrets[count].size);
  if (secrets[count].bytes) count++;
  if (session->proxy && password_in(session->proxy, &secrets[count])) count++;
  return count;
}

/* Does the variable "NAME=value" say which proxy https goes through? Asked of all there are, so most are out at once. */
static bool names_proxy(const char *variable) {
  if ((variable[0] | 0x20) != 'h' && (variable[0] | 0x20) != 'a') return false;
  static const char *const names[OF_THE_ENVIRONMENT] = { "https_proxy=", "HTTPS_PROXY=", "all_proxy=", "ALL_PROXY=" };
  for (size_t i = 0; i < OF_THE_ENVIRONMENT; i++)
    if (strncmp(variable, names[i], strlen(names[i])) == 0) return true;
  return false;
}

static size_t add_environment(wx_secret *secrets, size_t count) {
  size_t found = 0;
  for (char **variable = environ; variable && *variable && found < OF_THE_ENVIRONMENT; variable++)
    if (names_proxy(*variable) && password_in(strchr(*variable, '=') + 1, &secrets[count])) count++, found++;
  return count;
}

/* All there are in this Lua state, into `few`, or where that does not hold them into a userdata that is left on the stack.
 * [-0, +1, m] */
static const wx_secret *gather(lua_State *L, wx_secret *few, size_t *count) {
  size_t sessions = 0;
  wx_secret *secrets = few;
  wx_push_sessions(L);
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) sessions++;
  if (sessions * OF_A_SESSION + OF_THE_ENVIRONMENT > FEW_SECRETS) {
    secrets = lua_newuserdatauv(L, (sessions * OF_A_SESSION + OF_THE_ENVIRONMENT) * sizeof *secrets, 0);
    lua_insert(L, -2);
  }
  *count = 0; /* what the allocation collected cannot come back, so there are no more than were counted */
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) *count = add_session(lua_touserdata(L, -2), secrets, *count);
  if (secrets == few) lua_pushnil(L);
  else lua_pop(L, 1);
  *count = add_environment(secrets, *count);
  return secrets;
}

static bool as_it_is(const char *text, size_t size, const wx_secret *secrets, size_t count) {
  return size > 0 && size < REDACTED_MAX && text[0] != ' ' && text[size - 1] != ' ' &&
         wx_is_showable(text, size, secrets, count);
}

bool wx_shown_as_it_is(lua_State *L, const char *text, size_t size) {
  wx_secret few[FEW_SECRETS];
  size_t count;
  int top = lua_gettop(L);
  luaL_checkstack(L, SLOTS, NULL);
  const wx_secret *secrets = gather(L, few, &count);
  bool shown = size <= SHOWN_MAX && as_it_is(text, size, secrets, count);
  lua_settop(L, top);
  return shown;
}

int wx_lua_redact(lua_State *L) {
  wx_secret few[FEW_SECRETS];
  size_t size, count;
  const char *text = luaL_checklstring(L, 1, &size);
  lua_settop(L, 1);
  const wx_secret *secrets = gather(L, few, &count);
  if (as_it_is(text, size, secrets, count)) {
    lua_pushvalue(L, 1);
    lua_pushboolean(L, 1);
    return 2;
  }
  wx_buffer *out = push_buffer(L);
  wx_redact(out, text, size, secrets, count);
  lua_pushlstring(L, wx_buffer_text(out), out->size);
  wx_buffer_free(out);
  return 1;
}
