/* Makes writes below a folder fail, or kills the process at one of them; loaded by LD_PRELOAD.
 *
 * An event is a call that changes something below `fault_below`: write, truncate, create, rename,
 * unlink, mkdir, fsync, and close of what was open for writing. Events are counted from 1 in
 * `*fault_count`, memory that outlives the process. What happens at number `fault_at` is `fault_kind`.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { NONE, COUNT, KILL, KILL_HALF, EIO_ONCE, ENOSPC_ON };

int fault_kind = NONE;
long fault_at = 0;
long *fault_count = NULL;
int fault_log = -1; /* where every event is named */
char fault_below[4096] = "";

#define REAL(result, name, ...) \
  static result (*real)(__VA_ARGS__); \
  if (!real) real = dlsym(RTLD_NEXT, #name)

static int below(const char *path) {
  size_t n = strlen(fault_below);
  return n && !strncmp(path, fault_below, n) && (path[n] == '/' || !path[n]);
}

static int place_of(int fd, char *place, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, place, size - 1);
  if (n < 0) return 0;
  place[n] = 0;
  return 1;
}

/* Says what an event is to do: NONE to go on, else the kind of the fault. `grows`: needs room. */
static int event(const char *what, const char *place, int grows) {
  long number = __sync_add_and_fetch(fault_count, 1);
  if (fault_log >= 0) dprintf(fault_log, "%ld %s %s\n", number, what, place);
  int full = fault_kind == ENOSPC_ON && grows && number > fault_at; /* a full disk stays full */
  if (fault_kind == COUNT || !(number == fault_at || full)) return NONE;
  if (fault_kind == KILL || (fault_kind == KILL_HALF && !grows)) {
    kill(getpid(), SIGKILL);
    pause();
  }
  errno = fault_kind == EIO_ONCE ? EIO : ENOSPC;
  return fault_kind;
}

static int at_path(const char *what, int folder, const char *path, int grows) {
  char place[8192] = "";
  if (!fault_kind || !path) return NONE;
  if (path[0] != '/') {
    if (folder == AT_FDCWD ? !getcwd(place, 4096) : !place_of(folder, place, 4096)) return NONE;
    strcat(place, "/");
  }
  strncat(place, path, 4000);
  return below(place) ? event(what, place, grows) : NONE;
}

static int at_file(const char *what, int fd, int grows) {
  char place[4096];
  if (!fault_kind || !place_of(fd, place, sizeof place) || !below(place)) return NONE;
  return event(what, place, grows);
}

/* Half of a write reaches the disk before the process is killed. */
static void killed_after(ssize_t written) {
  (void)written;
  kill(getpid(), SIGKILL);
  pause();
}

ssize_t write(int fd, const void *data, size_t n) {
  REAL(ssize_t, write, int, const void *, size_t);
  int kind = at_file("write", fd, 1);
  if (kind == KILL_HALF) killed_after(real(fd, data, n / 2));
  return kind ? -1 : real(fd, data, n);
}

ssize_t writev(int fd, const struct iovec *parts, int n) {
  REAL(ssize_t, writev, int, const struct iovec *, int);
  int kind = at_file("writev", fd, 1);
  if (kind == KILL_HALF) killed_after(real(fd, parts, (n + 1) / 2));
  return kind ? -1 : real(fd, parts, n);
}

#define PWRITE(name, offset) \
  ssize_t name(int fd, const void *data, size_t n, offset start) { \
    REAL(ssize_t, name, int, const void *, size_t, offset); \
    int kind = at_file("pwrite", fd, 1); \
    if (kind == KILL_HALF) killed_after(real(fd, data, n / 2, start)); \
    return kind ? -1 : real(fd, data, n, start); \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define FTRUNCATE(name, offset) \
  int name(int fd, offset size) { \
    REAL(int, name, int, offset); \
    return at_file("ftruncate", fd, 0) ? -1 : real(fd, size); \
  }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(int, name, const char *, int, ...); \
    va_list more; \
    va_start(more, flags); \
    mode_t mode = va_arg(more, mode_t); \
    va_end(more); \
    int makes = flags & O_CREAT && access(path, F_OK); \
    return makes && at_path("create", AT_FDCWD, path, 0) ? -1 : real(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

int rename(const char *from, const char *to) {
  REAL(int, rename, const char *, const char *);
  return at_path("rename", AT_FDCWD, to, 0) ? -1 : real(from, to);
}

int unlink(const char *path) {
  REAL(int, unlink, const char *);
  return at_path("unlink", AT_FDCWD, path, 0) ? -1 : real(path);
}

int mkdir(const char *path, mode_t mode) {
  REAL(int, mkdir, const char *, mode_t);
  if (!access(path, F_OK)) return real(path, mode);
  return at_path("mkdir", AT_FDCWD, path, 0) ? -1 : real(path, mode);
}

int fsync(int fd) {
  REAL(int, fsync, int);
  return at_file("fsync", fd, 0) ? -1 : real(fd);
}

int fdatasync(int fd) {
  REAL(int, fdatasync, int);
  return at_file("fdatasync", fd, 0) ? -1 : real(fd);
}

/* A close that fails has closed the file all the same. */
int close(int fd) {
  REAL(int, close, int);
  int flags = fault_kind ? fcntl(fd, F_GETFL) : -1;
  int written = flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
  if (written && at_file("close", fd, 0)) {
    int error = errno;
    real(fd);
    errno = error;
    return -1;
  }
  return real(fd);
}
