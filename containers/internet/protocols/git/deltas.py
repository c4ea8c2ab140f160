"""Objects that a pack holds as a difference to another."""


class Unreadable(ValueError):  # noqa: N818  # what is found out here
    """Not a pack, or not one that is worth it."""


LARGEST_MADE = 1 << 24
"""Bytes of an object that is made from differences; a larger one stays unnamed."""


def made(base: bytes, delta: bytes | bytearray) -> bytes:
    """The object that a difference makes of its base (gitformat-pack, "Deltified representation").

    Raises:
        Unreadable: where it makes none, or one that is too large.
        IndexError: where it ends early.
    """
    _, at = _number(delta, 0)
    size, at = _number(delta, at)
    if size > LARGEST_MADE:
        raise Unreadable("an object too large to be made")
    out = bytearray()
    while at < len(delta):
        command = delta[at]
        at += 1
        if not command & 128:
            out += delta[at : at + command]
            at += command
        else:
            numbers = []
            for bits in (range(4), range(4, 7)):
                number = 0
                for place, bit in enumerate(bits):
                    if command >> bit & 1:
                        number |= delta[at] << 8 * place
                        at += 1
                numbers.append(number)
            start, length = numbers[0], numbers[1] or 0x10000
            out += base[start : start + length]
        if len(out) > size or not command:
            raise Unreadable("a difference that makes something else")
    if len(out) != size:
        raise Unreadable("a difference that makes something else")
    return bytes(out)


def _number(data: bytes | bytearray, at: int) -> tuple[int, int]:
    found = shift = 0
    while True:
        byte = data[at]
        at += 1
        found |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return found, at
