"""Mail and news as dialogues: SMTP, IMAP, POP3, NNTP."""

import base64
from typing import Any

import pytest

from honeyweights.containers.internet.protocols import nntp, pop3, smtp
from honeyweights.containers.internet.protocols.imap import boxes, server, tagged
from honeyweights.containers.internet.protocols.imap.server import Imap
from honeyweights.containers.internet.protocols.smtp.server import Smtp

STEPS = pytest.mark.parametrize("step", [1, 3, None])
LETTER = b"EHLO ws\r\nMAIL FROM:<a@example.com> SIZE=9\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org>\r\n"


def contents(place: Any, protocol: str) -> list[bytes]:
    return [place.payload(receipt) for receipt in place.receipts() if receipt["protocol"] == protocol]


@STEPS
def test_a_letter_is_a_receipt_for_its_recipients(place: Any, step: int | None) -> None:
    line = place.line(25)
    said = line.hear(LETTER + b"DATA\r\nSubject: w\r\n\r\n..dots\r\n.\r\nNOOP\r\nQUIT\r\n", step)
    assert said.startswith(b"220 up.example.com ESMTP Postfix")
    assert said.splitlines()[-3:] == [said.splitlines()[-3], b"250 2.0.0 Ok", b"221 2.0.0 Bye"]
    assert b"250 2.0.0 Ok: queued as " in said
    line.talker.ended()
    assert place.brief()[0] == ("smtp", "smtp", "MAIL", "b@example.org, c@example.org", 21, True)
    assert contents(place, "smtp") == [b"Subject: w\r\n\r\n.dots\r\n"]
    assert b"MAIL FROM:<a@example.com>" in place.spool.path(place.receipts()[0]["head"]).read_bytes()
    assert contents(place, "smtp-commands") == [LETTER + b"DATA\r\nNOOP\r\nQUIT\r\n"]


@STEPS
def test_chunks_of_counted_bytes_are_one_letter(place: Any, step: int | None) -> None:
    line = place.line(587)
    line.hear(LETTER + b"BDAT 5\r\n\r\n.\r\nBDAT 0\r\nBDAT 3 LAST\r\nendQUIT\r\n", step)
    assert contents(place, "smtp") == [b"\r\n.\r\nend"]
    assert line.shut_down


def test_a_local_delivery_is_answered_for_each_recipient(place: Any) -> None:
    line = place.line(24)
    said = line.hear(LETTER.replace(b"EHLO", b"LHLO") + b"DATA\r\nx\r\n.\r\n")
    assert said.count(b"queued as") == 2


def test_a_letter_that_is_cut_short_is_not_finished(place: Any) -> None:
    line = place.line(25)
    line.hear(LETTER + b"DATA\r\nhalf\r\n")
    line.talker.broken()
    assert ("smtp", "smtp", "MAIL", "b@example.org, c@example.org", 6, False) in place.brief()


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (b"AUTH PLAIN " + base64.b64encode(b"\0u\0p") + b"\r\n", b"235"),
        (b"AUTH PLAIN\r\n" + base64.b64encode(b"\0u\0p") + b"\r\n", b"235"),
        (b"AUTH LOGIN\r\ndQ==\r\ncA==\r\n", b"235"),
        (b"AUTH LOGIN dQ==\r\ncA==\r\n", b"235"),
        (b"AUTH CRAM-MD5\r\nabcd\r\n", b"235"),
        (b"AUTH LOGIN\r\n*\r\n", b"501"),
        (b"AUTH LOGIN\r\n!\r\n", b"535"),
        (b"AUTH GSSAPI\r\n", b"535"),
        (b"MAIL nobody\r\n", b"501"),
        (b"RCPT TO:<a@b>\r\n", b"503"),
        (b"DATA\r\n", b"503"),
        (b"BDAT x\r\n", b"501"),
        (b"BDAT 2\r\nab", b"503"),
        (b"VRFY a\r\n", b"252"),
        (b"EXPN a\r\n", b"502"),
        (b"RSET\r\n", b"250"),
    ],
)
def test_answers_are_a_mail_server_s(place: Any, words: bytes, last: bytes) -> None:
    line = place.line(25)
    assert line.hear(b"EHLO x\r\n" + words).splitlines()[-1][:3] == last


def test_secure_mail_offers_no_more_security(place: Any) -> None:
    line = place.line(465)
    line.secure = True
    line.talker = Smtp(line, place.house)
    assert b"STARTTLS" not in line.hear(b"EHLO x\r\n")
    assert line.hear(b"STARTTLS\r\n").startswith(b"503")


@STEPS
@pytest.mark.parametrize("plus", [b"", b"+"])
def test_what_is_appended_is_found_again(place: Any, step: int | None, plus: bytes) -> None:
    line = place.line(143)
    said = line.hear(b'a1 LOGIN me "p\\"w"\r\na2 APPEND INBOX (\\Seen) {12%b}\r\nA: b\r\n\r\nbody\r\n' % plus, step)
    assert (b"+ OK\r\n" in said) == (plus == b"")
    assert said.endswith(b"a2 OK [APPENDUID 1718000000 1] Append completed.\r\n")
    assert b"* 1 EXISTS" in line.hear(b"a3 SELECT inbox\r\n", step)
    assert b"BODY[] {12}\r\nA: b\r\n\r\nbody)\r\n" in line.hear(b"a4 UID FETCH 1:* (FLAGS BODY.PEEK[])\r\n", step)
    assert b"{8}\r\nA: b\r\n\r\n)" in line.hear(b"a5 FETCH 1 RFC822.HEADER\r\n")
    assert b"* SEARCH 1\r\n" in line.hear(b"a6 UID SEARCH ALL\r\n")
    assert b"MESSAGES 1" in line.hear(b"a7 STATUS INBOX (MESSAGES)\r\n")
    assert line.hear(b"a8 LOGOUT\r\n").endswith(b"a8 OK Logout completed.\r\n")
    assert ("tcp", "imap", "APPEND", "INBOX", 12, True) in place.brief()


def test_literals_may_stand_anywhere(place: Any) -> None:
    line = place.line(143)
    assert line.hear(b"a1 LOGIN {2}\r\nme {2+}\r\npw\r\n").endswith(b"Logged in\r\n")
    assert b'"odd"' in line.hear(b'a2 CREATE odd\r\na3 LIST "" "*"\r\n')
    assert line.hear(b"a4 AUTHENTICATE PLAIN\r\n") == b"+ \r\n"
    assert b"a4 OK" in line.hear(b"AG1lAHB3\r\n")
    assert line.hear(b"a5 IDLE\r\n") == b"+ idling\r\n"
    assert line.hear(b"DONE\r\n") == b"a5 OK Idle completed.\r\n"
    assert b" BAD " in line.hear(b"what is this\r\n")


def test_what_was_mailed_is_found_by_pop3_and_imap(place: Any) -> None:
    """By the name before the at; dots at the begin of lines come through."""
    message = b"Subject: w\r\n\r\n.dot\r\nlast line"
    smtp_line = place.line(25)
    smtp_line.hear(b"EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n")
    assert b"queued as" in smtp_line.hear(message.replace(b"\n.", b"\n..") + b"\r\n.\r\n")
    line = place.line(110)
    line.hear(b"USER bob\r\n")
    assert line.hear(b"PASS x\r\n") == b"+OK Logged in.\r\n"
    assert line.hear(b"STAT\r\n") == b"+OK 1 %d\r\n" % (len(message) + 2)
    assert line.hear(b"LIST\r\n").endswith(b"\r\n1 %d\r\n.\r\n" % (len(message) + 2))
    assert line.hear(b"UIDL 1\r\n").startswith(b"+OK 1 00000001")
    assert line.hear(b"RETR 1\r\n").partition(b"\r\n")[2] == message.replace(b"\n.", b"\n..") + b"\r\n.\r\n"
    assert line.hear(b"TOP 1 1\r\n") == b"+OK\r\nSubject: w\r\n\r\n..dot\r\n.\r\n"
    assert {line.hear(b"%b 2\r\n" % verb)[:4] for verb in (b"RETR", b"LIST", b"UIDL", b"TOP", b"DELE")} == {b"-ERR"}
    imap_line = place.line(143)
    imap_line.hear(b"a0 AUTHENTICATE LOGIN\r\nYm9iQGV4YW1wbGUuY29t\r\ncHc=\r\n")
    assert b"MESSAGES 1" in imap_line.hear(b"a1 STATUS INBOX (MESSAGES)\r\n")
    other = place.line(110)
    other.hear(b"AUTH PLAIN AGV2ZQBwdw==\r\n")
    assert other.hear(b"STAT\r\n") == b"+OK 0 0\r\n"


@pytest.mark.parametrize("step", [1, 3, 99])
def test_a_message_is_dotted_however_it_is_cut(step: int) -> None:
    whole = b".a\r\n..\r\nb.\n.\n"
    cut = [whole[at : at + step] for at in range(0, len(whole), step)]
    assert b"".join(pop3.dotted(iter(cut))) == b"..a\r\n...\r\nb.\n..\n.\r\n"
    assert b"".join(pop3.dotted(iter(()))) == b".\r\n"


def test_names_of_mailboxes_and_users_are_any_bytes(place: Any) -> None:
    line = place.line(143)
    assert b"a1 OK" in line.hear(b"a1 LOGIN \xff\xfe x\r\n")
    assert b"a2 OK" in line.hear(b"a2 APPEND \x98box {2+}\r\nhi\r\n")
    assert b'"\x98box"' in line.hear(b'a3 LIST "" "*"\r\n')
    assert b"MESSAGES 1" in line.hear(b"a4 STATUS \x98box (MESSAGES)\r\n")


def test_a_command_of_literals_without_end_is_given_up(place: Any) -> None:
    line = place.line(143)
    line.hear(b"a1 NOOP\r\n")
    said = line.hear((b"x" * 8000 + b" {1+}\r\ny") * 40)
    assert b"too long" in said
    assert len(line.talker._gathering) <= server.LONGEST_COMMAND + 8192


@pytest.mark.parametrize(("which", "found"), [(b"1", [1]), (b"1:*", [1, 2, 3]), (b"*", [3]), (b"2:9,1", [1, 2, 3]), (b"7", [])])
def test_sequence_sets_are_what_exists(which: bytes, found: list[int]) -> None:
    assert boxes.numbers(which, 3) == found


def test_a_tag_and_a_command_are_mail() -> None:
    assert [tagged(first) for first in (b"a1 LOGIN x y\r\n", b"a1 ", b"\x00", b"GET / HTTP/1.1\r\n")] == [True, None, False, False]


def test_a_silent_client_is_greeted_and_one_inside_tls_too(place: Any) -> None:
    line = place.line(143)
    for timer in line.timers:
        timer()
    assert line.said.startswith(b"* OK [CAPABILITY IMAP4rev1")
    outside = place.line(993)
    assert not outside.timers
    assert isinstance(line.talker, Imap)


def test_an_empty_mailbox(place: Any) -> None:
    line = place.line(110)
    said = line.hear(b"USER u\r\nPASS p\r\nSTAT\r\nLIST\r\nRETR 1\r\nQUIT\r\n")
    assert said.splitlines()[3:] == [b"+OK 0 0", b"+OK 0 messages:", b".", b"-ERR There's no message of that number.", b"+OK Logging out."]
    assert isinstance(line.talker, pop3.Pop3)
    line.talker.ended()
    assert [receipt["protocol"] for receipt in place.receipts()] == ["pop3-commands"]


@STEPS
def test_news_is_posted(place: Any, step: int | None) -> None:
    line = place.line(119)
    line.talker = nntp.Nntp(line, place.house)
    said = line.hear(b"MODE READER\r\nPOST\r\nSubject: x\r\n\r\n..b\r\n.\r\nTAKETHIS <1@x>\r\nmore\r\n.\r\nQUIT\r\n", step)
    assert [int(answer[:3]) for answer in said.splitlines()] == [200, 340, 240, 239, 205]
    assert contents(place, "nntp") == [b"Subject: x\r\n\r\n.b\r\n", b"more\r\n"]


def test_where_mail_is_spoken() -> None:
    assert smtp.SUBMISSION >= {25, 587, 2525}
    assert smtp.RULES[0].greets_inside >= smtp.SECURE
