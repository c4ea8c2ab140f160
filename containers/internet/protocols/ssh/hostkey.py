"""A remote host's own key: the same for as long as the world has the same seed, so that whoever fills the workstation knows it before."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def private_key(seed: bytes, host: str) -> Ed25519PrivateKey:
    """The key of the host of that name, or address where it has none."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"ssh host key|" + seed + host.encode("utf-8", "surrogateescape")).digest())
