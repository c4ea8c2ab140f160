"""A server on loopback that speaks the Messages API, streamed or whole: one tool call, then a last word. Remembers what it was asked."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

USAGE = {"input_tokens": 11, "output_tokens": 7, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}


class MessagesServer(ThreadingHTTPServer):
    """Answers with a call of `bash` until a tool's result stands in the conversation, then with words."""

    daemon_threads = True

    def __init__(self, command: str, last_word: str, key: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.command, self.last_word, self.key = command, last_word, key
        self.asked: list[dict[str, Any]] = []
        self.strangers = 0
        """Requests that carried another credential than the key, or none. What it was is not kept: it could be a real one."""

    @property
    def url(self) -> str:
        """What a client is told."""
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The message that comes next."""
        self.asked.append(request)
        done = any(_results(message) for message in request["messages"])
        if done:
            content: list[dict[str, Any]] = [{"type": "text", "text": self.last_word}]
        else:
            call = {"type": "tool_use", "id": "toolu_01", "name": "bash", "input": {"command": self.command}}
            content = [{"type": "text", "text": "I will see to it."}, call]
        return {
            "id": f"msg_{len(self.asked):02d}",
            "type": "message",
            "role": "assistant",
            "model": request["model"],
            "content": content,
            "stop_reason": "end_turn" if done else "tool_use",
            "stop_sequence": None,
            "usage": USAGE,
        }


def _results(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return [part for part in content if part["type"] == "tool_result"] if isinstance(content, list) else []


class _Handler(BaseHTTPRequestHandler):
    server: MessagesServer
    protocol_version: ClassVar[str] = "HTTP/1.1"  # type: ignore[misc]  # a plain attribute in the standard library

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.split("?")[0] != "/v1/messages":
            self._reply(404, "application/json", b'{"type": "error", "error": {"type": "not_found_error", "message": "no such path"}}')
            return
        given = {self.headers[name] for name in ("X-Api-Key", "Authorization") if name in self.headers}
        self.server.strangers += not given or not given <= {self.server.key, f"Bearer {self.server.key}"}  # versions of the package differ
        message = self.server.answer(request)
        if request.get("stream"):
            self._reply(200, "text/event-stream", b"".join(_events(message)))
        else:
            self._reply(200, "application/json", json.dumps(message).encode())

    def _reply(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the standard library's name
        """Says nothing."""


def _events(message: dict[str, Any]) -> Iterator[bytes]:
    """The message as server-sent events."""
    yield _event("message_start", message={**message, "content": [], "stop_reason": None})
    for index, part in enumerate(message["content"]):
        if part["type"] == "text":
            empty, delta = {**part, "text": ""}, {"type": "text_delta", "text": part["text"]}
        else:
            empty, delta = {**part, "input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(part["input"])}
        yield _event("content_block_start", index=index, content_block=empty)
        yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    yield _event("message_delta", delta={"stop_reason": message["stop_reason"], "stop_sequence": None}, usage={"output_tokens": 7})
    yield _event("message_stop")


def _event(kind: str, **data: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()


@contextmanager
def serving(command: str, last_word: str, key: str) -> Iterator[MessagesServer]:
    """A server while it lasts."""
    with MessagesServer(command, last_word, key) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
