"""The rsync daemon: `rsync f host::module/`."""

from honeyweights.containers.internet.rules import Rule, begins

PORT, WITHIN_TLS = frozenset({873, 1873, 8730, 8873, 10873}), frozenset({874})
RULES = (
    Rule("rsyncd", begins(b"@RSYNCD:"), "rsyncd.talker:Rsyncd", ports=PORT | WITHIN_TLS, greets=PORT, greets_inside=PORT | WITHIN_TLS),
)
