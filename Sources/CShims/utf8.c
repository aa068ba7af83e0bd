#include "CShims.h"
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Well-formed sequences: The Unicode Standard, version 16, table 3-7.

static inline int is_continuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

// Length of the well-formed sequence at `bytes`, of which `left` bytes may be read; 0 for none.
static inline size_t sequence_length(const uint8_t *bytes, size_t left) {
    uint8_t lead = bytes[0];
    if (lead < 0x80) return 1;
    if (lead < 0xC2 || left < 2) return 0;
    uint8_t second = bytes[1];
    if (lead < 0xE0) return is_continuation(second) ? 2 : 0;
    if (left < 3 || !is_continuation(second) || !is_continuation(bytes[2])) return 0;
    if (lead == 0xE0) return second >= 0xA0 ? 3 : 0; // else overlong
    if (lead == 0xED) return second < 0xA0 ? 3 : 0;  // else a surrogate
    if (lead < 0xF0) return 3;
    if (left < 4 || !is_continuation(bytes[3])) return 0;
    if (lead == 0xF0) return second >= 0x90 ? 4 : 0; // else overlong
    if (lead == 0xF4) return second < 0x90 ? 4 : 0;  // else above U+10FFFF
    return lead < 0xF4 ? 4 : 0;
}

size_t shim_utf8_prefix(const uint8_t *bytes, size_t count) {
    size_t i = 0;
    while (i < count) {
        while (count - i >= 16) {
            uint64_t low, high;
            memcpy(&low, bytes + i, 8);
            memcpy(&high, bytes + i + 8, 8);
            if ((low | high) & 0x8080808080808080) break;
            i += 16;
        }
        // Some characters between two attempts to skip: text that is not ASCII comes in runs.
        for (int round = 0; round < 16 && i < count; round++) {
            size_t length = sequence_length(bytes + i, count - i);
            if (length == 0) return i;
            i += length;
        }
    }
    return count;
}

#if defined(__x86_64__)
// Each bit of the three tables is one kind of error in a pair of bytes; a pair has the error if all
// three agree. After J. Keiser and D. Lemire, "Validating UTF-8 In Less Than One Instruction Per
// Byte", Software: Practice and Experience 51 (2021), section 6.
enum {
    TOO_SHORT = 1 << 0,  // a lead without its continuation
    TOO_LONG = 1 << 1,   // a continuation after ASCII
    OVERLONG_3 = 1 << 2, // E0 80..9F
    TOO_LARGE = 1 << 3,  // F4 90.. and above
    SURROGATE = 1 << 4,  // ED A0..
    OVERLONG_2 = 1 << 5, // C0, C1
    OVERLONG_4 = 1 << 6, // F0 80..8F, and F5.. 80..8F
    TWO_CONTINUATIONS = 1 << 7, // right only as the third or fourth byte
    ANY_LOW = TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS, // errors that no low half of a byte decides
};

#define SECOND_8_TO_B (TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS)
#define ABOVE_F4 (ANY_LOW | TOO_LARGE | OVERLONG_4)

static const uint8_t first_high[16] = {
    TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
    TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS,
    TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE,
    TOO_SHORT | TOO_LARGE | OVERLONG_4,
};
static const uint8_t first_low[16] = {
    ANY_LOW | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, ANY_LOW | OVERLONG_2, ANY_LOW, ANY_LOW,
    ANY_LOW | TOO_LARGE, ABOVE_F4, ABOVE_F4, ABOVE_F4,
    ABOVE_F4, ABOVE_F4, ABOVE_F4, ABOVE_F4,
    ABOVE_F4, ABOVE_F4 | SURROGATE, ABOVE_F4, ABOVE_F4,
};
static const uint8_t second_high[16] = {
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
    SECOND_8_TO_B | OVERLONG_3 | OVERLONG_4, SECOND_8_TO_B | OVERLONG_3 | TOO_LARGE,
    SECOND_8_TO_B | SURROGATE | TOO_LARGE, SECOND_8_TO_B | SURROGATE | TOO_LARGE,
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
};
// A block whose last three bytes exceed these ends within a sequence.
static const uint8_t complete_up_to[32] = {
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0xEF, 0xDF, 0xBF,
};

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i table(const uint8_t *entries) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)entries));
}

// The errors of the 32 bytes of `text` that follow those of `before`; all zero for none.
AVX2 static inline __m256i errors(__m256i text, __m256i before) {
    const __m256i nibble = _mm256_set1_epi8(0x0F);
    __m256i joint = _mm256_permute2x128_si256(before, text, 0x21);
    __m256i one_back = _mm256_alignr_epi8(text, joint, 15);
    __m256i two_back = _mm256_alignr_epi8(text, joint, 14);
    __m256i three_back = _mm256_alignr_epi8(text, joint, 13);
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(one_back, 4), nibble);
    __m256i low = _mm256_and_si256(one_back, nibble);
    __m256i next = _mm256_and_si256(_mm256_srli_epi16(text, 4), nibble);
    __m256i pairs = _mm256_and_si256(
        _mm256_shuffle_epi8(table(first_high), high),
        _mm256_and_si256(
            _mm256_shuffle_epi8(table(first_low), low),
            _mm256_shuffle_epi8(table(second_high), next)));
    // Bit 7 where a third or fourth byte must stand: there two continuations are right.
    __m256i third = _mm256_subs_epu8(two_back, _mm256_set1_epi8((char)(0xE0 - 0x80)));
    __m256i fourth = _mm256_subs_epu8(three_back, _mm256_set1_epi8((char)(0xF0 - 0x80)));
    __m256i must = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
    return _mm256_xor_si256(must, pairs);
}

AVX2 static int is_utf8_avx2(const uint8_t *bytes, size_t count) {
    const __m256i limits = _mm256_loadu_si256((const __m256i *)complete_up_to);
    __m256i before = _mm256_setzero_si256(), bad = before, incomplete = before;
    uint8_t tail[64] = {0};
    for (size_t i = 0; i < count; i += 64) {
        const uint8_t *block = bytes + i;
        if (count - i < 64) {
            memcpy(tail, block, count - i);
            block = tail;
        }
        __m256i low = _mm256_loadu_si256((const __m256i *)block);
        __m256i high = _mm256_loadu_si256((const __m256i *)(block + 32));
        if (_mm256_movemask_epi8(_mm256_or_si256(low, high)) == 0) {
            bad = _mm256_or_si256(bad, incomplete);
            incomplete = _mm256_setzero_si256();
        } else {
            bad = _mm256_or_si256(bad, errors(low, before));
            bad = _mm256_or_si256(bad, errors(high, low));
            incomplete = _mm256_subs_epu8(high, limits);
        }
        before = high;
    }
    bad = _mm256_or_si256(bad, incomplete);
    return _mm256_testz_si256(bad, bad);
}
#endif

int shim_is_utf8(int level, const uint8_t *bytes, size_t count) {
#if defined(__x86_64__)
    if (level >= SHIM_AVX2) return is_utf8_avx2(bytes, count);
#endif
    return shim_utf8_prefix(bytes, count) == count;
}
