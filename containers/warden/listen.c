/* Listeners. Single-threaded on purpose: one order of events, one chain, nothing to lock. Each notified task stands still until it is
 * answered, and it is answered only after its record was made. The answer is "go on", but for what the engine's own profile refuses: there the kernel
 * would have said no, and we say it. */
#include "listen.h"

#include "die.h"
#include "event.h"
#include "lives.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* Linux 6.6 */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1UL
#endif

enum { STATE_MAX = 64 * 1024, FDS_MAX = 8, READY_MAX = 32, BACKLOG = 64 };

struct listener {
    int fd;
    int x;
    long long events;
};

static int door = -1, poll_fd = -1;
static struct seccomp_notif_sizes sizes;
static struct seccomp_notif *request;
static struct seccomp_notif_resp *answer;

static void watch(int fd, void *mark) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = mark};
    if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event))
        die(1, "cannot watch a descriptor: %s", strerror(errno));
}

void listen_open(const char *folder, const char *name, int sock) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strncpy(at.sun_path, name, sizeof at.sun_path - 1);
    door = sock >= 0 ? sock : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* Bound by a relative name: /proc/net/unix shows the text that was given here. */
    if (door < 0 || chdir(folder) || bind(door, (struct sockaddr *)&at, sizeof at) || listen(door, BACKLOG) || chmod(name, 0600) || chdir("/"))
        die(1, "cannot listen at %s/%s: %s", folder, name, strerror(errno));
    fcntl(door, F_SETFL, O_NONBLOCK);
    if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes))
        die(1, "this kernel knows no seccomp notification: %s", strerror(errno));
    request = calloc(1, sizes.seccomp_notif > sizeof *request ? sizes.seccomp_notif : sizeof *request);
    answer = calloc(1, sizes.seccomp_notif_resp > sizeof *answer ? sizes.seccomp_notif_resp : sizeof *answer);
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!request || !answer || poll_fd < 0)
        die(1, "out of memory");
    lives_open(poll_fd);
    watch(door, &door);
}

/* Takes the state that the runtime sends, and the first descriptor that comes with it; closes any other. */
static int receive(int from, char *state, size_t cap) {
    union { char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)]; struct cmsghdr align; } control;
    struct iovec text = {state, cap - 1};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct timeval patience = {.tv_sec = 2};
    setsockopt(from, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ssize_t n = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    int first = -1;
    state[n > 0 ? n : 0] = 0;
    for (struct cmsghdr *part = n > 0 ? CMSG_FIRSTHDR(&message) : NULL; part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; at + sizeof(int) <= part->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + at, sizeof fd);
            if (first < 0)
                first = fd;
            else
                close(fd);
        }
    }
    return first;
}

/* The container's id and the command's process id on the host, from the runtime's JSON (OCI ContainerProcessState). */
static void tell_call(const struct listener *listener, const char *state) {
    const char *pid = strstr(state, "\"pid\":"), *id = strstr(state, "\"id\":\"");
    record_begin(CALL, BOOK);
    record_int("x", listener->x);
    record_int("pid", pid ? atol(pid + 6) : 0);
    record_text("container", id ? id + 6 : "", id ? strspn(id + 6, "0123456789abcdefghijklmnopqrstuvwxyz_.-") : 0);
    record_end();
}

static void welcome(void) {
    static char state[STATE_MAX];
    static int last_x;
    int visitor = accept4(door, NULL, NULL, SOCK_CLOEXEC);
    if (visitor < 0)
        return;
    int fd = receive(visitor, state, sizeof state);
    close(visitor);
    struct listener *listener = fd < 0 ? NULL : calloc(1, sizeof *listener);
    if (!listener)
        return;
    *listener = (struct listener){.fd = fd, .x = ++last_x};
    fcntl(fd, F_SETFL, O_NONBLOCK);
    ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP); /* faster where the kernel knows it */
    tell_call(listener, state);
    watch(fd, listener);
}

/* 0, or the errno that the call shall end with. */
static int handle(struct listener *listener) {
    struct event event = {.listener = listener->fd, .x = listener->x, .notice = request->id, .pid = (pid_t)request->pid};
    event.call = call_find(request->data.arch, request->data.nr, &event.abi);
    event.width = event.abi ? 4 : 8;
    for (int i = 0; i < 6; i++)
        event.arg[i] = request->data.args[i];
    listener->events++;
    if (!event.call)
        return EPERM; /* a profile of ours never asks */
    event.call->handle(&event);
    return event.refuse;
}

static void serve(struct listener *listener) {
    memset(request, 0, sizes.seccomp_notif);
    if (ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_RECV, request))
        return; /* the task was killed meanwhile */
    int refuse = handle(listener);
    memset(answer, 0, sizes.seccomp_notif_resp);
    answer->id = request->id;
    answer->error = -refuse;
    answer->flags = refuse ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_SEND, answer); /* fails when the task has gone or was interrupted: it asks again then */
}

static void farewell(struct listener *listener) {
    record_begin(CALL_GONE, BOOK);
    record_int("x", listener->x);
    record_int("events", listener->events);
    record_end();
    epoll_ctl(poll_fd, EPOLL_CTL_DEL, listener->fd, NULL);
    close(listener->fd);
    free(listener);
}

/* A signal counts only when it came by kill(2) from outside our process namespace, where the sender has no number: whoever is inside,
 * root too, can forge neither (rt_sigqueueinfo may not claim SI_USER). */
static bool told_to_stop(int signals) {
    struct signalfd_siginfo info;
    return read(signals, &info, sizeof info) == sizeof info && info.ssi_code == SI_USER && info.ssi_pid == 0;
}

void listen_serve(int signals) {
    struct epoll_event ready[READY_MAX];
    watch(signals, &poll_fd);
    for (;;) {
        int n = epoll_wait(poll_fd, ready, READY_MAX, record_due());
        for (int i = 0; i < n; i++) {
            void *mark = ready[i].data.ptr;
            if (mark == &poll_fd) {
                if (told_to_stop(signals))
                    return;
            } else if (mark == &door) {
                welcome();
            } else if (lives_own(mark)) {
                lives_end(mark);
            } else if (ready[i].events & EPOLLIN) {
                serve(mark);
            } else {
                farewell(mark);
            }
        }
        record_tick();
    }
}
