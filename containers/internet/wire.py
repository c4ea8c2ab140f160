"""The sockets: every TCP and UDP port of every IPv4 and IPv6 address, by TPROXY. Nothing here knows a protocol.

Datagrams carry their original destination as a control message; a reply goes out from a socket that is bound to just that address and
port, so that an unconnected client sees whom it asked.
"""

import asyncio
import contextlib
import resource
import socket
import struct
from collections import OrderedDict
from collections.abc import Callable

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.connection import BLOCK, Connection
from honeyweights.containers.internet.doors import Opens
from honeyweights.containers.internet.flows import IDLE
from honeyweights.containers.internet.talk import Data, House, Remote

PORT = 15001
BACKLOG = 4096
IP_TRANSPARENT, IPV6_TRANSPARENT = 19, 75
IP_RECVORIGDSTADDR, IPV6_RECVORIGDSTADDR = 20, 74
SO_RXQ_OVFL, SO_RCVBUFFORCE = 40, 33
RECEIVE_BUFFER = 128 << 20
"""Bytes of datagrams that may wait while Python is busy."""
REPLY_SOCKETS = 64
AT_ONCE, ACCEPTED = 64, 32
"""Datagrams read, and connections taken, before other sockets get their turn."""
CONTROL = 256
MOST_CONNECTIONS = 4096
"""Connections at once. Those beyond are cut as they come, and counted: memory is bounded, and who was there before is still served."""
DIAL_PATIENCE = 10.0
"""Seconds until a workstation that does not answer has not answered."""


def transparent(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
    """A socket that may be bound to any address on earth. Needs NET_ADMIN."""
    made = socket.socket(family, kind | socket.SOCK_NONBLOCK)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
    else:
        made.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
    return made


class Wire:
    """All listeners."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._buffer = memoryview(bytearray(BLOCK))
        self._replies: OrderedDict[tuple[str, int], socket.socket] = OrderedDict()
        self._dropped: dict[int, int] = {}
        self._sweeping = False
        self._dialling: set[asyncio.Task[None]] = set()
        self.live: set[Connection] = set()
        house.dial, house.say = self.dial, self.say

    async def listen(self) -> None:
        """Opens the four listeners."""
        loop = asyncio.get_running_loop()
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a connection is a descriptor
        for family, anywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):  # noqa: S104  # every address on earth, behind the wire
            streams = transparent(family, socket.SOCK_STREAM)
            streams.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)  # urgent bytes are bytes too
            streams.bind((anywhere, PORT))
            await loop.create_server(self._connection, sock=streams, backlog=ACCEPTED)  # asyncio takes as many at once
            streams.listen(BACKLOG)
            datagrams = transparent(family, socket.SOCK_DGRAM)
            datagrams.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
            datagrams.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
            level, option = (
                (socket.IPPROTO_IP, IP_RECVORIGDSTADDR) if family == socket.AF_INET else (socket.IPPROTO_IPV6, IPV6_RECVORIGDSTADDR)
            )
            datagrams.setsockopt(level, option, 1)
            datagrams.bind((anywhere, PORT))
            loop.add_reader(datagrams.fileno(), self._datagrams, datagrams)

    def flush(self) -> None:
        """Has every live connection put down what it holds and ends all flows, then closes what is still open as unfinished."""
        for connection in list(self.live):
            connection.flush()
        self._house.flows.end()
        self._house.ledger.flush()

    def sweep_later(self) -> None:
        """Sees to it that idle flows end; costs nothing while there are none."""
        if not self._sweeping and len(self._house.flows):
            self._sweeping = True
            asyncio.get_running_loop().call_later(IDLE / 4, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = False
        self._house.flows.sweep()
        self.sweep_later()

    def _connection(self) -> asyncio.BaseProtocol:
        if len(self.live) >= MOST_CONNECTIONS:
            return _TooMany(self._house)
        return Connection(self._house, self._buffer, sniff.first, self.live)

    def dial(self, remote: Remote, opens: Opens, failed: Callable[[], None]) -> None:
        """Opens a connection into the workstation, as an active FTP server does."""
        task = asyncio.get_running_loop().create_task(self._dial(remote, opens, failed))
        self._dialling.add(task)
        task.add_done_callback(self._dialling.discard)

    async def _dial(self, remote: Remote, opens: Opens, failed: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        made = transparent(socket.AF_INET6 if ":" in remote.address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            with contextlib.suppress(OSError):  # that port is taken by an earlier connection: any other will do
                made.bind((remote.address, remote.port))
            if made.getsockname()[1] == 0:
                made.bind((remote.address, 0))
            await asyncio.wait_for(loop.sock_connect(made, remote.source), DIAL_PATIENCE)
            await loop.create_connection(lambda: Connection(self._house, self._buffer, opens, self.live), sock=made)
        except (OSError, TimeoutError):
            made.close()
            failed()

    def _datagrams(self, listener: socket.socket) -> None:
        for _ in range(AT_ONCE):
            try:
                count, control, _flags, source = listener.recvmsg_into([self._buffer], CONTROL)
            except BlockingIOError:
                break
            to = self._control(control, listener)
            if to is None:
                self._house.ledger.lose("datagram", 1, count)
                continue
            remote = Remote(to[0], to[1], self._house.names.host(to[0]), (source[0], source[1]))
            self._datagram(remote, self._buffer[:count])
        self.sweep_later()

    def _datagram(self, remote: Remote, data: Data) -> None:
        reply = sniff.arrived(remote, data, self._house)
        if reply is not None:
            self.say(remote, reply, remote)

    def say(self, remote: Remote, reply: bytes, by: Remote | None = None) -> None:
        """A datagram, at once, or as late as `by` is far; of those none overtakes another."""
        loop = asyncio.get_running_loop()
        away = self._house.distance.behind(by.address, loop.time()) if by is not None else 0.0
        if away:
            loop.call_later(away, self._reply, remote, reply)
        else:
            self._reply(remote, reply)

    def _control(self, control: list[tuple[int, int, bytes]], listener: socket.socket) -> tuple[str, int] | None:
        """The destination that the client meant; counts what the kernel had to drop."""
        found = None
        for level, kind, data in control:
            if level == socket.SOL_SOCKET and kind == SO_RXQ_OVFL:
                self._overflowed(listener.fileno(), int(struct.unpack_from("=I", data)[0]))
            elif level == socket.IPPROTO_IP and kind == IP_RECVORIGDSTADDR:
                found = socket.inet_ntoa(data[4:8]), int.from_bytes(data[2:4], "big")
            elif level == socket.IPPROTO_IPV6 and kind == IPV6_RECVORIGDSTADDR:
                found = socket.inet_ntop(socket.AF_INET6, data[8:24]), int.from_bytes(data[2:4], "big")
        return found

    def _overflowed(self, listener: int, total: int) -> None:
        before = self._dropped.get(listener, 0)
        if total > before:
            self._dropped[listener] = total
            self._house.ledger.lose("datagram", total - before, 0)

    def _reply(self, remote: Remote, reply: bytes) -> None:
        key = (remote.address, remote.port)
        try:
            if key not in self._replies:
                if len(self._replies) >= REPLY_SOCKETS:
                    self._replies.popitem(last=False)[1].close()
                family = socket.AF_INET6 if ":" in remote.address else socket.AF_INET
                bound = transparent(family, socket.SOCK_DGRAM)
                bound.bind(key)
                self._replies[key] = bound
            self._replies.move_to_end(key)
            self._replies[key].sendto(reply, remote.source)
        except OSError:
            return  # a broadcast address cannot be answered from; a full buffer drops a reply as any network does


class _TooMany(asyncio.Protocol):
    """One connection too many: cut at once."""

    def __init__(self, house: House) -> None:
        self._house = house

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Says who was meant, and hangs up."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # a TCP server's
        address, port = transport.get_extra_info("sockname")[:2]
        self._house.ledger.lose("connection", 1, 0)
        self._house.ledger.contact(Remote(address, port, self._house.names.host(address)), "refused", "tcp", port=port)
        transport.abort()
