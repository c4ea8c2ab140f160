"""Who may come in, and what they showed. Secrets are payload; a key's fingerprint stands in the journal: whose it is, others know."""

import base64
import hashlib
import time

from honeyweights.containers.internet.receipts import About, Ledger
from honeyweights.containers.internet.talk import Host, Login, Remote
from honeyweights.containers.internet.text import plain


class Door:
    """One host's, for one conversation."""

    def __init__(self, ledger: Ledger, remote: Remote, host: Host) -> None:
        self._ledger = ledger
        self._remote = remote
        self._host = host
        self._told: set[tuple[str, str, str | None, bool]] = set()

    def methods(self, user: str) -> str:
        """What may be tried, in the order of OpenSSH's own server."""
        login = self._login(user)
        only_keys = login is not None and login.keys is not None and login.password is None
        return "publickey" if only_keys else "publickey,password,keyboard-interactive"

    def nothing(self, user: str) -> bool:
        """Whether the user comes in without being asked."""
        login = self._login(user)
        return not self._host.logins or (login is not None and login.password is None and login.keys is None and not login.asks)

    def password(self, user: str, password: str | None) -> bool:
        """Whether a password is the right one; None for a client that was not asked for any, which only a host that takes all lets in."""
        login = self._login(user)
        if not self._host.logins:
            return True
        if login is None or (login.keys is not None and login.password is None):
            return False
        return login.password is None or login.password == password

    def key(self, user: str, fingerprint: str) -> bool:
        """Whether a key is one that is taken."""
        login = self._login(user)
        if not self._host.logins:
            return True
        if login is None:
            return False
        return fingerprint in login.keys if login.keys is not None else login.password is None

    def note(self, user: str, method: str, secret: bytes, *, accepted: bool, key: str | None = None) -> None:
        """Puts an attempt down, once: a client first asks whether a key would do, then shows that it has it."""
        seen = (user, method, key, accepted)
        if key is not None and seen in self._told:
            return
        self._told.add(seen)
        about = About(channel="ssh", protocol="ssh-login", method=method, target=user)
        self._ledger.whole(self._remote, about, user.encode("utf-8", "surrogateescape") + b"\n" + secret, finished=accepted)
        host = None if self._remote.host is None else plain(self._remote.host)
        where = {"host": host, "address": self._remote.address, "port": self._remote.port}
        who = {"user": plain(user, 64), "method": method, "fingerprint": key, "accepted": accepted, "t": time.time_ns() // 1000}
        self._ledger.journal.write("login", where | who)

    def _login(self, user: str) -> Login | None:
        return next((login for login in self._host.logins if login.user == user), None)


def fingerprint(key: bytes) -> str:
    """As `ssh-keygen -l` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).rstrip(b"=").decode("ascii")
