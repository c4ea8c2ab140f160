/* The calls that a jailed program does not get: a deny list, because the programs in the tree are whatever Debian built, and the walls that matter (uid,
 * tree, capabilities) stand without it. EPERM throughout, as on a host that is locked down; ENOSYS where libraries then take an older way. */
#include "jail.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "which architecture is this?"
#endif

#define FIELD(name) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, name))
#define ARGUMENT(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n])) /* the low half: little endian */
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define FAIL(error) RETURN(SECCOMP_RET_ERRNO | (error))
#define DENY(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), FAIL(EPERM)
#define LACK(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), FAIL(ENOSYS)
#define NEW_NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define X32 0x40000000

static struct sock_filter program[] = {
    FIELD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    FIELD(nr),
#if defined(__x86_64__)
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1),
    RETURN(SECCOMP_RET_KILL_PROCESS),
#endif
    /* the network, and what is shared with the rest of the container without a file: socketpair stays (rsync), it leads nowhere else */
    DENY(socket), DENY(connect), DENY(bind), DENY(listen), DENY(accept), DENY(accept4),
    DENY(shmget), DENY(shmat), DENY(shmctl), DENY(semget), DENY(semop), DENY(semctl), DENY(msgget), DENY(msgsnd), DENY(msgrcv), DENY(msgctl),
    DENY(mq_open), DENY(mq_unlink),
    /* other processes' insides, and calls that act by themselves later */
    DENY(ptrace), DENY(process_vm_readv), DENY(process_vm_writev), DENY(process_madvise), DENY(pidfd_getfd), DENY(kcmp),
    DENY(perf_event_open), DENY(userfaultfd), LACK(io_uring_setup), LACK(io_uring_enter), LACK(io_uring_register),
    DENY(io_setup), DENY(io_submit),
    /* walls */
    DENY(chroot), DENY(mount), DENY(umount2), DENY(pivot_root), DENY(move_mount), DENY(open_tree), DENY(fsopen), DENY(fsconfig), DENY(fsmount),
    DENY(fspick), DENY(mount_setattr), DENY(unshare), DENY(setns), LACK(clone3), DENY(open_by_handle_at), DENY(name_to_handle_at),
    /* the kernel */
    DENY(bpf), DENY(keyctl), DENY(add_key), DENY(request_key), DENY(init_module), DENY(finit_module), DENY(delete_module), DENY(kexec_load), DENY(reboot),
    DENY(swapon), DENY(swapoff), DENY(acct), DENY(quotactl), DENY(syslog), DENY(sethostname), DENY(setdomainname), DENY(settimeofday),
    DENY(clock_settime), DENY(adjtimex), DENY(clock_adjtime), DENY(fanotify_init), DENY(personality), DENY(seccomp), DENY(vhangup), DENY(lookup_dcookie),
#if defined(__x86_64__)
    DENY(iopl), DENY(ioperm), DENY(modify_ldt), DENY(uselib), DENY(ustat), DENY(sysfs), DENY(_sysctl),
#endif
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
    ARGUMENT(0),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NEW_NAMESPACES, 0, 5),
    FAIL(EPERM),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
    ARGUMENT(1),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 0, 1), /* typing into the terminal of who looks */
    FAIL(EPERM),
    RETURN(SECCOMP_RET_ALLOW),
};

int filter(void) {
    struct sock_fprog whole = {sizeof program / sizeof *program, program};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole);
}
