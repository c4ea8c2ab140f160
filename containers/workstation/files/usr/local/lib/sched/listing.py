# ruff: noqa: INP001, T201
# mypy: disable-error-code="import-not-found,no-any-return,unused-ignore"
"""Commands that only look: squeue, sacct, sinfo, and `scontrol show`."""

import argparse
import getpass
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

import fields
import jobqueue

_SQUEUE = "%.18i %.9P %.18j %.16u %.2t %.20M %.5D %R"
_LONG = "%.18i %.9P %.18j %.16u %.9T %.12M %.13l %.5D %R"
_START = "%.18i %.9P %.18j %.16u %.2t %.20S %.5D %R"
_SACCT = "JobID%-12,JobName%18,Partition%10,User%16,NNodes%6,State%10,ExitCode%8"
_SINFO = "%10P %6a %11l %.5D %6t %N"
_SINFO_LONG = "%10P %6a %11l %10s %.5D %11T %N"
_SUMMARY = "%10P %6a %11l %.15F %N"
_NODES = "%20N %.5D %.10P %6t"
_NODES_LONG = "%20N %.5D %.10P %11T %.6c %E"
_CODES = {"idle": "IDLE", "alloc": "ALLOCATED"}


def _shares(row: fields.Row) -> str:
    count, taken = row["count"], row["state"] == "alloc"
    return f"{count if taken else 0}/{0 if taken else count}/0/{count}"


_SINFO_COLUMNS = (
    fields.Column("P", "PARTITION", ("PartitionName", "Partition"), lambda row: row["name"] + row.get("default", "")),
    fields.Column("R", "PARTITION", (), lambda row: row["name"]),
    fields.Column("a", "AVAIL", ("Available",), fields.plain("avail")),
    fields.Column("l", "TIMELIMIT", ("Time",), fields.plain("limit")),
    fields.Column("D", "NODES", ("Nodes",), fields.plain("count")),
    fields.Column("t", "STATE", ("StateCompact",), fields.plain("state")),
    fields.Column("T", "STATE", ("StateLong",), lambda row: {"alloc": "allocated"}.get(row["state"], row["state"])),
    fields.Column("N", "NODELIST", ("NodeList", "NodeHost"), fields.plain("nodes")),
    fields.Column("n", "HOSTNAMES", (), fields.plain("nodes")),
    fields.Column("c", "CPUS", ("CPUs",), fields.cpus),
    fields.Column("G", "GRES", ("Gres",), lambda row: f"gpu:{row['gpus']}" if "gpus" in row else "(null)"),
    fields.Column("s", "JOB_SIZE", ("Size",), lambda _row: "1-infinite"),
    fields.Column("E", "REASON", ("Reason",), lambda _row: "none"),
    fields.Column("F", "NODES(A/I/O/T)", (), _shares),
)


def parser(tool: str, flags: str = "", values: str = "") -> argparse.ArgumentParser:
    """One that takes, and leaves alone, options that change nothing here. `flags` and `values`: `-a/--all` and so on, between spaces."""
    made = argparse.ArgumentParser(prog=tool, add_help=False)
    made.add_argument("--help", action="help")
    for words, action in ((flags, {"action": "store_true"}), (values, {})):
        for word in words.split():
            made.add_argument(*word.split("/"), **action)  # type: ignore[arg-type]
    return made


def words(text: str | None) -> set[str]:
    """What a list with commas names."""
    return {word.strip() for word in (text or "").split(",") if word.strip()}


def chosen(jobs: Iterable[fields.Row], asked: argparse.Namespace, user: str | None) -> Iterator[fields.Row]:
    """The jobs that somebody asked for."""
    numbers, users, partitions, names = words(asked.jobs), words(user), words(asked.partition), words(asked.name)
    for job in jobs:
        fits = (not numbers or job["job"] in numbers) and (not users or fields.owner(job) in users)
        if fits and (not partitions or job.get("partition", "gpu") in partitions) and (not names or job["name"] in names):
            yield job


def states(text: str | None) -> set[str]:
    """Short and long names that were asked for; empty for all."""
    asked = {word.upper() for word in words(text)}
    return set() if "ALL" in asked else asked


def show(parts: Iterable[fields.Asked | str], rows: Iterable[fields.Row], *, header: bool) -> None:
    """A table."""
    asked = list(parts)
    for row in ([None] if header else []) + list(rows):  # type: ignore[list-item]
        print(fields.line(asked, row))


_FLAGS = {
    "squeue": "-h/--noheader -l/--long --me --start -a/--all -r/--array -s/--steps -v/--verbose",
    "sacct": "-a/--allusers -X/--allocations -n/--noheader -p/--parsable -P/--parsable2 -l/--long -b/--brief -D/--duplicates"
    " -e/--helpformat",
    "sinfo": "-h/--noheader -l/--long -N/--Node -s/--summarize -a/--all -R/--list-reasons -r/--responding -d/--dead"
    " -e/--exact -v/--verbose",
}
_VALUES = {
    "squeue": "-u/--user -j/--jobs -p/--partition -t/--states -n/--name -S/--sort -w/--nodelist -A/--account"
    " -q/--qos -i/--iterate -M/--clusters",
    "sacct": "-j/--jobs -u/--user -r/--partition -s/--state -S/--starttime -E/--endtime -o/--format -N/--nodelist -A/--accounts"
    " -M/--clusters --units --delimiter --name",
    "sinfo": "-p/--partition -t/--states -n/--nodes -o/--format -O/--Format -S/--sort -i/--iterate -M/--clusters",
}


def squeue(given: list[str]) -> None:
    """What waits and runs."""
    made = parser("squeue", _FLAGS["squeue"], _VALUES["squeue"])
    made.add_argument("-o", "--format")
    made.add_argument("-O", "--Format", dest="names")
    asked = made.parse_args(given)
    wanted = states(asked.states)
    ended = wanted & {name for state in jobqueue.ENDED for name in (fields.SHORT[state], fields.LONG[state])}
    known = {**(jobqueue.jobs(jobqueue.DONE) if ended else {}), **jobqueue.jobs()}
    jobs = [
        job
        for job in chosen((job for _, job in sorted(known.items())), asked, getpass.getuser() if asked.me else asked.user)
        if (wanted & {fields.SHORT.get(job["state"]), fields.LONG.get(job["state"])} if wanted else job["state"] not in jobqueue.ENDED)
    ]
    if asked.jobs and not jobs and len(words(asked.jobs)) == 1 and not words(asked.jobs) & {job["job"] for job in known.values()}:
        sys.exit("squeue: error: Invalid job id specified")
    if asked.long and not asked.noheader:
        print(time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime()))
    text = asked.format or (_START if asked.start else _LONG if asked.long else _SQUEUE)
    names = asked.names and _named("squeue", fields.COLUMNS, asked.names, titles=False)
    show(names or fields.by_letters(fields.COLUMNS, text), jobs, header=not asked.noheader)


def _named(tool: str, columns: Iterable[fields.Column], text: str, *, titles: bool) -> list[fields.Asked]:
    try:
        return fields.by_names(columns, text, titles=titles, width=10 if titles else 20)
    except ValueError as problem:
        sys.exit(f"{tool}: error: Invalid {'field requested' if titles else 'job format specification'}: {problem}")


def sacct(given: list[str]) -> None:
    """What ran."""
    asked = parser("sacct", _FLAGS["sacct"], _VALUES["sacct"]).parse_args(given)
    if asked.helpformat:
        return print("  ".join(name for column in fields.COLUMNS for name in column.names[:1]))
    asked.format = asked.format or ("JobID%-12,State%10,ExitCode%8" if asked.brief else _SACCT)
    user = asked.user or (None if asked.allusers or asked.jobs else getpass.getuser())
    known = {**jobqueue.jobs(jobqueue.DONE), **jobqueue.jobs()}
    wanted = states(asked.state)
    jobs = [
        job
        for job in chosen((job for _, job in sorted(known.items())), asked, user)
        if not wanted or wanted & {fields.SHORT.get(job["state"]), fields.LONG.get(job["state"])}
    ]
    columns = _named("sacct", fields.COLUMNS, asked.format, titles=True)
    if asked.parsable or asked.parsable2:
        between = asked.delimiter or "|"
        lines = [[column.heading for column in columns]] * (not asked.noheader)
        lines += [[str(column.text(job)) for column in columns] for job in jobs]
        return print("".join(between.join(cells) + (between if asked.parsable else "") + "\n" for cells in lines), end="")
    spaced: list[Any] = [part for column in columns for part in (column, " ")]
    if not asked.noheader:
        show(spaced, [], header=True)
        print(" ".join("-" * column.width for column in columns))
    return show(spaced, jobs, header=False)


def nodes(text: str) -> list[str]:
    """Names that `hr-gpu-[01-12]` stands for."""
    match = re.fullmatch(r"(.*)\[(\d+)-(\d+)\]", text)
    if not match:
        return [text]
    return [f"{match[1]}{number:0{len(match[2])}d}" for number in range(int(match[2]), int(match[3]) + 1)]


def sinfo(given: list[str]) -> None:
    """Partitions and nodes."""
    asked = parser("sinfo", _FLAGS["sinfo"], _VALUES["sinfo"]).parse_args(given)
    rows = [row for row in jobqueue.partitions() if not asked.partition or row["name"] in words(asked.partition)]
    wanted = {word.upper() for word in words(asked.states)}
    rows = [row for row in rows if not wanted or wanted & {row["state"].upper(), _CODES.get(row["state"])}]
    if asked.list_reasons:
        rows, asked.format = [], "%20E %9u %19H %N"
    if asked.Node or asked.nodes:
        named = {name for text in re.findall(r"[^,\[]+(?:\[[^\]]*\])?", asked.nodes or "") for name in nodes(text)}
        rows = [{**row, "nodes": name, "count": "1"} for row in rows for name in nodes(row["nodes"]) if not named or name in named]
    whole = _SINFO_LONG if asked.long else _SUMMARY if asked.summarize else _SINFO
    usual = (_NODES_LONG if asked.long else _NODES) if asked.Node else whole
    names = asked.Format and _named("sinfo", _SINFO_COLUMNS, asked.Format, titles=False)
    show(names or fields.by_letters(_SINFO_COLUMNS, asked.format or usual), rows, header=not asked.noheader)


def shown(what: str, name: str | None) -> list[list[list[str]]]:
    """Of `scontrol show`: the things, each in lines of words."""
    if what.startswith("job"):
        jobs = jobqueue.jobs()
        if name is not None and not (name.isdigit() and int(name) in {**jobs, **jobqueue.jobs(jobqueue.DONE)}):
            sys.exit(f"scontrol: error: Invalid job id specified: {name}")
        wanted = [job for _, job in sorted(jobs.items())] if name is None else [{**jobqueue.jobs(jobqueue.DONE), **jobs}[int(name)]]
        return [_job(job) for job in wanted]
    rows = jobqueue.partitions()
    if what.startswith("part"):
        found = [_partition(row) for row in rows if name in {None, row["name"]}]
    else:
        found = [_node(row, node) for row in rows for node in nodes(row["nodes"]) if name in {None, node}]
    if not found:
        sys.exit(f"{'Partition' if what.startswith('part') else 'Node'} {name} not found")
    return found


def _job(job: fields.Row) -> list[list[str]]:
    text = {name: str(column.text(job)) for column in fields.COLUMNS for name in column.names[:1]}
    lines = [
        [f"JobId={text['JobID']}", f"JobName={text['JobName']}"],
        [f"UserId={text['User']}({text['UID']})", f"GroupId={text['GroupName']}"],
        [f"Priority={text['PriorityLong']}", f"Account={text['Account']}", f"QOS={text['QOS']}"],
        [f"JobState={text['State']}", f"Reason={text['Reason']}"],
        [f"RunTime={text['TimeUsed']}", f"TimeLimit={text['TimeLimit']}", f"ExitCode={text['ExitCode']}"],
        [f"SubmitTime={text['SubmitTime']}", f"StartTime={text['StartTime']}", f"EndTime={text['EndTime']}"],
        [f"Partition={text['Partition']}", f"NodeList={text['NodeList'] or '(null)'}"],
        [f"NumNodes={text['NumNodes']}", f"NumCPUs={text['NumCPUs']}", f"TresPerNode={text['TresPerNode']}"],
        [f"Command={text['Command'] or '(null)'}"],
        [f"OnSuccess={job.get('on_success', 'none')}"],
        [f"WorkDir={job.get('workdir', '/srv/training')}"],
        [f"JobFile={job['path']}"],
    ]
    return [*lines, [f"StdOut={job['output'].replace('%j', job['job'])}"]] if job.get("output") else lines


def _partition(row: fields.Row) -> list[list[str]]:
    return [
        [f"PartitionName={row['name']}"],
        ["AllowGroups=ALL", "AllowAccounts=ALL", f"Default={'YES' if 'default' in row else 'NO'}"],
        [f"MaxTime={row['limit']}", "MinNodes=1", f"Nodes={row['nodes']}"],
        [f"State={row['avail'].upper()}", f"TotalCPUs={fields.cpus(row) * int(row['count'])}", f"TotalNodes={row['count']}"],
    ]


def _node(row: fields.Row, name: str) -> list[list[str]]:
    state, all_of = _CODES.get(row["state"], row["state"].upper()), fields.cpus(row)
    return [
        [f"NodeName={name}", "Arch=x86_64"],
        [f"CPUAlloc={all_of if row['state'] == 'alloc' else 0}", f"CPUTot={all_of}"],
        [f"Gres=gpu:{row['gpus']}" if "gpus" in row else "Gres=(null)"],
        [f"NodeHostName={name}", f"OS=Linux {os.uname().release}"],
        [f"State={state}", f"Partitions={row['name']}"],
    ]
