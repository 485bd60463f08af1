/* sandbox_request.c: see sandbox_request.h. */
#include "sandbox_request.h"

#include "sandbox_wire.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { STREAM_BLOCK = 32 * 1024, FILLER = 'x' };

/* Between libmicrohttpd's callbacks for one request. */
typedef struct wx_request {
  char *target; /* path and query as they stood in the request line */
  char *body;
  size_t size, capacity;
  int64_t id;       /* the service's number for it */
  int64_t reset_at; /* bytes of the body after which the connection is reset, -1 for never */
  bool begun;       /* the head was told to the service */
  bool finished;    /* so was the end */
  bool failed;      /* the service, or our memory: 500 */
  bool too_large;
  bool close_idle;
} wx_request;

/* What is left of an answer that libmicrohttpd asks for piece by piece. */
typedef struct wx_stream {
  wx_server *server;
  wx_answer answer; /* owned */
} wx_stream;

/* ---- Connections ------------------------------------------------------------------------------------------------- */

static wx_wire wire_of(wx_server *server, struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  const union MHD_ConnectionInfo *tls = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  wx_wire wire = { .fd = fd ? fd->connect_fd : -1,
                   .tls = tls ? tls->tls_session : NULL,
                   .stopping = wx_server_stopping,
                   .context = server };
  return wire;
}

static uint64_t number_of(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? (uint64_t)(uintptr_t)info->socket_context : 0;
}

void wx_request_connection(void *context, struct MHD_Connection *connection, void **number,
                           enum MHD_ConnectionNotificationCode code) {
  wx_server *server = context;
  if (code != MHD_CONNECTION_NOTIFY_STARTED) return;
  uint64_t count = atomic_fetch_add(&server->connections, 1) + 1;
  *number = (void *)(uintptr_t)count;
  (void)pthread_mutex_lock(&server->mutex);
  bool reset = !server->stopping && wx_service_connect(&server->service, count);
  (void)pthread_mutex_unlock(&server->mutex);
  if (reset) wx_wire_reset(wire_of(server, connection).fd);
}

/* ---- What comes in ----------------------------------------------------------------------------------------------- */

void *wx_request_open(void *context, const char *target, struct MHD_Connection *connection) {
  (void)context;
  (void)connection;
  wx_request *request = calloc(1, sizeof *request);
  if (!request) return NULL;
  request->reset_at = -1;
  request->target = strdup(target);
  if (request->target) return request;
  free(request);
  return NULL;
}

/* Headers are collected first and told to Lua afterwards: its errors must not jump across libmicrohttpd. */
typedef struct header_list {
  wx_header *items;
  size_t count, capacity;
} header_list;

static enum MHD_Result collect(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
                               const char *value, size_t value_size) {
  header_list *list = context;
  (void)kind;
  if (list->count == list->capacity) return MHD_NO;
  list->items[list->count++] =
    (wx_header){ .name = name, .name_size = name_size, .value = value, .value_size = value_size };
  return MHD_YES;
}

/* Tells the service that no more will come, before the client can notice: whoever then asks for the log finds it. */
static void cut_short(wx_server *server, wx_request *request) {
  wx_answer none;
  if (!request->begun || request->finished || request->failed) return;
  request->finished = true;
  (void)pthread_mutex_lock(&server->mutex);
  (void)wx_service_finish(&server->service, request->id, request->body, request->size, WX_CUT_SHORT, &none);
  (void)pthread_mutex_unlock(&server->mutex);
  wx_answer_free(&none);
}

static enum MHD_Result begin(wx_server *server, struct MHD_Connection *connection, const char *method,
                             wx_request *request) {
  int count = MHD_get_connection_values(connection, MHD_HEADER_KIND, NULL, NULL);
  header_list list = { .capacity = count > 0 ? (size_t)count : 0 };
  request->begun = true;
  list.items = calloc(list.capacity + 1, sizeof *list.items);
  if (!list.items) {
    request->failed = true;
    return MHD_YES;
  }
  (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, collect, &list);
  wx_head head = { .method = method,
                   .target = request->target,
                   .headers = list.items,
                   .header_count = list.count,
                   .connection = number_of(connection) };
  (void)pthread_mutex_lock(&server->mutex);
  bool stopping = server->stopping;
  if (!stopping) request->failed = !wx_service_head(&server->service, &head, &request->id, &request->reset_at);
  (void)pthread_mutex_unlock(&server->mutex);
  free(list.items);
  if (stopping) return MHD_NO;
  if (request->reset_at != 0) return MHD_YES;
  cut_short(server, request);
  wx_wire_reset(wire_of(server, connection).fd);
  return MHD_NO;
}

static bool keep(wx_request *request, const char *bytes, size_t size) {
  if (request->capacity - request->size < size) {
    size_t capacity = request->capacity ? request->capacity : 512;
    while (capacity - request->size < size) capacity *= 2; /* far from overflow: max_body caps what is kept */
    char *grown = realloc(request->body, capacity);
    if (!grown) return false;
    request->body = grown;
    request->capacity = capacity;
  }
  memcpy(request->body + request->size, bytes, size);
  request->size += size;
  return true;
}

static enum MHD_Result take(wx_server *server, struct MHD_Connection *connection, wx_request *request,
                            const char *bytes, size_t *size) {
  size_t given = *size;
  *size = 0;
  if (request->reset_at >= 0 && given >= (uint64_t)request->reset_at - request->size) {
    if (!request->too_large) (void)keep(request, bytes, (size_t)request->reset_at - request->size);
    cut_short(server, request);
    wx_wire_reset(wire_of(server, connection).fd);
    return MHD_NO;
  }
  /* A body that is too large is still read to its end, kept nowhere: a client that sends sees no answer before. */
  if (request->too_large || request->failed) return MHD_YES;
  if (given > server->max_body - request->size) request->too_large = true;
  else if (!keep(request, bytes, given)) request->failed = true;
  return MHD_YES;
}

/* ---- What goes out ----------------------------------------------------------------------------------------------- */

static size_t copy_piece(const wx_answer *answer, uint64_t at, char *to, size_t size) {
  size_t copied = 0;
  if (at < answer->body_size) {
    size_t left = answer->body_size - (size_t)at;
    copied = left < size ? left : size;
    memcpy(to, answer->body + at, copied);
  }
  if (copied < size) memset(to + copied, FILLER, size - copied);
  return size;
}

/* The next piece's size: at most `room`, a chunk where the answer drips. */
static size_t piece_size(const wx_answer *answer, uint64_t at, size_t room) {
  uint64_t left = answer->size - at;
  size_t size = left < room ? (size_t)left : room;
  return answer->drip > 0 && answer->chunk < size ? answer->chunk : size;
}

static ssize_t stream_read(void *context, uint64_t at, char *to, size_t room) {
  wx_stream *stream = context;
  const wx_answer *answer = &stream->answer;
  if (at >= answer->size) return MHD_CONTENT_READER_END_OF_STREAM;
  if (answer->drip > 0 && at > 0 && !wx_server_wait(stream->server, answer->drip))
    return MHD_CONTENT_READER_END_WITH_ERROR;
  return (ssize_t)copy_piece(answer, at, to, piece_size(answer, at, room));
}

static void stream_free(void *context) {
  wx_stream *stream = context;
  wx_answer_free(&stream->answer);
  free(stream);
}

/* Written past libmicrohttpd: whatever bytes were asked for, then an end as asked for. */
static enum MHD_Result send_raw(wx_server *server, struct MHD_Connection *connection, const wx_answer *answer) {
  wx_wire wire = wire_of(server, connection);
  char piece[4096];
  bool alive = true;
  for (uint64_t at = 0; alive && at < answer->size;) {
    if (answer->drip > 0 && at > 0 && !wx_server_wait(server, answer->drip)) break;
    size_t size = copy_piece(answer, at, piece, piece_size(answer, at, sizeof piece));
    alive = wx_wire_write(&wire, piece, size);
    at += size;
  }
  if (alive && answer->hold > 0) (void)wx_server_wait(server, answer->hold);
  if (answer->ending == WX_END_RESET) {
    wx_wire_drain(&wire);
    wx_wire_reset(wire.fd);
  }
  return MHD_NO; /* closes the connection, in order where it was not reset */
}

/* The response takes the answer's body over, or frees it. */
static struct MHD_Response *build_response(wx_server *server, wx_answer *answer) {
  if (answer->size == answer->body_size && answer->drip <= 0 && !answer->chunked) {
    struct MHD_Response *response =
      answer->body_size ? MHD_create_response_from_buffer(answer->body_size, answer->body, MHD_RESPMEM_MUST_FREE)
                        : MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
    if (response && answer->body_size) answer->body = NULL;
    return response;
  }
  wx_stream *stream = calloc(1, sizeof *stream);
  if (!stream) return NULL;
  stream->server = server;
  stream->answer = *answer;
  stream->answer.headers = NULL;
  answer->body = NULL;
  struct MHD_Response *response = MHD_create_response_from_callback(answer->chunked ? MHD_SIZE_UNKNOWN : answer->size,
                                                                    STREAM_BLOCK, stream_read, stream, stream_free);
  if (!response) stream_free(stream);
  return response;
}

static enum MHD_Result send_response(wx_server *server, struct MHD_Connection *connection, wx_answer *answer) {
  struct MHD_Response *response = build_response(server, answer);
  if (!response) return MHD_NO;
  enum MHD_Result done = MHD_YES;
  for (const char *name = answer->headers; done == MHD_YES && name && name < answer->headers + answer->headers_size;) {
    const char *value = name + strlen(name) + 1;
    done = MHD_add_response_header(response, name, value);
    name = value + strlen(value) + 1;
  }
  if (done == MHD_YES) done = MHD_queue_response(connection, answer->status, response);
  MHD_destroy_response(response);
  return done;
}

static enum MHD_Result complete(wx_server *server, struct MHD_Connection *connection, wx_request *request) {
  wx_answer answer;
  wx_answer_init(&answer);
  if (!request->failed) {
    (void)pthread_mutex_lock(&server->mutex);
    if (server->stopping) request->failed = true;
    else
      request->failed = !wx_service_finish(&server->service, request->id, request->body, request->size,
                                           request->too_large ? WX_TOO_LARGE : WX_COMPLETE, &answer);
    (void)pthread_mutex_unlock(&server->mutex);
  }
  request->finished = true;
  if (request->failed) answer.status = MHD_HTTP_INTERNAL_SERVER_ERROR; /* empty, as Wix's own are by design */
  enum MHD_Result done = MHD_NO;
  if (answer.delay <= 0 || wx_server_wait(server, answer.delay)) {
    request->close_idle = answer.close_idle;
    done = answer.raw ? send_raw(server, connection, &answer) : send_response(server, connection, &answer);
  }
  wx_answer_free(&answer);
  return done;
}

/* ---- libmicrohttpd's calls ---------------------------------------------------------------------------------------- */

enum MHD_Result wx_request_handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **slot) {
  wx_server *server = context;
  wx_request *request = *slot;
  (void)url; /* already unescaped; the service wants it as it came */
  (void)version;
  if (!request) return MHD_NO; /* no memory for it: see wx_request_open */
  if (!request->begun) return begin(server, connection, method, request);
  if (*upload_size > 0) return take(server, connection, request, upload, upload_size);
  return complete(server, connection, request);
}

void wx_request_completed(void *context, struct MHD_Connection *connection, void **slot,
                          enum MHD_RequestTerminationCode code) {
  wx_server *server = context;
  wx_request *request = *slot;
  if (!request) return;
  cut_short(server, request);
  if (request->close_idle && code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
    (void)shutdown(wire_of(server, connection).fd, SHUT_RDWR);
  free(request->target);
  free(request->body);
  free(request);
  *slot = NULL;
}
