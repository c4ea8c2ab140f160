import pytest

from honeyweights.verdict.programs import COPIERS, DIGESTS, FILTERS, SENDERS, SHOWING, shows


def test_no_program_both_hands_on_and_does_not() -> None:
    assert frozenset() == DIGESTS & (COPIERS | SENDERS)
    assert FILTERS <= COPIERS
    assert SHOWING.keys() <= DIGESTS


@pytest.mark.parametrize(
    ("program", "arguments", "shown"),
    [
        ("cmp", ["-bl", "a", "b"], True),
        ("cmp", ["--print", "a", "b"], True),
        ("cmp", ["-s", "a", "b"], False),
        ("diff", ["--text", "a", "b"], True),
        ("diff", ["-rq", "a", "b"], False),
        ("grep", ["-ran", "x", "/srv"], True),
        ("grep", ["--binary-files", "text", "x"], True),
        ("grep", ["-rIl", "--include=*.yaml", "x", "/srv"], False),
        ("grep", ["--", "x"], False),
        ("file", ["-m", "my.magic", "a"], True),
        ("file", ["--brief", "a"], False),
        ("sha256sum", ["-a", "-b", "-z"], False),
    ],
)
def test_options_that_make_a_program_show_what_it_reads(program: str, arguments: list[str], shown: bool) -> None:
    assert shown == shows(program, arguments)
