"""What the ordinary web answers, out of the table of `sites`: pages, and a company's proxy where software would be fetched."""

from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Service
from honeyweights.containers.internet.protocols.http.sites import MEMO, Site, shipped
from honeyweights.containers.internet.talk import House


def _row(head: Head, house: House) -> Site | None:
    own = house.memos.get(MEMO, ())
    assert isinstance(own, tuple)  # noqa: S101  # the control's, read by `sites`
    return next((row for row in (*own, *shipped()) if row.fits(head)), None)


def claims(head: Head, house: House) -> bool:
    """What somebody has put there comes before any row."""
    disk = head.disk(house)
    return disk.path(head.path, "/") not in disk.files and _row(head, house) is not None


def serve(head: Head, house: House) -> Answering:
    """The first row that fits."""
    row = _row(head, house)
    assert row is not None  # noqa: S101  # claimed
    answer = row.reply(head, house.names.egress)
    return Answering(lambda _capture: answer)


SERVICES = (Service("pages", claims, "http.services.pages:serve", rank=80),)
