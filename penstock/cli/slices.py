"""`penstock slices`: where a model is worse than elsewhere, and gates that keep it from getting worse there."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.lazy import LazyGroup
from penstock.cli.options import as_json, home, project

__all__ = ["slices"]


@click.group(cls=LazyGroup, short_help="Find slices where a model is worse, and gate them.")
def slices() -> None:
    """Slices of the evaluation set: find those where a model is worse than elsewhere, and hold models back by them.

    The Evaluator computes metrics on the slices that you name. The slice finder looks for those that you did not
    think of, among all values, buckets of numbers, and crosses of the examples' columns.

    Examples:
      penstock slices find
      penstock slices find --order 3 --metric fpr --exclude tips
      penstock slices add payment_type=Cash trip_start_hour=4 --metric accuracy --max-drop 0.01
    """


@slices.command("find", short_help="Find slices where the model is significantly worse than elsewhere.")
@click.option("--run", default="latest", show_default=True, help="The run whose evaluation is searched.")
@click.option("--evaluation", metavar="ID", help="The evaluation itself: an artifact's number or place.")
@click.option("--order", type=click.IntRange(1, 3), default=2, show_default=True, help="The most columns in one slice.")
@click.option(
    "--metric",
    help="What to compare: loss, accuracy, precision, recall, fpr, fnr, mean_squared_error ... [default: loss, or "
    "mean_squared_error for a regression]",
)
@click.option("--threshold", type=float, default=0.5, show_default=True, help="Predictions above it are positive.")
@click.option("--model", type=click.Choice(["candidate", "baseline"]), default="candidate", show_default=True)
@click.option(
    "--against",
    type=click.Choice(["baseline", "candidate"]),
    help="Find slices where the model is worse than this one, by the difference between both on each row.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.05,
    show_default=True,
    help="The share of false discoveries that you accept.",
)
@click.option("--min-rows", type=click.IntRange(2), default=100, show_default=True, help="The smallest slice to test.")
@click.option(
    "--min-effect",
    type=click.FloatRange(0),
    default=0.2,
    show_default=True,
    help="The smallest effect (Cohen's d) to tell: 0.2 is small, 0.8 large.",
)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="The most slices to tell.")
@click.option("--only", multiple=True, metavar="COLUMN", help="Search by this column. Repeatable.")
@click.option(
    "--exclude",
    multiple=True,
    metavar="COLUMN",
    help="Do not search by this column, as one that the label is made from. Repeatable.",
)
@project
@as_json
def find(
    *,
    run: str,
    evaluation: str | None,
    order: int,
    metric: str | None,
    threshold: float,
    model: str,
    against: str | None,
    rate: float,
    min_rows: int,
    min_effect: float,
    limit: int,
    only: tuple[str, ...],
    exclude: tuple[str, ...],
    project: Path | None,
    as_json: bool,
) -> None:
    """Finds slices where the model is significantly worse than on all other rows, the strongest evidence first.

    Every value of every column is tested, and every cross of up to --order columns; columns of many numbers are cut
    into ten buckets. A slice is told if it has --min-rows, an effect of --min-effect, and passes Welch's test after
    correction for all slices tested; a slice that is only bad because of another one in the list is left out.
    Predictions are those that the Evaluator kept: no model runs. With --against baseline it finds where a candidate is
    significantly worse than the model that it would replace.

    Examples:
      penstock slices find --against baseline
      penstock slices find --run 20261121-0805 --order 3
      penstock slices find --metric fpr --threshold 0.3 --exclude tips --exclude fare
      penstock slices find --json | jq -r '.slices[].slice'
    """
    from penstock.cli.reading import evaluated
    from penstock.cli.terminal.bar import bar
    from penstock.evaluation.finder.report import find_slices
    from penstock.evaluation.finder.search import Options

    found, examples = evaluated(run, evaluation, project)
    with bar("searching", quiet=as_json) as told:
        report = find_slices(
            found,
            examples,
            metric=metric,
            model=model,
            against=against or "",
            threshold=threshold,
            only=only,
            exclude=exclude,
            options=Options(order, rate, min_rows, min_effect, limit),
            progress=lambda done, total: told(done, total, "crosses"),
        )
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json({"evaluation": found.id, **report.to_json()})
        return
    from penstock.cli.terminal.found import print_found

    print_found(report)


@slices.command("add", short_help="Write a slice into pipeline.yaml as a gate.")
@click.argument("conditions", nargs=-1, required=True, metavar="SLICE...")
@click.option("--metric", help="What is held to a bound. [default: that of the first threshold, else auc]")
@click.option("--min", "lowest", type=float, help="Not below this.")
@click.option("--max", "highest", type=float, help="Not above this.")
@click.option("--max-drop", type=click.FloatRange(0), help="Not more than this below the baseline.")
@click.option("--max-rise", type=click.FloatRange(0), help="Not more than this above the baseline.")
@click.option(
    "--by",
    type=click.Choice(["point", "interval"]),
    default="point",
    show_default=True,
    help="Hold the value to the bound, or its whole 95 % interval: then noise decides nothing.",
)
@click.option("--min-examples", type=click.IntRange(1), default=100, show_default=True, help="Undefined below this.")
@click.option("--dry-run", is_flag=True, help="Show the change, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@home
@as_json
def add(
    *,
    conditions: tuple[str, ...],
    metric: str | None,
    lowest: float | None,
    highest: float | None,
    max_drop: float | None,
    max_rise: float | None,
    by: str,
    min_examples: int,
    dry_run: bool,
    yes: bool,
    project: Path | None,
    as_json: bool,
) -> None:
    """Writes a slice into pipeline.yaml as a threshold of the Evaluator: a model that is bad there is held back.

    SLICE is one or more of COLUMN=VALUE and 'COLUMN in [LOW, HIGH)', as `penstock slices find` prints them. Without a
    bound the metric may get no worse than the baseline by 0.01. The change is shown as a diff of your file, whose
    comments and layout stay, and is written when you say so.

    Examples:
      penstock slices add payment_type=Cash trip_start_hour=4
      penstock slices add 'payment_type=Cash, trip_start_hour=4' --metric accuracy --min 0.8 --yes
      penstock slices add company='Taxi Affiliation Services' --metric fpr --max-rise 0 --dry-run
    """
    import difflib

    from penstock.config import read_values
    from penstock.errors import UsageError
    from penstock.evaluation.finder.gate import with_gate

    path = read_values(project or Path())[2].path
    text = path.read_bytes().decode()  # line ends stay as they are
    bounds = {"min": lowest, "max": highest, "max_drop": max_drop, "max_rise": max_rise}
    threshold, new = with_gate(
        text,
        conditions,
        metric=metric,
        bounds={name: bound for name, bound in bounds.items() if bound is not None},
        by=by,
        min_examples=min_examples,
        path=str(path),
    )
    diff = "".join(
        difflib.unified_diff(text.splitlines(keepends=True), new.splitlines(keepends=True), str(path), str(path), n=2)
    )
    if not as_json:
        click.echo(diff, nl=not diff.endswith("\n") and bool(diff))
    write = new != text and not dry_run
    if write and not yes:
        if as_json:
            raise UsageError("With --json nothing is asked.", hint="Give --yes or --dry-run.")
        write = click.confirm(f"Write {path}?")
    if write:
        path.write_bytes(new.encode())
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json({"file": str(path), "threshold": threshold, "diff": diff, "written": write})
    elif write:
        click.echo(f"{path}: written. Next: penstock run")
    else:
        click.echo(f"{path}: that threshold is there already." if new == text else f"{path}: not changed.")
