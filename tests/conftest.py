"""What every test has: a quiet environment, Hypothesis profiles, and the data of the examples."""

from __future__ import annotations

import os
import signal
from pathlib import Path

# TensorFlow and OpenBLAS read these when they are first imported, so they are set before any test module is.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["TF_USE_LEGACY_KERAS"] = "0"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

# A test that is run in the background inherits that Ctrl-C is ignored, and so would every process it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

import penstock.metadata.libpq  # noqa: F401  # tests import psycopg themselves: it has to come before TensorFlow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.postgres import Server

ROOT = Path(__file__).resolve().parent.parent
"""The repository, wherever the tests are run from: they also run on the built wheel, from another directory."""

# No deadline: the machines that tests run on are shared. `ci` tries the same examples each time; a failure that `dev`
# finds prints the line that repeats it.
settings.register_profile("dev", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with tests that take seconds come first: at the end no worker is left alone with one of them."""
    slow = {item.path for item in items if item.get_closest_marker("component")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_report_header() -> list[str]:
    """The lines that say what the run can be repeated with, and which penstock it is about."""
    import penstock

    profile = os.environ.get("HYPOTHESIS_PROFILE", "dev")
    examples = "derandomized" if profile == "ci" else "random, failures print their seed"
    return [f"penstock: {Path(penstock.__file__).parent}", f"hypothesis profile {profile}: {examples}"]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def taxi_csv() -> Path:
    """15,002 real Chicago taxi trips, 18 columns."""
    return _shared("chicago_taxi/trips.csv")


@pytest.fixture(scope="session")
def penguins_csv() -> Path:
    """334 penguins, measures scaled to [0, 1]."""
    return _shared("penguin/penguins.csv")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server of PostgreSQL."""
    from tests.postgres import running_server

    with running_server() as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser that reaches no network; not for the whole session, since it keeps an event loop in this thread."""
    from tests.chromium import running_browser

    with running_browser() as browser:
        yield browser


def _shared(name: str) -> Path:
    shared = Path(os.environ.get("PENSTOCK_SHARED", ROOT.parent / "shared"))
    path = shared / "data" / name
    if not path.is_file():
        pytest.skip(f"There is no {path}: real data is not committed. PENSTOCK_SHARED names the directory it lies in.")
    return path
