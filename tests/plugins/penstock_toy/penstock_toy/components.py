"""The components that the toy adds: one that makes, one that holds back, one that makes something to push."""

from __future__ import annotations

from penstock import Context, Input, Markdown, Model, Output, Verdict, component
from penstock.gates import Gate, Outcome
from penstock_toy.artifacts import Poem
from penstock_toy.text import poem


@component
def Compose(written: Output[Poem], ctx: Context, *, subject: str, lines: int = 3) -> None:
    """Writes a poem about a subject."""
    written.path("poem.txt").write_text("\n".join(poem(subject, lines)))
    written.properties["lines"] = lines
    ctx.note(f"{lines} lines on {subject}")


@component
def LengthGate(
    written: Input[Poem],
    report: Output[Markdown],
    ctx: Context,
    *,
    most: int = 4,
    gate: Gate = "block",  # noqa: ARG001  # the launcher reads it
) -> None:
    """Holds back a poem that is too long."""
    lines = len(written.verses)
    message = f"The poem has {lines} lines, {most} are enough." if lines > most else ""
    outcome: Outcome = "fail" if message else "pass"
    ctx.verdict(Verdict("lines", outcome, observed=lines, bound=most, relation="<=", n=1, message=message))
    report.path("index.md").write_text(f"{lines} of at most {most} lines\n")


@component
def Recite(written: Input[Poem], model: Output[Model]) -> None:
    """A model that knows one poem by heart."""
    model.serving.mkdir()
    model.serving.joinpath("poem.txt").write_text("\n".join(written.verses))
