"""Makes an adversary's bytes fit to stand in a record: bounded, printable, never ambiguous. Nothing here interprets them."""

LIMIT = 1024
"""Longest text of a record, in characters."""


def plain(raw: bytes | str, limit: int = LIMIT) -> str:
    r"""`raw` as printable text: a backslash doubled, control characters and invalid UTF-8 as `\xNN`, cut to `limit` characters."""
    data = raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else bytes(raw)
    shown = []
    for character in data[: 4 * limit].decode("utf-8", "surrogateescape"):
        if character == "\\":
            shown.append("\\\\")
        elif "\udc80" <= character <= "\udcff":
            shown.append(f"\\x{ord(character) - 0xDC00:02x}")
        elif character.isprintable():
            shown.append(character)
        else:
            shown.extend(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    return "".join(shown)[:limit]
