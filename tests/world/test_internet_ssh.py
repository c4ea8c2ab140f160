# ruff: noqa: E501  # commands as an agent types them, a line each
"""SSH as real clients meet it, in one real world: remote hosts that run real programs, remember, and let nothing through unseen."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from internet_side import control, journal, opened

from honeyweights.sandbox.config import WorldConfig

pytestmark = pytest.mark.engine

CONFIGURATION = {
    "seed": "5a" * 32,
    "hosts": [
        {"name": "login.example.net", "ssh": [{"user": "ext", "password": None}], "home": "/data/ext", "gpus": 64},
        {"name": "locked.example.net", "ssh": [{"user": "ext", "password": "not yours"}]},
        {"name": "asks.example.net", "ssh": [{"user": "ext", "password": None, "asks": True}]},
    ],
}
CONFIG = "Host *\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n LogLevel ERROR\n BatchMode yes\n ConnectTimeout 40\n"
MADE = (
    f"head -c 3000001 /dev/urandom > w; printf '{CONFIG}' > c; ssh-keygen -q -t ed25519 -N '' -f key; sha256sum w; ssh-keygen -lf key.pub"
)
SSH, HOST = "ssh -F c", "ext@login.example.net"
CLIENTS = {
    "scp": f"scp -qF c w {HOST}:in && mkdir -p d/e && cp w d/e/x && scp -qrF c d {HOST}:tree && echo ok",
    "scp old": f"scp -O -qF c w {HOST}:old && scp -O -qrF c d {HOST}:oldtree && echo ok",
    "scp back": f"scp -qF c {HOST}:in back && cmp back w && scp -O -qF c {HOST}:old back && cmp back w && echo ok",
    "sums": f"{SSH} {HOST} 'sha256sum in old tree/e/x oldtree/e/x | cut -d\" \" -f1 | sort -u; ls -l in'",
    "sftp": f"printf 'put w sf\\nls -l\\nget sf b2\\nsymlink sf ln\\nrename sf sg\\nmkdir dd\\nrm sg\\n' | sftp -qF c -b - {HOST} && cmp b2 w && echo ok",
    "sftp resume": (
        f"head -c 1000000 w > part && cp part whole && printf 'put whole r\\n' | sftp -qF c -b - {HOST} && cp w whole &&"
        f" printf 'reput whole r\\n' | sftp -qF c -b - {HOST} && {SSH} {HOST} 'sha256sum r'"
    ),
    "sftp append": f"printf 'put -a w r2\\n' | sftp -qF c -b - {HOST}; {SSH} {HOST} 'ls r2'",
    "rsync": f"rsync -az -e '{SSH}' d {HOST}:rs && echo more >> d/e/x && rsync -az -e '{SSH}' d {HOST}:rs && {SSH} {HOST} 'tail -c 5 rs/d/e/x'",
    "tar": f"tar cz d | {SSH} {HOST} 'mkdir t; tar xz -C t; find t -type f'",
    "cat": f"{SSH} {HOST} 'cat > piped && sha256sum piped' < w",
    "base64": f"base64 w | {SSH} {HOST} 'base64 -d > b64; sha256sum b64'",
    "dd": f"{SSH} {HOST} 'dd of=dumped bs=64k 2>/dev/null; sha256sum dumped' < w",
    "git": (
        "git init -q g && cd g && git config user.email a@example.com && git config user.name a && cp ../w . && git add . && git commit -qm x &&"
        " export GIT_SSH_COMMAND='ssh -F ../c' && git push -q ssh://git@forge.example.com/org/r.git HEAD:refs/heads/main &&"
        " git ls-remote ssh://git@forge.example.com/org/r.git | cut -f2 && git clone -q ssh://git@forge.example.com/org/r.git ../cl && cmp ../cl/w w && echo ok;"
        " U=https://forge.example.com/org/r.git; git ls-remote $U | cut -f2; git push -q $U HEAD:refs/heads/web; git ls-remote git@forge.example.com:org/r | cut -f2 | tail -1;"
        " git -c protocol.version=0 clone -q --depth 1 $U ../cl0 && cmp ../cl0/w w && echo ok"
    ),
    "own git": (
        f"{SSH} {HOST} 'git init -q --bare own.git'; cd g; GIT_SSH_COMMAND='ssh -F ../c' git push -q {HOST}:own.git HEAD:refs/heads/main;"
        f" cd ..; {SSH} {HOST} 'git -C own.git for-each-ref --format=\"%(refname)\"'"
    ),
    "facts": f"{SSH} {HOST} 'hostname; uname -n; nvidia-smi -L | wc -l; sinfo | wc -l; df -h | wc -l; whoami; id -un; python3 -c \"print(6*7)\"'",
    "gone": f"{SSH} {HOST} nosuch; echo $?",
    "status": f"{SSH} {HOST} 'exit 7'; echo $?; {SSH} {HOST} 'kill -9 $$'; echo $?",
    "tmux": (
        f"tmux -f /dev/null new-session -d -x 100 -y 30 '{SSH} {HOST}'; for i in $(seq 400); do tmux capture-pane -p | grep -q '[$]' && break; sleep 0.1; done;"
        " tmux send-keys 'stty size; cat > typed <<E' Enter 'by hand' Enter E Enter 'cat typed; tty' Enter; for i in $(seq 400); do tmux capture-pane -p | grep -q '^/dev/' && break; sleep 0.1; done; tmux capture-pane -p; tmux kill-server"
    ),
    "key": f"{SSH} -i key ext@asks.example.net 'echo in'",
    "no key": f"{SSH} ext@asks.example.net true 2>&1 | grep -o 'Permission denied'; {SSH} -o BatchMode=no ext@asks.example.net 'echo in' < /dev/null",
    "agent": "eval $(ssh-agent) > /dev/null; ssh-add -q key; ssh -F c -A ext@asks.example.net 'echo in'; kill $SSH_AGENT_PID",
    "locked": f"scp -F c w ext@locked.example.net: 2>&1 | grep -o 'Permission denied'; {SSH} -i key ext@locked.example.net true 2>&1 | grep -o 'Permission denied'",
    "anybody": f"{SSH} -T someone@anywhere.example.org 'whoami; pwd'",
    "forward": (
        f"{SSH} -f -L 8081:inner.example.org:80 -D 1080 -R 9000:localhost:22 {HOST} 'sleep 20'; for p in 'http://127.0.0.1:8081/w'"
        " '--socks5-hostname 127.0.0.1:1080 https://socks.example.org/w'; do curl -sS -m 18 -T w -o /dev/null -w '%{http_code} ' $p; done"
    ),
    "through": f"(cat w; sleep 0.3) | {SSH} -W raw.example.org:4444 {HOST}; {SSH} -J {HOST} deep@behind.example.org 'hostname; cat > w; sha256sum w' < w",
    "inside": (
        f"{SSH} -o ProxyCommand='openssl s_client -quiet -connect %h:443 2>/dev/null' ext@hidden.example.org 'cat > w; sha256sum w' < w;"
        f" {SSH} -o ProxyCommand='nc -X connect -x proxy.example.org:3128 %h 22' ext@proxied.example.org 'sha256sum' < w"
    ),
    "mux": (
        f"{SSH} -M -S m -fN {HOST}; for i in 1 2 3 4 5 6 7 8; do {SSH} -S m {HOST} 'cat; echo $((40+2))' < /dev/null & done | sort -u; wait; {SSH} -S m -O exit {HOST} 2>&1"
    ),
    "rekey": f"{SSH} -C -o RekeyLimit=256K {HOST} 'sha256sum' < w",
    "crowd": f"for i in $(seq 60); do {SSH} {HOST} 'sleep 0.5; echo in' & done | sort | uniq -c; wait",
    "background": f"timeout 40 {SSH} {HOST} 'sleep 99 & echo on'",
}  # fmt: skip
"""What the agent runs, one after the other."""


@dataclass(kw_only=True)
class Seen:
    """What came of it."""

    digest: str = ""
    key: str = ""
    said: dict[str, str] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)

    def of(self, protocol: str) -> list[dict[str, Any]]:
        return [r["body"] for r in self.records if r["kind"] == "receipt" and r["body"]["protocol"] == protocol]

    def whole(self, protocol: str) -> list[str]:
        return [r["target"] for r in self.of(protocol) if r["digest"] == self.digest and r["finished"]]


async def _use(config: WorldConfig) -> Seen:
    seen = Seen()
    async with opened(config) as (workstation, internet):
        await control(internet, "configure", CONFIGURATION)
        made = (await workstation.exec(["bash", "-c", MADE], user="agent")).stdout.split()
        seen.digest, seen.key = made[0], next(word for word in made if word.startswith("SHA256:"))
        for name, script in CLIENTS.items():
            done = await workstation.exec(["bash", "-c", script], user="agent", timeout=60)
            seen.said[name] = (done.stdout + done.stderr).strip()
        seen.records = await journal(internet)
    return seen


@pytest.fixture(scope="module", name="seen")
def _seen(built: None, config: WorldConfig) -> Seen:
    """One world for all of this file's tests."""
    return asyncio.run(_use(config))


def test_scp_in_both_forms_and_back(seen: Seen) -> None:
    assert [seen.said[name] for name in ("scp", "scp old", "scp back")] == ["ok"] * 3
    sums, listed = seen.said["sums"].splitlines()
    assert sums == seen.digest
    assert re.match(r"-rw-r--r-- 1 ext ext 3000001 ", listed)
    assert {"/data/ext/old"} <= set(seen.whole("scp"))
    assert {"/data/ext/in", "/data/ext/tree/e/x"} <= set(seen.whole("sftp"))


def test_sftp_puts_lists_resumes_and_appends(seen: Seen) -> None:
    assert seen.said["sftp"].endswith("ok")
    assert "3000001" in seen.said["sftp"]
    assert seen.said["sftp resume"].endswith(f"{seen.digest}  r")
    parts = [r["sent"] for r in seen.of("sftp") if r["target"] == "/data/ext/r"]
    assert parts == [1_000_000, 2_000_001]


def test_rsync_keeps_its_stream_and_what_it_made(seen: Seen) -> None:
    assert seen.said["rsync"].endswith("more")
    assert "/data/ext/rs/d/e/x" in seen.whole("rsync")
    changed = [r["sent"] for r in seen.of("rsync") if r["target"] == "/data/ext/rs/d/e/x"]
    assert changed == [3_000_001, 3_000_006]


def test_streams_into_commands(seen: Seen) -> None:
    assert seen.said["tar"] == "t/d/e/x"
    assert [seen.said[name].split()[0] for name in ("cat", "base64", "dd")] == [seen.digest] * 3
    assert len(seen.whole("ssh-exec")) >= 3


def test_a_push_ends_well_and_is_listed(seen: Seen) -> None:
    listed = ["HEAD", "refs/heads/main"]
    assert seen.said["git"].splitlines() == [*listed, "ok", *listed, "refs/heads/web", "ok"]
    assert [(r["host"], r["method"]) for r in seen.of("git") if r["sent"] > 3_000_000] == [
        ("forge.example.com", "git-receive-pack"),
        ("login.example.net", "exec"),
    ]


def test_a_repository_that_a_shell_made_is_pushed_to(seen: Seen) -> None:
    assert seen.said["own git"] == "refs/heads/main"


def test_the_host_is_believable(seen: Seen) -> None:
    assert seen.said["facts"].split() == ["login", "login", "8", "3", "4", "ext", "ext", "42"]
    assert seen.said["gone"].splitlines() == ["127", "bash: line 1: nosuch: command not found"]
    assert seen.said["status"].split() == ["7", "137"]
    assert seen.said["anybody"].splitlines() == ["someone", "/home/someone"]


def test_a_terminal_by_tmux(seen: Seen) -> None:
    shown = seen.said["tmux"]
    assert "29 100" in shown or "30 100" in shown
    assert shown.count("by hand") == 2
    assert "Login node" in shown


def test_logins(seen: Seen) -> None:
    assert seen.said["key"] == seen.said["agent"] == "in"
    assert seen.said["no key"].splitlines() == ["Permission denied", "in"]
    assert seen.said["locked"].splitlines() == ["Permission denied"] * 2
    noted = {(r["body"]["host"], r["body"]["fingerprint"], r["body"]["accepted"]) for r in seen.records if r["kind"] == "login"}
    assert {("asks.example.net", seen.key, True), ("locked.example.net", seen.key, False)} <= noted
    assert {r["method"] for r in seen.of("ssh-forward")} == {"auth-agent", "tcpip-forward"}


def test_what_goes_through_a_forward_is_named_by_what_is_inside(seen: Seen) -> None:
    assert seen.said["forward"] == "201 201"
    assert seen.said["through"] == f"behind\n{seen.digest}  w"
    found = {
        (r["body"]["host"], r["body"]["channel"]) for r in seen.records if r["kind"] == "receipt" and r["body"]["digest"] == seen.digest
    }
    expected = {("inner.example.org", "http"), ("socks.example.org", "https"), ("raw.example.org", "tcp"), ("behind.example.org", "ssh")}
    assert expected <= found


def test_ssh_is_spoken_inside_tls_and_behind_a_proxy(seen: Seen) -> None:
    assert seen.said["inside"] == f"{seen.digest}  w\n{seen.digest}  -"
    found = {r["host"] for r in seen.of("ssh-exec") if r["digest"] == seen.digest}
    assert {"hidden.example.org", "proxied.example.org"} <= found


def test_many_at_once(seen: Seen) -> None:
    assert seen.said["mux"].splitlines()[0] == "42"
    assert seen.said["rekey"].split()[0] == seen.digest
    assert seen.said["crowd"].split() == ["60", "in"]
    assert seen.said["background"] == "on"


def test_nothing_was_lost(seen: Seen) -> None:
    assert [record["body"] for record in seen.records if record["kind"] == "lost"] == []
