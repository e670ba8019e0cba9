"""A process that writes into a store until it is killed, and says of everything the store acknowledged what it was.

Usage: killed_writer.py URL NAME
Prints ``["ready"]`` and then, at once and each in one write, lines ``[act, execution, number, artifacts]``.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from typing import Any

from penstock.errors import NodeError
from penstock.events import NodeState
from penstock.metadata import open_store
from penstock.metadata.records import NewArtifact, RunRecord

OUTPUTS = 3


def say(*words: Any) -> None:
    """Tells the parent; what is in the pipe outlives this process."""
    os.write(1, json.dumps(words).encode() + b"\n")


def new(name: str, number: int, at: int) -> NewArtifact:
    """An artifact whose every value follows from who made it and when, so that a reader can tell if it is whole."""
    return NewArtifact(
        "Made",
        f"/kills/{name}/{number}/{at}",
        {"number": number, "share": number / 3, "writer": name},
        {"at": at},
        digest=f"{name}.{number}.{at}",
        size=at,
    )


def main(url: str, name: str) -> None:
    """Begins executions that read what the one before them made, and publishes, fails or reuses."""
    say("ready")
    with open_store(url) as store:
        store.begin_run(RunRecord(name, "kills"))
        last: list[int] = []
        for number in itertools.count():
            node, key, parameters = f"node{number % 5}", f"{name}.{number}", {"number": number, "writer": name}
            lease = store.begin_execution(name, node, "Writer", inputs={"in": last}, parameters=parameters, key=key)
            say("begun", lease.execution_id, number, last)
            store.heartbeat(lease)
            if number % 7 == 6:
                store.fail(lease, NodeState.FAILED, NodeError(f"It failed: {number}."))
                say("failed", lease.execution_id, number, [])
                continue
            made = store.publish(
                lease,
                outputs={"out": [new(name, number, at) for at in range(OUTPUTS)]},
                key=key,
                metrics=[("loss", number / 7, number)],
            )
            ids = [one.id for one in made["out"]]
            say("published", lease.execution_id, number, ids)
            if number % 5 == 4:
                cached = store.find_cached(key)
                assert cached is not None
                reused = store.reuse(name, "again", "Writer", key, cached, inputs={"in": last}, parameters=parameters)
                say("reused", reused, number, ids)
            last = ids[:2]


if __name__ == "__main__":
    main(*sys.argv[1:])
