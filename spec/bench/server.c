/* server.c: the benchmark's server. Answers every request on 127.0.0.1 with the same Bulk Invite answer, fast, so that
 * what is measured is the client.
 *
 * Prints its port, and for each connection that ended the requests it carried, their bytes and the sum of these bytes:
 * two clients that sent the same requests, their JSON in whatever order, have the same numbers. Ends when its input
 * does, so that it never outlives who started it. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 64 * 1024, EVENTS = 16 };

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

static char answer[sizeof BODY + 512];
static size_t answer_size;

typedef struct connection {
  int fd;
  size_t size;
  uint64_t requests, bytes, sum;
  char request[REQUEST_MAX + 1];
} connection;

static void die(const char *what) {
  fprintf(stderr, "server: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
  exit(1);
}

static void write_answer(void) {
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
                      sizeof BODY - 1, BODY);
  if (size < 0 || (size_t)size >= sizeof answer) die("the answer does not fit");
  answer_size = (size_t)size;
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

static void finish(connection *one) {
  printf("requests %llu bytes %llu sum %llu\n", (unsigned long long)one->requests, (unsigned long long)one->bytes,
         (unsigned long long)one->sum);
  fflush(stdout);
  close(one->fd);
  free(one);
}

/* Answers each request that has come whole. False: the connection is of no more use. */
static bool serve(connection *one) {
  ssize_t got = recv(one->fd, one->request + one->size, REQUEST_MAX - one->size, 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  for (ssize_t i = 0; i < got; i++) one->sum += (unsigned char)one->request[one->size + (size_t)i];
  one->bytes += (uint64_t)got;
  one->size += (size_t)got;
  for (size_t whole; (whole = request_size(one->request, one->size)) > 0;) {
    if (whole > REQUEST_MAX) return false;
    one->size -= whole;
    memmove(one->request, one->request + whole, one->size);
    one->requests++;
    /* a client that waits for its answer always has room for it */
    if (send(one->fd, answer, answer_size, MSG_NOSIGNAL) != (ssize_t)answer_size) return false;
  }
  return true;
}

static void greet(int listener, int poller) {
  int on = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connection *one = calloc(1, sizeof *one);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = one };
  if (!one || epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) die("cannot take a connection");
  one->fd = fd;
}

static int listen_locally(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 64) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &size) != 0)
    die("cannot listen");
  printf("%u\n", (unsigned)ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

int main(void) {
  static int listener, input = STDIN_FILENO; /* their addresses tell them from connections */
  int poller = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event events[EVENTS];
  struct epoll_event listening = { .events = EPOLLIN, .data.ptr = &listener };
  struct epoll_event watching = { .events = EPOLLIN, .data.ptr = &input };
  write_answer();
  listener = listen_locally();
  if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &listening) != 0) die("epoll");
  if (epoll_ctl(poller, EPOLL_CTL_ADD, input, &watching) != 0) die("the input must be a pipe or a terminal");
  for (;;) {
    int count = epoll_wait(poller, events, EVENTS, -1);
    if (count < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < count; i++) {
      char ignored[64];
      void *who = events[i].data.ptr;
      if (who == &listener) greet(listener, poller);
      else if (who != &input) {
        if (!serve(who)) finish(who);
      } else if (read(input, ignored, sizeof ignored) <= 0) return 0;
    }
  }
}
