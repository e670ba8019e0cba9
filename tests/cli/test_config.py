from __future__ import annotations

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.cli.conftest import Invoke


def test_the_config_is_shown_as_a_run_would_see_it(invoke: Invoke, runnable: Path) -> None:
    """Overrides applied, the profile chosen, paths absolute; as YAML that reads back equal to the JSON."""
    arguments = ["config", "show", runnable, "--set", "make.rows=3"]
    shown = invoke(*arguments)
    assert shown.exit_code == 0, shown.stderr
    values = json.loads(invoke(*arguments, "--json").stdout)
    assert YAML(typ="safe").load(shown.stdout) == values
    assert values["make"] == {"rows": 3}
    assert values["data"]["path"] == str(runnable / "trips.csv")
    assert values["profile"]["pipeline_root"] == str(runnable / ".penstock")


def test_secrets_are_not_shown(invoke: Invoke, runnable: Path) -> None:
    """A password in a URL and a value under a secret's name are hidden."""
    (runnable / "pipeline.yaml").write_text(
        "name: toy\ndata: {path: x.csv}\nmake: {api_token: abc123}\n"
        "profiles: {local: {metadata: 'postgresql://ada:hunter2@host/db'}}\n"
    )
    for flags in ([], ["--json"]):
        out = invoke("config", "show", runnable, *flags).stdout
        assert "hunter2" not in out
        assert "abc123" not in out
        assert "ada:***@host" in out


def test_a_right_config_is_ok(invoke: Invoke, runnable: Path) -> None:
    """`config check` names the nodes and reads no data: the file it speaks of need not be there."""
    result = invoke("config", "check", runnable)
    assert result.exit_code == 0, result.stderr
    assert "ok: toy has 4 nodes (Make, Check, Train, Push)." in result.stdout


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("name: toy\ndata: {path: x.csv}\nmake: {rws: 3}\n", ":3:", "Did you mean 'rows'?"),
        ("name: toy\ndata: {pth: x.csv}\n", ":2:", "pth"),
        ("name: toy\ndata: {path: x.csv\n", ":", "not valid YAML"),
        ("name: toy\ndata: {path: x.csv}\nmake: {rows: many}\n", ":3:", "rows"),
    ],
)
def test_a_wrong_config_names_file_and_line(
    invoke: Invoke, runnable: Path, text: str, where: str, message: str
) -> None:
    """An unknown key, a wrong type, broken YAML: exit code 2, the place, the nearest right word."""
    (runnable / "pipeline.yaml").write_text(text)
    result = invoke("config", "check", runnable, "--json")
    assert result.exit_code == 2
    assert message in result.stderr
    assert f"pipeline.yaml{where}" in result.stderr


def test_the_schema_is_one_json_document(invoke: Invoke) -> None:
    """`config schema` prints a JSON Schema that knows the sections of the standard components."""
    schema = json.loads(invoke("config", "schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"name", "data", "trainer", "pusher"} <= set(schema["properties"])
