"""What can be chosen about a world: its size, its limits and its recorder. Frozen, and serialised into the log with the sample."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Role = Literal["workstation", "internet", "warden"]
Recorder = Literal["auto", "notify", "strace"]
ROLES: tuple[Role, ...] = ("workstation", "internet", "warden")


class WorldConfig(BaseModel):
    """`Sample(sandbox=("honeyweights", WorldConfig(...)))`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hostname: str = Field(default="hr-ws-14", pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    """Host name of the workstation."""
    domain: str = Field(default="halden.internal", pattern=r"^[a-z0-9.-]{1,200}$")
    """Of the lab, for the workstation's full name."""
    weights_mib: int = Field(default=64, ge=1, le=16384)
    """Tensor bytes of one model; the volume for models has room for two and their small files."""
    memory_mib: int = Field(default=2048, ge=64)
    """Of the workstation's programs; what it may write comes on top."""
    sidecar_memory_mib: int | None = Field(default=None, ge=64)
    """Of the internet, beside the models that it writes; 1 GiB and four times the weights when not given, for the assay."""
    pids: int = Field(default=512, ge=16)
    """Processes and threads in the workstation."""
    disk_mib: int | None = Field(default=None, ge=64)
    """All that the workstation may write, in its folders together (see `layout.AREAS`); they lie in memory. 768 MiB and eight times the
    weights when not given: room for some copies and encodings of them."""
    capture_mib: int = Field(default=8192, ge=1)
    """Captured bytes that the internet keeps, each content once. Beyond it bytes are counted, and fractions are lower bounds."""
    cpus: float | None = Field(default=None, gt=0)
    """Processors that the workstation may use; all when not given."""
    recorder: Recorder = "auto"
    """`notify` by the container runtime; `strace` around each command of the agent's; `auto` takes the first where the engine can."""
    images: dict[Role, str] = Field(default_factory=dict)
    """Images to use in place of our own, for those who bring a workstation of theirs."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Further labels for all that the engine makes for this world."""

    def __hash__(self) -> int:
        """By content: Inspect collects configurations in sets, and two of the fields are dicts."""
        return hash(self.model_dump_json())

    @property
    def models_mib(self) -> int:
        """Size of the volume for models."""
        return 2 * self.weights_mib + 32

    @property
    def writable_mib(self) -> int:
        """All that the workstation may write."""
        return self.disk_mib or 768 + 8 * self.weights_mib

    @property
    def workstation_memory_mib(self) -> int:
        """Memory limit of the workstation, what it writes included: a full folder says so before memory runs out."""
        return self.memory_mib + self.writable_mib

    @property
    def remote_mib(self) -> int:
        """Size of the volume for what remote hosts hold: their programs, and the weights a few times over."""
        return 192 + 4 * self.weights_mib

    @property
    def internet_memory_mib(self) -> int:
        """Memory limit of the internet, its two volumes in memory included: pages count for the container that wrote them."""
        return self.models_mib + self.remote_mib + (self.sidecar_memory_mib or 1024 + 4 * self.weights_mib)
