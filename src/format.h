/* format.h: is this text what its field says it is?
 *
 * Pure functions on bytes: no Lua, no allocation, no locale. */
#ifndef WX_FORMAT_H
#define WX_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

/* 8-4-4-4-12 hex digits, either case. */
bool wx_is_guid(const char *text, size_t size);

/* Well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. */
bool wx_is_utf8(const char *text, size_t size);

/* Bytes of the character at `text` if it is well-formed UTF-8, else 0. */
size_t wx_utf8_length(const char *text, size_t size);

/* A date-time as RFC 3339 writes it. */
bool wx_is_date(const char *text, size_t size);

/* NULL if mail can go there as far as the text shows, else the reason in words. Static text.
 * Meant to catch what people mistype; whether the mailbox exists only a mail can tell.
 * Letters beyond ASCII are let through on both sides of the @: whether the service takes them is its business. */
const char *wx_email_problem(const char *text, size_t size);

/* NULL if the text can be an opaque id (a role id), else the reason in words. Static text. */
const char *wx_id_problem(const char *text, size_t size);

#endif
