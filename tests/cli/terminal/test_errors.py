from __future__ import annotations

import io
from pathlib import Path

import pytest

from penstock.cli.terminal.errors import print_error, rendered
from penstock.dsl.user_code import boundary, load_module
from penstock.errors import ConfigError, DataError, GraphError, NodeError, PenstockError, StoreError, UserCodeError

GOLDEN: list[tuple[PenstockError, str]] = [
    (
        ConfigError("Unknown key 'trainr'.", hint="Did you mean 'trainer'?", path="pipeline.yaml", line=7, col=3),
        """\
error: Unknown key 'trainr'.
  hint: Did you mean 'trainer'?
  where: pipeline.yaml:7:3""",
    ),
    (
        DataError(
            "Expected a number, found 'twelve'.",
            hint="Mend the row, or declare the column as string.",
            path="trips.csv",
            row=4103,
            column="fare",
            node="CsvExampleGen",
        ),
        """\
error: Expected a number, found 'twelve'.
  hint: Mend the row, or declare the column as string.
  where: trips.csv, node CsvExampleGen, row 4103, column fare""",
    ),
    (
        GraphError("Node Trainer: model takes Model.", node="Trainer", argument="model"),
        "error: Node Trainer: model takes Model.\n  where: node Trainer, argument model",
    ),
    (
        NodeError("The process was killed.", hint="Give it more memory.", node="Trainer", log="/r/x/Trainer.log"),
        """\
error: The process was killed.
  hint: Give it more memory.
  where: node Trainer
  log: /r/x/Trainer.log""",
    ),
    (StoreError("The store is locked."), "error: The store is locked."),
]


@pytest.mark.parametrize(("error", "text"), GOLDEN, ids=[type(error).__name__ for error, _ in GOLDEN])
def test_an_error_is_message_hint_and_place(error: PenstockError, text: str) -> None:
    """What failed, then what to do, then where: the same three lines for each kind of error."""
    assert rendered(error) == text


def test_a_users_exception_shows_their_line_first(tmp_path: Path) -> None:
    """Of an error in a user's file the first thing after the message is that file and line."""
    (tmp_path / "features.py").write_text("def preprocessing_fn(inputs):\n    return inputs['fare']\n")
    module = load_module(tmp_path / "features.py")
    with pytest.raises(UserCodeError) as raised, boundary("preprocessing_fn"):
        module.preprocessing_fn({})
    assert rendered(raised.value).splitlines()[:3] == [
        "error: preprocessing_fn raised KeyError: 'fare'",
        f"  {tmp_path}/features.py:2 in preprocessing_fn",
        "    return inputs['fare']",
    ]


def test_the_whole_traceback_of_a_users_exception_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no log holds it, the traceback goes to a file that the error names."""
    (tmp_path / "pipeline.py").write_text("raise RuntimeError('no')\n")
    with pytest.raises(UserCodeError) as raised:
        load_module(tmp_path / "pipeline.py")
    assert print_error(raised.value, ["run"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("  traceback: ")
    assert "RuntimeError: no" in Path(last.removeprefix("  traceback: ")).read_text()


def test_what_is_printed_is_bounded() -> None:
    """A message of any length gives a screen at most, and says how much is left out."""
    text = rendered(DataError("\n".join(f"row {row} is bad" for row in range(10_000)), hint="x" * 100_000))
    assert len(text.splitlines()) < 40
    assert len(text) < 10_000
    assert "... and 9,976 more lines" in text


def test_data_cannot_drive_the_terminal() -> None:
    """Escape sequences and control characters that come from data are not printed."""
    text = rendered(DataError("Found '\x1b[2J\x1b]0;title\x07evil\x08\r'.", path="a\x1b[31m.csv"))
    assert text == "error: Found 'evil'.\n  where: a.csv"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colour_only_where_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], coloured: bool
) -> None:
    """On a terminal the word is red; with NO_COLOR, or on a dumb terminal, nothing is."""
    terminal = _Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    print_error(DataError("Bad."), [])
    assert ("\x1b[1;31merror:\x1b[0m Bad." in terminal.getvalue()) is coloured


def test_old_reports_are_dropped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the latest reports of faults are kept, and nothing else in that place is touched."""
    directory = tmp_path / "state" / "penstock" / "errors"
    directory.mkdir(parents=True)
    for number in range(30):
        (directory / f"penstock-error-20000101-0000{number:02}-1.txt").write_text("old")
    (directory / "notes.txt").write_text("mine")
    print_error(ZeroDivisionError("x"), [])
    assert len(list(directory.glob("penstock-error-*.txt"))) == 20
    assert (directory / "notes.txt").exists()
    newest = capsys.readouterr().err.strip().rsplit(" ", 1)[1]
    assert Path(newest).exists()


def test_a_report_that_cannot_be_written_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With no writable place at all the traceback itself is shown, bounded."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(blocked))
    print_error(ZeroDivisionError("by zero"), [])
    error = capsys.readouterr().err
    assert "none could be written" in error
    assert "ZeroDivisionError: by zero" in error.splitlines()[-1]


def test_a_report_holds_no_values_of_options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whose rows were to be removed, and what --set was given, is in no file."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    arguments = ["store", "forget", "--value", "rider-7", "--value=rider-8", "--set", "a=rider-9", "--column", "rider"]
    print_error(ZeroDivisionError("x"), arguments)
    (file,) = tmp_path.rglob("penstock-error-*.txt")
    first = file.read_text().partition("\n")[0]
    assert first == "penstock store forget --value ... --value=... --set a=... --column rider"
