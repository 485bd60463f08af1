/* format.c: see format.h. Nothing here uses <ctype.h>, whose answers depend on the locale. */
#include "format.h"

#include <stdint.h>
#include <string.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool wx_is_guid(const char *text, size_t size) {
  if (size != 36) return false;
  for (size_t i = 0; i < size; i++) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

size_t wx_utf8_length(const char *text, size_t size) {
  const unsigned char *s = (const unsigned char *)text;
  if (size == 0) return 0;
  if (s[0] < 0x80) return 1;
  size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
  if (s[0] < 0xC2 || s[0] > 0xF4 || size < length) return 0;
  /* the second byte decides overlong forms, surrogates and the upper end */
  unsigned char low = 0x80, high = 0xBF;
  if (s[0] == 0xE0) low = 0xA0;
  if (s[0] == 0xED) high = 0x9F;
  if (s[0] == 0xF0) low = 0x90;
  if (s[0] == 0xF4) high = 0x8F;
  if (s[1] < low || s[1] > high) return 0;
  for (size_t i = 2; i < length; i++)
    if (s[i] < 0x80 || s[i] > 0xBF) return 0;
  return length;
}

bool wx_is_utf8(const char *text, size_t size) {
  size_t i = 0;
  while (i < size) {
    uint64_t eight;
    if (size - i >= sizeof eight) { /* most text is ASCII: eight bytes at a time */
      memcpy(&eight, text + i, sizeof eight);
      if ((eight & UINT64_C(0x8080808080808080)) == 0) {
        i += sizeof eight;
        continue;
      }
    }
    if ((unsigned char)text[i] < 0x80) {
      i++;
      continue;
    }
    size_t length = wx_utf8_length(text + i, size - i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

/* "dddd-dd-ddTdd:dd:dd": d is a digit, anything else stands for itself. */
static bool matches(const char *text, const char *pattern) {
  for (size_t i = 0; pattern[i]; i++)
    if (pattern[i] == 'd' ? !is_digit(text[i]) : text[i] != pattern[i]) return false;
  return true;
}

static int two_digits(const char *text) { return (text[0] - '0') * 10 + (text[1] - '0'); }

static int days_in(int year, int month) {
  static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : days[month - 1];
}

bool wx_is_date(const char *text, size_t size) {
  if (size < 20 || size > 40 || !matches(text, "dddd-dd-ddTdd:dd:dd")) return false;
  int year = two_digits(text) * 100 + two_digits(text + 2), month = two_digits(text + 5), day = two_digits(text + 8);
  if (month < 1 || month > 12 || day < 1 || day > days_in(year, month)) return false;
  if (two_digits(text + 11) > 23 || two_digits(text + 14) > 59 || two_digits(text + 17) > 60) return false;
  size_t i = 19;
  if (text[i] == '.') {
    size_t digits = 0;
    for (i++; i < size && is_digit(text[i]); i++) digits++;
    if (digits == 0) return false;
  }
  if (i + 1 == size && text[i] == 'Z') return true;
  return i + 6 == size && (text[i] == '+' || text[i] == '-') && matches(text + i + 1, "dd:dd") &&
         two_digits(text + i + 1) < 24 && two_digits(text + i + 4) < 60;
}

/* Characters nobody sees and spreadsheets like to add: no-break and zero-width spaces, the byte order mark, C1 controls. */
static bool is_invisible(const char *text, size_t length) {
  const unsigned char *s = (const unsigned char *)text;
  if (length == 2) return s[0] == 0xC2 && (s[1] < 0xA1 || s[1] == 0xAD);
  if (length != 3) return false;
  if (s[0] == 0xE2 && s[1] == 0x80) return s[2] <= 0x8F || (s[2] >= 0xA8 && s[2] <= 0xAF);
  if (s[0] == 0xE2 && s[1] == 0x81) return s[2] == 0x9F || (s[2] >= 0xA0 && s[2] <= 0xAF);
  return (s[0] == 0xE3 && s[1] == 0x80 && s[2] == 0x80) || (s[0] == 0xEF && s[1] == 0xBB && s[2] == 0xBF);
}

/* What no address holds, whichever side of the @ it is on. */
static const char *email_character_problem(const char *text, size_t size) {
  size_t ats = 0;
  for (size_t i = 0; i < size;) {
    unsigned char c = (unsigned char)text[i];
    if (is_alpha(text[i]) || is_digit(text[i])) { /* most are */
      i++;
      continue;
    }
    if (c >= 0x80) {
      size_t length = wx_utf8_length(text + i, size - i);
      if (length == 0) return "it is not valid UTF-8";
      if (is_invisible(text + i, length)) return "it holds an invisible character or a no-break space";
      i += length;
      continue;
    }
    if (c == ' ' || c == '\t') return "it holds a blank";
    if (c < 0x20 || c == 0x7F) return "it holds a control character";
    if (c == '<' || c == '>') return "it holds < or >: give the address alone, without the name";
    if (c == ',' || c == ';') return "it holds a comma or semicolon: one address an item, and dots in its domain";
    if (strchr("()[]\\\":", (char)c)) return "it holds a character that addresses do not have";
    if (c == '@') ats++;
    i++;
  }
  if (ats == 0) return "it has no @";
  if (ats > 1) return "it has more than one @";
  return NULL;
}

/* One part of a domain between dots. */
static const char *label_problem(const char *label, size_t size) {
  if (size == 0) return "its domain has two dots in a row, or begins or ends with one";
  if (size > 63) return "a part of its domain is longer than 63 bytes";
  if (label[0] == '-' || label[size - 1] == '-') return "a part of its domain begins or ends with a hyphen";
  for (size_t i = 0; i < size; i++)
    if (!is_alpha(label[i]) && !is_digit(label[i]) && label[i] != '-' && (unsigned char)label[i] < 0x80)
      return "its domain holds a character that domains do not have";
  return NULL;
}

static const char *domain_problem(const char *domain, size_t size) {
  if (size == 0) return "it has nothing after the @";
  if (size > 253) return "its domain is longer than 253 bytes";
  size_t start = 0, labels = 0, last_size = 0;
  bool last_is_number = false;
  for (size_t i = 0; i <= size; i++) {
    if (i < size && domain[i] != '.') continue;
    const char *problem = label_problem(domain + start, i - start);
    if (problem) return problem;
    last_is_number = true;
    for (size_t j = start; j < i; j++)
      if (!is_digit(domain[j])) last_is_number = false;
    last_size = i - start;
    start = i + 1;
    labels++;
  }
  if (labels < 2) return "its domain has no dot";
  if (last_is_number) return "its domain ends in a number";
  if (last_size < 2) return "its domain ends in a single character";
  return NULL;
}

const char *wx_email_problem(const char *text, size_t size) {
  if (size == 0) return "it is empty";
  if (size > 254) return "it is longer than 254 bytes";
  const char *problem = email_character_problem(text, size);
  if (problem) return problem;
  const char *at = memchr(text, '@', size);
  if (!at) return "it has no @";
  size_t local = (size_t)(at - text);
  if (local == 0) return "it has nothing before the @";
  if (local > 64) return "it has more than 64 bytes before the @";
  if (text[0] == '.' || text[local - 1] == '.') return "it has a dot beside the @ or at its start";
  for (size_t i = 1; i < local; i++)
    if (text[i] == '.' && text[i - 1] == '.') return "it has two dots in a row";
  return domain_problem(at + 1, size - local - 1);
}

const char *wx_id_problem(const char *text, size_t size) {
  if (size == 0) return "it is empty";
  if (size > 256) return "it is longer than 256 bytes";
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c <= 0x20 || c >= 0x7F) return "it holds a blank, a control character or a character beyond ASCII";
  }
  return NULL;
}
