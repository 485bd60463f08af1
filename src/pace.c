/* pace.c: see pace.h. */
#include "pace.h"

#include <stdlib.h>

bool wx_pace_init(wx_pace *pace, size_t calls, int64_t per) {
  pace->calls = calls;
  pace->per = per;
  pace->in_flight = pace->first = pace->count = 0;
  pace->answered = calls <= SIZE_MAX / sizeof(int64_t) ? malloc(calls * sizeof(int64_t)) : NULL;
  return pace->answered != NULL;
}

void wx_pace_free(wx_pace *pace) {
  free(pace->answered);
  pace->answered = NULL;
}

int64_t wx_pace_wait(wx_pace *pace, int64_t now) {
  while (pace->count > 0 && pace->answered[pace->first] + pace->per <= now) {
    pace->first = (pace->first + 1) % pace->calls;
    pace->count--;
  }
  if (pace->in_flight + pace->count < pace->calls) return 0;
  if (pace->count == 0) return INT64_MAX;
  return pace->answered[pace->first] + pace->per - now;
}

void wx_pace_start(wx_pace *pace) { pace->in_flight++; }

void wx_pace_cancel(wx_pace *pace) {
  if (pace->in_flight > 0) pace->in_flight--;
}

void wx_pace_answered(wx_pace *pace, int64_t then) {
  if (pace->in_flight == 0) return; /* nobody had started */
  pace->in_flight--;
  if (pace->count == pace->calls) return;
  /* the ring is ordered: an answer told late counts as of the latest known one, which errs to the slower side */
  if (pace->count > 0) {
    int64_t latest = pace->answered[(pace->first + pace->count - 1) % pace->calls];
    if (then < latest) then = latest;
  }
  pace->answered[(pace->first + pace->count) % pace->calls] = then;
  pace->count++;
}
