from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from penstock.data_validation.anomaly import KINDS
from penstock.data_validation.bounds import DriftBound
from penstock.data_validation.changes import suggested_schema
from penstock.data_validation.validation import Comparison, validate

Summarise = Callable[..., statistics_pb2.DatasetFeatureStatistics]
FromText = Callable[[str], schema_pb2.Schema]

SCHEMA = "feature { name: 'fare' type: FLOAT presence { min_fraction: 1 } } feature { name: 'pay' type: BYTES }"


def columns(cash: int, card: int) -> dict[str, Any]:
    return {"fare": [1.0] * (cash + card), "pay": ["Cash"] * cash + ["Card"] * card}


def test_good_data_passes_once_for_each_kind_of_check(summarise: Summarise, schema: FromText) -> None:
    """Nothing to report is still reported, so that a reader sees what was looked at."""
    found = validate({"train": summarise(columns(3, 1))}, schema(SCHEMA), [])
    verdicts = list(found.verdicts())
    assert [(verdict.check, verdict.outcome) for verdict in verdicts] == [(kind, "pass") for kind in KINDS]
    assert found.count == 0


def test_an_anomaly_of_two_splits_is_one_verdict(summarise: Summarise, schema: FromText) -> None:
    """Its message tells of the first split and names the others; its kind of check has no passing verdict."""
    bad = {"fare": [1.0, None], "pay": ["Cash", "Card"]}
    found = validate({"train": summarise(bad), "eval": summarise(bad, "eval")}, schema(SCHEMA), [])
    failed = [verdict for verdict in found.verdicts() if verdict.outcome == "fail"]
    (verdict,) = failed
    assert (verdict.check, verdict.subject) == ("FEATURE_TYPE_LOW_FRACTION_PRESENT", "fare")
    assert verdict.message.startswith("fare in train: 1 of 2 examples (50.0 %)")
    assert "Likewise in eval." in verdict.message
    assert (verdict.observed, verdict.bound, verdict.relation, verdict.n) == (0.5, 1.0, ">=", 2)
    assert verdict.evidence["splits"] == ["train", "eval"]
    assert "presence" not in {verdict.check for verdict in found.verdicts()}
    json.dumps([verdict.to_json() for verdict in found.verdicts()])


def test_only_empty_splits_leave_the_rest_undefined(summarise: Summarise, schema: FromText) -> None:
    """With no example anywhere nothing was looked at, and that is not a pass."""
    empty = summarise(pa.table({"fare": pa.array([], pa.float64())}))
    verdicts = list(validate({"train": empty}, schema(SCHEMA), []).verdicts())
    assert [verdict.outcome for verdict in verdicts] == ["fail"] + ["undefined"] * (len(KINDS) - 1)


def comparison(other: statistics_pb2.DatasetFeatureStatistics | None, **bounds: DriftBound) -> Comparison:
    return Comparison("drift", ("train",), bounds, other, "the earlier train", "there is nothing yet.")


@pytest.mark.parametrize(("cash", "outcome"), [(50, "pass"), (75, "pass"), (80, "fail")])
def test_drift_is_held_against_its_bound(summarise: Summarise, schema: FromText, cash: int, outcome: str) -> None:
    """The verdict has the distance and the bound, and says whose share moved from what to what."""
    now, then = summarise(columns(cash, 100 - cash)), summarise(columns(50, 50))
    found = validate({"train": now}, schema(SCHEMA), [comparison(then, pay=DriftBound(linf=0.25))])
    verdict = list(found.verdicts())[-1]
    assert (verdict.check, verdict.subject, verdict.outcome) == ("drift linf", "pay", outcome)
    assert verdict.observed == pytest.approx(abs(cash - 50) / 100)
    assert (verdict.bound, verdict.relation, verdict.n) == (0.25, "<=", 100)
    if outcome == "fail":
        assert "is 50.0 % in the earlier train and 80.0 % in train" in verdict.message


def test_drift_beyond_a_bound_suggests_a_higher_one(summarise: Summarise, schema: FromText) -> None:
    """Where the schema sets it: in the verdict and in the proto, together with what else the feature needs."""
    wanted = schema(
        "feature { name: 'pay' type: BYTES string_domain { value: 'Cash' } "
        "drift_comparator { infinity_norm { threshold: 0.25 } } skew_comparator { infinity_norm { threshold: 0.5 } } }"
    )
    now, then = summarise(columns(80, 20)), summarise(columns(50, 50))
    compared = replace(comparison(then, pay=DriftBound(linf=0.25)), in_schema=frozenset({"pay"}))
    found = validate({"train": now}, wanted, [compared])
    verdict = list(found.verdicts())[-1]
    assert verdict.evidence["schema_change"] == ["-      threshold: 0.25", "+      threshold: 0.301"]
    proto = found.to_proto("train")
    after = suggested_schema(wanted, proto.anomaly_info["pay"].diff_regions).feature[0]
    assert after.drift_comparator.infinity_norm.threshold == 0.301
    assert after.skew_comparator.infinity_norm.threshold == 0.5
    assert list(after.string_domain.value) == ["Cash", "Card"]
    again = validate(
        {"train": now}, schema_pb2.Schema(feature=[after]), [replace(compared, bounds={"pay": DriftBound(linf=0.301)})]
    )
    assert again.count == 1  # the column that the schema does not have


@pytest.mark.parametrize(
    ("now", "then", "bound", "reason"),
    [
        ({"pay": ["Cash"]}, None, DriftBound(linf=0.1), "there is nothing yet"),
        ({"pay": ["Cash"]}, {"fare": [1.0]}, DriftBound(linf=0.1), "no values in the earlier train"),
        ({"pay": pa.nulls(1)}, {"pay": ["Cash"]}, DriftBound(linf=0.1), "no values in train"),
        ({"pay": [1]}, {"pay": ["Cash"]}, DriftBound(linf=0.1), "of another type"),
        ({"pay": [1]}, {"pay": [2]}, DriftBound(linf=0.1), "bound numbers with jensen_shannon"),
    ],
)
def test_what_cannot_be_compared_is_undefined(
    summarise: Summarise,
    schema: FromText,
    now: dict[str, Any],
    then: dict[str, Any] | None,
    bound: DriftBound,
    reason: str,
) -> None:
    """No baseline, no values, other types or the wrong distance: neither a pass nor a fail, and the reason is said."""
    other = None if then is None else summarise(then)
    found = validate({"train": summarise(now)}, schema(""), [comparison(other, pay=bound)])
    verdict = list(found.verdicts())[-1]
    assert (verdict.outcome, verdict.observed) == ("undefined", None)
    assert reason in verdict.message


def test_the_proto_tells_other_tools_the_same(summarise: Summarise, schema: FromText) -> None:
    """Reasons by feature, measurements with their thresholds, and the dataset's own anomalies."""
    wanted = schema(SCHEMA + " dataset_constraints { min_examples_count: 999 }")
    now = summarise({"fare": [1.0, None] * 400, "pay": ["Cash"] * 800, "new": [1, 2] * 400})
    bounds = {"pay": DriftBound(linf=0.1, jensen_shannon=1.0)}
    proto = validate({"train": now}, wanted, [comparison(summarise(columns(400, 400)), **bounds)]).to_proto("train")
    again = anomalies_pb2.Anomalies.FromString(proto.SerializeToString())
    types = {
        name: [anomalies_pb2.AnomalyInfo.Type.Name(reason.type) for reason in info.reason]
        for name, info in again.anomaly_info.items()
    }
    assert types == {
        "fare": ["FEATURE_TYPE_LOW_FRACTION_PRESENT"],
        "new": ["SCHEMA_NEW_COLUMN"],
        "pay": ["COMPARATOR_L_INFTY_HIGH"],
    }
    assert again.anomaly_info["fare"].path.step == ["fare"]
    assert again.anomaly_info["fare"].severity == anomalies_pb2.AnomalyInfo.ERROR
    assert again.dataset_anomaly_info.reason[0].type == anomalies_pb2.AnomalyInfo.DATASET_LOW_NUM_EXAMPLES
    assert again.baseline == wanted
    (info,) = again.drift_skew_info
    assert [(m.value, m.threshold) for m in info.drift_measurements] == [
        (0.5, 0.1),
        (pytest.approx(0.311, abs=1e-3), 1.0),
    ]
    assert not info.skew_measurements
