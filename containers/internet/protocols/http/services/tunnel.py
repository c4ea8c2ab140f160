"""A proxy's CONNECT (RFC 9110, 9.3.6): what goes through is named by what is inside, and is bound to the host that was asked for."""

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service, Upgrade, port_of, without_port
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House, Line, Talker


def serve(head: Head, house: House) -> Answering:
    """Any proxy lets anybody through. Within HTTP/2 a tunnel is a stream of its own, which clients here do not ask for."""

    def inside(line: Line) -> Talker:
        line.claimed = without_port(head.target)
        line.remote = line.remote.onwards(house.names, line.claimed, port_of(head.target, line.remote.port))
        return sniff.first(line, house)

    def answer(_capture: Capture) -> Reply | Upgrade:
        return Reply(405) if head.version == "2" else Upgrade(200, (), inside)

    return Answering(answer)


SERVICES = (Service("tunnel", lambda head, _house: head.method == "CONNECT", "http.services.tunnel:serve", rank=0),)
