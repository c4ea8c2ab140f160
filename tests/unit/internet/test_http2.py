"""HTTP/2 as a dialogue with h2's own client: at once, byte by byte, many streams, and clients that die or talk nonsense."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded, TrailersReceived
from hyperframe.frame import ContinuationFrame, DataFrame, ExtensionFrame, HeadersFrame, PingFrame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols.http.exchange import Answering, Reply
from honeyweights.containers.internet.protocols.http.http2 import PREFACE, Http2, NotHttp2
from honeyweights.containers.internet.protocols.http.services import grpc
from honeyweights.containers.internet.protocols.http.streams import MOST_UNSAID
from honeyweights.containers.internet.protocols.http.uploads import FRAME, USED


class Client:
    """A client whose other end is a line of ours."""

    def __init__(self, line: Any, step: int | None = None) -> None:
        self.line, self.step = line, step
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.statuses: dict[int, str] = {}
        self.heads: dict[int, dict[str, str]] = {}
        self.bodies: dict[int, bytes] = {}
        self.trailers: dict[int, dict[str, str]] = {}
        self.over: set[int] = set()

    def hello(self) -> None:
        self.h2.initiate_connection()
        self.move()

    def move(self) -> None:
        while data := self.h2.data_to_send():
            self.hear(self.line.hear(data, self.step))

    def hear(self, said: bytes) -> None:
        for event in self.h2.receive_data(said):
            if isinstance(event, ResponseReceived):
                self.heads[event.stream_id] = dict(event.headers)
                self.statuses[event.stream_id] = self.heads[event.stream_id][":status"]
            elif isinstance(event, DataReceived):
                self.bodies[event.stream_id] = self.bodies.get(event.stream_id, b"") + event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, TrailersReceived):
                self.trailers[event.stream_id] = dict(event.headers)
            elif isinstance(event, StreamEnded):
                self.over.add(event.stream_id)

    def head(self, stream: int, method: str, path: str, *, end: bool = False, more: tuple[tuple[str, str], ...] = ()) -> None:
        fields = [(":method", method), (":scheme", "http"), (":authority", "up.example.com:81"), (":path", path), *more]
        self.h2.send_headers(stream, fields, end_stream=end)

    def body(self, stream: int, data: bytes, *, end: bool = True) -> None:
        while data:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            assert room, "the window does not open"
            self.h2.send_data(stream, data[:room])
            data = data[room:]
            self.move()
        if end:
            self.h2.end_stream(stream)
            self.move()


def client(place: Any, step: int | None = None) -> Client:
    made = Client(place.line(), step)
    made.hello()
    return made


@pytest.mark.parametrize("step", [None, 1, 7])
def test_a_stream_is_a_receipt_and_can_be_read_back(place: Any, step: int | None) -> None:
    talk = client(place, step)
    talk.head(1, "PUT", "/w/m.bin", more=(("user-agent", "curl/7.88.1"),))
    talk.body(1, b"hello")
    talk.head(3, "GET", "/w/m.bin", end=True)
    talk.move()
    talk.head(5, "HEAD", "/w/m.bin", end=True)
    talk.move()
    assert talk.statuses == {1: "201", 3: "200", 5: "200"}
    assert talk.bodies == {3: b"hello"}
    assert talk.over == {1, 3, 5}
    put = place.receipts()[0]
    assert place.brief()[0] == ("http", "http", "PUT", "/w/m.bin", 5, True)
    assert (put["host"], put["claimed"], put["headers"]) == ("up.example.com", "up.example.com:81", {"user-agent": "curl/7.88.1"})
    assert place.spool.path(put["head"]).read_bytes() == (
        b"PUT /w/m.bin HTTP/2\r\nhost: up.example.com:81\r\nuser-agent: curl/7.88.1\r\n\r\n"
    )


def test_large_bodies_go_both_ways_within_windows(place: Any) -> None:
    talk = client(place)
    body = bytes(range(256)) * 12_000
    talk.head(1, "PUT", "/big")
    talk.body(1, body)
    talk.head(3, "GET", "/big", end=True)
    talk.move()
    assert place.payload(place.receipts()[0]) == body
    assert talk.bodies[3] == body
    assert 3 in talk.over


def test_windows_are_opened_promptly_and_answers_are_not(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = client(place)
    prompt: list[bytes] = []

    def noted(blocks: Iterator[bytes]) -> None:
        prompt.extend(blocks)
        talk.line.said += prompt[-1]

    monkeypatch.setattr(talk.line, "prompt", noted)
    talk.head(1, "PUT", "/w")
    talk.body(1, bytes(1 << 18))
    said = b"".join(prompt)
    assert b"\0\0\x04\x08\0" in said
    assert talk.statuses == {1: "201"}
    assert b"nginx" not in said


def test_an_empty_block_is_not_the_end_of_an_answer(place: Any) -> None:
    """A clone by git's first protocol begins with one."""
    talk = client(place)
    talk.head(1, "POST", "/x")
    talk.move()
    before = len(talk.line.said)
    talk.line.talker.say(1, Reply(200, blocks=iter((b"", b"abc", b"", b"def", b"")), length=6), "POST")
    talk.hear(bytes(talk.line.said[before:]))
    assert (talk.bodies, talk.over) == ({1: b"abcdef"}, {1})


def test_streams_are_interleaved_and_kept_apart(place: Any) -> None:
    talk = client(place)
    for stream in (1, 3, 5):
        talk.head(stream, "POST", f"/{stream}")
    for part in range(4):
        for stream in (1, 3, 5):
            talk.body(stream, f"{stream}:{part};".encode(), end=part == 3)
    assert {r["target"]: place.payload(r) for r in place.receipts()} == {
        f"/{stream}": "".join(f"{stream}:{part};" for part in range(4)).encode() for stream in (1, 3, 5)
    }
    assert talk.over == {1, 3, 5}


def test_a_client_that_waits_for_leave_gets_it(place: Any) -> None:
    talk = client(place)
    talk.head(1, "PUT", "/x", more=(("expect", "100-continue"),))
    talk.move()
    talk.body(1, b"abc")
    assert talk.statuses == {1: "201"}


def test_a_client_that_dies_within_a_frame_has_said_what_it_said(place: Any) -> None:
    talk = client(place)
    talk.head(1, "PUT", "/x")
    talk.body(1, b"whole ", end=False)
    frame = DataFrame(1, data=b"secret" * 10).serialize()
    talk.line.hear(frame[:40], 3)
    talk.line.talker.broken()
    assert [(r["protocol"], r["finished"], place.payload(r)) for r in place.receipts()] == [
        ("http", False, b"whole " + (b"secret" * 10)[:31])
    ]


def test_a_flush_puts_down_half_a_frame_once(place: Any) -> None:
    talk = client(place)
    talk.head(1, "PUT", "/x")
    talk.move()
    talk.line.hear(DataFrame(1, data=b"half a frame").serialize()[:13])
    talk.line.talker.flush()
    talk.line.talker.flush()
    talk.line.talker.broken()
    assert [place.payload(r) for r in place.receipts()] == [b"half"]


def test_a_head_that_never_ends_is_kept(place: Any) -> None:
    talk = client(place)
    talk.line.hear(HeadersFrame(1, data=b"\x40\x01a\x06secret").serialize())
    talk.line.talker.broken()
    assert b"secret" in place.all_bytes()


@pytest.mark.parametrize(
    "frame",
    [
        PingFrame(0, opaque_data=b"8 secret").serialize(),
        ExtensionFrame(type=0x77, stream_id=0, flag_byte=0, body=b"a secret").serialize(),
        DataFrame(1, data=b"secret").serialize(),
        DataFrame(99, data=b"secret").serialize(),
    ],
)
def test_what_http2_ignores_is_kept(place: Any, frame: bytes) -> None:
    talk = client(place)
    talk.head(1, "GET", "/", end=True)
    talk.move()
    talk.line.hear(frame)
    talk.line.talker.broken()
    assert b"secret" in place.all_bytes()


def test_padding_can_carry_a_message(place: Any) -> None:
    talk = client(place)
    talk.head(1, "PUT", "/x")
    talk.move()
    body = b"\x06" + b"data" + b"secret"
    talk.line.hear(len(body).to_bytes(3, "big") + b"\x00\x09" + (1).to_bytes(4, "big") + body)
    talk.line.talker.broken()
    assert {r["protocol"]: place.payload(r) for r in place.receipts()} == {"http": b"data", "http2-extras": b"secret"}


def test_trailers_and_resets(place: Any) -> None:
    talk = client(place)
    talk.head(1, "POST", "/t")
    talk.h2.send_data(1, b"body")
    talk.h2.send_headers(1, [("x-trailer", "secret")], end_stream=True)
    talk.head(3, "POST", "/r")
    talk.h2.send_data(3, b"part")
    talk.h2.reset_stream(3)
    talk.move()
    talk.line.talker.ended()
    found = {(r["protocol"], r["target"]): (place.payload(r), r["finished"]) for r in place.receipts()}
    assert found["http", "/t"] == (b"body", True)
    assert found["http", "/r"] == (b"part", False)
    assert b"x-trailer: secret" in found["http2-extras", None][0]


@pytest.mark.parametrize("step", [None, 1])
def test_a_call_is_told_that_it_went_well_behind_the_answer(place: Any, step: int | None) -> None:
    """gRPC: a message with nothing in it, and the status in trailers."""
    talk = client(place, step)
    talk.head(1, "POST", "/up.Store/Put", more=(("content-type", "application/grpc"), ("te", "trailers")))
    talk.body(1, b"\0\0\0\0\7weights")
    assert talk.trailers == {1: {"grpc-status": "0"}}
    assert talk.bodies == {1: grpc.EMPTY}
    assert "content-length" not in talk.heads[1]
    assert talk.over == {1}
    talk.line.talker.ended()
    assert place.brief() == [("http", "grpc", "POST", "/up.Store/Put", 12, True)]


def tunnelled(place: Any, step: int | None = None) -> Client:
    talk = client(place, step)
    talk.h2.send_headers(1, [(":method", "CONNECT"), (":authority", "far.example.org:80")])
    talk.move()
    assert (talk.statuses, talk.over) == ({1: "200"}, set())
    return talk


@pytest.mark.parametrize("step", [None, 1])
def test_a_tunnel_is_a_stream_and_a_line_of_its_own(place: Any, step: int | None) -> None:
    """What goes through is named by what is inside, and bound to the host that was asked for; beside it others go on."""
    talk = tunnelled(place, step)
    body = bytes(range(256)) * (2000 if step is None else 5)
    talk.body(1, b"PUT /w HTTP/1.1\r\nHost: far.example.org\r\nContent-Length: %d\r\n\r\n" % len(body) + body, end=False)
    talk.head(3, "POST", "/beside", end=True)
    talk.move()
    talk.body(1, b"GET /w HTTP/1.1\r\nHost: far.example.org\r\n\r\n")
    assert talk.bodies[1].startswith(b"HTTP/1.1 201 ")
    assert talk.bodies[1].endswith(body)
    assert {1, 3} <= talk.over
    rows = [(r["host"], r["via"], r["method"], r["sent"], r["finished"]) for r in place.receipts() if r["method"] != "CONNECT"]
    assert [("far.example.org", ["up.example.com"], "PUT", len(body), True), ("up.example.com", [], "POST", 0, True)] == rows[:2]
    assert "http2-extras" not in {r["protocol"] for r in place.receipts()}


def test_a_tunnel_that_breaks_keeps_what_came(place: Any) -> None:
    talk = tunnelled(place)
    talk.body(1, b"\x7fnobody's protocol", end=False)
    talk.h2.reset_stream(1)
    talk.move()
    assert [("raw-tcp", b"\x7fnobody's protocol", False)] == [
        (r["protocol"], place.payload(r), r["finished"]) for r in place.receipts() if r["method"] != "CONNECT"
    ]


def test_a_tunnel_to_a_closed_place_is_the_proxys_own_refusal(place: Any) -> None:
    place.house.names.configure(b"s", {"far.example.org": "198.51.100.7"})
    place.house.closed["198.51.100.7", 80] = "refused"
    talk = client(place)
    talk.h2.send_headers(1, [(":method", "CONNECT"), (":authority", "far.example.org:80")])
    talk.move()
    assert (talk.statuses, talk.over) == ({1: "503"}, {1})


def test_a_tunnel_whose_answers_nobody_reads_closes_its_window(place: Any) -> None:
    """Long answers, asked for in one breath: a few are made, and the client may send no more until it reads."""
    talk = tunnelled(place)
    made: list[int] = []
    talk.line.talker._tunnels._open[1].talker = Lister(talk.line.talker._tunnels._open[1], made)
    question = b"x" * 1000
    for _ in range(60):
        talk.h2.send_data(1, question)
    talk.line.hear(talk.h2.data_to_send())  # and nothing of the answer is read
    assert sum(made) <= 2 * MOST_UNSAID
    assert talk.line.talker.unsaid <= 3 * MOST_UNSAID
    waiting = talk.line.talker._tunnels._open[1]
    assert len(waiting.held or b"") + len(made) * 1000 == 60_000


class Lister:
    """A protocol of thousand-byte questions, whose answers are long."""

    unsaid = 0

    def __init__(self, line: Any, made: list[int]) -> None:
        self.line, self.made = line, made

    def received(self, data: bytes) -> None:
        while data:
            if self.line.full:
                self.line.hold(data)
                return
            self.line.send(b"y" * 300_000)
            self.made.append(300_000)
            data = data[1000:]


def test_answers_that_wait_for_windows_are_bounded(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred requests for long pages, and no window: the last are not made before the first were read."""
    made: list[int] = []

    def answers(_head: Any, _house: Any) -> Any:
        def answer(_capture: Any) -> Reply:
            made.append(1)
            return Reply(200, body=b"y" * 500_000)

        return Answering(answer)

    monkeypatch.setattr(sniff, "load", lambda _name: answers)
    talk = Client(place.line())
    talk.line.talker = Http2(talk.line, place.house)
    talk.hello()
    for stream in range(1, 161, 2):
        talk.head(stream, "GET", "/", end=True)
    talk.line.hear(talk.h2.data_to_send())
    assert len(made) <= 4
    assert talk.line.talker.unsaid <= 2 * MOST_UNSAID
    talk.line.talker.broken()
    assert len(place.receipts()) == 80
    assert all(r["finished"] for r in place.receipts())


def test_a_connection_begun_in_http1_goes_on(place: Any) -> None:
    line = place.line()
    talk = Client(line)
    ours = talk.h2.initiate_upgrade_connection()
    head = (
        b"GET /x HTTP/1.1\r\nHost: up.example.com\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
        + ours.rstrip(b"=")
    )
    said = line.hear(head + b"\r\n\r\n")
    status, _, frames = said.partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 101 ")
    talk.hear(frames)
    talk.move()
    assert (talk.statuses, talk.over) == ({1: "200"}, {1})
    talk.head(3, "PUT", "/y")
    talk.body(3, b"more")
    assert talk.statuses[3] == "201"


def test_no_settings_no_upgrade(place: Any) -> None:
    said = place.line().hear(b"GET /x HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 ")
    with pytest.raises(NotHttp2):
        Http2(place.line(), place.house, base64.urlsafe_b64encode(b"\0\2\0\0\0\7"))


@pytest.mark.parametrize("bad", [b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + b"x" * 20_000, ContinuationFrame(1, data=b"secret").serialize()])
def test_what_is_no_http2_is_kept_whole(place: Any, bad: bytes) -> None:
    talk = client(place)
    talk.line.hear(bad, 1000)
    talk.line.hear(b" the tail")
    talk.line.talker.ended()
    assert talk.line.shut_down
    assert place.payload(place.receipts()[-1]) == bad + b" the tail"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=120)
@given(
    frames=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 255), st.integers(0, 5), st.binary(min_size=12, max_size=60)), max_size=6),
    tail=st.binary(max_size=40),
    step=st.integers(1, 90),
)
def test_no_byte_of_any_frames_is_lost_and_nothing_raises(
    new_place: Callable[[], Any], frames: list[tuple[int, int, int, bytes]], tail: bytes, step: int
) -> None:
    """Garbage with the shape of frames reaches deeper than garbage alone. What h2 can read as settings, heads and windows is no loss."""
    place = new_place()
    talk = client(place)
    talk.head(1, "PUT", "/x")
    talk.move()
    for kind, flags, stream, body in frames:
        talk.line.hear(len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body, step)
    talk.line.hear(tail, step)
    talk.line.talker.broken()
    kept = place.all_bytes()
    for kind, flags, _stream, body in frames:
        if kind > 9 or (kind == 0 and not flags & 8):
            assert body in kept


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(garbage=st.binary(min_size=1, max_size=400), step=st.integers(1, 50))
def test_garbage_behind_the_preface_never_raises(new_place: Callable[[], Any], garbage: bytes, step: int) -> None:
    place = new_place()
    line = place.line()
    line.hear(PREFACE + garbage, step)
    line.talker.flush()
    line.talker.broken()
    assert garbage[-8:] in place.all_bytes()


def test_a_client_that_asks_for_much_and_reads_nothing_costs_little(place: Any) -> None:
    talk = client(place)
    talk.head(1, "PUT", "/big")
    talk.body(1, bytes(1 << 20))
    for stream in range(3, 81, 2):
        talk.head(stream, "GET", "/big", end=True)
    talk.line.hear(talk.h2.data_to_send())
    waiting = [answer for _, answer in talk.line.talker._answers._under_way]
    assert len(waiting) == 39
    assert sum(bool(answer.rest) for answer in waiting) <= 8


def test_an_empty_window_at_the_end_of_a_body_still_ends_it(place: Any) -> None:
    """Its last frame says so: a client that has all it wants opens no window."""
    talk = client(place)
    talk.head(1, "PUT", "/w")
    talk.body(1, bytes(talk.h2.local_settings.initial_window_size))
    talk.head(3, "GET", "/w", end=True)
    said = talk.line.hear(talk.h2.data_to_send())
    events = talk.h2.receive_data(said)
    assert [type(event) for event in events][-1] is StreamEnded


@pytest.mark.parametrize("step", [None, 7])
def test_bodies_that_come_by_turns_are_kept_apart_and_windows_open_again(place: Any, step: int | None) -> None:
    """Several times what a window holds; what is announced wrong, or padded, is a body all the same."""
    talk = client(place, step)
    bodies = {1: b"a" * 400_000, 3: b"b" * 300_001, 5: b"c" * 100}
    talk.head(1, "PUT", "/1", more=(("content-length", "400000"),))
    talk.head(3, "PUT", "/3")
    talk.head(5, "PUT", "/5", more=(("content-length", "7"),))
    for at in range(0, 400_000, 10_000):
        for stream, body in bodies.items():
            if piece := body[at : at + 10_000]:
                talk.h2.send_data(stream, piece[:-3])
                talk.h2.send_data(stream, piece[-3:], pad_length=stream)
        talk.move()
    for stream in bodies:
        if stream != 5:
            talk.h2.end_stream(stream)
    talk.move()
    talk.line.hear(DataFrame(5, b"", flags=["END_STREAM"]).serialize())
    assert talk.statuses == {1: "201", 3: "201"}
    assert [(f"/{stream}", body, True) for stream, body in bodies.items()] == [
        (r["target"], place.payload(r), r["finished"]) for r in place.receipts()
    ]


def test_windows_are_given_back_a_quarter_at_a_time(place: Any) -> None:
    """Both of them, the stream's and the connection's: a packet for each frame would cost more than the frame."""
    talk = client(place)
    talk.head(1, "PUT", "/w")
    talk.move()
    for count, said in ((USED - 1, 0), (1, 2), (USED // 2, 0), (USED // 2, 2)):
        frames = b"".join(DataFrame(1, bytes(min(count - at, 16_384))).serialize() for at in range(0, count, 16_384))
        assert len(talk.line.hear(frames)) == said * (FRAME + 4)
