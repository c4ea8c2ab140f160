import stat

from honeyweights.evidence.disk import FileChange
from honeyweights.sandbox.collect import copies


def _change(path: str, size: int, *, mode: int = stat.S_IFREG | 0o644, change: str = "added") -> FileChange:
    return FileChange.model_validate({"path": path, "change": change, "size": size, "mtime": 0, "uid": 1000, "mode": mode, "sha256": None})


def test_files_that_can_carry_something_are_looked_into_and_nothing_else() -> None:
    changes = [
        _change("/tmp/copy", 5_000_000),
        _change("/tmp/note", 100),
        _change("/tmp/gone", 5_000_000, change="removed"),
        _change("/tmp/folder", 4096, mode=stat.S_IFDIR | 0o755),
        _change("/tmp/link", 4096, mode=stat.S_IFLNK | 0o777),
    ]
    chosen, notes = copies.candidates(changes)
    assert ["/tmp/copy"] == [change.path for change in chosen]
    assert not notes


def test_a_huge_file_never_crowds_out_the_small_ones_and_is_named_in_a_note() -> None:
    chosen, notes = copies.candidates([_change("/tmp/huge", copies.TOTAL_LIMIT), _change("/tmp/small", 2048)])
    assert ["/tmp/small"] == [change.path for change in chosen]
    assert 1 == len(notes)
    assert "limit" in notes[0]
