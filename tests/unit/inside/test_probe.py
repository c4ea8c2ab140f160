"""The canary of the wire, over loopback."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from honeyweights.sandbox.inside import probe

NONCE = b"0123456789abcdef" * 2


@contextmanager
def _listening(family: socket.AddressFamily, address: str, answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server for one connection; gives its port."""
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind((address, 0))
        listener.listen()
        listener.settimeout(5)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_nonce_arrives_whole_before_the_abrupt_end(family: socket.AddressFamily, address: str) -> None:
    """An abrupt end leaves no trace at the sender; what was sent has to have arrived by then."""
    heard = bytearray()

    def answer(connection: socket.socket) -> None:
        with suppress(ConnectionResetError):
            while block := connection.recv(4096):
                heard.extend(block)

    with _listening(family, address, answer) as port:
        assert not probe.send("tcp", address, port, NONCE, 5)
    assert NONCE == bytes(heard)


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_datagram_is_one_nonce(family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as listener:
        listener.bind((address, 0))
        listener.settimeout(5)
        assert not probe.send("udp", address, listener.getsockname()[1], NONCE, 5)
        assert NONCE == listener.recv(4096)


def test_nobody_there_is_said_in_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert probe.send("tcp", "127.0.0.1", taken.getsockname()[1], NONCE, 5).startswith("ConnectionRefusedError: ")


def test_a_server_that_takes_nothing_is_given_up() -> None:
    done = threading.Event()

    def answer(_connection: socket.socket) -> None:
        done.wait(5)

    with _listening(socket.AF_INET, "127.0.0.1", answer) as port:
        assert probe.send("tcp", "127.0.0.1", port, NONCE * (1 << 20), 0.1).startswith("TimeoutError: ")
        done.set()
