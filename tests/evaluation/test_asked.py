"""What a config asks for under ``metrics``: each by the engine that has it, or an error before anything runs."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.errors import GraphError, UsageError
from penstock.evaluation.asked import MetricItem, MetricValue, TfmaMetric, name_of, resolved, values_of
from penstock.evaluation.names import check_parameters
from penstock.evaluation.thresholds import Threshold

KNOWN = {"auc", "recall"}
NDCG = MetricItem("NDCG", {"gain_key": "gain", "top_k_list": [2, 5]})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("auc", "auc"),
        ("AUC", TfmaMetric("AUC", "AUC")),
        ("threat_score", TfmaMetric("threat_score", "ThreatScore")),
        (NDCG, TfmaMetric("ndcg", "NDCG", {"gain_key": "gain", "top_k_list": [2, 5]})),
        (MetricItem("AUC", {"name": "pr", "curve": "PR"}), TfmaMetric("pr", "AUC", {"curve": "PR"})),
        (MetricItem("QueryStatistics"), TfmaMetric("", "QueryStatistics")),
    ],
)
def test_ours_if_it_knows_the_name_else_tfmas(value: MetricValue, expected: object) -> None:
    """By the name of a metric, of a class, or by a class and its arguments."""
    assert resolved(value, KNOWN) == expected


@pytest.mark.parametrize(
    ("value", "engine", "message"),
    [
        ("thread_score", "auto", "no metric 'thread_score'"),
        (MetricItem("threat_score"), "auto", "no metric 'threat_score'"),
        ("ThreatScore", "vectorised", "held to the vectorised one"),
        ("NDCG", "auto", "needs gain_key and top_k_list"),
        ("mse", "auto", "no metric 'mse' of this task"),
        ("mean_squared_error", "auto", "no metric 'mean_squared_error' of this task"),
    ],
)
def test_what_no_engine_computes_is_an_error(value: MetricValue, engine: Any, message: str) -> None:
    """With the nearest name, or what is missing."""
    with pytest.raises(UsageError, match=message):
        resolved(value, KNOWN, engine)


def test_the_values_of_a_class_are_told_apart() -> None:
    """By the k of the best that they look at; a class with names of its own has all others."""
    metrics = [TfmaMetric("ndcg", "NDCG"), TfmaMetric("", "QueryStatistics")]
    found = values_of(metrics, ["ndcg@2", "ndcg@5", "total_queries"])
    assert [(one.name, one.tfma_class, one.top_k) for one in found.values()] == [
        ("ndcg", "NDCG", 2),
        ("ndcg", "NDCG", 5),
        ("total_queries", "QueryStatistics", 0),
    ]
    assert name_of(NDCG) == "ndcg"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"metrics": [NDCG]}, "ranks the rows of a query"),
        ({"metrics": ["min_label_position"]}, "ranks the rows of a query"),
        ({"metrics": ["auc", "auk"]}, "no metric 'auk'"),
        ({"metrics": [NDCG, NDCG], "query": "search"}, "Two metrics are called 'ndcg'"),
        ({"thresholds": [Threshold("ndcg@5", min=0.5)], "query": "search"}, "needs gain_key"),
        ({"thresholds": [Threshold("auk@5", min=0.5)]}, "no metric 'auk'"),
    ],
)
def test_parameters_are_checked_before_anything_runs(parameters: dict[str, Any], message: str) -> None:
    """Metrics, and those that only thresholds name."""
    with pytest.raises(GraphError, match=message):
        check_parameters(parameters)


def test_a_threshold_may_name_a_value_of_a_class() -> None:
    """That ``metrics`` asks for."""
    check_parameters({"metrics": [NDCG], "thresholds": [Threshold("ndcg@5", min=0.5)], "query": "search"})
