/* The processes of a command: its session, and all that descends from a member, whatever session or group it went into.
 *
 * A member stays one when its parent dies (it is remembered by pid and start time, since pids are used again). Not caught, as on any
 * machine: what had left the session and lost its parent before anybody looked. That is how a daemon is meant to outlive its shell. */
#include "session.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct process {
    pid_t pid, parent, session;
    unsigned long long start;
    char state;
    bool member;
};

static bool read_stat(const char *name, struct process *p) {
    char path[32], text[1024];
    snprintf(path, sizeof path, "/proc/%.16s/stat", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0) return false;
    text[n] = 0;
    char *after = strrchr(text, ')'); /* the name before it may hold anything */
    p->pid = (pid_t)atoi(name);
    p->member = false;
    return after && sscanf(after + 1, " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                           &p->state, &p->parent, &p->session, &p->start) == 4;
}

static size_t list_processes(struct process **list) {
    size_t count = 0, room = 0;
    DIR *proc = opendir("/proc");
    *list = NULL;
    for (struct dirent *entry; proc && (entry = readdir(proc));) {
        if (!isdigit((unsigned char)*entry->d_name)) continue;
        if (count == room) {
            room = room ? room * 2 : 64;
            *list = realloc(*list, room * sizeof **list);
            if (!*list) die("memory");
        }
        if (read_stat(entry->d_name, *list + count)) count++;
    }
    if (proc) closedir(proc);
    return count;
}

static bool remembered(const struct tree *tree, const struct process *p) {
    for (size_t i = 0; i < tree->count; i++)
        if (tree->members[i].pid == p->pid && tree->members[i].start == p->start) return true;
    return false;
}

static bool parent_is_member(const struct process *list, size_t count, const struct process *p) {
    for (size_t i = 0; i < count; i++)
        if (list[i].pid == p->parent) return list[i].member;
    return false;
}

static void remember(struct tree *tree, const struct process *p) {
    if (tree->count == tree->room) {
        tree->room = tree->room ? tree->room * 2 : 16;
        tree->members = realloc(tree->members, tree->room * sizeof *tree->members);
        if (!tree->members) die("memory");
    }
    tree->members[tree->count].pid = p->pid;
    tree->members[tree->count++].start = p->start;
}

static void mark(struct tree *tree, struct process *list, size_t count, pid_t session) {
    for (size_t i = 0; i < count; i++) list[i].member = list[i].session == session || remembered(tree, &list[i]);
    for (bool grew = true; grew;) {
        grew = false;
        for (size_t i = 0; i < count; i++)
            if (!list[i].member && parent_is_member(list, count, &list[i])) list[i].member = grew = true;
    }
}

size_t tree_signal(struct tree *tree, pid_t session, int signal) {
    struct process *list;
    size_t count = list_processes(&list), alive = 0;
    mark(tree, list, count, session);
    tree->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!list[i].member || list[i].pid == getpid() || list[i].pid == 1) continue;
        remember(tree, &list[i]);
        if (list[i].state == 'Z') continue;
        alive++;
        if (signal) kill(list[i].pid, signal);
    }
    free(list);
    return alive;
}
