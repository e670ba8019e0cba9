"""Views as whole pages in a real browser that reaches no network: drawn, sorted, filtered, with a silent console."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
import pytest

from penstock.artifacts import Schema
from penstock.views import View, compare, view
from tests.chromium import expect, tab
from tests.views.conftest import HOSTILE, Dataset, MakeStatistics, summarised
from tests.views.test_schema import SCHEMA

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

Open: TypeAlias = "Callable[..., Page]"

pytestmark = pytest.mark.conformance


@pytest.fixture
def show(chromium: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a view's page, whose policy stays in force; at the end nothing may have gone wrong on any."""
    with ExitStack() as stack:
        opened = []

        def show(shown: View | None, fragment: str = "", *, dark: bool = False) -> Page:
            assert shown is not None
            file = tmp_path / "page.html"
            file.write_text(shown.html())
            opened.append(stack.enter_context(tab(chromium, dark=dark)))
            opened[-1].page.goto(f"{file.as_uri()}{fragment}")
            return opened[-1].page

        yield show
        for one in opened:
            one.assert_silent()


def names(page: Page) -> list[str]:
    """The columns shown, from top to bottom."""
    return page.locator(".column h3").all_text_contents()


def charts(page: Page) -> Locator:
    """The charts drawn so far."""
    return page.locator("svg.chart")


def test_statistics_are_drawn_sorted_and_filtered(
    show: Open, make_statistics: MakeStatistics, taxi: dict[str, Dataset]
) -> None:
    """Of real trips the charts are there, columns are found by name and type, and sorted by name, missing and drift."""
    page = show(view(make_statistics(**taxi)))
    expect(charts(page).nth(3)).to_be_attached()
    label = charts(page).first.get_attribute("aria-label")
    assert label is not None
    assert label.startswith("Histogram of pickup_community_area. train: ")
    place = names(page)
    assert len(place) == 18
    sort = page.locator(".tools").get_by_label("Sort by")
    sort.select_option("name")
    assert names(page) == sorted(place)
    sort.select_option("missing")
    assert names(page)[0] == "pickup_census_tract"
    sort.select_option("drift")
    assert names(page) != place
    assert sorted(names(page)) == sorted(place)
    page.get_by_role("searchbox").fill("pickup_L")
    assert sorted(names(page)) == ["pickup_latitude", "pickup_longitude"]
    page.get_by_role("searchbox").fill("")
    page.locator(".tools").get_by_label("Type").select_option("STRING")
    assert sorted(names(page)) == ["company", "payment_type"]
    expect(page.locator(".column").first.locator("svg.chart rect").nth(4)).to_be_attached()
    assert (
        page.evaluate('[...document.querySelectorAll("input, select")].filter((one) => !one.labels.length).length') == 0
    )


def test_what_is_drawn_can_be_changed(show: Open, make_statistics: MakeStatistics, taxi: dict[str, Dataset]) -> None:
    """Log scale, quantiles and hidden splits change the charts; the values behind one are a table."""
    page = show(view(make_statistics(**taxi)))
    fare = page.locator(".column").nth(1)
    drawn = [fare.locator("svg.chart").inner_html()]
    page.locator(".tools").get_by_label("Log scale").check()
    drawn.append(fare.locator("svg.chart").inner_html())
    page.locator(".tools").get_by_label("Histogram").select_option("quantiles")
    drawn.append(fare.locator("svg.chart").inner_html())
    page.get_by_role("group", name="Shown").get_by_role("checkbox").nth(1).uncheck()
    drawn.append(fare.locator("svg.chart").inner_html())
    assert len(set(drawn)) == 4
    expect(fare.locator("tbody tr")).to_have_count(1)
    fare.get_by_text("Values").click()
    expect(fare.locator("details tbody tr")).to_have_count(10)


def test_hundreds_of_columns_are_drawn_when_they_are_seen(show: Open, make_statistics: MakeStatistics) -> None:
    """Of 600 columns only those near the window are drawn; the address leads to one far below, which then is."""
    table = pa.table({f"c{n}": [n, n + 1, n + 3] for n in range(600)})
    page = show(view(make_statistics(train=summarised(table), eval=summarised(table))), "#column=c550")
    expect(page.locator(".found h3")).to_have_text("c550")
    expect(page.locator(".found")).to_be_in_viewport()
    expect(page.locator(".found svg.chart")).to_be_attached()
    assert len(names(page)) == 600
    assert charts(page).count() < 60
    assert page.evaluate("scrollY") > 5000


def test_two_artifacts_are_drawn_side_by_side(show: Open, make_statistics: MakeStatistics) -> None:
    """Of two artifacts with two splits the first pair is shown, what vanished is named, and hostile names are text."""
    one = summarised({"gone": [1, 2], HOSTILE: [HOSTILE, "b"], "same": [1, 2]})
    other = summarised({HOSTILE: [HOSTILE, "c"], "same": [1, 2]})
    page = show(compare(make_statistics(1, train=one, eval=one), make_statistics(2, train=other, eval=other)))
    expect(page.locator(".column").first.locator("header")).to_contain_text("there are no values in train 2")
    assert names(page)[0] == "gone"
    assert names(page)[1].startswith("</script><img")
    boxes = page.get_by_role("group", name="Shown").get_by_role("checkbox")
    assert [box.is_checked() for box in boxes.all()] == [True, True, False, False]
    assert page.locator("img").count() == 0


def test_tables_are_sorted_and_filtered(show: Open, make_schema: Callable[..., Schema]) -> None:
    """A table is sorted by a click on a header, by keyboard as well, in both directions; long ones are filtered."""
    more = "".join(f'feature {{ name: "f{n}" type: INT }}' for n in range(20))
    page = show(view(make_schema(SCHEMA + more)))
    table = page.locator("table").first
    first = table.locator("tbody tr:not([hidden]) > :first-child")
    head = table.locator("th[scope=col]").first
    head.get_by_role("button").click()
    up = first.all_text_contents()
    assert head.get_attribute("aria-sort") == "ascending"
    assert up[:3] == ["f0", "f1", "f2"]  # numbers in names count as numbers: f2 before f10
    head.get_by_role("button").press("Enter")
    assert first.all_text_contents() == up[::-1]
    page.get_by_role("searchbox").first.fill("FLOAT")
    assert first.all_text_contents() == ["tips", "fare"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_both_schemes_are_followed(show: Open, make_schema: Callable[..., Schema], dark: bool) -> None:
    """The page is light or dark as the reader's system is."""
    page = show(view(make_schema(SCHEMA)), dark=dark)
    ground = "rgb(20, 23, 26)" if dark else "rgb(251, 251, 250)"
    expect(page.locator("body")).to_have_css("background-color", ground)
