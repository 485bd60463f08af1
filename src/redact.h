/* redact.h: text that came from elsewhere, made fit for an error, a log line or a terminal.
 *
 * Pure: the secrets are handed in. Knows neither Lua nor libcurl. */
#ifndef WX_REDACT_H
#define WX_REDACT_H

#include "buffer.h"

#include <stdbool.h>

typedef struct wx_secret {
  const char *bytes;
  size_t size;
} wx_secret;

/* Appends `text` to `out` with
 * - every secret, and everything that looks like an API key of the service (IST. and what follows), as "[masked]";
 * - every URL cut after its host (an accept link is a URL, and whoever holds it can accept), but for the service's
 *   public documentation, and without user name and password;
 * - control characters, invalid UTF-8 and marks that turn text around as blanks or "?": the result is one line.
 * False where `out` is full or there is no memory. wx_is_showable tells, for little, that there is nothing to do. */
bool wx_is_showable(const char *text, size_t size, const wx_secret *secrets, size_t count);
bool wx_redact(wx_buffer *out, const char *text, size_t size, const wx_secret *secrets, size_t count);

#endif
