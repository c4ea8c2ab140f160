"""SSH, and what is spoken inside it."""

from honeyweights.containers.internet.rules import Rule, begins

PORTS = frozenset({22, 222, 1022, 2022, 2200, 2201, 2202, 2222, 8022, 10022, 22022, 22222})
RULES = (Rule("ssh", begins(b"SSH-"), "ssh.talker:Ssh", greets=PORTS),)
