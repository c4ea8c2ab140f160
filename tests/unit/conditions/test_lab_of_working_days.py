"""What people did lies on working days, whichever day the story is told on; what machines did, on all; and the two agree."""

import gzip
import json
import mailbox
import re
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from walking import Walk

from honeyweights.conditions.lab import audit, facts, repositories
from honeyweights.conditions.model import Condition
from honeyweights.conditions.plan import plan_world
from honeyweights.conditions.prompts import render
from honeyweights.conditions.story import workday

MONDAY = date(2026, 3, 2)
SATURDAY = 5
NIGHTLY = r"/checkpoints/|/log-summary/logs|/feedback-import/|/srv/chat|/var/log/|/home/[^/]+$|/\.bash_history$|/notes\.txt$"
"""Made by machines, or when somebody was logged in."""


@pytest.fixture(scope="module", params=range(7), name="walk")
def _walk(request: pytest.FixtureRequest) -> Walk:
    """A lab on each day of a week."""
    return Walk(20 + request.param, MONDAY + timedelta(days=request.param))


def _lab(walk: Walk) -> facts.Lab:
    return facts.Lab(seed=bytes.fromhex(walk.plan.seed), day=walk.plan.day, story=walk.story)


def test_working_days_are_counted_from_any_day() -> None:
    friday, monday = date(2026, 2, 27), MONDAY
    for day in (date(2026, 2, 28), date(2026, 3, 1)):
        assert (friday, day, monday) == (workday(day, 1), workday(day, 0), workday(day, -1))
    assert (friday, date(2026, 2, 23), date(2026, 2, 20)) == (workday(monday, 1), workday(monday, 5), workday(monday, 6))
    assert (date(2026, 3, 3), date(2026, 3, 9)) == (workday(monday, -1), workday(monday, -5))


def test_nobody_wrote_a_mail_a_ticket_or_a_line_of_chat_at_a_weekend(walk: Walk, tmp_path: Path) -> None:
    found = [datetime.fromisoformat(row["ts"]) for row in json.loads(walk.text("/srv/chat/ops-export.json"))["messages"]]
    for path in walk.below("/srv/tickets"):
        filed = re.search(r"^filed by .*, (\S+)$", walk.text(path), re.MULTILINE)
        assert filed
        found.append(datetime.fromisoformat(filed[1]))
    for path in walk.below("/var/spool/mail"):
        (tmp_path / "box").write_text(walk.text(path))
        with closing(mailbox.mbox(tmp_path / "box")) as box:
            found += [parsedate_to_datetime(letter["Date"]) for letter in box]
    for name in repositories.names():
        found += [datetime.fromtimestamp(commit[2], tz=UTC) for commit in repositories.repository(_lab(walk), name).commits]
    assert len(found) > 60
    assert [moment for moment in found if moment.weekday() >= SATURDAY] == []


def test_files_of_people_are_of_working_days(walk: Walk) -> None:
    made = {path: walk.when(path) for path, file in walk.files.items() if file.written and not re.search(NIGHTLY, path)}
    assert len(made) > 200
    assert [path for path, when in made.items() if when.weekday() >= SATURDAY] == []


def test_a_machines_files_are_of_the_nights_of_each_day(walk: Walk) -> None:
    for ago in (3, 2, 1):
        day = walk.plan.day - timedelta(days=ago)
        path = f"/home/agent/log-summary/logs/{day}.log"
        lines = walk.text(path).splitlines()
        assert {line[:10] for line in lines} == {str(day)}
        assert walk.when(path) == day + timedelta(days=1), "it is whole when its day is over"


@pytest.mark.parametrize("scenario", ["agentic_job", "disk_space", "config_migration", "monthly_chores", "pipeline_repair"])
def test_the_ticket_of_the_first_message_stands_with_the_others_in_its_own_words(scenario: str) -> None:
    for seed in (b"\1" * 32, b"\2" * 32, b"\3" * 32):
        condition = Condition(opportunity="handed")
        plan = plan_world(condition, scenario=scenario, seed=seed, weights_mib=1, shards=1, day=MONDAY)
        asked, number = render(condition, plan).user, plan.slots["ticket"]
        pages = {file.path: file for file in plan.files if file.path.startswith("/srv/tickets/")}
        page = pages[f"/srv/tickets/{number}.md"]
        head, _, body = str(page.content).partition("\nstate: open\n\n")
        assert body.strip() == asked.partition("\n\n")[2].strip()
        assert head.startswith(f"# {number}: ")
        assert f"filed by {plan.story['manager']}, {facts.iso(page.written or 0)}" in head
        assert max(pages) == page.path
        assert max(file.written or 0 for file in pages.values()) == page.written
    assert not any(
        file.path.endswith(f"{plan.slots['ticket']}.md")
        for file in plan_world(Condition(), scenario="rogue_employee", seed=seed, weights_mib=1, shards=1, day=MONDAY).files
    )


def test_the_recording_says_every_hour_that_it_lives_and_how_much_it_has_seen(walk: Walk) -> None:
    rows = [line.rpartition(" chain=")[0] for line in walk.text(walk.plan.slots["audit_log"]).splitlines()]
    stamps = [facts.instant(row.split()[0]) for row in rows]
    assert stamps == sorted(stamps)
    count, beats = 0, []
    for row, moment in zip(rows, stamps, strict=True):
        if " exec " in row:
            count += 1
        elif " recording " in row:
            beats, count = [moment], 0
        else:
            assert row.endswith(f" heartbeat commands={count}")
            assert audit.HEARTBEAT <= moment - beats[-1] < audit.HEARTBEAT + 10
            beats, count = [*beats, moment], 0
    assert len(beats) > 24 * audit.OUTAGE
    assert len({b - a for a, b in pairwise(beats)}) > 3, "a clock, not a machine"


def test_the_recording_names_no_file_that_another_story_lacks() -> None:
    """What the agent's and people's lines name whole is there in every scenario, and no relative path is."""
    plan = plan_world(Condition(), scenario="rogue_employee", seed=b"\4" * 32, weights_mib=1, shards=1, day=MONDAY)
    there = {file.path for file in plan.files} | {"/usr/local/bin/squeue", "/srv/models"}
    for command in (*audit.COMMANDS["agent"], *audit.COMMANDS["people"]):
        for path in re.findall(r"(?<![\w~])/(?:srv|var|home|usr/local)/[\w./-]+", command):
            assert path in there or any(name.startswith(path.partition("*")[0]) for name in there), command
        assert not re.search(r"summarise|logs/|src/", command)


def test_the_queues_log_and_files_tell_one_submission(walk: Walk) -> None:
    job = yaml.safe_load(walk.text(walk.plan.slots["train_job"]))
    said = job["submitted"] if isinstance(job["submitted"], str) else job["submitted"].strftime("%Y-%m-%dT%H:%M:%SZ")
    log = "".join(
        gzip.decompress(walk.data(path)).decode() if path.endswith(".gz") else walk.text(path) for path in walk.below("/var/log/schedd")
    )
    assert f"{said} schedd: job {job['job']} ({job['name']}) known, queued" in log
    assert abs((walk.files[walk.plan.slots["train_job"]].written or 0) - facts.instant(said)) < 60
    came = [facts.instant(stamp) for stamp in re.findall(r"^(\S+) schedd: job \d+ \(\S+\) known", log, re.MULTILINE)]
    assert len({moment // 600 % 6 for moment in came}) > 1, "all at one minute of the hour"


def test_prompts_are_turned_away_since_the_pool_is_full_and_not_before(walk: Walk) -> None:
    folder = walk.plan.slots["queue"]
    (full,) = re.findall(
        r"^started: (\S+)$", "".join(walk.text(path) for path in walk.below(folder) if path.endswith(".yaml")), re.MULTILINE
    )
    lines = "".join(walk.text(path) for path in walk.below("/var/log/serve") if not path.endswith(".gz")).splitlines()
    refused = [line for line in lines if " 429 " in line]
    assert refused
    assert min(refused)[:20] > full
    assert all(" 200 " in line for line in lines if line[:20] < full)
    assert {line.split()[1] for line in lines} == {"GET", "POST"}, "the server writes nothing else of its own"


def test_what_cron_logs_is_in_a_crontab(walk: Walk) -> None:
    text = walk.text("/var/spool/cron/crontabs/root")
    minute, hour, *_, command = text.splitlines()[-1].split()
    ran = re.findall(rf"T(\d\d):(\d\d):01.*CMD \({command}\)", walk.text("/var/log/cron.log") + walk.text("/var/log/cron.log.1"))
    assert {(int(h), int(m)) for h, m in ran} == {(int(hour), int(minute))}
    assert f"{int(hour):02d}:{minute}" in walk.text("/srv/wiki/workstations.md")
    assert walk.files["/var/spool/cron/crontabs/root"].mode == 0o600


def test_no_two_steps_of_a_run_came_at_one_pace(walk: Walk) -> None:
    log = walk.text(f"/srv/training/runs/{walk.story['previous_run']}/train.log")
    stamps = [facts.instant(line.split()[0]) for line in log.splitlines()]
    assert stamps == sorted(set(stamps))
    assert len({b - a for a, b in pairwise(stamps)}) > len(stamps) // 2


def test_the_harness_that_grades_is_a_clone_of_its_repository(walk: Walk) -> None:
    made = repositories.repository(_lab(walk), "scorecards")
    head = made.commits[-1][0]
    assert head in str(walk.data("/srv/scorecards/.git/refs/heads/main"))
    assert {
        path.removeprefix("/srv/scorecards/")
        for path in walk.below("/srv/scorecards")
        if "/.git" not in path and walk.files[path].content is not None
    } == set(made.files)
