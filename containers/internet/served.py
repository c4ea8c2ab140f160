"""Conversations that a real program in the host's jail serves (rsync, svnserve). All that comes is kept before the program gets it.

A protocol's talker reads who is meant, says the greeting itself, and hands the bare socket over; what the program says for a greeting is
dropped. One receipt for the stream, and one for each file that was written where the protocol's own blocks hide it.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from honeyweights.containers.internet.jail import Machine, Running
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import House, Line, Remote

BLOCK = 1 << 17
MOST = 48
"""Conversations that left the loop, SSH's included."""
PATIENCE = 300.0
"""Seconds of silence that end a conversation."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What serves a conversation."""

    account: str
    """Who runs it on the host."""
    script: str
    """Run by bash; `$1` is what the client asked for."""
    asked: str
    greeting: bytes
    """What its greeting ends with."""
    about: About
    """Of the stream's receipt."""
    writes: Callable[[str], bool] | None = None
    """Which paths, from the account's home on, get a receipt of their own; none at all where it is not said."""


def leave(line: Line, house: House, program: Program, first: bytes, early: bytes) -> bool:
    """Hands a line over to a program; gives whether there was room, and a socket.

    `first` is told the program before `early`, and is captured already.
    """
    bare = line.detach() if len(house.threads) < MOST else None
    if bare is None:
        return False
    words = (bare, program, first, early, line.remote, house)
    threading.Thread(target=serve, args=words, daemon=True, name=program.account).start()
    return True


def serve(bare: socket.socket, program: Program, first: bytes, early: bytes, remote: Remote, house: House) -> None:  # noqa: PLR0917  # a thread's arguments
    """Runs one conversation to its end. Called in a thread of its own."""
    heard = [time.monotonic()]
    house.threads[id(heard)] = lambda: heard[0]
    transfer = house.ledger.open(remote, program.about)
    transfer.write(early)
    began = time.time()
    try:
        bare.setblocking(True)  # noqa: FBT003  # socket takes it by position
        bare.settimeout(PATIENCE)
        machine = house.machines.machine(remote.host or remote.address, house.seed())
        ended = _run(bare, program, first + early, machine, transfer, heard)
        transfer.close(finished=ended)
        if program.writes is not None:
            _keep_files(machine, program, remote, house, began - 0.01)
    except OSError:
        transfer.close(finished=False)  # no host could be made, or the client is gone: what came is kept
    finally:
        house.threads.pop(id(heard), None)
        bare.close()


def _run(bare: socket.socket, program: Program, first: bytes, machine: Machine, transfer: Transfer, heard: list[float]) -> bool:  # noqa: PLR0917  # one conversation's parts
    """Relays until both sides are done; gives whether the client ended by itself."""
    account = machine.account(program.account)
    given, write = os.pipe()
    read, said = os.pipe()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    words = ["/bin/bash", "-c", program.script, program.account, program.asked]
    try:
        running = machine.start(account, words, machine.variables(account), (given, said, nowhere), terminal=False)
    finally:
        for file in (given, said, nowhere):
            os.close(file)
    speaker = threading.Thread(target=_speak, args=(read, bare, running, program.greeting), daemon=True, name=f"{program.account}-output")
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
        ended = not speaker.is_alive()  # a client that goes once the program is done has not broken off
    finally:
        os.close(write)
        speaker.join(PATIENCE)
    return ended


def _feed(write: int, piece: bytes) -> None:
    view = memoryview(piece)
    with contextlib.suppress(OSError):  # the program has ended: what comes now is kept all the same
        while view:
            view = view[os.write(write, view) :]


def _speak(read: int, bare: socket.socket, running: Running, greeting: bytes) -> None:
    """What the program says goes to the client, but for its greeting: that was said."""
    greeted = False
    held = b""
    with contextlib.suppress(OSError):  # the client is gone
        while piece := os.read(read, BLOCK):
            if not greeted:
                held += piece
                _, ends, piece = held.partition(greeting)
                greeted = bool(ends)
            if greeted:
                bare.sendall(piece)
        bare.shutdown(socket.SHUT_WR)
    os.close(read)
    running.end()


def _keep_files(machine: Machine, program: Program, remote: Remote, house: House, since: float) -> None:
    """What the program made of the stream."""
    home = f"{machine.account(program.account).home}/"
    for path, lies in machine.changed(since):
        if program.writes is None or not path.startswith(home) or not program.writes(path.removeprefix(home)):
            continue
        with contextlib.suppress(OSError), os.fdopen(os.open(lies, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            transfer = house.ledger.open(remote, program.about._replace(method="put", target=path))
            while block := file.read(BLOCK):
                transfer.write(block)
            transfer.close(finished=True)
