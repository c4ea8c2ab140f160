/* The forked child: gives everything up, in the order in which nothing is left that could take it back. */
#include "jail.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define GIB (1ULL << 30)

static const struct {
    int what;
    rlim_t soft, hard;
} limits[] = {
    {RLIMIT_CPU, 600, 605},  /* seconds; a busy loop ends, an honest checksum does not */
    {RLIMIT_AS, 2 * GIB, 2 * GIB},
    {RLIMIT_NPROC, 160, 160},
    {RLIMIT_NOFILE, 256, 256},
    {RLIMIT_CORE, 0, 0},
    {RLIMIT_MEMLOCK, 65536, 65536},
    {RLIMIT_MSGQUEUE, 0, 0},
    {RLIMIT_SIGPENDING, 256, 256},
};

static _Noreturn void fail(const char *what) {
    dprintf(2, "%s: %s\n", what, strerror(errno));
    _exit(127);
}

/* When memory runs out, what somebody started in here goes before the server does. */
static void offer_first(void) {
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    if (write(file, "1000", 4) < 0) errno = 0; /* then it is as good as any other */
    close(file);
}

static void become(const struct inmate *inmate) {
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit limit = {limits[i].soft, limits[i].hard};
        if (setrlimit((__rlimit_resource_t)limits[i].what, &limit) < 0) fail("limits");
    }
    if (setgroups(0, NULL) < 0 || setresgid(inmate->gid, inmate->gid, inmate->gid) < 0 || setresuid(inmate->uid, inmate->uid, inmate->uid) < 0)
        fail("identity");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || filter() < 0) fail("privileges");
}

void lock_up(const struct inmate *inmate) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < 65; number++) signal(number, SIG_DFL);
    close_range(3, ~0U, 0);
    offer_first();
    if (setpriority(PRIO_PROCESS, 0, 5) < 0 || setsid() < 0) fail("session");
    if (inmate->terminal && (fchown(0, inmate->uid, inmate->gid) < 0 || ioctl(0, TIOCSCTTY, 0) < 0)) fail("terminal");
    if (chroot(inmate->root) < 0 || chdir("/") < 0) fail("host");
    become(inmate);
    umask(022);
    if (chdir(inmate->directory) < 0) dprintf(2, "Could not chdir to home directory %s: %s\n", inmate->directory, strerror(errno));
    execv(inmate->program, inmate->argv);
    fail(inmate->program);
}
