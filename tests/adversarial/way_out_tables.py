"""What `way_out` tries that needs no code of its own. Lies beside it in the workstation."""

import signal

CALLS = {
    "bpf": (321, 0, 0, 0),
    "perf": (298, 0, 0, 0),
    "keyctl": (250, 0, -3, 0),
    "add_key": (248, b"user", b"k", 0),
    "init_module": (175, 0, 0, b""),
    "kexec": (246, 0, 0, 0),
    "reboot": (169, 0xFEE1DEAD, 672274793, 0x89ABCDEF),
    "setns": (308, -1, 0, 0),
    "unshare user": (272, 0x10000000, 0, 0),
    "unshare net": (272, 0x40000000, 0, 0),
    "unshare user and net": (272, 0x50000000, 0, 0),
    "clone user": (56, 0x10000000 | signal.SIGCHLD, 0, 0),
    "mount": (165, b"none", b"/tmp", b"tmpfs"),
    "pivot_root": (155, b"/", b"/tmp", 0),
    "chroot": (161, b"/tmp", 0, 0),
    "swapon": (167, b"/tmp/x", 0, 0),
    "iopl": (172, 3, 0, 0),
    "dmesg": (103, 3, 0, 0),
    "settime": (227, 0, 0, 0),
    "io_uring": (425, 1, 0, 0),
    "open_by_handle": (304, -1, 0, 0),
    "vm_read of init": (310, 1, 0, 0),
    "pidfd_getfd of init": (438, -1, 0, 0),
    "sethostname": (170, b"x", 1, 0),
}
"""System calls by number (x86_64), with arguments."""
FILES = (
    "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/wire", "/run/rec", "/run/internet/control.sock",
    "/var/lib/internet", "/dev/net/tun", "/dev/mem", "/dev/kmsg", "/dev/kvm", "/dev/sda", "/dev/vda", "/dev/fuse", "/proc/kcore",
    "/proc/1/root/etc", "/proc/1/mem", "/proc/1/environ", "/proc/1/ns/net", "/proc/1/fd", "/proc/sysrq-trigger", "/proc/1/cwd/etc",
    "/sys/fs/cgroup/release_agent", "/sys/kernel/debug/x", "/sys/fs/bpf/x",
)  # fmt: skip
WRITTEN = (
    "/proc/sys/kernel/core_pattern", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv4/conf/eth0/rp_filter",
    "/sys/class/net/eth0/mtu", "/proc/1/oom_score_adj", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)  # fmt: skip
COMMANDS = {
    "route add": "ip route add 1.2.3.4 dev eth0",
    "route del": "ip route del default",
    "addr add": "ip addr add 10.64.7.99/24 dev eth0",
    "link down": "ip link set eth0 down",
    "link add": "ip link add x0 type dummy",
    "link veth": "ip link add x0 type veth peer name x1",
    "link away": "ip link set eth0 netns 1",
    "neigh": "ip neigh replace 10.64.7.1 lladdr 00:00:00:00:00:01 dev eth0",
    "rule": "ip rule add from all lookup 5",
    "netns": "ip netns add x",
    "tuntap": "ip tuntap add t0 mode tun",
    "tc": "tc qdisc add dev eth0 root fq",
    "unshare": "unshare -Urn true",
    "nsenter": "nsenter -t 1 -n true",
    "mount proc": "mount -t proc proc /tmp",
    "bind mount": "mount --bind / /tmp",
    "sysctl": "sysctl -w net.ipv4.ip_forward=1",
    "insmod": "modprobe dummy",
    "swap": "swapon -a -f /tmp/nothing",
}
PAYLOADS = {
    "engine by tcp": ("tcp", "172.17.0.1", 2375, b"GET /containers/json HTTP/1.1\r\nHost: docker\r\nX-Probe: "),
    "engine by the bridge of old": ("tcp", "172.18.0.1", 2376, b""),
    "host by its usual alias": ("tcp", "192.168.65.2", 22222, b""),
    "the wire's own port": ("tcp", "10.64.7.1", 15001, b"flush\n{}"),
    "the wire's own port by udp": ("udp", "10.64.7.1", 15001, b"flush\n{}"),
    "gateway": ("tcp", "10.64.7.1", 4000, b""),
    "gateway v6": ("tcp", "fd07:64::1", 4000, b""),
    "literal v4": ("tcp", "8.8.4.4", 4001, b""),
    "literal v6": ("tcp", "2620:fe::fe", 4001, b""),
    "literal udp": ("udp", "8.8.4.4", 4002, b""),
    "literal udp v6": ("udp", "2620:fe::fe", 4002, b""),
    "multicast": ("udp", "239.1.2.3", 4003, b""),
    "multicast v6": ("udp", "ff05::1:3", 4003, b""),
    "zero net": ("tcp", "0.1.2.3", 4004, b""),
    "class e": ("udp", "240.1.2.3", 4004, b""),
    "carrier nat": ("tcp", "100.64.0.1", 4005, b""),
    "4in6": ("tcp", "::ffff:8.8.4.9", 4006, b""),
    "metadata by udp": ("udp", "169.254.169.254", 80, b""),
    "metadata v6 by udp": ("udp", "fd00:ec2::254", 80, b""),
}
"""Name -> what is sent: kind, address, port, and the bytes before the name."""
