"""HTTP/2 (RFC 9113) by h2, which holds the state and the header compression; answers by a service (`visit`), one receipt a stream.

The frames are cut here before h2 sees them: it holds back a frame until it is whole, and a client may die within one; and what it ignores
(padding, unknown frames, pings, frames for streams that are over) can carry anything. All of that is kept, as `http2-extras`.

Answers go out as the client's windows and the line allow (`streams`): one generator gives the line its next bytes when it asks for them.
"""

from collections import deque
from collections.abc import Iterator

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset, TrailersReceived
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings
from hyperframe.exceptions import HyperframeError

from honeyweights.containers.internet.protocols.http.exchange import Reply, Upgrade
from honeyweights.containers.internet.protocols.http.fields import NO_BODY, asked2, fields2
from honeyweights.containers.internet.protocols.http.streams import MOST_UNSAID, Answer, Answers, Tunnels
from honeyweights.containers.internet.protocols.http.uploads import DATA, FRAME, Uploads, unmeasured
from honeyweights.containers.internet.protocols.http.visit import Visit
from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import Data, House, Line, Talker

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, PRIORITY, RESET, SETTINGS, GOAWAY, WINDOW, CONTINUATION = 1, 2, 3, 4, 7, 8, 9
END_HEADERS, PADDED = 0x4, 0x8
USUAL = {PRIORITY: 5, RESET: 4, SETTINGS: 60, GOAWAY: 8, WINDOW: 4}
"""Bytes of a control frame that nobody wonders at; DATA, HEADERS and CONTINUATION are looked at one by one."""
WINDOW_SIZE = 1 << 17
"""Bytes that a client may send before we have said that we took the last. No more than a socket holds: where it would have to wait for the
socket, the curl of Debian 12 (7.88) sends a block of 64 KiB twice, and a `git push` breaks."""
LONGEST_HEAD = 1 << 20
OURS = {
    SettingCodes.MAX_CONCURRENT_STREAMS: 100,
    SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_SIZE,
    SettingCodes.MAX_HEADER_LIST_SIZE: LONGEST_HEAD,
}


class NotHttp2(ValueError):  # noqa: N818  # a finding, not a fault
    """The client's settings cannot be read."""


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
        self._block, self._share = bytearray(), house.room.share()
        self._visits: dict[int, Visit] = {}
        self._uploads = Uploads(self._visits)
        self._asked: deque[tuple[int, Visit]] = deque()
        """Requests that are whole, and wait for their answers to be made."""
        self._answers = Answers(self._h2)
        self._tunnels = Tunnels(line, house, self._h2, self._answers, self._pump)
        self._extras: Transfer | None = None

    @property
    def unsaid(self) -> int:
        """Answers that wait for the client's windows."""
        return self._answers.unsaid + self._tunnels.unsaid

    def received(self, data: Data) -> None:
        """Cuts frames."""
        self._held += data
        self._tunnels.again()
        while not self._gone and (size := self._frame()):
            if self._block or not self._begun or not self._uploads.takes(self._held, self._at, size):
                if self._line.full:
                    self._line.hold(b"")
                    break
                self._uploads.put()
                self._feed(bytes(self._held[self._at : self._at + size]))
            self._at += size
        if self._gone:
            return
        self._uploads.put()
        del self._held[: self._at]
        self._noted = max(0, self._noted - self._at)
        self._at = 0
        self._pump()
        if self._tunnels.stuck:
            self._line.hold(b"")

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
        self._tunnels.put_down()
        while self._asked:
            self._asked.popleft()[1].finish()

    def say(self, stream: int, answer: Reply | Upgrade, method: str) -> None:
        """Begins the answer on a stream. What the client has no ears for any more is not said."""
        if isinstance(answer, Upgrade):
            if method == "CONNECT":
                self._tunnels.open(stream, answer)
                return
            answer = Reply(501)
        length, fields = fields2(answer)
        bare = method == "HEAD" or not length or answer.status in NO_BODY
        try:
            self._h2.send_headers(stream, fields, end_stream=bare)
        except H2Error:
            return
        if not bare:
            blocks = iter([answer.body]) if answer.blocks is None else filter(None, answer.blocks)  # an empty block is not the end
            self._answers.add(stream, Answer(blocks=blocks, left=length, held=len(answer.body), trailers=answer.trailers))
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
            if not self._share.holds(2 * len(self._block)):
                self._refuse()
                return
        for event in events:
            self._heard(event)

    def _look(self, frame: bytes) -> None:
        """Keeps what h2 will not tell of."""
        kind, flags, body = frame[3], frame[4], frame[FRAME:]
        if kind in {DATA, HEADERS}:
            padding = body[len(body) - body[0] :] if flags & PADDED and body and body[0] else b""
            if padding.strip(b"\0"):
                self._extra(padding)
            if kind == DATA and _stream(frame) not in self._visits and _stream(frame) not in self._tunnels:
                self._extra(body)
        elif kind != CONTINUATION and len(body) > USUAL.get(kind, 0):
            self._extra(body)

    def _heard(self, event: Event) -> None:
        stream = getattr(event, "stream_id", None) or 0
        if isinstance(event, RequestReceived):
            self._open(event)
        elif isinstance(event, DataReceived):
            if stream in self._tunnels:
                self._tunnels.came(stream, event.data or b"", event.flow_controlled_length or 0)
                return
            visit = self._visits.get(stream)
            if visit is not None and event.data:
                visit.write(event.data)
            self._h2.acknowledge_received_data(event.flow_controlled_length or 0, stream)
        elif isinstance(event, TrailersReceived):
            self._extra(b"".join(bytes(name) + b": " + bytes(value) + b"\r\n" for name, value in event.headers or ()))
        elif isinstance(event, StreamEnded):
            self._whole(stream)
        elif isinstance(event, StreamReset):
            self._broken(stream)

    def _whole(self, stream: int) -> None:
        """The client has said all that it will say on a stream."""
        if stream in self._tunnels:
            self._tunnels.ended(stream)
        elif stream in self._visits:
            self._asked.append((stream, self._visits.pop(stream)))
            self._answer_some()

    def _broken(self, stream: int) -> None:
        if stream in self._visits:
            self._visits.pop(stream).break_off()
        elif stream in self._tunnels:
            self._tunnels.broken(stream)

    def _answer_some(self) -> bool:
        """Makes answers, but no more than have room; gives whether any."""
        before = len(self._asked)
        while self._asked and self._answers.unsaid <= MOST_UNSAID:
            stream, visit = self._asked.popleft()
            self.say(stream, visit.finish(), visit.head.method)
        return len(self._asked) < before

    def _open(self, event: RequestReceived) -> None:
        stream = event.stream_id or 0
        head, raw, claimed = asked2([(bytes(name), bytes(value)) for name, value in event.headers or ()], self._line)
        visit = Visit(head, raw, claimed, self._house)
        if head.method == "CONNECT":
            self.say(stream, visit.finish(), head.method)
            return
        self._visits[stream] = visit
        unmeasured(self._h2, stream)
        if head.header("expect").lower() == "100-continue":
            self._h2.send_headers(stream, [(":status", "100")])

    def _pump(self) -> None:
        if self._pumping:
            return
        if (self._visits or self._tunnels) and not self._answers.ready:
            self._line.prompt(iter((self._uploads.said(self._h2),)))  # windows, above all: an upload does not wait for a far place's answer
        else:
            self._pumping = True
            self._line.stream(self._speech())

    def _speech(self) -> Iterator[bytes]:
        """All that can be said now, frame by frame; begun anew when a window opens or a request comes."""
        while True:
            if data := self._uploads.said(self._h2):
                yield data
            elif not self._answers.say_some() and not self._answer_some():
                break
        self._pumping = False

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
        for stream in list(self._visits):
            self._broken(stream)
        self._tunnels.stop()
        if self._extras is not None:
            self._extras.close(finished=False)
            self._extras = None


def _stream(frame: bytes) -> int:
    return int.from_bytes(frame[5:9], "big") & 0x7FFFFFFF
