from __future__ import annotations

from rich.console import Console

from penstock.cli.terminal.tables import table


def test_a_column_that_folds_is_never_cut() -> None:
    """It gives way to the others, and goes on in further lines."""
    console = Console(width=60)
    name = "company=Taxi Affiliation Services, payment_type=Credit Card, trip_start_hour=4"
    rows = [(name, "1,633", "0.5957 (0.5758 to 0.6156)"), ("short", "12", "1")]
    lines = table(console, ("slice", "rows", "inside"), rows, right=("rows",), fold=("slice",)).plain.splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[1].endswith("  1,633  0.5957 (0.5758 to 0.6156)")
    folded = [line[2:28].strip() for line in lines[1:-1]]
    assert len(folded) > 2
    assert " ".join(folded) == name
    assert lines[-1].split() == ["short", "12", "1"]


def test_other_columns_are_cut() -> None:
    """A row is one line then."""
    (line,) = table(Console(width=20), ("",), [("a" * 50,)]).plain.splitlines()
    assert line == "  " + "a" * 17 + "…"
