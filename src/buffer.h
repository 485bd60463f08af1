/* buffer.h: growable bytes with a cap.
 *
 * Owns its memory. Knows neither Lua nor libcurl. */
#ifndef WX_BUFFER_H
#define WX_BUFFER_H

#include <stddef.h>

typedef enum wx_append { WX_APPENDED, WX_OVER_CAP, WX_NO_MEMORY } wx_append;

typedef struct wx_buffer {
  char *data; /* NULL until something was appended; always followed by a NUL that `size` does not count */
  size_t size;
  size_t capacity;
  size_t cap; /* most bytes that `size` may reach */
} wx_buffer;

void wx_buffer_init(wx_buffer *buffer, size_t cap);

/* Appends all of it or nothing. */
wx_append wx_buffer_append(wx_buffer *buffer, const void *bytes, size_t size);
wx_append wx_buffer_append_text(wx_buffer *buffer, const char *text);

/* Empties it; a large allocation goes back to the system, a small one is kept for the next use. */
void wx_buffer_reset(wx_buffer *buffer);
void wx_buffer_free(wx_buffer *buffer);

/* The text so far, never NULL. */
const char *wx_buffer_text(const wx_buffer *buffer);

#endif
