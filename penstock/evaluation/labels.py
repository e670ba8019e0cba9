"""Labels and scores as numbers, whatever the task: a number, a class, or a list of either."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from penstock.errors import DataError
from penstock.evaluation.accumulator import Layout
from penstock.evaluation.histogram import Floats

__all__ = ["any_of", "check", "check_labels", "class_numbers", "numbers", "wide_numbers"]


def numbers(column: pa.Array, name: str, role: str) -> Floats:
    """A column as numbers, [rows]; not a number where it is null. One of another type is a `DataError`."""
    kind = column.type
    if kinds.is_null(kind):
        return np.full(len(column), np.nan)
    if not (kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_boolean(kind)):
        raise DataError(
            f"The {role} {name!r} is of type {kind}, not a number.",
            hint=f"Compute a number from it in preprocessing_fn and name that as the {role}.",
            column=name,
        )
    if kinds.is_boolean(kind):
        column = column.cast(pa.int8())
    return pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def wide_numbers(column: pa.Array, name: str, role: str) -> Floats:
    """A column of numbers, [rows], or of lists of equally many of them, [rows, length]; a missing list is all NaN.

    Raises:
        DataError: The lists differ in length, or hold something else than numbers.
    """
    if not (kinds.is_list(column.type) or kinds.is_large_list(column.type) or kinds.is_fixed_size_list(column.type)):
        return numbers(column, name, role)
    if kinds.is_fixed_size_list(column.type):
        column = column.cast(pa.list_(column.type.value_type))
    lengths = pc.list_value_length(column)
    each = pc.unique(lengths.drop_null())
    if len(each) > 1:
        raise DataError(
            f"The {role} {name!r} has lists of different lengths: {sorted(each.to_pylist())[:4]}.", column=name
        )
    width = each[0].as_py() if len(each) else 0
    found = np.full((len(column), width), np.nan)
    found[column.is_valid().to_numpy(zero_copy_only=False)] = numbers(column.flatten(), name, role).reshape(-1, width)
    return found


def class_numbers(column: pa.Array, classes: Sequence[str | int], name: str) -> Floats:
    """A column of class names as their positions among the classes, [rows]; not a number where it is null.

    Raises:
        DataError: A label is none of the classes.
    """
    if kinds.is_dictionary(column.type):
        column = column.dictionary_decode()
    text = column.cast(pa.string())
    found = pc.index_in(text, pa.array([str(one) for one in classes]))
    unknown = pc.and_(pc.is_valid(text), pc.is_null(found))
    if pc.any(unknown).as_py():
        raise DataError(
            f"The label {name!r} has values that are none of the classes: {pc.sum(unknown).as_py():,} rows, the first "
            f"is {text.filter(unknown)[0].as_py()!r}.",
            hint=f"classes are {', '.join(map(str, classes[:8]))}.",
            column=name,
        )
    return numbers(found, name, "label")


def any_of(found: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether any number of a row is so, [rows]."""
    return np.asarray(found if found.ndim == 1 else found.any(axis=1), bool)


def check_labels(layout: Layout, name: str, labels: Floats, predictions: Sequence[Floats]) -> None:
    """Holds labels and scores against the task.

    Raises:
        DataError: A label is none of the task's, or the model gives more or fewer scores than there are classes.
    """
    widths = {1 if prediction.ndim == 1 else prediction.shape[1] for prediction in predictions}
    expected = layout.classes or 1
    if widths - {expected}:
        raise DataError(
            f"The task {layout.task!r} wants {expected} score{'s' if expected > 1 else ''} a row, and there are "
            f"{', '.join(map(str, sorted(widths)))}.",
            hint="Say in the Evaluator's task and classes what the scores mean.",
        )
    if layout.task == "regression":
        check(labels, ~np.isfinite(labels), "label", name, "finite")
    elif layout.task == "multiclass":
        wrong = (labels != np.floor(labels)) | (labels < 0) | (labels >= layout.classes)
        check(labels, wrong, "label", name, f"a class, 0 to {layout.classes - 1}")
    else:
        check(labels, (labels < 0) | (labels > 1), "label", name, "between 0 and 1")
    if layout.task == "multilabel" and labels.shape[1:] != (layout.classes,):
        raise DataError(
            f"The label {name!r} must be a list of {layout.classes} numbers, one for each class, in every row.",
            column=name,
        )


def check(values: Floats, wrong: np.typing.NDArray[np.bool_], role: str, name: str, wanted: str) -> None:
    """Values of which some are wrong are a `DataError` with the first of them."""
    if wrong.any():
        raise DataError(
            f"The {role} {name!r} must be {wanted}: {int(wrong.sum()):,} of {len(values):,} rows are not, "
            f"the first is {values[wrong][0]:g}.",
            column=name,
        )
