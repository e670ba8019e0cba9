"""Statistics, and the schemas inferred from them, held beside those of TensorFlow Data Validation 1.16.1.

On real data and on a family of small datasets.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from penstock.data_validation.anomalies import find_anomalies
from penstock.data_validation.inference import infer_schema
from penstock.data_validation.observed import QUANTILES_STATISTIC
from penstock.data_validation.slices import cut
from penstock.data_validation.statistics import WHOLE, SlicedSummary
from penstock.data_validation.summary_options import Slice, SummaryOptions
from tests.data_validation.statistics_cases import CASES, OPTIONS, table
from tests.peers import peer_python

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(1800)]

RANK_ERROR = 0.01
"""The error of their quantiles, as a share of the ranks."""

COUNT_ERROR = 1 / 1024
"""The error of their counts of frequent strings, as a share of the values."""

UNIQUE_ERROR = 5 / 16_384**0.5
"""Five standard errors of a number of distinct strings, theirs and ours."""

REAL = ["taxi", "penguins"]


@pytest.fixture(scope="session")
def theirs(tmp_path_factory: pytest.TempPathFactory, taxi_csv: Path) -> Path:
    """The directory with the datasets and with their answers, all from one process."""
    directory = tmp_path_factory.mktemp("tfdv_statistics")
    convert = pyarrow.csv.ConvertOptions(strings_can_be_null=True)
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(taxi_csv, convert_options=convert), directory / "taxi.parquet")
    penguins = pyarrow.csv.read_csv(taxi_csv.parent.parent / "penguin" / "penguins.csv")
    pyarrow.parquet.write_table(penguins, directory / "penguins.parquet")
    for name in CASES:
        pyarrow.parquet.write_table(table(name), directory / f"{name}.parquet")
        if name in OPTIONS:
            (directory / f"{name}.json").write_text(json.dumps(OPTIONS[name]))
    environment = {"PATH": os.environ["PATH"], "TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1"}
    script = Path(__file__).with_name("tfdv_statistics_peer.py")
    done = subprocess.run(
        [str(peer_python("tfdv")), str(script), str(directory)],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return directory


def datasets(theirs: Path, name: str) -> tuple[statistics_pb2.DatasetFeatureStatisticsList, pa.Table]:
    error = theirs / f"{name}.error"
    assert not error.exists(), error.read_text()
    content = (theirs / f"{name}.stats.pb").read_bytes()
    return (
        statistics_pb2.DatasetFeatureStatisticsList.FromString(content),
        pyarrow.parquet.read_table(theirs / f"{name}.parquet"),
    )


def summary_of(rows: pa.Table, options: SummaryOptions) -> SlicedSummary:
    """From parts of a few rows, merged: what a peer does in one go."""
    size = max(1, rows.num_rows // 3)
    whole = SlicedSummary(rows.schema, options)
    for start in range(0, rows.num_rows, size):
        part = SlicedSummary(None, options)
        for batch in rows.slice(start, size).combine_chunks().to_batches():
            part.add(batch)
        whole.merge(part)
    return whole


def options_of(name: str) -> SummaryOptions:
    given = OPTIONS.get(name, {})
    slices = []
    for spec in given.get("slices", ()):
        held = {column: str(values[0]) if values else None for column, values in spec.items()}
        slices.append(Slice(tuple(sorted(held.items()))))
    options = SummaryOptions(
        given.get("weight"), tuple(slices), crosses=given.get("crosses", False), domains=given.get("domains", False)
    )
    return options.of_schema(schema_of(name)) if "schema" in given else options


def schema_of(name: str) -> schema_pb2.Schema:
    return text_format.Parse(OPTIONS[name]["schema"], schema_pb2.Schema())


@pytest.mark.parametrize("name", [*REAL, *CASES])
def test_statistics_are_theirs(theirs: Path, name: str) -> None:
    """Counts equal, moments to 1e-9, sketched quantities within their sketches' error, of each slice by its name."""
    found, rows = datasets(theirs, name)
    options = options_of(name)
    ours = {dataset.name: dataset for dataset in summary_of(rows, options).to_proto("").datasets}
    peers = {dataset.name: dataset for dataset in found.datasets}
    assert set(ours) == set(peers)
    for dataset, peer in peers.items():
        same(ours[dataset], peer, sliced(rows, options, dataset), options.weight_column)


@pytest.mark.parametrize("name", [*REAL, *CASES])
def test_inferred_schemas_are_theirs(theirs: Path, name: str) -> None:
    """Field by field, each from its own statistics, without shapes and with them."""
    _, rows = datasets(theirs, name)
    statistics = summary_of(rows, options_of(name)).to_proto("").datasets[0]
    for form in ("sparse", "dense"):
        expected = schema_pb2.Schema.FromString((theirs / f"{name}.{form}.pb").read_bytes())
        assert infer_schema([statistics], infer_feature_shape=form == "dense") == expected


@pytest.mark.parametrize("name", [name for name, options in OPTIONS.items() if "schema" in options])
def test_anomalies_of_what_the_schema_was_needed_for_are_theirs(theirs: Path, name: str) -> None:
    """Images and categorical integers, each side from its own statistics; of sparse and weighted features ours."""
    _, rows = datasets(theirs, name)
    statistics = summary_of(rows, options_of(name)).to_proto("").datasets[0]
    proto = anomalies_pb2.Anomalies.FromString((theirs / f"{name}.anomalies.pb").read_bytes())
    found = {(anomaly.feature, anomaly.type) for anomaly in find_anomalies(statistics, schema_of(name))}
    expected = {
        (".".join(info.path.step), anomalies_pb2.AnomalyInfo.Type.Name(reason.type))
        for info in proto.anomaly_info.values()
        for reason in info.reason
    }
    assert expected <= found
    assert {type_.partition("_")[0] for _, type_ in found - expected} <= {"SPARSE", "WEIGHTED"}
    if name.endswith("_features"):  # counted by both, and looked at by us
        assert {feature for feature, _ in found} == {"two", "gone", "at"} if "sparse" in name else {"wh", "wn"}
    else:
        assert found == expected
    assert found


def sliced(rows: pa.Table, options: SummaryOptions, name: str) -> pa.Table:
    if name in ("", WHOLE):
        return rows
    (batch,) = rows.combine_chunks().to_batches()
    parts = {part_name: part for spec in options.slices for part_name, part in cut(batch, spec)}
    return pa.Table.from_batches([parts[name]])


def same(
    one: statistics_pb2.DatasetFeatureStatistics,
    other: statistics_pb2.DatasetFeatureStatistics,
    rows: pa.Table,
    weight: str | None,
) -> None:
    assert one.num_examples == other.num_examples
    assert one.weighted_num_examples == pytest.approx(other.weighted_num_examples, rel=1e-9)
    peers = {feature.path.step[0]: feature for feature in other.features}
    assert [feature.path.step[0] for feature in one.features][: rows.num_columns] == rows.column_names
    assert set(peers) == {feature.path.step[0] for feature in one.features}
    for feature in one.features:
        if feature.path.step[0] not in rows.column_names:
            same_fields(feature, peers[feature.path.step[0]], set())
            continue
        Comparison(feature, peers[feature.path.step[0]], rows, weight).run()
    crosses = {(cross.path_x.step[0], cross.path_y.step[0]): cross for cross in one.cross_features}
    assert len(crosses) == len(other.cross_features)
    for cross in other.cross_features:
        mine = crosses[cross.path_x.step[0], cross.path_y.step[0]]
        assert mine.count == cross.count
        same_fields(mine.num_cross_stats, cross.num_cross_stats, set())


class Comparison:
    """One feature beside the peer's."""

    def __init__(
        self,
        one: statistics_pb2.FeatureNameStatistics,
        other: statistics_pb2.FeatureNameStatistics,
        rows: pa.Table,
        weight: str | None,
    ) -> None:
        self.one, self.other = one, other
        values = flat(rows[one.path.step[0]])
        weights = np.ones(rows.num_rows) if weight is None else np.asarray(flat(rows[weight]), dtype=np.float64)
        while pa.types.is_nested(values.type):
            valid = np.asarray(values.is_valid())
            weights = np.repeat(weights[valid], pc.list_value_length(values).drop_null().to_numpy())
            values = values.flatten()
        valid = np.asarray(values.is_valid())
        self.values, self.weights, self.weighted = values.filter(pa.array(valid)), weights[valid], weight is not None

    def run(self) -> None:
        one, other = self.one, self.other
        assert one.type == other.type
        assert one.WhichOneof("stats") == other.WhichOneof("stats")
        member = other.WhichOneof("stats")
        self.common(getattr(one, member).common_stats, getattr(other, member).common_stats)
        if member == "num_stats":
            self.numbers(one.num_stats, other.num_stats)
        elif member == "bytes_stats":
            same_fields(one.bytes_stats, other.bytes_stats, {"common_stats"})
        else:
            self.strings(one.string_stats, other.string_stats)
        self.custom()

    def common(self, one: statistics_pb2.CommonStatistics, other: statistics_pb2.CommonStatistics) -> None:
        lengths, peers = one.num_values_histogram, other.num_values_histogram
        assert len(lengths.buckets) == len(peers.buckets)
        near(counts(lengths), counts(peers), 2 * RANK_ERROR * one.num_non_missing + 1)
        assert [bounds(lengths)[at] for at in (0, -1) if lengths.buckets] == [
            bounds(peers)[at] for at in (0, -1) if peers.buckets
        ]
        same_fields(one, other, {"num_values_histogram"})

    def numbers(self, one: statistics_pb2.NumericStatistics, other: statistics_pb2.NumericStatistics) -> None:
        assert (one.num_zeros, one.min, one.max) == (other.num_zeros, other.min, other.max)
        known = np.asarray(self.values, dtype=np.float64)
        weights = self.weights[~np.isnan(known)]
        known = known[~np.isnan(known)]
        order = np.argsort(known)
        known, weights = known[order], weights[order]
        size = max(abs(one.min), abs(one.max))
        if np.isfinite(known).all():  # of infinite ones their mean is NaN and their deviation 0
            assert one.mean == pytest.approx(other.mean, rel=1e-9)
        if size < 1e150:  # where squares overflow their deviation is 0 and ours infinite
            assert one.std_dev == pytest.approx(other.std_dev, rel=1e-9, abs=1e-9 * size)
        self.ranked(one.histograms, other.histograms, known, np.ones(len(known)), [one.median], [other.median])
        if self.weighted and len(known):
            mine, peer = one.weighted_numeric_stats, other.weighted_numeric_stats
            assert (mine.mean, mine.std_dev) == (
                pytest.approx(peer.mean, rel=1e-9),
                pytest.approx(peer.std_dev, rel=1e-9),
            )
            self.ranked(mine.histograms, peer.histograms, known, weights, [mine.median], [peer.median])

    def ranked(
        self,
        ones: Sequence[statistics_pb2.Histogram],
        others: Sequence[statistics_pb2.Histogram],
        known: np.ndarray,
        weights: np.ndarray,
        middle: list[float],
        peer_middle: list[float],
    ) -> None:
        """Histograms and medians: wherever the peer has a boundary, as many numbers lie below ours, nearly."""
        up_to = np.concatenate([[0.0], np.cumsum(weights)])
        tolerance = 2 * RANK_ERROR * up_to[-1] + max(1.0, float(weights.max(initial=0.0)))
        assert [(h.type, h.num_nan) for h in ones] == [(h.type, h.num_nan) for h in others]
        for one, other in zip(ones, others, strict=True):
            if not other.buckets:  # the widest range overflows with them, and they give no histogram
                continue
            assert len(one.buckets) == len(other.buckets)
            near(counts(one), counts(other), tolerance)
            if one.type == statistics_pb2.Histogram.STANDARD:
                assert bounds(one) == pytest.approx(bounds(other), rel=1e-9, abs=1e-9 * max(map(abs, finite(known))))
            else:
                self.near_ranks(bounds(one), bounds(other), known, up_to, tolerance)
        if len(known):
            self.near_ranks(middle, peer_middle, known, up_to, tolerance)

    @staticmethod
    def near_ranks(
        ones: list[float], others: list[float], known: np.ndarray, up_to: np.ndarray, tolerance: float
    ) -> None:
        """Between the two of each pair lie few numbers; a boundary on a frequent number is as good as one beside it."""
        for one, other in zip(ones, others, strict=True):
            low, high = min(one, other), max(one, other)
            between = (
                up_to[np.searchsorted(known, high, side="left")] - up_to[np.searchsorted(known, low, side="right")]
            )
            assert between <= tolerance, (one, other)

    def strings(self, one: statistics_pb2.StringStatistics, other: statistics_pb2.StringStatistics) -> None:
        assert one.avg_length == pytest.approx(other.avg_length, rel=1e-6)  # a float32
        assert one.invalid_utf8_count == other.invalid_utf8_count
        exact = one.unique <= 16_384
        assert one.unique == (other.unique if exact else pytest.approx(other.unique, rel=UNIQUE_ERROR))
        self.ranking(one, other, len(self.values))
        if self.weighted:
            self.ranking(one.weighted_string_stats, other.weighted_string_stats, float(self.weights.sum()))

    @staticmethod
    def ranking(one: Any, other: Any, total: float) -> None:
        """The same strings with the same counts, in an order that differs among equals only."""
        mine = {bucket.label: bucket.sample_count for bucket in one.rank_histogram.buckets}
        peers = {bucket.label: bucket.sample_count for bucket in other.rank_histogram.buckets}
        error = total * COUNT_ERROR + 1 if len(mine) > 900 else 1e-6 * total
        for label in {*mine, *peers}:
            assert mine.get(label, 0) == pytest.approx(peers.get(label, 0), abs=error), label
        if error < 1:
            assert set(mine) == set(peers)
            assert [top.frequency for top in one.top_values[: len(other.top_values)]] == pytest.approx(
                [top.frequency for top in other.top_values], rel=1e-6
            )

    def custom(self) -> None:
        """Theirs are all there, and ours are theirs but for the finer quantiles."""
        mine = {custom.name: custom for custom in self.one.custom_stats if custom.name != QUANTILES_STATISTIC}
        peers = {custom.name: custom for custom in self.other.custom_stats}
        total = max((sum(counts(custom.histogram)) for custom in mine.values()), default=0.0)
        for name, custom in peers.items():
            if custom.HasField("histogram"):
                if not any(
                    counts(custom.histogram)
                ):  # of no list they give a histogram of the bounds of an empty sketch
                    mine.pop(name, None)
                    continue
                if custom.histogram.type == statistics_pb2.Histogram.QUANTILES:  # the other one they guess from ten
                    near(counts(mine[name].histogram), counts(custom.histogram), 2 * RANK_ERROR * total + 1)
                assert bounds(mine[name].histogram)[-1] == bounds(custom.histogram)[-1]
            else:
                same_fields(mine[name], custom, set())
        assert set(mine) <= set(peers)


def same_fields(one: Any, other: Any, apart: set[str]) -> None:
    """Each field equal, floating point ones to 1e-6 (float32) or 1e-9."""
    names = {field.name for field, _ in one.ListFields()} | {field.name for field, _ in other.ListFields()}
    for name in names - apart:
        a, b = getattr(one, name), getattr(other, name)
        field = one.DESCRIPTOR.fields_by_name[name]
        if field.message_type is not None:
            pairs = zip(a, b, strict=True) if hasattr(a, "extend") else [(a, b)]
            for x, y in pairs:
                same_fields(x, y, apart)
        elif field.cpp_type in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT):
            assert a == pytest.approx(b, rel=1e-9 if field.cpp_type == field.CPPTYPE_DOUBLE else 1e-6, abs=1e-9), name
        else:
            assert a == b, name


def flat(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece."""
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def counts(histogram: statistics_pb2.Histogram) -> list[float]:
    return [bucket.sample_count for bucket in histogram.buckets]


def bounds(histogram: statistics_pb2.Histogram) -> list[float]:
    return [bucket.high_value for bucket in histogram.buckets]


def finite(numbers: np.ndarray) -> list[float]:
    return [0.0, *numbers[np.isfinite(numbers)].tolist()]


def near(ones: list[float], others: list[float], tolerance: float) -> None:
    assert ones == pytest.approx(others, abs=tolerance)
