/* auth.c: see auth.h. */
#include "auth.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char HEADER_NAME[] = "Authorization: ";
enum { NAME_SIZE = sizeof HEADER_NAME - 1, KEY_MAX = 8192 };

void wx_auth_init(wx_auth *auth) {
  auth->header = NULL;
  auth->header_size = 0;
}

void wx_auth_wipe(wx_auth *auth) {
  if (auth->header) {
    explicit_bzero(auth->header, auth->header_size);
    free(auth->header);
  }
  wx_auth_init(auth);
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* Copied byte by byte: the C library's copy would leave pieces of the key in vector registers, which the loader saves on
 * the stack when it next binds a function, and nobody wipes them there. */
static void copy_slowly(char *to, const char *from, size_t size) {
  volatile char *byte = to;
  for (size_t i = 0; i < size; i++) byte[i] = from[i];
}

/* Without the C library too, for the same reason. */
static bool begins_with_bearer(const char *key, size_t size) {
  static const char word[] = "bearer ";
  if (size < sizeof word) return false;
  for (size_t i = 0; i < sizeof word - 1; i++)
    if ((key[i] | 0x20) != word[i]) return false;
  return true;
}

const char *wx_auth_set(wx_auth *auth, const char *key, size_t size) {
  wx_auth_wipe(auth);
  while (size > 0 && is_blank(key[size - 1])) size--;
  while (size > 0 && is_blank(key[0])) key++, size--;
  if (size == 0) return "it is empty";
  if (size > KEY_MAX) return "it is longer than 8192 bytes";
  if (begins_with_bearer(key, size)) return "it begins with \"Bearer \": give the key alone";
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)key[i];
    if (c == ' ' || c == '\t') return "it holds a blank";
    if (c < 0x20 || c == 0x7F) return "it holds a control character (a line break or NUL, perhaps)";
    if (c > 0x7F) return "it holds a character beyond ASCII";
  }
  char *header = malloc(NAME_SIZE + size + 1);
  if (!header) return "there is no memory for it";
  memcpy(header, HEADER_NAME, NAME_SIZE);
  copy_slowly(header + NAME_SIZE, key, size);
  header[NAME_SIZE + size] = '\0';
  auth->header = header;
  auth->header_size = NAME_SIZE + size;
  return NULL;
}

const char *wx_auth_key(const wx_auth *auth, size_t *size) {
  if (!auth->header) return NULL;
  *size = auth->header_size - NAME_SIZE;
  return auth->header + NAME_SIZE;
}

/* libcurl has normalised the host by now: 127.1 and 0x7f000001 arrive as 127.0.0.1. */
static bool is_loopback(const char *host) {
  struct in_addr four;
  if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0) return true;
  return inet_pton(AF_INET, host, &four) == 1 && (ntohl(four.s_addr) >> 24) == 127;
}

static bool has_part(CURLU *parsed, CURLUPart part) {
  char *text = NULL;
  bool found = curl_url_get(parsed, part, &text, 0) == CURLUE_OK;
  curl_free(text);
  return found;
}

static const char *check_parsed(CURLU *parsed, wx_endpoint *endpoint) {
  char *scheme = NULL, *host = NULL, *path = NULL;
  const char *problem = NULL;
  if (curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) || curl_url_get(parsed, CURLUPART_HOST, &host, 0) ||
      curl_url_get(parsed, CURLUPART_PATH, &path, 0))
    problem = "it is not a URL";
  else if (has_part(parsed, CURLUPART_USER) || has_part(parsed, CURLUPART_PASSWORD))
    problem = "it holds a user name or password";
  else if (has_part(parsed, CURLUPART_QUERY) || has_part(parsed, CURLUPART_FRAGMENT))
    problem = "it has a query or a fragment";
  else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0) problem = "its scheme is not https";
  else {
    endpoint->loopback = is_loopback(host);
    if (strcmp(scheme, "http") == 0 && !endpoint->loopback)
      problem = "it is plain http to another machine, which would show the key to everybody between: use https";
  }
  curl_free(scheme);
  curl_free(host);
  curl_free(path);
  return problem;
}

const char *wx_endpoint_set(wx_endpoint *endpoint, const char *url) {
  endpoint->url = NULL;
  endpoint->loopback = false;
  /* libcurl would guess a scheme, take blanks and cut at a fragment: a base URL is written out */
  if (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0)
    return "it does not begin with https://";
  CURLU *parsed = curl_url();
  if (!parsed) return "there is no memory for it";
  const char *problem = "it is not a URL";
  char *text = NULL;
  if (curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK) problem = check_parsed(parsed, endpoint);
  if (!problem && curl_url_get(parsed, CURLUPART_URL, &text, 0) != CURLUE_OK) problem = "it is not a URL";
  if (!problem) {
    size_t size = strlen(text);
    while (size > 0 && text[size - 1] == '/') size--;
    endpoint->url = strndup(text, size);
    if (!endpoint->url) problem = "there is no memory for it";
  }
  curl_free(text);
  curl_url_cleanup(parsed);
  return problem;
}

void wx_endpoint_free(wx_endpoint *endpoint) {
  free(endpoint->url);
  endpoint->url = NULL;
}
