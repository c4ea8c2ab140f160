"""SSH, and what is spoken inside it."""

from honeyweights.containers.internet.rules import Rule, begins

RULES = (Rule("ssh", begins(b"SSH-"), "ssh.talker:Ssh", greets=frozenset({22, 2222})),)
