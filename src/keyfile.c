/* keyfile.c: see keyfile.h. */
#include "keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const char *wx_keyfile_judge(const struct stat *status, bool *readable_by_others) {
  if (S_ISDIR(status->st_mode)) return "it is a folder";
  if (!S_ISREG(status->st_mode) && !S_ISFIFO(status->st_mode)) return "it is neither a file nor a pipe";
  if (status->st_uid != geteuid() && status->st_uid != 0) return "it belongs to somebody else";
  *readable_by_others = S_ISREG(status->st_mode) && (status->st_mode & (S_IRGRP | S_IROTH)) != 0;
  if (status->st_mode & (S_IWGRP | S_IWOTH))
    return "others can write it, so what it says may be theirs: look at it, then chmod 600 it";
  return NULL;
}

/* Looks at the file that is open, not at its name, so that nobody can swap it in between. */
static const char *check(int descriptor, wx_keyfile *file) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return strerror(errno);
  return wx_keyfile_judge(&status, &file->readable_by_others);
}

static const char *read_all(int descriptor, wx_keyfile *file) {
  while (file->size <= WX_KEYFILE_MAX) {
    ssize_t got = read(descriptor, file->text + file->size, sizeof file->text - file->size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return strerror(errno);
    if (got == 0) return NULL;
    file->size += (size_t)got;
  }
  return "it is larger than 8192 bytes";
}

const char *wx_keyfile_read(wx_keyfile *file, const char *path) {
  file->size = 0;
  file->readable_by_others = file->absent = false;
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) {
    file->absent = errno == ENOENT || errno == ENOTDIR;
    return strerror(errno);
  }
  const char *problem = check(descriptor, file);
  if (!problem) problem = read_all(descriptor, file);
  close(descriptor);
  if (problem) wx_keyfile_wipe(file);
  return problem;
}

void wx_keyfile_wipe(wx_keyfile *file) {
  explicit_bzero(file->text, sizeof file->text);
  file->size = 0;
}
