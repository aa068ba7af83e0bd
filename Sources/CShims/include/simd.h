#pragma once
#include <stddef.h>
#include <stdint.h>

/// Number of newline bytes (0x0A) among the `count` bytes at `bytes`.
size_t shim_count_newlines(const uint8_t *bytes, size_t count);
