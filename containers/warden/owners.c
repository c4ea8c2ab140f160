/* All commands come in by one listener: a server of the workstation's, which is root, begins a session for each of them. What that session
 * begins in turn is of the same command, whoever it is then; and no session of another user's is a new command. */
#include "owners.h"

enum { SESSIONS = 1 << 22, COMMANDS = 1 << 15 }; /* the kernel has no higher process ids; beyond that two commands share a number */

static uint16_t owner[SESSIONS]; /* by session; 0: of none that was begun here. Untouched pages cost nothing */

static uint16_t *of(long id) {
    return &owner[id > 0 && id < SESSIONS ? id : 0];
}

int owners_of(int x, long sid) {
    uint16_t mine = *of(sid);
    return mine ? mine : 1 + x % (COMMANDS - 1);
}

void owners_begin(const struct who *who) {
    static unsigned commands;
    if (who->tgid <= 0 || who->tgid == who->sid) /* gone; or it leads one already, and will be refused */
        return;
    uint16_t mine = *of(who->sid);
    if (!mine && !who->uid)
        mine = (uint16_t)(COMMANDS + commands++ % COMMANDS);
    *of(who->tgid) = mine;
}
