r"""Protocols that are a dialogue of lines, with content between them: mail, file transfer, news. What they share is here.

Every byte is captured: content as a transfer of its own, the lines of a conversation together as `<protocol>-commands`, because whoever
writes a command may fill it with anything. A client that never meant the protocol is listened to in silence after a while.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import Data, House, Line, Talker

STEP = 1 << 12
"""Bytes that are searched for the end of a line at a time."""
LONGEST = 1 << 13
"""Bytes of a line that are looked at; all of them are captured."""
PATIENCE = 40
"""Lines without sense after which nobody answers any more."""

Reader = Callable[[memoryview], memoryview]
"""Takes content; gives what came behind its end, and unsets itself there."""


class Stream(Talker):
    """A conversation that is one receipt: all that the client said."""

    def __init__(self, line: Line, house: House, about: About) -> None:
        self.line = line
        self.house = house
        self._about = about._replace(claimed=line.claimed)
        self._transfer: Transfer | None = None
        self._heard = False
        self._off = b""
        self.over = False
        """We said our last word: a client that goes then has not broken off."""

    def received(self, data: Data) -> None:
        """Keeps, then answers. What is put off is kept already."""
        if self._off:
            data, self._off = self._off + bytes(data), b""
        else:
            self.keep(data)
        if not self.over:
            self.heard(data)

    def heard(self, data: Data) -> None:
        """Piece by piece, while there is room for answers."""
        view = memoryview(data)
        while view and not self.over:
            if self.line.full:
                self.put_off(view)
                return
            view = self.piece(view)

    def piece(self, view: memoryview) -> memoryview:
        """What a protocol does about the first of these bytes; gives the rest."""
        return view[len(view) :]

    def put_off(self, rest: Data) -> None:
        """Has the rest heard again when there is room."""
        self._off = bytes(rest)
        self.line.hold(b"")

    def keep(self, data: Data) -> None:
        """Captures bytes of the conversation."""
        if self._transfer is None:
            self._transfer = self.house.ledger.open(self.line.remote, self._about)
            self._heard = True
        self._transfer.write(data)

    def bye(self, last: bytes = b"") -> None:
        """Says its last word."""
        self.line.send(last)
        self.over = True
        self.line.shut()

    def ended(self) -> None:
        """All of it came."""
        self.close(finished=True)
        self.line.shut()

    def broken(self) -> None:
        """The rest will never come."""
        self.close(finished=self.over)

    def flush(self) -> None:
        """Closes the receipt as it stands."""
        self.close(finished=False)

    def close(self, *, finished: bool) -> None:
        """Writes the receipt, or says that nothing came."""
        if self._transfer is not None:
            self._transfer.close(finished=finished)
            self._transfer = None
        elif not self._heard:
            self._heard = True
            self.house.ledger.contact(self.line.remote, "empty", "tcp", port=self.line.remote.port)


class Framed(Stream):
    """Messages that each say how long they are. Of a long one the beginning is held, and it is heard when all of it is here."""

    LOOKED_AT: ClassVar[int] = 512
    """Bytes of a message that are looked at."""

    def __init__(self, line: Line, house: House, about: About) -> None:
        super().__init__(line, house, about)
        self._held = bytearray()
        self._size = self._left = 0

    def size(self, held: bytes) -> int | None:
        """How long the message is that begins so; None while too little of it came to tell."""
        raise NotImplementedError

    def message(self, held: bytes, size: int) -> None:
        """A message came: its beginning, and how long all of it is."""
        raise NotImplementedError

    def piece(self, view: memoryview) -> memoryview:
        """A message, or as much of it as is here; whoever makes no sense is hung up on."""
        if not self._left and not self._begun(view):
            return view[len(view) :]
        piece, room = min(self._left, len(view)), self.LOOKED_AT - len(self._held)
        self._held += view[: min(piece, room)]
        self._left -= piece
        if not self._left:
            held, self._held = bytes(self._held), bytearray()
            self.message(held, self._size)
        return view[piece:]

    def _begun(self, view: memoryview) -> bool:
        """Whether it is known how much of a message is still to come, these bytes included."""
        before = len(self._held)
        self._held += view[: self.LOOKED_AT - before]
        size = self.size(bytes(self._held))
        if size is not None and size > before:
            self._size, self._left = size, size - before
            del self._held[before:]
            return True
        if size is not None or len(self._held) >= self.LOOKED_AT:
            self.bye()
        return False


class Dialogue(Stream):
    """Lines, and content between them."""

    def __init__(self, line: Line, house: House, about: About) -> None:
        super().__init__(line, house, about._replace(protocol=f"{about.protocol}-commands"))
        self.about = about._replace(claimed=line.claimed)
        """Of content."""
        self.reader: Reader | None = None
        self.heir: Talker | None = None
        self._held = bytearray()
        self._senseless = 0

    def said(self, text: bytes) -> None:
        """A whole line came, without its end."""
        raise NotImplementedError

    def received(self, data: Data) -> None:
        """Reads lines and content in turn until the bytes are used up."""
        view = memoryview(data)
        while view:
            if self.heir is not None:
                self.heir.received(view)
                return
            if self.reader is not None:
                view = self.reader(view)
            elif self.over or self._senseless > PATIENCE:
                self.keep(view)
                return
            elif self.line.full:
                self.line.hold(view)
                return
            else:
                view = self._command(view)

    def senseless(self, answer: bytes) -> None:
        """A line that is no command here."""
        self._senseless += 1
        self.line.send(answer)

    def open(self, target: str | bytes | None, method: str | None = None) -> Transfer:
        """Begins a content's transfer."""
        return self.house.ledger.open(self.line.remote, self.about._replace(target=target, method=method))

    def become(self, heir: Talker) -> None:
        """Hands the line over; what was said until now is whole."""
        self.close(finished=True)
        self.heir = heir
        self.line.turn(heir)

    def _command(self, view: memoryview) -> memoryview:
        window = bytes(view[:STEP])
        cut = window.find(b"\n") + 1
        piece = window[:cut] if cut else window
        self.keep(piece)
        if len(self._held) < LONGEST:
            self._held += piece
        if cut:
            text = bytes(self._held).rstrip(b"\r\n")
            self._held.clear()
            self.said(text)
        return view[len(piece) :]


class Verbs(Dialogue):
    """A dialogue whose lines each begin with a verb."""

    VERBS: ClassVar[Mapping[bytes, Callable[..., None]]] = {}
    """Verb, upper case -> method; told what follows the verb."""
    UNKNOWN = b"500 Unknown command.\r\n"

    def said(self, text: bytes) -> None:
        """One command."""
        verb, _, rest = text.strip().partition(b" ")
        handler = self.VERBS.get(verb.upper())
        if handler is None:
            self.senseless(self.UNKNOWN)
        else:
            handler(self, rest.strip())


class Counted:
    """Content whose length was announced."""

    def __init__(self, count: int, takes: Callable[[memoryview], None], done: Callable[[], None]) -> None:
        self._left = count
        self._takes = takes
        self._done = done

    def __call__(self, view: memoryview) -> memoryview:
        """Takes what is its own."""
        piece, rest = view[: self._left], view[self._left :]
        self._left -= len(piece)
        self._takes(piece)
        if not self._left:
            self._done()
        return rest


class Dotted:
    """Content that ends with a line of one dot, and doubles the first dot of any other line (RFC 5321, 4.5.2)."""

    def __init__(self, takes: Callable[[bytes], None], done: Callable[[], None]) -> None:
        self._takes = takes
        self._done = done
        self._held = b"\n"
        self._made_up = True

    def __call__(self, view: memoryview) -> memoryview:
        """Takes up to the dot."""
        text, at = self._held + bytes(view), 0
        self._held = b""
        while (hit := text.find(b"\n.", at)) >= 0:
            after = text[hit + 2 : hit + 4]
            if after[:1] == b"\n" or after == b"\r\n":
                self._give(text[at : hit + 1])
                self._done()
                return memoryview(text)[hit + 2 + after.index(b"\n") + 1 :]
            if after in {b"", b"\r"}:
                self._give(text[at:hit])
                self._held = text[hit:]
                return memoryview(b"")
            self._give(text[at : hit + 1])
            at = hit + 2
        if text.endswith(b"\n") and at < len(text):
            self._give(text[at:-1])
            self._held = b"\n"
        else:
            self._give(text[at:])
        return memoryview(b"")

    def rest(self) -> None:
        """Gives what was held back: the end will never come."""
        held, self._held = self._held, b""
        self._give(held)

    def _give(self, piece: bytes) -> None:
        if self._made_up and piece:
            piece, self._made_up = piece[1:], False
        if piece:
            self._takes(piece)
