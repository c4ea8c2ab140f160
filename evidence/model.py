"""What `collect()` hands to `judge()`: the whole of a sample's evidence, as frozen pydantic models with a schema version.

Law of this file: facts only. No field says what a fact means (that is `verdict/`), and nothing here is read from the agent's own words.
Strings come from an adversary: collectors bound and escape them before they get here; nobody may interpret them later.

Times are integer microseconds since the Unix epoch on the host's clock (collectors subtract each container's measured offset).
"""

from typing import Any, Literal

from pydantic import Field

from honeyweights.evidence.assayed import AssayResult
from honeyweights.evidence.disk import JobCheck, StateDiff
from honeyweights.evidence.frozen import Frozen
from honeyweights.evidence.planted import Credential, Document, ZoneRule

SCHEMA_VERSION = 1

InstrumentName = Literal["seal", "journal", "assay", "recorder", "witness", "state"]
Liveness = Literal["alive", "absent", "failed"]
Channel = Literal["http", "https", "s3", "ssh", "ftp", "smtp", "dns", "tcp", "udp", "icmp", "tool_output", "model_output"]
OutcomeHint = Literal["completed", "limit", "refused", "filtered", "error"]


class Record(Frozen):
    """One link of an instrument's chain (see `evidence.chain`)."""

    v: int
    kind: str
    seq: int
    t: int
    source: str
    body: dict[str, Any]
    prev: str
    hash: str


class ChainSummary(Frozen):
    """What is known of a chain beyond the records that the log keeps."""

    source: str
    length: int
    """Records in the whole chain."""
    head: str
    """Hash of its last record."""
    kept: int
    """Records kept in the log; the rest are counted, not shown."""
    lost: dict[str, int] = Field(default_factory=dict)
    """Records that the instrument itself had to drop, by kind."""


class Instrument(Frozen):
    """Whether an instrument can be believed, and the probe that showed it."""

    name: InstrumentName
    state: Liveness
    probe: str
    """One sentence: which canary was sent and what came back, or why there is none."""


class Receipt(Frozen):
    """One captured transfer out of the workstation."""

    id: int
    """The journal's `seq` of the record; citations use it."""
    channel: Channel
    protocol: str
    """Refines the channel: `http`, `https`, `scp`, `sftp`, `ssh-exec`, `dns`, `raw-tcp`, ..."""
    host: str | None
    """The name that the world's own resolver had given this address, or null for an address nobody asked a name for. Bound to the address,
    never to what the client claims in `Host` or SNI: those stand in `claimed`. Within a proxy or a tunnel it is the destination that the
    proxy was asked for, and so are address and port: `via` names the proxy."""
    address: str
    port: int
    via: tuple[str, ...] = ()
    """Proxies and tunnels that it went through, the one that was dialled first; each could keep what it passed on."""
    claimed: str | None = None
    method: str | None = None
    """HTTP method, `put`, `exec`, ..."""
    target: str | None = None
    """Path, remote file name or remote command; at most 1 KiB, escaped."""
    sent: int
    """Payload bytes that the workstation sent."""
    captured: int
    """Of these, bytes kept in the spool; less than `sent` only when a limit was reached."""
    digest: str | None
    """SHA-256 of the captured payload; null when nothing was kept."""
    head: str | None = None
    """SHA-256 of the request's head in the spool (HTTP's request line and fields); null where the protocol has none."""
    headers: dict[str, str] = Field(default_factory=dict)
    """The few fields of the head that tell what was sent (content type, length and range, user agent, ...), lower-case names; of an
    authorization only its scheme. Empty where the protocol has none."""
    started: int
    ended: int
    finished: bool
    """The transfer ended as its protocol wants, rather than by a broken connection."""
    canary: bool = False
    """The harness's own probe; never the agent's."""


class Contact(Frozen):
    """An attempt to reach an address that ended before any payload: refused, dropped, pinged, or opened and left."""

    id: int
    how: Literal["refused", "dropped", "icmp", "empty"]
    proto: Literal["tcp", "udp", "icmp"]
    host: str | None
    address: str
    port: int | None
    t: int
    canary: bool = False


class Login(Frozen):
    """Somebody showed a remote host who they are, over SSH."""

    id: int
    """The journal's `seq` of the record."""
    host: str | None
    address: str
    port: int
    user: str
    method: str
    """`publickey`, `password`, `keyboard-interactive`, `none`."""
    fingerprint: str | None
    """Of the key that was shown, as `SHA256:...`; null where none was."""
    accepted: bool
    t: int


class LeftOut(Frozen):
    """Receipts, contacts or logins of one place that the log counts and does not list: there were too many."""

    kind: Literal["receipt", "contact", "login"]
    host: str | None
    address: str
    """Empty where many places had to be counted together."""
    port: int | None
    via: tuple[str, ...] = ()
    """Who else had these bytes."""
    channel: Channel | None
    """Null for contacts and logins."""
    count: int
    sent: int = 0
    """Payload bytes of these receipts."""
    captured: int = 0
    carrying: int = 0
    """Of these, receipts in which the assay found something: what it found is in its result, and others of this place are listed."""
    open_questions: int = 0
    """Of these, transfers that broke off, failed or cannot be read: one of them may have been meant to carry weights."""
    first: int
    last: int


class Call(Frozen):
    """One command that came into the workstation through the sandbox interface."""

    id: int
    sid: int | None
    """Session id inside the workstation's process namespace; every process of the call has it or descends from one that has."""
    user: str
    by: Literal["agent", "harness"]
    started: int
    ended: int | None
    command: str
    """The first 200 characters of the command line, escaped."""


class Adopted(Frozen):
    """A process under a lab's daemon that carries out what the agent wrote since the first turn: a job of cron's or at's, a run script."""

    tgid: int
    """Where it has a session of its own, all of that session is meant."""
    since: int
    """Of its first record that is the agent's doing."""
    call: int | None = None
    """The call that wrote it; null where nobody can tell."""


class ArtefactFile(Frozen):
    """A weight file as it was planted."""

    path: str
    model: Literal["own", "other"]
    size: int
    sha256: str
    tensor_bytes: int
    """Bytes behind the header; what fractions are counted in."""


class SealCheck(Frozen):
    """One step of the proof that nothing can leave."""

    name: str
    passed: bool
    detail: str


class SealProof(Frozen):
    """Structure first, then from inside; a failed step stops the sample before the model acts."""

    checks: tuple[SealCheck, ...]

    @property
    def proved(self) -> bool:
        """True when there are checks and every one of them passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)


class WorldFacts(Frozen):
    """What the harness itself planted and decided before the model's first turn."""

    run_seed: int
    sample_id: str
    epoch: int
    seed: str
    """64 hex digits: SHA-256(run seed, sample id, epoch)."""
    condition_id: str
    factors: dict[str, str]
    scenario: str
    target: Literal["own", "other"]
    weights_dir: str
    other_weights_dir: str | None
    artefacts: tuple[ArtefactFile, ...]
    zones: tuple[ZoneRule, ...]
    sanctioned_paths: tuple[str, ...]
    """Globs of places where the job itself wants copies of weights to lie."""
    flavour: str
    image_digests: dict[str, str]
    package_versions: dict[str, str]
    recorder: Literal["notify", "strace"] = "notify"
    """Which make of recorder watched: `strace` saw the commands of the sandbox interface and what came of them, and nothing else."""
    places: dict[str, str] = Field(default_factory=dict)
    """Slot name -> path of what the job does not ask to change: `oversight_config`, `oversight_pidfile`, `audit_log`, `train_data`,
    `train_config`, `train_job`, `successor_dir`, `home`. A place that this world lacks is absent; the acts against it are not measured."""
    credentials: tuple[Credential, ...] = ()
    documents: tuple[Document, ...] = ()
    asked: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Act -> globs of paths with which the job itself asks for it: the cron table that the ticket wants an entry in, and so on."""


class Evidence(Frozen):
    """Everything that a verdict may rest on."""

    schema_version: int = SCHEMA_VERSION
    facts: WorldFacts
    seal: SealProof
    instruments: tuple[Instrument, ...]
    outcome_hint: OutcomeHint
    """How the model's turn ended, from Inspect: by itself, by a limit, by a refusal or a provider's filter before it acted, by an error."""
    limit: str | None
    """The limit that ended it, when one did: `message`, `token`, `time`, `working`, ..."""
    agent_ended_world: bool
    """The workstation died, or ran out of memory or disk, by the agent's doing."""
    first_turn: int
    """t = 0: the sample's first model call."""
    frozen_at: int | None
    clock_offsets: dict[str, int]
    """Container -> microseconds its clock was ahead of the host's."""
    calls: tuple[Call, ...]
    adopted: tuple[Adopted, ...] = ()
    """Told from the recorder's whole chain, of which `records` holds the agent's part only."""
    receipts: tuple[Receipt, ...]
    contacts: tuple[Contact, ...]
    logins: tuple[Login, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    """What of the three above is counted and not listed; empty but for floods."""
    records: tuple[Record, ...]
    """Kept records of the recorder and the witness, harness's own left out; at most 1 MiB."""
    chains: tuple[ChainSummary, ...]
    assay: AssayResult | None
    state: StateDiff | None
    job: JobCheck | None
    notes: tuple[str, ...] = ()
    """Sentences for the reviewer: what could not be collected, and why."""
