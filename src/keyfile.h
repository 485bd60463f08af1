/* keyfile.h: reads a file that holds an API key, or says where it is and where it goes, if it is safe to believe.
 *
 * Knows neither Lua nor libcurl. What it read is the caller's to wipe. */
#ifndef WX_KEYFILE_H
#define WX_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

enum { WX_KEYFILE_MAX = 8192 };

typedef struct wx_keyfile {
  char text[WX_KEYFILE_MAX + 1];
  size_t size;
  bool readable_by_others; /* worth a warning where there is a key in it */
  bool absent;             /* there is no such file */
} wx_keyfile;

/* NULL, or the reason in words (static text, or the system's). Refused: what others can write, since they could put
 * their own key there and have the mails sent in their name; what is no file or pipe; what is too large to be a key. */
const char *wx_keyfile_read(wx_keyfile *file, const char *path);

/* The judgement alone, of a file that somebody looks at and does not read: NULL, or why it is refused. Whether others can
 * read it is told where it is a file or a pipe of ours. */
const char *wx_keyfile_judge(const struct stat *status, bool *readable_by_others);

void wx_keyfile_wipe(wx_keyfile *file);

#endif
