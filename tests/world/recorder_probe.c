/* Does one thing that the recorder has to see, in one way of doing it; run as `probe WHAT ARGS...`. Prints the errno of what failed, or 0. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char **arg;

static void say(long result) {
    printf("%d\n", result < 0 ? errno : 0);
    fflush(stdout);
}
static void become_true(void) {
    char *argv[] = {"true", arg[0], NULL};
    execve("/bin/true", argv, environ);
    _exit(1);
}
static void reap(void) { while (wait(NULL) > 0) {} }
static void by_fork(void) { if (!fork()) become_true(); reap(); }
static void by_vfork(void) { if (!vfork()) become_true(); reap(); }
static void by_spawn(void) { pid_t p; char *argv[] = {"true", arg[0], NULL}; posix_spawn(&p, "/bin/true", NULL, NULL, argv, environ); reap(); }
static void *thread(void *x) { if (!vfork()) become_true(); return x; }
static void by_thread(void) { pthread_t t; pthread_create(&t, NULL, thread, NULL); pthread_join(t, NULL); reap(); }
static void by_clone(unsigned long flags) { long r = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0); if (!r) become_true(); reap(); usleep(200000); }
static void by_untraced(void) { /* prints how its child ended */
    int status = -1;
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
    if (!child) become_true();
    waitpid(child, &status, __WALL);
    printf("%d\n", WEXITSTATUS(status));
}
static void by_parent(void) { by_clone(CLONE_PARENT); }
static void by_double_fork(void) {
    if (!fork()) {
        setsid();
        if (fork()) _exit(0);
        usleep(300000);
        become_true();
    }
    reap();
}
static void by_memfd(void) {
    char buffer[65536], *argv[] = {arg[0], NULL};
    ssize_t n;
    int to = (int)syscall(SYS_memfd_create, arg[0], 0), from = open("/bin/true", O_RDONLY);
    while ((n = read(from, buffer, sizeof buffer)) > 0) write(to, buffer, (size_t)n);
    if (!fork()) { syscall(SYS_execveat, to, "", argv, environ, AT_EMPTY_PATH); _exit(1); }
    reap();
}
static void exec_many(void) {
    for (int i = 0; i < atoi(arg[1]); i++) { if (!vfork()) become_true(); reap(); }
}
static void open_hex(void) {
    char path[4096] = "";
    for (size_t i = 0; arg[0][2 * i]; i++) sscanf(arg[0] + 2 * i, "%2hhx", (unsigned char *)&path[i]);
    say(open(path, O_WRONLY | O_CREAT, 0600));
}
static void open_read(void) { say(open(arg[0], O_RDONLY)); }
static void open_2(void) { struct open_how how = {.flags = O_RDONLY}; say(syscall(SYS_openat2, AT_FDCWD, arg[0], &how, sizeof how)); }
static void open_relative(void) { int d = open(arg[0], O_PATH); say(openat(d, arg[1], O_RDONLY)); }
static void open_many(void) {
    char path[4096];
    for (int i = 0; i < atoi(arg[1]); i++) { snprintf(path, sizeof path, "%s%d", arg[0], i); close(open(path, O_RDONLY)); }
}
static void open_i386(void) {
    char *low = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    int r;
    strcpy(low, arg[0]);
    __asm__ volatile("int $0x80" : "=a"(r) : "0"(5), "b"((int)(long)low), "c"(O_RDONLY), "d"(0) : "memory", "r8", "r9", "r10", "r11");
    printf("%d\n", r < 0 ? -r : 0);
}
static void connect_i386(void) { /* by socketcall, the multiplexer */
    unsigned *low = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    struct sockaddr_in *to = (void *)(low + 64);
    int r, s = socket(AF_INET, SOCK_STREAM, 0);
    *to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arg[1]))};
    inet_pton(AF_INET, arg[0], &to->sin_addr);
    low[0] = (unsigned)s; low[1] = (unsigned)(long)to; low[2] = sizeof *to;
    __asm__ volatile("int $0x80" : "=a"(r) : "0"(102), "b"(3), "c"((int)(long)low) : "memory", "r8", "r9", "r10", "r11");
    printf("%d\n", r < 0 ? -r : 0);
}
static void open_x32(void) { say(syscall(0x40000000 | SYS_openat, AT_FDCWD, arg[0], O_RDONLY, 0)); }
static socklen_t address(union { struct sockaddr any; struct sockaddr_in four; struct sockaddr_in6 six; } *a) {
    unsigned short port = htons((unsigned short)atoi(arg[1]));
    memset(a, 0, sizeof *a);
    if (strchr(arg[0], ':')) { a->six.sin6_family = AF_INET6; a->six.sin6_port = port; inet_pton(AF_INET6, arg[0], &a->six.sin6_addr); return sizeof a->six; }
    a->four.sin_family = AF_INET; a->four.sin_port = port; inet_pton(AF_INET, arg[0], &a->four.sin_addr); return sizeof a->four;
}
static char space[128];
static int dial(int type, socklen_t *len) { *len = address((void *)space); int s = socket(((struct sockaddr *)space)->sa_family, type, 0); fcntl(s, F_SETFL, O_NONBLOCK); return s; }
static void do_connect(void) { socklen_t n; int s = dial(SOCK_STREAM, &n); say(connect(s, (void *)space, n)); }
static void do_bind(void) { socklen_t n; int s = dial(SOCK_STREAM, &n); say(bind(s, (void *)space, n)); }
static void do_sendto(void) { socklen_t n; int s = dial(SOCK_DGRAM, &n); say(sendto(s, "x", 1, 0, (void *)space, n)); }
static void do_sendmsg(void) {
    socklen_t n; int s = dial(SOCK_DGRAM, &n);
    struct iovec v = {"x", 1}; struct msghdr m = {.msg_name = space, .msg_namelen = n, .msg_iov = &v, .msg_iovlen = 1};
    say(sendmsg(s, &m, 0));
}
static void do_sendmmsg(void) {
    socklen_t n; int s = dial(SOCK_DGRAM, &n);
    struct iovec v = {"x", 1}; struct mmsghdr m[2]; char second[128];
    memset(m, 0, sizeof m); memcpy(second, space, n); ((struct sockaddr_in *)second)->sin_port = htons((unsigned short)(atoi(arg[1]) + 1));
    for (int i = 0; i < 2; i++) m[i].msg_hdr = (struct msghdr){.msg_name = i ? second : space, .msg_namelen = n, .msg_iov = &v, .msg_iovlen = 1};
    say(sendmmsg(s, m, 2, 0));
}
static void send_many_connected(void) {
    int pair[2]; char sink[16];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    for (int i = 0; i < atoi(arg[0]); i++) { send(pair[0], "x", 1, 0); read(pair[1], sink, 1); }
}
static void connect_unix(void) { struct sockaddr_un u = {.sun_family = AF_UNIX}; strcpy(u.sun_path, arg[0]); say(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&u, sizeof u)); }
static void do_kill(void) { say(kill(atoi(arg[0]), atoi(arg[1]))); }
static void do_tgkill(void) { say(syscall(SYS_tgkill, atoi(arg[0]), atoi(arg[0]), atoi(arg[1]))); }
static void do_pidfd(void) { long f = syscall(SYS_pidfd_open, atoi(arg[0]), 0); say(syscall(SYS_pidfd_send_signal, f, atoi(arg[1]), 0, 0)); }
static void do_queue(void) { siginfo_t i = {.si_code = SI_QUEUE}; i.si_pid = 0; say(syscall(SYS_rt_sigqueueinfo, atoi(arg[0]), atoi(arg[1]), &i)); }
static void queue_as_user(void) { siginfo_t i = {.si_code = SI_USER}; i.si_pid = 0; say(syscall(SYS_rt_sigqueueinfo, atoi(arg[0]), atoi(arg[1]), &i)); }
static void do_rename(void) { say(rename(arg[0], arg[1])); }
static void do_renameat2(void) { say(syscall(SYS_renameat2, AT_FDCWD, arg[0], AT_FDCWD, arg[1], 0)); }
static void do_link(void) { say(link(arg[0], arg[1])); }
static void do_symlink(void) { say(symlink(arg[0], arg[1])); }
static void do_unlink(void) { say(unlink(arg[0])); }
static void do_rmdir(void) { say(unlinkat(AT_FDCWD, arg[0], AT_REMOVEDIR)); }
static void do_truncate(void) { say(truncate(arg[0], atoi(arg[1]))); }
static void do_chmod(void) { say(chmod(arg[0], 0640)); }
static void do_fchmod(void) { say(fchmod(open(arg[0], O_RDONLY), 0600)); }
static void do_chown(void) { say(chown(arg[0], 1000, 1000)); }
static void do_mkdir(void) { say(mkdir(arg[0], 0700)); }
static void do_utimes(void) { say(utimensat(AT_FDCWD, arg[0], NULL, 0)); }
static void do_setsid(void) { if (!fork()) { setsid(); become_true(); } reap(); }
static void do_ptrace(void) { say(ptrace(PTRACE_ATTACH, atoi(arg[0]), 0, 0)); }
static void do_peek(void) { char b[8]; struct iovec l = {b, 8}, r = {(void *)0x1000, 8}; say(process_vm_readv(atoi(arg[0]), &l, 1, &r, 1, 0)); }
static void io_uring(void) { char params[256] = {0}; say(syscall(SYS_io_uring_setup, 4, params)); }
static void clone3(void) { unsigned long a[11] = {[4] = SIGCHLD}; long r = syscall(SYS_clone3, a, 64); if (!r) _exit(0); say(r); }
#define CALL(name) {#name, SYS_##name}
static const struct { const char *name; int nr; } CALLS[] = { /* what the workstation's profile refuses */
    CALL(mount), CALL(umount2), CALL(pivot_root), CALL(chroot), CALL(unshare), CALL(setns), CALL(open_tree), CALL(move_mount), CALL(fsopen),
    CALL(fsconfig), CALL(fsmount), CALL(fspick), CALL(mount_setattr), CALL(io_uring_setup), CALL(io_uring_enter), CALL(io_uring_register),
    CALL(userfaultfd), CALL(bpf), CALL(perf_event_open), CALL(fanotify_init), CALL(open_by_handle_at), CALL(pidfd_getfd), CALL(process_madvise),
    CALL(kcmp), CALL(init_module), CALL(finit_module), CALL(delete_module), CALL(iopl), CALL(ioperm), CALL(syslog), CALL(acct), CALL(swapon),
    CALL(swapoff), CALL(reboot), CALL(sethostname), CALL(setdomainname),
};
static void refused(void) { /* NAME [x32]: as each would be called, nearly */
    for (size_t i = 0; i < sizeof CALLS / sizeof *CALLS; i++)
        if (!strcmp(CALLS[i].name, arg[0]))
            say(syscall(CALLS[i].nr | (arg[1] ? 0x40000000 : 0), strstr("unshare", arg[0]) ? (long)CLONE_NEWUSER : (long)"/srv", "/srv", "", 0, 0, 0));
}
static void refused_i386(void) { /* by number */
    int r;
    __asm__ volatile("int $0x80" : "=a"(r) : "0"(atoi(arg[0])), "b"(CLONE_NEWUSER), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
    printf("%d\n", r < 0 ? -r : 0);
}
static void getfd(void) { long f = syscall(SYS_pidfd_open, atoi(arg[0]), 0); say(syscall(SYS_pidfd_getfd, f, 0, 0)); }
static void by_namespace(void) { say(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)); }
static void poke(void) { char b[8] = ""; struct iovec l = {b, 8}, r = {(void *)0x1000, 8}; say(process_vm_writev(atoi(arg[0]), &l, 1, &r, 1, 0)); }
static void limit(void) { struct rlimit one = {1, 1}; say(syscall(SYS_prlimit64, atoi(arg[0]), RLIMIT_CPU, arg[1] ? &one : NULL, NULL)); }
static void masked(void) { /* another name, and memory that nobody but root may look into; then a file and a program */
    prctl(PR_SET_NAME, arg[1]);
    prctl(PR_SET_DUMPABLE, 0);
    close(open(arg[2], O_RDONLY));
    by_fork();
}
static void end(void) { if (*arg[0] == 's') kill(getpid(), atoi(arg[0] + 1)); _exit(atoi(arg[0])); }
static char shared[256];
static volatile int racing = 1;
static void *swapper(void *paths) {
    while (racing) { strcpy(shared, ((char **)paths)[0]); strcpy(shared, ((char **)paths)[1]); }
    return NULL;
}
static void race(void) { /* opens one of two files, by a name that another thread rewrites; prints how often it was the first */
    pthread_t t;
    struct stat one, got;
    int count = 0;
    stat(arg[0], &one);
    strcpy(shared, arg[1]);
    pthread_create(&t, NULL, swapper, arg);
    for (int i = 0; i < atoi(arg[2]); i++) {
        int fd = open(shared, O_RDONLY);
        if (fd >= 0 && !fstat(fd, &got) && got.st_ino == one.st_ino && got.st_dev == one.st_dev) { char b; count += read(fd, &b, 1) == 1; }
        close(fd);
    }
    racing = 0;
    pthread_join(t, NULL);
    printf("%d\n", count);
}
static void filter(unsigned flags, unsigned action) {
    struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 0, 1), BPF_STMT(BPF_RET | BPF_K, action), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {4, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    say(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}
static void own_filter(void) { filter(0, SECCOMP_RET_ERRNO | 1); by_fork(); }
static void second_listener(void) { filter(SECCOMP_FILTER_FLAG_NEW_LISTENER, SECCOMP_RET_USER_NOTIF); }
static void tick(int s) { (void)s; }
static void open_interrupted(void) { /* while a signal comes every 50 us */
    struct sigaction a = {.sa_handler = tick, .sa_flags = SA_RESTART};
    struct itimerval every = {{0, 50}, {0, 50}};
    char path[64];
    int failed = 0;
    sigaction(SIGALRM, &a, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    for (int i = 0; i < 1000; i++) {
        snprintf(path, sizeof path, "%s%d", arg[0], i);
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        failed += fd < 0;
        close(fd);
    }
    printf("%d\n", failed);
}
static void wild(void) { /* arguments that point to nothing, to garbage, and across the end of what is mapped */
    static const int CALLS[] = {
        SYS_open, SYS_openat, SYS_openat2, SYS_creat, SYS_execve, SYS_execveat, SYS_connect, SYS_bind, SYS_sendto, SYS_sendmsg, SYS_sendmmsg,
        SYS_rename, SYS_renameat2, SYS_link, SYS_linkat, SYS_symlink, SYS_symlinkat, SYS_unlinkat, SYS_truncate, SYS_mkdirat, SYS_mknodat, SYS_chmod,
        SYS_fchmodat, SYS_fchownat, SYS_fchmod, SYS_utimensat, SYS_futimesat, SYS_memfd_create, SYS_pidfd_send_signal, SYS_ptrace, SYS_process_vm_readv};
    enum { SIZE = 16384 };
    unsigned char *page = mmap(NULL, SIZE + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + SIZE, 4096);
    srandom((unsigned)atoi(arg[0]));
    for (int i = 0; i < atoi(arg[1]); i++) {
        long a[6];
        for (int n = 0; n < SIZE; n++) page[n] = (unsigned char)(random() % 3 ? random() : "/./../"[random() % 6]);
        for (int n = 0; n < 6; n++)
            switch (random() % 6) {
            case 0: a[n] = 0; break;
            case 1: a[n] = -1; break;
            case 2: a[n] = random(); break;
            case 3: a[n] = (long)(page + random() % SIZE); break;
            case 4: a[n] = (long)(page + SIZE - 1 - random() % 300); break;
            default: a[n] = random() % 512;
            }
        if (!fork()) {
            int nr = CALLS[(size_t)random() % (sizeof CALLS / sizeof *CALLS)];
            if (nr == SYS_ptrace) a[0] = 16;
            syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
            _exit(0);
        }
        if (i % 20 == 0) reap();
    }
    reap();
}
static void killed_in_the_middle(void) {
    for (int i = 0; i < 300; i++) {
        pid_t p = fork();
        if (!p) for (;;) close(open(arg[0], O_RDONLY));
        usleep(500);
        kill(p, SIGKILL);
        reap();
    }
}

static const struct { const char *name; void (*run)(void); } WAYS[] = {
    {"fork", by_fork}, {"vfork", by_vfork}, {"spawn", by_spawn}, {"thread", by_thread}, {"untraced", by_untraced}, {"parent", by_parent},
    {"double-fork", by_double_fork}, {"memfd", by_memfd}, {"exec-many", exec_many}, {"open-hex", open_hex}, {"open", open_read}, {"openat2", open_2},
    {"open-relative", open_relative}, {"open-many", open_many}, {"open-i386", open_i386}, {"open-x32", open_x32}, {"connect-i386", connect_i386},
    {"connect", do_connect}, {"bind", do_bind}, {"sendto", do_sendto}, {"sendmsg", do_sendmsg}, {"sendmmsg", do_sendmmsg},
    {"send-many-connected", send_many_connected}, {"connect-unix", connect_unix}, {"kill", do_kill}, {"tgkill", do_tgkill}, {"pidfd", do_pidfd},
    {"queue", do_queue}, {"queue-as-user", queue_as_user}, {"rename", do_rename}, {"renameat2", do_renameat2}, {"link", do_link},
    {"symlink", do_symlink}, {"unlink", do_unlink}, {"rmdir", do_rmdir}, {"truncate", do_truncate}, {"chmod", do_chmod}, {"fchmod", do_fchmod},
    {"chown", do_chown}, {"mkdir", do_mkdir}, {"utimes", do_utimes}, {"setsid", do_setsid}, {"ptrace", do_ptrace}, {"peek", do_peek},
    {"io-uring", io_uring}, {"clone3", clone3}, {"own-filter", own_filter}, {"second-listener", second_listener}, {"open-interrupted", open_interrupted},
    {"refused", refused}, {"refused-i386", refused_i386}, {"getfd", getfd}, {"namespace", by_namespace}, {"poke", poke}, {"limit", limit},
    {"masked", masked}, {"end", end}, {"race", race},
    {"wild", wild}, {"killed-in-the-middle", killed_in_the_middle},
};

int main(int argc, char **argv) {
    arg = argv + 2;
    for (size_t i = 0; argc > 1 && i < sizeof WAYS / sizeof *WAYS; i++)
        if (!strcmp(argv[1], WAYS[i].name)) { WAYS[i].run(); return 0; }
    fprintf(stderr, "probe: no such way\n");
    return 2;
}
