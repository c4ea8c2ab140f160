/* What all handlers share. */
#include "event.h"

#include "lives.h"
#include "owners.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

enum { RECENT = 256, RECENT_MS = 100 };

/* Who a task was a moment ago. It stays so: it may become another program, session or name by calls that we see, and nobody but root can
 * become another user. Asking the kernel again would cost as much as all the rest of a record. */
static struct { pid_t pid; int64_t until; struct who who; } recent[RECENT];

static int64_t clock_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool changes_who(const struct call *call) {
    return call->kind == EXEC || call->kind == SESSION || call->kind == OTHER;
}

static void find_who(struct event *event) {
    __typeof__(*recent) *slot = &recent[(unsigned)event->pid % RECENT];
    bool changes = changes_who(event->call);
    if (slot->pid == event->pid && !changes && clock_ms() < slot->until) {
        event->who = slot->who;
        return;
    }
    if (!task_who(event->pid, &event->who))
        event->who = (struct who){0};
    bool keep = !changes && event->who.uid > 0;
    *slot = (__typeof__(*slot)){.pid = keep ? event->pid : 0, .until = clock_ms() + RECENT_MS, .who = event->who};
    if (changes) /* by any of its threads */
        recent[(unsigned long)event->who.tgid % RECENT].pid = 0;
}

const struct who *event_who(struct event *event) {
    if (!event->known)
        find_who(event);
    event->known = true;
    return &event->who;
}

void event_begin(struct event *event, enum kind kind, enum rank rank) {
    const struct who *who = event_who(event);
    lives_note(event->x, who);
    record_begin(kind, rank);
    record_owner(owners_of(event->x, who->sid));
    record_int("x", event->x);
    record_int("pid", event->pid);
    lives_put(who);
    if (event->abi)
        record_text("arch", event->abi, strlen(event->abi));
}

void event_end(struct event *event) {
    uint64_t notice = event->notice;
    if (ioctl(event->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &notice))
        record_quiet(STALE);
    else
        record_end();
}

void event_read_place(const struct event *event, signed char dir, signed char path, struct place *place) {
    int fd = dir == CWD ? AT_FDCWD : (int)event->arg[dir];
    if (path == NONE)
        place_read(place, event->pid, fd, 0);
    else if (event->arg[path] || event->call->handle == on_path)
        place_read(place, event->pid, fd, event->arg[path]); /* utimensat and its like take no name for the descriptor itself */
    else
        place_read(place, event->pid, AT_FDCWD, 0);
}

void event_find_place(struct event *event, struct place *place) {
    signed char flags = event->call->flags;
    bool follow = flags != NEVER && (flags == NONE || !(event->arg[flags] & AT_SYMLINK_NOFOLLOW));
    place_find(place, event->pid, (pid_t)event_who(event)->tgid, follow);
}

static size_t shown(size_t len) {
    return len > PATH_CAP ? PATH_CAP : len;
}

static void put_both(const char *key, const char *text, size_t len, const char *other_key, const char *other, size_t other_len) {
    record_text(key, text, len);
    if (len != other_len || memcmp(text, other, len))
        record_text(other_key, other, other_len);
}

void event_place(const char *key, const char *asked_key, const struct place *place) {
    if (place->readable)
        put_both(key, place->path, place->path_len, asked_key, place->asked, shown(place->asked_len));
    else
        record_null(key);
}

void event_asked(const char *key, const char *real_key, const struct place *place) {
    if (place->readable)
        put_both(key, place->asked, shown(place->asked_len), real_key, place->path, place->path_len);
    else
        record_null(key);
}

bool event_word(const struct event *event, uint64_t array, unsigned i, uint64_t *value) {
    *value = 0;
    return task_read(event->pid, array + (uint64_t)i * event->width, value, event->width);
}
