/* pace.h: never more than `calls` starts in any window of `per`, as the server sees them.
 *
 * Pure policy: the clock is handed in, in microseconds; no I/O, no Lua, no libcurl.
 * A start counts from its beginning until `per` after its answer's first byte (or its end): wherever in between the
 * server stamped the call, two that it stamped `per` apart can never count as one window. Windows over our own
 * starts would be exceeded as the server sees them, since requests travel at different speeds. */
#ifndef WX_PACE_H
#define WX_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct wx_pace {
  size_t calls;
  size_t limit; /* of them, for now; after the server said that it is too many */
  int64_t per;
  int64_t grows; /* when the limit grows next */
  size_t in_flight;
  int64_t *answered; /* ring of the times of answers, oldest first; room for `calls` */
  size_t first, count;
} wx_pace;

/* False where there is no memory. calls > 0, per > 0. */
bool wx_pace_init(wx_pace *pace, size_t calls, int64_t per);
void wx_pace_free(wx_pace *pace);

/* Microseconds until a call may start: 0 is now, INT64_MAX is "when one in flight has come back". */
int64_t wx_pace_wait(wx_pace *pace, int64_t now);

/* The server said that it is too many: half as many from now on, and after `until` an eighth of `calls` more with each
 * window that passes without it being said again. */
void wx_pace_slow(wx_pace *pace, int64_t until);

/* A call starts. Only after wx_pace_wait said 0. */
void wx_pace_start(wx_pace *pace);

/* It is not sent after all. */
void wx_pace_cancel(wx_pace *pace);

/* Its answer's first byte came at `then`, or it ended without one. */
void wx_pace_answered(wx_pace *pace, int64_t then);

#endif
