/* The processes that made a record, until they end: each end becomes a record too, however it came. */
#ifndef LIVES_H
#define LIVES_H

#include "task.h"

/* Ends will be told to this epoll descriptor. Before anything else. */
void lives_open(int poll_fd);

/* This process of that call exists, and is so. */
void lives_note(int x, const struct who *who);

/* It is about to become the program at this path, whose name the kernel gives it then. */
void lives_become(long tgid, const char *path);

/* Whether what epoll gave back is the end of a process, and not something of somebody else's. */
bool lives_own(const void *mark);

/* Records the end. */
void lives_end(void *mark);

/* The fields that all records of processes have. */
void lives_put(const struct who *who);

#endif
