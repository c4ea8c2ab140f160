"""The certificate authority that the workstation trusts: a certificate for each name that is asked for, made once and kept.

`cryptography` is imported here and nowhere else but in SSH: the first handshake pays for it, not the world's start.
"""

import datetime as dt
import ipaddress
import os
import ssl
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from honeyweights.containers.internet.protocols.tls.mutual import Mutual

MOST = 256
"""Certificates kept. Somebody who asks for a fresh name each time gets them all the same."""
SPOKEN = ["h2", "http/1.1", "http/1.0", "dot", "ftp", "imap", "pop3"]
"""Protocols that a client may ask for by ALPN, the first one wins; what is then spoken is looked at all the same."""
LONGEST_NAME = 64
"""Characters of a common name (RFC 5280, upper bounds)."""
DAY = dt.timedelta(days=1)


class Asked(ssl.SSLObject):
    """A connection that remembers which name it was asked for."""

    asked: str | None = None
    shown: tuple[str, bytes] | None = None
    """Subject and whole of its client's certificate: nobody is asked for one here (see `mutual`)."""


class Authority:
    """Holds the authority's key, and one key for all that it certifies."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds `ca.crt` and `ca.key`, PEM."""
        self._certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
        key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority's key is not one on an elliptic curve")
        self._key = key
        self._leaf = ec.generate_private_key(ec.SECP256R1())
        self._contexts: OrderedDict[str, ssl.SSLContext] = OrderedDict()

    def serve(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, name: str) -> Asked:
        """The server's end of a connection to `name`, which SNI may change."""
        connection = self._context(name).wrap_bio(incoming, outgoing, server_side=True)
        assert isinstance(connection, Asked)  # noqa: S101  # the context's own class
        return connection

    def mutual(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, name: str) -> "Mutual":
        """The server's end of a connection to a host that wants to see its client's certificate."""
        from honeyweights.containers.internet.protocols.tls import mutual  # noqa: PLC0415  # pyOpenSSL, where somebody needs it

        certificate = x509.load_pem_x509_certificate(self.certify(name))
        return mutual.Mutual(mutual.context(certificate, self._leaf, self._certificate, SPOKEN), incoming, outgoing)

    def _context(self, name: str) -> ssl.SSLContext:
        found = self._contexts.get(name)
        if found is None:
            if len(self._contexts) >= MOST:
                self._contexts.popitem(last=False)
            found = self._contexts[name] = self._made(name)
        self._contexts.move_to_end(name)
        return found

    def _made(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sslobject_class = Asked
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers("ALL:!aNULL:!eNULL:@SECLEVEL=0")  # old clients are served as an old server would
        context.set_alpn_protocols(SPOKEN)
        context.sni_callback = self._asked
        context.num_tickets = 0  # a client that only writes would close with tickets unread, and its reset would cost the last bytes
        pem = self.certify(name) + self._certificate.public_bytes(serialization.Encoding.PEM) + _pem(self._leaf)
        file = os.memfd_create("certificate")
        try:
            os.write(file, pem)
            context.load_cert_chain(f"/proc/self/fd/{file}")
        finally:
            os.close(file)
        return context

    def _asked(self, connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        if name is not None and isinstance(connection, Asked):
            connection.asked = name
            connection.context = self._context(name.lower())

    def certify(self, name: str) -> bytes:
        """A certificate for a host name or an address, PEM."""
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_subject(name))
            .issuer_name(self._certificate.subject)
            .public_key(self._leaf.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 20 * DAY)
            .not_valid_after(now + 70 * DAY)
            .add_extension(x509.SubjectAlternativeName([_alternative(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name if 0 < len(name) <= LONGEST_NAME else "host")])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        ascii_name = name.encode("ascii", "ignore").decode("ascii") or "host"
        return x509.DNSName(ascii_name)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
