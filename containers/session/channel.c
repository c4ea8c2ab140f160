/* The channel: frames in from stdin, frames out to stdout, neither ever blocking the other. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int in_fd, out_fd;
static struct queue incoming, outgoing;

static int take(int fd, int flags) {
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 10);
    if (copy < 0 || fcntl(copy, F_SETFL, O_NONBLOCK | flags) < 0) die("channel");
    return copy;
}

/* Moves the channel away from descriptors 0 and 1, so that no child can inherit it by a mistake, and puts /dev/null there. */
void channel_open(void) {
    in_fd = take(0, O_RDONLY);
    out_fd = take(1, O_WRONLY);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0) die("/dev/null");
    close(null);
    unsigned char hello[9] = {PROTOCOL_VERSION};
    uint64_t now = wall_us();
    memcpy(hello + 1, &now, 8);
    channel_send(FRAME_HELLO, 0, hello, sizeof hello);
}

int channel_in(void) { return in_fd; }
int channel_out(void) { return out_fd; }
size_t channel_waiting(void) { return queue_length(&outgoing); }

void channel_send(enum frame_type type, uint32_t id, const void *payload, size_t length) {
    unsigned char header[HEADER];
    uint32_t size = (uint32_t)length;
    memcpy(header, &size, 4);
    header[4] = (unsigned char)type;
    memcpy(header + 5, &id, 4);
    queue_put(&outgoing, header, HEADER);
    queue_put(&outgoing, payload, length);
}

bool channel_write(void) {
    while (queue_length(&outgoing)) {
        ssize_t n = write(out_fd, outgoing.data + outgoing.head, queue_length(&outgoing));
        if (n < 0) return errno == EAGAIN || errno == EINTR;
        queue_drop(&outgoing, (size_t)n);
    }
    return true;
}

/* Hands on every whole frame that has arrived. */
static void deliver(void) {
    while (queue_length(&incoming) >= HEADER) {
        char *at = incoming.data + incoming.head;
        uint32_t size, id;
        memcpy(&size, at, 4);
        memcpy(&id, at + 5, 4);
        if (size > FRAME_MAX) {
            errno = EPROTO;
            die("channel");
        }
        if (queue_length(&incoming) < HEADER + (size_t)size) return;
        channel_dispatch((enum frame_type)at[4], id, at + HEADER, size);
        queue_drop(&incoming, HEADER + (size_t)size);
    }
}

bool channel_read(void) {
    static char buffer[256 << 10];
    ssize_t n = read(in_fd, buffer, sizeof buffer);
    if (n == 0) return false;
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    queue_put(&incoming, buffer, (size_t)n);
    deliver();
    return true;
}
