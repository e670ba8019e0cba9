"""Chromium without a window, driven by Playwright: tests wait for what a page becomes, never for a while."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Error, Frame, Page, Request

__all__ = ["Tab", "barriers", "expect", "running_browser", "tab"]

# A module that imports from here is passed over where Playwright is not installed.
_playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed by make conformance.")
expect = _playwright.expect

_DEADLINE_MS = 100_000
"""Only what never happens takes so long; a test's own limit is three times that."""

_OPTIONS = (
    "--disable-gpu",
    "--disable-dev-shm-usage",
    # No name is resolved and no proxy answers: only files and servers of this machine are reached.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--proxy-server=127.0.0.1:9",
)
_LOCAL = {"file", "data", "blob", "about"}


@dataclass
class Tab:
    """A page, and what happens on it.

    Attributes:
        page: The page, which Playwright drives.
        errors: What the console says in earnest: errors, warnings, refusals by the page's own policy.
        asked: Addresses that the page asked for and that are not on this machine.
    """

    page: Page
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def assert_silent(self) -> None:
        """Nothing went wrong on the page, and nothing was asked of any network."""
        assert (self.errors, self.asked) == ([], [])

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    def _error(self, error: Error) -> None:
        self.errors.append(str(error))

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in _LOCAL and parts.hostname not in {"localhost", "127.0.0.1"}:
            self.asked.append(request.url)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A Chromium; where there is none the test is skipped."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("There is no Chromium here. On Debian: apt-get install chromium")
    expect.set_options(timeout=_DEADLINE_MS)
    with _playwright.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=_OPTIONS, chromium_sandbox=False, timeout=_DEADLINE_MS
        )
        yield browser
        browser.close()


@contextmanager
def tab(browser: Browser, *, dark: bool = False, width: int = 1200, height: int = 900) -> Iterator[Tab]:
    """An empty page of a profile of its own."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    context.set_default_timeout(_DEADLINE_MS)
    tab = Tab(context.new_page())
    context.on("console", tab._console)
    tab.page.on("pageerror", tab._error)
    context.on("request", tab._request)
    yield tab
    context.close()


def barriers(page: Page | Frame) -> list[str]:
    """What keeps people out, by axe-core: serious and critical violations of its rules, among them WCAG 2.1 AA."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="It is installed by make conformance.")
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"][:3]
    ]
