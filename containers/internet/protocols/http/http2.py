"""HTTP/2 (RFC 9113) by h2, which holds the state and the header compression; answers by a service (`visit`), one receipt a stream.

The frames are cut here before h2 sees them: it holds back a frame until it is whole, and a client may die within one; and what it ignores
(padding, unknown frames, pings, frames for streams that are over) can carry anything. All of that is kept, as `http2-extras`.

Answers go out as the client's windows and the line allow: one generator gives the line its next bytes when it asks for them.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset, TrailersReceived
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings
from hyperframe.exceptions import HyperframeError

from honeyweights.containers.internet.protocols.http.exchange import Head, Reply, Upgrade, without_port
from honeyweights.containers.internet.protocols.http.fields import NO_BODY, answered, joined
from honeyweights.containers.internet.protocols.http.visit import Visit
from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import Data, House, Line, Talker

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME = 9
"""Bytes of a frame's header: length (3), type, flags, stream (4)."""
DATA, HEADERS, PRIORITY, RESET, SETTINGS, GOAWAY, WINDOW, CONTINUATION = 0, 1, 2, 3, 4, 7, 8, 9
END_HEADERS, PADDED = 0x4, 0x8
USUAL = {PRIORITY: 5, RESET: 4, SETTINGS: 60, GOAWAY: 8, WINDOW: 4}
"""Bytes of a control frame that nobody wonders at; DATA, HEADERS and CONTINUATION are looked at one by one."""
WINDOW_SIZE = 1 << 17
"""Bytes that a client may send before we have said that we took the last. No more than a socket holds: where it would have to wait for the
socket, the curl of Debian 12 (7.88) sends a block of 64 KiB twice, and a `git push` breaks."""
BLOCKS = 8
"""Blocks of answers in memory that wait for a window: a client that asks for much and reads nothing costs no more."""
LONGEST_HEAD = 1 << 20
OURS = {
    SettingCodes.MAX_CONCURRENT_STREAMS: 100,
    SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_SIZE,
    SettingCodes.MAX_HEADER_LIST_SIZE: LONGEST_HEAD,
}
NOT_OURS = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"})
"""Fields that this version does not have (RFC 9113, 8.2.2)."""


class NotHttp2(ValueError):  # noqa: N818  # a finding, not a fault
    """The client's settings cannot be read."""


@dataclass
class _Outgoing:
    """The body of an answer that is not all sent yet."""

    blocks: Iterator[bytes]
    left: int
    """Bytes of it: its last frame ends the stream, since a client whose window is full then may never open it again."""
    rest: bytes = b""


class Http2(Talker):
    """The server's end of one connection: many requests at once."""

    def __init__(self, line: Line, house: House, settings: bytes | None = None) -> None:
        """`settings`: what `HTTP2-Settings` said, where the connection began as HTTP/1.1 (RFC 7540, 3.2).

        Raises:
            NotHttp2: where it said nothing of the kind.
        """
        self._line = line
        self._house = house
        self._about = About(channel="https" if line.secure else "http", protocol="http2-extras", claimed=line.claimed)
        self._h2 = H2Connection(H2Configuration(client_side=False))
        self._h2.decoder.max_header_list_size = LONGEST_HEAD
        self._h2.local_settings = Settings(client=False, initial_values=OURS)
        try:
            if settings is None:
                self._h2.initiate_connection()
            else:
                self._h2.initiate_upgrade_connection(settings + b"=" * (-len(settings) % 4))
        except (H2Error, HyperframeError, ValueError) as error:
            raise NotHttp2("these are no settings") from error
        self._h2.increment_flow_control_window(WINDOW_SIZE)
        self._begun = self._gone = self._pumping = False
        self._held = bytearray()
        self._at = self._noted = 0
        self._block = bytearray()
        self._visits: dict[int, Visit] = {}
        self._answers: deque[tuple[int, _Outgoing]] = deque()
        self._extras: Transfer | None = None

    def received(self, data: Data) -> None:
        """Cuts frames."""
        self._held += data
        while not self._gone and (size := self._frame()):
            self._feed(bytes(self._held[self._at : self._at + size]))
            self._at += size
        if self._gone:
            return
        del self._held[: self._at]
        self._noted = max(0, self._noted - self._at)
        self._at = 0
        self._pump()

    def ended(self) -> None:
        """What still comes out goes out."""
        self._stop()
        self._line.shut()

    def broken(self) -> None:
        """The connection is gone."""
        self._stop()

    def flush(self) -> None:
        """Puts down the part of a frame that is here; of the rest each stream has its transfer."""
        held = bytes(self._held[self._noted :])
        if not self._noted and len(held) > FRAME and held[3] == DATA and not held[4] & PADDED and _stream(held) in self._visits:
            self._visits[_stream(held)].write(held[FRAME:])
        else:
            self._extra(held)
        self._noted = len(self._held)
        self._extra(bytes(self._block))
        self._block.clear()
        for visit in self._visits.values():
            visit.flush()

    def say(self, stream: int, answer: Reply | Upgrade, method: str) -> None:
        """Begins the answer on a stream. What the client has no ears for any more is not said."""
        if isinstance(answer, Upgrade):
            answer = Reply(501)
        length = answer.length or len(answer.body)
        fields = [(name.lower(), value) for name, value in answered(answer) if name.lower() not in NOT_OURS]
        if answer.status not in NO_BODY:
            fields.append(("content-length", str(length)))
        bare = method == "HEAD" or not length or answer.status in NO_BODY
        try:
            self._h2.send_headers(stream, [(":status", str(answer.status)), *fields], end_stream=bare)
        except H2Error:
            return
        if not bare:
            blocks = iter([answer.body]) if answer.blocks is None else filter(None, answer.blocks)  # an empty block is not the end
            self._answers.append((stream, _Outgoing(blocks, length)))
        self._pump()

    def _frame(self) -> int:
        """The size of the next frame, 0 while it is not whole. h2 would wait for one that is too long."""
        at, there = self._at, len(self._held) - self._at
        if not self._begun:
            return len(PREFACE) if there >= len(PREFACE) else 0
        if there < FRAME:
            return 0
        length = int.from_bytes(self._held[at : at + 3], "big")
        if length > self._h2.max_inbound_frame_size:
            self._h2.close_connection(ErrorCodes.FRAME_SIZE_ERROR)
            self._refuse()
            return 0
        return FRAME + length if there >= FRAME + length else 0

    def _feed(self, frame: bytes) -> None:
        begun, self._begun = self._begun, True
        if begun:
            self._look(frame)
        try:
            events = self._h2.receive_data(frame)
        except (H2Error, HyperframeError):
            self._refuse()
            return
        if begun and frame[3] in {HEADERS, CONTINUATION}:
            self._block += frame
            if frame[4] & END_HEADERS:
                self._block.clear()
        for event in events:
            self._heard(event)

    def _look(self, frame: bytes) -> None:
        """Keeps what h2 will not tell of."""
        kind, flags, body = frame[3], frame[4], frame[FRAME:]
        if kind in {DATA, HEADERS}:
            padding = body[len(body) - body[0] :] if flags & PADDED and body and body[0] else b""
            if padding.strip(b"\0"):
                self._extra(padding)
            if kind == DATA and _stream(frame) not in self._visits:
                self._extra(body)
        elif kind != CONTINUATION and len(body) > USUAL.get(kind, 0):
            self._extra(body)

    def _heard(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            self._open(event)
        elif isinstance(event, DataReceived):
            visit = self._visits.get(event.stream_id or 0)
            if visit is not None and event.data:
                visit.write(event.data)
            self._h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
        elif isinstance(event, TrailersReceived):
            self._extra(b"".join(bytes(name) + b": " + bytes(value) + b"\r\n" for name, value in event.headers or ()))
        elif isinstance(event, StreamEnded):
            visit = self._visits.pop(event.stream_id or 0, None)
            if visit is not None:
                self.say(event.stream_id or 0, visit.finish(), visit.head.method)
        elif isinstance(event, StreamReset):
            visit = self._visits.pop(event.stream_id or 0, None)
            if visit is not None:
                visit.break_off()

    def _open(self, event: RequestReceived) -> None:
        stream, pairs = event.stream_id or 0, [(bytes(name), bytes(value)) for name, value in event.headers or ()]
        fields = joined(pairs)
        remote, host = self._line.remote, fields.get(":authority") or fields.get("host") or self._line.claimed or ""
        method = fields.get(":method", "GET")
        head = Head(
            method=method,
            target=host if method == "CONNECT" else fields.get(":path", "/"),
            host=without_port(host),
            headers={name: value for name, value in fields.items() if not name.startswith(":")},
            remote=remote,
            secure=self._line.secure,
            version="2",
            site=self._line.claimed or remote.host or remote.address,
        )
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in pairs if not name.startswith(b":"))
        raw = f"{method} {head.target} HTTP/2\r\nhost: {host}\r\n".encode("latin-1") + lines + b"\r\n"
        self._visits[stream] = Visit(head, raw, host, self._house)
        if method == "CONNECT":
            self.say(stream, Reply(405), method)
        elif head.header("expect").lower() == "100-continue":
            self._h2.send_headers(stream, [(":status", "100")])

    def _pump(self) -> None:
        if self._pumping:
            return
        if self._visits and not self._answers:
            self._line.prompt(iter((self._h2.data_to_send(),)))  # windows, above all: an upload does not wait for a far place's answer
        else:
            self._pumping = True
            self._line.stream(self._speech())

    def _speech(self) -> Iterator[bytes]:
        """All that can be said now, frame by frame; begun anew when a window opens or a request comes."""
        while True:
            if data := self._h2.data_to_send():
                yield data
            elif not any(self._say_some() for _ in range(len(self._answers))):
                break
        self._pumping = False

    def _say_some(self) -> bool:
        """A frame of the answer whose turn it is; gives whether there was one to send."""
        stream, answer = self._answers.popleft()
        try:
            window = min(self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size)
            ready = window > 0 and (answer.rest or sum(bool(other.rest) for _, other in self._answers) < BLOCKS)
            if ready and not answer.rest:
                answer.rest = next(answer.blocks, b"")
                if not answer.rest:
                    self._h2.end_stream(stream)
                    return True
            if ready:
                piece, answer.rest = answer.rest[:window], answer.rest[window:]
                answer.left -= len(piece)
                self._h2.send_data(stream, piece, end_stream=not answer.left)
                if not answer.left:
                    return True
        except H2Error:
            return True  # the client has closed the stream: nobody listens to it
        self._answers.append((stream, answer))
        return bool(ready)

    def _extra(self, payload: bytes) -> None:
        if payload:
            self._extras = self._extras or self._house.ledger.open(self._line.remote, self._about)
            self._extras.write(payload)

    def _refuse(self) -> None:
        """What is no HTTP/2 is kept, with all that follows."""
        rest = bytes(self._held[self._at :])
        self._held.clear()
        self._stop()
        self._pump()
        raw = Raw(self._line, self._house, self._about._replace(protocol="http-malformed"), tail=True)
        self._line.turn(raw)
        self._line.shut()
        raw.received(rest)

    def _stop(self) -> None:
        self._gone = True
        self.flush()
        for visit in self._visits.values():
            visit.break_off()
        self._visits.clear()
        if self._extras is not None:
            self._extras.close(finished=False)
            self._extras = None


def _stream(frame: bytes) -> int:
    return int.from_bytes(frame[5:9], "big") & 0x7FFFFFFF
