from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tensorflow_metadata.proto.v0.anomalies_pb2 import AnomalyInfo

from penstock.artifacts import ExampleAnomalies, Examples, ExampleStatistics, Schema
from penstock.components import ExampleValidator, SchemaGen
from penstock.data.examples import write_split
from penstock.data_validation.anomalies import find_anomalies
from penstock.data_validation.bounds import DriftBound
from penstock.data_validation.changes import apply, diff_regions, suggested_schema, text_of
from penstock.data_validation.files import read_anomalies, read_statistics
from penstock.dsl import Context
from penstock.errors import GraphError, UsageError
from penstock.gates import Verdict, blocks

StatisticsOf = Callable[..., ExampleStatistics]
GOOD: dict[str, list[Any]] = {
    "fare": [5.0, 7.5, 6.0, 9.0],
    "pay": ["Cash", "Card", "Cash", "Card"],
    "hour": [1, 2, 3, 4],
}


@pytest.fixture
def anomalies(tmp_path: Path) -> ExampleAnomalies:
    return ExampleAnomalies(str(tmp_path / "anomalies"))


@pytest.fixture
def schema(tmp_path: Path, statistics_of: StatisticsOf) -> Schema:
    """The schema of good data, with a range on the fare as a person would add one."""
    found = Schema(str(tmp_path / "schema"))
    SchemaGen.function(statistics=statistics_of("for_schema", train=GOOD), schema=found, ctx=Context())
    text = found.file.read_text().replace("type: FLOAT", "type: FLOAT\n  float_domain { min: 0 max: 500 }")
    found.file.write_text(text)
    return found


def verdicts_of(events: list[dict[str, Any]]) -> list[Verdict]:
    return [Verdict.from_json(event["verdict"]) for event in events if event["type"] == "verdict"]


def note_of(events: list[dict[str, Any]]) -> str:
    (note,) = [event["text"] for event in events if event["type"] == "note"]
    return note


def test_good_data_lets_the_run_through(
    statistics_of: StatisticsOf, schema: Schema, anomalies: ExampleAnomalies, ctx: Context, events: list[dict[str, Any]]
) -> None:
    """Every verdict passes; the files are there for each split, and say the same as what was emitted."""
    ExampleValidator.function(
        statistics=statistics_of(train=GOOD, eval=GOOD), schema=schema, anomalies=anomalies, ctx=ctx
    )
    verdicts = verdicts_of(events)
    assert {verdict.outcome for verdict in verdicts} == {"pass"}
    assert not blocks("block", verdicts)
    assert anomalies.splits == ["train", "eval"]
    assert anomalies.properties["span"] == 3
    assert not read_anomalies(anomalies, "eval").anomaly_info
    assert [Verdict.from_json(v) for v in json.loads(anomalies.path("verdicts.json").read_text())] == verdicts
    assert note_of(events) == "no anomalies"


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ({name: GOOD[name] for name in ("fare", "pay")}, ("SCHEMA_MISSING_COLUMN", "hour", "no such column")),
        (
            GOOD | {"pay": ["Cash", "Card", "Cash", "Coin"]},
            ("ENUM_TYPE_UNEXPECTED_STRING_VALUES", "pay", "'Coin' (25.0 %)"),
        ),
        (GOOD | {"fare": [500.0, 750.0, 600.0, 900.0]}, ("FLOAT_TYPE_BIG_FLOAT", "fare", "900")),
        (GOOD | {"fare": [5.0, None, 6.0, 9.0]}, ("FEATURE_TYPE_LOW_FRACTION_PRESENT", "fare", "1 of 4 examples")),
        (GOOD | {"hour": ["1", "2", "3", "four"]}, ("UNEXPECTED_DATA_TYPE", "hour", "BYTES")),
        (GOOD | {"promo": ["a"] * 4}, ("SCHEMA_NEW_COLUMN", "promo", "not in the schema")),
        (pa.table(GOOD).slice(0, 0), ("DATASET_LOW_NUM_EXAMPLES", "", "no examples")),
    ],
)
def test_bad_data_blocks_and_is_named(
    statistics_of: StatisticsOf,
    schema: Schema,
    anomalies: ExampleAnomalies,
    ctx: Context,
    events: list[dict[str, Any]],
    bad: Any,
    expected: tuple[str, str, str],
) -> None:
    """A fault in one split is one failed verdict with feature, evidence and split; the component does not raise."""
    check, subject, shown = expected
    ExampleValidator.function(
        statistics=statistics_of(train=GOOD, eval=bad), schema=schema, anomalies=anomalies, ctx=ctx
    )
    (failed,) = [verdict for verdict in verdicts_of(events) if verdict.outcome == "fail"]
    assert (failed.check, failed.subject) == (check, subject)
    assert shown in failed.message
    assert "eval" in failed.message
    assert failed.evidence["splits"] == ["eval"]
    assert blocks("block", [failed])
    assert note_of(events) == "1 anomaly"
    proto = read_anomalies(anomalies, "eval")
    info = proto.anomaly_info[subject] if subject else proto.dataset_anomaly_info
    assert shown in info.description
    assert not read_anomalies(anomalies, "train").anomaly_info


def test_drift_between_runs_is_measured(
    statistics_of: StatisticsOf, schema: Schema, anomalies: ExampleAnomalies, ctx: Context, events: list[dict[str, Any]]
) -> None:
    """Given earlier statistics, a share that moved further than its bound fails; one within it passes."""
    often = {name: values * 1000 for name, values in GOOD.items()}
    now = statistics_of("now", train=often | {"pay": ["Cash", "Card", "Card", "Card"] * 1000})
    ExampleValidator.function(
        statistics=now,
        schema=schema,
        anomalies=anomalies,
        baseline_statistics=statistics_of("then", train=often),
        drift={"pay": DriftBound(linf=0.2), "hour": DriftBound(jensen_shannon=0.2)},
        ctx=ctx,
    )
    pay, hour = verdicts_of(events)[-2:]
    assert (pay.check, pay.subject, pay.outcome, pay.observed, pay.bound) == ("drift linf", "pay", "fail", 0.25, 0.2)
    assert (hour.check, hour.subject, hour.outcome) == ("drift jensen_shannon", "hour", "pass")
    assert read_anomalies(anomalies, "train").drift_skew_info[0].drift_measurements[0].value == 0.25


def test_without_an_earlier_run_drift_is_undefined(
    statistics_of: StatisticsOf, schema: Schema, anomalies: ExampleAnomalies, ctx: Context, events: list[dict[str, Any]]
) -> None:
    """The first run neither passes nor fails on drift, and says that there is nothing to compare with yet."""
    ExampleValidator.function(
        statistics=statistics_of(train=GOOD),
        schema=schema,
        anomalies=anomalies,
        drift={"pay": DriftBound(linf=0.05)},
        skew={"pay": DriftBound(linf=0.05)},
        ctx=ctx,
    )
    drift, skew = verdicts_of(events)[-2:]
    assert (drift.check, drift.outcome, skew.check, skew.outcome) == (
        "drift linf",
        "undefined",
        "skew linf",
        "undefined",
    )
    assert "no earlier span or run to compare with yet" in drift.message
    assert not blocks("block", [drift, skew])
    assert note_of(events) == "no anomalies, 2 undefined"


def test_the_gate_blocks_unless_told_otherwise() -> None:
    """The default is in the signature, where the launcher reads it."""
    assert ExampleValidator.parameters["gate"].default == "block"


def test_drift_of_a_few_rows_is_undefined(
    statistics_of: StatisticsOf, schema: Schema, anomalies: ExampleAnomalies, ctx: Context, events: list[dict[str, Any]]
) -> None:
    """Four rows say nothing of a share: the verdict is undefined, says why, and nothing is held back."""
    ExampleValidator.function(
        statistics=statistics_of("now", train=GOOD | {"pay": ["Cash", "Card", "Card", "Card"]}),
        schema=schema,
        anomalies=anomalies,
        baseline_statistics=statistics_of("then", train=GOOD),
        drift={"pay": DriftBound(linf=0.2, normalized_abs_difference=0.1)},
        ctx=ctx,
    )
    drift = verdicts_of(events)[-2:]
    assert [(one.check, one.outcome, one.observed) for one in drift] == [
        ("drift linf", "undefined", 0.25),
        ("drift normalized_abs_difference", "undefined", 0.125),
    ]
    assert "too few to tell" in drift[0].message
    assert not read_anomalies(anomalies, "train").anomaly_info


def test_skew_from_served_data_and_bounds_of_the_schema(
    statistics_of: StatisticsOf, schema: Schema, anomalies: ExampleAnomalies, ctx: Context, events: list[dict[str, Any]]
) -> None:
    """Served data come as statistics of their own; a bound that the schema sets counts like one of the config."""
    text = schema.file.read_text()
    at = text.index('name: "pay"')
    schema.file.write_text(text[:at] + "skew_comparator { infinity_norm { threshold: 0.1 } } " + text[at:])
    often = {name: values * 1000 for name, values in GOOD.items()}
    ExampleValidator.function(
        statistics=statistics_of("trained", train=often),
        schema=schema,
        anomalies=anomalies,
        serving_statistics=statistics_of("served", live=often | {"pay": ["Cash"] * 4000}),
        ctx=ctx,
    )
    skew = verdicts_of(events)[-1]
    assert (skew.check, skew.subject, skew.outcome, skew.observed) == ("skew linf", "pay", "fail", 0.5)
    assert "the served live" in skew.message


def test_anomalies_name_rows_and_suggest_a_schema(
    tmp_path: Path,
    statistics_of: StatisticsOf,
    schema: Schema,
    anomalies: ExampleAnomalies,
    ctx: Context,
    events: list[dict[str, Any]],
) -> None:
    """Given the examples, the first offending rows are named; the schema suggested is one that the data fit."""
    bad: dict[str, list[Any]] = GOOD | {
        "fare": [5.0, 750.0, None, 9.0],
        "pay": ["Cash", "Card", "Coin", "Card"],
        "tip": [1, 2, 3, 4],
    }
    examples = Examples(str(tmp_path / "examples"))
    examples.splits = ["eval"]
    table = pa.table(bad)
    write_split(examples, "eval", table.to_batches(), table.schema)
    ExampleValidator.function(
        statistics=statistics_of(eval=bad), schema=schema, anomalies=anomalies, examples=examples, ctx=ctx
    )
    failed = {(one.subject, one.check): one for one in verdicts_of(events) if one.outcome == "fail"}
    rows = {key: one.evidence["rows"] for key, one in failed.items()}
    assert rows == {
        ("fare", "FLOAT_TYPE_BIG_FLOAT"): [{"row": 1, "value": 750.0}],
        ("fare", "FEATURE_TYPE_LOW_FRACTION_PRESENT"): [{"row": 2, "value": None}],
        ("pay", "ENUM_TYPE_UNEXPECTED_STRING_VALUES"): [{"row": 2, "value": "Coin"}],
        ("tip", "SCHEMA_NEW_COLUMN"): [{"row": at, "value": at + 1} for at in range(4)],
    }
    assert "First in row 2 ('Coin')." in failed["pay", "ENUM_TYPE_UNEXPECTED_STRING_VALUES"].message
    assert failed["pay", "ENUM_TYPE_UNEXPECTED_STRING_VALUES"].evidence["schema_change"] == ['+  value: "Coin"']
    proto = read_anomalies(anomalies, "eval")
    fits = proto.baseline
    for info in proto.anomaly_info.values():
        fits = suggested_schema(fits, _rebased(info, proto.baseline, fits))
    assert not list(find_anomalies(read_statistics(statistics_of("again", eval=bad), "eval"), fits))


def _rebased(info: Any, baseline: Any, fits: Any) -> list[Any]:
    """The regions of one feature's change, made for the baseline, for a schema that others have changed."""
    wanted = suggested_schema(baseline, info.diff_regions)
    entries = [
        one
        for one in (*wanted.feature, *wanted.string_domain)
        if one not in (*baseline.feature, *baseline.string_domain)
    ]
    return list(diff_regions(text_of(fits), text_of(apply(fits, entries))))


def test_severity_is_per_type_and_feature(
    statistics_of: StatisticsOf, schema: Schema, anomalies: ExampleAnomalies, ctx: Context, events: list[dict[str, Any]]
) -> None:
    """A warning is told and blocks nothing; what is ignored is not told at all."""
    bad = GOOD | {"promo": ["a"] * 4, "fare": [500.0, 750.0, 600.0, 900.0]}
    ExampleValidator.function(
        statistics=statistics_of(train=bad),
        schema=schema,
        anomalies=anomalies,
        severity={"SCHEMA_NEW_COLUMN": "warning", "FLOAT_TYPE_BIG_FLOAT": {"fare": "ignore"}},
        ctx=ctx,
    )
    (failed,) = [one for one in verdicts_of(events) if one.outcome == "fail"]
    assert (failed.check, failed.subject, failed.severity) == ("SCHEMA_NEW_COLUMN", "promo", "warning")
    assert not blocks("block", [failed])
    proto = read_anomalies(anomalies, "train")
    assert {name: info.severity for name, info in proto.anomaly_info.items()} == {"promo": AnomalyInfo.WARNING}


def test_an_unknown_type_of_anomaly_is_refused() -> None:
    """Before anything runs, with the one that may be meant."""
    assert ExampleValidator.check is not None
    with pytest.raises(GraphError, match="SCHEMA_NEW_COLUM") as caught:
        ExampleValidator.check({"severity": {"SCHEMA_NEW_COLUM": "warning"}})
    assert "SCHEMA_NEW_COLUMN" in str(caught.value.hint)


def test_environments_say_which_columns_must_be_there(
    statistics_of: StatisticsOf, schema: Schema, anomalies: ExampleAnomalies, ctx: Context, events: list[dict[str, Any]]
) -> None:
    """Served data need not have the label, and a split of an environment that the schema lacks is an error."""
    text = schema.file.read_text().replace('name: "pay"', 'name: "pay" not_in_environment: "SERVING"', 1)
    schema.file.write_text('default_environment: "TRAINING" default_environment: "SERVING" ' + text)
    without = {name: values for name, values in GOOD.items() if name != "pay"}
    arguments: dict[str, Any] = {"schema": schema, "anomalies": anomalies, "ctx": ctx}
    statistics = statistics_of(train=GOOD, serving=without)
    ExampleValidator.function(
        statistics=statistics, environments={"train": "TRAINING", "serving": "SERVING"}, **arguments
    )
    assert {one.outcome for one in verdicts_of(events)} == {"pass"}
    with pytest.raises(UsageError, match="'SERVNG', which the schema does not have"):
        ExampleValidator.function(statistics=statistics, environments={"serving": "SERVNG"}, **arguments)
