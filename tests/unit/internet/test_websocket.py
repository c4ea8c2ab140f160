"""WebSocket as a dialogue with wsproto's own client."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.connection import Connection
from wsproto.events import AcceptConnection, CloseConnection, Message, Ping, Pong, Request, TextMessage
from wsproto.extensions import PerMessageDeflate

from honeyweights.containers.internet.protocols.http.services import upgrade
from honeyweights.containers.internet.protocols.http.websocket import WebSocket


def shake(line: Any, step: int | None = None) -> tuple[WSConnection, AcceptConnection]:
    client = WSConnection(ConnectionType.CLIENT)
    request = Request(host="up.example.com", target="/feed?room=1", subprotocols=["chat.v2", "chat"], extensions=[PerMessageDeflate()])
    client.receive_data(line.hear(client.send(request), step))
    accepted = next(iter(client.events()))
    assert isinstance(accepted, AcceptConnection)
    return client, accepted


@pytest.mark.parametrize("step", [None, 1, 7])
def test_messages_are_one_receipt_unmasked_and_acknowledged(place: Any, step: int | None) -> None:
    line = place.line()
    client, accepted = shake(line, step)
    assert (accepted.subprotocol, accepted.extensions) == ("chat.v2", [])
    said = line.hear(client.send(Message(data=b"\x00binary" * 9)), step)
    said += line.hear(client.send(Message(data="frag", message_finished=False)), step)
    said += line.hear(client.send(Message(data="mented ü")), step)
    said += line.hear(client.send(Message(data='{"type": "connection_init", "id": 7}')), step)
    client.receive_data(said)
    answers = [json.loads(event.data) for event in client.events() if isinstance(event, TextMessage)]
    assert [answer["type"] for answer in answers] == ["ack", "ack", "connection_ack"]
    assert (answers[0]["size"], answers[2]["id"]) == (63, 7)
    goodbye = line.hear(client.send(CloseConnection(code=1000, reason="done")), step)
    client.receive_data(goodbye)
    assert [type(event) for event in client.events()] == [CloseConnection]
    assert line.shut_down
    receipts = {(r["protocol"], r["method"]): r for r in place.receipts()}
    sent = receipts["websocket", "message"]
    assert place.payload(sent) == b"\x00binary" * 9 + 'fragmented ü{"type": "connection_init", "id": 7}'.encode()
    assert (sent["channel"], sent["target"], sent["finished"]) == ("http", "/feed?room=1", True)
    assert place.payload(receipts["websocket", "GET"]) == b"/feed?room=1"
    assert place.payload(receipts["websocket-extras", "message"]) == b"done"


def test_pings_are_answered_and_kept(place: Any) -> None:
    line = place.line()
    client, _ = shake(line)
    client.receive_data(line.hear(client.send(Ping(payload=b"a secret"))))
    assert [type(event) for event in client.events()] == [Pong]
    line.talker.broken()
    assert b"a secret" in place.all_bytes()


@pytest.mark.parametrize("cut", [1, 3, 5, 9])
def test_a_client_that_dies_within_a_frame_loses_nothing(place: Any, cut: int) -> None:
    line = place.line()
    client, _ = shake(line)
    frame = client.send(Message(data=b"0123456789" * 20))
    line.hear(frame[: 8 + cut])
    line.talker.broken()
    message = next(r for r in place.receipts() if r["method"] == "message")
    assert (place.payload(message), message["finished"]) == ((b"0123456789" * 20)[:cut], False)


def test_half_a_control_frame_is_kept_as_it_came(place: Any) -> None:
    line = place.line()
    client, _ = shake(line)
    frame = client.send(Ping(payload=b"x" * 100))
    line.hear(frame[:50], 9)
    line.talker.flush()
    line.talker.broken()
    assert frame[:50] in place.all_bytes()


def test_an_old_version_is_told_the_right_one(place: Any) -> None:
    fields = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: a\r\nSec-WebSocket-Version: 8\r\n"
    head = b"GET / HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n"
    assert place.line().hear(head).startswith(b"HTTP/1.1 426 ")


def test_the_proof_is_the_standards_own() -> None:
    """RFC 6455, 1.3."""
    assert upgrade.accepted("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
@given(garbage=st.binary(min_size=1, max_size=300), step=st.integers(1, 300))
def test_garbage_never_raises_and_its_end_is_kept(new_place: Callable[[], Any], garbage: bytes, step: int) -> None:
    """Where it makes sense as frames, the mask comes off."""
    place = new_place()
    line = place.line()
    shake(line)
    assert isinstance(line.talker, WebSocket)
    line.hear(garbage, step)
    line.talker.flush()
    line.talker.broken()
    assert sum(r["sent"] for r in place.receipts()) >= len(garbage) - 14


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(messages=st.lists(st.binary(max_size=900), max_size=5), step=st.integers(1, 400))
def test_any_messages_come_through(new_place: Callable[[], Any], messages: list[bytes], step: int) -> None:
    place = new_place()
    line = place.line()
    shake(line)
    frames = Connection(ConnectionType.CLIENT)
    line.hear(b"".join(frames.send(Message(data=message)) for message in messages), step)
    line.talker.broken()
    assert b"".join(place.payload(r) for r in place.receipts() if r["method"] == "message") == b"".join(messages)


def test_thousands_of_messages_at_once_are_answered_by_turns(place: Any) -> None:
    line = place.line()
    client, _ = shake(line)
    asked = b"".join(client.send(Message(data=b"%04d" % number)) for number in range(6000))
    line.patience = 1
    said = line.hear(asked)
    times = 0
    while line.held is not None:
        before = len(line.said)
        line.again(patience=1)
        said += bytes(line.said[before:])
        times += 1
    assert times > 2
    client.receive_data(said)
    answers = [json.loads(event.data)["seq"] for event in client.events() if isinstance(event, TextMessage)]
    assert answers == list(range(1, 6001))
    line.talker.broken()
    assert b"".join(b"%04d" % number for number in range(6000)) in place.all_bytes()
