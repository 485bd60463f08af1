/* sandbox_server.c: see sandbox_server.h. How one request is carried is in sandbox_request.c. */
#include "sandbox_server.h"

#include "sandbox_request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A request's head must fit, as must what libmicrohttpd reads ahead of the body. */
enum { CONNECTION_MEMORY = 64 * 1024 };

static bool fail(char *message, size_t size, const char *what, int code) {
  (void)snprintf(message, size, "%s: %s", what, strerror(code));
  return false;
}

/* ---- Waiting ----------------------------------------------------------------------------------------------------- */

static bool init_locks(wx_server *server, char *message, size_t size) {
  pthread_condattr_t monotonic;
  int code = pthread_condattr_init(&monotonic);
  if (code) return fail(message, size, "pthread_condattr_init", code);
  code = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  if (!code) code = pthread_cond_init(&server->stop, &monotonic);
  (void)pthread_condattr_destroy(&monotonic);
  if (code) return fail(message, size, "pthread_cond_init", code);
  code = pthread_mutex_init(&server->mutex, NULL);
  if (code) {
    (void)pthread_cond_destroy(&server->stop);
    return fail(message, size, "pthread_mutex_init", code);
  }
  server->ready = true;
  return true;
}

bool wx_server_wait(wx_server *server, double seconds) {
  struct timespec until;
  (void)clock_gettime(CLOCK_MONOTONIC, &until);
  if (seconds > 1e8) seconds = 1e8; /* years; keeps the arithmetic below inside time_t */
  long nanoseconds = until.tv_nsec + (long)((seconds - (double)(time_t)seconds) * 1e9);
  until.tv_sec += (time_t)seconds + nanoseconds / 1000000000;
  until.tv_nsec = nanoseconds % 1000000000;
  (void)pthread_mutex_lock(&server->mutex);
  int code = 0;
  while (!server->stopping && code != ETIMEDOUT) code = pthread_cond_timedwait(&server->stop, &server->mutex, &until);
  bool go_on = !server->stopping;
  (void)pthread_mutex_unlock(&server->mutex);
  return go_on;
}

bool wx_server_stopping(void *context) {
  wx_server *server = context;
  (void)pthread_mutex_lock(&server->mutex);
  bool stopping = server->stopping;
  (void)pthread_mutex_unlock(&server->mutex);
  return stopping;
}

/* ---- Starting and stopping --------------------------------------------------------------------------------------- */

/* A socket that listens on 127.0.0.1, or -1. */
static int listen_on_loopback(wx_server *server, int port, char *message, size_t size) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
  socklen_t address_size = sizeof address;
  int yes = 1;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    (void)fail(message, size, "socket", errno);
    return -1;
  }
  /* A port whose last connections still linger in TIME_WAIT may be used again; one that is listened on may not. */
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &address_size) != 0) {
    (void)snprintf(message, size, "cannot listen on 127.0.0.1:%d: %s", port, strerror(errno));
    (void)close(fd);
    return -1;
  }
  server->port = ntohs(address.sin_port);
  return fd;
}

static bool start_daemon(wx_server *server, const wx_server_setup *setup, int listener) {
  unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC |
                   (setup->certificate ? MHD_USE_TLS : 0U);
  struct MHD_OptionItem tls[] = {
    { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)setup->certificate },
    { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)setup->key },
    { MHD_OPTION_END, 0, NULL },
  };
  sigset_t all, before;
  (void)sigfillset(&all);
  /* The threads inherit this: a signal is always for the owner, and Ctrl-C finds its handler there. */
  (void)pthread_sigmask(SIG_SETMASK, &all, &before);
  server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, wx_request_handle, server, MHD_OPTION_LISTEN_SOCKET, listener,
                                    MHD_OPTION_URI_LOG_CALLBACK, wx_request_open, server, MHD_OPTION_NOTIFY_COMPLETED,
                                    wx_request_completed, server, MHD_OPTION_NOTIFY_CONNECTION, wx_request_connection,
                                    server, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                                    MHD_OPTION_ARRAY, setup->certificate ? tls : &tls[2], MHD_OPTION_END);
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  return server->daemon != NULL;
}

bool wx_server_start(wx_server *server, wx_server_setup *setup, char *message, size_t size) {
  struct stat mine, left;
  server->owner = getpid();
  server->max_body = setup->max_body;
  if (!init_locks(server, message, size)) return false;
  int listener = listen_on_loopback(server, setup->port, message, size);
  if (listener < 0) return false;
  setup->service.port = server->port;
  if (!wx_service_open(&server->service, &setup->service)) {
    (void)snprintf(message, size, "%s", server->service.last_error);
    (void)close(listener);
    return false;
  }
  bool known = fstat(listener, &mine) == 0;
  if (start_daemon(server, setup, listener)) return true;
  (void)snprintf(message, size, "libmicrohttpd refused to start%s",
                 setup->certificate ? ": are certificate and key a pair, in PEM, and was it built with TLS?" : "");
  /* On some of its failures libmicrohttpd closes the socket that it was given, on others it does not. */
  if (known && fstat(listener, &left) == 0 && left.st_dev == mine.st_dev && left.st_ino == mine.st_ino)
    (void)close(listener);
  return false;
}

void wx_server_stop(wx_server *server) {
  if (!server->ready) return;
  if (getpid() != server->owner) return; /* the threads are the parent's; waiting for them would never end */
  (void)pthread_mutex_lock(&server->mutex);
  server->stopping = true;
  (void)pthread_cond_broadcast(&server->stop);
  (void)pthread_mutex_unlock(&server->mutex);
  if (server->daemon) MHD_stop_daemon(server->daemon);
  server->daemon = NULL;
  wx_service_close(&server->service);
  (void)pthread_cond_destroy(&server->stop);
  (void)pthread_mutex_destroy(&server->mutex);
  server->ready = false;
}

char *wx_server_control(wx_server *server, const char *name, const char *json, size_t json_size, size_t *answer_size,
                        char *message, size_t message_size) {
  (void)pthread_mutex_lock(&server->mutex);
  char *answer = wx_service_control(&server->service, name, json, json_size, answer_size);
  if (!answer) (void)snprintf(message, message_size, "%s", server->service.last_error);
  (void)pthread_mutex_unlock(&server->mutex);
  return answer;
}
