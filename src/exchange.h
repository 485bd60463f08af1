/* exchange.h: one request on libcurl, bytes out and bytes in.
 *
 * Owns an easy handle, what it received and what became of it. Its callbacks touch bytes only: no Lua beneath them.
 * Must not know JSON, operations or retries. */
#ifndef WX_EXCHANGE_H
#define WX_EXCHANGE_H

#include "buffer.h"
#include "poller.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#if LIBCURL_VERSION_NUM < 0x075000
#error "wixum needs libcurl 7.80 or newer (CURLOPT_PREREQFUNCTION keeps libcurl from sending a request twice)"
#endif

/* What all requests of a session share. The strings belong to the session and outlive its exchanges. */
typedef struct wx_transport {
  const char *ca_file, *ca_path, *proxy; /* NULL: libcurl's own choice */
  bool no_ca_path;                       /* leave libcurl's own folder of authorities out */
  bool direct;                           /* never through a proxy (loopback) */
  bool http2;
  size_t max_answer; /* bytes of a body, as decoded */
} wx_transport;

/* Pointers are the caller's and must stay valid until the exchange has ended. */
typedef struct wx_request {
  const char *method, *url;
  const char *body; /* NULL: none */
  size_t body_size;
  const struct curl_slist *headers;
  long connect_timeout, timeout; /* milliseconds, > 0 */
} wx_request;

/* Headers of the answer that somebody reads; the others are counted and dropped. */
typedef enum wx_header {
  WX_HEADER_RETRY_AFTER,
  WX_HEADER_DATE,
  WX_HEADER_REQUEST_ID,
  WX_HEADER_CONSISTENT,
  WX_HEADER_KINDS
} wx_header;

enum {
  WX_HEADER_VALUE_MAX = 1024,
  WX_HEADER_COUNT_MAX = 256,
  WX_HEADER_BYTES_MAX = 256 * 1024,
  WX_REQUEST_HEADERS_MAX = 64,
  WX_URL_MAX = 64 * 1024
};

/* Why our own side ended a transfer; libcurl's code alone would not tell. */
typedef enum wx_stop {
  WX_NOT_STOPPED,
  WX_STOPPED_SECOND_SEND,
  WX_STOPPED_SIZE,
  WX_STOPPED_HEADERS,
  WX_STOPPED_MEMORY,
  WX_STOPPED_INTERRUPT,
  WX_STOPPED_CLOSED,
  WX_STOPPED_CANCEL
} wx_stop;

/* Whether its end is to be told, and is (see loop.h). */
typedef enum wx_listing { WX_UNLISTED, WX_EXPECTED, WX_LISTED } wx_listing;

typedef struct wx_exchange wx_exchange;
struct wx_exchange {
  CURL *easy;
  wx_poller *poller; /* that knows its sockets */
  wx_listing listing;
  wx_exchange *next, *previous; /* in the list of those that ended */
  bool prepared;                /* what never changes is set on the handle */
  bool running;                 /* added to a multi handle */
  bool done;
  wx_stop stop;
  unsigned starts; /* times libcurl was about to send the request */
  unsigned header_count;
  size_t header_bytes;
  bool headers_ended; /* the empty line after them came */
  bool header_present[WX_HEADER_KINDS];
  char header[WX_HEADER_KINDS][WX_HEADER_VALUE_MAX + 1];
  wx_buffer body;
  int64_t first_byte; /* microseconds on the monotonic clock, 0 while nothing came */
  CURLU *url;         /* of the last request, parsed; and its text, to know whether the next has another */
  wx_buffer url_text;
  char method[16];
  bool has_body;
  long connect_timeout, timeout;
  struct curl_slist header_node[WX_REQUEST_HEADERS_MAX]; /* of the request; the texts are somebody else's */
  CURLcode code;
  char text[CURL_ERROR_SIZE];
};

/* False where libcurl has no handle to give. The poller outlives every connection. */
bool wx_exchange_open(wx_exchange *exchange, size_t max_answer, wx_poller *poller);
void wx_exchange_close(wx_exchange *exchange);

/* Sets the request on the handle; CURLE_OK or what libcurl refused. */
CURLcode wx_exchange_prepare(wx_exchange *exchange, const wx_transport *transport, const wx_request *request);

/* libcurl says that it is over. libcurl takes headers that break off for all there are; here that is no answer. */
void wx_exchange_ended(wx_exchange *exchange, CURLcode code);

/* Lets go of the request's bytes, which are not ours to keep. */
void wx_exchange_forget(wx_exchange *exchange);

/* HTTP status of the final answer, 0 while there is none. */
long wx_exchange_status(const wx_exchange *exchange);

/* May the server have seen any of the request? False only where surely not. */
bool wx_exchange_sent(const wx_exchange *exchange);

/* New connections that this exchange opened. */
long wx_exchange_connects(const wx_exchange *exchange);

/* Bytes of HTTP that it sent and received, heads included, as they travelled inside TLS. */
void wx_exchange_bytes(const wx_exchange *exchange, uint64_t *sent, uint64_t *received);

#endif
