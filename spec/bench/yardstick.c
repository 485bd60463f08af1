/* yardstick.c: what the calls of blocking.lua and in_flight.lua cost at least: the same bytes sent with libcurl on kept
 * connections, the bodies encoded and the answers decoded by lua-cjson, and nothing checked.
 *
 *   yardstick URL CALLS WARM-UP USER-AGENT [IN-FLIGHT [CA-FILE]]
 *
 * One call after another with libcurl's easy interface, or so many at once with its multi interface. Prints the seconds
 * of CPU and the seconds on the clock that the calls took, warm-up left out. Values and order of the headers are those
 * of the Lua programs; that both send the same, the benchmark finds out from the server. */
#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* lua-cjson's functions and the requests under way, at these places of the Lua stack. */
enum { DECODE = 1, ENCODE, REQUESTS };

enum { IN_FLIGHT_MAX = 256 };

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

typedef struct transfer {
  CURL *easy;
  text body;
  int slot; /* its request's JSON is kept there, in the table at REQUESTS */
} transfer;

/* Gives the transfer its next request. */
static void prepare(lua_State *L, transfer *one) {
  size_t size;
  lua_pushvalue(L, ENCODE);
  push_arguments(L);
  lua_call(L, 1, 1);
  const char *json = lua_tolstring(L, -1, &size);
  curl_easy_setopt(one->easy, CURLOPT_POSTFIELDSIZE, (long)size);
  curl_easy_setopt(one->easy, CURLOPT_POSTFIELDS, json);
  one->body.size = 0;
  lua_rawseti(L, REQUESTS, one->slot);
}

static void read_answer(lua_State *L, const transfer *one) {
  lua_pushvalue(L, DECODE);
  lua_pushlstring(L, one->body.bytes, one->body.size);
  lua_call(L, 1, 1);
  lua_settop(L, REQUESTS);
}

static void one_by_one(lua_State *L, transfer *one, long calls) {
  for (long i = 0; i < calls; i++) {
    prepare(L, one);
    if (curl_easy_perform(one->easy) != CURLE_OK) die("libcurl: a call failed");
    read_answer(L, one);
  }
}

static void start(lua_State *L, CURLM *multi, transfer *one) {
  prepare(L, one);
  if (curl_multi_add_handle(multi, one->easy) != CURLM_OK) die("libcurl: a call cannot be started");
}

static void many_at_once(lua_State *L, CURLM *multi, transfer *transfers, long in_flight, long calls) {
  long started = 0, ended = 0;
  for (; started < in_flight && started < calls; started++) start(L, multi, &transfers[started]);
  while (ended < calls) {
    int running, left;
    CURLMsg *message;
    if (curl_multi_perform(multi, &running) != CURLM_OK) die("libcurl: curl_multi_perform");
    while ((message = curl_multi_info_read(multi, &left))) {
      transfer *one;
      if (message->msg != CURLMSG_DONE || message->data.result != CURLE_OK) die("libcurl: a call failed");
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&one);
      curl_multi_remove_handle(multi, one->easy);
      read_answer(L, one);
      ended++;
      if (started < calls) {
        start(L, multi, one);
        started++;
      }
    }
    if (ended < calls && curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK) die("libcurl: curl_multi_poll");
  }
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

static CURL *new_handle(const char *url, const struct curl_slist *list, const char *ca_file, transfer *one) {
  CURL *easy = curl_easy_init();
  if (!easy) die("libcurl cannot be initialised");
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &one->body);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, one);
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  if (ca_file) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* with a folder libcurl reads the authorities for every connection */
  }
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
  lua_newtable(L);
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
  if (count < 5 || count > 7) die("arguments: URL CALLS WARM-UP USER-AGENT [IN-FLIGHT [CA-FILE]]");
  long calls = strtol(words[2], NULL, 10), warm_up = strtol(words[3], NULL, 10);
  long in_flight = count > 5 ? strtol(words[5], NULL, 10) : 1;
  transfer transfers[IN_FLIGHT_MAX] = { 0 };
  if (in_flight < 1 || in_flight > IN_FLIGHT_MAX) die("too many in flight");
  curl_global_init(CURL_GLOBAL_DEFAULT);
  lua_State *L = new_lua();
  struct curl_slist *list = headers(words[4]);
  CURLM *multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, in_flight);
  for (int i = 0; i < in_flight; i++) {
    transfers[i].easy = new_handle(words[1], list, count > 6 ? words[6] : NULL, &transfers[i]);
    transfers[i].slot = i + 1;
  }
  double cpu_before = 0, wall_before = 0;
  for (int measured = 0; measured <= 1; measured++) {
    cpu_before = cpu();
    wall_before = wall();
    if (count > 5) many_at_once(L, multi, transfers, in_flight, measured ? calls : warm_up);
    else one_by_one(L, transfers, measured ? calls : warm_up);
  }
  printf("%.6f %.6f\n", cpu() - cpu_before, wall() - wall_before);
  for (int i = 0; i < in_flight; i++) {
    curl_easy_cleanup(transfers[i].easy);
    free(transfers[i].body.bytes);
  }
  curl_multi_cleanup(multi);
  curl_slist_free_all(list);
  lua_close(L);
  return 0;
}
