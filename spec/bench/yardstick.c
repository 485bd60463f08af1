/* yardstick.c: what the calls of blocking.lua cost at least: the same bytes sent with libcurl's easy interface on a kept
 * connection, the body encoded and the answer decoded by lua-cjson, and nothing checked.
 *
 *   yardstick PORT CALLS WARM-UP USER-AGENT
 *
 * Prints the seconds of CPU and the seconds on the clock that the calls took, warm-up left out. Values and order of the
 * headers are those of blocking.lua; that both send the same, run.lua finds out from the server. */
#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { DECODE = 1, ENCODE = 2 }; /* lua-cjson's functions, at these places of the Lua stack */

typedef struct text {
  char *bytes;
  size_t size, capacity;
} text;

static void die(const char *what) {
  fprintf(stderr, "yardstick: %s\n", what);
  exit(1);
}

static size_t on_body(char *bytes, size_t one, size_t size, void *context) {
  text *body = context;
  (void)one; /* always 1 */
  if (body->size + size > body->capacity) {
    body->capacity = 2 * (body->size + size);
    body->bytes = realloc(body->bytes, body->capacity);
    if (!body->bytes) die("no memory");
  }
  memcpy(body->bytes + body->size, bytes, size);
  body->size += size;
  return size;
}

static void push_list(lua_State *L, int count, const char *const items[]) {
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; i++) {
    lua_pushstring(L, items[i]);
    lua_rawseti(L, -2, i + 1);
  }
}

static void set_list(lua_State *L, const char *name, int count, const char *const items[]) {
  push_list(L, count, items);
  lua_setfield(L, -2, name);
}

static void set_string(lua_State *L, const char *name, const char *value) {
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}

static void push_arguments(lua_State *L) {
  static const char *const policies[] = { "6732588207941061632" };
  static const char *const emails[] = { "ann@example.com", "bob@example.com" };
  lua_createtable(L, 0, 4);
  set_list(L, "policyIds", 1, policies);
  set_list(L, "emails", 2, emails);
  set_string(L, "invitePurpose", "Your new site is ready: come and see");
  set_string(L, "defaultEmailLanguage", "en");
}

static void call(lua_State *L, CURL *easy, text *body) {
  size_t size;
  lua_pushvalue(L, ENCODE);
  push_arguments(L);
  lua_call(L, 1, 1);
  const char *json = lua_tolstring(L, -1, &size);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)size);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, json);
  body->size = 0;
  if (curl_easy_perform(easy) != CURLE_OK) die("libcurl: a call failed");
  lua_pushvalue(L, DECODE);
  lua_pushlstring(L, body->bytes, body->size);
  lua_call(L, 1, 1);
  lua_settop(L, ENCODE);
}

static struct curl_slist *headers(const char *user_agent) {
  char line[256];
  snprintf(line, sizeof line, "User-Agent: %s", user_agent);
  const char *const lines[] = {
    "Authorization: IST.bench-0123456789abcdef0123456789abcdef0123456789abcdef",
    "wix-site-id: a1d7cc01-27f0-4c5a-9b42-6f2d0e8b7a10",
    "Content-Type: application/json",
    line,
  };
  struct curl_slist *list = NULL;
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) list = curl_slist_append(list, lines[i]);
  if (!list) die("no memory");
  return list;
}

static CURL *new_handle(const char *port, const struct curl_slist *list, text *body) {
  char url[128];
  CURL *easy = curl_easy_init();
  if (!easy) die("libcurl cannot be initialised");
  snprintf(url, sizeof url, "http://127.0.0.1:%s/invites/site-invite/bulk", port);
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  return easy;
}

static lua_State *new_lua(void) {
  lua_State *L = luaL_newstate();
  if (!L) die("no memory");
  luaL_openlibs(L);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "cjson");
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) die("lua-cjson was not found");
  lua_getfield(L, 1, "decode");
  lua_getfield(L, 1, "encode");
  lua_remove(L, 1);
  return L;
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

static double cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

static double wall(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int count, char **words) {
  if (count != 5) die("arguments: PORT CALLS WARM-UP USER-AGENT");
  long calls = strtol(words[2], NULL, 10), warm_up = strtol(words[3], NULL, 10);
  text body = { 0 };
  curl_global_init(CURL_GLOBAL_DEFAULT);
  lua_State *L = new_lua();
  struct curl_slist *list = headers(words[4]);
  CURL *easy = new_handle(words[1], list, &body);
  for (long i = 0; i < warm_up; i++) call(L, easy, &body);
  double cpu_before = cpu(), wall_before = wall();
  for (long i = 0; i < calls; i++) call(L, easy, &body);
  double cpu_after = cpu(), wall_after = wall();
  printf("%.6f %.6f\n", cpu_after - cpu_before, wall_after - wall_before);
  curl_easy_cleanup(easy);
  curl_slist_free_all(list);
  lua_close(L);
  free(body.bytes);
  return 0;
}
