"""TLS for hosts that want their clients' certificates: any is asked for, and any is taken.

`ssl` can ask for none without an authority that has signed it. pyOpenSSL can, by a callback; it is imported where a client first meets
such a host (34 ms, 5 MiB). What stands here has the words of an `ssl.SSLObject` that `server` needs. TLS 1.2 at most: in 1.3 pyOpenSSL
cannot but give tickets, which cost a client's last bytes (see `authority`).
"""

import ssl
from collections.abc import Callable
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

HEAD = 5
"""Bytes of a record's header: type, version (2), length (2)."""
RECORD = (1 << 14) + 2048
"""The longest sealed record (RFC 5246, 6.2.3)."""
T = TypeVar("T")


def context(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, issuer: x509.Certificate, spoken: list[str]) -> SSL.Context:
    """For one host."""
    made = SSL.Context(SSL.TLS_SERVER_METHOD)
    made.set_max_proto_version(SSL.TLS1_2_VERSION)
    made.set_options(SSL.OP_NO_TICKET)
    made.set_cipher_list(b"ALL:!aNULL:!eNULL:@SECLEVEL=0")
    made.use_certificate(certificate)
    made.use_privatekey(key)
    made.add_extra_chain_cert(issuer)
    made.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    made.set_session_id(b"internet")
    ours = [name.encode("ascii") for name in spoken]
    made.set_alpn_select_callback(lambda _, offered: next((name for name in ours if name in offered), SSL.NO_OVERLAPPING_PROTOCOLS))
    return made


class Mutual:
    """The server's end of one connection, over the same two buffers as an `ssl.SSLObject`."""

    def __init__(self, made: SSL.Context, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._held = b""
        self._connection = SSL.Connection(made, None)
        self._connection.set_accept_state()

    @property
    def asked(self) -> str | None:
        """The name in SNI."""
        name = self._connection.get_servername()
        return None if name is None else name.decode("latin-1")

    @property
    def shown(self) -> tuple[str, bytes] | None:
        """The subject of the client's certificate, and the whole of it (DER)."""
        found = self._connection.get_peer_certificate(as_cryptography=True)
        return None if found is None else (found.subject.rfc4514_string(), found.public_bytes(Encoding.DER))

    def do_handshake(self) -> None:
        """As far as it goes."""
        self._try(self._connection.do_handshake)

    def read(self, count: int, buffer: memoryview) -> int:
        """What the next records hold, into a buffer."""
        return self._try(lambda: self._connection.recv_into(buffer, count))

    def write(self, data: bytes) -> None:
        """Seals."""
        self._try(lambda: self._connection.sendall(data))

    def unwrap(self) -> None:
        """Says goodbye."""
        self._try(self._connection.shutdown)

    def _try(self, call: Callable[[], T]) -> T:
        """Record by record, so that what stands behind the last of them is still in the buffer, and nobody's."""
        try:
            while True:
                try:
                    return call()
                except SSL.WantReadError as error:
                    if not self._fed():
                        raise ssl.SSLWantReadError from error
        except SSL.ZeroReturnError as error:
            self._incoming.write(self._held)
            raise ssl.SSLZeroReturnError from error
        except SSL.Error as error:
            reason = str(error.args[0][0][-1]) if error.args and error.args[0] else ""
            problem = ssl.SSLError(1, reason)
            problem.reason = "ALERT" if "alert" in reason.lower() else reason
            raise problem from error
        finally:
            while said := self._said():
                self._outgoing.write(said)

    def _said(self) -> bytes:
        try:
            return self._connection.bio_read(1 << 16)
        except SSL.WantReadError:
            return b""

    def _fed(self) -> bool:
        """Gives OpenSSL the next record, or what must be the beginning of none."""
        self._held += self._incoming.read()
        if len(self._held) < HEAD:
            return False
        size = HEAD + int.from_bytes(self._held[3:HEAD], "big")
        if len(self._held) < size <= HEAD + RECORD:
            return False
        self._connection.bio_write(self._held[:size])
        self._held = self._held[size:]
        return True
