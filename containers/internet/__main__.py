"""The server: waits for the warden, makes the wire, opens the listeners, says `ready`, and answers for the whole internet from then on."""

import asyncio
import gc
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from honeyweights.containers.internet import path as way
from honeyweights.containers.internet import veth
from honeyweights.containers.internet.control import Control
from honeyweights.containers.internet.files import Memory
from honeyweights.containers.internet.flows import Flows
from honeyweights.containers.internet.journal import Journal
from honeyweights.containers.internet.kernel import Kernel
from honeyweights.containers.internet.names import Names
from honeyweights.containers.internet.nflog import Listener
from honeyweights.containers.internet.receipts import Ledger
from honeyweights.containers.internet.rounds import Rounds
from honeyweights.containers.internet.spool import Spool
from honeyweights.containers.internet.talk import House
from honeyweights.containers.internet.wire import Wire

if TYPE_CHECKING:
    from honeyweights.containers.internet.authority import Authority

STATE = Path("/var/lib/internet")
NOT_SEALED = 9
_authority: "list[Authority]" = []


def authority() -> "Authority":
    """The certificate authority, made when the first handshake asks: `cryptography` costs more than all the rest."""
    if not _authority:
        from honeyweights.containers.internet.authority import Authority  # noqa: PLC0415  # see above

        _authority.append(Authority(STATE / "ca"))
    return _authority[0]


def build(rounds: Rounds) -> tuple[House, Wire, Control]:
    """All parts, put together, for a loop that waits by these rounds."""
    journal = Journal(STATE / "journal.jsonl", "journal")
    spool = Spool(STATE / "spool")
    names = Names(lambda name, address: journal.write("name", {"name": name, "address": address}))
    house = House(
        ledger=Ledger(journal, spool),
        flows=Flows(),
        names=names,
        files=Memory(spool),
        authority=authority,
        seed=lambda: control.seed,
        rounds=rounds,
    )
    wire = Wire(house)
    control = Control(house, wire, Journal(STATE / "witness.jsonl", "witness"))
    return house, wire, control


async def serve(rounds: Rounds) -> None:
    """Until it is told to stop."""
    house, wire, control = build(rounds)
    ledger, loop = house.ledger, asyncio.get_running_loop()
    ledger.journal.write("start", {"address": "10.64.7.1"})
    listener = veth.offer()
    await control.listen()
    warden, namespace = veth.receive(listener)
    veth.make(namespace)
    await wire.listen()
    kernel, path = Kernel(ledger, house.names, house.flows), way.Path(house.distance)

    def heard(prefix: str, packet: bytes) -> None:
        kernel.logged(prefix, packet)
        path.logged(prefix, packet)
        wire.sweep_later()

    log = Listener(heard, lambda count: ledger.lose("packet", count, 0))
    veth.hand_over(warden)
    listener.close()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gc.freeze()
    print("ready", flush=True)  # noqa: T201  # what the harness waits for
    await stop.wait()
    wire.flush()
    ledger.journal.write("stop", {"t": time.time_ns() // 1000})
    log.close()
    control.close()


def main() -> int:
    """The exit status; what went wrong is one line on standard error."""
    try:
        veth.check_alone()
        rounds = Rounds()
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(rounds)) as runner:
            runner.run(serve(rounds))
    except veth.NotSealed as found:
        print(found, file=sys.stderr)  # noqa: T201
        return NOT_SEALED
    except TimeoutError:
        print("the warden did not come", file=sys.stderr)  # noqa: T201
        return 1
    except OSError as error:
        print(f"the wire could not be made: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
