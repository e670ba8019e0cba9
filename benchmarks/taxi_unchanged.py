"""The taxi pipeline run again with nothing changed, all of it reused, beside TFX 1.16.

Both have run before, TFX twice: its second run evaluates once more, because a blessed model is there now. What is
timed is the whole process, its imports included.

    python benchmarks/taxi_unchanged.py --path trips.csv --runs 7

Prints every run, the medians and the ratios. The aim for ours is half a second, 1.5 s the most.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from support.peers import bench_dir
from support.taxi import Penstock, Tfx, arguments, heading
from support.timing import Timing, adopt_orphans, compare


def main() -> None:
    """Runs both in turns and compares."""
    given = arguments(__doc__, runs=7)
    adopt_orphans()
    print(f"{heading(given.path)} of {given.batch_size} rows, run again with nothing changed\n")
    with tempfile.TemporaryDirectory(dir=bench_dir()) as temporary:
        ours = Penstock(Path(temporary) / "penstock", given.path, given.batch_size)
        ours.cold()
        programs: dict[str, Callable[[int], Timing]] = {"Penstock": ours.again}
        tfx = None if given.without_peer else Tfx.if_possible(Path(temporary) / "tfx", given.path)
        if tfx:
            tfx.cold()
            tfx.again()
            programs["TFX 1.16"] = tfx.again
        compare(programs, given.runs)
    if ours.states != {"reused"}:
        sys.exit("A node of ours ran again, though nothing had changed.")


if __name__ == "__main__":
    main()
