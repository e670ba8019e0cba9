from __future__ import annotations

import pytest

from penstock.errors import UsageError
from penstock.evaluation.metrics import METRICS, layout_for, named


def test_an_unknown_metric_is_named_with_the_nearest() -> None:
    """Before anything is computed."""
    with pytest.raises(UsageError, match="no metric 'acuracy'") as caught:
        named(["auc", "acuracy"])
    assert caught.value.hint == "Did you mean 'accuracy'?"


def test_a_name_may_be_an_alias_of_tfmas() -> None:
    """The config's names are kept, TFMA's key stands behind them."""
    found = named(["accuracy", "loss", "auc", "accuracy"])
    assert {name: metric.name for name, metric in found.items()} == {
        "accuracy": "binary_accuracy",
        "loss": "binary_crossentropy",
        "auc": "auc",
    }


def test_the_histogram_is_kept_only_where_a_metric_needs_it() -> None:
    """It is most of the work and the memory."""
    assert not layout_for(named(["accuracy", "loss"]).values(), ("candidate",)).histogram
    assert layout_for(named(["accuracy", "auc"]).values(), ("candidate",)).histogram


def test_no_name_means_two_metrics() -> None:
    """Each metric is found under its own name, and its aliases lead to it."""
    assert all(METRICS[metric.name] is metric for metric in METRICS.values())


def test_the_names_that_are_checked_beforehand_are_those_there_are() -> None:
    """The light list of names and the metrics themselves agree."""
    from penstock.evaluation.task_names import METRIC_NAMES

    assert set(METRICS) == METRIC_NAMES
