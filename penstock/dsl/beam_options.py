"""Beam's pipeline options as a profile writes them: names and values checked, so that none is silently left out."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from penstock.errors import UsageError, did_you_mean

__all__ = ["Options", "read_options", "unknown_option"]

IN_PROCESS = "FnApiRunner"
"""The default. Beam's own, DirectRunner, would look on the network for another engine for every pipeline."""

WITH_JOB_SERVER = frozenset({"FlinkRunner", "PortableRunner", "SparkRunner"})
"""Runners behind a job server, which has options of its own that Beam's Python package does not know."""

View = TypeVar("View", bound=PipelineOptions)

_REFUSED = {
    "DaskRunner": "it leaves branches of a pipeline out and writes empty files, both without an error",
}
_WHERE = "Options of Beam stand below profiles.<profile>.beam in pipeline.yaml."


@dataclass(frozen=True)
class Options:
    """What a profile says to Beam.

    Attributes:
        runner: The runner's name as Beam has it, or the dotted name of its class.
        known: Options that Beam's Python package knows, as it takes them on a command line.
        others: Options that only the runner's job server may know.
    """

    runner: str = IN_PROCESS
    known: list[str] = field(default_factory=list)
    others: dict[str, Any] = field(default_factory=dict)

    def pipeline_options(self) -> PipelineOptions:
        """As Beam takes them."""
        return _Options([f"--runner={self.runner}", *self.known])


class _Options(PipelineOptions):
    """Options that make each view of themselves once: Beam asks for several for every transform, a millisecond each."""

    def view_as(self, cls: type[View]) -> View:
        views: dict[type, Any] = self.__dict__.setdefault("_views", {})
        if cls not in views:
            views[cls] = super().view_as(cls)
        view: View = views[cls]
        return view

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_views"}


def read_options(written: Mapping[str, Any]) -> Options:
    """Checks options by name and value.

    Args:
        written: By name. A flag is true or false; an option that may be given several times takes a list, one that is
            JSON takes a mapping.

    Raises:
        UsageError: A runner that is refused or not known, a name that nothing knows, or a value of the wrong kind.
    """
    rest = {str(name).replace("-", "_"): value for name, value in written.items()}
    runner = _runner(rest.pop("runner", IN_PROCESS))
    actions = _actions()
    known: list[str] = []
    others: dict[str, Any] = {}
    for name, value in rest.items():
        if value is None:
            raise UsageError(f"Beam option {name!r} has no value.", hint="Give it one, or take it out.", option=name)
        if name in actions:
            known += _flags(name, value, actions)
        elif runner in WITH_JOB_SERVER:
            others[name] = value
        else:
            raise unknown_option(name, runner, actions)
    return Options(runner, known, others)


def unknown_option(name: str, runner: str, candidates: Iterable[str]) -> UsageError:
    """The error that says that neither Beam nor the runner has an option of this name."""
    near = did_you_mean(name, candidates)
    hint = f"{near} {_WHERE}" if near.startswith("Did") else _WHERE
    return UsageError(f"{runner} has no option {name!r}.", hint=hint, option=name)


def known_names() -> set[str]:
    """The names of all options that Beam's Python package knows."""
    return set(_actions())


def _runner(written: Any) -> str:
    names = {name.lower(): name for name in [*StandardOptions.KNOWN_RUNNER_NAMES, *_REFUSED]}
    text = str(written)
    short = text.rpartition(".")[2].lower()
    found = names.get(short) or names.get(f"{short}runner")
    if found in _REFUSED:
        raise UsageError(
            f"{found} is refused: {_REFUSED[found]}.",
            hint="Take FlinkRunner, SparkRunner or DataflowRunner, or no runner at all to stay in one process.",
            option="runner",
        )
    if "." in text:
        return text
    if found is None:
        usable = set(names.values()) - set(_REFUSED)
        raise UsageError(f"Beam has no runner {text!r}.", hint=did_you_mean(text, usable), option="runner")
    return IN_PROCESS if found == "DirectRunner" else found


def _actions() -> dict[str, argparse.Action]:
    """What Beam does with each option, by name."""
    found: dict[str, argparse.Action] = {}

    def look(parser: argparse.ArgumentParser) -> None:
        for action in parser._actions:  # noqa: SLF001  # argparse has no other way to ask what a parser takes
            names = [option.lstrip("-").replace("-", "_") for option in action.option_strings]
            found.update(dict.fromkeys([*names, action.dest], action))

    PipelineOptions([]).get_all_options(add_extra_args_fn=look)
    for no_option in ("help", "h", "runner"):
        found.pop(no_option, None)
    return found


def _flags(name: str, value: Any, actions: Mapping[str, argparse.Action]) -> list[str]:
    """One option as a command line has it, spelt as Beam spells it."""
    action = actions[name]
    spelt = next((one for one in action.option_strings if one.lstrip("-").replace("-", "_") == name), None)
    if action.nargs == 0:
        return _switch(name, value, action, spelt)
    spelt = spelt or action.option_strings[0]
    several = action.nargs in ("*", "+")
    many = several or type(action).__name__ != "_StoreAction"  # the others add to what they were given before
    if isinstance(value, (list, tuple)) and not many:
        text = ", ".join(map(str, value))
        raise UsageError(
            f"Beam option {name!r} takes one value, not the list [{text}].",
            hint=f'In YAML brackets make a list; where they belong to the value, quote it: {name}: "[{text}]".',
            option=name,
        )
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if several:
        return [spelt, *(_text(name, one, action) for one in values)] if values else []
    return [f"{spelt}={_text(name, one, action)}" for one in values]


def _switch(name: str, value: Any, action: argparse.Action, spelt: str | None) -> list[str]:
    """An option that is there or not. Named by what it sets, it may be one that sets it to false: use_public_ips."""
    if not isinstance(value, bool):
        raise UsageError(
            f"Beam option {name!r} is true or false, found {value!r}.", hint="Write true or false.", option=name
        )
    if spelt is not None:
        return [spelt] if value else []
    return [action.option_strings[0]] if value == action.const else []


def _text(name: str, value: Any, action: argparse.Action) -> str:
    if isinstance(value, bool):
        text = str(value).lower()
    else:
        text = json.dumps(value) if isinstance(value, dict) else str(value)
    try:
        read = action.type(text) if callable(action.type) else text
    except (ValueError, TypeError, argparse.ArgumentTypeError) as error:
        wanted = {"int": "a whole number", "float": "a number"}.get(getattr(action.type, "__name__", ""), "another")
        raise UsageError(
            f"Beam option {name!r} cannot be {value!r}.",
            hint=f"Beam expects {wanted} value there: {error}",
            option=name,
        ) from error
    if action.choices is not None and read not in action.choices:
        raise UsageError(
            f"Beam option {name!r} cannot be {value!r}.",
            hint=did_you_mean(str(value), map(str, action.choices)),
            option=name,
        )
    return text
