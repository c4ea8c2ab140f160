/* Handlers of calls about processes. */
#include "event.h"
#include "quiet.h"

#include <string.h>

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
