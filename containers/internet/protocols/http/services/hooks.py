"""Messages into chat rooms: incoming webhooks and bots, by the shape of their paths. The receipt holds the message; nothing is kept."""

import re
import time
from collections.abc import Callable
from typing import NamedTuple

from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service
from honeyweights.containers.internet.protocols.http.objects.answers import base, line, number, short, told
from honeyweights.containers.internet.talk import House


class Room(NamedTuple):
    """One kind of them."""

    path: re.Pattern[str]
    say: Callable[[Head, House], Reply]


def _with_id(head: Head, house: House) -> Reply:
    if head.query.get("wait", "").lower() not in {"true", "1"}:
        return Reply(204, "")
    about = {"id": str(10**18 + number(head, house)), "type": 0, "content": "", "channel_id": "1189273645518274630", "attachments": []}
    return told(about | {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00", time.gmtime()), "webhook_id": "1203847561029384756"})


def _bot(head: Head, house: House) -> Reply:
    method = head.path.rpartition("/")[2]
    me = {"id": 6812930475, "is_bot": True, "first_name": "relay", "username": "relay_notify_bot"}
    if method == "getMe":
        return told({"ok": True, "result": me})
    if method == "getUpdates":
        return told({"ok": True, "result": []})
    message = {"message_id": number(head, house) % 10_000, "from": me, "date": int(time.time())}
    return told({"ok": True, "result": message})


def _method(head: Head, house: House) -> Reply:
    about: dict[str, object] = {"ok": True, "ts": f"{time.time():.6f}", "channel": "C06B2M1QK7T"}
    key = "F" + short(head, house, 10).upper()
    if head.path.endswith("getUploadURLExternal"):
        about |= {"upload_url": f"{base(head)}/upload/v1/{short(head, house, 32)}", "file_id": key}
    if "/files." in head.path:
        about |= {"file": {"id": key, "permalink": f"{base(head)}/files/{key}"}, "files": [{"id": key}]}
    if head.path.endswith("/auth.test"):
        about |= {"team": "relay", "user": "notify", "team_id": "T05QK2M7ZPD", "user_id": "U05RT8B1WCK", "url": f"{base(head)}/"}
    return told(about)


ROOMS = (
    Room(re.compile(r"/services/T[A-Z0-9]+/B[A-Z0-9]+/\w+"), lambda _head, _house: line("ok")._replace(body=b"ok")),
    Room(re.compile(r"/upload/v1/[0-9a-f]{32}"), lambda _head, _house: line("OK")),
    Room(re.compile(r"/api(/v\d+)?/webhooks/\d+/[\w-]+(/slack|/github)?"), _with_id),
    Room(re.compile(r"/(webhookb2|workflows)/.+|.*/IncomingWebhook/.+", re.DOTALL), lambda _head, _house: Reply(200, "text/plain", b"1")),
    Room(re.compile(r"/(file/)?bot\d+:[\w-]+/\w+"), _bot),
    Room(re.compile(r"/api/(api|auth|bots|channels|chat|conversations|files|users)\.[A-Za-z.]+"), _method),
    Room(
        re.compile(r"/_matrix/media/(v3|r0)/upload"),
        lambda head, house: told({"content_uri": f"mxc://{head.host}/{short(head, house, 24)}"}),
    ),
    Room(re.compile(r"/_matrix/client/.*/send/.+", re.DOTALL), lambda head, house: told({"event_id": f"${short(head, house, 43)}"})),
    Room(re.compile(r"(/.*)?/(incoming-?)?(web-?)?hooks?(/.*)?", re.DOTALL | re.IGNORECASE), lambda _head, _house: told({"ok": True})),
)
"""The last for those that nobody knows by name."""


def claims(head: Head, _house: House) -> bool:
    """Messages; a look at what can be asked of a bot too."""
    if head.method in {"GET", "HEAD"}:
        return any(room.path.fullmatch(head.path) for room in ROOMS if room.say in {_bot, _method})
    return head.method in {"POST", "PUT", "PATCH"} and any(room.path.fullmatch(head.path) for room in ROOMS)


def serve(head: Head, house: House) -> Answering:
    """One message."""
    room = next(room for room in ROOMS if room.path.fullmatch(head.path))
    return Answering(lambda _capture: room.say(head, house))


SERVICES = (Service("hooks", claims, "http.services.hooks:serve", protocol="hooks", rank=40),)
