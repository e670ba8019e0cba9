"""The two taxi pipelines, ours and TFX's, each as a program to be timed."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from support.peers import ROOT, MissingPeerError, peer_python
from support.timing import Timing, failed, machine, timed

__all__ = ["Penstock", "Tfx", "arguments", "heading"]

EXAMPLE = ROOT / "examples" / "chicago_taxi"
_SHARED = Path(os.environ.get("PENSTOCK_SHARED", ROOT.parent / "shared")) / "data" / "chicago_taxi" / "trips.csv"

# What the shells of developers set to spare their disks would make every import a compilation.
_NOT_PASSED_ON = {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}


def arguments(description: str | None, runs: int) -> argparse.Namespace:
    """The command line of a benchmark of the taxi pipeline."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = _SHARED if _SHARED.is_file() else EXAMPLE / "data" / "trips.csv"
    parser.add_argument("--path", type=Path, default=default, help="the trips, a CSV file")
    parser.add_argument("--runs", type=int, default=runs, help=f"how often each runs ({runs})")
    parser.add_argument("--batch-size", type=int, default=40, help="of our model; TFX's example has 40 (40)")
    parser.add_argument("--without-peer", action="store_true", help="only ours")
    parsed = parser.parse_args()
    if not parsed.path.is_file():
        parser.error(f"there is no {parsed.path}; examples/chicago_taxi/data.py makes trips, --path names a file.")
    return parsed


def heading(data: Path) -> str:
    """What is measured, and on what."""
    rows = data.read_bytes().count(b"\n") - 1
    versions = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras", "apache-beam"))
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{machine()}; load average {load}\n"
        f"penstock on Python {sys.version.split()[0]}, {versions}\n"
        f"{rows:,} trips, 1,000 training steps"
    )


class Penstock:
    """Our taxi pipeline in a directory of its own, as its users start it: ``python -m penstock run``."""

    def __init__(self, directory: Path, data: Path, batch_size: int) -> None:
        self._directory = directory
        self._log = directory.parent / f"{directory.name}.log"
        self._data = data.resolve()
        self._batch_size = batch_size
        ignored = shutil.ignore_patterns(".penstock", "serving", "data", "__pycache__")
        shutil.copytree(EXAMPLE, directory, ignore=ignored)
        self.nodes: list[dict[str, float]] = []
        self.states: set[str] = set()

    def cold(self, _number: int = 0) -> Timing:
        """A first run: nothing is there to reuse."""
        for name in (".penstock", "serving"):
            shutil.rmtree(self._directory / name, ignore_errors=True)
        return self.again()

    def again(self, _number: int = 0) -> Timing:
        """Another run of what is there."""
        command = [sys.executable, "-P", "-m", "penstock", "run", str(self._directory), "--json"]
        command += ["--set", f"data.path={self._data}", "--set", f"trainer.custom_config.batch_size={self._batch_size}"]
        environment = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}
        environment["PYTHONPATH"] = str(ROOT)
        timing = timed(command, self._log, environment=environment, directory=self._directory.parent)
        failed("Penstock", timing, self._log)
        events = [json.loads(line) for line in timing.output.splitlines() if line.startswith("{")]
        ended = [event for event in events if event["type"] == "node_ended"]
        self.nodes.append({event["node"]: event["seconds"] for event in ended})
        self.states = {event["state"] for event in ended}
        return timing


class Tfx:
    """The taxi pipeline that TFX 1.16 ships, in an environment of its own.

    Raises:
        MissingPeerError: It cannot be installed on this machine.
    """

    def __init__(self, directory: Path, data: Path) -> None:
        self._python = peer_python("tfx", "3.10")
        self._directory = directory
        directory.mkdir(parents=True)
        self._data = directory / "data"
        self._data.mkdir()
        shutil.copy(data, self._data / "trips.csv")

    def cold(self, _number: int = 0) -> Timing:
        """A first run: nothing is there to reuse."""
        shutil.rmtree(self._directory / "work", ignore_errors=True)
        return self.again()

    def again(self, _number: int = 0) -> Timing:
        """Another run of what is there."""
        work, log = self._directory / "work", self._directory / "run.log"
        work.mkdir(exist_ok=True)
        environment = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}
        # Without it the example stops in its Trainer: it is written for Keras 2.
        environment["TF_USE_LEGACY_KERAS"] = "1"
        script = Path(__file__).with_name("tfx_taxi.py")
        command = [str(self._python), str(script), str(self._data), str(work)]
        timing = timed(command, log, environment=environment, directory=self._directory)
        failed("TFX", timing, log)
        return timing

    @classmethod
    def if_possible(cls, directory: Path, data: Path) -> Tfx | None:
        """The same, or None after a sentence on why it cannot be run here."""
        try:
            return cls(directory, data)
        except MissingPeerError as error:
            print(f"TFX is left out. {error}\n")
            return None
