/* engine.h: who runs. Drives any number of exchanges on one multi handle.
 *
 * Owns the multi handle with its connections, and finished exchanges for the next call. Returns to its caller at least
 * whenever the time it was given is over, so that Lua can have the floor. Knows no Lua. */
#ifndef WX_ENGINE_H
#define WX_ENGINE_H

#include "exchange.h"

typedef struct wx_engine {
  CURLM *multi;
  wx_exchange *spare; /* a handle kept for the next call: a new one each time costs more */
  size_t max_answer;
  uint64_t connections; /* opened so far */
  uint64_t exchanges;   /* ended so far */
} wx_engine;

/* Initialises libcurl for the process, once, whichever thread comes first. */
void wx_engine_global(void);

bool wx_engine_open(wx_engine *engine, size_t max_answer);

/* Every exchange must have been released before. */
void wx_engine_close(wx_engine *engine);

/* An exchange to prepare and start; NULL where there is no memory. Give it back with wx_engine_release, whatever
 * became of it: one that still runs is cut off. */
wx_exchange *wx_engine_acquire(wx_engine *engine);
void wx_engine_release(wx_engine *engine, wx_exchange *exchange);

CURLMcode wx_engine_start(wx_engine *engine, wx_exchange *exchange);

/* Moves all transfers on, waiting at most so many milliseconds; exchanges that ended are marked `done`. A signal ends
 * the wait early. */
CURLMcode wx_engine_step(wx_engine *engine, int milliseconds);

/* Takes a running exchange off; what it had done so far can still be asked. */
void wx_engine_stop(wx_engine *engine, wx_exchange *exchange);

#endif
