/* Who a command runs as: `name`, `uid`, `name:group` or `uid:gid`, read from /etc/passwd and /etc/group as the engine does it.
 *
 * Own parsing, because a static program cannot use the C library's: that loads shared objects. The files are kept while they do not change. */
#include "session.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct table {
    const char *path;
    struct stat seen;
    char *text;
};
static struct table passwd = {.path = "/etc/passwd"}, group = {.path = "/etc/group"};

static const char *load(struct table *table) {
    struct stat now;
    if (stat(table->path, &now) < 0) return "";
    if (table->text && now.st_ino == table->seen.st_ino && now.st_size == table->seen.st_size && !memcmp(&now.st_ctim, &table->seen.st_ctim, sizeof now.st_ctim))
        return table->text;
    int fd = open(table->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return "";
    free(table->text);
    table->text = calloc(1, (size_t)now.st_size + 1);
    if (!table->text) die("memory");
    ssize_t n = read(fd, table->text, (size_t)now.st_size);
    table->text[n > 0 ? n : 0] = 0;
    close(fd);
    table->seen = now;
    return table->text;
}

/* Splits one line at colons, in place; the number of fields found. */
static int fields(char *line, char **field, int most) {
    int count = 0;
    for (char *at = line; count < most; at = NULL) {
        field[count] = at ? at : field[count - 1] + strlen(field[count - 1]) + 1;
        count++;
        char *colon = strchr(field[count - 1], ':');
        if (!colon) break;
        *colon = 0;
    }
    return count;
}

/* The next line of `text` into `line`; where the one after it starts, or NULL at the end. */
static const char *next_line(const char *text, char *line, size_t room) {
    if (!text || !*text) return NULL;
    size_t length = strcspn(text, "\n"), kept = length < room - 1 ? length : room - 1;
    memcpy(line, text, kept);
    line[kept] = 0;
    return text + length + (text[length] == '\n');
}

static bool numeric(const char *text, unsigned long *value) {
    char *end;
    if (!isdigit((unsigned char)*text)) return false;
    errno = 0;
    *value = strtoul(text, &end, 10);
    return *end == 0 && errno == 0 && *value < 0xffffffffUL;
}

/* A user of that name or, where none has it, of that number. */
static bool find_user(const char *name, struct identity *who) {
    unsigned long wanted = 0;
    bool number = numeric(name, &wanted), found = false;
    char line[2048], *f[7];
    for (const char *at = load(&passwd); (at = next_line(at, line, sizeof line));) {
        if (fields(line, f, 7) < 7) continue;
        bool by_name = !strcmp(f[0], name);
        if (!by_name && !(number && !found && strtoul(f[2], NULL, 10) == wanted)) continue;
        who->uid = (uid_t)strtoul(f[2], NULL, 10);
        who->gid = (gid_t)strtoul(f[3], NULL, 10);
        snprintf(who->name, sizeof who->name, "%s", f[0]);
        snprintf(who->home, sizeof who->home, "%s", f[5]);
        snprintf(who->shell, sizeof who->shell, "%s", f[6]);
        found = true;
        if (by_name) break;
    }
    if (found || !number) return found;
    who->uid = (uid_t)wanted;
    snprintf(who->home, sizeof who->home, "/");
    return true;
}

static bool listed(char *members, const char *name) {
    for (char *save, *one = strtok_r(members, ",", &save); one; one = strtok_r(NULL, ",", &save))
        if (!strcmp(one, name)) return true;
    return false;
}

static void add_groups(struct identity *who) {
    char line[8192], *f[4];
    who->groups[who->ngroups++] = who->gid;
    if (!*who->name) return;
    for (const char *at = load(&group); (at = next_line(at, line, sizeof line));) {
        if (fields(line, f, 4) < 4 || who->ngroups >= 64) continue;
        gid_t gid = (gid_t)strtoul(f[2], NULL, 10);
        if (gid != who->gid && listed(f[3], who->name)) who->groups[who->ngroups++] = gid;
    }
}

static bool find_group(const char *name, gid_t *gid) {
    unsigned long number;
    char line[8192], *f[4];
    for (const char *at = load(&group); (at = next_line(at, line, sizeof line));) {
        if (fields(line, f, 4) < 3 || strcmp(f[0], name)) continue;
        *gid = (gid_t)strtoul(f[2], NULL, 10);
        return true;
    }
    if (!numeric(name, &number)) return false;
    *gid = (gid_t)number;
    return true;
}

enum spawn_stage identity_find(const char *spec, struct identity *who) {
    char name[128];
    memset(who, 0, sizeof *who);
    snprintf(name, sizeof name, "%s", spec);
    char *wanted_group = strchr(name, ':');
    if (wanted_group) *wanted_group++ = 0;
    if (!find_user(*name ? name : "0", who)) return STAGE_USER;
    if (!wanted_group || !*wanted_group) {
        add_groups(who);
        return STAGE_NONE;
    }
    if (!find_group(wanted_group, &who->gid)) return STAGE_GROUP;
    who->groups[who->ngroups++] = who->gid; /* as the engine: a group that was asked for is the only one */
    return STAGE_NONE;
}
