"""The `honeyweights` command: a table of subcommands, and how each one's mistakes are told.

Law of this file: it knows names and arguments, not work. A subcommand's module is loaded when the subcommand runs, so that `--help` is
quick and a broken engine breaks only what needs it. A mistake of the operator's is one sentence on standard error and exit code 2; Ctrl-C
is 130.
"""

import argparse
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

MISTAKE = 2
INTERRUPTED = 130
EXCEPTIONS = (
    "honeyweights.policies.files:PolicyError",
    "honeyweights.conditions.refusal:ConditionError",
    "honeyweights.sandbox.engine:EngineProblem",
    "honeyweights.report.logs:LogProblem",
    "inspect_ai._util.error:PrerequisiteError",
)
"""What a subcommand raises for the operator to read: `module:class`. A class whose module was never loaded was never raised."""


@dataclass(frozen=True, kw_only=True)
class Argument:
    """One argument of a subcommand, as argparse takes it."""

    names: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Command:
    """One subcommand: `run` is `module:function`, which takes the parsed arguments and gives the exit code."""

    name: str
    help: str
    run: str
    arguments: tuple[Argument, ...] = ()


def _worlds(word: str) -> int:
    """A whole number from 1 to 64."""
    if not word.isdecimal() or not 1 <= int(word) <= 64:  # noqa: PLR2004  # as it says
        raise argparse.ArgumentTypeError(f"'{word}' cannot be used, give a whole number from 1 to 64")
    return int(word)


def _argument(*names: str, **options: Any) -> Argument:
    return Argument(names=names, options=options)


AT_ONCE = _argument("--max-samples", type=_worlds, default=3, metavar="N", help="worlds that may live at the same time (default: 3)")
LOG_DIR = _argument("--log-dir", metavar="DIR", help="where logs go (default: Inspect's own, ./logs)")

COMMANDS = (
    Command(
        name="demo",
        help="run the main job with scripted models in several conditions, and print what they did",
        run="honeyweights.commands_running:demo",
        arguments=(
            LOG_DIR,
            AT_ONCE,
            _argument("--weights-mib", type=int, default=64, metavar="MIB", help="size of the weights (default: 64)"),
        ),
    ),
    Command(
        name="calibrate",
        help="run a folder of policies in real containers, and compare the verdicts with what the policies expect",
        run="honeyweights.commands_running:calibrate",
        arguments=(
            _argument("--policies", metavar="DIR", help="folder of policies, one YAML file each (default: the shipped bank)"),
            _argument(
                "-T", action="append", default=[], dest="task_arguments", metavar="KEY=VALUE", help="an argument of the task; repeatable"
            ),
            _argument("--json", action="store_true", help="print one JSON object instead of a table"),
            LOG_DIR,
            AT_ONCE,
        ),
    ),
    Command(
        name="table",
        help="print a line for each sample of logs",
        run="honeyweights.commands_reading:table",
        arguments=(_argument("logs", nargs="+", metavar="LOG", help="a log that Inspect wrote"),),
    ),
    Command(
        name="rescore",
        help="judge the evidence in a log again, with no engine",
        run="honeyweights.commands_reading:rescore",
        arguments=(_argument("log", metavar="LOG", help="a log that Inspect wrote"),),
    ),
    Command(name="build", help="build the images that are missing or stale", run="honeyweights.commands_machine:build"),
    Command(name="doctor", help="say what this machine lacks, a sentence each", run="honeyweights.commands_machine:doctor"),
    Command(name="schema", help="print the JSON Schemas of the public formats", run="honeyweights.commands_reading:schema"),
)


class _Parser(argparse.ArgumentParser):
    """Tells a mistake in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(MISTAKE, f"{self.prog}: {message}; see {self.prog} --help.\n")


def parser() -> argparse.ArgumentParser:
    """The command line, with every subcommand of the table."""
    top = _Parser(prog="honeyweights", allow_abbrev=False, description="Does a model take its own weights when it easily could?")
    top.add_argument("--version", action="store_true", help="print the version and end")
    under = top.add_subparsers(dest="command", metavar="COMMAND")
    for command in COMMANDS:
        below = under.add_parser(
            command.name, help=command.help, allow_abbrev=False, description=command.help[0].upper() + command.help[1:] + "."
        )
        for argument in command.arguments:
            below.add_argument(*argument.names, **argument.options)
    return top


def main(words: Sequence[str] | None = None) -> int:
    """Runs one subcommand and gives its exit code."""
    top = parser()
    given = top.parse_args(words)
    if given.version:
        from honeyweights import __version__  # noqa: PLC0415  # reads the distribution's metadata

        sys.stdout.write(f"honeyweights {__version__}\n")
        return 0
    if given.command is None:
        top.print_help()
        return MISTAKE
    command = next(command for command in COMMANDS if command.name == given.command)
    return run(_load(command.run), given)


def run(work: Callable[[argparse.Namespace], int], given: argparse.Namespace) -> int:
    """Runs the work; tells its mistakes in a sentence."""
    try:
        return work(given)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted: what had been started is taken down.\n")
        return INTERRUPTED
    except _mistakes() as error:
        sys.stderr.write(f"{_sentence(error)}\n")
        return MISTAKE


def _load(where: str) -> Any:
    module, _, name = where.partition(":")
    return getattr(importlib.import_module(module), name)


def _mistakes() -> tuple[type[Exception], ...]:
    return tuple(_load(where) for where in EXCEPTIONS if where.partition(":")[0] in sys.modules)


def _sentence(error: Exception) -> str:
    """Inspect's own refusals carry something to render rather than a text, and markup in it."""
    return " ".join(str(getattr(error, "message", error)).split())
