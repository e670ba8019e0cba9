"""Plug-ins that are broken, or in each other's way: they are named, and nothing else suffers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock import plugins
from penstock.artifacts import Artifact, artifact_type, find_type
from penstock.errors import GraphError, UsageError
from penstock.metadata.records import StoredArtifact
from tests.plugins.conftest import Penstock

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Installs a package by hand: a module and the entry points that it declares."""

    def put(name: str, module: str, **groups: str) -> Path:
        directory = tmp_path / f"installed-{name}"
        directory.mkdir()
        (directory / f"{name.replace('-', '_')}.py").write_text(module)
        info = directory / f"{name.replace('-', '_')}-2.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n")
        sections = [f"[penstock.{group}]\n{line}\n" for group, line in groups.items()]
        (info / "entry_points.txt").write_text("\n".join(sections))
        return directory

    return put


COMMAND = "import click\n@click.command()\ndef command():\n    'Do something.'\n    click.echo('done by {name}')\n"


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("def (:\n", "SyntaxError: "),
        ("x = 1\n", "AttributeError: "),
        ("command = print\n", "it is a builtin_function_or_method, not a click command or group"),
    ],
)
def test_a_broken_command_is_a_warning_and_breaks_nothing(
    run_penstock: Penstock, install: Install, module: str, told: str
) -> None:
    """The help lists the rest and warns by name; the command itself says why; others run without a word of it."""
    broken = install("acme-bad", module, commands="bad = acme_bad:command")
    good = install("acme-good", COMMAND.format(name="good"), commands="good = acme_good:command")
    shown = run_penstock("--help", path=(broken, good))
    assert shown.returncode == 0
    assert "From the plug-in acme-good 2.0:\n  good  Do something." in shown.stdout
    assert "warning: The plug-in acme-bad 2.0 (penstock.commands: bad = acme_bad:command)" in shown.stderr
    assert told in shown.stderr
    asked = run_penstock("bad", path=(broken, good))
    assert asked.returncode == 2
    assert told in asked.stderr
    assert "acme-bad" in asked.stderr
    other = run_penstock("good", path=(broken, good))
    assert (other.returncode, other.stdout, other.stderr) == (0, "done by good\n", "")


def test_built_in_commands_never_import_a_plugin(run_penstock: Penstock, install: Install) -> None:
    """`penstock run --help` and `import penstock` import no plug-in, and do not even look for one."""
    told = install("acme-loud", "print('loaded')\nraise SystemExit(1)\n", commands="loud = acme_loud:command")
    shown = run_penstock("runs", "list", "--help", path=(told,))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "loaded" not in shown.stdout


def test_penstocks_own_names_stay_penstocks(run_penstock: Penstock, install: Install) -> None:
    """A plug-in cannot take the name of a built-in command; the help says so."""
    taken = install("acme-run", COMMAND.format(name="acme"), commands="run = acme_run:command")
    assert "Runs a pipeline on this machine" in run_penstock("run", "--help", path=(taken,)).stdout
    assert "the command 'run' of the plug-in acme-run 2.0" in run_penstock("--help", path=(taken,)).stderr


def test_two_plugins_of_one_name_are_refused_where_it_is_used(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of two packages was meant cannot be known: both are named."""
    for name in ("acme-one", "acme-two"):
        place = install(name, "", push_destinations=f"same = {name.replace('-', '_')}:x")
        monkeypatch.syspath_prepend(place)
    assert [one.distribution for one in plugins.plugins(plugins.PUSH_DESTINATIONS)] == ["acme-one 2.0", "acme-two 2.0"]
    with pytest.raises(UsageError, match=r"Two plug-ins are called 'same': acme-one 2\.0 .* and acme-two 2\.0"):
        plugins.plugin(plugins.PUSH_DESTINATIONS, "same")


@pytest.mark.usefixtures("toy")
def test_a_type_is_looked_for_in_plugins_when_it_is_met() -> None:
    """An unknown name of a type imports the modules that define types, and only then."""
    assert "penstock_toy.artifacts" not in sys.modules
    assert artifact_type("Model").type_name == "Model"
    assert "penstock_toy.artifacts" not in sys.modules
    assert artifact_type("Poem").__module__ == "penstock_toy.artifacts"
    loaded = StoredArtifact(id=1, type="Poem", uri="/somewhere", state="LIVE").load()
    assert type(loaded).__name__ == "Poem"


def test_a_broken_plugin_does_not_keep_a_store_from_being_read(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An artifact of a type that nobody knows is a plain one; who needs the type is told which plug-in is broken."""
    monkeypatch.syspath_prepend(install("acme-types", "import no_such_module\n", artifacts="types = acme_types"))
    assert find_type("NobodyKnows") is None
    assert type(StoredArtifact(id=1, type="NobodyKnows", uri="/x", state="LIVE").load()) is Artifact
    with pytest.raises(GraphError, match=r"no artifact type 'NobodyKnows'.\nThe plug-in acme-types 2\.0"):
        artifact_type("NobodyKnows")


def test_errors_of_a_command_keep_their_traceback(run_penstock: Penstock, install: Install, tmp_path: Path) -> None:
    """An exception inside a plug-in's command is told as that plug-in's fault, and its traceback is kept in a file."""
    body = COMMAND.format(name="x").replace("    click.echo", "    raise KeyError('lost')\n    click.echo")
    done = run_penstock("bad", path=(install("acme-bad", body, commands="bad = acme_bad:command"),))
    assert done.returncode == 1
    assert "error: KeyError: 'lost'\n  This is a fault of the plug-in acme-bad 2.0." in done.stderr
    (kept,) = (tmp_path / "state/penstock/errors").glob("*.txt")
    assert "acme_bad.py" in kept.read_text()


@pytest.mark.usefixtures("toy")
def test_plugins_are_listed_without_being_imported() -> None:
    """Names, packages and versions are read from what installers leave; nothing of the plug-in is imported."""
    (command,) = plugins.plugins(plugins.COMMANDS)
    assert json.dumps([command.name, command.distribution]) == '["toy", "penstock-toy 0.1"]'
    assert not [name for name in sys.modules if name.startswith("penstock_toy")]
