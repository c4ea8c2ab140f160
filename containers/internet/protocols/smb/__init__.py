"""SMB 2: a Windows share, or Samba's."""

from honeyweights.containers.internet.rules import HELD, Rule

PORTS = frozenset({139, 445})
MAGIC = (b"\xfeSMB", b"\xffSMB")


def message(first: bytes) -> bool | None:
    """A NetBIOS session message with SMB in it, or the request for a session (RFC 1002, 4.3)."""
    if len(first) < 8:  # noqa: PLR2004  # length and magic
        return None if first[:1] in {b"", b"\0", b"\x81"} and len(first) < HELD else False
    return first[0] == 0x81 or (first[:1] == b"\0" and first[4:8] in MAGIC)  # noqa: PLR2004  # a session is asked for


RULES = (Rule("smb", message, "smb.server:Smb", ports=PORTS),)
