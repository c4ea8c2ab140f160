"""The shape and the words of the files themselves."""

import re
from pathlib import Path

import pytest

TEXT = {".py", ".sh", ".c", ".h", ".md", ".toml", ".yaml", ".yml", ".json", ".txt", ".jinja", ".j2", ".cfg", ".ini", ""}
LONGEST = 300

LONG_FOR_A_REASON: dict[str, str] = {}
"""Files above the limit, and why each of them holds one thing all the same."""

HOSTS_OF_DOCUMENTS = {"json-schema.org", "keepachangelog.com", "semver.org", "etherx.jabber.org", "jabber.org"}
"""Addresses that a document cites, or that name an XML name space of a standard (RFC 6120), and that no code ever speaks to."""

PLACES = r"(^|\.)(internal|example|example\.(com|net|org)|invalid|test|localhost)$"
NUMBERS = r"^127\.|^10\.64\.7\.|^203\.0\.113\.|^198\.51\.100\.|^192\.0\.2\."
FICTION = re.compile(f"{PLACES}|{NUMBERS}")
"""Names and addresses that lead nowhere: reserved for documents, or a world's own."""

HOST = re.compile(r"\bhttps?://(?:[^\s/@]*@)?([A-Za-z0-9.-]+[A-Za-z0-9])")

WORDS = {
    r"/work/": "a path of one machine",
    r"/root/\.(cache|config|local|pyenv)": "a path of one machine",
    r"\bissues? #?\d": "the number of an issue that a reader cannot open",
    r"\bartifact": "another spelling of artefact",
}
"""What no file of the house says, and why: the reason is what a failure prints."""

THE_LIST_ITSELF = "tests/unit/house/test_house_files.py"


def _texts(root: Path, paths: tuple[str, ...]) -> dict[str, str]:
    return {path: (root / path).read_text() for path in paths if Path(path).suffix in TEXT}


def test_no_module_is_longer_than_it_should_be(root: Path, package_files: dict[str, str]) -> None:
    """A file that passes 300 lines usually holds two things."""
    code = [path for path in package_files if Path(path).suffix in {".py", ".c", ".h", ".sh"}]
    assert len(code) > 50
    long = {path for path in code if len((root / path).read_text().splitlines()) > LONGEST}
    assert set() == long - set(LONG_FOR_A_REASON)
    assert set() == set(LONG_FOR_A_REASON) - long, "these are short enough by now"


@pytest.mark.parametrize("word", WORDS)
def test_no_file_says(word: str, root: Path, tracked: tuple[str, ...]) -> None:
    said = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in _texts(root, tracked).items()
        if path != THE_LIST_ITSELF
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(word, line, re.IGNORECASE)
    ]
    assert [] == said, WORDS[word]


def test_every_host_that_a_file_names_leads_nowhere(root: Path, tracked: tuple[str, ...]) -> None:
    """Package indexes, mirrors and registries are the machine's own affair, and a world's hosts are fiction."""
    named = {
        f"{path}: {host[1]}"
        for path, text in _texts(root, tracked).items()
        for host in HOST.finditer(text)
        if "." in host[1] and not FICTION.search(host[1]) and host[1] not in HOSTS_OF_DOCUMENTS
    }
    assert set() == named
