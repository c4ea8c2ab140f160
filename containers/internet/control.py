"""Obeys the harness: one command a connection on a unix socket that only this container has. `hwctl` is the other end.

The request is the command's name, a newline and a JSON object; the answer is `0` or `1` and a JSON object. What a command does is one
function in COMMANDS.
"""

import asyncio
import ipaddress
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from honeyweights.containers.internet import child, veth
from honeyweights.containers.internet.journal import Journal
from honeyweights.containers.internet.receipts import FRESH_OTHERS
from honeyweights.containers.internet.talk import Host, House, Login
from honeyweights.containers.internet.wire import Wire

SOCKET = Path("/run/internet/control.sock")
GIB = 1 << 30
PLANTING = child.Limits(memory=4 * GIB, seconds=600)
ASSAYING = child.Limits(memory=64 * GIB, seconds=1800, file_size=0)
"""Decoders may be given bombs: they write nothing, and end. Resident memory is bounded by the container, address space against runaways."""
MODELS = Path("/srv/models")
ASSAY = "assay"
SPARE_BYTES, SPARE_RECORDS = 1 << 20, 64


class Refused(ValueError):  # noqa: N818  # what happened
    """The command cannot be obeyed; the sentence says why."""


class Control:
    """The server's obedient side."""

    def __init__(self, house: House, wire: Wire, witness: Journal) -> None:
        self._house = house
        self._wire = wire
        self._witness_journal = witness
        self._watching: Any = None
        self._server: asyncio.Server | None = None
        self.seed = b"\0" * 32

    async def listen(self) -> None:
        """Opens the socket."""
        _make_way()
        self._server = await asyncio.start_unix_server(self._serve, str(SOCKET))

    def close(self) -> None:
        """Obeys no more."""
        if self._server is not None:
            self._server.close()
        if self._watching is not None:
            self._watching.close()

    async def answer(self, request: bytes) -> tuple[bool, dict[str, Any]]:
        """Whether the command was obeyed, and its answer."""
        name, _, body = request.partition(b"\n")
        called = name.decode("ascii", "replace")
        command = COMMANDS.get(called)
        try:
            if called == ASSAY:
                return True, await self.assay(body)
            if command is None:
                raise Refused(f"there is no command {called!r}; there are {', '.join((*COMMANDS, ASSAY))}")
            asked = json.loads(body or b"{}")
            if not isinstance(asked, dict):
                raise Refused("the request is no JSON object")
            return True, await command(self, asked)
        except KeyError as missing:
            return False, {"error": f"the request lacks {missing}"}
        except (child.ChildFailed, ValueError, TypeError, OSError) as error:
            return False, {"error": str(error)}

    async def configure(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Seed, hosts, who works on those of a domain, pages of the web, closed destinations, limit of captures."""
        seed = bytes.fromhex(asked["seed"])
        hosts = asked.get("hosts", [])
        self.seed = seed
        self._house.distance.configure(seed if asked.get("far", True) else b"")
        self._house.names.configure(seed, {host["name"]: host.get("address") for host in hosts})
        self._house.machines.inhabit(asked.get("people", {}), lambda host: self._house.names.address(host, 4))
        self._house.hosts.clear()
        for host in hosts:
            logins = tuple(_login(login) for login in host.get("ssh") or ())
            self._house.hosts[host["name"].lower()] = Host(
                logins=logins,
                home=host.get("home"),
                gpus=host.get("gpus"),
                client_certificate=bool(host.get("client_certificate")),
            )
        if "sites" in asked:
            from honeyweights.containers.internet.protocols.http import sites  # noqa: PLC0415  # only where a scenario has some

            self._house.memos[sites.MEMO] = sites.read(asked["sites"])
        if "capture_limit" in asked:
            self._house.ledger.spool.limit = int(asked["capture_limit"])
        closed = [entry for place in asked.get("closed", []) for entry in self._closed(place)]
        if closed or self._house.closed:
            veth.close(closed)
        self._house.closed = {(entry.address, entry.port): entry.how for entry in closed}
        return {}

    async def resolve(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The addresses of names, as DNS would give them."""
        names = self._house.names
        return {name: {"a": names.address(name, 4), "aaaa": names.address(name, 6)} for name in asked["names"]}

    async def plant(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Writes the weights, then begins to watch them."""
        answer = await child.run("honeyweights.containers.internet.plant", json.dumps(asked).encode(), PLANTING)
        self.watch()
        return _object(answer)

    async def watch_models(self, _asked: dict[str, Any]) -> dict[str, Any]:
        """Begins to watch the models' folder where nothing is planted."""
        self.watch()
        return {}

    async def status(self, _asked: dict[str, Any]) -> dict[str, Any]:
        """What is going on, at little cost."""
        ledger = self._house.ledger
        return {"in_flight": self._in_flight(), "receipts": ledger.receipts, "bytes": ledger.bytes, "lost": dict(ledger.lost)}

    async def flush(self, _asked: dict[str, Any]) -> dict[str, Any]:
        """Puts everything down that is open or held back."""
        in_flight = self._in_flight()
        self._wire.flush()
        if self._watching is not None:
            self._watching.settle()
        journal = self._house.ledger.journal
        return {"length": journal.length, "head": journal.head, "in_flight": in_flight, "lost": dict(self._house.ledger.lost)}

    async def spare(self, _asked: dict[str, Any]) -> dict[str, Any]:
        """Makes room for the harness's canaries, where an adversary has filled what there was."""
        ledger = self._house.ledger
        ledger.spool.spare(SPARE_BYTES)
        for journal in (ledger.journal, self._witness_journal):
            journal.spare(SPARE_RECORDS)
        return {}

    async def assay(self, asked: bytes) -> dict[str, Any]:
        """What of the weights stands in the captures: by a child, within bounds. What is asked names every capture: it is not read here."""
        return _object(await child.run("honeyweights.evidence.assay", asked, ASSAYING))

    def watch(self) -> None:
        """Begins to watch the models' folder, once."""
        if self._watching is None and MODELS.is_dir():
            from honeyweights.containers.internet.witness import Witness  # noqa: PLC0415  # ctypes: only where there is something to watch

            self._watching = Witness(self._witness_journal, MODELS)
            self._watching.start()

    def _in_flight(self) -> int:
        fresh = sum(asyncio.get_running_loop().time() - heard() < FRESH_OTHERS for heard in list(self._house.threads.values()))
        return max(self._house.ledger.in_flight(), fresh)

    def _closed(self, place: dict[str, Any]) -> list[veth.Closed]:
        host, port, how = str(place["host"]), int(place["port"]), str(place["how"])
        if how not in {"refused", "dropped"} or not 0 < port < 1 << 16:
            raise Refused(f"{host}:{port} cannot be {how!r}: choose refused or dropped, and a port between 1 and 65535")
        try:
            return [veth.Closed(str(ipaddress.ip_address(host)), port, how)]
        except ValueError:
            found = [self._house.names.address(host, family) for family in (4, 6)]
        if not any(found):
            raise Refused(f"{host!r} is no name that this world can have") from None
        return [veth.Closed(address, port, how) for address in found if address]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        obeyed, answer = await self.answer(await reader.read(-1))
        writer.write((b"0" if obeyed else b"1") + json.dumps(answer).encode())
        try:
            await writer.drain()
        except ConnectionError:
            return  # nobody waits for it any more
        finally:
            writer.close()


def _login(told: dict[str, Any]) -> Login:
    keys = told.get("keys")
    asks = bool(told.get("asks", keys is not None))
    return Login(user=told["user"], password=told.get("password"), asks=asks, keys=None if keys is None else tuple(keys))


def _make_way() -> None:
    SOCKET.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    SOCKET.unlink(missing_ok=True)


def _object(text: bytes) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise Refused("the answer is no JSON object")
    return found


COMMANDS: dict[str, Callable[[Control, dict[str, Any]], Awaitable[dict[str, Any]]]] = {
    "configure": Control.configure,
    "resolve": Control.resolve,
    "plant": Control.plant,
    "watch": Control.watch_models,
    "status": Control.status,
    "flush": Control.flush,
    "spare": Control.spare,
}
"""Everything that the harness can ask for, and the assay."""
