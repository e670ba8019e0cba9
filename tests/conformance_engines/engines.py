"""Fetches Beam's job servers of Flink and Spark with Maven: ``python tests/conformance_engines/engines.py``.

They go to PENSTOCK_CONFORMANCE_DIR, by default build/peers, and are fetched once. First the whole job server of
the installed Beam is asked for, as one jar; where Maven has none, its parts, as the ``pom.xml`` beside this names them:
they are released apart, and the Java side of Beam need not be of the Python side's version.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Engine:
    """An engine that Beam has a job server for.

    Attributes:
        whole: Maven's name of the job server that is one jar.
        main: The class that the job server starts with.
    """

    name: str
    whole: str
    main: str


ENGINES = {
    "flink": Engine(
        "flink",
        "org.apache.beam:beam-runners-flink-1.19-job-server",
        "org.apache.beam.runners.flink.FlinkJobServerDriver",
    ),
    "spark": Engine(
        "spark",
        "org.apache.beam:beam-runners-spark-3-job-server",
        "org.apache.beam.runners.spark.SparkJobServerDriver",
    ),
}


class NotHereError(Exception):
    """An engine cannot be had: the message says why."""


def job_server(name: str) -> Path:
    """The jar of an engine's job server, fetched if it is not there yet.

    Raises:
        NotHereError: There is no Java, no Maven, or Maven could not fetch it.
    """
    engine = ENGINES[name]
    if shutil.which("java") is None:
        raise NotHereError(f"Beam's {name} runner needs Java: there is no java on the PATH.")
    jar = directory() / f"{name}-job-server.jar"
    if not jar.exists():
        if shutil.which("mvn") is None:
            raise NotHereError(f"There is no {jar}, and no mvn on the PATH to fetch it with.")
        jar.parent.mkdir(parents=True, exist_ok=True)
        if not _fetch_whole(engine, jar):
            _fetch_parts(engine, jar)
    return jar


def directory() -> Path:
    """Where job servers are kept."""
    return Path(os.environ.get("PENSTOCK_CONFORMANCE_DIR") or HERE.parents[1] / "build" / "peers").resolve()


def _fetch_whole(engine: Engine, jar: Path) -> bool:
    asked = f"{engine.whole}:{version('apache-beam')}"
    done = _maven("dependency:copy", f"-Dartifact={asked}", f"-DoutputDirectory={jar.parent}")
    found = jar.with_name(f"{engine.whole.partition(':')[2]}-{version('apache-beam')}.jar")
    if done.returncode or not found.exists():
        return False
    found.rename(jar)
    return True


def _fetch_parts(engine: Engine, jar: Path) -> None:
    """The parts, and a jar that holds nothing but the list of them."""
    parts = jar.parent / engine.name
    pom = HERE / engine.name / "pom.xml"
    done = _maven("-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={parts}")
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        raise NotHereError(f"Maven could not fetch {pom}: {(said or ['it said nothing'])[0][:500]}")
    path = " ".join(part.as_uri() for part in sorted(parts.glob("*.jar")))
    manifest = ["Manifest-Version: 1.0", f"Main-Class: {engine.main}", *_lines(f"Class-Path: {path}"), "", ""]
    unfinished = jar.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "\r\n".join(manifest))
    unfinished.rename(jar)


def _lines(text: str, width: int = 70) -> list[str]:
    """A manifest's lines have at most 72 bytes; a space continues the one before."""
    return [text[:width], *(f" {text[at : at + width - 1]}" for at in range(width, len(text), width - 1))]


def _maven(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["mvn", "--batch-mode", "--no-transfer-progress", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=HERE)


if __name__ == "__main__":
    for each in sys.argv[1:] or ENGINES:
        try:
            print(f"{each}: {job_server(each)}")
        except NotHereError as error:
            sys.exit(f"{each}: {error}")
