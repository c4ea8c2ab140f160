/* The one way out when something is wrong: a sentence on stderr, and an end that takes the workstation along. */
#ifndef DIE_H
#define DIE_H

void die(int status, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

#endif
