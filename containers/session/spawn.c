/* The forked child: takes its session, identity, directory and program. It reports what stopped it, as a stage and an errno. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static _Noreturn void fail(int report, enum spawn_stage stage, int error) {
    struct spawn_failure failure = {stage, (uint32_t)error};
    while (write(report, &failure, sizeof failure) < 0 && errno == EINTR) {}
    _exit(127);
}

/* When memory runs out, what a session started goes before what holds it. Everybody may make his own lot worse; sparing ourselves would take
 * a right that an engine need not have. 200 is what user sessions have under systemd. */
static void offer_first(void) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    if (write(fd, "200", 3) < 0) errno = 0; /* then it is as good as any other */
    close(fd);
}

static void become(const struct identity *who, int report) {
    if (setgroups((size_t)who->ngroups, who->groups) < 0 || setresgid(who->gid, who->gid, who->gid) < 0 || setresuid(who->uid, who->uid, who->uid) < 0)
        fail(report, STAGE_IDENTITY, errno);
}

static const char *lookup(char **environment, const char *name) {
    size_t length = strlen(name);
    for (; *environment; environment++)
        if (!strncmp(*environment, name, length) && (*environment)[length] == '=') return *environment + length + 1;
    return NULL;
}

static bool runnable(const char *path, int *error) {
    struct stat info;
    if (stat(path, &info) < 0) return false;
    if (S_ISREG(info.st_mode) && access(path, X_OK) == 0) return true;
    *error = EACCES; /* there is one, but it cannot be run */
    return false;
}

/* Finds the program along PATH by looking, not by trying: each try would be one more exec in the recorder's record. */
static void run(const struct request *request, char **environment, int report) {
    const char *name = request->argv[0], *path = lookup(environment, "PATH");
    char candidate[4096];
    int error = ENOENT;
    if (strchr(name, '/')) {
        execve(name, request->argv, environment);
        fail(report, STAGE_EXEC, errno);
    }
    for (const char *at = path ? path : "/usr/bin:/bin"; *name;) {
        size_t length = strcspn(at, ":");
        snprintf(candidate, sizeof candidate, "%.*s%s%s", (int)length, at, length ? "/" : "", name);
        if (runnable(candidate, &error)) {
            execve(candidate, request->argv, environment);
            fail(report, STAGE_EXEC, errno);
        }
        if (!at[length]) break;
        at += length + 1;
    }
    fail(report, STAGE_EXEC, error);
}

void spawn_child(const struct request *request, const struct identity *who, char **environment, int report) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (report > 3) close_range(3, (unsigned)report - 1, 0); /* the channel, and other commands' pipes: a file operation never execs them away */
    close_range((unsigned)report + 1, ~0U, 0);
    offer_first();
    if (setsid() < 0) fail(report, STAGE_IDENTITY, errno);
    become(who, report);
    umask(022);
    if (*request->cwd && chdir(request->cwd) < 0) fail(report, STAGE_CWD, errno);
    if (request->operation == OP_EXEC) run(request, environment, report);
    file_operation(request, report);
    _exit(0);
}

static size_t set(char **built, size_t count, char *assignment) {
    size_t key = strcspn(assignment, "="), at = 0;
    while (at < count && (strncmp(built[at], assignment, key) || built[at][key] != '=')) at++;
    built[at] = assignment;
    return at == count ? count + 1 : count;
}

/* The container's environment, over it what a login sets (the container's own HOME is that of root), over both what the request asks for.
 * It lives in the forked child only. */
char **environment_build(const struct request *request, const struct identity *who) {
    const char *login[][2] = {{"HOME", who->home}, {"USER", who->name}, {"LOGNAME", who->name}, {"SHELL", who->shell}};
    size_t count = 0;
    while (environ[count]) count++;
    char **built = calloc(count + request->envc + 5, sizeof *built), *assignment;
    if (!built) die("memory");
    memcpy(built, environ, count * sizeof *built);
    for (size_t i = 0; i < 4; i++)
        if (*login[i][1] && asprintf(&assignment, "%s=%s", login[i][0], login[i][1]) > 0) count = set(built, count, assignment);
    for (size_t i = 0; i < request->envc; i++) count = set(built, count, request->env[i]);
    return built;
}
