"""SMB 2 as a dialogue: a share, files in it, what is refused, and what is kept."""

import struct
from typing import Any

import pytest

from honeyweights.containers.internet.protocols.smb import frames, handles, info, login, message, server

NTLM = login.SIGNATURE
FILE = bytes(range(256)) * 300


class Client:
    """Enough of a client to ask."""

    def __init__(self, place: Any) -> None:
        self.line = place.line(445)
        self.tree = self.number = 0

    def ask(self, command: int, body: bytes, step: int | None = None) -> tuple[int, bytes]:
        packet = frames.HEADER.pack(frames.MAGIC, 64, 1, 0, command, 9, 0, 0, self.number, 0, self.tree, 7, b"\0" * 16) + body
        self.number += 1
        said = self.line.hear(b"\0" + len(packet).to_bytes(3, "big") + packet, step)
        (status,) = struct.unpack_from("<I", said, 12)
        if command == frames.TREE_CONNECT:
            (self.tree,) = struct.unpack_from("<I", said, 40)
        return status, said[68:]

    def enter(self, share: str = "share") -> None:
        dialects = struct.pack("<HHHHI", 36, 2, 1, 0, 0) + b"\0" * 24 + struct.pack("<HH", 0x0311, 0x0210)
        status, said = self.ask(frames.NEGOTIATE, dialects)
        assert (status, said[4:6]) == (0, b"\x10\2")
        assert login.NTLM_OID in said
        first = NTLM + struct.pack("<II", 1, 0xE2088297)
        status, said = self.ask(frames.SESSION_SETUP, struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, len(first), 0) + first)
        assert status == frames.MORE
        assert NTLM + b"\2\0\0\0" in said
        last = NTLM + struct.pack("<I", 3) + b"\0" * 24 + b"\6\0" * 20
        status, said = self.ask(frames.SESSION_SETUP, struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, len(last), 0) + last)
        assert (status, said[2]) == (0, server.GUEST)
        path = f"\\\\host\\{share}".encode("utf-16-le")
        assert self.ask(frames.TREE_CONNECT, struct.pack("<HHHH", 9, 0, 72, len(path)) + path)[0] == 0

    def open(self, name: str, disposition: int = 5, options: int = 0) -> tuple[int, int]:
        label = name.encode("utf-16-le")
        fixed = struct.pack("<HBBIQQIII", 57, 0, 0, 2, 0, 0, 0x12019F, 0, 7)
        body = fixed + struct.pack("<IIHHII", disposition, options, 120, len(label), 0, 0) + label
        status, said = self.ask(frames.CREATE, body)
        return status, struct.unpack_from("<Q", said, 64)[0] if status == 0 else 0

    def write(self, number: int, offset: int, data: bytes, step: int | None = None) -> int:
        return self.ask(
            frames.WRITE, struct.pack("<HHIQQQIIHHI"[:-1], 49, 112, len(data), offset, number, number, 0, 0, 0, 0) + b"\0" * 4 + data, step
        )[0]

    def close(self, number: int) -> int:
        return self.ask(frames.CLOSE, struct.pack("<HHIQQ", 24, 0, 0, number, number))[0]

    def read(self, number: int, offset: int) -> tuple[int, bytes]:
        status, said = self.ask(frames.READ, struct.pack("<HBBIQQQIIIHH", 49, 0, 0, 65536, offset, number, number, 0, 0, 0, 0, 0))
        return status, said[16:] if status == 0 else b""

    def names(self, number: int, kind: int = 37) -> list[str]:
        found = []
        while True:
            label = "*".encode("utf-16-le")
            body = struct.pack("<HBBIQQHHI", 33, kind, 0, 0, number, number, 96, len(label), 300) + label
            status, said = self.ask(frames.QUERY_DIRECTORY, body)
            if status:
                return found
            row = said[8:]
            while True:
                (following,) = struct.unpack_from("<I", row)
                at = {37: 104, 1: 64, 12: 12}[kind]
                (size,) = struct.unpack_from("<I", row, 8 if kind == 12 else 60)
                found.append(row[at : at + size].decode("utf-16-le"))
                if not following:
                    break
                row = row[following:]


@pytest.fixture(name="client")
def _client(place: Any) -> Client:
    made = Client(place)
    made.enter()
    return made


@pytest.mark.parametrize("step", [7, None])
def test_a_file_is_written_listed_read_and_kept(place: Any, client: Client, step: int | None) -> None:
    status, number = client.open("d\\w")
    assert status == 0
    for at in range(0, len(FILE), 60_000):
        assert client.write(number, at, FILE[at : at + 60_000], step) == 0
    assert client.close(number) == 0
    assert place.brief() == [("tcp", "smb", "WRITE", "/share/d/w", len(FILE), True)]
    assert place.payload(place.receipts()[0]) == FILE
    _, number = client.open("d\\w", 1)
    assert client.read(number, 60_000) == (0, FILE[60_000:])
    assert client.read(number, len(FILE))[0] == frames.END_OF_FILE
    for kind in (1, 12, 37):
        _, folder = client.open("d", 1)
        assert client.names(folder, kind) == [".", "..", "w"]


def test_pieces_may_come_in_any_order(place: Any, client: Client) -> None:
    _, number = client.open("w")
    for at in (40_000, 0, 20_000):
        client.write(number, at, FILE[at : at + 20_000])
    client.close(number)
    disk = place.house.files.disk("up.example.com", "/", kind="smb")
    assert b"".join(disk.blocks("/share/w")) == FILE[:60_000]


def test_what_cannot_be_is_refused_by_name(client: Client) -> None:
    _, number = client.open("w")
    assert client.open("w", handles.CREATE)[0] == frames.COLLISION
    assert client.open("w", 1, handles.DIRECTORY_FILE)[0] == frames.NOT_A_DIRECTORY
    assert client.open("no", 1)[0] == frames.NOT_FOUND
    assert client.open("d", 2, handles.DIRECTORY_FILE)[0] == 0
    assert client.open("d", 1, handles.PLAIN_FILE)[0] == frames.IS_DIRECTORY
    assert client.close(999) == frames.CLOSED
    assert client.write(999, 0, b"x") == frames.CLOSED
    assert client.ask(frames.IOCTL, struct.pack("<HHI", 57, 0, server.VALIDATE_NEGOTIATE) + b"\0" * 48)[0] == frames.CLOSED
    assert client.ask(77, b"\0" * 8)[0] == frames.NOT_SUPPORTED
    assert client.ask(frames.CREATE, b"\0" * 4)[0] == frames.INVALID
    assert client.ask(frames.ECHO, frames.NOTHING)[0] == 0
    renamed = b"\0" * 16 + struct.pack("<I", 2) + "v".encode("utf-16-le")
    fixed = struct.pack("<HBBIHHIQQ", 33, 1, server.RENAME, len(renamed), 96, 0, 0, number, number)
    assert client.ask(frames.SET_INFO, fixed + renamed)[0] == 0
    doomed = struct.pack("<HBBIHHIQQ", 33, 1, server.DISPOSITION, 1, 96, 0, 0, number, number) + b"\1"
    assert client.ask(frames.SET_INFO, doomed)[0] == 0
    client.close(number)
    assert client.open("v", 1)[0] == frames.NOT_FOUND


def test_an_open_file_of_a_client_that_went_is_not_finished(place: Any, client: Client) -> None:
    _, number = client.open("w")
    client.write(number, 0, b"half")
    client.line.talker.broken()
    assert place.brief()[0] == ("tcp", "smb", "WRITE", "/share/w", 4, False)


def test_questions_about_files_and_volumes(client: Client) -> None:
    _, number = client.open("w")

    def ask(about: int, kind: int) -> int:
        return client.ask(frames.QUERY_INFO, struct.pack("<HBBIHHIIIQQ", 41, about, kind, 4096, 0, 0, 0, 0, 0, number, number))[0]

    assert [ask(1, kind) for kind in (4, 5, 6, 7, 18, 34, 99)] == [0] * 6 + [frames.NOT_SUPPORTED]
    assert [ask(2, kind) for kind in (1, 3, 4, 5, 7, 99)] == [0] * 5 + [frames.NOT_SUPPORTED]
    assert info.listing(37, [("a" * 50, info.Facts(1, 2, 3))], 10) == (b"", 0)
    assert handles.MOST_PIECES > 1


def test_older_clients(place: Any) -> None:
    line = place.line(139)
    assert line.hear(b"\x81\0\0\4abcd") == b"\x82\0\0\0"
    both = b"\xffSMBr" + b"\0" * 28 + b"\2NT LM 0.12\0\2SMB 2.002\0\2SMB 2.???\0"
    assert line.hear(b"\0" + len(both).to_bytes(3, "big") + both)[72:74] == b"\xff\2"
    old = place.line(445)
    old.hear(b"\0\0\0\x2c\xffSMBr" + b"\0" * 28 + b"\2NT LM 0.12")
    assert old.shut_down
    assert [message(first) for first in (b"\0\0\0\x20\xfeSMB", b"\0\0", b"GET / HT", b"\x81\0\0\x44....")] == [True, None, False, True]


def test_what_is_no_smb_any_more_is_raw(place: Any, client: Client) -> None:
    client.line.hear(b"\0\xff\xff\xffrest")
    client.line.talker.ended()
    assert place.brief()[-1] == ("tcp", "raw-tcp", None, None, 8, True)
