"""The pages in a real browser, without a window. Its own services are switched off: it asks only our server."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from penstock.gates import Verdict
from penstock.ui.web.app import create_app
from penstock.ui.web.reader import StoreReader
from penstock.ui.web.server import listen
from tests.chromium import Tab, barriers, expect, tab
from tests.ui.conftest import Journal, parsed, planned

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.conformance


class Site:
    """The application on a port of its own; ``after[path]`` is called once the first answer for that path is sent."""

    def __init__(self, reader: StoreReader) -> None:
        self.app = create_app(reader)
        self.after: dict[str, Callable[[], None]] = {}
        self.asked: list[tuple[str, str]] = []
        self.taken: socket.socket = listen("127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self.taken.getsockname()[1]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        path = scope["path"]
        self.asked.append((path, headers.get(b"sec-fetch-mode", b"").decode()))

        async def note(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                happens = self.after.pop(path, None)
                if happens:
                    await asyncio.to_thread(happens)

        await self.app(scope, receive, note)


@pytest.fixture
def site(reader: StoreReader) -> Iterator[Site]:
    """The pages, served by a thread."""
    site = Site(reader)
    config = uvicorn.Config(site, lifespan="off", log_level="error", timeout_graceful_shutdown=1, ws="none", http="h11")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [site.taken]})
    thread.start()
    yield site
    server.should_exit = True
    thread.join()
    site.taken.close()


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Tab]:
    """An empty page."""
    with tab(chromium) as opened:
        yield opened


def with_its_clock_stopped(page: Page) -> None:
    """Has timers on the page wait until the test lets them run."""
    page.clock.install(time=0)
    page.clock.pause_at(1)


def test_a_running_run_is_followed_to_its_end(site: Site, opened: Tab, journal: Journal) -> None:
    """A page opened while a node runs shows its end, the node after it, and the verdicts, without a reload."""
    run = journal.begin("r1", planned("Make"), planned("Check", "Make"))
    lease = journal.start(run, "Make", log="hello\n")
    ended = threading.Event()

    def go_on() -> None:
        made = journal.finish(lease, {"index.html": "x"}, note="made it")
        verdicts = [Verdict("length", "fail", observed=5, bound=3, relation="<=")]
        journal.finish(journal.start(run, "Check", reads=[made]), {"a": "b"}, verdicts=verdicts, blocked=True)
        journal.end(run)
        ended.set()

    site.after["/runs/r1"] = go_on
    with_its_clock_stopped(opened.page)
    opened.page.goto(f"{site.address}/runs/r1")
    assert ended.wait(100)
    opened.page.clock.run_for(10_000)
    expect(opened.page.locator("main")).to_have_attribute("data-refresh", "")
    opened.page.clock.run_for(60_000)
    modes = [mode for path, mode in site.asked if path == "/runs/r1"]
    assert modes == ["navigate", "cors"]  # asked again once, and no more when the run had ended
    page = parsed(opened.page.content())
    assert [name.rpartition(",")[0] or name for name in page.links if name.startswith(("Make,", "Check,"))] == [
        "Make, complete",
        "Check, blocks",
    ]
    for words in ("made it", "length", "fail", "HTML"):
        assert words in page.text
    icons = {use["href"] for use in page.tag("use")}
    assert icons == {"#i-complete", "#i-blocked", "#i-failed"}
    opened.assert_silent()


def test_a_new_run_appears_in_the_list(site: Site, opened: Tab, journal: Journal) -> None:
    """The list of runs, opened before the first run, shows it as soon as it has begun."""
    site.after["/runs"] = lambda: journal.end(journal.begin("r1", planned("Make")))
    opened.page.goto(f"{site.address}/runs")
    expect(opened.page.get_by_role("link", name="r1", exact=True)).to_have_attribute("href", "/runs/r1")
    expect(opened.page.get_by_text("There are no runs")).to_have_count(0)
    opened.page.get_by_role("link", name="r1", exact=True).click()
    expect(opened.page.get_by_role("heading", name="r1")).to_be_visible()
    for scheme in ("light", "dark"):
        opened.page.emulate_media(color_scheme=scheme)
        assert (scheme, barriers(opened.page)) == (scheme, [])
    opened.assert_silent()


def test_a_page_of_a_component_reaches_nothing(site: Site, opened: Tab, journal: Journal) -> None:
    """Script in an HTML artifact runs, but reads neither our pages nor storage, and leaves the page around it alone."""
    attempt = """<script>
      const said = ["ran", "origin " + self.origin];
      try { localStorage.setItem("a", "b"); said.push("stored"); } catch { said.push("no storage"); }
      try { top.document.title = "taken"; } catch { }
      document.write(said.join(", "));
      fetch("/runs").then(() => document.write(", fetched"), () => document.write(", no fetch"));
    </script>"""
    run = journal.begin("r1", planned("Make"))
    made = journal.finish(journal.start(run, "Make"), {"index.html": attempt})
    journal.end(run)
    said = "ran, origin null, no storage, no fetch"
    opened.page.goto(f"{site.address}/artifacts/{made.id}/preview/index.html")
    expect(opened.page.locator("body")).to_contain_text(said)
    opened.page.goto(f"{site.address}/artifacts/{made.id}")
    frame = opened.page.frame_locator("iframe")
    expect(frame.locator("body")).to_contain_text(said)
    expect(opened.page).to_have_title(f"HTML {made.id} · Penstock")
    assert any("Refused" in line or "violates" in line for line in opened.errors)
    assert opened.asked == []
    assert ("/runs", "no-cors") not in site.asked
    assert ("/runs", "cors") not in site.asked
