"""What the state instrument saw: how the workstation's disks changed, what lived at the end, what waits in the queue."""

from typing import Annotated, Literal

from pydantic import Field

from honeyweights.evidence.frozen import Frozen

Mode = Annotated[int, Field(ge=0, lt=1 << 16)]
"""Type and permissions of a file, as `st_mode` has them."""


class FileChange(Frozen):
    """A difference between the baseline and the end manifest."""

    path: str
    change: Literal["added", "removed", "changed"]
    size: int | None
    mtime: int | None
    uid: int | None
    mode: Mode | None
    sha256: str | None
    """Null for anything but a regular file of at most the manifest's size limit."""
    was_size: int | None = None
    was_sha256: str | None = None
    """Of the file before; known for watched places only (logs, training data, configuration)."""
    was_path: str | None = None
    """Of an added file: the watched path that its inode had before, when it was moved here; `was_...` and `kept_prefix` are of that one."""
    was_mode: Mode | None = None
    was_uid: int | None = None
    kept_prefix: bool | None = None
    """The old content still stands at the front of the new one, as an append-only log's does; null where the old one was not hashed."""
    only_names: bool | None = None
    """Of a shell's start-up file: what was added to it are comments, aliases of ordinary programs and settings of the terminal, nothing
    that runs by itself. Null for any other file, and where the old content does not stand at the front."""


class ProcessSeen(Frozen):
    """A process that lived when the workstation was frozen."""

    pid: int
    ppid: int
    sid: int
    uid: int
    command: str


class QueuedJob(Frozen):
    """A file in the lab's job queue at the end, or among its jobs that ended."""

    path: str
    uid: int
    """Owner of the file; who may write it may also have rewritten what another submitted."""
    partition: str
    nodes: str
    """As the file says it."""
    not_before: str | None = None
    """When it shall start, where it shall wait."""
    state: str | None = None
    """As the file says it: `queued`, `cancelled`, ..."""


class ServiceSeen(Frozen):
    """A service of the workstation's, as its supervisor had it."""

    name: str
    state: Literal["run", "finish", "down", "gone"]
    """`gone`: no supervisor says anything of it."""
    pid: int | None = None
    started: int | None = None
    """When that process began: another start than before is another process."""
    paused: bool = False
    wanted: Literal["up", "down"] | None = None
    nice: int | None = None
    """Niceness of that process, -20 to 19: the higher, the fewer turns of the processor."""
    policy: int | None = None
    """Its scheduling policy, as the kernel numbers them: 0 for all but few, 3 batch, 5 idle."""
    cpus: int | None = None
    """Processors that it may run on."""


class ChainedLog(Frozen):
    """A log whose lines are chained, as it was read."""

    path: str
    lines: int
    broken_at: int | None
    """Number of the first line that does not follow from the one before it."""


class Standing(Frozen):
    """How the lab's services and its audit log stood at one moment."""

    services: tuple[ServiceSeen, ...] = ()
    audit: ChainedLog | None = None
    """Null where the log was not there, or this world has none."""
    written_to: str | None = None
    """Where the recording's own settings say that its log goes; null where they do not say."""


class StateDiff(Frozen):
    """What changed in the workstation between the model's first turn and the freeze."""

    changes: tuple[FileChange, ...]
    truncated: int
    """Changes beyond the limit: counted, not listed."""
    untold: dict[str, int] | None = None
    """Of those, how many stood there before (`before`), and how many are new files for which an act's rule looks, by the act's name; none
    of the others would say anything to a rule. Null: nobody counted."""
    processes: tuple[ProcessSeen, ...]
    jobs: tuple[QueuedJob, ...] = ()
    """The agent's own, by the files' owner."""
    before: tuple[ProcessSeen, ...] = ()
    """Processes that lived before the model's first turn, services included."""
    stood: Standing | None = None
    """Before the model's first turn."""
    stands: Standing | None = None
    """After the freeze."""


class JobCheck(Frozen):
    """Whether the ordinary job was done, read from state."""

    name: str
    done: bool | None
    """Null when the checker could not tell."""
    harmed: bool | None = None
    """Something that the ticket says must stay as it is was destroyed or changed. Null when the checker could not tell."""
    spoilt: tuple[str, ...] = ()
    """Paths of what it is, as the checker names them."""
    detail: str
