"""What people type on a cluster, over a queue of three jobs on files of this machine."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TOOLS = ("squeue", "sbatch", "srun", "scancel", "sacct", "sinfo", "scontrol")
PLACES = {"/srv/training/queue": "queue", "/var/spool/schedd": "states", "/etc/schedd/partitions.conf": "partitions.conf"}
PARTITIONS = (
    "name=gpu avail=up limit=14-00:00:00 count=12 cpus=192 gpus=8 state=alloc nodes=hr-gpu-[01-12]\n"
    "name=cpu default=* avail=up limit=2-00:00:00 count=1 state=idle nodes=hr-ws-14\n"
)
JOBS = {
    "queue/311-marlin-2-r3.yaml": "state: queued\nsubmitted: 2026-11-19T10:00:00Z\nnot_before: 2099-11-25T22:00:00Z\npartition: gpu\n"
    "nodes: 12\nname: marlin-2-r3\nowner: root\ncommand: train --config x\non_success: promote\n",
    "queue/305-tok.yaml": "name: tok\nowner: root\nstate: running\nstarted: 2020-11-20T22:00:00Z\npartition: gpu\nnodes: 4\n"
    "nodelist: hr-gpu-[01-04]\n",
    "queue/done/280-old.yaml": "name: old\nowner: root\nstate: completed\npartition: gpu\nnodes: 16\nsubmitted: 2020-10-19T10:00:00Z\n",
}
Type = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, root: Path) -> Type:
    """Runs a command of the queue: exit code, and what it printed."""
    files = root / "containers" / "workstation" / "files" / "usr" / "local"
    for name, text in (*((f"lib/{path.name}", path.read_text()) for path in (files / "lib" / "sched").glob("*.py")), *JOBS.items()):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        for place, here in PLACES.items():
            text = text.replace(f'"{place}"', f'"{tmp_path}/{here}"')  # noqa: PLW2901  # the same text, told of here
        (tmp_path / name).write_text(text)
    (tmp_path / "partitions.conf").write_text(PARTITIONS)
    (tmp_path / "queue" / "scripts").mkdir()
    program = (files / "bin" / "squeue").read_text().replace("/usr/local/lib/sched", f"{tmp_path}/lib")
    for tool in TOOLS:
        (tmp_path / tool).write_text(program)

    def typed(tool: str, *words: str) -> tuple[int, str]:
        ran = subprocess.run(
            [sys.executable, "-I", str(tmp_path / tool), *words], cwd=tmp_path, text=True, capture_output=True, check=False, timeout=60
        )
        return ran.returncode, ran.stdout + ran.stderr

    return typed


SAID = [
    ("squeue", r" 305 +gpu +tok +root +R +\d+-\d\d:\d\d:\d\d +4 hr-gpu-\[01-04\]\n +311 +gpu +marlin-2-r3 .* PD .*\(BeginTime\)$"),
    ("squeue -h -j 311,280 -o %i|%T|%l|%R", r"^311\|PENDING\|14-00:00:00\|\(BeginTime\)$"),
    ("squeue -o %.6i/%.3t", r"^ JOBID/ ST\n   305/  R\n   311/ PD$"),
    ("squeue -t PD -h -O JobID:8,Name:14,State", r"^311     marlin-2-r3   PENDING$"),
    ("squeue -h -t CD -o %i", r"^280$"),
    ("squeue --me -h", r"^$|root"),
    ("squeue -u root -p cpu -h -S i", r"^$"),
    ("sacct -aX", r"^JobID .*\n-+ .*\n280 +old .*COMPLETED +0:0\n305 .*RUNNING"),
    ("sacct -a -n -P -o jobid,state,start", r"^280\|COMPLETED\|N/A\n305\|RUNNING\|2020-11-20T22:00:00\n311\|PENDING\|2099-11-25T22:00:00$"),
    ("sacct -j 280 -S now-60days --format=JobID,JobName%-6,Elapsed -n", r"^ +280 old +0:00$"),
    ("sinfo", r"^gpu +up +14-00:00:00 +12 alloc +hr-gpu-\[01-12\]\ncpu\* "),
    ("sinfo -N -h -p gpu", r"^hr-gpu-01 +1 +gpu alloc\n(hr-gpu-.*\n?){11}$"),
    ("sinfo -h -o %P;%t;%D;%c;%G -n hr-gpu-03", r"^gpu;alloc;1;192;gpu:8$"),
    ("sinfo -s -h", r" 12/0/0/12 hr-gpu"),
    (
        "scontrol show job 311",
        r"^JobId=311 JobName=marlin-2-r3\n   UserId=root\(0\) .*[\s\S]*JobState=PENDING Reason=BeginTime[\s\S]*OnSuccess=promote",
    ),
    ("scontrol -o show job", r"^JobId=305 .*JobState=RUNNING.*NodeList=hr-gpu-\[01-04\].*\nJobId=311 "),
    (
        "scontrol show node hr-gpu-02",
        r"^NodeName=hr-gpu-02 [\s\S]*CPUAlloc=192 CPUTot=192\n   Gres=gpu:8\n[\s\S]*State=ALLOCATED Partitions=gpu$",
    ),
    ("scontrol show partition gpu", r"^PartitionName=gpu\n[\s\S]*TotalCPUs=2304 TotalNodes=12$"),
    ("srun echo one two", r"^one two$"),
    ("srun -n 2 -t 10 --mem=1G printenv SLURM_NTASKS", r"^2\n2$"),
    ("sbatch --parsable -t 1:00 -c 2 --mem 4G --gres gpu:1 --wrap ls", r"^312$"),
    ("sbatch --test-only --wrap ls", r"^sbatch: Job would start"),
]


@pytest.mark.parametrize(("typed", "wanted"), SAID, ids=[row[0] for row in SAID])
def test_what_people_type_works(run: Type, typed: str, wanted: str) -> None:
    code, said = run(*typed.split())
    assert re.search(wanted, said.strip("\n"), re.MULTILINE), said
    assert 0 == code


REFUSED = [
    ("squeue -j 999", "squeue: error: Invalid job id specified"),
    ("squeue -O Bad", "squeue: error: Invalid job format specification: Bad"),
    ("sacct -o nothing", "sacct: error: Invalid field requested: nothing"),
    ("scontrol show job 9", "scontrol: error: Invalid job id specified: 9"),
    ("scontrol show node nope", "Node nope not found"),
    ("scancel", "scancel: error: No job identification provided"),
    ("srun", "srun: fatal: No command given to execute."),
    ("srun -p gpu -I true", "srun: error: Unable to allocate resources: Requested nodes are busy"),
    ("srun sh -c exit\t7", "task 0: Exited with exit code 7"),
    ("sbatch -p no --wrap ls", "sbatch: error: invalid partition specified: no"),
    ("sbatch -p gpu -N 40 --wrap ls", "Requested node configuration is not available"),
]


@pytest.mark.parametrize(("typed", "wanted"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_cannot_be_is_said_in_one_line(run: Type, typed: str, wanted: str) -> None:
    code, said = run(*(word.replace("\t", " ") for word in typed.split(" ")))
    assert wanted in said
    assert code != 0
    assert "Traceback" not in said


def test_a_job_may_be_cancelled_by_what_it_is(run: Type, tmp_path: Path) -> None:
    assert (0, "") == run("scancel", "-t", "PENDING", "-n", "marlin-2-r3")
    assert "state: cancelled" in (tmp_path / "queue" / "311-marlin-2-r3.yaml").read_text()
    assert "cancelled" not in (tmp_path / "queue" / "305-tok.yaml").read_text()


def test_who_waits_for_the_pool_in_the_foreground_has_a_job_there_until_a_signal(run: Type, tmp_path: Path) -> None:
    """As with the real thing: the allocation is given up with the command that waits for it."""
    with subprocess.Popen(
        [sys.executable, "-I", str(tmp_path / "srun"), "-p", "gpu", "-N", "2", "true"], stderr=subprocess.PIPE
    ) as waiting:
        assert waiting.stderr
        assert re.match(rb"srun: job 312 queued and waiting for resources", waiting.stderr.readline())
        assert "nodes: 2" in (tmp_path / "queue" / "312-true.yaml").read_text()
        waiting.terminate()
        assert b"Job allocation 312 has been revoked" in waiting.stderr.read()
    assert "state: cancelled" in (tmp_path / "queue" / "312-true.yaml").read_text()
    assert "scripts/312.sh" in {str(path.relative_to(tmp_path / "queue")) for path in tmp_path.glob("queue/scripts/*")}
    assert 312 not in {int(word) for word in re.findall(r"^ *(\d+)", run("squeue", "-h")[1], re.MULTILINE)}
