#include "CShims.h"

// Compiled twice, for AVX2 and for the baseline; the loader picks by the CPU at start.
__attribute__((target_clones("avx2", "default")))
size_t shim_count_newlines(const uint8_t *bytes, size_t count) {
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
