/* PID 1 of the workstation's process namespace and owner of its network namespace; it lays the wire and keeps the record.
 *
 * Whoever is inside sees one process, /sbin/init, that is no child, no tracer and no target: root's, with capabilities that nobody
 * inside has, so that the kernel refuses signals, tracing and every look below /proc/1 that tells more than a name. When it ends,
 * the kernel ends all processes of its namespace: an unrecorded workstation does not exist.
 *
 * Configuration comes by environment (RECORD_MIB: most that the log may take, 64 unless told otherwise) and is wiped. */
#include "die.h"
#include "listen.h"
#include "record.h"
#include "task.h"
#include "wire.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

static uint64_t log_limit(void) {
    const char *text = getenv("RECORD_MIB");
    char *end = NULL;
    unsigned long mib = text ? strtoul(text, &end, 10) : 64;
    if ((text && *end) || mib < 1 || mib > 4096)
        die(2, "RECORD_MIB must be a whole number from 1 to 4096, not %.32s", text);
    return (uint64_t)mib << 20;
}

static void wipe(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        memset(argv[i], 0, strlen(argv[i]));
    for (char **one = environ; *one; one++)
        memset(*one, 0, strlen(*one));
}

/* The kernel drops signals without a handler that are sent to PID 1; those that would stop us are taken from a descriptor, which says
 * who sent them. Orphans are reaped by the kernel, since their new parent ignores SIGCHLD. */
static int take_signals(void) {
    sigset_t set;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* /proc/1/mountinfo is anyone's to read, and lists what can be reached from our root: from a folder in which nothing is mounted, nothing. */
static void hide_mounts(void) {
    if (chroot("/var/empty") || chdir("/"))
        die(1, "needs the capability SYS_CHROOT: %s", strerror(errno));
}

/* After the wire is up nothing of it is needed any more: what remains is reading other tasks and their files. */
static void keep_only_reading(void) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {0};
    sets[0].permitted = sets[0].effective = 1U << CAP_SYS_PTRACE | 1U << CAP_DAC_READ_SEARCH;
    if (syscall(SYS_capset, &head, sets))
        die(1, "needs the capabilities SYS_PTRACE and DAC_READ_SEARCH: %s", strerror(errno));
}

int main(int argc, char **argv) {
    struct rlimit files;
    uint64_t limit = log_limit();
    wipe(argc, argv);
    umask(077);
    prctl(PR_SET_DUMPABLE, 0);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int signals = take_signals();
    task_open_proc();
    int sock = wire_lay("/run/wire/wire.sock");
    record_open("/run/rec/records.jsonl", limit);
    listen_open("/run/rec", "s", sock);
    hide_mounts();
    keep_only_reading();
    puts("ready");
    fflush(stdout);
    listen_serve(signals);
    record_close();
    return 0;
}
