/* Whose room in the log a record takes: that of the command which began it, and of all that came of it. */
#ifndef OWNERS_H
#define OWNERS_H

#include "task.h"

/* The number of whoever runs in this session, or else of the listener. Never 0, which is nobody's. */
int owners_of(int x, long sid);

/* This process is about to begin a session. */
void owners_begin(const struct who *who);

#endif
