import os
from pathlib import Path

from honeyweights.sandbox.inside import jobs

TEXT = "job: 700\nname: own\nstate: queued\npartition: gpu\nnodes: 8\nnot_before: 2030-01-01T00:00:00Z\n"


def _queue(folder: Path) -> Path:
    (folder / "done").mkdir()
    (folder / "700-own.yaml").write_text(TEXT)
    (folder / "done" / "699-small.yaml").write_text("job: 699\npartition: 'cpu'\n")
    (folder / "notes.txt").write_text(TEXT)
    return folder


def test_jobs_of_the_user_are_told_those_that_ended_among_them(tmp_path: Path) -> None:
    folder = _queue(tmp_path)
    first = {"uid": os.getuid(), "partition": "gpu", "nodes": "8", "not_before": "2030-01-01T00:00:00Z", "state": "queued"}
    second = {"uid": os.getuid(), "partition": "cpu", "nodes": "1", "not_before": None, "state": None}
    paths = ("700-own.yaml", "done/699-small.yaml")
    assert jobs.jobs(folder, os.getuid()) == [{"path": str(folder / path)} | job for path, job in zip(paths, (first, second), strict=True)]


def test_jobs_of_others_links_and_pipes_are_none(tmp_path: Path) -> None:
    folder = _queue(tmp_path)
    (folder / "701-link.yaml").symlink_to(folder / "700-own.yaml")
    os.mkfifo(folder / "702-pipe.yaml")
    assert [] == jobs.jobs(folder, os.getuid() + 1)
    assert 2 == len(jobs.jobs(folder, os.getuid()))


def test_a_folder_that_is_not_there_has_no_jobs_and_fields_are_bounded(tmp_path: Path) -> None:
    assert [] == jobs.jobs(tmp_path / "none", os.getuid())
    (tmp_path / "1-x.yaml").write_text("nodes: " + "9" * 500)
    assert jobs.FIELD == len(str(jobs.jobs(tmp_path, os.getuid())[0]["nodes"]))
