/* The container runtime's side: it sends one listener for each command that comes into the workstation, and we answer its calls. */
#ifndef LISTEN_H
#define LISTEN_H

#include <sys/signalfd.h>

/* Binds and listens at `name` in the folder `folder`, on `sock` (an unbound local stream socket), or on a new one when that is -1. */
void listen_open(const char *folder, const char *name, int sock);

/* Serves until `signals` gives one from outside our process namespace. */
void listen_serve(int signals);

#endif
