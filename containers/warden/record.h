/* Records: a body built field by field, sealed into the hash chain of evidence/chain.py, and written to the log in time. */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kind {
    START, CALL, CALL_GONE, EXEC, EXIT, OPEN, CONNECT, BIND, SEND, SIGNAL, RENAME, LINK, UNLINK, TRUNCATE, CHMOD, CHOWN, MKDIR, SESSION, TRACE,
    REFUSED, OTHER, LOST, QUIET, STOP, KINDS
};

/* What happens to a record when the log nears its limit. Whatever its rank, one call may take at most as much of the room as it leaves to
 * all others: however many calls flood the log, there is room for the next one's. */
enum rank {
    ORDINARY, /* may fill the first half of the log */
    MUST,     /* may fill three quarters of it, and the first that look so seven eighths */
    BOOK      /* the recorder's own words; few, and always written */
};

/* What was seen and is not worth a record; counted, and told in a `quiet` record. */
enum quiet { PLATFORM_READS, REPEATS, LOOKUPS, STALE, SETTINGS, ENDS, QUIETS };

/* Opens the log, which must not exist yet, and writes `start`. Dies with a sentence when it cannot. */
void record_open(const char *path, uint64_t limit);

void record_begin(enum kind kind, enum rank rank);
void record_owner(int owner); /* whose room it takes (owners.h) */
void record_int(const char *key, long long value);
void record_bool(const char *key, bool value);
void record_null(const char *key);
void record_text(const char *key, const char *bytes, size_t len);
void record_list(const char *key);                   /* begins a list of strings */
void record_item(const char *bytes, size_t len);     /* one of them */
void record_list_end(void);
void record_end(void);

void record_quiet(enum quiet what);

/* Milliseconds until record_tick() has something to do; -1 for never. */
int record_due(void);

/* Writes out what is due: records that wait, and the counts of what was lost or left out. */
void record_tick(void);

/* Writes `stop` and all that waits. */
void record_close(void);

#endif
