/* One notified system call, as its handler sees it. */
#ifndef EVENT_H
#define EVENT_H

#include "calls.h"
#include "place.h"
#include "record.h"

enum { CWD = -1, NONE = -2, NEVER = -3 };

struct event;

/* A row of the table: which handler, and which arguments mean what. */
struct call {
    const char *name;
    void (*handle)(struct event *event);
    enum kind kind;
    signed char dir, path;   /* arguments: folder descriptor (or CWD) and name */
    signed char dir2, path2; /* likewise of a second path */
    signed char arg;         /* flags, mode, signal, address, ... */
    signed char flags;       /* AT_* flags; NONE: a link at the path's end is followed, NEVER: it is not */
};

struct event {
    const struct call *call;
    const char *abi; /* "i386", "x32", or null for plain x86_64 */
    unsigned width;  /* bytes of a pointer */
    int listener;
    uint64_t notice; /* the kernel's id of this notification */
    int x;
    pid_t pid;
    uint64_t arg[6];
    int refuse; /* an errno: the call is not to be run */
    bool known; /* `who` was read */
    struct who who;
};

/* Finds the row for a number; null when there is none, which a profile of ours never causes. */
const struct call *call_find(uint32_t arch, int nr, const char **abi);

/* Who called. Zeros when the task has gone. */
const struct who *event_who(struct event *event);

/* Begins a record with the fields that all records of processes have. */
void event_begin(struct event *event, enum kind kind, enum rank rank);

/* The path that the row's arguments (folder, name) stand for, not yet followed. */
void event_read_place(const struct event *event, signed char dir, signed char path, struct place *place);

/* Follows it, as the row says. */
void event_find_place(struct event *event, struct place *place);

/* A path, and what was asked for where that reads differently. */
void event_place(const char *key, const char *asked_key, const struct place *place);

/* The other way round: what was asked for, and where it leads when that reads differently. */
void event_asked(const char *key, const char *real_key, const struct place *place);

/* Ends it; left out when the caller is no longer where it was, as what was read may be another's. */
void event_end(struct event *event);

/* An array of pointers or sizes in the caller's memory: item `i`. */
bool event_word(const struct event *event, uint64_t array, unsigned i, uint64_t *value);

/* Handlers. */
void on_exec(struct event *event);
void on_open(struct event *event);
void on_path(struct event *event);     /* one path, named or by descriptor */
void on_two(struct event *event);      /* rename, link */
void on_symlink(struct event *event);
void on_signal(struct event *event);
void on_session(struct event *event);
void on_trace(struct event *event);
void on_memfd(struct event *event);
void on_limits(struct event *event);   /* prlimit64 of another process */
void on_share(struct event *event);    /* turns of the processor and the disk, of another process */
void on_setting(struct event *event);  /* prctl */
void on_filter(struct event *event);   /* seccomp */
void on_clone(struct event *event);    /* with flags that lead out of sight or into a namespace */
void on_refused(struct event *event);
void on_address(struct event *event);  /* connect, bind, sendto */
void on_message(struct event *event);  /* sendmsg */
void on_messages(struct event *event); /* sendmmsg */
void on_socketcall(struct event *event);

#endif
