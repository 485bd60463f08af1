/* redact.c: see redact.h. Each scanner answers how many bytes at the front of the text are its own. */
#include "redact.h"

#include "format.h"

#include <string.h>
#include <strings.h>

static const char MASK[] = "[masked]";

static bool is_token(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static size_t secret_at(const char *text, size_t size, const wx_secret *secrets, size_t count) {
  size_t longest = 0; /* one key may begin with another */
  for (size_t i = 0; i < count; i++)
    if (secrets[i].size > longest && secrets[i].size <= size && text[0] == secrets[i].bytes[0] &&
        memcmp(text, secrets[i].bytes, secrets[i].size) == 0)
      longest = secrets[i].size;
  return longest;
}

/* IST. and up to three parts of base64url between dots. */
static size_t key_at(const char *text, size_t size) {
  if (size < 12 || memcmp(text, "IST.", 4) != 0) return 0;
  size_t i = 3;
  for (int part = 0; part < 3 && i + 1 < size && text[i] == '.' && is_token(text[i + 1]); part++)
    for (i++; i < size && is_token(text[i]);) i++;
  return i > 3 ? i : 0;
}

/* Length of "http://" or "https://", also with slashes escaped as JSON may have them. */
static size_t scheme_at(const char *text, size_t size) {
  size_t i;
  if (size > 5 && strncasecmp(text, "https:", 6) == 0) i = 6;
  else if (size > 4 && strncasecmp(text, "http:", 5) == 0) i = 5;
  else return 0;
  size_t slashes = 0;
  while (i < size && (text[i] == '/' || text[i] == '\\')) slashes += text[i++] == '/';
  return slashes >= 1 ? i : 0; /* one is enough for a browser */
}

static bool ends_url(char c) {
  return (unsigned char)c <= 0x20 || c == '"' || c == '\'' || c == '<' || c == '>' || c == '`' || c == 0x7F;
}

static bool is_public(const char *host, size_t size) {
  static const char *const documentation[] = { "dev.wix.com", "support.wix.com" };
  for (size_t i = 0; i < sizeof documentation / sizeof *documentation; i++)
    if (strlen(documentation[i]) == size && strncasecmp(host, documentation[i], size) == 0) return true;
  return false;
}

static bool is_host(char c) { return is_token(c) || c == '.' || c == ':' || c == '[' || c == ']'; }

static bool ends_authority(char c) { return c == '/' || c == '\\' || c == '?' || c == '#'; }

/* Writes what may be shown of the URL at the front, tells its whole length; 0 where there is none. */
static size_t url_at(wx_buffer *out, const char *text, size_t size, bool *ok) {
  size_t scheme = scheme_at(text, size), host = scheme;
  if (scheme == 0) return 0;
  for (size_t i = host; i < size && !ends_url(text[i]) && !ends_authority(text[i]); i++)
    if (text[i] == '@') host = i + 1; /* a name and a password went before */
  size_t end = host;
  while (end < size && is_host(text[end])) end++;
  if (host == scheme && is_public(text + host, end - host)) {
    *ok = wx_buffer_append(out, text, end) == WX_APPENDED;
    return end;
  }
  *ok = wx_buffer_append(out, text, strcspn(text, ":")) == WX_APPENDED &&
        wx_buffer_append_text(out, "://") == WX_APPENDED &&
        wx_buffer_append(out, text + host, end - host) == WX_APPENDED;
  size_t path = end;
  bool more = false; /* a host of odd characters goes on, and a path may follow it */
  while (end < size && !ends_url(text[end])) more = more || ends_authority(text[end]), end++;
  if (!more) return path > host ? path : end;
  if (end - path > 1) *ok = *ok && wx_buffer_append_text(out, "/[masked]") == WX_APPENDED;
  else *ok = *ok && wx_buffer_append(out, "/", 1) == WX_APPENDED;
  return end;
}

/* Other shapes of what must not be shown: who connects, in a URL of any scheme ("://name:password@"); a URL that is
 * percent-encoded; the value of a token in a query. Writes what stands for it, tells its length; 0: none is here. */
static size_t other_secret_at(wx_buffer *out, const char *text, size_t size, bool *ok) {
  size_t end = 0;
  if (size > 3 && memcmp(text, "://", 3) == 0) {
    size_t at = 0;
    for (size_t i = 3; i < size && !ends_url(text[i]) && !ends_authority(text[i]); i++)
      if (text[i] == '@') at = i;
    for (end = 3; end < size && !ends_url(text[end]);) end++;
    *ok = wx_buffer_append_text(out, "://[masked]") == WX_APPENDED;
    return at ? at : end;
  }
  if (size > 15 && strncasecmp(text, "manage.wix.com/", 15) == 0) {
    for (end = 15; end < size && !ends_url(text[end]);) end++;
    *ok = wx_buffer_append_text(out, "manage.wix.com/[masked]") == WX_APPENDED;
    return end;
  }
  if (size > 13 && strncasecmp(text, "http", 4) == 0 &&
      (strncasecmp(text + 4, "%3A%2F%2F", 9) == 0 || (size > 14 && strncasecmp(text + 4, "s%3A%2F%2F", 10) == 0))) {
    while (end < size && !ends_url(text[end]) && text[end] != '&') end++;
    *ok = wx_buffer_append_text(out, MASK) == WX_APPENDED;
    return end;
  }
  if (size > 6 && strncasecmp(text, "token=", 6) == 0) {
    for (end = 6; end < size && !ends_url(text[end]) && text[end] != '&';) end++;
    *ok = wx_buffer_append_text(out, "token=[masked]") == WX_APPENDED;
    return end;
  }
  return 0;
}

/* Characters that reorder or hide what follows on a terminal or page. */
static bool is_treacherous(const char *text, size_t length) {
  const unsigned char *s = (const unsigned char *)text;
  if (length == 2) return s[0] == 0xC2 && s[1] < 0xA0;
  if (length != 3 || s[0] != 0xE2) return false;
  if (s[1] == 0x80) return (s[2] >= 0x8B && s[2] <= 0x8F) || (s[2] >= 0xA8 && s[2] <= 0xAE);
  return s[1] == 0x81 && s[2] >= 0xA0 && s[2] <= 0xAF;
}

/* One character, or what stands for it; tells its length. */
static size_t character(wx_buffer *out, const char *text, size_t size, bool *ok) {
  size_t length = wx_utf8_length(text, size);
  char c = text[0];
  if (c == '\n' || c == '\r' || c == '\t') *ok = wx_buffer_append(out, " ", 1) == WX_APPENDED;
  else if (length == 0 || (unsigned char)c < 0x20 || c == 0x7F || is_treacherous(text, length))
    *ok = wx_buffer_append(out, "?", 1) == WX_APPENDED;
  else *ok = wx_buffer_append(out, text, length) == WX_APPENDED;
  return length ? length : 1;
}

/* First pass: secrets go, wherever they stand; also in what the second pass would show of a URL. */
static bool mask_secrets(wx_buffer *out, const char *text, size_t size, const wx_secret *secrets, size_t count) {
  bool ok = true;
  for (size_t i = 0, used; i < size && ok; i += used) {
    used = secret_at(text + i, size - i, secrets, count);
    if (used == 0) used = key_at(text + i, size - i);
    if (used) ok = wx_buffer_append_text(out, MASK) == WX_APPENDED;
    else {
      used = 1;
      ok = wx_buffer_append(out, text + i, 1) == WX_APPENDED;
    }
  }
  return ok;
}

bool wx_is_showable(const char *text, size_t size, const wx_secret *secrets, size_t count) {
  for (size_t i = 0; i < size; i++) {
    char c = text[i];
    if ((unsigned char)c < 0x20 || (unsigned char)c > 0x7E || c == ':' || c == '%' || c == '=' || c == '/')
      return false; /* every URL has a colon, if only an encoded one, or a path, and every query an equals sign */
    if (c == 'I' && key_at(text + i, size - i)) return false;
  }
  for (size_t i = 0; i < count; i++)
    if (memmem(text, size, secrets[i].bytes, secrets[i].size)) return false;
  return true;
}

bool wx_redact(wx_buffer *out, const char *text, size_t size, const wx_secret *secrets, size_t count) {
  wx_buffer masked;
  wx_buffer_init(&masked, out->cap);
  bool whole = mask_secrets(&masked, text, size, secrets, count), ok = true; /* of a text too long there is a part */
  for (size_t i = 0, used; i < masked.size && ok; i += used) {
    used = url_at(out, masked.data + i, masked.size - i, &ok);
    if (used == 0) used = other_secret_at(out, masked.data + i, masked.size - i, &ok);
    if (used == 0) used = character(out, masked.data + i, masked.size - i, &ok);
  }
  wx_buffer_free(&masked);
  return ok && whole;
}
