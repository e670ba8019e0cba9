"""Slices: which rows of the evaluation set belong together, as the config asks for them.

A *slice spec* names features; each combination of values that occurs among them is a *slice*, identified by its
*slice key*: pairs of feature and value in the order of the features' names, empty for the whole set. A row where a
feature is missing is in no slice of that feature, as in TFMA.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from penstock.errors import DataError, UsageError, did_you_mean
from penstock.evaluation.derived import Buckets, Derived, derived_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

__all__ = ["OVERALL", "SliceKey", "SliceSpec", "SliceValue", "SpecSlices", "assign", "parse", "slice_text", "sort_key"]

Scalar = int | float | str
SliceItem = dict[str, Scalar | list[float]]
SliceValue = list[str | SliceItem] | SliceItem
SliceKey = tuple[tuple[str, Scalar], ...]

OVERALL: SliceKey = ()

# Above this many codes per row a lookup table costs more than sorting the rows.
_TABLE_PER_ROW = 8


@dataclass(frozen=True)
class SliceSpec:
    """The features to slice by: those with every value that occurs, and those held to one value.

    Attributes:
        features: Features crossed over all their values, sorted by name.
        values: Features with the one value wanted, sorted by name.
        derived: Features that are no columns: buckets and expressions, sorted by name.
    """

    features: tuple[str, ...] = ()
    values: tuple[tuple[str, Scalar], ...] = ()
    derived: tuple[Derived, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The features of the spec's slice keys, sorted by name."""
        derived = (one.name for one in self.derived)
        return tuple(sorted([*self.features, *(name for name, _ in self.values), *derived]))

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns of the examples that are read, sorted by name."""
        derived = (name for one in self.derived for name in one.reads)
        return tuple(sorted({*self.features, *(name for name, _ in self.values), *derived}))

    def matches(self, key: SliceKey) -> bool:
        """Whether a slice of this key is one of the spec's."""
        if tuple(name for name, _ in key) != self.columns:
            return False
        found = dict(key)
        return all(_same(found[name], value) for name, value in self.values)

    def __str__(self) -> str:
        held = (f"{name}={value}" for name, value in self.values)
        return ", ".join([*self.features, *held, *(one.name for one in self.derived)]) or "overall"


def parse(values: Iterable[Sequence[str | Mapping[str, Any]] | Mapping[str, Any]]) -> list[SliceSpec]:
    """The slice specs of a config.

    ``[]`` is the whole set, ``[a, b]`` a cross, ``{a: 1}`` one value, ``{column: a, buckets: [1, 5]}`` or
    ``{column: a, quantiles: 4}`` the buckets of a number, ``{expression: a > 5}`` the rows where it is true.

    Raises:
        UsageError: A feature stands twice in one spec, or an item is neither a name nor a mapping.
    """
    return list(dict.fromkeys(_parse_one(value) for value in values))


def _parse_one(value: Any) -> SliceSpec:
    items = [value] if isinstance(value, (str, Mapping)) else list(value)
    features: list[str] = []
    held: dict[str, Scalar] = {}
    derived: list[Derived] = []
    for item in items:
        if isinstance(item, str):
            names: Sequence[str] = [item]
            features.append(item)
        elif isinstance(item, Mapping) and (one := derived_of(item)) is not None:
            names = [one.name]
            derived.append(one)
        elif isinstance(item, Mapping):
            names = [str(name) for name in item]
            if any(isinstance(one, (list, Mapping)) for one in item.values()):
                raise UsageError(
                    f"slices: {dict(item)!r} holds a feature to something that is no value.",
                    hint="Write {feature: value}, or {column: feature, buckets: [1, 5, 10]}.",
                )
            held.update({str(name): one for name, one in item.items()})
        else:
            raise UsageError(
                f"slices: {item!r} in {value!r} is neither the name of a feature nor a mapping.",
                hint="Write [] for the whole set, [feature, feature] for a cross, {feature: value} for one value.",
            )
        made = [one.name for one in derived]
        taken = [*features, *held, *made]
        if any(taken.count(name) > 1 for name in names):
            raise UsageError(f"slices: a feature stands twice in {value!r}.", hint="Name each feature once.")
    named = sorted(derived, key=lambda one: one.name)
    return SliceSpec(tuple(sorted(features)), tuple(sorted(held.items())), tuple(named))


def check_columns(specs: Iterable[SliceSpec], columns: Sequence[str]) -> None:
    """Holds the features of the specs against the columns of the examples.

    Raises:
        UsageError: A feature is not a column, or a derived one is called as a column or as another.
    """
    made: dict[str, Derived] = {}
    for spec in specs:
        for one in spec.derived:
            if one.name in columns:
                raise UsageError(
                    f"slices: {one.name!r} is the name of a column, and what is derived needs one of its own.",
                    hint="Give it another with name.",
                    column=one.name,
                )
            if made.setdefault(one.name, one) != one:
                raise UsageError(
                    f"slices: {one.name!r} is derived in two ways.", hint="Give one of them another name with name."
                )
        for name in spec.reads:
            if name not in columns:
                raise UsageError(
                    f"slices: the examples have no column {name!r}.", hint=did_you_mean(name, columns), column=name
                )


def with_quantiles(specs: Iterable[SliceSpec], numbers: Callable[[str], Sequence[float]]) -> list[SliceSpec]:
    """The specs with the bounds of their quantiles, given the numbers of a column by its name."""
    return [
        replace(
            spec,
            derived=tuple(
                one.with_quantiles_of(numbers(one.column)) if isinstance(one, Buckets) and one.quantiles else one
                for one in spec.derived
            ),
        )
        for spec in specs
    ]


def slice_text(key: SliceKey) -> str:
    """A slice for a person: ``payment_type=Cash, trip_start_hour=4``; empty for the whole set."""
    return ", ".join(f"{name}={value}" for name, value in key)


def sort_key(key: SliceKey) -> tuple[Any, ...]:
    """What slices are ordered by: fewer features first, then their names, then their values, numbers as numbers."""
    names = tuple(name for name, _ in key)
    values = tuple((1, 0.0, value) if isinstance(value, str) else (0, float(value), "") for _, value in key)
    return (len(names), names, values)


@dataclass(frozen=True)
class SpecSlices:
    """The slices of one spec that occur in a batch.

    Attributes:
        keys: Their keys, distinct.
        codes: For each row of the batch the index of its slice in ``keys``, or -1 where it is in none; int64 [rows].
    """

    keys: list[SliceKey]
    codes: npt.NDArray[np.int64]


def assign(specs: Sequence[SliceSpec], batch: pa.RecordBatch) -> list[SpecSlices]:
    """For each spec the slices of the batch and each row's slice; a slice that two specs share is given to the first.

    Costs a few array operations per spec and a Python step per distinct slice, none per row.
    """
    derived = {one.name: one for spec in specs for one in spec.derived}
    names = sorted({name for spec in specs for name in spec.columns})
    columns = {
        name: _encode(derived[name].values(batch) if name in derived else batch.column(name), name) for name in names
    }
    found = []
    for position, spec in enumerate(specs):
        one = _assign_one(spec, columns, batch.num_rows)
        rivals = [other for other in specs[:position] if other.columns == spec.columns]
        found.append(_without_claimed(one, rivals) if rivals else one)
    return found


def _encode(column: pa.Array, name: str) -> tuple[list[Scalar], npt.NDArray[np.int64]]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_null(kind):
        return [], np.full(len(column), -1, np.int64)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        raise DataError(
            f"slices: the column {name!r} holds lists, which cannot be sliced by.",
            hint="Slice by a column with one value a row.",
            column=name,
        )
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int64())
    elif pa.types.is_floating(kind):
        # TFMA's slice keys hold 32-bit floats: two doubles that are one float must be one slice.
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column).cast(pa.float32(), safe=False)
    elif not pa.types.is_integer(kind):
        column = column.cast(pa.string())
    encoded = column.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    if pa.types.is_floating(kind):
        values: list[Scalar] = [float(str(value)) for value in encoded.dictionary.to_numpy(zero_copy_only=False)]
    else:
        values = encoded.dictionary.to_pylist()
    return values, codes


def _assign_one(
    spec: SliceSpec, columns: Mapping[str, tuple[list[Scalar], npt.NDArray[np.int64]]], rows: int
) -> SpecSlices:
    import numpy as np

    keys: list[SliceKey] = [()]
    codes = np.zeros(rows, np.int64)
    held = dict(spec.values)
    for name in spec.columns:
        values, of_column = columns[name]
        if name in held:
            wanted = np.array([_same(value, held[name]) for value in values] + [False])
            of_column = np.where(wanted[of_column], of_column, -1)
        radix = max(len(values), 1)
        crossed = np.where((codes >= 0) & (of_column >= 0), codes * radix + of_column, -1)
        present, codes = _compact(crossed, len(keys) * radix)
        keys = [(*keys[code // radix], (name, values[code % radix])) for code in present.tolist()]
    return SpecSlices(keys, codes)


def _compact(codes: npt.NDArray[np.int64], size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The codes in use, ascending, and each row's position among them; -1 stays -1."""
    import numpy as np

    if size > _TABLE_PER_ROW * len(codes) + 1024:
        present, inverse = np.unique(codes, return_inverse=True)
        missing = int(present.size > 0 and present[0] == -1)
        return present[missing:], inverse.astype(np.int64) - missing
    used = np.zeros(size + 1, bool)
    used[codes] = True  # a missing value is -1, which is the spare last place
    present = np.flatnonzero(used[:-1])
    table = np.full(size + 1, -1, np.int64)
    table[present] = np.arange(len(present))
    return present, table[codes]


def _without_claimed(one: SpecSlices, rivals: Sequence[SliceSpec]) -> SpecSlices:
    import numpy as np

    kept = [index for index, key in enumerate(one.keys) if not any(rival.matches(key) for rival in rivals)]
    table = np.full(len(one.keys) + 1, -1, np.int64)
    table[kept] = np.arange(len(kept))
    return SpecSlices([one.keys[index] for index in kept], table[one.codes])


def _same(found: Scalar, wanted: Scalar) -> bool:
    """Whether a value of the data is the one that the config names; ``"4"`` in the config also means the number."""
    if isinstance(found, str) or isinstance(wanted, str):
        return str(found) == str(wanted)
    if isinstance(found, float):
        import numpy as np

        return bool(np.float32(found) == np.float32(wanted))
    return found == wanted
