/* engine.c: see engine.h. */
#include "engine.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { KEPT_CONNECTIONS = 64, KEPT_HANDLES = 64 };

/* The one thing that is the process's and not a session's: libcurl wants its set-up done once, and older ones are not
 * safe against two threads doing it. There is no clean-up: other code in the process may use libcurl too. */
static pthread_once_t global_once = PTHREAD_ONCE_INIT;

/* Where it fails, so does every handle that is asked for later, which is where it is told. */
static void initialise(void) { (void)curl_global_init(CURL_GLOBAL_DEFAULT); }

void wx_engine_global(void) { pthread_once(&global_once, initialise); }

/* curl_multi_init makes a pair of unnamed local sockets to wake itself with, which a program started by the host would
 * inherit. They get the lowest free descriptors, and are found as those around there that were nothing of the kind before:
 * other threads open and close theirs meanwhile. Another engine's pair that is found too has to be marked anyway. Were the
 * host to make such a socket in another thread in this very moment, that would be marked as well. */
enum { BELOW = 256, LOOKED_AT = 1024 };

typedef struct neighbourhood {
  struct pollfd descriptors[LOOKED_AT];
  bool inherited[LOOKED_AT]; /* is an unnamed local socket that a program would inherit */
} neighbourhood;

static bool is_inherited(int descriptor) {
  struct sockaddr_un address;
  socklen_t size = sizeof address;
  int flags = fcntl(descriptor, F_GETFD);
  if (flags < 0 || flags & FD_CLOEXEC) return false;
  memset(&address, 0, sizeof address);
  if (getsockname(descriptor, (struct sockaddr *)&address, &size) != 0) return false;
  return address.sun_family == AF_UNIX && size <= sizeof address.sun_family;
}

static void look_around(neighbourhood *around, int descriptor) {
  int lowest_free = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  int first = lowest_free > BELOW ? lowest_free - BELOW : 0;
  if (lowest_free >= 0) close(lowest_free);
  for (int i = 0; i < LOOKED_AT; i++) around->descriptors[i] = (struct pollfd){ .fd = first + i };
  (void)poll(around->descriptors, LOOKED_AT, 0);
  for (int i = 0; i < LOOKED_AT; i++)
    around->inherited[i] = !(around->descriptors[i].revents & POLLNVAL) && is_inherited(first + i);
}

static void close_new_on_exec(neighbourhood *around) {
  (void)poll(around->descriptors, LOOKED_AT, 0);
  for (int i = 0; i < LOOKED_AT; i++) {
    if (around->descriptors[i].revents & POLLNVAL || around->inherited[i]) continue;
    int descriptor = around->descriptors[i].fd;
    if (is_inherited(descriptor)) (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  }
}

/* ---- what libcurl tells ---------------------------------------------------------------------------------------------- */

static int on_want(CURL *easy, curl_socket_t descriptor, int what, void *context, void *ignored) {
  wx_engine *engine = context;
  (void)easy, (void)ignored;
  unsigned wanted = 0;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) wanted |= WX_READABLE;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) wanted |= WX_WRITABLE;
  return wx_poller_want(&engine->loop->poller, &engine->watcher, descriptor, wanted) ? 0 : -1;
}

static int on_timer(CURLM *multi, long milliseconds, void *context) {
  wx_engine *engine = context;
  (void)multi;
  engine->watcher.when = milliseconds < 0 ? WX_NEVER : wx_clock() + (int64_t)milliseconds * 1000;
  return 0;
}

static void collect(wx_engine *engine) {
  int left;
  CURLMsg *message;
  while ((message = curl_multi_info_read(engine->multi, &left))) {
    wx_exchange *exchange = NULL;
    if (message->msg != CURLMSG_DONE) continue;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
    if (!exchange) continue;
    wx_exchange_ended(exchange, message->data.result);
    wx_loop_ended(engine->loop, exchange);
    engine->loop->poller.happened = true;
  }
}

/* ---- what the poller tells ------------------------------------------------------------------------------------------- */

static void act(wx_engine *engine, curl_socket_t descriptor, int events) {
  int running;
  CURLMcode code = curl_multi_socket_action(engine->multi, descriptor, events, &running);
  if (code != CURLM_OK) engine->broken = code;
  collect(engine);
}

static void on_ready(wx_watcher *watcher, int descriptor, unsigned events) {
  int what = (events & WX_READABLE ? CURL_CSELECT_IN : 0) | (events & WX_WRITABLE ? CURL_CSELECT_OUT : 0);
  act((wx_engine *)watcher, descriptor, what);
}

static void on_due(wx_watcher *watcher) { act((wx_engine *)watcher, CURL_SOCKET_TIMEOUT, 0); }

/* ---- its life -------------------------------------------------------------------------------------------------------- */

bool wx_engine_open(wx_engine *engine, wx_loop *loop, size_t max_answer, size_t concurrency) {
  neighbourhood around;
  memset(engine, 0, sizeof *engine);
  engine->max_answer = max_answer;
  look_around(&around, loop->poller.epoll);
  engine->multi = curl_multi_init();
  if (!engine->multi) return false;
  close_new_on_exec(&around);
  long kept = concurrency < KEPT_CONNECTIONS ? KEPT_CONNECTIONS : concurrency < LONG_MAX ? (long)concurrency : LONG_MAX;
  curl_multi_setopt(engine->multi, CURLMOPT_MAXCONNECTS, kept);
  /* HTTP/2: one request at a time on a connection. A server that retires a connection (GOAWAY) leaves undone what came
   * after some request, and libcurl does not tell which calls those are: they would all count as perhaps done. */
  curl_multi_setopt(engine->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 1L);
  curl_multi_setopt(engine->multi, CURLMOPT_SOCKETFUNCTION, on_want);
  curl_multi_setopt(engine->multi, CURLMOPT_SOCKETDATA, engine);
  curl_multi_setopt(engine->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(engine->multi, CURLMOPT_TIMERDATA, engine);
  engine->loop = wx_loop_keep(loop);
  engine->watcher.ready = on_ready;
  engine->watcher.due = on_due;
  wx_poller_add(&loop->poller, &engine->watcher);
  return true;
}

static void destroy(wx_exchange *exchange) {
  wx_exchange_close(exchange);
  free(exchange);
}

void wx_engine_close(wx_engine *engine) {
  while (engine->spare) {
    wx_exchange *spare = engine->spare;
    engine->spare = spare->next;
    destroy(spare);
  }
  engine->spares = 0;
  if (engine->multi) curl_multi_cleanup(engine->multi);
  engine->multi = NULL;
  if (!engine->loop) return;
  wx_poller_remove(&engine->loop->poller, &engine->watcher);
  wx_loop_drop(engine->loop);
  engine->loop = NULL;
}

wx_exchange *wx_engine_acquire(wx_engine *engine) {
  wx_exchange *exchange = engine->spare;
  if (exchange) {
    engine->spare = exchange->next;
    engine->spares--;
    return exchange;
  }
  exchange = malloc(sizeof *exchange);
  if (exchange && !wx_exchange_open(exchange, engine->max_answer, &engine->loop->poller)) {
    free(exchange);
    return NULL;
  }
  return exchange;
}

void wx_engine_release(wx_engine *engine, wx_exchange *exchange) {
  wx_engine_stop(engine, exchange);
  wx_loop_forget(engine->loop, exchange);
  wx_exchange_forget(exchange);
  if (engine->spares >= KEPT_HANDLES) {
    destroy(exchange);
    return;
  }
  exchange->next = engine->spare;
  engine->spare = exchange;
  engine->spares++;
}

CURLMcode wx_engine_start(wx_engine *engine, wx_exchange *exchange) {
  CURLMcode code = curl_multi_add_handle(engine->multi, exchange->easy);
  exchange->running = code == CURLM_OK;
  return code;
}

static void count(wx_counts *counts, const wx_exchange *exchange) {
  uint64_t sent, received, connects = (uint64_t)wx_exchange_connects(exchange);
  counts->exchanges++;
  counts->connections += connects;
  if (connects == 0 && exchange->starts > 0) counts->reused++;
  wx_exchange_bytes(exchange, &sent, &received);
  counts->sent += sent;
  counts->received += received;
}

void wx_engine_stop(wx_engine *engine, wx_exchange *exchange) {
  if (!exchange->running) return;
  count(&engine->counts, exchange);
  curl_multi_remove_handle(engine->multi, exchange->easy);
  exchange->running = false;
}
