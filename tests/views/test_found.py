from __future__ import annotations

from pathlib import Path

from penstock.evaluation.finder.report import find_slices
from penstock.evaluation.finder.search import Options
from penstock.views import Cell
from penstock.views.found import slices_found
from tests.evaluation.finder.conftest import plant


def test_slices_come_with_evidence_and_a_gate(tmp_path: Path) -> None:
    """Each with the metric inside and outside, effect, p value, rows, and the command that makes it a gate."""
    report = find_slices(*plant(tmp_path), metric="accuracy", options=Options(min_rows=50))
    found = slices_found(report)
    row = found.tables[0].rows[0]
    one, inside, _ = report.found[0]
    assert row[:2] == ("hour=4, pay=Cash", one.rows)
    assert isinstance(row[2], Cell)
    assert row[2].value == inside.value
    assert " to " in row[2].note
    assert str(row[-1]) == ""
    assert isinstance(row[-1], Cell)
    assert row[-1].note == "penstock slices add 'hour=4, pay=Cash' --metric binary_accuracy"
    assert found.model()["slices"][0]["inside"]["value"] == inside.value
    assert "words, it holds list" in found.notes[-1]


def test_where_nothing_is_found_it_says_so(tmp_path: Path) -> None:
    """No table stands where there is nothing to tell; how much was tested is said."""
    report = find_slices(*plant(tmp_path), only=["hour"], options=Options(min_effect=9.0))
    found = slices_found(report)
    assert found.tables == ()
    assert "none with an effect to tell" in found.notes[1]
    assert "<h2>" not in found.html()
