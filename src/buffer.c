/* buffer.c: see buffer.h. */
#include "buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 1024, KEPT_CAPACITY = 64 * 1024 };

void wx_buffer_init(wx_buffer *buffer, size_t cap) {
  buffer->data = NULL;
  buffer->size = buffer->capacity = 0;
  buffer->cap = cap < SIZE_MAX / 4 ? cap : SIZE_MAX / 4; /* so that doubling cannot overflow */
}

wx_append wx_buffer_append(wx_buffer *buffer, const void *bytes, size_t size) {
  if (size > buffer->cap - buffer->size) return WX_OVER_CAP;
  size_t needed = buffer->size + size + 1;
  if (needed > buffer->capacity) {
    size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
    while (capacity < needed) capacity *= 2;
    char *data = realloc(buffer->data, capacity);
    if (!data) return WX_NO_MEMORY;
    buffer->data = data;
    buffer->capacity = capacity;
  }
  if (size) memcpy(buffer->data + buffer->size, bytes, size);
  buffer->size += size;
  buffer->data[buffer->size] = '\0';
  return WX_APPENDED;
}

wx_append wx_buffer_append_text(wx_buffer *buffer, const char *text) {
  return wx_buffer_append(buffer, text, strlen(text));
}

void wx_buffer_reset(wx_buffer *buffer) {
  if (buffer->capacity > KEPT_CAPACITY) wx_buffer_free(buffer);
  buffer->size = 0;
  if (buffer->data) buffer->data[0] = '\0';
}

void wx_buffer_free(wx_buffer *buffer) {
  free(buffer->data);
  buffer->data = NULL;
  buffer->size = buffer->capacity = 0;
}

const char *wx_buffer_text(const wx_buffer *buffer) { return buffer->data ? buffer->data : ""; }
