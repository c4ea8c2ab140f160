"""SMB 2.1 (MS-SMB2): everybody is a guest, every share exists, files go to the host's memory and are listed and fetched from there.

One receipt for each file that is written; everything else that the client says is `smb-commands`.

impacket's server was considered: it wants a thread and a socket for each client, writes files to a real folder, and brings 68 MB of other
libraries with it. Version 2.1 without signing is what a guest of an old file server gets, and small enough to be spoken here.
"""

import fnmatch
import struct
from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple

from honeyweights.containers.internet.lines import Stream
from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.protocols.smb import frames, info, login
from honeyweights.containers.internet.protocols.smb.frames import Message
from honeyweights.containers.internet.protocols.smb.handles import DELETE_ON_CLOSE, DIRECTORY_FILE, EMPTIES, Handle, refused
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import Data, House, Line

LONGEST = 1 << 16
"""Bytes of one read or write, as the server asks for."""
DIALECTS = (0x0210, 0x0202)
ANY_SMB2 = 0x02FF
SESSION_ASKED, SESSION_GRANTED = 0x81, b"\x82\0\0\0"
GUEST, NOBODY = 1, 2
MOST_HANDLES = 1024
RENAME, DISPOSITION = 10, 13
VALIDATE_NEGOTIATE = 0x00140204


class Answer(NamedTuple):
    """A status and a body."""

    status: int
    body: bytes


FAILED = frames.ERROR


class Smb(Stream):
    """The server's end of one connection."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="smb-commands"))
        self._held, self._share = bytearray(), house.room.share()
        self._host = line.remote.host or line.remote.address
        self._disk = house.files.disk(self._host, "/", kind="smb")
        self._shares: dict[int, str] = {}
        self._handles: dict[int, Handle] = {}
        self._numbers = 0
        self._last = 0
        """The handle that a related request means."""

    def received(self, data: Data) -> None:
        """Packet by packet."""
        self._held += data
        while len(self._held) >= 4:  # noqa: PLR2004  # a packet's length
            if self.line.full:
                self.line.hold(b"")
                return
            kind, size = self._held[0], int.from_bytes(self._held[1:4], "big")
            if kind not in {0, SESSION_ASKED, 0x85} or size > 2 * LONGEST:
                self._leave()
                return
            if len(self._held) < 4 + size:
                if not self._share.holds(len(self._held)):
                    self._leave()
                return
            packet = bytes(self._held[4 : 4 + size])
            head = bytes(self._held[:4])
            del self._held[: 4 + size]
            self._packet(kind, head, packet)

    def close(self, *, finished: bool) -> None:
        """Files that the client left open are not finished."""
        for handle in self._handles.values():
            handle.close(finished=False)
        if self._held:
            self.keep(bytes(self._held))
            self._held.clear()
        super().close(finished=finished)

    def _leave(self) -> None:
        held = bytes(self._held)
        self._held.clear()
        self.close(finished=False)
        raw = Raw(self.line, self.house, tail=True)
        self.line.turn(raw)
        raw.received(held)

    def _packet(self, kind: int, head: bytes, packet: bytes) -> None:
        if kind == SESSION_ASKED:
            self.keep(head + packet)
            self.line.send(SESSION_GRANTED)
            return
        messages = frames.parse(packet)
        if not messages:
            self.keep(head + packet)
            if b"SMB 2." in packet:
                said = frames.response(_OLD, frames.OK, self._negotiated(ANY_SMB2), tree=0, session=0)
                self.line.send(frames.chained([said]))
            else:
                self.bye()  # SMB 1 alone: a server of today hangs up
            return
        self.keep(head + packet[sum(len(message.raw) for message in messages) :])
        answers = [one for message in messages if (one := self._said(message))]
        if answers:
            self.line.send(frames.chained(answers))

    def _said(self, message: Message) -> bytes:
        if message.command != frames.WRITE:
            self.keep(message.raw)
        if message.command == frames.CANCEL:
            return b""
        handler = self.COMMANDS.get(message.command)
        try:
            answer = Answer(frames.NOT_SUPPORTED, FAILED) if handler is None else handler(self, message)
        except struct.error:
            answer = Answer(frames.INVALID, FAILED)
        tree = self._numbers if message.command == frames.TREE_CONNECT and answer.status == frames.OK else message.tree
        session = message.session if message.command == frames.NEGOTIATE else message.session or 0x5C0000000001
        return frames.response(message, answer.status, answer.body, tree=tree, session=session)

    # -- who

    def _negotiate(self, message: Message) -> Answer:
        (count,) = struct.unpack_from("<H", message.body, 2)
        asked = struct.unpack_from(f"<{min(count, 64)}H", message.body, 36)
        chosen = next((dialect for dialect in DIALECTS if dialect in asked), None)
        return Answer(frames.NOT_SUPPORTED, FAILED) if chosen is None else Answer(frames.OK, self._negotiated(chosen))

    def _negotiated(self, dialect: int) -> bytes:
        guid = self._host.encode("utf-8", "replace")[:16].ljust(16, b"\x5a")
        sizes = struct.pack("<IIII", 0, LONGEST, LONGEST, LONGEST)
        times = struct.pack("<QQ", frames.now(), 0)
        return struct.pack("<HHHH", 65, 1, dialect, 0) + guid + sizes + times + struct.pack("<HHI", 128, len(login.OFFER), 0) + login.OFFER

    def _setup(self, message: Message) -> Answer:
        offset, length = struct.unpack_from("<HH", message.body, 12)
        token = message.part(offset, length)
        step = login.step(token)
        if step == login.PROVES:
            last = b"" if token.startswith(login.SIGNATURE) else login.DONE
            flags = NOBODY if login.nameless(token) else GUEST
            return Answer(frames.OK, struct.pack("<HHHH", 9, flags, 72, len(last)) + last)
        said = login.challenge(token, self._host, frames.now()) if step == login.ASKS else login.OFFER
        return Answer(frames.MORE, struct.pack("<HHHH", 9, 0, 72, len(said)) + said)

    def _tree(self, message: Message) -> Answer:
        offset, length = struct.unpack_from("<HH", message.body, 4)
        share = message.text(offset, length).rpartition("\\")[2]
        self._numbers += 1
        self._shares[self._numbers] = share
        self._disk.mkdir(self._disk.path("/" + share), parents=True)
        return Answer(frames.OK, struct.pack("<HBBIII", 16, 2 if share.upper() == "IPC$" else 1, 0, 0, 0, 0x1F01FF))

    # -- files

    def _path(self, message: Message, name: str) -> str:
        return self._disk.path("/" + self._shares.get(message.tree, "share") + "/" + name.replace("\\", "/").strip("/"), "/")

    def _handle(self, message: Message, at: int) -> Handle | None:
        (number,) = struct.unpack_from("<Q", message.body, at)
        return self._handles.get(self._last if number == (1 << 64) - 1 else number)

    def _create(self, message: Message) -> Answer:
        disposition, options, offset, length = struct.unpack_from("<IIHH", message.body, 36)
        path = self._path(message, message.text(offset, length))
        file, folder = path in self._disk.files, path in self._disk.folders
        pipe = self._shares.get(message.tree, "").upper() == "IPC$"
        status = frames.NOT_FOUND if pipe else refused(disposition, options, file=file, folder=folder)
        if status or len(self._handles) >= MOST_HANDLES:
            return Answer(status or frames.DENIED, FAILED)
        if not file and not folder and options & DIRECTORY_FILE:
            self._disk.mkdir(path, parents=True)
        elif disposition in EMPTIES and file:
            self._disk.write(path, iter(()), more=False)
        handle = Handle(self._disk, path, folder=path in self._disk.folders, fresh=not file and not folder)
        handle.doomed = bool(options & DELETE_ON_CLOSE)
        if handle.fresh and not handle.folder:
            self._disk.write(path, iter(()), more=False)
        self._numbers += 1
        self._last = self._numbers
        self._handles[self._last] = handle
        known = info.facts(self._disk, path)
        fixed = (
            struct.pack("<HBBI", 89, 0, 0, 1 + handle.fresh)
            + known.times
            + struct.pack("<QQII", known.room, known.size, known.attributes, 0)
        )
        return Answer(frames.OK, fixed + struct.pack("<QQII", self._last, self._last, 0, 0))

    def _close(self, message: Message) -> Answer:
        handle = self._handle(message, 8)
        if handle is None:
            return Answer(frames.CLOSED, FAILED)
        handle.close(finished=True)
        self._handles = {number: one for number, one in self._handles.items() if one is not handle}
        known = info.facts(self._disk, handle.path)
        body = struct.pack("<HHI", 60, 0, 0) + known.times + struct.pack("<QQI", known.room, known.size, known.attributes)
        return Answer(frames.OK, body)

    def _write(self, message: Message) -> Answer:
        offset, length, place = struct.unpack_from("<HIQ", message.body, 2)
        data, handle = message.part(offset, length), self._handle(message, 16)
        if handle is None or handle.folder:
            self.keep(message.raw)
            return Answer(frames.CLOSED, FAILED)
        cut = frames.SIZE + 48
        ordinary = offset == cut and len(message.raw) == cut + length
        self.keep(message.raw[:cut] if ordinary else message.raw)
        about = About(channel="tcp", protocol="smb", method="WRITE", target=handle.path, claimed=self.line.claimed)
        handle.write(handle.transfer or self.house.ledger.open(self.line.remote, about), place & (1 << 62) - 1, data)
        return Answer(frames.OK, struct.pack("<HHIIHH", 17, 0, len(data), 0, 0, 0))

    def _read(self, message: Message) -> Answer:
        length, place = struct.unpack_from("<IQ", message.body, 4)
        handle = self._handle(message, 16)
        file = None if handle is None else self._disk.files.get(handle.path)
        if file is None:
            return Answer(frames.CLOSED, FAILED)
        data = self._disk.read(file, place, min(length, LONGEST))
        if not data:
            return Answer(frames.END_OF_FILE, FAILED)
        return Answer(frames.OK, struct.pack("<HBBIII", 17, 80, 0, len(data), 0, 0) + data)

    # -- what there is

    def _directory(self, message: Message) -> Answer:
        kind, flags = struct.unpack_from("<BB", message.body, 2)
        offset, length, room = struct.unpack_from("<HHI", message.body, 24)
        handle = self._handle(message, 8)
        if handle is None or not handle.folder:
            return Answer(frames.CLOSED if handle is None else frames.NOT_A_DIRECTORY, FAILED)
        if flags & 0x11 or not handle.listed:
            handle.pattern, handle.listed = message.text(offset, length) or "*", 0
        names = [".", "..", *self._disk.names(handle.path)]
        pattern = handle.pattern.lower().replace("<", "*").replace(">", "?").replace('"', ".").replace("[", "[[]")
        names = [name for name in names if fnmatch.fnmatchcase(name.lower(), pattern) or pattern in {"*", "*.*"}]
        rows = [(name, info.facts(self._disk, self._disk.path(name, handle.path))) for name in names[handle.listed :]]
        out, count = info.listing(kind, rows[:1] if flags & 2 else rows, min(room, LONGEST))
        if not count:
            return Answer(frames.NO_MORE_FILES if handle.listed or not rows else frames.INVALID, FAILED)
        handle.listed += count
        return Answer(frames.OK, struct.pack("<HHI", 9, 72, len(out)) + out)

    def _query(self, message: Message) -> Answer:
        about, kind = struct.unpack_from("<BB", message.body, 2)
        handle = self._handle(message, 24)
        if handle is None:
            return Answer(frames.CLOSED, FAILED)
        if about == 1:
            out = info.of_file(kind, info.facts(self._disk, handle.path), handle.path)
        else:
            out = info.of_volume(kind, self._shares.get(message.tree, "share")) if about == 2 else None  # noqa: PLR2004  # the volume
        return Answer(frames.NOT_SUPPORTED, FAILED) if out is None else Answer(frames.OK, struct.pack("<HHI", 9, 72, len(out)) + out)

    def _set(self, message: Message) -> Answer:
        about, kind, length, offset = struct.unpack_from("<BBIH", message.body, 2)
        handle = self._handle(message, 16)
        if handle is None:
            return Answer(frames.CLOSED, FAILED)
        data = message.part(offset, length)
        if about == 1 and kind == DISPOSITION:
            if handle.folder and self._disk.count(handle.path):
                return Answer(frames.NOT_EMPTY, FAILED)
            handle.doomed = data[:1] == b"\1"
        elif about == 1 and kind == RENAME:
            self._rename(message, handle, data[20:].decode("utf-16-le", "replace"))
        return Answer(frames.OK, b"\2\0")

    def _rename(self, message: Message, handle: Handle, name: str) -> None:
        new = self._path(message, name)
        file = self._disk.drop(handle.path)
        if file is not None:
            self._disk.put(new, file)
        handle.path = new

    def _control(self, message: Message) -> Answer:
        (code,) = struct.unpack_from("<I", message.body, 4)
        return Answer(frames.CLOSED if code == VALIDATE_NEGOTIATE else frames.NOT_SUPPORTED, FAILED)

    def _nothing(self, _message: Message) -> Answer:
        return Answer(frames.OK, frames.NOTHING)

    COMMANDS: ClassVar[Mapping[int, Callable[["Smb", Message], Answer]]] = {
        frames.NEGOTIATE: _negotiate, frames.SESSION_SETUP: _setup, frames.TREE_CONNECT: _tree, frames.CREATE: _create,
        frames.CLOSE: _close, frames.READ: _read, frames.WRITE: _write, frames.QUERY_DIRECTORY: _directory, frames.QUERY_INFO: _query,
        frames.SET_INFO: _set, frames.IOCTL: _control,
        **dict.fromkeys((frames.LOGOFF, frames.TREE_DISCONNECT, frames.FLUSH, frames.LOCK, frames.ECHO), _nothing),
    }  # fmt: skip


_OLD = Message(0, frames.NEGOTIATE, 1, 0, 0, 0, 0, 0, b"", b"")  # an old client's first question, as it would be in SMB 2
