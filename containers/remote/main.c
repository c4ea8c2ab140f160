/* The parent: waits for the program, for word of the connection, and for orphans. */
#include "jail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS = 9, ROUNDS = 20 };

static pid_t program;

static pid_t parent_of(const char *pid) {
    char path[64], text[512], *end;
    int parent = -1;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) return -1;
    text[length] = 0;
    end = strrchr(text, ')'); /* the name in front is the program's to choose */
    if (!end || sscanf(end, ") %*c %d", &parent) != 1) return -1;
    return parent;
}

static void kill_children(void) {
    DIR *all = opendir("/proc");
    if (!all) return;
    for (struct dirent *entry; (entry = readdir(all));)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && parent_of(entry->d_name) == getpid()) kill(atoi(entry->d_name), SIGKILL);
    closedir(all);
}

/* Whoever breeds faster than we look is killed as a whole uid, at once: that takes the same user's other connections along. */
static void hammer(uid_t uid, gid_t gid) {
    pid_t killer = fork();
    if (killer == 0) {
        if (setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0 && getuid() == uid && uid != 0) kill(-1, SIGKILL);
        _exit(0);
    }
    if (killer > 0) waitpid(killer, NULL, 0);
}

void kill_all(uid_t uid, gid_t gid) {
    for (int round = 0;; round++) {
        kill_children();
        if (round >= ROUNDS) hammer(uid, gid);
        pid_t gone;
        while ((gone = waitpid(-1, NULL, WNOHANG)) > 0) {}
        if (gone < 0 && errno == ECHILD) return;
        poll(NULL, 0, round < ROUNDS ? 1 : 20);
    }
}

/* 0 when nothing is left that could run. */
static int reap(int control) {
    int status;
    pid_t gone;
    while ((gone = waitpid(-1, &status, WNOHANG)) > 0)
        if (gone == program && (write(control, &status, sizeof status) < 0 || (program = 0))) return 0;
    return gone == 0;
}

static void watch(int control, int signals, const struct inmate *inmate) {
    struct pollfd both[] = {{control, POLLIN, 0}, {signals, POLLIN, 0}};
    struct signalfd_siginfo info;
    unsigned char number;
    for (;;) {
        if (poll(both, 2, -1) < 0 && errno != EINTR) break;
        if (both[1].revents && (read(signals, &info, sizeof info) < 0 || !reap(control))) break;
        if (!both[0].revents) continue;
        if (read(control, &number, 1) != 1) break;
        if (program && number < 65) kill(-program, number);
    }
    kill_all(inmate->uid, inmate->gid);
}

int main(int argc, char **argv) {
    if (argc < ARGUMENTS || atoi(argv[2]) < 1000) return 2;
    struct inmate inmate = {argv[1], argv[4], argv[7], (uid_t)atoi(argv[2]), (gid_t)atoi(argv[3]), atoi(argv[5]), argv + 8};
    int control = atoi(argv[6]);
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    int signals = signalfd(-1, &children, SFD_CLOEXEC);
    fcntl(control, F_SETFD, FD_CLOEXEC);
    if (signals < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0) return 2;
    program = fork();
    if (program < 0) return 2;
    if (program == 0) lock_up(&inmate);
    for (int i = 0; i < 3; i++) close(i); /* ends of its pipes are its own alone */
    watch(control, signals, &inmate);
    return 0;
}
