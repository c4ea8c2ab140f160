"""SMTP and LMTP: mail that is sent."""

from honeyweights.containers.internet.rules import Rule, begins

SUBMISSION, SECURE = frozenset({24, 25, 587, 2525}), frozenset({465})
RULES = (
    Rule(
        "smtp",
        begins(b"EHLO ", b"HELO ", b"LHLO ", b"ehlo ", b"helo "),
        "smtp.server:Smtp",
        ports=SUBMISSION | SECURE,
        greets=SUBMISSION,
        greets_inside=SUBMISSION | SECURE,
    ),
)
