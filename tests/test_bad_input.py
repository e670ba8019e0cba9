"""The taxi pipeline on bad input, as a person meets it: the command, its exit code, and what it says on one screen."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

HEADER = (
    "pickup_community_area,fare,trip_start_month,trip_start_hour,trip_start_day,trip_start_timestamp,pickup_latitude,"
    "pickup_longitude,dropoff_latitude,dropoff_longitude,trip_miles,pickup_census_tract,dropoff_census_tract,"
    "payment_type,company,trip_seconds,dropoff_community_area,tips"
)
ROW = "8,{fare},5,{hour},6,1400269500,41.89,-87.63,41.88,-87.64,1.2,,,{pay},Taxi Affiliation Services,300,8,{tips}"


def rows(n: int = 60) -> list[str]:
    """Trips that differ in fare, hour, payment and tip."""
    pays = ("Cash", "Credit Card")
    return [ROW.format(fare=5 + i / 4, hour=i % 24, pay=pays[i % 2], tips=(i % 2) * (1 + i / 10)) for i in range(n)]


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    err: str
    out: str

    @property
    def text(self) -> str:
        return self.out + self.err


class Taxi:
    """A copy of the taxi project whose data a test writes."""

    def __init__(self, repository: Path, directory: Path) -> None:
        source = repository / "examples" / "chicago_taxi"
        self.directory = directory
        directory.mkdir()
        for name in ("pipeline.yaml", "pipeline.py", "features.py", "model.py"):
            shutil.copy(source / name, directory)
        self.data = directory / "data" / "trips.csv"
        self.data.parent.mkdir()
        self.lines(HEADER, *rows())

    def lines(self, *lines: str) -> None:
        self.data.write_text("\n".join(lines) + "\n")

    def replace(self, name: str, old: str, new: str) -> int:
        """Changes a file of the project and returns the line of the change."""
        file = self.directory / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))
        return text[: text.index(old)].count("\n") + 1

    def run(self, *options: str) -> Said:
        command = [sys.executable, "-P", "-m", "penstock", "run", str(self.directory), *options]
        environment = {**os.environ, "XDG_STATE_HOME": str(self.directory.parent / "state"), "NO_COLOR": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=200)
        return Said(done.returncode, done.stderr, done.stdout)


@pytest.fixture
def taxi(repository: Path, tmp_path: Path) -> Taxi:
    """The taxi project with sixty good rows."""
    return Taxi(repository, tmp_path / "taxi")


def bytes_of(text: str) -> bytes:
    return text.encode()


BAD_DATA: dict[str, tuple[Callable[[Taxi], object], list[str]]] = {
    "missing path": (lambda t: t.data.unlink(), ["trips.csv", "no "]),
    "empty file": (lambda t: t.data.write_text(""), ["trips.csv", "empty"]),
    "header only": (lambda t: t.lines(HEADER), ["trips.csv", "header", "no rows|no row"]),
    "ragged row": (
        lambda t: t.lines(HEADER, *rows(3), rows(1)[0] + ",extra,more"),
        ["trips.csv:5", "18", "20"],
    ),
    "non-numeric value": (
        lambda t: t.lines(HEADER, *rows(59), ROW.format(fare="free", hour=1, pay="Cash", tips=0)),
        ["trips.csv:61", "'fare'", "'free'"],
    ),
    "duplicate column": (
        lambda t: t.lines(HEADER.replace("company", "fare"), *rows()),
        ["trips.csv", "'fare'", "names .fare. 2 times"],
    ),
    "not UTF-8": (
        lambda t: t.data.write_bytes(
            bytes_of("\n".join([HEADER, *rows(3)]))
            + b"\n"
            + rows(1)[0].replace("Taxi", "Caf\u00e9").encode("latin-1")
            + b"\n"
        ),
        ["trips.csv:5", "UTF-8", "'company'"],
    ),
}


@pytest.mark.parametrize("case", list(BAD_DATA))
def test_bad_data_stops_at_the_door(taxi: Taxi, case: str) -> None:
    """Bad data fails in CsvExampleGen with file, row and column, before anything is computed, and nothing follows."""
    spoil, expected = BAD_DATA[case]
    spoil(taxi)
    said = taxi.run()
    assert said.code == 1
    for pattern in expected:
        assert re.search(pattern, said.text), (pattern, said.text)
    assert "CsvExampleGen" in said.text
    assert "Traceback" not in said.text
    assert len(said.text.splitlines()) < 60
    with sqlite3.connect(taxi.directory / ".penstock" / "metadata.db") as database:
        assert database.execute("SELECT count(*) FROM Artifact").fetchone() == (0,)


BAD_CONFIG: dict[str, tuple[str, str, list[str]]] = {
    "unknown section": ("trainer:", "trianer:", [r"pipeline\.yaml:\d+:1", "'trianer'", "Did you mean 'trainer'"]),
    "unknown parameter": (
        "module_file: model.py",
        "modul_file: model.py",
        [r"pipeline\.yaml:\d+:3", "'modul_file'", "Did you mean 'module_file'"],
    ),
    "unknown nested key": ("max_drop: 0.01", "max_dorp: 0.01", [r"pipeline\.yaml:\d+", "max_dorp"]),
    "wrong type": ("num_steps: 1000", "num_steps: many", [r"pipeline\.yaml:\d+:\d+", "num_steps", "integer", "'many'"]),
    "unknown data key": ("splits:", "split:", [r"pipeline\.yaml:\d+", "'data.split'", "Did you mean 'splits'"]),
    "unknown metric": ("metrics: [auc,", "metrics: [aux,", ["'aux'", "Did you mean 'auc'"]),
    "no such module": ("model.py", "modle.py", [r"pipeline\.yaml:\d+:3", r"modle\.py", r"Did you mean 'model\.py'"]),
    "not YAML": ("transform: {", "transform: {{", [r"pipeline\.yaml:\d+:\d+", "not valid YAML"]),
}


@pytest.mark.parametrize("case", list(BAD_CONFIG))
def test_bad_config_is_told_by_line_and_column(taxi: Taxi, case: str) -> None:
    """A fault in pipeline.yaml is a usage error with its place and what was meant; nothing runs."""
    old, new, expected = BAD_CONFIG[case]
    taxi.replace("pipeline.yaml", old, new)
    said = taxi.run()
    assert said.code == 2, said.text
    for pattern in expected:
        assert re.search(pattern, said.text), (pattern, said.text)
    assert not (taxi.directory / ".penstock").exists()


def test_an_unwritable_root_is_told(taxi: Taxi) -> None:
    """A pipeline root that cannot be made is told with its path, before anything runs."""
    (taxi.directory / "file").write_text("")
    said = taxi.run("--set", "profiles.local.pipeline_root=file/root")
    assert said.code == 1
    assert "file/root" in said.text
    assert "pipeline_root" in said.text


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 600 kB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("Mounting a small file system needs root.")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_full_disk_is_told(taxi: Taxi, small_disk: Path) -> None:
    """A disk that runs full fails the node with a message about the disk; with more room the next run completes."""
    many = [ROW.format(fare=i * 7919 % 100003 / 100, hour=i % 24, pay="Cash", tips=i % 997) for i in range(100_000)]
    taxi.lines(HEADER, *many)
    root = ["--set", f"profiles.local.pipeline_root={small_disk}"]
    said = taxi.run(*root)
    assert said.code == 1
    assert "disk is full" in said.text
    assert "Free some space" in said.text
    subprocess.run(["mount", "-o", "remount,size=100m", small_disk], check=True)
    taxi.replace("features.py", "def preprocessing_fn", "raise RuntimeError('enough')\n\ndef preprocessing_fn")
    assert "✔ complete  CsvExampleGen" in taxi.run(*root).text


@pytest.mark.component
def test_a_column_that_features_need_is_missed(taxi: Taxi) -> None:
    """Data without a column that a feature or the label needs stops in Transform: the user's line, and the column."""
    column = "tips"
    lines = [HEADER.replace(column, f"{column}_id"), *rows()]
    taxi.lines(*lines)
    said = taxi.run()
    assert said.code == 1
    assert f"no column {column!r}" in said.text or f"'{column}'" in said.text
    assert f"{column}_id" in said.text
    assert re.search(r"features\.py:\d+ in preprocessing_fn", said.text), said.text
    assert "Trainer" in said.text


@pytest.mark.component
def test_a_run_fn_without_a_model_is_told(taxi: Taxi) -> None:
    """A run_fn that returns without a SavedModel fails the Trainer and says how a model is saved."""
    (taxi.directory / "model.py").write_text("def run_fn(fn_args):\n    pass\n")
    said = taxi.run()
    assert said.code == 1
    assert "saved no model" in said.text
    assert "export" in said.text
    assert "Evaluator" in said.text


@pytest.mark.component
def test_two_module_files_of_one_name_stay_apart(repository: Path, tmp_path: Path) -> None:
    """Two pipelines whose module files share a name each see their own; of an error their own frame comes first."""
    first, second = Taxi(repository, tmp_path / "first"), Taxi(repository, tmp_path / "second")
    second.replace("features.py", "def preprocessing_fn", "raise RuntimeError('the second')\n\ndef preprocessing_fn")
    failing = second.run()
    assert "the second" in failing.text
    assert str(second.directory / "features.py") in failing.text
    line = first.replace("features.py", "    outputs", "    raise RuntimeError('the first')\n    outputs")
    other = first.run()
    assert "the first" in other.text
    assert "the second" not in other.text
    frames = re.findall(r"\S+\.py:\d+ in \w+", other.text)
    assert frames[0].endswith(f"features.py:{line} in preprocessing_fn"), other.text
