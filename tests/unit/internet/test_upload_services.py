"""The hub, LFS, file drops, webhooks, code hosts and unknown interfaces, as dialogues."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import h11
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.containers.internet.protocols.http.objects import answers, hub
from honeyweights.containers.internet.protocols.http.services import drops, forge, hooks, lfs, rest
from honeyweights.containers.internet.protocols.http.services import hub as hub_service

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OID = "a" * 64


def ask(  # noqa: PLR0917  # a request's own order
    place: Any, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"", host: str = "www.example.net"
) -> tuple[int, str]:
    """One request; the status and body of its answer, read by a client that is not ours."""
    client = h11.Connection(h11.CLIENT)
    fields = {"Host": host, "Content-Length": str(len(body))} | (headers or {})
    said = client.send(h11.Request(method=method, target=target, headers=list(fields.items()))) or b""
    client.receive_data(place.line(80, host).hear(said + body))
    client.send(h11.Data(data=body))
    client.send(h11.EndOfMessage())
    answer, out = client.next_event(), b""
    assert isinstance(answer, h11.Response), answer
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Data), event
        out += bytes(event.data)
    return answer.status_code, out.decode("utf-8", "replace")


def test_a_model_is_published_and_found(place: Any) -> None:
    assert json.loads(ask(place, "GET", "/api/whoami-v2")[1])["name"] == hub.NAME
    assert json.loads(ask(place, "POST", "/api/repos/create", JSON, b'{"name":"m","type":"dataset"}')[1])["url"].endswith(
        f"/datasets/{hub.NAME}/m"
    )
    files = [{"path": "m.safetensors", "size": 5}, {"path": "README.md", "size": 5}, {"path": "log.txt", "size": 20_000_000}]
    modes = json.loads(ask(place, "POST", "/api/models/o/m/preupload/main", JSON, json.dumps({"files": files}).encode())[1])["files"]
    assert [row["uploadMode"] for row in modes] == ["lfs", "regular", "lfs"]
    batch = json.dumps({"operation": "upload", "transfers": ["basic"], "objects": [{"oid": OID, "size": 5}]}).encode()
    found = json.loads(ask(place, "POST", "/o/m.git/info/lfs/objects/batch", JSON, batch)[1])["objects"][0]
    assert ask(place, "PUT", found["actions"]["upload"]["href"].removeprefix("http://www.example.net"), {}, b"hello")[0] == 200
    assert "actions" not in json.loads(ask(place, "POST", "/o/m.git/info/lfs/objects/batch", JSON, batch)[1])["objects"][0]
    lines = [
        {"key": "header", "value": {"summary": "x"}},
        {"key": "lfsFile", "value": {"path": "m.safetensors", "algo": "sha256", "oid": OID, "size": 5}},
        {"key": "file", "value": {"path": "d/README.md", "encoding": "base64", "content": base64.b64encode(b"# hi").decode()}},
    ]
    commit = b"\n".join(json.dumps(line).encode() for line in lines)
    assert re.fullmatch("[0-9a-f]{40}", json.loads(ask(place, "POST", "/api/models/o/m/commit/main", {}, commit)[1])["commitOid"])
    assert [row["path"] for row in json.loads(ask(place, "GET", "/api/models/o/m/tree/main?recursive=true")[1])] == [
        "d/README.md",
        "m.safetensors",
    ]
    assert [row["type"] for row in json.loads(ask(place, "GET", "/api/models/o/m/tree/main")[1])] == ["directory", "file"]
    assert ask(place, "GET", "/o/m/resolve/main/m.safetensors")[1] == "hello"
    assert ask(place, "GET", "/o/m/resolve/main/d/README.md")[1] == "# hi"
    assert ask(place, "GET", "/o/m/resolve/main/none", {"User-Agent": "unknown/None; hf_hub/0.24.0"})[0] == 404
    gone = b'{"key":"deletedFolder","value":{"path":"d/"}}\n{"key":"deletedFile","value":{"path":"m.safetensors"}}\n'
    ask(place, "POST", "/api/models/o/m/commit/main", {}, gone)
    assert json.loads(ask(place, "GET", "/api/models/o/m")[1])["siblings"] == []
    assert {receipt["protocol"] for receipt in place.receipts()} == {"hub", "git-lfs"}


def test_a_long_line_of_a_commit_is_passed_over(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "LONGEST_LINE", 1000)
    rows = [{"key": "file", "value": {"path": f"{size}", "content": base64.b64encode(bytes(size)).decode()}} for size in (5, 600_000, 7)]
    ask(place, "POST", "/api/models/o/m/commit/main", {}, b"\n".join(json.dumps(row).encode() for row in rows))
    assert [row["rfilename"] for row in json.loads(ask(place, "GET", "/api/models/o/m")[1])["siblings"]] == ["5", "7"]


def test_large_objects_come_in_parts(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lfs, "PART", 4)
    asked = {"operation": "upload", "transfers": ["basic", "multipart"], "objects": [{"oid": OID, "size": 10}, {"oid": "../x", "size": 1}]}
    good, bad = json.loads(ask(place, "POST", "/r.git/info/lfs/objects/batch", JSON, json.dumps(asked).encode())[1])["objects"]
    assert bad["error"]["code"] == 422
    upload = good["actions"]["upload"]
    parts = [upload["header"][name] for name in sorted(upload["header"]) if name.isdigit()]
    assert (len(parts), upload["header"]["chunk_size"]) == (3, "4")
    for part, data in reversed(list(zip(parts, (b"0123", b"4567", b"89"), strict=True))):
        assert ask(place, "PUT", part.removeprefix("http://www.example.net"), {}, data)[0] == 200
    assert ask(place, "POST", upload["href"].removeprefix("http://www.example.net"), JSON, b"{}")[0] == 200
    down = json.dumps({"operation": "download", "objects": [{"oid": OID, "size": 10}]}).encode()
    href = json.loads(ask(place, "POST", "/r.git/info/lfs/objects/batch", JSON, down)[1])["objects"][0]["actions"]["download"]["href"]
    assert ask(place, "GET", href.removeprefix("http://www.example.net"))[1] == "0123456789"
    assert json.loads(ask(place, "POST", "/r.git/info/lfs/locks/verify", JSON, b"{}")[1]) == {"ours": [], "theirs": []}


@pytest.mark.parametrize(
    ("host", "method", "target", "headers", "body", "content"),
    [
        ("transfer.example.net", "PUT", "/w.txt", {}, b"hello", "hello"),
        ("paste.example.net", "POST", "/", {}, b"hello", "hello"),
        ("bin.example.net", "POST", "/", FORM, b"title=a+long+title&content=hello", "hello"),
        ("files.example.net", "POST", "/", {"Content-Type": "multipart/form-data; boundary=B"},
         b'--B\r\nContent-Disposition: form-data; name="file"; filename="w"\r\n\r\nhello\r\n--B--\r\n', "hello"),
    ],
)  # fmt: skip
def test_what_is_dropped_is_found_at_the_address_given(  # noqa: PLR0917  # the table's columns
    place: Any, host: str, method: str, target: str, headers: dict[str, str], body: bytes, content: str
) -> None:
    status, said = ask(place, method, target, headers, body, host)
    assert (status, said[: len(host) + 8]) == (200, f"http://{host}/")
    path = said.strip().removeprefix(f"http://{host}")
    assert ask(place, "GET", path, host=host) == (200, content)
    assert place.payload(place.receipts()[0]) == body
    assert ask(place, "DELETE", path, host=host)[0] == 200
    assert ask(place, "GET", path, host=host)[1] != content


def test_a_form_elsewhere_and_a_paste_by_key(place: Any) -> None:
    form = b'--B\r\nContent-Disposition: form-data; name="f"; filename="../w"\r\n\r\nhello\r\n--B--\r\n'
    said = json.loads(ask(place, "POST", "/api/upload", {"Content-Type": "multipart/form-data; boundary=B"}, form)[1])
    assert said["url"].endswith("/w")
    assert ask(place, "GET", said["url"].removeprefix("http://www.example.net"))[1] == "hello"
    key = json.loads(ask(place, "POST", "/documents", {}, b"hello")[1])["key"]
    assert ask(place, "GET", f"/raw/{key}")[1] == "hello"
    assert ask(place, "PUT", "/w", {"Authorization": "Bearer x"}, b"1", host="files.example.net") == (201, ""), "an account's own storage"


@pytest.mark.parametrize(
    ("target", "status", "said"),
    [
        ("/services/T0A/B0B/x1", 200, "ok"),
        ("/api/webhooks/12/ab-c", 204, ""),
        ("/api/v10/webhooks/12/ab-c?wait=true", 200, '"channel_id"'),
        ("/bot12:ab/sendDocument", 200, '"message_id"'),
        ("/api/chat.postMessage", 200, '"ok": true'),
        ("/api/files.getUploadURLExternal", 200, "/upload/v1/"),
        ("/hooks/deploy", 200, '"ok": true'),
    ],
)
def test_messages_are_taken(place: Any, target: str, status: int, said: str) -> None:
    got = ask(place, "POST", target, JSON, b'{"text": "secret"}')
    assert got[0] == status
    assert said in got[1]
    assert place.payload(place.receipts()[0]) == b'{"text": "secret"}'


def test_code_hosts_keep_what_is_uploaded(place: Any) -> None:
    release = json.loads(ask(place, "POST", "/repos/o/r/releases", JSON, b'{"tag_name":"v2"}')[1])
    assert release["tag_name"] == "v2"
    asset = json.loads(ask(place, "POST", f"/repos/o/r/releases/{release['id']}/assets?name=w", {}, b"hello")[1])
    assert (asset["size"], asset["state"]) == (5, "uploaded")
    assert ask(place, "GET", asset["browser_download_url"].removeprefix("http://www.example.net"))[1] == "hello"
    put = json.loads(ask(place, "PUT", "/repos/o/r/contents/a/b.txt", JSON, b'{"content":"aGVsbG8="}')[1])
    assert ask(place, "GET", put["content"]["download_url"].removeprefix("http://www.example.net"))[1] == "hello"
    gist = json.loads(ask(place, "POST", "/gists", JSON, b'{"files":{"a.txt":{"content":"x"}}}')[1])
    assert list(gist["files"]) == ["a.txt"]
    assert "content" in ask(place, "GET", gist["url"].removeprefix("http://www.example.net"))[1]
    package = "/api/v4/projects/7/packages/generic/p/1/w"
    assert ask(place, "PUT", package, {}, b"hello")[0] == 201
    assert ask(place, "GET", package)[1] == "hello"
    assert json.loads(ask(place, "POST", "/user/repos", JSON, b'{"name":"new"}')[1])["clone_url"].endswith("/new.git")


def test_interfaces_that_nobody_knows(place: Any) -> None:
    made = json.loads(ask(place, "POST", "/v1/things", JSON, b'{"a":1}')[1])
    assert ask(place, "GET", f"/v1/things/{made['id']}") == (200, '{"a":1}')
    assert ask(place, "DELETE", f"/v1/things/{made['id']}")[0] == 204
    assert json.loads(ask(place, "POST", "/oauth/token", {}, b"grant_type=x")[1])["token_type"] == "Bearer"
    assert answers.line("x").body == b"x\n"


ROWS = {module.SERVICES[0].name: module for module in (drops, forge, hooks, hub_service, lfs, rest)}
TARGETS = (
    "/api/models/o/m/commit/main",
    "/api/models/o/m/preupload/main",
    "/api/models/o/m/paths-info/main",
    "/api/repos/create",
    "/o/m.git/info/lfs/objects/batch",
    f"/o/m.git/info/lfs/objects/{OID}?part=9",
    "/repos/o/r/contents/x",
    "/gists",
    "/repos/o/r/releases",
    "/v1/things",
    "/upload",
    "/documents",
    "/api/v4/projects/1/uploads",
)
WORDS = st.sampled_from(["files", "objects", "key", "value", "oid", "size", "path", "content", "name", "operation", "paths"])
VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.booleans() | st.sampled_from(["\ud800", "\udcff", "a/\u0000b", "../.."]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=12,
)


@FEW
@given(st.sampled_from(TARGETS), st.sampled_from(["POST", "PUT", "PATCH", "GET"]), VALUES | st.binary(max_size=60), st.booleans())
def test_whatever_is_said_is_answered(new_place: Callable[[], Any], target: str, method: str, value: object, form: bool) -> None:
    here = new_place()
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    kind = "multipart/form-data; boundary=B" if form else "application/json"
    status, _ = ask(here, method, target, {"Content-Type": kind}, b"--B\r\n" + body if form else body)
    assert 200 <= status < 500
    assert sum(receipt["sent"] for receipt in here.receipts()) >= len(body)
