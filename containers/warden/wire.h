/* The wire to `internet`, as it is laid from the workstation's side. */
#ifndef WIRE_H
#define WIRE_H

/* Refuses (exit 9) when this network namespace has any interface but lo; then hands it over at `socket_path`, waits for eth0, and brings
 * it up. Gives the local stream socket that the other end may send along, or -1. */
int wire_lay(const char *socket_path);

#endif
