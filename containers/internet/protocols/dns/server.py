"""DNS over UDP and TCP: one server that knows every name (`names`), answers what it has and says NODATA properly to the rest.

Whoever owns a suffix sees each question below it, so the questions are payload: joined, a line each, into one receipt for each registered
suffix. Whatever a packet carries beside its question (odd options, further sections) is kept as `dns-extra`; what is no question at all
stays raw.
"""

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from dnslib import AAAA, CLASS, EDNS0, MX, NS, PTR, QTYPE, RCODE, RR, SOA, TXT, A, DNSBuffer, DNSError, DNSHeader, DNSQuestion, DNSRecord
from dnslib.buffer import BufferError as ShortBuffer

from honeyweights.containers.internet.names import Names, registered
from honeyweights.containers.internet.protocols.dns import quick
from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import Data, House, Line, Remote, Talker

HEADER = 12
USUAL_OPTIONS = 96
"""Bytes of an EDNS record that nobody wonders at: a cookie, a client subnet (RFC 7873, 7871)."""
SHORT = 512
"""Bytes of an answer that every client takes by UDP (RFC 1035, 4.2.1)."""
TTL = 300
ROOT = ""
_BROKEN = (DNSError, ShortBuffer, struct.error, UnicodeError, ValueError, IndexError)


class NotDns(ValueError):  # noqa: N818  # a finding, not a fault
    """These bytes are no question."""


class Question(NamedTuple):
    """One parsed query."""

    header: DNSHeader
    asked: DNSQuestion
    name: str
    """As it was spelled, without the last dot: the spelling can carry a message too."""
    edns: bool
    extra: bytes
    """What the packet carried beside question and usual options."""


def parse(packet: bytes) -> Question:
    """Reads a query.

    Raises:
        NotDns: for a response, a broken packet, or anything but exactly one question.
    """
    try:
        buffer = DNSBuffer(packet)
        header = DNSHeader.parse(buffer)
        if header.qr or header.q != 1:
            raise NotDns("no single question")
        asked = DNSQuestion.parse(buffer)
        name = str(asked.qname).rstrip(".")
    except _BROKEN as error:
        raise NotDns("no question") from error
    rest = packet[buffer.offset :]
    edns = rest[:3] == b"\0\0\x29"
    usual = edns and header.a == header.auth == 0 and len(rest) <= USUAL_OPTIONS
    return Question(header, asked, name, edns, b"" if usual or not rest else rest)


def reply(question: Question, names: Names) -> bytes:
    """The answer, with NODATA and NXDOMAIN proved by the zone's SOA (RFC 2308)."""
    header, asked, name = question.header, question.asked, question.name
    answer = DNSRecord(DNSHeader(id=header.id, bitmap=header.bitmap, qr=1, ra=1, aa=0, ad=0, rcode=0), q=asked)
    if header.opcode != 0:
        answer.header.rcode = RCODE.NOTIMP
    elif asked.qclass != CLASS.IN or asked.qtype in {QTYPE.AXFR, QTYPE.IXFR}:
        answer.header.rcode = RCODE.REFUSED
    else:
        found = list(_records(name, asked.qtype, names))
        for kind, data in found:
            answer.add_answer(RR(asked.qname, kind, rdata=data, ttl=TTL))
        if not found:
            exists = name == ROOT or names.exists(name)
            answer.header.rcode = RCODE.NOERROR if exists else RCODE.NXDOMAIN
            answer.add_auth(RR(registered(name) if exists else _top(name), QTYPE.SOA, rdata=_soa(registered(name)), ttl=TTL))
    if question.edns:
        answer.add_ar(EDNS0(udp_len=1232))
    return bytes(answer.pack())


def _records(name: str, kind: int, names: Names) -> Iterator[tuple[int, object]]:
    """The records that the world has of this name."""
    if kind == QTYPE.PTR:
        host = _reverse(name, names)
        if host is not None:
            yield QTYPE.PTR, PTR(host)
        return
    if name == ROOT or not names.exists(name):
        return
    if kind in {QTYPE.A, QTYPE.ANY} and (v4 := names.address(name, 4)):
        yield QTYPE.A, A(v4)
    if kind in {QTYPE.AAAA, QTYPE.ANY} and (v6 := names.address(name, 6)):
        yield QTYPE.AAAA, AAAA(v6)
    if kind == QTYPE.TXT and name.lower() == f"_dmarc.{registered(name)}":
        yield QTYPE.TXT, TXT("v=DMARC1; p=reject")
    if name.lower() == registered(name):
        for data in _APEX.get(kind, _nothing)(registered(name)):
            yield kind, data


def _soa(zone: str) -> SOA:
    zone = zone if "." in zone else "root-servers.net"
    return SOA(f"ns1.{zone}", f"hostmaster.{zone}", (2024061701, 7200, 3600, 1209600, TTL))


def _nothing(_zone: str) -> tuple[object, ...]:
    return ()


_APEX: dict[int, Callable[[str], tuple[object, ...]]] = {
    QTYPE.MX: lambda zone: (MX(f"mail.{zone}", 10),),
    QTYPE.TXT: lambda _zone: (TXT("v=spf1 mx -all"),),
    QTYPE.NS: lambda zone: (NS(f"ns1.{zone}"), NS(f"ns2.{zone}")),
    QTYPE.SOA: lambda zone: (_soa(zone),),
}
"""What a registered name has beside its addresses."""


def _top(name: str) -> str:
    return name.rpartition(".")[2] if "." in name else "."


def _reverse(name: str, names: Names) -> str | None:
    labels = name.lower().split(".")
    if labels[-2:] == ["in-addr", "arpa"]:
        return names.host(".".join(reversed(labels[:-2])))
    if labels[-2:] == ["ip6", "arpa"] and len(labels) == 34:  # noqa: PLR2004  # 32 nibbles and the suffix
        import ipaddress  # noqa: PLC0415  # rare

        try:
            return names.host(str(ipaddress.IPv6Address(int("".join(reversed(labels[:-2])), 16).to_bytes(16, "big"))))
        except ValueError:
            return None
    return None


def _note(remote: Remote, name: str, extra: bytes, house: House) -> None:
    """The question is payload for whoever owns the suffix: bytes and order as they came, a receipt for each suffix."""
    suffix = registered(name) or "."

    def begin(protocol: str) -> Transfer:
        return house.ledger.open(remote._replace(host=suffix), About(channel="dns", protocol=protocol, method="query", target=suffix))

    house.flows.write(("dns", suffix), name.encode("utf-8", "surrogateescape") + b"\n", lambda: begin("dns"))
    if extra:
        house.flows.write(("dns-extra", suffix), extra, lambda: begin("dns-extra"))


def answer(remote: Remote, data: bytes, house: House) -> tuple[bytes | None, bool]:
    """One message, of any length."""
    asked = quick.parse(data, USUAL_OPTIONS)
    if asked is not None:
        said = quick.reply(data, asked, house.names)
        if said is not None:
            _note(remote, asked.name, b"", house)
            return said, True
    try:
        question = parse(data)
    except NotDns:
        return None, False
    _note(remote, question.name, question.extra, house)
    return reply(question, house.names), True


def datagram(remote: Remote, data: bytes, house: House) -> tuple[bytes | None, bool]:
    """One message over UDP: an answer that is too long for the client is cut, and it asks again by TCP (RFC 2181, 9)."""
    said, taken = answer(remote, data, house)
    if said is not None and len(said) > SHORT and len(said) > _room(data):
        end = HEADER + said[HEADER:].index(0) + 5
        said = said[:2] + bytes([said[2] | 2, said[3]]) + b"\0\1\0\0\0\0\0\0" + said[HEADER:end]
    return said, taken


def _room(data: bytes) -> int:
    """Bytes of an answer that the client takes by UDP."""
    try:
        records = DNSRecord.parse(data).ar
    except _BROKEN:
        return SHORT
    return max([SHORT, *(int(record.rclass) for record in records if record.rtype == QTYPE.OPT)])


class DnsOverTcp(Talker):
    """Length-prefixed messages, one after another (RFC 1035, 4.2.2)."""

    def __init__(self, line: Line, house: House) -> None:
        self._line = line
        self._house = house
        self._held = bytearray()

    def received(self, data: Data) -> None:
        """Answers each whole message."""
        self._held += data
        while len(self._held) > 1:
            if self._line.full:
                self._line.hold(b"")
                return
            end = 2 + int.from_bytes(self._held[:2], "big")
            if len(self._held) < end:
                return
            message, _taken = answer(self._line.remote, bytes(self._held[2:end]), self._house)
            if message is None:
                self._raw()
                return
            del self._held[:end]
            self._line.send(len(message).to_bytes(2, "big") + message)

    def ended(self) -> None:
        """What is left is no message."""
        self.flush()
        self._line.shut()

    def flush(self) -> None:
        """As for `ended`, but the connection lives on."""
        if self._held:
            self._house.ledger.whole(self._line.remote, About(channel="tcp", protocol="raw-tcp"), self._held, finished=False)
            self._held.clear()

    def _raw(self) -> None:
        raw = Raw(self._line, self._house, tail=True)
        self._line.turn(raw)
        raw.received(bytes(self._held))
        self._held.clear()
