/* poller.h: waiting: for descriptors and for moments, behind one descriptor that others can wait for too.
 *
 * Owns an epoll descriptor and, once somebody else watches, a timer in it. Whoever has descriptors or a moment to wait
 * for is a watcher. Knows neither Lua nor libcurl.
 * What is wanted of a descriptor reaches the kernel only before a wait: a connection that is let go and taken again in
 * between costs nothing. */
#ifndef WX_POLLER_H
#define WX_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Microseconds on a clock that never jumps. */
int64_t wx_clock(void);

#define WX_NEVER INT64_MAX

enum { WX_READABLE = 1, WX_WRITABLE = 2 };

typedef struct wx_watcher wx_watcher;
struct wx_watcher {
  void (*ready)(wx_watcher *watcher, int descriptor, unsigned events);
  void (*due)(wx_watcher *watcher); /* `when` has come; it is WX_NEVER again by then */
  int64_t when;
  wx_watcher *next;
};

typedef struct wx_poller_entry {
  wx_watcher *watcher;
  unsigned char wanted, known; /* by us, by the kernel */
  bool changed;                /* is in the list of those that the kernel has to be told of */
  bool announced;              /* its closing will be announced */
} wx_poller_entry;

typedef struct wx_poller {
  int epoll, timer;         /* timer: -1 until somebody watches */
  bool happened;            /* set by a watcher that has news for whoever waits: there is no need to wait on */
  wx_poller_entry *entries; /* by descriptor */
  int *changed;             /* descriptors; as much room as entries */
  size_t capacity, changes;
  size_t awaited; /* descriptors of which anything is wanted */
  wx_watcher *watchers;
  int64_t alarm, armed; /* a moment of somebody else's; what the timer is set to */
} wx_poller;

bool wx_poller_open(wx_poller *poller);
void wx_poller_close(wx_poller *poller);

/* A watcher begins, and ends, to be asked; it belongs to the caller. */
void wx_poller_add(wx_poller *poller, wx_watcher *watcher);
void wx_poller_remove(wx_poller *poller, wx_watcher *watcher);

/* Announces a descriptor that will be waited for, and whose closing will be told. False where there is no memory. */
bool wx_poller_expect(wx_poller *poller, int descriptor);

/* From now on the watcher wants this of the descriptor; 0: nothing. False where there is no memory. */
bool wx_poller_want(wx_poller *poller, wx_watcher *watcher, int descriptor, unsigned wanted);

/* It is about to be closed. */
void wx_poller_forget(wx_poller *poller, int descriptor);

/* Waits at most so many milliseconds, for the first of: a descriptor, a moment, a signal. Whoever it concerns is called.
 * False where the kernel refuses to watch a descriptor. */
bool wx_poller_step(wx_poller *poller, int milliseconds);

/* The earliest moment that any watcher waits for, or the alarm; WX_NEVER where there is none. */
int64_t wx_poller_next(const wx_poller *poller);

/* The one descriptor that becomes readable when wx_poller_step would find something to do; -1 where there can be none.
 * From the first call on, wx_poller_settle keeps it true. */
int wx_poller_descriptor(wx_poller *poller);

/* Tells the kernel what has changed, if somebody else watches the descriptor. Called whenever they may look at it next. */
bool wx_poller_settle(wx_poller *poller);

#endif
