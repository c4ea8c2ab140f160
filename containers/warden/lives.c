/* Ends of processes. A pidfd tells of every end, by exit(2) or by a signal, and costs the process itself nothing: it is never stopped for
 * it. How it ended is asked of the pidfd (Linux 6.15), or read while its parent has not: where neither can be had, the record says null.
 *
 * A process that never made a record (a fork that only waits) has no end either. */
#include "lives.h"

#include "owners.h"
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIVES_MAX = 3000, BUCKETS = 4096, NOBODY = -1 }; /* fewer than the descriptors that we may hold */

struct pidfd_info_0 { /* linux/pidfd.h, as of version 0 of struct pidfd_info */
    uint64_t mask, cgroup;
    uint32_t ids[11];
    int32_t exit_code;
};
#define GET_INFO _IOWR(0xFF, 11, struct pidfd_info_0)
#define INFO_EXIT (1UL << 3)

static struct life {
    int fd, x;
    struct who who;
    short next; /* in its bucket, or among those that are free */
} lives[LIVES_MAX];
static short buckets[BUCKETS], unused;
static int poll_fd = -1;

void lives_open(int poll) {
    poll_fd = poll;
    memset(buckets, 0xFF, sizeof buckets);
    for (short i = 0; i < LIVES_MAX; i++)
        lives[i].next = i + 1 < LIVES_MAX ? (short)(i + 1) : NOBODY;
}

static struct life *find(long tgid) {
    short i = buckets[(unsigned long)tgid % BUCKETS];
    while (i != NOBODY && lives[i].who.tgid != tgid)
        i = lives[i].next;
    return i == NOBODY ? NULL : &lives[i];
}

void lives_become(long tgid, const char *path) {
    enum { NAME_MAX_OF_KERNEL = 15 };
    struct life *life = find(tgid);
    const char *slash = strrchr(path, '/');
    if (life)
        snprintf(life->who.comm, sizeof life->who.comm, "%.*s", NAME_MAX_OF_KERNEL, slash ? slash + 1 : path);
}

void lives_note(int x, const struct who *who) {
    struct life *life = find(who->tgid);
    if (life) {
        life->who = *who;
        life->x = x;
        return;
    }
    if (unused == NOBODY || who->tgid <= 0) {
        record_quiet(ENDS);
        return;
    }
    life = &lives[unused];
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)who->tgid, 0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = life};
    if (fd < 0 || epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event)) {
        if (fd >= 0)
            close(fd);
        record_quiet(ENDS);
        return;
    }
    short at = unused, *bucket = &buckets[(unsigned long)who->tgid % BUCKETS];
    unused = life->next;
    *life = (struct life){.fd = fd, .x = x, .who = *who, .next = *bucket};
    *bucket = at;
}

bool lives_own(const void *mark) {
    return (const char *)mark >= (const char *)lives && (const char *)mark < (const char *)(lives + LIVES_MAX);
}

static bool ask(int fd, int *status) {
    struct pidfd_info_0 info = {.mask = INFO_EXIT};
    if (ioctl(fd, GET_INFO, &info) || !(info.mask & INFO_EXIT))
        return false;
    *status = info.exit_code;
    return true;
}

static bool read_of(long tgid, int *status) {
    char path[32], text[1024];
    snprintf(path, sizeof path, "%ld/stat", tgid);
    const char *last = task_slurp(path, text, sizeof text) ? strrchr(text, ' ') : NULL;
    if (last)
        *status = atoi(last + 1);
    return last != NULL;
}

/* As wait(2) would have it; false when nobody can tell any more. The pidfd knows only once the parent has waited, /proc only until then:
 * a parent that waits between the two questions makes the third one needed. */
static bool status_of(const struct life *life, int *status) {
    return ask(life->fd, status) || read_of(life->who.tgid, status) || ask(life->fd, status);
}

void lives_put(const struct who *who) {
    record_int("tgid", who->tgid);
    record_int("ppid", who->ppid);
    record_int("sid", who->sid);
    record_int("uid", who->uid);
    record_text("comm", who->comm, strlen(who->comm));
}

void lives_end(void *mark) {
    struct life *life = mark;
    int status;
    record_begin(EXIT, ORDINARY);
    record_owner(owners_of(life->x, life->who.sid));
    record_int("x", life->x);
    record_int("pid", life->who.tgid);
    lives_put(&life->who);
    if (!status_of(life, &status))
        record_null("code");
    else if (WIFSIGNALED(status))
        record_int("sig", WTERMSIG(status));
    else
        record_int("code", WEXITSTATUS(status));
    record_end();
    close(life->fd); /* and with it epoll's interest */
    short at = (short)(life - lives), *link = &buckets[(unsigned long)life->who.tgid % BUCKETS];
    while (*link != at)
        link = &lives[*link].next;
    *link = life->next;
    life->next = unused;
    unused = at;
}
