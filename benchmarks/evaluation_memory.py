"""Memory of an evaluation with 100,000 slices: 100 keys of 1,000 values each, 11 metrics, areas under curves included.

    make bench NAME=evaluation_memory

A process of its own, with what it imports and starts: the most that it held at a time. The rows and what is
measured are those of `evaluation_vs_tfma.py`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from support.memory import peak_of_tree
from support.peers import ROOT
from support.timing import machine

CASES = {
    "million": "189 slices, 1,000,000 rows",
    "keys": "100,001 slices, 131,000 rows",
    "keys_million": "100,001 slices, 1,000,000 rows",
}


def main() -> None:
    """Measures each case once, and prints a line for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[*CASES], action="append", help="only this case")
    given = parser.parse_args()
    print(machine())
    program = str(Path(__file__).with_name("evaluation_vs_tfma.py"))
    for name in given.only or CASES:
        peak, cpu = peak_of_tree([sys.executable, program, "--child", name], ROOT)
        print(f"{CASES[name]:<34} {peak:>6,.0f} MB  {cpu:>6.1f} CPU s, imports included", flush=True)


if __name__ == "__main__":
    main()
