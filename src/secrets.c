/* secrets.c: see secrets.h. */
#include "secrets.h"

#include "redact.h"
#include "session.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

enum { FEW_SECRETS = 32, REDACTED_MAX = 64 * 1024, OF_A_SESSION = 2, OF_THE_ENVIRONMENT = 4 };

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

static size_t add_environment(wx_secret *secrets, size_t count) {
  static const char *const proxies[OF_THE_ENVIRONMENT] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
  for (size_t i = 0; i < OF_THE_ENVIRONMENT; i++) {
    const char *proxy = getenv(proxies[i]);
    if (proxy && password_in(proxy, &secrets[count])) count++;
  }
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

int wx_lua_redact(lua_State *L) {
  wx_secret few[FEW_SECRETS];
  size_t size, count;
  const char *text = luaL_checklstring(L, 1, &size);
  lua_settop(L, 1);
  const wx_secret *secrets = gather(L, few, &count);
  if (size > 0 && size < REDACTED_MAX && text[0] != ' ' && text[size - 1] != ' ' &&
      wx_is_showable(text, size, secrets, count)) {
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
