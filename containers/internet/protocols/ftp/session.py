"""A session of FTP: who came in, under which TLS, and where its data connections come from (RFC 959, 2428, 4217)."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from honeyweights.containers.internet.lines import Verbs
from honeyweights.containers.internet.protocols.ftp.data import Port
from honeyweights.containers.internet.protocols.tls.server import Tls
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import House, Line, Talker

FAMILIES = {b"1": False, b"2": True}
"""EPRT's numbers (RFC 2428): whether it is IPv6."""
FTP_DATA = 20


class Session(Verbs):
    """What all commands of a control connection share."""

    UNKNOWN = b"500 Unknown command.\r\n"

    def __init__(self, line: Line, house: House, *, upgraded: bool = False) -> None:
        super().__init__(line, house, About(channel="ftp", protocol="ftps" if line.secure else "ftp"))
        self._user = "root"
        self._disk = house.files.disk(line.remote.host or line.remote.address)
        self._cwd = self._disk.home
        self._offset = 0
        self._private = line.secure and not upgraded
        self._port = Port(self._wrapped, self._lost)
        if not upgraded:
            line.send(b"220 (vsFTPd 3.0.3)\r\n")

    def said(self, text: bytes) -> None:
        """One command, perhaps behind Telnet's signals (RFC 959, 4.1.3)."""
        super().said(text.lstrip(b"\xff\xf4\xf2"))

    def _wrapped(self, opens: Callable[[Line, House], Talker]) -> Callable[[Line, House], Talker]:
        return (lambda line, house: Tls(line, house, opens)) if self._private else opens

    def _lost(self, early: bytes) -> Transfer:
        transfer = self.open(None)
        transfer.write(early)
        return transfer

    def _path(self, rest: bytes) -> str:
        return self._disk.path(rest.decode("utf-8", "surrogateescape") or ".", self._cwd)

    def _say(self, text: str) -> None:
        self.line.send(text.encode("utf-8", "surrogateescape") + b"\r\n")

    # -- who

    def _user_(self, rest: bytes) -> None:
        self._user = rest.decode("utf-8", "surrogateescape")
        self._say("331 Please specify the password.")

    def _pass(self, _rest: bytes) -> None:
        host = self.line.remote.host or self.line.remote.address
        told = self.house.hosts.get(host)
        usual = "/root" if self._user == "root" else f"/home/{self._user[:64].replace('/', '_')}"
        home = told.home if told is not None and told.home else usual
        self._disk = self.house.files.disk(host, home)
        self._disk.mkdir(home, parents=True)
        self._cwd = home
        self._say("230 Login successful.")

    def _auth(self, rest: bytes) -> None:
        if self.line.secure or rest.upper() not in {b"TLS", b"SSL", b"TLS-C", b"TLS-P"}:
            self.senseless(b"504 Unknown AUTH type.\r\n")
            return
        self._say("234 Proceed with negotiation.")
        self.become(Tls(self.line, self.house, lambda line, house: type(self)(line, house, upgraded=True)))

    def _pbsz(self, _rest: bytes) -> None:
        self._say("200 PBSZ set to 0.")

    def _prot(self, rest: bytes) -> None:
        self._private = rest.upper() == b"P"
        self._say("200 PROT now Private." if self._private else "200 PROT now Clear.")

    # -- where data goes

    def _pasv(self, _rest: bytes) -> None:
        address = self.line.remote.address
        if ":" in address:
            self._say("425 Use EPSV.")
            return
        high, low = divmod(self._await(), 256)
        self._say(f"227 Entering Passive Mode ({address.replace('.', ',')},{high},{low}).")

    def _epsv(self, rest: bytes) -> None:
        if rest.upper() == b"ALL":
            self._say("200 EPSV ALL ok.")
        else:
            self._say(f"229 Entering Extended Passive Mode (|||{self._await()}|)")

    def _await(self) -> int:
        return self._port.passive(lambda opens: self.house.doors.stream(self.line.remote.address, opens))

    def _port_(self, rest: bytes) -> None:
        numbers = rest.split(b",")
        if len(numbers) != 6 or not all(number.isdigit() and int(number) < 256 for number in numbers):  # noqa: PLR2004  # four bytes of an address, two of a port
            self.senseless(b"500 Illegal PORT command.\r\n")
            return
        self._dial(".".join(str(int(number)) for number in numbers[:4]), int(numbers[4]) * 256 + int(numbers[5]), b"PORT")

    def _eprt(self, rest: bytes) -> None:
        parts = rest.split(rest[:1]) if rest else []
        if len(parts) != 5 or parts[1] not in FAMILIES or not parts[3].isdigit():  # noqa: PLR2004  # empty, family, address, port, empty
            self.senseless(b"500 Bad EPRT command.\r\n")
            return
        self._dial(parts[2].decode("ascii", "replace"), int(parts[3]), b"EPRT")

    def _dial(self, address: str, port: int, verb: bytes) -> None:
        """To the client alone: an active server that calls others is a known hole, and calls nobody here."""
        if address != self.line.remote.source[0] or not 0 < port < 1 << 16:
            self.line.send(b"500 Illegal %b command.\r\n" % verb)
            return
        remote = self.line.remote._replace(port=FTP_DATA, source=(address, port))
        self._port.active(lambda opens: self.house.dial(remote, opens, lambda: self._say("425 Failed to establish connection.")))
        self.line.send(b"200 %b command successful. Consider using %b.\r\n" % (verb, b"PASV" if verb == b"PORT" else b"EPSV"))

    VERBS: ClassVar[Mapping[bytes, Callable[..., None]]] = {
        b"USER": _user_, b"PASS": _pass, b"AUTH": _auth, b"PBSZ": _pbsz, b"PROT": _prot, b"PASV": _pasv, b"EPSV": _epsv, b"PORT": _port_,
        b"EPRT": _eprt,
    }  # fmt: skip
