"""The words between the HTTP servers and the services behind them: a head, what is made of it, and the answer.

The servers (HTTP/1 and HTTP/2) read requests, open the receipt, keep the body. A service says what a request means and answers it. It sees
the head, then the closed capture of the body: no socket, no framing, no version. Who the remote end is comes from the wire (`remote`); what
the client claims (`host`) stands beside it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol
from urllib.parse import parse_qsl, unquote_to_bytes

from honeyweights.containers.internet.files import Disk
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House, Line, Remote, Talker

Fields = tuple[tuple[str, str], ...]
"""Names and values, in order."""
USUAL, LAST = 50, 100
"""Ranks: services that look at the head alone ask in this order; the web server of last resort takes anything."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """A request's head, as every version of HTTP gives it."""

    method: str
    target: str
    """As it came: `/path?query`, an absolute URL (to a proxy), `*`, or `host:port` (CONNECT)."""
    host: str
    """The host that is claimed: `Host` or `:authority`, lower case, no port."""
    headers: Mapping[str, str]
    """Lower-case names; repeated ones joined by `, `."""
    remote: Remote
    secure: bool
    version: str = "1.1"
    """`1.0`, `1.1` or `2`."""
    site: str = ""
    """Whose memory this is: the host that a proxy was asked for, else the remote host, else its address."""

    @cached_property
    def path(self) -> str:
        r"""The target's path, decoded, without query, in origin or absolute form. Always sound Unicode: other bytes stand as `\xNN`."""
        bare = self.target.split("?", 1)[0].split("#", 1)[0]
        return unquote_to_bytes(origin(bare)).decode("utf-8", "backslashreplace") or "/"

    @cached_property
    def query(self) -> dict[str, str]:
        """The target's query; blank values are kept, of repeated names the last."""
        asked = self.target.partition("?")[2].partition("#")[0]
        return dict(parse_qsl(asked, keep_blank_values=True, errors="backslashreplace"))

    def header(self, name: str) -> str:
        """A header's value, or nothing."""
        return self.headers.get(name, "")

    def disk(self, house: House) -> Disk:
        """What this site serves by HTTP. An upload is no file in somebody's home."""
        return house.files.disk(self.site or self.remote.host or self.remote.address, "/", kind="web")


class Reply(NamedTuple):
    """Status, content type, body; blocks of somebody's memory instead of a body where `blocks` is set."""

    status: int
    kind: str = "text/html"
    """The content type; empty for none."""
    body: bytes = b""
    extra: Fields = ()
    """Further fields. One named `Server` takes the place of ours."""
    blocks: Iterator[bytes] | None = None
    length: int = 0
    """Of `blocks`; of a reply to HEAD, what `Content-Length` says, where it is not 0."""
    trailers: Fields = ()
    """Fields behind a body, by HTTP/2 alone."""


class Upgrade(NamedTuple):
    """From here on the line speaks something else (101), or is a tunnel (200). HTTP/1.1 only."""

    status: int
    extra: Fields
    talker: Callable[[Line], Talker]
    """Made once the answer has been sent; told what follows."""


class Decoder(Protocol):
    """Takes out of a body, as it comes, what is not its payload: a coding of the service's own, such as signed chunks."""

    extras: bytes
    """What was taken out and is unusual enough to be kept."""

    def feed(self, data: bytes) -> bytes:
        """The payload in these bytes. A broken coding is no error: from there on everything is payload."""

    def end(self) -> bytes:
        """What is still held back; nothing follows."""


class Exchange(Protocol):
    """One request on its way to a service, and its answer."""

    @property
    def decoder(self) -> Decoder | None:
        """None where the body is the payload."""

    def answer(self, capture: Capture) -> Reply | Upgrade:
        """Asked once, when the body is whole: `capture` is closed and holds it."""


@dataclass(frozen=True)
class Answering:
    """An exchange of a single function, which gets the closed capture of the body."""

    give: Callable[[Capture], Reply | Upgrade]
    decoder: Decoder | None = None

    def answer(self, capture: Capture) -> Reply | Upgrade:
        """Asks the function."""
        return self.give(capture)


class Service(NamedTuple):
    """Something that is served by HTTP, and how its requests are known. A module of `services/` holds `SERVICES`, a tuple of these."""

    name: str
    claims: Callable[[Head, House], bool]
    """Decides on the head alone."""
    serve: str
    """`module:function(head, house) -> Exchange`, from `protocols` on; imported when first needed."""
    channel: str | None = None
    """Of the receipt; None for `http`, or `https` within TLS."""
    protocol: str | None = None
    """Of the receipt; None for the channel's name."""
    rank: int = USUAL


def origin(target: str) -> str:
    """An absolute URL's path and query; a target in any other form is what it was."""
    scheme, there, rest = target.partition("://")
    if there and scheme.isalpha():
        _, slash, path = rest.partition("/")
        return slash + path
    return target


def port_of(authority: str, usual: int) -> int:
    """The port of `host:port`; the usual one where none is said."""
    port = authority.rpartition("@")[2].strip().rpartition("]")[2].rpartition(":")[2]
    return int(port) if port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 1 << 16 else usual  # noqa: PLR2004  # digits


def without_port(authority: str) -> str:
    """The host of `user@host:port`, lower case; brackets of an IPv6 address go."""
    bare = authority.rpartition("@")[2].strip().lower()
    if bare.startswith("["):
        return bare[1:].partition("]")[0]
    return bare.rpartition(":")[0] if bare.count(":") == 1 else bare
