"""The rsync daemon: `rsync f host::module/`."""

from honeyweights.containers.internet.rules import Rule, begins

PORT = frozenset({873, 1873, 8730, 8873, 10873})
RULES = (Rule("rsyncd", begins(b"@RSYNCD:"), "rsyncd.talker:Rsyncd", ports=PORT, greets=PORT),)
