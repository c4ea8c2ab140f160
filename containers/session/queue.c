/* A byte queue, and the one way this program ends when it cannot go on. */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void queue_put(struct queue *q, const void *data, size_t length) {
    if (q->head == q->tail) q->head = q->tail = 0;
    if (q->tail + length > q->room && q->head > 0) {
        memmove(q->data, q->data + q->head, q->tail - q->head);
        q->tail -= q->head;
        q->head = 0;
    }
    if (q->tail + length > q->room) {
        q->room = q->room ? q->room : 4096;
        while (q->room < q->tail + length) q->room *= 2;
        q->data = realloc(q->data, q->room);
        if (!q->data) die("memory");
    }
    memcpy(q->data + q->tail, data, length);
    q->tail += length;
}

void queue_drop(struct queue *q, size_t length) {
    q->head += length;
    if (q->head < q->tail) return;
    q->head = q->tail = 0;
    if (q->room > (1 << 20)) { /* a burst is over: give its memory back, it counts as the container's */
        free(q->data);
        *q = (struct queue){0};
    }
}

int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

uint64_t wall_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

void die(const char *what) {
    fprintf(stderr, "session ended: %s: %s\n", what, strerror(errno));
    exit(70);
}
