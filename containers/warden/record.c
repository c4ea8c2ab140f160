/* Records. One is built at a time: fields gather in any order, and are sorted when the record is sealed.
 *
 * A line is the canonical JSON of evidence/chain.py, so that its hash is taken over the very bytes that are written, and a reader that
 * parses and writes them again gets the same text. Nothing here waits for the disk longer than write(2) does; when that fails the
 * program ends, and with it the workstation: better no world than one that is not recorded. */
#include "record.h"

#include "budget.h"
#include "log.h"
#include "text.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FIELDS_MAX = 32, BODY_MAX = 384 * 1024, HASH_TEXT = 2 * SHA256_DIGEST_SIZE, LOST_EVERY_MS = 1000, QUIET_EVERY_MS = 10000 };

static const char *const KIND_NAMES[KINDS] = {
    [START] = "start",       [CALL] = "call",     [CALL_GONE] = "call-gone", [EXEC] = "exec",     [OPEN] = "open",   [CONNECT] = "connect",
    [EXIT] = "exit",         [REFUSED] = "refused",
    [BIND] = "bind",         [SEND] = "send",     [SIGNAL] = "signal",       [RENAME] = "rename", [LINK] = "link",   [UNLINK] = "unlink",
    [TRUNCATE] = "truncate", [CHMOD] = "chmod",   [CHOWN] = "chown",         [MKDIR] = "mkdir",   [SESSION] = "session",
    [TRACE] = "trace",       [OTHER] = "other",   [LOST] = "lost",           [QUIET] = "quiet",   [STOP] = "stop",
};
/* Losses are told by kind; an open that a label may rest on is a kind of its own. */
enum { LOST_WRITES = KINDS, LOSSES };
static const char *loss_name(size_t loss) {
    return loss == LOST_WRITES ? "write" : KIND_NAMES[loss];
}

static const char *const QUIET_NAMES[QUIETS] = {
    [PLATFORM_READS] = "platform_reads", [REPEATS] = "repeats", [LOOKUPS] = "lookups", [STALE] = "stale",
    [SETTINGS] = "settings", [ENDS] = "ends",
};

static struct {
    enum kind kind;
    enum rank rank;
    int owner; /* 0: nobody's */
    size_t count;
    struct { const char *key; size_t at, len; } field[FIELDS_MAX];
    struct text values;
    bool first_item;
} now;
static char values_buffer[BODY_MAX];
static char line_buffer[BODY_MAX + 4096];

static char head[HASH_TEXT + 1];
static unsigned long long next_seq;
static uint64_t lost[LOSSES], quiet[QUIETS];
static bool lost_waits, quiet_waits;
static int64_t lost_at, quiet_at; /* when they were last told, milliseconds */

static int64_t clock_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static long long wall_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void record_begin(enum kind kind, enum rank rank) {
    now.kind = kind;
    now.rank = rank;
    now.owner = 0;
    now.count = 0;
    now.values = (struct text){.at = values_buffer, .cap = sizeof values_buffer};
}

static void field_begin(const char *key) {
    if (now.count == FIELDS_MAX)
        abort();
    now.field[now.count].key = key;
    now.field[now.count].at = now.values.len;
}

static void field_end(void) {
    now.field[now.count].len = now.values.len - now.field[now.count].at;
    if (!now.values.full)
        now.count++;
}

void record_owner(int owner) {
    now.owner = owner;
}

void record_int(const char *key, long long value) {
    field_begin(key);
    text_int(&now.values, value);
    field_end();
}

void record_bool(const char *key, bool value) {
    field_begin(key);
    text_raw(&now.values, value ? "true" : "false", value ? 4 : 5);
    field_end();
}

void record_null(const char *key) {
    field_begin(key);
    text_raw(&now.values, "null", 4);
    field_end();
}

void record_text(const char *key, const char *bytes, size_t len) {
    field_begin(key);
    text_string(&now.values, bytes, len);
    field_end();
}

void record_list(const char *key) {
    field_begin(key);
    text_raw(&now.values, "[", 1);
    now.first_item = true;
}

void record_item(const char *bytes, size_t len) {
    if (!now.first_item)
        text_raw(&now.values, ",", 1);
    text_string(&now.values, bytes, len);
    now.first_item = false;
}

void record_list_end(void) {
    text_raw(&now.values, "]", 1);
    field_end();
}

static void sort_fields(void) {
    for (size_t i = 1; i < now.count; i++)
        for (size_t j = i; j > 0 && strcmp(now.field[j].key, now.field[j - 1].key) < 0; j--) {
            __typeof__(now.field[0]) swap = now.field[j];
            now.field[j] = now.field[j - 1];
            now.field[j - 1] = swap;
        }
}

static void write_body(struct text *line) {
    sort_fields();
    text_raw(line, "{\"body\":{", 9);
    for (size_t i = 0; i < now.count; i++) {
        if (i)
            text_raw(line, ",", 1);
        text_string(line, now.field[i].key, strlen(now.field[i].key));
        text_raw(line, ":", 1);
        text_raw(line, now.values.at + now.field[i].at, now.field[i].len);
    }
    text_raw(line, "},", 2);
}

static void take_hash(const char *front, size_t front_len, const char *back, size_t back_len, char hex[static HASH_TEXT + 1]) {
    struct sha256_ctx sha;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_init(&sha);
    sha256_update(&sha, HASH_TEXT, (const uint8_t *)head);
    sha256_update(&sha, front_len, (const uint8_t *)front);
    sha256_update(&sha, back_len, (const uint8_t *)back);
    sha256_digest(&sha, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    hex[HASH_TEXT] = 0;
}

/* What deeds of one flood have in common: the kind, and the folder of a path or the target. */
static uint64_t likeness(void) {
    static const char *const KEYS[] = {"sig", "sys", "target", "to"};
    uint64_t hash = budget_hash(0, &now.kind, sizeof now.kind);
    for (size_t i = 0; i < now.count; i++) {
        const char *value = now.values.at + now.field[i].at;
        size_t len = now.field[i].len;
        bool told = false;
        for (size_t k = 0; k < sizeof KEYS / sizeof *KEYS; k++)
            told |= !strcmp(now.field[i].key, KEYS[k]);
        if (!strcmp(now.field[i].key, "path")) {
            const char *slash = memrchr(value, '/', len);
            hash = budget_hash(hash, value, slash ? (size_t)(slash - value) : len);
        } else if (told) {
            hash = budget_hash(hash, value, len);
        }
    }
    return hash;
}

static bool admitted(size_t len) {
    return budget_admits(now.rank, now.owner, len) || (now.rank == MUST && budget_admits_first(now.owner, len, likeness()));
}

void record_end(void) {
    char back[256], hash[HASH_TEXT + 1];
    int back_len = snprintf(back, sizeof back, "\"kind\":\"%s\",\"prev\":\"%s\",\"seq\":%llu,\"source\":\"recorder\",\"t\":%lld,\"v\":1}",
                            KIND_NAMES[now.kind], head, next_seq, wall_us());
    struct text line = {.at = line_buffer, .cap = sizeof line_buffer};
    write_body(&line);
    if (!admitted(line.len + (size_t)back_len + HASH_TEXT + 11)) {
        lost[now.kind == OPEN && now.rank == MUST ? (size_t)LOST_WRITES : (size_t)now.kind]++;
        lost_waits = true;
        return;
    }
    take_hash(line.at, line.len, back, (size_t)back_len, hash);
    text_raw(&line, "\"hash\":\"", 8);
    text_raw(&line, hash, HASH_TEXT);
    text_raw(&line, "\",", 2);
    text_raw(&line, back, (size_t)back_len);
    text_raw(&line, "\n", 1);
    log_add(line.at, line.len);
    budget_take(now.rank, now.owner, line.len);
    memcpy(head, hash, sizeof head);
    next_seq++;
}

void record_quiet(enum quiet what) {
    quiet[what]++;
    quiet_waits = true;
}

static const char *quiet_name(size_t what) {
    return QUIET_NAMES[what];
}

static void tell_counts(enum kind kind, const char *(*name)(size_t), uint64_t *counts, size_t n) {
    record_begin(kind, BOOK);
    for (size_t i = 0; i < n; i++)
        if (counts[i]) {
            record_int(name(i), (long long)counts[i]);
            counts[i] = 0;
        }
    record_end();
}

static void tell_lost(void) {
    lost_waits = false;
    lost_at = clock_ms();
    tell_counts(LOST, loss_name, lost, LOSSES);
}

static void tell_quiet(void) {
    quiet_waits = false;
    quiet_at = clock_ms();
    tell_counts(QUIET, quiet_name, quiet, QUIETS);
}

void record_open(const char *path, uint64_t bytes) {
    memset(head, '0', HASH_TEXT);
    budget_open(bytes);
    log_open(path);
    record_begin(START, BOOK);
    record_int("limit", (long long)bytes);
    record_end();
}

static int sooner(int a, int64_t b) {
    int left = b < 0 ? 0 : (int)b;
    return a < 0 || left < a ? left : a;
}

int record_due(void) {
    int due = log_due();
    if (lost_waits)
        due = sooner(due, lost_at + LOST_EVERY_MS - clock_ms());
    if (quiet_waits)
        due = sooner(due, quiet_at + QUIET_EVERY_MS - clock_ms());
    return due;
}

void record_tick(void) {
    if (lost_waits && clock_ms() - lost_at >= LOST_EVERY_MS)
        tell_lost();
    if (quiet_waits && clock_ms() - quiet_at >= QUIET_EVERY_MS)
        tell_quiet();
    if (log_due() == 0)
        log_flush();
}

void record_close(void) {
    if (lost_waits)
        tell_lost();
    if (quiet_waits)
        tell_quiet();
    record_begin(STOP, BOOK);
    record_end();
    log_flush();
}
