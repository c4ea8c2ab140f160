/* Room in the log. A flood is counted rather than kept, and must neither take the room of other calls nor hide a deed of its own call that
 * is unlike it: of each kind of deed, by folder, target and signal, the first is kept for longer than the others. */
#include "budget.h"

#include "log.h"

#include <sys/random.h>

enum { OWNERS = 65536, SEEN = 1 << 20 };

static uint64_t limit;
static uint64_t taken[OWNERS]; /* by number of the call; beyond the table two share a place, which makes each have less */
static unsigned char seen[SEEN / 8];

void budget_open(uint64_t bytes) {
    limit = bytes;
}

/* A call may have at most as much as it leaves to all others. */
static bool fits(int owner, size_t len, uint64_t room) {
    uint64_t mine = taken[(unsigned)owner % OWNERS] + len, all = log_size() + len;
    return all <= room && (!owner || mine <= room - all);
}

bool budget_admits(enum rank rank, int owner, size_t len) {
    return rank == BOOK || fits(owner, len, rank == ORDINARY ? limit / 2 : limit / 4 * 3);
}

bool budget_admits_first(int owner, size_t len, uint64_t likeness) {
    uint64_t bit = likeness % SEEN;
    if (seen[bit / 8] & 1 << bit % 8 || !fits(owner, len, limit / 8 * 7))
        return false;
    seen[bit / 8] |= (unsigned char)(1 << bit % 8);
    return true;
}

void budget_take(enum rank rank, int owner, size_t len) {
    if (rank != BOOK && owner)
        taken[(unsigned)owner % OWNERS] += len;
}

/* FNV-1a from a basis that nobody else knows. */
uint64_t budget_hash(uint64_t hash, const void *bytes, size_t len) {
    static uint64_t basis;
    while (!basis && getrandom(&basis, sizeof basis, 0) != sizeof basis)
        ;
    hash = hash ? hash : basis;
    for (const unsigned char *at = bytes; len--; at++)
        hash = (hash ^ *at) * 1099511628211ULL;
    return (hash ^ 0xFF) * 1099511628211ULL;
}
