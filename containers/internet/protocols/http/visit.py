"""One request on its way through a server: finds its service, opens its receipt, keeps its body, fetches its answer. Knows no framing.

The payload is the body; of a request without one, the target when it carries a query or is unusually long. The head is kept too, under the
receipt's `head`; one of unusual size is a payload as well.
"""

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols.http import fronts, services
from honeyweights.containers.internet.protocols.http.exchange import Exchange, Head, Reply, Upgrade
from honeyweights.containers.internet.protocols.http.fields import noted
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import Data, House

USUAL_HEAD = 4096
"""Bytes of a head that nobody wonders at; more is counted as payload."""
USUAL_TARGET = 256
"""Characters of a target without a query that nobody wonders at."""


class Visit:
    """Open until it is finished or broken off."""

    def __init__(self, head: Head, raw: bytes | bytearray, claimed: str, house: House) -> None:
        """`raw` is the head as it came, or as it would look."""
        service = services.find(head, house)
        plain = "https" if head.secure else "http"
        channel = service.channel or plain
        about = About(
            channel=channel,
            protocol=service.protocol or channel,
            method=head.method,
            target=head.target,
            claimed=claimed or None,
            head=house.ledger.keep(raw),
            headers=noted(head.headers),
        )
        if len(raw) > USUAL_HEAD:
            house.ledger.whole(head.remote, about._replace(protocol="http-head"), raw)
        self.head = head
        self._house = house
        self._about = about
        self._exchange: Exchange = sniff.load(service.serve)(head, house)
        self._transfer = house.ledger.open(head.remote, about)
        self._asides: dict[str, Transfer] = {}

    def write(self, data: Data) -> None:
        """The next bytes of the body."""
        decoder = self._exchange.decoder
        self._transfer.write(data if decoder is None else decoder.feed(bytes(data)))

    def extras(self, protocol: str, payload: bytes | bytearray) -> None:
        """What came beside the body and is unusual: a receipt of its own for all of it."""
        if payload:
            if protocol not in self._asides:
                self._asides[protocol] = self._house.ledger.open(self.head.remote, self._about._replace(protocol=protocol))
            self._asides[protocol].write(payload)

    def flush(self) -> None:
        """Puts down what is held back; what still comes is taken as it comes."""
        self._drain(finished=False)

    def finish(self) -> Reply | Upgrade:
        """The body is whole."""
        self._drain(finished=True)
        head, transfer = self.head, self._transfer
        if transfer.capture.sent or not ("?" in head.target or len(head.target) > USUAL_TARGET):
            return self._answer(transfer.close(finished=True))
        transfer.write(head.target.encode("utf-8", "surrogateescape"))
        transfer.close(finished=True)
        nothing = self._house.ledger.spool.open()
        nothing.close()
        return self._answer(nothing)

    def _answer(self, capture: Capture) -> Reply | Upgrade:
        answer = self._exchange.answer(capture)
        return fronts.dressed(answer, self.head, self._house) if isinstance(answer, Reply) else answer

    def break_off(self) -> None:
        """The rest of the body will never come."""
        self._drain(finished=False)
        self._transfer.close(finished=False)

    def _drain(self, *, finished: bool) -> None:
        decoder = self._exchange.decoder
        if decoder is not None:
            if rest := decoder.end():
                self._transfer.write(rest)
            self.extras("http-coding-extras", decoder.extras)
        for aside in self._asides.values():
            aside.close(finished=finished)
        self._asides.clear()
