"""HTTP/1.0 and 1.1: heads by h11, bodies straight into the spool (`body`), answers from `reply`.

One receipt for each request. Its payload is the body; of a request without one, the target when it carries a query or is unusually long.
The head is kept too, under the receipt's `head`; one of unusual size is a payload as well. What is not HTTP is kept raw, after a 400.
"""

import re
from email.utils import formatdate

import h11

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols.http.body import Chunked, NotChunked, Sized
from honeyweights.containers.internet.protocols.http.reply import Reply, Request, path_of, reply
from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import Data, House, Line, Talker

LONGEST_HEAD = 1 << 20
STEP = 1 << 14
"""Bytes that are searched for the end of a head at a time: pipelined requests are not copied again and again."""
USUAL_HEAD = 4096
"""Bytes of a head that nobody wonders at; more is counted as payload."""
USUAL_TARGET = 256
"""Characters of a target without a query that nobody wonders at."""
END_OF_HEAD = re.compile(rb"\n\r?\n")
SERVER = "nginx/1.22.1"


class Http(Talker):
    """The server's end of one connection: request after request."""

    def __init__(self, line: Line, house: House) -> None:
        self._line = line
        self._house = house
        self._channel = "https" if line.secure else "http"
        self._head = bytearray()
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=2 * LONGEST_HEAD)
        self._request: Request | None = None
        self._body: Sized | Chunked = Sized(0)
        self._transfer: Transfer | None = None
        self._gone = False

    def received(self, data: Data) -> None:
        """Reads heads and bodies in turn until the bytes are used up."""
        while len(data) and not self._gone:
            data = self._read_head(data) if self._request is None else self._read_body(data)

    def ended(self) -> None:
        """Between requests this is the usual end; within one it is not."""
        self._stop()
        self._line.shut()

    def broken(self) -> None:
        """The connection is gone."""
        self._stop()

    def flush(self) -> None:
        """Puts half a head down as what it is; half a body is in its transfer already."""
        if self._head and self._request is None:
            self._whole("http-head", bytes(self._head), finished=False)
            self._head.clear()

    def _stop(self) -> None:
        self.flush()
        if self._transfer is not None:
            self._transfer.close(finished=False)
            self._transfer = None
        self._gone = True

    def _read_head(self, data: Data) -> Data:
        before = len(self._head)
        piece = data[:STEP]
        self._head += piece
        start = len(self._head) - len(self._head.lstrip(b"\r\n"))
        end = END_OF_HEAD.search(self._head, max(start, before - 3))
        if end is None:
            if len(self._head) > LONGEST_HEAD:
                self._refuse(431, bytes(data[STEP:]))
                return b""
            return data[STEP:]
        rest = data[end.end() - before :]
        del self._head[end.end() :]
        self._parse(bytes(self._head[start:]), rest)
        if self._gone:
            return b""
        self._head.clear()
        return self._answer_if_done(rest)

    def _parse(self, head: bytes, rest: Data) -> None:
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=2 * LONGEST_HEAD)
        try:
            self._connection.receive_data(head)
            event = self._connection.next_event()
        except h11.RemoteProtocolError as problem:
            self._refuse(problem.error_status_hint, bytes(rest))
            return
        if not isinstance(event, h11.Request):
            self._refuse(400, bytes(rest))
            return
        fields = {bytes(name): bytes(value) for name, value in event.headers}
        self._begin(event, fields)
        if self._connection.they_are_waiting_for_100_continue:
            self._line.send(self._connection.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")) or b"")

    def _begin(self, event: h11.Request, fields: dict[bytes, bytes]) -> None:
        method, target = event.method.decode("ascii"), event.target.decode("ascii")
        claimed = fields.get(b"host", b"").decode("ascii", "replace") or self._line.claimed
        if b"transfer-encoding" in fields:
            self._body = Chunked()
        else:
            self._body = Sized(int(fields.get(b"content-length", b"0")))
        digest = self._house.ledger.keep(self._head)
        about = About(channel=self._channel, protocol=self._channel, method=method, target=target, claimed=claimed, head=digest)
        if len(self._head) > USUAL_HEAD:
            self._house.ledger.whole(self._line.remote, about._replace(protocol="http-head"), self._head)
        self._request = Request(method=method, target=target, host=claimed or "")
        self._transfer = self._house.ledger.open(self._line.remote, about)

    def _read_body(self, data: Data) -> Data:
        assert self._transfer is not None  # noqa: S101  # opened with the request
        try:
            for piece in self._body.feed(data):
                self._transfer.write(piece)
        except NotChunked:
            rest = bytes(self._body.rest)
            self._keep_extras()
            self._transfer.close(finished=False)
            self._transfer = None
            self._refuse(400, rest)
            return b""
        return self._answer_if_done(self._body.rest)

    def _answer_if_done(self, rest: Data) -> Data:
        """Answers when the body is whole; `rest` is what came behind it."""
        if not self._body.done:
            return rest
        request, transfer = self._request, self._transfer
        assert request is not None and transfer is not None  # noqa: S101, PT018  # opened together
        self._keep_extras()
        if transfer.capture.sent == 0 and ("?" in request.target or len(request.target) > USUAL_TARGET):
            transfer.write(request.target.encode("ascii"))
            request.sent = 0
        else:
            request.sent = transfer.capture.sent
        capture = transfer.close(finished=True)
        request.sha256 = capture.sha256
        self._request = self._transfer = None
        if request.method == "CONNECT":
            return self._tunnel(request, rest)
        disk = self._house.files.disk(self._line.remote.host or self._line.remote.address, "/", kind="web")
        if request.method == "PUT":
            disk.keep(disk.path(path_of(request.target), "/"), capture)
        self._say(reply(request, disk), request.method)
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
        length = len(answer.body) if answer.blocks is None else answer.length
        headers = [
            ("Server", SERVER),
            ("Date", formatdate(usegmt=True)),
            ("Content-Type", answer.kind),
            ("Content-Length", str(length)),
            *answer.extra,
        ]
        if answer.status == 204:  # noqa: PLR2004  # No Content
            headers = [field for field in headers if field[0] not in {"Content-Type", "Content-Length"}]
        connection, send = self._connection, self._line.send
        send(connection.send(h11.Response(status_code=answer.status, headers=headers, reason=_REASONS[answer.status])) or b"")
        if length and method != "HEAD":
            body = answer.body if answer.blocks is None else _Counted(length)
            connection.send_with_data_passthrough(h11.Data(data=body))  # type: ignore[arg-type]  # h11 wants no more of it than its length
            self._line.stream(iter([answer.body]) if answer.blocks is None else answer.blocks)
        send(connection.send(h11.EndOfMessage()) or b"")

    def _tunnel(self, request: Request, rest: Data) -> Data:
        """A proxy's CONNECT: from here on it is named by what is inside."""
        self._line.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._line.claimed = request.target.rpartition(":")[0] or request.target
        inside = sniff.Sniffer(self._line, self._house)
        self._line.turn(inside)
        self._gone = True
        if rest:
            inside.received(rest)
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
        if held:
            raw.received(held)

    def _keep_extras(self) -> None:
        if self._body.extras:
            self._whole("http-chunk-extras", bytes(self._body.extras), finished=True)

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


_REASONS = {200: "OK", 201: "Created", 204: "No Content", 404: "Not Found"}
