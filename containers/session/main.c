/* Options, disguise, and the loop.
 *
 *   sessiond [--title TEXT] [--child PROGRAM [ARGUMENT...]]
 *
 * --title is what `ps` shows instead of the command line. Everything behind --child is the child's own. */
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIXED = 5, DESCRIPTORS = 4096 };

extern char **environ;
static struct pollfd fds[DESCRIPTORS];
static struct command *owner[DESCRIPTORS];
static nfds_t watched;

/* Writes the title over the command line and the environment behind it, as daemons do; both are copied away first. */
static char **disguise(int argc, char **argv, const char *title) {
    char *start = argv[0], *end = argv[argc - 1] + strlen(argv[argc - 1]) + 1;
    char **kept = calloc((size_t)argc + 1, sizeof *kept), name[16] = {0}, text[256] = {0};
    size_t variables = 0;
    while (environ[variables]) variables++;
    char **environment = calloc(variables + 1, sizeof *environment);
    if (!kept || !environment) die("memory");
    for (int i = 0; i < argc; i++) kept[i] = strdup(argv[i]);
    for (size_t i = 0; i < variables; i++) {
        if (environ[i] == end) end += strlen(end) + 1;
        environment[i] = strdup(environ[i]);
    }
    environ = environment;
    strncpy(text, title, sizeof text - 1);
    memset(start, 0, (size_t)(end - start));
    memcpy(start, text, strlen(text) < (size_t)(end - start) ? strlen(text) : (size_t)(end - start) - 1);
    strncpy(name, text, strcspn(text, ": ") < 15 ? strcspn(text, ": ") : 15);
    prctl(PR_SET_NAME, name);
    return kept;
}

void channel_dispatch(enum frame_type type, uint32_t id, char *payload, size_t length) {
    uint64_t now = wall_us();
    switch (type) {
    case FRAME_EXEC: command_start(id, payload, length); break;
    case FRAME_INPUT: command_input(id, payload, length); break;
    case FRAME_CLOSE: command_input_end(id); break;
    case FRAME_KILL: command_kill(id); break;
    case FRAME_PING: channel_send(FRAME_PONG, id, &now, sizeof now); break;
    default: break; /* a newer host */
    }
}

static void watch(int fd, short events, struct command *command) {
    if (fd < 0 || watched >= DESCRIPTORS) return;
    fds[watched] = (struct pollfd){.fd = fd, .events = events};
    owner[watched++] = command;
}

/* Descriptors of commands come behind the fixed ones. While the host is behind, answered commands are still drained: nobody waits for that. */
static void watch_commands(void) {
    bool behind = channel_waiting() > OUTGOING_HIGH;
    for (struct command *c = command_list(); c; c = c->next) {
        watch(c->report, POLLIN, c);
        if (queue_length(&c->pending)) watch(c->input, POLLOUT, c);
        if (behind && !c->answered) continue;
        watch(c->out.fd, POLLIN, c);
        watch(c->err.fd, POLLIN, c);
    }
}

static void reap(int signals) {
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == sizeof info)
        if (info.ssi_signo == SIGTERM) exit(0);
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        if (!child_exited(pid, status)) command_exited(pid, status);
}

static void turn(int signals) {
    watched = 0;
    watch(signals, POLLIN, NULL);
    watch(channel_in(), POLLIN, NULL);
    if (channel_waiting()) watch(channel_out(), POLLOUT, NULL);
    watch(child_fd(1), POLLIN, NULL);
    watch(child_fd(2), POLLIN, NULL);
    watch_commands();
    if (poll(fds, watched, (int)command_next(now_ms())) < 0 && errno != EINTR) die("poll");
    for (nfds_t i = 0; i < watched; i++) {
        if (!fds[i].revents) continue;
        if (owner[i]) command_ready(owner[i], fds[i].fd);
        else if (fds[i].fd == signals) reap(signals);
        else if (fds[i].fd == child_fd(1)) child_read(1);
        else if (fds[i].fd == child_fd(2)) child_read(2);
        else if (fds[i].fd == channel_in() && !channel_read()) exit(0);
    }
    command_tick(now_ms());
    command_sweep();
    if (channel_waiting() && !channel_write()) exit(0);
}

static int watch_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) die("signals");
    return fd;
}

/* Whoever tries the name that this program has in a workstation hears what a daemon of that name says to an ordinary user. */
static void refuse_others(const char *name) {
    const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    static const char said[] = "sshd: no hostkeys available -- exiting.\n";
    if (geteuid() == 0 || strcmp(base, "sshd")) return;
    if (write(2, said, sizeof said - 1) < 0) _exit(2);
    _exit(1);
}

int main(int argc, char **argv) {
    refuse_others(argv[0]);
    const char *title = NULL;
    int at = 1;
    for (; at + 1 < argc && !strcmp(argv[at], "--title"); at += 2) title = argv[at + 1];
    char **program = at + 1 < argc && !strcmp(argv[at], "--child") ? argv + at + 1 : NULL;
    if (at < argc && !program) {
        errno = EINVAL;
        die(argv[at]);
    }
    if (title) {
        char **kept = disguise(argc, argv, strdup(title));
        if (program) program = kept + at + 1;
    }
    prctl(PR_SET_DUMPABLE, 0);
    unlink("/.dockerenv"); /* no other machine has one */
    int signals = watch_signals();
    channel_open();
    if (program) child_start(program);
    for (;;) turn(signals);
}
