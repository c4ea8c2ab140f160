/*
 * The inner loops of the assay that read text (parts.py, whose rules stand there). Every function has a twin in Python that gives the same arrays, and
 * the tests hold the two against each other; where this library is not built, the twin does the work.
 *
 * Law of this file: as of kernel.c, with which it makes one library.
 */
#include <stdint.h>
#include <string.h>

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
