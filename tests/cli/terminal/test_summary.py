from __future__ import annotations

from pathlib import Path

import pytest

from penstock.cli.terminal import summary
from penstock.cli.terminal.console import console
from penstock.cli.terminal.evaluation import summarized
from penstock.cli.terminal.progress import shown
from penstock.cli.terminal.summary import Command, Pushed
from penstock.errors import UserCodeError
from penstock.evaluation.results import BASELINE, CANDIDATE, EvaluationResult
from penstock.evaluation.slices import SliceKey
from penstock.events import (
    NodeEnded,
    NodeNote,
    NodeStarted,
    NodeState,
    NodeVerdict,
    NodeWarning,
    RunEnded,
    RunStarted,
    RunState,
)
from penstock.gates import Verdict
from penstock.orchestration.run_view import RunView

TAXI = {
    "CsvExampleGen": [],
    "StatisticsGen": ["CsvExampleGen"],
    "SchemaGen": ["StatisticsGen"],
    "ExampleValidator": ["StatisticsGen", "SchemaGen"],
    "Transform": ["CsvExampleGen", "SchemaGen", "ExampleValidator"],
    "Trainer": ["Transform", "SchemaGen"],
    "LatestBlessedModel": ["Trainer"],
    "Evaluator": ["CsvExampleGen", "Trainer", "LatestBlessedModel"],
    "Pusher": ["Trainer", "Evaluator"],
}
COMMAND = Command("examples/chicago_taxi", project=("-C", "examples/chicago_taxi"))


def _evaluation(*, slices: int = 24) -> EvaluationResult:
    hours = [(("trip_start_hour", hour),) for hour in range(slices)]
    crossed = [(("payment_type", "Cash"), ("trip_start_hour", hour)) for hour in range(slices)]
    keys: list[SliceKey] = [(), *hours, *crossed]
    n = [4966, *(10 if hour == 5 else 200 for hour in range(slices)), *(100 for _ in crossed)]
    auc = [0.9131, *(0.5 if hour == 5 else 0.8 + hour / 200 for hour in range(slices)), *(0.9 for _ in crossed)]
    return EvaluationResult(
        label="big_tipper",
        split="eval",
        models=[CANDIDATE, BASELINE],
        metrics=["auc", "precision"],
        slices=keys,
        n=n,
        values={
            CANDIDATE: {"auc": auc, "precision": [0.75] * len(keys)},
            BASELINE: {"auc": [0.91] * len(keys), "precision": [0.7] * len(keys)},
        },
    )


def _run(view: RunView, *, seconds: float = 4.0, noise: int = 0, state: RunState = RunState.COMPLETE) -> None:
    """Tells a whole run of the taxi pipeline to whatever shows it."""
    with shown(view) as tell:
        tell(RunStarted(0.0, "20261121-080512-ab12", "chicago_taxi", TAXI))
        for node in TAXI:
            tell(NodeStarted(0.0, node, f"/r/{node}.log"))
            for number in range(noise):
                tell(NodeWarning(0.0, node, f"warning {number} " + "x" * 500))
                tell(NodeVerdict(0.0, node, Verdict("auc", "undefined", f"hour={number}", message="Too few. " * 90)))
            tell(NodeNote(0.0, node, f"note of {node} " + "y" * 300 * bool(noise)))
            tell(NodeEnded(0.0, node, NodeState.COMPLETE, seconds))
        tell(RunEnded(0.0, "20261121-080512-ab12", state, 41.2, dict.fromkeys(TAXI, NodeState.COMPLETE)))


@pytest.mark.parametrize("noise", [0, 1, 50])
def test_nine_nodes_take_at_most_sixty_lines(capsys: pytest.CaptureFixture[str], noise: int) -> None:
    """However much the nodes say, a whole run of the taxi pipeline prints at most 60 lines, the last ones included."""
    view = RunView()
    _run(view, noise=noise)
    pushed = [Pushed("/srv/serving/chicago_taxi/1795249634", 17)]
    summary.print_summary(console(), view, COMMAND, evaluation=summarized(_evaluation()), pushed=pushed)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 200
    text = "\n".join(lines)
    for node in TAXI:
        assert text.count(f"note of {node}") == 2
    assert "pushed  " in text
    assert "penstock artifacts lineage 17 --up -C examples/chicago_taxi" in text
    if noise:
        assert f"warnings ({9 * noise})" in text
        assert f"verdicts  {9 * noise} undefined" in text


def test_an_evaluation_tells_the_whole_and_the_worst(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole set with its baseline, the worst slices of each kind; a slice of ten rows is left to chance."""
    view = RunView()
    _run(view)
    capsys.readouterr()
    summary.print_summary(console(), view, COMMAND, evaluation=summarized(_evaluation()))
    out = capsys.readouterr().out
    assert "evaluation  over 4,966 examples: auc 0.9131, baseline 0.91; precision 0.75\n" in out
    table = out.split("evaluation  ")[1].splitlines()
    assert table[1].split() == ["slices", "slice", "auc", "n"]
    assert table[2].split() == ["worst", "of", "24", "by", "trip_start_hour", "trip_start_hour=0", "0.8", "200"]
    assert "trip_start_hour=5" not in "\n".join(table)
    assert len([line for line in table if "worst of 24" in line]) == 2


def test_small_slices_are_shown_if_there_are_no_others() -> None:
    """Where every slice is small the worst of them are told all the same, with their n."""
    result = _evaluation(slices=3)
    small = summarized(EvaluationResult(**{**vars(result), "n": [30, 10, 10, 10, 9, 9, 9]}))
    assert small is not None
    assert [n for _, _, n in small.worst[0].slices] == [10, 10, 10]


def test_an_undefined_metric_is_called_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Not a number is never printed as one."""
    result = _evaluation(slices=2)
    result.values[CANDIDATE]["auc"] = [float("nan")] * 5
    result.values[BASELINE].clear()
    view = RunView()
    _run(view)
    capsys.readouterr()
    summary.print_summary(console(), view, COMMAND, evaluation=summarized(result))
    out = capsys.readouterr().out
    assert "auc undefined; precision 0.75" in out
    assert "nan" not in out
    assert "worst of" not in out


def test_warnings_are_grouped(capsys: pytest.CaptureFixture[str]) -> None:
    """The same sentence of a node is printed once, with how often it was said."""
    view = RunView()
    with shown(view, quiet=True) as tell:
        tell(RunStarted(0.0, "r1", "toy", {"Ingest": []}))
        for _ in range(3):
            tell(NodeWarning(0.0, "Ingest", "A row was odd."))
        tell(RunEnded(0.0, "r1", RunState.COMPLETE, 1.0))
    summary.print_summary(console(), view, COMMAND)
    assert "warnings (3)\n  Ingest: A row was odd. (3 times)\n" in capsys.readouterr().out


def test_a_failure_shows_the_end_of_the_log(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The last lines of the log of the failed node, without escape sequences, and never a screenful."""
    log = tmp_path / "Train.log"
    log.write_text(
        "".join(f"line {number}\n" for number in range(1000)) + "\x1b[31mthe last\x1b[0m " + "z" * 5000 + "\n\n"
    )
    error = UserCodeError("run_fn raised ValueError: no", node="Train", traceback="x" * 100_000)
    view = RunView()
    with shown(view, quiet=True) as tell:
        tell(RunStarted(0.0, "r1", "toy", {"Ingest": [], "Train": ["Ingest"], "Push": ["Train"]}))
        tell(NodeEnded(0.0, "Ingest", NodeState.COMPLETE, 1.0))
        tell(NodeEnded(0.0, "Train", NodeState.FAILED, 2.0, error=error.to_json(), log=str(log)))
        tell(NodeEnded(0.0, "Push", NodeState.SKIPPED, 0.0))
        tell(RunEnded(0.0, "r1", RunState.FAILED, 3.0))
    summary.print_failed(console(), view, COMMAND)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "error: Train failed after 2.0 s: run_fn raised ValueError: no"
    ends = [line for line in lines if line.startswith("    | ")]
    assert [line[:14] for line in ends] == [*(f"    | line {n}" for n in range(995, 1000)), "    | the last"]
    assert max(map(len, lines)) < 200
    assert "  done and kept: Ingest" in lines
    assert "  not run: Push" in lines
    assert any(line.strip().startswith("penstock run examples/chicago_taxi ") for line in lines)


def test_commands_are_offered_as_a_shell_takes_them() -> None:
    """Words that a shell would split are quoted; the pipeline of the working directory is not named."""
    command = Command(".", ("--set", "data.path=my trips.csv"), ("-C", "a b"))
    assert command.again("--jobs", "1") == "penstock run --set 'data.path=my trips.csv' --jobs 1"
    assert command.read("runs", "show") == "penstock runs show -C 'a b'"
