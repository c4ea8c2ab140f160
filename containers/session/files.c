/* Reading and writing one file as a user, in a forked child: no program is started, and errors are errnos rather than words to be guessed at. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void fail(int report, enum spawn_stage stage, int error) {
    struct spawn_failure failure = {stage, (uint32_t)error};
    while (write(report, &failure, sizeof failure) < 0 && errno == EINTR) {}
    _exit(1);
}

/* Copies until the end of `from`; an error when more than `limit` bytes came. */
static void copy(int from, int to, uint64_t limit, int report) {
    static char buffer[256 << 10];
    uint64_t total = 0;
    for (ssize_t n; (n = read(from, buffer, sizeof buffer)) != 0;) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail(report, STAGE_COPY, errno);
        if ((total += (uint64_t)n) > limit) fail(report, STAGE_COPY, EFBIG);
        for (ssize_t done = 0, m; done < n; done += m)
            if ((m = write(to, buffer + done, (size_t)(n - done))) < 0) {
                if (errno != EINTR) fail(report, STAGE_COPY, errno);
                m = 0;
            }
    }
}

/* O_NONBLOCK, so that a fifo laid there by somebody does not hold us. */
static void read_file(const char *path, uint64_t limit, int report) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &info) < 0) fail(report, STAGE_OPEN, errno);
    if (S_ISDIR(info.st_mode)) fail(report, STAGE_OPEN, EISDIR);
    if (!S_ISREG(info.st_mode)) fail(report, STAGE_OPEN, EINVAL);
    if ((uint64_t)info.st_size > limit) fail(report, STAGE_OPEN, EFBIG);
    copy(fd, STDOUT_FILENO, limit, report);
}

/* `mkdir -p` of everything before the last slash. What cannot be made shows itself when the file is opened. */
static void make_parents(const char *path) {
    char *copy = strdup(path);
    if (!copy) return;
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(copy, 0777);
        *slash = '/';
    }
    free(copy);
}

static void write_file(const char *path, int report) {
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int fd = open(path, flags, 0666);
    if (fd < 0 && errno == ENOENT) {
        make_parents(path);
        fd = open(path, flags, 0666);
    }
    if (fd < 0) fail(report, STAGE_OPEN, errno);
    copy(STDIN_FILENO, fd, UINT64_MAX, report);
    if (close(fd) < 0) fail(report, STAGE_COPY, errno);
}

void file_operation(const struct request *request, int report) {
    if (!*request->argv[0]) fail(report, STAGE_OPEN, ENOENT);
    if (request->operation == OP_READ) read_file(request->argv[0], request->limit, report);
    else write_file(request->argv[0], report);
}
