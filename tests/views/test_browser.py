"""Views as whole pages in a real browser that reaches no network: drawn, sorted, filtered, with a silent console."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from penstock.artifacts import ExampleStatistics, Schema
from penstock.views import compare, view
from tests.chromium import chromium
from tests.views.conftest import HOSTILE, Dataset, MakeStatistics, summarised
from tests.views.test_schema import SCHEMA

Drive = Callable[..., Any]

pytestmark = pytest.mark.conformance

_OFFLINE = ("--proxy-server=127.0.0.1:9", "--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1200,900")
_DARK = "--blink-settings=preferredColorScheme=0"
_TOOLS = """
const [type, sort, kind] = document.querySelectorAll(".tools select");
const choose = (select, value) => { select.value = value; select.dispatchEvent(new Event("change")); };
const write = (text) => {
  const field = document.querySelector("input[type=search]");
  field.value = text;
  field.dispatchEvent(new Event("input"));
};
const cards = () => [...document.querySelectorAll(".column")];
const names = () => cards().map((card) => card.querySelector("h3").textContent);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
"""


@pytest.fixture
def drive(tmp_path: Path) -> Drive:
    """Opens a view's page with a script of ours at its end, and gives what the script leaves in ``said``."""

    def run(html: str, script: str, *options: str, fragment: str = "", tools: bool = True) -> Any:
        code = f"const said = {{}};{_TOOLS if tools else ''}{script};document.title = JSON.stringify(said);"
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        html = html.replace("script-src ", f"script-src 'sha256-{digest}' ", 1)  # the page's policy stays in force
        page = tmp_path / "page.html"
        page.write_text(html.replace("</body>", f'<script type="module">{code}</script></body>'))
        loaded = chromium(f"{page.as_uri()}{fragment}", tmp_path / "browser", *_OFFLINE, *options, virtual_ms=5000)
        assert loaded.console == []
        title = re.search("<title>(.*?)</title>", loaded.dom, re.DOTALL)
        assert title is not None
        return json.loads(unescape(title[1]))

    return run


def page_of(artifact: ExampleStatistics | Schema) -> str:
    """The page of an artifact's view."""
    found = view(artifact)
    assert found is not None
    return found.html()


def test_statistics_are_drawn_sorted_and_filtered(
    drive: Drive, make_statistics: MakeStatistics, taxi: dict[str, Dataset]
) -> None:
    """Of real trips the charts are there, columns are found by name and type, and sorted by name, missing and drift."""
    said = drive(
        page_of(make_statistics(**taxi)),
        """
        await wait(300);
        said.charts = document.querySelectorAll("svg.chart").length;
        said.label = document.querySelector("svg.chart").getAttribute("aria-label");
        said.place = names();
        choose(sort, "name"); said.name = names();
        choose(sort, "missing"); said.missing = names().slice(0, 3);
        choose(sort, "drift"); said.drift = names();
        write("pickup_L"); said.found = names();
        write(""); choose(type, "STRING"); said.strings = names();
        await wait(300);
        said.bars = cards()[0].querySelectorAll("svg.chart rect").length;
        said.unlabelled = [...document.querySelectorAll("input, select")].filter((one) => !one.labels.length).length;
        """,
    )
    assert said["charts"] > 3
    assert said["label"].startswith("Histogram of pickup_community_area. train: ")
    assert len(said["place"]) == 18
    assert said["name"] == sorted(said["place"])
    assert said["missing"][0] == "pickup_census_tract"
    assert said["drift"] != said["place"]
    assert sorted(said["drift"]) == said["name"]
    assert sorted(said["found"]) == ["pickup_latitude", "pickup_longitude"]
    assert sorted(said["strings"]) == ["company", "payment_type"]
    assert said["bars"] >= 5
    assert said["unlabelled"] == 0


def test_what_is_drawn_can_be_changed(drive: Drive, make_statistics: MakeStatistics, taxi: dict[str, Dataset]) -> None:
    """Log scale, quantiles and hidden splits change the charts; the values behind one are a table."""
    said = drive(
        page_of(make_statistics(**taxi)),
        """
        await wait(300);
        const fare = () => cards()[1].querySelector("svg.chart").innerHTML;
        said.linear = fare();
        document.querySelector(".tools input[type=checkbox]").click(); said.log = fare();
        choose(kind, "quantiles"); said.quantiles = fare();
        document.querySelectorAll("[role=group] input")[1].click(); said.alone = fare();
        said.rows = cards()[1].querySelectorAll("tbody tr").length;
        const details = cards()[1].querySelector("details");
        details.open = true; await wait(300);
        said.values = details.querySelectorAll("tbody tr").length;
        """,
    )
    assert len({said[one] for one in ("linear", "log", "quantiles", "alone")}) == 4
    assert said["rows"] == 1
    assert said["values"] == 10


def test_hundreds_of_columns_are_drawn_when_they_are_seen(drive: Drive, make_statistics: MakeStatistics) -> None:
    """Of 600 columns only those near the window are drawn; the address leads to one far below, which then is."""
    table = pa.table({f"c{n}": [n, n + 1, n + 3] for n in range(600)})
    said = drive(
        page_of(make_statistics(train=summarised(table), eval=summarised(table))),
        """
        await wait(300);
        said.columns = cards().length;
        said.charts = document.querySelectorAll("svg.chart").length;
        said.found = document.querySelector(".found h3").textContent;
        said.drawn = document.querySelector(".found svg.chart") !== null;
        said.scrolled = scrollY > 5000;
        """,
        fragment="#column=c550",
    )
    assert said["columns"] == 600
    assert said["charts"] < 60
    assert (said["found"], said["drawn"], said["scrolled"]) == ("c550", True, True)


def test_two_artifacts_are_drawn_side_by_side(drive: Drive, make_statistics: MakeStatistics) -> None:
    """Of two artifacts with two splits the first pair is shown, what vanished is named, and hostile names are text."""
    one = summarised({"gone": [1, 2], HOSTILE: [HOSTILE, "b"], "same": [1, 2]})
    other = summarised({HOSTILE: [HOSTILE, "c"], "same": [1, 2]})
    found = compare(make_statistics(1, train=one, eval=one), make_statistics(2, train=other, eval=other))
    said = drive(
        found.html(),
        """
        await wait(300);
        said.names = names();
        said.shown = [...document.querySelectorAll("[role=group] input")].map((one) => one.checked);
        said.images = document.querySelectorAll("img").length;
        said.text = cards()[0].querySelector("header").textContent;
        """,
    )
    assert said["names"][0] == "gone"
    assert said["names"][1].startswith("</script><img")
    assert said["shown"] == [True, True, False, False]
    assert said["images"] == 0
    assert "there are no values in train 2" in said["text"]


def test_tables_are_sorted_and_filtered(drive: Drive, make_schema: Callable[..., Schema]) -> None:
    """A table is sorted by a click on a header, by keyboard as well, in both directions; long ones are filtered."""
    more = "".join(f'feature {{ name: "f{n}" type: INT }}' for n in range(20))
    said = drive(
        page_of(make_schema(SCHEMA + more)),
        """
        const rows = () => [...document.querySelectorAll("tbody")][0].rows;
        const names = () => [...rows()].filter((row) => !row.hidden).map((row) => row.cells[0].textContent);
        const button = document.querySelector("th button");
        said.focusable = button.tabIndex === 0;
        button.click(); said.up = names(); said.sort = button.closest("th").getAttribute("aria-sort");
        button.click(); said.down = names();
        const field = document.querySelector("input[type=search]");
        field.value = "FLOAT"; field.dispatchEvent(new Event("input")); said.found = names();
        """,
        tools=False,
    )
    assert said["focusable"]
    assert said["sort"] == "ascending"
    assert said["up"][:3] == ["f0", "f1", "f2"]  # numbers in names count as numbers: f2 before f10
    assert said["down"] == said["up"][::-1]
    assert said["found"] == ["tips", "fare"]


@pytest.mark.parametrize("options", [(), (_DARK,)], ids=["light", "dark"])
def test_both_schemes_are_followed(drive: Drive, make_schema: Callable[..., Schema], options: tuple[str, ...]) -> None:
    """The page is light or dark as the reader's system is."""
    said = drive(
        page_of(make_schema(SCHEMA)),
        "said.ground = getComputedStyle(document.body).backgroundColor",
        *options,
        tools=False,
    )
    assert said["ground"] == ("rgb(20, 23, 26)" if options else "rgb(251, 251, 250)")
