#pragma once
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

// glibc declares copy_file_range only under _GNU_SOURCE, which Swift's Glibc module does not set,
// and Swift cannot call the variadic syscall().
static inline ssize_t otcluster_copy_file_range(
    int source, off_t *source_offset, int target, off_t *target_offset, size_t count) {
    return syscall(
        SYS_copy_file_range, source, source_offset, target, target_offset, count, 0u);
}

#include <malloc.h>
#include <spawn.h>

// glibc defines POSIX_SPAWN_SETSID only under _GNU_SOURCE (spawn.h, since glibc 2.26).
enum { OTCLUSTER_SPAWN_NEW_SESSION = 0x80 };

#include <fcntl.h>

// glibc declares pipe2 only under _GNU_SOURCE, and has pidfd_open since 2.36 in <sys/pidfd.h>.
static inline int otcluster_pipe(int ends[2]) {
    return (int)syscall(SYS_pipe2, ends, O_CLOEXEC);
}

static inline int otcluster_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0u);
}
