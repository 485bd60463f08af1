/* sandbox_wire.c: see sandbox_wire.h. */
#include "sandbox_wire.h"

#include <errno.h>
#include <limits.h>
#include <linux/tcp.h> /* newer than netinet/tcp.h: tcpi_notsent_bytes */
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { SLICE_MS = 50, DRAIN_TRIES = 2000 };
enum { TLS_AGAIN = -28, TLS_INTERRUPTED = -52 }; /* GNUTLS_E_AGAIN, GNUTLS_E_INTERRUPTED */

/* libmicrohttpd brings its gnutls along where it was built with TLS; the weak reference finds it without needing
 * gnutls's headers, and stays NULL where there is none. */
extern ssize_t gnutls_record_send(void *session, const void *data, size_t size) __attribute__((weak));

static ssize_t send_some(const wx_wire *wire, const char *bytes, size_t size) {
  if (!wire->tls) {
    ssize_t sent = send(wire->fd, bytes, size, MSG_NOSIGNAL);
    return sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? 0 : sent;
  }
  if (!gnutls_record_send) return -1;
  ssize_t sent = gnutls_record_send(wire->tls, bytes, size);
  return sent == TLS_AGAIN || sent == TLS_INTERRUPTED ? 0 : sent;
}

bool wx_wire_write(const wx_wire *wire, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t sent = send_some(wire, bytes, size);
    if (sent < 0) return false;
    if (sent == 0) { /* the other side reads slowly: look now and then whether the server is being stopped */
      struct pollfd ready = { .fd = wire->fd, .events = POLLOUT };
      if (poll(&ready, 1, SLICE_MS) < 0 && errno != EINTR) return false;
      if (wire->stopping(wire->context)) return false;
      continue;
    }
    bytes += sent;
    size -= (size_t)sent;
  }
  return true;
}

void wx_wire_drain(const wx_wire *wire) {
  for (int i = 0; i < DRAIN_TRIES; i++) {
    struct tcp_info info;
    socklen_t size = sizeof info;
    memset(&info, 0, sizeof info);
    if (getsockopt(wire->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return;
    if (info.tcpi_notsent_bytes == 0 || wire->stopping(wire->context)) return;
    (void)poll(NULL, 0, 1);
  }
}

void wx_wire_reset(int fd) {
  /* Closing with a linger time of zero would do, but libmicrohttpd shuts the socket down before it closes it, and the
   * other side may see that as an orderly end. Dissolving the association sends RST here and now. */
  struct linger none = { .l_onoff = 1, .l_linger = 0 };
  struct sockaddr nobody;
  memset(&nobody, 0, sizeof nobody);
  nobody.sa_family = AF_UNSPEC;
  (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  (void)connect(fd, &nobody, sizeof nobody);
}
