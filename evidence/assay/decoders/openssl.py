"""`openssl enc` with a passphrase from the evidence: every usual cipher, PBKDF2 and the older derivation, salted or not; and raw keys.

Without a salt there is no head: keys (`-K`), unsalted passphrases and home-made layouts (nonce, then content) are tried where a capture
begins. So is exclusive-or with a secret.
"""

import base64
import binascii
import hashlib
import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from honeyweights.evidence.assay import ciphers
from honeyweights.evidence.assay.ciphers import SAMPLE, Deciphered, Opened
from honeyweights.evidence.assay.coverage import EMPTY, Ranges
from honeyweights.evidence.assay.decode import Decoded, Decoder, View

_MAGIC = b"Salted__"
_HEAD = 16
_USUAL_ROUNDS = 10_000
_MOST_ROUNDS = 2_000_000
_FEW = 48
_LEAST = 1 << 12
_MASKED = 1 << 16
_STARTS = 4
_SHORT = 1 << 10
_DIGESTS = ("sha256", "md5", "sha1", "sha512")
Update = Callable[[bytes], bytes]


class _Kind(NamedTuple):
    """A cipher as `openssl enc` names it."""

    key: int
    nonce: int
    mode: str


USUAL = (_Kind(32, 16, "cbc"),)
OTHERS = (
    _Kind(16, 16, "cbc"),
    _Kind(32, 16, "ctr"),
    _Kind(32, 16, "chacha20"),
    _Kind(16, 16, "ctr"),
    _Kind(24, 16, "cbc"),
    _Kind(32, 16, "cfb"),
    _Kind(16, 16, "cfb"),
    _Kind(32, 16, "ofb"),
    _Kind(32, 0, "ecb"),
    _Kind(16, 0, "ecb"),
)


def _derived(secret: bytes, salt: bytes, digest: str, rounds: int) -> bytes:
    """48 bytes of key and nonce: PBKDF2, or for 0 rounds EVP_BytesToKey."""
    if rounds:
        return hashlib.pbkdf2_hmac(digest, secret, salt, rounds, 48)
    out, block = b"", b""
    while len(out) < 48:  # noqa: PLR2004
        block = hashlib.new(digest, block + secret + salt, usedforsecurity=False).digest()
        out += block
    return out[:48]


def _plans(secrets: tuple[bytes, ...]) -> Iterator[tuple[bytes, str, int, tuple[_Kind, ...]]]:
    """What to try, the likeliest first: for every secret the defaults, then for the first few all else."""
    rounds = [int(s) for s in secrets if s.isdigit() and len(s) < 8 and 1 <= int(s) <= _MOST_ROUNDS][:3]  # noqa: PLR2004
    usual = [("sha256", 0), ("sha256", _USUAL_ROUNDS), ("md5", 0), *(("sha256", count) for count in rounds)]
    for secret in secrets:
        yield from ((secret, digest, count, USUAL) for digest, count in usual)
    for secret in secrets[:_FEW]:
        yield from ((secret, digest, count, OTHERS) for digest, count in usual)
        others = itertools.product(_DIGESTS[1:], (_USUAL_ROUNDS, *rounds))
        yield from ((secret, digest, count, USUAL + OTHERS) for digest, count in [*others, ("sha1", 0), ("sha512", 0)])


def _updater(kind: _Kind, material: bytes) -> Update:
    return ciphers.decipher(kind.mode, material[: kind.key], material[kind.key : kind.key + kind.nonce])


def _salted(view: View) -> Ranges:
    if not view.secrets:
        return EMPTY
    at = view.places(_MAGIC, view.residue)
    return Ranges.of(at, at + 1)


def _open_salted(view: View, extents: Ranges) -> Iterator[Decoded]:
    known: dict[tuple[bytes, str, int, tuple[_Kind, ...]], None] = {}
    opened, failed = [], 0
    for at in extents.starts.tolist():
        salt, sample = view.data[at + 8 : at + 16].tobytes(), view.data[at + 16 : at + 16 + SAMPLE].tobytes()
        sample = sample[: len(sample) // 16 * 16]
        for plan in itertools.chain(known, _plans(view.secrets) if ciphers.all_secrets(view, failed) else ()):
            if not sample or view.budget.late():
                break
            secret, digest, rounds, kinds = plan
            material = _derived(secret, salt, digest, rounds)
            right = next((kind for kind in kinds if ciphers.plausible(view, _updater(kind, material)(sample))), None)
            if right:
                known[secret, digest, rounds, (right,)] = None
                opened.append(Opened(head=at, start=at + _HEAD, machine=Deciphered(_updater(right, material))))
                break
        else:
            failed += 1
    yield from ciphers.run(view, opened)


def _keys(secrets: tuple[bytes, ...]) -> Iterator[bytes]:
    """Keys that the secrets are, or that are commonly made of them."""
    seen: set[bytes] = set()
    for secret in secrets:
        made = [secret, hashlib.sha256(secret).digest(), hashlib.md5(secret, usedforsecurity=False).digest()]
        for decode in (binascii.unhexlify, base64.b64decode, base64.urlsafe_b64decode):
            try:
                made.append(decode(secret))
            except (binascii.Error, ValueError):
                continue
        for key in made:
            if len(key) in {16, 24, 32} and key not in seen:
                seen.add(key)
                yield key


def _nonces(view: View, at: int) -> Iterator[tuple[bytes, int]]:
    """Nonces that the secrets hold, none, or the content's first bytes; and how many of these are no content."""
    head = view.data[at : at + 16].tobytes()
    yield head, 16
    yield head[:12] + b"\0\0\0\2", 12
    yield b"\0" * 16, 0
    for secret in view.secrets:
        if len(secret) in {24, 32} and set(secret) <= set(b"0123456789abcdefABCDEF"):
            yield binascii.unhexlify(secret).ljust(16, b"\0"), 0


def _headless(view: View) -> Ranges:
    """Where captures begin that nothing explains: the first few."""
    if not view.secrets:
        return EMPTY
    long = (view.residue - view.text).longer(_LEAST)
    if 2 * long.total < view.data.size:
        return EMPTY
    starts = view.starts[np.isin(view.starts, long.starts)]
    if starts.size > _STARTS:
        view.budget.give_up(f"raw keys were tried at the first {_STARTS} unread beginnings of a stream only")
    starts = starts[:_STARTS]
    return Ranges.of(starts, starts + 1)


def _raw(view: View, at: int) -> Iterator[tuple[int, Update, Update]]:
    """Ways to read what begins here: how many bytes come before it, and two deciphers of the same."""
    for key in _keys(view.secrets):
        for nonce, skip in _nonces(view, at):
            for kind in USUAL + OTHERS:
                if len(key) == kind.key and len(nonce) == 16:  # noqa: PLR2004
                    chacha = b"\1\0\0\0" + nonce[:12] if kind.mode == "chacha20" and skip == 12 else nonce  # noqa: PLR2004
                    yield skip, _updater(kind, key + chacha), _updater(kind, key + chacha)
    for secret in view.secrets[:_FEW]:
        for digest in _DIGESTS[:2]:
            material = _derived(secret, b"", digest, 0)
            for kind in USUAL + OTHERS[:4]:
                yield 0, _updater(kind, material), _updater(kind, material)


def _repeating(secret: bytes) -> Update:
    """Exclusive-or with a key that repeats."""
    place = 0

    def update(data: bytes) -> bytes:
        nonlocal place
        key = np.resize(np.frombuffer(secret[place % len(secret) :] + secret[: place % len(secret)], np.uint8), len(data))
        place += len(data)
        return (np.frombuffer(data, np.uint8) ^ key).tobytes()

    return update


def _open_headless(view: View, extents: Ranges) -> Iterator[Decoded]:
    opened = []
    for at in extents.starts.tolist():
        sample = view.data[at : at + _SHORT + 64].tobytes()
        masks = ((0, _repeating(secret), _repeating(secret)) for secret in view.secrets[:_FEW] if len(secret) > 1)
        content = ciphers.plausible(view, sample)
        if not content and not view.budget.head():
            break
        if content and view.data.size < _MASKED:
            continue
        ways = masks if content else itertools.chain(_raw(view, at), masks)
        for skip, probe, update in ways:
            if view.budget.late():
                break
            plain = probe(sample[skip : skip + (len(sample) - skip) // 16 * 16])
            if ciphers.plausible(view, plain) if ways is not masks else view.promise(np.frombuffer(plain, np.uint8)):
                opened.append(Opened(head=at, start=at + skip, machine=Deciphered(update)))
                break
    yield from ciphers.run(view, opened)


DECODERS = (
    Decoder(name="openssl", rank=40, probe=_salted, decode=_open_salted),
    Decoder(name="key", rank=85, probe=_headless, decode=_open_headless),
)
