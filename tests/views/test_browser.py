"""Views as whole pages in a real browser that reaches no network: drawn, sorted, filtered, with a silent console."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
import pytest

from penstock.artifacts import ModelEvaluation, Schema
from penstock.evaluation.slices import SliceKey
from penstock.evaluation.task_plots import TaskPlots
from penstock.ui.notebook import explorer
from penstock.views import View, compare, view
from penstock.views.evaluations import over_runs
from tests.chromium import barriers, expect, tab
from tests.views.conftest import HOSTILE, Dataset, MakeStatistics, summarised
from tests.views.test_evaluation import fair, plotted, written
from tests.views.test_schema import SCHEMA
from tests.views.test_statistics import sliced_statistics

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


def assert_no_barriers(page: Page) -> None:
    """In both schemes a screen reader, a keyboard and weak eyes come through."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert (scheme, barriers(page)) == (scheme, [])


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


def hours(directory: Path, *, count: int = 40) -> ModelEvaluation:
    """An evaluation on hours and payments, one name of them hostile: AUC grows with the hour, as do the examples."""
    names = [("hour", str(hour)) for hour in range(count)]
    slices: list[list[tuple[str, str]]] = [[], *([name] for name in names), [("payment", HOSTILE)]]
    slices += [[names[4], ("payment", HOSTILE)], [names[4], ("payment", "cash")]]
    n = [9000, *(10 * (hour + 1) for hour in range(count)), 500, 30, 20]
    auc = [0.8, *(0.5 + hour / 100 for hour in range(count)), 0.7, 0.6, None]
    recall = [0.4] * len(slices)
    low_high = [[None, None] if value is None else [value - 0.05, value + 0.05] for value in auc]
    lower = [None if value is None else value - 0.01 for value in auc]
    content = {
        "version": 1, "label": "tip", "split": "eval", "models": ["candidate", "baseline"], "counts": {},
        "metrics": ["example_count", "auc", "recall"], "slices": slices, "n": n,
        "values": {"candidate": {"example_count": n, "auc": auc, "recall": recall},
                   "baseline": {"example_count": n, "auc": lower, "recall": recall}},
        "intervals": {"candidate": {"auc": low_high}},
    }  # fmt: skip
    verdict = {"check": "auc max_drop", "outcome": "fail", "subject": "hour=4", "observed": 0.5, "bound": 0.6}
    (directory / "results.json").write_text(json.dumps(content))
    (directory / "verdicts.json").write_text(json.dumps([verdict]))
    return ModelEvaluation(str(directory))


def test_slices_are_picked_sorted_and_opened(show: Open, tmp_path: Path) -> None:
    """A metric is picked, slices are sorted, left out by their size and by a bar, opened by keyboard and led back."""
    page = show(view(hours(tmp_path)))
    rows = page.locator("table.slices tbody tr")
    expect(rows).to_have_count(1 + 43)
    assert rows.first.locator("th").inner_text() == "overall"
    expect(page.locator("section[data-table=Verdicts]")).to_contain_text("auc max_drop")
    assert page.locator("img").count() == 0
    page.get_by_label("Slices by").select_option("hour")
    expect(rows).to_have_count(1 + 40)
    header = page.locator("table.slices thead button", has_text="auc")
    header.click()
    header.click()
    expect(header.locator("..")).to_have_attribute("aria-sort", "ascending")
    assert rows.nth(1).get_attribute("data-slice") == "hour=0"
    assert "0.45 to 0.55" in rows.nth(1).inner_text()
    assert "+0.01" in rows.nth(1).inner_text()
    slider = page.get_by_role("slider", name="At least")
    slider.fill("50")
    expect(page.locator("span[role=status]")).to_have_text("31 of 43 slices")  # of at least 95, the root of 9,000
    slider.fill("0")
    bar = page.get_by_role("button", name="slices with auc of 0.5 to")
    bar.press("Enter")
    expect(page.locator("span[role=status]")).to_have_text("2 of 43 slices")
    bar.press("Enter")
    expect(page.locator("span[role=status]")).to_have_text("40 of 43 slices")
    row = page.locator('tr[data-slice="hour=4"]')
    expect(row).to_contain_text("fail: auc max_drop")
    row.get_by_role("button").press("Enter")
    expect(rows).to_have_count(1 + 2)
    assert rows.nth(1).locator("th").inner_text() == f"hour=4, payment={HOSTILE}"
    assert "undefined" in rows.nth(2).inner_text()
    expect(page.locator("[aria-current]")).to_be_focused()
    page.get_by_label("Fit scale").check()
    expect(rows.nth(1).locator("circle")).to_have_count(1)
    page.get_by_role("navigation").get_by_role("button", name="overall").click()
    page.get_by_label("Metric").select_option("recall")
    expect(rows.nth(1)).to_contain_text("0.4")
    unlabelled = '[...document.querySelectorAll("input, select")].filter((one) => !one.labels.length).length'
    assert page.evaluate(unlabelled) == 0


def test_curves_follow_the_slice_and_the_threshold(show: Open, tmp_path: Path) -> None:
    """Candidate and baseline are drawn, and those of a slice that is opened beside the whole; the matrix follows."""
    hours(tmp_path)
    plotted(tmp_path, [(), (("hour", "4"),)], models=("candidate", "baseline"))
    page = show(view(ModelEvaluation(str(tmp_path))))
    section = page.get_by_role("region", name="Curves", exact=True)
    charts = section.locator("svg.chart")
    expect(charts).to_have_count(4 + 2)
    roc, matrix = charts.nth(0), charts.nth(4)
    expect(roc.locator("path.lined")).to_have_count(2)
    expect(matrix).to_have_attribute("aria-label", re.compile("true positives 4, false negatives 1, false positives 0"))
    threshold = section.get_by_role("slider", name="Threshold")
    threshold.fill("20")
    expect(matrix).to_have_attribute("aria-label", re.compile("true positives 5, false negatives 0, false positives 3"))
    expect(section.locator("tbody tr").first).to_contain_text("0.625")
    threshold.press("ArrowRight")
    expect(matrix).to_have_attribute("aria-label", re.compile("true positives 4"))
    expect(threshold).to_be_focused()
    page.locator('tr[data-slice="hour=4"]').get_by_role("button").click()
    expect(section.get_by_role("combobox", name="Slice")).to_have_value("1")
    expect(roc.locator("path.lined")).to_have_count(4)
    expect(roc).to_have_attribute("aria-label", re.compile("hour=4, baseline: .*overall, candidate: "))
    page.get_by_role("navigation").get_by_role("button", name="overall").click()
    page.locator('tr[data-slice="hour=5"]').get_by_role("button").click()
    expect(section.locator("span[role=status]")).to_contain_text("no curves of hour=5")
    page.get_by_role("navigation").get_by_role("button", name="overall").click()
    assert_no_barriers(page)


def test_regressions_and_classes_are_drawn(show: Open, tmp_path: Path) -> None:
    """Of classes the confusion and the curves of one, of a regression labels by prediction and residuals; by slice."""
    hours(tmp_path)
    bucket = [[0.0] * 20 + [number] + [0.0] * 79 for number in (4.0, 2.0, 0.8)]
    classes = {"buckets": [bucket, [[0.0] * 100, [0.0] * 100, [0.0] * 100]], "confusion": [[3.0, 1.0], [0.0, 2.0]]}
    other = {**classes, "confusion": [[0.0, 5.0], [0.0, 2.0]]}
    slices: list[SliceKey] = [(), (("hour", "4"),)]
    file = tmp_path / "task_plots.json"
    plots = TaskPlots("multiclass", slices, ["<img src=x>", "b"], {}, {"candidate": [classes, other]})
    file.write_text(json.dumps(plots.to_json()))
    page = show(view(ModelEvaluation(str(tmp_path))))
    matrix = page.get_by_role("region", name="Confusion matrix of the candidate")
    expect(matrix.locator("tbody td").first).to_have_text("375.0 %")
    page.get_by_role("combobox", name="Slice", exact=True).first.select_option("hour=4")
    expect(matrix.locator("tbody td").nth(1)).to_have_text("5100 %")
    roc = page.get_by_role("region", name="Curves", exact=True).locator("svg.chart").first
    before = roc.get_attribute("aria-label")
    page.get_by_label("Class against the rest").select_option("b")
    expect(roc).not_to_have_attribute("aria-label", str(before))
    assert page.locator("img").count() == 0
    assert_no_barriers(page)
    edges = {"value": [float(at) for at in range(21)], "residual": [at / 5 - 5 for at in range(51)]}
    of_slice = {"residuals": [1.0] * 50, "joint": [[1.0] * 20] * 20, "predicted": [[1.0] * 20] * 3}
    plots = TaskPlots("regression", slices[:1], [], edges, {"candidate": [of_slice], "baseline": [of_slice]})
    file.write_text(json.dumps(plots.to_json()))
    page = show(view(ModelEvaluation(str(tmp_path))))
    charts = page.locator(".curves svg.chart")
    expect(charts).to_have_count(3)
    expect(charts.nth(2)).to_have_attribute("aria-label", re.compile("candidate: 50.0 % below 0. baseline: 50.0 %"))
    assert_no_barriers(page)


def test_groups_are_held_against_one_another(show: Open, tmp_path: Path) -> None:
    """The baseline group stands first, then the widest gap; another rate is picked; counterfactuals stay a table."""
    written(tmp_path)
    fair(tmp_path)
    page = show(view(ModelEvaluation(str(tmp_path))))
    rows = page.get_by_role("region", name="Fairness").locator("tbody tr")
    expect(rows).to_have_count(3)
    assert "baseline group" in rows.nth(0).inner_text()
    assert rows.nth(1).locator("th").inner_text() == "pay=<img src=x onerror=alert(1)>"
    assert "0.2 to 0.4" in rows.nth(1).inner_text()
    page.get_by_label("Rate or gap").select_option("positive_rate@0.5")
    expect(rows.nth(1)).to_contain_text("pay=card")
    expect(rows.nth(1)).to_contain_text("-0.3 to -0.1")
    expect(rows.nth(1).locator("svg.slicebar")).to_have_count(1)
    assert page.locator("img").count() == 0
    expect(page.locator('section[data-table="Counterfactuals"]')).to_contain_text("cash -> card")
    assert_no_barriers(page)


def test_what_is_chosen_in_a_widget_is_handed_to_python(chromium: Browser, tmp_path: Path) -> None:
    """The widget's module draws the view in the element that it is given, and sets ``selection`` at each choice."""
    widget = explorer(hours(tmp_path))
    code = base64.b64encode(str(widget._esm).encode()).decode()
    with tab(chromium) as opened:
        opened.page.set_content("<div id=cell></div>")
        opened.page.evaluate(
            """async ([code, values]) => {
                const model = { get: (name) => values[name], set: (name, value) => { values[name] = value; },
                                save_changes: () => { document.title = JSON.stringify(values.selection); } };
                const found = await import(`data:text/javascript;base64,${code}`);
                found.default.render({ model, el: document.getElementById("cell") });
            }""",
            [code, {"data": widget.data, "tables": widget.tables, "selection": {}}],
        )
        opened.page.locator('tr[data-slice="hour=4"]').get_by_role("button").click()
        chosen = '{"slice":{"hour":"4"},"name":"hour=4","metric":"auc","n":50}'
        expect(opened.page).to_have_title(chosen)
        opened.assert_silent()
    widget.close()


def test_metrics_over_runs_are_lines(show: Open, tmp_path: Path) -> None:
    """A line for each slice that is picked, a mark for each run; another metric changes them."""
    first, second = tmp_path / "1", tmp_path / "2"
    for directory in (first, second):
        directory.mkdir()
    page = show(over_runs([("r1", hours(first)), ("r2", hours(second, count=10))]))
    expect(page.locator("svg.chart circle")).to_have_count(2)
    page.get_by_role("group", name="Slices").get_by_role("combobox").select_option("hour=4")
    expect(page.locator("svg.chart circle")).to_have_count(4)
    expect(page.locator("tbody tr")).to_have_count(2)
    before = page.locator("svg.chart").get_attribute("aria-label")
    page.get_by_label("Metric").select_option("recall")
    expect(page.locator("svg.chart")).not_to_have_attribute("aria-label", str(before))
    assert_no_barriers(page)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_both_schemes_are_followed(show: Open, make_schema: Callable[..., Schema], dark: bool) -> None:
    """The page is light or dark as the reader's system is."""
    page = show(view(make_schema(SCHEMA)), dark=dark)
    ground = "rgb(20, 23, 26)" if dark else "rgb(251, 251, 250)"
    expect(page.locator("body")).to_have_css("background-color", ground)


def test_a_slice_is_drawn_over_its_split_and_weights_are_switched(
    show: Open, make_statistics: MakeStatistics, trips: pa.Table
) -> None:
    """A slice is picked by its name, drawn beside the whole and looks otherwise; weights change what is counted."""
    page = show(view(sliced_statistics(make_statistics, trips)))
    fare = page.locator('.column[aria-label="fare"]')
    expect(fare.locator("tbody tr")).to_have_count(2)
    page.get_by_role("combobox", name="Slice").select_option("payment_type_Cash")
    expect(fare.locator("tbody tr")).to_have_count(4)
    expect(fare.locator("tbody th")).to_have_text(
        [" train", " eval", " train payment_type_Cash", " eval payment_type_Cash"]
    )
    assert (
        len(set(fare.locator("tbody .swatch > *").evaluate_all("all => all.map(one => one.getAttribute('class'))")))
        == 4
    )
    before = fare.locator("tbody tr").first.inner_text()
    expect(fare.locator("thead")).to_contain_text("count")
    page.get_by_label("Weighted").check()
    expect(fare.locator("thead")).to_contain_text("weight")
    assert fare.locator("tbody tr").first.inner_text() != before
    expect(page.locator("section h2")).to_have_text(["Slices", "Pairs of columns"])
    assert_no_barriers(page)
