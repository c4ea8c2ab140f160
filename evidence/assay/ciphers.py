"""What the decoders of encrypted content share: trying secrets, telling right from wrong, and streaming what was opened.

Nothing is guessed: a secret comes from the evidence, and is right when a check of the format's own holds, or when what it makes of a sample
holds artefact bytes, a known magic or plain text. Wrong keys make noise, which has none of them.

Law of this file: a family brings heads and machines; checks of authenticity are not made, since cut streams must still be read.
"""

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from honeyweights.evidence.assay.decode import LARGEST, Decoded, Streams, View
from honeyweights.evidence.assay.streams import OUTPUT, Fed, Machine, bomb
from honeyweights.evidence.assay.texture import MAGICS, random_bytes

SAMPLE = 1 << 12
HEADS = 12
"""Heads for which all secrets are tried in vain before only those are tried that opened another."""
_CHUNK = 1 << 20
_FIRST_CHUNK = 1 << 14


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A stream that a secret opens."""

    head: int
    """Where it begins."""
    start: int
    """Where its content begins."""
    machine: Machine
    end: int | None = None
    """Where it ends, if its head says so."""


def decipher(mode: str, key: bytes, nonce: bytes) -> Callable[[bytes], bytes]:
    """Deciphers slice after slice: AES in a mode by its small name, or chacha20 with a nonce of 16 bytes."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415  # loaded with the first secret

    if mode == "chacha20":
        return Cipher(algorithms.ChaCha20(key, nonce), None).decryptor().update
    old: Any = modes
    if mode in {"cfb", "ofb"} and importlib.util.find_spec("cryptography.hazmat.decrepit.ciphers.modes"):
        old = importlib.import_module("cryptography.hazmat.decrepit.ciphers.modes")
    made = modes.ECB() if mode == "ecb" else getattr(old, mode.upper())(nonce)  # noqa: S305  # what was sent is what is read
    return Cipher(algorithms.AES(key), made).decryptor().update


def encipher(key: bytes) -> Callable[[bytes], bytes]:
    """AES on blocks of 16 bytes, for counter modes of one's own."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415  # likewise

    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update  # noqa: S305  # a counter mode is built on it


class Plain:
    """A machine that puts out what it takes in."""

    eof = False
    unused = 0

    def feed(self, fed: bytes) -> Fed:
        """As `Machine.feed`."""
        return Fed(fed)


class Deciphered:
    """A machine that deciphers, and gives what comes of it to another."""

    def __init__(self, update: Callable[[bytes], bytes], inner: Machine | None = None) -> None:
        self._update = update
        self._inner: Machine = inner or Plain()

    @property
    def eof(self) -> bool:
        """As `Machine.eof`."""
        return self._inner.eof

    @property
    def unused(self) -> int:
        """As `Machine.unused`."""
        return self._inner.unused

    def feed(self, fed: bytes) -> Fed:
        """As `Machine.feed`: all of the input is used, for a cipher cannot go back."""
        out, rest, more = bytearray(), self._update(fed) if fed else b"", True
        while (rest or more) and len(out) < 4 * OUTPUT and not self._inner.eof:
            given = len(rest)
            made, rest, broke, more = self._inner.feed(rest)
            out += made
            if broke or (not made and given == len(rest)):
                return Fed(bytes(out), broke=broke)
        return Fed(bytes(out))


def all_secrets(view: View, failed: int, most: int = HEADS) -> bool:
    """Whether all secrets are still to be tried at one more head; says so when not."""
    if failed >= most:
        view.budget.give_up(f"all secrets were tried at {most} heads that none of them opened, and at no others of the kind")
    return failed < most


def likeliest(view: View, most: int, kind: str) -> tuple[bytes, ...]:
    """So many of the secrets for what takes long to try; says so when there are more."""
    if len(view.secrets) > most:
        view.budget.give_up(f"the likeliest {most} secrets alone were tried at {kind}")
    return view.secrets[:most]


def plausible(view: View, plain: bytes) -> bool:
    """Whether a deciphered sample is content rather than noise."""
    data = np.frombuffer(plain[:SAMPLE], np.uint8)
    if plain.startswith(MAGICS) or (data.size >= 256 and not random_bytes(data)):  # noqa: PLR2004  # fewer cannot show it
        return True
    return view.promise(data) > 0


def run(view: View, opened: list[Opened]) -> Iterator[Decoded]:
    """What the streams hold; one ends where its head says, or where the next one begins."""
    for number, stream in enumerate(opened):
        behind = opened[number + 1].head if number + 1 < len(opened) else view.data.size
        end = min(behind, view.wall(stream.head), view.data.size if stream.end is None else stream.end)
        yield from _run(view, stream, end)


def _run(view: View, stream: Opened, end: int) -> Iterator[Decoded]:
    out, done, begun, at, size = bytearray(), 0, stream.head, stream.start, _FIRST_CHUNK  # of what is no stream little is read
    while at < end and not stream.machine.eof and not view.budget.late():
        fed = view.data[at : min(at + size, end)].tobytes()
        size = min(2 * size, _CHUNK)
        made, _, broke, _ = stream.machine.feed(fed)
        at += len(fed)
        done += len(made)
        if not view.budget.take(len(made)):
            break
        out += made
        if len(out) >= LARGEST:
            yield _piece(out, begun, at, proven=True)
            out, begun = bytearray(), at
        if broke or bomb(view, done, at - stream.start):
            break
    finish = getattr(stream.machine, "finish", None)
    out += finish() if finish else b""
    if out:
        yield _piece(out, begun, at, proven=done >= SAMPLE)


def _piece(out: bytearray, start: int, end: int, *, proven: bool) -> Decoded:
    inner, first, last = (np.array([value], np.int64) for value in (0, start, end))
    streams = Streams(inner=inner, start=first, end=last, sound=np.ones(1, np.bool_), proven=np.array([proven]))
    return Decoded(data=np.frombuffer(out, np.uint8), origin=streams)
