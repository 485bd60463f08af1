/* loop.h: what all engines of one Lua state share: the poller, and the exchanges that ended and wait to be looked at.
 *
 * Counted: whoever holds it has it for as long as it needs, whatever is collected first. Knows no Lua. */
#ifndef WX_LOOP_H
#define WX_LOOP_H

#include "exchange.h"
#include "poller.h"

typedef struct wx_loop {
  unsigned owners;
  wx_poller poller;
  wx_exchange *first, *last; /* ended, in order, of those that asked to be told */
  size_t flying;             /* of those, under way or not yet looked at */
} wx_loop;

/* NULL where there is no memory or no descriptor. The caller is its owner. */
wx_loop *wx_loop_new(void);
wx_loop *wx_loop_keep(wx_loop *loop);
void wx_loop_drop(wx_loop *loop);

/* The exchange wants to be listed once it has ended. */
void wx_loop_expect(wx_loop *loop, wx_exchange *exchange);

/* It has ended; does nothing unless it wanted to be listed. */
void wx_loop_ended(wx_loop *loop, wx_exchange *exchange);

/* It wants nothing any more. */
void wx_loop_forget(wx_loop *loop, wx_exchange *exchange);

/* The first that ended and was not looked at, taken off; NULL where there is none. */
wx_exchange *wx_loop_take(wx_loop *loop);

#endif
