/* Handlers of calls about files. */
#include "event.h"
#include "lives.h"
#include "quiet.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>

enum { ARGS_MAX = 256, ARG_CAP = 8192, ARGS_BYTES = 16384 };

static void put_missing(const struct place *place) {
    if (place->missing)
        record_bool("missing", true);
}

/* argv, bounded; true when something of it was left out. */
static bool put_argv(const struct event *event, uint64_t argv) {
    static char text[ARG_CAP + 1];
    size_t total = 0;
    bool truncated = false;
    record_list("argv");
    for (unsigned i = 0; argv; i++) {
        uint64_t at;
        bool cut;
        if (!event_word(event, argv, i, &at) || !at)
            break;
        ssize_t len = i < ARGS_MAX && total < ARGS_BYTES ? task_string(event->pid, at, text, sizeof text, &cut) : -1;
        if (len < 0) {
            truncated = true;
            break;
        }
        if ((size_t)len > ARGS_BYTES - total) {
            len = (ssize_t)(ARGS_BYTES - total);
            cut = true;
        }
        record_item(text, (size_t)len);
        total += (size_t)len + 1;
        truncated |= cut;
    }
    record_list_end();
    return truncated;
}

void on_exec(struct event *event) {
    struct place place;
    char cwd[PATH_CAP];
    event_read_place(event, event->call->dir, event->call->path, &place);
    event_find_place(event, &place);
    ssize_t len = task_link(event->pid, "cwd", cwd, sizeof cwd);
    event_begin(event, EXEC, MUST);
    if (!place.missing)
        lives_become(event_who(event)->tgid, place.asked);
    /* A program goes by the name that it was called by (python3, sh), and not by that of the file behind it. */
    event_asked("path", "real", &place);
    put_missing(&place);
    if (len < 0)
        record_null("cwd");
    else
        record_text("cwd", cwd, (size_t)len);
    record_bool("truncated", put_argv(event, event->arg[event->call->arg]));
    event_end(event);
}

static uint64_t open_flags(const struct event *event) {
    struct open_how how = {0};
    if (!strcmp(event->call->name, "creat"))
        return O_CREAT | O_WRONLY | O_TRUNC;
    if (strcmp(event->call->name, "openat2"))
        return event->arg[event->call->arg];
    task_read(event->pid, event->arg[event->call->arg], &how, sizeof how);
    return how.flags;
}

static void put_open_flags(uint64_t flags) {
    static const struct { uint64_t bits; const char *name; } NAMES[] = {
        {O_APPEND, "O_APPEND"}, {O_CREAT, "O_CREAT"}, {O_DIRECTORY, "O_DIRECTORY"}, {O_EXCL, "O_EXCL"}, {O_NOFOLLOW, "O_NOFOLLOW"},
        {O_PATH, "O_PATH"},     {O_TMPFILE, "O_TMPFILE"}, {O_TRUNC, "O_TRUNC"},
    };
    char text[128] = "";
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if ((flags & NAMES[i].bits) == NAMES[i].bits) {
            strcat(text, *text ? "|" : "");
            strcat(text, NAMES[i].name);
        }
    record_text("flags", text, strlen(text));
}

static bool seen_lately(struct event *event, const struct place *place, uint64_t flags) {
    const void *parts[] = {&event_who(event)->sid, &flags, place->path};
    const size_t lens[] = {sizeof(long), sizeof flags, place->path_len};
    return quiet_repeat(parts, lens, 3);
}

void on_open(struct event *event) {
    struct place place;
    uint64_t flags = open_flags(event);
    bool reads = (flags & O_ACCMODE) == O_RDONLY && !(flags & (O_CREAT | O_TRUNC)) && (flags & O_TMPFILE) != O_TMPFILE;
    event_read_place(event, event->call->dir, event->call->path, &place);
    if (reads ? quiet_read(place.asked) : !strcmp(place.asked, "/dev/null")) {
        record_quiet(PLATFORM_READS);
        return;
    }
    bool follow = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    place_find(&place, event->pid, (pid_t)event_who(event)->tgid, follow);
    bool ordinary = reads && !quiet_never(place.path) && !quiet_never(place.asked);
    if (ordinary && quiet_read(place.path)) { /* /etc/localtime and its like */
        record_quiet(PLATFORM_READS);
        return;
    }
    if (ordinary && seen_lately(event, &place, flags)) {
        record_quiet(REPEATS);
        return;
    }
    event_begin(event, OPEN, ordinary ? ORDINARY : MUST);
    event_place("path", "asked", &place);
    put_missing(&place);
    record_bool("dir", place.dir || (!place.missing && (flags & O_DIRECTORY)));
    const char *mode = (flags & O_ACCMODE) == O_RDONLY ? "r" : (flags & O_ACCMODE) == O_WRONLY ? "w" : "rw";
    record_text("mode", mode, strlen(mode));
    put_open_flags(flags);
    event_end(event);
}

/* What a call about one path says besides it. */
static void put_particulars(const struct event *event, const struct place *place) {
    const struct call *call = event->call;
    char mode[16];
    switch (call->kind) {
    case CHMOD:
        record_text("mode", mode, (size_t)snprintf(mode, sizeof mode, "%04o", (unsigned)event->arg[call->arg] & 07777));
        break;
    case CHOWN:
        record_int("owner", (int)event->arg[call->arg]);
        record_int("group", (int)event->arg[call->arg + 1]);
        break;
    case TRUNCATE:
        record_int("size", (long long)event->arg[call->arg]);
        break;
    case UNLINK:
        record_bool("dir", place->dir);
        break;
    case OTHER:
        record_text("sys", call->name, strlen(call->name));
        break;
    default:
        break;
    }
}

void on_path(struct event *event) {
    struct place place;
    event_read_place(event, event->call->dir, event->call->path, &place);
    event_find_place(event, &place);
    event_begin(event, event->call->kind, event->call->kind == MKDIR || event->call->kind == OTHER ? ORDINARY : MUST);
    event_place("path", "asked", &place);
    if (event->call->kind != MKDIR)
        put_missing(&place);
    put_particulars(event, &place);
    event_end(event);
}

void on_two(struct event *event) {
    struct place from, to;
    event_read_place(event, event->call->dir, event->call->path, &from);
    event_read_place(event, event->call->dir2, event->call->path2, &to);
    event_find_place(event, &from);
    event_find_place(event, &to);
    event_begin(event, event->call->kind, MUST);
    event_place("path", "asked", &from);
    put_missing(&from);
    event_place("to", "asked_to", &to);
    if (event->call->kind == LINK)
        record_bool("symbolic", false);
    event_end(event);
}

/* `path` is where the new link leads to, `to` its own name, as with rename and link: the new name is `to`. */
void on_symlink(struct event *event) {
    struct place means, link;
    char text[PATH_CAP + 1];
    bool cut;
    ssize_t len = task_string(event->pid, event->arg[event->call->path], text, sizeof text, &cut);
    event_read_place(event, event->call->dir2, event->call->path2, &link);
    place_find(&link, event->pid, (pid_t)event_who(event)->tgid, false);
    char folder[PATH_CAP + 300];
    memcpy(folder, link.path, link.path_len + 1);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[1] = 0;
    place_set(&means, folder, text, len < 0 ? 0 : (size_t)len);
    means.readable = len >= 0;
    event_find_place(event, &means);
    event_begin(event, LINK, MUST);
    event_place("path", "asked", &means);
    event_place("to", "asked_to", &link);
    record_bool("symbolic", true);
    event_end(event);
}

void on_memfd(struct event *event) {
    char name[256], text[264];
    bool cut;
    ssize_t len = task_string(event->pid, event->arg[event->call->path], name, sizeof name, &cut);
    event_begin(event, OTHER, ORDINARY);
    record_text("sys", event->call->name, strlen(event->call->name));
    if (len >= 0)
        record_text("path", text, (size_t)snprintf(text, sizeof text, "memfd:%s", name));
    event_end(event);
}
