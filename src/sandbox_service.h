/* sandbox_service.h: the private Lua state in which the model of Wix runs, as the server sees it.
 *
 * Owns that state. Its caller makes sure that only one thread at a time is in here. Every entry is a protected call:
 * no Lua error and no failed allocation gets out. Knows neither sockets nor libmicrohttpd, and no other Lua state. */
#ifndef WX_SANDBOX_SERVICE_H
#define WX_SANDBOX_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lua_State;

typedef struct wx_service {
  struct lua_State *L;
  size_t memory;     /* in use */
  size_t max_memory; /* 0: as much as there is */
  char last_error[1024];
} wx_service;

/* What the private state is made from: strings are borrowed during wx_service_open only. */
typedef struct wx_service_setup {
  const char *path, *cpath; /* package.path, package.cpath */
  const char *module;       /* answers a table with open, connect, head, finish and control */
  const char *config;       /* JSON for its open() */
  size_t config_size;
  int port;
  size_t max_memory;
} wx_service_setup;

typedef struct wx_header {
  const char *name, *value; /* borrowed */
  size_t name_size, value_size;
} wx_header;

/* A request's head as it came in; everything is borrowed. */
typedef struct wx_head {
  const char *method, *target;
  const wx_header *headers;
  size_t header_count;
  uint64_t connection;
} wx_head;

typedef enum wx_ending { WX_END_KEEP, WX_END_CLOSE, WX_END_RESET } wx_ending;

/* What shall be answered. Owns headers and body. */
typedef struct wx_answer {
  unsigned status;
  char *headers; /* name, NUL, value, NUL, ... */
  size_t headers_size;
  char *body;
  size_t body_size;
  uint64_t size;   /* of what is sent: the body, cut or followed by filler */
  double delay;    /* seconds before the first byte */
  double drip;     /* seconds between chunks; 0: all at once */
  size_t chunk;    /* bytes a chunk */
  double hold;     /* seconds between the last byte and the end of a raw answer */
  bool raw;        /* the body is all there is, written past libmicrohttpd; the connection ends */
  bool chunked;    /* sent without telling the size */
  bool close_idle; /* the connection is closed once this is sent, unannounced */
  wx_ending ending;
} wx_answer;

/* [owner's side, no Lua errors] False leaves the reason in service->last_error; close it either way. */
bool wx_service_open(wx_service *service, const wx_service_setup *setup);
void wx_service_close(wx_service *service);

/* Whether a new connection shall be reset before it is read. */
bool wx_service_connect(wx_service *service, uint64_t connection);

/* A request's head arrived. *id is its number from now on; *reset_at the bytes of its body after which the connection
 * shall be reset, -1 for never. */
bool wx_service_head(wx_service *service, const wx_head *head, int64_t *id, int64_t *reset_at);

typedef enum wx_completeness { WX_CUT_SHORT, WX_COMPLETE, WX_TOO_LARGE } wx_completeness;

/* A request's body arrived, or will not. Always leaves an answer that wx_answer_free accepts. */
bool wx_service_finish(wx_service *service, int64_t id, const char *body, size_t size, wx_completeness completeness,
                       wx_answer *answer);

/* A control call: JSON in, JSON out (malloc'ed, the caller's). NULL leaves the reason in service->last_error. */
char *wx_service_control(wx_service *service, const char *name, const char *json, size_t size, size_t *answer_size);

void wx_answer_init(wx_answer *answer);
void wx_answer_free(wx_answer *answer);

#endif
