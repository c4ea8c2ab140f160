/* A task that the kernel has stopped for us: its memory, its links below /proc, and who it is. */
#ifndef TASK_H
#define TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PATH_CAP = 4096 };

struct who {
    long tgid, ppid, sid, uid;
    char comm[64];
};

/* Keeps hold of /proc, which we cannot name any more once our root is elsewhere. First of all. */
void task_open_proc(void);

/* Opens what lies below /proc. */
int task_open(const char *path, int flags);

/* Reads exactly `len` bytes of the task's memory, or fails. */
bool task_read(pid_t pid, uint64_t at, void *to, size_t len);

/* Reads a string that ends in NUL, at most cap - 1 bytes of it; its length, or -1. `*cut` tells that there was more. */
ssize_t task_string(pid_t pid, uint64_t at, char *to, size_t cap, bool *cut);

/* Where /proc/PID/NAME points to; its length, or -1. */
ssize_t task_link(pid_t pid, const char *name, char *to, size_t cap);

/* Likewise for one of its file descriptors; AT_FDCWD is its working directory. */
ssize_t task_fd(pid_t pid, int fd, char *to, size_t cap);

/* Reads what lies below /proc, as text that ends in NUL; false when there is nothing. */
bool task_slurp(const char *path, char *to, size_t cap);

/* Identity, by the numbers of our own process namespace. False when the task has gone. */
bool task_who(pid_t pid, struct who *who);

/* The process that one of its file descriptors (a pidfd) stands for; 0 when it is none. */
pid_t task_pidfd(pid_t pid, int fd);

/* SOCK_STREAM and the like of a socket of the process `tgid`; -1 when it is none. */
int task_socket_type(pid_t tgid, int fd);

#endif
