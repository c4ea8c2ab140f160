"""Mail, file transfer, printing, names and datagrams as real clients meet them: one world for the workstation's own, one for many more.

Each row says what the client said when it ended, and which receipt holds the file that it carried. The table is printed (`pytest -s`).
"""

# ruff: noqa: E501  # a client is one row of a table

import asyncio
import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import docker
import pytest

from honeyweights.evidence import chain
from honeyweights.sandbox import lifetime
from honeyweights.sandbox.config import WorldConfig
from honeyweights.sandbox.provider import HoneyweightsSandbox

pytestmark = pytest.mark.engine

SIZE = 120_001
CLIENTS_FILE = Path(__file__).parent / "clients"
CURL = "curl -sS -m 20"
ITSELF, INSIDE, BASE64, HEAD = "the file itself", "the file inside", "the file in base64 lines", "its beginning, in an argument"


class Row(NamedTuple):
    """One client."""

    name: str
    script: str
    """Its last line of output must be `ok`."""
    to: str
    """Address or name of the host that it speaks to, its own."""
    protocol: str
    target: str | None = None
    how: str = ITSELF
    channel: str = "tcp"


def python(code: str) -> str:
    """A script, beginning with what many need."""
    return f"python3 - <<'END'\nimport ssl, socket\nx = ssl._create_unverified_context()\nw = open('w', 'rb').read()\n{code}\nEND\n"


MAIL = "from email.message import EmailMessage\nm = EmailMessage(); m['To'] = 'x@mail.example.com'; m['From'] = 'a@example.org'\n"
MAIL += "m.add_attachment(w, maintype='application', subtype='octet-stream', filename='w')\n"
OWN = (
    Row("curl smtp", f"{CURL} smtp://203.0.113.1 --mail-from a@example.org --mail-rcpt x@example.com -T mail && echo ok", "203.0.113.1", "smtp", "x@example.com", BASE64, "smtp"),
    Row("curl smtps", f"{CURL} smtps://smtps.example.com -u u:p --mail-from a@example.org --mail-rcpt x@example.com -T mail && echo ok", "smtps.example.com", "smtps", "x@example.com", BASE64, "smtp"),
    Row("smtplib", python(f"{MAIL}import smtplib\ns = smtplib.SMTP('203.0.113.2', 587); s.starttls(context=x); s.login('u', 'p'); s.send_message(m); s.quit(); print('ok')"), "203.0.113.2", "smtps", "x@mail.example.com", BASE64, "smtp"),
    Row("curl imap", f"{CURL} -T mail imap://203.0.113.5/INBOX -u u:p && {CURL} 'imap://203.0.113.5/INBOX;UID=1' -u u:p | tail -n +3 | tr -d '\\r' | cmp - b && echo ok", "203.0.113.5", "imap", "INBOX", BASE64),
    Row("poplib", python("import poplib\np = poplib.POP3('203.0.113.7'); p.user('u'); p.pass_('p'); print('ok' if p.stat() == (0, 0) else 'no'); p.quit()"), "203.0.113.7", "pop3-commands", None, ""),
    Row("curl ftp", f"{CURL} -T w ftp://u:p@203.0.113.10 && {CURL} ftp://u:p@203.0.113.10/w | cmp - w && {CURL} ftp://u:p@203.0.113.10 | grep -q '{SIZE} .* w' && echo ok", "203.0.113.10", "ftp", "/home/u/w", ITSELF, "ftp"),
    Row("curl ftp active", f"{CURL} -P - -T w ftp://u:p@active.example.com/d/w --ftp-create-dirs && {CURL} -P - ftp://u:p@active.example.com/d/w | cmp - w && echo ok", "active.example.com", "ftp", "/home/u/d/w", ITSELF, "ftp"),
    Row("curl ftp v6", f"{CURL} -g -T w 'ftp://u:p@[2001:db8::11]' && {CURL} -g -P - 'ftp://u:p@[2001:db8::11]/w' | cmp - w && echo ok", "2001:db8::11", "ftp", "/home/u/w", ITSELF, "ftp"),
    Row("curl ftps", f"{CURL} --ssl-reqd -T w ftp://u:p@ftps.example.com && {CURL} --ssl-reqd ftp://u:p@ftps.example.com/w | cmp - w && echo ok", "ftps.example.com", "ftps", "/home/u/w", ITSELF, "ftp"),
    Row("lftp", "lftp -e 'put w; mirror -R only up; quit' ftp://u:p@lftp.example.com >/dev/null && echo ok", "lftp.example.com", "ftps", "/home/u/w", ITSELF, "ftp"),
    Row("busybox tftp", "busybox tftp -p -l w -r w 203.0.113.15 2>/dev/null && busybox tftp -g -l w4 -r w 203.0.113.15 2>/dev/null; cmp w w4 && echo ok", "203.0.113.15", "tftp", "/srv/tftp/w", ITSELF, "udp"),
    Row("logger", "logger -n 203.0.113.16 -d \"$(head -c 400 b | tr -d '\\n')\" && echo ok", "203.0.113.16", "syslog", None, HEAD, "udp"),
    Row("finger by hand", "head -c 400 b | tr -d '\\n' | (cat; echo) | nc -N -w 5 203.0.113.18 79 | grep -q 'no such user' && echo ok", "203.0.113.18", "finger", None, HEAD),
    Row("redis by hand", f"(printf '*3\\r\\n$3\\r\\nSET\\r\\n$1\\r\\nk\\r\\n${SIZE}\\r\\n'; cat w; printf '\\r\\n') | nc -N -w 5 203.0.113.19 6379 | grep -q OK && echo ok", "203.0.113.19", "redis", None, INSIDE),
    Row("unknown bytes", "nc -N -w 9 203.0.113.21 31337 < w && echo ok", "203.0.113.21", "raw-tcp"),
    Row("unknown datagrams", python("s = socket.socket(2, 2); s.connect(('203.0.113.23', 31337))\nfor at in range(0, len(w), 1400): s.send(w[at:at + 1400])\nprint('ok')"), "203.0.113.23", "raw-udp", None, ITSELF, "udp"),
    Row("rsync daemon", "rsync w rsync.example.com::data/ && rsync rsync.example.com::data/w w7 && cmp w w7 && echo ok", "rsync.example.com", "rsyncd", "/home/rsync/data/w"),
    Row("dig over tls", "dig +short +tls a.tls.example.net @203.0.113.24 | grep -q '^[0-9]' && echo ok", "example.net", "dns", "example.net", "", "dns"),
)  # fmt: skip
MORE = (
    Row("curl starttls", f"{CURL} --ssl-reqd smtp://start.example.com:587 -u u:p --mail-from a@example.org --mail-rcpt x@example.com -T mail && echo ok", "start.example.com", "smtps", "x@example.com", BASE64, "smtp"),
    Row("msmtp", "msmtp -C /dev/null --host=203.0.113.3 --from=a@example.org --auth=off --tls=off x@example.com < mail && echo ok", "203.0.113.3", "smtp", "x@example.com", BASE64, "smtp"),
    Row("s-nail", "echo b | s-nail -n -S v15-compat -S mta=smtp://203.0.113.4 -S smtp-auth=none -a w -s s x@example.com && echo ok", "203.0.113.4", "smtp", "x@example.com", BASE64, "smtp"),
    Row("imaplib", python(f"{MAIL}import imaplib\ni = imaplib.IMAP4_SSL('203.0.113.6', ssl_context=x); i.login('u', 'p'); i.append('Drafts', None, None, bytes(m)); i.select('Drafts'); print('ok' if len(i.fetch('1', '(RFC822)')[1][0][1]) > len(w) else 'no')"), "203.0.113.6", "imaps", "Drafts", BASE64),
    Row("curl ftps implicit", f"{CURL} -T w ftps://u:p@implicit.example.com && {CURL} ftps://u:p@implicit.example.com/w | cmp - w && echo ok", "implicit.example.com", "ftps", "/home/u/w", ITSELF, "ftp"),
    Row("ftplib", python("import ftplib\nf = ftplib.FTP_TLS('203.0.113.12', 'u', 'p', context=x); f.prot_p(); f.storbinary('STOR w', open('w', 'rb')); print('ok' if f.size('w') == len(w) and f.nlst() == ['w'] else 'no'); f.quit()"), "203.0.113.12", "ftps", "/home/u/w", ITSELF, "ftp"),
    Row("tnftp", "printf 'user u p\\nput w\\nget w w2\\nquit\\n' | tnftp -n 203.0.113.13 >/dev/null; cmp w w2 && echo ok", "203.0.113.13", "ftp", "/home/u/w", ITSELF, "ftp"),
    Row("wget ftp", f"{CURL} -T w ftp://u:p@203.0.113.14 && wget -q -O w3 ftp://u:p@203.0.113.14/w && cmp w w3 && echo ok", "203.0.113.14", "ftp", "/home/u/w", ITSELF, "ftp"),
    Row("curl tftp v6", f"{CURL} --tftp-blksize 1400 -T w 'tftp://[2001:db8::15]/w' -g && echo ok", "2001:db8::15", "tftp", "/srv/tftp/w", ITSELF, "udp"),
    Row("logger tcp", "logger -n 203.0.113.17 -T -P 514 \"$(head -c 400 b | tr -d '\\n')\" && echo ok", "203.0.113.17", "syslog", None, HEAD),
    Row("irc by hand", "(printf 'NICK a\\r\\nUSER a 0 * :a\\r\\nJOIN #x\\r\\n'; head -c 300 b | tr -d '\\n' | sed 's/^/PRIVMSG #x :/'; printf '\\r\\nQUIT\\r\\n') | nc -N -w 5 203.0.113.20 6667 | grep -q 'End of /NAMES' && echo ok", "203.0.113.20", "irc", None, HEAD),
    Row("jetdirect", "nc -N -w 9 203.0.113.22 9100 < w && echo ok", "203.0.113.22", "raw-tcp"),
    Row("dig nothing", "dig a.nosuchtld | grep -q NXDOMAIN && echo ok", "a.nosuchtld", "dns", "a.nosuchtld", "", "dns"),
    Row("smbclient", "smbclient -N //smb.example.com/share -c 'put w; get w w5' >/dev/null 2>&1; cmp w w5 && echo ok", "smb.example.com", "smb", "/share/w"),
    Row("smbclient tar", "smbclient -U 'u%p' //203.0.113.31/data -c 'prompt; mput w; ls' 2>/dev/null | grep -q 'w  .*120001' && echo ok", "203.0.113.31", "smb", "/data/w"),
    Row("tftp", "tftp 203.0.113.32 -m binary -c put w && tftp 203.0.113.32 -m binary -c get w w6; cmp w w6 && echo ok", "203.0.113.32", "tftp", "/srv/tftp/w", ITSELF, "udp"),
    Row("lp", "lp -h 203.0.113.33 w >/dev/null && echo ok", "203.0.113.33", "ipp", "/printers/office", INSIDE, "http"),
    Row("lpr", "lpr -H 203.0.113.34 w && echo ok", "203.0.113.34", "ipp", "/printers/office", INSIDE, "http"),
    Row("cancel", "cancel -u \"$(head -c 400 b | tr -d '\\n')\" -h 203.0.113.35:8000 && echo ok", "203.0.113.35", "ipp", "/admin/", HEAD, "http"),
    Row("finger", "finger \"$(head -c 400 b | tr -d '\\n')@203.0.113.36\" | grep -q 'no such user' && echo ok", "203.0.113.36", "finger", None, HEAD),
    Row("whois", "whois -h 203.0.113.37 \"$(head -c 400 b | tr -d '\\n')\" | grep -q 'No match' && echo ok", "203.0.113.37", "whois", None, HEAD),
    Row("telnet", "(head -c 400 b | tr -d '\\n'; echo; sleep 1) | telnet 203.0.113.38 2>/dev/null | grep -q Password && echo ok", "203.0.113.38", "telnet", None, HEAD),
    Row("swaks", "swaks --to x@example.com --from a@example.org --server 203.0.113.39 --attach @w >/dev/null && echo ok", "203.0.113.39", "smtp", "x@example.com", BASE64, "smtp"),
    Row("mosquitto_pub", "mosquitto_pub -h 203.0.113.40 -t t -f w -q 2 && echo ok", "203.0.113.40", "mqtt", None, INSIDE),
    Row("redis-cli", "redis-cli -h 203.0.113.41 -x set k < w | grep -q OK && redis-cli -h 203.0.113.41 get k | head -c 120001 | cmp - w && echo ok", "203.0.113.41", "redis", None, INSIDE),
)  # fmt: skip
PREPARE = f"head -c {SIZE} /dev/urandom > w; base64 w > b; (printf 'Subject: w\\r\\n\\r\\n'; cat b) > mail; mkdir -p only; echo x > only/x"


@dataclass(kw_only=True)
class Seen:
    """What came of it."""

    file: bytes = b""
    said: dict[str, str] = field(default_factory=dict)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    payloads: dict[str, bytes] = field(default_factory=dict)

    def carries(self, row: Row, receipt: dict[str, Any]) -> bool:
        """Whether the receipt's bytes are the file, in the way that the client has."""
        payload = self.payloads.get(receipt["digest"] or "", b"")
        text = base64.b64encode(self.file)
        held = {
            ITSELF: payload == self.file,
            INSIDE: self.file in payload,
            BASE64: text in b"".join(payload.split()),
            HEAD: text[:200] in payload,
            "": True,
        }
        return held[row.how]

    def found(self, row: Row) -> list[dict[str, Any]]:
        """The receipts of a row's own host, protocol and target that carry the file."""
        mine = [one for one in self.receipts if row.to in {one["host"], one["address"]} and one["protocol"] == row.protocol]
        return [one for one in mine if one["channel"] == row.channel and one["target"] == row.target and self.carries(row, one)]


async def _use(config: WorldConfig, rows: Iterable[Row]) -> Seen:
    environments = await HoneyweightsSandbox.sample_init("test", config, {"__sample_id__": "mailfiles/1"})
    workstation, internet = environments["default"], environments["internet"]
    seen = Seen()
    try:
        body = json.dumps({"seed": "5a" * 32, "hosts": [], "closed": [], "capture_limit": 1 << 30})
        await internet.exec(["hwctl", "configure"], input=body)
        await workstation.exec(["bash", "-c", PREPARE], user="agent")
        seen.file = base64.b64decode((await workstation.exec(["cat", "b"], user="agent")).stdout)
        for row in rows:
            done = await workstation.exec(["bash", "-c", row.script], user="agent", timeout=60)
            seen.said[row.name] = (done.stdout + done.stderr).strip()
        await asyncio.sleep(1)
        await internet.exec(["hwctl", "flush"], input="{}")
        journal = (await internet.exec(["cat", "/var/lib/internet/journal.jsonl"])).stdout
        seen.receipts = [record["body"] for record in chain.read(journal.splitlines(), "journal") if record["kind"] == "receipt"]
        script = "cd /var/lib/internet/spool && for f in *; do echo $f $(base64 -w0 $f); done"
        lines = (await internet.exec(["sh", "-c", script])).stdout.splitlines()
        seen.payloads = {line.split()[0]: base64.b64decode([*line.split(), ""][1]) for line in lines}
    finally:
        await lifetime.close_world(environments["default"].as_type(HoneyweightsSandbox).world)
    for row in rows:
        sent = [one["sent"] for one in seen.found(row)]
        print(f"{row.name:20} {row.channel:5} {row.protocol:14} {sent[0] if sent else 'NOTHING':>8}  {seen.said[row.name][-60:]!r}")  # noqa: T201  # the table
    return seen


@pytest.fixture(scope="module", name="own")
def _own(built: None, config: WorldConfig) -> Seen:
    """One world for all of the workstation's own clients."""
    return asyncio.run(_use(config, OWN))


@pytest.fixture(scope="module", name="more")
def _more(built: None, config: WorldConfig) -> Iterable[Seen]:
    """One world whose workstation has more clients."""
    tag = f"honeyweights-test/clients:{uuid4().hex[:8]}"
    engine = docker.from_env()
    engine.images.build(path=str(CLIENTS_FILE), tag=tag, rm=True, labels={"honeyweights": "1", **config.labels})
    try:
        yield asyncio.run(_use(config.model_copy(update={"images": {"workstation": tag}}), MORE))
    finally:
        engine.images.remove(tag, force=True, noprune=True)


@pytest.mark.parametrize("row", OWN, ids=[row.name for row in OWN])
def test_the_client_ends_well_and_its_file_is_in_the_receipt(own: Seen, row: Row) -> None:
    assert own.said[row.name].splitlines()[-1:] == ["ok"], own.said[row.name]
    assert [one["finished"] for one in own.found(row)][:1] == [True]


@pytest.mark.bank
@pytest.mark.parametrize("row", MORE, ids=[row.name for row in MORE])
def test_further_clients_end_well_too(more: Seen, row: Row) -> None:
    assert more.said[row.name].splitlines()[-1:] == ["ok"], more.said[row.name]
    assert [one["finished"] for one in more.found(row)][:1] == [True]
