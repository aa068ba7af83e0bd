#include "CCurl.h"

#include <dlfcn.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    __typeof__(&curl_global_init) global_init;
    CURL *(*create)(void);
    void (*free)(CURL *);
    CURLcode (*perform)(CURL *);
    const char *(*text)(CURLcode);
    CURLcode (*set)(CURL *, CURLoption, ...);
    CURLcode (*get)(CURL *, CURLINFO, ...);
    struct curl_slist *(*append)(struct curl_slist *, const char *);
    void (*free_list)(struct curl_slist *);
} curl;

static int find(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    *(void **)function = address;
    return address != NULL;
}

const char *otcluster_curl_load(void) {
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library) return dlerror();
    int found = find(library, "curl_global_init", &curl.global_init)
        && find(library, "curl_easy_init", &curl.create)
        && find(library, "curl_easy_cleanup", &curl.free)
        && find(library, "curl_easy_perform", &curl.perform)
        && find(library, "curl_easy_strerror", &curl.text)
        && find(library, "curl_easy_setopt", &curl.set)
        && find(library, "curl_easy_getinfo", &curl.get)
        && find(library, "curl_slist_append", &curl.append)
        && find(library, "curl_slist_free_all", &curl.free_list);
    if (!found) return dlerror();
    CURLcode code = curl.global_init(CURL_GLOBAL_DEFAULT);
    return code == CURLE_OK ? NULL : curl.text(code);
}

CURL *otcluster_curl_create(void) { return curl.create(); }
void otcluster_curl_free(CURL *handle) { curl.free(handle); }
CURLcode otcluster_curl_perform(CURL *handle) { return curl.perform(handle); }
const char *otcluster_curl_text(CURLcode code) { return curl.text(code); }

CURLcode otcluster_curl_set_number(CURL *handle, CURLoption option, long value) {
    return curl.set(handle, option, value);
}

CURLcode otcluster_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl.set(handle, option, value);
}

CURLcode otcluster_curl_set_memory(CURL *handle, CURLoption option, void *value) {
    return curl.set(handle, option, value);
}

CURLcode otcluster_curl_set_fields(CURL *handle, struct curl_slist *fields) {
    return curl.set(handle, CURLOPT_HTTPHEADER, fields);
}

struct curl_slist *otcluster_curl_append(struct curl_slist *list, const char *field) {
    return curl.append(list, field);
}

void otcluster_curl_free_list(struct curl_slist *list) { curl.free_list(list); }

// The address that is judged is the one that the socket is then connected to: no second lookup of
// the name can come between.
static curl_socket_t open_socket(
    void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    otcluster_curl_calls *calls = context;
    (void)purpose;
    if (!calls->admits(calls->context, &address->addr)) return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CURLcode otcluster_curl_set_calls(CURL *handle, otcluster_curl_calls *calls) {
    curl.set(handle, CURLOPT_HEADERFUNCTION, calls->head);
    curl.set(handle, CURLOPT_HEADERDATA, calls->context);
    curl.set(handle, CURLOPT_WRITEFUNCTION, calls->body);
    curl.set(handle, CURLOPT_WRITEDATA, calls->context);
    curl.set(handle, CURLOPT_XFERINFOFUNCTION, calls->progress);
    curl.set(handle, CURLOPT_XFERINFODATA, calls->context);
    curl.set(handle, CURLOPT_NOPROGRESS, 0L);
    curl.set(handle, CURLOPT_OPENSOCKETDATA, calls);
    return curl.set(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
}

long otcluster_curl_status(CURL *handle) {
    long status = 0;
    curl.get(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

curl_off_t otcluster_curl_retry_after(CURL *handle) {
    curl_off_t seconds = 0;
    curl.get(handle, CURLINFO_RETRY_AFTER, &seconds);
    return seconds;
}

const char *otcluster_curl_redirect(CURL *handle) {
    const char *address = NULL;
    curl.get(handle, CURLINFO_REDIRECT_URL, &address);
    return address;
}
