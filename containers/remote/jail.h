/* jail: runs one program for somebody who came to a remote host over SSH, and lets nothing else of this container be seen or touched by it.
 *
 *   jail ROOT UID GID DIRECTORY TERMINAL CONTROL PROGRAM NAME [ARGUMENT...]
 *
 * NAME is what the program is told that it is called. ROOT is the host's tree, DIRECTORY where the program starts in it, TERMINAL 1 when stdin is a terminal to be taken as its own, CONTROL a socket: one
 * byte in is a signal for the program's group, four bytes out are its wait status, its end is the end of the connection, and of all that was started.
 *
 * The adversary is the program. It has a uid of its own, no capability, no way to new ones, no socket and no file but those of its tree; this process
 * stays root, outside of the tree, and is the parent of every orphan in it, so that none outlives its connection. */
#ifndef JAIL_H
#define JAIL_H

#define _GNU_SOURCE
#include <sys/types.h>

struct inmate {
    const char *root, *directory, *program;
    uid_t uid;
    gid_t gid;
    int terminal;
    char **argv;
};

/* Never returns: becomes the program, or leaves with 127. */
_Noreturn void lock_up(const struct inmate *inmate);

/* Forbids what no ordinary command needs. -1 when the kernel does not take it. */
int filter(void);

/* Until nothing of it runs any more. */
void kill_all(uid_t uid, gid_t gid);

#endif
