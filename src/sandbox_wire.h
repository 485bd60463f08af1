/* sandbox_wire.h: what HTTP servers must never do to a socket, on purpose.
 *
 * Bytes past libmicrohttpd, plain or through its TLS session, and connections that are reset. Knows neither HTTP nor
 * Lua. Borrows descriptors; libmicrohttpd owns and closes them. */
#ifndef WX_SANDBOX_WIRE_H
#define WX_SANDBOX_WIRE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct wx_wire {
  int fd;
  void *tls; /* a gnutls_session_t, or NULL */
  bool (*stopping)(void *context);
  void *context;
} wx_wire;

/* Sends all of it. False where the other side is gone, or the server is being stopped. */
bool wx_wire_write(const wx_wire *wire, const char *bytes, size_t size);

/* Waits until everything written has left for the other side: a reset throws away what has not. */
void wx_wire_drain(const wx_wire *wire);

/* Sends RST at once. What libmicrohttpd does to the socket afterwards no longer matters. */
void wx_wire_reset(int fd);

#endif
