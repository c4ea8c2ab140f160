"""LPD (RFC 1179): a job's control and data files are taken and printed by nobody. One receipt for each file, its name as the target."""

import re

from honeyweights.containers.internet.lines import Counted, Dialogue
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.rules import Rule
from honeyweights.containers.internet.talk import House, Line

PORT = frozenset({515})
_FILE = re.compile(rb"[\2\3](\d{1,18}) (.{0,200})", re.DOTALL)
ENDLESS = 1 << 62
"""A data file of length 0 goes on until the client closes (RFC 1179, 6.3)."""
RULES = (Rule("lpd", lambda first: None if not first else first[0] in range(1, 6), "lpd:Lpd", ports=PORT),)


class Lpd(Dialogue):
    """The printer's end of one connection."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="lpd"))
        self._receiving = False
        self._file: Transfer | None = None
        self._endless = False

    def said(self, text: bytes) -> None:
        """A command of the one or the other level."""
        file = _FILE.fullmatch(text) if self._receiving else None
        if file is not None:
            self._take(int(file[1]), file[2])
        elif text[:1] in {b"\3", b"\4"} and not self._receiving:
            self.bye(b"no entries\n")
        else:
            self._receiving = self._receiving or text[:1] == b"\2"
            self.line.send(b"\0")

    def _take(self, size: int, name: bytes) -> None:
        self.line.send(b"\0")
        transfer = self._file = self.open(name, "print")
        self._endless = not size

        def taken() -> None:
            transfer.close(finished=True)
            self._file = None
            self.reader = Counted(1, self.keep, acknowledged)

        def acknowledged() -> None:
            self.reader = None
            self.line.send(b"\0")

        self.reader = Counted(size or ENDLESS, transfer.write, taken)

    def close(self, *, finished: bool) -> None:
        """A file whose length nobody knew ends here."""
        if self._file is not None:
            self._file.close(finished=finished and self._endless)
        super().close(finished=finished)
