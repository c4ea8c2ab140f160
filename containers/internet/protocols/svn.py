"""Subversion (`svn://`): every repository exists, anybody may commit, and the real svnserve keeps it in the host's jail (`served`).

We say the greeting, since it comes before the repository is known, and leave out of it that deltas may be compressed: what is imported
stands in the stream as it is (libsvn_ra_svn/protocol). One receipt, its URL the target.
"""

import re

from honeyweights.containers.internet import served
from honeyweights.containers.internet.lines import LONGEST, Stream
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import Rule, begins
from honeyweights.containers.internet.served import Program
from honeyweights.containers.internet.talk import Data, House, Line

PORT = frozenset({3690})
GREETING = (
    b"( success ( 2 2 ( ) ( edit-pipeline absent-entries commit-revprops depth log-revprops atomic-revprops partial-replay inherited-props"
    b" ephemeral-txnprops file-revs-reverse list ) ) ) "
)
ANSWER = re.compile(rb"\( \d \( [\w\s-]*\) (\d{1,4}):")
"""Version, capabilities, and how long the URL is that follows."""
BUSY = b"( failure ( ( 210002 19:Too many open files 0: 0 ) ) ) "
SCRIPT = (
    'cd && mkdir -p repositories && cd repositories && { [ -e "$1/format" ] || svnadmin create "$1"; } && '
    'printf "[general]\\nanon-access = write\\n" > "$1/conf/svnserve.conf" && exec svnserve -i -r .'
)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
RULES = (Rule("svn", begins(b"( 2 ( "), "svn:Svn", ports=PORT, greets=PORT),)


def program(url: str) -> Program:
    """What serves a URL: the repository is its first folder. One of another name is not made, and svnserve says that there is none."""
    name = url.partition("://")[2].partition("/")[2].partition("/")[0]
    about = About(channel="tcp", protocol="svn", method="repository", target=url)
    return Program(account="svn", script=SCRIPT, asked=name if _NAME.fullmatch(name) else "main", greeting=b") ) ) ", about=about)


class Svn(Stream):
    """Until the repository is named."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="svn"))
        self._early = bytearray()
        line.send(GREETING)

    def received(self, data: Data) -> None:
        """Leaves once it is."""
        if self.over:
            self.keep(data)
            return
        self._early += data
        answer = ANSWER.match(self._early)
        size = int(answer[1]) if answer else LONGEST
        start = answer.end() if answer else 0
        if len(self._early) < start + size:
            return
        url = bytes(self._early[start : start + size]).decode("utf-8", "replace")
        if answer and served.leave(self.line, self.house, program(url), b"", bytes(self._early)):
            self._early.clear()
            self._heard = True
        else:
            self.bye(BUSY)

    def close(self, *, finished: bool) -> None:
        """What nobody was told is kept."""
        if self._early:
            self.keep(bytes(self._early))
            self._early.clear()
        super().close(finished=finished)
