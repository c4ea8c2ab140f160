/* rtnetlink(7), by hand: three messages do not need a library. */
#include "netlink.h"

#include "die.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct message {
    struct nlmsghdr head;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
        struct rtmsg route;
        char bytes[256];
    };
};

struct ip {
    unsigned char family;
    unsigned char prefix;
    unsigned short len;
    unsigned char bytes[16];
};

static struct ip parse(const char *text) {
    struct ip ip = {0};
    char host[INET6_ADDRSTRLEN + 1];
    const char *slash = strchr(text, '/');
    snprintf(host, sizeof host, "%.*s", (int)(slash ? slash - text : (long)strlen(text)), text);
    ip.family = strchr(host, ':') ? AF_INET6 : AF_INET;
    ip.len = ip.family == AF_INET6 ? 16 : 4;
    ip.prefix = (unsigned char)(slash ? atoi(slash + 1) : ip.len * 8);
    if (inet_pton(ip.family, host, ip.bytes) != 1 || ip.prefix > ip.len * 8)
        die(1, "the wire's other end gave no address: %.64s", text);
    return ip;
}

static struct message begin(unsigned short type, unsigned short flags, size_t body) {
    struct message message = {.head = {.nlmsg_len = NLMSG_LENGTH((unsigned)body), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags}};
    return message;
}

static void add(struct message *message, unsigned short type, const void *value, unsigned short len) {
    struct rtattr *attr = (struct rtattr *)((char *)message + NLMSG_ALIGN(message->head.nlmsg_len));
    attr->rta_type = type;
    attr->rta_len = (unsigned short)RTA_LENGTH(len);
    memcpy(RTA_DATA(attr), value, len);
    message->head.nlmsg_len = NLMSG_ALIGN(message->head.nlmsg_len) + RTA_ALIGN(attr->rta_len);
}

static void ask(const struct message *message, const char *what) {
    struct { struct nlmsghdr head; struct nlmsgerr error; char rest[512]; } reply;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0 || send(fd, message, message->head.nlmsg_len, 0) < 0 || recv(fd, &reply, sizeof reply, 0) < (ssize_t)NLMSG_LENGTH(sizeof(int)))
        die(1, "cannot talk to the kernel about %s: %s", what, strerror(errno));
    close(fd);
    if (reply.head.nlmsg_type != NLMSG_ERROR || reply.error.error)
        die(1, "the kernel refused %s: %s", what, strerror(-reply.error.error));
}

void netlink_address(int index, const char *text) {
    struct ip ip = parse(text);
    struct message message = begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof message.address);
    message.address = (struct ifaddrmsg){.ifa_family = ip.family, .ifa_prefixlen = ip.prefix, .ifa_index = (unsigned)index};
    if (ip.family == AF_INET6)
        message.address.ifa_flags = IFA_F_NODAD; /* nobody else can have it: no second of waiting for an answer */
    add(&message, IFA_LOCAL, ip.bytes, ip.len);
    add(&message, IFA_ADDRESS, ip.bytes, ip.len);
    ask(&message, "an address");
}

void netlink_default_route(int index, const char *gateway) {
    struct ip ip = parse(gateway);
    struct message message = begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof message.route);
    message.route = (struct rtmsg){.rtm_family = ip.family, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT, .rtm_type = RTN_UNICAST};
    add(&message, RTA_GATEWAY, ip.bytes, ip.len);
    add(&message, RTA_OIF, &index, sizeof index);
    ask(&message, "a default route");
}

void netlink_up(int index) {
    struct message message = begin(RTM_NEWLINK, 0, sizeof message.link);
    message.link = (struct ifinfomsg){.ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    ask(&message, "bringing up the interface");
}
