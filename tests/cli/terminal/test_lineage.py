from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest

from penstock.cli.terminal.lineage import lineage_lines, print_lineage
from penstock.cli.terminal.lineage_graph import dot, mermaid
from penstock.metadata.records import Answer, Edge, Lineage, Provenance, StoredArtifact, StoredExecution
from penstock.storage.input_files import InputFile

HOSTILE = [
    'a"]; evil [label="b',
    "back\\slash\\",
    'quote\\"',
    "new\nline",
    "\x1b[31mred\x1b[0m\x00",
    "<script>alert(1)</script>",
    "end\n```\n# heading",
    "a|b--> c{d}(e)[f]",
    "#quot;&lt;",
    "`code` %%comment",
    "日本語",
    "",
]


def chain(length: int, *, name: str = "Step") -> Lineage:
    """Artifacts 0 to ``length``, each made from the one before; the last is the root."""
    artifacts = {at: StoredArtifact(at, "Thing", f"/p/{at}", "LIVE") for at in range(length + 1)}
    executions = {at: StoredExecution(at, name, "COMPLETE") for at in range(1, length + 1)}
    edges = [
        edge
        for at in range(1, length + 1)
        for edge in (Edge(at - 1, at, "input", "thing"), Edge(at, at, "output", "thing"))
    ]
    return Lineage(length, artifacts, executions, tuple(edges))


def hostile() -> tuple[Lineage, dict[int, Provenance]]:
    """A lineage whose every name is hostile."""
    artifacts = {at: StoredArtifact(at, name, name, "LIVE") for at, name in enumerate(HOSTILE)}
    executions = {
        at: StoredExecution(at, name, "COMPLETE", run_id=name, node_id=name) for at, name in enumerate(HOSTILE)
    }
    edges = [
        edge
        for at, name in enumerate(HOSTILE)
        for edge in (Edge(at, at, "output", name), Edge((at + 1) % len(HOSTILE), at, "input", name))
    ]
    files = {at: {name: (InputFile(name, 3, name),)} for at, name in enumerate(HOSTILE)}
    known = {
        at: Provenance(files[at], {name: name}, {"code": {name: name}}, name, None) for at, name in enumerate(HOSTILE)
    }
    return Lineage(0, artifacts, executions, tuple(edges)), known


def test_a_diamond_is_told_once() -> None:
    """What two ways lead to is told where it is met first, and named again where it is met next."""
    edges = (
        *(Edge(4, 1, "output", "m"), Edge(2, 1, "input", "left"), Edge(3, 1, "input", "right")),
        *(Edge(2, 2, "output", "l"), Edge(1, 2, "input", "x"), Edge(3, 3, "output", "r"), Edge(1, 3, "input", "x")),
        Edge(1, 4, "output", "x"),
    )
    artifacts = {at: StoredArtifact(at, "Thing", f"/p/{at}", "LIVE") for at in (1, 2, 3, 4)}
    executions = {at: StoredExecution(at, f"Node{at}", "COMPLETE") for at in (1, 2, 3, 4)}
    lines = [line.plain for line in lineage_lines(Lineage(4, artifacts, executions, edges), up=True)]
    assert lines == [
        "Thing 4  /p/4",
        "└─ made by Node1",
        "   ├─ left: Thing 2  /p/2",
        "   │  └─ made by Node2",
        "   │     └─ x: Thing 1  /p/1",
        "   │        └─ made by Node4",
        "   └─ right: Thing 3  /p/3",
        "      └─ made by Node3",
        "         └─ x: Thing 1  /p/1  (see above)",
    ]


def test_input_files_code_and_commit_are_told() -> None:
    """Path, size and digest of each file; with details the digests of the code and the parameters as well."""
    file = InputFile("/data/trips.csv", 2048, "ab" * 32)
    parts = {"code": {"model.py": "cd" * 32}, "libraries": {"numpy": "2.1"}, "files": {}}
    known = {1: Provenance({"input_base": (file,)}, {"steps": 3}, parts, "f" * 40, True)}
    lines = [line.plain for line in lineage_lines(chain(1), known, up=True)]
    assert lines[1] == "└─ made by Step, commit ffffffffff with changes"
    assert lines[2] == "   │  input_base: file /data/trips.csv  2.0 KiB  sha256:abababababababab"
    detailed = "\n".join(line.plain for line in lineage_lines(chain(1), known, up=True, details=True))
    for words in (f"code model.py = {'cd' * 8}", "parameter steps = 3", 'library numpy = "2.1"'):
        assert words in detailed


def test_what_a_resolver_found_is_told() -> None:
    """Upwards with the input that it became, downwards with the execution that read it."""
    artifacts = {at: StoredArtifact(at, "Model", f"/p/{at}", "LIVE") for at in (1, 2)}
    executions = {1: StoredExecution(1, "Evaluator", "COMPLETE", run_id="r2")}
    edges = (Edge(1, 1, "input", "baseline_model"), Edge(2, 1, "output", "blessing"))
    answers = [Answer(1, "r2", "LatestBlessedModel"), Answer(1, "r3", "Other")]
    up = [line.plain for line in lineage_lines(Lineage(2, artifacts, executions, edges), {}, answers, up=True)]
    assert up[2].startswith("   └─ baseline_model (found by LatestBlessedModel): Model 1")
    down = [line.plain for line in lineage_lines(Lineage(1, artifacts, executions, edges), {}, answers, up=False)]
    assert down[1] == "└─ read by Evaluator in run r2 (found by LatestBlessedModel)"


def test_a_chain_of_ten_thousand_is_cut_and_not_recursed(capsys: pytest.CaptureFixture[str]) -> None:
    """The terminal gets its first lines, no wider than a screen, and is told how many there are."""
    began = time.process_time()
    print_lineage(chain(10_000), {}, up=True)
    out = capsys.readouterr().out
    assert time.process_time() - began < 5
    assert len(out.splitlines()) == 401
    assert max(map(len, out.splitlines())) < 150
    assert "of 10,001 artifacts and 10,000 executions in all" in out
    for text in (dot(chain(10_000)), mermaid(chain(10_000))):
        assert len(text.splitlines()) > 40_000


def test_nothing_reaches_the_terminal_raw(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences and control characters in names are left out of the tree."""
    lineage, known = hostile()
    print_lineage(lineage, known, up=True, details=True)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x00" not in out
    assert "red" in out


def tokens(text: str) -> Iterator[str]:
    """The tokens of Graphviz's language, as its grammar has them; anything else is an error."""
    pattern = re.compile(r'\s+|"(?:\\.|[^"\\])*"|->|[A-Za-z_][A-Za-z_0-9]*|-?[0-9.]+|[{}\[\];,=]', re.DOTALL)
    at = 0
    while at < len(text):
        found = pattern.match(text, at)
        assert found is not None, text[at : at + 40]
        if not found[0].isspace():
            yield found[0]
        at = found.end()


def test_hostile_names_stay_names_in_dot() -> None:
    """Each statement is a node or an edge that we wrote; what a name holds is in its label, and on one line."""
    text = dot(*hostile())
    statements = " ".join(token if not token.startswith('"') else '"label"' for token in tokens(text)).split(" ; ")
    known = re.compile(
        r"digraph lineage \{ rankdir = LR|node \[ fontname = \"label\" \]"
        r"|[aef]\d+ \[ shape = (box|note)( , style = (rounded|filled))? , label = \"label\" \]"
        r"|[aef]\d+ -> [aef]\d+( \[ label = \"label\" \])?|\}"
    )
    assert [one for one in statements if not known.fullmatch(one)] == []
    assert len(statements) == 3 + 3 * len(HOSTILE) + 3 * len(HOSTILE)


def test_hostile_names_stay_names_in_mermaid() -> None:
    """Each line is a node or an edge; a label holds nothing but letters, digits and numbered characters."""
    label = r'"(?:[\w .,:/()-]|#\d+;)*"'
    line = re.compile(rf"flowchart LR|  [aef]\d+[\[(]/?{label}/?[\])]|  [aef]\d+ -->(\|{label}\|)? [aef]\d+")
    text = mermaid(*hostile())
    assert [one for one in text.splitlines() if not line.fullmatch(one)] == []
    assert "script" in text
    assert "<" not in text


@pytest.mark.conformance
def test_graphviz_reads_what_we_write() -> None:
    """The real program lays the graph out, and shows the names as they are."""
    if shutil.which("dot") is None:
        pytest.skip("Graphviz is not installed: apt-get install graphviz")
    done = subprocess.run(
        ["dot", "-Tplain"], input=dot(*hostile()), capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
    assert sum(line.startswith("node ") for line in done.stdout.splitlines()) == 3 * len(HOSTILE)
