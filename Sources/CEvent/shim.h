#pragma once
// event-config.h defines _GNU_SOURCE, with which the C library's structs differ from those of
// Swift's Glibc module. The first look at features.h settles the matter, so it comes before.
#include <features.h>
#include <event2/event.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <event2/util.h>
#include <sys/prctl.h>

// prctl is variadic, and pthread_setname_np needs _GNU_SOURCE: neither is visible to Swift.
static inline int cevent_name_calling_thread(const char *name) {
    return prctl(PR_SET_NAME, name, 0, 0, 0);
}
