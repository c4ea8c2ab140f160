"""Bytes written in an alphabet: bits, hex, base32, base64, base85; and as decimal numbers.

The narrowest alphabet that a block of text keeps to is the one that it is read in first; base64 is tried on every text.
"""

import string
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay.coverage import Ranges
from honeyweights.evidence.assay.decode import LARGEST, Decoded, Decoder, View
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.text import BASE64, HEX, Code, blocks, groups, reader, text
from honeyweights.evidence.assay.texture import BLOCK, FINE, Blocks
from honeyweights.evidence.assay.trace import Trace

_SLICE = 1 << 18
_SURE = 0.97
_SHARE = 0.9
_DIGITS = 0.45
_MIXED = 0.2
_SEVENTH = 0.06
_BLANK = b" \t\r\n"
_MARKS = _BLANK + b"xX,:;\\\"'[]{}()%-"
_UPPER, _LOWER, _NUMBERS = (part.encode() for part in (string.ascii_uppercase, string.ascii_lowercase, string.digits))
Read = Callable[[bytes], bytes]


def _mask(characters: bytes) -> NDArray[np.bool_]:
    mask = np.zeros(256, np.bool_)
    mask[list(characters)] = True
    return mask


def _among(characters: bytes, least: float) -> Callable[[Blocks], NDArray[np.bool_]]:
    mask = _mask(characters)
    return lambda text: text.among(mask) >= least


def _values(alphabet: bytes) -> Bytes:
    values = np.zeros(256, np.uint8)
    values[list(alphabet)] = np.arange(len(alphabet))
    return values


def _base32(alphabet: bytes) -> Read:
    values = _values(alphabet).astype(np.uint64)
    pairs = (values[None, :] << np.uint64(5) | values[:, None]).reshape(-1)  # by two characters as a little-endian number

    def read(characters: bytes) -> bytes:
        tens = pairs[np.frombuffer(characters, "<u2")].reshape(-1, 4)
        number = tens[:, 0] << np.uint64(30) | tens[:, 1] << np.uint64(20) | tens[:, 2] << np.uint64(10) | tens[:, 3]
        return np.ascontiguousarray(number.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 3:]).tobytes()

    return read


def _base85(alphabet: bytes) -> Read:
    values = _values(alphabet)

    def read(characters: bytes) -> bytes:
        digits = values[np.frombuffer(characters, np.uint8)].reshape(-1, 5)
        number = np.zeros(digits.shape[0], np.uint32)
        for k in range(5):
            number = number * np.uint32(85) + digits[:, k]
        return number.astype(">u4").tobytes()

    return read


def _base45(characters: bytes) -> bytes:
    digits = _VALUES45[np.frombuffer(characters, np.uint8)].reshape(-1, 3).astype(np.uint32)
    return (digits @ np.array([1, 45, 2025], np.uint32)).astype(">u2").tobytes()


def _bits(characters: bytes) -> bytes:
    return np.packbits(np.frombuffer(characters, np.uint8) & np.uint8(1)).tobytes()


_TO_UPPER = bytes.maketrans(_LOWER + b"=", _UPPER + b"A")
_TO_UPPER_HEX = bytes.maketrans(_LOWER + b"=", _UPPER + b"0")
_PLAIN = bytes.maketrans(b"", b"")
_QR = _NUMBERS + _UPPER + b" $%*+-./:"
_VALUES45 = _values(_QR)
_ASCII85 = bytes(range(33, 118))
_RFC1924 = _NUMBERS + _UPPER + _LOWER + b"!#$%&()*+-;<=>?@^_`{|}~"
_Z85 = _NUMBERS + _LOWER + _UPPER + b".-:+=^!/*?&<>()[]{}@%$#"
BITS = Code(alphabet=b"01", table=_PLAIN, quantum=8, size=1, read=_bits)
BASE32 = Code(
    alphabet=_UPPER + _LOWER + b"234567=",
    table=_TO_UPPER,
    quantum=8,
    size=5,
    read=_base32(_UPPER + b"234567"),
    filler=b"A" * 7,
    parts=_UPPER + _LOWER + b"234567",
)
BASE32HEX = Code(
    alphabet=_UPPER[:22] + _LOWER[:22] + _NUMBERS + b"=",
    table=_TO_UPPER_HEX,
    quantum=8,
    size=5,
    read=_base32(_NUMBERS + _UPPER[:22]),
    filler=b"0" * 7,
    parts=_UPPER[:22] + _LOWER[:22] + _NUMBERS,
)
ASCII85 = Code(alphabet=_ASCII85, table=_PLAIN, drop=(b"<~", b"~>"), quantum=5, size=4, read=_base85(_ASCII85), filler=b"uuuu")
BASE45 = Code(alphabet=_QR, table=_PLAIN, drop=(), quantum=3, size=2, read=_base45, filler=b"00")
BASE85 = Code(alphabet=_RFC1924, table=_PLAIN, drop=(), quantum=5, size=4, read=_base85(_RFC1924), filler=b"~~~~", parts=_RFC1924)
Z85 = Code(alphabet=_Z85, table=_PLAIN, drop=(), quantum=5, size=4, read=_base85(_Z85), filler=b"####")


def hex_text(view: View) -> Ranges:
    """Text of which nine tenths are hexadecimal digits or what is written between them, and which is neither bits nor decimal numbers."""
    every, digits, sign = _mask(HEX.alphabet + _MARKS), _mask(HEX.alphabet), _mask(HEX.alphabet[10:])

    def good(text: Blocks) -> NDArray[np.bool_]:
        return (text.among(every) >= _SHARE) & (text.among(digits) >= _DIGITS) & (text.among(sign) > 0)

    return blocks(view, good)


def _decimal_text(view: View) -> Ranges:
    digits, between = _mask(_NUMBERS), _mask(_BLANK + b",;[](){}-\"'&#")

    def good(text: Blocks) -> NDArray[np.bool_]:
        kept, parting = text.among(digits), text.among(between)
        return (kept + parting >= _SURE) & (kept >= 0.3) & (parting >= 0.15)  # noqa: PLR2004  # numbers have at most 3 digits

    return blocks(view, good)


def _base32_text(view: View) -> Ranges:
    upper, lower, digits = (_among(part + b"=\"',.-" + _NUMBERS + _BLANK, _SURE) for part in (_UPPER, _LOWER, b""))
    return blocks(view, lambda text: (upper(text) | lower(text)) & ~digits(text))


def _bit_text(view: View) -> Ranges:
    return blocks(view, _among(b"01" + _BLANK + b",", _SURE))


def _base85_text(view: View) -> Ranges:
    """Text with hardly a blank and much punctuation of all sorts."""
    blank, signs = _mask(b" \t"), _mask(string.punctuation.encode()) & ~_mask(b"+/=_,\"'.\\")

    def good(text: Blocks) -> NDArray[np.bool_]:
        return (text.among(blank) <= 1 - _SURE) & (text.among(signs) >= 0.1)  # noqa: PLR2004  # 0.25 of random content

    return blocks(view, good)


def _base64_text(view: View) -> Ranges:
    """All text but what is plainly hex, and but prose: of base64, three fifths are capitals and digits."""
    plainly = blocks(view, _among(HEX.alphabet + _BLANK, 1.0))
    inner = Ranges.of(plainly.starts + 2 * BLOCK, plainly.ends - 2 * BLOCK)
    return ((text(view) & _mixed(view)) - inner).longer(24)


def _mixed(view: View) -> Ranges:
    """Stretches of 64 characters of which a fifth is none of prose, with what stands near them."""
    fine = Blocks(view.data, text(view), FINE)
    return fine.chosen(fine.among(_mask(_UPPER + _NUMBERS + b"+/")) >= _MIXED, 2 * BLOCK)


def _base45_text(view: View) -> Ranges:
    """Text without small letters that is not base32: a seventh of it are the nine signs of base45, blanks among them."""
    every, signs = _mask(_QR + b"\r\n\"'"), _mask(_QR[36:])
    return blocks(view, lambda text: (text.among(every) >= _SURE) & (text.among(signs) >= _SEVENTH))


def _codes(*codes: Code) -> Callable[[View, Ranges], Iterator[Decoded]]:
    """Several alphabets for the same text: those that it keeps to."""

    def decode(view: View, extents: Ranges) -> Iterator[Decoded]:
        sample = np.concatenate([np.asarray(view.data[a : min(b, a + BLOCK * 16)]) for a, b in list(extents)[:64]])
        for code in codes:
            if _mask(code.alphabet + _BLANK + b"\"'<~>")[sample].mean() >= _SURE:
                yield from reader(code)(view, extents & view.residue.widen(BLOCK))

    return decode


def _numbers(view: View, extents: Ranges) -> Iterator[Decoded]:
    """Numbers from -128 to 255, whatever stands between them."""
    for group in groups(extents, LARGEST):
        pieces, places = [], []
        for start, end in group:
            low = start
            while low < end:
                out, used = _number_slice(np.asarray(view.data[low : min(low + _SLICE, end)]), last=low + _SLICE >= end)
                pieces.append(out)
                places.append((out.size, low, low + used))
                low += used
        if view.budget.take(sum(size for size, _, _ in places)):
            yield Decoded(data=np.concatenate(pieces) if pieces else np.empty(0, np.uint8), origin=(Trace.of(places),))


def _number_slice(data: Bytes, *, last: bool) -> tuple[Bytes, int]:
    used = data.size
    if not last:
        gaps = np.flatnonzero(data[-8:] - np.uint8(48) > 9)  # noqa: PLR2004  # not a digit
        used = data.size - min(8, data.size) + int(gaps[-1]) if gaps.size else data.size
        used = used or data.size
    padded = np.concatenate((np.full(4, 32, np.uint8), data[:used], np.full(1, 32, np.uint8)))
    digit = padded - np.uint8(48)
    is_digit = digit <= 9  # noqa: PLR2004
    ends = np.flatnonzero(is_digit[:-1] & ~is_digit[1:])
    value = digit[ends].astype(np.int16)
    here = np.ones(ends.size, np.bool_)
    before = ends
    for weight in (10, 100):
        before = before - 1
        here &= is_digit[before]
        value += np.where(here, digit[before].astype(np.int16) * weight, 0)
    length = 1 + is_digit[ends - 1] + (is_digit[ends - 1] & is_digit[ends - 2])
    minus = padded[ends - length] == ord("-")
    good = (value <= 255) & ~(here & is_digit[ends - 3])  # noqa: PLR2004
    return np.where(minus, -value, value)[good].astype(np.uint8), used


DECODERS = (
    Decoder(name="bits", rank=64, probe=_bit_text, decode=reader(BITS), alternatives=True),
    Decoder(name="decimal", rank=64, probe=_decimal_text, decode=_numbers),
    Decoder(name="hex", rank=65, probe=hex_text, decode=reader(HEX), alternatives=True),
    Decoder(name="base32", rank=66, probe=_base32_text, decode=_codes(BASE32, BASE32HEX), alternatives=True),
    Decoder(name="base45", rank=67, probe=_base45_text, decode=reader(BASE45), alternatives=True),
    Decoder(name="base64", rank=68, probe=_base64_text, decode=reader(BASE64), alternatives=True),
    Decoder(name="base85", rank=69, probe=_base85_text, decode=_codes(BASE85, Z85, ASCII85), alternatives=True),
)
