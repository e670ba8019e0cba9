"""A process of its own for the tests of concurrency: says that it is ready, waits for a line, then does its work.

Usage: worker.py URL open|publish NAME COUNT
"""

from __future__ import annotations

import sys
import time

from penstock.metadata import open_store
from penstock.metadata.records import NewArtifact, RunRecord


def publish(url: str, name: str, count: int) -> None:
    """Publishes ``count`` executions and prints the longest time one took, in seconds."""
    longest = 0.0
    with open_store(url) as store:
        store.begin_run(RunRecord(name, "taxi"))
        for number in range(count):
            began = time.monotonic()
            # Every process registers the same types, each number a new one.
            lease = store.begin_execution(name, f"node{number}", f"Component{number}")
            new = [
                NewArtifact(f"Type{number}", f"/{name}/{number}/{at}", digest=f"{name}.{number}.{at}")
                for at in range(3)
            ]
            store.publish(lease, outputs={"out": new}, key=f"{name}.{number}")
            longest = max(longest, time.monotonic() - began)
    print(longest)


if __name__ == "__main__":
    url, act, name, count = sys.argv[1:]
    print("ready", flush=True)
    sys.stdin.readline()
    if act == "open":
        open_store(url).close()
    else:
        publish(url, name, int(count))
