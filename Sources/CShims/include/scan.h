#pragma once
#include <stddef.h>
#include <stdint.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// What the TSV parser needs of vector instructions: Swift has neither a byte-mask move nor a shuffle.

/// Bytes behind the end of the text that these functions may read, and entries behind the last
/// position that the scanner may overwrite.
#define SHIM_SCAN_SLACK 64

/// The instruction sets that the scanner and the validator exist for, each a superset of the last.
enum { SHIM_BASELINE = 0, SHIM_AVX2 = 1, SHIM_AVX512 = 2 };

/// The best of them on this CPU.
int shim_vector_level(void);

/// Writes `base` + the offset of every tab and newline among the `count` bytes, in order.
///
/// Reads up to 64 bytes behind the end. `positions` needs room for 64 more than are found.
/// Returns how many were found, and in `newlines` how many of them are newlines.
size_t shim_scan_delimiters(
    int level, const uint8_t *bytes, size_t count, uint32_t base, uint32_t *positions,
    size_t *newlines);

/// Whether the `count` bytes are well-formed UTF-8 (Unicode 16, table 3-7). Reads no further.
int shim_is_utf8(int level, const uint8_t *bytes, size_t count);

/// Bytes before the first ill-formed sequence; `count` when there is none. Reads no further.
size_t shim_utf8_prefix(const uint8_t *bytes, size_t count);

/// Where to cut whole lines off a text that ends with a newline.
///
/// Behind the last newline among the first `target` bytes; if there is none, behind the first of all.
size_t shim_line_cut(const uint8_t *bytes, size_t count, size_t target);

/// The double nearest to a decimal number that ends with a zero byte, whatever the locale.
double shim_decimal_to_double(const char *text);

#if defined(__SSE2__)
/// Bit i: byte i of the 16 at `bytes` is `byte`.
static inline uint32_t shim_match16(const void *bytes, uint8_t byte) {
    __m128i text = _mm_loadu_si128((const __m128i *)bytes);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8((char)byte)));
}

/// Bit i: byte i of the 16 at `bytes` is a quote, a backslash or below 0x20.
static inline uint32_t shim_json_special16(const void *bytes) {
    __m128i text = _mm_loadu_si128((const __m128i *)bytes);
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(0x1F)), text);
    __m128i quote = _mm_cmpeq_epi8(text, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(text, _mm_set1_epi8('\\'));
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash)));
}
#else
static inline uint32_t shim_match16(const void *bytes, uint8_t byte) {
    uint32_t mask = 0;
    for (int i = 0; i < 16; i++) mask |= (uint32_t)(((const uint8_t *)bytes)[i] == byte) << i;
    return mask;
}

static inline uint32_t shim_json_special16(const void *bytes) {
    uint32_t mask = 0;
    for (int i = 0; i < 16; i++) {
        uint8_t byte = ((const uint8_t *)bytes)[i];
        mask |= (uint32_t)(byte == '"' || byte == '\\' || byte < 0x20) << i;
    }
    return mask;
}
#endif

/// Bit i: byte i of the 32 at `bytes` is `byte`.
static inline uint32_t shim_match32(const void *bytes, uint8_t byte) {
    return shim_match16(bytes, byte) | shim_match16((const uint8_t *)bytes + 16, byte) << 16;
}

/// Bit i: byte i of the 64 at `bytes` is `byte`.
static inline uint64_t shim_match64(const void *bytes, uint8_t byte) {
    uint64_t low = shim_match32(bytes, byte);
    return low | (uint64_t)shim_match32((const uint8_t *)bytes + 32, byte) << 32;
}

/// Bit i: byte i of the 32 at `bytes` is a quote, a backslash or below 0x20.
static inline uint32_t shim_json_special32(const void *bytes) {
    return shim_json_special16(bytes) | shim_json_special16((const uint8_t *)bytes + 16) << 16;
}
