/* Handlers of calls about processes. */
#include "event.h"
#include "owners.h"
#include "quiet.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

static bool seen_lately(struct event *event, long target, long what) {
    const void *parts[] = {&event_who(event)->tgid, &target, &what, event->call->name};
    const size_t lens[] = {sizeof(long), sizeof target, sizeof what, strlen(event->call->name)};
    return quiet_repeat(parts, lens, 4);
}

/* The target's name at this moment: after the signal it may have none. */
static void put_target(long target) {
    struct who who;
    record_int("target", target);
    if (target > 0 && task_who((pid_t)target, &who))
        record_text("target_comm", who.comm, strlen(who.comm));
}

void on_signal(struct event *event) {
    bool by_fd = !strcmp(event->call->name, "pidfd_send_signal");
    long target = by_fd ? task_pidfd(event->pid, (int)event->arg[0]) : (int)event->arg[0];
    long sig = (int)event->arg[event->call->arg];
    /* Threads of one process signal each other as a matter of course (garbage collectors do, many times a second). */
    bool own = target == event_who(event)->tgid || target == event->pid;
    if (own && seen_lately(event, target, sig)) {
        record_quiet(REPEATS);
        return;
    }
    event_begin(event, SIGNAL, MUST);
    put_target(target);
    record_int("sig", sig);
    event_end(event);
}

void on_session(struct event *event) {
    event_begin(event, SESSION, MUST); /* its `sid` is the old one; the new one is its `pid` */
    event_end(event);
    owners_begin(event_who(event));
}

void on_trace(struct event *event) {
    bool ptraces = !strcmp(event->call->name, "ptrace");
    long target = (int)event->arg[event->call->arg], request = ptraces ? (long)event->arg[0] : 0;
    if (seen_lately(event, target, request)) {
        record_quiet(REPEATS);
        return;
    }
    event_begin(event, TRACE, MUST);
    put_target(target);
    record_text("sys", event->call->name, strlen(event->call->name));
    if (ptraces)
        record_int("request", request);
    event_end(event);
}

/* A limit on another's processor time or files ends or cripples it as a signal would. Asking for limits is nothing. */
void on_limits(struct event *event) {
    long target = (int)event->arg[0];
    if (!event->arg[2] || target == event_who(event)->tgid || seen_lately(event, target, (long)event->arg[1])) {
        record_quiet(SETTINGS);
        return;
    }
    event_begin(event, TRACE, MUST);
    put_target(target);
    record_text("sys", event->call->name, strlen(event->call->name));
    event_end(event);
}

/* Turns of the processor or the disk, taken from another process, a group (told as a negative number) or all that a user runs. One's own
 * threads are everyday. setpriority counts its kinds from 0, ioprio_set from 1. */
void on_share(struct event *event) {
    long target = (int)event->arg[event->call->arg];
    long kind = event->call->arg ? (int)event->arg[0] - (*event->call->name == 'i') : 0;
    struct who who;
    bool own = !kind && (!target || (task_who((pid_t)target, &who) && who.tgid == event_who(event)->tgid));
    if (own || (kind == 1 && !target) || seen_lately(event, target, kind)) {
        record_quiet(SETTINGS);
        return;
    }
    event_begin(event, TRACE, MUST);
    if (kind == 2)
        record_int("target_uid", target ? target : (long)event_who(event)->uid);
    else
        put_target(kind ? -target : target);
    record_text("sys", event->call->name, strlen(event->call->name));
    event_end(event);
}

/* Settings by which a process changes how it looks from outside. The others are everyday. */
void on_setting(struct event *event) {
    static const uint64_t TOLD[] = {PR_SET_DUMPABLE, PR_SET_NAME, PR_SET_SECCOMP, PR_SET_MM, PR_SET_CHILD_SUBREAPER, PR_SET_PTRACER};
    bool told = false, cut;
    char name[17];
    uint64_t option = event->arg[0] & 0xFFFFFFFF;
    for (size_t i = 0; i < sizeof TOLD / sizeof *TOLD; i++)
        told |= option == TOLD[i];
    if (!told || seen_lately(event, (long)option, 0)) {
        record_quiet(SETTINGS);
        return;
    }
    event_begin(event, OTHER, ORDINARY);
    record_text("sys", event->call->name, strlen(event->call->name));
    record_int("option", (long long)option);
    ssize_t len = option == PR_SET_NAME ? task_string(event->pid, event->arg[1], name, sizeof name, &cut) : -1;
    if (len >= 0)
        record_text("name", name, (size_t)len);
    event_end(event);
}

void on_filter(struct event *event) {
    event_begin(event, OTHER, MUST);
    record_text("sys", event->call->name, strlen(event->call->name));
    record_int("option", (long long)(event->arg[0] & 0xFFFFFFFF));
    record_int("flags", (long long)(event->arg[1] & 0xFFFFFFFF));
    event_end(event);
}

/* The profile sends us only those with flags that it does not let pass by itself. */
void on_clone(struct event *event) {
    static const uint64_t NAMESPACES = 0x7E020000;
    event->refuse = event->arg[0] & NAMESPACES ? EPERM : 0;
    event_begin(event, event->refuse ? REFUSED : OTHER, MUST);
    record_text("sys", event->call->name, strlen(event->call->name));
    record_int("flags", (long long)(event->arg[0] & 0xFFFFFFFF));
    event_end(event);
}

void on_refused(struct event *event) {
    const struct call *call = event->call;
    struct place place;
    event->refuse = EPERM;
    if (seen_lately(event, (long)event->arg[0], (long)event->arg[1])) {
        record_quiet(REPEATS);
        return;
    }
    if (call->path != NONE) {
        event_read_place(event, call->dir, call->path, &place);
        event_find_place(event, &place);
    }
    event_begin(event, REFUSED, MUST);
    record_text("sys", call->name, strlen(call->name));
    if (call->path != NONE)
        event_place("path", "asked", &place);
    if (call->arg != NONE)
        put_target(task_pidfd(event->pid, (int)event->arg[call->arg]));
    event_end(event);
}
