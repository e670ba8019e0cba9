"""A gate that says what it measures is given that again when only what it judges by has changed."""

from __future__ import annotations

from pathlib import Path

from tests.orchestration.conftest import Scratch

GATE = """
@component(measured=lambda parameters: dict(unit=parameters["unit"]))
def Gauge(page: Input[HTML], report: Output[HTML], *, unit: int = 1, longest: int = 3, ctx: Context) -> None:
    before = ctx.earlier.get("report")
    measured = before.path("index.html").read_text() if before else str(len(page.path("index.html").read_text()) * unit)
    report.path("index.html").write_text(measured)
    ctx.verdict(Verdict("length", "pass" if int(measured) <= longest else "fail"))
    ctx.note("judged anew" if before else "measured")
---
Gauge(page=Make(text="{text}").outputs["page"], unit={unit}, longest={longest})
"""


def notes(toy: Scratch, **values: object) -> tuple[str, str, str]:
    """Runs the gate; gives what it did, its verdict and what it left."""
    toy.write(GATE.format(**{"text": "four", "unit": 1, "longest": 3, **values}))
    gauge = toy.run().nodes["Gauge"]
    (report,) = gauge.outputs["report"]
    return gauge.note, gauge.verdicts[0].outcome, Path(report.uri, "index.html").read_text()


def test_only_a_changed_bound_is_judged_anew(toy: Scratch) -> None:
    """Not a changed measurement, nor changed inputs; and not where what was measured is gone."""
    assert notes(toy) == ("measured", "fail", "4")
    assert notes(toy, longest=5) == ("judged anew", "pass", "4")
    assert notes(toy, longest=5, unit=2) == ("measured", "fail", "8")
    assert notes(toy, longest=9, unit=2) == ("judged anew", "pass", "8")
    assert notes(toy, text="threes", longest=7) == ("measured", "pass", "6")
    for manifest in toy.directory.glob(".penstock/toy/Gauge/**/*manifest*"):
        manifest.unlink()
    assert notes(toy, text="threes", longest=5) == ("measured", "fail", "6")
