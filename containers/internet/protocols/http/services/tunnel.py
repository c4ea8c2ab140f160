"""A proxy's CONNECT (RFC 9110, 9.3.6): what goes through is named by what is inside, and is bound to the host that was asked for."""

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service, Upgrade, port_of, without_port
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House, Line, Talker

PROBLEMS = {
    "refused": (503, "ERR_CONNECT_FAIL 111", "(111) Connection refused"),
    "dropped": (504, "ERR_CONNECT_FAIL 110", "(110) Connection timed out"),
}
"""How a place is closed -> status, squid's own field, words."""


def serve(head: Head, house: House) -> Answering:
    """Any proxy lets anybody through. Within HTTP/2 a tunnel is a stream, a line of its own."""
    asked = without_port(head.target)
    remote = head.remote.onwards(house.names, asked, port_of(head.target, head.remote.port))

    def inside(line: Line) -> Talker:
        line.claimed, line.remote = asked, remote
        return sniff.first(line, house)

    def answer(_capture: Capture) -> Reply | Upgrade:
        how = house.closes(remote)
        return Upgrade(200, (), inside) if how is None else unreachable(how)

    return Answering(answer)


def relay(head: Head, house: House) -> Answering:
    """A proxy that is asked by an absolute URL for a place which is closed."""
    return Answering(lambda _capture: unreachable(house.closes(head.remote) or "refused"))


def unreachable(how: str) -> Reply:
    """What a proxy says of a place that it cannot reach."""
    status, field, words = PROBLEMS[how]
    page = f"<html><head><title>ERROR: The requested URL could not be retrieved</title></head><body><p>{words}</p></body></html>\n"
    return Reply(status, body=page.encode("ascii"), extra=(("Server", "squid/5.7"), ("X-Squid-Error", field)))


SERVICES = (
    Service("tunnel", lambda head, _house: head.method == "CONNECT", "http.services.tunnel:serve", rank=0),
    Service(
        "unreachable",
        lambda head, house: "://" in head.target and (head.remote.address, head.remote.port) in house.closed,
        "http.services.tunnel:relay",
        rank=0,
    ),
)
