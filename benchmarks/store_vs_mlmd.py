"""The metadata store beside the real ``ml_metadata`` client: writes at 10,000 executions, and lineage among them.

Both fill an SQLite file of their own with 10,000 executions in a chain, each with two inputs and three outputs, and
then take turns, each in a process of its own that stays. The client writes into a file that was put in WAL mode before
it was opened, which is its best, and into one in its default mode, a copy of the former. It is given its inputs as ids,
and is told not to look at contexts again: its fastest way. Both write the same 43 rows in one transaction.

    python benchmarks/store_vs_mlmd.py

Prints the medians of CPU and wall time per operation, the longest single one, and the ratios to ours. Exits with 1 if
a write of ours takes more CPU time than the client's best, if it is less than five times as fast in finding ancestors,
or if one is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from support.peers import ROOT, bench_dir, peer_python
from support.timing import machine

DEPTH = 10
SPEED_UP = 5
# What our lineage holds too; its executions and artifacts tell their run and pipeline besides, which for the client are
# contexts.
NODES_AND_EVENTS = ["artifacts", "executions", "events"]
Case = Callable[[], Mapping[str, Any]]


class Worker:
    """A process that holds one store open and does what it is told; see ``support/store_worker.py``."""

    def __init__(self, python: Path, script: str, database: Path, log: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self._log = log
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [str(python), str(ROOT / "benchmarks" / "support" / script), str(database)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
            )
        self.about = self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate()

    def __call__(self, act: str, **arguments: Any) -> dict[str, Any]:
        """Gives an order and waits for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"act": act, **arguments}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"A worker failed:\n{self._log.read_text(errors='replace')[-3000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def main() -> None:
    """Fills both stores, measures in turns, and compares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=10_000, help="how many there are at first (10000)")
    parser.add_argument("--turns", type=int, default=15, help="how often each has its turn (15)")
    parser.add_argument("--writes", type=int, default=100, help="executions put in one turn (100)")
    parser.add_argument("--directory", type=Path, help="where the files are made; the benchmarks' own if not given")
    given = parser.parse_args()
    peer = peer_python("mlmd", "3.11")
    with tempfile.TemporaryDirectory(dir=given.directory or bench_dir()) as temporary, ExitStack() as stack:
        path = Path(temporary)

        def start(python: Path, script: str, name: str) -> Worker:
            return stack.enter_context(Worker(python, script, path / f"{name}.db", path / f"{name}.log"))

        ours = start(Path(sys.executable), "penstock_store.py", "ours")
        _set_journal(path / "theirs.db", "WAL")
        theirs = start(peer, "mlmd_store.py", "theirs")
        client = f"ml_metadata {theirs.about['version']}"
        print(
            f"{machine()}; load average {os.getloadavg()[0]:.1f}\n"
            f"penstock on Python {sys.version.split()[0]} and SQLite {sqlite3.sqlite_version}; {client}\n"
            f"start and imports, counted apart: ours {ours.about['cpu']:.2f} s CPU, theirs {theirs.about['cpu']:.2f} s"
        )
        for worker in (ours, theirs):
            worker("put", count=given.executions)
        faults = _lineage(ours, theirs, client, given)

        shutil.copy(path / "theirs.db", path / "default.db")
        _set_journal(path / "default.db", "DELETE")
        default = start(peer, "mlmd_store.py", "default")
        print(f"\nput an execution with 2 inputs, 3 outputs and 2 contexts, {given.executions:,} are there")
        found = _in_turns(
            {
                "Penstock": lambda: ours("put", count=given.writes),
                "Penstock, each waits for the disk": lambda: ours("put", count=given.writes, durable=True),
                f"{client}, WAL": lambda: theirs("put", count=given.writes),
                f"{client}, its default": lambda: default("put", count=given.writes),
            },
            given.turns,
        )
        if found["Penstock"] > found[f"{client}, WAL"]:
            faults.append("A write of ours takes more CPU time than the client's.")
        print("\nwhat a node of a run writes of itself: same inputs and outputs, lease, digests, key, log")
        nodes = [ours("node", count=given.writes) for _ in range(given.turns)]
        for step in nodes[0]:
            _in_turns({step: iter([node[step] for node in nodes]).__next__}, given.turns)
    if faults:
        sys.exit("\n".join(faults))


def _lineage(ours: Worker, theirs: Worker, client: str, given: argparse.Namespace) -> list[str]:
    """Compares the ways up, and says what is not as it should be."""
    print(f"\nancestors at most {DEPTH} executions away, among {given.executions:,}")
    found = _in_turns(
        {
            "Penstock": lambda: ours("lineage", depth=DEPTH, times=20),
            f"{client}, the whole graph": lambda: theirs("lineage", depth=DEPTH, times=20, fields=[]),
            f"{client}, nodes and events only": lambda: theirs(
                "lineage", depth=DEPTH, times=20, fields=NODES_AND_EVENTS
            ),
        },
        given.turns,
    )
    print("\nall ancestors, time for each that is found")
    every = 2 * given.executions + 1
    counts: dict[str, int] = {}

    def counted(name: str, worker: Worker, **order: Any) -> Mapping[str, Any]:
        answer = worker("lineage", times=1, **order)
        counts[name] = answer["artifacts"]
        return {key: value / answer["artifacts"] for key, value in answer.items()}

    _in_turns(
        {
            "Penstock": lambda: counted("Penstock", ours, depth=None),
            client: lambda: counted(client, theirs, depth=given.executions, fields=NODES_AND_EVENTS),
        },
        5,
        unit="us",
    )
    print("  " + ", ".join(f"{name} finds {count:,} of {every:,}" for name, count in counts.items()))
    faults = []
    if counts["Penstock"] != every:
        faults.append("Ancestors are missing.")
    if found["Penstock"] * SPEED_UP > found[f"{client}, the whole graph"]:
        faults.append(f"Ancestors are not found {SPEED_UP} times as fast as by the client.")
    return faults


def _in_turns(cases: Mapping[str, Case], turns: int, *, unit: Literal["ms", "us"] = "ms") -> dict[str, float]:
    """Lets each case have its turns, prints how they compare, and returns the median of CPU seconds of each."""
    found: dict[str, list[Mapping[str, Any]]] = {name: [] for name in cases}
    for _ in range(turns):
        for name, case in cases.items():
            found[name].append(case())
    first: tuple[float, float] | None = None
    scale = {"ms": 1e3, "us": 1e6}[unit]
    for name, answers in found.items():
        cpu, wall = (_median(answers, key) for key in ("cpu", "wall"))
        least, most = (bound(one["cpu"] for one in answers) * scale for bound in (min, max))
        longest = max(one["longest"] for one in answers) * scale
        line = (
            f"  {name:40}  {cpu * scale:6.2f} {unit} CPU ({least:.2f} to {most:.2f})"
            f"  {wall * scale:6.2f} {unit} wall, longest {longest:.1f}"
        )
        if first is None:
            first = cpu, wall
        else:
            line += f"   {cpu / first[0]:5.2f} times the CPU time, {wall / first[1]:5.2f} times the wall time"
        print(line, flush=True)
    return {name: _median(answers, "cpu") for name, answers in found.items()}


def _median(answers: Sequence[Mapping[str, Any]], key: str) -> float:
    return statistics.median(answer[key] for answer in answers)


def _set_journal(path: Path, mode: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode={mode}")


if __name__ == "__main__":
    main()
