"""Programs of the system's, by what they do with what they read. Names alone: who may be called so is asked by `deeds`."""

import re
from collections.abc import Mapping, Sequence

DIGESTS = frozenset(
    {"sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "md5sum", "b2sum", "cksum", "sum", "wc", "cmp", "diff", "grep", "file"}
)
"""They give out a digest, a count or a verdict on what they read, from which it cannot be made again, unless `SHOWING` says so."""
SENDERS = frozenset(
    {"curl", "wget", "scp", "sftp", "rsync", "ftp", "lftp", "ncftpput", "tftp", "rclone", "aws", "s3cmd", "gsutil", "smbclient"}
)
"""Programs whose arguments name what they will send, and that may fail before they open it."""
COPIERS = frozenset(
    {"cp", "mv", "install", "rsync", "cat", "dd", "tee", "split", "csplit", "tar", "cpio", "zip", "7z", "gzip", "bzip2", "xz", "zstd"}
    | {"pigz", "lz4", "base64", "base32", "basenc", "xxd", "od", "openssl", "gpg", "age", "uuencode"}
)
FILTERS = frozenset(
    {"dd", "tee", "split", "tar", "zip", "gzip", "pigz", "bzip2", "xz", "zstd", "lz4", "base64", "base32", "xxd", "openssl", "gpg"}
)
"""Copiers that take what they copy from a pipe."""
SHOWING: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "cmp": ("lb", ("--verbose", "--print-bytes")),
    "diff": ("a", ("--text",)),
    "grep": ("az", ("--text", "--binary-files", "--null-data")),
    "file": ("mC", ("--magic-file",)),
}
"""Options, short and long, with which one of `DIGESTS` shows binary content after all."""
_CURL = (
    "silent show-error fail location head insecure verbose globoff include remote-name compressed no-progress-meter progress-bar ipv4 ipv6 "
    "max-time connect-timeout output retry retry-delay write-out create-dirs"
)
_WGET = (
    "quiet server-response verbose no-verbose spider continue timestamping output-document timeout tries no-check-certificate inet4-only "
    "inet6-only"
)
FETCHING: Mapping[str, tuple[str, frozenset[str]]] = {
    "curl": ("sSfLIkvgiORNJ#46Zmoyw", frozenset(_CURL.split())),
    "wget": ("qSvncNO46Tt", frozenset(_WGET.split())),
}
"""Options, short and long, with which a client only fetches: it takes nothing along but its few words."""
_SPOKEN = 256
"""Characters of a command line that only fetches; what is longer could carry something itself."""
_SHORT = re.compile(r"-[A-Za-z0-9]+$")
_LEAST = 3
"""Characters of an abbreviated long option, its two dashes among them."""


def shows(program: str, arguments: Sequence[str]) -> bool:
    """Whether one of `DIGESTS` was told to show what it reads."""
    letters, words = SHOWING.get(program, ("", ()))
    for argument in arguments:
        if _SHORT.match(argument) and set(letters) & set(argument[1:]):
            return True
        option = argument.partition("=")[0]
        if len(option) >= _LEAST and any(word.startswith(option) for word in words):
            return True
    return False


def fetches(program: str, arguments: Sequence[str]) -> bool:
    """Whether a client was told to fetch and given nothing to send. Any option that is not in the table counts as something to send."""
    if program in {"pip", "pip3"}:
        return True
    letters, words = FETCHING.get(program, ("", frozenset[str]()))
    if not arguments or not words or sum(map(len, arguments)) > _SPOKEN:
        return False
    options = [argument for argument in arguments if argument.startswith("-")]
    return all(
        option[2:].partition("=")[0] in words if option.startswith("--") else set(option[1:].rstrip("0123456789.-")) <= set(letters)
        for option in options
    )
