/* pace.c: see pace.h. */
#include "pace.h"

#include <stdlib.h>

bool wx_pace_init(wx_pace *pace, size_t calls, int64_t per) {
  pace->calls = pace->limit = calls;
  pace->grows = 0;
  pace->per = per;
  pace->in_flight = pace->first = pace->count = 0;
  pace->answered = calls <= SIZE_MAX / sizeof(int64_t) ? malloc(calls * sizeof(int64_t)) : NULL;
  return pace->answered != NULL;
}

void wx_pace_free(wx_pace *pace) {
  free(pace->answered);
  pace->answered = NULL;
}

void wx_pace_slow(wx_pace *pace, int64_t until) {
  pace->limit = pace->limit > 1 ? pace->limit / 2 : 1;
  pace->grows = until + pace->per;
}

static void recover(wx_pace *pace, int64_t now) {
  size_t step = pace->calls / 8 ? pace->calls / 8 : 1;
  while (pace->limit < pace->calls && pace->grows <= now) {
    pace->limit = pace->calls - pace->limit > step ? pace->limit + step : pace->calls;
    pace->grows += pace->per;
  }
}

int64_t wx_pace_wait(wx_pace *pace, int64_t now) {
  recover(pace, now);
  while (pace->count > 0 && pace->answered[pace->first] + pace->per <= now) {
    pace->first = (pace->first + 1) % pace->calls;
    pace->count--;
  }
  size_t busy = pace->in_flight + pace->count;
  if (busy < pace->limit) return 0;
  /* so many of the oldest answers have to grow old; where there are not as many, one in flight has to come back */
  size_t needed = busy - pace->limit + 1;
  int64_t wait = INT64_MAX;
  if (needed <= pace->count) wait = pace->answered[(pace->first + needed - 1) % pace->calls] + pace->per - now;
  if (pace->limit < pace->calls && pace->grows - now < wait) wait = pace->grows - now;
  return wait;
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
