"""Chromium without a window, its own services switched off: it asks only for what a page asks for."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
)


@dataclass(frozen=True)
class Loaded:
    """What a page has become, and what the console says: refusals by the page's own policy, errors of scripts."""

    dom: str
    console: list[str]


def chromium(address: str, profile: Path, *options: str, virtual_ms: int) -> Loaded:
    """Opens an address and lets so much of the page's time pass; where there is no Chromium the test is skipped."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("There is no Chromium here. On Debian: apt-get install chromium")
    done = subprocess.run(
        [
            browser,
            *_OPTIONS,
            f"--user-data-dir={profile}",
            f"--virtual-time-budget={virtual_ms}",
            *options,
            "--dump-dom",
            address,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return Loaded(done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line])
