/* exchange.c: see exchange.h. */
#include "exchange.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* Idle connections are dropped young: the longer one lies, the likelier its other end is gone, and a request sent into
 * a dead connection has an unknown outcome. */
enum { IDLE_CONNECTION_SECONDS = 20 };

static size_t on_body(char *bytes, size_t one, size_t size, void *context) {
  wx_exchange *exchange = context;
  (void)one; /* always 1 */
  switch (wx_buffer_append(&exchange->body, bytes, size)) {
  case WX_APPENDED: return size;
  case WX_OVER_CAP: exchange->stop = WX_STOPPED_SIZE; break;
  case WX_NO_MEMORY: exchange->stop = WX_STOPPED_MEMORY; break;
  }
  return size ? 0 : 1; /* anything but `size` ends the transfer */
}

static const char *const header_names[WX_HEADER_KINDS] = {
  [WX_HEADER_REQUEST_ID] = "x-wix-request-id",
  [WX_HEADER_RETRY_AFTER] = "retry-after",
  [WX_HEADER_DATE] = "date",
  [WX_HEADER_CONSISTENT] = "x-wix-consistent",
};

static void forget_headers(wx_exchange *exchange) {
  memset(exchange->header_present, 0, sizeof exchange->header_present);
}

/* Keeps a header that somebody reads. One that is too long to be what it says is as good as absent. */
static void keep_header(wx_exchange *exchange, const char *line, size_t size) {
  const char *colon = memchr(line, ':', size);
  if (!colon) return;
  size_t name_size = (size_t)(colon - line);
  for (int i = 0; i < WX_HEADER_KINDS; i++) {
    if (strlen(header_names[i]) != name_size || strncasecmp(header_names[i], line, name_size) != 0) continue;
    const char *value = colon + 1, *end = line + size;
    while (value < end && (*value == ' ' || *value == '\t')) value++;
    while (end > value && strchr(" \t\r\n", end[-1])) end--;
    size_t value_size = (size_t)(end - value);
    if (value_size > WX_HEADER_VALUE_MAX || memchr(value, '\0', value_size)) return;
    memcpy(exchange->header[i], value, value_size);
    exchange->header[i][value_size] = '\0';
    exchange->header_present[i] = true;
    return;
  }
}

static size_t on_header(char *line, size_t one, size_t size, void *context) {
  wx_exchange *exchange = context;
  (void)one;
  if (exchange->first_byte == 0) exchange->first_byte = wx_clock();
  exchange->header_count++;
  exchange->header_bytes += size;
  if (exchange->header_count > WX_HEADER_COUNT_MAX || exchange->header_bytes > WX_HEADER_BYTES_MAX) {
    exchange->stop = WX_STOPPED_HEADERS;
    return size ? 0 : 1;
  }
  if (size >= 5 && memcmp(line, "HTTP/", 5) == 0) {
    forget_headers(exchange); /* an interim answer went before */
    exchange->headers_ended = false;
  } else if (size <= 2) exchange->headers_ended = true;
  else if (!exchange->headers_ended) keep_header(exchange, line, size); /* else it comes after the body: nobody's */
  return size;
}

/* libcurl calls this each time it is about to send the request. If a reused connection dies before the first byte of an
 * answer, libcurl would open another and send the same request again, whatever its method: the second time is refused
 * here, unless nothing at all had left before. */
static int on_send(void *context, char *local, char *remote, int local_port, int remote_port) {
  wx_exchange *exchange = context;
  long sent = 0;
  (void)local, (void)remote, (void)local_port, (void)remote_port;
  if (exchange->starts++ == 0) return CURL_PREREQFUNC_OK;
  if (curl_easy_getinfo(exchange->easy, CURLINFO_REQUEST_SIZE, &sent) == CURLE_OK && sent == 0)
    return CURL_PREREQFUNC_OK;
  exchange->stop = WX_STOPPED_SECOND_SEND;
  return CURL_PREREQFUNC_ABORT;
}

/* Programs that the host starts meanwhile must not hold our connections open. */
static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
  (void)purpose;
  int descriptor = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (descriptor < 0 || wx_poller_expect(context, descriptor)) return descriptor;
  close(descriptor);
  return CURL_SOCKET_BAD;
}

static int on_close(void *context, curl_socket_t descriptor) {
  wx_poller_forget(context, descriptor);
  return close(descriptor);
}

bool wx_exchange_open(wx_exchange *exchange, size_t max_answer, wx_poller *poller) {
  memset(exchange, 0, sizeof *exchange);
  exchange->poller = poller;
  wx_buffer_init(&exchange->body, max_answer);
  wx_buffer_init(&exchange->url_text, WX_URL_MAX);
  exchange->easy = curl_easy_init();
  return exchange->easy != NULL;
}

void wx_exchange_close(wx_exchange *exchange) {
  if (exchange->easy) curl_easy_cleanup(exchange->easy);
  exchange->easy = NULL;
  curl_url_cleanup(exchange->url);
  exchange->url = NULL;
  wx_buffer_free(&exchange->url_text);
  wx_buffer_free(&exchange->body);
}

/* Sets one option and remembers the first that libcurl refused. */
#define SET(option, value)                                                                                             \
  do {                                                                                                                 \
    CURLcode set_code = curl_easy_setopt(easy, option, value);                                                         \
    if (set_code != CURLE_OK && code == CURLE_OK) code = set_code;                                                     \
  } while (0)

static CURLcode set_callbacks(wx_exchange *exchange) {
  CURL *easy = exchange->easy;
  CURLcode code = CURLE_OK;
  SET(CURLOPT_PRIVATE, exchange);
  SET(CURLOPT_WRITEFUNCTION, on_body);
  SET(CURLOPT_WRITEDATA, exchange);
  SET(CURLOPT_HEADERFUNCTION, on_header);
  SET(CURLOPT_HEADERDATA, exchange);
  SET(CURLOPT_PREREQFUNCTION, on_send);
  SET(CURLOPT_PREREQDATA, exchange);
  SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
  SET(CURLOPT_OPENSOCKETDATA, exchange->poller);
  SET(CURLOPT_CLOSESOCKETFUNCTION, on_close);
  SET(CURLOPT_CLOSESOCKETDATA, exchange->poller);
  SET(CURLOPT_ERRORBUFFER, exchange->text);
  SET(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  SET(CURLOPT_QUICK_EXIT, 1L); /* ending a call must not wait for a name server that does not answer */
#endif
  return code;
}

static CURLcode set_transport(CURL *easy, const wx_transport *transport) {
  CURLcode code = CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075500
  SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  SET(CURLOPT_FOLLOWLOCATION, 0L);
  SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* a proxy's words are not the service's */
  SET(CURLOPT_PATH_AS_IS, 1L);
  SET(CURLOPT_ACCEPT_ENCODING, "gzip");
  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_SSL_VERIFYPEER, 1L);
  SET(CURLOPT_SSL_VERIFYHOST, 2L);
  if (transport->ca_file || transport->ca_path) { /* said by the user: these and no others */
    SET(CURLOPT_CAINFO, transport->ca_file);
    SET(CURLOPT_CAPATH, transport->ca_path);
  } else if (transport->no_ca_path) SET(CURLOPT_CAPATH, NULL);
  SET(CURLOPT_HTTP_VERSION, (long)(transport->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  SET(CURLOPT_MAXAGE_CONN, (long)IDLE_CONNECTION_SECONDS);
  if (transport->direct) SET(CURLOPT_NOPROXY, "*");
  if (transport->proxy) SET(CURLOPT_PROXY, transport->proxy);
  return code;
}

/* Parsing a URL and copying options costs more than comparing them with those of the request before. */
static CURLcode set_url(wx_exchange *exchange, const char *url) {
  if (exchange->url && exchange->url_text.data && strcmp(exchange->url_text.data, url) == 0) return CURLE_OK;
  wx_buffer_reset(&exchange->url_text);
  if (!exchange->url) exchange->url = curl_url();
  if (!exchange->url) return CURLE_OUT_OF_MEMORY;
  if (curl_url_set(exchange->url, CURLUPART_URL, url, CURLU_PATH_AS_IS) != CURLUE_OK) return CURLE_URL_MALFORMAT;
  if (wx_buffer_append_text(&exchange->url_text, url) != WX_APPENDED) return CURLE_OUT_OF_MEMORY;
  return curl_easy_setopt(exchange->easy, CURLOPT_CURLU, exchange->url);
}

static CURLcode set_method(wx_exchange *exchange, const wx_request *request) {
  CURL *easy = exchange->easy;
  CURLcode code = CURLE_OK;
  bool has_body = request->body != NULL;
  if (exchange->has_body != has_body || strcmp(exchange->method, request->method) != 0) {
    size_t size = strlen(request->method) + 1;
    if (size > sizeof exchange->method) return CURLE_BAD_FUNCTION_ARGUMENT;
    SET(has_body ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
    SET(CURLOPT_CUSTOMREQUEST, request->method);
    if (code != CURLE_OK) return code;
    memcpy(exchange->method, request->method, size);
    exchange->has_body = has_body;
  }
  if (has_body) {
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    SET(CURLOPT_POSTFIELDS, request->body);
  }
  return code;
}

static CURLcode set_request(wx_exchange *exchange, const wx_request *request) {
  CURL *easy = exchange->easy;
  CURLcode code = set_url(exchange, request->url);
  if (code == CURLE_OK) code = set_method(exchange, request);
  SET(CURLOPT_HTTPHEADER, request->headers);
  if (exchange->connect_timeout != request->connect_timeout) SET(CURLOPT_CONNECTTIMEOUT_MS, request->connect_timeout);
  if (exchange->timeout != request->timeout) SET(CURLOPT_TIMEOUT_MS, request->timeout);
  exchange->connect_timeout = request->connect_timeout;
  exchange->timeout = request->timeout;
  return code;
}

CURLcode wx_exchange_prepare(wx_exchange *exchange, const wx_transport *transport, const wx_request *request) {
  CURLcode code = CURLE_OK;
  if (!exchange->prepared) {
    code = set_callbacks(exchange);
    if (code == CURLE_OK) code = set_transport(exchange->easy, transport);
    exchange->prepared = code == CURLE_OK;
  }
  wx_buffer_reset(&exchange->body);
  forget_headers(exchange);
  exchange->done = false;
  exchange->stop = WX_NOT_STOPPED;
  exchange->starts = exchange->header_count = 0;
  exchange->header_bytes = 0;
  exchange->headers_ended = false;
  exchange->first_byte = 0;
  exchange->code = CURLE_OK;
  exchange->text[0] = '\0';
  return code == CURLE_OK ? set_request(exchange, request) : code;
}

void wx_exchange_ended(wx_exchange *exchange, CURLcode code) {
  exchange->done = true;
  exchange->code = code;
  if (code == CURLE_OK && !exchange->headers_ended) {
    exchange->code = CURLE_PARTIAL_FILE;
    (void)snprintf(exchange->text, sizeof exchange->text, "the connection was closed in the middle of the headers");
  }
}

void wx_exchange_forget(wx_exchange *exchange) {
  curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, NULL);
  /* Setting it, also to nothing, makes a POST of whatever comes next: only where that is what the handle is set to. */
  if (exchange->has_body) curl_easy_setopt(exchange->easy, CURLOPT_POSTFIELDS, NULL);
}

long wx_exchange_status(const wx_exchange *exchange) {
  long status = 0;
  if (curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK) return 0;
  return status >= 200 ? status : 0; /* an interim answer promises nothing */
}

bool wx_exchange_sent(const wx_exchange *exchange) {
  long sent = 0;
  if (exchange->starts == 0) return false;
  return curl_easy_getinfo(exchange->easy, CURLINFO_REQUEST_SIZE, &sent) != CURLE_OK || sent > 0;
}

long wx_exchange_connects(const wx_exchange *exchange) {
  long connects = 0;
  curl_easy_getinfo(exchange->easy, CURLINFO_NUM_CONNECTS, &connects);
  return connects;
}

void wx_exchange_bytes(const wx_exchange *exchange, uint64_t *sent, uint64_t *received) {
  long head = 0, heads = 0;
  curl_off_t body = 0, answer = 0;
  curl_easy_getinfo(exchange->easy, CURLINFO_REQUEST_SIZE, &head);
  curl_easy_getinfo(exchange->easy, CURLINFO_HEADER_SIZE, &heads);
  curl_easy_getinfo(exchange->easy, CURLINFO_SIZE_UPLOAD_T, &body);
  curl_easy_getinfo(exchange->easy, CURLINFO_SIZE_DOWNLOAD_T, &answer);
  *sent = (uint64_t)(head > 0 ? head : 0) + (uint64_t)(body > 0 ? body : 0);
  *received = (uint64_t)(heads > 0 ? heads : 0) + (uint64_t)(answer > 0 ? answer : 0);
}
