/* poller.c: see poller.h. */
#include "poller.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* Few at once: whoever is told goes on while what belongs to its connection is still in the processor's caches. */
enum { EVENTS_AT_ONCE = 8, FIRST_CAPACITY = 64 };

int64_t wx_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

bool wx_poller_open(wx_poller *poller) {
  memset(poller, 0, sizeof *poller);
  poller->timer = -1;
  poller->alarm = poller->armed = WX_NEVER;
  poller->epoll = epoll_create1(EPOLL_CLOEXEC);
  return poller->epoll >= 0;
}

void wx_poller_close(wx_poller *poller) {
  if (poller->timer >= 0) close(poller->timer);
  if (poller->epoll >= 0) close(poller->epoll);
  poller->timer = poller->epoll = -1;
  free(poller->entries);
  free(poller->changed);
  poller->entries = NULL;
  poller->changed = NULL;
  poller->capacity = poller->changes = 0;
}

void wx_poller_add(wx_poller *poller, wx_watcher *watcher) {
  watcher->when = WX_NEVER;
  watcher->next = poller->watchers;
  poller->watchers = watcher;
}

void wx_poller_remove(wx_poller *poller, wx_watcher *watcher) {
  for (wx_watcher **link = &poller->watchers; *link; link = &(*link)->next) {
    if (*link != watcher) continue;
    *link = watcher->next;
    break;
  }
  for (size_t i = 0; i < poller->capacity; i++)
    if (poller->entries[i].watcher == watcher) wx_poller_forget(poller, (int)i);
}

/* ---- descriptors --------------------------------------------------------------------------------------------------- */

static bool reserve(wx_poller *poller, int descriptor) {
  size_t capacity = poller->capacity ? poller->capacity : FIRST_CAPACITY;
  if (descriptor < 0) return false;
  if ((size_t)descriptor < poller->capacity) return true;
  while (capacity <= (size_t)descriptor) capacity *= 2;
  wx_poller_entry *entries = realloc(poller->entries, capacity * sizeof *entries);
  if (!entries) return false;
  poller->entries = entries;
  int *changed = realloc(poller->changed, capacity * sizeof *changed);
  if (!changed) return false;
  poller->changed = changed;
  memset(entries + poller->capacity, 0, (capacity - poller->capacity) * sizeof *entries);
  poller->capacity = capacity;
  return true;
}

static void want(wx_poller *poller, wx_poller_entry *entry, unsigned wanted) {
  if (wanted && !entry->wanted) poller->awaited++;
  if (!wanted && entry->wanted) poller->awaited--;
  entry->wanted = (unsigned char)wanted;
}

/* Makes the kernel know what is wanted. */
static bool tell(wx_poller *poller, int descriptor) {
  wx_poller_entry *entry = &poller->entries[descriptor];
  struct epoll_event event = { .data.fd = descriptor };
  if (entry->known == entry->wanted) return true;
  if (entry->wanted & WX_READABLE) event.events |= EPOLLIN;
  if (entry->wanted & WX_WRITABLE) event.events |= EPOLLOUT;
  int how = !entry->wanted ? EPOLL_CTL_DEL : entry->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  int done = epoll_ctl(poller->epoll, how, descriptor, &event);
  if (done != 0 && entry->wanted && (errno == EEXIST || errno == ENOENT))
    done = epoll_ctl(poller->epoll, errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event);
  entry->known = entry->wanted;
  return done == 0 || !entry->wanted;
}

bool wx_poller_expect(wx_poller *poller, int descriptor) {
  if (!reserve(poller, descriptor)) return false;
  poller->entries[descriptor].announced = true;
  return true;
}

bool wx_poller_want(wx_poller *poller, wx_watcher *watcher, int descriptor, unsigned wanted) {
  if (!reserve(poller, descriptor)) return wanted == 0;
  wx_poller_entry *entry = &poller->entries[descriptor];
  want(poller, entry, wanted);
  entry->watcher = watcher;
  if (!entry->announced && !wanted) return tell(poller, descriptor); /* its number may soon be another's */
  if (!entry->changed) poller->changed[poller->changes++] = descriptor;
  entry->changed = true;
  return true;
}

void wx_poller_forget(wx_poller *poller, int descriptor) {
  if (descriptor < 0 || (size_t)descriptor >= poller->capacity) return;
  wx_poller_entry *entry = &poller->entries[descriptor];
  want(poller, entry, 0);
  (void)tell(poller, descriptor); /* else a process forked meanwhile, which has it too, would keep it watched */
  entry->watcher = NULL;
  entry->announced = false;
}

static bool tell_changes(wx_poller *poller) {
  bool all = true;
  for (size_t i = 0; i < poller->changes; i++) {
    poller->entries[poller->changed[i]].changed = false;
    if (!tell(poller, poller->changed[i])) all = false;
  }
  poller->changes = 0;
  return all;
}

/* ---- moments ------------------------------------------------------------------------------------------------------- */

int64_t wx_poller_next(const wx_poller *poller) {
  int64_t next = poller->alarm;
  for (const wx_watcher *watcher = poller->watchers; watcher; watcher = watcher->next)
    if (watcher->when < next) next = watcher->when;
  return next;
}

static void call_due(wx_poller *poller) {
  int64_t now = wx_clock();
  for (wx_watcher *watcher = poller->watchers, *next; watcher; watcher = next) {
    next = watcher->next;
    if (watcher->when > now) continue;
    watcher->when = WX_NEVER;
    watcher->due(watcher);
  }
}

/* Milliseconds to wait: rounded up, since waking early would make it spin. */
static int wait_for(const wx_poller *poller, int milliseconds) {
  int64_t next = wx_poller_next(poller);
  if (next == WX_NEVER || milliseconds <= 0) return milliseconds;
  int64_t left = next - wx_clock();
  if (left <= 0) return 0;
  if (left >= (int64_t)milliseconds * 1000) return milliseconds;
  return (int)((left + 999) / 1000);
}

static void drain_timer(wx_poller *poller) {
  uint64_t count;
  poller->armed = WX_NEVER;
  if (read(poller->timer, &count, sizeof count) < 0) return; /* somebody was quicker, or it was set anew */
}

bool wx_poller_step(wx_poller *poller, int milliseconds) {
  struct epoll_event events[EVENTS_AT_ONCE];
  poller->happened = false;
  call_due(poller);
  /* What keeps happening at moments must not keep descriptors from being looked at. */
  if (poller->happened && poller->awaited == 0) return true;
  if (!tell_changes(poller)) return false;
  int most = poller->happened ? 0 : wait_for(poller, milliseconds);
  int count = epoll_wait(poller->epoll, events, EVENTS_AT_ONCE, most);
  for (int i = 0; i < count; i++) {
    int descriptor = events[i].data.fd;
    if (descriptor == poller->timer) {
      drain_timer(poller);
      continue;
    }
    const wx_poller_entry *entry = &poller->entries[descriptor];
    unsigned happened =
      (events[i].events & EPOLLIN ? WX_READABLE : 0u) | (events[i].events & EPOLLOUT ? WX_WRITABLE : 0u);
    /* whoever reads or writes finds out what is wrong, in words */
    if (events[i].events & (EPOLLERR | EPOLLHUP)) happened |= entry->wanted;
    if (entry->watcher) entry->watcher->ready(entry->watcher, descriptor, happened);
  }
  call_due(poller);
  return true;
}

/* ---- being watched ------------------------------------------------------------------------------------------------- */

int wx_poller_descriptor(wx_poller *poller) {
  if (poller->timer < 0) {
    struct epoll_event event = { .events = EPOLLIN };
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer < 0) return -1;
    event.data.fd = timer;
    if (epoll_ctl(poller->epoll, EPOLL_CTL_ADD, timer, &event) != 0) {
      close(timer);
      return -1;
    }
    poller->timer = timer;
  }
  return wx_poller_settle(poller) ? poller->epoll : -1;
}

bool wx_poller_settle(wx_poller *poller) {
  if (poller->timer < 0) return true;
  int64_t next = wx_poller_next(poller);
  if (next != poller->armed) {
    struct itimerspec setting = { 0 }; /* nothing in it: never */
    if (next != WX_NEVER) {
      if (next < 1) next = 1; /* the clock's first microsecond is as good as any moment that has passed */
      setting.it_value.tv_sec = (time_t)(next / 1000000);
      setting.it_value.tv_nsec = (long)(next % 1000000) * 1000;
    }
    if (timerfd_settime(poller->timer, TFD_TIMER_ABSTIME, &setting, NULL) != 0) return false;
    poller->armed = next;
  }
  return tell_changes(poller);
}
