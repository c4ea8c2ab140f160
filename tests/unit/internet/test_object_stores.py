"""Object stores as a dialogue: S3, GCS and Azure take, list and give back, and what is captured is the object itself."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import h11
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.containers.internet.protocols.http.objects import codings, forms, s3, s3_objects, s3_place, shelf, texts
from honeyweights.containers.internet.protocols.http.objects.s3_shapes import shaped
from honeyweights.containers.internet.protocols.http.services import aws, azure, gcs
from honeyweights.containers.internet.protocols.http.services import s3 as s3_service

SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=AK/20240101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"}
AZURE = {"x-ms-version": "2021-08-06"}
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ROWS = {module.SERVICES[0].name for module in (s3_service, aws, azure, gcs)}


def ask(  # noqa: PLR0917  # a request's own order
    place: Any, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"", host: str = "store.example.net"
) -> tuple[int, dict[str, str], bytes]:
    """One request and its whole answer, read by a client that is not ours."""
    client = h11.Connection(h11.CLIENT)
    fields = {"Host": host, "Content-Length": str(len(body))} | (headers or {})
    said = client.send(h11.Request(method=method, target=target, headers=[(name, value.encode()) for name, value in fields.items()])) or b""
    client.receive_data(place.line(80, host).hear(said + body))
    client.send(h11.Data(data=body))
    client.send(h11.EndOfMessage())
    answer, out = client.next_event(), b""
    while isinstance(answer, h11.InformationalResponse):
        answer = client.next_event()
    assert isinstance(answer, h11.Response), answer
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Data), event
        out += bytes(event.data)
    assert client.trailing_data[0] == b""
    return answer.status_code, {bytes(name).decode(): bytes(value).decode() for name, value in answer.headers}, out


def test_a_bucket_keeps_lists_and_gives_back(place: Any) -> None:
    assert ask(place, "PUT", "/b", SIGNED)[0] == 200
    status, headers, _ = ask(place, "PUT", "/b/dir/a%2Fx", SIGNED | {"x-amz-meta-note": "n", "x-amz-checksum-crc32": "AAAAAA=="}, b"hello")
    assert (status, headers["etag"], headers["x-amz-checksum-crc32"]) == (200, '"5d41402abc4b2a76b9719d911017c592"', "AAAAAA==")
    assert [(r["channel"], r["protocol"], place.payload(r)) for r in place.receipts()][-1] == ("s3", "s3", b"hello")
    status, headers, body = ask(place, "GET", "/b/dir/a%2Fx", SIGNED | {"Range": "bytes=1-3"})
    assert (status, body, headers["content-range"], headers["x-amz-meta-note"]) == (206, b"ell", "bytes 1-3/5", "n")
    assert ask(place, "HEAD", "/b/dir/a%2Fx", SIGNED)[1]["content-length"] == "5"
    assert ask(place, "HEAD", "/b/none", SIGNED)[0] == 404
    assert b"<Code>NoSuchKey</Code>" in ask(place, "GET", "/b/none", SIGNED)[2]
    ask(place, "PUT", "/b/top", SIGNED, b"1")
    listed = ask(place, "GET", "/b?list-type=2&delimiter=%2F&max-keys=1", SIGNED)[2]
    assert b"<CommonPrefixes><Prefix>dir/</Prefix></CommonPrefixes>" in listed
    assert b"<NextContinuationToken>dir/</NextContinuationToken>" in listed
    assert b"<Key>top</Key>" in ask(place, "GET", "/b?list-type=2&delimiter=%2F&continuation-token=dir%2F", SIGNED)[2]
    assert b"<Name>b</Name>" in ask(place, "GET", "/", SIGNED)[2]
    assert ask(place, "GET", "/b/top")[2] == b"1", "a bucket that is known is open to everybody"
    assert ask(place, "DELETE", "/b", SIGNED)[0] == 409
    both = b"<Delete><Object><Key>top</Key></Object><Object><Key>dir/a/x</Key></Object></Delete>"
    assert ask(place, "POST", "/b?delete", SIGNED, both)[2].count(b"<Deleted>") == 2
    assert ask(place, "DELETE", "/b", SIGNED)[0] == 204


def test_a_bucket_in_the_hosts_name_is_the_bucket_in_the_path(place: Any) -> None:
    ask(place, "PUT", "/k", SIGNED, b"one", host="b.s3.eu.example.net")
    assert ask(place, "GET", "/k", host="b.s3.eu.example.net")[2] == b"one"
    assert [shaped(host) for host in ("s3.example.net", "a.s3-eu.example.net", "s3cret.example.net")] == [True, True, False]


@pytest.mark.parametrize("size", [6, 10_007])
def test_parts_make_an_object(place: Any, size: int) -> None:
    mark = texts.values(texts.parsed(ask(place, "POST", "/b/k?uploads", SIGNED)[2]), "UploadId")[0]
    tags = [ask(place, "PUT", f"/b/k?partNumber={number}&uploadId={mark}", SIGNED, bytes([number]) * size)[1]["etag"] for number in (2, 1)]
    assert b"<PartNumber>2</PartNumber>" in ask(place, "GET", f"/b/k?uploadId={mark}", SIGNED)[2]
    assert mark.encode() in ask(place, "GET", "/b?uploads", SIGNED)[2]
    rows = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>" for number, tag in ((1, tags[1]), (2, tags[0])))
    document = f'<CompleteMultipartUpload xmlns="x">{rows}</CompleteMultipartUpload>'.encode()
    told = ask(place, "POST", f"/b/k?uploadId={mark}", SIGNED, document)[2]
    assert re.search(rb'<ETag>"[0-9a-f]{32}-2"</ETag>', told.replace(b"&quot;", b'"'))
    assert ask(place, "GET", "/b/k", SIGNED)[2] == b"\1" * size + b"\2" * size
    assert ask(place, "DELETE", f"/b/k?uploadId={mark}", SIGNED)[0] == 404
    source = SIGNED | {"x-amz-copy-source": "/b/k", "x-amz-copy-source-range": f"bytes={size - 1}-{size}"}
    ask(place, "PUT", "/b/c?partNumber=1&uploadId=anything", source)
    ask(place, "POST", "/b/c?uploadId=anything", SIGNED, b"<C><Part><PartNumber>1</PartNumber></Part></C>")
    assert ask(place, "GET", "/b/c", SIGNED)[2] == b"\1\2"


@pytest.mark.parametrize("bad", [b"<", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"<C><Part><PartNumber>7</PartNumber></Part></C>", b""])
def test_an_upload_is_not_completed_by_nonsense(place: Any, bad: bytes) -> None:
    ask(place, "PUT", "/b/k?partNumber=1&uploadId=u", SIGNED, b"x")
    assert ask(place, "POST", "/b/k?uploadId=u", SIGNED, bad)[0] == 400
    assert ask(place, "GET", "/b/k", SIGNED)[0] == 404


CHUNKS = b"5;chunk-signature=" + b"a" * 64 + b"\r\nhello\r\n0;chunk-signature=" + b"b" * 64 + b"\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
STREAMED = SIGNED | {"Content-Encoding": "aws-chunked", "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"}


def test_what_is_captured_of_signed_chunks_is_the_object(place: Any) -> None:
    assert ask(place, "PUT", "/b/k", STREAMED, CHUNKS)[1]["x-amz-checksum-crc32"] == "NhCmhg=="
    assert [place.payload(r) for r in place.receipts()] == [b"hello"]
    _, headers, body = ask(place, "GET", "/b/k", SIGNED | {"x-amz-checksum-mode": "ENABLED"})
    assert (body, headers["x-amz-checksum-crc32"], "content-encoding" in headers) == (b"hello", "NhCmhg==", False)


def test_what_is_smuggled_beside_signed_chunks_is_kept() -> None:
    """In extensions, in trailers, and in signatures of chunks that are smaller than any client's."""
    coded = codings.Signed()
    secret = b"%064x" % 0x5EC
    many = b"".join(b"1;chunk-signature=%b\r\nz\r\n" % secret for _ in range(50))
    out = coded.feed(many + b"1;note=leak\r\nz\r\n0\r\nX-Other: leak2\r\n\r\nbehind") + coded.end()
    assert out == b"z" * 51 + b"behind"
    assert coded.extras.count(secret) > 40
    assert b"note=leak" in coded.extras
    assert b"X-Other: leak2" in coded.extras


@FEW
@given(st.lists(st.one_of(st.binary(max_size=30), st.sampled_from([CHUNKS, b"5\r\nhello\r\n", b"0\r\n", b"\r\n", b"f;"])), max_size=8))
def test_any_garbage_is_chunks_or_payload(pieces: list[bytes]) -> None:
    whole, one = codings.Signed(), codings.Signed()
    out = whole.feed(b"".join(pieces)) + whole.end()
    assert out == b"".join(one.feed(bytes([byte])) for byte in b"".join(pieces)) + one.end()


def test_every_operation_is_one_of_a_known_level() -> None:
    assert {row.level for row in s3.OPERATIONS} == {"service", "bucket", "object"}
    assert s3_objects.put in {row.run for row in s3.OPERATIONS}
    assert {"uploads", "delete"} <= s3_place.LISTS


def test_a_form_puts_an_object(place: Any) -> None:
    ask(place, "PUT", "/b", SIGNED)
    rows = {'name="key"': "f/${filename}", 'name="policy"': "e", 'name="file"; filename="w"': "hello"}
    body = "".join(f"--B\r\nContent-Disposition: form-data; {name}\r\n\r\n{value}\r\n" for name, value in rows.items()).encode() + b"--B--"
    form = {"Content-Type": "multipart/form-data; boundary=B"}
    assert ask(place, "POST", "/b", form, body)[0] == 204
    assert ask(place, "GET", "/b/f/w", SIGNED)[2] == b"hello"
    assert ask(place, "POST", "/other", form, body)[0] == 204, "a bucket that nobody made"


def test_other_services_of_the_same_signature(place: Any) -> None:
    signed = {"Authorization": SIGNED["Authorization"].replace("/s3/", "/sts/"), "Content-Type": "application/x-www-form-urlencoded"}
    told = ask(place, "POST", "/", signed, b"Action=GetCallerIdentity&Version=2011-06-15")[2]
    assert texts.values(texts.parsed(told), "Account") == [aws.ACCOUNT]
    assert place.brief()[0][1] == "aws"


def test_gcs_takes_objects_in_three_ways(place: Any) -> None:
    up = "/upload/storage/v1/b/bk/o"
    assert json.loads(ask(place, "POST", f"{up}?uploadType=media&name=d/one", {}, b"hello")[2])["md5Hash"] == "XUFAKrxLKna5cZ2REBfFkg=="
    about, media = b'Content-Type: application/json\r\n\r\n{"name":"two"}', b"Content-Type: text/x\r\n\r\nhe--Bllo"
    related = b"--B\r\n" + about + b"\r\n--B\r\n" + media + b"\r\n--B--\r\n"
    assert ask(place, "POST", f"{up}?uploadType=multipart", {"Content-Type": "multipart/related; boundary=B"}, related)[0] == 200
    where = ask(place, "POST", f"{up}?uploadType=resumable", {}, b'{"name":"three"}')[1]["location"]
    assert ask(place, "PUT", where, {"Content-Range": "bytes 0-2/*"}, b"hel")[1]["range"] == "bytes=0-2"
    assert ask(place, "PUT", where, {"Content-Range": "bytes */5"})[0] == 308
    assert ask(place, "PUT", where, {"Content-Range": "bytes 3-4/5"}, b"lo")[0] == 200
    assert ask(place, "PUT", "/bk/four", {"x-goog-meta-a": "b"}, b"xml")[0] == 200
    got = [ask(place, "GET", f"/storage/v1/b/bk/o/{name}?alt=media")[2] for name in ("d%2Fone", "two", "three", "four")]
    assert got == [b"hello", b"he--Bllo", b"hello", b"xml"]
    listed = json.loads(ask(place, "GET", "/storage/v1/b/bk/o?delimiter=/")[2])
    assert ([row["name"] for row in listed["items"]], listed["prefixes"]) == (["four", "three", "two"], ["d/"])
    assert ask(place, "DELETE", "/storage/v1/b/bk/o/two")[0] == 204
    assert ask(place, "GET", "/storage/v1/b/bk/o/two")[0] == 404


def test_azure_takes_blobs_in_four_ways(place: Any) -> None:
    assert ask(place, "PUT", "/c?restype=container", AZURE)[0] == 201
    made = ask(place, "PUT", "/c/whole", AZURE | {"x-ms-blob-type": "BlockBlob"}, b"hello")
    assert (made[0], base64.b64decode(made[1]["content-md5"]).hex()) == (201, "5d41402abc4b2a76b9719d911017c592")
    for number in (2, 1):
        assert ask(place, "PUT", f"/c/blocks?comp=block&blockid=b{number}&sv=1&sig=x", {}, b"%d" % number)[0] == 201
    blocks = b"<BlockList><Latest>b1</Latest><Uncommitted>b2</Uncommitted></BlockList>"
    assert ask(place, "PUT", "/c/blocks?comp=blocklist", AZURE, blocks)[0] == 201
    assert ask(place, "PUT", "/c/blocks?comp=blocklist", AZURE, b"<BlockList><Latest>b9</Latest></BlockList>")[0] == 400
    ask(place, "PUT", "/c/log", AZURE | {"x-ms-blob-type": "AppendBlob"})
    for text in (b"one ", b"two"):
        assert ask(place, "PUT", "/c/log?comp=appendblock", AZURE, text)[0] == 201
    ask(place, "PUT", "/c/lake?resource=file", AZURE)
    for position, text in ((3, b"def"), (0, b"abc")):
        assert ask(place, "PATCH", f"/c/lake?action=append&position={position}", AZURE, text)[0] == 202
    assert ask(place, "PATCH", "/c/lake?action=flush&position=6", AZURE)[0] == 200
    got = [ask(place, "GET", f"/c/{name}", AZURE)[2] for name in ("whole", "blocks", "log", "lake")]
    assert got == [b"hello", b"12", b"one two", b"abcdef"]
    listed = texts.parsed(ask(place, "GET", "/c?restype=container&comp=list", AZURE)[2])
    assert texts.values(listed, "Blob/Name") == ["blocks", "lake", "log", "whole"]
    assert ask(place, "DELETE", "/c/log", AZURE)[0] == 202
    assert ask(place, "GET", "/c/log", AZURE)[1]["x-ms-error-code"] == "BlobNotFound"


def test_a_house_remembers_so_much_and_no_more(place: Any) -> None:
    room = shelf.Shelves()
    room.left = 5
    first = room.shelf("a.example.net")
    for number in range(9):
        first.put(f"{number}", shelf.Thing(size=1, pieces=(shelf.Piece("d", 0, 1),)))
    assert (len(first.things), room.left) == (2, 1)
    assert first.drop("0")
    assert room.left == 3
    first.put("x" * 2000, shelf.Thing(size=0))
    assert "x" * 2000 not in first.things
    for number in range(shelf.MOST_UPLOADS + 3):
        room.begin(f"{number}", shelf.Upload(name="n"))
    assert room.upload("0") is None


@FEW
@given(st.one_of(st.binary(max_size=200), st.text(alphabet="<>/abc&;\"' !?[]-", max_size=80).map(str.encode)))
def test_any_garbage_is_text_or_strange(raw: bytes) -> None:
    for read in (texts.parsed, texts.loaded):
        try:
            read(raw)
        except texts.Strange:
            continue


def test_texts_that_would_fill_the_memory_are_not_read() -> None:
    for raw in (b"<a>" * 100_000, b"<a>" + b"<b/>" * 100_000 + b"</a>"):
        with pytest.raises(texts.Strange):
            texts.parsed(raw)
    for raw in (b"[" * 100_000, b"[" + b"{}," * 100_000 + b"1]"):
        with pytest.raises(texts.Strange):
            texts.loaded(raw)


@FEW
@given(st.text(max_size=40), st.binary(max_size=300))
def test_any_garbage_is_a_form_or_is_not(new_place: Callable[[], Any], boundary: str, garbage: bytes) -> None:
    here = new_place()
    capture = here.spool.open()
    capture.write(b"--B\r\n" + garbage)
    capture.close()
    for kind in (f"multipart/form-data; boundary={boundary}", "multipart/form-data; boundary=B"):
        found = forms.form(here.spool, capture, kind)
        assert found is None or all(part.start + part.length <= capture.captured for part in found.parts)


TARGETS = (
    "/b/k?uploads",
    "/b/k?uploadId=u&partNumber=1",
    "/b/k?uploadId=u",
    "/b?delete",
    "/b?list-type=2&max-keys=%D9%A3",
    "/storage/v1/b/x/o/y",
    "/upload/storage/v1/b/x/o?uploadType=multipart",
    "/c/k?comp=blocklist",
    "/c/k?comp=page",
    "/c/k?comp=appendblock",
    "/",
    "/b",
    "/b/k",
    "/%FF%ED%A0%80?uploads",
    "/b/%FF%00%0D%0A?uploads",
    "/b/%FF?comp=block&blockid=%FF",
    "/upload/storage/v1/b/%FF/o?uploadType=resumable&name=%FF",
)
METHODS = st.sampled_from(["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD"])
ODD = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


@FEW
@given(st.sampled_from(TARGETS), METHODS, st.sampled_from([SIGNED, AZURE, STREAMED]), st.binary(max_size=60), ODD)
def test_whatever_is_asked_is_answered(  # noqa: PLR0917  # what is varied
    new_place: Callable[[], Any], target: str, method: str, fields: dict[str, str], body: bytes, odd: str
) -> None:
    """Every answer is one that a client can read, and the body is in the receipts."""
    here = new_place()
    more = {"x-ms-blob-content-type": odd.strip() + "\u00e9", "x-amz-meta-odd": odd.strip(), "Cache-Control": odd.strip()} | {
        "Content-Type": f"multipart/related; boundary={odd.strip()}",
        "Range": odd.strip(),
        "x-amz-copy-source": odd.strip(),
    }
    status, _, _ = ask(here, method, target, fields | more, body)
    assert 200 <= status < 500
    assert sum(receipt["sent"] for receipt in here.receipts()) >= len(body) or fields is STREAMED
    assert {receipt["protocol"] for receipt in here.receipts()} <= ROWS | {"http-coding-extras"}
