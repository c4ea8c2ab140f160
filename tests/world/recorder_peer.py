"""A stand-in for `internet` at the other end of the wire: makes the veth pair and says the addresses. Runs in a container."""

import os
import signal
import socket
import subprocess
import sys

PATH = "/run/wire/wire.sock"
ANSWER = b"addr4=10.64.7.23/24 gw4=10.64.7.1 addr6=fd07:64::23/64 gw6=fd07:64::1\n"


def ip(command: str, netns: int) -> None:
    subprocess.run(["ip", *command.split()], check=True, pass_fds=[netns])


def main() -> None:
    door = socket.socket(socket.AF_UNIX)
    door.bind(PATH)
    door.listen(1)
    wire, _ = door.accept()
    letter, (netns, *_), _, _ = socket.recv_fds(wire, 1, 1)
    if letter != b"N":
        sys.exit(f"unexpected {letter!r}")
    ip("link add gw0 type veth peer name eth0", netns)
    ip(f"link set eth0 netns /proc/self/fd/{netns}", netns)
    ip("addr add 10.64.7.1/24 dev gw0", netns)
    ip("-6 addr add fd07:64::1/64 dev gw0 nodad", netns)
    ip("link set gw0 up", netns)
    os.close(netns)
    lent = [socket.socket(socket.AF_UNIX).detach()] if "--lend-socket" in sys.argv else []
    socket.send_fds(wire, [ANSWER], lent)
    if wire.recv(3) != b"UP\n":
        sys.exit("the warden did not bring the wire up")
    wire.close()  # it stands in the other namespace's /proc/net/unix as long as it is open
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    signal.pause()


main()
