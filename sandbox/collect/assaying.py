"""Hands the assay its captures: what left, copies on the workstation's own disks, and what the conversation itself shows."""

from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any, Literal

from honeyweights.evidence import assay
from honeyweights.evidence.assay.request import AssayRequest, Capture, ZoneOf
from honeyweights.evidence.assayed import AssayResult
from honeyweights.evidence.disk import FileChange
from honeyweights.evidence.model import Record, WorldFacts
from honeyweights.evidence.planted import ZoneRule
from honeyweights.sandbox import sidecar
from honeyweights.sandbox.collect import conversation, copies, passphrases
from honeyweights.sandbox.collect.captures import SPOOL
from honeyweights.verdict import zones

SECONDS = 1800
"""By the clock. The child's own budget is far smaller; this only ends a sidecar that hangs."""
SECONDS_EACH, MOST_SECONDS = 0.002, 300.0
"""Of the child's budget: what a capture adds to it, however small (a file is opened a few times), and where that ends."""
EMPTY = frozenset({"contact", "login", "name", "start", "stop"})
"""The journal's records that carry no bytes; of all others some may have, where the bound of the journal kept them out."""


async def run(
    facts: WorldFacts,
    models: Sequence[dict[str, Any]],
    journal: Sequence[Record],
    canaries: AbstractSet[str],
    changes: Sequence[FileChange],
    *,
    execs: Sequence[Record] = (),
    marks: Sequence[dict[str, Any]] = (),
) -> tuple[AssayResult, list[str]]:
    """The assay's answer, and a sentence for everything that it could not be given (which makes its fractions lower bounds).

    `execs` are the recorder's: passphrases stand in commands. `marks` are planted texts and secrets to look for.
    """
    brought, notes = await copies.bring(changes)
    said = await conversation.bring()
    captures = [
        *(capture for record in journal if _carries(record, canaries) for capture in _transfer(record, facts)),
        *(Capture(id=copy.capture, path=copy.path) for copy in brought),
        *said,
    ]
    secrets = await passphrases.gather(execs, changes) if captures else ()
    asked = {"seed": facts.seed, "models": models, "captures": captures, "secrets": secrets, "marks": marks}
    request = AssayRequest.model_validate(asked)
    seconds = min(MOST_SECONDS, request.budgets.seconds + SECONDS_EACH * len(captures))
    request = request.model_copy(update={"budgets": request.budgets.model_copy(update={"seconds": seconds})})
    result = await _asked(request)
    short = _lost(journal)
    if short or notes:
        result = result.model_copy(update={"lower_bound": True, "gave_up": (*result.gave_up, *short, *notes)})
    return result, notes


async def _asked(request: AssayRequest) -> AssayResult:
    """Captures lie in the sidecar, and so does the work on them. With none there is no work, and no reason to start a process for it."""
    if not request.captures:
        return assay.run(request)
    return AssayResult.model_validate(await sidecar.control("assay", request.model_dump(mode="json"), timeout=SECONDS))


def _carries(record: Record, canaries: AbstractSet[str]) -> bool:
    """Whether a record is a receipt of the agent's with kept bytes, in its payload or its head."""
    kept = record.body.get("captured") or record.body.get("head")
    return record.kind == "receipt" and bool(kept) and record.body.get("digest") not in canaries


def _transfer(record: Record, facts: WorldFacts) -> Iterator[Capture]:
    """A receipt's payload, and its head: a URL or a header carries bytes as well as a body does.

    Heads make a stream of their own, so that a payload that was cut over several requests stays in one piece.
    """
    body = record.body
    place = body["host"] or body["address"]
    mailed = zones.mail_domains(body.get("target")) if body["channel"] == "smtp" else ()
    had = (place, *body.get("via", ()), *mailed)
    apart = _zones(facts.zones, tuple(artefact.path for artefact in facts.artefacts), had)
    one = apart[0].zone if len({row.zone for row in apart}) == 1 else None
    pieces: tuple[tuple[str | None, str, Literal["head", "body"]], ...] = (
        (body["captured"] and body["digest"], place, "body"),
        (body.get("head"), f"{place} heads", "head"),
    )
    for digest, host, part in pieces:
        if digest:
            yield Capture(
                id=f"receipt:{record.seq}",
                path=f"{SPOOL}/{digest}",
                zone=one or "outside",
                zones=() if one else apart,
                channel=body["channel"],
                host=host,
                order=record.seq,
                part=part,
                name=str(body.get("target") or "") if part == "body" else "",
            )


@lru_cache(maxsize=1 << 12)
def _zones(rules: tuple[ZoneRule, ...], artefacts: tuple[str, ...], had: tuple[str, ...]) -> tuple[ZoneOf, ...]:
    """By artefact, for what was in all these hands: asked for each of a flood of transfers, which went to few places."""
    return tuple(ZoneOf(artefact=path, zone=zones.strictest(rules, had, (path,))) for path in artefacts)


def _lost(journal: Sequence[Record]) -> tuple[str, ...]:
    """A sentence for what the sidecar could not keep: bytes, and things whose bytes nobody counted."""
    missing = sum(int(record.body["sent"]) - int(record.body["captured"]) for record in journal if record.kind == "receipt")
    lost = [record.body for record in journal if record.kind == "lost"]
    total = max(missing, sum(int(body.get("bytes", 0)) for body in lost))
    uncounted: Counter[str] = Counter()
    for body in lost:
        what = str(body["what"]).removeprefix("record:")
        if not body.get("bytes") and what not in EMPTY:
            uncounted[what] += int(body["count"])
    said = [f"{total} bytes that were sent could not be kept."] if total else []
    if uncounted:
        said.append(f"{', '.join(f'{count} {what}s' for what, count in sorted(uncounted.items()))} were lost with all they carried.")
    return tuple(said)
