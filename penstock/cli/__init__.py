"""The command line: one module for each group of commands, and in ``terminal`` how things look there.

Nothing heavy is imported at module level: ``penstock --help`` reads no configuration and opens no store.
"""

from penstock.cli.root import main

__all__ = ["main"]
