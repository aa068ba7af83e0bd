#pragma once
#include <curl/curl.h>

// libcurl, loaded when the first download begins.
//
// It brings 27 other libraries along, which take 3 ms to load at each start of the program (measured
// on Debian 12); only a coordinator that downloads needs them, clients and workers never do. So the
// program is not linked with it: the functions below find it by dlopen(3).

// Loads libcurl and readies it; from one thread, before any other call. Returns null, or why it
// cannot be used.
const char *otcluster_curl_load(void);

CURL *otcluster_curl_create(void);
void otcluster_curl_free(CURL *handle);
CURLcode otcluster_curl_perform(CURL *handle);
const char *otcluster_curl_text(CURLcode code);

// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift does not import.
CURLcode otcluster_curl_set_number(CURL *handle, CURLoption option, long value);
CURLcode otcluster_curl_set_text(CURL *handle, CURLoption option, const char *value);
CURLcode otcluster_curl_set_memory(CURL *handle, CURLoption option, void *value);
CURLcode otcluster_curl_set_fields(CURL *handle, struct curl_slist *fields);

// Returns the list with the field at its end, or null without memory; the list then stays.
struct curl_slist *otcluster_curl_append(struct curl_slist *list, const char *field);
void otcluster_curl_free_list(struct curl_slist *list);

// What is called while a request runs, each with the context that was set.
typedef struct {
    void *context;
    // A line of the head; returns its size to go on.
    size_t (*head)(char *bytes, size_t size, size_t count, void *context);
    // A piece of the body; returns its size to go on.
    size_t (*body)(char *bytes, size_t size, size_t count, void *context);
    // Now and then; returns 0 to go on.
    int (*progress)(void *context, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
    // Whether an address may be connected to: 1 or 0.
    int (*admits)(void *context, const struct sockaddr *address);
} otcluster_curl_calls;

// The calls must stay where they are as long as the handle lives.
CURLcode otcluster_curl_set_calls(CURL *handle, otcluster_curl_calls *calls);

long otcluster_curl_status(CURL *handle);
// Seconds, 0 where the answer says none.
curl_off_t otcluster_curl_retry_after(CURL *handle);
// Absolute; null where the answer redirects nowhere.
const char *otcluster_curl_redirect(CURL *handle);
