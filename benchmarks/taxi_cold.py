"""The taxi pipeline from rows to a pushed model, nothing reused, beside TFX 1.16 with its in-memory Beam runner.

Each run is a process of its own, begun with nothing but the rows, and the two take turns. TFX runs the pipeline and the
module file of its own wheel; ours has its batch size. Ours computes more: five metrics with intervals on 99 slices,
where TFX's example asks for one metric on the whole set.

    python benchmarks/taxi_cold.py --path trips.csv --runs 5

Prints every run, the medians, the ratios, and the time of each node of ours.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from support.peers import bench_dir
from support.taxi import Penstock, Tfx, arguments, heading
from support.timing import Timing, adopt_orphans, compare


def main() -> None:
    """Runs both in turns and compares."""
    given = arguments(__doc__, runs=5)
    adopt_orphans()
    print(f"{heading(given.path)} of {given.batch_size} rows, first run\n")
    with tempfile.TemporaryDirectory(dir=bench_dir()) as temporary:
        ours = Penstock(Path(temporary) / "penstock", given.path, given.batch_size)
        programs: dict[str, Callable[[int], Timing]] = {"Penstock": ours.cold}
        tfx = None if given.without_peer else Tfx.if_possible(Path(temporary) / "tfx", given.path)
        if tfx:
            programs["TFX 1.16"] = tfx.cold
        found = compare(programs, given.runs)
    print("\nnodes of ours, median of wall seconds, each in a process of its own")
    for node in ours.nodes[0]:
        print(f"  {node:20} {statistics.median(nodes[node] for nodes in ours.nodes):6.2f}")
    rest = [timing.wall - sum(nodes.values()) for timing, nodes in zip(found["Penstock"], ours.nodes, strict=True)]
    print(f"  {'start, plan and end':20} {statistics.median(rest):6.2f}")


if __name__ == "__main__":
    main()
