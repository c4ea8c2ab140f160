"""TLS: ends it with a certificate for the name that was asked for, and looks at what is inside."""

from honeyweights.containers.internet.rules import Rule, begins

RULES = (Rule("tls", begins(b"\x16\x03"), "tls.server:Tls", rank=40),)  # before DNS, whose questions can begin so
