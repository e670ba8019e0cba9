"""Which metadata store a reading command means when it is not told: every place that is searched, in order."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from penstock.config import CONFIG_FILE, load_config
from penstock.config.model import Profile
from penstock.errors import UsageError

__all__ = ["find_profile", "find_store", "remember"]


def find_store(directory: str | Path | None = None, profile: str | None = None) -> str:
    """The URL of the store to read.

    Searched in order: the given project; a project in the working directory or above it; ``PENSTOCK_METADATA``; the
    project that was run last on this machine.

    Raises:
        UsageError: None of them has one; the message lists what was searched.
        ConfigError: The project's config is wrong.
    """
    found, searched = _search(directory, profile)
    if found is not None:
        return found.metadata
    url = os.environ.get("PENSTOCK_METADATA")
    if url:
        return url
    searched.append("the environment variable PENSTOCK_METADATA")
    last = _last_project()
    if last is not None:
        return load_config(last, profile=profile).profile.metadata
    searched.append(f"the project that was run last ({_state_file()})")
    raise UsageError(
        "No metadata store was found. Searched: " + "; ".join(searched) + ".",
        hint="Run this inside a pipeline's directory, or give one with -C DIR.",
    )


def find_profile(directory: str | Path | None = None, profile: str | None = None) -> Profile:
    """The profile of the project that is meant, for what needs its pipeline root as well as its store.

    Searched in order: the given project; a project in the working directory or above it. Not the project that was run
    last: what changes something is told what it changes.

    Raises:
        UsageError: Neither is there.
        ConfigError: The project's config is wrong.
    """
    found, searched = _search(directory, profile)
    if found is None:
        raise UsageError(
            f"There is no project here. Searched: {searched[0]}.",
            hint="Run this inside a pipeline's directory, or give one with -C DIR.",
        )
    return found


def _search(directory: str | Path | None, profile: str | None) -> tuple[Profile | None, list[str]]:
    """The profile of the given project, or of the one in whose directory we are; and where that was looked for."""
    if directory is not None:
        return load_config(directory, profile=profile).profile, []
    for place in (Path.cwd(), *Path.cwd().parents):
        if (place / CONFIG_FILE).is_file():
            return load_config(place, profile=profile).profile, []
    return None, [f"{CONFIG_FILE} in {Path.cwd()} and above"]


def remember(directory: Path) -> None:
    """Notes that a project was run, for `find_store`; where that cannot be written, nothing is noted."""
    file = _state_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps({"last": str(directory), "at": time.time()}))
        temporary.replace(file)
    except OSError:
        return


def _last_project() -> Path | None:
    try:
        place = Path(json.loads(_state_file().read_text())["last"])
    except (OSError, ValueError, KeyError):
        return None
    return place if (place / CONFIG_FILE).is_file() else None


def _state_file() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "penstock" / "projects.json"
