/* sessiond: runs commands in its container for a host that holds one open channel to its stdin and stdout.
 *
 * Why it exists: an exec through the engine costs 24 to 70 ms, this 2; and one channel that was there before the agent means that every
 * command of every scaffold comes in through the one seccomp listener that the recorder got when the container started.
 *
 * The channel. Frames, little endian: u32 length of payload, u8 type, u32 command id, payload. The two ends trust each other; what they
 * carry (argv, output) is the agent's and is never interpreted here. Types are named from the host's side: capitals go in, small letters come out.
 *
 * The adversary has every uid but 0 in this container. It must not reach the channel (descriptors are close-on-exec, this process is not
 * dumpable), nor outlive a kill by cheap tricks (see tree.c), nor starve the channel (queues are bounded).
 */
#ifndef SESSION_H
#define SESSION_H

#define _GNU_SOURCE
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum frame_type {
    FRAME_EXEC = 'E',   /* run a command, or read or write a file: see request.c */
    FRAME_INPUT = 'I',  /* bytes for a command's stdin */
    FRAME_CLOSE = 'C',  /* no more stdin */
    FRAME_KILL = 'K',   /* SIGKILL to the command's session and all that descends from it */
    FRAME_PING = 'P',   /* what time is it */

    FRAME_HELLO = 'h',  /* u8 version, u64 microseconds since the epoch: the channel is open */
    FRAME_STARTED = 's',/* u32 pid, which is the session id too */
    FRAME_OUT = 'o',    /* stdout */
    FRAME_ERR = 'e',    /* stderr */
    FRAME_CREDIT = 'w', /* u32 more bytes of stdin may be sent */
    FRAME_BROKEN = 'b', /* the command closed its stdin: send no more */
    FRAME_EXIT = 'x',   /* see command.c */
    FRAME_LINE = 'l',   /* output of the --child: u8 stream, bytes */
    FRAME_CHILD = 'd',  /* the --child ended: u32 wait status */
    FRAME_PONG = 'p',   /* u64 microseconds since the epoch */
};

enum {
    PROTOCOL_VERSION = 1,
    HEADER = 9,
    FRAME_MAX = 16 << 20,
    INPUT_WINDOW = 1 << 20, /* bytes of stdin that the host may have under way for one command */
    CHUNK = 64 << 10,
    OUTGOING_HIGH = 2 << 20,/* above this, outputs of commands are not read until the host has caught up */
};

enum spawn_stage { STAGE_NONE, STAGE_USER, STAGE_GROUP, STAGE_FORK, STAGE_IDENTITY, STAGE_CWD, STAGE_EXEC, STAGE_OPEN, STAGE_COPY };
enum operation { OP_EXEC = 0, OP_READ = 1, OP_WRITE = 2 };

/* A growing byte queue: bytes come in at `tail`, leave at `head`. */
struct queue {
    char *data;
    size_t head, tail, room;
};
void queue_put(struct queue *q, const void *data, size_t length);
void queue_drop(struct queue *q, size_t length);
static inline size_t queue_length(const struct queue *q) { return q->tail - q->head; }

/* Who a command runs as. */
struct identity {
    uid_t uid;
    gid_t gid;
    gid_t groups[64];
    int ngroups;
    char name[64], home[256], shell[256];
};
enum spawn_stage identity_find(const char *spec, struct identity *who);

/* A parsed FRAME_EXEC. Strings point into the frame. */
struct request {
    enum operation operation;
    bool has_input;
    uint32_t timeout_ms;
    uint64_t limit; /* of each output stream; of a file's size for OP_READ */
    const char *user, *cwd;
    uint32_t argc, envc;
    char **argv, **env;
};
bool request_parse(char *payload, size_t length, struct request *request);

/* The part that runs in the forked child; never returns. Failures go to `report` as {u32 stage, u32 errno}. */
struct spawn_failure {
    uint32_t stage, error;
};
_Noreturn void spawn_child(const struct request *request, const struct identity *who, char **environment, int report);
char **environment_build(const struct request *request, const struct identity *who);
void file_operation(const struct request *request, int report);

/* All processes of a session and what descends from them. */
struct tree {
    struct {
        pid_t pid;
        unsigned long long start;
    } *members;
    size_t count, room;
};
size_t tree_signal(struct tree *tree, pid_t session, int signal); /* refreshes, signals, returns how many are alive */

/* Output of one stream: the first `limit` bytes go out as they come, of the rest the last `limit` bytes are kept. */
struct stream {
    int fd;
    uint64_t limit, total;
    char *ring;
};

struct command {
    struct command *next;
    uint32_t id;
    pid_t pid;
    int input, report;
    struct queue pending; /* stdin that the command has not taken yet */
    uint32_t credit;      /* bytes it took that the host has not been told of */
    bool input_ends;
    struct stream out, err;
    struct spawn_failure failure;
    bool exited, timed_out, answered;
    int status;
    int64_t deadline, harsh, answer_at; /* milliseconds of the monotonic clock; 0 = none */
    struct tree tree;
};

void command_start(uint32_t id, char *payload, size_t length);
void command_input(uint32_t id, const char *data, size_t length);
void command_input_end(uint32_t id);
void command_kill(uint32_t id);
void command_exited(pid_t pid, int status);
struct command *command_list(void);
void command_ready(struct command *command, int fd); /* one of its descriptors can be read or written */
void command_tick(int64_t now);
int64_t command_next(int64_t now); /* milliseconds until the next tick is due; -1 = none */
void command_sweep(void);

void stream_read(struct stream *stream, uint32_t id, enum frame_type type, bool forward);
void stream_finish(struct stream *stream, uint32_t id, enum frame_type type);
void stream_close(struct stream *stream);

/* The channel itself. */
void channel_open(void);
int channel_in(void);
int channel_out(void);
size_t channel_waiting(void);
bool channel_read(void); /* false: the host hung up */
bool channel_write(void);
void channel_send(enum frame_type type, uint32_t id, const void *payload, size_t length);
void channel_dispatch(enum frame_type type, uint32_t id, char *payload, size_t length);

/* The --child. */
void child_start(char **argv);
bool child_exited(pid_t pid, int status);
int child_fd(int stream);
void child_read(int stream);

int64_t now_ms(void);
uint64_t wall_us(void);
_Noreturn void die(const char *what);

#endif
