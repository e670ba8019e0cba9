"""The tour in a real JupyterLab, in Notebook 7 and as exported HTML, in a browser that reaches no network."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.chromium import Tab, barriers, expect, tab
from tests.examples.test_tour import TOUR, taxi_project
from tests.peers import peer_python

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator, Page

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(900)]

_DEADLINE_S = 280
_FRAMES = 9  # of the tour's ten cells, all but the one that prints


@dataclass(frozen=True)
class Lab:
    """A running server of JupyterLab in the directory of the taxi example."""

    python: Path
    directory: Path
    address: str
    environment: dict[str, str]


@contextmanager
def _serving(python: Path, directory: Path, home: Path) -> Iterator[Lab]:
    # The kernel is Penstock's environment, the server that of its own.
    spec = home / "data" / "kernels" / "penstock" / "kernel.json"
    spec.parent.mkdir(parents=True)
    kernel = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": kernel, "display_name": "Penstock", "language": "python"}))
    settings = home / "config" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    environment = {
        **os.environ,
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "XDG_STATE_HOME": str(home / "state"),
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=", "--no-browser"]
    log = home / "server.txt"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [str(python), "-m", "jupyterlab", "--allow-root", "--ip=127.0.0.1", "--expose-app-in-browser", *options],
            cwd=directory,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + _DEADLINE_S
        while True:
            try:
                with urllib.request.urlopen(f"{address}/api", timeout=10):  # noqa: S310 - the server begun above
                    break
            except OSError:
                assert server.poll() is None, log.read_text()[-3000:]
                assert time.monotonic() < deadline, log.read_text()[-3000:]
                time.sleep(0.2)
        yield Lab(python, directory, address, environment)
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture(scope="module")
def lab(repository: Path, taxi_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab, with the tour and a kernel that has Penstock."""
    python = peer_python("jupyter")
    home = tmp_path_factory.mktemp("jupyter")
    directory = taxi_project(repository, taxi_csv, home / "taxi")
    notebook = nbformat.read(directory / TOUR, as_version=4)
    notebook.metadata.kernelspec = {"name": "penstock", "display_name": "Penstock", "language": "python"}
    nbformat.write(notebook, directory / TOUR)
    with _serving(python, directory, home) as lab:
        yield lab


def frame(page: Page, title: str, nth: int = 0) -> FrameLocator:
    """What is in the frame of a view, scrolled to."""
    found = page.locator(f'iframe[title="{title}"]').nth(nth)
    found.scroll_into_view_if_needed()
    return found.content_frame


def try_the_evaluation(page: Page) -> None:
    """The metric picker changes the table, a click opens a slice, and the line above leads back."""
    view = frame(page, "Evaluation")
    header = view.locator("table.slices thead th").nth(2)
    expect(header).to_have_text("auc")
    before = view.locator("table.slices tbody tr").first.inner_text()
    view.get_by_label("Metric").select_option("recall")
    expect(header).to_have_text("recall")
    assert view.locator("table.slices tbody tr").first.inner_text() != before
    view.get_by_label("Slices by").select_option("trip_start_hour")
    view.get_by_role("button", name="trip_start_hour=18").click()
    expect(view.locator("[aria-current]")).to_contain_text("trip_start_hour=18")
    within = view.locator("table.slices tbody tr[data-slice]").nth(1)
    expect(within).to_have_attribute("data-slice", re.compile("payment_type=.+, trip_start_hour=18"))
    view.get_by_role("button", name="overall").click()
    expect(view.locator("[aria-current]")).to_contain_text("overall")


def assert_fitted(page: Page) -> None:
    """Each frame is as high as its page asks for, and the tables for readers without frames are not seen."""
    for one in page.locator("iframe.penstock-frame").all():
        one.scroll_into_view_if_needed()
        expect(one).to_have_attribute("data-told", "yes")
        expect(one).to_have_attribute("height", re.compile(r"^([6-9]\d|\d{3,4})$"))
    expect(page.locator(".penstock-static").first).to_be_hidden()


def command(page: Page, name: str, **arguments: str) -> None:
    """Gives JupyterLab a command, as its menus do: those close when a frame takes the focus."""
    page.evaluate("([name, given]) => { jupyterapp.commands.execute(name, given); }", [name, arguments])


def kept(page: Page, name: str) -> None:
    """Keeps a picture for a person to look at, where ``PENSTOCK_PICTURES`` says."""
    directory = os.environ.get("PENSTOCK_PICTURES")
    if directory:
        page.screenshot(path=Path(directory) / f"{name}.png")


def kept_frames(page: Page, name: str) -> None:
    """The same of each frame by itself."""
    directory = os.environ.get("PENSTOCK_PICTURES")
    for nth, one in enumerate(page.locator("iframe.penstock-frame").all() if directory else ()):
        one.scroll_into_view_if_needed()
        one.screenshot(path=Path(str(directory)) / f"{name}-{nth}.png")


def test_the_tour_works_in_jupyterlab_and_exported(lab: Lab, chromium: Browser, tmp_path: Path) -> None:
    """Run in JupyterLab, views are drawn, follow the theme and can be worked with; so in Notebook 7 and exported."""
    with tab(chromium, width=1400, height=1300) as opened:
        _in_jupyterlab(lab, opened)
    for theme in ("light", "dark"):
        out = tmp_path / f"{theme}.html"
        options = [f"--HTMLExporter.theme={theme}", "--output", str(out), str(lab.directory / TOUR)]
        subprocess.run(
            [str(lab.python), "-m", "nbconvert", "--to", "html", *options],
            check=True,
            capture_output=True,
            env=lab.environment,
        )
        with tab(chromium, width=1100, height=1700) as opened:
            opened.page.goto(out.as_uri(), wait_until="domcontentloaded")
            expect(opened.page.locator("iframe.penstock-frame")).to_have_count(_FRAMES)
            try_the_evaluation(opened.page)
            assert_fitted(opened.page)
            views = [one for one in opened.page.frames if one.parent_frame]
            assert len(views) == _FRAMES
            assert [barrier for one in views for barrier in barriers(one)] == []
            expect(frame(opened.page, "Evaluation").locator("html")).to_have_attribute("data-scheme", theme)
            kept(opened.page, f"exported-{theme}")
            kept_frames(opened.page, f"exported-{theme}")


def _in_jupyterlab(lab: Lab, opened: Tab) -> None:
    page = opened.page
    page.goto(f"{lab.address}/lab/tree/{TOUR}?reset")
    expect(page.get_by_text("Penstock | Idle")).to_be_visible()  # until then JupyterLab asks which kernel to take
    command(page, "notebook:run-all-cells")
    expect(page.locator('iframe[title^="Lineage of"]')).to_be_attached(timeout=1000 * _DEADLINE_S)
    try_the_evaluation(page)
    assert_fitted(page)
    frame(page, "Evaluation")
    expect(page.locator('iframe[title="Evaluation"]').first).to_be_in_viewport()
    kept(page, "lab-light")
    run = page.locator('iframe[title^="chicago_taxi, run"]').first
    run.scroll_into_view_if_needed()
    expect(run.content_frame.locator("svg.graph g.node")).to_have_count(10)
    kept(page, "lab-run")
    expect(frame(page, "Statistics").locator("svg.chart").first).to_be_attached()
    expect(frame(page, "Metrics over runs").locator("svg.chart circle")).to_have_count(2)
    expect(frame(page, "Evaluation", 1).get_by_role("columnheader", name="baseline")).to_be_visible()
    kept_frames(page, "lab-light")
    command(page, "apputils:change-theme", theme="JupyterLab Dark")
    expect(frame(page, "Evaluation").locator("html")).to_have_attribute("data-scheme", "dark")
    expect(frame(page, "Evaluation").locator("body")).to_have_css("background-color", "rgb(20, 23, 26)")
    assert_fitted(page)
    frame(page, "Evaluation")
    kept(page, "lab-dark")
    kept_frames(page, "lab-dark")
    command(page, "docmanager:save")
    expect(page.locator(".jp-Document .jp-mod-dirty, .jp-mod-dirty")).to_have_count(0)
    expect(page.get_by_text("Penstock | Idle")).to_be_visible()
    _in_notebook(lab, page)
    assert opened.asked == []


def _in_notebook(lab: Lab, page: Page) -> None:
    """The same server's Notebook 7 shows what was saved, and it can be worked with."""
    page.goto(f"{lab.address}/notebooks/{TOUR}")
    expect(page.locator("#jp-MainLogo, #jp-NotebookLogo").first).to_be_visible()
    try_the_evaluation(page)
    expect(page.locator('iframe[title="Evaluation"]').first).to_have_attribute("data-told", "yes")
    kept(page, "notebook")
