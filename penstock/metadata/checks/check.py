"""Checks a store: every invariant, then every payload, and sets right what is safe."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from penstock.metadata.checks import payloads
from penstock.metadata.checks.invariants import Finding, Invariant, found
from penstock.metadata.checks.references import REFERENCES
from penstock.metadata.checks.rows import ROWS
from penstock.metadata.checks.work import WORK
from penstock.metadata.database import Transaction
from penstock.metadata.store import Store

__all__ = ["Report", "check_store"]

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Report:
    """What a check looked at and found.

    Attributes:
        invariants: How many were looked at.
        payloads: How many LIVE artifacts were looked at.
        findings: What does not hold, and what was done about it.
    """

    invariants: int
    payloads: int
    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing is broken that was not repaired."""
        return not any(one.is_open for one in self.findings)


def check_store(
    store: Store, *, digests: bool = False, repair: bool = False, progress: Progress | None = None
) -> Report:
    """Looks whether everything holds that must hold in a store.

    Args:
        store: The store, open for writing where it is to be repaired.
        digests: Read every file of every payload on this machine and hold it against its digest.
        repair: Set right what can be set right without losing anything. Payloads are never touched.
        progress: Is told how much is done, of how much, and what comes next.
    """
    tell = progress or (lambda _done, _total, _text: None)
    invariants = (Invariant("file-is-whole", _integrity), *REFERENCES, *ROWS, *WORK)
    with store.database.read() as transaction:
        wanted = payloads.payloads(transaction)
    total = len(invariants) + len(wanted)
    findings: list[Finding] = []
    for done, invariant in enumerate(invariants):
        tell(done, total, invariant.name)
        findings += _looked(store, invariant, repair=repair)
    every = []
    for done, of_one in enumerate(payloads.faults(wanted, digests=digests), len(invariants) + 1):
        every += of_one
        tell(done, total, "payloads")
    return Report(len(invariants), len(wanted), (*findings, *payloads.findings(every)))


def _looked(store: Store, invariant: Invariant, *, repair: bool) -> list[Finding]:
    # Each in a transaction of its own: what one repairs the next one sees, and writers wait for none of it.
    with store.database.read() as transaction:
        finding = invariant.look(transaction)
    if finding is None:
        return []
    if repair and invariant.repair is not None:
        with store.database.write() as transaction:
            finding = dataclasses.replace(finding, repaired=invariant.repair(transaction))
    return [finding]


def _integrity(transaction: Transaction) -> Finding | None:
    """SQLite finds no fault in its file."""
    if transaction.raw_bytes:
        return None
    rows = [row[0] for row in transaction.rows("PRAGMA integrity_check(100)") if row[0] != "ok"]
    hint = "Restore it from a copy, or recover what can be read: sqlite3 FILE .recover"
    return found("file-is-whole", rows, "SQLite finds {n} faults in the file.", hint=hint)
