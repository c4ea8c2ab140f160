"""WebSocket (RFC 6455) by wsproto, behind the upgrade: all messages of a connection are one receipt, unmasked, in the order they came.

wsproto holds back a frame's head and a whole control frame until the rest is here. A client may die within one: so the last bytes of what
came are told to it one by one, and those that gave nothing yet are known, and kept when the connection ends.
"""

import json
from collections.abc import Mapping

from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Event, Message, Ping, Pong, TextMessage
from wsproto.utilities import LocalProtocolError

from honeyweights.containers.internet.protocols.raw import Raw, leave
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import Data, House, Line, Talker

HELD = 150
"""Bytes that wsproto may hold back: the longest head and the longest control frame."""
STEP = 1 << 14
"""Bytes that it is told at once: thousands of messages, each of which is answered."""
LONGEST_READ = 1 << 16
"""Bytes of a message that are looked at for what it wants to hear."""
ANSWERS: Mapping[str, str] = {"connection_init": "connection_ack", "ping": "pong", "subscribe": "subscribed", "auth": "auth_ok"}
"""Type of a JSON message -> type of the answer; everything else is acknowledged."""


class WebSocket(Talker):
    """The server's end of one connection."""

    def __init__(self, line: Line, house: House, about: About) -> None:
        """`about` is the receipt's: the upgrade's, as a message."""
        self._line = line
        self._house = house
        self._about = about
        self._ws = Connection(ConnectionType.SERVER)
        self._since = bytearray()
        self._transfer: Transfer | None = None
        self._extras: Transfer | None = None
        self._messages = 0
        self._size = 0
        self._start = bytearray()

    def received(self, data: Data) -> None:
        """Tells wsproto, the end of it byte by byte."""
        whole = bytes(data)
        cut = max(0, len(whole) - HELD)
        at = 0
        while at < len(whole):
            if at < cut and self._line.full:
                self._line.hold(whole[at:])
                return
            step = whole[at : min(at + STEP, cut)] if at < cut else whole[at : at + 1]
            at += len(step)
            self._since += step
            if not self._tell(step):
                self._over(bytes(self._since) + whole[at:])
                return

    def ended(self) -> None:
        """Nobody says goodbye by closing alone."""
        self._stop(finished=False)
        self._line.shut()

    def broken(self) -> None:
        """The connection is gone."""
        self._stop(finished=False)

    def flush(self) -> None:
        """Puts down what wsproto holds; it holds it still, and may make sense of it later."""
        if self._since:
            self._extra(bytes(self._since))
            self._since.clear()

    def _tell(self, data: bytes) -> bool:
        """Gives whether the conversation goes on."""
        self._ws.receive_data(data)
        going = True
        for event in self._ws.events():
            self._since.clear()
            going = self._heard(event)
        return going

    def _heard(self, event: Event) -> bool:
        if isinstance(event, (BytesMessage, TextMessage)):
            payload = event.data if isinstance(event, BytesMessage) else event.data.encode()
            self._message(bytes(payload), finished=event.message_finished)
        elif isinstance(event, (Ping, Pong)):
            self._extra(bytes(event.payload))
            if isinstance(event, Ping):
                self._line.send(self._ws.send(event.response()))
        elif isinstance(event, CloseConnection):
            self._extra((event.reason or "").encode("utf-8", "surrogateescape"))
            try:
                self._line.send(self._ws.send(event.response()))
            except LocalProtocolError:  # it was no close but a broken frame
                self._line.send(self._ws.send(CloseConnection(code=event.code)))
            return False
        return True

    def _message(self, payload: bytes, *, finished: bool) -> None:
        self._transfer = self._transfer or self._house.ledger.open(self._line.remote, self._about)
        self._transfer.write(payload)
        self._size += len(payload)
        if len(self._start) < LONGEST_READ:
            self._start += payload
        if finished:
            self._messages += 1
            self._line.send(self._ws.send(Message(data=self._acknowledged())))
            self._size = 0
            self._start.clear()

    def _acknowledged(self) -> str:
        try:
            said = json.loads(self._start)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            return json.dumps({"type": "ack", "seq": self._messages, "size": self._size})
        answer = {"type": ANSWERS.get(str(said.get("type")), "ack"), "status": "ok"}
        return json.dumps(answer | {key: said[key] for key in ("id", "seq") if isinstance(said.get(key), (int, str))})

    def _extra(self, payload: bytes) -> None:
        if payload:
            self._extras = self._extras or self._house.ledger.open(self._line.remote, self._about._replace(protocol="websocket-extras"))
            self._extras.write(payload)

    def _over(self, rest: bytes) -> None:
        """A goodbye, or nonsense: what follows is kept as it comes."""
        self._since.clear()
        self._stop(finished=True)
        leave(self._line, self._house)
        if rest:
            raw = Raw(self._line, self._house, tail=True)
            self._line.turn(raw)
            raw.received(rest)

    def _stop(self, *, finished: bool) -> None:
        self.flush()
        for transfer in (self._transfer, self._extras):
            if transfer is not None:
                transfer.close(finished=finished)
        self._transfer = self._extras = None
