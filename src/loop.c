/* loop.c: see loop.h. */
#include "loop.h"

#include <stdlib.h>
#include <string.h>

wx_loop *wx_loop_new(void) {
  wx_loop *loop = calloc(1, sizeof *loop);
  if (loop && !wx_poller_open(&loop->poller)) {
    free(loop);
    return NULL;
  }
  if (loop) loop->owners = 1;
  return loop;
}

wx_loop *wx_loop_keep(wx_loop *loop) {
  loop->owners++;
  return loop;
}

void wx_loop_drop(wx_loop *loop) {
  if (--loop->owners > 0) return;
  wx_poller_close(&loop->poller);
  free(loop);
}

void wx_loop_expect(wx_loop *loop, wx_exchange *exchange) {
  exchange->listing = WX_EXPECTED;
  loop->flying++;
}

void wx_loop_ended(wx_loop *loop, wx_exchange *exchange) {
  if (exchange->listing != WX_EXPECTED) return;
  exchange->listing = WX_LISTED;
  exchange->next = NULL;
  exchange->previous = loop->last;
  if (loop->last) loop->last->next = exchange;
  else loop->first = exchange;
  loop->last = exchange;
}

void wx_loop_forget(wx_loop *loop, wx_exchange *exchange) {
  if (exchange->listing == WX_UNLISTED) return;
  if (exchange->listing == WX_LISTED) {
    if (exchange->previous) exchange->previous->next = exchange->next;
    else loop->first = exchange->next;
    if (exchange->next) exchange->next->previous = exchange->previous;
    else loop->last = exchange->previous;
  }
  exchange->listing = WX_UNLISTED;
  loop->flying--;
}

wx_exchange *wx_loop_take(wx_loop *loop) {
  wx_exchange *exchange = loop->first;
  if (exchange) wx_loop_forget(loop, exchange);
  return exchange;
}
