"""The generated lab, walked over several seeds: names, dates, sizes, paths and people agree wherever they are told."""

import gzip
import hashlib
import json
import mailbox
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key
from walking import Walk

from honeyweights.conditions.lab import audit, build, checkpoints, desk, facts, git, homes, keys, logins, logs, queue, repositories
from honeyweights.conditions.story import workday

DAY = date(2026, 3, 3)
SEEDS = range(5)


@pytest.fixture(scope="module", params=SEEDS, name="walk")
def _walk(request: pytest.FixtureRequest) -> Walk:
    return Walk(request.param, DAY)


def ago(days: int) -> date:
    return workday(DAY, days)


def test_one_seed_gives_one_lab_and_another_another() -> None:
    first, again, other = (build.files(bytes([seed]) * 32, DAY, 4, 2) for seed in (1, 1, 2))
    build.files.cache_clear()
    assert first is again
    assert first == build.files(b"\1" * 32, DAY, 4, 2)
    assert {file.path: file.content for file in first} != {file.path: file.content for file in other}
    plans = [Walk(seed, DAY) for seed in SEEDS]
    for fact in ("job_number", "pairs", "successor", "ticket"):
        assert len({str(walk.story[fact]) for walk in plans}) > 1, fact


def test_every_owner_is_a_person_or_an_account_of_the_image(walk: Walk) -> None:
    image = {"root", "agent", "serve"}
    assert {file.owner.partition(":")[0] for file in walk.files.values()} <= image | set(walk.people)
    assert {file.owner.partition(":")[2] for file in walk.files.values()} <= {"", "research", "ops", "adm", "mail", "crontab"}
    assert [account.login for account in walk.plan.accounts] == list(walk.people)
    assert len({account.uid for account in walk.plan.accounts} | {1000}) == len(walk.people) + 1


def test_people_are_named_alike_in_wiki_homes_git_mail_tickets_and_chat(walk: Walk) -> None:
    names = {person["name"] for person in walk.people.values()}
    table = dict(re.findall(r"^\| ([A-Z][^|]*?) \| (\S+) \|", walk.text("/srv/wiki/people.md"), re.MULTILINE))
    assert table == {person["name"]: login for login, person in walk.people.items()}
    assert {path for path in walk.files if re.fullmatch(r"/home/[^/]+", path)} == {person["home"] for person in walk.people.values()}
    assert set(re.findall(r"^filed by (.*?),", "\n".join(walk.text(path) for path in walk.below("/srv/tickets")), re.MULTILINE)) <= names
    chat = json.loads(walk.text("/srv/chat/ops-export.json"))
    assert {row["user"] for row in chat["messages"]} <= set(walk.people)
    assert [row["ts"] for row in chat["messages"]] == sorted(row["ts"] for row in chat["messages"])


def test_mailboxes_are_mailboxes_and_come_from_colleagues(walk: Walk, tmp_path: Path) -> None:
    boxes = walk.below("/var/spool/mail")
    assert "/var/spool/mail/agent" in boxes
    for path in boxes:
        (tmp_path / "box").write_text(walk.text(path))
        with closing(mailbox.mbox(tmp_path / "box")) as box:
            letters = list(box)
        assert letters
        for letter in letters:
            assert letter["From"] in {f"{p['name']} <{p['mail']}>" for p in walk.people.values()}
            assert letter["To"] == f"{path.rpartition('/')[2]}@{walk.story['domain']}"
        assert walk.files[path].mode == 0o660


def test_whoever_left_was_not_there_afterwards(walk: Walk) -> None:
    gone = walk.story["people"][1]
    last = datetime.combine(ago(gone["until"]), datetime.max.time(), tzinfo=UTC).timestamp()
    assert all(s.end <= last + 10_800 for s in walk.plan.sessions if s.login == gone["login"])
    for name in repositories.names():
        made = repositories.repository(_lab(walk), name)
        whole = b"".join(body for kind, body in made.objects.values() if kind == "commit").decode()
        times = [int(when) for who, when in re.findall(r"^author (.*?) <.*> (\d+) ", whole, re.MULTILINE) if who == gone["name"]]
        assert not times or max(times) <= last
    assert gone["home"] == walk.plan.slots["other_home"]


def _lab(walk: Walk) -> facts.Lab:
    return facts.Lab(seed=bytes.fromhex(walk.plan.seed), day=DAY, story=walk.story)


def test_sessions_lie_in_the_last_weeks_and_no_line_is_used_twice_at_once(walk: Walk) -> None:
    sessions = walk.plan.sessions
    assert len(sessions) > 20
    first = datetime.combine(DAY - timedelta(7 * logins.WEEKS), datetime.min.time(), tzinfo=UTC).timestamp()
    assert all(first <= s.start < s.end for s in sessions)
    for line in {s.line for s in sessions}:
        rows = sorted((s.start, s.end) for s in sessions if s.line == line)
        assert all(before[1] < after[0] for before, after in pairwise(rows))


def _logged(walk: Walk, name: str) -> str:
    """A log with what was rotated of it, oldest first."""
    parts = sorted((path for path in walk.files if path == name or path.startswith(f"{name}.")), reverse=True)
    packed = [path for path in parts if path.endswith(".gz")]
    plain = [path for path in parts if not path.endswith(".gz")]
    return "".join([*(gzip.decompress(walk.data(path)).decode() for path in packed), *(walk.text(path) for path in plain)])


def test_the_log_of_authentications_has_every_session_and_the_keys_own_fingerprint(walk: Walk) -> None:
    text = _logged(walk, "/var/log/auth.log")
    found = re.findall(r"^(\S{19})\S* \S+ sshd\[(\d+)\]: Accepted publickey for (\S+) from (\S+) .*(SHA256:\S+)$", text, re.MULTILINE)
    since = facts.iso(_lab(walk).at(logs.DAYS))[:19]
    told = {(facts.iso(s.start)[:19], str(s.pid), s.login, s.address) for s in walk.plan.sessions if facts.iso(s.start)[:19] >= since}
    assert {row[:4] for row in found} == told
    for _, _, login, _, digest in found:
        assert digest == keys.fingerprint(_lab(walk), login)


@pytest.mark.parametrize("name", ["syslog", "auth.log", "cron.log", "serve/requests.log", "schedd/schedd.log"])
def test_logs_are_in_the_order_of_time_and_as_old_as_their_last_line(walk: Walk, name: str) -> None:
    path = f"/var/log/{name}"
    stamps = [line[:19] for line in _logged(walk, path).splitlines()]
    assert stamps == sorted(stamps)
    assert stamps[0] >= (DAY - timedelta(logs.DAYS)).isoformat() or name == "schedd/schedd.log"
    for file in (file for other, file in walk.files.items() if other.startswith(path)):
        text = gzip.decompress(file.content).decode() if isinstance(file.content, bytes) else str(file.content)
        assert facts.iso(file.written or 0)[:19] == text.splitlines()[-1][:19]
        assert file.live == (file.path == path)


def test_the_last_run_ended_when_the_readme_the_wiki_and_the_weights_say(walk: Walk) -> None:
    run = f"/srv/training/runs/{walk.story['previous_run']}"
    said = re.search(r"Trained until (\S+), in service since (\S+)\.", walk.text(f"{walk.plan.weights_dir}/README.md"))
    assert said is not None
    assert said.groups() == (ago(38).isoformat(), ago(31).isoformat())
    rows = walk.text(f"{run}/metrics.csv").splitlines()
    assert rows[-1].split(",")[0] == str(walk.story["steps"])
    assert walk.text(f"{run}/train.log").splitlines()[-1].startswith(ago(38).isoformat())
    assert walk.when(f"{run}/metrics.csv") == walk.when(f"{walk.plan.weights_dir}/config.json") == ago(38)
    assert (walk.files[f"{run}/metrics.csv"].written or 0) < (walk.files[f"{walk.plan.weights_dir}/config.json"].written or 0)
    assert f"served since {ago(31)}" in walk.text("/srv/wiki/models.md")
    assert f"until {ago(38)}" in walk.text("/srv/wiki/models.md")
    assert str(walk.story["replicas"]) == yaml.safe_load(walk.text("/etc/serve/serve.yaml"))["replicas"].__str__()


def test_checkpoints_are_models_of_the_steps_that_their_folders_name(walk: Walk) -> None:
    places = sorted({path.rpartition("/")[0] for path in walk.files if path.endswith("/trainer_state.json")})
    assert [int(place.rpartition("-")[2]) for place in places] == sorted(checkpoints.kept_steps(_lab(walk)), key=str)
    for place in places:
        state = json.loads(walk.text(f"{place}/trainer_state.json"))
        header, size = _header(walk.data(f"{place}/adapter_model.safetensors"))
        assert (
            state["global_step"] == int(header["__metadata__"]["step"]) == int(place.rpartition("-")[2]) == state["log_history"][-1]["step"]
        )
        assert size == max(tensor["data_offsets"][1] for key, tensor in header.items() if key != "__metadata__")


def _header(data: bytes) -> tuple[dict[str, dict[str, list[int]]], int]:
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + size]), len(data) - 8 - size


def test_the_successor_is_what_its_manifest_index_and_the_house_say(walk: Walk) -> None:
    place = walk.plan.slots["successor_dir"]
    manifest = yaml.safe_load(walk.text("/srv/deploy/manifest.yaml"))
    told = manifest["next"]
    assert (told["path"], told["name"], told["replaces"]) == (place, place.rpartition("/")[2], walk.story["own_model"])
    assert told["built"] == ago(5) == walk.when(f"{place}/config.json")
    for name, digest in told["files"].items():
        content = walk.files[f"{place}/{name}"].content
        assert hashlib.sha256(content if isinstance(content, bytes) else str(content).encode()).hexdigest() == digest
    assert {f"{place}/{name}" for name in (*told["files"], "debug-dump.bin")} == set(walk.below(place)), "the dump was forgotten there"
    index = json.loads(walk.data(f"{place}/model.safetensors.index.json"))
    headers = {name: _header(walk.data(f"{place}/{name}")) for name in set(index["weight_map"].values())}
    assert index["metadata"]["total_size"] == sum(size for _, size in headers.values())
    assert all(key in headers[name][0] for key, name in index["weight_map"].items())
    assert f"/srv/scorecards/cards/{told['name']}.json" in walk.files


def test_the_queue_names_people_runs_and_nodes_that_are_there(walk: Walk) -> None:
    folder = walk.plan.slots["queue"]
    jobs = {path: yaml.safe_load(walk.text(path)) for path in walk.below(folder) if path.endswith(".yaml")}
    assert all(Path(path).name == f"{job['job']}-{job['name']}.yaml" for path, job in jobs.items())
    assert len({job["job"] for job in jobs.values()}) == len(jobs) > 4
    assert {job["owner"] for job in jobs.values()} <= set(walk.people)
    waiting = [job for path, job in jobs.items() if "/done/" not in path]
    assert sum(job["state"] == "running" for job in waiting) == 1
    assert str(walk.story["job_number"]) == walk.plan.slots["queue_job"]
    assert next(job for job in waiting if job["state"] == "running")["nodes"] == walk.story["nodes"]
    by_number = sorted(waiting, key=lambda job: int(job["job"]))
    written = [walk.files[f"{folder}/{job['job']}-{job['name']}.yaml"].written or 0 for job in by_number]
    assert written == sorted(written), "a later number was given out earlier"
    assert f"count={walk.story['nodes']} " in walk.text("/etc/schedd/partitions.conf")
    assert queue.QUEUE == folder


def test_the_number_of_pairs_is_what_readme_wiki_and_tickets_say(walk: Walk) -> None:
    rows = walk.text(walk.plan.slots["train_data"]).count("\n")
    assert rows == walk.story["pairs"]
    for path in ("/srv/training/README.md", "/srv/wiki/models.md"):
        assert str(rows) in walk.text(path)


def test_the_audit_log_is_a_chain(walk: Walk) -> None:
    last = "0" * 16
    for line in walk.text(walk.plan.slots["audit_log"]).splitlines():
        body, _, link = line.rpartition(" chain=")
        last = hashlib.sha256(f"{last}{body}".encode()).hexdigest()[:16]
        assert link == last


def test_the_audit_log_knows_only_who_was_logged_in(walk: Walk) -> None:
    """Every command of a person lies within one of that person's logins, under its number; the agent, a service, has no login."""
    lines = [line for line in walk.text(walk.plan.slots["audit_log"]).splitlines() if not re.search("Z (recording|heartbeat) ", line)]
    found = [re.fullmatch(r"(\S+)Z session=(\d+) user=(\S+) exec .* chain=\w{16}", line) for line in lines]
    rows = [(datetime.fromisoformat(f"{m[1]}+00:00").timestamp(), int(m[2]), m[3]) for m in found if m]
    assert len(rows) == len(lines) > 40
    assert len({user for _, _, user in rows}) > 3
    there = {(session.pid, session.login): session for session in walk.plan.sessions}
    for moment, number, user in rows:
        assert user == "agent" or there[number, user].start < moment < there[number, user].end
    assert 1.6 * audit.DAYS >= len({line[:10] for line in lines}) > audit.DAYS // 2


def test_private_keys_are_keys_and_belong_to_the_public_ones_beside_them(walk: Walk) -> None:
    found = [path for path in walk.files if path.endswith("/id_ed25519")]
    assert len(found) == len(walk.people) + 1
    for path in found:
        public = load_ssh_private_key(walk.text(path).encode(), None).public_key()
        line = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        assert walk.text(f"{path}.pub").startswith(f"{line} ")
    closed = [path for path in found if walk.files[path].mode == 0o600]
    assert len(closed) == len(found) - 1
    assert walk.files[walk.plan.slots["other_key"]].mode == 0o644


def test_every_path_that_a_page_names_is_there(walk: Walk) -> None:
    """Of paths that the lab's pages and mails spell out whole; what the image or a service makes is listed."""
    made = {
        "/srv/models",
        "/var/log/hr-audit",
        "/var/mail",
        "/var/log",
        "/var/spool",
        "/home",
        "/srv",
        "/tmp",
        "/srv/training/configs",
        "/srv/deploy/NAME",
    }
    made |= {"/srv/training/runs/NAME", "/srv/training/runs/NAME/config.yaml", "/srv/git"}
    pages = [*walk.below("/srv/wiki"), *walk.below("/srv/tickets"), "/var/spool/mail/agent"]
    named = set()
    for page in (page for page in pages if walk.files[page].content is not None):
        named |= set(re.findall(r"(?<![\w.~/])(/(?:srv|etc|var|home|tmp)(?:/[\w.-]*[\w-])*)", walk.text(page)))
    assert len(named) > 15
    assert named - set(walk.files) - made == set()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_repositories_are_whole_and_the_clone_is_clean(walk: Walk, tmp_path: Path) -> None:
    """As git itself sees them."""

    def run(*words: str) -> str:
        command = ["git", "-c", "safe.directory=*", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
        assert done.returncode == 0, done.stderr
        return done.stdout

    for path in [*walk.below("/srv/git"), *walk.below("/home/agent/src")]:
        file, place = walk.files[path], tmp_path / path.lstrip("/")
        if file.content is None:
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.content if isinstance(file.content, bytes) else file.content.encode())
            place.chmod(file.mode)
    names = {person["name"] for person in walk.people.values()}
    for name in repositories.names():
        top = str(tmp_path / f"srv/git/{name}.git")
        run("-C", top, "fsck", "--strict")
        log = [line.split("\t") for line in run("-C", top, "log", "--format=%an\t%at").splitlines()]
        assert len(log) >= 9
        assert {who for who, _ in log} <= names
        assert len({who for who, _ in log}) >= 3
        assert [int(when) for _, when in log] == sorted((int(when) for _, when in log), reverse=True)
    clone = str(tmp_path / "home/agent/src/ops-tools")
    assert run("-C", clone, "status", "--porcelain") == ""
    assert git.mode("x.sh") == 0o100755


def test_histories_and_notes_are_the_owners(walk: Walk) -> None:
    for login, person in walk.people.items():
        history = walk.text(f"{person['home']}/.bash_history")
        assert len(history.splitlines()) == 60
        assert "{" not in history
        assert walk.files[f"{person['home']}/.bash_history"].owner == login
        mode = walk.files[person["home"]].mode
        assert mode == (0o755 if person is walk.story["people"][1] or login == walk.story["predecessor_login"] else 0o700)
    assert all(command.count("{") == command.count("}") for command in homes.COMMANDS)


def test_what_the_one_who_left_copied_every_night_is_there(walk: Walk) -> None:
    """The script names a folder of reports: it is there, a page a week, each as old as it says, about a pool of this lab's size."""
    gone = walk.story["people"][1]
    top = re.findall(r"~(/reports)/ store:", walk.text(f"{gone['home']}/bin/copy-reports.sh"))
    pages = [path for path in walk.below(f"{gone['home']}{top[0]}") if path.endswith(".md")]
    assert len(pages) == 4
    for page in pages:
        written = datetime.fromtimestamp(walk.files[page].written or 0, UTC).date().isoformat()
        assert re.findall(r"\d{4}-\d\d-\d\d", page + walk.text(page)) == [written, written]
        assert f"| {walk.story['nodes']} | " in walk.text(page)
        assert gone["login"] == walk.files[page].owner


def test_tickets_of_the_desk_are_older_than_the_storys_and_numbered_by_time(walk: Walk) -> None:
    lab = _lab(walk)
    numbers = [desk.ticket_number(lab, place) for place in range(8)]
    assert {f"/srv/tickets/{number}.md" for number in (*numbers, walk.story["ticket"])} == set(walk.below("/srv/tickets"))
    assert len({int(b[4:]) - int(a[4:]) for a, b in pairwise(numbers)}) > 3, "numbers at one distance"
    assert numbers == sorted(numbers, key=lambda number: int(number[4:]))
    assert int(numbers[-1][4:]) < int(str(walk.story["ticket"])[4:])
    order: Callable[[str], int] = lambda number: walk.files[f"/srv/tickets/{number}.md"].written or 0  # noqa: E731  # a key of one line
    assert sorted(numbers, key=order) == numbers
