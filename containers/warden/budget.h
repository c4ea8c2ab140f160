/* Who may still write how much into the log. */
#ifndef BUDGET_H
#define BUDGET_H

#include "record.h"

void budget_open(uint64_t limit);

/* Whether a line of so many bytes has room in the log. */
bool budget_admits(enum rank rank, int owner, size_t len);

/* For a line of rank MUST that has none: whether it is the first that looks so, of which some more are taken. */
bool budget_admits_first(int owner, size_t len, uint64_t likeness);

/* It was written. */
void budget_take(enum rank rank, int owner, size_t len);

/* A hash that whoever chose the bytes cannot aim. Starts from 0, and goes on from what it gave. */
uint64_t budget_hash(uint64_t hash, const void *bytes, size_t len);

#endif
