"""DNS over UDP and TCP."""

from honeyweights.containers.internet.rules import Datagram, Rule


def question(first: bytes) -> bool | None:
    """A length, then the header of a question: QR 0 and one question (RFC 1035, 4.2.2)."""
    if len(first) < 8:  # noqa: PLR2004  # length, id, flags, number of questions
        return None
    return int.from_bytes(first[:2], "big") > 16 and not first[4] & 0x80 and first[6:8] == b"\0\1"  # noqa: PLR2004  # header and shortest question


RULES = (Rule("dns", question, "dns.server:DnsOverTcp", ports=frozenset({53, 853})),)
DATAGRAMS = (Datagram("dns", 53, "dns.server:datagram"),)
