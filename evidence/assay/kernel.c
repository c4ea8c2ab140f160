/*
 * The inner loops of the assay: choosing seeds, filling a table with them, looking keys up. Every function has a twin in numpy (index.py) that
 * gives the same arrays, and the tests hold the two against each other; where this library is not built, the twin does the work.
 *
 * Law of this file: plain arrays in, plain arrays out, all allocated by the caller; no state, no allocation, no system call. Little-endian.
 */
#include <stdint.h>
#include <string.h>

#define KEY 8
#define AHEAD 512

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

/* Positions whose key is a seed of the sampled index; returns how many. */
int64_t hw_select(const uint8_t *data, int64_t size, int form, uint16_t pair, uint16_t limit, int64_t *at)
{
    int64_t found = 0;
    if (form == 0) { /* few are chosen, so a branch costs less than writing each position down */
        for (int64_t i = 0; i + KEY <= size; i++)
            if ((uint16_t)((data[i] | data[i + 1] << 8) * pair) < limit && data[i] != data[i + 1])
                at[found++] = i;
        return found;
    }
    for (int64_t i = 0; i + KEY <= size; i++) {
        uint64_t key = formed(load(data + i), form);
        at[found] = i;
        found += ((uint16_t)((uint16_t)key * pair) < limit) & (((key ^ (key >> 8)) & 0xff) != 0);
    }
    return found;
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

/* For each position a place where the corpus has its key, or -1; hits are moved to the front of `at`. Returns how many there are. */
int64_t hw_find(const uint8_t *data, int form, int64_t *at, int64_t count, const uint8_t *corpus, int levels, const uint64_t *factors,
                const int32_t *shifts, uint32_t *const *tables, int64_t *of)
{
    int64_t hits = 0;
    for (int64_t start = 0; start < count; start += AHEAD) {
        int64_t most = count - start < AHEAD ? count - start : AHEAD;
        if (levels)
            for (int64_t i = start; i < start + most; i++)
                __builtin_prefetch(&tables[0][(formed(load(data + at[i]), form) * factors[0]) >> shifts[0]], 0);
        for (int64_t i = start; i < start + most; i++) {
            uint64_t key = formed(load(data + at[i]), form);
            for (int level = 0; level < levels; level++) {
                uint32_t guess = tables[level][(key * factors[level]) >> shifts[level]];
                if (!guess)
                    break; /* an empty slot proves that no seed has this key */
                if (load(corpus + guess - 1) == key) {
                    at[hits] = at[i];
                    of[hits++] = (int64_t)guess - 1;
                    break;
                }
            }
        }
    }
    return hits;
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
