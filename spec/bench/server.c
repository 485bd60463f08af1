/* server.c: the benchmark's server. Answers every request on 127.0.0.1 with the same Bulk Invite answer, fast, so that
 * what is measured is the client.
 *
 *   server [--tls CERTIFICATE KEY] [--delay MILLISECONDS] [--window CALLS] [--echo]
 *
 * With --echo the answer names the first address of the request as invited, under an id of its own.
 *
 * Prints its port, and each time that the last open connection has ended: connections and requests since the line
 * before, their bytes and the sum of these bytes: two clients that sent the same requests, their JSON in whatever order,
 * have the same numbers. With --window also the least time in microseconds, by this server's clock, between a request
 * and the one that came so many calls after it. Ends when its input does, so that it never outlives who started it. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MAX = 64 * 1024, EVENTS = 64, STAMPS_MAX = 1000000 };

#define INVITE(id, email, token)                                                                                       \
  "{\"id\":\"" id "\",\"siteId\":\"a1d7cc01-27f0-4c5a-9b42-6f2d0e8b7a10\",\"email\":\"" email "\","                    \
  "\"policyIds\":[\"6732588207941061632\"],\"status\":\"Pending\","                                                    \
  "\"acceptLink\":\"https://users.wix.com/invites/site-invite/accept?token=" token "&lang=en\","                       \
  "\"inviterAccountId\":\"0f6e5d4c-3b2a-4190-8e7d-6c5b4a392817\",\"inviterId\":\"0f6e5d4c-3b2a-4190-8e7d-"             \
  "6c5b4a392817\","                                                                                                    \
  "\"acceptedByAccountId\":null,\"dateCreated\":\"2025-03-14T09:26:53.589Z\","                                         \
  "\"expirationDate\":\"2025-04-13T09:26:53.589Z\",\"staffId\":null,"                                                  \
  "\"locationIds\":[\"7c9e6679-7425-40de-944b-e07fc1f90ae7\"],\"callerCapabilities\":[\"RESEND\",\"REVOKE\"]}"

static const char BODY[] = "{\"invites\":[" INVITE(
  "5f3c9c5e-8d0a-4a57-9f5e-0d6f6b1c2a11", "ann@example.com",
  "eyJraWQiOiJ5b2NLcmJtZSIsImFsZyI6IkhTMjU2In0.eyJpbnZpdGVJZCI6IjVmM2M5YzVlIiwic2l0ZUlkIjoiYTFkN2NjMDEifQ."
  "Qm9iIGFuZCBBbm4gd2VyZSBoZXJlIHRvZGF5") "," INVITE("81b2d6f0-41c3-4d0e-a7a6-2f9c3e5d7b44", "bob@example.com",
                                                     "eyJraWQiOiJ5b2NLcmJtZSIsImFsZyI6IkhTMjU2In0."
                                                     "eyJpbnZpdGVJZCI6IjgxYjJkNmYwIiwic2l0ZUlkIjoiYTFkN2NjMDEifQ."
                                                     "VG9kYXkgQm9iIGFuZCBBbm4gd2VyZSBoZXJl") "],\"failedEmails\":[]}";

static const char INVITED[] = "{\"invites\":[" INVITE(
  "%08llx-8d0a-4a57-9f5e-0d6f6b1c2a11", "%.*s",
  "eyJraWQiOiJ5b2NLcmJtZSIsImFsZyI6IkhTMjU2In0.eyJpbnZpdGVJZCI6IjVmM2M5YzVlIiwic2l0ZUlkIjoiYTFkN2NjMDEifQ."
  "Qm9iIGFuZCBBbm4gd2VyZSBoZXJlIHRvZGF5") "],\"failedEmails\":[]}";

enum { EMAIL_MAX = 320 };

static char answer[sizeof BODY + 512];
static size_t answer_size;
static bool echo;

typedef struct connection {
  int fd;
  SSL *tls; /* NULL: bytes go as they are */
  size_t size;
  int64_t due;             /* when its answer goes out; 0: none waits */
  struct connection *next; /* of those whose answers wait, by the time they are due */
  char request[REQUEST_MAX + 1];
} connection;

static SSL_CTX *tls;
static int64_t delay; /* microseconds */
static connection *first_waiting, *last_waiting;
static size_t window, stamped; /* calls */
static int64_t stamps[STAMPS_MAX];
static uint64_t connections, requests, bytes, sum, open_now;

static void die(const char *what) {
  fprintf(stderr, "server: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
  exit(1);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void write_answer(const char *body) {
  int size = snprintf(answer, sizeof answer,
                      "HTTP/1.1 200 OK\r\n"
                      "Content-Type: application/json\r\n"
                      "Content-Length: %zu\r\n"
                      "Connection: keep-alive\r\n"
                      "Date: Fri, 14 Mar 2025 09:26:53 GMT\r\n"
                      "Server: Pepyaka\r\n"
                      "Cache-Control: no-cache\r\n"
                      "X-Wix-Request-Id: 1741944413.589556792796277844\r\n"
                      "\r\n%s",
                      strlen(body), body);
  if (size < 0 || (size_t)size >= sizeof answer) die("the answer does not fit");
  answer_size = (size_t)size;
}

/* The answer to this request alone. */
static void write_echo(const char *request, size_t size) {
  static const char before[] = "\"emails\":[\"";
  char body[sizeof INVITED + EMAIL_MAX];
  const char *email = memmem(request, size, before, sizeof before - 1);
  if (!email) die("a request without addresses");
  email += sizeof before - 1;
  const char *end = memchr(email, '"', size - (size_t)(email - request));
  if (!end || end - email > EMAIL_MAX) die("an address without end");
  snprintf(body, sizeof body, INVITED, (unsigned long long)requests, (int)(end - email), email);
  write_answer(body);
}

/* ---- what it saw --------------------------------------------------------------------------------------------------- */

static void tell(void) {
  printf("connections %llu requests %llu bytes %llu sum %llu", (unsigned long long)connections,
         (unsigned long long)requests, (unsigned long long)bytes, (unsigned long long)sum);
  if (window) {
    int64_t least = INT64_MAX;
    for (size_t i = window; i < stamped; i++)
      if (stamps[i] - stamps[i - window] < least) least = stamps[i] - stamps[i - window];
    printf(" span %lld", least == INT64_MAX ? -1 : (long long)least);
  }
  printf("\n");
  fflush(stdout);
  connections = requests = bytes = sum = 0;
  stamped = 0;
}

static void stamp(void) {
  requests++;
  if (window && stamped < STAMPS_MAX) stamps[stamped++] = now();
}

/* ---- bytes ----------------------------------------------------------------------------------------------------------- */

/* Bytes read; 0 at the end; less where there is nothing for now. */
static ssize_t receive(connection *one) {
  size_t room = REQUEST_MAX - one->size;
  if (one->tls) {
    int got = SSL_read(one->tls, one->request + one->size, (int)room);
    if (got > 0) return got;
    int why = SSL_get_error(one->tls, got);
    ERR_clear_error();
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? -1 : 0;
  }
  ssize_t got = recv(one->fd, one->request + one->size, room, 0);
  return got < 0 && errno != EAGAIN && errno != EINTR ? 0 : got;
}

/* A client that waits for its answer always has room for it. */
static bool give(connection *one) {
  if (one->tls) return SSL_write(one->tls, answer, (int)answer_size) == (int)answer_size;
  return send(one->fd, answer, answer_size, MSG_NOSIGNAL) == (ssize_t)answer_size;
}

/* Bytes of the request at the front: 0 while it has not come whole, more than REQUEST_MAX where it never will. */
static size_t request_size(const char *text, size_t size) {
  const char *end = memmem(text, size, "\r\n\r\n", 4);
  if (!end) return size < REQUEST_MAX ? 0 : REQUEST_MAX + 1;
  size_t head = (size_t)(end - text) + 4;
  unsigned long body = 0;
  for (const char *line = text; line < end;) {
    static const char name[] = "\nContent-Length:";
    if (strncasecmp(line, name, sizeof name - 1) == 0) body = strtoul(line + sizeof name - 1, NULL, 10);
    line = memchr(line + 1, '\n', (size_t)(end - line));
    if (!line) break;
  }
  if (body > REQUEST_MAX - head) return REQUEST_MAX + 1;
  return size < head + body ? 0 : head + body;
}

/* ---- connections ----------------------------------------------------------------------------------------------------- */

static void finish(connection *one) {
  if (one->due) { /* it had enough before its answer was due */
    connection **link = &first_waiting;
    last_waiting = NULL;
    while (*link) {
      if (*link == one) *link = one->next;
      else {
        last_waiting = *link;
        link = &(*link)->next;
      }
    }
  }
  SSL_free(one->tls);
  close(one->fd);
  free(one);
  if (--open_now == 0) tell();
}

static bool answer_or_wait(connection *one) {
  if (!delay) return give(one);
  one->due = now() + delay;
  one->next = NULL;
  if (last_waiting) last_waiting->next = one;
  else first_waiting = one;
  last_waiting = one;
  return true;
}

/* Answers each request that has come whole. False: the connection is of no more use. */
static bool serve(connection *one) {
  ssize_t got;
  while ((got = receive(one)) > 0) {
    for (ssize_t i = 0; i < got; i++) sum += (unsigned char)one->request[one->size + (size_t)i];
    bytes += (uint64_t)got;
    one->size += (size_t)got;
    for (size_t whole; (whole = request_size(one->request, one->size)) > 0;) {
      if (whole > REQUEST_MAX || one->due) return false; /* nobody of ours asks twice at once */
      if (echo) write_echo(one->request, whole);
      one->size -= whole;
      memmove(one->request, one->request + whole, one->size);
      stamp();
      if (!answer_or_wait(one)) return false;
    }
    if (!one->tls) return true; /* what else came is told of again */
  }
  return got < 0;
}

/* Milliseconds until the next is due; -1: none is. */
static int serve_due(void) {
  while (first_waiting) {
    connection *one = first_waiting;
    int64_t left = one->due - now();
    if (left > 0) return (int)((left + 999) / 1000);
    first_waiting = one->next;
    if (!first_waiting) last_waiting = NULL;
    one->due = 0;
    if (!give(one)) finish(one);
  }
  return -1;
}

static void greet(int listener, int poller) {
  int on = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connection *one = calloc(1, sizeof *one);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = one };
  if (!one || epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) die("cannot take a connection");
  one->fd = fd;
  if (tls) {
    one->tls = SSL_new(tls);
    if (!one->tls || SSL_set_fd(one->tls, fd) != 1) die("OpenSSL cannot take a connection");
    SSL_set_accept_state(one->tls);
  }
  connections++;
  open_now++;
}

/* ---- the program ----------------------------------------------------------------------------------------------------- */

static int listen_locally(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 512) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &size) != 0)
    die("cannot listen");
  printf("%u\n", (unsigned)ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

static void load(const char *certificate, const char *key) {
  tls = SSL_CTX_new(TLS_server_method());
  if (!tls || SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
    die("the certificate or its key cannot be used");
}

static void read_words(int count, char **words) {
  for (int i = 1; i < count; i++) {
    if (strcmp(words[i], "--tls") == 0 && i + 2 < count) {
      load(words[i + 1], words[i + 2]);
      i += 2;
    } else if (strcmp(words[i], "--delay") == 0 && i + 1 < count) delay = strtol(words[++i], NULL, 10) * 1000;
    else if (strcmp(words[i], "--window") == 0 && i + 1 < count) window = strtoul(words[++i], NULL, 10);
    else if (strcmp(words[i], "--echo") == 0) echo = true;
    else die("arguments: [--tls CERTIFICATE KEY] [--delay MILLISECONDS] [--window CALLS] [--echo]");
  }
  if (echo && delay) die("--echo goes without --delay: its answers are not kept");
}

int main(int count, char **words) {
  static int listener, input = STDIN_FILENO; /* their addresses tell them from connections */
  int poller = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event events[EVENTS];
  struct epoll_event listening = { .events = EPOLLIN, .data.ptr = &listener };
  struct epoll_event watching = { .events = EPOLLIN, .data.ptr = &input };
  read_words(count, words);
  write_answer(BODY);
  listener = listen_locally();
  if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &listening) != 0) die("epoll");
  if (epoll_ctl(poller, EPOLL_CTL_ADD, input, &watching) != 0) die("the input must be a pipe or a terminal");
  for (;;) {
    int ready = epoll_wait(poller, events, EVENTS, serve_due());
    if (ready < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < ready; i++) {
      char ignored[64];
      void *who = events[i].data.ptr;
      if (who == &listener) greet(listener, poller);
      else if (who != &input) {
        if (!serve(who)) finish(who);
      } else if (read(input, ignored, sizeof ignored) <= 0) return 0;
    }
  }
}
