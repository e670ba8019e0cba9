from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from penstock.cli.terminal.console import console
from penstock.cli.terminal.plain import PlainProgress
from penstock.cli.terminal.progress import shown
from penstock.events import Event, NodeEnded, NodeNote, NodeProgress, NodeStarted, NodeState, RunStarted
from penstock.orchestration.run_view import RunView

GRAPH = {"Ingest": [], "Count": ["Ingest"], "Train": ["Ingest"], "Push": ["Train"]}

SCRIPT = """
import sys, time
from penstock.cli.terminal.progress import shown
from penstock.orchestration.run_view import RunView
from penstock.events import *
nodes = {sys.argv[1]}
with shown(RunView()) as tell:
    tell(RunStarted(time.time(), "r1", "toy", nodes))
    first = next(iter(nodes))
    tell(NodeStarted(time.time(), first, "x.log"))
    tell(NodeProgress(time.time(), first, 30, 100, "rows", "reading"))
    time.sleep(0.5)
    tell(NodeNote(time.time(), first, "100 rows"))
    tell(NodeEnded(time.time(), first, NodeState.COMPLETE, 0.5))
    for node in list(nodes)[1:2]:
        tell(NodeEnded(time.time(), node, NodeState.FAILED, 0.1, reason="no room"))
    time.sleep(0.5)
print("what comes after")
"""


def _on_a_terminal(
    nodes: dict[str, list[str]], *, columns: int = 100, rows: int = 24, **variables: str
) -> tuple[str, list[str]]:
    """Runs the script on a pseudo-terminal; gives all it wrote, and what the screen shows at the end."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    code = SCRIPT.replace("{sys.argv[1]}", repr(nodes))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**environment, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **variables},
    )
    os.close(terminal)
    written = b""
    while True:
        try:
            block = os.read(controller, 65_536)
        except OSError:  # Linux: the other side is closed
            break
        if not block:
            break
        written += block
    os.close(controller)
    assert process.wait(timeout=20) == 0, written.decode()
    text = written.decode()
    return text, _screen(text)


def _screen(text: str) -> list[str]:
    """What a terminal shows in the end: enough of one for the sequences that are used here."""
    lines, row = [""], 0
    for piece in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", text):
        if piece == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif piece.endswith("A") and piece.startswith("\x1b"):
            row = max(row - int(piece[2:-1] or 1), 0)
        elif piece == "\x1b[2K":
            lines[row] = ""
        elif not piece.startswith("\x1b") and piece != "\r":
            lines[row] += piece
    return [line.rstrip() for line in lines if line.strip()]


def test_on_a_terminal_nodes_are_drawn_in_place() -> None:
    """State as sign and word, seconds, how far; drawn over itself, and gone when the run has ended."""
    text, screen = _on_a_terminal(GRAPH)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert re.search(r"toy, run r1: 0 of 4 done, 0\.\d s", plain)
    assert re.search(r"Ingest +\S running +0\.\d+ s +━+─+ reading 30 of 100 rows", plain)
    assert "├─ Count" in plain
    assert re.search(r"Train +· pending", plain)
    assert re.search(r"Ingest +✔ complete +0\.5 s +100 rows", plain)
    assert re.search(r"Count +✘ failed +0\.1 s +no room", plain)
    assert "1 of 4 done" in plain
    assert ", 1 failed" in plain
    assert screen == ["what comes after"]
    assert text.rstrip().endswith("what comes after")
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l")  # the cursor is back


def test_more_nodes_than_lines_are_folded() -> None:
    """Of a long pipeline the lines around what runs are shown; how many are hidden is said."""
    nodes = {f"Node{number:03}": [f"Node{number - 1:03}"] if number else [] for number in range(100)}
    text, screen = _on_a_terminal(nodes, rows=20)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert "Node000" in plain
    assert re.search(r"\.\.\. \d+ nodes below", plain)
    assert "Node099" not in plain
    assert screen == ["what comes after"]


def test_a_narrow_terminal_never_wraps() -> None:
    """On 40 columns lines are cut, so that drawing over them still works."""
    text, screen = _on_a_terminal(GRAPH, columns=40)
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).split("\r\n")
    assert max(len(part) for line in lines for part in line.split("\r")) <= 40
    assert any(re.search(r"Ingest +\S running +0\.\d+ s", line) for line in lines)
    assert screen == ["what comes after"]


def test_no_colour_where_none_is_wanted() -> None:
    """With NO_COLOR the same is drawn in place without any colour."""
    text, _ = _on_a_terminal(GRAPH, NO_COLOR="1")
    assert "complete" in text
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", text)


def test_a_terminal_without_unicode_gets_ascii() -> None:
    """Signs, branches and bars have ASCII forms."""
    text, _ = _on_a_terminal(GRAPH, PYTHONIOENCODING="ascii", LC_ALL="C", PYTHONUTF8="0")
    assert text.isascii()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert re.search(r"\+ complete", plain)
    assert "|- Count" in plain


def _told(*events: Event) -> RunView:
    view = RunView()
    with shown(view) as tell:
        for event in events:
            tell(event)
    return view


def test_without_a_terminal_a_line_is_printed_when_a_node_ends(capsys: pytest.CaptureFixture[str]) -> None:
    """One line for the run, one for each node that ends; nothing when it starts or advances."""
    _told(
        RunStarted(0.0, "r1", "toy", GRAPH),
        NodeStarted(0.0, "Ingest", "x.log"),
        NodeProgress(1.0, "Ingest", 1, 2, "rows"),
        NodeNote(1.0, "Ingest", "2 rows"),
        NodeEnded(2.0, "Ingest", NodeState.COMPLETE, 2.0),
        NodeEnded(2.0, "Count", NodeState.REUSED, 0.01, reason="unchanged"),
        NodeEnded(2.0, "Train", NodeState.FAILED, 61.0, reason="no room"),
        NodeEnded(2.0, "Push", NodeState.SKIPPED, 0.0, reason="Train failed"),
    )
    assert capsys.readouterr().out.splitlines() == [
        "toy, run r1: 4 nodes",
        "✔ complete  Ingest       2.0 s  2 rows",
        "↻ reused    Count               unchanged",
        "✘ failed    Train   1 min 01 s  no room",
        "↷ skipped   Push                Train failed",
    ]


def test_a_long_node_shows_that_it_lives(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first gap a line says how far it is; gaps double, so that lines stay few."""
    now = [1000.0]
    monkeypatch.setattr("penstock.cli.terminal.plain.time.time", lambda: now[0])
    progress = PlainProgress(console(), RunView(), first=10.0)
    progress(RunStarted(1000.0, "r1", "toy", GRAPH))
    progress(NodeStarted(1000.0, "Train", "x.log"))
    progress(NodeProgress(1000.0, "Train", 300, 1000, "steps"))
    printed = []
    for second in range(3600):
        now[0] = 1000.0 + second
        progress.print_due(now[0])
        if capsys.readouterr().out.strip().endswith("300 of 1,000 steps"):
            printed.append(second)
    assert printed[:5] == [10, 30, 70, 150, 310]
    assert len(printed) < 20


def test_the_watch_runs_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """The lines come from a thread of its own while the node says nothing, and end with the block."""
    with PlainProgress(console(), RunView(), first=0.05) as progress:
        progress(RunStarted(time.time(), "r1", "toy", GRAPH))
        progress(NodeStarted(time.time(), "Train", "x.log"))
        time.sleep(0.4)
    out = capsys.readouterr().out
    assert "running   Train" in out
    time.sleep(0.2)
    assert capsys.readouterr().out == ""


def test_json_lines_come_one_for_each_event(capsys: pytest.CaptureFixture[str]) -> None:
    """Each event is one line that names its type; what it held is there."""
    view = RunView()
    with shown(view, as_json=True) as tell:
        tell(RunStarted(1.5, "r1", "toy", GRAPH))
        tell(NodeEnded(2.5, "Ingest", NodeState.COMPLETE, float("nan")))
    started, ended = map(json.loads, capsys.readouterr().out.splitlines())
    assert started == {"type": "run_started", "at": 1.5, "run": "r1", "pipeline": "toy", "nodes": GRAPH}
    assert (ended["type"], ended["state"], ended["seconds"]) == ("node_ended", "complete", "nan")
    assert view.nodes["Ingest"].state == NodeState.COMPLETE


def test_events_may_come_from_many_threads(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever thread tells, no line is torn and none is lost."""
    graph: dict[str, list[str]] = {f"Node{one}": [] for one in range(200)}
    with shown(RunView(), as_json=True) as tell, ThreadPoolExecutor(4) as pool:
        tell(RunStarted(0.0, "r1", "toy", graph))
        list(pool.map(lambda node: tell(NodeEnded(1.0, node, NodeState.COMPLETE, 1.0)), graph))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["node"] for line in lines[1:]} == set(graph)
