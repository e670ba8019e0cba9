"""Artifact types: what a payload directory is, where its files lie and which properties describe it.

A payload is a directory that never changes once it is published. A component is given an instance of the type whose
``uri`` is that directory; user code sees local paths. A new type is a subclass of `Artifact` with a ``type_name``.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from penstock import plugins
from penstock.errors import DataError, GraphError, UsageError, did_you_mean


class Artifact:
    """Base of all types: a directory of files with properties.

    Attributes:
        uri: The payload's directory.
        properties: The properties the type declares; stored under their names.
        custom_properties: Anything else worth storing: int, float, str or bool.
        id: The metadata store's id, once published.

    A type may say of itself, besides its name: the type of MLMD's that it is one of; the Python types of its
    properties; whether its directory may stay empty; and ``canonical``, ``module:function`` of the function that reads
    its files as more than bytes when the content digest is taken (`penstock.storage.digests.Canonical`).
    """

    type_name: ClassVar[str] = "Artifact"
    base_type: ClassVar[str | None] = None
    declares: ClassVar[dict[str, type]] = {}
    may_be_empty: ClassVar[bool] = False
    canonical: ClassVar[str | None] = None

    def __init__(
        self,
        uri: str,
        *,
        properties: dict[str, Any] | None = None,
        custom_properties: dict[str, Any] | None = None,
        id: int | None = None,
    ) -> None:
        self.uri = uri
        self.properties: dict[str, Any] = dict(properties or {})
        self.custom_properties: dict[str, Any] = dict(custom_properties or {})
        self.id = id

    def path(self, *parts: str) -> Path:
        """A path inside the payload; ``path()`` is the payload's directory itself."""
        return Path(self.uri, *parts)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(uri={self.uri!r}, id={self.id})"


class _Splits(Artifact):
    """An artifact with one directory ``Split-<name>`` for each split, TFX's layout."""

    declares: ClassVar[dict[str, type]] = {"span": int, "split_names": str}

    @property
    def splits(self) -> list[str]:
        """The names of the splits, in the order they were written."""
        return list(json.loads(self.properties.get("split_names", "[]")))

    @splits.setter
    def splits(self, names: Sequence[str]) -> None:
        self.properties["split_names"] = json.dumps(list(names))

    def split_path(self, split: str, *parts: str) -> Path:
        """A path inside the directory of one split; a split that the artifact does not have is a `DataError`."""
        if self.splits and split not in self.splits:
            raise DataError(
                f"{self.type_name} has no split {split!r}.", hint=did_you_mean(split, self.splits), path=self.uri
            )
        return self.path(f"Split-{split}", *parts)


class Examples(_Splits):
    """Rows of data: ``Split-<name>/data-*.parquet`` (zstd). Property ``split_names`` is a JSON list."""

    type_name = "Examples"
    base_type = "mlmd.Dataset"
    declares: ClassVar[dict[str, type]] = {"span": int, "version": int, "split_names": str}
    canonical = "penstock.data.content:examples"

    def files(self, split: str) -> list[Path]:
        """The Parquet files of one split, in order."""
        found = sorted(self.split_path(split).glob("data-*.parquet"))
        if not found:
            raise DataError(
                f"The split {split!r} has no data files.", path=str(self.split_path(split)), hint="Is it damaged?"
            )
        return found


class ExampleStatistics(_Splits):
    """``Split-<name>/FeatureStats.pb``: a binary ``DatasetFeatureStatisticsList`` for each split."""

    type_name = "ExampleStatistics"
    base_type = "mlmd.Statistics"
    canonical = "penstock.data.content:messages"


class Schema(Artifact):
    """``schema.pbtxt``: a ``tensorflow_metadata`` Schema in text form."""

    type_name = "Schema"
    canonical = "penstock.data.content:messages"

    @property
    def file(self) -> Path:
        return self.path("schema.pbtxt")


class ExampleAnomalies(_Splits):
    """``Split-<name>/SchemaDiff.pb``: a binary ``Anomalies`` for each split, and ``verdicts.json``."""

    type_name = "ExampleAnomalies"
    canonical = "penstock.data.content:messages"


class TransformGraph(Artifact):
    """tf.Transform's output directory: ``transform_fn``, ``transformed_metadata``, ``metadata``."""

    type_name = "TransformGraph"
    canonical = "penstock.models.content:saved_models"


class Model(Artifact):
    """``Format-Serving``: a SavedModel that scores raw examples."""

    type_name = "Model"
    base_type = "mlmd.Model"
    canonical = "penstock.models.content:saved_models"

    @property
    def serving(self) -> Path:
        return self.path("Format-Serving")


class ModelRun(Artifact):
    """What training left for a person to look at: TensorBoard logs, checkpoints."""

    type_name = "ModelRun"
    may_be_empty = True


class HyperParameters(Artifact):
    """``best_hyperparameters.txt``: the tuner's choice."""

    type_name = "HyperParameters"


class ModelEvaluation(Artifact):
    """TFMA's result files: ``metrics-*``, ``eval_config.json``; ``verdicts.json``; ``predictions``."""

    type_name = "ModelEvaluation"
    base_type = "mlmd.Metrics"


class ModelBlessing(Artifact):
    """An empty file ``BLESSED`` or ``NOT_BLESSED``; custom property ``blessed`` is 1 or 0, as in TFX."""

    type_name = "ModelBlessing"

    @property
    def blessed(self) -> bool:
        return self.path("BLESSED").exists()


class InfraBlessing(Artifact):
    """An empty file ``INFRA_BLESSED`` or ``INFRA_NOT_BLESSED``."""

    type_name = "InfraBlessing"


class PushedModel(Artifact):
    """Where a model was pushed to: custom properties ``pushed_destination`` and ``pushed_version``, as in TFX."""

    type_name = "PushedModel"
    base_type = "mlmd.Model"


class InferenceResult(Artifact):
    """Predictions for a set of examples."""

    type_name = "InferenceResult"


class HTML(Artifact):
    """``index.html``: one self-contained page."""

    type_name = "HTML"


class Markdown(Artifact):
    """``index.md``: a note."""

    type_name = "Markdown"


class Value(Artifact):
    """A value that a component returned: the file ``value`` holds it as JSON."""

    type_name = "Value"

    def read(self) -> Any:
        return json.loads(self.path("value").read_text())

    def write(self, value: Any) -> None:
        self.path().mkdir(parents=True, exist_ok=True)
        self.path("value").write_text(json.dumps(value))


class Integer(Value):
    """An integer that a component returned."""

    type_name = "Integer"


class Float(Value):
    """A floating point number that a component returned."""

    type_name = "Float"


class String(Value):
    """A string that a component returned."""

    type_name = "String"


class Boolean(Value):
    """A truth value that a component returned."""

    type_name = "Boolean"


class JsonValue(Value):
    """A list or mapping that a component returned."""

    type_name = "JsonValue"


_VALUES: dict[type, type[Value]] = {bool: Boolean, int: Integer, float: Float, str: String}


def value_type(python_type: Any) -> type[Value]:
    """The artifact type that carries a returned value of a Python type."""
    return _VALUES.get(python_type, JsonValue)


def artifact_types() -> Iterator[type[Artifact]]:
    """Every type that is known in this process, subclasses made by users included."""
    seen: list[type[Artifact]] = [Artifact]
    while seen:
        current = seen.pop()
        if not current.__name__.startswith("_"):
            yield current
        seen.extend(current.__subclasses__())


def find_type(name: str) -> type[Artifact] | None:
    """The type of that name, if this process or a plug-in knows it."""
    known = next((kind for kind in artifact_types() if kind.type_name == name), None)
    if known is None and _load_plugins(tuple(plugins.plugins(plugins.ARTIFACTS))):
        known = next((kind for kind in artifact_types() if kind.type_name == name), None)
    return known


def artifact_type(name: str) -> type[Artifact]:
    """The type of that name; an unknown name is a `GraphError` that offers the nearest."""
    found = find_type(name)
    if found is None:
        broken = [error for error in _load_plugins(tuple(plugins.plugins(plugins.ARTIFACTS))) if error]
        hint = broken[0].message if broken else did_you_mean(name, (kind.type_name for kind in artifact_types()))
        raise GraphError(f"There is no artifact type {name!r}.", hint=hint)
    return found


@functools.cache
def _load_plugins(found: tuple[plugins.Plugin, ...]) -> list[UsageError | None]:
    """Imports the modules that define types, once; gives for each of them what kept it from being imported."""
    errors: list[UsageError | None] = []
    for one in found:
        try:
            one.load()
        except UsageError as error:
            errors.append(error)
        else:
            errors.append(None)
    return errors
