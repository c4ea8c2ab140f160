/* The four things that an interface needs, asked of the kernel by rtnetlink. All die with a sentence when refused. */
#ifndef NETLINK_H
#define NETLINK_H

/* An address in the form 10.0.0.2/24 or fd00::2/64. */
void netlink_address(int index, const char *text);

/* The default route of the gateway's family. */
void netlink_default_route(int index, const char *gateway);

void netlink_up(int index);

#endif
