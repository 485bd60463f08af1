/* sandbox_request.h: one request from its first line to its end, as libmicrohttpd calls us for it.
 *
 * Owns the request's target and body, and what becomes of the answer. Runs in the connection's own thread; takes the
 * server's lock for each call of the service and for nothing else. */
#ifndef WX_SANDBOX_REQUEST_H
#define WX_SANDBOX_REQUEST_H

#include "sandbox_server.h"

#include <microhttpd.h>

/* Callbacks for MHD_start_daemon; `server` is a wx_server. */
void wx_request_connection(void *server, struct MHD_Connection *connection, void **number,
                           enum MHD_ConnectionNotificationCode code);
void *wx_request_open(void *server, const char *target, struct MHD_Connection *connection);
enum MHD_Result wx_request_handle(void *server, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **request);
void wx_request_completed(void *server, struct MHD_Connection *connection, void **request,
                          enum MHD_RequestTerminationCode code);

#endif
