/* The table: what each notified call is, and where in its arguments the things stand that a record wants. */
#include "event.h"

#include <linux/audit.h>
#include <stddef.h>

enum { X32_BIT = 0x40000000, NUMBER_MAX = 1024 };

#define ROW(name, ...) [CALL_##name] = {#name, __VA_ARGS__}
static const struct call TABLE[CALL_IDS] = {
    ROW(execve, on_exec, EXEC, CWD, 0, NONE, NONE, 1, NONE),
    ROW(execveat, on_exec, EXEC, 0, 1, NONE, NONE, 2, 4),
    ROW(open, on_open, OPEN, CWD, 0, NONE, NONE, 1, NONE),
    ROW(openat, on_open, OPEN, 0, 1, NONE, NONE, 2, NONE),
    ROW(openat2, on_open, OPEN, 0, 1, NONE, NONE, 2, NONE),
    ROW(creat, on_open, OPEN, CWD, 0, NONE, NONE, NONE, NONE),
    ROW(connect, on_address, CONNECT, NONE, NONE, NONE, NONE, 1, NONE),
    ROW(bind, on_address, BIND, NONE, NONE, NONE, NONE, 1, NONE),
    ROW(sendto, on_address, SEND, NONE, NONE, NONE, NONE, 4, NONE),
    ROW(sendmsg, on_message, SEND, NONE, NONE, NONE, NONE, 1, NONE),
    ROW(sendmmsg, on_messages, SEND, NONE, NONE, NONE, NONE, 1, NONE),
    ROW(socketcall, on_socketcall, OTHER, NONE, NONE, NONE, NONE, 1, NONE),
    ROW(kill, on_signal, SIGNAL, NONE, NONE, NONE, NONE, 1, NONE),
    ROW(tkill, on_signal, SIGNAL, NONE, NONE, NONE, NONE, 1, NONE),
    ROW(tgkill, on_signal, SIGNAL, NONE, NONE, NONE, NONE, 2, NONE),
    ROW(rt_sigqueueinfo, on_signal, SIGNAL, NONE, NONE, NONE, NONE, 1, NONE),
    ROW(rt_tgsigqueueinfo, on_signal, SIGNAL, NONE, NONE, NONE, NONE, 2, NONE),
    ROW(pidfd_send_signal, on_signal, SIGNAL, NONE, NONE, NONE, NONE, 1, NONE),
    ROW(rename, on_two, RENAME, CWD, 0, CWD, 1, NONE, NEVER),
    ROW(renameat, on_two, RENAME, 0, 1, 2, 3, NONE, NEVER),
    ROW(renameat2, on_two, RENAME, 0, 1, 2, 3, NONE, NEVER),
    ROW(link, on_two, LINK, CWD, 0, CWD, 1, NONE, NEVER),
    ROW(linkat, on_two, LINK, 0, 1, 2, 3, NONE, NEVER),
    ROW(symlink, on_symlink, LINK, NONE, 0, CWD, 1, NONE, NONE),
    ROW(symlinkat, on_symlink, LINK, NONE, 0, 1, 2, NONE, NONE),
    ROW(unlink, on_path, UNLINK, CWD, 0, NONE, NONE, NONE, NEVER),
    ROW(unlinkat, on_path, UNLINK, 0, 1, NONE, NONE, NONE, NEVER),
    ROW(rmdir, on_path, UNLINK, CWD, 0, NONE, NONE, NONE, NEVER),
    ROW(truncate, on_path, TRUNCATE, CWD, 0, NONE, NONE, 1, NONE),
    ROW(truncate64, on_path, TRUNCATE, CWD, 0, NONE, NONE, 1, NONE),
    ROW(mkdir, on_path, MKDIR, CWD, 0, NONE, NONE, 1, NEVER),
    ROW(mkdirat, on_path, MKDIR, 0, 1, NONE, NONE, 2, NEVER),
    ROW(mknod, on_path, OTHER, CWD, 0, NONE, NONE, NONE, NEVER),
    ROW(mknodat, on_path, OTHER, 0, 1, NONE, NONE, NONE, NEVER),
    ROW(chmod, on_path, CHMOD, CWD, 0, NONE, NONE, 1, NONE),
    ROW(fchmod, on_path, CHMOD, 0, NONE, NONE, NONE, 1, NONE),
    ROW(fchmodat, on_path, CHMOD, 0, 1, NONE, NONE, 2, NONE),
    ROW(fchmodat2, on_path, CHMOD, 0, 1, NONE, NONE, 2, 3),
    ROW(chown, on_path, CHOWN, CWD, 0, NONE, NONE, 1, NONE),
    ROW(chown32, on_path, CHOWN, CWD, 0, NONE, NONE, 1, NONE),
    ROW(lchown, on_path, CHOWN, CWD, 0, NONE, NONE, 1, NEVER),
    ROW(lchown32, on_path, CHOWN, CWD, 0, NONE, NONE, 1, NEVER),
    ROW(fchown, on_path, CHOWN, 0, NONE, NONE, NONE, 1, NONE),
    ROW(fchown32, on_path, CHOWN, 0, NONE, NONE, NONE, 1, NONE),
    ROW(fchownat, on_path, CHOWN, 0, 1, NONE, NONE, 2, 4),
    ROW(utime, on_path, OTHER, CWD, 0, NONE, NONE, NONE, NONE),
    ROW(utimes, on_path, OTHER, CWD, 0, NONE, NONE, NONE, NONE),
    ROW(futimesat, on_path, OTHER, 0, 1, NONE, NONE, NONE, NONE),
    ROW(utimensat, on_path, OTHER, 0, 1, NONE, NONE, NONE, 3),
    ROW(utimensat_time64, on_path, OTHER, 0, 1, NONE, NONE, NONE, 3),
    ROW(memfd_create, on_memfd, OTHER, NONE, 0, NONE, NONE, NONE, NONE),
    ROW(setsid, on_session, SESSION, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(ptrace, on_trace, TRACE, NONE, NONE, NONE, NONE, 1, NONE),
    ROW(process_vm_readv, on_trace, TRACE, NONE, NONE, NONE, NONE, 0, NONE),
    ROW(process_vm_writev, on_trace, TRACE, NONE, NONE, NONE, NONE, 0, NONE),
    ROW(prlimit64, on_limits, TRACE, NONE, NONE, NONE, NONE, 0, NONE),
    ROW(setpriority, on_share, TRACE, NONE, NONE, NONE, NONE, 1, NONE),
    ROW(ioprio_set, on_share, TRACE, NONE, NONE, NONE, NONE, 1, NONE),
    ROW(sched_setaffinity, on_share, TRACE, NONE, NONE, NONE, NONE, 0, NONE),
    ROW(sched_setattr, on_share, TRACE, NONE, NONE, NONE, NONE, 0, NONE),
    ROW(sched_setparam, on_share, TRACE, NONE, NONE, NONE, NONE, 0, NONE),
    ROW(sched_setscheduler, on_share, TRACE, NONE, NONE, NONE, NONE, 0, NONE),
    ROW(prctl, on_setting, OTHER, NONE, NONE, NONE, NONE, 0, NONE),
    ROW(seccomp, on_filter, OTHER, NONE, NONE, NONE, NONE, 0, NONE),
    ROW(clone, on_clone, OTHER, NONE, NONE, NONE, NONE, 0, NONE),
    /* `path`: the name of what they are about; `arg`: a pidfd. */
    ROW(mount, on_refused, REFUSED, CWD, 1, NONE, NONE, NONE, NONE),
    ROW(umount2, on_refused, REFUSED, CWD, 0, NONE, NONE, NONE, NONE),
    ROW(pivot_root, on_refused, REFUSED, CWD, 0, NONE, NONE, NONE, NONE),
    ROW(chroot, on_refused, REFUSED, CWD, 0, NONE, NONE, NONE, NONE),
    ROW(open_tree, on_refused, REFUSED, 0, 1, NONE, NONE, NONE, NONE),
    ROW(fspick, on_refused, REFUSED, 0, 1, NONE, NONE, NONE, NONE),
    ROW(mount_setattr, on_refused, REFUSED, 0, 1, NONE, NONE, NONE, NONE),
    ROW(acct, on_refused, REFUSED, CWD, 0, NONE, NONE, NONE, NONE),
    ROW(swapon, on_refused, REFUSED, CWD, 0, NONE, NONE, NONE, NONE),
    ROW(swapoff, on_refused, REFUSED, CWD, 0, NONE, NONE, NONE, NONE),
    ROW(pidfd_getfd, on_refused, REFUSED, NONE, NONE, NONE, NONE, 0, NONE),
    ROW(process_madvise, on_refused, REFUSED, NONE, NONE, NONE, NONE, 0, NONE),
    ROW(unshare, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(setns, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(move_mount, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(fsopen, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(fsconfig, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(fsmount, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(io_uring_setup, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(io_uring_enter, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(io_uring_register, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(userfaultfd, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(bpf, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(perf_event_open, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(fanotify_init, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(open_by_handle_at, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(kcmp, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(init_module, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(finit_module, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(delete_module, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(iopl, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(ioperm, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(syslog, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(reboot, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(sethostname, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
    ROW(setdomainname, on_refused, REFUSED, NONE, NONE, NONE, NONE, NONE, NONE),
};

/* Lists of numbers turned into arrays, once. */
static unsigned char by_number[3][NUMBER_MAX]; /* call id + 1 */

static void index_numbers(unsigned char *to, const struct number *from) {
    for (; from->nr != -1; from++)
        to[from->nr & ~X32_BIT & (NUMBER_MAX - 1)] = (unsigned char)(from->id + 1);
}

const struct call *call_find(uint32_t arch, int nr, const char **abi) {
    static bool made;
    if (!made) {
        index_numbers(by_number[0], NUMBERS_X86_64);
        index_numbers(by_number[1], NUMBERS_X32);
        index_numbers(by_number[2], NUMBERS_I386);
        made = true;
    }
    int which = arch == AUDIT_ARCH_I386 ? 2 : nr & X32_BIT ? 1 : 0;
    int bare = nr & ~X32_BIT;
    *abi = which == 2 ? "i386" : which == 1 ? "x32" : NULL;
    int id = bare >= 0 && bare < NUMBER_MAX ? by_number[which][bare] : 0;
    return id ? &TABLE[id - 1] : NULL;
}
