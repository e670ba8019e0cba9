from __future__ import annotations

from dataclasses import replace

import pytest

from penstock.errors import NodeError, StoreError, UsageError
from penstock.events import NodeState, RunState
from penstock.metadata import Store
from penstock.metadata.owners import process_owner
from penstock.metadata.records import LogLine, RunRecord

FULL = RunRecord(
    id="20261121-080000-ab12",
    pipeline="taxi",
    plan={"nodes": [1, None, "ü"]},
    profile="local",
    git_commit="0" * 40,
    dirty=True,
    packages={"numpy": "2.0"},
    user="ada",
    penstock_version="0.1",
    owner="host:1:2",
    started_ms=7,
)


def test_a_run_comes_back_as_it_began_and_ended(store: Store) -> None:
    """All members, and the plan as a value; listings leave plan and packages out."""
    store.begin_run(FULL)
    assert store.run(FULL.id) == FULL
    store.end_run(FULL.id, RunState.BLOCKED)
    found = store.run(FULL.id)
    assert found.state is RunState.BLOCKED
    assert found.ended_ms is not None
    listed = store.runs()[-1]
    assert (listed.id, listed.plan, listed.packages) == (FULL.id, None, None)


def test_a_run_without_times_and_owner_has_now_and_this_process(store: Store) -> None:
    """Recovery needs to know who drives a run."""
    found = store.run("r1")
    assert found.owner == process_owner()
    assert found.started_ms is not None


def test_a_run_is_begun_by_the_first_who_joins_it(store: Store) -> None:
    """Who comes later finds what the first wrote; a run that had ended goes on; another pipeline's is refused."""
    assert store.join_run(FULL)
    assert not store.join_run(replace(FULL, user="eve", started_ms=8))
    assert store.run(FULL.id) == FULL
    store.end_run(FULL.id, RunState.FAILED)
    assert not store.join_run(FULL)
    assert store.run(FULL.id) == FULL
    with pytest.raises(StoreError, match="is one of the pipeline taxi, not of other"):
        store.join_run(replace(FULL, pipeline="other"))


def test_runs_are_listed_newest_first_by_page_and_pipeline(store: Store) -> None:
    """Limit and offset count within what was asked for."""
    for at, (name, pipeline) in enumerate([("a", "x"), ("b", "y"), ("c", "x"), ("d", "x")]):
        store.begin_run(RunRecord(name, pipeline, started_ms=at))
    assert [run.id for run in store.runs("x")] == ["d", "c", "a"]
    assert [run.id for run in store.runs("x", limit=1, offset=1)] == ["c"]
    assert [run.id for run in store.runs(limit=2)] == ["r1", "d"]


def test_a_run_is_named_by_latest_or_by_the_beginning_of_its_id(store: Store) -> None:
    """An exact id wins over others that begin with it; wildcards of SQL mean nothing."""
    for at, name in enumerate(["2026", "2026-1", "2027%"]):
        store.begin_run(RunRecord(name, "old", started_ms=at))
    assert store.run().id == "r1"
    assert store.run("latest", pipeline="old").id == "2027%"
    assert store.run("2026").id == "2026"
    assert store.run("2027").id == "2027%"
    with pytest.raises(UsageError, match=r"Several runs begin with '202': 2026, 2026-1, 2027%"):
        store.run("202")
    for name, hint in [("2o26", "Did you mean '2026'"), ("%", "Expected one of"), ("", "Several runs")]:
        with pytest.raises(UsageError, match=hint):
            store.run(name)


def test_a_pipeline_without_runs_is_offered_the_nearest(store: Store) -> None:
    """Or what starts a run, in a store that has none."""
    with pytest.raises(UsageError, match=r"no run of the pipeline taxy.*\nDid you mean 'taxi'"):
        store.run("latest", pipeline="taxy")


def test_what_is_no_run_cannot_begin_twice_or_end(store: Store) -> None:
    """Ids are unique, and nodes need a run that has begun."""
    with pytest.raises(StoreError, match="a run r1 already"):
        store.begin_run(RunRecord("r1", "taxi"))
    with pytest.raises(StoreError, match="no run r2"):
        store.end_run("r2", RunState.COMPLETE)
    with pytest.raises(StoreError, match="no run r2"):
        store.begin_execution("r2", "n", "N")
    with pytest.raises(StoreError, match="no run r2"):
        store.skip("r2", "n", "N", "why")
    with pytest.raises(StoreError, match=r"The plan cannot be stored: .*set"):
        store.begin_run(RunRecord("r3", "taxi", plan={"x": {1}}))


def test_nodes_tell_how_each_stands(store: Store) -> None:
    """Running, complete, failed with its error, skipped, and begun again."""
    first = store.begin_execution("r1", "a", "A", log="/logs/a")
    (running,) = store.nodes("r1")
    assert (running.state, running.log, running.seconds) == (NodeState.RUNNING, "/logs/a", None)
    store.fail(first, error=NodeError("It died.\nBadly.", hint="Look.", node="a", path=object()))
    store.skip("r1", "b", "B", "waits for a")
    store.skip("r1", "c", "C", "not begun", state=NodeState.FAILED, error=NodeError("No."))
    failed, skipped, unbegun = store.nodes("r1")
    assert (failed.state, failed.reason) == (NodeState.FAILED, "It died.")
    assert failed.error is not None
    assert (failed.error["kind"], failed.error["hint"], failed.error["facts"]["node"]) == ("NodeError", "Look.", "a")
    assert failed.seconds is not None
    assert (skipped.state, skipped.reason, skipped.execution_id) == (NodeState.SKIPPED, "waits for a", None)
    assert unbegun.error is not None
    assert unbegun.error["message"] == "No."
    second = store.begin_execution("r1", "a", "A")
    store.publish(second, outputs={}, blocked=True, note="3 rows")
    again = next(node for node in store.nodes("r1") if node.node_id == "a")
    assert (again.state, again.error, again.blocked, again.note) == (NodeState.COMPLETE, None, True, "3 rows")
    assert again.execution_id == second.execution_id


def test_an_execution_that_ends_late_does_not_touch_the_attempt_after_it(store: Store) -> None:
    """The node stands as its last attempt left it."""
    first = store.begin_execution("r1", "a", "A")
    second = store.begin_execution("r1", "a", "A")
    store.publish(second, outputs={})
    store.fail(first)
    assert [node.state for node in store.nodes("r1")] == [NodeState.COMPLETE]
    assert store.execution(first.execution_id).state == "FAILED"


def test_log_lines_come_back_in_order_whatever_they_hold(store: Store) -> None:
    """A log is never refused: what is no valid text is replaced. The limit keeps the last lines."""
    for node, text in [(None, "begin"), ("a", "nul \0 here"), ("b", "half \ud800"), ("a", "end")]:
        store.log("r1", node, "info", text)
    assert [(line.node_id, line.text) for line in store.logs("r1")] == [
        (None, "begin"),
        ("a", "nul \N{REPLACEMENT CHARACTER} here"),
        ("b", "half ?"),
        ("a", "end"),
    ]
    (last,) = store.logs("r1", "a", limit=1)
    assert last == LogLine(last.at_ms, "info", "end", "a")
