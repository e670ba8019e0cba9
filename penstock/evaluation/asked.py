"""What a config asks for under ``metrics``, and which engine computes it; for checks before anything heavy loads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from penstock.errors import UsageError, did_you_mean
from penstock.evaluation.task_names import METRIC_NAMES, TASK_NAMES
from penstock.evaluation.tfma_names import TFMA_CLASSES, TfmaClass

__all__ = ["Engine", "FunctionMetric", "MetricItem", "MetricValue", "TfmaMetric", "name_of", "resolved", "values_of"]

Engine = Literal["auto", "vectorised", "tfma"]

_OF_ANY_TASK = METRIC_NAMES.union(*TASK_NAMES.values())
_BY_NAME = {one.name: class_name for class_name, one in TFMA_CLASSES.items()}


@dataclass(frozen=True)
class MetricItem:
    """A metric that takes more than a name.

    Attributes:
        class_name: A metric class of TFMA's, or one in ``module_file``.
        config: The arguments of the class.
        function: A function in ``module_file``: ``profit(labels, predictions, weights) -> float``.
        name: What it is called in results; the function's name, or TFMA's for the class, if not given.
    """

    # Read by pydantic, which validates parameters: an unknown key is an error.
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    class_name: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    function: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        if bool(self.class_name) == bool(self.function):
            raise ValueError("a metric is given by its name, by one class_name, or by one function")
        if self.function and self.config:
            raise ValueError("config is for a class_name; a function takes labels, predictions and weights")


MetricValue = str | MetricItem


@dataclass(frozen=True)
class TfmaMetric:
    """A metric that TFMA computes.

    Attributes:
        name: Its name in results and its key in TFMA's files; empty for a class that has several of its own.
        tfma_class: The class.
        config: Its arguments.
        average: ``macro`` or ``weighted``, of several classes.
        own: Whether the class is the user's.
        top_k: Of one of its values, if it is one of the best k that it looks at.
    """

    name: str
    tfma_class: str
    config: Mapping[str, Any] = field(default_factory=dict)
    average: str = ""
    own: bool = False
    top_k: int = 0
    weighted: bool = True

    @property
    def known(self) -> TfmaClass:
        """What is known of its class."""
        return TFMA_CLASSES.get(self.tfma_class, TfmaClass(self.name))


@dataclass(frozen=True)
class FunctionMetric:
    """A metric that a function of the user's computes from a slice's rows.

    Attributes:
        name: Its name in results.
        function: The function's name.
    """

    name: str
    function: str
    weighted: bool = True

    @property
    def tfma_class(self) -> str:
        """What stands in TFMA's config, which has no functions."""
        return self.function


def name_of(value: MetricValue) -> str:
    """What a metric of a config is called in results."""
    if isinstance(value, str):
        return value
    known = TFMA_CLASSES.get(value.class_name)
    default = known.name if known else value.class_name or value.function
    return str(value.name or value.config.get("name") or default)


def resolved(
    value: MetricValue, known: Collection[str], engine: Engine = "auto", *, own: bool = False
) -> str | TfmaMetric | FunctionMetric:
    """The name of a metric of the vectorised engine, one of TFMA's, or one of the user's.

    Args:
        value: As the config has it.
        known: The names that the vectorised engine has for the task.
        engine: What the config forces.
        own: Whether there is a module file, in which functions are, and classes that TFMA does not have.

    Raises:
        UsageError: No engine has it, the one that is forced has not, or an argument is missing; offers the nearest.
    """
    if isinstance(value, str) and value in known:
        return value
    if isinstance(value, MetricItem) and (value.function or (own and value.class_name not in TFMA_CLASSES)):
        return _own(value, engine, own=own)
    base = value.partition("@")[0] if isinstance(value, str) else value.class_name
    class_name = base if base in TFMA_CLASSES else _BY_NAME.get(base, "")
    if isinstance(value, str) and value in _OF_ANY_TASK:
        all_the_same = f" If it is meant all the same: {{class_name: {class_name}}}." if class_name else ""
        raise UsageError(
            f"There is no metric {base!r} of this task.", hint=did_you_mean(base, known) + all_the_same, metric=base
        )
    if not class_name or (not isinstance(value, str) and class_name != base):
        names = [*known, *_BY_NAME, *TFMA_CLASSES] if isinstance(value, str) else TFMA_CLASSES
        raise UsageError(f"There is no metric {base!r}.", hint=did_you_mean(base, names), metric=base)
    _check_engine(base, engine)
    config = {} if isinstance(value, str) else dict(value.config)
    one = TFMA_CLASSES[class_name]
    missing = [name for name in one.needs if name not in config]
    if missing:
        wanted = ", ".join(f"{name}: ..." for name in missing)
        raise UsageError(
            f"The metric {class_name} needs {' and '.join(missing)}.",
            hint=f"Write {{class_name: {class_name}, config: {{{wanted}}}}}.",
            metric=base,
        )
    config.pop("name", None)
    name = base if isinstance(value, str) else name_of(value)
    return TfmaMetric(name if one.named else "", class_name, config)


def _own(value: MetricItem, engine: Engine, *, own: bool) -> TfmaMetric | FunctionMetric:
    if not own:
        raise UsageError(
            f"The function {value.function!r} is to be found in a module file, and none is named.",
            hint="Name the file beside metrics: module_file: metrics.py.",
            metric=value.function,
        )
    if value.function:
        return FunctionMetric(name_of(value), value.function)
    _check_engine(value.class_name, engine)
    config = {name: one for name, one in value.config.items() if name != "name"}
    return TfmaMetric(name_of(value), value.class_name, config, own=True)


def _check_engine(name: str, engine: Engine) -> None:
    if engine == "vectorised":
        raise UsageError(
            f"The metric {name!r} is TFMA's, and the engine is held to the vectorised one.",
            hint="Leave `engine` out: it is chosen for each metric.",
            metric=name,
        )


def values_of(metrics: Iterable[TfmaMetric], names: Iterable[str]) -> dict[str, TfmaMetric]:
    """By the name of each value that TFMA gave the metric that it is of: ``ndcg@5`` is one of ``ndcg``."""
    named = {one.name: one for one in metrics}
    found = {}
    for name in names:
        base, _, best = name.partition("@")
        one = named.get(base) or named.get("")
        if one is not None:
            found[name] = replace(one, name=base, top_k=int(best or 0))
    return found
