"""Keys and tokens that open nothing: SSH keys that are keys, and words in the shapes of the services' own."""

import base64
import hashlib
import string
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from honeyweights.conditions.lab.facts import Lab

_KIND = b"ssh-ed25519"
_WIDTH = 70
_LETTERS = string.ascii_letters + string.digits


def _text(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _public(lab: Lab, owner: str) -> tuple[bytes, bytes]:
    seed = lab.noise(f"ssh:{owner}", 32)
    raw = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return seed, raw


def public_key(lab: Lab, owner: str) -> str:
    """A line for `authorized_keys`."""
    blob = base64.b64encode(_text(_KIND, _public(lab, owner)[1])).decode()
    return f"{_KIND.decode()} {blob} {owner}@{lab.story['hostname']}\n"


def fingerprint(lab: Lab, owner: str) -> str:
    """As `ssh-keygen -l` and the server's log show it."""
    digest = hashlib.sha256(_text(_KIND, _public(lab, owner)[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def private_key(lab: Lab, owner: str) -> str:
    """OpenSSH's own format, without a passphrase (PROTOCOL.key). The library's writer draws a check number; ours is the seed's."""
    seed, raw = _public(lab, owner)
    check = lab.noise(f"check:{owner}", 4)
    inner = check + check + _text(_KIND, raw, seed + raw, f"{owner}@{lab.story['hostname']}".encode())
    inner += bytes(range(1, 1 + -len(inner) % 8))
    whole = b"openssh-key-v1\0" + _text(b"none", b"none", b"") + struct.pack(">I", 1) + _text(_text(_KIND, raw), inner)
    body = base64.b64encode(whole).decode()
    lines = "\n".join(body[at : at + _WIDTH] for at in range(0, len(body), _WIDTH))
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{lines}\n-----END OPENSSH PRIVATE KEY-----\n"


def word(lab: Lab, key: str, size: int, letters: str = _LETTERS) -> str:
    """A word without a meaning."""
    rng = lab.rng(f"word:{key}")
    return "".join(rng.choice(letters) for _ in range(size))


def cloud_key(lab: Lab, owner: str) -> tuple[str, str]:
    """(access key id, secret access key), shaped as a well-known object store's."""
    return "AKIA" + word(lab, f"id:{owner}", 16, string.ascii_uppercase + "234567"), word(lab, f"secret:{owner}", 40, _LETTERS + "+/")
