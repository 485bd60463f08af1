/* engine.h: who runs. Drives any number of exchanges on one multi handle.
 *
 * Owns the multi handle with its connections, and finished exchanges for the calls to come. Its sockets and timers are
 * the loop's to wait for: wx_poller_step(&loop->poller, …) moves the exchanges of all engines on. Knows no Lua. */
#ifndef WX_ENGINE_H
#define WX_ENGINE_H

#include "loop.h"

/* Of the exchanges that ended so far. */
typedef struct wx_counts {
  uint64_t exchanges;
  uint64_t connections, reused; /* opened; exchanges that found one open */
  uint64_t sent, received;      /* bytes */
} wx_counts;

typedef struct wx_engine {
  wx_watcher watcher; /* first: it is the engine, to the poller */
  wx_loop *loop;
  CURLM *multi;
  wx_exchange *spare; /* handles kept for the calls to come, chained: a new one each time costs more */
  size_t spares;
  size_t max_answer;
  CURLMcode broken; /* what libcurl said when it could not go on; CURLM_OK while it can */
  wx_counts counts;
} wx_engine;

/* Initialises libcurl for the process, once, whichever thread comes first. */
void wx_engine_global(void);

/* The most calls that will be in flight say how many connections are worth keeping. */
bool wx_engine_open(wx_engine *engine, wx_loop *loop, size_t max_answer, size_t concurrency);

/* Every exchange must have been released before. */
void wx_engine_close(wx_engine *engine);

/* An exchange to prepare and start; NULL where there is no memory. Give it back with wx_engine_release, whatever
 * became of it: one that still runs is cut off. */
wx_exchange *wx_engine_acquire(wx_engine *engine);
void wx_engine_release(wx_engine *engine, wx_exchange *exchange);

/* It goes out with the poller's next step, and is marked `done` by the one that ends it. */
CURLMcode wx_engine_start(wx_engine *engine, wx_exchange *exchange);

/* Takes a running exchange off; what it had done so far can still be asked. */
void wx_engine_stop(wx_engine *engine, wx_exchange *exchange);

#endif
