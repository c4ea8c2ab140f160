/* Finding what a path leads to, so that a link, a dot-dot or a detour by /proc cannot give the weights another name.
 *
 * The task has not run the call yet and may change the world before it does: what stands here was true when it asked. */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void as_asked(struct place *place) {
    place->path_len = place->asked_len > PATH_CAP ? PATH_CAP : place->asked_len;
    memcpy(place->path, place->asked, place->path_len);
    place->path[place->path_len] = 0;
}

void place_set(struct place *place, const char *base, const char *text, size_t len) {
    bool absolute = len && text[0] == '/';
    size_t at = absolute ? 0 : strnlen(base, PATH_CAP);
    len = len > PATH_CAP ? PATH_CAP : len;
    memcpy(place->asked, base, at);
    if (!absolute && len && (!at || place->asked[at - 1] != '/'))
        place->asked[at++] = '/';
    memcpy(place->asked + at, text, len);
    place->asked_len = at + len;
    place->asked[place->asked_len] = 0;
    place->readable = true;
    place->missing = place->dir = false;
    as_asked(place);
}

void place_read(struct place *place, pid_t pid, int dirfd, uint64_t name) {
    char text[PATH_CAP + 1], base[PATH_CAP] = "";
    bool cut;
    ssize_t len = name ? task_string(pid, name, text, sizeof text, &cut) : 0;
    if (len < 0 || (!name && dirfd == AT_FDCWD)) {
        place_set(place, "", "", 0);
        place->readable = false;
        return;
    }
    if ((len == 0 || text[0] != '/') && task_fd(pid, dirfd, base, sizeof base) < 0)
        strcpy(base, "?"); /* no such descriptor: the call will fail */
    place_set(place, base, text, (size_t)len);
}

static bool begins(const char *text, const char *with) {
    return !strncmp(text, with, strlen(with));
}

/* "self" below /proc would mean ourselves, and these names lead there by links: all are put into the task's words. */
static void put_in_its_words(const char *asked, pid_t pid, pid_t tgid, char *to, size_t cap) {
    static const struct { const char *name, *means; } DETOURS[] = {
        {"/dev/fd/", "/proc/self/fd/"},      {"/dev/stdin", "/proc/self/fd/0"}, {"/dev/stdout", "/proc/self/fd/1"},
        {"/dev/stderr", "/proc/self/fd/2"}, {"/proc/net/", "/proc/self/net/"}, {"/proc/mounts", "/proc/self/mounts"},
    };
    const char *front = "", *rest = asked;
    for (size_t i = 0; i < sizeof DETOURS / sizeof *DETOURS; i++)
        if (begins(asked, DETOURS[i].name)) {
            front = DETOURS[i].means;
            rest = asked + strlen(DETOURS[i].name);
        }
    char text[2 * PATH_CAP + 64];
    snprintf(text, sizeof text, "%s%s", front, rest);
    if (begins(text, "/proc/self/"))
        snprintf(to, cap, "/proc/%d%s", tgid, text + 10);
    else if (begins(text, "/proc/thread-self/"))
        snprintf(to, cap, "/proc/%d/task/%d%s", tgid, pid, text + 17);
    else
        snprintf(to, cap, "%s", text);
}

static int look(int root, const char *path, bool follow) {
    struct open_how how = {.flags = O_PATH | O_CLOEXEC | (follow ? 0U : O_NOFOLLOW), .resolve = RESOLVE_IN_ROOT};
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

/* /proc/N/cwd, root and fd/M are links that no text stands for: the kernel alone can follow them. They begin below the task's root. */
static int look_by_proc(pid_t pid, const char *path, bool follow) {
    char whole[2 * PATH_CAP + 128];
    if (!begins(path, "/proc/"))
        return -1;
    snprintf(whole, sizeof whole, "%d/root%s", pid, path);
    return task_open(whole, O_PATH | (follow ? 0 : O_NOFOLLOW));
}

static int reach(pid_t pid, int root, const char *path, bool follow) {
    int fd = look(root, path, follow);
    return fd < 0 && (errno == EXDEV || errno == ELOOP) ? look_by_proc(pid, path, follow) : fd;
}

static bool named(struct place *place, int fd) {
    char link[32];
    struct stat status;
    snprintf(link, sizeof link, "fd/%d", fd);
    ssize_t n = task_link(getpid(), link, place->path, PATH_CAP + 1);
    bool known = n > 0 && !fstat(fd, &status);
    if (known) {
        place->path_len = (size_t)n;
        place->dir = S_ISDIR(status.st_mode);
    }
    close(fd);
    return known;
}

/* The folder is there and the name in it is not: the call may be about to make it. */
static bool named_by_folder(struct place *place, pid_t pid, int root, char *path) {
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        path[n - 1] = 0;
    char *slash = strrchr(path, '/');
    if (!slash || !slash[1])
        return false;
    *slash = 0;
    int fd = reach(pid, root, slash == path ? "/" : path, true);
    if (fd < 0 || !named(place, fd))
        return false;
    int n = snprintf(place->path + place->path_len, sizeof place->path - place->path_len, "%s%.255s",
                     place->path_len == 1 ? "" : "/", slash + 1);
    place->path_len += (size_t)n;
    if (place->path_len > PATH_CAP)
        place->path_len = PATH_CAP;
    place->dir = false;
    return true;
}

void place_find(struct place *place, pid_t pid, pid_t tgid, bool follow) {
    char name[32];
    static char path[2 * PATH_CAP + 128];
    if (!place->readable || place->asked[0] != '/')
        return;
    snprintf(name, sizeof name, "%d/root", pid);
    int root = task_open(name, O_PATH | O_DIRECTORY);
    if (root < 0)
        return;
    put_in_its_words(place->asked, pid, tgid, path, sizeof path);
    int fd = reach(pid, root, path, follow);
    if (fd >= 0) {
        named(place, fd);
    } else if (errno == ENOENT) {
        place->missing = true;
        if (!named_by_folder(place, pid, root, path))
            as_asked(place);
    }
    close(root);
}
