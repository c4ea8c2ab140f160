/* Handlers of calls that carry an address. */
#include "event.h"
#include "quiet.h"

#include <arpa/inet.h>
#include <linux/audit.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { MESSAGES_MAX = 64 };

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
        struct sockaddr_un local;
        char bytes[128];
    };
    size_t len;
};

static bool read_address(const struct event *event, uint64_t at, uint64_t len, struct address *address) {
    memset(address, 0, sizeof *address);
    address->len = len > sizeof address->bytes ? sizeof address->bytes : (size_t)len;
    return at && address->len >= sizeof address->any.sa_family && task_read(event->pid, at, address->bytes, address->len);
}

/* What a local socket's name leads to; names in the abstract space begin with @ here. */
static void put_local(struct event *event, const struct address *address) {
    const char *path = address->local.sun_path;
    size_t len = address->len - offsetof(struct sockaddr_un, sun_path);
    char text[sizeof address->bytes + 1], cwd[PATH_CAP] = "?";
    if (address->len <= offsetof(struct sockaddr_un, sun_path)) {
        record_text("to", "", 0); /* unnamed */
    } else if (!path[0]) {
        memcpy(text, path, len);
        text[0] = '@';
        record_text("to", text, len);
    } else {
        struct place place;
        if (task_link(event->pid, "cwd", cwd, sizeof cwd) < 0)
            strcpy(cwd, "?");
        place_set(&place, cwd, path, strnlen(path, len));
        place_find(&place, event->pid, (pid_t)event_who(event)->tgid, true);
        event_place("to", "asked", &place);
    }
}

static void put_address(struct event *event, const struct address *address) {
    char text[INET6_ADDRSTRLEN] = "";
    const char *family = text;
    int port = -1;
    switch (address->any.sa_family) {
    case AF_INET:
        family = "inet";
        port = ntohs(address->four.sin_port);
        inet_ntop(AF_INET, &address->four.sin_addr, text, sizeof text);
        record_text("to", text, strlen(text));
        break;
    case AF_INET6:
        family = "inet6";
        port = ntohs(address->six.sin6_port);
        inet_ntop(AF_INET6, &address->six.sin6_addr, text, sizeof text);
        record_text("to", text, strlen(text));
        break;
    case AF_UNIX:
        family = "unix";
        put_local(event, address);
        break;
    default:
        snprintf(text, sizeof text, "%d", address->any.sa_family);
        record_null("to");
    }
    record_text("family", family, strlen(family));
    if (port < 0)
        record_null("port");
    else
        record_int("port", port);
}

/* Made by the C library of its own accord: asking for interfaces, forgetting a peer, looking for a name cache. */
static bool by_library(const struct address *address) {
    int family = address->any.sa_family;
    return family == AF_NETLINK || family == AF_UNSPEC || (family == AF_UNIX && quiet_socket(address->local.sun_path));
}

static void put_type(struct event *event) {
    int type = task_socket_type((pid_t)event_who(event)->tgid, (int)event->arg[0]);
    const char *name = type == SOCK_STREAM ? "stream" : type == SOCK_DGRAM ? "dgram" : type >= 0 ? "other" : NULL;
    if (name)
        record_text("type", name, strlen(name));
}

static void tell(struct event *event, enum kind kind, const struct address *address) {
    if (by_library(address)) {
        record_quiet(LOOKUPS);
        return;
    }
    const void *parts[] = {&event_who(event)->sid, address->bytes};
    const size_t lens[] = {sizeof(long), address->len};
    if (kind == SEND && quiet_repeat(parts, lens, 2)) {
        record_quiet(REPEATS);
        return;
    }
    event_begin(event, kind, kind == CONNECT ? MUST : ORDINARY);
    put_address(event, address);
    if (kind != SEND)
        put_type(event);
    event_end(event);
}

void on_address(struct event *event) {
    struct address address;
    signed char at = event->call->arg;
    if (read_address(event, event->arg[at], event->arg[at + 1] & 0xFFFFFFFF, &address))
        tell(event, event->call->kind, &address);
}

/* The head of a msghdr: pointer to the address, and its length. */
static void tell_message(struct event *event, uint64_t header) {
    struct address address;
    uint64_t name;
    uint32_t len;
    if (event_word(event, header, 0, &name) && task_read(event->pid, header + event->width, &len, sizeof len) &&
        read_address(event, name, len, &address))
        tell(event, SEND, &address);
}

void on_message(struct event *event) {
    tell_message(event, event->arg[1]);
}

void on_messages(struct event *event) {
    uint64_t size = event->width == 8 ? 64 : 32; /* of a struct mmsghdr */
    for (uint64_t i = 0; i < (event->arg[2] & 0xFFFFFFFF) && i < MESSAGES_MAX; i++)
        tell_message(event, event->arg[1] + i * size);
}

/* i386's old way to all socket calls: a number, and a pointer to the arguments proper. */
void on_socketcall(struct event *event) {
    static const struct { uint64_t number; int nr; } MEANS[] = {{2, 361}, {3, 362}, {11, 369}, {16, 370}, {20, 345}}; /* bind ... sendmmsg */
    struct event inner = *event;
    const char *abi;
    for (size_t i = 0; i < sizeof MEANS / sizeof *MEANS; i++) {
        if (MEANS[i].number != event->arg[0])
            continue;
        inner.call = call_find(AUDIT_ARCH_I386, MEANS[i].nr, &abi);
        for (unsigned n = 0; n < 6; n++)
            event_word(event, event->arg[1], n, &inner.arg[n]);
        if (inner.call)
            inner.call->handle(&inner);
    }
}
