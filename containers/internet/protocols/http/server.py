"""HTTP/1.0 and 1.1: heads by h11, bodies straight into the spool (`body`), answers by a service (`visit`).

One receipt for each request. What is not HTTP is kept raw, after a 400.
"""

import re
from http import HTTPStatus

import h11

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols.http.body import Chunked, NotChunked, Sized
from honeyweights.containers.internet.protocols.http.exchange import Head, Reply, Upgrade, port_of, without_port
from honeyweights.containers.internet.protocols.http.fields import NO_BODY, SERVER, answered, authority_of, joined, reason
from honeyweights.containers.internet.protocols.http.visit import Visit
from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import Data, House, Line, Talker

LONGEST_HEAD = 1 << 20
MOST_EXTRAS = 1 << 16
"""Bytes beside a body that wait for its end: an adversary may send nothing else."""
STEP = 1 << 14
"""Bytes that are searched for the end of a head at a time: pipelined requests are not copied again and again."""
PORTS = {"https": 443, "ftp": 21}
"""Where absolute URLs lead that name no port, and are not 80."""
END_OF_HEAD = re.compile(rb"\n\r?\n")


class Http(Talker):
    """The server's end of one connection: request after request."""

    def __init__(self, line: Line, house: House) -> None:
        self._line = line
        self._house = house
        self._channel = "https" if line.secure else "http"
        self._head = bytearray()
        self._share = house.room.share()
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=2 * LONGEST_HEAD)
        self._visit: Visit | None = None
        self._body: Sized | Chunked = Sized(0)
        self._gone = False

    def received(self, data: Data) -> None:
        """Reads heads and bodies in turn until the bytes are used up, or the client has asked enough for now."""
        while len(data) and not self._gone:
            if self._visit is None and self._line.full:
                self._line.hold(data)
                return
            data = self._read_head(data) if self._visit is None else self._read_body(self._visit, data)

    def ended(self) -> None:
        """Between requests this is the usual end; within one it is not."""
        self._stop()
        self._line.shut()

    def broken(self) -> None:
        """The connection is gone."""
        self._stop()

    def flush(self) -> None:
        """Puts half a head down as what it is; half a body is in its transfer already."""
        if self._head and self._visit is None:
            self._whole("http-head", bytes(self._head), finished=False)
            self._head.clear()
        elif self._visit is not None:
            self._keep_extras(self._visit, self._body.held())
            self._visit.flush()

    def _stop(self) -> None:
        self.flush()
        if self._visit is not None:
            self._visit.break_off()
            self._visit = None
        self._gone = True

    def _read_head(self, data: Data) -> Data:
        before = len(self._head)
        piece = data[:STEP]
        self._head += piece
        start = len(self._head) - len(self._head.lstrip(b"\r\n"))
        end = END_OF_HEAD.search(self._head, max(start, before - 3))
        if end is None:
            if len(self._head) > LONGEST_HEAD or not self._share.holds(len(self._head)):
                self._refuse(431, bytes(data[STEP:]))
                return b""
            return data[STEP:]
        rest = data[end.end() - before :]
        del self._head[end.end() :]
        visit = self._parse(bytes(self._head[start:]), rest)
        self._head.clear()
        self._share.holds(0)
        if visit is None:
            return b""
        self._visit = visit
        return self._answer_if_done(visit, rest)

    def _parse(self, head: bytes, rest: Data) -> Visit | None:
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=2 * LONGEST_HEAD)
        try:
            self._connection.receive_data(head)
            event = self._connection.next_event()
        except h11.RemoteProtocolError as problem:
            self._refuse(problem.error_status_hint, bytes(rest))
            return None
        if not isinstance(event, h11.Request):
            self._refuse(400, bytes(rest))
            return None
        visit = self._begin(event)
        if self._connection.they_are_waiting_for_100_continue:
            self._line.send(self._connection.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")) or b"")
        return visit

    def _begin(self, event: h11.Request) -> Visit:
        fields = joined(event.headers)
        target = event.target.decode("ascii")
        asked = authority_of(target)
        claimed = asked or fields.get("host") or self._line.claimed or ""
        self._body = Chunked() if "transfer-encoding" in fields else Sized(int(fields.get("content-length", "0")))
        remote = self._line.remote
        if asked:
            remote = remote.onwards(self._house.names, without_port(asked), port_of(asked, PORTS.get(target.partition(":")[0].lower(), 80)))
        head = Head(
            method=event.method.decode("ascii"),
            target=target,
            host=without_port(claimed),
            headers=fields,
            remote=remote,
            secure=self._line.secure,
            version=event.http_version.decode("ascii"),
            site=without_port(asked) or self._line.claimed or remote.host or remote.address,
        )
        return Visit(head, self._head, claimed, self._house)

    def _read_body(self, visit: Visit, data: Data) -> Data:
        try:
            for piece in self._body.feed(data):
                visit.write(piece)
        except NotChunked:
            rest = bytes(self._body.rest)
            self._keep_extras(visit)
            visit.break_off()
            self._visit = None
            self._refuse(400, rest)
            return b""
        if len(self._body.extras) > MOST_EXTRAS:
            self._keep_extras(visit)
        return self._answer_if_done(visit, self._body.rest)

    def _answer_if_done(self, visit: Visit, rest: Data) -> Data:
        """Answers when the body is whole; `rest` is what came behind it."""
        if not self._body.done:
            return rest
        self._keep_extras(visit)
        self._visit = None
        answer = visit.finish()
        if isinstance(answer, Reply) and wants_http2(visit.head):
            answer = self._http2(answer, visit.head)
        if isinstance(answer, Upgrade):
            self._line.remote = visit.head.remote
            return self._turn(answer, rest)
        self._say(answer, visit.head.method)
        return self._next(rest)

    def _next(self, rest: Data) -> Data:
        if self._connection.our_state is not h11.MUST_CLOSE:
            return rest
        self._gone = True
        raw = Raw(self._line, self._house, tail=True)
        self._line.turn(raw)
        self._line.shut()
        if rest:
            raw.received(rest)
        return b""

    def _say(self, answer: Reply, method: str) -> None:
        length = answer.length or len(answer.body)
        headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in answered(answer)]
        if answer.status not in NO_BODY:
            headers.append((b"Content-Length", b"%d" % length))
        connection, send = self._connection, self._line.send
        send(connection.send(h11.Response(status_code=answer.status, headers=headers, reason=reason(answer.status))) or b"")
        if length and method != "HEAD":
            body = answer.body if answer.blocks is None else _Counted(length)
            connection.send_with_data_passthrough(h11.Data(data=body))  # type: ignore[arg-type]  # h11 wants no more of it than its length
            if answer.blocks is None:
                self._line.send(answer.body)
            else:
                self._line.stream(answer.blocks)
        send(connection.send(h11.EndOfMessage()) or b"")

    def _http2(self, answer: Reply, head: Head) -> Reply | Upgrade:
        """The answer by HTTP/2, as stream 1 (RFC 7540, 3.2); as it is where the client's settings are none."""
        try:
            heir = sniff.load("http.http2:Http2")(self._line, self._house, head.header("http2-settings").encode("latin-1"))
        except ValueError:
            return answer

        def speak(_line: Line) -> Talker:
            heir.say(1, answer, head.method)
            return heir  # type: ignore[no-any-return]  # loaded by name: h2 is imported only where somebody speaks it

        return Upgrade(101, (("Connection", "Upgrade"), ("Upgrade", "h2c")), speak)

    def _turn(self, upgrade: Upgrade, rest: Data) -> Data:
        """From here on the line speaks something else."""
        fields = "".join(f"{name}: {value}\r\n" for name, value in upgrade.extra)
        word = "Connection established" if upgrade.status == HTTPStatus.OK else reason(upgrade.status)
        self._line.send(f"HTTP/1.1 {upgrade.status} {word}\r\n{fields}\r\n".encode("latin-1"))
        self._gone = True
        heir = upgrade.talker(self._line)
        self._line.turn(heir)
        if len(rest):
            heir.received(rest)
        return b""

    def _refuse(self, status: int, rest: bytes) -> None:
        """What is no HTTP gets what a web server would say, and is kept."""
        self._gone = True
        page = f"<html>\r\n<head><title>{status} Bad Request</title></head>\r\n</html>\r\n"
        fields = f"Server: {SERVER}\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\nConnection: close\r\n"
        self._line.send(f"HTTP/1.1 {status} Bad Request\r\n{fields}\r\n{page}".encode("ascii"))
        raw = Raw(self._line, self._house, About(channel=self._channel, protocol="http-malformed"), tail=True)
        self._line.turn(raw)
        self._line.shut()
        held = bytes(self._head) + rest
        self._head.clear()
        self._share.holds(0)
        if held:
            raw.received(held)

    def _keep_extras(self, visit: Visit, held: bytes = b"") -> None:
        visit.extras("http-chunk-extras", bytes(self._body.extras) + held)
        self._body.extras.clear()

    def _whole(self, protocol: str, payload: bytes, *, finished: bool) -> None:
        self._house.ledger.whole(
            self._line.remote, About(channel=self._channel, protocol=protocol, claimed=self._line.claimed), payload, finished=finished
        )


class _Counted:
    """Stands for a file's bytes in h11's book-keeping; the bytes themselves are streamed past it."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length


def wants_http2(head: Head) -> bool:
    """Whether the client would go on in HTTP/2 on a line without TLS."""
    tokens = {token.strip().lower() for token in head.header("upgrade").split(",")}
    return "h2c" in tokens and not head.secure and head.version == "1.1" and "http2-settings" in head.headers
