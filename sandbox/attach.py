"""A container's stdin, stdout and stderr, over a connection of our own to the engine.

The SDK's attach is a blocking socket that it does not promise; this one is opened before the container starts (so that no line is lost),
is read by whoever waits, and speaks to a unix socket or to a TCP port with TLS or without.
"""

from collections.abc import Iterator

import anyio
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream

from honeyweights.sandbox.engine import Endpoint, EngineProblem
from honeyweights.sandbox.frames import Demultiplexer

_CHUNK = 256 << 10
_HEAD_MOST = 64 << 10


class Ended(RuntimeError):  # noqa: N818  # what happened to the stream
    """The container's stream is over: it ended, or the engine did."""


class Attachment:
    """An attached container. Reading is safe to cancel; one reader at a time."""

    def __init__(self, stream: ByteStream, rest: bytes) -> None:
        self._stream = stream
        self._rest = rest
        self._pieces = Demultiplexer()

    async def receive(self) -> Iterator[tuple[int, bytes]]:
        """The next pieces of output.

        Raises:
            Ended: there are none any more.
        """
        data, self._rest = self._rest, b""
        if not data:
            try:
                data = await self._stream.receive(_CHUNK)
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
                raise Ended("its output ended") from error
        return self._pieces.feed(data)

    async def send(self, data: bytes) -> None:
        """Writes to the container's stdin.

        Raises:
            Ended: nobody reads it any more.
        """
        try:
            await self._stream.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError) as error:
            raise Ended("its input is closed") from error

    async def aclose(self) -> None:
        """Lets go of the container, which lives on."""
        await anyio.aclose_forcefully(self._stream)


async def attach(where: Endpoint, version: str, container: str, *, stdin: bool) -> Attachment:
    """Attaches to a container that was created, before or after it starts.

    Args:
        where: the engine's endpoint.
        version: the API's version that the client speaks, such as `1.45`.
        container: the container's id.
        stdin: whether its stdin is wanted; its output always is.

    Raises:
        EngineProblem: the engine refused.
    """
    stream = await _connect(where)
    try:
        query = f"stream=1&stdout=1&stderr=1&stdin={int(stdin)}"
        await stream.send(
            f"POST /v{version}/containers/{container}/attach?{query} HTTP/1.1\r\nHost: engine\r\n"
            "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n".encode("ascii")
        )
        head, rest = await _head(stream)
    except BaseException:
        await anyio.aclose_forcefully(stream)
        raise
    if b" 101 " not in head and b" 200 " not in head:
        await anyio.aclose_forcefully(stream)
        raise EngineProblem(f"The Docker Engine refused to attach to a container: {head.decode('latin-1')[:200]}")
    return Attachment(stream, rest)


async def _connect(where: Endpoint) -> ByteStream:
    try:
        if where.path is not None:
            return await anyio.connect_unix(where.path)
        if where.tls is None:
            return await anyio.connect_tcp(where.host, where.port)
        return await TLSStream.wrap(
            await anyio.connect_tcp(where.host, where.port), hostname=where.host, ssl_context=where.tls, standard_compatible=False
        )
    except OSError as error:
        raise EngineProblem("The Docker Engine does not answer any more: start it, then run the command again.") from error


async def _head(stream: ByteStream) -> tuple[bytes, bytes]:
    """The status line of the answer, and what came behind its head."""
    held = b""
    while b"\r\n\r\n" not in held:
        if len(held) > _HEAD_MOST:
            raise EngineProblem("The Docker Engine's answer to an attach has no end.")
        try:
            held += await stream.receive(_CHUNK)
        except (anyio.EndOfStream, anyio.BrokenResourceError) as error:
            raise EngineProblem("The Docker Engine closed the connection of an attach.") from error
    head, _, rest = held.partition(b"\r\n\r\n")
    return head.partition(b"\r\n")[0], rest
