/* What a remote host says of itself: nvidia-smi, sinfo, df, uname and their like, all one program under many names, with no /proc to ask.
 *
 * What it says is its table: the host's own, written into a copy of this file when somebody first comes in (`containers/internet/jail_facts.py`), which
 * can be run and not read. An entry is `name US pattern US status US text RS`; the first whose name and pattern (fnmatch, over the arguments joined by
 * spaces) fit is printed. `%{...}` in a text is filled in here: `t:FORMAT` the time, `u` the user, `1` and `2` arguments, `up` days and hours since
 * the boot, `n` a number that grows. A status from 100 on goes to stderr. */
#define _GNU_SOURCE
#include <fnmatch.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { US = 0x1f, RS = 0x1e, STDERR = 100, ROOM = 1 << 16 };

/* volatile: what the compiler sees here is not what runs */
static volatile char table[ROOM] = "\x7f" "table-of-this-host\x7f";

static char *text;
static long boot;

static void boot_and_rest(void) {
    static char copy[ROOM + 1];
    for (size_t i = 0; i < ROOM; i++) copy[i] = table[i];
    boot = strtol(copy, &text, 10);
    text += *text != 0;
}

static const char *user(void) {
    struct passwd *found = getpwuid(geteuid());
    const char *name = getenv("USER");
    return name ? name : found ? found->pw_name : "nobody";
}

static void uptime(FILE *out, time_t now) {
    long seconds = now - boot;
    fprintf(out, "%ld days, %2ld:%02ld", seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
}

static void fill(FILE *out, const char *key, size_t length, int argc, char **argv) {
    char name[256] = {0}, shown[256];
    time_t now = time(NULL);
    memcpy(name, key, length < sizeof name ? length : sizeof name - 1);
    if (!strncmp(name, "t:", 2)) strftime(shown, sizeof shown, name + 2, gmtime(&now)) ? fputs(shown, out) : 0;
    else if (!strcmp(name, "u")) fputs(user(), out);
    else if (!strcmp(name, "up")) uptime(out, now);
    else if (!strcmp(name, "n")) fprintf(out, "%ld", 48000 + (now - boot) / 113);
    else if (name[0] == '1' || name[0] == '2') fputs(argc > name[0] - '0' ? argv[name[0] - '0'] : "", out);
}

static void print(FILE *out, const char *from, const char *end, int argc, char **argv) {
    while (from < end) {
        const char *close = from[0] == '%' && from[1] == '{' ? memchr(from, '}', (size_t)(end - from)) : NULL;
        if (close) {
            fill(out, from + 2, (size_t)(close - from - 2), argc, argv);
            from = close + 1;
        } else fputc(*from++, out);
    }
}

static char *joined(int argc, char **argv) {
    size_t length = 1;
    for (int i = 1; i < argc; i++) length += strlen(argv[i]) + 1;
    char *whole = calloc(1, length);
    for (int i = 1; whole && i < argc; i++) {
        if (i > 1) strcat(whole, " ");
        strcat(whole, argv[i]);
    }
    return whole;
}

int main(int argc, char **argv) {
    const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0], *arguments = joined(argc, argv);
    boot_and_rest();
    for (char *entry = text; arguments && *entry;) {
        char *end = strchr(entry, RS), *pattern = strchr(entry, US), *status = pattern ? strchr(pattern + 1, US) : NULL, *body = status ? strchr(status + 1, US) : NULL;
        if (!end || !body || body > end) break;
        *pattern = *status = 0;
        if (!strcmp(entry, name) && !fnmatch(pattern + 1, arguments, 0)) {
            int code = atoi(status + 1);
            print(code >= STDERR ? stderr : stdout, body + 1, end, argc, argv);
            return code % STDERR;
        }
        entry = end + 1;
    }
    fprintf(stderr, "%s: invalid option\n", name);
    return 1;
}
