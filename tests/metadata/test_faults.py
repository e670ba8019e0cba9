from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from penstock.errors import NodeError
from penstock.events import NodeState, RunState
from penstock.gates import Verdict
from penstock.metadata import Store, open_store
from penstock.metadata.database import Transaction
from penstock.metadata.executions import Attempt
from penstock.metadata.records import Lease, NewArtifact, RunRecord
from tests.metadata.databases import ON_SQLITE

pytestmark = ON_SQLITE

READS = {"read": [1, 2]}
Operation = Callable[[Store, Lease], Any]


class FaultError(Exception):
    """What is raised in the middle of a transaction."""


class Faults:
    """Raises before a statement of every transaction, or before its commit, and looks on as another process would.

    Attributes:
        at: The statement, counted from 1; None for no fault.
        statement: The number of the statement that came last.
    """

    def __init__(self, look: Callable[[], Any]) -> None:
        self.at: int | None = None
        self.statement = 0
        self._look = look
        self.seen: list[Any] = []

    def before(self, statement: Callable[..., Any]) -> Callable[..., Any]:
        """The same statement, which may fail before it is run."""

        def run(*given: Any) -> Any:
            self.step()
            return statement(*given)

        return run

    def step(self) -> None:
        """A statement, or the commit, is about to happen."""
        self.statement += 1
        if self.at is not None:
            self.seen.append(self._look())
        if self.statement == self.at:
            raise FaultError(f"At statement {self.at}.")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store."""
    with open_store(url) as opened:
        yield opened


@pytest.fixture
def faults(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Faults:
    """Faults in every transaction of the store; there is none yet."""
    injected = Faults(lambda: contents(tmp_path / "state" / "metadata.db"))
    for name in ("execute", "many", "rows"):
        monkeypatch.setattr(Transaction, name, injected.before(getattr(Transaction, name)))
    event.listen(store.database._engine, "commit", lambda _: injected.step())
    return injected


def contents(path: Path) -> dict[str, Any]:
    """Every row of every table, as another process sees it."""
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall() for name in names}


def prepared(store: Store) -> Lease:
    """Fills a store: a run with two artifacts under a key, and an execution that is running."""
    store.begin_run(RunRecord("r0", "taxi"))
    first = store.begin_execution("r0", "first", "First")
    store.publish(first, outputs={"out": [NewArtifact("First", f"/f/{at}") for at in range(2)]}, key="first")
    lease = store.claim(Attempt("r0", "open", "Open", READS, places=lambda one: (f"/p/{one}", "/t")))
    assert isinstance(lease, Lease)
    return lease


def begin_run(store: Store, _: Lease) -> None:
    store.begin_run(RunRecord("r2", "other"))


def begin(store: Store, _: Lease) -> None:
    store.begin_execution("r0", "new", "New", inputs=READS, parameters={"a": 1, "b": [2]}, key="new")


def claim(store: Store, _: Lease) -> None:
    attempt = Attempt("r0", "new", "New", READS, {"a": 1}, key="new", places=lambda one: (f"/p/{one}", "/t"))
    assert isinstance(store.claim(attempt), Lease)


def heartbeat(store: Store, lease: Lease) -> None:
    store.heartbeat(lease)


def publish(store: Store, lease: Lease) -> None:
    made = [NewArtifact(f"New{at}", f"/n/{at}", {"at": at}, {"more": "x"}, digest=f"d{at}", size=1) for at in range(2)]
    verdict = Verdict("drift", "pass", "fee", observed=0.1, bound=0.2)
    outputs = {"a": made[:1], "b": made[1:]}
    store.publish(lease, outputs=outputs, key="k", verdicts=[verdict], metrics=[("loss", 0.5, 1), ("auc", 0.9, None)])


def fail(store: Store, lease: Lease) -> None:
    store.fail(lease, NodeState.FAILED, NodeError("No.", node="open"), cleared=True)


def reuse(store: Store, _: Lease) -> None:
    cached = store.find_cached("first")
    assert cached is not None
    store.reuse("r0", "again", "First", "first", cached, "the same")


def answer(store: Store, _: Lease) -> None:
    outputs = {"model": [store.artifact(1)]}
    store.answer("r0", "latest", "Latest", "question", inputs=READS, outputs=outputs)


def skip(store: Store, _: Lease) -> None:
    store.skip("r0", "skipped", "New", "not today", state=NodeState.FAILED, error=NodeError("No."))


def end_run(store: Store, _: Lease) -> None:
    store.end_run("r0", RunState.COMPLETE)


@pytest.mark.parametrize(
    "operation",
    [begin_run, begin, claim, heartbeat, publish, fail, reuse, answer, skip, end_run],
    ids=lambda one: one.__name__,
)
def test_a_fault_at_any_statement_leaves_nothing(
    store: Store, faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: Operation
) -> None:
    """Before, at and after each fault another process sees what was there before; then it is as if there were none."""
    now = 1_800_000_000_000
    monkeypatch.setattr("penstock.metadata.database.now_ms", lambda: now)
    with open_store(f"sqlite:///{tmp_path}/calm.db") as calm:
        in_calm, lease = prepared(calm), prepared(store)
        now += 1000
        operation(calm, in_calm)
    path = tmp_path / "state" / "metadata.db"
    before = contents(path)
    for number in range(1, 100):
        faults.at, faults.statement, faults.seen = number, 0, []
        try:
            operation(store, lease)
        except FaultError:
            assert contents(path) == before
            assert all(seen == before for seen in faults.seen)
        else:
            break
    # The last fault was the commit's: until then nothing of the whole operation was seen.
    assert faults.statement == number - 1 >= 2
    assert all(seen == before for seen in faults.seen)
    assert contents(path) == contents(tmp_path / "calm.db") != before
