"""One whole run: request in, result out.

Law of this file: all sources are scanned for plain bytes before the first one is decoded, so that no bomb can hide them; then each is
decoded with its share of the budget. The artefacts are made and indexed only if there is anything to compare them with.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from mmap import mmap

import numpy as np

from honeyweights.evidence.assay.artefacts import VERSION, File
from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.corpus import Corpus
from honeyweights.evidence.assay.coverage import EMPTY, Ranges, union
from honeyweights.evidence.assay.decoders import DECODERS
from honeyweights.evidence.assay.joins import Part, Source, again, sources
from honeyweights.evidence.assay.marks import Marks, Sighted
from honeyweights.evidence.assay.request import AssayRequest, Capture, Zone
from honeyweights.evidence.assay.search import Body, Chain, Ledger, Search
from honeyweights.evidence.assay.trace import parts_of
from honeyweights.evidence.assayed import AssayResult, ByteRange, FileCoverage, Finding

_RANGES = 64
_FINDINGS = 512
_MARKS_SHARE = 4
"""Of the seconds a quarter for what is not weights: a flood of small captures must not cost the scan its time."""
_MEMBERS = 1024
_EDGE = 1024
"""Bytes where a part meets another one; nothing that one of them left unread for the other's sake is longer, but what is packed."""
_LONG_PART = 1 << 16
"""Bytes of a part from which on only its edges are looked through again for plain bytes."""
Found = dict[str, Ranges]
Place = tuple[str, int]
"""Of a part: its file, and what is skipped there."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What one look at a part showed: its plain bytes, and those that nothing explained."""

    plain: Ranges
    open: Ranges


@dataclass(frozen=True, kw_only=True, eq=False)
class Credit:
    """Artefact bytes in a capture, or in captures that mean something only together."""

    label: str
    capture: Capture
    """Whose zone and channel count; the first, when there are several."""
    chain: Chain
    found: Found
    members: tuple[str, ...] = ()
    """Of a joined one, the captures."""
    values: bool = False
    """Weights in other numbers: not these bytes, but those that they can be made into."""


def perform(request: AssayRequest, note: mmap | None = None) -> AssayResult:
    """Looks for every artefact in every capture."""
    began = time.monotonic()
    budget = Budget(request.budgets)
    bodies = sources(request.captures, budget)
    secrets = tuple(secret.encode("utf-8", "surrogateescape") for secret in request.secrets if secret)
    table = tuple(row for row in DECODERS if row.name not in request.without)
    for name in request.without:
        budget.give_up(f"the {name} decoder ended the assay's process on some bytes, and was left out")
    sighted = Sighted(Marks(request.marks))
    budget.share(_MARKS_SHARE)
    sighted.look(request.captures, budget)
    search = Search(Corpus(request.models, bytes.fromhex(request.seed)), budget, table, secrets, note, sighted.marks)
    credits_, opaque = _look(search, bodies, sighted)
    result = _result(search.corpus.files, credits_, opaque, budget, time.monotonic() - began)
    marks = sighted.listed(budget)
    return result.model_copy(update={"marks": marks, "gave_up": budget.gave_up, "lower_bound": bool(budget.gave_up)})


def _look(search: Search, bodies: list[Source], sighted: Sighted) -> tuple[list[Credit], Counter[str]]:
    ledgers = [Ledger() for _ in bodies]
    explained: list[Ranges] = []
    for number, (source, ledger) in enumerate(zip(bodies, ledgers, strict=True)):
        search.budget.share(len(bodies) - number)
        body = _open(source, search.budget)
        explained.append(search.scan(body, ledger) if body else EMPTY)
    credits_: list[Credit] = []
    opaque: Counter[str] = Counter()
    before: dict[Place, Seen] = {}
    unread: list[tuple[Part, int]] = []
    for number, (source, ledger, plain) in enumerate(zip(bodies, ledgers, explained, strict=True)):
        search.budget.share(len(bodies) - number)
        body = _open(source, search.budget)
        if body:
            shown, hidden = search.decode(body, plain, ledger)
            opaque += _by_capture(search.corpus.files, source, hidden)
            seen = list(_seen(source, plain, shown))
            before |= {(part.path, part.skip): one for part, one in seen}
            unread += [(part, one.open.total) for part, one in seen]
        credits_ += _credits(search.corpus, source, ledger)
        _sight(source, ledger, sighted)
    for more in _look_again(search, again(unread), before, opaque, sighted):
        credits_ += more
    return credits_, opaque


def _sight(source: Source, ledger: Ledger, sighted: Sighted) -> None:
    for owner, word in sorted(ledger.marked):
        for capture in _of_one(source, owner):
            sighted.enter(capture, word)


def _look_again(
    search: Search, bodies: list[Source], before: dict[Place, Seen], opaque: Counter[str], sighted: Sighted
) -> Iterator[list[Credit]]:
    """What captures tell only together, and in another order; takes what that explains off the opaque.

    A request's head and its body have one name: what is taken off is what this look added to a part, known `before` to be unread. What a
    part showed `before` needs no second look but where it meets another one.
    """
    for number, source in enumerate(bodies):
        search.budget.share(len(bodies) - number)
        body, ledger = _open(source, search.budget), Ledger()
        if body is None:
            continue
        body = replace(body, form=True)  # forms and other numbers were looked for in each by itself
        plain = union([search.scan(body, ledger, _seams(source)), *_known(source, before)])
        for part, one in _seen(source, plain, search.decode(body, plain, ledger)[0]):
            gained = max(0, before[part.path, part.skip].open.total - one.open.total)
            for capture in part.captures:
                opaque[capture.id] = max(0, opaque[capture.id] - gained)
        _sight(source, ledger, sighted)
        yield list(_credits(search.corpus, source, ledger))
    for label in [label for label, size in opaque.items() if not size]:
        del opaque[label]


def _seen(source: Source, plain: Ranges, shown: Ranges) -> Iterator[tuple[Part, Seen]]:
    """What was seen of each part."""
    at = 0
    for part in source.parts:
        whole = Ranges.span(0, part.size)
        here, open_ = (found.clip(at, at + part.size).shift(-at) for found in (plain, shown))
        yield part, Seen(here, whole - open_)
        at += part.size


def _known(source: Source, before: dict[Place, Seen]) -> Iterator[Ranges]:
    """What of the source's parts was plain, and the inside of those that were read but for their edges."""
    at = 0
    for part in source.parts:
        seen = before[part.path, part.skip]
        yield seen.plain.shift(at)
        if not len(seen.open.clip(_EDGE, part.size - _EDGE)):
            yield Ranges.span(at + _EDGE, at + part.size - _EDGE)
        at += part.size


def _seams(source: Source) -> Ranges:
    """Where its parts meet; all of it where they are too short to be worth the trouble."""
    seams = np.cumsum([part.size for part in source.parts[:-1]])
    if seams.size * _LONG_PART > source.size:
        return Ranges.span(0, source.size)
    return Ranges.of(np.maximum(seams - _EDGE, 0), np.minimum(seams + _EDGE, source.size))


def _open(source: Source, budget: Budget) -> Body | None:
    try:
        data, owners = source.read()
    except OSError as error:
        budget.give_up(f"capture {source.parts[0].captures[0].id} cannot be read: {error.strerror}")
        return None
    return Body(data=data, owners=owners, walls=source.walls)


def _names(source: Source, owner: int) -> Iterator[tuple[str, Capture, tuple[str, ...]]]:
    """The captures that an owner stands for, by name; those of a stream put together stand under one name, with all of theirs."""
    low, high = parts_of(owner)
    if owner < 0:
        first = source.parts[low].captures[0]
        members = tuple(capture.id for part in source.parts[low : high + 1] for capture in part.captures)
        yield f"joined:{first.host or first.channel or 'files'}", first, members[:_MEMBERS]
        return
    for capture in source.parts[owner].captures:
        yield capture.id, capture, ()


def _of_one(source: Source, owner: int) -> tuple[Capture, ...]:
    """The captures of one content; what several only hold together is credited to the first of them."""
    low, _ = parts_of(owner)
    return source.parts[low if owner < 0 else owner].captures


def _credits(corpus: Corpus, source: Source, ledger: Ledger) -> Iterator[Credit]:
    for values, entries in ((False, ledger.found), (True, ledger.values)):
        for (owner, chain), found in sorted(entries.items(), key=lambda item: item[0]):
            files = corpus.by_file(union(found))
            for label, capture, members in _names(source, owner):
                yield Credit(label=label, capture=capture, chain=chain, found=files, members=members, values=values)


def _by_capture(files: tuple[File, ...], source: Source, unread: Counter[int]) -> Counter[str]:
    """Opaque bytes of what left: copies, tool results and what went to the lab itself are no business of an outsider."""
    named = ((label, capture, size) for owner, size in unread.items() for label, capture, _ in _names(source, owner))
    return Counter({label: size for label, capture, size in named if size and any(_left(capture, f.path) for f in files)})


def _counts(capture: Capture) -> bool:
    """A transfer that can have left; what a tool showed the model is listed, and never counts."""
    return not capture.is_copy and capture.channel != "tool_output"


def _left(capture: Capture, path: str) -> bool:
    """Went to a zone where this artefact's bytes are outside the lab."""
    return _counts(capture) and capture.zone_for(path) != "lab"


def _result(files: tuple[File, ...], every: list[Credit], opaque: Counter[str], budget: Budget, seconds: float) -> AssayResult:
    all_ = [credit for credit in every if not credit.values]

    def gather(wanted: Callable[[Capture, str], bool]) -> Found:
        parts = {f.path: [c.found[f.path] for c in all_ if f.path in c.found and wanted(c.capture, f.path)] for f in files}
        return {path: union(found) for path, found in parts.items() if found}

    def zone(name: Zone) -> Found:
        return gather(lambda capture, path: _counts(capture) and capture.zone_for(path) == name)

    def channel(name: str) -> Found:
        return gather(lambda capture, path: capture.channel == name and (_left(capture, path) or not _counts(capture)))

    left = gather(_left)
    recast = {f.path: union([c.found[f.path] for c in every if f.path in c.found and _left(c.capture, f.path)]) for f in files}
    copies = gather(lambda capture, _: capture.is_copy)
    zones: tuple[Zone, ...] = ("lab", "authorised", "outside")
    channels = sorted({credit.capture.channel for credit in all_ if credit.capture.channel and not credit.capture.is_copy})
    by_channel = {name: _totals(channel(name)) for name in channels}
    return AssayResult(
        version=VERSION,
        left=tuple(_coverage(file, left.get(file.path, EMPTY)) for file in files),
        by_zone={name: _totals(zone(name)) for name in zones},
        by_channel={name: totals for name, totals in by_channel.items() if totals},
        recoverable=tuple(_coverage(file, recast[file.path]) for file in files),
        value_findings=_findings([credit for credit in every if credit.values]),
        copies=tuple(_coverage(file, copies.get(file.path, EMPTY)) for file in files),
        findings=_findings(all_),
        opaque_bytes=opaque.total(),
        opaque=dict(sorted(opaque.items())),
        lower_bound=bool(budget.gave_up),
        gave_up=budget.gave_up,
        seconds=round(seconds, 3),
    )


def _findings(all_: list[Credit]) -> tuple[Finding, ...]:
    """By capture in their order; of more than 512 the largest."""
    listed = [
        (
            (credit.capture.order, credit.label, credit.chain),
            Finding(capture=credit.label, found=_totals(credit.found), chain=credit.chain, members=credit.members),
        )
        for credit in all_
        if credit.found
    ]
    kept = sorted(listed, key=lambda row: (-sum(row[1].found.values()), row[0]))[:_FINDINGS]
    return tuple(finding for _, finding in sorted(kept, key=lambda row: row[0]))


def _totals(found: Found) -> dict[str, int]:
    return {path: ranges.total for path, ranges in found.items()}


def _coverage(file: File, found: Ranges) -> FileCoverage:
    largest = np.sort(np.argsort(found.starts - found.ends, kind="stable")[:_RANGES])
    spans = zip(found.starts[largest].tolist(), found.ends[largest].tolist(), strict=True)
    return file.coverage(found.total, tuple(ByteRange(start=start, end=end) for start, end in spans))
