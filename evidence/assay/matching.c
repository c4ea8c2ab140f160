/*
 * The inner loops of the assay that follow what was looked up: from hits to runs (match.py, whose rules stand there). Every function has a twin in
 * numpy that gives the same arrays, and the tests hold the two against each other; where this library is not built, the twin does the work.
 *
 * Law of this file: as of kernel.c, with which it makes one library.
 */
#include <stdint.h>
#include <string.h>

#define KEY 8
/* As in match.py. */
#define RUN 16
#define NEAR 128
#define NEAR_RUN 8
#define ENCLOSED_RUN 4
#define SHIFTS 8
#define CELL 16
#define CELL_GOOD 12
#define PAIR_GOOD 24

/* Marks the linked true positions in runs of at least `least`; what was marked stays. `of` null: all neighbours are linked. */
static void mark_runs(const uint8_t *equal, const int64_t *of, int64_t size, int64_t least, uint8_t *marked)
{
    for (int64_t i = 0; i < size;) {
        int64_t start = i;
        if (!equal[i++])
            continue;
        while (i < size && equal[i] && (!of || of[i] == of[i - 1] + 1))
            i++;
        if (i - start >= least)
            memset(marked + start, 1, (size_t)(i - start));
    }
}

/* Adds the equal bytes of cells of 16 that hold many, in a chain of such cells one of which is sure. */
static void tolerate(const uint8_t *equal, const uint8_t *sure, int64_t size, uint8_t *accepted)
{
    int64_t cells = size / CELL, first = -1;
    int before = 0, here, chain_sure = 0;
    for (int64_t cell = 0; cell <= cells; cell++, before = here) {
        int certain = 0, next = 0;
        here = 0;
        if (cell < cells)
            for (int64_t i = cell * CELL; i < (cell + 1) * CELL; i++) {
                here += equal[i];
                certain |= sure[i];
            }
        if (cell + 1 < cells)
            for (int64_t i = (cell + 1) * CELL; i < (cell + 2) * CELL; i++)
                next += equal[i];
        if (cell < cells && here >= CELL_GOOD) {
            if (first < 0) {
                first = cell;
                chain_sure = 0;
            }
            chain_sure |= certain | (cell && before + here >= PAIR_GOOD) | (here + next >= PAIR_GOOD && cell + 1 < cells);
            continue;
        }
        if (first >= 0 && chain_sure)
            for (int64_t i = first * CELL; i < cell * CELL; i++)
                accepted[i] |= equal[i];
        first = -1;
    }
}

/* Compares along given places: which bytes are equal, which of them stand in runs, and which count. */
static void along(const uint8_t *window, int64_t size, const uint8_t *corpus, int64_t most, const int64_t *of, uint8_t *trial)
{
    uint8_t *equal = trial, *sure = trial + size, *accepted = trial + 2 * size;
    for (int64_t i = 0; i < size; i++)
        equal[i] = of[i] >= 0 && of[i] < most && corpus[of[i]] == window[i];
    memset(sure, 0, (size_t)size);
    mark_runs(equal, of, size, RUN, sure);
    memcpy(accepted, sure, (size_t)size);
    tolerate(equal, sure, size, accepted);
}

static inline int in_pair(const uint8_t *equal, int64_t i, int64_t size)
{
    return equal[i] && ((i && equal[i - 1]) || (i + 1 < size && equal[i + 1]));
}

/* Each position on the diagonal of the last hit before it, then of the first one behind it; `spare` holds 6 bytes and a place for each. */
void hw_match(const uint8_t *window, int64_t size, const uint8_t *corpus, int64_t most, const int64_t *at, const int64_t *hit, int64_t hits,
              uint8_t *accepted, int64_t *of, uint8_t *spare, int64_t *behind_of)
{
    uint8_t *ahead = spare, *behind = spare + 3 * size;
    int64_t turns = 0, place = 0, all = 1;
    for (int64_t k = 0; k < hits; k++) {
        int64_t apart = hit[k] - at[k];
        if (k && apart == hit[k - 1] - at[k - 1])
            continue;
        turns += k > 0;
        for (int64_t next = k ? at[k] : 0; place < next; place++)
            of[place] = place + hit[k - 1] - at[k - 1];
    }
    for (; place < size; place++)
        of[place] = place + hit[hits - 1] - at[hits - 1];
    along(window, size, corpus, most, of, ahead);
    for (int64_t i = 0; i < size; i++)
        all &= ahead[2 * size + i];
    memcpy(accepted, ahead + 2 * size, (size_t)size);
    if (!turns || all)
        return;
    place = 0;
    for (int64_t k = 1; k < hits; k++) {
        int64_t apart = hit[k - 1] - at[k - 1], stop = at[k - 1] + KEY < at[k] ? at[k - 1] + KEY : at[k];
        if (apart != hit[k] - at[k])
            for (; place < stop; place++)
                behind_of[place] = place + apart;
    }
    for (; place < size; place++)
        behind_of[place] = place + hit[hits - 1] - at[hits - 1];
    along(window, size, corpus, most, behind_of, behind);
    uint8_t *equal = accepted; /* the better one's, until the end */
    uint8_t *counted = behind + size;
    for (int64_t i = 0; i < size; i++) {
        int sure = behind[size + i], pair = in_pair(behind, i, size) && !in_pair(ahead, i, size);
        int rather = !ahead[size + i] && (sure || (!ahead[2 * size + i] && (behind[2 * size + i] || pair)));
        of[i] = rather ? behind_of[i] : of[i];
        equal[i] = rather ? behind[i] : ahead[i];
        counted[i] = rather ? behind[2 * size + i] : ahead[2 * size + i];
    }
    mark_runs(equal, of, size, RUN, counted);
    memcpy(accepted, counted, (size_t)size);
}

/* Follows short insertions and deletions behind accepted bytes, a byte at most 8 places off, in place. */
void hw_resync(const uint8_t *window, int64_t size, const uint8_t *corpus, int64_t most, uint8_t *accepted, int64_t *of)
{
    for (int64_t i = 0; i < size; i++) {
        if (!accepted[i] || i + 1 >= size || accepted[i + 1])
            continue;
        int64_t next = i + 1, last = i;
        uint8_t equal[NEAR], found[NEAR], done[NEAR] = {0};
        while (next < size && !accepted[next])
            next++;
        int64_t length = next - last - 1 < NEAR ? next - last - 1 : NEAR, off = next < size ? of[next] - next - of[last] + last : 0;
        int64_t least = next < size && off <= SHIFTS && off >= -SHIFTS && next - last <= NEAR ? ENCLOSED_RUN : NEAR_RUN;
        i = next - 1;
        if (length < least)
            continue;
        for (int64_t turn = 0; turn < 2 * SHIFTS; turn++) {
            int64_t target = of[last] + 1 + (turn & 1 ? -(turn / 2 + 1) : turn / 2 + 1);
            for (int64_t k = 0; k < length; k++)
                equal[k] = !done[k] && target + k >= 0 && target + k < most && corpus[target + k] == window[last + 1 + k];
            memset(found, 0, (size_t)length);
            mark_runs(equal, 0, length, least, found);
            for (int64_t k = 0; k < length; k++)
                if (found[k]) {
                    done[k] = 1;
                    of[last + 1 + k] = target + k;
                }
        }
        for (int64_t k = 0; k < length; k++)
            accepted[last + 1 + k] |= done[k];
    }
}

/* Where 8 bytes stand inside stretches of at least 16 that are not accepted; whether there are any. */
int64_t hw_gaps(const uint8_t *accepted, int64_t size, uint8_t *starts)
{
    int64_t any = 0;
    memset(starts, 0, (size_t)size);
    for (int64_t i = 0; i < size;) {
        int64_t start = i;
        while (i < size && !accepted[i])
            i++;
        if (i - start >= RUN) {
            memset(starts + start, 1, (size_t)(i - start - KEY + 1));
            any = 1;
        }
        i += i == start;
    }
    return any;
}

/* The accepted positions as runs; returns how many. */
int64_t hw_runs(const uint8_t *accepted, const int64_t *of, int64_t size, int64_t *at, int64_t *there, int64_t *length)
{
    int64_t count = 0;
    for (int64_t i = 0; i < size;) {
        int64_t start = i++;
        if (!accepted[start])
            continue;
        while (i < size && accepted[i] && of[i] == of[i - 1] + 1)
            i++;
        at[count] = start;
        there[count] = of[start];
        length[count++] = i - start;
    }
    return count;
}
