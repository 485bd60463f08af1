/* fault_server.c: a server on 127.0.0.1 that does to each request what the request's own plan says, and keeps count.
 *
 *   fault_server [wild]
 *
 * It prints its port. At the end of its input it waits until all connections are gone, prints what it saw and ends:
 *   NUMBER SEEN ACTED GOOD      for each call: attempts whose head arrived, times it acted ("mailed"), good answers that
 *                               were handed to the kernel to their last byte
 *   mixed COUNT                 requests that were not what their number says: of another call, cut, run together
 *   end
 *
 * A request is of call NUMBER where it has a header "X-Faults: NUMBER PLAN". The n-th letter of the plan is what becomes
 * of its n-th attempt; after the last letter all is well. An upper-case letter acts before it does what the lower-case
 * one does. What is well always acts; h, e and what refuses never do.
 *   k  good              c  good, "Connection: close"       s  good, byte by byte     v  good, in chunks, after a 103
 *   p  good, and the connection is closed soon after        i  the same with a reset
 *   h  reset when the head was read                         e  the same with a close
 *   r  reset when all was read                              x  the same with a close
 *   l  cut in the status line    m  cut in the head         y  cut in the body
 *   g  200 with garbage          z  200 with nothing        w  200 with JSON of another shape
 *   0  429, Retry-After: 0       1  429 with a date         2  429 with neither
 *   a  500      b  502           d  503      t  504         n  501
 *   q  400      f  403           o  302      j  403, cut in its body
 *   u  no answer at all
 *
 * `wild` adds what no call can be blamed for: by its number a connection is closed or reset before anything is read, and
 * now and then nobody listens for some milliseconds. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 100000, CONNECTIONS = 4096, EVENTS = 64, PLAN_MAX = 32, OUT_MAX = 2048, DEAF_MS = 3 };

typedef enum after { KEEP, CLOSE, RESET, CLOSE_SOON, RESET_SOON } after;

typedef struct connection {
  int fd;
  char *in;
  size_t in_size, in_room;
  size_t head, whole; /* bytes of the request under way; 0 until its head was read */
  unsigned number;    /* its call */
  char letter;        /* what becomes of it */
  char out[OUT_MAX];
  size_t out_size, out_done;
  bool drips; /* one byte at a time */
  after then;
  int64_t ends; /* when it is closed or reset, 0: not by itself */
} connection;

static struct { unsigned seen, acted, good; } truth[CALLS];
static connection *connections[CONNECTIONS];
static unsigned accepted, mixed, open_now, ending_soon;
static int poller, listener = -1;
static struct sockaddr_in address;
static int64_t listens_again;
static bool wild;

static void need(bool ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void watch(int operation, int fd, uint32_t events) {
  struct epoll_event event = { .events = events, .data = { .fd = fd } };
  need(epoll_ctl(poller, operation, fd, &event) == 0, "epoll_ctl");
}

/* ---- the sockets ----------------------------------------------------------------------------------------------------- */

static int bound_socket(void) {
  const int yes = 1;
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  need(fd >= 0, "socket");
  need(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0, "setsockopt");
  need(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "bind");
  need(getsockname(fd, (struct sockaddr *)&address, &size) == 0, "getsockname");
  return fd;
}

static void start_listening(void) {
  listener = bound_socket();
  need(listen(listener, 512) == 0, "listen");
  watch(EPOLL_CTL_ADD, listener, EPOLLIN);
}

static void stop_listening(void) {
  close(listener);
  listener = -1;
  listens_again = now_ms() + DEAF_MS;
}

static void end(int fd, bool reset) {
  const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
  if (reset) (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd);
}

static void drop(connection *c, bool reset) {
  connections[c->fd] = NULL;
  open_now--;
  if (c->ends) ending_soon--;
  end(c->fd, reset);
  free(c->in);
  free(c);
}

static void accept_all(void) {
  const int yes = 1;
  int fd;
  while (listener >= 0 && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    accepted++;
    if (wild && accepted % 61 == 0) stop_listening();
    if (wild && (accepted % 16 == 5 || accepted % 16 == 11)) {
      end(fd, accepted % 16 == 5);
      continue;
    }
    connection *c = calloc(1, sizeof *c);
    need(fd < CONNECTIONS && c, "another connection");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->fd = fd;
    connections[fd] = c;
    open_now++;
    watch(EPOLL_CTL_ADD, fd, EPOLLIN);
  }
}

/* ---- the answers ----------------------------------------------------------------------------------------------------- */

static bool is_good(char letter) { return strchr("kcsvpi", letter) != NULL; }

static bool of_path(const connection *c, const char *end_of_path) {
  const char *line_end = memchr(c->in, '\r', c->head);
  return memmem(c->in, (size_t)(line_end - c->in), end_of_path, strlen(end_of_path)) != NULL;
}

/* Is all of it there, nothing more, and is it of the call that its head names? */
static bool is_whole(const connection *c) {
  char text[32];
  if (c->in_size != c->whole) return false;
  if (of_path(c, "/revoke")) {
    (void)snprintf(text, sizeof text, "%012u/revoke", c->number);
    return of_path(c, text);
  }
  (void)snprintf(text, sizeof text, of_path(c, "/bulk") ? "\"n%u@" : "\"n%u\"", c->number);
  return memmem(c->in + c->head, c->whole - c->head, text, strlen(text)) != NULL;
}

static void put(connection *c, const char *text) {
  size_t size = strlen(text);
  need(c->out_size + size < OUT_MAX, "room for the answer");
  memcpy(c->out + c->out_size, text, size);
  c->out_size += size;
}

/* Answers how many of its bytes are the head. */
static size_t put_answer(connection *c, const char *status, const char *more, const char *body) {
  char head[512];
  size_t before = c->out_size;
  (void)snprintf(head, sizeof head,
                 "HTTP/1.1 %s\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/json\r\n"
                 "X-Wix-Request-Id: %u.%u\r\n%s",
                 status, c->number, truth[c->number].seen, more);
  put(c, head);
  if (strstr(more, "chunked")) (void)snprintf(head, sizeof head, "\r\n%zx\r\n", strlen(body));
  else (void)snprintf(head, sizeof head, "Content-Length: %zu\r\n\r\n", strlen(body));
  put(c, head);
  size_t size = c->out_size - before;
  put(c, body);
  if (strstr(more, "chunked")) put(c, "\r\n0\r\n\r\n");
  return size;
}

static void put_good(connection *c, char *body, size_t room) {
  if (of_path(c, "/bulk"))
    (void)snprintf(body, room,
                   "{\"invites\":[{\"id\":\"00000000-0000-4000-8000-%012u\",\"email\":\"n%u@example.com\","
                   "\"status\":\"Pending\"}],\"failedEmails\":[]}",
                   c->number, c->number);
  else (void)snprintf(body, room, of_path(c, "/revoke") ? "{}" : "{\"teamMembers\":[],\"facets\":{}}");
}

/* Only so many bytes of it go out. Where it is cut, and how, differs from call to call. */
static void cut(connection *c, size_t least, size_t most) {
  c->out_size = least + (c->number / 2) % (most - least);
  c->then = c->number % 2 ? CLOSE : RESET;
}

static void prepare(connection *c) {
  static const struct {
    char letter;
    const char *status, *more;
  } plain[] = {
    { 'a', "500 No", "" },
    { 'b', "502 No", "" },
    { 'd', "503 No", "Retry-After: 1\r\n" },
    { 't', "504 No", "" },
    { 'n', "501 No", "" },
    { 'q', "400 No", "" },
    { 'f', "403 No", "" },
    { 'o', "302 Elsewhere", "Location: /elsewhere\r\n" },
    { '0', "429 Wait", "Retry-After: 0\r\n" },
    { '1', "429 Wait", "Retry-After: Sun, 06 Nov 1994 08:49:40 GMT\r\n" },
    { '2', "429 Wait", "" },
  };
  char body[256];
  char letter = (char)tolower((unsigned char)c->letter);
  c->out_size = c->out_done = 0;
  c->drips = letter == 's';
  c->then = letter == 'c' ? CLOSE : letter == 'p' ? CLOSE_SOON : letter == 'i' ? RESET_SOON : KEEP;
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
    if (plain[i].letter == letter) {
      put_answer(c, plain[i].status, plain[i].more, "{\"message\":\"no\"}");
      return;
    }
  put_good(c, body, sizeof body);
  if (letter == 'v') put(c, "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n");
  if (letter == 'g') put_answer(c, "200 OK", "", c->number % 2 ? "{\"invites\":[{\"id\":" : "<html>gateway</html>");
  else if (letter == 'z') put_answer(c, "200 OK", "", "");
  else if (letter == 'w')
    put_answer(c, "200 OK", "", of_path(c, "/revoke") ? "[1]" : "{\"invites\":7,\"teamMembers\":7}");
  else if (letter == 'j') {
    put_answer(c, "403 No", "", "{\"message\":\"no\"}");
    c->out_size -= 5;
    c->then = CLOSE; /* a reset may take the answer with it */
  } else {
    const char *more = letter == 'v' ? "Transfer-Encoding: chunked\r\n" : letter == 'c' ? "Connection: close\r\n" : "";
    size_t head = put_answer(c, "200 OK", more, body);
    size_t status_line = strlen("HTTP/1.1 200 OK\r\n");
    if (letter == 'l') cut(c, 1, status_line - 2);
    if (letter == 'm') cut(c, status_line, head - 2);
    if (letter == 'y') cut(c, head, head + strlen(body));
  }
}

/* ---- one request ----------------------------------------------------------------------------------------------------- */

static void sent(connection *c) {
  after then = c->then;
  if (is_good(c->letter)) truth[c->number].good++;
  c->in_size = c->head = c->whole = 0;
  if (then == CLOSE || then == RESET) {
    drop(c, then == RESET);
    return;
  }
  if (then != KEEP) {
    c->ends = now_ms() + 1 + c->number % 3;
    ending_soon++;
  }
  watch(EPOLL_CTL_MOD, c->fd, EPOLLIN);
}

static void write_some(connection *c) {
  size_t left = c->out_size - c->out_done;
  ssize_t count = left ? send(c->fd, c->out + c->out_done, c->drips ? 1 : left, MSG_NOSIGNAL) : 0;
  if (count < 0 && errno != EAGAIN) {
    drop(c, false);
    return;
  }
  if (count > 0) c->out_done += (size_t)count;
  if (c->out_done == c->out_size) sent(c);
  else watch(EPOLL_CTL_MOD, c->fd, EPOLLOUT);
}

/* Reads its number, and what is to become of it. False where it has none. */
static bool read_head(connection *c) {
  char plan[PLAN_MAX + 1];
  const char *line, *length;
  c->in[c->in_size] = '\0';
  line = strcasestr(c->in, "\r\nX-Faults:");
  length = strcasestr(c->in, "\r\nContent-Length:");
  if (!line || sscanf(line + 11, "%u %32[A-Za-z0-9]", &c->number, plan) != 2 || c->number >= CALLS) return false;
  unsigned attempt = truth[c->number].seen++;
  c->letter = attempt < strlen(plan) ? plan[attempt] : 'k';
  c->whole = c->head + (length && length < c->in + c->head ? strtoul(length + 17, NULL, 10) : 0);
  return true;
}

static void go_on(connection *c) {
  if (c->whole == 0) {
    const char *blank = memmem(c->in, c->in_size, "\r\n\r\n", 4);
    if (!blank) return;
    c->head = (size_t)(blank - c->in) + 4;
    if (!read_head(c)) {
      mixed++;
      drop(c, true);
      return;
    }
    if (c->letter == 'h' || c->letter == 'e') {
      drop(c, c->letter == 'h');
      return;
    }
  }
  if (c->in_size < c->whole) return;
  if (!is_whole(c)) mixed++;
  else if (is_good(c->letter) || isupper((unsigned char)c->letter)) truth[c->number].acted++;
  switch (tolower((unsigned char)c->letter)) {
  case 'r': drop(c, true); return;
  case 'x': drop(c, false); return;
  case 'u': c->in_size = 0; return; /* until the other side has enough of it */
  default: prepare(c); write_some(c);
  }
}

static void read_some(connection *c) {
  if (c->in_room - c->in_size < 4096) {
    c->in_room = c->in_room ? c->in_room * 2 : 8192;
    c->in = realloc(c->in, c->in_room);
    need(c->in != NULL, "memory");
  }
  ssize_t count = recv(c->fd, c->in + c->in_size, c->in_room - c->in_size - 1, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) {
    drop(c, false);
    return;
  }
  if (c->ends) { /* the next request was read first: its plan says what happens now */
    c->ends = 0;
    ending_soon--;
  }
  c->in_size += (size_t)count;
  go_on(c);
}

/* ---- the program ----------------------------------------------------------------------------------------------------- */

static void look_at_the_clock(void) {
  int64_t now = now_ms();
  if (listener < 0 && listens_again <= now) start_listening();
  if (ending_soon == 0) return;
  for (int fd = 0; fd < CONNECTIONS; fd++) {
    connection *c = connections[fd];
    if (c && c->ends && c->ends <= now) drop(c, c->then == RESET_SOON);
  }
}

static void tell(void) {
  for (unsigned number = 0; number < CALLS; number++)
    if (truth[number].seen)
      printf("%u %u %u %u\n", number, truth[number].seen, truth[number].acted, truth[number].good);
  printf("mixed %u\nend\n", mixed);
}

int main(int count, char **arguments) {
  struct epoll_event events[EVENTS];
  bool over = false;
  char byte;
  wild = count > 1 && strcmp(arguments[1], "wild") == 0;
  poller = epoll_create1(EPOLL_CLOEXEC);
  need(poller >= 0, "epoll_create1");
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)bound_socket(); /* holds the port while nobody listens */
  start_listening();
  watch(EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  while (!over || open_now > 0) {
    int ready = epoll_wait(poller, events, EVENTS, ending_soon || listener < 0 ? 1 : -1);
    need(ready >= 0 || errno == EINTR, "epoll_wait");
    look_at_the_clock();
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) accept_all();
      else if (fd == STDIN_FILENO) {
        if (read(STDIN_FILENO, &byte, 1) > 0) continue;
        over = true;
        need(epoll_ctl(poller, EPOLL_CTL_DEL, STDIN_FILENO, NULL) == 0, "epoll_ctl");
        accept_all(); /* who came last may have sent something */
      } else if (connections[fd]) {
        /* what is told of a descriptor may be of the connection that had it before */
        if (connections[fd]->out_done < connections[fd]->out_size) write_some(connections[fd]);
        else read_some(connections[fd]);
      }
    }
  }
  tell();
  return 0;
}
