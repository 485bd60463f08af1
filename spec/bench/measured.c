/* measured.c: a Lua module that runs programs and tells what they cost. For the benchmark alone.
 *
 * Owns the starting and reaping of its processes. Lua's io.popen tells neither CPU time nor has it both ends of a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESS_TYPE "measured.process"

enum { WORDS_MAX = 16, CPUS = 1024 };

extern char **environ;

typedef struct process {
  pid_t pid;    /* 0: reaped */
  FILE *output; /* of the process: we read it */
  int input;    /* of the process: closing it is how it is told to end; -1: closed */
} process;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

/* Closes its input, waits for its end. Its exit status as waitpid tells it. */
static int reap(process *one, struct rusage *usage) {
  int status = 0;
  if (one->input >= 0) close(one->input);
  if (one->output) fclose(one->output);
  if (one->pid)
    while (wait4(one->pid, &status, 0, usage) < 0 && errno == EINTR) continue;
  one->input = -1;
  one->output = NULL;
  one->pid = 0;
  return status;
}

static bool refuse(lua_State *L, int reason) {
  lua_pushstring(L, strerror(reason));
  return false;
}

/* Starts the program whose words are a list at 1; its process is at the top. False: the reason is there. [-0, +1, v] */
static bool start(lua_State *L, process **started) {
  char *words[WORDS_MAX + 1] = { NULL };
  int in[2], out[2];
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argcheck(L, lua_rawlen(L, 1) > 0 && lua_rawlen(L, 1) <= WORDS_MAX, 1, "1 to 16 words");
  lua_settop(L, 1);
  for (int i = 0; i < (int)lua_rawlen(L, 1); i++) {
    luaL_checkstack(L, 1, NULL);
    lua_rawgeti(L, 1, i + 1);
    const char *word = luaL_checkstring(L, -1);
    memcpy(&words[i], &word, sizeof word); /* posix_spawn's words lack the const that its use has */
  }
  process *one = lua_newuserdatauv(L, sizeof *one, 0);
  *one = (process){ .input = -1 };
  luaL_setmetatable(L, PROCESS_TYPE);
  *started = one;
  if (pipe2(in, O_CLOEXEC) != 0) return refuse(L, errno);
  one->input = in[1];
  if (pipe2(out, O_CLOEXEC) != 0) {
    close(in[0]);
    return refuse(L, errno);
  }
  one->output = fdopen(out[0], "r");
  if (!one->output) close(out[0]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  int problem = one->output ? posix_spawnp(&one->pid, words[0], &actions, NULL, words, environ) : ENOMEM;
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  if (problem == 0) return true;
  one->pid = 0;
  lua_pushfstring(L, "%s: %s", words[0], strerror(problem));
  return false;
}

/* Lua: measured.run{ program, argument… } -> { output=, cpu=, wall= } in seconds, its start and end included; or nil and
 * the reason where it could not be started or failed. [-0, +1|2, v] */
static int run(lua_State *L) {
  process *one;
  struct rusage usage = { 0 };
  char text[4096];
  double began = now();
  if (!start(L, &one)) {
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
  }
  size_t size = fread(text, 1, sizeof text, one->output);
  int status = reap(one, &usage);
  double wall = now() - began;
  if (status != 0) {
    lua_pushnil(L);
    lua_rawgeti(L, 1, 1);
    lua_pushfstring(L, "%s failed", lua_tostring(L, -1));
    lua_remove(L, -2);
    return 2;
  }
  lua_createtable(L, 0, 3);
  lua_pushlstring(L, text, size);
  lua_setfield(L, -2, "output");
  lua_pushnumber(L, seconds(usage.ru_utime) + seconds(usage.ru_stime));
  lua_setfield(L, -2, "cpu");
  lua_pushnumber(L, wall);
  lua_setfield(L, -2, "wall");
  return 1;
}

/* Lua: measured.start{ program, argument… } -> process, which ends when its input does; or nil and the reason.
 * [-0, +1|2, v] */
static int start_process(lua_State *L) {
  process *one;
  if (start(L, &one)) return 1;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

/* Lua: process:line() -> the next line it prints, waited for; nil where there is none. [-0, +1, v] */
static int process_line(lua_State *L) {
  process *one = luaL_checkudata(L, 1, PROCESS_TYPE);
  char line[512];
  if (one->output && fgets(line, sizeof line, one->output)) lua_pushlstring(L, line, strcspn(line, "\n"));
  else lua_pushnil(L);
  return 1;
}

/* Lua: process:close(), also __gc and __close: has it end and waits for that. [-0, +0, v] */
static int process_close(lua_State *L) {
  struct rusage usage;
  reap(luaL_checkudata(L, 1, PROCESS_TYPE), &usage);
  return 0;
}

/* Lua: measured.cpus() -> list of the CPUs that this process may run on. [-0, +1, m] */
static int cpus(lua_State *L) {
  cpu_set_t set;
  lua_Integer count = 0;
  lua_newtable(L);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  for (int i = 0; i < CPUS; i++) {
    if (!CPU_ISSET((size_t)i, &set)) continue;
    lua_pushinteger(L, i);
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

/* Lua: measured.pin(cpu) -> whether this process, and those that it starts from now on, run on this CPU alone.
 * [-0, +1, v] */
static int pin(lua_State *L) {
  cpu_set_t set;
  lua_Integer cpu = luaL_checkinteger(L, 1);
  luaL_argcheck(L, cpu >= 0 && cpu < CPUS, 1, "not a CPU");
  CPU_ZERO(&set);
  CPU_SET((size_t)cpu, &set);
  lua_pushboolean(L, sched_setaffinity(0, sizeof set, &set) == 0);
  return 1;
}

static const luaL_Reg methods[] = { { "line", process_line }, { "close", process_close }, { NULL, NULL } };

static const luaL_Reg functions[] = {
  { "run", run }, { "start", start_process }, { "cpus", cpus }, { "pin", pin }, { NULL, NULL },
};

int luaopen_measured(lua_State *L);

int luaopen_measured(lua_State *L) {
  luaL_newmetatable(L, PROCESS_TYPE);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, process_close);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, process_close);
  lua_setfield(L, -2, "__close");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
