/* Reading about tasks. The caller proves afterwards that the task still stood where it did (SECCOMP_IOCTL_NOTIF_ID_VALID), since a
 * process id may have been used again in between. */
#include "task.h"

#include "die.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, CHUNK = 256 };

static int proc = -1;

void task_open_proc(void) {
    proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0)
        die(1, "cannot open /proc: %s", strerror(errno));
}

int task_open(const char *path, int flags) {
    return openat(proc, path, flags | O_CLOEXEC);
}

bool task_read(pid_t pid, uint64_t at, void *to, size_t len) {
    struct iovec here = {to, len}, there = {(void *)(uintptr_t)at, len}; // NOLINT: an address in another task
    return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)len;
}

ssize_t task_string(pid_t pid, uint64_t at, char *to, size_t cap, bool *cut) {
    size_t n = 0;
    *cut = false;
    if (!at)
        return -1;
    while (n < cap - 1) {
        /* Up to the end of a page, as the next one may not be there; small steps first, as most strings are short. */
        size_t step = PAGE - (at + n) % PAGE;
        step = step > (n ? PAGE : CHUNK) ? (n ? PAGE : CHUNK) : step;
        step = step > cap - 1 - n ? cap - 1 - n : step;
        if (!task_read(pid, at + n, to + n, step))
            return -1;
        char *end = memchr(to + n, 0, step);
        if (end)
            return end - to;
        n += step;
    }
    to[n] = 0;
    *cut = true;
    return (ssize_t)n;
}

ssize_t task_link(pid_t pid, const char *name, char *to, size_t cap) {
    char path[64];
    snprintf(path, sizeof path, "%d/%s", pid, name);
    ssize_t n = readlinkat(proc, path, to, cap - 1);
    if (n >= 0)
        to[n] = 0;
    return n;
}

ssize_t task_fd(pid_t pid, int fd, char *to, size_t cap) {
    char name[24];
    snprintf(name, sizeof name, "fd/%d", fd);
    return task_link(pid, fd == AT_FDCWD ? "cwd" : name, to, cap);
}

bool task_slurp(const char *path, char *to, size_t cap) {
    int fd = task_open(path, O_RDONLY);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, to, cap - 1);
    close(fd);
    to[n > 0 ? n : 0] = 0;
    return n > 0;
}

/* The number behind "\nNAME:\t", or `otherwise`. A name cannot forge a line: the kernel escapes line feeds in `Name`. */
static long number(const char *text, const char *name, int column, long otherwise) {
    const char *at = strstr(text, name);
    if (!at)
        return otherwise;
    char *next = (char *)at + strlen(name);
    long value = otherwise;
    for (int i = 0; i <= column; i++)
        value = strtol(next, &next, 10);
    return value;
}

bool task_who(pid_t pid, struct who *who) {
    char path[32], text[2048];
    snprintf(path, sizeof path, "%d/status", pid);
    if (!task_slurp(path, text, sizeof text))
        return false;
    *who = (struct who){
        .tgid = number(text, "\nTgid:", 0, 0),
        .ppid = number(text, "\nPPid:", 0, 0),
        .sid = number(text, "\nNSsid:", 0, 0),
        .uid = number(text, "\nUid:", 1, -1), /* real, effective, saved, file system */
    };
    size_t len = strcspn(text, "\n");
    if (len > 6)
        snprintf(who->comm, sizeof who->comm, "%.*s", (int)(len - 6), text + 6); /* behind "Name:\t" */
    return true;
}

pid_t task_pidfd(pid_t pid, int fd) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "%d/fdinfo/%d", pid, fd);
    if (!task_slurp(path, text, sizeof text))
        return 0;
    long target = number(text, "\nPid:", 0, 0);
    return target > 0 ? (pid_t)target : 0;
}

int task_socket_type(pid_t tgid, int fd) {
    int process = (int)syscall(SYS_pidfd_open, tgid, 0);
    if (process < 0)
        return -1;
    int type = -1, copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
    if (copy >= 0 && getsockopt(copy, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){sizeof type}))
        type = -1;
    if (copy >= 0)
        close(copy);
    close(process);
    return type;
}
