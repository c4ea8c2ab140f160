/*
 * The inner loops of the assay that read text (parts.py, texture.py, whose rules stand there). Every function has a twin in Python that gives the same arrays, and
 * the tests hold the two against each other; where this library is not built, the twin does the work.
 *
 * Law of this file: as of kernel.c, with which it makes one library.
 */
#include <stdint.h>
#include <string.h>
#include <tmmintrin.h>

#define WIDE 16

enum { OTHER, CHARACTER, BLANK, RETURN, LINE };
#define BLANKS 4

static inline int64_t while_kind(const uint8_t *raw, int64_t at, int64_t end, const uint8_t *kinds, int kind)
{
    while (at < end && kinds[raw[at]] == kind)
        at++;
    return at;
}

/* Where the characters behind a few blanks or a line's end begin, or -1. */
static int64_t resumed(const uint8_t *raw, int64_t at, int64_t size, const uint8_t *kinds)
{
    if (at < size && kinds[raw[at]] != BLANK) {
        at += kinds[raw[at]] == RETURN;
        if (at >= size || kinds[raw[at]] != LINE || (at + 2 < size && raw[at + 1] == '-' && raw[at + 2] == '-'))
            return -1;
        at++;
    }
    at = while_kind(raw, at, size - at < BLANKS ? size : at + BLANKS, kinds, BLANK);
    return at < size && kinds[raw[at]] == CHARACTER ? at : -1;
}

/*
 * Characters in a row, over the ends of lines, cut where a capture begins if that leaves no quantum open: for each where it begins, where it ends and
 * how many characters it has, of `least` at least. Returns how many there are.
 */
int64_t hw_rows(const uint8_t *raw, int64_t size, const uint8_t *kinds, int64_t quantum, int64_t least, const int64_t *cuts, int64_t cut, int64_t *rows)
{
    int64_t found = 0;
    const int64_t *none = cuts + cut;
    for (int64_t first = 0, last; first < size; first = last) {
        last = first + 1;
        if (kinds[raw[first]] != CHARACTER)
            continue;
        for (int64_t next = first; next >= 0; next = resumed(raw, last, size, kinds))
            last = while_kind(raw, next, size, kinds, CHARACTER);
        if (last - first < least)
            continue;
        while (cuts < none && *cuts <= first)
            cuts++;
        for (int64_t length = 0, at = first, stop; at < last; at = stop) {
            stop = cuts < none && *cuts < last ? *cuts++ : last;
            for (int64_t i = at; i < stop; i++)
                length += kinds[raw[i]] == CHARACTER;
            if (length % quantum && stop < last)
                continue;
            if (length >= least) {
                rows[0] = first;
                rows[1] = stop;
                rows[2] = length;
                rows += 3;
                found++;
            }
            first = stop;
            length = 0;
        }
    }
    return found;
}

/* The characters of rows, translated, each with as much filler as completes its last quantum. */
void hw_gather(const uint8_t *raw, const uint8_t *kinds, const uint8_t *table, const int64_t *rows, int64_t count, int64_t quantum,
               const uint8_t *filler, uint8_t *out)
{
    for (; count--; rows += 3) {
        int64_t open = rows[2] % quantum ? quantum - rows[2] % quantum : 0;
        for (int64_t i = rows[0]; i < rows[1]; i++)
            if (kinds[raw[i]] == CHARACTER)
                *out++ = table[raw[i]];
        for (int64_t k = 0; k < open; k++)
            *out++ = table[filler[k]];
    }
}

/* A table of 256 by the low half of a byte: bit k of the first 16 bytes is set where the high half is k, of the others where it is k + 8. */
static void halved(const uint8_t *table, uint8_t *halves)
{
    memset(halves, 0, 2 * WIDE);
    for (int byte = 0; byte < 256; byte++)
        halves[(byte >> 7) * WIDE + (byte & 15)] |= (uint8_t)((table[byte] != 0) << (byte >> 4 & 7));
}

/* How many bytes of whole sixteens, from `i` on and before `stop`, are marked; leaves `i` behind them. */
__attribute__((target("ssse3"))) static int32_t count_wide(const uint8_t *data, int64_t *i, int64_t stop, const uint8_t *halves)
{
    const __m128i lower = _mm_loadu_si128((const __m128i *)halves), upper = _mm_loadu_si128((const __m128i *)(halves + WIDE));
    const __m128i bits = _mm_set1_epi64x((long long)0x8040201008040201ULL), low = _mm_set1_epi8(15), none = _mm_setzero_si128();
    __m128i sums = none;
    for (; *i + WIDE <= stop; *i += WIDE) {
        __m128i here = _mm_loadu_si128((const __m128i *)(data + *i)), high = _mm_cmpgt_epi8(none, here);
        __m128i row = _mm_and_si128(here, low), bit = _mm_shuffle_epi8(bits, _mm_and_si128(_mm_srli_epi16(here, 4), low));
        __m128i set = _mm_or_si128(_mm_andnot_si128(high, _mm_shuffle_epi8(lower, row)), _mm_and_si128(high, _mm_shuffle_epi8(upper, row)));
        __m128i marked = _mm_cmpeq_epi8(_mm_and_si128(set, bit), bit);
        sums = _mm_add_epi64(sums, _mm_sad_epu8(_mm_sub_epi8(none, marked), none));
    }
    return (int32_t)(_mm_cvtsi128_si64(sums) + _mm_cvtsi128_si64(_mm_srli_si128(sums, 8)));
}

/* Counts the marked bytes of each block; returns where the next count belongs. */
static int32_t *count_blocks(const uint8_t *data, int64_t size, const uint8_t *table, const uint8_t *halves, int64_t block, int32_t *counts)
{
    const int wide = __builtin_cpu_supports("ssse3");
    for (int64_t start = 0; start < size; start += block) {
        int64_t stop = size - start < block ? size : start + block, i = start;
        int32_t count = wide ? count_wide(data, &i, stop, halves) : 0;
        for (; i < stop; i++)
            count += table[data[i]];
        *counts++ = count;
    }
    return counts;
}

/* How many bytes of each block, the last and shorter one included, are marked in the table. */
void hw_count(const uint8_t *data, int64_t size, const uint8_t *table, int64_t block, int32_t *counts)
{
    uint8_t halves[2 * WIDE];
    halved(table, halves);
    count_blocks(data, size, table, halves, block, counts);
}

/* The same of each of many stretches, one behind the other. */
void hw_count_each(const uint8_t *data, const int64_t *starts, const int64_t *ends, int64_t many, const uint8_t *table, int64_t block, int32_t *counts)
{
    uint8_t halves[2 * WIDE];
    halved(table, halves);
    for (int64_t k = 0; k < many; k++)
        counts = count_blocks(data + starts[k], ends[k] - starts[k], table, halves, block, counts);
}
