/* The hand-over. We send our network namespace to the program that plays the internet; it makes a veth pair, puts one end here as eth0
 * and answers with the addresses that this end shall have. Structure first: with any other interface about, nothing is done at all.
 *
 * A socket belongs to the network namespace of the process that made it, and the one we shall listen on would stand in the
 * workstation's /proc/net/unix. The other end may therefore send one of its own along with its answer. */
#include "wire.h"

#include "die.h"
#include "netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Longer than the host waits for the whole world: who looks at it can say which part was slow. */
enum { RETRY_MS = 10, PATIENCE_S = 120, NOT_SEALED = 9 };

static void pause_ms(long ms) {
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void refuse_any_other_interface(void) {
    struct if_nameindex *all = if_nameindex();
    if (!all)
        die(1, "cannot list the network interfaces: %s", strerror(errno));
    for (struct if_nameindex *one = all; one->if_index; one++)
        if (strcmp(one->if_name, "lo"))
            die(NOT_SEALED, "this world has a network interface %s: it must have none but lo", one->if_name);
    if_freenameindex(all);
}

static int reach(const char *path) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strncpy(at.sun_path, path, sizeof at.sun_path - 1);
    for (int i = 0; i < PATIENCE_S * 1000 / RETRY_MS; i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && !connect(fd, (struct sockaddr *)&at, sizeof at))
            return fd;
        close(fd);
        pause_ms(RETRY_MS);
    }
    die(1, "nobody answers at %s", path);
}

static void hand_over(int wire) {
    int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr head; } control = {0};
    struct iovec text = {(char[]){'N'}, 1};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    control.head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(&control.head), &netns, sizeof netns);
    if (netns < 0 || sendmsg(wire, &message, MSG_NOSIGNAL) != 1)
        die(1, "cannot hand the network namespace over: %s", strerror(errno));
    close(netns);
}

/* One line, and perhaps a socket with it. */
static int read_answer(int wire, char *line, size_t cap) {
    int sock = -1;
    size_t len = 0;
    struct timeval patience = {.tv_sec = PATIENCE_S};
    setsockopt(wire, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    do {
        union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr head; } control = {0};
        struct iovec text = {line + len, cap - 1 - len};
        struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
        ssize_t n = recvmsg(wire, &message, MSG_CMSG_CLOEXEC);
        if (n <= 0 || len + (size_t)n == cap - 1)
            die(1, "the wire's other end gave no addresses");
        struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        if (part && part->cmsg_type == SCM_RIGHTS && sock < 0)
            memcpy(&sock, CMSG_DATA(part), sizeof sock);
        len += (size_t)n;
        line[len] = 0;
    } while (!strchr(line, '\n'));
    return sock;
}

int wire_lay(const char *socket_path) {
    char line[512], addr4[64], gw4[64], addr6[64], gw6[64];
    refuse_any_other_interface();
    int wire = reach(socket_path);
    hand_over(wire);
    int sock = read_answer(wire, line, sizeof line);
    if (sscanf(line, "addr4=%63s gw4=%63s addr6=%63s gw6=%63s", addr4, gw4, addr6, gw6) != 4)
        die(1, "the wire's other end gave no addresses: %.100s", line);
    int index = (int)if_nametoindex("eth0");
    if (!index)
        die(1, "the wire's other end sent no eth0");
    netlink_address(index, addr4);
    netlink_address(index, addr6);
    netlink_up(index);
    netlink_default_route(index, gw4);
    netlink_default_route(index, gw6);
    if (send(wire, "UP\n", 3, MSG_NOSIGNAL) != 3)
        die(1, "the wire's other end has gone");
    close(wire);
    return sock;
}
