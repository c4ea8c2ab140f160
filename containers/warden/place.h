/* Paths as a task means them: what it asked for, and the file that this leads to. */
#ifndef PLACE_H
#define PLACE_H

#include "task.h"

struct place {
    char asked[2 * PATH_CAP + 8]; /* absolute, but with links, dots and doubled slashes as they were given */
    size_t asked_len;
    char path[PATH_CAP + 300]; /* where it leads to; the same as `asked` when that could not be found out */
    size_t path_len;
    bool readable; /* false: the argument points to no string; both paths are empty */
    bool missing;  /* nothing is there */
    bool dir;      /* a folder is there */
};

/* What the arguments say. An empty or absent name stands for the descriptor itself. */
void place_read(struct place *place, pid_t pid, int dirfd, uint64_t name);

/* What a text says that was read already; `base` is the folder it begins in when it is relative. */
void place_set(struct place *place, const char *base, const char *text, size_t len);

/* Follows it inside the task's own root, to the last link or, where `follow` is false, to the one before. */
void place_find(struct place *place, pid_t pid, pid_t tgid, bool follow);

#endif
