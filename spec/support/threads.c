/* threads.c: Lua states in threads of their own, several at once.
 *
 * Lua: threads.start(count, code, argument, options) -> crew. Each of `count` threads makes a state (with this one's
 * package.path and package.cpath) and runs the Lua source `code` in it as a function of its number (1 …), the argument
 * (a text), and meet(), which returns in all threads of the crew once all that still run have called it.
 *   crew:join() -> results, errors     when all have ended: by number, what each returned as text, or raised
 * threads.raise(): the SIGINT of a Ctrl-C, in the thread that calls it.
 * Options, in one text: "kept": the states are closed by join(), in the thread that calls it; "interruptible": until join()
 * a SIGINT does in each of these states what it does in that of lua.c, and join's third value says whether the process
 * still had that handler at the end. */
#include <errno.h>
#include <lauxlib.h>
#include <lualib.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int luaopen_threads(lua_State *L);

#define CREW_TYPE "spec.threads"

enum { FORWARDED = SIGUSR1 };

typedef struct crew crew;

typedef struct member {
  crew *crew;
  int number;
  pthread_t thread;
  bool started, failed;
  lua_State *L;                /* kept until join() */
  lua_State *volatile hearing; /* runs, and can be interrupted */
  char *text;                  /* result or error */
} member;

struct crew {
  int count;
  char *code, *argument, *path, *cpath;
  bool kept, interruptible;
  struct sigaction interrupt_before, forwarded_before;
  pthread_mutex_t mutex;
  pthread_cond_t met;
  int running, waiting; /* guarded by the mutex */
  unsigned meetings;    /* guarded by the mutex */
  member members[];
};

/* ---- meeting ------------------------------------------------------------------------------------------------------- */

/* With the mutex held. */
static void look_whether_all_wait(crew *all) {
  if (all->waiting < all->running) return;
  all->waiting = 0;
  all->meetings++;
  pthread_cond_broadcast(&all->met);
}

static int meet(lua_State *L) {
  crew *all = lua_touserdata(L, lua_upvalueindex(1));
  pthread_mutex_lock(&all->mutex);
  unsigned meeting = all->meetings;
  all->waiting++;
  look_whether_all_wait(all);
  while (all->meetings == meeting) pthread_cond_wait(&all->met, &all->mutex);
  pthread_mutex_unlock(&all->mutex);
  return 0;
}

/* Nobody waits for it any more. */
static void leave(crew *all) {
  pthread_mutex_lock(&all->mutex);
  all->running--;
  look_whether_all_wait(all);
  pthread_mutex_unlock(&all->mutex);
}

/* ---- Ctrl-C -------------------------------------------------------------------------------------------------------- */

static crew *volatile interruptible; /* a handler has no other way to know */

/* As lua.c's. */
static void stop(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  luaL_error(L, "interrupted!");
}

static void on_forwarded(int signal, siginfo_t *info, void *context) {
  const member *self = info->si_value.sival_ptr;
  int before = errno;
  (void)signal, (void)context;
  if (self->hearing) lua_sethook(self->hearing, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
  errno = before;
}

/* Each state is touched by its own thread alone. */
static void on_interrupt(int signal) {
  int before = errno;
  const crew *all = interruptible;
  (void)signal;
  for (int i = 0; all && i < all->count; i++) {
    const member *each = &all->members[i];
    if (each->started)
      pthread_sigqueue(each->thread, FORWARDED, (union sigval){ .sival_ptr = (void *)(uintptr_t)each });
  }
  errno = before;
}

static void hear_interrupts(crew *all) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  sigemptyset(&action.sa_mask);
  interruptible = all;
  action.sa_sigaction = on_forwarded;
  action.sa_flags = SA_SIGINFO;
  sigaction(FORWARDED, &action, &all->forwarded_before);
  action.sa_flags = 0;
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, &all->interrupt_before);
}

/* Was it ours to the end? */
static bool ignore_interrupts(const crew *all) {
  struct sigaction found;
  sigaction(SIGINT, &all->interrupt_before, &found);
  sigaction(FORWARDED, &all->forwarded_before, NULL);
  interruptible = NULL;
  return found.sa_handler == on_interrupt;
}

/* ---- a thread ------------------------------------------------------------------------------------------------------ */

static void set_path(lua_State *L, const char *name, const char *path) {
  lua_getglobal(L, "package");
  lua_pushstring(L, path);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

static int explain(lua_State *L) {
  luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
  return 1;
}

static int run_code(lua_State *L) {
  const member *self = lua_touserdata(L, 1);
  luaL_openlibs(L);
  set_path(L, "path", self->crew->path);
  set_path(L, "cpath", self->crew->cpath);
  if (luaL_loadbuffer(L, self->crew->code, strlen(self->crew->code), "=thread") != LUA_OK) return lua_error(L);
  lua_pushinteger(L, self->number);
  lua_pushstring(L, self->crew->argument);
  lua_pushlightuserdata(L, self->crew);
  lua_pushcclosure(L, meet, 1);
  lua_call(L, 3, 1);
  luaL_tolstring(L, -1, NULL);
  return 1;
}

static void *run(void *context) {
  member *self = context;
  lua_State *L = luaL_newstate();
  self->failed = true;
  if (L) {
    self->hearing = L;
    lua_pushcfunction(L, explain);
    lua_pushcfunction(L, run_code);
    lua_pushlightuserdata(L, self);
    self->failed = lua_pcall(L, 1, 1, 1) != LUA_OK;
    self->text = strdup(lua_tostring(L, -1));
    lua_settop(L, 0);
    self->hearing = NULL;
    if (self->crew->kept) self->L = L;
    else lua_close(L);
  }
  leave(self->crew);
  return NULL;
}

/* ---- a crew -------------------------------------------------------------------------------------------------------- */

static void end(crew *all) {
  for (int i = 0; i < all->count; i++) {
    member *each = &all->members[i];
    if (each->started) pthread_join(each->thread, NULL);
    if (each->L) lua_close(each->L);
    each->L = NULL;
    each->started = false;
  }
}

/* Lua: crew:join(), also __gc. */
static int join(lua_State *L) {
  crew **held = luaL_checkudata(L, 1, CREW_TYPE), *all = *held;
  if (!all) return 0;
  end(all);
  bool kept_handler = all->interruptible && ignore_interrupts(all);
  lua_newtable(L);
  lua_newtable(L);
  for (int i = 0; i < all->count; i++) {
    const member *each = &all->members[i];
    lua_pushstring(L, each->text ? each->text : "no thread or no state");
    lua_rawseti(L, each->failed ? -2 : -3, each->number);
    free(each->text);
  }
  lua_pushboolean(L, kept_handler);
  pthread_cond_destroy(&all->met);
  pthread_mutex_destroy(&all->mutex);
  free(all->code);
  free(all->argument);
  free(all->path);
  free(all->cpath);
  free(all);
  *held = NULL;
  return 3;
}

static char *path_of_this(lua_State *L, const char *name) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, name);
  char *path = strdup(luaL_checkstring(L, -1));
  lua_pop(L, 2);
  return path;
}

static int start(lua_State *L) {
  int count = (int)luaL_checkinteger(L, 1);
  const char *code = luaL_checkstring(L, 2), *argument = luaL_optstring(L, 3, ""), *options = luaL_optstring(L, 4, "");
  crew **held = lua_newuserdatauv(L, sizeof *held, 0);
  *held = NULL;
  luaL_setmetatable(L, CREW_TYPE);
  crew *all = calloc(1, sizeof *all + (size_t)count * sizeof *all->members);
  if (!all) return luaL_error(L, "no memory");
  *held = all;
  all->count = all->running = count;
  all->kept = strstr(options, "kept") != NULL;
  all->interruptible = strstr(options, "interruptible") != NULL;
  all->code = strdup(code);
  all->argument = strdup(argument);
  all->path = path_of_this(L, "path");
  all->cpath = path_of_this(L, "cpath");
  pthread_mutex_init(&all->mutex, NULL);
  pthread_cond_init(&all->met, NULL);
  sigset_t interrupt, before;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  if (all->interruptible) { /* it comes to this thread, which knows the others, and is forwarded from here */
    hear_interrupts(all);
    pthread_sigmask(SIG_BLOCK, &interrupt, &before);
  }
  for (int i = 0; i < count; i++) {
    member *each = &all->members[i];
    each->crew = all;
    each->number = i + 1;
    each->failed = true;
    each->started = pthread_create(&each->thread, NULL, run, each) == 0;
    if (!each->started) leave(all);
  }
  if (all->interruptible) pthread_sigmask(SIG_SETMASK, &before, NULL);
  return 1;
}

static int raise_here(lua_State *L) {
  (void)L;
  pthread_kill(pthread_self(), SIGINT);
  return 0;
}

int luaopen_threads(lua_State *L) {
  static const luaL_Reg functions[] = { { "start", start }, { "raise", raise_here }, { NULL, NULL } };
  luaL_newmetatable(L, CREW_TYPE);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, join);
  lua_setfield(L, -2, "join");
  lua_pushcfunction(L, join);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
