#include "CShims.h"

static inline __attribute__((always_inline)) size_t count_newlines(const uint8_t *bytes, size_t count) {
    size_t total = 0;
    while (count > 0) {
        // Byte-wide sums do not overflow in blocks below 256; 128 leaves vectors no scalar tail.
        size_t block = count < 128 ? count : 128;
        uint8_t sum = 0;
        for (size_t i = 0; i < block; i++) sum += bytes[i] == '\n';
        total += sum;
        bytes += block;
        count -= block;
    }
    return total;
}

__attribute__((target("avx2")))
static size_t count_newlines_avx2(const uint8_t *bytes, size_t count) {
    return count_newlines(bytes, count);
}

// Chosen at each call, which is one a quarter MiB: resolvers that run before main (target_clones)
// do not work under the thread sanitizer.
size_t shim_count_newlines(const uint8_t *bytes, size_t count) {
    return __builtin_cpu_supports("avx2") ? count_newlines_avx2(bytes, count)
                                          : count_newlines(bytes, count);
}
