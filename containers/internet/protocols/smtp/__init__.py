"""SMTP and LMTP: mail that is sent."""

from honeyweights.containers.internet.rules import Rule, begins

SUBMISSION, SECURE = frozenset({24, 25, 26, 587, 1025, 2025, 2525, 2526, 2587, 8025, 10025, 10587}), frozenset({465, 1465, 2465})
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
