/* FRAME_EXEC, parsed: u8 operation, u8 has_input, u32 timeout_ms, u64 limit, user\0, cwd\0, u32 argc, argv\0..., u32 envc, env\0...
 *
 * For OP_READ and OP_WRITE argv is the one path. An empty user is the default one, an empty cwd the container's. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    char *at, *end;
    bool bad;
};

static void number(struct reader *r, void *into, size_t size) {
    if (r->bad || (size_t)(r->end - r->at) < size) {
        r->bad = true;
        memset(into, 0, size);
        return;
    }
    memcpy(into, r->at, size);
    r->at += size;
}

static char *string(struct reader *r) {
    char *stop = r->bad ? NULL : memchr(r->at, 0, (size_t)(r->end - r->at));
    if (!stop) {
        r->bad = true;
        return "";
    }
    char *start = r->at;
    r->at = stop + 1;
    return start;
}

/* A NULL-ended vector of strings; the caller frees the vector, not the strings. */
static char **strings(struct reader *r, uint32_t *count) {
    number(r, count, 4);
    if (r->bad || *count > (size_t)(r->end - r->at)) { /* each string takes a byte at least */
        r->bad = true;
        return NULL;
    }
    char **list = calloc(*count + 1, sizeof *list);
    if (!list) die("memory");
    for (uint32_t i = 0; i < *count; i++) list[i] = string(r);
    return list;
}

bool request_parse(char *payload, size_t length, struct request *request) {
    struct reader r = {payload, payload + length, false};
    uint8_t operation, input;
    number(&r, &operation, 1);
    number(&r, &input, 1);
    number(&r, &request->timeout_ms, 4);
    number(&r, &request->limit, 8);
    request->operation = (enum operation)operation;
    request->has_input = input != 0;
    request->user = string(&r);
    request->cwd = string(&r);
    request->argv = strings(&r, &request->argc);
    request->env = strings(&r, &request->envc);
    return !r.bad && request->argc > 0 && operation <= OP_WRITE;
}
