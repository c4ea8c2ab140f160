"""Attaching, against a stand-in for the engine on loopback or a unix socket: what it answers, in whatever pieces."""

import datetime as dt
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.abc import ByteStream, Listener, SocketAttribute
from anyio.streams.tls import TLSListener
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from honeyweights.sandbox.attach import Ended, attach
from honeyweights.sandbox.engine import Endpoint, EngineProblem, endpoint

UPGRADED = b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n\r\n"
Serve = Callable[..., AbstractAsyncContextManager[tuple[Endpoint, list[bytes]]]]


def piece(stream: int, data: bytes) -> bytes:
    return struct.pack(">BxxxI", stream, len(data)) + data


@asynccontextmanager
async def serving(
    *answers: bytes, path: Path | None = None, close: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Endpoint, list[bytes]]]:
    """Answers each connection with these writes, and keeps what it was sent."""
    heard: list[bytes] = []

    async def one(stream: ByteStream) -> None:
        async with stream:
            heard.append(await stream.receive())
            for answer in answers:
                await stream.send(answer)
                await anyio.sleep(0.005)
            while not close:
                try:
                    heard.append(await stream.receive())
                except anyio.EndOfStream:
                    return

    listener: Listener[ByteStream] = (
        await anyio.create_unix_listener(path) if path else await anyio.create_tcp_listener(local_host="127.0.0.1")
    )
    port = 0 if path else listener.extra(SocketAttribute.local_port)  # noqa: S610  # anyio's
    if tls is not None:
        listener = TLSListener(listener, tls, standard_compatible=False)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, one)
        yield (Endpoint(path=str(path)) if path else Endpoint(host="127.0.0.1", port=port)), heard
        group.cancel_scope.cancel()


async def test_output_that_comes_with_the_answer_is_not_lost() -> None:
    """The first bytes may stand in the same read as the head; the head may come in two."""
    async with serving(UPGRADED[:20], UPGRADED[20:] + piece(1, b"first"), piece(2, b"second")) as (where, heard):
        attachment = await attach(where, "1.45", "f00d", stdin=True)
        got = [one for _ in range(2) for one in await attachment.receive()]
        await attachment.send(b"to stdin")
        await anyio.sleep(0.02)
        await attachment.aclose()
    assert got == [(1, b"first"), (2, b"second")]
    assert heard[0].startswith(b"POST /v1.45/containers/f00d/attach?stream=1&stdout=1&stderr=1&stdin=1 HTTP/1.1\r\n")
    assert heard[1] == b"to stdin"


async def test_the_engines_end_is_the_end(tmp_path: Path) -> None:
    """By a unix socket this time."""
    async with serving(UPGRADED, path=tmp_path / "engine.sock", close=True) as (where, _):
        attachment = await attach(where, "1.45", "f00d", stdin=False)
        with pytest.raises(Ended):
            await attachment.receive()
        await attachment.aclose()
        with pytest.raises(Ended):
            await attachment.send(b"x")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "refused to attach to a container: HTTP/1.1 404 Not Found"),
        (b"HTTP/1.1 101 UPG", "closed the connection"),
        (b"x" * 70_000, "has no end"),
    ],
)
async def test_a_refusal_is_a_sentence(answer: bytes, words: str) -> None:
    """Whatever the engine says instead."""
    async with serving(answer, close=True) as (where, _):
        with pytest.raises(EngineProblem, match=words):
            await attach(where, "1.45", "f00d", stdin=True)


async def test_nobody_there_is_a_sentence(tmp_path: Path) -> None:
    """As when the engine was stopped meanwhile."""
    with pytest.raises(EngineProblem, match="does not answer any more"):
        await attach(Endpoint(path=str(tmp_path / "none.sock")), "1.45", "f00d", stdin=True)


def _certify(folder: Path) -> ssl.SSLContext:
    """One key for all: the authority, the engine on localhost, and the client that must show it. Gives the engine's side."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    built = built.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    made = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    for file in ("ca.pem", "cert.pem"):
        (folder / file).write_bytes(made.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=folder / "ca.pem")
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def test_an_engine_behind_tls_is_reached_as_the_docker_command_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKER_TLS_VERIFY and DOCKER_CERT_PATH: both sides show a certificate."""
    async with serving(UPGRADED, piece(1, b"sealed"), tls=_certify(tmp_path)) as (where, _):
        monkeypatch.setenv("DOCKER_HOST", f"tcp://localhost:{where.port}")
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
        attachment = await attach(endpoint(), "1.45", "f00d", stdin=True)
        assert list(await attachment.receive()) == [(1, b"sealed")]
        await attachment.aclose()
