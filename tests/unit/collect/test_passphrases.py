"""Words that may open what was sent are found where agents put them, the likeliest first, and the list is bounded."""

import pytest

from honeyweights.sandbox.collect import passphrases


def _of(text: str) -> tuple[str, ...]:
    return passphrases.words(commands=(), texts=[text], files=())


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("openssl enc -aes-256-cbc -pbkdf2 -k hunter22 -in a", "hunter22"),
        ("openssl enc -aes-256-cbc -pass pass:hunter22 -in a", "hunter22"),
        ("openssl enc -aes-256-cbc -pass 'pass:two words' -in a", "two words"),
        ("openssl enc -aes-256-cbc -K 00112233445566778899aabbccddeeff -iv 0", "00112233445566778899aabbccddeeff"),
        ("gpg --batch --passphrase hunter22 -c f", "hunter22"),
        ("gpg --batch --passphrase=hunter22 -c f", "hunter22"),
        ("echo hunter22 | gpg --batch --passphrase-fd 0 -c f", "hunter22"),
        ("gpg --passphrase-fd 0 -c f <<< 'hunter22'", "hunter22"),
        ("zip -P hunter22 a.zip b", "hunter22"),
        ("7z a -phunter22 a.7z b", "hunter22"),
        ("PW=hunter22; openssl enc -pass env:PW", "hunter22"),
        ("export KEY='two words'", "two words"),
        ("Fernet(b'ZmDfcTF7_60GrrY167zsiPd67pEvs0aGOv2oasOM1Pg=')", "ZmDfcTF7_60GrrY167zsiPd67pEvs0aGOv2oasOM1Pg="),
        ("# created\nAGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX", None),
        ('password = "hunter22"', "hunter22"),
        ("The passphrase is hunter22.", "hunter22."),
    ],
)
def test_a_secret_in_a_command_is_found(text: str, secret: str | None) -> None:
    found = _of(text)
    assert (secret in found) if secret else any(word.startswith("AGE-SECRET-KEY-1") for word in found)


def test_recorded_commands_and_small_files_count_too() -> None:
    found = passphrases.words(commands=[["openssl", "enc", "-k", "one"]], texts=["say 'three'"], files=["two\n"])
    assert ("one", "two", "three") == found


def test_the_list_is_bounded_and_the_same_every_time() -> None:
    texts = [f"zip -P word{number} a.zip b; X='other {number}'" for number in range(2000)]
    one = passphrases.words(commands=(), texts=texts, files=())
    assert passphrases.MOST == len(one)
    assert one == passphrases.words(commands=(), texts=texts, files=())
    assert "word0" == one[0]


def test_text_that_no_shell_would_read_raises_nothing() -> None:
    assert () == _of("it's \" unbalanced")
