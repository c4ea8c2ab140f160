/*
 * The inner loops of the assay: choosing seeds, filling a table with them, looking keys up, counting kinds of bytes.
 * Every function has a twin in numpy (index.py, texture.py) that gives the same arrays, and the tests hold the two against each other; where this library is not built, the twin does the work.
 *
 * Law of this file: plain arrays in, plain arrays out, all allocated by the caller; no state, no allocation, no system call. Little-endian.
 */
#include <emmintrin.h>
#include <stdint.h>
#include <string.h>

#define KEY 8
#define AHEAD 512
#define WIDE 16
#define CHUNK 4096

static inline uint64_t load(const uint8_t *at)
{
    uint64_t key;
    memcpy(&key, at, KEY);
    return key;
}

static inline uint64_t masked(uint64_t key, uint64_t mask, int by)
{
    return ((key >> by) & mask) | ((key & mask) << by);
}

/* The forms of index.py, by number. */
static inline uint64_t formed(uint64_t key, int form)
{
    switch (form) {
    case 1:
        return __builtin_bswap64(key);
    case 2:
        return masked(key, 0x0f0f0f0f0f0f0f0fULL, 4);
    case 3:
        key = masked(key, 0x5555555555555555ULL, 1);
        key = masked(key, 0x3333333333333333ULL, 2);
        return masked(key, 0x0f0f0f0f0f0f0f0fULL, 4);
    case 4:
        return masked(key, 0x00ff00ff00ff00ffULL, 8);
    case 5:
        return masked(masked(key, 0x00ff00ff00ff00ffULL, 8), 0x0000ffff0000ffffULL, 16);
    default:
        return key;
    }
}

/* Of 16 pairs of bytes, one from each position on, those that the sampled index chooses; a bit for each. `most` is its limit less one. */
static inline unsigned chosen(const uint8_t *data, __m128i pair, __m128i most)
{
    const __m128i none = _mm_setzero_si128(), low = _mm_set1_epi16(0xff);
    __m128i here = _mm_loadu_si128((const __m128i *)data), next = _mm_loadu_si128((const __m128i *)(data + 1));
    __m128i even = _mm_cmpeq_epi16(_mm_subs_epu16(_mm_mullo_epi16(here, pair), most), none);
    __m128i odd = _mm_cmpeq_epi16(_mm_subs_epu16(_mm_mullo_epi16(next, pair), most), none);
    __m128i both = _mm_or_si128(_mm_and_si128(low, even), _mm_andnot_si128(low, odd));
    return (unsigned)_mm_movemask_epi8(_mm_andnot_si128(_mm_cmpeq_epi8(here, next), both));
}

static int64_t select_plain(const uint8_t *data, int64_t size, uint16_t pair, uint16_t limit, int64_t *at)
{
    const __m128i factor = _mm_set1_epi16((short)pair), most = _mm_set1_epi16((short)(limit - 1));
    int64_t found = 0, i = 0;
    if (!limit)
        return 0;
    for (; i + WIDE + KEY <= size; i += WIDE)
        for (unsigned bits = chosen(data + i, factor, most); bits; bits &= bits - 1)
            at[found++] = i + __builtin_ctz(bits);
    for (; i + KEY <= size; i++)
        if ((uint16_t)((data[i] | data[i + 1] << 8) * pair) < limit && data[i] != data[i + 1])
            at[found++] = i;
    return found;
}

/* Positions whose key is a seed of the sampled index; returns how many. */
int64_t hw_select(const uint8_t *data, int64_t size, int form, uint16_t pair, uint16_t limit, int64_t *at)
{
    int64_t found = 0;
    if (form == 0)
        return select_plain(data, size, pair, limit, at);
    for (int64_t i = 0; i + KEY <= size; i++) {
        uint64_t key = formed(load(data + i), form);
        at[found] = i;
        found += ((uint16_t)((uint16_t)key * pair) < limit) & (((key ^ (key >> 8)) & 0xff) != 0);
    }
    return found;
}

/* The keys of the seeds among the bytes combined by exclusive-or with those `period` before them; returns how many. */
int64_t hw_few(const uint8_t *data, int64_t size, int64_t period, uint16_t pair, uint16_t limit, uint64_t *keys)
{
    uint8_t apart[CHUNK + KEY];
    int64_t at[CHUNK + 1], found = 0;
    for (int64_t start = 0; start + KEY <= size - period; start += CHUNK) {
        int64_t count = size - period - start < CHUNK + KEY - 1 ? size - period - start : CHUNK + KEY - 1;
        for (int64_t i = 0; i < count; i++)
            apart[i] = data[start + i] ^ data[start + period + i];
        int64_t chosen_here = select_plain(apart, count, pair, limit, at);
        for (int64_t i = 0; i < chosen_here; i++)
            keys[found++] = load(apart + at[i]);
    }
    return found;
}

/* How many bytes of each block, the last and shorter one included, are printable ASCII or white space. */
void hw_printable(const uint8_t *data, int64_t size, int64_t block, int32_t *counts)
{
    for (int64_t start = 0; start < size; start += block) {
        int64_t stop = size - start < block ? size : start + block;
        int32_t count = 0;
        for (int64_t low = start; low < stop; low += 128) {
            uint8_t some = 0;
            for (int64_t i = low; i < (stop - low < 128 ? stop : low + 128); i++)
                some += (uint8_t)((uint8_t)(data[i] - 32) < 95) | (uint8_t)((uint8_t)(data[i] - 9) < 5);
            count += some;
        }
        *counts++ = count;
    }
}

/* Positions of byte pairs that any form chooses, times 256, and which forms do; returns how many. */
int64_t hw_select_forms(const uint8_t *data, int64_t size, const uint8_t *choice, int64_t *at)
{
    int64_t found = 0;
    for (int64_t i = 0; i + 2 <= size; i++) {
        uint8_t forms = choice[data[i] | data[i + 1] << 8];
        if (forms)
            at[found++] = i << 8 | forms;
    }
    return found;
}

/* Writes one level of a table; what lost its slot is left in `left`, in order. Returns how many did. */
int64_t hw_fill(const uint8_t *corpus, int64_t *left, int64_t count, uint64_t factor, int shift, uint32_t *table)
{
    int64_t lost = 0;
    for (int64_t i = 0; i < count; i++) {
        if (i + AHEAD / 16 < count)
            __builtin_prefetch(&table[(load(corpus + left[i + AHEAD / 16]) * factor) >> shift], 1);
        table[(load(corpus + left[i]) * factor) >> shift] = (uint32_t)left[i] + 1;
    }
    for (int64_t i = 0; i < count; i++) {
        if (i + AHEAD / 16 < count)
            __builtin_prefetch(&table[(load(corpus + left[i + AHEAD / 16]) * factor) >> shift], 0);
        if (table[(load(corpus + left[i]) * factor) >> shift] != (uint32_t)left[i] + 1)
            left[lost++] = left[i];
    }
    return lost;
}

/* Marks the seeds' slots in a bitmap. */
void hw_mark(const uint8_t *corpus, const int64_t *seeds, int64_t count, uint64_t factor, int shift, uint8_t *bitmap)
{
    for (int64_t i = 0; i < count; i++) {
        uint64_t slot = (load(corpus + seeds[i]) * factor) >> shift;
        bitmap[slot >> 3] |= (uint8_t)(1 << (slot & 7));
    }
}

/* Positions `wanted` whose key is marked in the bitmap; returns how many. */
int64_t hw_marked(const uint8_t *data, int64_t size, const uint8_t *wanted, uint64_t factor, int shift, const uint8_t *bitmap, int64_t *at)
{
    int64_t found = 0, last = size - KEY;
    uint64_t slots[AHEAD];
    for (int64_t start = 0; start <= last; start += AHEAD) {
        int64_t count = last + 1 - start < AHEAD ? last + 1 - start : AHEAD;
        for (int64_t i = 0; i < count; i++) {
            slots[i] = (load(data + start + i) * factor) >> shift;
            __builtin_prefetch(&bitmap[slots[i] >> 3], 0);
        }
        for (int64_t i = 0; i < count; i++) {
            at[found] = start + i;
            found += (bitmap[slots[i] >> 3] >> (slots[i] & 7)) & 1 & wanted[start + i];
        }
    }
    return found;
}

/*
 * For each position a place where the corpus has its key, or -1; hits are moved to the front of `at`. Returns how many there are. A bitmap, unless
 * it is null, tells by the first `narrow` bits of the first hash which keys no seed has: it is small, and the tables and the corpus are not.
 */
int64_t hw_find(const uint8_t *data, int form, int64_t *at, int64_t count, const uint8_t *corpus, int levels, const uint64_t *factors,
                const int32_t *shifts, uint32_t *const *tables, const uint8_t *bitmap, int narrow, int64_t *of)
{
    int64_t hits = 0, places[AHEAD];
    uint64_t keys[AHEAD], slots[AHEAD];
    for (int64_t start = 0; levels && start < count; start += AHEAD) {
        int64_t most = count - start < AHEAD ? count - start : AHEAD, left = 0;
        for (int64_t i = 0; i < most; i++) {
            places[i] = at[start + i];
            keys[i] = formed(load(data + places[i]), form);
            slots[i] = keys[i] * factors[0];
            if (bitmap)
                __builtin_prefetch(&bitmap[slots[i] >> (64 - narrow) >> 3], 0);
        }
        for (int64_t i = 0; i < most; i++) {
            uint64_t slot = slots[i] >> (bitmap ? 64 - narrow : 0);
            int there = bitmap ? bitmap[slot >> 3] >> (slot & 7) & 1 : 1;
            __builtin_prefetch(&tables[0][there ? slots[i] >> shifts[0] : 0], 0);
            places[left] = places[i];
            keys[left] = keys[i];
            left += there;
        }
        for (int64_t i = 0; i < left; i++) {
            for (int level = 0; level < levels; level++) {
                uint32_t guess = tables[level][(keys[i] * factors[level]) >> shifts[level]];
                if (!guess)
                    break; /* an empty slot proves that no seed has this key */
                if (load(corpus + guess - 1) == keys[i]) {
                    at[hits] = places[i];
                    of[hits++] = (int64_t)guess - 1;
                    break;
                }
            }
        }
    }
    return hits;
}

/* How many different bytes stand in each whole block; counting ends at more than `most`. */
void hw_kinds(const uint8_t *data, int64_t size, int64_t block, int32_t most, int32_t *kinds)
{
    for (int64_t start = 0; start + block <= size; start += block) {
        uint64_t seen[4] = {0};
        int32_t count = 0;
        for (int64_t i = start; i < start + block && count <= most; i++) {
            uint64_t *word = &seen[data[i] >> 6], bit = 1ULL << (data[i] & 63);
            count += !(*word & bit);
            *word |= bit;
        }
        *kinds++ = count;
    }
}

/* How often each byte stands in each row; four counters each, so that equal neighbours need not wait for each other. */
void hw_histogram(const uint8_t *data, int64_t rows, int64_t width, int32_t *counts)
{
    for (; rows--; data += width, counts += 256) {
        int32_t more[3][256] = {{0}};
        int64_t i = 0;
        memset(counts, 0, 256 * sizeof *counts);
        for (; i + 4 <= width; i += 4) {
            counts[data[i]]++;
            more[0][data[i + 1]]++;
            more[1][data[i + 2]]++;
            more[2][data[i + 3]]++;
        }
        for (; i < width; i++)
            counts[data[i]]++;
        for (int byte = 0; byte < 256; byte++)
            counts[byte] += more[0][byte] + more[1][byte] + more[2][byte];
    }
}

/* Takes a ZIP archive's traditional encryption (APPNOTE 6.1) off `data`, in place; `keys` are the three of its state, and stay for the next. */
void hw_unzip(uint8_t *data, int64_t size, uint32_t *keys, const uint32_t *crc)
{
    uint32_t a = keys[0], b = keys[1], c = keys[2];
    for (int64_t i = 0; i < size; i++) {
        uint32_t t = (c | 2) & 0xffff;
        uint8_t plain = data[i] ^ (uint8_t)((t * (t ^ 1)) >> 8);
        data[i] = plain;
        a = crc[(a ^ plain) & 255] ^ (a >> 8);
        b = (b + (a & 255)) * 134775813u + 1;
        c = crc[(c ^ (b >> 24)) & 255] ^ (c >> 8);
    }
    keys[0] = a;
    keys[1] = b;
    keys[2] = c;
}
