/* The log file: whole lines, written together a little later than they were made. */
#ifndef LOG_H
#define LOG_H

#include <stddef.h>
#include <stdint.h>

void log_open(const char *path);
void log_add(const char *line, size_t len);
void log_flush(void);

/* Bytes written so far, and waiting. */
uint64_t log_size(void);

/* Milliseconds until lines must be written; 0 for now, -1 when none waits. */
int log_due(void);

#endif
