#pragma once
#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast of -1 to a function pointer, which Swift does not import. An empty
// value needs a pointer all the same: SQLite takes a null pointer for NULL.

static inline int otcluster_bind_text(
    sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 size_bytes) {
    return sqlite3_bind_text64(
        statement, index, text ? text : "", size_bytes, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int otcluster_bind_blob(
    sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 size_bytes) {
    return sqlite3_bind_blob64(statement, index, bytes ? bytes : "", size_bytes, SQLITE_TRANSIENT);
}
