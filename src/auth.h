/* auth.h: the key's keeper.
 *
 * Owns the only copy of the API key that wixum makes: the ready header line "Authorization: KEY".
 * Wipes it before its memory goes back. Knows neither Lua nor libcurl's handles. */
#ifndef WX_AUTH_H
#define WX_AUTH_H

#include <stdbool.h>
#include <stddef.h>

typedef struct wx_auth {
  char *header; /* "Authorization: KEY", or NULL while there is none */
  size_t header_size;
} wx_auth;

void wx_auth_init(wx_auth *auth);

/* Takes a copy of the key without blanks and line ends around it (files end in one). Returns NULL, or why the key
 * cannot be used: static text that never repeats it. An earlier key is wiped in any case. */
const char *wx_auth_set(wx_auth *auth, const char *key, size_t size);

void wx_auth_wipe(wx_auth *auth);

/* The key inside the header; NULL while there is none. Owned by the keeper. */
const char *wx_auth_key(const wx_auth *auth, size_t *size);

/* What a base URL is: whether a key may travel to it, and whether it is this machine's own. */
typedef struct wx_endpoint {
  char *url; /* normalised, without a slash at its end; owned by the endpoint */
  bool loopback;
} wx_endpoint;

/* Returns NULL, or why the URL cannot be a base URL: static text that never repeats it (it may hold a password). */
const char *wx_endpoint_set(wx_endpoint *endpoint, const char *url);
void wx_endpoint_free(wx_endpoint *endpoint);

#endif
