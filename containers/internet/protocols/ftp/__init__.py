"""FTP, in the clear, upgraded to TLS, and inside TLS from the beginning."""

from honeyweights.containers.internet.rules import Rule, begins

CLEAR, SECURE = frozenset({21, 1021, 2021, 2100, 2121, 8021, 10021, 21021, 21212}), frozenset({990, 9990})
RULES = (
    Rule(
        "ftp",
        begins(b"USER ", b"AUTH ", b"FEAT\r", b"user "),
        "ftp.server:Ftp",
        ports=CLEAR | SECURE,
        greets=CLEAR,
        greets_inside=CLEAR | SECURE,
    ),
)
