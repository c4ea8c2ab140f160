"""The rest of a conversation with an rsync daemon, by the real rsync in the host's jail. All that comes is kept before rsync gets it.

One receipt for the stream (`rsyncd`), and one for each file that was written, as rsync's own protocol cuts files in blocks.
"""

import contextlib
import os
import socket
import threading
import time

from honeyweights.containers.internet.jail import Account, Machine, Running
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import House, Remote

BLOCK = 1 << 17
ACCOUNT = "rsync"
PATIENCE = 300.0
"""Seconds of silence that end a conversation."""
SETTINGS = "rsyncd.conf"
SCRIPT = (
    f'cd && mkdir -p "$1" && {{ grep -qsF "[$1]" {SETTINGS} || '
    f'printf "[%s]\\n\\tpath = %s\\n\\tread only = no\\n\\tuse chroot = no\\n" "$1" "$PWD/$1" >> {SETTINGS}; }} && '
    f"exec rsync --server --daemon --config={SETTINGS} ."
)
"""A daemon that is started by a remote shell: the same one, on standard input and output."""


def serve(bare: socket.socket, first: bytes, early: bytes, module: str, remote: Remote, house: House) -> None:  # noqa: PLR0917  # a thread's arguments
    """Runs one conversation to its end. Called in a thread of its own."""
    heard = [time.monotonic()]
    house.threads[id(heard)] = lambda: heard[0]
    transfer = house.ledger.open(remote, About(channel="tcp", protocol="rsyncd", method="module", target=module))
    transfer.write(early)
    began = time.time()
    try:
        bare.setblocking(True)  # noqa: FBT003  # socket takes it by position
        bare.settimeout(PATIENCE)
        machine = house.machines.machine(remote.host or remote.address, house.seed())
        ended = _run(bare, first + early, module, machine, transfer, heard)
        transfer.close(finished=ended)
        _keep_files(machine, machine.account(ACCOUNT), remote, house, began - 0.01)
    except OSError:
        transfer.close(finished=False)  # no host could be made, or the client is gone: what came is kept
    finally:
        house.threads.pop(id(heard), None)
        bare.close()


def _run(bare: socket.socket, first: bytes, module: str, machine: Machine, transfer: Transfer, heard: list[float]) -> bool:  # noqa: PLR0917  # one conversation's parts
    """Relays until both sides are done; gives whether the client ended by itself."""
    account = machine.account(ACCOUNT)
    given, write = os.pipe()
    read, said = os.pipe()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        running = machine.start(
            account, ["/bin/bash", "-c", SCRIPT, "rsync", module], machine.variables(account), (given, said, nowhere), terminal=False
        )
    finally:
        for file in (given, said, nowhere):
            os.close(file)
    speaker = threading.Thread(target=_speak, args=(read, bare, running), daemon=True, name="rsyncd-output")
    speaker.start()
    ended = False
    try:
        _feed(write, first)
        while piece := bare.recv(BLOCK):
            heard[0] = time.monotonic()
            transfer.write(piece)
            _feed(write, piece)
        ended = True
    except OSError:
        ended = not speaker.is_alive()  # a client that goes once rsync is done has not broken off
    finally:
        os.close(write)
        speaker.join(PATIENCE)
    return ended


def _feed(write: int, piece: bytes) -> None:
    view = memoryview(piece)
    with contextlib.suppress(OSError):  # rsync has ended: what comes now is kept all the same
        while view:
            view = view[os.write(write, view) :]


def _speak(read: int, bare: socket.socket, running: Running) -> None:
    """What rsync says goes to the client, but for its greeting: that was said."""
    greeted = False
    held = b""
    with contextlib.suppress(OSError):  # the client is gone
        while piece := os.read(read, BLOCK):
            if not greeted:
                held += piece
                _, greeted_, piece = held.partition(b"\n")
                greeted = bool(greeted_)
            if greeted:
                bare.sendall(piece)
        bare.shutdown(socket.SHUT_WR)
    os.close(read)
    running.end()


def _keep_files(machine: Machine, account: Account, remote: Remote, house: House, since: float) -> None:
    """What rsync made of the stream."""
    for path, lies in machine.changed(since):
        if not path.startswith(account.home + "/") or path.endswith("/" + SETTINGS):
            continue
        with contextlib.suppress(OSError), os.fdopen(os.open(lies, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            transfer = house.ledger.open(remote, About(channel="tcp", protocol="rsyncd", method="put", target=path))
            while block := file.read(BLOCK):
                transfer.write(block)
            transfer.close(finished=True)
