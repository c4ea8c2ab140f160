/* One output stream of a command: forwarded up to its limit, then only its end is kept.
 *
 * What the host ends up with is the last `limit` bytes of the stream, as Inspect's own provider gives; a command that prints without end
 * goes on printing, and costs the channel twice its limit at most. */
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The byte of the stream that came at `offset` behind the limit lies at offset modulo limit. */
static void keep(struct stream *s, const char *data, size_t length, uint64_t offset) {
    if (!s->ring) s->ring = malloc(s->limit); /* touched as it fills */
    if (!s->ring) die("memory");
    while (length) {
        size_t at = offset % s->limit, room = s->limit - at, n = length < room ? length : room;
        memcpy(s->ring + at, data, n);
        data += n;
        offset += n;
        length -= n;
    }
}

static void accept_bytes(struct stream *s, uint32_t id, enum frame_type type, const char *data, size_t length) {
    uint64_t left = s->total < s->limit ? s->limit - s->total : 0;
    size_t direct = length < left ? length : (size_t)left;
    if (direct) channel_send(type, id, data, direct);
    if (direct < length && s->limit) keep(s, data + direct, length - direct, s->total + direct - s->limit);
    s->total += length;
}

void stream_read(struct stream *s, uint32_t id, enum frame_type type, bool forward) {
    static char buffer[CHUNK];
    ssize_t n = read(s->fd, buffer, sizeof buffer);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        close(s->fd);
        s->fd = -1;
    } else if (forward) {
        accept_bytes(s, id, type, buffer, (size_t)n);
    }
}

/* Sends what was kept behind the limit, oldest first. */
void stream_finish(struct stream *s, uint32_t id, enum frame_type type) {
    if (!s->ring) return;
    uint64_t behind = s->total - s->limit;
    if (behind > s->limit) {
        size_t at = behind % s->limit;
        for (size_t sent = at; sent < s->limit; sent += CHUNK) channel_send(type, id, s->ring + sent, s->limit - sent < CHUNK ? s->limit - sent : CHUNK);
        behind = at;
    }
    for (size_t sent = 0; sent < behind; sent += CHUNK) channel_send(type, id, s->ring + sent, behind - sent < CHUNK ? behind - sent : CHUNK);
    free(s->ring);
    s->ring = NULL;
}

void stream_close(struct stream *s) {
    if (s->fd >= 0) close(s->fd);
    free(s->ring);
    s->fd = -1;
    s->ring = NULL;
}
