/* The noise policy. It judges by the text that was asked for, which is safe as nobody but root can put a link into the folders it names;
 * text that wanders (dot-dot, doubled slashes) is never noise. */
#include "quiet.h"

#include "budget.h"

#include <stdint.h>
#include <string.h>
#include <time.h>

static const char *const PLATFORM[] = {
    "/usr/lib/", "/usr/lib32/", "/usr/lib64/", "/usr/libx32/", "/usr/local/lib/", "/usr/share/", "/usr/include/",
    "/lib/",     "/lib32/",     "/lib64/",     "/libx32/",     "/etc/ld.so.",     "/sys/",       0,
};
static const char *const DEVICES[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", 0};
static const char *const LINKS[] = {"cwd", "exe", "root", 0}; /* below /proc/self: these lead elsewhere */
static const char *const STATUS[] = {"cgroup", "cmdline", "comm", "ctty", "stat", "statm", "status", "wchan", 0}; /* of others: what ps reads */
static const char *const SOCKETS[] = {"/var/run/nscd/socket", "/run/nscd/socket", 0};

static bool begins(const char *text, const char *with) {
    return !strncmp(text, with, strlen(with));
}

static bool listed(const char *const *list, const char *text, bool whole) {
    for (; *list; list++)
        if (whole ? !strcmp(text, *list) : begins(text, *list))
            return true;
    return false;
}

static bool wanders(const char *path) {
    size_t len = strlen(path);
    return strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../") || (len > 2 && !strcmp(path + len - 3, "/.."));
}

bool quiet_never(const char *path) {
    return begins(path, "/srv/") || !strcmp(path, "/srv");
}

/* /proc/self/LEAF, /proc/NUMBER/LEAF, /proc/sys/... and /proc/LEAF, for `path` behind "/proc/". */
static bool quiet_proc(const char *path) {
    const char *leaf = strchr(path, '/');
    if (!leaf)
        return *path && strspn(path, "0123456789") != strlen(path);
    if (begins(path, "sys/"))
        return true;
    if (strchr(leaf + 1, '/'))
        return false;
    if (begins(path, "self/"))
        return !listed(LINKS, leaf + 1, true);
    return strspn(path, "0123456789") == (size_t)(leaf - path) && listed(STATUS, leaf + 1, true);
}

bool quiet_read(const char *path) {
    if (wanders(path))
        return false;
    if (begins(path, "/proc/"))
        return quiet_proc(path + 6);
    return listed(PLATFORM, path, false) || listed(DEVICES, path, true);
}

bool quiet_socket(const char *path) {
    return listed(SOCKETS, path, true);
}

bool quiet_repeat(const void *parts[], const size_t lens[], size_t count) {
    enum { SLOTS = 4096 };
    static struct { uint64_t hash; time_t second; } seen[SLOTS];
    struct timespec t;
    uint64_t hash = 0;
    for (size_t i = 0; i < count; i++)
        hash = budget_hash(hash, parts[i], lens[i]);
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    bool again = seen[hash % SLOTS].hash == hash && seen[hash % SLOTS].second == t.tv_sec;
    seen[hash % SLOTS].hash = hash;
    seen[hash % SLOTS].second = t.tv_sec;
    return again;
}
