"""What services that take things and name them have in common: where the client reached us, a short name for what came, text and JSON."""

from urllib.parse import quote

from honeyweights.containers.internet.protocols.http.exchange import Head, Reply
from honeyweights.containers.internet.protocols.http.objects.shelf import Shelf, Thing, plain, shelves, site, taken
from honeyweights.containers.internet.protocols.http.objects.texts import dumped, octets
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House


def base(head: Head) -> str:
    """Where the client reached us: what its next address begins with."""
    return f"http{'s' if head.secure else ''}://{quote(head.header('host') or head.host, safe=':[].')}"


def shelf(head: Head, house: House) -> Shelf:
    """The site's."""
    return shelves(house).shelf(site(head))


def short(head: Head, house: House, length: int = 8) -> str:
    """A name that nobody else has."""
    return shelves(house).mark(house, site(head))[:length]


def number(head: Head, house: House) -> int:
    """The same as a number of nine digits."""
    return 100_000_000 + int(short(head, house), 16) % 900_000_000


def kept(capture: Capture, kind: str = "") -> Thing:
    """What came, to be given back."""
    return taken(capture, capture.sha256[:32], plain(kind))


def told(value: object, status: int = 200, extra: tuple[tuple[str, str], ...] = ()) -> Reply:
    """JSON."""
    return Reply(status, "application/json; charset=utf-8", dumped(value), extra)


def line(text: str, status: int = 200) -> Reply:
    """A line of text."""
    return Reply(status, "text/plain; charset=utf-8", f"{text}\n".encode("utf-8", "replace"))


def address(head: Head, path: str) -> str:
    """A path here, as somebody would open it."""
    return base(head) + quote(octets(path), safe="/~")
