"""What works on this machine and what does not: the checks behind `penstock doctor`. Nothing uses the network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

__all__ = ["Check", "diagnose", "diagnose_imports"]

State = Literal["ok", "limited", "absent", "broken"]

_GIB = 2**30
_TIMEOUT = 4.0  # seconds for a tool that may hang, such as a Docker client whose engine is gone

_PURPOSES = {
    "alembic": "migrating the metadata store",
    "apache-beam": "computing over examples, here or on a cluster",
    "click": "this command line",
    "cloudpickle": "components that are defined in a notebook",
    "fsspec": "payloads on object stores",
    "jinja2": "the pages",
    "keras": "training",
    "numpy": "columns as arrays",
    "protobuf": "statistics, schemas and anomalies",
    "pyarrow": "examples as columns, Parquet files",
    "pydantic": "validating pipeline.yaml",
    "rich": "tables and live progress",
    "ruamel.yaml": "reading pipeline.yaml",
    "sqlalchemy": "the metadata store",
    "starlette": "the pages",
    "tensorflow": "training and serving",
    "tensorflow-metadata": "statistics, schemas and anomalies",
    "tensorflow-model-analysis": "evaluation results in TFMA's formats",
    "tensorflow-transform": "transforms sealed into the model",
    "tfx-bsl": "sketches, and examples for TensorFlow",
    "uvicorn": "the pages",
}
_HEAVY = (
    "apache_beam",
    "pyarrow",
    "tensorflow",
    "keras",
    "tensorflow_transform",
    "tensorflow_model_analysis",
    "tfx_bsl.sketches",
)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        group: ``python``, ``packages``, ``tools``, ``machine`` or ``project``.
        state: ``ok``; ``limited``: works, but not well; ``absent``: not there and not required; ``broken``: required.
        found: What is there.
        purpose: What needs it.
        hint: What to do about it.
    """

    group: str
    name: str
    state: State
    found: str
    purpose: str = ""
    hint: str = ""

    def to_json(self) -> dict[str, str]:
        """As a JSON value."""
        return asdict(self)


def diagnose(directory: Path | None = None) -> list[Check]:
    """Looks at everything, in a second or so.

    Args:
        directory: The project whose root and store are looked at; found as by the other commands if not given.
    """
    tools: tuple[Callable[[], Check], ...] = (_java, _docker, _gpu, _git)
    with ThreadPoolExecutor(len(tools)) as pool:
        asked = [pool.submit(tool) for tool in tools]
        checks = [*_python(), *_packages(), *_machine(), *_project(directory)]
        return [*checks, *(one.result() for one in asked)]


def diagnose_imports() -> Iterator[Check]:
    """Imports each heavy library in a process of its own and times it; takes seconds to a minute."""
    for name in _HEAVY:
        environment = {**os.environ, "TF_USE_LEGACY_KERAS": "0", "TF_CPP_MIN_LOG_LEVEL": "2"}
        started = time.monotonic()
        try:
            done = subprocess.run(
                [sys.executable, "-c", f"import {name}"],
                capture_output=True,
                text=True,
                timeout=300,
                env=environment,
                check=False,
            )
        except subprocess.TimeoutExpired:
            yield Check("imports", name, "broken", "its import did not end within 300 s")
            continue
        seconds = time.monotonic() - started
        if done.returncode == 0:
            yield Check("imports", name, "ok", f"imports in {seconds:.1f} s")
        else:
            last = (done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"])[-1]
            yield Check("imports", name, "broken", last[:300], hint="Install Penstock's requirements again.")


def _python() -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    bounds = _python_bounds()
    fits = True
    if bounds:
        from packaging.specifiers import SpecifierSet

        fits = SpecifierSet(bounds).contains(version, prereleases=True)
    yield Check(
        "python",
        "Python",
        "ok" if fits else "broken",
        f"{version} at {sys.executable}" + (f", supported {bounds}" if bounds else ""),
        "everything",
        "" if fits else f"Make an environment with a Python that is {bounds}.",
    )
    if sys.flags.dont_write_bytecode:
        yield Check(
            "python",
            "bytecode",
            "limited",
            "PYTHONDONTWRITEBYTECODE is set, so libraries are compiled again at every start",
            "speed: imports take two to three times as long",
            "unset PYTHONDONTWRITEBYTECODE",
        )
    if os.environ.get("TF_USE_LEGACY_KERAS", "0") not in ("", "0"):
        yield Check(
            "python",
            "Keras",
            "limited",
            "TF_USE_LEGACY_KERAS is set in this shell; Penstock's nodes run with Keras 3 all the same",
            "training",
            "unset TF_USE_LEGACY_KERAS",
        )


def _source_tree() -> dict[str, Any]:
    """The ``project`` table of pyproject.toml beside the package, where it is run from its source."""
    import tomllib

    file = Path(__file__).resolve().parents[2] / "pyproject.toml"
    if not file.is_file():
        return {}
    project = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
    return dict(project) if project.get("name") == "penstock" else {}


def _python_bounds() -> str:
    try:
        return str(metadata.metadata("penstock").json.get("requires_python", ""))
    except metadata.PackageNotFoundError:
        return str(_source_tree().get("requires-python", ""))


def _packages() -> Iterator[Check]:
    from packaging.requirements import Requirement

    try:
        written = metadata.requires("penstock") or []
        version = metadata.version("penstock")
        yield Check("packages", "penstock", "ok", version, "everything")
    except metadata.PackageNotFoundError:
        written = list(_source_tree().get("dependencies", []))
        yield Check("packages", "penstock", "ok", "run from its source, not installed", "everything")
    if not written:
        yield Check("packages", "requirements", "limited", "the list of required packages was not found")
    for requirement in map(Requirement, written):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield _package(requirement)


def _package(requirement: Any) -> Check:
    name, bounds = requirement.name, _in_order(requirement.specifier)
    purpose = _PURPOSES.get(re.sub(r"[-_]+", "-", name).lower(), "")
    hint = f"pip install '{requirement.name}{bounds}'"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Check("packages", name, "broken", f"not installed, needed {bounds or 'in any version'}", purpose, hint)
    if not requirement.specifier.contains(version, prereleases=True):
        return Check("packages", name, "broken", f"{version}, needed {bounds}", purpose, hint)
    return Check("packages", name, "ok", version + (f" ({bounds})" if bounds else ""), purpose)


def _in_order(specifiers: Any) -> str:
    """Bounds with the lower one first."""
    return ",".join(sorted(map(str, specifiers), key=lambda one: one.startswith("<")))


def _answer(*command: str) -> tuple[int, str]:
    """Exit code and output of a tool; a tool that hangs gives code 124."""
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 124, f"no answer within {_TIMEOUT:.0f} s"
    except OSError as error:
        return 126, str(error)
    return done.returncode, done.stdout.strip()


def _first_line(text: str) -> str:
    return (text.splitlines() or [""])[0][:200]


def _java() -> Check:
    purpose = "Beam on Flink or Spark"
    found = shutil.which("java")
    if found is None:
        return Check("tools", "Java", "absent", "not found", purpose, "Install a Java runtime, 11 or newer.")
    code, text = _answer(found, "-version")
    return Check("tools", "Java", "ok" if code == 0 else "limited", _first_line(text), purpose)


def _docker() -> Check:
    purpose = "images for a cluster"
    found = shutil.which("docker")
    if found is None:
        return Check("tools", "Docker", "absent", "no client found", purpose, "Install Docker.")
    code, text = _answer(found, "version", "--format", "{{.Client.Version}} {{.Server.Version}}")
    versions = (text.splitlines() or [""])[0].split()
    if code == 0 and len(versions) == 2:
        return Check("tools", "Docker", "ok", f"client {versions[0]}, engine {versions[1]}", purpose)
    why = text.splitlines()[-1] if text else f"code {code}"
    return Check(
        "tools",
        "Docker",
        "limited",
        f"there is a client, but no engine answers: {why[:200]}",
        purpose,
        "Start the engine, or set DOCKER_HOST to one that is reachable.",
    )


def _gpu() -> Check:
    found = shutil.which("nvidia-smi")
    if found is None:
        return Check("tools", "GPU", "absent", "no nvidia-smi: training uses the processor", "training large models")
    code, text = _answer(found, "--query-gpu=name", "--format=csv,noheader")
    return Check("tools", "GPU", "ok" if code == 0 else "limited", _first_line(text), "training large models")


def _git() -> Check:
    purpose = "the commit that each run records"
    found = shutil.which("git")
    if found is None:
        return Check("tools", "git", "absent", "not found", purpose, "Install git.")
    code, text = _answer(found, "--version")
    return Check("tools", "git", "ok" if code == 0 else "limited", _first_line(text), purpose)


def _machine() -> Iterator[Check]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Check("machine", "processor", "ok", f"{cores} cores for this process", "nodes that run side by side")
    total, free = _memory()
    if total:
        enough = free >= 2 * _GIB
        yield Check(
            "machine",
            "memory",
            "ok" if enough else "limited",
            f"{free / _GIB:.1f} of {total / _GIB:.1f} GiB are free",
            "each running node takes about 1 GiB, more with the data",
            "" if enough else "Run with --jobs 1, or close other programs.",
        )
    yield _writable("temporary files", Path(tempfile.gettempdir()), "what a node keeps while it runs")


def _memory() -> tuple[int, int]:
    """Total and available bytes, a container's limit included; zeros where they cannot be known."""
    total = free = 0
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        facts = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.endswith("kB")}
        total, free = facts["MemTotal"], facts["MemAvailable"]
    except (OSError, KeyError, ValueError, IndexError):
        if sys.platform == "darwin":
            total = free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
        used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return total, free
    return min(total or limit, limit), min(free or limit, max(limit - used, 0))


def _writable(name: str, directory: Path, purpose: str) -> Check:
    """Whether files can be made in a directory, or, where it does not exist yet, in the one that would hold it."""
    place = directory
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Check(
            "machine", name, "broken", f"{directory}: {error.strerror}", purpose, "Make it writable or choose another."
        )
    low = free < 2 * _GIB
    hint = "Free some space; a run of the taxi pipeline takes about 50 MB." if low else ""
    return Check(
        "machine", name, "limited" if low else "ok", f"{directory}: {free / _GIB:.1f} GiB are free", purpose, hint
    )


def _project(directory: Path | None) -> Iterator[Check]:
    from penstock.errors import PenstockError

    try:
        from penstock.config import CONFIG_FILE, load_config
        from penstock.orchestration.locate import find_store
    except ImportError as error:
        yield Check("project", "imports", "broken", str(error), "everything", "Install the missing package.")
        return
    here = directory or next((one for one in (Path.cwd(), *Path.cwd().parents) if (one / CONFIG_FILE).is_file()), None)
    if here is not None:
        try:
            config = load_config(here)
        except PenstockError as error:
            yield Check("project", CONFIG_FILE, "broken", str(error).splitlines()[0], "a run", error.hint or "")
            return
        yield Check("project", CONFIG_FILE, "ok", str(config.path), "a run")
        root = config.profile.pipeline_root
        if "://" not in root:
            yield _writable("pipeline root", Path(root), "what runs make")
    try:
        url = find_store(directory)
    except PenstockError as error:
        yield Check("project", "store", "absent", error.message, "runs", "The first run makes one.")
        return
    yield _store(url)


def _store(url: str) -> Check:
    from penstock.errors import PenstockError
    from penstock.metadata import open_store
    from penstock.metadata.location import shown
    from penstock.metadata.store import store_exists

    purpose = "runs, artifacts, lineage"
    try:
        if not store_exists(url):
            return Check(
                "project", "store", "absent", f"{shown(url)}: not made yet", purpose, "The first run makes it."
            )
        with open_store(url, read_only=True) as store:
            runs = len(store.runs())
    except PenstockError as error:
        return Check("project", "store", "broken", error.message, purpose, error.hint or "")
    return Check("project", "store", "ok", f"{shown(url)}: opens, {runs} runs", purpose)
