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

// Lets the kernel begin to write a range of a file, without waiting for it (sync_file_range(2), which
// needs _GNU_SOURCE).
static inline int otcluster_begin_writing(int file, off_t offset, off_t size_bytes) {
    enum { write_range = 2 };
    return (int)syscall(SYS_sync_file_range, file, offset, size_bytes, write_range);
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

#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

// MADV_COLLAPSE of madvise(2), which glibc 2.36 does not know: linux/mman.h of Linux 6.1.
enum { OTCLUSTER_COLLAPSE = 25 };

// memfd_create, its flags and the seals need _GNU_SOURCE (memfd_create(2), fcntl(2)).
//
// A file without a name that nobody can shrink under a reader's mapping; -1 and errno on failure.
static inline int otcluster_shared_file(const char *name, size_t size_bytes) {
    enum { close_on_exec = 1, allow_sealing = 2 };
    enum { add_seals = 1033, seal_seal = 1, seal_shrink = 2, seal_grow = 4 };
    int file = (int)syscall(SYS_memfd_create, name, (unsigned)(close_on_exec | allow_sealing));
    if (file < 0) return -1;
    if (ftruncate(file, (off_t)size_bytes) == 0 &&
        fcntl(file, add_seals, seal_seal | seal_shrink | seal_grow) == 0) {
        return file;
    }
    close(file);
    return -1;
}

// The macros of cmsg(3) are invisible to Swift.
//
// Sends a number, and with it a descriptor if that is not negative. -1 and errno on failure; never
// waits.
static inline ssize_t otcluster_send_descriptor(int socket, int64_t number, int descriptor) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec data = {&number, sizeof number};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    if (descriptor >= 0) {
        memset(&control, 0, sizeof control);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int));
    }
    return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

// Receives what the function above sends: the number's 8 bytes, and the descriptor or -1. The size
// of what came; 0 at the end, -1 and errno on failure. Never waits.
static inline ssize_t otcluster_receive_descriptor(int socket, int64_t *number, int *descriptor) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec data = {number, sizeof *number};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control};
    *descriptor = -1;
    ssize_t count = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = count > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
    }
    return count;
}
