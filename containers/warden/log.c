/* One file, opened once. A line waits at most FLUSH_MS, so that one write(2) serves a burst and a reader is never far behind. */
#include "log.h"

#include "die.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WAITING_MAX = 1024 * 1024, FLUSH_MS = 20 };

static int file = -1;
static char waiting[WAITING_MAX];
static size_t held;
static uint64_t size;
static int64_t oldest_ms;

static int64_t clock_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void log_open(const char *path) {
    file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        die(1, "cannot make the log %s: %s", path, strerror(errno));
}

void log_flush(void) {
    for (size_t done = 0; done < held;) {
        ssize_t n = write(file, waiting + done, held - done);
        if (n < 0 && errno != EINTR)
            die(1, "cannot write the log: %s", strerror(errno));
        done += n > 0 ? (size_t)n : 0;
    }
    held = 0;
}

void log_add(const char *line, size_t len) {
    if (sizeof waiting - held < len)
        log_flush();
    if (!held)
        oldest_ms = clock_ms();
    memcpy(waiting + held, line, len);
    held += len;
    size += len;
}

uint64_t log_size(void) {
    return size;
}

int log_due(void) {
    if (!held)
        return -1;
    int64_t left = oldest_ms + FLUSH_MS - clock_ms();
    return held > sizeof waiting / 2 || left <= 0 ? 0 : (int)left;
}
