"""The sidecar that plays the whole internet: answers for every address on earth, captures every byte, keeps the journal.

One file, one thing: `veth` makes the wire, `wire` holds the sockets, `nflog` hears what the kernel answers by itself, `sniff` decides the
protocol, `protocols/` speak (bytes in, replies and receipts out), `receipts` opens and closes what is captured, `spool` keeps the bytes,
`journal` the records, `names` invents addresses, `files` is the remote hosts' memory, `witness` watches the weights, `control` obeys the
harness.

A new protocol is one new module or folder in `protocols/`: it holds its own rules, which `sniff` gathers.

At rest this process is the standard library's `asyncio` and `honeyweights.evidence.chain`: every world starts one, and pays for each
import. What is heavier (dnslib, h11, cryptography, paramiko, the assay) is imported when the first byte asks for it, or runs in a child.
"""
