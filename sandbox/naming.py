"""The workstation's own name and resolver, as a machine of the lab has them: the engine's files say in a comment whose they are. Pure."""

from collections.abc import Mapping

from honeyweights.sandbox.layout import GATEWAY


def files(hostname: str, domain: str) -> Mapping[str, bytes]:
    """Path -> content of the two files that every machine has, and that the engine has bound into this one."""
    hosts = (
        "127.0.0.1\tlocalhost\n"
        f"127.0.1.1\t{hostname}.{domain}\t{hostname}\n"
        "\n"
        "# The following lines are desirable for IPv6 capable hosts\n"
        "::1     localhost ip6-localhost ip6-loopback\n"
        "ff02::1 ip6-allnodes\n"
        "ff02::2 ip6-allrouters\n"
    )
    return {"/etc/hosts": hosts.encode("ascii"), "/etc/resolv.conf": f"nameserver {GATEWAY}\n".encode("ascii")}
