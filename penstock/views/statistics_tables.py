"""The tables of a statistics view: numbers, strings, and whatever else there is, a row for each column and split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from penstock.views.view import Bars, Cell, Row, Table, share

__all__ = ["drift_of", "tables"]

_TOP = 8


def tables(model: Mapping[str, Any]) -> tuple[Table, ...]:
    """The tables of a model; a kind of column that there is none of has no table."""
    wholes = [one for one in model["datasets"] if not one["slice"]]
    several = len(wholes) > 1
    split = ("split",) if several else ()
    compared = any(one["base"] is not None for one in wholes)
    drift = ("drift",) if compared else ()
    kinds = [
        (
            "Numbers",
            "numbers",
            (*split, "count", "missing", "mean", "std dev", "zeros", "min", "median", "max", "histogram", *drift),
        ),
        ("Strings", "strings", (*split, "count", "missing", "unique", "length", "most frequent", "shares", *drift)),
        ("Others", "", (*split, "count", "missing", "values", *drift)),
    ]
    found = []
    for title, member, headers in kinds:
        rows = tuple(_rows(model, member, several=several, compared=compared))
        if rows:
            right = tuple(header for header in headers if header not in ("split", "most frequent"))
            found.append(Table(title, ("column", "type", *headers), rows, right))
    rest = (_weights(model), _slices(model), _pairs(model, several=several))
    return (*found, *(table for table in rest if table.rows))


def _weights(model: Mapping[str, Any]) -> Table:
    """What the columns are where the weights of examples count."""
    headers = ("column", "split", "weight", "missing", "mean", "std dev", "median", "most frequent")
    rows = []
    for column in model["columns"]:
        for dataset, stats in zip(model["datasets"], column["stats"], strict=True):
            if dataset["slice"] or not stats or "weighted" not in stats:
                continue
            found = stats["weighted"]
            numbers, top = found.get("numbers", {}), found.get("strings", {}).get("top", [])
            most = Cell(top[0][0], str(share(top[0][1] / (found["values"] or 1)))) if top else None
            facts = [numbers.get(one) for one in ("mean", "std_dev", "median")]
            rows.append([column["name"], dataset["name"], found["count"], share(found["share_missing"]), *facts, most])
    return Table("Weighted", headers, tuple(rows), headers[2:-1])


def _slices(model: Mapping[str, Any]) -> Table:
    """The slices, the largest first, with the column in which each differs most from its split."""
    rows = []
    for place, dataset in enumerate(model["datasets"]):
        if not dataset["slice"]:
            continue
        whole = model["datasets"][dataset["base"]]
        # That it differs in what it is cut by is no news.
        others = [column for column in model["columns"] if f"_{column['name']}_" not in f"_{dataset['slice']}_"]
        moved = [(drift_of(column, place) or 0.0, column["name"]) for column in others]
        most, name = max(moved, key=lambda one: one[0], default=(0.0, ""))
        of = share(dataset["examples"] / whole["examples"]) if whole["examples"] else None
        rows.append([dataset["slice"], whole["name"], dataset["examples"], of, name, most])
    headers = ("slice", "split", "examples", "of the split", "differs most in", "by")
    return Table("Slices", headers, tuple(rows), ("examples", "of the split", "by"))


def _pairs(model: Mapping[str, Any], *, several: bool) -> Table:
    """Pairs of numeric columns by how they vary together."""
    rows = [
        [
            *cross["columns"],
            *([cross["dataset"]] if several else []),
            cross["count"],
            cross["covariance"],
            cross["correlation"],
        ]
        for cross in model["crosses"]
    ]
    numbers = ("count", "covariance", "correlation")
    split = ("split",) if several else ()
    return Table("Pairs of columns", ("column", "with", *split, *numbers), tuple(rows), numbers)


def drift_of(column: Mapping[str, Any], place: int) -> float | None:
    """The greatest of a column's distances in one dataset; None where it is compared with none."""
    found = column["distances"][place]
    return float(found["drift"]) if found else None


def _drift(column: Mapping[str, Any], place: int) -> Cell:
    found = column["distances"][place]
    if not found:
        return Cell(None)
    drift = found["drift"]
    return Cell(drift, text=found["change"] or ("0" if drift == 0 else "<0.001" if drift < 0.001 else f"{drift:.3f}"))


def _rows(model: Mapping[str, Any], member: str, *, several: bool, compared: bool) -> Iterator[Row]:
    for column in model["columns"]:
        for place, stats in enumerate(column["stats"]):
            if (
                model["datasets"][place]["slice"]
                or _member(column) != member
                or (stats is None and column["distances"][place] is None)
            ):
                continue
            split = [model["datasets"][place]["name"]] if several else []
            drift = [_drift(column, place)] if compared else []
            seen = [stats["count"], share(stats["share_missing"])] if stats else [None, None]
            common = [column["name"], Cell(column["type"], "\n".join(column["notes"])), *split, *seen]
            yield [*common, *_facts(stats, member), *drift]


def _member(column: Mapping[str, Any]) -> str:
    present = [stats for stats in column["stats"] if stats]
    return next((one for one in ("numbers", "strings") if any(one in stats for stats in present)), "")


def _facts(stats: Mapping[str, Any] | None, member: str) -> list[str | float | Bars | Cell | None]:
    found = stats.get(member) if stats else None
    if member == "numbers":
        if not found:  # no values, or no such column
            return [None] * 7
        counts = tuple(count for _, _, count in found["standard"])
        bars = Bars(counts, "histogram: " + ", ".join(f"{count:,.0f}" for count in counts))
        return [*(found[one] for one in ("mean", "std_dev", "zeros", "min", "median", "max")), bars]
    if member == "strings":
        if not found:
            return [None] * 4
        top = found["top"]
        most = Cell(top[0][0], str(share(top[0][1] / max(found["of"], 1)))) if top else None
        shares = Bars(
            tuple(count for _, count in top[:_TOP]), ", ".join(f"{value} {count:,.0f}" for value, count in top)
        )
        return [found["unique"], found["average_length"], most, shares]
    return [stats["values"] if stats else None]
