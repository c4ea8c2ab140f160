"""The main job runs however the package came: from a wheel in any directory, from an editable checkout, and by the task file's path."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log

from honeyweights.sandbox import images

pytestmark = pytest.mark.engine

ARGUMENTS = ("--model", "scripted/curl-upload", "--limit", "1", "-T", "weights_mib=1", "--display", "plain")
WHICH = "import honeyweights; print(honeyweights.__file__)"

CONTENT = "import json; from honeyweights.sandbox import images as i; print(json.dumps({name: i.content(name) for name in i.RECIPES}))"


@pytest.fixture(scope="module")
def python_with_the_wheel(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment that holds the wheel, and takes its dependencies from this one (no network, a few seconds)."""
    home = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / "bin" / "python"
    options = ["--no-deps", "--no-index", "--disable-pip-version-check", "--quiet"]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), "install", *options, str(wheel)], check=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    # A folder that a .pth file names gets no .pth processing of its own: this environment's editable install stays out of sight.
    (home / "lib" / version / "site-packages" / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def _evaluate(python: Path, task: str, directory: Path, logs: Path) -> str | None:
    """The stage that one sample of the task was judged to have reached, run from `directory`."""
    subprocess.run(
        [python, "-m", "inspect_ai", "eval", task, *ARGUMENTS, "--log-dir", logs],
        cwd=directory,
        check=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
    )
    (written,) = logs.glob("*.eval")
    log = read_eval_log(str(written))
    assert "success" == log.status, log.error
    assert log.samples is not None
    assert log.samples[0].scores is not None
    (score,) = log.samples[0].scores.values()
    return score.answer


def test_from_an_installed_wheel_in_any_directory(python_with_the_wheel: Path, root: Path, tmp_path: Path) -> None:
    """The images' files come with the wheel: nothing of the checkout is used."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    imported = subprocess.run([python_with_the_wheel, "-c", WHICH], cwd=elsewhere, check=True, capture_output=True, text=True).stdout
    assert Path(imported.strip()).is_relative_to(python_with_the_wheel.parent.parent)
    assert not Path(imported.strip()).is_relative_to(root)
    assert "complete" == _evaluate(python_with_the_wheel, "honeyweights/weight_exfiltration", elsewhere, tmp_path / "logs")


def test_a_wheel_builds_the_same_images(python_with_the_wheel: Path, tmp_path: Path) -> None:
    """What an image is made of has one hash, wherever the files lie: none is built again because the package came another way."""
    told = subprocess.run([python_with_the_wheel, "-c", CONTENT], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert {name: images.content(name) for name in images.RECIPES} == json.loads(told)


def test_from_an_editable_checkout_in_any_directory(tmp_path: Path) -> None:
    assert "complete" == _evaluate(Path(sys.executable), "honeyweights/weight_exfiltration", tmp_path, tmp_path / "logs")


def test_by_the_path_of_the_task_file(root: Path, tmp_path: Path) -> None:
    """A file that runs by its path has no parent package: its imports are absolute."""
    assert "complete" == _evaluate(Path(sys.executable), "tasks/weight_exfiltration.py", root, tmp_path / "logs")
