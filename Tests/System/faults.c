/* Preloaded into a coordinator: counts the calls that change its files, and lets one of them fail.

   The count is over all threads, in the order in which the calls begin; strace's injection counts for
   each thread alone. Only calls on what lies in OTCLUSTER_FAULT_FOLDER count, and only in the
   coordinator: the workers that it starts inherit the environment.

   OTCLUSTER_FAULT_AT=N     the call that fails, from 1; 0 only counts
   OTCLUSTER_FAULT=kill     the process is killed before the call
                   torn     a write writes its first half, then the process is killed
                   NUMBER   the call answers -1 and this errno
                            (to remove something needs no space: ENOSPC spares that)
   OTCLUSTER_FAULT_WHILE=F  not once, but from the Nth call on, as long as the file F exists
   OTCLUSTER_FAULT_TRACE=F  a line for each call: number, name, path */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

static const char *folder, *kind, *flag;
static long at;
static int trace = -1;
static atomic_long calls;

__attribute__((constructor)) static void begin(void) {
  char words[4096] = "";
  int file = REAL(open)("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  ssize_t size = read(file, words, sizeof words - 1);
  close(file);
  const char *command = words + strlen(words) + 1;
  if (size <= 0 || command >= words + size || strcmp(command, "coordinator") != 0) return;
  folder = getenv("OTCLUSTER_FAULT_FOLDER");
  kind = getenv("OTCLUSTER_FAULT");
  flag = getenv("OTCLUSTER_FAULT_WHILE");
  const char *number = getenv("OTCLUSTER_FAULT_AT"), *path = getenv("OTCLUSTER_FAULT_TRACE");
  at = number ? atol(number) : 0;
  if (path) trace = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

/* Whether this call is the one, or one of those, that shall fail. Kills by itself where that is asked
   for; a torn write is the caller's. */
static bool strikes(const char *name, const char *path, bool is_write) {
  if (!folder || !path || strncmp(path, folder, strlen(folder)) != 0) return false;
  long number = atomic_fetch_add(&calls, 1) + 1;
  if (trace >= 0) {
    char line[PATH_MAX + 64];
    int size = snprintf(line, sizeof line, "%ld %s %s\n", number, name, path + strlen(folder));
    (void)!REAL(write)(trace, line, size);
  }
  if (at == 0 || !kind || number < at) return false;
  if (flag ? access(flag, F_OK) != 0 : number != at) return false;
  if (atoi(kind) == ENOSPC && (strcmp(name, "unlink") == 0 || strcmp(name, "rmdir") == 0)) return false;
  bool is_torn = strcmp(kind, "torn") == 0;
  if (strcmp(kind, "kill") == 0 || (is_torn && !is_write)) kill(getpid(), SIGKILL);
  if (!is_torn) errno = atoi(kind);
  return true;
}

/* The same for a descriptor; those of standard output and error are logs, which nothing rests on. */
static bool strikes_at(const char *name, int file, bool is_write) {
  if (!folder || file <= 2) return false;
  char link[64], path[PATH_MAX + 1];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t size = readlink(link, path, PATH_MAX);
  if (size <= 0) return false;
  path[size] = 0;
  return strikes(name, path, is_write);
}

static bool is_torn(void) { return strcmp(kind, "torn") == 0; }

ssize_t write(int file, const void *bytes, size_t count) {
  if (!strikes_at("write", file, true)) return REAL(write)(file, bytes, count);
  if (!is_torn()) return -1;
  (void)!REAL(write)(file, bytes, count / 2);
  return kill(getpid(), SIGKILL);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
  if (!strikes_at("pwrite", file, true)) return REAL(pwrite64)(file, bytes, count, offset);
  if (!is_torn()) return -1;
  (void)!REAL(pwrite64)(file, bytes, count / 2, offset);
  return kill(getpid(), SIGKILL);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  return pwrite64(file, bytes, count, offset);
}

int fsync(int file) { return strikes_at("fsync", file, false) ? -1 : REAL(fsync)(file); }

int fdatasync(int file) { return strikes_at("fdatasync", file, false) ? -1 : REAL(fdatasync)(file); }

int ftruncate64(int file, off64_t size) {
  return strikes_at("ftruncate", file, false) ? -1 : REAL(ftruncate64)(file, size);
}

int rename(const char *from, const char *to) {
  return strikes("rename", to, false) ? -1 : REAL(rename)(from, to);
}

int unlink(const char *path) { return strikes("unlink", path, false) ? -1 : REAL(unlink)(path); }

int rmdir(const char *path) { return strikes("rmdir", path, false) ? -1 : REAL(rmdir)(path); }

int mkdir(const char *path, mode_t mode) {
  return strikes("mkdir", path, false) ? -1 : REAL(mkdir)(path, mode);
}

int open64(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = va_arg(more, mode_t);
  va_end(more);
  if (flags & O_CREAT && strikes("create", path, false)) return -1;
  return REAL(open64)(path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return open64(path, flags, mode);
}

/* copy_file_range is called by its number. */
long syscall(long number, ...) {
  va_list more;
  va_start(more, number);
  long a = va_arg(more, long), b = va_arg(more, long), c = va_arg(more, long);
  long d = va_arg(more, long), e = va_arg(more, long), f = va_arg(more, long);
  va_end(more);
  if (number == SYS_copy_file_range && strikes_at("copy_file_range", (int)c, false)) return -1;
  return REAL(syscall)(number, a, b, c, d, e, f);
}
