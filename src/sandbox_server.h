/* sandbox_server.h: HTTP on loopback by libmicrohttpd, answered by the service.
 *
 * Owns the listening socket, the daemon with its threads, the service and the lock around it. One thread a connection:
 * a connection may be made to wait without anybody else noticing. The owner's thread opens, stops and controls; it
 * shares nothing with the others but this struct. Knows no Lua. */
#ifndef WX_SANDBOX_SERVER_H
#define WX_SANDBOX_SERVER_H

#include "sandbox_service.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

struct MHD_Daemon;

typedef struct wx_server {
  struct MHD_Daemon *daemon;
  int port;
  size_t max_body;
  pid_t owner; /* the process that has the threads; a child by fork has only this memory */
  bool ready;  /* mutex and condition exist */
  pthread_mutex_t mutex;
  pthread_cond_t stop; /* told when `stopping` is set: all that waits waits on it */
  bool stopping;       /* guarded by the mutex, as is the service */
  wx_service service;
  atomic_uint_fast64_t connections; /* accepted so far */
} wx_server;

typedef struct wx_server_setup {
  int port; /* 0: the kernel chooses */
  size_t max_body;
  const char *certificate, *key; /* PEM, or NULL for plain HTTP; borrowed until the server is stopped */
  wx_service_setup service;
} wx_server_setup;

/* Listens on 127.0.0.1 and serves. False leaves the reason in `message`. Stop it either way. */
bool wx_server_start(wx_server *server, wx_server_setup *setup, char *message, size_t message_size);

/* Ends every connection, whatever it waits for, then the threads and the service. Again is fine. */
void wx_server_stop(wx_server *server);

/* A control call from the owner's thread, see wx_service_control. NULL leaves the reason in `message`. */
char *wx_server_control(wx_server *server, const char *name, const char *json, size_t size, size_t *answer_size,
                        char *message, size_t message_size);

/* For threads of the server. Waits; false as soon as the server is being stopped. */
bool wx_server_wait(wx_server *server, double seconds);
bool wx_server_stopping(void *server);

#endif
