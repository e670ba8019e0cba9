"""Features that slices are made of and no column holds: buckets of a number, and expressions over columns.

An expression is written as Python writes it: comparisons, ``and``, ``or``, ``not``, ``in [..]``, arithmetic, names of
columns (``col('trip miles')`` where a name is no identifier), numbers and text, ``is None``. It is parsed by Python's
own parser and computed by Arrow; nothing of it is ever executed as code.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from penstock.errors import DataError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Buckets", "Derived", "Expression", "derived_of"]

_COMPARED = {
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}
_COMPUTED = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide"}
_KNOWN = "comparisons, and, or, not, in [...], + - * /, is None, columns, numbers and text"


@dataclass(frozen=True)
class Buckets:
    """A number by the bucket that it falls in.

    Attributes:
        name: What slice keys call it.
        column: The numeric column.
        bounds: Ascending; each bucket holds its lower bound and not its upper one, the outer ones are open.
        quantiles: Into how many buckets of nearly equal size the rows are cut; the bounds then come from the data.
    """

    name: str
    column: str
    bounds: tuple[float, ...] = ()
    quantiles: int = 0

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it is computed from."""
        return (self.column,)

    def values(self, batch: pa.RecordBatch) -> pa.Array:
        """The bucket of each row as text, ``[1, 5)``; null where the number is missing."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        column = batch.column(self.column)
        if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_null(column.type)):
            raise DataError(
                f"slices: buckets of {self.column!r} need a number, and it is of type {column.type}.",
                hint="Slice by its values instead.",
                column=self.column,
            )
        numbers = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        edges = [-math.inf, *self.bounds, math.inf]
        names = [f"{'(' if low == -math.inf else '['}{low:g}, {high:g})" for low, high in pairwise(edges)]
        found = np.searchsorted(np.array(self.bounds), numbers, side="right")
        return pa.DictionaryArray.from_arrays(pa.array(found.astype(np.int32), mask=np.isnan(numbers)), pa.array(names))

    def with_quantiles_of(self, numbers: Sequence[float]) -> Buckets:
        """With the bounds at the quantiles of the numbers that there are; equal ones become one."""
        import numpy as np

        values = np.asarray(numbers, float)
        values = values[~np.isnan(values)]
        inner = np.quantile(values, np.arange(1, self.quantiles) / self.quantiles) if len(values) else []
        return Buckets(self.name, self.column, tuple(float(one) for one in np.unique(inner)), self.quantiles)


@dataclass(frozen=True)
class Expression:
    """An expression over columns: the rows where it is true, or a slice for each of its values.

    Attributes:
        name: What slice keys call it.
        text: As it was written.
    """

    name: str
    text: str

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it is computed from."""
        return tuple(sorted({name for node in ast.walk(self.tree) if (name := _column_of(node)) is not None}))

    @property
    def tree(self) -> ast.expr:
        """The expression as a tree; one that is no expression is a `UsageError`."""
        try:
            return ast.parse(self.text, mode="eval").body
        except SyntaxError as error:
            raise UsageError(
                f"slices: {self.text!r} is no expression: {error.msg}.", hint=f"There are {_KNOWN}."
            ) from error

    def values(self, batch: pa.RecordBatch) -> pa.Array:
        """Its value for each row; of a truth value ``true``, and null where it is false or not known."""
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            found = _computed(self.tree, batch, self.text)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            raise DataError(
                f"slices: {self.text!r} cannot be computed: {str(error).splitlines()[0][:160]}",
                hint="Do the types of the columns fit what they are compared with?",
            ) from error
        if isinstance(found, pa.Scalar):
            found = pa.array([found.as_py()] * batch.num_rows)
        if pa.types.is_boolean(found.type):
            return pc.if_else(found, pa.scalar("true"), pa.scalar(None, pa.string()))
        return found


Derived = Buckets | Expression


def derived_of(item: Mapping[str, Any]) -> Derived | None:
    """What a mapping of a slice spec derives, or None if it holds features to values.

    Raises:
        UsageError: It names something that is not known, or bounds that do not ascend.
    """
    keys = set(item)
    if "expression" in keys:
        _known(item, {"expression", "name"})
        found = Expression(str(item.get("name", item["expression"])), str(item["expression"]))
        _check(found.tree, found.text)
        return found
    if not keys & {"buckets", "quantiles"}:
        return None
    _known(item, {"column", "buckets", "quantiles", "name"})
    if "column" not in keys or {"buckets", "quantiles"} <= keys:
        raise UsageError(
            f"slices: buckets in {dict(item)!r} need a column, and either buckets or quantiles.",
            hint="Write {column: trip_miles, buckets: [1, 5, 10]} or {column: trip_miles, quantiles: 4}.",
        )
    column = str(item["column"])
    name = str(item.get("name", f"{column}_bucket"))
    if "quantiles" in keys:
        quantiles = item["quantiles"]
        if not isinstance(quantiles, int) or quantiles < 2:
            raise UsageError(f"slices: quantiles of {column!r} must be 2 or more, found {quantiles!r}.")
        return Buckets(name, column, quantiles=quantiles)
    written = item["buckets"]
    numeric = isinstance(written, (list, tuple)) and all(isinstance(one, (int, float)) for one in written)
    bounds = tuple(float(one) for one in written) if numeric else ()
    if not bounds or any(low >= high for low, high in pairwise(bounds)):
        raise UsageError(f"slices: buckets of {column!r} must be ascending numbers, found {written!r}.")
    return Buckets(name, column, bounds)


def _known(item: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(item) - known)
    if unknown:
        raise UsageError(
            f"slices: {unknown[0]!r} in {dict(item)!r} is not known.", hint=f"There are {', '.join(sorted(known))}."
        )


def _column_of(node: ast.AST) -> str | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "col" and len(node.args) == 1:
        argument = node.args[0]
        return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None
    return node.id if isinstance(node, ast.Name) and node.id != "col" else None


def _check(node: ast.expr, text: str) -> None:
    """Walks the whole expression, so that what is not known is told before anything is computed."""
    if _column_of(node) is not None or (isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str))):
        return
    parts: list[ast.expr]
    match node:
        case ast.Compare(left, [ast.In() | ast.NotIn()], [ast.List(elements) | ast.Tuple(elements)]):
            parts = [left, *elements]
            fits = all(isinstance(one, ast.Constant) for one in elements)
        case ast.Compare(left, [ast.Is() | ast.IsNot()], [ast.Constant(None)]):
            parts, fits = [left], True
        case ast.Compare(left, operators, others):
            parts, fits = [left, *others], all(type(one) in _COMPARED for one in operators)
        case ast.BoolOp(_, values):
            parts, fits = values, True
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            parts, fits = [operand], True
        case ast.BinOp(left, operator, right):
            parts, fits = [left, right], type(operator) in _COMPUTED
        case _:
            parts, fits = [], False
    if not fits:
        raise UsageError(
            f"slices: {ast.unparse(node)!r} in {text!r} is not known.", hint=f"There are {_KNOWN}.", expression=text
        )
    for part in parts:
        _check(part, text)


def _computed(node: ast.expr, batch: pa.RecordBatch, text: str) -> Any:  # noqa: PLR0911  # one for each kind of node
    """The value of a node that `_check` has let through: an array, or a scalar."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def of(part: ast.expr) -> Any:
        return _computed(part, batch, text)

    column = _column_of(node)
    if column is not None:
        found = batch.column(column)
        return found.dictionary_decode() if pa.types.is_dictionary(found.type) else found
    match node:
        case ast.Constant(value):
            return pa.scalar(value)
        case ast.Compare(left, [ast.In() | ast.NotIn() as operator], [other]):
            wanted = [one.value for one in other.elts]  # type: ignore[attr-defined]  # a list of constants
            values = of(left)
            inside = pc.is_in(values, pa.array(wanted, values.type))
            known = pc.if_else(pc.is_valid(values), inside, pa.scalar(None, pa.bool_()))
            return known if isinstance(operator, ast.In) else pc.invert(known)
        case ast.Compare(left, [ast.Is() | ast.IsNot() as operator], _):
            return pc.is_null(of(left)) if isinstance(operator, ast.Is) else pc.is_valid(of(left))
        case ast.Compare(left, operators, others):
            sides = [of(one) for one in (left, *others)]
            held = [
                pc.call_function(_COMPARED[type(operator)], [low, high])
                for operator, low, high in zip(operators, sides, sides[1:], strict=False)
            ]
            return _folded("and_kleene", held)
        case ast.BoolOp(operator, values):
            return _folded("and_kleene" if isinstance(operator, ast.And) else "or_kleene", [of(one) for one in values])
        case ast.UnaryOp(operator, operand):
            return pc.invert(of(operand)) if isinstance(operator, ast.Not) else pc.negate(of(operand))
        case ast.BinOp(left, operator, right):
            low, high = of(left), of(right)
            if isinstance(operator, ast.Div):  # as Python divides, integers too
                low, high = pc.cast(low, pa.float64()), pc.cast(high, pa.float64())
            return pc.call_function(_COMPUTED[type(operator)], [low, high])
    raise AssertionError(text)


def _folded(function: str, parts: list[Any]) -> Any:
    import pyarrow.compute as pc

    found = parts[0]
    for part in parts[1:]:
        found = pc.call_function(function, [found, part])
    return found
