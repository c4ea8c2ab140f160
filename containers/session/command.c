/* A command's life: started, fed, read, ended, answered; and after its answer, drained for as long as a background child holds its output.
 *
 * FRAME_EXIT: u8 how (0 exited, 1 killed by a signal, 2 never started), u32 code, signal or errno, u32 spawn stage, u8 timed out,
 * u64 bytes of stdout in all, u64 bytes of stderr in all. A file operation that failed is `2` as well. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GRACE_MS = 3000, GIVE_UP_MS = 10000, LOOK_MS = 20, DRAIN_MS = 200, HELD_MOST = 256 };

static struct command *commands;

struct command *command_list(void) { return commands; }

static struct command *find(uint32_t id) {
    for (struct command *c = commands; c; c = c->next)
        if (c->id == id && !c->answered) return c;
    return NULL;
}

static void answer(struct command *c) {
    unsigned char x[26] = {0};
    bool failed = c->failure.stage != STAGE_NONE, killed = !failed && WIFSIGNALED(c->status);
    uint32_t value = failed ? c->failure.error : (uint32_t)(killed ? WTERMSIG(c->status) : WEXITSTATUS(c->status));
    stream_finish(&c->out, c->id, FRAME_OUT);
    stream_finish(&c->err, c->id, FRAME_ERR);
    x[0] = failed ? 2 : killed;
    memcpy(x + 1, &value, 4);
    memcpy(x + 5, &c->failure.stage, 4);
    x[9] = c->timed_out;
    memcpy(x + 10, &c->out.total, 8);
    memcpy(x + 18, &c->err.total, 8);
    channel_send(FRAME_EXIT, c->id, x, sizeof x);
    c->answered = true;
    c->deadline = c->answer_at = 0;
    if (c->input >= 0) close(c->input);
    c->input = -1;
}

static void refuse(uint32_t id, enum spawn_stage stage, int error) {
    struct command c = {.id = id, .input = -1, .failure = {stage, (uint32_t)error}};
    answer(&c);
}

static int open_pipe(int ours[1], int theirs, int pair[2]) {
    if (pipe2(pair, O_CLOEXEC) < 0) return -1;
    ours[0] = pair[!theirs];
    return fcntl(ours[0], F_SETFL, O_NONBLOCK);
}

/* The child's three descriptors and the report's writing end; `ours` gets the other ends. */
static bool open_pipes(struct command *c, bool has_input, int child[4]) {
    int pair[2];
    for (int i = 0; i < 4; i++) child[i] = -1;
    int *ours[4] = {&c->input, &c->out.fd, &c->err.fd, &c->report};
    for (int i = has_input ? 0 : 1; i < 4; i++) {
        int theirs = i == 0 ? 0 : 1;
        if (open_pipe(ours[i], theirs, pair) < 0) return false;
        child[i] = pair[theirs];
    }
    if (!has_input) child[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return child[0] >= 0;
}

static void release(struct command *c) {
    stream_close(&c->out);
    stream_close(&c->err);
    if (c->input >= 0) close(c->input);
    if (c->report >= 0) close(c->report);
    free(c->pending.data);
    free(c->tree.members);
    free(c);
}

static void run(struct command *c, const struct request *request, const struct identity *who) {
    int child[4];
    bool opened = open_pipes(c, request->has_input, child);
    c->pid = opened ? fork() : -1;
    if (c->pid == 0) {
        if (dup2(child[0], 0) < 0 || dup2(child[1], 1) < 0 || dup2(child[2], 2) < 0) _exit(126);
        spawn_child(request, who, environment_build(request, who), child[3]);
    }
    int error = errno;
    for (int i = 0; i < 4; i++)
        if (child[i] >= 0) close(child[i]);
    if (c->pid < 0) {
        refuse(c->id, STAGE_FORK, error);
        release(c);
        return;
    }
    uint32_t pid = (uint32_t)c->pid;
    channel_send(FRAME_STARTED, c->id, &pid, 4);
    if (request->timeout_ms) c->deadline = now_ms() + request->timeout_ms;
    c->next = commands;
    commands = c;
}

void command_start(uint32_t id, char *payload, size_t length) {
    struct request request;
    struct identity who;
    struct command *c = calloc(1, sizeof *c);
    if (!c) die("memory");
    *c = (struct command){.id = id, .input = -1, .report = -1, .out.fd = -1, .err.fd = -1};
    enum spawn_stage wrong = request_parse(payload, length, &request) ? identity_find(request.user, &who) : STAGE_EXEC;
    if (wrong != STAGE_NONE) {
        refuse(id, wrong, EINVAL);
        release(c);
    } else {
        c->out.limit = c->err.limit = request.operation == OP_READ ? UINT64_MAX : request.limit;
        run(c, &request, &who);
    }
    free(request.argv);
    free(request.env);
}

static void feed(struct command *c) {
    while (queue_length(&c->pending)) {
        ssize_t n = write(c->input, c->pending.data + c->pending.head, queue_length(&c->pending));
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) break;
        if (n < 0) { /* it reads no more: whatever else comes is dropped */
            channel_send(FRAME_BROKEN, c->id, NULL, 0);
            close(c->input);
            c->input = -1;
            return;
        }
        queue_drop(&c->pending, (size_t)n);
        c->credit += (uint32_t)n;
    }
    if (c->credit >= INPUT_WINDOW / 4) {
        channel_send(FRAME_CREDIT, c->id, &c->credit, 4);
        c->credit = 0;
    }
    if (c->input_ends && !queue_length(&c->pending)) {
        close(c->input);
        c->input = -1;
    }
}

void command_input(uint32_t id, const char *data, size_t length) {
    struct command *c = find(id);
    if (!c || c->input < 0) return;
    queue_put(&c->pending, data, length);
    feed(c);
}

void command_input_end(uint32_t id) {
    struct command *c = find(id);
    if (!c || c->input < 0) return;
    c->input_ends = true;
    feed(c);
}

void command_kill(uint32_t id) {
    struct command *c = find(id);
    if (!c) return;
    c->deadline = now_ms();
    c->harsh = c->deadline; /* no grace */
}

static void read_report(struct command *c) {
    struct spawn_failure failure;
    ssize_t n = read(c->report, &failure, sizeof failure);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n == sizeof failure) c->failure = failure;
    close(c->report);
    c->report = -1;
}

void command_exited(pid_t pid, int status) {
    for (struct command *c = commands; c; c = c->next) {
        if (c->pid != pid || c->exited) continue;
        c->exited = true;
        c->status = status;
        c->answer_at = now_ms() + DRAIN_MS;
        if (!c->timed_out && !c->harsh) c->deadline = 0; /* in time: what it left behind may live */
        if (c->report >= 0) read_report(c);
    }
}

void command_ready(struct command *c, int fd) {
    if (fd == c->input) feed(c);
    else if (fd == c->report) read_report(c);
    else if (fd == c->out.fd) stream_read(&c->out, c->id, FRAME_OUT, !c->answered);
    else if (fd == c->err.fd) stream_read(&c->err, c->id, FRAME_ERR, !c->answered);
}

/* Past its deadline: ask all of the tree to end, look again until nobody is left, and after the grace do not ask. */
static void end_tree(struct command *c, int64_t now) {
    if (!c->timed_out && !c->harsh) {
        c->harsh = now + GRACE_MS;
        tree_signal(&c->tree, c->pid, SIGTERM);
    }
    c->timed_out = true;
    size_t alive = tree_signal(&c->tree, c->pid, now >= c->harsh ? SIGKILL : 0);
    bool hopeless = now >= c->harsh + GIVE_UP_MS; /* stuck in the kernel: the host must not wait for that */
    if ((alive == 0 && c->exited) || hopeless) answer(c);
    else c->deadline = now + LOOK_MS;
}

void command_tick(int64_t now) {
    for (struct command *c = commands; c; c = c->next) {
        if (c->answered) continue;
        bool drained = c->out.fd < 0 && c->err.fd < 0;
        if (c->exited && !c->timed_out && (drained || now >= c->answer_at)) answer(c);
        else if (c->deadline && now >= c->deadline) end_tree(c, now);
    }
}

int64_t command_next(int64_t now) {
    int64_t next = -1;
    for (struct command *c = commands; c; c = c->next) {
        if (c->answered) continue;
        int64_t due = c->exited && !c->timed_out ? c->answer_at : c->deadline;
        if (due && (next < 0 || due - now < next)) next = due > now ? due - now : 0;
    }
    return next;
}

/* Forgets what is answered and drained, and the oldest ones when too many background jobs hold their outputs. */
void command_sweep(void) {
    int held = 0;
    for (struct command **at = &commands; *at;) {
        struct command *c = *at;
        bool over = c->answered && c->exited && ((c->out.fd < 0 && c->err.fd < 0) || ++held > HELD_MOST);
        if (over) {
            *at = c->next;
            release(c);
        } else {
            at = &c->next;
        }
    }
}
