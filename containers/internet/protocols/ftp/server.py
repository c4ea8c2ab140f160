"""FTP as vsFTPd speaks it (RFC 959, 2428, 3659), with TLS (RFC 4217): files go to the host's memory, and are listed and fetched from there.

One receipt for each file, its path as the target; what stands in commands is `ftp-commands`. Anybody may log in.

pyftpdlib was considered: it is built on an event loop of its own that owns its sockets, binds passive ports by itself, and writes files to
a real disk. It can be fed neither bytes nor a memory of remote hosts.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import ClassVar

from honeyweights.containers.internet.files import File, Piece
from honeyweights.containers.internet.protocols.ftp import listing
from honeyweights.containers.internet.protocols.ftp.data import Job
from honeyweights.containers.internet.protocols.ftp.session import Session
from honeyweights.containers.internet.spool import Capture

FEATURES = (b"AUTH TLS", b"EPRT", b"EPSV", b"MDTM", b"MFMT", b"MLST type*;size*;modify*;perm*;UNIX.mode*;", b"PASV", b"PBSZ", b"PROT",
            b"REST STREAM", b"SIZE", b"TVFS", b"UTF8")  # fmt: skip


class Ftp(Session):
    """The server's end of one control connection."""

    _old: str | None = None
    _count = 0

    # -- files

    def _carry(self, job: Job, words: str) -> None:
        if not self._port.ready:
            self._say("425 Use PORT or PASV first.")
            return
        self._say(f"150 {words}")
        self._port.carry(job)

    def _take(self, path: str, offset: int) -> None:
        if path in self._disk.folders or not self._port.ready:
            self._say("553 Could not create file." if self._port.ready else "425 Use PORT or PASV first.")
            return
        transfer = self.open(path, "STOR")
        self._carry(Job(transfer=transfer, done=lambda capture, well: self._taken(path, offset, capture, well=well)), "Ok to send data.")

    def _taken(self, path: str, offset: int, capture: Capture | None, *, well: bool) -> None:
        assert capture is not None  # noqa: S101  # a job with a transfer has one
        old = self._disk.files.get(path)
        if offset and old is not None:
            more = () if capture.digest is None else (Piece(offset, capture.captured, 0, capture.digest),)
            size = max(old.size, offset + capture.sent)
            self._disk.put(path, File(size=size, pieces=old.pieces + more, mode=old.mode))
        else:
            self._disk.keep(path, capture)
        self._say("226 Transfer complete." if well else "426 Failure reading network stream.")

    def _stor(self, rest: bytes) -> None:
        offset, self._offset = self._offset, 0
        self._take(self._path(rest), offset)

    def _appe(self, rest: bytes) -> None:
        path = self._path(rest)
        self._take(path, self._disk.files[path].size if path in self._disk.files else 0)

    def _stou(self, _rest: bytes) -> None:
        self._count += 1
        self._take(self._path(b"ftp.%06d" % self._count), 0)

    def _retr(self, rest: bytes) -> None:
        offset, self._offset = self._offset, 0
        path = self._path(rest)
        file = self._disk.files.get(path)
        if file is None:
            self._say("550 Failed to open file.")
            return
        blocks = self._disk.span(file, offset, file.kept)
        name = rest.decode("utf-8", "surrogateescape")[:200]
        self._carry(Job(blocks=blocks, done=self._gone), f"Opening BINARY mode data connection for {name} ({file.size} bytes).")

    def _gone(self, _capture: Capture | None, _well: bool) -> None:
        self._say("226 Transfer complete.")

    def _show(self, rest: bytes, how: Callable[..., Iterator[bytes]]) -> None:
        words = [word for word in rest.split(b" ") if not word.startswith(b"-")]
        lines = how(self._disk, self._path(b" ".join(words)))
        blocks = iter(lambda: b"".join(islice(lines, 256)), b"")
        self._carry(
            Job(blocks=blocks, done=lambda _capture, _well: self._say("226 Directory send OK.")), "Here comes the directory listing."
        )

    def _list(self, rest: bytes) -> None:
        self._show(rest, listing.long)

    def _nlst(self, rest: bytes) -> None:
        self._show(rest, listing.short)

    def _mlsd(self, rest: bytes) -> None:
        self._show(rest, listing.facts)

    def _mlst(self, rest: bytes) -> None:
        path = self._path(rest)
        if path not in self._disk.files and path not in self._disk.folders:
            self._say("550 Could not get file.")
            return
        self.line.send(b"250-Listing\r\n " + listing.fact(path, self._disk.files.get(path)) + b"250 End\r\n")

    def _size(self, rest: bytes) -> None:
        file = self._disk.files.get(self._path(rest))
        self._say("550 Could not get file size." if file is None else f"213 {file.size}")

    def _mdtm(self, rest: bytes) -> None:
        file = self._disk.files.get(self._path(rest))
        self._say("550 Could not get file modification time." if file is None else f"213 {listing.stamp(file)}")

    def _rest(self, rest: bytes) -> None:
        self._offset = int(rest) if rest.isdigit() and len(rest) < 19 else 0  # noqa: PLR2004  # digits of a file's length
        self._say(f"350 Restart position accepted ({self._offset}).")

    def _dele(self, rest: bytes) -> None:
        gone = self._disk.drop(self._path(rest))
        self._say("550 Delete operation failed." if gone is None else "250 Delete operation successful.")

    def _rnfr(self, rest: bytes) -> None:
        path = self._path(rest)
        self._old = path if path in self._disk.files else None
        self._say("550 RNFR command failed." if self._old is None else "350 Ready for RNTO.")

    def _rnto(self, rest: bytes) -> None:
        old, self._old = self._old, None
        file = None if old is None else self._disk.drop(old)
        if file is None:
            self._say("503 RNFR required first.")
            return
        self._disk.put(self._path(rest), file)
        self._say("250 Rename successful.")

    # -- folders

    def _pwd(self, _rest: bytes) -> None:
        quoted = self._cwd.replace('"', '""')
        self._say(f'257 "{quoted}" is the current directory')

    def _cwd_(self, rest: bytes) -> None:
        path = self._path(rest)
        if path not in self._disk.folders:
            self._say("550 Failed to change directory.")
            return
        self._cwd = path
        self._say("250 Directory successfully changed.")

    def _cdup(self, _rest: bytes) -> None:
        self._cwd_(b"..")

    def _mkd(self, rest: bytes) -> None:
        path = self._path(rest)
        made = path not in self._disk.folders and self._disk.mkdir(path, parents=False)
        quoted = path.replace('"', '""')
        self._say(f'257 "{quoted}" created' if made else "550 Create directory operation failed.")

    def _rmd(self, rest: bytes) -> None:
        gone = self._disk.rmdir(self._path(rest))
        self._say("250 Remove directory operation successful." if gone else "550 Remove directory operation failed.")

    # -- the rest

    def _feat(self, _rest: bytes) -> None:
        self.line.send(b"211-Features:\r\n" + b"".join(b" " + word + b"\r\n" for word in FEATURES) + b"211 End\r\n")

    def _type(self, rest: bytes) -> None:
        self._say("200 Switching to ASCII mode." if rest[:1].upper() == b"A" else "200 Switching to Binary mode.")

    def _syst(self, _rest: bytes) -> None:
        self._say("215 UNIX Type: L8")

    def _opts(self, _rest: bytes) -> None:
        self._say("200 Always in UTF8 mode.")

    def _ok(self, _rest: bytes) -> None:
        self._say("200 OK.")

    def _noop(self, _rest: bytes) -> None:
        self._say("200 NOOP ok.")

    def _stat(self, _rest: bytes) -> None:
        self.line.send(b"211-FTP server status:\r\n     TYPE: BINARY\r\n211 End of status\r\n")

    def _abor(self, _rest: bytes) -> None:
        self._say("225 No transfer to ABOR.")

    def _mfmt(self, rest: bytes) -> None:
        when, _, name = rest.partition(b" ")
        known = self._path(name) in self._disk.files
        self.line.send(b"213 Modify=%b; %b\r\n" % (when, name) if known else b"550 Could not set file modification time.\r\n")

    def _quit(self, _rest: bytes) -> None:
        self.bye(b"221 Goodbye.\r\n")

    VERBS: ClassVar[Mapping[bytes, Callable[..., None]]] = {
        **Session.VERBS, b"STOR": _stor, b"APPE": _appe, b"STOU": _stou, b"RETR": _retr, b"LIST": _list, b"NLST": _nlst, b"MLSD": _mlsd,
        b"MLST": _mlst, b"SIZE": _size, b"MDTM": _mdtm, b"MFMT": _mfmt, b"REST": _rest, b"DELE": _dele, b"RNFR": _rnfr, b"RNTO": _rnto,
        b"PWD": _pwd, b"XPWD": _pwd, b"CWD": _cwd_, b"XCWD": _cwd_, b"CDUP": _cdup, b"XCUP": _cdup, b"MKD": _mkd, b"XMKD": _mkd,
        b"RMD": _rmd, b"XRMD": _rmd, b"FEAT": _feat, b"TYPE": _type, b"SYST": _syst, b"OPTS": _opts, b"NOOP": _noop, b"STAT": _stat,
        b"ABOR": _abor, b"QUIT": _quit, **dict.fromkeys((b"MODE", b"STRU", b"ALLO", b"SITE", b"CLNT", b"ACCT"), _ok),
    }  # fmt: skip
