/* engine.c: see engine.h. */
#include "engine.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { KEPT_CONNECTIONS = 64 };

/* The one thing that is the process's and not a session's: libcurl wants its set-up done once, and older ones are not
 * safe against two threads doing it. There is no clean-up: other code in the process may use libcurl too. */
static pthread_once_t global_once = PTHREAD_ONCE_INIT;

/* Where it fails, so does every handle that is asked for later, which is where it is told. */
static void initialise(void) { (void)curl_global_init(CURL_GLOBAL_DEFAULT); }

void wx_engine_global(void) { pthread_once(&global_once, initialise); }

/* curl_multi_init makes a pair of sockets to wake itself with, which a program started by the host would inherit.
 * They get the lowest free descriptors, which are found out before by taking and giving them back. Were another thread
 * to make an unnamed local socket of its own in this very moment, that could be marked instead. */
enum { LOOKED_AT = 4 };

static void find_lowest_free(int *descriptors) {
  for (int i = 0; i < LOOKED_AT; i++) descriptors[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  for (int i = 0; i < LOOKED_AT; i++)
    if (descriptors[i] >= 0) close(descriptors[i]);
}

static bool is_unnamed_local_socket(int descriptor) {
  struct sockaddr_un address;
  socklen_t size = sizeof address;
  memset(&address, 0, sizeof address);
  if (getsockname(descriptor, (struct sockaddr *)&address, &size) != 0) return false;
  return address.sun_family == AF_UNIX && size <= sizeof address.sun_family;
}

static void close_on_exec(const int *descriptors) {
  for (int i = 0; i < LOOKED_AT; i++) {
    int flags = descriptors[i] >= 0 ? fcntl(descriptors[i], F_GETFD) : -1;
    if (flags >= 0 && is_unnamed_local_socket(descriptors[i])) (void)fcntl(descriptors[i], F_SETFD, flags | FD_CLOEXEC);
  }
}

bool wx_engine_open(wx_engine *engine, size_t max_answer) {
  int descriptors[LOOKED_AT];
  memset(engine, 0, sizeof *engine);
  engine->max_answer = max_answer;
  find_lowest_free(descriptors);
  engine->multi = curl_multi_init();
  if (!engine->multi) return false;
  close_on_exec(descriptors);
  curl_multi_setopt(engine->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
  return true;
}

static void destroy(wx_exchange *exchange) {
  wx_exchange_close(exchange);
  free(exchange);
}

void wx_engine_close(wx_engine *engine) {
  if (engine->spare) destroy(engine->spare);
  engine->spare = NULL;
  if (engine->multi) curl_multi_cleanup(engine->multi);
  engine->multi = NULL;
}

wx_exchange *wx_engine_acquire(wx_engine *engine) {
  wx_exchange *exchange = engine->spare;
  engine->spare = NULL;
  if (exchange) return exchange;
  exchange = malloc(sizeof *exchange);
  if (exchange && !wx_exchange_open(exchange, engine->max_answer)) {
    free(exchange);
    return NULL;
  }
  return exchange;
}

void wx_engine_release(wx_engine *engine, wx_exchange *exchange) {
  wx_engine_stop(engine, exchange);
  wx_exchange_forget(exchange);
  if (engine->spare) destroy(exchange);
  else engine->spare = exchange;
}

CURLMcode wx_engine_start(wx_engine *engine, wx_exchange *exchange) {
  CURLMcode code = curl_multi_add_handle(engine->multi, exchange->easy);
  exchange->running = code == CURLM_OK;
  return code;
}

void wx_engine_stop(wx_engine *engine, wx_exchange *exchange) {
  if (!exchange->running) return;
  engine->exchanges++;
  engine->connections += (uint64_t)wx_exchange_connects(exchange);
  curl_multi_remove_handle(engine->multi, exchange->easy);
  exchange->running = false;
}

static bool collect(wx_engine *engine) {
  int left;
  bool any = false;
  CURLMsg *message;
  while ((message = curl_multi_info_read(engine->multi, &left))) {
    wx_exchange *exchange = NULL;
    if (message->msg != CURLMSG_DONE) continue;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
    if (!exchange) continue;
    wx_exchange_ended(exchange, message->data.result);
    any = true;
  }
  return any;
}

CURLMcode wx_engine_step(wx_engine *engine, int milliseconds) {
  int running;
  CURLMcode code = curl_multi_perform(engine->multi, &running);
  if (code != CURLM_OK || collect(engine) || milliseconds <= 0) return code;
  code = curl_multi_poll(engine->multi, NULL, 0, milliseconds, NULL);
  if (code == CURLM_OK) code = curl_multi_perform(engine->multi, &running);
  if (code == CURLM_OK) collect(engine);
  return code;
}
