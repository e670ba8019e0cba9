from __future__ import annotations

import json

from tests.cli.conftest import RUN, Invoke, Stored


def test_failures_come_first_and_passes_are_counted(invoke: Invoke, stored: Stored) -> None:
    """The failed and the undefined with their numbers; --all adds the passes."""
    out = invoke("verdicts", "list", "-C", stored.directory).stdout.splitlines()
    assert out[0] == f"toy run {RUN}"
    assert out[2].split()[:5] == ["✘", "fail", "Count", "drift", "linf"]
    assert "<= 0.05" in out[2]
    assert "payment_type drifted." in out[2]
    assert out[3].split()[:2] == ["?", "undefined"]
    assert out[4] == "verdicts  1 pass, 1 fail, 1 undefined (--all shows every one)"


def test_all_shows_passes_with_their_interval(invoke: Invoke, stored: Stored) -> None:
    """A pass stands last, with what was observed and its interval."""
    out = invoke("verdicts", "list", RUN, "--all", "-C", stored.directory).stdout.splitlines()
    assert out[-2].split()[:4] == ["✔", "pass", "Count", "auc"]
    assert "0.91 [0.9, 0.92]" in out[-2]
    assert out[-1] == "verdicts  1 pass, 1 fail, 1 undefined"


def test_verdicts_as_json_are_all_there(invoke: Invoke, stored: Stored) -> None:
    """One document with the run and every verdict, passes included."""
    found = json.loads(invoke("verdicts", "list", "--json", "-C", stored.directory).stdout)
    assert found["run"] == RUN
    assert [(one["node"], one["outcome"]) for one in found["verdicts"]] == [
        ("Count", "pass"),
        ("Count", "fail"),
        ("Count", "undefined"),
    ]
