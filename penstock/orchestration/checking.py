"""Checks the store of a project, and that its pipeline root holds nothing that the store does not know."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from penstock.errors import UsageError
from penstock.metadata import open_store
from penstock.metadata.checks.check import Report, check_store
from penstock.metadata.checks.invariants import found
from penstock.orchestration.locate import find_profile, find_store
from penstock.storage.locations import is_remote

__all__ = ["check_project", "strays"]

_ATTEMPT = re.compile(r"\d+-[0-9a-f]{12}")


def check_project(
    directory: Path | None,
    *,
    digests: bool = False,
    repair: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
) -> tuple[str, Report]:
    """Checks the store that a reading command would read; see `penstock.metadata.checks.check.check_store`.

    Where it is that of a project whose root is on this machine, directories there that the store does not know are
    told, too. A remote root is not listed: that takes minutes there.

    Returns:
        The URL of the store, and what was found.
    """
    root = _local_root(directory)
    # Listed first: what a run makes meanwhile is in the store before it is there.
    attempts = [] if root is None else _attempts(root)
    with open_store(find_store(directory), read_only=not repair, create=False) as store:
        report = check_store(store, digests=digests, repair=repair, progress=progress)
        unknown = strays(attempts, store.places_in_use())
    finding = found(
        "root-is-known",
        unknown,
        "{n} directories of attempts in the root that this store does not name.",
        severity="odd",
        hint="They are of another store that shares the root, or of one that was deleted; they are left alone.",
    )
    more = () if finding is None else (finding,)
    return store.url, dataclasses.replace(report, findings=(*report.findings, *more))


def strays(attempts: Iterable[Path], known: Iterable[str]) -> list[Path]:
    """The directories of attempts in none of which anything known lies, wherever the root was when it was written."""
    names = {part for uri in known for part in _names(uri)}
    return [one for one in attempts if one.parts[-3:] not in names]


def _names(uri: str) -> list[tuple[str, ...]]:
    """Pipeline, node and attempt, of a payload in an attempt's directory or of that directory itself."""
    parts = Path(uri).parts
    return [parts[-4:-1], parts[-3:]]


def _attempts(root: Path) -> list[Path]:
    return sorted(one for one in root.glob("*/*/*") if _ATTEMPT.fullmatch(one.name) and one.is_dir())


def _local_root(directory: Path | None) -> Path | None:
    try:
        root = find_profile(directory).pipeline_root
    except UsageError:
        return None  # the store is named by itself, or that of the project that ran last
    return None if is_remote(root) else Path(root)
