#define _GNU_SOURCE // memrchr, strtod_l
#include "CShims.h"
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

int shim_vector_level(void) {
#if defined(__x86_64__)
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
    int avx512 = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2");
    return avx2 ? (avx512 ? SHIM_AVX512 : SHIM_AVX2) : SHIM_BASELINE;
#else
    return SHIM_BASELINE;
#endif
}

// The bits of the last block that belong to the text.
static inline uint64_t valid_bits(size_t left) {
    return left >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << left) - 1;
}

// Writes the offsets of the mask's bits: always a dozen, which is more than most blocks of 64 bytes
// hold, so that no branch depends on the text.
#define WRITE_POSITIONS(mask, offset)                                                              \
    do {                                                                                           \
        uint64_t rest = (mask);                                                                    \
        int found = __builtin_popcountll(rest);                                                    \
        uint32_t *out = positions + total;                                                         \
        for (int k = 0; k < 12; k++) {                                                             \
            out[k] = (offset) + (uint32_t)__builtin_ctzll(rest | (uint64_t)1 << 63);               \
            rest &= rest - 1;                                                                      \
        }                                                                                          \
        for (int k = 12; k < found; k++) {                                                         \
            out[k] = (offset) + (uint32_t)__builtin_ctzll(rest);                                   \
            rest &= rest - 1;                                                                      \
        }                                                                                          \
        total += (size_t)found;                                                                    \
    } while (0)

static size_t scan_baseline(
    const uint8_t *bytes, size_t count, uint32_t base, uint32_t *positions, size_t *newlines) {
    size_t total = 0, lines = 0;
    for (size_t i = 0; i < count; i += 64) {
        uint64_t tabs = shim_match64(bytes + i, '\t'), ends = shim_match64(bytes + i, '\n');
        uint64_t valid = valid_bits(count - i);
        lines += (size_t)__builtin_popcountll(ends & valid);
        WRITE_POSITIONS((tabs | ends) & valid, base + (uint32_t)i);
    }
    *newlines = lines;
    return total;
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi,popcnt"))) static size_t scan_avx2(
    const uint8_t *bytes, size_t count, uint32_t base, uint32_t *positions, size_t *newlines) {
    const __m256i tab = _mm256_set1_epi8('\t'), newline = _mm256_set1_epi8('\n');
    size_t total = 0, lines = 0;
    for (size_t i = 0; i < count; i += 64) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(bytes + i));
        __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + i + 32));
        __m256i low_end = _mm256_cmpeq_epi8(low, newline);
        __m256i high_end = _mm256_cmpeq_epi8(high, newline);
        __m256i low_any = _mm256_or_si256(_mm256_cmpeq_epi8(low, tab), low_end);
        __m256i high_any = _mm256_or_si256(_mm256_cmpeq_epi8(high, tab), high_end);
        uint64_t ends = (uint32_t)_mm256_movemask_epi8(low_end) |
                        (uint64_t)(uint32_t)_mm256_movemask_epi8(high_end) << 32;
        uint64_t any = (uint32_t)_mm256_movemask_epi8(low_any) |
                       (uint64_t)(uint32_t)_mm256_movemask_epi8(high_any) << 32;
        uint64_t valid = valid_bits(count - i);
        lines += (size_t)__builtin_popcountll(ends & valid);
        WRITE_POSITIONS(any & valid, base + (uint32_t)i);
    }
    *newlines = lines;
    return total;
}

// The offsets 0 to 63 of a block, compressed by its mask: no loop over the bits at all.
__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi,popcnt"))) static size_t
scan_avx512(
    const uint8_t *bytes, size_t count, uint32_t base, uint32_t *positions, size_t *newlines) {
    uint8_t numbers[64];
    for (int i = 0; i < 64; i++) numbers[i] = (uint8_t)i;
    const __m512i lanes = _mm512_loadu_si512(numbers);
    const __m512i tab = _mm512_set1_epi8('\t'), newline = _mm512_set1_epi8('\n');
    size_t total = 0, lines = 0;
    for (size_t i = 0; i < count; i += 64) {
        __m512i text = _mm512_loadu_si512(bytes + i);
        uint64_t valid = valid_bits(count - i);
        uint64_t ends = _mm512_cmpeq_epi8_mask(text, newline) & valid;
        uint64_t any = (_mm512_cmpeq_epi8_mask(text, tab) & valid) | ends;
        int found = __builtin_popcountll(any);
        __m512i packed = _mm512_maskz_compress_epi8(any, lanes);
        __m512i offset = _mm512_set1_epi32((int)(base + (uint32_t)i));
        uint32_t *out = positions + total;
        __m512i first = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed));
        _mm512_storeu_si512(out, _mm512_add_epi32(first, offset));
        if (found > 16) {
            uint8_t all[64];
            _mm512_storeu_si512(all, packed);
            for (int k = 16; k < found; k += 16) {
                __m128i some = _mm_loadu_si128((const __m128i *)(all + k));
                __m512i wide = _mm512_cvtepu8_epi32(some);
                _mm512_storeu_si512(out + k, _mm512_add_epi32(wide, offset));
            }
        }
        total += (size_t)found;
        lines += (size_t)__builtin_popcountll(ends);
    }
    *newlines = lines;
    return total;
}
#endif

size_t shim_scan_delimiters(
    int level, const uint8_t *bytes, size_t count, uint32_t base, uint32_t *positions,
    size_t *newlines) {
#if defined(__x86_64__)
    if (level == SHIM_AVX512) return scan_avx512(bytes, count, base, positions, newlines);
    if (level == SHIM_AVX2) return scan_avx2(bytes, count, base, positions, newlines);
#endif
    return scan_baseline(bytes, count, base, positions, newlines);
}

size_t shim_line_cut(const uint8_t *bytes, size_t count, size_t target) {
    if (target >= count) return count;
    const uint8_t *end = memrchr(bytes, '\n', target);
    if (end == NULL) end = memchr(bytes + target, '\n', count - target);
    return end == NULL ? count : (size_t)(end - bytes) + 1;
}

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void) { c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

double shim_decimal_to_double(const char *text) {
    pthread_once(&c_locale_once, make_c_locale);
    return strtod_l(text, NULL, c_locale);
}
