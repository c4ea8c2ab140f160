"""age (age-encryption.org/v1) with a passphrase or an X25519 identity from the evidence; and Fernet tokens with a known key.

The chunks' tags are not checked: a cut stream gives all that stands before the cut.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterator

from honeyweights.evidence.assay import ciphers
from honeyweights.evidence.assay.ciphers import Deciphered, Opened
from honeyweights.evidence.assay.coverage import EMPTY, Ranges
from honeyweights.evidence.assay.decode import Decoded, Decoder, View

_MAGIC = b"age-encryption.org/v1\n"
_FERNET = b"\x80\0\0\0"
_HEAD = 4096
_CHUNK = 65536
_TAG = 16
_MOST_WORK = 20
_IDENTITY = "AGE-SECRET-KEY-1"
_BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
_TRIES = 40


def _bits(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4))


def _hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    """32 bytes of HKDF with SHA-256 (RFC 5869)."""
    return hmac.digest(hmac.digest(salt, key, "sha256"), info + b"\1", "sha256")


def _unwrap(key: bytes, body: bytes) -> bytes | None:
    """The file key, if the wrapping key is right: this tag is checked."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415  # loaded with the first head
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # noqa: PLC0415  # likewise

    try:
        return ChaCha20Poly1305(key).decrypt(b"\0" * 12, body, None)
    except InvalidTag:
        return None


def _identities(secrets: tuple[bytes, ...]) -> Iterator[bytes]:
    """X25519 keys that stand in secrets, in bech32 (whose checksum is not looked at)."""
    for secret in secrets:
        text = secret.decode("ascii", "ignore").strip().upper()
        if text.startswith(_IDENTITY) and all(letter in _BECH32 for letter in text[len(_IDENTITY) :]):
            number, data = 0, text[len(_IDENTITY) :][:-6]
            for letter in data:
                number = number << 5 | _BECH32.index(letter)
            yield (number >> (len(data) * 5 - 256)).to_bytes(32, "big") if len(data) == 52 else b""  # noqa: PLR2004


def _by_passphrase(view: View, words: list[bytes], body: bytes) -> bytes | None:
    salt, work = _bits(words[2]), int(words[3])
    if work > _MOST_WORK:
        view.budget.give_up(f"an age file asks for 2^{work} rounds of scrypt, and was left")
        return None
    for secret in ciphers.likeliest(view, _TRIES, "an age file"):
        if view.budget.late():
            return None
        memory = 1024 * (1 << work) + (1 << 24)
        key = hashlib.scrypt(secret, salt=b"age-encryption.org/v1/scrypt" + salt, n=1 << work, r=8, p=1, maxmem=2 * memory, dklen=32)
        found = _unwrap(key, body)
        if found:
            return found
    return None


def _by_identity(view: View, words: list[bytes], body: bytes) -> bytes | None:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey  # noqa: PLC0415  # likewise

    share = _bits(words[2])
    for identity in filter(None, _identities(view.secrets)):
        private = X25519PrivateKey.from_private_bytes(identity)
        public = private.public_key().public_bytes_raw()
        secret = private.exchange(X25519PublicKey.from_public_bytes(share))
        found = _unwrap(_hkdf(secret, share + public, b"age-encryption.org/v1/X25519"), body)
        if found:
            return found
    return None


_WAYS: dict[bytes, Callable[[View, list[bytes], bytes], bytes | None]] = {b"scrypt": _by_passphrase, b"X25519": _by_identity}


class _Chunks:
    """Takes the chunks' encryption off."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._number = 0
        self._held = b""

    def __call__(self, data: bytes) -> bytes:
        """The plain text of what can be read now: whole chunks, and the begun one again when it is whole."""
        self._held += data
        out = bytearray()
        while len(self._held) >= _CHUNK + _TAG:
            out += self._plain(self._held[:_CHUNK], last=False)
            self._held = self._held[_CHUNK + _TAG :]
            self._number += 1
        return bytes(out)

    def _plain(self, chunk: bytes, *, last: bool) -> bytes:
        nonce = b"\1\0\0\0" + self._number.to_bytes(11, "big") + bytes([last])
        return ciphers.decipher("chacha20", self._key, nonce)(chunk)

    def rest(self) -> bytes:
        """The last chunk, as it is at the file's end."""
        return self._plain(self._held[:-_TAG], last=True)


class _Payload(Deciphered):
    """Puts out the last chunk when it is told that there is no more."""

    def __init__(self, chunks: _Chunks) -> None:
        super().__init__(chunks)
        self.finish = chunks.rest


def _ages(view: View) -> Ranges:
    if not view.secrets:
        return EMPTY
    at = view.places(_MAGIC, view.residue)
    return Ranges.of(at, at + 1)


def _key(view: View, head: bytes) -> bytes | None:
    """The file key of a head."""
    for stanza in head[len(_MAGIC) :].split(b"-> ")[1:]:
        first, _, rest = stanza.partition(b"\n")
        words = [b"", *first.split()]
        way = _WAYS.get(words[1]) if len(words) > 2 else None  # noqa: PLR2004
        try:
            found = way(view, words, _bits(rest.partition(b"\n")[0])) if way else None
        except (ValueError, IndexError, binascii.Error):  # a stanza that is none
            continue
        if found:
            return found
    return None


def _open(view: View, extents: Ranges) -> Iterator[Decoded]:
    opened, failed = [], 0
    for at in extents.starts.tolist():
        if not ciphers.all_secrets(view, failed):
            break
        raw = view.data[at : at + _HEAD].tobytes()
        head, mark, behind = raw.partition(b"\n--- ")
        line, _, _ = behind.partition(b"\n")
        start = at + len(head) + len(mark) + len(line) + 1
        nonce = view.data[start : start + 16].tobytes()
        key = _key(view, head) if mark else None
        failed += key is None
        if key:
            opened.append(Opened(head=at, start=start + 16, machine=_Payload(_Chunks(_hkdf(key, nonce, b"payload")))))
    yield from ciphers.run(view, opened)


def _tokens(view: View) -> Ranges:
    if not view.secrets:
        return EMPTY
    at = view.places(_FERNET, view.residue)
    return Ranges.of(at, at + 1)


def _open_tokens(view: View, extents: Ranges) -> Iterator[Decoded]:
    keys = []
    for secret in view.secrets:
        try:
            raw = base64.urlsafe_b64decode(secret)
        except (binascii.Error, ValueError):
            continue
        keys += [raw[16:]] if len(raw) == 32 else []  # noqa: PLR2004
    opened = []
    for at in extents.starts.tolist()[: 4096 if keys else 0]:
        nonce, sample = view.data[at + 9 : at + 25].tobytes(), view.data[at + 25 : at + 25 + ciphers.SAMPLE].tobytes()
        sample = sample[: len(sample) // 16 * 16]
        if len(nonce) < 16 or not sample or view.budget.late():  # noqa: PLR2004
            continue
        right = next((key for key in keys if ciphers.plausible(view, ciphers.decipher("cbc", key, nonce)(sample))), None)
        if right:
            opened.append(Opened(head=at, start=at + 25, machine=Deciphered(ciphers.decipher("cbc", right, nonce))))
    yield from ciphers.run(view, opened)


DECODERS = (
    Decoder(name="age", rank=43, probe=_ages, decode=_open),
    Decoder(name="fernet", rank=44, probe=_tokens, decode=_open_tokens),
)
