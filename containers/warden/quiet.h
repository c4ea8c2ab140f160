/* What is seen and not worth a record. */
#ifndef QUIET_H
#define QUIET_H

#include <stdbool.h>
#include <stddef.h>

/* Weights and whatever else lies where they do: never left out. */
bool quiet_never(const char *path);

/* A read of the platform's own files: libraries, locales, a process's own status. */
bool quiet_read(const char *path);

/* A local socket that libraries talk to of their own accord. */
bool quiet_socket(const char *path);

/* The same thing again within a second. Takes any bytes that tell one thing from another. */
bool quiet_repeat(const void *parts[], const size_t lens[], size_t count);

#endif
