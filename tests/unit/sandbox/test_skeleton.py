"""What the image has below its folders in memory is put together from the engine's archives."""

import io
import tarfile

from honeyweights.sandbox import skeleton


def _packed(*members: tarfile.TarInfo) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size) if member.isreg() else None)
    return packed.getvalue()


def _member(name: str, **more: object) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    for key, value in more.items():
        setattr(member, key, value)
    return member


def test_names_are_relative_to_the_root_and_owners_modes_and_links_stay() -> None:
    """The engine names what is in an archive from the folder's last part on."""
    home = _packed(
        _member("home", type=tarfile.DIRTYPE, mode=0o755),
        _member("home/a", size=3, uid=1000, mode=0o600),
        _member("home/b", type=tarfile.LNKTYPE, linkname="home/a"),
    )
    spool = _packed(
        _member("spool/cron", type=tarfile.DIRTYPE, mode=0o1730, gid=101), _member("spool/c", type=tarfile.LNKTYPE, linkname="spool/x")
    )
    whole = skeleton.merged([("/home", home), ("/tmp", b""), ("/var/spool", spool)])
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        found = {member.name: member for member in archive}
        content = archive.extractfile("home/a")
        assert content is not None
        assert content.read() == b"xxx"
    assert list(found) == ["home", "home/a", "home/b", "var/spool/cron", "var/spool/c"]
    assert (found["home/a"].uid, found["home/a"].mode) == (1000, 0o600)
    assert (found["home/b"].linkname, found["var/spool/c"].linkname) == ("home/a", "var/spool/x")
    assert (found["var/spool/cron"].mode, found["var/spool/cron"].gid) == (0o1730, 101)
