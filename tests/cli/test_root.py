from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from penstock.cli import main
from penstock.cli.root import app
from penstock.errors import DataError, PenstockError, RunCanceled, UsageError

HEAVY = ("sqlalchemy", "ruamel", "pydantic", "pyarrow", "numpy", "pandas", "tensorflow", "apache_beam", "rich")


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    context = click.Context(group)
    found: list[tuple[str, ...]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found.append((*path, name))
        if isinstance(command, click.Group):
            found += _commands(command, (*path, name))
    return found


def test_help_imports_nothing_heavy() -> None:
    """`penstock --help` loads no library that computes or opens a store."""
    code = (
        "import sys\nfrom penstock.cli import main\ncode = main(['--help'])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("path", _commands(app), ids=" ".join)
def test_every_help_teaches(path: tuple[str, ...]) -> None:
    """Each command's help has a paragraph of purpose and examples that begin with the command itself."""
    result = CliRunner().invoke(app, [*path, "--help"], prog_name="penstock")
    assert result.exit_code == 0
    assert "Examples:\n" in result.stdout
    examples = [line.strip() for line in result.stdout.split("Examples:\n")[1].split("\n\n")[0].splitlines()]
    assert 2 <= len(examples) <= 4
    assert all(example.startswith(f"penstock {' '.join(path)}") for example in examples)
    assert "\b" not in result.stdout


def test_no_arguments_is_help() -> None:
    """`penstock` alone prints the help on standard output; a group alone is a mistake and prints it as one."""
    alone = CliRunner().invoke(app, [])
    group = CliRunner().invoke(app, ["runs"])
    assert (alone.exit_code, group.exit_code) == (0, 2)
    assert "Look at what happened:" in alone.stdout
    assert group.stdout == ""
    assert "List runs" in group.stderr


def test_the_version_is_printed() -> None:
    """`penstock --version` names the version of the installed package, or the source's."""
    from penstock import __version__

    assert CliRunner().invoke(app, ["--version"]).stdout.strip() == f"penstock {__version__}"


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("rn", "'run'"),
        ("runs lst", "'list'"),
        ("doctr", "'doctor'"),
        ("doctor --jsn", "'--json'"),
        ("artifacts lineage 1 --format tre", "'tree'"),
    ],
)
def test_a_mistyped_word_is_met_with_what_was_meant(line: str, meant: str) -> None:
    """A wrong command, option or choice exits with 2 and offers the nearest, and the help to read."""
    result = CliRunner().invoke(app, line.split(), prog_name="penstock")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert meant in result.stderr
    assert "--help`" in result.stderr


def _raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Makes `penstock doctor` raise, as a stand-in for any command."""

    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr("penstock.cli.diagnosis.diagnose", fail)


@pytest.mark.parametrize(
    ("error", "code"), [(UsageError("Wrong."), 2), (DataError("Bad."), 1), (RunCanceled("Stopped."), 130)]
)
def test_an_error_gives_its_exit_code(monkeypatch: pytest.MonkeyPatch, error: PenstockError, code: int) -> None:
    """Each kind of error has the exit code that the design gives it, and goes to standard error."""
    _raising(monkeypatch, error)
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr == f"error: {error.message}\n"


def test_a_fault_of_ours_is_one_line_and_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An unexpected exception is told as a fault of Penstock; the traceback is in a file, without option values."""
    _raising(monkeypatch, ZeroDivisionError("by zero\nand more"))
    result = CliRunner().invoke(app, ["doctor", "-C", "password=hunter2"])
    assert result.exit_code == 1
    assert "error: ZeroDivisionError: by zero and more\n  This is a fault of Penstock" in result.stderr
    assert "Traceback" not in result.stderr
    file = Path(result.stderr.strip().rsplit(" ", 1)[1])
    assert file.is_relative_to(tmp_path / "state")
    text = file.read_text()
    assert "raise error" in text
    assert "hunter2" not in text.partition("\n")[0]


def test_a_refusing_disk_is_no_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is told as such wherever it is met, with its path and what to do."""
    _raising(monkeypatch, OSError(28, "No space left on device", "/data/x"))
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "error: No space left on device.",
        "  hint: Free some space on this disk, or choose another place.",
        "  where: /data/x",
    ]


def test_ctrl_c_is_130_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted command says so on a line of its own."""
    _raising(monkeypatch, KeyboardInterrupt())
    result = CliRunner().invoke(app, ["doctor"])
    assert (result.exit_code, result.stderr) == (130, "\ncanceled\n")


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`penstock --help | head -0` ends silently."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "penstock", "--help"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writer)
    assert done.stderr == ""
    assert done.returncode == 1


def test_python_m_penstock_is_the_command() -> None:
    """`python -m penstock` and the function `main` give the same answers."""
    done = subprocess.run([sys.executable, "-m", "penstock", "rn"], capture_output=True, text=True, check=False)
    assert done.returncode == main(["rn"]) == 2
    assert "Did you mean 'run'?" in done.stderr


def test_json_is_all_there_is_on_standard_output() -> None:
    """A command with --json prints one document that parses, and nothing else."""
    result = CliRunner().invoke(app, ["doctor", "--json"])
    assert set(json.loads(result.stdout)) == {"ok", "checks"}
