"""The words between sockets and protocols. A protocol is a `Talker`: told what came, it answers by its `Line` and captures by its `House`.

A talker never sees a socket and never waits: it is told, and returns. That makes it testable as a dialogue, byte by byte.
"""

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from socket import socket
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:  # heavy at run time: imported when the first handshake asks
    from honeyweights.containers.internet.authority import Authority
from honeyweights.containers.internet.distance import Distance
from honeyweights.containers.internet.doors import Doors, Opens
from honeyweights.containers.internet.files import Memory
from honeyweights.containers.internet.flows import Flows
from honeyweights.containers.internet.jail import Machines
from honeyweights.containers.internet.names import Names, normal
from honeyweights.containers.internet.receipts import Ledger
from honeyweights.containers.internet.room import Room
from honeyweights.containers.internet.rounds import Rounds
from honeyweights.containers.internet.turns import Turns

Data = bytes | bytearray | memoryview
AN_ANSWER = 1 << 12
"""Bytes that an answer which waits counts for beside its own: it may be no more than a promise, but thousands of them are not nothing."""


class Remote(NamedTuple):
    """Whom the workstation talks to. Bound by the wire, once; nothing that a client claims changes it."""

    address: str
    port: int
    host: str | None
    """The name by which the world's resolver gave this address."""
    source: tuple[str, int] = ("", 0)
    via: tuple[str, ...] = ()
    """Proxies and tunnels on the way, the one that was dialled first."""
    back: tuple["Remote", bytes] | None = None
    """Of datagrams through a proxy: where answers come from instead, and what stands before the port in front of them."""

    def onwards(self, names: Names, asked: str, port: int) -> "Remote":
        """Where a proxy at this remote leads that is asked for a host: there, as the world's own resolver knows it.

        A name that nobody has stands for itself, so that no destination hides behind the proxy's.
        """
        asked = normal(asked)
        literal = "127.0.0.1" if asked == "localhost" else _literal(asked)
        found = literal or names.address(asked, 4) or names.address(asked, 6)
        if found is not None and (found == self.address or _is_here(found)):
            return self._replace(port=port)
        host = asked if found is None else names.host(found) or (None if literal else asked)
        if host is not None and host == self.host:
            return self._replace(port=port)
        return self._replace(address=found or self.address, port=port, host=host, via=(*self.via, self.host or self.address))


class Line(Protocol):
    """One connection, as a protocol sees it."""

    remote: Remote
    claimed: str | None
    """The name that an outer protocol was asked for: SNI, or a proxy's CONNECT."""
    secure: bool
    """Inside TLS."""

    def send(self, data: bytes) -> None:
        """Sends behind all that was sent before."""

    def stream(self, blocks: Iterator[bytes], held: int = 0) -> None:
        """Sends blocks as fast as the other side reads them. `held`: how many of their bytes lie in memory already."""

    @property
    def full(self) -> bool:
        """Enough for now: much waits to be sent, or others wait for their turn. Who is told many questions at once looks between two."""

    def hold(self, rest: Data) -> None:
        """Has `rest`, which nobody has captured yet, told again as soon as there is room, before anything else.

        To be called on a full line, by a talker that then returns. One that keeps the rest itself gives nothing, and is told nothing.
        """

    def prompt(self, blocks: Iterator[bytes]) -> None:
        """As `stream`, but not as late as the place is far where nothing else waits: for words that only make room for more uploads."""

    def shut(self) -> None:
        """Sends no more; what still comes is still told."""

    def turn(self, talker: "Talker") -> None:
        """From now on `talker` is told what comes."""

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Calls when the connection still lives then."""

    def detach(self) -> socket | None:
        """The bare socket, from now on the caller's own. None inside another protocol."""


class Talker:
    """One side of a dialogue; subclasses say what they do with it."""

    @property
    def unsaid(self) -> int:
        """Bytes of answers that it keeps in memory itself, because its protocol does not let it send them yet."""
        return 0

    def received(self, data: Data) -> None:
        """Bytes came. They are the caller's again on return."""
        raise NotImplementedError

    def ended(self) -> None:
        """The other side sends no more."""
        self.flush()

    def broken(self) -> None:
        """The connection is gone."""
        self.flush()

    def flush(self) -> None:
        """Puts what is still held back into the ledger: nobody knows whether more will come."""


@dataclass(kw_only=True)
class Login:
    """One account of a remote host. No password means that the host asks for none, and takes any."""

    user: str
    password: str | None
    asks: bool = False
    """It asks all the same: a client shows its keys, or a password, and any of them is taken."""
    keys: tuple[str, ...] | None = None
    """Fingerprints (`SHA256:...`) of the only keys that are taken; None for any, where no password is needed."""


@dataclass(kw_only=True)
class Host:
    """What the harness said of a remote host."""

    logins: tuple[Login, ...] = ()
    """None at all: everybody may come in."""
    home: str | None = None
    gpus: int | None = None
    """Of the cluster behind it; None where the scenario does not say."""
    client_certificate: bool = False
    """By TLS it asks for its client's certificate, and takes any, or none."""


@dataclass(kw_only=True)
class House:
    """What protocols share: capture, names, the remote hosts and their memory."""

    ledger: Ledger
    flows: Flows
    names: Names
    files: Memory
    """What is served back where nobody logs in."""
    authority: Callable[[], "Authority"]
    seed: Callable[[], bytes]
    distance: Distance = field(default_factory=Distance)
    """How late an answer is."""
    hosts: dict[str, Host] = field(default_factory=dict)
    closed: dict[tuple[str, int], str] = field(default_factory=dict)
    """(address, port) that the scenario closes -> `refused` or `dropped`. The wire sees to it; whoever leads onwards asks `closes`."""
    doors: Doors = field(default_factory=Doors)
    dial: Callable[[Remote, Opens, Callable[[], None]], None] = lambda _remote, _opens, failed: failed()
    """Opens a connection from `remote.address:remote.port` to `remote.source`, the workstation; or calls `failed`."""
    say: Callable[[Remote, bytes, Remote | None], None] = lambda _remote, _data, _by: None
    """Sends a datagram from `remote.address:remote.port` to `remote.source`: at once, or as late as a third, `by`, is far."""
    room: Room = field(default_factory=Room)
    """For what protocols must hold of their clients' words."""
    rounds: Rounds = field(default_factory=Rounds)
    """What the loop waits by: who is served in each of its rounds."""
    turns: Turns = field(default_factory=Turns)
    """Of connections that have asked for much."""
    unread: int = 0
    """Bytes of answers that wait in memory for slow readers, of all connections together; `connection` sees to it."""
    machines: Machines = field(default_factory=Machines)
    """The hosts that can be logged in to, each with a tree of its own."""
    threads: dict[int, Callable[[], float]] = field(default_factory=dict)
    """Conversations that left the loop (SSH), each telling when it last heard something (monotonic clock)."""
    memos: dict[str, object] = field(default_factory=dict)
    """What services remember for the sample's life (objects, messages, ...), each under a name of its own and within its own bounds."""

    def answer(self, remote: Remote, data: bytes, by: Remote | None = None) -> None:
        """Says a datagram of a place's, by the way on which the question came; as late as `by` is far."""
        if remote.back is None:
            self.say(remote, data, by)
        else:
            proxy, head = remote.back
            self.say(proxy, head + remote.port.to_bytes(2, "big") + data, by)

    def closes(self, remote: Remote) -> str | None:
        """How the scenario closes a place that a proxy or a tunnel is asked for; an attempt is a contact, as on the wire."""
        how = self.closed.get((remote.address, remote.port))
        if how is not None:
            self.ledger.contact(remote, how, "tcp", port=remote.port)
        return how


def _literal(asked: str) -> str | None:
    """An address in its one spelling; an IPv4 address in IPv6's clothes is IPv4."""
    try:
        address = ipaddress.ip_address(asked)
    except ValueError:
        return None
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(inner or address)


def _is_here(address: str) -> bool:
    """Whether it means whoever is asked."""
    found = ipaddress.ip_address(address)
    return found.is_loopback or found.is_unspecified
