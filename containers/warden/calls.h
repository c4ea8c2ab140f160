/* The system calls that are notified to us: one list, from which the numbers of three ABIs and the table of handlers are made.
 *
 * The same names stand below `notify` and `refuse` in syscalls.txt, from which the workstation's seccomp profile is built; a test compares them. */
#ifndef CALLS_H
#define CALLS_H

#define CALLS_EVERYWHERE(X)                                                                                                                \
    X(execve) X(execveat)                                                                                                                  \
    X(open) X(openat) X(openat2) X(creat)                                                                                                  \
    X(connect) X(bind) X(sendto) X(sendmsg) X(sendmmsg)                                                                                    \
    X(kill) X(tkill) X(tgkill) X(rt_sigqueueinfo) X(rt_tgsigqueueinfo) X(pidfd_send_signal)                                                \
    X(rename) X(renameat) X(renameat2) X(link) X(linkat) X(symlink) X(symlinkat)                                                           \
    X(unlink) X(unlinkat) X(rmdir) X(truncate) X(mkdir) X(mkdirat) X(mknod) X(mknodat)                                                     \
    X(chmod) X(fchmod) X(fchmodat) X(fchmodat2) X(chown) X(lchown) X(fchown) X(fchownat)                                                   \
    X(utime) X(utimes) X(futimesat) X(utimensat) X(memfd_create)                                                                           \
    X(setsid) X(ptrace) X(process_vm_readv) X(process_vm_writev) X(prlimit64) X(prctl) X(seccomp) X(clone)                   \
    X(setpriority) X(ioprio_set) X(sched_setaffinity) X(sched_setattr) X(sched_setparam) X(sched_setscheduler)

/* What the engine's own profile refuses, and what would be a way past us or out: we refuse it in its place, and say who asked. */
#define CALLS_REFUSED(X)                                                                                                                   \
    X(mount) X(umount2) X(pivot_root) X(chroot) X(unshare) X(setns) X(open_tree) X(move_mount) X(fsopen) X(fsconfig) X(fsmount) X(fspick)  \
    X(mount_setattr) X(io_uring_setup) X(io_uring_enter) X(io_uring_register) X(userfaultfd) X(bpf) X(perf_event_open) X(fanotify_init)    \
    X(open_by_handle_at) X(pidfd_getfd) X(process_madvise) X(kcmp) X(init_module) X(finit_module) X(delete_module) X(iopl) X(ioperm)       \
    X(syslog) X(acct) X(swapon) X(swapoff) X(reboot) X(sethostname) X(setdomainname)

#define CALLS_OF_I386(X) X(socketcall) X(chown32) X(lchown32) X(fchown32) X(truncate64) X(utimensat_time64)

#define CALL_ID(name) CALL_##name,
enum call_id { CALLS_EVERYWHERE(CALL_ID) CALLS_REFUSED(CALL_ID) CALLS_OF_I386(CALL_ID) CALL_IDS };

struct number {
    int nr;
    enum call_id id;
};

#define NUMBER_ROW(name) {__NR_##name, CALL_##name},

/* Each ends in a row whose number is -1. */
extern const struct number NUMBERS_X86_64[], NUMBERS_X32[], NUMBERS_I386[];

/* Newer than the kernel headers of the build image. */
#define NR_FCHMODAT2 452

#endif
