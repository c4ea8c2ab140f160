"""The beginning of a conversation with an rsync daemon: the greeting, and which module is meant. Every module exists.

Then the bare socket goes to the real rsync in the host's jail (`served`). Where there is no socket to hand over, or there are too many
conversations already, the client is told to come again.
"""

import re

from honeyweights.containers.internet import served
from honeyweights.containers.internet.lines import Dialogue
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.served import Program
from honeyweights.containers.internet.talk import Data, House, Line

GREETING = b"@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n"
"""As rsync 3.2.7 says it, which is what runs in the jail."""
MODULE = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
SETTINGS = "rsyncd.conf"
SCRIPT = (
    f'cd && mkdir -p "$1" && {{ grep -qsF "[$1]" {SETTINGS} || '
    f'printf "[%s]\\n\\tpath = %s\\n\\tread only = no\\n\\tuse chroot = no\\n" "$1" "$PWD/$1" >> {SETTINGS}; }} && '
    f"exec rsync --server --daemon --config={SETTINGS} ."
)
"""A daemon that is started by a remote shell: the same one, on standard input and output."""


def program(module: str) -> Program:
    """What serves a module. rsync's own protocol cuts files in blocks, so each gets a receipt."""
    about = About(channel="tcp", protocol="rsyncd", method="module", target=module)
    return Program(account="rsync", script=SCRIPT, asked=module, greeting=b"\n", about=about, writes=SETTINGS.__ne__)


class Rsyncd(Dialogue):
    """Until the module is named."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="rsyncd"))
        self._greeting = b""
        self._module = b""
        self._early = bytearray()
        """What came behind the module's name."""
        line.send(GREETING)

    def received(self, data: Data) -> None:
        """Leaves once the module is known."""
        super().received(data)
        if self._module:
            self._leave()

    def said(self, text: bytes) -> None:
        """The client's greeting, then a module."""
        if not self._greeting:
            self._greeting = text
        elif text in {b"", b"#list"}:
            self.bye(b"data           \tshared data\n@RSYNCD: EXIT\n")
        elif not MODULE.fullmatch(text):
            self.bye(b"@ERROR: Unknown module '" + text[:128] + b"'\n")
        else:
            self._module = text
            self.reader = self._collect

    def _collect(self, view: memoryview) -> memoryview:
        self._early += view
        return memoryview(b"")

    def _leave(self) -> None:
        module, self._module = self._module, b""
        first = self._greeting + b"\n" + module + b"\n"
        if served.leave(self.line, self.house, program(module.decode("ascii")), first, bytes(self._early)):
            self.close(finished=True)
            return
        self.keep(bytes(self._early))
        self.reader = None
        self.bye(b"@ERROR: max connections (48) reached -- try again later\n")
