"""Checks of features that are made of several columns: sparse and weighted ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tensorflow_metadata.proto.v0 import schema_pb2

from penstock.data_validation.anomaly import Anomaly
from penstock.data_validation.changes import Entry
from penstock.data_validation.observed import Observed

__all__ = ["composite"]

_MEND = "Mend the columns at the source, or mark the feature in the schema with lifecycle_stage: DEPRECATED."


def composite(
    schema: schema_pb2.Schema, features: Mapping[str, Observed], unchecked: frozenset[int]
) -> Iterator[Anomaly]:
    """Sparse and weighted features whose parts do not fit together, or that have the name of a column.

    Args:
        schema: The schema.
        features: What was observed, by name; the parts are counted in a feature's custom statistics.
        unchecked: Stages of a feature's life in which the data need not fit.
    """
    plain = {one.name: one for one in schema.feature if not one.deprecated and one.lifecycle_stage not in unchecked}
    sparse = {one.name: one for one in schema.sparse_feature if one.lifecycle_stage not in unchecked}
    for kind, ours, others in (
        ("SPARSE", sparse, (plain,)),
        ("WEIGHTED", {one.name: one for one in schema.weighted_feature}, (plain, sparse)),
    ):
        for name, one in ours.items():
            found = features.get(name)
            if found is None or one.lifecycle_stage in unchecked:
                continue
            same = [other[name] for other in others if name in other]
            entries = tuple(_deprecated(entry) for entry in (one, *same))
            if same:
                text = "The schema has another feature of this name."
                yield _anomaly(f"{kind}_FEATURE_NAME_COLLISION", "Name taken", text, found, entries)
                continue
            for type_, title, text in _parts(kind, found):
                yield _anomaly(f"{kind}_FEATURE_{type_}", title, text, found, entries)


def _deprecated(entry: Entry) -> Entry:
    copy = type(entry)()
    copy.CopyFrom(entry)
    copy.lifecycle_stage = schema_pb2.DEPRECATED
    return copy


def _parts(kind: str, found: Observed) -> Iterator[tuple[str, str, str]]:
    lengths: list[tuple[str, str, float]] = []
    for custom in found.custom:
        buckets = [(bucket.label, bucket.sample_count) for bucket in custom.rank_histogram.buckets]
        if custom.name == "missing_value" and custom.num:
            yield "MISSING_VALUE", "Values missing", f"{custom.num:,.0f} examples have no values."
        elif custom.name == "missing_weight" and custom.num:
            yield "MISSING_WEIGHT", "Weights missing", f"{custom.num:,.0f} examples have no weights."
        elif custom.name == "missing_index":
            for label, count in buckets:
                if count:
                    yield "MISSING_INDEX", "Index missing", f"{count:,.0f} examples have no index {label!r}."
        elif custom.name in ("max_length_diff", "min_length_diff"):
            lengths += [(custom.name, f"the index {label!r}", count) for label, count in buckets if count]
        elif custom.name in ("max_weight_length_diff", "min_weight_length_diff") and custom.num:
            lengths.append((custom.name, "the weights", custom.num))
    for name, what, difference in lengths if kind == "SPARSE" else lengths[:1]:
        text = f"The number of values differs from that of {what}: {name} is {difference:,.0f}."
        yield "LENGTH_MISMATCH", "Lengths differ", text


def _anomaly(type_: str, title: str, text: str, found: Observed, entries: tuple[Entry, ...]) -> Anomaly:
    return Anomaly(type_, "columns", title, text, _MEND, feature=found.name, n=found.examples, suggested=entries)
